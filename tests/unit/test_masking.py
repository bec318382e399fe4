"""What looks like a secret, and is not kept."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.masking import MASK, is_secret, masked, without_url_secrets
from warmup.api.models import ReportKind
from warmup.jobs import Transient
from warmup.worker.handlers import Handlers

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=12,
)


@pytest.mark.parametrize(
    "name", ["password", "X-Auth-Token", "accessToken", "Set-Cookie", "AUTHORIZATION", "client_secret", "api-key"]
)
def test_a_member_named_like_a_secret_is_one(name: str) -> None:
    assert is_secret(name)


@pytest.mark.parametrize("name", ["status", "post_id", "key", "passed", "author", "session_id", ""])
def test_other_names_are_not(name: str) -> None:
    assert not is_secret(name)


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("401: https://u:p@h/x?user=u&password=p, again", f"401: https://{MASK}@h/x?user={MASK}&password={MASK} again"),
        ("https://h/cb#access_token=abc", f"https://h/cb#access_token={MASK}"),
        ("https://h/?eyJhbGciOi", f"https://h/?{MASK}"),
        ("https://h/?a=b=c&d", f"https://h/?a={MASK}&{MASK}"),
        ("https://h/?next=https://i/?k=v", f"https://h/?next={MASK}"),
        ("ftp://user@h/file", f"ftp://{MASK}@h/file"),
        ("nothing to hide: a=b, c@d.e, https://h/p/1", "nothing to hide: a=b, c@d.e, https://h/p/1"),
    ],
)  # fmt: skip
def test_of_urls_user_and_values_are_masked(text: str, kept: str) -> None:
    assert without_url_secrets(text) == kept


def test_members_are_masked_at_any_depth_and_named_by_their_pointers() -> None:
    said = {"post": {"id": 7, "Cookie": "a=b"}, "tries": [{"a/b~token": 1}, "see http://u@h"], "token": None}
    assert masked(said, "/details") == (
        {"post": {"id": 7, "Cookie": MASK}, "tries": [{"a/b~token": MASK}, f"see http://{MASK}@h"], "token": None},
        ["/details/post/Cookie", "/details/tries/0/a~1b~0token", "/details/tries/1"],
    )
    assert masked({"secrets": {"a": [1, 2]}})[0] == {"secrets": MASK}, "whatever it holds"


@given(JSON)
def test_what_is_masked_once_stays_as_it_is(value: Any) -> None:
    kept, _ = masked(value)
    assert masked(kept) == (kept, [])


def test_a_worker_sends_the_class_of_a_foreign_exception_and_its_message_on_request_only() -> None:
    handlers = Handlers(None)
    handlers.report_as(TimeoutError, ReportKind.TRANSIENT, message=True)
    unknown = handlers.failure(RuntimeError("password=hunter2"))
    assert (unknown.code, unknown.message, unknown.kind) == ("RuntimeError", "RuntimeError", ReportKind.UNKNOWN)
    known = handlers.failure(TimeoutError("no answer"))
    assert (known.code, known.message, known.kind) == ("TimeoutError", "no answer", ReportKind.TRANSIENT)
    own = Transient("the platform is down")
    assert handlers.failure(own) is own
