"""Whether the store can be reached."""

from chalicelib.context import Context
from chalicelib.tables import Setting
from chalicelib.tables.base import batch_get, endpoint
from chalicelib.tables.settings import PAUSES


def check(context: Context) -> bool:
    """Reads the store once; returns whether the whole pipeline is paused. Raises TemporarilyUnavailable."""
    (pauses,) = batch_get([(Setting, PAUSES)])
    context.note(store="ok")
    return pauses is not None and pauses.pipeline_paused


def store() -> str:
    """Where the store is called."""
    return endpoint()
