"""What the tests of chaos share: the agency called at its edge, in the world's situations."""

import os
from collections.abc import Iterator
from dataclasses import replace

import pytest

from chalicelib.settings import Settings
from tests.agency import Agency
from tests.chaos.world import Stages
from tests.conftest import SETTINGS
from tests.edge import Edge
from warmup.sandbox.stores import Store, missing, open_store


@pytest.fixture
def settings() -> Settings:
    """A short deadline: who waits for good waits no longer than needed."""
    return replace(SETTINGS, deadline_seconds=2.0)


@pytest.fixture
def client(app: object) -> Edge:
    """The service at its edge: Chalice's test client knows one request at a time."""
    return Edge()


@pytest.fixture
def stages(agency: Agency) -> Stages:
    """The situations."""
    return Stages(agency)


@pytest.fixture(scope="session")
def dynamodb_local() -> Iterator[Store]:
    """AWS's own engine, for all that runs on it."""
    reason = missing("dynamodb-local")
    if reason is not None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(reason)
    with open_store("dynamodb-local") as store:
        yield store
