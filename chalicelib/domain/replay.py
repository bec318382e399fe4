"""Audit events replayed: without a gap, each begins where the one before it ended, and the end is the state."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

Change = Mapping[str, object]


class Event(Protocol):
    """What a replay reads of an audit event."""

    sequence: int
    transitions: list[dict[str, object]]


@dataclass(slots=True)
class Replay:
    """What the events say the state is, and what is wrong with them; not `whole` where their beginning was dropped."""

    whole: bool = True
    version: int = 0
    values: dict[str, object] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)


def replay(events: Iterable[Event], *, whole: bool = True) -> Replay:
    """The state that the events, oldest first, lead to: its values by what moved (`account`, `phase:bio`, …).

    Not `whole`: the first of them have been dropped by retention, so that any event may be the first that is left.
    """
    result = Replay(whole)
    for event in events:
        begins = not whole and result.version == 0
        if event.sequence != result.version + 1 and not begins:
            result.problems.append(f"version {result.version} is followed by {event.sequence}")
        result.version = event.sequence
        for move in event.transitions:
            what = str(move["what"])
            unknown = not whole and what not in result.values
            held = move.get("from") if unknown else result.values.get(what)
            if held != move.get("from"):
                found = f"version {event.sequence} moves {what} from {move.get('from')!r}, where it was {held!r}"
                result.problems.append(found)
            result.values[what] = move.get("to")
    return result


def differences(result: Replay, version: int, values: Mapping[str, object]) -> list[str]:
    """Where the stored state differs from the replayed one, and what was wrong on the way; empty is right."""
    problems = list(result.problems)
    if version != result.version and (result.whole or result.version):
        problems.append(f"the account is at version {version}, its audit ends at {result.version}")
    for what in sorted({*values, *result.values} if result.whole else result.values):
        stored, told = values.get(what), result.values.get(what)
        if (stored or None) != (told or None):
            problems.append(f"{what} is {stored!r}, the audit says {told!r}")
    return problems
