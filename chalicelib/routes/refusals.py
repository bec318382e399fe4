"""Which conflicts a route can answer with, where several routes have them in common: for OpenAPI."""

from chalicelib.domain.errors import (
    AccountLeased,
    AccountNotReady,
    AccountPaused,
    ConsentMissing,
    ContentUnavailable,
    InvalidTransition,
    LeaseSuperseded,
    ModelBusy,
    PhaseNotAvailable,
    PhaseNotInProgress,
    PhasesIncomplete,
    ServiceError,
    SessionEnded,
)

Refusals = tuple[type[ServiceError], ...]

TAKING: Refusals = (
    *(AccountNotReady, AccountPaused, ModelBusy, AccountLeased, LeaseSuperseded),
    *(ConsentMissing, PhaseNotAvailable, ContentUnavailable, SessionEnded),
)
TELLING: Refusals = (LeaseSuperseded, AccountLeased, PhaseNotInProgress, AccountNotReady)
MEASURING: Refusals = (InvalidTransition, AccountNotReady)
ENDING: Refusals = (PhasesIncomplete, AccountNotReady, AccountPaused, AccountLeased, LeaseSuperseded, SessionEnded)
DECIDING: Refusals = (InvalidTransition, PhaseNotAvailable, AccountNotReady)
