"""The set-up of a newcomer, as `docs/test-locally.md` shows it; and how long the tests on moto took."""

import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager

import pytest

from warmup.testing import MotoService, moto_service


@pytest.fixture
def service() -> Iterator[MotoService]:
    """The service on moto, with the model `nora` and her pools, and the account `nora-1`."""
    with moto_service() as service:
        service.stock()
        service.account("nora-1")
        yield service


@contextmanager
def timed(item: pytest.Item, what: str) -> Iterator[None]:
    began = time.perf_counter()
    try:
        yield
    finally:
        cell = ("on moto, in milliseconds", item.path.stem, what, round((time.perf_counter() - began) * 1000))
        item.user_properties.append(("table", cell))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None, None, None]:
    """Records how long a service with its tables and pools takes."""
    with timed(item, "to set up"):
        yield


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, None, None]:
    """Records how long the test takes."""
    with timed(item, "to test"):
        yield
