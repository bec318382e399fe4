"""The context of one call: one frozen instant, who acts, and where ids come from.

`sources` is the one door to the clock and to randomness; the sandbox and the tests put others in.
"""

import os
import time
from collections.abc import Callable, Set
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from chalicelib.domain import ids, instants, permissions
from chalicelib.domain.cursors import Cursors
from chalicelib.domain.permissions import Permission, Role, lacking
from chalicelib.domain.records import record
from chalicelib.settings import Settings

_SPARE_SECONDS = 2.0


@dataclass(slots=True)
class Sources:
    """Where the instant, randomness and elapsed real time come from.

    `stamp` is the real time that AWS compares with its own, as signatures show it: nobody moves it.
    """

    clock: Callable[[], datetime]
    entropy: Callable[[int], bytes]
    monotonic: Callable[[], float]
    sleep: Callable[[float], None]
    stamp: Callable[[], str]


sources = Sources(
    clock=lambda: datetime.now(UTC),
    entropy=os.urandom,
    monotonic=time.monotonic,
    sleep=time.sleep,
    stamp=lambda: time.strftime("%Y%m%dT%H%M%SZ", time.gmtime()),
)


class ActorKind(StrEnum):
    """What acts: `operator` is a user, whatever the role; `timer` is the service itself."""

    BOT = "bot"
    OPERATOR = "operator"
    TIMER = "timer"
    NOBODY = "nobody"


@record
class Actor:
    """Who acts, and on which models; None means all. A user has a role, and may do what that grants.

    Kind and id together say who it is; `key_id` says by which key.
    """

    kind: ActorKind
    id: str
    models: frozenset[str] | None = None
    role: Role | None = None
    key_id: str | None = field(default=None, compare=False)

    def is_(self, kind: ActorKind | None, identifier: str) -> bool:
        """Whether this is that actor; of rows of an earlier release, which do not say it, the `kind` is None."""
        return identifier == self.id and kind in (None, self.kind)

    def sees(self, model_id: str) -> bool:
        """Whether this actor sees and touches what belongs to the model."""
        return self.models is None or model_id in self.models

    def covers(self, models: Set[str] | None) -> bool:
        """Whether this actor sees all that somebody bound to these models (None: all) sees."""
        return permissions.may_bind(self.models, models)

    def may(self, needed: Permission) -> bool:
        """Whether this actor's role has the permission."""
        return permissions.may(permissions.of_role(self.role), needed)

    def require(self, needed: Permission) -> None:
        """Raises Forbidden where this actor's role lacks the permission."""
        if not self.may(needed):
            raise lacking(needed, self.role)

    def __str__(self) -> str:
        return f"{self.kind} {self.id}"


@record
class Context:
    """What a use case knows of its call. `now` is the one instant of the call, cut to milliseconds.

    `request_id` is ours, and of no other call; `client_request_id` is what the caller calls it, None where it does not.
    `if_match` is the version of the item that the caller has seen, None where it did not say.
    """

    now: datetime
    actor: Actor
    request_id: str
    settings: Settings
    deadline: float
    client_request_id: str | None = None
    session_id: str | None = None
    lease_token: str | None = None
    if_match: int | None = None
    noted: dict[str, object] = field(default_factory=dict, compare=False)
    began: float = field(default_factory=lambda: float(sources.monotonic()), compare=False)

    def new_id(self, prefix: str) -> str:
        """A fresh, sortable id such as `asg_01J…`."""
        return ids.make(prefix, self.now, sources.entropy(10))

    def entropy(self, count: int) -> bytes:
        """That many random bytes."""
        return sources.entropy(count)

    @property
    def known_as(self) -> str:
        """The id by which the caller knows this call, and a repeat of it: its own where it gave one."""
        return self.client_request_id or self.request_id

    @property
    def by_now(self) -> datetime:
        """The instant that it is by now, for what must not be dated back to when the call came."""
        return self.now + timedelta(seconds=sources.monotonic() - self.began)

    def time_left(self) -> float:
        """Seconds of real time until this call must have answered."""
        return self.deadline - sources.monotonic()

    @property
    def is_short_of_time(self) -> bool:
        """Whether a loop over reads stops here and answers what it has: the rest is for what is under way."""
        return self.time_left() < min(_SPARE_SECONDS, self.settings.deadline_seconds / 4)

    def cursors(self, purpose: str) -> Cursors:
        """The cursors of the list that `purpose` names, with its filters."""
        return Cursors(self.settings.pepper, purpose)

    def note(self, **facts: object) -> None:
        """Facts for the call's one log line."""
        self.noted.update(facts)

    def acting_as(self, actor: Actor) -> "Context":
        """The same call, by another actor."""
        return replace(self, actor=actor)


def begin(
    settings: Settings, actor: Actor, client_request_id: str | None = None, seconds: float | None = None
) -> Context:
    """The context of a call that begins now, and has so many seconds of real time (default: as the settings say)."""
    now = instants.whole(sources.clock())
    made, deadline = (
        ids.make("req", now, sources.entropy(10)),
        sources.monotonic() + (seconds or settings.deadline_seconds),
    )
    return Context(now, actor, made, settings, deadline, client_request_id)
