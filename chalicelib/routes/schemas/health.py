"""Whether the service lives, and whether it can reach its store."""

from datetime import datetime

from chalicelib.edge.answers import Document


class Health(Document):
    """The service lives."""

    status: str
    now: datetime


class Readiness(Document):
    """The store answers."""

    status: str
    pipeline_paused: bool
