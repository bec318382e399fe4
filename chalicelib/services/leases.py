"""Finding work and taking it: what can be worked on now, and leases on it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice

from chalicelib import deliveries, warmups
from chalicelib.changes import retry_on_conflict
from chalicelib.context import Context
from chalicelib.deliveries import Contest, DeliveredItems
from chalicelib.domain import accounts, leases, timing
from chalicelib.domain.accounts import Step
from chalicelib.domain.dispatch import ANYTHING, WorkWanted, step_of
from chalicelib.domain.errors import ContentUnavailable, LeaseSuperseded, NotFound, ServiceError
from chalicelib.domain.leases import Lease
from chalicelib.domain.phases import ORDER, PhaseName
from chalicelib.domain.warmup import leases as life
from chalicelib.sessions import own_session, working_session
from chalicelib.tables import Account, Content, Session, Text
from chalicelib.tables.base import together
from chalicelib.tables.queues import Place, QueueRow, Source, everything, in_order, of_models
from chalicelib.tables.settings import pauses_lately
from chalicelib.tables.transaction import Stale

_MOST_SCANNED = 400
_PROPOSED = 25
_ROUNDS = 4


@dataclass(frozen=True)
class Offer:
    """An account that can be worked on."""

    account_id: str
    model_id: str
    username: str
    action: Step
    phase: PhaseName | None
    due_at: datetime


@dataclass(frozen=True, slots=True)
class AskAgain:
    """When a caller that got nothing asks again; `next_due_at` None: nothing is scheduled."""

    next_due_at: datetime | None
    retry_after_seconds: int


@dataclass(frozen=True, slots=True)
class Ready:
    """A page of offers, or when to ask again."""

    offers: list[Offer]
    next_cursor: str | None
    ask_again: AskAgain | None


@dataclass(frozen=True, slots=True)
class ClaimedOffer:
    """An account whose lease the session holds; `held` where it held it before.

    `delivery` is what its next phase was given, None where that was not asked for, or nothing can be given.
    """

    offer: Offer
    lease: Lease
    held: bool
    delivery: DeliveredItems | None = None


@dataclass(frozen=True, slots=True)
class ClaimResult:
    """What a claim took, or when to ask again."""

    items: list[ClaimedOffer]
    ask_again: AskAgain | None = None


def ready(
    context: Context,
    *,
    limit: int,
    wanted: WorkWanted = ANYTHING,
    cursor: str | None = None,
) -> Ready:
    """The accounts that can be worked on now, oldest due first; takes nothing.

    Due is what the clock says at this moment, whether or not a timer has run.
    """
    purpose = f"ready:{context.actor.id}:{wanted}"
    places = _places(context, purpose, cursor)
    found = _Search(context, wanted, places, limit + 1)
    offers = list(found.offers(limit))
    more = context.cursors(purpose).encode(found.places) if found.more else None
    return Ready(offers, more, None if offers else found.ask_again())


def _places(context: Context, purpose: str, cursor: str | None) -> dict[str, Place]:
    if cursor is None:
        return {}
    state = context.cursors(purpose).decode(cursor)
    return {partition: (due_at, account_id) for partition, (due_at, account_id) in state.items()}


class _Search:
    """One walk along the queues: what is due now, what was left, what is due next."""

    def __init__(
        self,
        context: Context,
        wanted: WorkWanted,
        places: Mapping[str, Place],
        page: int,
    ) -> None:
        self._context = context
        self._wanted = wanted
        self._pauses = pauses_lately(context.settings.gate_cache_seconds)
        self._page = page
        self.places: dict[str, Place] = dict(places)
        self.next_due_at: datetime | None = None
        self.more = False
        seen = wanted.models if wanted.models is not None else context.actor.models
        models = None if seen is None else sorted(model for model in seen if context.actor.sees(model))
        self._sources: list[Source] = everything(context.settings.queue_shards) if models is None else of_models(models)

    def ask_again(self, set_aside_until: datetime | None = None) -> AskAgain:
        """When to ask again for what was not there: soon, where more is due than was read."""
        if set_aside_until is not None:
            self.next_due_at = min(set_aside_until, self.next_due_at or set_aside_until)
        spread = int.from_bytes(self._context.entropy(2), "big") / 65536
        now = self._context.now
        wait = timing.seconds_to_wait(now if self.more else self.next_due_at, now, spread)
        return AskAgain(self.next_due_at, wait)

    def ask_again_soon(self) -> AskAgain:
        """When to ask again for what was there, and not reached in the time of this call."""
        self.more = True
        return self.ask_again()

    def offers(self, limit: int) -> Iterator[Offer]:
        """Up to `limit` offers; asked again, those behind them."""
        self.more = False
        if self._pauses.pipeline_paused:
            return
        count = 0
        for scanned, row in enumerate(in_order(self._sources, self.places, self._page)):
            if row.due_at > self._context.now:
                self.next_due_at = row.due_at
                return
            if count == limit or scanned == _MOST_SCANNED or self._context.is_short_of_time:
                self.more = True
                return
            self.places[row.source.partition] = row.place
            offer = self._offer(row)
            if offer is not None:
                count += 1
                yield offer

    def _offer(self, row: QueueRow) -> Offer | None:
        account = row.account
        if account.model_id in self._pauses.paused_models or account.account_id in self._wanted.holding:
            return None
        if not self._wanted.admits(step_of(account.state, account.current_phase)):
            return None
        return _offer(account, row.due_at)


def _offer(account: Account, due_at: datetime) -> Offer | None:
    step = accounts.step(account.state, account.current_phase)
    if step is None:
        return None
    phase = ORDER[0] if step is Step.START_WARMUP else account.current_phase
    return Offer(account.account_id, account.model_id, account.username, step, phase, due_at)


def claim(context: Context, *, limit: int, wanted: WorkWanted = ANYTHING, deliver: bool = False) -> ClaimResult:
    """Leases on up to `limit` accounts that can be worked on now; what the session holds already comes first.

    What the caller is `holding` by its own account is left out, so that `limit` counts what is new. With `deliver` each
    account is started, and its next phase given its content, in the transaction that takes it; what has no eligible
    content is set aside, and left out.

    Losing a race for an account means one item less, not an error, and so is what the time of the call does not suffice
    for. Proposals are tried in random order, so that bots
    who claim at once do not all reach for the same.
    Raises NotFound, SessionEnded.
    """
    assert context.session_id is not None, "the route asks for the header"
    (session,) = together([(Session, context.session_id)])
    own, taker = own_session(context, session), _Taker(context, wanted, deliver)
    claimed = list(islice(taker.held(own), limit))
    if len(claimed) >= limit:
        return ClaimResult(claimed)
    working_session(context, session)
    tried = {item.offer.account_id for item in claimed}
    search = _Search(context, wanted, {}, _PROPOSED)
    for _ in range(_ROUNDS):
        proposed = [offer for offer in search.offers(_PROPOSED) if offer.account_id not in tried]
        for offer in sorted(proposed, key=lambda _: context.entropy(4)):
            if context.is_short_of_time:
                return ClaimResult(claimed, None if claimed else search.ask_again_soon())
            tried.add(offer.account_id)
            taken = taker.take(offer.account_id)
            if taken is not None:
                claimed.append(taken)
            if len(claimed) >= limit:
                return ClaimResult(claimed)
        if not search.more or context.is_short_of_time:
            break
    return ClaimResult(claimed, None if claimed else search.ask_again(taker.set_aside_until))


@dataclass(slots=True)
class _Taker:
    """Takes accounts for one claim; `set_aside_until` is when the first is due again for which nothing was eligible."""

    context: Context
    wanted: WorkWanted
    deliver: bool
    set_aside_until: datetime | None = None

    def held(self, session: Session) -> Iterator[ClaimedOffer]:
        """What the session holds already, but for what the caller knows of."""
        holdings, now = [one for one in session.held() if one.account_id not in self.wanted.holding], self.context.now
        accounts_held = together([(Account, one.account_id) for one in holdings]) if holdings else []
        for holding, account in zip(holdings, accounts_held, strict=True):
            if account is None or not leases.is_live(account.lease, now):
                continue
            offer = _offer(account, account.due_since or account.lease.taken_at)
            if account.lease.token != holding.lease_token or offer is None:  # a lost lease may stand there as well
                continue
            held = ClaimedOffer(offer, account.lease, held=True)
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
                self._set_aside(error)
                return None
            except Stale:
                if self.context.is_short_of_time:
                    return held
            except ServiceError:  # its model is paused, say: it stays held, and asking for the content tells why
                return held

    def take(self, account_id: str) -> ClaimedOffer | None:
        """A lease on the account; None where it cannot be taken, or another was faster."""
        contest = Contest()
        while True:
            try:
                return self._try(account_id, contest)
            except ContentUnavailable as error:
                self._set_aside(error)
                return None
            except NotFound:
                return None
            except Stale as stale:  # another took the account, or only an item that was chosen for it
                if not stale.failed <= {Content, Text} or self.context.is_short_of_time:
                    return None

    def _try(self, account_id: str, contest: Contest) -> ClaimedOffer | None:
        context, loaded = self.context, warmups.load(self.context, account_id)
        account, session = loaded.account, loaded.session
        if session is None:
            return None
        offer, lease = _offer(account, account.due_at or context.now), warmups.new_lease(context, loaded, session)
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

    def _set_aside(self, error: ContentUnavailable) -> None:
        until = error.members.get("available_at")
        if isinstance(until, datetime):
            self.set_aside_until = min(until, self.set_aside_until or until)


@retry_on_conflict
def release(context: Context, account_id: str, *, lease_token: str) -> bool:
    """Gives the lease back without an outcome; the assigned content stays. Returns whether it had ended so already.

    Raises NotFound, LeaseSuperseded.
    """
    loaded = warmups.load(context, account_id)
    try:
        step = life.release(loaded.warmup, context.actor.id, lease_token, context.now)
    except LeaseSuperseded:
        warmups.refuse_superseded(context, loaded.account, lease_token)
    if step is not None:
        warmups.store(context, loaded, step)
    return step is None
