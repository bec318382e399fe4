"""The pictures in the docs are those of the screens that there are."""

import json
from pathlib import Path

from PIL import Image

from tests.browser import screenshots
from tests.browser.stage import SCREENS
from warmup.sandbox import stores

PAGE = stores.ROOT / "docs" / "console.md"


def test_every_screen_has_its_pictures_light_and_dark() -> None:
    wanted = {f"{name}-{theme}.png" for name in screenshots.NAMES for theme in screenshots.THEMES}
    assert {file.name for file in screenshots.FOLDER.iterdir()} == wanted, "run: make screenshots"


def test_no_picture_is_large_and_each_is_whole() -> None:
    for file in screenshots.FOLDER.iterdir():
        assert file.stat().st_size <= screenshots.LARGEST, file.name
        with Image.open(file) as picture:
            picture.verify()


def test_the_page_of_the_console_shows_every_screen() -> None:
    told = PAGE.read_text(encoding="utf-8")
    assert [name for name in screenshots.NAMES if f"console/{name}-" not in told] == []


def test_the_screens_are_those_of_the_console() -> None:
    folder = Path(stores.ROOT / "chalicelib" / "console")
    declared = (folder / "live.js").read_text(encoding="utf-8")
    assert "SCREENS = " + json.dumps(SCREENS) in declared
