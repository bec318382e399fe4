"""Static pages: types, caching, policies, and no way out of their folder."""

from pathlib import Path

import pytest
from chalice.app import Chalice
from chalice.test import Client

from chalicelib.routes import console, pages
from tests.agency import Agency, Api, Reply


@pytest.fixture
def visitor(agency: Agency) -> Api:
    """Anybody: the pages themselves hold nothing secret."""
    return agency.nobody()


def asked(visitor: Api, path: str, **headers: str) -> Reply:
    return visitor.get(path, headers=headers, content_type=None)


def test_the_console_is_served_to_anybody(visitor: Api) -> None:
    page = asked(visitor, "/console")
    assert (page.status, page.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert page.headers["X-Content-Type-Options"] == "nosniff"
    assert page.headers["Cache-Control"] == "no-cache"


def test_its_policy_admits_no_inline_code_and_no_third_party(visitor: Api) -> None:
    rules = dict(
        rule.split(" ", 1) for rule in asked(visitor, "/console").headers["Content-Security-Policy"].split("; ")
    )
    assert (rules["default-src"], rules["script-src"], rules["style-src"]) == ("'none'", "'self'", "'self'")
    hosts = {word for rule in rules.values() for word in rule.split() if "://" in word}
    assert hosts == {"https://warmup-media.s3.us-east-1.amazonaws.com"}  # the media bucket


def test_a_screen_is_the_same_page_with_its_links_set_right(visitor: Api) -> None:
    """Relative to what stands in the address bar: behind any stage, `console/` from /console, here from /console/x."""
    root, screen = (asked(visitor, path).text for path in ("/console", "/console/pipeline"))
    assert '<base href="console/">' in root
    assert '<base href="./">' in screen
    assert root.replace('<base href="console/">', '<base href="./">') == screen


def test_state_in_the_address_is_left_to_the_page(visitor: Api) -> None:
    assert asked(visitor, "/console/pipeline?state=failed&q=%3Cb%3E").status == 200


@pytest.mark.parametrize("file", sorted(one.name for one in console.FOLDER.iterdir()))
def test_every_file_of_the_console_is_served_with_a_type(visitor: Api, file: str) -> None:
    served = asked(visitor, f"/console/{file}")
    assert served.status == 200
    assert served.headers["Content-Type"].partition(";")[0] in {
        *("text/html", "text/css", "text/javascript", "text/plain", "image/svg+xml")
    }


def test_a_file_that_has_not_changed_is_not_sent_again(visitor: Api) -> None:
    first = asked(visitor, "/console")
    again = asked(visitor, "/console", **{"If-None-Match": f'W/{first.headers["ETag"]}, "other"'})
    assert (again.status, again.text, again.headers["ETag"]) == (304, "", first.headers["ETag"])
    assert asked(visitor, "/console", **{"If-None-Match": '"other"'}).status == 200


@pytest.mark.parametrize("name", ["nothing.js", "..", ".", "..%2Fapp.py", "index.html.bak"])
def test_what_the_folder_does_not_list_is_not_there(visitor: Api, name: str) -> None:
    asked(visitor, f"/console/{name}").refused(404, "route_not_found")


def test_another_method_is_refused(visitor: Api) -> None:
    visitor.post("/console").refused(405, "method_not_allowed")


def test_only_text_files_of_the_folder_itself_are_served(tmp_path: Path) -> None:
    (tmp_path / "public" / "inner.js").mkdir(parents=True)
    (tmp_path / "secret.txt").write_text("secret")
    (tmp_path / "public" / "index.html").write_text("<p>page")
    (tmp_path / "public" / "code.py").write_text("code")
    app = Chalice("toy", configure_logs=False)
    app.register_blueprint(pages.serve(__name__, "/docs", tmp_path / "public", lambda: "default-src 'none'"))
    with Client(app) as client:
        found = {
            name: client.http.get(f"/docs/{name}").status_code
            for name in ("index.html", "code.py", "inner.js", "secret.txt", "x")
        }
    assert found == {"index.html": 200, "code.py": 404, "inner.js": 404, "secret.txt": 404, "x": 200}
