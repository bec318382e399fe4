"""What the service takes and answers, as types. Written by `make openapi`: change the routes, not this."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import Field

from warmup.api_model import ApiModel, OpenEnum


class AccountState(OpenEnum):
    """Where an account stands in its life."""

    IMPORTED = "imported"
    READY = "ready"
    WARMING_UP = "warming_up"
    ACTIVE = "active"
    PAUSED = "paused"
    RETIRED = "retired"


class AuditAction(OpenEnum):
    """What was done. The verb is the move's, the same word as in URLs and code."""

    ACCOUNT_CREATE = "account:create"
    ACCOUNT_CONSENT = "account:consent"
    ACCOUNT_CHANGE = "account:change"
    ACCOUNT_ERASE = "account:erase"
    ACCOUNT_WITHDRAW_CONSENT = "account:withdraw_consent"
    ACCOUNT_EXPIRE_CONSENT = "account:expire_consent"
    ACCOUNT_READY = "account:ready"
    ACCOUNT_START = "account:start"
    ACCOUNT_COMPLETE = "account:complete"
    ACCOUNT_PAUSE = "account:pause"
    ACCOUNT_RESUME = "account:resume"
    ACCOUNT_RESET = "account:reset"
    ACCOUNT_RETIRE = "account:retire"
    ACCOUNT_RESTORE = "account:restore"
    ACCOUNT_MIGRATE = "account:migrate"
    LEASE_CLAIM = "lease:claim"
    LEASE_RELEASE = "lease:release"
    LEASE_EXPIRE = "lease:expire"
    LEASE_REVOKE = "lease:revoke"
    PHASE_OPEN = "phase:open"
    PHASE_REOPEN = "phase:reopen"
    PHASE_REOFFER = "phase:reoffer"
    PHASE_CONTENT_UNAVAILABLE = "phase:content_unavailable"
    PHASE_DELIVER = "phase:deliver"
    PHASE_COMPLETE = "phase:complete"
    PHASE_FAIL = "phase:fail"
    PHASE_REPLACE_CONTENT = "phase:replace_content"
    PHASE_ESCALATE = "phase:escalate"
    PHASE_RETRY = "phase:retry"
    PHASE_RESOLVE = "phase:resolve"
    PHASE_SKIP = "phase:skip"
    PHASE_ASSIGN = "phase:assign"
    PHASE_UNASSIGN = "phase:unassign"
    PHASE_WARN = "phase:warn"
    PHASE_MEASURE = "phase:measure"
    SESSION_OPEN = "session:open"
    SESSION_LOSE = "session:lose"
    SESSION_END = "session:end"
    SESSION_DRAIN = "session:drain"
    SESSION_STOP = "session:stop"
    MODEL_CREATE = "model:create"
    MODEL_CHANGE = "model:change"
    MODEL_PAUSE = "model:pause"
    MODEL_RESUME = "model:resume"
    PIPELINE_PAUSE = "pipeline:pause"
    PIPELINE_RESUME = "pipeline:resume"
    PLAN_CREATE = "plan:create"
    PLAN_CHANGE = "plan:change"
    PLAN_PUBLISH = "plan:publish"
    PLAN_RETIRE = "plan:retire"
    CONTENT_CREATE = "content:create"
    CONTENT_CHANGE = "content:change"
    CONTENT_WITHDRAW = "content:withdraw"
    TEXT_CREATE = "text:create"
    TEXT_CHANGE = "text:change"
    TEXT_WITHDRAW = "text:withdraw"
    BOT_CREATE = "bot:create"
    BOT_CHANGE = "bot:change"
    BOT_ADD_KEY = "bot:add_key"
    BOT_REVOKE_KEY = "bot:revoke_key"
    BOT_DISABLE = "bot:disable"
    USER_CREATE = "user:create"
    USER_CHANGE = "user:change"
    USER_DISABLE = "user:disable"
    USER_ADD_KEY = "user:add_key"
    USER_REVOKE_KEY = "user:revoke_key"


class BlockerCode(OpenEnum):
    """What can block an account."""

    NOT_READY = "not_ready"
    INTERVAL = "interval"
    RETRY_DELAY = "retry_delay"
    LEASED = "leased"
    REVIEW = "review"
    PAUSED = "paused"
    CONTENT_UNAVAILABLE = "content_unavailable"
    CONSENT_MISSING = "consent_missing"
    CONSENT_WITHDRAWN = "consent_withdrawn"
    CONSENT_EXPIRED = "consent_expired"
    MODEL_BUSY = "model_busy"
    FINISHED = "finished"
    RETIRED = "retired"


class BulkAction(OpenEnum):
    """What can be done with many accounts at once."""

    READY = "ready"
    PAUSE = "pause"
    RESUME = "resume"
    RETRY = "retry"
    RESOLVE = "resolve"
    SKIP = "skip"
    MIGRATE = "migrate"


class ConsentState(OpenEnum):
    """Whether the owner of an account agrees to its warm-up."""

    MISSING = "missing"
    GIVEN = "given"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


class Directive(OpenEnum):
    """What a session is ordered to do: go on, finish and take nothing new, or stop."""

    CONTINUE = "continue"
    DRAIN = "drain"
    STOP = "stop"


class ItemHold(OpenEnum):
    """What an account does with an item."""

    USED = "used"
    HELD = "held"
    UNASSIGNED = "unassigned"


class ItemRights(OpenEnum):
    """Whether an item may be used at all."""

    PENDING = "pending"
    APPROVED = "approved"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"


class ItemStatus(OpenEnum):
    """Whether an item may be used at all, at this moment: its rights, and `expired` by the clock."""

    PENDING = "pending"
    APPROVED = "approved"
    EXPIRED = "expired"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"


class Need(OpenEnum):
    """Whether a phase needs an item of a pool."""

    NONE = "none"
    OPTIONAL = "optional"
    REQUIRED = "required"


class Permission(OpenEnum):
    """What an operation under `/api/operator` needs; each names one."""

    ME_READ = "me:read"
    MODELS_READ = "models:read"
    MODELS_PAUSE = "models:pause"
    MODELS_WRITE = "models:write"
    ACCOUNTS_READ = "accounts:read"
    ACCOUNTS_WRITE = "accounts:write"
    ACCOUNTS_ERASE = "accounts:erase"
    CONSENT_WRITE = "consent:write"
    CONTENT_READ = "content:read"
    CONTENT_EDIT = "content:edit"
    CONTENT_WRITE = "content:write"
    CONTENT_APPROVE = "content:approve"
    REVIEW_READ = "review:read"
    REVIEW_WRITE = "review:write"
    TASKS_READ = "tasks:read"
    TASKS_WRITE = "tasks:write"
    SESSIONS_READ = "sessions:read"
    SESSIONS_WRITE = "sessions:write"
    PLANS_READ = "plans:read"
    PLANS_WRITE = "plans:write"
    PIPELINE_READ = "pipeline:read"
    PIPELINE_WRITE = "pipeline:write"
    AUDIT_READ = "audit:read"
    BOTS_READ = "bots:read"
    BOTS_WRITE = "bots:write"
    USERS_READ = "users:read"
    USERS_WRITE = "users:write"
    KEYS_READ = "keys:read"
    KEYS_WRITE = "keys:write"


class PhaseStatus(OpenEnum):
    """Where a phase stands."""

    PENDING = "pending"
    AVAILABLE = "available"
    CONTENT_ASSIGNED = "content_assigned"
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    FAILED = "failed"
    REQUIRES_REVIEW = "requires_review"


class PlanState(OpenEnum):
    """Where a version of a plan stands: being edited, in use and never changed any more, closed to new accounts."""

    DRAFT = "draft"
    PUBLISHED = "published"
    RETIRED = "retired"


class PoolKind(OpenEnum):
    """The two pools from which a phase is given items."""

    CONTENT = "content"
    TEXT = "text"


class Queue(OpenEnum):
    """Where an account stands in the queues.

    `due`: it can be taken now; `waiting`: for its interval or its retry delay; `working`: a lease on it is live;
    `content_unavailable`: its pools had nothing eligible when last asked."""

    DUE = "due"
    WAITING = "waiting"
    WORKING = "working"
    CONTENT_UNAVAILABLE = "content_unavailable"


class Refusal(OpenEnum):
    """Why an item is not eligible; `not_needed`: no phase of any plan draws its kind from its category."""

    NOT_APPROVED = "not_approved"
    NEEDS_FOUR_EYES = "needs_four_eyes"
    NEEDS_LICENCE = "needs_licence"
    DISABLED = "disabled"
    LICENCE_EXPIRED = "licence_expired"
    USED_UP = "used_up"
    USED_BY_ACCOUNT = "used_by_account"
    COOLING_DOWN = "cooling_down"
    LOW_QUALITY = "low_quality"
    WRONG_MEDIA_TYPE = "wrong_media_type"
    TOO_LARGE = "too_large"
    TOO_SMALL = "too_small"
    WRONG_ASPECT_RATIO = "wrong_aspect_ratio"
    UNKNOWN_DIMENSIONS = "unknown_dimensions"
    TOO_LONG_VIDEO = "too_long_video"
    UNKNOWN_DURATION = "unknown_duration"
    ANIMATED = "animated"
    UNKNOWN_ANIMATION = "unknown_animation"
    TOO_LONG = "too_long"
    TOO_MANY_HASHTAGS = "too_many_hashtags"
    TOO_MANY_MENTIONS = "too_many_mentions"
    NOT_NEEDED = "not_needed"


class ReportKind(OpenEnum):
    """What a bot says went wrong."""

    TRANSIENT = "transient"
    CONTENT = "content"
    ACCOUNT = "account"
    FATAL = "fatal"
    UNKNOWN = "unknown"


class ReportOutcome(OpenEnum):
    """What the service makes of it."""

    RETRY = "retry"
    REPLACE = "replace"
    REVIEW = "review"


class Role(OpenEnum):
    """A named set of permissions, which a user has."""

    VIEWER = "viewer"
    CONTRIBUTOR = "contributor"
    APPROVER = "approver"
    OPERATOR = "operator"
    ADMIN = "admin"


class SessionStatus(OpenEnum):
    """Whether a session is at work."""

    LIVE = "live"
    LOST = "lost"
    ENDED = "ended"


class Step(OpenEnum):
    """What a worker can do next on an account (`action` in the contract)."""

    START_WARMUP = "start_warmup"
    RUN_PHASE = "run_phase"
    COMPLETE_WARMUP = "complete_warmup"


class AcceptedContent(ApiModel):
    """One of a list of media items that is in the pool now."""

    model_id: str
    category: str
    theme: str | None
    status: ItemStatus
    enabled: bool
    quality_score: float
    usage_count: int
    max_usage: int
    successes: float
    failures: float
    last_assigned_at: datetime | None
    created_at: datetime
    created_by: str
    approved_by: str | None
    updated_at: datetime
    version: int
    tags: list[str]
    licence: Licence | None
    content_id: str
    media_key: str
    media_type: str
    sha256: str
    bytes: int
    width: int | None
    height: int | None
    rotation: int | None
    animated: bool | None
    duration_seconds: float | None
    codec: str | None
    colour_space: str | None
    warnings: list[str]
    outcome: str


class AcceptedText(ApiModel):
    """One of a list of texts that is in the pool now."""

    model_id: str
    category: str
    theme: str | None
    status: ItemStatus
    enabled: bool
    quality_score: float
    usage_count: int
    max_usage: int
    successes: float
    failures: float
    last_assigned_at: datetime | None
    created_at: datetime
    created_by: str
    approved_by: str | None
    updated_at: datetime
    version: int
    tags: list[str]
    licence: Licence | None
    text_id: str
    body: str
    warnings: list[str]
    outcome: str


class AccountBody(ApiModel):
    """`POST /api/operator/accounts`, and each row of an import."""

    account_id: str | None = None
    model_id: str
    username: str
    theme: str | None = None
    plan: str | None = None
    tags: list[str] | None = None
    external_ref: str | None = None
    consent: ConsentBody | None = None


class AccountEdit(ApiModel):
    """`PATCH …/accounts/{account_id}`: what is named is changed; null takes a theme, tags or a reference away."""

    username: str | None = None
    theme: str | None = None
    tags: list[str] | None = None
    external_ref: str | None = None


class AccountExport(ApiModel):
    """All that is kept of an account."""

    exported_at: datetime
    account: WholeAccount
    assignments: list[Assignment]
    leases: list[LeaseHistory]
    events: list[AuditEvent]


class AccountImport(ApiModel):
    """What became of each row, and what an operator should know of the pools and of accounts that are retired.

    `created_by_model`: how many accounts were created (in a dry run: would be), by model."""

    dry_run: bool
    created_by_model: dict[str, int]
    counts: dict[str, int]
    rows: list[ImportedAccount]
    warnings: list[str]


class AccountWithAssignments(ApiModel):
    """An account with its latest 100 assignments.

    `queue_place`: where it stands among those that can be taken; null where it is blocked, or not yet seen there."""

    account_id: str
    model_id: str
    username: str
    theme: str | None
    state: AccountState
    plan: PlanName
    current_phase: str | None
    phases: list[Phase]
    progress: Progress
    blockers: list[Blocker]
    created_at: datetime
    updated_at: datetime
    version: int
    lease: Lease | None
    crash_count: int
    release_count: int
    content_misses: int
    phase_status: PhaseStatus | None
    due_at: datetime | None
    action: Step | None
    queues: list[Queue]
    working_since: datetime | None
    tags: list[str]
    consent: Consent | None
    consent_state: ConsentState
    external_ref: str | None
    erased_at: datetime | None
    assignments: list[Assignment]
    queue_place: QueuePlace | None


class ActiveDay(ApiModel):
    """How many accounts would become active on a day (UTC)."""

    day: str
    accounts: int


class Actor(ApiModel):
    """Who did something."""

    kind: str
    id: str


class Ahead(ApiModel):
    """How far the pools carry so many accounts."""

    accounts: int
    runs_dry: Shortfall | None
    first_wait: Shortfall | None
    accounts_unmet: int


class AnalysedCategory(ApiModel):
    """What the record says of one category."""

    kind: PoolKind
    category: str
    items: int
    uses: int
    successes: float
    failures: float
    fallbacks: int
    fallback_share: float | None
    unused: int
    always_lose: list[Loser]


class Analytics(ApiModel):
    """What the record says of a model's pools."""

    model_id: str
    categories: list[AnalysedCategory]
    has_more: bool


class AssignBody(ApiModel):
    """`POST …/phases/{phase}/assign`: the items by hand."""

    reason: str
    content_id: str | None = None
    text_id: str | None = None


class Assigned(ApiModel):
    """What the current phase was assigned."""

    content: AssignedMedia | None
    text: Words | None


class AssignedMedia(ApiModel):
    """The media item that the current phase was assigned; the URL is a secret."""

    content_id: str
    media_type: str
    url: str


class Assignment(ApiModel):
    """What was given to an account's phase, why, and the outcome; `scores` by `content` and `text`."""

    assignment_id: str
    account_id: str
    model_id: str
    phase: str
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
    measured_at: datetime | None
    metrics: dict[str, Any]
    attempt: int
    scores: dict[str, dict[str, float | str]]


class AtWork(ApiModel):
    """An account under a live lease, and since when it has been held."""

    account_id: str
    since: datetime


class AuditEvent(ApiModel):
    """One accepted change: a sentence to read, and the fields of the event.

    `hash` is its SHA-256; `previous` begins that of the event before it of its subject."""

    subject: str
    version: int
    at: datetime
    actor: Actor
    action: AuditAction
    transitions: list[AuditMove]
    request_id: str
    client_request_id: str | None
    key_id: str | None
    session_id: str | None
    details: dict[str, Any]
    previous: str | None
    hash: str
    summary: str


class AuditMove(ApiModel):
    """AuditMove"""

    what: str
    from_: Any = Field(alias="from")
    to: Any


class Availability(ApiModel):
    """What a model's pools hold, and how far they carry the accounts under way, as of one instant.

    Under way are accounts that are ready or warming up, those in review and paused included; `if_all_start` is the same
    as if the imported ones, and those of `adding`, were to start now. `has_more`: not
    all items and accounts were read."""

    model_id: str
    as_of: datetime
    accounts_under_way: int
    accounts_in_review: int
    accounts_paused: int
    accounts_imported: int
    if_all_start: Ahead
    warnings: list[str]
    categories: list[PoolCategory]
    runs_dry: Shortfall | None
    first_wait: Shortfall | None
    accounts_unmet: int
    has_more: bool


class Blocker(ApiModel):
    """One thing that blocks the account; `until` is when time alone clears it."""

    code: BlockerCode
    until: datetime | None
    detail: str


class Bot(ApiModel):
    """A bot; `models` null means all. With `keys:read` its keys, too.

    `max_leases` and `max_sessions` are how much it may have at a time, null: what the deployment allows every bot."""

    bot_id: str
    name: str
    created_at: datetime
    updated_at: datetime
    version: int
    models: list[str] | None
    max_leases: int | None
    max_sessions: int | None
    disabled_at: datetime | None
    keys: list[Key] | None = None


class BotBody(ApiModel):
    """`POST /api/operator/bots`; `models` null means all. `role` is `bot`: users are made by `…/users`."""

    bot_id: str | None = None
    name: str | None = None
    role: str | None = None
    models: list[str] | None = None
    expires_at: datetime | None = None


class BotEdit(ApiModel):
    """`PATCH …/bots/{bot_id}`; `models` null frees the bot, a limit null is the deployment's."""

    name: str | None = None
    models: list[str] | None = None
    max_leases: int | None = None
    max_sessions: int | None = None


class BoundBot(ApiModel):
    """A bot after an edit.

    `revoked` are the accounts that it held outside of its models, `not_attempted` counts those that were not reached in
    time: send it again."""

    bot_id: str
    name: str
    created_at: datetime
    updated_at: datetime
    version: int
    models: list[str] | None
    max_leases: int | None
    max_sessions: int | None
    disabled_at: datetime | None
    keys: list[Key] | None = None
    replayed: bool
    revoked: list[str]
    not_attempted: int


class BulkFilter(ApiModel):
    """Which accounts are meant; what is not given means all."""

    state: AccountState | None = None
    model_id: str | None = None
    phase: str | None = None
    phase_status: PhaseStatus | None = None
    error_code: str | None = None
    error_kind: ReportKind | None = None
    without_code: bool | None = None
    failed_before: datetime | None = None
    queue: Queue | None = None
    text: str | None = None
    plan: str | None = None


class BulkMove(ApiModel):
    """One step of a move on many accounts; `next_cursor` asks for the next step, null ends the move."""

    action: BulkAction
    dry_run: bool
    matched: int
    counts: dict[str, int]
    results: list[MovedAccount]
    next_cursor: str | None
    as_of: datetime


class BulkRetry(ApiModel):
    """What became of a bulk retry; `has_more`: send it again for the rest."""

    dry_run: bool
    matched: int
    counts: dict[str, int]
    has_more: bool
    as_of: datetime
    items: list[RetryResult]


class Candidate(ApiModel):
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


class Case(ApiModel):
    """A phase that failed or needs review, with its account."""

    phase: str
    status: PhaseStatus
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
    replacement_count: int
    attempt: int
    skipped: bool
    execution_time_ms: int | None
    platform_response: Any
    created_at: datetime
    updated_at: datetime
    account_id: str
    model_id: str
    username: str
    state: AccountState
    since: datetime


class CaseGroup(ApiModel):
    """Cases of one kind, error code and phase."""

    code: str | None
    phase: str
    kind: str | None
    count: int
    first_seen: datetime
    last_seen: datetime
    sample: Sample


class CaseGroups(ApiModel):
    """The groups of a page of the queue, the largest first; `has_more`: add the next pages to this one."""

    items: list[CaseGroup]
    next_cursor: str | None
    scanned_count: int
    has_more: bool


class Cell(ApiModel):
    """A phase in a list of accounts."""

    phase: str
    status: PhaseStatus
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
    replacement_count: int
    assigned_content_id: str | None
    assigned_text_id: str | None


class ChangedBot(ApiModel):
    """A bot after a change."""

    bot_id: str
    name: str
    created_at: datetime
    updated_at: datetime
    version: int
    models: list[str] | None
    max_leases: int | None
    max_sessions: int | None
    disabled_at: datetime | None
    keys: list[Key] | None = None
    replayed: bool


class ChangedModel(ApiModel):
    """A model after a change."""

    model_id: str
    name: str
    themes: list[str]
    paused: bool
    time_zone: str
    weight: int
    max_concurrent: int | None
    plan: str | None
    cooldown_hours: int | None
    minimum_quality: float | None
    four_eyes: bool
    licence_required: bool
    created_at: datetime
    updated_at: datetime
    version: int
    replayed: bool


class ChangedPauses(ApiModel):
    """What is paused, after a move."""

    pipeline_paused: bool
    reason: str | None
    paused_models: list[str]
    version: int
    replayed: bool


class ChangedPlan(ApiModel):
    """A version of a plan after a change."""

    name: str
    version: int
    state: PlanState
    digest: str
    title: str
    phases: list[PlanPhase]
    limits: PlanLimits
    copied_from: str | None
    created_at: datetime | None
    created_by: str | None
    updated_at: datetime | None
    published_at: datetime | None
    published_by: str | None
    retired_at: datetime | None
    retired_by: str | None
    revision: int
    replayed: bool


class ChangedSession(ApiModel):
    """A session after a move; `not_attempted`: so many of its leases were not reached in time, send it again."""

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
    status: SessionStatus
    held: list[Holding]
    replayed: bool
    not_attempted: int


class ChangedUser(ApiModel):
    """A user after a change."""

    user_id: str
    name: str
    role: Role
    models: list[str] | None
    disabled_at: datetime | None
    created_at: datetime
    updated_at: datetime
    version: int
    keys: list[Key] | None = None
    replayed: bool


class ChangedWarmup(ApiModel):
    """The status document after a move."""

    account_id: str
    model_id: str
    username: str
    theme: str | None
    state: AccountState
    plan: PlanName
    current_phase: str | None
    phases: list[Phase]
    progress: Progress
    blockers: list[Blocker]
    created_at: datetime
    updated_at: datetime
    version: int
    lease: Lease | None
    replayed: bool


class Claim(ApiModel):
    """What a claim gave."""

    next_due_at: datetime | None = None
    retry_after_seconds: int | None = None
    session_id: str | None
    items: list[Claimed]


class ClaimBody(ApiModel):
    """`POST /api/bot/accounts/claim`. With `deliver`, each account comes with the content of its next phase.

    Of `phases` and `categories` together, what has either is meant."""

    limit: int | None = None
    model_ids: list[str] | None = None
    actions: list[Step] | None = None
    phases: list[str] | None = None
    categories: list[str] | None = None
    holding: list[str] | None = None
    deliver: bool | None = None


class Claimed(ApiModel):
    """An account that was taken; `held`: the session had it already.

    `delivery` is there where it was asked for: what the next phase was given, or null, where the warm-up has to be
    completed, or where nothing can be given just now (asking for the content says why)."""

    account_id: str
    model_id: str
    username: str
    action: Step
    phase: str | None
    category: str | None
    due_at: datetime
    lease: OwnLease
    held: bool
    delivery: Delivery | None = None


class Claims(ApiModel):
    """One step of a walk: how many were looked at and given a claim, and which clash."""

    dry_run: bool
    scanned_count: int
    claimed: int
    clashes: list[Clash]
    next_cursor: str | None


class ClaimsBody(ApiModel):
    """`POST …/claims`: one step of a walk over what is there."""

    dry_run: bool | None = None
    limit: int | None = None
    cursor: str | None = None


class Clash(ApiModel):
    """An account or a text that is the same as another to the eye; `detail` names the other."""

    item_id: str
    model_id: str
    detail: str


class CompletePhaseBody(ApiModel):
    """`POST …/complete-phase/{phase}`. With `finish`, the plan's last phase makes the account active too."""

    execution_time_ms: int | None = None
    platform_response: Any = None
    performance_score: float | None = None
    finish: bool | None = None


class Completion(ApiModel):
    """A completed phase and what is next; `late`: the lease had run out, but nobody had come after."""

    replayed: bool
    masked: list[str]
    account_id: str
    phase: Phase
    next: Next
    late: bool


class Consent(ApiModel):
    """Who owns the account and agreed; until when, where that has an end; and since when no longer, if withdrawn."""

    granted_by: str
    granted_at: datetime
    reference: str
    valid_until: datetime | None = None
    withdrawn_at: datetime | None = None


class ConsentBody(ApiModel):
    """Who owns the account and agreed, and until when; `valid_until` null: without an end."""

    granted_by: str
    granted_at: datetime | str
    reference: str
    valid_until: datetime | str | None = None


class ContentBody(ApiModel):
    """`POST …/models/{model_id}/content`."""

    category: str
    quality_score: float
    max_usage: int
    theme: str | None = None
    tags: list[str] | None = None
    licence: LicenceBody | None = None
    status: ItemRights | None = None
    content_id: str | None = None
    media_key: str
    media_type: str
    sha256: str
    bytes: int
    width: int | None = None
    height: int | None = None


class CreatedAccount(ApiModel):
    """An account that is in the service's care now."""

    account_id: str
    model_id: str
    username: str
    theme: str | None
    state: AccountState
    plan: PlanName
    current_phase: str | None
    phases: list[Phase]
    progress: Progress
    blockers: list[Blocker]
    created_at: datetime
    updated_at: datetime
    version: int
    lease: Lease | None
    crash_count: int
    release_count: int
    content_misses: int
    phase_status: PhaseStatus | None
    due_at: datetime | None
    action: Step | None
    queues: list[Queue]
    working_since: datetime | None
    tags: list[str]
    consent: Consent | None
    consent_state: ConsentState
    external_ref: str | None
    erased_at: datetime | None
    replayed: bool


class CreatedBot(ApiModel):
    """A bot; its key is there this once, when it was made just now."""

    bot_id: str
    name: str
    created_at: datetime
    updated_at: datetime
    version: int
    models: list[str] | None
    max_leases: int | None
    max_sessions: int | None
    disabled_at: datetime | None
    keys: list[Key] | None = None
    replayed: bool
    key_id: str | None = None
    key: str | None = None


class CreatedContent(ApiModel):
    """A media item that is in the pool now."""

    model_id: str
    category: str
    theme: str | None
    status: ItemStatus
    enabled: bool
    quality_score: float
    usage_count: int
    max_usage: int
    successes: float
    failures: float
    last_assigned_at: datetime | None
    created_at: datetime
    created_by: str
    approved_by: str | None
    updated_at: datetime
    version: int
    tags: list[str]
    licence: Licence | None
    content_id: str
    media_key: str
    media_type: str
    sha256: str
    bytes: int
    width: int | None
    height: int | None
    rotation: int | None
    animated: bool | None
    duration_seconds: float | None
    codec: str | None
    colour_space: str | None
    warnings: list[str]
    replayed: bool


class CreatedText(ApiModel):
    """A text that is in the pool now."""

    model_id: str
    category: str
    theme: str | None
    status: ItemStatus
    enabled: bool
    quality_score: float
    usage_count: int
    max_usage: int
    successes: float
    failures: float
    last_assigned_at: datetime | None
    created_at: datetime
    created_by: str
    approved_by: str | None
    updated_at: datetime
    version: int
    tags: list[str]
    licence: Licence | None
    text_id: str
    body: str
    warnings: list[str]
    replayed: bool


class CreatedUser(ApiModel):
    """A user; the key is there this once, when it was made just now."""

    user_id: str
    name: str
    role: Role
    models: list[str] | None
    disabled_at: datetime | None
    created_at: datetime
    updated_at: datetime
    version: int
    keys: list[Key] | None = None
    replayed: bool
    key_id: str | None = None
    key: str | None = None


class Delivery(ApiModel):
    """What a worker is given for a phase; `withdrawn`: not to be used any more, report it."""

    account_id: str
    phase: str
    category: str
    assignment_id: str
    content: Media | None
    text: Words | None
    withdrawn: bool
    withdrawn_ids: list[str]
    score: float | None
    reason: str
    lease: OwnLease


class DisabledBot(ApiModel):
    """A bot that was disabled, with its sessions that were stopped and the accounts that were taken away from it.

    `not_attempted` counts the sessions and accounts that were not reached in time: send it again."""

    bot_id: str
    name: str
    created_at: datetime
    updated_at: datetime
    version: int
    models: list[str] | None
    max_leases: int | None
    max_sessions: int | None
    disabled_at: datetime | None
    keys: list[Key] | None = None
    replayed: bool
    stopped: list[str]
    revoked: list[str]
    not_attempted: int


class EditedContent(ApiModel):
    """A media item after an edit; where it lost its rights, with the accounts that have or had it."""

    model_id: str
    category: str
    theme: str | None
    status: ItemStatus
    enabled: bool
    quality_score: float
    usage_count: int
    max_usage: int
    successes: float
    failures: float
    last_assigned_at: datetime | None
    created_at: datetime
    created_by: str
    approved_by: str | None
    updated_at: datetime
    version: int
    tags: list[str]
    licence: Licence | None
    content_id: str
    media_key: str
    media_type: str
    sha256: str
    bytes: int
    width: int | None
    height: int | None
    rotation: int | None
    animated: bool | None
    duration_seconds: float | None
    codec: str | None
    colour_space: str | None
    replayed: bool
    users: list[ItemUser] | None = None
    has_more: bool | None = None


class EditedText(ApiModel):
    """A text after an edit; where it lost its rights, with the accounts that have or had it."""

    model_id: str
    category: str
    theme: str | None
    status: ItemStatus
    enabled: bool
    quality_score: float
    usage_count: int
    max_usage: int
    successes: float
    failures: float
    last_assigned_at: datetime | None
    created_at: datetime
    created_by: str
    approved_by: str | None
    updated_at: datetime
    version: int
    tags: list[str]
    licence: Licence | None
    text_id: str
    body: str
    replayed: bool
    users: list[ItemUser] | None = None
    has_more: bool | None = None


class Evidence(ApiModel):
    """What shows that a phase was done outside: a URL, a note, or both."""

    url: str | None = None
    note: str | None = None


class Explained(ApiModel):
    """What selection would do for a phase now."""

    account_id: str
    phase: str
    status: PhaseStatus | None
    assigned_content_id: str | None
    assigned_text_id: str | None
    needs: list[Explanation]


class Explanation(ApiModel):
    """What selection would do for one need of a phase; `reasons` counts the refused."""

    kind: PoolKind
    need: Need
    category: str | None
    leading: list[Candidate]
    refused: list[RefusedItem]
    reasons: dict[str, int]
    has_more: bool


class Fault(ApiModel):
    """A member at fault, by its JSON pointer."""

    pointer: str
    detail: str


class Happened(ApiModel):
    """What ended a lease, when."""

    at: datetime
    action: AuditAction
    summary: str


class Health(ApiModel):
    """The service lives."""

    status: str
    now: datetime


class Heartbeat(ApiModel):
    """What a session still holds, what it lost, and what it is ordered to do."""

    session_id: str
    expires_at: datetime
    held: list[HeldStill]
    lost: list[LostHold]
    directive: Directive


class HeartbeatBody(ApiModel):
    """`POST …/heartbeat`."""

    note: str | None = None


class HeldStill(ApiModel):
    """A lease that the heartbeat extended; `withdrawn`: its content may not be used any more."""

    account_id: str
    phase: str | None
    expires_at: datetime
    withdrawn: bool


class Holder(ApiModel):
    """Who holds an account, until when; never the token."""

    session_id: str
    bot_id: str
    expires_at: datetime


class Holding(ApiModel):
    """An account that a session holds."""

    account_id: str
    phase: str | None


class Hour(ApiModel):
    """What was done in the hour that begins at `at`."""

    at: datetime
    completed: int
    failed: int


class ImportedAccount(ApiModel):
    """What became of a row of an import: `created`, `unchanged`, `retired` (it is there, and `restore` brings it back),
    `refused` or `left` (no time for it).

    Rows are counted from 1, blank ones not; `line` is where the row begins in the body, from 1. `state` is
    the account's."""

    row: int
    line: int
    outcome: str
    account_id: str | None
    state: AccountState | None
    error: RowError | None = None


class ImportedItem(ApiModel):
    """What became of a row of an import: `created`, `unchanged`, `refused` or `left` (no time for it).

    Rows are counted from 1, blank ones not; `line` is where the row begins in the body, from 1."""

    row: int
    line: int
    outcome: str
    warnings: list[str]
    content_id: str | None = None
    text_id: str | None = None
    error: RowError | None = None


class ItemEdit(ApiModel):
    """`PATCH …/content/{content_id}`: what is given is changed (theme, licence: null too)."""

    category: str | None = None
    quality_score: float | None = None
    max_usage: int | None = None
    theme: str | None = None
    tags: list[str] | None = None
    licence: LicenceBody | None = None
    enabled: bool | None = None
    status: ItemRights | None = None
    reason: str | None = None


class ItemUser(ApiModel):
    """An account that was given an item, and how it holds it now."""

    account_id: str
    phase: str
    assignment_id: str
    assigned_at: datetime
    outcome: str | None
    hold: ItemHold


class Key(ApiModel):
    """A key, without its secret; `created_by` null: an earlier release made it.

    Of a user's it says the hour of the last use."""

    key_id: str
    created_by: str | None
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None = None


class KeyBody(ApiModel):
    """`POST …/keys`; `expires_at` null: the key lives until it is revoked."""

    expires_at: datetime | None = None


class Lease(ApiModel):
    """Who works on an account; never the token."""

    session_id: str
    bot_id: str
    expires_at: datetime
    live: bool


class LeaseHistory(ApiModel):
    """A lease that the account was under, and what ended it; null where it still holds."""

    session_id: str
    actor: Actor
    taken_at: datetime
    ended_at: datetime | None
    ended_by: AuditAction | None


class Licence(ApiModel):
    """Who licensed an item, until when."""

    licensed_by: str
    valid_until: datetime | None


class LicenceBody(ApiModel):
    """Who licensed an item, until when."""

    licensed_by: str
    valid_until: datetime | str | None = None


class LinkedContent(ApiModel):
    """A media item, and where its file can be had for a while; the URL is a secret."""

    model_id: str
    category: str
    theme: str | None
    status: ItemStatus
    enabled: bool
    quality_score: float
    usage_count: int
    max_usage: int
    successes: float
    failures: float
    last_assigned_at: datetime | None
    created_at: datetime
    created_by: str
    approved_by: str | None
    updated_at: datetime
    version: int
    tags: list[str]
    licence: Licence | None
    content_id: str
    media_key: str
    media_type: str
    sha256: str
    bytes: int
    width: int | None
    height: int | None
    rotation: int | None
    animated: bool | None
    duration_seconds: float | None
    codec: str | None
    colour_space: str | None
    url: str | None = None
    url_expires_at: datetime | None = None


class ListedAccount(ApiModel):
    """An account in a list; where phases are asked for, with them (none before the start) and what is assigned.

    `content_due_at`: its pools had nothing eligible, and are asked again then. `plan_phases`: the names of its plan's
    phases in their order, also before the start."""

    account_id: str
    model_id: str
    username: str
    theme: str | None
    state: AccountState
    current_phase: str | None
    phase_status: PhaseStatus | None
    due_at: datetime | None
    action: Step | None
    queues: list[Queue]
    working_since: datetime | None
    tags: list[str]
    lease: Lease | None
    created_at: datetime
    updated_at: datetime
    version: int
    content_due_at: datetime | None = None
    plan_phases: list[str] | None = None
    phases: list[Cell] | None = None
    assigned: Assigned | None = None


class ListedPlan(ApiModel):
    """A plan with its versions; `newest_published` is the one that new accounts get, null: none."""

    name: str
    title: str
    newest_published: int | None
    versions: list[ListedVersion]


class ListedVersion(ApiModel):
    """A version of a plan, in short; `accounts` are those that have it, whatever their state, null: not counted yet."""

    version: int
    state: PlanState
    digest: str
    title: str
    accounts: int | None


class Loser(ApiModel):
    """An item that always loses, and by which part of its score."""

    item_id: str
    others: int
    part: str
    behind: float
    parts: dict[str, float]


class LostHold(ApiModel):
    """A lease that the session holds no longer."""

    account_id: str
    reason: str


class Me(ApiModel):
    """Who the caller is, and what the role grants; `models` null means all.

    `lacking` names the roles that have each permission that the caller's lacks."""

    user_id: str
    name: str
    role: Role
    models: list[str] | None
    permissions: list[Permission]
    lacking: dict[str, list[Role]]


class Media(ApiModel):
    """A file to publish, behind a presigned URL."""

    content_id: str
    media_type: str
    sha256: str
    width: int | None
    height: int | None
    animated: bool | None
    duration_seconds: float | None
    bytes: int
    url: str | None
    url_expires_at: datetime | None


class MigratedWarmup(ApiModel):
    """The status document of an account that was moved to another plan; of a dry run as it stands."""

    account_id: str
    model_id: str
    username: str
    theme: str | None
    state: AccountState
    plan: PlanName
    current_phase: str | None
    phases: list[Phase]
    progress: Progress
    blockers: list[Blocker]
    created_at: datetime
    updated_at: datetime
    version: int
    lease: Lease | None
    replayed: bool
    dry_run: bool
    migration: MigrationSummary | None


class MigrationBody(ApiModel):
    """`POST …/accounts/{account_id}/migrate`."""

    reason: str
    plan: str
    version: int | None = None
    mapping: dict[str, Any] | None = None
    dry_run: bool | None = None


class MigrationSummary(ApiModel):
    """What a migration makes of an account.

    `stays` are its completed phases, `counts_for` says for which phase of the new plan some of these count, `left_out`
    are phases that are never done, `added` are those that the old plan had not. `current_phase` comes next, not before
    `available_at`."""

    before: str
    plan: str
    stays: list[str]
    counts_for: dict[str, str]
    left_out: list[str]
    added: list[str]
    current_phase: str | None
    available_at: datetime | None


class Model(ApiModel):
    """A model: a creator whose pools feed accounts.

    `weight` is its share of the accounts that are handed out while several models wait; `max_concurrent` is how many of
    its accounts may be worked on at a time, null: any number. New accounts get its `plan`, null: the deployment's.
    `cooldown_hours`, `minimum_quality`, `four_eyes` and `licence_required` hold for all its accounts where their plans
    are less strict."""

    model_id: str
    name: str
    themes: list[str]
    paused: bool
    time_zone: str
    weight: int
    max_concurrent: int | None
    plan: str | None
    cooldown_hours: int | None
    minimum_quality: float | None
    four_eyes: bool
    licence_required: bool
    created_at: datetime
    updated_at: datetime
    version: int


class ModelBody(ApiModel):
    """`POST /api/operator/models`."""

    model_id: str
    name: str | None = None
    themes: list[str] | None = None
    time_zone: str | None = None
    weight: int | None = None
    max_concurrent: int | None = None
    plan: str | None = None
    cooldown_hours: int | None = None
    minimum_quality: float | None = None
    four_eyes: bool | None = None
    licence_required: bool | None = None


class ModelEdit(ApiModel):
    """`PATCH …/models/{model_id}`."""

    name: str | None = None
    themes: list[str] | None = None
    paused: bool | None = None
    time_zone: str | None = None
    weight: int | None = None
    max_concurrent: int | None = None
    plan: str | None = None
    cooldown_hours: int | None = None
    minimum_quality: float | None = None
    four_eyes: bool | None = None
    licence_required: bool | None = None
    reason: str | None = None


class ModelWithdrawal(ApiModel):
    """What became of the accounts and items of one step; `next_cursor` asks for the next step, null ends it."""

    model_id: str
    dry_run: bool
    matched: int
    counts: dict[str, int]
    results: list[Withdrawal]
    next_cursor: str | None
    has_more: bool


class ModelWithdrawalBody(ApiModel):
    """`POST …/models/{model_id}/consent/withdraw`: one step."""

    reason: str
    dry_run: bool | None = None
    limit: int | None = None
    cursor: str | None = None


class MoveAllBody(ApiModel):
    """`POST /api/operator/accounts/bulk`: the accounts that are named, else a page of those that the filter admits."""

    reason: str
    action: str
    account_ids: list[str] | None = None
    filter: BulkFilter | None = None
    content: str | None = None
    evidence: Evidence | None = None
    plan: str | None = None
    mapping: dict[str, Any] | None = None
    dry_run: bool | None = None
    limit: int | None = None
    cursor: str | None = None


class MovedAccount(ApiModel):
    """What became of one account of a move on many."""

    account_id: str
    outcome: str
    detail: str | None


class NewKey(ApiModel):
    """A key that was just made: the only time that it is shown."""

    bot_id: str
    key_id: str
    key: str


class NewUserKey(ApiModel):
    """A user's key that was just made: the only time that it is shown."""

    user_id: str
    key_id: str
    key: str


class Next(ApiModel):
    """What comes next, and when it can be taken; all None where nothing does: the account is active."""

    action: Step | None
    phase: str | None
    available_at: datetime | None


class Offer(ApiModel):
    """An account that can be worked on; its phase draws from `category` (both None where only the end is left)."""

    account_id: str
    model_id: str
    username: str
    action: Step
    phase: str | None
    category: str | None
    due_at: datetime


class OidcClient(ApiModel):
    """What the console needs to sign in by authorisation code; `token` is the member that the service takes."""

    issuer: str
    client_id: str
    scope: str
    token: str
    authorization_endpoint: str
    token_endpoint: str
    end_session_endpoint: str | None


class OpenedSession(ApiModel):
    """A session that was just opened: how long its leases last, how often to send a heartbeat."""

    session_id: str
    lease_seconds: int
    heartbeat_seconds: int


class ContentOutcomes(ApiModel):
    """What became of each of a list, in its order."""

    items: list[AcceptedContent | RefusedEntry]


class TextOutcomes(ApiModel):
    """What became of each of a list, in its order."""

    items: list[AcceptedText | RefusedEntry]


class Overview(ApiModel):
    """How the whole pipeline stands; `phases` counts by phase and status, as of `counted_at`; `has_more`: the
    counts are lower bounds. `longest_at_work` is at most 15 seconds old.

    `pools_dry_within_7_days` counts models, and `dry_models` names the first 20 of them, as of `pools_watched_at` and
    of so many `models_watched`, of which `models_incomplete` were too large to be read whole; null before the first
    look."""

    pipeline_paused: bool
    reason: str | None
    paused_models: list[str]
    version: int
    now: datetime
    states: dict[str, int]
    phases: dict[str, dict[str, int]]
    queues: dict[str, int]
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
    has_more: bool
    counted_at: datetime
    longest_at_work: AtWork | None


class OwnHolding(ApiModel):
    """An account that the session holds, with the lease."""

    account_id: str
    phase: str | None
    lease: OwnLease


class OwnLease(ApiModel):
    """A lease, to its holder only. No heartbeat extends it beyond `latest_at`; the delivery moves that on."""

    session_id: str
    lease_token: str
    expires_at: datetime
    latest_at: datetime | None
    lease_seconds: int


class OwnSession(ApiModel):
    """A session with what it holds, tokens included: to itself only."""

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
    status: SessionStatus
    lease_seconds: int
    heartbeat_seconds: int
    held: list[OwnHolding]


class Performance(ApiModel):
    """The measurement that counts for the content of a phase: the latest."""

    replayed: bool
    masked: list[str]
    account_id: str
    phase: str
    assignment_id: str
    performance_score: float
    metrics: dict[str, Any]
    measured_at: datetime


class PerformanceBody(ApiModel):
    """`POST …/performance/{phase}`. `metrics` are the figures behind the score, as the bot has them."""

    performance_score: float
    metrics: dict[str, Any] | None = None
    measured_at: datetime


class Phase(ApiModel):
    """One phase of one account, with all its fields."""

    phase: str
    status: PhaseStatus
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
    replacement_count: int
    attempt: int
    skipped: bool
    execution_time_ms: int | None
    platform_response: Any
    created_at: datetime
    updated_at: datetime


class PlanBody(ApiModel):
    """`POST /api/operator/plans`: a draft."""

    name: str
    title: str
    from_: str | None = Field(default=None, alias="from")


class PlanContent(ApiModel):
    """What a phase asks of a media item; null asks nothing."""

    need: Need
    media_types: list[str]
    max_bytes: int
    min_width: int | None
    min_height: int | None
    min_aspect_ratio: float | None
    max_aspect_ratio: float | None
    max_duration_seconds: int | None
    animated: bool


class PlanContentBody(ApiModel):
    """What a phase asks of a media item; null asks nothing. An aspect ratio is width by height."""

    need: str | None = None
    media_types: list[str] | None = None
    max_bytes: int | None = None
    min_width: int | None = None
    min_height: int | None = None
    min_aspect_ratio: float | None = None
    max_aspect_ratio: float | None = None
    max_duration_seconds: int | None = None
    animated: bool | None = None


class PlanDiff(ApiModel):
    """What differs between two versions of plans, in words and as data."""

    plan: str
    against: str
    summary: str
    differences: list[PlanDifference]


class PlanDifference(ApiModel):
    """One difference. `what` is the member (such as `text.max_length`), or `added`, `left_out`, `moved` of a phase.

    `phase` is null for a limit of the whole plan."""

    phase: str | None
    what: str
    before: Any
    after: Any
    summary: str


class PlanEdit(ApiModel):
    """`PATCH …/plans/{plan}/versions/{version}`: the phases as a whole, the limits one by one."""

    title: str | None = None
    phases: list[PlanPhaseBody] | None = None
    limits: PlanLimitsBody | None = None
    reason: str | None = None


class PlanLimits(ApiModel):
    """The limits that hold for all phases of a plan."""

    max_retries: int
    retry_base_minutes: int
    retry_cap_hours: int
    max_crashes: int
    max_replacements: int
    cooldown_hours: int
    minimum_quality: float
    four_eyes: bool
    licence_required: bool


class PlanLimitsBody(ApiModel):
    """The limits of a plan; what is not given stays."""

    max_retries: int | None = None
    retry_base_minutes: int | None = None
    retry_cap_hours: int | None = None
    max_crashes: int | None = None
    max_replacements: int | None = None
    cooldown_hours: int | None = None
    minimum_quality: float | None = None
    four_eyes: bool | None = None
    licence_required: bool | None = None


class PlanMove(ApiModel):
    """`POST …/publish` and `…/retire`."""

    reason: str | None = None


class PlanName(ApiModel):
    """The plan that an account keeps."""

    name: str
    version: int
    digest: str


class PlanPhase(ApiModel):
    """A phase of a plan: the minimum interval before it, and what it asks of the pools."""

    phase: str
    category: str
    interval_hours: int
    max_work_minutes: int
    fallback: bool
    content: PlanContent
    text: PlanText


class PlanPhaseBody(ApiModel):
    """A phase of a plan. `interval_hours` is at least 24, of the first phase at least 0."""

    phase: str
    category: str
    interval_hours: int
    max_work_minutes: int | None = None
    fallback: bool | None = None
    content: PlanContentBody | None = None
    text: PlanTextBody | None = None


class PlanPreview(ApiModel):
    """What a plan would make of accounts that start now, by the rules by which they would be served.

    `first_account` says when each phase of the first one would begin; `active` how many would be active on which day,
    `accounts_unmet` how many never. `waits` are the first 100 of `waits_count`, `shares` what each category of the
    pools would give. `has_more`: not all was read, or the look ahead was cut short."""

    plan: str
    model_id: str
    as_of: datetime
    accounts: int
    accounts_under_way: int
    first_account: list[PlannedPhase]
    first_active_at: datetime | None
    last_active_at: datetime | None
    active: list[ActiveDay]
    accounts_unmet: int
    waits_count: int
    waits: list[PlannedWait]
    shares: list[PoolShare]
    has_more: bool


class PlanText(ApiModel):
    """What a phase asks of a text; null asks nothing. `unit`: in what its length is counted."""

    need: Need
    max_length: int
    unit: str
    max_hashtags: int | None
    max_mentions: int | None


class PlanTextBody(ApiModel):
    """What a phase asks of a text; null asks nothing."""

    need: str | None = None
    max_length: int | None = None
    unit: str | None = None
    max_hashtags: int | None = None
    max_mentions: int | None = None


class PlanVersion(ApiModel):
    """A version of a plan. `digest` is the SHA-256 of its phases and limits; `revision` counts its changes (`ETag`).

    What comes with the service (`standard` 1) has no instants."""

    name: str
    version: int
    state: PlanState
    digest: str
    title: str
    phases: list[PlanPhase]
    limits: PlanLimits
    copied_from: str | None
    created_at: datetime | None
    created_by: str | None
    updated_at: datetime | None
    published_at: datetime | None
    published_by: str | None
    retired_at: datetime | None
    retired_by: str | None
    revision: int


class PlannedPhase(ApiModel):
    """A phase of the first account, and when it would begin."""

    phase: str
    at: datetime


class PlannedWait(ApiModel):
    """A new account (by its number) that would come to a phase and find nothing, until when (null: for good)."""

    account: int
    phase: str
    kind: PoolKind
    category: str
    at: datetime
    until: datetime | None


class PoolCategory(ApiModel):
    """What one category holds; `refused` by reason.

    `uses_left` are uses that some phase of a plan could take, `unmet` accounts under way that find nothing, ever;
    `uses_needed_if_all_start` counts the imported accounts, too."""

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


class PoolImport(ApiModel):
    """What became of each row."""

    dry_run: bool
    counts: dict[str, int]
    rows: list[ImportedItem]


class PoolShare(ApiModel):
    """What one category of a pool would give to the accounts of a plan.

    `eligible` items can be given now by a phase that draws from here, with `uses_left` in all. `needed` is what the
    accounts would use and what they would never find, `from_any` how much of it comes from `any`, `unmet` how many
    accounts find nothing here, ever."""

    kind: PoolKind
    category: str
    items: int
    eligible: int
    uses_left: int
    needed: int
    from_any: int
    unmet: int


class PreviewBody(ApiModel):
    """`POST …/preview`: so many accounts of a model, as if they started now."""

    model_id: str
    accounts: int


class Problem(ApiModel):
    """What the service answers when it refuses (RFC 9457); `retryable`: the same request, later, has a chance."""

    errors: list[Fault] | None = None
    retry_after_seconds: int | None = None
    available_at: datetime | None = None
    lease: Holder | None = None
    happened: Happened | None = None
    phases: list[str] | None = None
    reasons: dict[str, int] | None = None
    what: str | None = None
    state: str | None = None
    phase_status: PhaseStatus | None = None
    possible_transitions: list[str] | None = None
    reason: str | None = None
    live_keys: list[str] | None = None
    duplicate_of: str | None = None
    duplicate_status: str | None = None
    duplicate_category: str | None = None
    creator: str | None = None
    account_id: str | None = None
    version: int | None = None
    permission: str | None = None
    roles: list[str] | None = None
    current: dict[str, Any] | None = None
    type: str
    title: str
    status: int
    detail: str
    code: str
    request_id: str
    retryable: bool


class Progress(ApiModel):
    """How many of the phases are completed."""

    completed: int
    total: int


class QueuePlace(ApiModel):
    """Where an account that can be taken stands: how many of its model come before it, and its model's share of turns.

    `before` counts up to 100; `more_before`: there are more. `share` (0 to 1) is what the model gets of the turns of
    all `models` that have work. A worker that asks for certain models or phases only passes the others by."""

    as_of: datetime
    before: int
    more_before: bool
    share: float
    models: int


class ReadiedWarmup(ApiModel):
    """The status document after the account was declared ready, with warnings about its pools."""

    account_id: str
    model_id: str
    username: str
    theme: str | None
    state: AccountState
    plan: PlanName
    current_phase: str | None
    phases: list[Phase]
    progress: Progress
    blockers: list[Blocker]
    created_at: datetime
    updated_at: datetime
    version: int
    lease: Lease | None
    replayed: bool
    warnings: list[str]


class Readiness(ApiModel):
    """The store answers."""

    status: str
    pipeline_paused: bool


class ReadyPage(ApiModel):
    """What can be worked on now."""

    next_due_at: datetime | None = None
    retry_after_seconds: int | None = None
    items: list[Offer]
    next_cursor: str | None


class ReasonBody(ApiModel):
    """A decision of an operator, with its reason."""

    reason: str


class RefusedEntry(ApiModel):
    """One of a list that was not accepted."""

    outcome: str
    error: RowError


class RefusedItem(ApiModel):
    """An item that cannot be chosen, and why."""

    item_id: str
    category: str
    reason: Refusal


class Released(ApiModel):
    """A lease that was given back."""

    replayed: bool
    account_id: str
    released: bool


class Report(ApiModel):
    """A phase after a report of failure, and what the service makes of it."""

    replayed: bool
    masked: list[str]
    account_id: str
    phase: Phase
    outcome: ReportOutcome
    available_at: datetime | None


class ReportErrorBody(ApiModel):
    """`POST …/report-error`. `retry_after_seconds` can only lengthen the plan's delay."""

    phase: str
    kind: ReportKind
    code: str | None = None
    message: str
    details: dict[str, Any] | None = None
    retry_after_seconds: int | None = None


class ResolveBody(ApiModel):
    """`POST …/phases/{phase}/resolve`."""

    reason: str
    evidence: Evidence


class RetryAllBody(ApiModel):
    """`POST /api/operator/review/retry`."""

    reason: str
    filter: ReviewFilter
    dry_run: bool | None = None
    content: str | None = None


class RetryBody(ApiModel):
    """`POST …/phases/{phase}/retry`: with the same items, or with others."""

    reason: str
    content: str | None = None


class RetryResult(ApiModel):
    """What became of one case of a bulk retry."""

    account_id: str
    phase: str
    outcome: str
    detail: str | None


class ReviewCounts(ApiModel):
    """How much waits for an operator."""

    failed: int
    requires_review: int
    total: int
    oldest: datetime | None


class ReviewFilter(ApiModel):
    """What of the review queue is meant; what is not given means all."""

    model_id: str | None = None
    phase: str | None = None
    status: str | None = None
    code: str | None = None
    kind: ReportKind | None = None
    older_than_seconds: int | None = None
    failed_before: datetime | None = None


class RowError(ApiModel):
    """What is wrong with one row; its members are those of a problem document of this code."""

    errors: list[Fault] | None = None
    retry_after_seconds: int | None = None
    available_at: datetime | None = None
    lease: Holder | None = None
    happened: Happened | None = None
    phases: list[str] | None = None
    reasons: dict[str, int] | None = None
    what: str | None = None
    state: str | None = None
    phase_status: PhaseStatus | None = None
    possible_transitions: list[str] | None = None
    reason: str | None = None
    live_keys: list[str] | None = None
    duplicate_of: str | None = None
    duplicate_status: str | None = None
    duplicate_category: str | None = None
    creator: str | None = None
    account_id: str | None = None
    version: int | None = None
    permission: str | None = None
    roles: list[str] | None = None
    current: dict[str, Any] | None = None
    code: str
    detail: str


class Sample(ApiModel):
    """One of a group's messages, and some of its accounts."""

    message: str | None
    account_ids: list[str]


class Service(ApiModel):
    """What runs here."""

    release: str
    now: datetime
    store: StoreNames
    lease_seconds: int
    heartbeat_seconds: int
    session_seconds: int
    url_seconds: int
    queue_shards: int


class Session(ApiModel):
    """A session as operators see it."""

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
    status: SessionStatus
    held: list[Holding]


class SessionBody(ApiModel):
    """`POST /api/bot/sessions`."""

    client: str | None = None
    host: str | None = None


class Shortfall(ApiModel):
    """The day on which an account will find nothing, and until when (null: for good)."""

    day: str
    at: datetime
    account_id: str
    phase: str
    kind: PoolKind
    until: datetime | None


class SignIn(ApiModel):
    """How the console signs in; `oidc` is null where keys alone do."""

    oidc: OidcClient | None


class StartedWarmup(ApiModel):
    """The status document after the start, with the lease to its holder."""

    account_id: str
    model_id: str
    username: str
    theme: str | None
    state: AccountState
    plan: PlanName
    current_phase: str | None
    phases: list[Phase]
    progress: Progress
    blockers: list[Blocker]
    created_at: datetime
    updated_at: datetime
    version: int
    replayed: bool
    lease: OwnLease | None


class StoreNames(ApiModel):
    """Where the service keeps what it knows."""

    endpoint: str
    table_prefix: str
    media_bucket: str


class Text(ApiModel):
    """A text of a pool, with its usage."""

    model_id: str
    category: str
    theme: str | None
    status: ItemStatus
    enabled: bool
    quality_score: float
    usage_count: int
    max_usage: int
    successes: float
    failures: float
    last_assigned_at: datetime | None
    created_at: datetime
    created_by: str
    approved_by: str | None
    updated_at: datetime
    version: int
    tags: list[str]
    licence: Licence | None
    text_id: str
    body: str


class TextBody(ApiModel):
    """`POST …/models/{model_id}/texts`."""

    category: str
    quality_score: float
    max_usage: int
    theme: str | None = None
    tags: list[str] | None = None
    licence: LicenceBody | None = None
    status: ItemRights | None = None
    text_id: str | None = None
    body: str


class TextEdit(ApiModel):
    """`PATCH …/texts/{text_id}`: the same, and `body`, until the text was first assigned."""

    category: str | None = None
    quality_score: float | None = None
    max_usage: int | None = None
    theme: str | None = None
    tags: list[str] | None = None
    licence: LicenceBody | None = None
    enabled: bool | None = None
    status: ItemRights | None = None
    reason: str | None = None
    body: str | None = None


class Throughput(ApiModel):
    """What was done in the last 24 hours, this one included, oldest first.

    What happened before `counted_at` is counted; null before the first count."""

    hours: list[Hour]
    now: datetime
    counted_at: datetime | None


class Timer(ApiModel):
    """When a timer last ran, and what it did. A run that did nothing is recorded every 15 minutes at least: a record
    that is older than `silent_after_seconds` means that the timer does not run."""

    name: str
    ran_at: datetime | None
    did: Any
    silent_after_seconds: int


class Upload(ApiModel):
    """A form that uploads one file by a multipart POST: a secret."""

    media_key: str
    url: str
    fields: dict[str, str]
    expires_at: datetime


class UploadBody(ApiModel):
    """`POST …/content/uploads`: the file that will be uploaded."""

    filename: str
    media_type: str
    bytes: int
    sha256: str


class User(ApiModel):
    """A user; `models` null means all. With `keys:read` its keys, too."""

    user_id: str
    name: str
    role: Role
    models: list[str] | None
    disabled_at: datetime | None
    created_at: datetime
    updated_at: datetime
    version: int
    keys: list[Key] | None = None


class UserBody(ApiModel):
    """`POST /api/operator/users`; `models` null means all, and an admin is bound to none."""

    user_id: str | None = None
    name: str | None = None
    role: Role
    models: list[str] | None = None
    expires_at: datetime | None = None


class UserEdit(ApiModel):
    """`PATCH …/users/{user_id}`; `models` null frees the user, `disabled` false lets a disabled one have keys again."""

    name: str | None = None
    role: Role | None = None
    models: list[str] | None = None
    disabled: bool | None = None


class Verification(ApiModel):
    """Whether an account's audit has no gap, replays to its state, and its hashes are right.

    `chained_since`: the version from which events carry hashes; those of an earlier release do not."""

    account_id: str
    ok: bool
    versions: int
    chained_since: int | None
    problems: list[str]


class WarmupStatus(ApiModel):
    """The status document: where a warm-up stands, and why the account is not offered (no blockers: it is)."""

    account_id: str
    model_id: str
    username: str
    theme: str | None
    state: AccountState
    plan: PlanName
    current_phase: str | None
    phases: list[Phase]
    progress: Progress
    blockers: list[Blocker]
    created_at: datetime
    updated_at: datetime
    version: int
    lease: Lease | None


class WholeAccount(ApiModel):
    """An account as operators see it.

    `crash_count` and `release_count`: how often workers left it without an outcome before its first phase began or
    after its last was completed; `content_misses`: how often in a row its pools had nothing eligible."""

    account_id: str
    model_id: str
    username: str
    theme: str | None
    state: AccountState
    plan: PlanName
    current_phase: str | None
    phases: list[Phase]
    progress: Progress
    blockers: list[Blocker]
    created_at: datetime
    updated_at: datetime
    version: int
    lease: Lease | None
    crash_count: int
    release_count: int
    content_misses: int
    phase_status: PhaseStatus | None
    due_at: datetime | None
    action: Step | None
    queues: list[Queue]
    working_since: datetime | None
    tags: list[str]
    consent: Consent | None
    consent_state: ConsentState
    external_ref: str | None
    erased_at: datetime | None


class Withdrawal(ApiModel):
    """What became of one account or item."""

    kind: str
    id: str
    outcome: str
    detail: str | None


class Words(ApiModel):
    """A text to publish."""

    text_id: str
    body: str
