"""Fingerprints: which item of a model has these bytes or these words, so that none is made twice."""

from chalicelib.tables.attributes import instant, text
from chalicelib.tables.base import Item


class Fingerprint(Item):
    """The guard against exact duplicates, written with the item: two creators at once cannot both succeed."""

    class Meta:
        table_name = "fingerprints"

    fingerprint = text(hash_key=True)
    item_id = text()
    created_at = instant()
