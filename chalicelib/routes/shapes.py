"""The shapes of what the service answers, as types: views and OpenAPI are both held to them.

An instant is a `datetime` here and RFC 3339 text on the wire. A member that is not always there is `NotRequired`.
"""

from datetime import datetime
from typing import Any, ClassVar, Generic, Literal, NotRequired, Protocol, TypeVar

from typing_extensions import TypedDict

from chalicelib.domain.actions import Action
from chalicelib.domain.phases import PhaseName, Status
from chalicelib.domain.plans import Need
from chalicelib.domain.queues import Queue
from chalicelib.domain.rights import ItemStatus
from chalicelib.domain.selection import PoolKind, Refusal
from chalicelib.routes.schemas.problems import RowError
from chalicelib.services.edits import Hold

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


# work


class Words(TypedDict):
    """A text to publish."""

    text_id: str
    body: str


# sessions


# accounts


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
