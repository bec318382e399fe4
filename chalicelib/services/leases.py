"""Finding work and taking it: what can be worked on now, and leases on it."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence, Set
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import islice
from typing import Any, Self

from chalicelib import deliveries, holdings, warmups
from chalicelib.changes import retry_on_conflict
from chalicelib.context import Context
from chalicelib.deliveries import Contest, DeliveredItems
from chalicelib.dispatch import Proposal, Search, place_name
from chalicelib.domain import consents, leases, timing
from chalicelib.domain.accounts import Step
from chalicelib.domain.dispatch import ANYTHING, PlannedStep, WorkWanted
from chalicelib.domain.errors import ContentUnavailable, LeaseSuperseded, NotFound, QuotaReached, ServiceError
from chalicelib.domain.leases import Lease
from chalicelib.domain.records import record
from chalicelib.domain.sessions import has_ended
from chalicelib.domain.warmup import leases as life
from chalicelib.holdings import NOTHING_SETTLED, GivenLease, Settlement
from chalicelib.quotas import Allowance
from chalicelib.sessions import own_session, working_session
from chalicelib.tables import Account, Content, Session, Text
from chalicelib.tables.base import batch_get
from chalicelib.tables.queues import Place, QueueRow
from chalicelib.tables.transaction import Stale
from chalicelib.warmups import Loaded

_MOST_MODELS = 16
"""How many models a list goes through at a time: its cursor names a place for each."""
_MOST_WITHOUT_CONTENT = 3
"""For how many accounts of a model a claim finds no content before it leaves the model to the next claim."""


@record
class Offer:
    """An account that can be worked on; its phase draws from `category` (both None where only the end is left)."""

    account_id: str
    model_id: str
    username: str
    action: Step
    phase: str | None
    category: str | None
    due_at: datetime


@record
class AskAgain:
    """When a caller that got nothing asks again; `next_due_at` None: nothing is scheduled."""

    next_due_at: datetime | None
    retry_after_seconds: int


@record
class Ready:
    """A page of offers, or when to ask again."""

    offers: list[Offer]
    next_cursor: str | None
    ask_again: AskAgain | None


@record
class ClaimedOffer:
    """An account whose lease the session holds; `held` where it held it before.

    `delivery` is what its next phase was given, None where that was not asked for, or nothing can be given.
    """

    offer: Offer
    lease: Lease
    held: bool
    delivery: DeliveredItems | None = None


@record
class ClaimResult:
    """What a claim took, or when to ask again."""

    items: list[ClaimedOffer]
    ask_again: AskAgain | None = None


def ready(context: Context, *, limit: int, wanted: WorkWanted = ANYTHING, cursor: str | None = None) -> Ready:
    """The accounts that can be worked on now, in the order in which they would be handed out; takes nothing.

    Due is what the clock says at this moment, whether or not a timer has run.
    """
    purpose = f"ready:{context.actor.id}:{wanted}"
    page = _Page.of(context.cursors(purpose).decode(cursor))
    offers, more, search = list[Offer](), True, page.search(context, wanted, limit)
    while not context.is_short_of_time:
        row = search.first(page.turn)
        if row is None and search.last_model is None:
            more = False
            break
        if row is None:
            page = _Page(page.turn, {}, search.last_model or "")
            search = page.search(context, wanted, limit)
        elif len(offers) == limit:
            break
        else:
            page.turn += 1
            page.places[place_name(row)] = row.place
            if consents.is_given(row.account.agreed_as_listed, context.now):
                offers.append(_offer_of(row))
    following = context.cursors(purpose).encode(page.state() if more else None)
    return Ready(offers, following, None if offers else _ask_again(context, search, soon=more))


@dataclass(slots=True)
class _Page:
    """Where a list goes on: with which turn, behind which account of each queue, and behind which models."""

    turn: int = 0
    places: dict[str, Place] = field(default_factory=dict)
    behind: str = ""

    @classmethod
    def of(cls, state: Any) -> Self:
        """The place that a cursor names, the beginning without one."""
        if state is None:
            return cls()
        return cls(state["turn"], {model: (at, one) for model, (at, one) in state["places"].items()}, state["behind"])

    def state(self) -> dict[str, object]:
        """What a cursor holds."""
        return {"turn": self.turn, "places": self.places, "behind": self.behind}

    def search(self, context: Context, wanted: WorkWanted, limit: int) -> Search:
        """A search that goes on here."""
        return Search(context, wanted, places=self.places, behind=self.behind, most_models=_MOST_MODELS, page=limit + 1)


def _ask_again(
    context: Context, search: Search, set_aside_until: datetime | None = None, *, soon: bool = False
) -> AskAgain:
    """When to ask again for what was not there: soon, where more is due than was read."""
    spread = int.from_bytes(context.entropy(2), "big") / 65536
    next_due_at = min(filter(None, (search.next_due_at, set_aside_until)), default=None)
    at = context.now if soon or search.more else next_due_at
    return AskAgain(next_due_at, timing.seconds_to_wait(at, context.now, spread))


def _offer_of(row: QueueRow) -> Offer:
    step = row.account.step
    assert step is not None, "the search gives what there is something to do on"
    return _offer_of_step(row.account, step, row.due_at)


def _offer(account: Account, due_at: datetime) -> Offer | None:
    step = PlannedStep.of(account.state, account.current_phase, account.plan)
    return None if step is None else _offer_of_step(account, step, due_at)


def _offer_of_step(account: Account, step: PlannedStep, due_at: datetime) -> Offer:
    finishes = step.action is Step.COMPLETE_WARMUP
    phase, category = (None, None) if finishes else (step.phase, step.category)
    return Offer(account.account_id, account.model_id, account.username, step.action, phase, category, due_at)


def claim(context: Context, *, limit: int, wanted: WorkWanted = ANYTHING, deliver: bool = False) -> ClaimResult:
    """Leases on up to `limit` accounts that can be worked on now; what the session holds already comes first.

    What the caller is `holding` by its own account is left out, so that `limit` counts what is new. With `deliver` each
    account is started, and its next phase given its content, in the transaction that takes it; what has no eligible
    content is set aside, and left out.

    Losing a race for an account is not an error: it means one item less. So does an account that the call has no time
    left for. Raises NotFound, SessionEnded, and QuotaReached where the bot may hold no more and gets nothing.
    """
    assert context.session_id is not None, "the route asks for the header"
    search, taker = Search(context, wanted, at_once=True), _Taker(context, wanted, deliver)
    turns = search.turns(limit)
    session = taker.propose(search, turns[0])
    own = own_session(context, session)
    claimed = list(islice(taker.held(holdings.look([own], taker.read)[own.session_id]), limit))
    if len(claimed) >= limit:
        return ClaimResult(claimed)
    working_session(context, session)
    taker.leave_out(search, {item.offer.account_id for item in claimed})
    taker.take_turns(search, turns[: limit - len(claimed)], claimed)
    if claimed:
        return ClaimResult(claimed)
    return ClaimResult([], _ask_again(context, search, taker.set_aside_until, soon=context.is_short_of_time))


@dataclass(slots=True)
class _Taker:
    """Takes accounts for one claim.

    `first` is the account that is proposed first, read with the session in one round trip (`loaded`; None: it cannot be
    read). `set_aside_until` is when the first is due again for which nothing was eligible; `without_content` counts
    them by model. `settled` is what the session was found to have ended.
    """

    context: Context
    wanted: WorkWanted
    deliver: bool
    first: Proposal | None = None
    loaded: Loaded | None = None
    allowance: Allowance | None = None
    settled: Settlement = NOTHING_SETTLED
    set_aside_until: datetime | None = None
    without_content: Counter[str] = field(default_factory=Counter)

    def propose(self, search: Search, turn: int) -> Session | None:
        """Read the first account that is proposed with the caller's session, which is returned."""
        self.first = search.next(turn)
        if self.first is not None:
            with suppress(NotFound):
                self.loaded = warmups.load(self.context, self.first.account_id, purpose=warmups.TAKING)
        if self.loaded is not None:
            self.allowance = self.loaded.allowance
            return self.loaded.session
        found: Session | None
        (found,) = batch_get([(Session, str(self.context.session_id))])
        return found

    def leave_out(self, search: Search, held: Set[str]) -> None:
        """Take nothing that is held, although it was proposed."""
        search.leave_out(held)
        if self.first is not None and self.first.account_id in held:
            self.first = self.loaded = None

    @property
    def read(self) -> list[Account]:
        """The account that was read."""
        return [] if self.loaded is None else [self.loaded.account]

    def held(self, found: Sequence[GivenLease]) -> Iterator[ClaimedOffer]:
        """What the session holds already, but for what the caller knows of."""
        self.settled = holdings.settlement(holdings.endings(found))
        for holding in found:
            account, lease = holding.account, holding.lease  # a lost lease may stand there as well
            if account is None or lease is None or not leases.is_live(lease, self.context.now):
                continue
            if not holding.is_seen_by(self.context.actor):
                continue
            offer = _offer(account, account.due_since or lease.taken_at)
            if account.account_id in self.wanted.holding or offer is None:
                continue
            held = ClaimedOffer(offer, lease, held=True)
            delivered = self._delivered(held) if self.deliver else held
            if delivered is not None:
                yield delivered

    def _delivered(self, held: ClaimedOffer) -> ClaimedOffer | None:
        """What is held with its content; None where nothing is eligible, for then it is held no longer."""
        contest = Contest()
        while True:
            try:
                delivery = deliveries.take_next(
                    self.context, warmups.load(self.context, held.offer.account_id), contest
                )
                return held if delivery is None else replace(held, delivery=delivery, lease=delivery.lease)
            except ContentUnavailable as error:
                self._set_aside(error, held.offer.model_id)
                return None
            except Stale:
                if self.context.is_short_of_time:
                    return held
            except ServiceError:  # its model is paused, say: it stays held, and asking for the content tells why
                return held

    def take_turns(self, search: Search, turns: Iterable[int], claimed: list[ClaimedOffer]) -> None:
        """Adds an account for each turn to what is claimed. Raises QuotaReached where the bot may hold none of them."""
        for turn in turns:
            try:
                taken = self.take_in_turn(search, turn)
            except QuotaReached:
                if not claimed:
                    raise
                return
            if taken is None:
                return
            claimed.append(taken)

    def take_in_turn(self, search: Search, turn: int) -> ClaimedOffer | None:
        """The account whose turn it is; where it cannot be taken, another one."""
        candidate, contest, self.first = self.first or search.next(turn), Contest(), None
        while candidate is not None and not self.context.is_short_of_time:
            before = self.without_content.total()
            taken = self.take(candidate, contest)
            if taken is not None:
                return taken
            if self.without_content.total() == before:
                candidate = search.instead_of(candidate, turn)
                continue
            if self.without_content[candidate.model_id] == _MOST_WITHOUT_CONTENT:
                search.leave(candidate.model_id)
            candidate = search.next(turn)
        return None

    def take(self, candidate: Proposal, contest: Contest) -> ClaimedOffer | None:
        """A lease on the account; None where it cannot be taken, or another was faster.

        Where another was faster with an item alone, the account is not read again.
        """
        loaded, self.loaded = self.loaded, None
        while True:
            try:
                loaded = loaded or self._load(candidate.account_id)
                return self._try(loaded, contest)
            except ContentUnavailable as error:
                self._set_aside(error, candidate.model_id)
                return None
            except NotFound:
                return None
            except Stale as stale:  # another took the account, or only an item that was chosen for it
                if not stale.failed <= {Content, Text, Session} or self.context.is_short_of_time:
                    return None
                loaded = None if loaded is None or Session in stale.failed else loaded.as_read()

    def _load(self, account_id: str) -> Loaded:
        """The account, with what the caller may hold where that is not known yet."""
        if self.allowance is not None:
            return warmups.load(self.context, account_id)
        loaded = warmups.load(self.context, account_id, purpose=warmups.TAKING)
        self.allowance = loaded.allowance
        return loaded

    def _try(self, loaded: Loaded, contest: Contest) -> ClaimedOffer | None:
        context, account, session = self.context, loaded.account, loaded.session
        if session is None or has_ended(session.live):
            return None
        loaded.settled, loaded.allowance = self.settled, self.allowance
        offer, lease = _offer(account, account.due_since or context.now), warmups.new_lease(context, loaded, session)
        step = life.claim(loaded.warmup, lease, loaded.pauses, context.now, self.wanted)
        if step is None:
            return None
        taken = step.after.lease is lease
        delivery = deliveries.take_next(context, loaded, contest) if taken and self.deliver else None
        if delivery is None:
            warmups.store(context, loaded, step, session=session)
        if offer is None or not taken:
            return None
        return ClaimedOffer(offer, lease if delivery is None else delivery.lease, held=False, delivery=delivery)

    def _set_aside(self, error: ContentUnavailable, model_id: str) -> None:
        self.without_content[model_id] += 1
        until = error.members.get("available_at")
        if isinstance(until, datetime):
            self.set_aside_until = min(until, self.set_aside_until or until)


@retry_on_conflict
def release(context: Context, account_id: str, *, lease_token: str) -> bool:
    """Gives the lease back without an outcome; the assigned content stays. Returns whether it had ended so already.

    Raises NotFound, LeaseSuperseded.
    """
    loaded = warmups.load(context, account_id, purpose=warmups.Purpose(told_with=lease_token))
    try:
        step = life.release(loaded.warmup, context.actor.id, lease_token, context.now)
    except LeaseSuperseded:
        warmups.refuse_superseded(context, loaded.account, lease_token)
    if step is not None:
        warmups.store(context, loaded, step)
    return step is None
