"""Which conflicts a route can answer with, where several routes have them in common: for OpenAPI."""

from chalicelib.domain.errors import (
    AccountLeased,
    AccountNotReady,
    AccountPaused,
    ConsentExpired,
    ConsentMissing,
    ConsentWithdrawn,
    ContentUnavailable,
    InvalidTransition,
    LeaseSuperseded,
    ModelBusy,
    PhaseNotAvailable,
    PhaseNotInProgress,
    PhasesIncomplete,
    QuotaReached,
    ServiceError,
    SessionEnded,
)

Refusals = tuple[type[ServiceError], ...]

TAKING: Refusals = (
    *(AccountNotReady, AccountPaused, ModelBusy, AccountLeased, LeaseSuperseded),
    *(PhaseNotAvailable, ContentUnavailable, SessionEnded, QuotaReached),
    *(ConsentMissing, ConsentWithdrawn, ConsentExpired),
)
TELLING: Refusals = (LeaseSuperseded, AccountLeased, PhaseNotInProgress, AccountNotReady)
MEASURING: Refusals = (InvalidTransition, AccountNotReady)
ENDING: Refusals = (
    *(PhasesIncomplete, AccountNotReady, AccountPaused, AccountLeased, LeaseSuperseded, SessionEnded),
    *(ConsentMissing, ConsentWithdrawn, ConsentExpired),
)
DECIDING: Refusals = (InvalidTransition, PhaseNotAvailable, AccountNotReady)
