"""What is done by the clock alone. No promise rests on it: takers see by themselves what is due."""

from collections import Counter
from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor

from chalicelib.changes import AccountChange, read
from chalicelib.context import Context
from chalicelib.domain.errors import NotFound, TemporarilyUnavailable
from chalicelib.tables import Setting
from chalicelib.tables.queues import in_order, timers
from chalicelib.tables.transaction import Stale, Transaction

_PAGE = 100
_MOST_NOTED = 20


def open_due_phases(context: Context) -> dict[str, int]:
    """Makes the moves that time has brought about, for every account that waits for one: opens, reopens, expires.

    Works the shards side by side, stops before its time is up and goes on next time. Tells how many of which.
    """
    shards = range(context.settings.queue_shards)
    with ThreadPoolExecutor(max_workers=min(len(shards), 8)) as pool:
        counts = list(pool.map(lambda shard: _work(context, shard), shards))
    done: Counter[str] = sum(counts, Counter())
    return dict(done)


def _work(context: Context, shard: int) -> Counter[str]:
    done: Counter[str] = Counter()
    for row in in_order(timers(shard), {}, _PAGE):
        if row.due_at > context.now:
            break
        if context.is_short_of_time:
            done["left_for_next_time"] += 1
            break
        done[_settle(context, row.account.account_id)] += 1
    return done


def _settle(context: Context, account_id: str) -> str:
    try:
        change = AccountChange(context, read(context, account_id))
        action = change.settle()
        if action is None:
            return "nothing_due"
        change.commit(action)
        return str(action)
    except Stale:
        return "done_by_others"
    except NotFound:
        return "gone"
    except Exception as error:  # one account must not keep the timer from all that are due behind it
        failures = context.noted.setdefault("failures", [])
        if isinstance(failures, list) and len(failures) < _MOST_NOTED:
            failures.append(f"{account_id}: {error!r}"[:200])
        return "failed"


def record_run(context: Context, name: str, did: dict[str, int], models: Collection[str]) -> None:
    """Keeps when a timer last ran, what it did, and which models it points at, for the operators; a run that cannot say
    so has still run."""
    transaction = Transaction(context)
    actions = [Setting.ran_at.set(context.now), Setting.did.set(did)]
    actions.append(Setting.models.set(set(models)) if models else Setting.models.remove())
    transaction.update(Setting(name=f"timer:{name}"), None, actions)
    try:
        transaction.commit()
    except (Stale, TemporarilyUnavailable):
        context.note(not_recorded=name)
