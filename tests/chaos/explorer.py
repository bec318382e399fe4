"""The decision rules, explored breadth first: two bots, two timers, an operator, a clock, crashes, late deliveries.

One account in its last two phases. What decides is the service's own: the tables of moves, leases, blockers, retries,
timing. `verbs` puts them together as the services do, and `test_decisions` walks the same ways through the service
itself and compares. Times are seconds from now, so that the same state is the same whenever it is reached.
"""

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import NamedTuple

from chalicelib.domain import accounts, leases, phases, retries, timing
from chalicelib.domain.accounts import State
from chalicelib.domain.blockers import blockers
from chalicelib.domain.errors import AccountLeased, IllegalMove
from chalicelib.domain.leases import Ending, Lease
from chalicelib.domain.phases import Move, PhaseName, Status
from chalicelib.domain.plans import STANDARD
from chalicelib.domain.retries import Kind

NOW = datetime(2026, 1, 1, tzinfo=UTC)
LEASE = 900
ORDER = (PhaseName.HIGHLIGHT, PhaseName.STORY)
CURRENT, STALE = "current", "stale"
BOTS = ("b1", "b2")


class Account(NamedTuple):
    """An account, as far as the rules look; `place` 2 is behind the last phase. `owed` is told by no rule: the seconds
    that must pass before the phase may begin, counted apart."""

    state: State = State.WARMING_UP
    place: int = 0
    status: Status = Status.PENDING
    available_in: int = 3600
    retries: int = 0
    crashes: int = 0
    holder: str = ""
    expires_in: int = 0
    ended: str = ""
    owed: int = 3600


class World(NamedTuple):
    """All of it: the account, each bot's token, what is on its way, and what others have decided and not yet written.

    A message is who, what, and the token it was sent with; it may arrive late, and twice. `done` counts completions.
    """

    account: Account
    tokens: tuple[str, str] = ("", "")
    network: tuple[tuple[str, str, str], ...] = ()
    decided: tuple[tuple[Account, Account] | None, ...] = (None, None, None)
    done: tuple[int, int] = (0, 0)


@dataclass(frozen=True, slots=True)
class _Seen:
    """The account as the rules read it."""

    state: State
    lease: Lease | None
    model_id: str = "m1"
    has_consent: bool = True
    content_due_at: datetime | None = None
    ready_at: datetime | None = NOW


@dataclass(slots=True)
class _Phase:
    phase: str
    status: Status
    available_at: datetime | None
    error_message: str | None = None


@dataclass(frozen=True, slots=True)
class _Nothing:
    pipeline_paused: bool = False
    paused_models: frozenset[str] = frozenset()


def lease_of(account: Account) -> Lease | None:
    """The account's last lease."""
    if not account.holder:
        return None
    ended = Ending(account.ended) if account.ended else None
    until = NOW + timedelta(seconds=account.expires_in)
    return Lease(CURRENT, f"ses_{account.holder}", account.holder, NOW, until, "req", ended)


def _phase_of(account: Account) -> _Phase | None:
    if account.place >= len(ORDER):
        return None
    at = NOW + timedelta(seconds=account.available_in)
    return _Phase(ORDER[account.place], account.status, at)


class Refused(Exception):
    """The service refuses, and changes nothing."""


# the verbs: production rules, in the order in which the services ask them


def settle(account: Account) -> Account:
    """What time has brought about (`AccountChange.settle`)."""
    lease = lease_of(account)
    if leases.has_run_out(lease, NOW):
        account = account._replace(ended=Ending.EXPIRED)
        if account.place < len(ORDER) and account.status is Status.IN_PROGRESS:
            crashes = account.crashes + 1
            to = retries.after_crash(STANDARD, crashes)
            account = account._replace(crashes=crashes, status=phases.after(account.status, Move.EXPIRE, to))
    elif lease is not None and lease.ended_by is None:
        return account
    if account.place >= len(ORDER) or account.available_in > 0:
        return account
    if account.status is Status.PENDING:
        return account._replace(status=phases.after(account.status, Move.OPEN))
    if account.status is Status.FAILED:
        return account._replace(status=phases.after(account.status, Move.REOPEN, Status.CONTENT_ASSIGNED))
    return account


def take(account: Account, bot: str) -> Account:
    """`content`: the phase's content under a lease."""
    lease = lease_of(account)
    if account.place >= len(ORDER):
        raise Refused
    if leases.is_live(lease, NOW) and account.holder == bot:
        return account
    try:
        leases.refuse_while_live(lease, NOW)
    except AccountLeased:
        raise Refused from None
    settled = settle(account)
    if settled.status is Status.REQUIRES_REVIEW:
        if settled.ended == Ending.EXPIRED != account.ended:
            return settled  # what was found out is written all the same
        raise Refused
    if blockers(_Seen(settled.state, lease_of(settled)), _phase_of(settled), _Nothing(), NOW):
        raise Refused
    assigned = phases.after(settled.status, Move.ASSIGN) if settled.status is Status.AVAILABLE else settled.status
    delivered = phases.after(assigned, Move.DELIVER)
    return settled._replace(status=delivered, holder=bot, expires_in=LEASE, ended="")


def _fence(account: Account, token: str, bot: str) -> Lease:
    lease = lease_of(account)
    if lease is None or lease.bot_id != bot or not leases.may_still_tell(lease, token):
        raise Refused
    if account.place >= len(ORDER) or not (account.status is Status.IN_PROGRESS or lease.ended_by is Ending.EXPIRED):
        raise Refused
    return lease


def _advance(account: Account) -> Account:
    place = account.place + 1
    account = account._replace(place=place, retries=0, crashes=0)
    if place >= len(ORDER):
        return account._replace(status=Status.COMPLETED, available_in=0, owed=0)
    wait = int(STANDARD.phases[ORDER[place]].interval.total_seconds())
    return account._replace(status=Status.PENDING, available_in=wait, owed=wait)


def complete(account: Account, token: str, bot: str) -> Account:
    """`complete-phase`."""
    _fence(account, token, bot)
    phases.after(account.status, Move.COMPLETE)
    return _advance(account)._replace(ended=Ending.COMPLETED)


def report(kind: Kind) -> Callable[[Account, str, str], Account]:
    """`report-error` of one kind."""

    def reported(account: Account, token: str, bot: str) -> Account:
        _fence(account, token, bot)
        if account.status is Status.REQUIRES_REVIEW:
            raise Refused
        verdict = retries.after_report(kind, plan=STANDARD, retries=account.retries, swaps=0, now=NOW, spread=0.0)
        status = phases.after(account.status, verdict.move)
        wait = account.available_in
        if verdict.available_at is not None:
            wait = int((verdict.available_at - NOW).total_seconds())
        tries = account.retries + (verdict.move is Move.FAIL)
        return account._replace(status=status, available_in=wait, retries=tries, ended=Ending.REPORTED)

    return reported


def release(account: Account, token: str, bot: str) -> Account:
    """`release`."""
    lease = lease_of(account)
    if lease is None or lease.token != token or lease.bot_id != bot or lease.ended_by is not None:
        raise Refused
    status = account.status
    if account.place < len(ORDER) and status is Status.IN_PROGRESS:
        status = phases.after(status, Move.RELEASE)
    return account._replace(status=status, ended=Ending.RELEASED)


def heartbeat(account: Account, token: str, bot: str) -> Account:
    """A heartbeat: late, too, where nobody has taken over."""
    lease = lease_of(account)
    if lease is None or lease.token != token or lease.bot_id != bot or lease.ended_by is not None:
        raise Refused
    return account._replace(expires_in=LEASE)


def _take_away(account: Account) -> Account:
    lease = lease_of(account)
    if lease is None or lease.ended_by not in (None, Ending.EXPIRED):
        return account
    return account._replace(ended=Ending.TAKEN_AWAY)


def pause(account: Account) -> Account:
    """The operator's pause."""
    return account._replace(state=accounts.after(account.state, accounts.Move.PAUSE))


def resume(account: Account) -> Account:
    """The operator's resume."""
    return account._replace(state=accounts.after(account.state, accounts.Move.RESUME, State.WARMING_UP))


def retry(account: Account) -> Account:
    """The operator's retry."""
    if account.place >= len(ORDER):
        raise Refused
    status = phases.after(account.status, Move.RETRY, Status.CONTENT_ASSIGNED)
    return _take_away(account)._replace(status=status, available_in=0, retries=0, crashes=0)


def skip(account: Account) -> Account:
    """The operator's skip."""
    if account.place >= len(ORDER):
        raise Refused
    phases.after(account.status, Move.SKIP)
    return _advance(_take_away(account))


VERBS: Mapping[str, Callable[[Account, str, str], Account]] = {
    "complete": complete,
    "fail": report(Kind.TRANSIENT),
    "escalate": report(Kind.UNKNOWN),
    "release": release,
    "heartbeat": heartbeat,
}
OPERATOR: Mapping[str, Callable[[Account], Account]] = {"pause": pause, "resume": resume, "retry": retry, "skip": skip}


@cache
def told(verb: str, account: Account, token: str, bot: str) -> Account | None:
    """What a bot's message makes of the account; None where it is refused."""
    return _or_none(lambda: VERBS[verb](account, token, bot))


@cache
def taken(account: Account, bot: str) -> Account | None:
    """What asking for content makes of the account; None where it is refused."""
    return _or_none(lambda: take(account, bot))


@cache
def operated(verb: str, account: Account) -> Account | None:
    """What an operator's move makes of the account; None where it is refused."""
    return _or_none(lambda: OPERATOR[verb](account))


@cache
def timed(account: Account) -> Account:
    """What a timer makes of the account: it sees only what is due in its queue."""
    due = _due(account)
    return settle(account) if due is not None and due.queue is timing.Queue.TIMER and due.at <= NOW else account


def _or_none(act: Callable[[], Account]) -> Account | None:
    try:
        return act()
    except (Refused, IllegalMove):
        return None


# the world


def _with(world: World, account: Account, *, taker: int | None = None) -> World:
    """The world after a write; a new lease makes every other token stale."""
    if taker is None:
        return world._replace(account=account)
    tokens = tuple(CURRENT if number == taker else (STALE if one else "") for number, one in enumerate(world.tokens))
    network = tuple((bot, verb, STALE) for bot, verb, _ in world.network)
    return world._replace(account=account, tokens=(tokens[0], tokens[1]), network=network)


def _sent(world: World, bot: str, verb: str, token: str) -> World:
    return world._replace(network=tuple(sorted({*world.network, (bot, verb, token)})))


def _ticked(account: Account, seconds: int) -> Account:
    return account._replace(
        available_in=max(0, account.available_in - seconds),
        expires_in=max(0, account.expires_in - seconds),
        owed=max(0, account.owed - seconds),
    )


def _decided(world: World, who: int, result: Account | None) -> World:
    decided = list(world.decided)
    decided[who] = None if result is None else (world.account, result)
    return world._replace(decided=tuple(decided))


T1, T2, OP = 0, 1, 2


def steps(world: World, *, guarded: bool = True) -> Iterator[tuple[str, World]]:
    """Everything that can happen next. `guarded` False writes what was decided on old reads all the same."""
    account = world.account
    for number, bot in enumerate(BOTS):
        after = taken(account, bot)
        if after is not None:
            if after.status is Status.IN_PROGRESS and after.holder == bot and after != account:
                new = _with(world, after, taker=number)
                yield f"{bot} takes it", new
                yield f"{bot} takes it and never hears of it", new._replace(tokens=_set(new.tokens, number, ""))
            elif after == account and world.tokens[number] != CURRENT:
                yield f"{bot} asks again", world._replace(tokens=_set(world.tokens, number, CURRENT))
            elif after != account:
                yield f"{bot} finds it out", _with(world, after)
        token = world.tokens[number]
        if token:
            yield f"{bot} crashes", world._replace(tokens=_set(world.tokens, number, ""))
            if len(world.network) < 2:
                for verb in VERBS:
                    yield f"{bot} sends {verb}", _sent(world, bot, verb, token)
    for message in world.network:
        bot, verb, token = message
        left = tuple(one for one in world.network if one != message)
        after = told(verb, account, token, bot)
        arrived = world if after is None else _with(world, after)
        if after is not None and verb == "complete":
            done = tuple(count + (place == account.place) for place, count in enumerate(world.done))
            arrived = arrived._replace(done=(done[0], done[1]))
        yield f"{bot}'s {verb} arrives", arrived._replace(network=left)
        if after is not None:
            yield f"{bot}'s {verb} arrives, and will again", arrived
    for number, name in ((T1, "timer 1"), (T2, "timer 2")):
        if world.decided[number] is None:
            after = timed(account)
            if after != account:
                yield f"{name} decides", _decided(world, number, after)
    if world.decided[OP] is None:
        for verb in OPERATOR:
            after = operated(verb, account)
            if after is not None:
                yield f"the operator decides to {verb}", _decided(world, OP, after)
    for number, name in enumerate(("timer 1", "timer 2", "the operator")):
        pair = world.decided[number]
        if pair is not None:
            free = _decided(world, number, None)
            if pair[0] == account or not guarded:
                yield f"{name} writes", _with(free, pair[1])
            yield f"{name} is killed, or finds it stale", free
    for seconds in sorted({LEASE, account.available_in, account.expires_in} - {0}):
        aged = _ticked(account, seconds)
        if aged != account:
            decided = tuple(one and (_ticked(one[0], seconds), _ticked(one[1], seconds)) for one in world.decided)
            yield f"{seconds} s pass", world._replace(account=aged, decided=decided)


def _set(tokens: tuple[str, str], number: int, token: str) -> tuple[str, str]:
    return (token, tokens[1]) if number == 0 else (tokens[0], token)


def wrong(before: World, step: str, after: World) -> str | None:
    """Which promise a step breaks, None if none."""
    old, new = before.account, after.account
    if step.endswith(("takes it", "never hears of it")):
        if new.owed:
            return f"a phase begins {new.owed} s before its interval has passed"
        if old.state is not State.WARMING_UP:
            return f"work is handed out while the account is {old.state}"
        if old.holder and not old.ended and old.expires_in:
            return f"{new.holder} takes what {old.holder} holds"
    if max(after.done) > 1:
        return "a phase is completed twice"
    if "arrives" in step and new != old:
        bot = step.partition("'")[0]
        verb = step.partition("'s ")[2].partition(" ")[0]
        tokens = [token for who, what, token in before.network if (who, what) == (bot, verb)]
        if CURRENT not in tokens:
            return f"{bot}, who was superseded, changes something by {verb}"
    if new.place < len(ORDER) and new.status is Status.IN_PROGRESS and (not new.holder or new.ended):
        return "a phase is in progress, and nobody holds the account"
    if new.retries > STANDARD.max_retries or (new.crashes >= STANDARD.max_crashes and new.status is Status.IN_PROGRESS):
        return "a limit is passed"
    if new.state is State.WARMING_UP and new.status is not Status.REQUIRES_REVIEW and _due(new) is None:
        return "it is in no queue: nobody will ever find it"
    return None


@cache
def _due(account: Account) -> timing.Due | None:
    return timing.next_due(_Seen(account.state, lease_of(account)), _phase_of(account), NOW)


@dataclass(frozen=True, slots=True)
class Explored:
    """How far it went, and the shortest way to a broken promise, if there is one."""

    states: int
    steps: int
    depth: int
    way: tuple[str, ...] = ()
    broken: str | None = None


def explore(most: int, start: World, *, guarded: bool = True) -> Explored:
    """Breadth first, until so many states are known or all are; the way to the first broken promise is a shortest."""
    known: dict[World, tuple[World, str] | None] = {start: None}
    waiting, count, depth = deque([(start, 0)]), 0, 0
    while waiting and len(known) < most:
        world, depth = waiting.popleft()
        for step, after in steps(world, guarded=guarded):
            count += 1
            broken = wrong(world, step, after)
            if broken is not None:
                return Explored(len(known), count, depth + 1, (*_way(known, world), step), broken)
            if after not in known:
                known[after] = (world, step)
                waiting.append((after, depth + 1))
    return Explored(len(known), count, depth)


def _way(known: Mapping[World, tuple[World, str] | None], world: World) -> tuple[str, ...]:
    way: list[str] = []
    while (before := known[world]) is not None:
        world = before[0]
        way.append(before[1])
    return tuple(reversed(way))
