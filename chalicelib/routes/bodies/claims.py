"""One step of a walk."""

from typing import Annotated

from pydantic import Field, StringConstraints

from chalicelib.routes.bodies.base import Input


class ClaimsBody(Input):
    """`POST …/claims`: one step of a walk over what is there."""

    dry_run: bool = False
    limit: int = Field(default=50, ge=1, le=100)
    cursor: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_\-]{1,2048}$")] | None = None
