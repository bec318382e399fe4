"""Bots and operators: who may call, with the hashes of their keys."""

from chalicelib.context import ActorKind
from chalicelib.tables.attributes import count, document, instant, text, texts, word
from chalicelib.tables.base import Item


class Bot(Item):
    """A bot, or an operator. `keys` maps a key's id to `{digest, created_at, revoked_at}`."""

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

    @property
    def subject(self) -> str:
        """The subject of its audit events."""
        return f"bot:{self.bot_id}"

    def live_keys(self) -> dict[str, dict[str, str | None]]:
        """The keys that are not revoked, by id."""
        return {key_id: key for key_id, key in self.keys.items() if not key.get("revoked_at")}
