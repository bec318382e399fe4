"""The shapes of what the service answers, as types: views and OpenAPI are both held to them.

An instant is a `datetime` here and RFC 3339 text on the wire. A member that is not always there is `NotRequired`.
"""

from datetime import datetime
from typing import Any, ClassVar, Generic, Literal, NotRequired, Protocol, TypeVar

from typing_extensions import TypedDict

from chalicelib.domain.accounts import State, Step
from chalicelib.domain.actions import Action
from chalicelib.domain.blockers import Code
from chalicelib.domain.phases import PhaseName, Status
from chalicelib.domain.plans import Need
from chalicelib.domain.queues import Queue
from chalicelib.domain.retries import Outcome
from chalicelib.domain.rights import ItemStatus
from chalicelib.domain.selection import PoolKind, Refusal
from chalicelib.services.edits import Hold
from chalicelib.services.roster import Move
from chalicelib.tables.sessions import Directive, Standing

T = TypeVar("T")


class AnyShape(Protocol):
    """What every shape says of itself."""

    __required_keys__: ClassVar[frozenset[str]]


class Page(TypedDict, Generic[T]):
    """A part of a list; `next_cursor` asks for the next one, null ends it."""

    items: list[T]
    next_cursor: str | None


class Look(Page[T]):
    """A part of a list that is looked through, so that it may hold fewer than asked: `looked_at` rows for it."""

    looked_at: int


class Replayed(TypedDict):
    """What every change tells: whether the very same request was accepted before, so that nothing was changed now."""

    replayed: bool


# refusals


class Fault(TypedDict):
    """A member at fault, by its JSON pointer."""

    pointer: str
    detail: str


class Holder(TypedDict):
    """Who holds an account, until when; never the token."""

    session_id: str
    bot_id: str
    expires_at: datetime


class Happened(TypedDict):
    """What ended a lease, when."""

    at: datetime
    action: Action
    sentence: str


class _Facts(TypedDict, total=False):
    errors: list[Fault]
    retry_after_seconds: int
    available_at: datetime | None
    lease: Holder
    happened: Happened
    phases: list[PhaseName]
    reasons: dict[str, int]
    what: str
    state: str
    phase_status: Status
    possible_moves: list[str]
    reason: str
    live_keys: list[str]
    twin_id: str
    twin_status: str
    twin_category: str
    creator: str
    account_id: str
    version: int
    current: dict[str, Any]


class RowError(_Facts):
    """What is wrong with one row; its members are those of a problem document of this code."""

    code: str
    detail: str


class Problem(_Facts):
    """What the service answers when it refuses (RFC 9457); `retryable`: the same request, later, has a chance."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    request_id: str
    retryable: bool


# work


class Offer(TypedDict):
    """An account that can be worked on."""

    account_id: str
    model_id: str
    username: str
    action: Step
    phase: PhaseName | None
    due_at: datetime


class AskAgain(TypedDict, total=False):
    """When to ask again, with an empty list only: `next_due_at` is null where nothing is scheduled.

    `retry_after_seconds` is the same as the header `Retry-After`; it holds some jitter, so that idle callers spread.
    """

    next_due_at: datetime | None
    retry_after_seconds: int


class ReadyPage(AskAgain):
    """What can be worked on now."""

    items: list[Offer]
    next_cursor: str | None


class OwnLease(TypedDict):
    """A lease, to its holder only. No heartbeat extends it beyond `latest_at`; the delivery moves that on."""

    session_id: str
    lease_token: str
    expires_at: datetime
    latest_at: datetime | None
    lease_seconds: int


class Claimed(Offer):
    """An account that was taken; `held`: the session had it already."""

    lease: OwnLease
    held: bool


class Claim(AskAgain):
    """What a claim gave."""

    session_id: str | None
    items: list[Claimed]


class Released(Replayed):
    """A lease that was given back."""

    account_id: str
    released: bool


class PlanName(TypedDict):
    """The plan that an account keeps."""

    name: str
    version: int


class Progress(TypedDict):
    """How many of the phases are completed."""

    completed: int
    total: int


class Lease(TypedDict):
    """Who works on an account; never the token."""

    session_id: str
    bot_id: str
    expires_at: datetime
    live: bool


class Blocker(TypedDict):
    """One thing that stands in the way; `until` is when time alone clears it."""

    code: Code
    until: datetime | None
    detail: str


class Phase(TypedDict):
    """One phase of one account, with all its fields."""

    phase: PhaseName
    status: Status
    available_at: datetime | None
    started_at: datetime | None
    completed_at: datetime | None
    bot_id: str | None
    bot_session_id: str | None
    assigned_content_id: str | None
    assigned_text_id: str | None
    content_assigned_at: datetime | None
    error_code: str | None
    error_kind: str | None
    error_message: str | None
    error_details: Any
    retry_count: int
    crash_count: int
    release_count: int
    swap_count: int
    attempt: int
    skipped: bool
    execution_time_ms: int | None
    platform_response: Any
    updated_at: datetime


class _Status(TypedDict):
    account_id: str
    model_id: str
    username: str
    theme: str | None
    state: State
    plan: PlanName
    current_phase: PhaseName | None
    phases: list[Phase]
    progress: Progress
    blockers: list[Blocker]
    created_at: datetime
    updated_at: datetime
    version: int


class WarmupStatus(_Status):
    """The status document: where a warm-up stands, and why the account is not offered (no blockers: it is)."""

    lease: Lease | None


class ChangedWarmup(WarmupStatus, Replayed):
    """The status document after a move."""


class StartedWarmup(_Status, Replayed):
    """The status document after the start, with the lease to its holder."""

    lease: OwnLease | None


class ReadiedWarmup(ChangedWarmup):
    """The status document after the account was declared ready, with what people should know of its pools."""

    warnings: list[str]


class Media(TypedDict):
    """A file to publish, behind a presigned URL."""

    content_id: str
    media_type: str
    sha256: str
    width: int | None
    height: int | None
    bytes: int
    url: str | None
    url_expires_at: datetime | None


class Words(TypedDict):
    """A text to publish."""

    text_id: str
    body: str


class Delivery(TypedDict):
    """What a worker is given for a phase; `withdrawn`: not to be used any more, report it."""

    account_id: str
    phase: PhaseName
    assignment_id: str
    content: Media | None
    text: Words | None
    withdrawn: bool
    withdrawn_ids: list[str]
    score: float | None
    reason: str
    lease: OwnLease


class Next(TypedDict):
    """What comes next, and when it can be taken."""

    action: Step | None
    phase: PhaseName | None
    available_at: datetime | None


class Completion(Replayed):
    """A completed phase and what is next; `late`: the lease had run out, but nobody had come after."""

    account_id: str
    phase: Phase
    next: Next
    late: bool


class Report(Replayed):
    """A phase after a report of failure, and what the service makes of it."""

    account_id: str
    phase: Phase
    outcome: Outcome
    available_at: datetime | None


# sessions


class OpenedSession(TypedDict):
    """A session that was just opened: how long its leases last, how often to send a heartbeat."""

    session_id: str
    lease_seconds: int
    heartbeat_seconds: int


class Holding(TypedDict):
    """An account that a session holds."""

    account_id: str
    phase: PhaseName | None


class _Session(TypedDict):
    session_id: str
    bot_id: str
    client: str | None
    host: str | None
    directive: Directive
    note: str | None
    done: int
    failed: int
    started_at: datetime
    last_seen_at: datetime
    expires_at: datetime
    ended_at: datetime | None
    status: Standing


class Session(_Session):
    """A session as operators see it."""

    held: list[Holding]


class ChangedSession(Session, Replayed):
    """A session after a move; `not_attempted`: so many of its leases were not reached in time, send it again."""

    not_attempted: int


class OwnHolding(Holding):
    """An account that the session holds, with the lease."""

    lease: OwnLease


class OwnSession(_Session):
    """A session with what it holds, tokens included: to itself only."""

    lease_seconds: int
    heartbeat_seconds: int
    held: list[OwnHolding]


class HeldStill(Holding):
    """A lease that the heartbeat extended; `withdrawn`: its content may not be used any more."""

    expires_at: datetime
    withdrawn: bool


class LostHold(TypedDict):
    """A lease that the session holds no longer."""

    account_id: str
    reason: str


class Heartbeat(TypedDict):
    """What a session still holds, what it lost, and what it is told to do."""

    session_id: str
    expires_at: datetime
    held: list[HeldStill]
    lost: list[LostHold]
    directive: Directive


# accounts


class Consent(TypedDict):
    """Who owns the account and agreed."""

    granted_by: str
    granted_at: datetime
    reference: str


class Account(TypedDict):
    """An account in a list."""

    account_id: str
    model_id: str
    username: str
    theme: str | None
    state: State
    current_phase: PhaseName | None
    phase_status: Status | None
    due_at: datetime | None
    action: Step | None
    queues: list[Queue]
    working_since: datetime | None
    tags: list[str]
    lease: Lease | None
    created_at: datetime
    updated_at: datetime
    version: int


class Cell(TypedDict):
    """A phase in a list of accounts."""

    phase: PhaseName
    status: Status
    available_at: datetime | None
    started_at: datetime | None
    completed_at: datetime | None
    updated_at: datetime
    bot_id: str | None
    skipped: bool
    error_code: str | None
    error_kind: str | None
    retry_count: int
    crash_count: int
    release_count: int
    swap_count: int
    assigned_content_id: str | None
    assigned_text_id: str | None


class AssignedMedia(TypedDict):
    """The media item that the current phase was assigned; the URL is a secret."""

    content_id: str
    media_type: str
    url: str


class Assigned(TypedDict):
    """What the current phase was assigned."""

    content: AssignedMedia | None
    text: Words | None


class ListedAccount(Account):
    """An account in a list; where phases are asked for, with them (none before the start) and what is assigned.

    `content_due_at`: its pools had nothing eligible, and are asked again then.
    """

    content_due_at: NotRequired[datetime | None]
    phases: NotRequired[list[Cell]]
    assigned: NotRequired[Assigned]


class MovedAccount(TypedDict):
    """What became of one account of a move on many."""

    account_id: str
    outcome: Literal["done", "unchanged", "refused", "not_done", "would_be_done"]
    detail: str | None


class BulkMove(TypedDict):
    """One step of a move on many accounts; `next_cursor` asks for the next step, null ends the move."""

    action: Move
    dry_run: bool
    matched: int
    counts: dict[str, int]
    results: list[MovedAccount]
    next_cursor: str | None
    as_of: datetime


class WholeAccount(WarmupStatus):
    """An account as operators see it.

    `crash_count` and `release_count`: how often workers left it without an outcome before its first phase began or
    after its last was completed; `content_misses`: how often in a row its pools had nothing eligible.
    """

    crash_count: int
    release_count: int
    content_misses: int
    phase_status: Status | None
    due_at: datetime | None
    action: Step | None
    queues: list[Queue]
    working_since: datetime | None
    tags: list[str]
    consent: Consent | None


class CreatedAccount(WholeAccount, Replayed):
    """An account that is in the service's care now."""


class Assignment(TypedDict):
    """What was given to an account's phase, why, and what came of it; `scores` by `content` and `text`."""

    assignment_id: str
    account_id: str
    model_id: str
    phase: PhaseName
    content_type: str | None
    content_id: str | None
    text_id: str | None
    assignment_score: float | None
    assignment_reason: str
    assigned_at: datetime
    assigned_by: str
    delivered_at: datetime | None
    used_at: datetime | None
    ended_at: datetime | None
    outcome: str | None
    success: bool | None
    performance_score: float | None
    attempt: int
    scores: dict[str, dict[str, float | str]]


class AccountWithAssignments(WholeAccount):
    """An account with its latest 100 assignments."""

    assignments: list[Assignment]


class ImportedAccount(TypedDict):
    """What became of a row of an import: `created`, `unchanged`, `retired` (it is there, and `restore` brings it back),
    `refused` or `left` (no time for it).

    Rows are counted from 1, blank ones not; `line` is where the row begins in the body, from 1. `state` is
    the account's.
    """

    row: int
    line: int
    outcome: str
    account_id: str | None
    state: State | None
    error: NotRequired[RowError]


class AccountImport(TypedDict):
    """What became of each row, and what an operator should know of the pools and of accounts that are retired.

    `created_by_model`: how many accounts were created (in a dry run: would be), by model.
    """

    dry_run: bool
    created_by_model: dict[str, int]
    counts: dict[str, int]
    rows: list[ImportedAccount]
    warnings: list[str]


# models, pools


class Clash(TypedDict):
    """An account or a text that is the same as another to the eye; `detail` names the other."""

    item_id: str
    model_id: str
    detail: str


class Claims(TypedDict):
    """One step of a walk: how many were looked at and given a claim, and which clash."""

    dry_run: bool
    scanned_count: int
    claimed: int
    clashes: list[Clash]
    next_cursor: str | None


class Licence(TypedDict):
    """Who licensed an item, until when."""

    licensed_by: str
    valid_until: datetime | None


class PoolItem(TypedDict):
    """What media items and texts have in common."""

    model_id: str
    category: str
    theme: str | None
    status: ItemStatus
    enabled: bool
    quality_score: float
    usage_count: int
    max_usage: int
    successes: int
    failures: int
    last_assigned_at: datetime | None
    created_at: datetime
    created_by: str
    approved_by: str | None
    updated_at: datetime
    version: int
    tags: list[str]
    licence: Licence | None


class MediaFile(TypedDict):
    """A file in the media bucket."""

    content_id: str
    media_key: str
    media_type: str
    sha256: str
    bytes: int
    width: int | None
    height: int | None


class Content(PoolItem, MediaFile):
    """A media item of a pool, with its usage."""


class LinkedContent(Content):
    """A media item, and where its file can be had for a while; the URL is a secret."""

    url: NotRequired[str]
    url_expires_at: NotRequired[datetime]


class Text(PoolItem, Words):
    """A text of a pool, with its usage."""


class NewContent(Content):
    """A media item, and what is to be known of it: `warnings` names the reason where no phase of any plan takes it."""

    warnings: list[str]


class NewText(Text):
    """A text, and what is to be known of it: `warnings` names the reason where no phase of any plan takes it."""

    warnings: list[str]


class CreatedContent(NewContent, Replayed):
    """A media item that is in the pool now."""


class CreatedText(NewText, Replayed):
    """A text that is in the pool now."""


class RefusedEntry(TypedDict):
    """One of a list that was not accepted."""

    outcome: Literal["refused"]
    error: RowError


class AcceptedContent(NewContent):
    """One of a list of media items that is in the pool now."""

    outcome: Literal["created", "unchanged"]


class AcceptedText(NewText):
    """One of a list of texts that is in the pool now."""

    outcome: Literal["created", "unchanged"]


class Outcomes(TypedDict, Generic[T]):
    """What became of each of a list, in its order."""

    items: list[T | RefusedEntry]


class User(TypedDict):
    """An account that was given an item, and how it holds it now."""

    account_id: str
    phase: PhaseName
    assignment_id: str
    assigned_at: datetime
    outcome: str | None
    hold: Hold


class _Edited(Replayed):
    users: NotRequired[list[User]]
    all_users: NotRequired[bool]


class EditedContent(Content, _Edited):
    """A media item after an edit; where it lost its rights, with the accounts that have or had it."""


class EditedText(Text, _Edited):
    """A text after an edit; where it lost its rights, with the accounts that have or had it."""


class Upload(TypedDict):
    """A form that uploads one file by a multipart POST: a secret."""

    media_key: str
    url: str
    fields: dict[str, str]
    expires_at: datetime


class ImportedItem(TypedDict):
    """What became of a row of an import: `created`, `unchanged`, `refused` or `left` (no time for it).

    Rows are counted from 1, blank ones not; `line` is where the row begins in the body, from 1.
    """

    row: int
    line: int
    outcome: str
    warnings: list[str]
    content_id: NotRequired[str | None]
    text_id: NotRequired[str | None]
    error: NotRequired[RowError]


class PoolImport(TypedDict):
    """What became of each row."""

    dry_run: bool
    counts: dict[str, int]
    rows: list[ImportedItem]


class PoolCategory(TypedDict):
    """What one category holds; `refused` by reason.

    `uses_left` are uses that some phase of a plan could take, `unmet` accounts under way that find nothing, ever;
    `uses_needed_if_all_start` counts the imported accounts, too.
    """

    kind: PoolKind
    category: str
    items: int
    eligible: int
    refused: dict[str, int]
    uses_left: int
    uses_needed: int
    from_any: int
    unmet: int
    uses_needed_if_all_start: int
    used_up: int
    disabled: int


class Miss(TypedDict):
    """The day on which an account will find nothing, and until when (null: for good)."""

    day: str
    at: datetime
    account_id: str
    phase: PhaseName
    kind: PoolKind
    until: datetime | None


class Ahead(TypedDict):
    """How far the pools carry so many accounts."""

    accounts: int
    runs_dry: Miss | None
    first_wait: Miss | None
    accounts_unmet: int


class Availability(TypedDict):
    """What a model's pools hold, and how far they carry the accounts under way, as of one instant.

    Under way are accounts that are ready or warming up, those in review and paused included; `if_all_start` is the same
    as if the imported ones, and those of `adding`, were to start now. `complete`: all items and accounts were read.
    """

    model_id: str
    as_of: datetime
    accounts_under_way: int
    accounts_in_review: int
    accounts_paused: int
    accounts_imported: int
    if_all_start: Ahead
    warnings: list[str]
    categories: list[PoolCategory]
    runs_dry: Miss | None
    first_wait: Miss | None
    accounts_unmet: int
    complete: bool


class Loser(TypedDict):
    """An item that always loses, and by which part of its score."""

    item_id: str
    others: int
    part: str
    behind: float
    parts: dict[str, float]


class AnalysedCategory(TypedDict):
    """What the record says of one category."""

    kind: PoolKind
    category: str
    items: int
    uses: int
    successes: int
    failures: int
    fallbacks: int
    fallback_share: float | None
    unused: int
    always_lose: list[Loser]


class Analytics(TypedDict):
    """What the record says of a model's pools."""

    model_id: str
    categories: list[AnalysedCategory]
    complete: bool


class Candidate(TypedDict):
    """An item that could be chosen, with the four parts of its score."""

    item_id: str
    category: str
    theme: str | None
    usage_count: int
    max_usage: int
    score: float
    rank: float
    quality: float
    freshness: float
    success: float
    relevance: float


class RefusedItem(TypedDict):
    """An item that cannot be chosen, and why."""

    item_id: str
    category: str
    reason: Refusal


class Explanation(TypedDict):
    """What selection would do for one need of a phase; `reasons` counts the refused."""

    kind: PoolKind
    need: Need
    category: str | None
    leading: list[Candidate]
    refused: list[RefusedItem]
    reasons: dict[str, int]
    complete: bool


class Explained(TypedDict):
    """What selection would do for a phase now."""

    account_id: str
    phase: PhaseName
    status: Status | None
    assigned_content_id: str | None
    assigned_text_id: str | None
    needs: list[Explanation]


# bots, audit


class Actor(TypedDict):
    """Who did something."""

    kind: str
    id: str


AuditMove = TypedDict("AuditMove", {"what": str, "from": Any, "to": Any})


class AuditEvent(TypedDict):
    """One accepted change: a sentence for people, fields for machines."""

    subject: str
    version: int
    at: datetime
    actor: Actor
    action: Action
    moves: list[AuditMove]
    request_id: str
    session_id: str | None
    details: dict[str, Any]
    sentence: str


class Verification(TypedDict):
    """Whether an account's audit has no gap and replays to its state."""

    account_id: str
    ok: bool
    versions: int
    problems: list[str]


# review, pipeline


class Case(Phase):
    """A phase that failed or needs people, with its account."""

    account_id: str
    model_id: str
    username: str
    state: State
    since: datetime


class Sample(TypedDict):
    """One of a group's messages, and some of its accounts."""

    message: str | None
    account_ids: list[str]


class CaseGroup(TypedDict):
    """Cases of one kind, error code and phase."""

    code: str | None
    phase: PhaseName
    kind: str | None
    count: int
    first_seen: datetime
    last_seen: datetime
    sample: Sample


class CaseGroups(TypedDict):
    """The groups of a page of the queue, the largest first; `partly`: there are more pages, to be added to this one."""

    items: list[CaseGroup]
    next_cursor: str | None
    looked_at: int
    partly: bool


class RetryResult(TypedDict):
    """What became of one case of a bulk retry."""

    account_id: str
    phase: PhaseName
    outcome: str
    detail: str | None


class BulkRetry(TypedDict):
    """What became of a bulk retry; `more`: send it again for the rest."""

    dry_run: bool
    matched: int
    counts: dict[str, int]
    more: bool
    as_of: datetime
    items: list[RetryResult]


class Pauses(TypedDict):
    """What is paused."""

    pipeline_paused: bool
    reason: str | None
    paused_models: list[str]
    version: int


class ChangedPauses(Pauses, Replayed):
    """What is paused, after a move."""


class ReviewCounts(TypedDict):
    """How much waits for people."""

    failed: int
    requires_review: int
    total: int
    oldest: datetime | None


class Timer(TypedDict):
    """When a timer last ran, and what it did. A run that did nothing is recorded every 15 minutes at least: a record
    that is older than `silent_after_seconds` means that the timer does not run."""

    name: str
    ran_at: datetime | None
    did: Any
    silent_after_seconds: int


class AtWork(TypedDict):
    """An account under a live lease, and since when it has been held."""

    account_id: str
    since: datetime


class Overview(Pauses):
    """How the whole pipeline stands; `phases` counts by phase and status, as of `counted_at`; `partly`: the counts are
    lower bounds, since not all could be counted. `longest_at_work` is at most 15 seconds old.

    `pools_dry_within_7_days` counts models, and `dry_models` names the first 20 of them, as of `pools_watched_at` and
    of so many `models_watched`, of which `models_incomplete` were too large to be read whole; null before the first
    look.
    """

    now: datetime
    states: dict[str, int]
    phases: dict[str, dict[str, int]]
    queues: dict[Queue, int]
    due_now: int
    oldest_waiting: datetime | None
    review: ReviewCounts
    live_sessions: int
    lost_sessions: int
    pools_watched_at: datetime | None
    models_watched: int | None
    models_incomplete: int | None
    pools_dry_within_7_days: int | None
    dry_models: list[str]
    timers: list[Timer]
    partly: bool
    counted_at: datetime
    longest_at_work: AtWork | None


class Hour(TypedDict):
    """What was done in the hour that begins at `at`."""

    at: datetime
    completed: int
    failed: int


class Throughput(TypedDict):
    """What was done in the last 24 hours, this one included, oldest first."""

    hours: list[Hour]
    now: datetime


class StoreNames(TypedDict):
    """Where the service keeps what it knows."""

    endpoint: str
    table_prefix: str
    media_bucket: str


class Service(TypedDict):
    """What runs here."""

    release: str
    now: datetime
    store: StoreNames
    lease_seconds: int
    heartbeat_seconds: int
    session_seconds: int
    url_seconds: int
    queue_shards: int
