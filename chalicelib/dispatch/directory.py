"""The directory: which steps of which models accounts wait for, as of some seconds ago; one row for all functions."""

from dataclasses import replace
from typing import Any

from chalicelib.context import Context
from chalicelib.domain.dispatch import Directory, ScanPlace, WorkQueue
from chalicelib.domain.instants import render
from chalicelib.tables import Setting
from chalicelib.tables.base import batch_get, cached, remember, remembers
from chalicelib.tables.queues import in_order, leased, next_work
from chalicelib.tables.settings import DIRECTORY, keep
from chalicelib.tables.transaction import Stale, Transaction

_MOST_SCANNED = 200
_IN_WORK = "directory in work"
_LONGEST_WORK = 2.0


def known(context: Context) -> Directory | None:
    """Return the directory that this warm function has, None where it has none that is fresh."""
    found = cached(DIRECTORY, context.settings.gate_cache_seconds, lambda: None)
    return found if _is_fresh(context, found) else None


def read(context: Context) -> Directory | None:
    """Return the directory; one that is missing or old is made again, by one caller at a time.

    To the others the old one is good enough; None where there is none yet.
    """
    (kept,) = batch_get([(Setting, DIRECTORY)])
    found = _of(kept)
    if not _is_fresh(context, found) and not remembers(_IN_WORK):
        remember(_IN_WORK, _LONGEST_WORK, True)
        found = _refreshed(context, kept, found or Directory(context.now)) or found
        remember(_IN_WORK, 0, False)
    return remember(DIRECTORY, context.settings.gate_cache_seconds, found)


def _is_fresh(context: Context, found: Directory | None) -> bool:
    return found is not None and found.is_fresh(context.now, context.settings.gate_cache_seconds)


def _refreshed(context: Context, kept: Setting | None, old: Directory) -> Directory | None:
    """Return the directory as it is now, and keep it; None where another caller makes it."""
    row, before = Setting(name=DIRECTORY), None if kept is None else kept.ran_at
    unchanged = Setting.ran_at.does_not_exist() if before is None else Setting.ran_at == before
    try:
        # who makes it says so first, so that the others do not
        _write(context, row, unchanged, [Setting.ran_at.set(context.now)])
        found = _scan(context, replace(old, at=context.now))
        _write(context, row, Setting.ran_at == context.now, keep((found.at, _document(found))))
    except Stale:
        return None
    return found


def _write(context: Context, row: Setting, condition: Any, actions: Any) -> None:
    transaction = Transaction(context)
    transaction.update(row, condition, actions)
    transaction.commit()


def _scan(context: Context, old: Directory) -> Directory:
    """Skip from step to step of the work index, as far as the time of the call suffices."""
    shards = context.settings.queue_shards
    first = next(in_order(leased(shards), {}, 1), None)
    old = replace(old, leased_since=None if first is None else render(first.due_at))
    found: list[WorkQueue] = []
    begin, behind = old.scanned_to or (0, "")
    for shard in range(begin, shards):
        while True:
            if len(found) == _MOST_SCANNED or context.is_short_of_time:
                return old.after_scan(found, (shard, behind))
            work = next_work(shard, behind)
            if work is None:
                break
            model, step, since = work.split("#")
            found.append(WorkQueue(shard, model, step, since))
            behind = found[-1].work
        behind = ""
    return old.after_scan(found, None)


def _document(directory: Directory) -> dict[str, Any]:
    return {
        "queues": [[one.shard, one.model, one.step, one.since] for one in directory.queues],
        "leased_since": directory.leased_since,
        "scanned_to": directory.scanned_to,
        "is_whole": directory.is_whole,
    }


def _of(kept: Setting | None) -> Directory | None:
    if kept is None or kept.ran_at is None or kept.did is None:
        return None
    place = kept.did["scanned_to"]
    scanned_to: ScanPlace | None = None if place is None else (place[0], place[1])
    queues = tuple(WorkQueue(*one) for one in kept.did["queues"])
    return Directory(kept.ran_at, queues, kept.did["leased_since"], scanned_to, kept.did["is_whole"])
