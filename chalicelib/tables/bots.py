"""Bots: who may call the bot API, with the hashes of their keys."""

from chalicelib.context import ActorKind
from chalicelib.tables.attributes import count, document, instant, maybe_digest, text, texts, word
from chalicelib.tables.base import Item


class Bot(Item):
    """A bot; of an earlier release, an operator. `keys` maps a key's id to what is stored of it."""

    class Meta:
        table_name = "bots"

    bot_id = text(hash_key=True)
    role = word(ActorKind)
    name = text()
    models = texts()
    keys = document(default=dict)
    created_at = instant()
    updated_at = instant()
    version = count()
    head = maybe_digest()

    @property
    def subject(self) -> str:
        """The subject of its audit events."""
        return f"bot:{self.bot_id}"
