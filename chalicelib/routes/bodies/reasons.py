"""A move that operators make, with their reason."""

from chalicelib.routes.bodies.base import Input, Prose


class ReasonBody(Input):
    """A move that people make, with their reason."""

    reason: Prose
