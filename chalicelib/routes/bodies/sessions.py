"""Opening a session, and saying that it lives."""

from chalicelib.routes.bodies.base import Input, Line


class SessionBody(Input):
    """`POST /api/bot/sessions`."""

    client: Line | None = None
    host: Line | None = None


class HeartbeatBody(Input):
    """`POST …/heartbeat`."""

    note: Line | None = None
