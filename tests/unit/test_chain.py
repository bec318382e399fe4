"""The chain of audit events: whatever is changed, left out or put between shows, and the first of it is named."""

import hashlib
import hmac
import json
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import pytest

from chalicelib.domain.replay import Chain, chain, digest, digest_of_details, link

AT = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


@dataclass
class Event:
    """An audit event, as far as its hash covers it."""

    sequence: int
    previous: str | None = None
    subject: str = "account:a1"
    at: datetime = AT
    actor: str = "bot:b1"
    action: str = "phase:complete"
    transitions: list[dict[str, object]] = field(default_factory=list)
    request_id: str = "req_1"
    client_request_id: str | None = None
    key_id: str | None = None
    session_id: str | None = None
    details: object = None
    details_digest: str | None = None
    words: object = None
    token: str = "a token"


def history(count: int = 4, *, unchained: int = 0) -> tuple[list[Event], str | None]:
    """So many events, the first of them without hashes, and the head of their subject."""
    events: list[Event] = []
    head = None
    for number in range(1, count + 1):
        events.append(Event(number, head, details={"reason": f"reason {number}"}))
        head = link(events[-1]) if number > unchained else None
    return events, head


def test_the_hash_is_that_of_the_canonical_form() -> None:
    event = Event(3, "ab" * 16, details={"reason": "schön", "phase": "bio"}, session_id="ses_1")
    details = hmac.new(b"a token", b'{"phase":"bio","reason":"sch\xc3\xb6n"}', "sha256").hexdigest()
    told = {
        "action": "phase:complete",
        "actor": "bot:b1",
        "at": "2026-11-22T12:00:00.000Z",
        "details": details,
        "previous": "ab" * 16,
        "request_id": "req_1",
        "sequence": 3,
        "session_id": "ses_1",
        "subject": "account:a1",
        "transitions": [],
    }
    assert digest(event) == hashlib.sha256(json.dumps(told, separators=(",", ":")).encode()).hexdigest()
    assert link(event) == digest(event)[:32]


@pytest.mark.parametrize(
    ("unchained", "since"),
    [
        (0, 1),
        (1, 2),  # the release before wrote the first
        (3, 4),  # all but the last
        (4, None),  # all of them
    ],
)
def test_the_chain_begins_at_the_first_event_that_has_a_hash(unchained: int, since: int | None) -> None:
    assert chain(*history(4, unchained=unchained)) == Chain(since)


def test_without_events_there_is_no_chain() -> None:
    assert chain([], None) == Chain(None)


def test_what_retention_dropped_is_not_missed() -> None:
    events, head = history(6)
    assert chain(events[3:], head) == Chain(4)


@pytest.mark.parametrize(
    "change",
    [
        {"actor": "operator:root"},
        {"action": "phase:skip"},
        {"at": datetime(2026, 11, 22, 12, 1, tzinfo=UTC)},
        {"details": {"reason": "another"}},
        {"transitions": [{"what": "phase", "from": None, "to": "completed"}]},
        {"request_id": "req_2"},
        {"session_id": "ses_2"},
        {"client_request_id": "job-17"},
        {"key_id": "key_2"},
        {"token": "another"},
    ],
)
@pytest.mark.parametrize("version", [2, 4])
def test_a_changed_event_is_named(change: dict[str, object], version: int) -> None:
    events, head = history()
    events[version - 1] = replace(events[version - 1], **change)  # type: ignore[arg-type]  # a member of each type
    found = chain(events, head)
    assert (found.since, found.problem is not None) == (1, True)
    assert f"version {version} is not what" in str(found.problem)


def test_erased_details_leave_the_chain_whole_and_new_ones_do_not() -> None:
    events, head = history()
    erased = replace(events[1], details={}, token="", details_digest=digest_of_details(events[1]))
    events[1] = erased
    assert chain(events, head) == Chain(1)
    events[1] = replace(erased, details={"reason": "another"})
    assert "version 2 has the digest" in str(chain(events, head).problem)


def test_an_event_that_lost_its_hash_is_named() -> None:
    events, head = history()
    events[2] = replace(events[2], previous=None)
    assert "version 3 does not carry" in str(chain(events, head).problem)


def test_a_subject_that_lost_the_hash_of_its_last_event_is_found() -> None:
    events, _ = history()
    assert "version 4 is not what its subject says" in str(chain(events, None).problem)
