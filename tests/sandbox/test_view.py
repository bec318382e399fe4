"""The view and the summary say what the service says."""

import io
from datetime import UTC, datetime

import pytest
from rich.console import Console

from warmup.api.models import AuditEvent, Holding, Session
from warmup.sandbox.agency import PHASES
from warmup.sandbox.progress import Row, Snapshot
from warmup.sandbox.summary import Line, Summary, show
from warmup.sandbox.view import LOOKS, View, render, summary_line

NOW = datetime(2026, 11, 25, 10, 16, 6, 117_000, UTC)


def row(number: int, state: str, phase: str | None = None, status: str | None = None) -> Row:
    return Row(f"a-{number:02d}", f"user.{number:02d}", state, phase, status)


def session(bot_id: str, *held: Holding) -> Session:
    return Session.model_construct(bot_id=bot_id, done=3, failed=0, held=list(held))


def event(sentence: str) -> AuditEvent:
    return AuditEvent.model_construct(at=NOW, summary=sentence)


def snapshot(*rows: Row) -> Snapshot:
    return Snapshot(NOW, 10_000, rows, [session("bot-1")], [event("bot bot-1 completed pfp of account a-01")])


def rendered(shown: Snapshot, height: int, width: int = 120) -> str:
    console = Console(width=width, file=io.StringIO(), record=True)
    console.print(render(shown, width, height))
    return console.export_text()


@pytest.mark.parametrize(
    ("account", "statuses"),
    [
        (row(1, "imported"), [None] * 5),
        (row(1, "ready"), [None] * 5),
        (row(1, "warming_up", "pfp", "available"), ["available", *["pending"] * 4]),
        (row(1, "warming_up", "post", "failed"), ["completed", "completed", "failed", "pending", "pending"]),
        (row(1, "warming_up"), ["completed"] * 5),  # all done, not yet declared active
        (row(1, "active"), ["completed"] * 5),
    ],
)
def test_the_current_phase_tells_all_five(account: Row, statuses: list[str | None]) -> None:
    assert [account.status_of(phase) for phase in PHASES] == statuses


@pytest.mark.parametrize(
    ("account", "settled"),
    [
        (row(1, "ready"), False),
        (row(1, "warming_up", "post", "failed"), False),  # it is tried again
        (row(1, "warming_up"), False),
        (row(1, "warming_up", "post", "requires_review"), True),
        (row(1, "active"), True),
    ],
)
def test_a_run_is_done_when_only_people_could_go_on(account: Row, settled: bool) -> None:
    assert snapshot(row(2, "active"), account).settled is settled


def test_an_empty_service_is_not_done() -> None:
    assert not snapshot().settled


def test_one_line_tells_it_where_there_is_no_terminal() -> None:
    shown = snapshot(row(1, "active"), row(2, "warming_up", "bio", "requires_review"), row(3, "ready"))
    assert summary_line(shown) == "1/3 active · 6/15 phases · 1 active, 1 ready, 1 review"
    output = io.StringIO()
    with View(Console(file=output, width=120)) as view:
        view.show(shown)
        view.show(shown)  # nothing new, nothing said
    assert output.getvalue().count("\n") == 1


def test_a_high_terminal_shows_every_account() -> None:
    text = rendered(snapshot(*(row(number, "active") for number in range(24))), height=60)
    assert all(f"user.{number:02d}" in text for number in range(24))
    assert "completed pfp of account a-01" in text


def test_a_low_terminal_shows_those_that_are_still_at_it() -> None:
    rows = [row(number, "active") for number in range(23)] + [row(23, "warming_up", "bio", "in_progress")]
    text = rendered(snapshot(*rows), height=24)
    assert "user.23" in text
    assert "▶ working" in text
    assert "more" in text
    assert len(text.splitlines()) <= 24


@pytest.mark.parametrize("current", ["available", "content_assigned", "in_progress", "failed", "requires_review"])
def test_a_narrow_terminal_breaks_no_word(current: str) -> None:
    rows = [Row(f"a-{one:02d}", f"a.long.username.{one:02d}", "warming_up", "pfp", current) for one in range(24)]
    held = Holding.model_construct(account_id="a-01", phase="highlight")
    sessions = [session(f"bot-{one}", held) for one in (1, 2)]
    said = "the pools had nothing eligible for highlight of account aurora-lind-08: asked again later"
    text = rendered(Snapshot(NOW, 10_000, rows, sessions, [event(said)] * 8), 24, width=80)
    lines = text.splitlines()
    assert len(lines) <= 24
    assert LOOKS[current][1] in text
    assert "eligible for highlight of account…" in text
    accounts = [one.split() for one in lines if one.strip().startswith("a.long")]
    assert len(accounts) >= 4
    assert all(len(one) == 8 and "…" not in "".join(one) for one in accounts), "name, state, one word, five phases"


def test_accounts_of_plans_with_other_phases_are_shown_with_theirs() -> None:
    slow = Row(
        "a-01", "slow.one", "warming_up", "second_post", "available", ("pfp", "second_post"), {"pfp": "completed"}
    )
    moved = {"pfp": "completed", "bio": "pending", "second_post": "available"}
    assert slow.status_of("pfp") == "completed"
    text = rendered(snapshot(slow), height=24)
    assert "second_post" in text and "highlight" not in text
    other = Row("a-02", "moved", "warming_up", "second_post", "available", ("pfp", "bio", "second_post"), moved)
    shown = snapshot(slow, other, row(3, "active"))
    assert (shown.phases_done, shown.phases) == (7, 10)
    lines = rendered(shown, height=24).splitlines()
    assert any("moved" in one and "✔·○ second_post" in one for one in lines)
    assert any("user.03" in one and "✔✔✔✔✔" in one for one in lines)


def line(account: Row, *, problems: tuple[str, ...] = (), remark: str = "") -> Line:
    return Line(account, 5, 1, 0, 0, 20, problems, remark)


REVIEW = row(2, "warming_up", "bio", "requires_review")


@pytest.mark.parametrize(
    ("lines", "good"),
    [
        ([line(row(1, "active"))], True),
        ([line(row(1, "active")), line(REVIEW, remark="bio: no answer")], True),
        ([line(REVIEW)], False),  # in review without a reason
        ([line(row(1, "active"), problems=("version 3 is missing",))], False),
        ([line(row(1, "warming_up", "bio", "available"))], False),
        ([], False),
    ],
)
def test_a_run_is_good_when_all_is_settled_and_every_audit_whole(lines: list[Line], good: bool) -> None:
    assert Summary(lines).good is good


def test_the_summary_names_what_is_wrong_with_an_audit() -> None:
    output = io.StringIO()
    summary = Summary([line(row(1, "active")), line(row(2, "active"), problems=("version 3 is missing",))])
    show(Console(file=output, width=160), summary, 61.0)
    assert "version 3 is missing" in output.getvalue()
    assert "replayed to its state: NO; 61 s" in output.getvalue()
    assert "1/2 verified" in output.getvalue()


@pytest.mark.parametrize(
    ("width", "headers"),
    [
        (120, ["account", "state", "phases", "audit", "retries", "crashes", "replaced", "versions"]),
        (80, ["account", "state", "phases", "audit", "retries", "crashes", "replaced", "versions"]),
        (45, ["account", "state", "phases", "audit"]),
    ],
)
def test_the_summary_keeps_one_line_an_account(width: int, headers: list[str]) -> None:
    out = io.StringIO()
    broken = line(row(3, "active"), problems=("version 3 is missing",))
    lines = [*(line(row(number, "active")) for number in range(2)), line(REVIEW, remark="bio: no answer"), broken]
    show(Console(file=out, width=width), Summary(lines), 12.0)
    title, head, *told = out.getvalue().splitlines()
    assert (title, head.split()) == ("The run", headers)
    assert told[0].split()[:4] == ["user.00", "active", "5/5", "verified"]
    assert "NOT whole" in told[3] and told[4].split()[0] == "all" and "3/4 verified" in told[4]
    assert "user.03: version 3 is missing" in told
    assert all(len(one) <= width for one in (head, *told[:5]))


def test_a_reason_stands_on_one_line_of_a_narrow_terminal() -> None:
    out, reason = io.StringIO(), "post: the platform answered 500 at try 4"
    show(Console(file=out, width=80), Summary([line(REVIEW, remark=reason)]), 12.0)
    assert any(told.endswith(reason) for told in out.getvalue().splitlines())
