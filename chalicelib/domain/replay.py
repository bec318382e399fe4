"""Audit events replayed: without a gap, each begins where the one before it ended, and the end is the state.

And the chain of their hashes: each carries the hash of the one before it of its subject, the subject that of its last.
So an event can neither be changed, left out nor put between without it showing. The hash is SHA-256 over the canonical
form: the members below as a JSON object, sorted by name, without white space, in UTF-8; what is None is left out. In
place of `details`, which may hold personal words, stands their keyed digest, so that they can be erased.
"""

import hashlib
import hmac
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from chalicelib.domain import instants
from chalicelib.domain.records import record

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


# hashes

_MEMBERS = (
    *("subject", "sequence", "actor", "key_id", "action", "transitions"),
    *("request_id", "client_request_id", "session_id", "words", "previous"),
)
_LINK_DIGITS = 32


class Chained(Protocol):
    """What the chain reads of an audit event."""

    subject: str
    sequence: int
    at: datetime
    details: object
    details_digest: str | None
    words: object
    token: str
    previous: str | None


@record
class Chain:
    """What the hashes say of a subject's events; `since`: the version from which they are chained, None if none is."""

    since: int | None
    problem: str | None = None


def digest(event: Chained) -> str:
    """The hash of an event, in hex."""
    told = {name: value for name in _MEMBERS if (value := getattr(event, name)) is not None}
    told["at"], told["details"] = instants.render(event.at), event.details_digest or digest_of_details(event)
    return hashlib.sha256(_canonical(told)).hexdigest()


def link(event: Chained) -> str:
    """What the next event of its subject, and the subject itself, keep of an event: the first half of its hash."""
    return digest(event)[:_LINK_DIGITS]


def chain(events: Sequence[Chained], head: str | None) -> Chain:
    """What the hashes say of the events of one subject, oldest first; `head` is what the subject keeps of its last.

    Events of a release before have no hashes: the chain begins behind them.
    """
    since: int | None = None
    for before, event in zip([None, *events], events, strict=False):
        if event.details_digest is not None and (event.details or event.token):
            return Chain(since, f"version {event.sequence} has the digest of erased details, and details")
        if event.previous is None:
            if since is not None:
                return Chain(since, f"version {event.sequence} does not carry the hash of the one before it")
            continue
        since = since or (event.sequence if before is None else before.sequence)
        if before is not None and before.sequence == event.sequence - 1 and link(before) != event.previous:
            return Chain(since, f"version {before.sequence} is not what version {event.sequence} says that it was")
    if not events or (head is None and since is None):
        return Chain(since)
    last = events[-1]
    if head != link(last):
        return Chain(since, f"version {last.sequence} is not what its subject says that it was")
    return Chain(since or last.sequence)


def digest_of_details(event: Chained) -> str:
    """The digest of what the event says in words, under the token of its transaction, which nobody can guess.

    It is kept in the place of both where they are erased (`details_digest`).
    """
    return hmac.digest(event.token.encode(), _canonical(event.details or {}), "sha256").hex()


def _canonical(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
