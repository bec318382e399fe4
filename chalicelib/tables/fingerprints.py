"""Fingerprints: which item of a model has these bytes or these words, and which account stands for a profile."""

from chalicelib.tables.attributes import instant, text
from chalicelib.tables.base import Item


class Fingerprint(Item):
    """The guard against exact duplicates, written with its item (or account): two creators at once cannot both
    succeed.

    `item_id` is the id of a media item, a text or an account: what of, the fingerprint's first word says.
    """

    class Meta:
        table_name = "fingerprints"

    fingerprint = text(hash_key=True)
    item_id = text()
    created_at = instant()
