"""What the suites of this folder share."""

import io
import logging
from collections.abc import Iterator

import pytest

from tests.agency import Agency


@pytest.fixture
def log(agency: Agency) -> Iterator[io.StringIO]:
    """What the service's logger writes."""
    assert agency.client
    stream, logger = io.StringIO(), logging.getLogger("warmup")
    handlers = [handler for handler in logger.handlers if isinstance(handler, logging.StreamHandler)]
    kept = [handler.setStream(stream) for handler in handlers]
    yield stream
    for handler, before in zip(handlers, kept, strict=True):
        if before is not None:
            handler.setStream(before)
