"""Fingerprints: which item of a model has these bytes or these words, which account stands for a profile, and which
item's withdrawal keeps a file out of all models."""

from chalicelib.tables.attributes import instant, text
from chalicelib.tables.base import Item


class Fingerprint(Item):
    """The guard against exact duplicates, written with its item (or account): two creators at once cannot both
    succeed.

    `item_id` is the id of a media item, a text or an account: what of, the fingerprint's first word says. Of a `file`
    it is the item that was withdrawn, and the file with it.
    """

    class Meta:
        table_name = "fingerprints"

    fingerprint = text(hash_key=True)
    item_id = text()
    created_at = instant()
