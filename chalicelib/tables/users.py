"""Users, who may call the operator API, with the hashes of their keys."""

from chalicelib.domain.permissions import Role
from chalicelib.tables.attributes import count, document, instant, maybe_digest, maybe_instant, text, texts, word
from chalicelib.tables.base import Item


class User(Item):
    """A user. `keys` maps a key's id to what is stored of it, `last_used` to the hour of its last use."""

    class Meta:
        table_name = "users"

    user_id = text(hash_key=True)
    role = word(Role)
    name = text()
    models = texts()
    keys = document(default=dict)
    last_used = document(default=dict)
    disabled_at = maybe_instant()
    created_at = instant()
    updated_at = instant()
    version = count()
    head = maybe_digest()

    @property
    def subject(self) -> str:
        """The subject of its audit events."""
        return f"user:{self.user_id}"
