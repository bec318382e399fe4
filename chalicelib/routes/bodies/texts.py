"""Texts."""

from chalicelib.routes.bodies.base import Identifier, Words
from chalicelib.routes.bodies.pools import ItemBody, ItemEdit


class TextBody(ItemBody):
    """`POST …/models/{model_id}/texts`."""

    text_id: Identifier | None = None
    body: Words


class TextEdit(ItemEdit):
    """`PATCH …/texts/{text_id}`: the same, and `body`, until the text was first assigned."""

    body: Words = "-"
