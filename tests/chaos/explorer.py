"""The decision rules, explored breadth first: two bots, two timers, an operator, a clock, crashes, late deliveries.

One account in its last two phases. What decides is the service's own: the tables of moves, leases, blockers, retries,
timing. `verbs` puts them together as the services do, and `test_decisions` walks the same ways through the service
itself and compares. Times are seconds from now, so that the same state is the same whenever it is reached.
"""

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import NamedTuple

from chalicelib.domain import accounts, leases, phases, retries, timing
from chalicelib.domain.accounts import State
from chalicelib.domain.blockers import Code, blockers
from chalicelib.domain.errors import AccountLeased, IllegalMove
from chalicelib.domain.leases import Ending, Lease
from chalicelib.domain.phases import Move, PhaseName, Status
from chalicelib.domain.plans import STANDARD
from chalicelib.domain.retries import Kind

NOW = datetime(2026, 1, 1, tzinfo=UTC)
LEASE = 900
ORDER = (PhaseName.HIGHLIGHT, PhaseName.STORY)
MOST = 2 * LEASE
PLAN = replace(
    STANDARD,
    max_crashes=2,
    max_releases=2,
    phases={name: replace(phase, max_work=timedelta(seconds=MOST)) for name, phase in STANDARD.phases.items()},
)
"""The limits are low, so that what lies beyond them is within reach."""
CURRENT, STALE = "current", "stale"
BOTS = ("b1", "b2")


class Account(NamedTuple):
    """An account, as far as the rules read it; `place` 2 is behind the last phase, where the account itself counts its
    `crashes` and `releases`. `owed` is known to no rule: the seconds that must pass before the phase may begin, counted
    apart."""

    state: State = State.WARMING_UP
    place: int = 0
    status: Status = Status.PENDING
    available_in: int = 3600
    retries: int = 0
    crashes: int = 0
    releases: int = 0
    holder: str = ""
    expires_in: int = 0
    ended: str = ""
    owed: int = 3600
    latest_in: int = 0


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
    needs_review: bool
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
    latest = NOW + timedelta(seconds=account.latest_in)
    return Lease(CURRENT, f"ses_{account.holder}", account.holder, NOW, until, "req", ended, latest_at=latest)


def _seen(account: Account) -> _Seen:
    return _Seen(account.state, lease_of(account), account.place >= len(ORDER) and _left_too_often(account))


def _left_too_often(account: Account) -> bool:
    return retries.left_too_often(PLAN, crashes=account.crashes, releases=account.releases)


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
        account = _leave(account._replace(ended=Ending.EXPIRED, crashes=account.crashes + 1), Move.EXPIRE)
    elif lease is not None and lease.ended_by is None:
        return account
    if account.place >= len(ORDER) or account.available_in > 0:
        return account
    if account.status is Status.PENDING:
        return account._replace(status=phases.after(account.status, Move.OPEN))
    if account.status is Status.FAILED:
        return account._replace(status=phases.after(account.status, Move.REOPEN, Status.CONTENT_ASSIGNED))
    return account


def _leave(account: Account, move: Move) -> Account:
    """What becomes of the phase that a worker left without an outcome (`AccountChange._leave`)."""
    if account.place >= len(ORDER):
        return account
    to = retries.after_leaving(PLAN, account.status, crashes=account.crashes, releases=account.releases)
    return account._replace(status=phases.after(account.status, move, to))


def claim(account: Account, bot: str) -> Account:
    """`claim`: a lease, and nothing begun."""
    due = _due(account)
    if due is None or due.at > NOW or account.state is not State.WARMING_UP:
        raise Refused  # no queue offers it
    settled = settle(account)
    if blockers(_seen(settled), _phase_of(settled), _Nothing(), NOW):
        if settled == account:
            raise Refused
        return settled  # what was found out is written all the same
    return settled._replace(holder=bot, expires_in=LEASE, latest_in=MOST, ended="")


def take(account: Account, bot: str) -> Account:
    """`content`: the phase's content under a lease."""
    lease = lease_of(account)
    if account.place >= len(ORDER):
        raise Refused
    holds = leases.is_live(lease, NOW) and account.holder == bot
    if holds and account.status is Status.IN_PROGRESS:
        return account
    try:
        if not holds:
            leases.refuse_while_live(lease, NOW)
    except AccountLeased:
        raise Refused from None
    settled = settle(account)
    if settled.status is Status.REQUIRES_REVIEW:
        if settled.ended == Ending.EXPIRED != account.ended:
            return settled  # what was found out is written all the same
        raise Refused
    found = blockers(_seen(settled), _phase_of(settled), _Nothing(), NOW)
    if any(one.code is not Code.LEASED for one in found):
        raise Refused
    assigned = phases.after(settled.status, Move.ASSIGN) if settled.status is Status.AVAILABLE else settled.status
    delivered = phases.after(assigned, Move.DELIVER)
    if holds:
        return settled._replace(status=delivered, latest_in=MOST)
    return settled._replace(status=delivered, holder=bot, expires_in=LEASE, latest_in=MOST, ended="")


def _fence(account: Account, token: str, bot: str) -> Lease:
    lease = lease_of(account)
    if lease is None or lease.bot_id != bot or not leases.may_still_tell(lease, token):
        raise Refused
    if account.place >= len(ORDER) or not (account.status is Status.IN_PROGRESS or lease.ended_by is Ending.EXPIRED):
        raise Refused
    return lease


def _advance(account: Account) -> Account:
    place = account.place + 1
    account = account._replace(place=place, retries=0, crashes=0, releases=0)
    if place >= len(ORDER):
        return account._replace(status=Status.COMPLETED, available_in=0, owed=0)
    wait = int(PLAN.phases[ORDER[place]].interval.total_seconds())
    return account._replace(status=Status.PENDING, available_in=wait, owed=wait)


def complete(account: Account, token: str, bot: str) -> Account:
    """`complete-phase`."""
    _fence(account, token, bot)
    phases.after(account.status, Move.COMPLETE)
    return _advance(account)._replace(ended=account.ended or Ending.COMPLETED)


def report(kind: Kind) -> Callable[[Account, str, str], Account]:
    """`report-error` of one kind."""

    def reported(account: Account, token: str, bot: str) -> Account:
        _fence(account, token, bot)
        if account.status is Status.REQUIRES_REVIEW:
            raise Refused
        verdict = retries.after_report(kind, plan=PLAN, retries=account.retries, swaps=0, now=NOW, spread=0.0)
        status = phases.after(account.status, verdict.move)
        wait = account.available_in
        if verdict.available_at is not None:
            wait = int((verdict.available_at - NOW).total_seconds())
        tries = account.retries + (verdict.move is Move.FAIL)
        return account._replace(status=status, available_in=wait, retries=tries, ended=account.ended or Ending.REPORTED)

    return reported


def release(account: Account, token: str, bot: str) -> Account:
    """`release`."""
    lease = lease_of(account)
    if lease is None or lease.token != token or lease.bot_id != bot or lease.ended_by is not None:
        raise Refused
    return _leave(account._replace(ended=Ending.RELEASED, releases=account.releases + 1), Move.RELEASE)


def heartbeat(account: Account, token: str, bot: str) -> Account:
    """A heartbeat: late, too, where nobody has taken over."""
    lease = lease_of(account)
    if lease is None or lease.token != token or lease.bot_id != bot or lease.ended_by is not None:
        raise Refused
    until = leases.extended_to(lease, NOW + timedelta(seconds=LEASE), NOW)
    if until is None:
        raise Refused
    return account._replace(expires_in=int((until - NOW).total_seconds()))


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
        if not _left_too_often(account):
            raise Refused
        return account._replace(crashes=0, releases=0)
    status = phases.after(account.status, Move.RETRY, Status.CONTENT_ASSIGNED)
    return _take_away(account)._replace(status=status, available_in=0, retries=0, crashes=0, releases=0)


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
def claimed(account: Account, bot: str) -> Account | None:
    """What a claim makes of the account; None where it gets nothing."""
    return _or_none(lambda: claim(account, bot))


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
        latest_in=max(0, account.latest_in - seconds),
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
                holds = account.holder == bot and not account.ended and account.expires_in > 0
                new = _with(world, after, taker=None if holds else number)
                new = new._replace(tokens=_set(new.tokens, number, CURRENT))
                yield f"{bot} takes it", new
                yield f"{bot} takes it and never hears of it", new._replace(tokens=_set(new.tokens, number, ""))
            elif after == account and world.tokens[number] != CURRENT:
                yield f"{bot} asks again", world._replace(tokens=_set(world.tokens, number, CURRENT))
            elif after != account:
                yield f"{bot} finds it out", _with(world, after)
        after = claimed(account, bot)
        if after is not None and after.holder == bot and not after.ended:
            yield f"{bot} claims it", _with(world, after, taker=number)
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
    if step.endswith(("takes it", "claims it", "never hears of it")):
        if new.owed:
            return f"a phase begins {new.owed} s before its interval has passed"
        if old.state is not State.WARMING_UP:
            return f"work is handed out while the account is {old.state}"
        if old.holder not in ("", new.holder) and not old.ended and old.expires_in:
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
    held = bool(new.holder) and not new.ended
    if held and new.expires_in > new.latest_in:
        return "a lease lasts longer than the time of its phase"
    if new.retries > PLAN.max_retries or (held and _left_too_often(new)):
        return "a limit is passed"
    for_review = _left_too_often(new) or (new.place < len(ORDER) and new.status is Status.REQUIRES_REVIEW)
    if new.state is State.WARMING_UP and not for_review and _due(new) is None:
        return "it is in no queue: nobody will ever find it"
    if new.place >= len(ORDER) and _left_too_often(new) and _due(new) is not None:
        return "workers left its completion too often, and it is offered again"
    return None


@cache
def _due(account: Account) -> timing.Due | None:
    return timing.next_due(_seen(account), _phase_of(account), NOW)


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
