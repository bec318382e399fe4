"""One search for work: the accounts that are due, model by model, and whose turn it is."""

import heapq
from collections.abc import Collection, Iterable, Mapping, Set
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from itertools import chain, islice

from chalicelib.context import Context
from chalicelib.dispatch import directory, slots
from chalicelib.dispatch.lines import Line, Proposal
from chalicelib.dispatch.numbers import Numbers, digest
from chalicelib.domain.dispatch import Directory, QueuePlace, WorkWanted, queue_place, whose_turn
from chalicelib.domain.errors import TemporarilyUnavailable
from chalicelib.domain.instants import parse, render
from chalicelib.tables import Setting, at_work
from chalicelib.tables.accounts import work_key
from chalicelib.tables.base import cached, remember, remembers
from chalicelib.tables.queues import Place, QueueRow, Source, all_work, in_order, leased, waiting
from chalicelib.tables.settings import WEIGHT, pauses_before, pauses_lately, take_numbers

_PAGE = 25
_MOST_LEASED = 100
_OF_WORK = ":"
"""What the name of a stretch of the work index has, and no model's id."""
_NO_LEASE_RUNS_OUT = "no lease runs out"
_MUCH_WAITS = "much waits"
_ALL_HAVE_KEYS = "all have work keys"
_LONGEST_WITHOUT = timedelta(minutes=1)
_MINUTE = _LONGEST_WITHOUT.total_seconds()


def place_name(row: QueueRow) -> str:
    """What a list calls the place of an account: its stretch of the work index, or its model in the common queue.

    The index has an order of its own for accounts that fell due at the same instant.
    """
    return row.source.name if row.source.work else row.account.model_id


class Search:
    """What a caller can be given now.

    `places` are where a list was left, by their names; it holds `most_models` at a time, those `behind` the last of
    them another time (`last_model`; None: there are none). `left_out` are accounts that are not meant. `next_due_at` is
    when to ask again: nothing that is wanted falls due before. `more`: there may be more than was read.

    `at_once`: it goes by what this function once knew to be paused, without reading it, until an account was refused or
    nothing was found. Who takes an account reads what is paused with it.
    """

    def __init__(
        self,
        context: Context,
        wanted: WorkWanted,
        *,
        left_out: Collection[str] = (),
        places: Mapping[str, Place] | None = None,
        behind: str = "",
        most_models: int | None = None,
        page: int = _PAGE,
        at_once: bool = False,
    ) -> None:
        self._context, self._wanted, self._page = context, wanted, page
        self._numbers = Numbers(context, wanted)
        self._left_out, self._places = {*left_out, *wanted.holding}, places or {}
        self._behind, self._most_models = behind, most_models
        self.last_model: str | None = None
        self._bounds: dict[str, int] = {}
        self._slots: dict[str, Set[str]] = {}
        self._lines: dict[str, Line] = {}
        self._left = set[str]()
        self._as_of = context.now
        self.next_due_at: datetime | None = None
        self.more = False
        before = pauses_before() if at_once else None
        self._is_sure = before is None
        self._begin(before or pauses_lately(context.settings.gate_cache_seconds))

    def _begin(self, pauses: Setting) -> None:
        self._pauses, self._looked = pauses, pauses.pipeline_paused
        if pauses.pipeline_paused:
            return
        bounds = pauses.bounds
        self._bounds = {model: bound for model, bound in bounds.items() if self._is_meant_model(model)}
        self._slots |= slots.of_models(self._bounds)
        for model in filter(self._is_busy, self._bounds):
            self._slots[model] = slots.check(self._context, model, self._slots[model])
        found = directory.known(self._context)
        if found is not None:
            self._open(found)
        if not self._lines:
            self._look()

    def _make_sure(self) -> bool:
        """Begin again where something else was paused when this function last looked; return whether it did."""
        if self._is_sure:
            return False
        self._is_sure, pauses = True, pauses_lately(self._context.settings.gate_cache_seconds)
        if pauses.is_like(self._pauses):
            return False
        self.next_due_at, self.more = None, bool(self._left)
        self._lines.clear()
        self._begin(pauses)
        return True

    def leave_out(self, accounts: Iterable[str]) -> None:
        """Leave these accounts out, too."""
        self._left_out.update(accounts)

    # whose turn it is

    def turns(self, count: int) -> range:
        """The numbers of the next turns among the models that this caller may be given."""
        if len(self._lines) < 2:
            return range(count)
        asked = (
            *(self._wanted.models, self._context.actor.models),
            *(self._wanted.actions, self._wanted.phases, self._wanted.categories),
        )
        first = self._number(f"models:{digest(asked)}", count)
        return range(first, first + count)

    def first(self, number: int) -> QueueRow | None:
        """Take the oldest account of the model whose turn this is; None where nothing is left."""
        while True:
            while self._lines:
                model = whose_turn(number, self._weights)
                row = self._lines[model].take()
                if row is not None:
                    return self._given(row)
                del self._lines[model]
            if not self._looked:
                self._look()
            elif not self._make_sure():
                return None

    def next(self, number: int) -> Proposal | None:
        """Take an account of the model whose turn this is; None where nothing is left.

        The oldest, or where callers have met within the last seconds the one that the caller's own number stands for.
        """
        model = whose_turn(number, self._weights) if self._lines else None
        if model is not None and self._numbers.have_met(model):
            with suppress(TemporarilyUnavailable):  # a row that is asked too much: the oldest will do
                account_id = self._numbers.next(model, self._lines[model], self._left_out)
                if account_id is not None:
                    self._left_out.add(account_id)
                    return Proposal(account_id, model)
                self.leave(model)  # all that waits there is promised to others
                return self.next(number)
        row = self.first(number)
        return None if row is None else Proposal(row.account.account_id, row.account.model_id)

    def instead_of(self, lost: Proposal, number: int) -> Proposal | None:
        """Take another account in place of one that somebody else was given: of the same model, where it has any."""
        model = lost.model_id
        if self._make_sure():
            return self.next(number)
        if model in self._bounds:
            self._slots |= slots.of_models({model: self._bounds[model]})
            if self._is_busy(model):
                self._lines.pop(model, None)
        line = self._lines.get(model)
        if line is not None and line.has(2):
            self._numbers.meet(model)
        return self.next(number)

    def place_of(self, account_id: str, model: str) -> QueuePlace | None:
        """Return where an account of the model stands; None where it is not seen among what is due."""
        line = self._lines.get(model)
        return None if line is None else queue_place(account_id, line.ids(), model, self._weights, self._as_of)

    @property
    def _weights(self) -> dict[str, int]:
        weights = self._pauses.weights
        return {one: weights.get(one, WEIGHT) for one in self._lines}

    def leave(self, model: str) -> None:
        """Leave a model to later claims."""
        self._lines.pop(model, None)
        self._left.add(model)
        self.more = True

    def _given(self, row: QueueRow) -> QueueRow:
        self._left_out.add(row.account.account_id)
        return row

    def _number(self, name: str, count: int) -> int:
        try:
            return take_numbers(name, count)
        except TemporarilyUnavailable:  # a row that is asked too much: any number is as good, only less even
            return int.from_bytes(self._context.entropy(4), "big")

    # what is due

    def _look(self) -> None:
        """Read what waits as far as a page, and the directory where that is not all that is due."""
        self._looked = True
        now, heads = self._context.now, self._waiting()
        rows = list(chain(*heads))
        if not self._no_lease_runs_out or not any(map(self._is_due, rows)):
            held = [self._head(source) for source in leased(self._context.settings.queue_shards)]
            self._remember_leases(min((head[0].due_at for head in held if head), default=None))
            heads, rows = [*heads, *held], [*rows, *at_work.run_out(chain(*held), now)]
        rows.sort(key=lambda row: row.place)
        later = [row for row in rows if row.due_at > now]
        full = any(len(head) == self._page for head in heads)
        meant = [row for row in later if self._is_meant(row)] or (later if full else [])
        self.next_due_at = meant[0].due_at if meant else None
        whole = not any(len(head) == self._page and head[-1].due_at <= now for head in heads)
        goes_on = any(_OF_WORK in name for name in self._places)  # a list that began by the directory goes on by it
        done = (whole and not goes_on) or self._context.is_short_of_time
        found = None if done else directory.read(self._context)
        if found is not None:
            self._open(found)
        if not self._lines:
            self._open_rows(rows)
        self.more = self.more or (not whole and (found is None or not found.is_whole))

    def _waiting(self) -> list[list[QueueRow]]:
        """Read what nobody holds: all of it with one query a shard where that is little, else what is due first.

        An account that code of an earlier release left without a work key is in the common queue alone. So that is read
        where nothing else is due, unless all that it showed within the last ten minutes had their keys.
        """
        shards = self._context.settings.queue_shards
        if not remembers(_MUCH_WAITS):
            heads = [self._head(source) for source in all_work(shards)]
            if any(len(head) == self._page for head in heads):
                remember(_MUCH_WAITS, _MINUTE, True)
            elif remembers(_ALL_HAVE_KEYS) or any(map(self._is_due, chain(*heads))):
                return heads
        heads = [self._head(source) for source in waiting(shards)]
        remember(_ALL_HAVE_KEYS, 10 * _MINUTE, all(row.account.work for row in chain(*heads)))
        return heads

    def _head(self, source: Source) -> list[QueueRow]:
        return [QueueRow(one, source) for one in islice(source.rows(None, self._page), self._page)]

    @property
    def _no_lease_runs_out(self) -> bool:
        until: datetime = cached(_NO_LEASE_RUNS_OUT, 0, lambda: datetime.min.replace(tzinfo=UTC))
        return self._context.now < until

    def _remember_leases(self, first: datetime | None) -> None:
        """Keep in mind until when no lease can run out: those that are taken from now on last longer than that."""
        until = self._context.now + min(_LONGEST_WITHOUT, timedelta(seconds=self._context.settings.lease_seconds / 2))
        remember(_NO_LEASE_RUNS_OUT, _MINUTE, until if first is None else min(first, until))

    def _open_rows(self, rows: Iterable[QueueRow]) -> None:
        of_models: dict[str, list[QueueRow]] = {}
        for row in rows:
            if self._is_due(row):
                of_models.setdefault(row.account.model_id, []).append(row)
        for model in self._window(of_models):
            self._lines[model] = Line(iter(of_models[model]))

    def _open(self, found: Directory) -> None:
        """Open the lines of the models that the directory names; none is read before its turn comes."""
        self._as_of = found.at
        now, due = self._context.now, found.due(self._wanted, self._context.now)
        held: dict[str, list[QueueRow]] = {}
        if found.leased_since is not None and found.leased_since <= render(now):
            shards = self._context.settings.queue_shards
            all_held = islice(in_order(leased(shards), {}, self._page, now), _MOST_LEASED)
            for row in at_work.run_out(all_held, now):
                held.setdefault(row.account.model_id, []).append(row)
        due = {model: queues for model, queues in due.items() if not self._is_busy(model)}
        offered = [one for one in {*due, *held} if self._is_offered_model(one)]
        for model in self._window(offered):
            sources = [Source(work_key(one.shard), one.work, one.since) for one in due.get(model, ())]
            rows = in_order(sources, self._places, self._page, now)
            both = heapq.merge(rows, held.get(model, ()), key=lambda row: row.place) if model in held else rows
            self._lines[model] = Line(row for row in both if self._is_offered(row))
        later = [one.since for one in found.queues if one.since > render(now) and self._wanted.admits(one.planned)]
        if not self._lines and later:
            self.next_due_at = parse(min(later))

    def _window(self, models: Collection[str]) -> list[str]:
        found = sorted(one for one in models if one > self._behind)
        window = found[: self._most_models]
        self.last_model = window[-1] if len(window) < len(found) else None
        return window

    # what is meant

    def _is_offered_model(self, model: str) -> bool:
        return self._is_meant_model(model) and model not in self._pauses.paused_models and model not in self._left

    def _is_busy(self, model: str) -> bool:
        """Whether all slots of a bounded model are taken: only an account that has one can be taken over."""
        return model in self._bounds and len(self._slots[model]) >= self._bounds[model]

    def _is_meant_model(self, model: str) -> bool:
        return self._context.actor.sees(model) and (self._wanted.models is None or model in self._wanted.models)

    def _is_meant(self, row: QueueRow) -> bool:
        account = row.account
        return self._is_meant_model(account.model_id) and self._wanted.admits(account.step)

    def _is_due(self, row: QueueRow) -> bool:
        return row.due_at <= self._context.now and self._is_offered(row)

    def _is_offered(self, row: QueueRow) -> bool:
        account = row.account
        place = self._places.get(account.model_id)
        return (
            self._is_meant(row)
            and self._is_offered_model(account.model_id)
            and account.account_id not in self._left_out
            and (not self._is_busy(account.model_id) or account.account_id in self._slots[account.model_id])
            and (place is None or row.place > place)
        )
