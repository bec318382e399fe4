"""Deliveries: a phase's content is chosen, assigned and given to its worker."""

from chalicelib import deliveries, warmups
from chalicelib.changes import retry_on_conflict
from chalicelib.context import Context
from chalicelib.deliveries import Contest, DeliveredItems
from chalicelib.domain.errors import PhaseNotAvailable


def content(context: Context, account_id: str, phase_name: str) -> DeliveredItems:
    """Gives the caller the phase's content: assigned if none is, under the caller's lease, taken if it has none.

    The holder that asks again gets the same. An item that was assigned and never delivered, and has lost its rights
    since, is replaced by another. Raises NotFound, AccountNotReady, AccountLeased, AccountPaused, PhaseNotAvailable,
    ContentUnavailable, SessionEnded, QuotaReached.
    """
    return _content(context, account_id, phase_name, Contest())


@retry_on_conflict
def _content(context: Context, account_id: str, phase_name: str, contest: Contest) -> DeliveredItems:
    return deliveries.hand_out(
        context, warmups.load(context, account_id, phase_name, warmups.TAKING), phase_name, contest
    )


def take(context: Context, account_id: str) -> DeliveredItems:
    """Gives the caller the content of the account's next phase: starts the warm-up where it has not begun, takes the
    lease, assigns and delivers, in one transaction. The holder that asks again gets the same.

    Raises as `content` does; PhaseNotAvailable where all phases are completed.
    """
    return _take(context, account_id, Contest())


@retry_on_conflict
def _take(context: Context, account_id: str, contest: Contest) -> DeliveredItems:
    delivery = deliveries.take_next(context, warmups.load(context, account_id, purpose=warmups.TAKING), contest)
    if delivery is None:
        raise PhaseNotAvailable("All phases are completed: complete the warm-up.")
    return delivery
