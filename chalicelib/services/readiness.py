"""Whether the store can be reached."""

from chalicelib.context import Context
from chalicelib.tables import Setting
from chalicelib.tables.base import endpoint, together
from chalicelib.tables.settings import PAUSES


def check(context: Context) -> bool:
    """Reads the store once; returns whether the whole pipeline is paused. Raises TemporarilyUnavailable."""
    (pauses,) = together([(Setting, PAUSES)])
    context.note(store="ok")
    return pauses is not None and pauses.pipeline_paused


def store() -> str:
    """Where the store is called."""
    return endpoint()
