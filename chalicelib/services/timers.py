"""What is done by the clock alone. No promise rests on it: takers see by themselves what is due."""

from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import islice

from chalicelib import warmups
from chalicelib.context import Context
from chalicelib.domain import timing
from chalicelib.domain.errors import NotFound, TemporarilyUnavailable
from chalicelib.domain.warmup.due import due
from chalicelib.tables import Setting
from chalicelib.tables.base import batch_get
from chalicelib.tables.queues import in_order, timers
from chalicelib.tables.rests import rest_until, rests
from chalicelib.tables.settings import keep, timer_key
from chalicelib.tables.transaction import Stale, Transaction
from chalicelib.warmups import Loaded

_PAGE = 100
_MOST_NOTED = 20
_AT_A_TIME = 25
"""How many accounts are read at a time: few enough that others seldom change one before its turn comes."""


def open_due_phases(context: Context) -> dict[str, int]:
    """Makes the transitions that are due, for every account that waits for one: opens, reopens, expires.

    Phases that opened just now are left to who takes them (`open_after_seconds`). Works the shards side by side, stops
    before its time is up and goes on next time. Returns how many of which.
    """
    shards = range(context.settings.queue_shards)
    with ThreadPoolExecutor(max_workers=min(len(shards), 8)) as pool:
        counts = list(pool.map(lambda shard: _work(context, shard), shards))
    done: Counter[str] = sum(counts, Counter())
    return dict(done)


def _work(context: Context, shard: int) -> Counter[str]:
    done: Counter[str] = Counter()
    due_now = _due_now(context, shard)
    while account_ids := list(islice(due_now, _AT_A_TIME)):
        found = _read(context, account_ids)
        for account_id in account_ids:
            if context.is_short_of_time:
                done["left_for_next_time"] += 1
                return done
            done[_apply_due(context, account_id, found.get(account_id))] += 1
    return done


def _due_now(context: Context, shard: int) -> Iterator[str]:
    """The accounts of the shard that are due, but for those that are left to takers."""
    patience = timedelta(seconds=context.settings.open_after_seconds)
    for row in in_order(timers(shard), {}, _PAGE):
        if row.due_at > context.now:
            return
        if not timing.is_left_to_takers(row.account.phase_status, row.due_at, context.now, patience):
            yield row.account.account_id


def _read(context: Context, account_ids: Sequence[str]) -> dict[str, Loaded]:
    try:
        return warmups.load_several(context, account_ids)
    except Exception:  # one that cannot be read must not keep the timer from the others: each is read by itself
        return {}


def _apply_due(context: Context, account_id: str, found: Loaded | None) -> str:
    try:
        loaded = found or warmups.load(context, account_id)
        step = due(loaded.warmup, context.now)
        if step is None:
            return "extended" if warmups.store_extension(context, loaded) else "nothing_due"
        warmups.store(context, loaded, step)
        return str(step.action)
    except Stale:
        return "done_by_others"
    except NotFound:
        return "gone"
    except Exception as error:  # one account must not keep the timer from all that are due behind it
        failures = context.noted.setdefault("failures", [])
        if isinstance(failures, list) and len(failures) < _MOST_NOTED:
            failures.append(f"{account_id}: {error!r}"[:200])
        return "failed"


def record_run(context: Context, name: str, did: dict[str, int]) -> None:
    """Keeps when a timer last ran and what it did, for the operators.

    A run that did nothing is recorded only where the last record is 15 minutes old, so that an idle service writes
    next to nothing and a silent timer still shows. A warm function knows when that will be. A run that cannot be
    recorded has still run.
    """
    try:
        if not any(did.values()) and _recorded_lately(context, name):
            return
        transaction = Transaction(context)
        transaction.update(Setting(name=timer_key(name)), None, keep((context.now, did)))
        transaction.commit()
        rest_until(timer_key(name), context.now + timing.IDLE_RECORD)
    except (Stale, TemporarilyUnavailable):
        context.note(not_recorded=name)


def _recorded_lately(context: Context, name: str) -> bool:
    if rests(timer_key(name), context.now):
        return True
    (found,) = batch_get([(Setting, timer_key(name))])
    if found is None or found.ran_at is None:
        return False
    return context.now < rest_until(timer_key(name), found.ran_at + timing.IDLE_RECORD)
