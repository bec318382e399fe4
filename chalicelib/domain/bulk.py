"""What operators do to many accounts at once, and which accounts it concerns."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Protocol

from chalicelib.domain import accounts, phases
from chalicelib.domain.accounts import AccountState, AccountTransition
from chalicelib.domain.phases import PhaseStatus


class BulkAction(StrEnum):
    """What can be done with many accounts at once."""

    READY = "ready"
    PAUSE = "pause"
    RESUME = "resume"
    RETRY = "retry"
    RESOLVE = "resolve"
    SKIP = "skip"
    MIGRATE = "migrate"


class _Account(Protocol):
    """What the rule reads of an account."""

    @property
    def state(self) -> AccountState: ...
    @property
    def phase_status(self) -> PhaseStatus | None: ...


_OF_ACCOUNTS: Mapping[BulkAction, AccountTransition] = {
    BulkAction.READY: AccountTransition.READY,
    BulkAction.PAUSE: AccountTransition.PAUSE,
    BulkAction.RESUME: AccountTransition.RESUME,
}
"""The actions on accounts; the others decide on a phase that needs attention."""


def concerns(action: BulkAction, account: _Account) -> bool:
    """Whether the action is possible for the account as it stands."""
    if action is BulkAction.MIGRATE:
        return not accounts.has_ended(account.state)
    if action in _OF_ACCOUNTS:
        return accounts.is_possible(account.state, _OF_ACCOUNTS[action])
    return accounts.is_under_way(account.state) and phases.needs_attention(account.phase_status)
