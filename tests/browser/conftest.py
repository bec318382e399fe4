"""One sandbox and one browser for all tests of a worker; a tab for each test, in which nothing may go wrong."""

from collections.abc import Iterator

import pytest

from tests.browser import stage as stages
from tests.browser.stage import Console, Stage
from tests.json_client import JsonClient


@pytest.fixture(scope="session")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """An empty sandbox whose time only passes as it really does, or as a test says."""
    stages.chromium()
    folder = tmp_path_factory.mktemp("browser")
    with (
        stages.sandbox(folder, "--empty", "--oidc") as url,
        JsonClient(url, stages.KEY) as api,
        stages.browser() as browser,
    ):
        yield Stage(url, api, browser)


@pytest.fixture
def console(stage: Stage) -> Iterator[Console]:
    """The console, signed in. Whatever goes wrong in the tab fails the test; a test that provokes it clears `wrong`."""
    with stages.console(stage) as tab:
        yield tab
        assert tab.wrong == []
