"""A bulk command counts honestly, goes to the end, and does nothing twice."""

import hashlib
from collections.abc import Iterator
from typing import Any

import pytest

from tests.sandbox.test_commands import Run, warmup  # noqa: F401  # the fixture, with the server below
from tests.sandbox.test_run import need
from warmup import Fatal, Job, Worker
from warmup.api.models import ContentBody
from warmup.api.operations import Accounts
from warmup.sandbox.fake import FakeServer, fake_server
from warmup.sandbox.pictures import Picture, draw

pytestmark = pytest.mark.engine


@pytest.fixture(scope="module")
def server() -> Iterator[FakeServer]:
    """A service in which seven accounts wait for an operator."""
    need("ministack")
    with fake_server() as server:
        for number in range(6):  # one picture an account, which rests for a day
            item = draw(500 + number, "pfp", None, "one more")
            put_into_pool(server, item, f"more-{number}")
        for number in range(7):
            server.account(f"r-{number}")
        fail_at(server, 7)
        yield server


def put_into_pool(server: FakeServer, picture: Picture, content_id: str) -> None:
    data, media_type = picture.data, picture.media_type
    sha256 = hashlib.sha256(data).hexdigest()
    form = server.operator.content.upload(
        "nora", filename="a.png", media_type=media_type, bytes=len(data), sha256=sha256
    )
    server.operator.put(form, data)
    item = {"content_id": content_id, "category": "pfp", "quality_score": 70, "max_usage": 50, "sha256": sha256}
    own = {"media_key": form.media_key, "media_type": media_type, "bytes": len(data)}
    server.operator.content.create("nora", ContentBody.model_validate({**item, **own}))


def fail_at(server: FakeServer, jobs: int) -> None:
    """A bot fails at so many jobs, so that they wait for an operator."""
    worker = Worker(server.url, server.bot_key(), grace=1)

    @worker.phase()
    def fails(job: Job) -> None:
        raise Fatal("it is locked", code="locked")

    assert worker.run(jobs=jobs).failed == jobs


def test_a_bulk_retry_goes_to_the_end_and_retries_nothing_twice(
    warmup: Run,  # noqa: F811  # pytest hands the fixture in under its name
    server: FakeServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("warmup.commands.moves._STEP", 3)
    everything = ("review", "retry", "--code", "locked", "--reason", "it is open again")
    asked = warmup(*everything)
    assert (asked.code, "Retry 7 cases? There is no terminal to confirm in: pass --yes." in asked.err) == (2, True), (
        asked
    )
    assert "7 cases would be retried, 0 skipped" in warmup(*everything, "--dry-run").err

    with monkeypatch.context() as slow:
        short = property(lambda _: True)
        slow.setattr("chalicelib.context.Context.is_short_of_time", short)  # no request has time for anything
        late = warmup(*everything, "--yes")
    assert (late.code, "0 cases retried, 7 skipped" in late.err) == (5, True), late
    steps = Accounts.move_all

    def failing_again(self: Accounts, **given: Any) -> Any:
        done = steps(self, **given)
        if not given["dry_run"] and done.next_cursor:
            server.advance(seconds=1)
            fail_at(server, 1)  # one of those just retried: it comes to stand behind the walk
        return done

    monkeypatch.setattr(Accounts, "move_all", failing_again)
    ended = warmup(*everything, "--yes", "-o", "json")
    assert (ended.code, "7 cases retried, 0 skipped" in ended.err) == (0, True), ended
    assert sorted(one["account_id"] for one in ended.json) == [f"r-{number}" for number in range(7)]
    waiting = [one.account_id for one in server.operator.review.list_all(limit=100)]
    assert 1 <= len(waiting) <= 3, "what failed again waits again"
    listed = warmup("review", "list")
    assert listed.err == ("1 case\n" if len(waiting) == 1 else f"{len(waiting)} cases\n")
