"""A move that operators make, with their reason."""

from chalicelib.routes.bodies.base import Input, Prose


class ReasonBody(Input):
    """A decision of an operator, with its reason."""

    reason: Prose
