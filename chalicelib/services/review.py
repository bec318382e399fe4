"""The queue of phases that failed or need review, and the decisions of operators."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice

from chalicelib import warmups
from chalicelib.batches import Unchanged, attempt, each
from chalicelib.context import Context
from chalicelib.domain.accounts import is_in_care
from chalicelib.domain.instants import render
from chalicelib.domain.phases import PhaseStatus
from chalicelib.domain.records import record
from chalicelib.scans import HIDDEN, Hidden, ScannedPage, scan
from chalicelib.tables import Account, Phase
from chalicelib.tables import attention as queue
from chalicelib.tables.base import batch_get
from chalicelib.visible import visible

MOST_RETRIED = 500
MOST_EXAMINED = 100


@record
class CaseFilter:
    """What of the queue is meant; None means all. `failed_before` leaves out what failed again since."""

    model_id: str | None = None
    phase: str | None = None
    status: PhaseStatus | None = None
    code: str | None = None
    kind: str | None = None
    without_code: bool = False
    older_than_seconds: int | None = None
    failed_before: datetime | None = None

    def admits(self, account: Account, phase: Phase, now: datetime) -> bool:
        """Whether the phase is meant."""
        age = timedelta(seconds=self.older_than_seconds or 0)
        return (
            self.model_id in (None, account.model_id)
            and self.phase in (None, phase.phase)
            and self.status in (None, account.attention)
            and self.code in (None, phase.error_code)
            and self.kind in (None, phase.error_kind)
            and (not self.without_code or phase.error_code is None)
            and phase.updated_at <= now - age
            and (self.failed_before is None or phase.updated_at <= self.failed_before)
        )


@record
class OpenCase:
    """A phase that failed or needs review, with its account."""

    account: Account
    phase: Phase


@dataclass
class Sample:
    """One of a group's messages, and some of its accounts."""

    message: str | None
    account_ids: list[str] = field(default_factory=list)


@dataclass
class CaseGroup:
    """Cases of one kind, error code and phase."""

    code: str | None
    phase: str
    kind: str | None
    count: int
    first_seen: datetime
    last_seen: datetime
    sample: Sample


@record
class RetryResult:
    """What became of one case of a bulk retry."""

    account_id: str
    phase: str
    outcome: str
    detail: str | None = None


# the queue


def scan_queue(
    context: Context, *, wanted: CaseFilter, newest_first: bool, limit: int, cursor: str | None
) -> ScannedPage[OpenCase]:
    """Return a page of the queue, oldest or newest first: up to `limit` cases of at most 100 rows.

    Raises MalformedRequest.
    """
    cursors = context.cursors(f"review:{wanted}:{newest_first}")
    start = cursors.decode(cursor) or {}
    rows = _cases(context, wanted, start, newest_first)
    return scan(rows, cursors, start=start, limit=limit, most=MOST_EXAMINED)


def _cases(
    context: Context, wanted: CaseFilter, start: Mapping[str, Sequence[str]], newest_first: bool
) -> Iterator[tuple[Mapping[str, Sequence[str]], OpenCase | Hidden | None]]:
    """The rows of the queue, each by the places behind it, and its case where the filter admits it; 100 are read at
    once."""
    places = dict(start)
    for page in _in_pages(queue.in_order(wanted.status, start, MOST_EXAMINED, newest_first=newest_first)):
        accounts: Sequence[Account | None] = batch_get([(Account, row.account_id) for row in page])
        phases = queue.in_question([account for account in accounts if account is not None])
        for row, account in zip(page, accounts, strict=True):
            places = {**places, row.status: row.place}
            seen = account is None or visible(context, account) is not None
            yield places, _case(context, wanted, account, phases.get(row.account_id)) if seen else HIDDEN


def _in_pages(rows: Iterator[queue.AttentionRow]) -> Iterator[list[queue.AttentionRow]]:
    while page := list(islice(rows, MOST_EXAMINED)):
        yield page


def _case(context: Context, wanted: CaseFilter, account: Account | None, phase: Phase | None) -> OpenCase | None:
    if account is None or phase is None or account.attention is None or not is_in_care(account.state):
        return None
    return OpenCase(account, phase) if wanted.admits(account, phase, context.now) else None


def group_all(
    context: Context, *, wanted: CaseFilter, cursor: str | None = None
) -> tuple[list[CaseGroup], ScannedPage[OpenCase]]:
    """A page of the queue by kind, error code and phase, the largest group first. Raises MalformedRequest."""
    found = scan_queue(context, wanted=wanted, newest_first=False, limit=MOST_EXAMINED, cursor=cursor)
    groups: dict[tuple[str | None, str | None, str], CaseGroup] = {}
    for case in found.items:
        _count(groups, case)
    return sorted(groups.values(), key=lambda group: (-group.count, group.phase, group.code or "")), found


def _count(groups: dict[tuple[str | None, str | None, str], CaseGroup], case: OpenCase) -> None:
    phase, at = case.phase, case.phase.updated_at
    new = CaseGroup(phase.error_code, phase.name, phase.error_kind, 0, at, at, Sample(phase.error_message))
    group = groups.setdefault((phase.error_kind, phase.error_code, phase.phase), new)
    group.count += 1
    group.first_seen, group.last_seen = min(group.first_seen, at), max(group.last_seen, at)
    if len(group.sample.account_ids) < 5:
        group.sample.account_ids.append(phase.account_id)


# in bulk

Act = Callable[[str, str], bool]
"""Retries a phase of an account; returns whether that had been done before."""


def retry_all(context: Context, *, wanted: CaseFilter, retry: Act, dry_run: bool) -> tuple[list[RetryResult], bool]:
    """Retries up to 500 cases of the queue, oldest first, as far as the time of the call suffices; a result for each,
    and whether more are left or the end of the queue was not reached.

    Safe to send again: what was retried is no longer in the queue; `failed_before` keeps out what has failed since.
    """
    rows = _cases(context, wanted, {}, False)
    done: list[RetryResult] = []
    while not context.is_short_of_time:
        page = list(islice(rows, MOST_EXAMINED))
        if not page:
            return done, False
        cases = [case for _, case in page if isinstance(case, OpenCase)]
        room = MOST_RETRIED - len(done)
        if dry_run:
            done += [RetryResult(case.phase.account_id, case.phase.name, "would_retry") for case in cases[:room]]
        else:
            done += each(context, lambda case: _retry_one(context, case, retry), cases[:room])
        if len(cases) > room:
            return done, True
    return done, True


def _retry_one(context: Context, case: OpenCase, retry: Act) -> RetryResult:
    account_id, phase, failed_at = case.phase.account_id, case.phase.name, case.phase.updated_at

    def again() -> bool:
        loaded = warmups.load(context, account_id, phase)
        found = loaded.phases.get(phase)
        if found is None or loaded.account.attention is None or found.updated_at != failed_at:
            raise Unchanged(f"it is no longer as it was at {render(failed_at)}")
        return retry(account_id, phase)

    outcome, detail = attempt(context, again)
    return RetryResult(account_id, phase, "retried" if outcome == "done" else outcome, detail)
