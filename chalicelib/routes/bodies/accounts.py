"""Accounts, and their owners' consent."""

from pydantic import Field

from chalicelib.routes.bodies.base import DayOrInstant, Identifier, Input, Name, Tag, Username


class ConsentBody(Input):
    """Who owns the account and agreed."""

    granted_by: Name
    granted_at: DayOrInstant
    reference: Name


class AccountBody(Input):
    """`POST /api/operator/accounts`, and each row of an import."""

    account_id: Identifier | None = None
    model_id: Identifier
    username: Username
    theme: Tag | None = None
    tags: list[Tag] = Field(default=[], max_length=20)
    consent: ConsentBody | None = None
