"""Lists of accounts as operators look for them, a page at a time.

Each look reads one page of the index that knows most of what is asked (the queue, what needs attention, a model, a
state), and drops from it what the rest of the filter does not admit. So a page may hold fewer than asked, even none,
and still name a cursor; and a look costs a page, however many accounts there are.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field
from datetime import datetime
from enum import StrEnum
from itertools import islice
from typing import Any

from chalicelib.audit import note_read
from chalicelib.context import Context
from chalicelib.domain.accounts import AccountState
from chalicelib.domain.errors import MalformedRequest, TemporarilyUnavailable
from chalicelib.domain.instants import render
from chalicelib.domain.phases import PhaseStatus, is_completed, needs_attention
from chalicelib.domain.plan_versions import PlanReference
from chalicelib.domain.queues import Queue, queues_of
from chalicelib.domain.records import record
from chalicelib.scans import HIDDEN, Hidden, ScannedPage, scan
from chalicelib.tables import Account, Content, Phase, Text, at_work, attention, media, pages
from chalicelib.tables.base import Key, batch_get
from chalicelib.tables.queues import Place, QueueRow, everything, in_order, leased, of_model
from chalicelib.visible import visible

MOST_EXAMINED = 100


@record
class AccountFilter:
    """What of all accounts is meant; None means all. `text` is looked for in user names and ids, in any case.

    `failed_before` leaves out what has failed again since; `ids` are looked at themselves, and no index.
    """

    state: AccountState | None = None
    model_id: str | None = None
    phase: str | None = None
    phase_status: PhaseStatus | None = None
    error_code: str | None = None
    error_kind: str | None = None
    without_code: bool | None = None
    failed_before: datetime | None = None
    queue: Queue | None = None
    text: str | None = None
    ids: tuple[str, ...] | None = None
    plan: PlanReference | None = None

    def admits(self, account: Account, phase: Phase | None, context: Context) -> bool:
        """Whether the account is meant; `phase` is its current one where an error is asked for."""
        words = f"{account.username}\n{account.account_id}".casefold()
        return (
            self.state in (None, account.state)
            and self.model_id in (None, account.model_id)
            and self.phase in (None, account.current_phase)
            and self.phase_status in (None, account.status_at(context.now))
            and (not self.by_error or (phase is not None and self._failed_so(phase)))
            and (self.queue is None or self.queue in queues_of(account, context.now))
            and (self.text is None or self.text.casefold() in words)
            and (self.plan is None or self.plan.means(*account.plan_key))
        )

    def _failed_so(self, phase: Phase) -> bool:
        return (
            self.error_code in (None, phase.error_code)
            and self.error_kind in (None, phase.error_kind)
            and (not self.without_code or phase.error_code is None)
            and (self.failed_before is None or phase.updated_at <= self.failed_before)
        )

    @property
    def by_error(self) -> bool:
        """Whether only phases, which are in no account, show it."""
        return any((self.error_code, self.error_kind, self.without_code, self.failed_before))

    @property
    def by_attention(self) -> bool:
        """Whether the index of what failed or needs review knows most of it."""
        return self.queue is None and (needs_attention(self.phase_status) or self.by_error)

    @property
    def exact(self) -> bool:
        """Whether the index alone answers: nothing of what it lists is dropped."""
        asked = [name for name, value in vars(self).items() if value is not None]
        return asked in ([], ["state"], ["model_id"], ["phase_status"] if self.by_attention else [])


@record
class Shown:
    """An account of the list with its phases, and what its current phase was assigned. `url` is a secret."""

    account: Account
    phases: list[Phase] = field(default_factory=list)
    content: Content | None = None
    url: str | None = None
    text: Text | None = None


Found = Sequence[tuple[Account, object]]
"""Accounts, each with where to go on behind it."""


class Sort(StrEnum):
    """In which order accounts are listed; `working_since`: those at work, the longest first."""

    WORKING_SINCE = "working_since"


def find_sorted(
    context: Context, wanted: AccountFilter, sort: Sort, *, limit: int, cursor: str | None = None
) -> ScannedPage[Account]:
    """Return a page of the accounts at work that are meant, the longest first.

    Raises MalformedRequest, also where another queue is asked for; TemporarilyUnavailable where so many are at work
    that the call has no time to order them.
    """
    if wanted.queue not in (None, Queue.WORKING):
        raise MalformedRequest(f"`sort={sort}` lists what stands in the queue `working`, not in `{wanted.queue}`.")
    cursors = context.cursors(f"accounts:{wanted}:{sort}")
    start = cursors.decode(cursor) or ["", ""]
    everybody = at_work.longest_first(context)
    if everybody is None:
        raise TemporarilyUnavailable("More accounts are at work than one request can order.")
    left = [(one, place) for one in everybody if (place := _place_at_work(one)) > start]
    return scan(_meant(context, wanted, left), cursors, start=start, limit=limit)


def _place_at_work(account: Account) -> list[str]:
    since = account.working_since
    return ["" if since is None else render(since), account.account_id]


def find(context: Context, wanted: AccountFilter, *, limit: int, cursor: str | None = None) -> ScannedPage[Account]:
    """Return a page of the accounts that are meant. Raises MalformedRequest."""
    cursors = context.cursors(f"accounts:{wanted}")
    start = cursors.decode(cursor)
    rows, more = _rows(
        context, wanted, start, limit if wanted.exact and context.actor.models is None else MOST_EXAMINED
    )
    at_work.extend(account for account, _ in rows)
    most = limit if wanted.ids is None else MOST_EXAMINED
    return scan(_meant(context, wanted, rows), cursors, start=start, limit=most, more=more)


def _meant(context: Context, wanted: AccountFilter, rows: Found) -> Iterator[tuple[object, Account | Hidden | None]]:
    """The rows, each by the place behind it, and its account where the filter admits it and the caller sees it."""
    phases = attention.in_question([account for account, _ in rows]) if wanted.by_error else {}
    for account, place in rows:
        if visible(context, account) is None:
            yield place, HIDDEN
        else:
            yield place, account if wanted.admits(account, phases.get(account.account_id), context) else None


def _rows(context: Context, wanted: AccountFilter, start: Any, size: int) -> tuple[Found, bool]:
    """Up to `size` accounts from behind `start`, of the index that knows most of what is meant; whether more follow."""
    if wanted.ids is not None:
        return [(one, None) for one in _read(wanted.ids) if one is not None], False
    if wanted.queue is not None:
        return _by_queue(context, wanted, start or {}, size)
    if wanted.by_attention:
        rows = attention.in_order(wanted.phase_status, start or {}, size + 1)
        return _accounts_of(((row.status, row.place, row.account_id) for row in rows), start or {}, size)
    if wanted.model_id is not None:
        key = {"model_id": {"S": wanted.model_id}}
        found, last = pages.by_index(Account, Account.model_index, wanted.model_id, limit=size, after=start)
    elif wanted.state is not None:
        key = {"state": {"S": wanted.state}}
        found, last = pages.by_index(Account, Account.state_index, wanted.state, limit=size, after=start)
    else:
        key = {}
        found, last = pages.everything(Account, limit=size, after=start)
    return [(one, {**key, "account_id": {"S": one.account_id}}) for one in found], last is not None


def _by_queue(context: Context, wanted: AccountFilter, places: Mapping[str, Place], size: int) -> tuple[Found, bool]:
    """Accounts with something to do, earliest due first; of those that are due no further than that."""
    shards = context.settings.queue_shards
    sources = everything(shards) if wanted.model_id is None else [*of_model(wanted.model_id, shards), *leased(shards)]
    rows: Iterator[QueueRow] = in_order(sources, places, size + 1)
    if wanted.queue is Queue.DUE:
        rows = (row for row in islice(rows, size + 1) if row.due_at <= context.now)
    return _accounts_of(((row.source.name, row.place, row.account.account_id) for row in rows), places, size)


def _accounts_of(
    rows: Iterator[tuple[str, Sequence[str], str]], places: Mapping[str, Sequence[str]], size: int
) -> tuple[Found, bool]:
    """Up to `size` accounts of rows (source, place in it, id), each with the places behind it; whether more follow."""
    page = list(islice(rows, size + 1))
    found: list[tuple[Account, object]] = []
    for (source, place, _), account in zip(page[:size], _read([one for _, _, one in page[:size]]), strict=True):
        places = {**places, source: place}
        if account is not None:
            found.append((account, places))
    return found, len(page) > size


def _read(account_ids: Sequence[str]) -> Sequence[Account | None]:
    return batch_get([(Account, account_id) for account_id in account_ids]) if account_ids else []


def phase_in_question(account: Account) -> str:
    """Return the phase that an operator decides on: the current one, or the last where its completion is meant."""
    return account.current_phase or (account.plan.last if account.needs_review else account.plan.first)


def show(context: Context, accounts: Sequence[Account]) -> list[Shown]:
    """The accounts with their phases, and what the current one was assigned."""
    keys: list[Key] = [(Phase, account.account_id, name) for account in accounts for name in account.phase_rows]
    rows: dict[str, dict[str, Phase]] = {}
    for row in batch_get(keys) if keys else ():
        if row is not None:
            rows.setdefault(row.account_id, {})[row.name] = row
    phases = [account.phases(rows.get(account.account_id, {})) for account in accounts]
    items = _assigned([phase for found in phases for phase in found])
    return [_shown(context, account, found, items) for account, found in zip(accounts, phases, strict=True)]


def _assigned(phases: Sequence[Phase]) -> dict[str, Content | Text]:
    current = [phase for phase in phases if not is_completed(phase.status)]
    keys: list[Key] = [(Content, phase.assigned_content_id) for phase in current if phase.assigned_content_id]
    keys += [(Text, phase.assigned_text_id) for phase in current if phase.assigned_text_id]
    found = batch_get(keys) if keys else []
    return {item.item_id: item for item in found if item is not None}


def _shown(context: Context, account: Account, phases: list[Phase], items: Mapping[str, Content | Text]) -> Shown:
    current = next((phase for phase in phases if phase.phase == account.current_phase), None)
    content = items.get(current.assigned_content_id or "") if current else None
    text = items.get(current.assigned_text_id or "") if current else None
    url = None
    if isinstance(content, Content):
        note_read(context, "content:url")
        seconds = context.settings.url_seconds
        url = media.download_url(context.settings.media_bucket, content.media_key, seconds, content.media_type)
    return Shown(
        account,
        phases,
        content if isinstance(content, Content) else None,
        url,
        text if isinstance(text, Text) else None,
    )
