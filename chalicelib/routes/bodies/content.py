"""Media items and the upload of their files."""

from typing import Annotated

from pydantic import BeforeValidator, Field, StringConstraints

from chalicelib.routes.bodies.base import Identifier, Input, Line, Whole, whole
from chalicelib.routes.bodies.pools import ItemBody


class UploadBody(Input):
    """`POST …/content/uploads`: the file that will be uploaded."""

    filename: Line
    media_type: Annotated[str, StringConstraints(pattern=r"^(image|video)/[a-z0-9.+\-]{1,60}$")]
    bytes: Whole = Field(ge=1, le=10**9)
    sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class ContentBody(ItemBody):
    """`POST …/models/{model_id}/content`."""

    content_id: Identifier | None = None
    media_key: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_./\-]{1,512}$")]
    media_type: Annotated[str, StringConstraints(pattern=r"^(image|video)/[a-z0-9.+\-]{1,60}$")]
    sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
    bytes: Whole = Field(ge=1, le=10**9)
    width: Annotated[int, Field(ge=1, le=100_000), BeforeValidator(whole)] | None = None
    height: Annotated[int, Field(ge=1, le=100_000), BeforeValidator(whole)] | None = None
