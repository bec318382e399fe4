"""Where an account stands among those that can be taken: why it is next, or not yet."""

from chalicelib.context import Context
from chalicelib.dispatch import Search
from chalicelib.domain.dispatch import ANYTHING, MOST_BEFORE, QueuePlace
from chalicelib.warmups import Loaded


def place(context: Context, loaded: Loaded) -> QueuePlace | None:
    """Returns where the account stands for a worker that asks for anything, by what workers are given.

    None where something blocks it, or where the queue (some seconds old behind a backlog) does not show it yet.
    """
    if loaded.blockers(context.now):
        return None
    search = Search(context, ANYTHING, page=MOST_BEFORE + 1)
    return search.place_of(loaded.account.account_id, loaded.account.model_id)
