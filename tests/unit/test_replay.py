"""The audit replayed: a gap, a wrong beginning and a wrong end are all found."""

from dataclasses import dataclass, field
from typing import Any

import pytest

from chalicelib.domain.replay import differences, replay

Moves = list[dict[str, object]]


@dataclass
class Event:
    """What a replay reads."""

    sequence: int
    transitions: Moves = field(default_factory=list)


def move(what: str, before: Any, to: Any) -> dict[str, object]:
    """One move."""
    return {"what": what, "from": before, "to": to}


def history() -> list[Event]:
    """Three changes of an account."""
    return [
        Event(1, [move("account", None, "imported")]),
        Event(2, [move("account", "imported", "ready")]),
        Event(
            3, [move("account", "ready", "warming_up"), move("phase:pfp", None, "available"), move("lease", None, "s")]
        ),
    ]


STATE: dict[str, object] = {"account": "warming_up", "phase:pfp": "available", "lease": "s"}


def test_a_whole_audit_has_no_differences() -> None:
    assert differences(replay(history()), 3, STATE) == []


def test_an_empty_audit_of_nothing_is_whole() -> None:
    assert differences(replay([]), 0, {}) == []


def test_what_never_moved_counts_as_nothing() -> None:
    assert differences(replay(history()), 3, {**STATE, "phase:pfp.retry_count": 0, "phase:pfp.assigned": None}) == []


def gap(events: list[Event]) -> None:
    """One event is missing."""
    del events[1]


def lost_end(events: list[Event]) -> None:
    """The last event is missing."""
    del events[2]


def lost_beginning(events: list[Event]) -> None:
    """The first event is missing."""
    del events[0]


def doubled(events: list[Event]) -> None:
    """One event stands twice."""
    events.insert(1, events[1])


def wrong_from(events: list[Event]) -> None:
    """A move begins where the one before did not end."""
    events[2].transitions[0]["from"] = "imported"


def wrong_to(events: list[Event]) -> None:
    """A move ends where the state is not."""
    events[2].transitions[1]["to"] = "pending"


def silent(events: list[Event]) -> None:
    """A move was not told."""
    events[2].transitions.pop()


def invented(events: list[Event]) -> None:
    """A move was told that nothing shows."""
    events[2].transitions.append(move("phase:bio", None, "pending"))


@pytest.mark.parametrize(
    ("plant", "found"),
    [
        (gap, "version 1 is followed by 3"),
        (lost_end, "the account is at version 3, its audit ends at 2"),
        (lost_beginning, "version 0 is followed by 2"),
        (doubled, "version 2 is followed by 2"),
        (wrong_from, "version 3 moves account from 'imported', where it was 'ready'"),
        (wrong_to, "phase:pfp is 'available', the audit says 'pending'"),
        (silent, "lease is 's', the audit says None"),
        (invented, "phase:bio is None, the audit says 'pending'"),
    ],
)
def test_a_planted_fault_is_found(plant: Any, found: str) -> None:
    events = history()
    plant(events)
    assert found in differences(replay(events), 3, STATE)


def test_a_state_that_changed_without_an_event_is_found() -> None:
    problems = differences(replay(history()), 4, {**STATE, "account": "active"})
    assert problems == [
        "the account is at version 4, its audit ends at 3",
        "account is 'active', the audit says 'warming_up'",
    ]


def test_what_retention_has_left_is_replayed_from_where_it_begins() -> None:
    told = replay(history()[1:], whole=False)
    assert differences(told, 3, STATE | {"phase:bio": "pending"}) == []
    assert differences(replay(history()[1:]), 3, STATE) != [], "a whole audit begins with its first event"
    assert differences(told, 3, STATE | {"account": "active"}) != []
    assert differences(replay([history()[0], history()[2]], whole=False), 3, STATE) != [], "a gap stays a gap"


def test_of_an_account_that_was_quiet_for_long_nothing_may_be_left() -> None:
    assert differences(replay([], whole=False), 3, STATE) == []
    assert differences(replay([]), 3, STATE) != []
