"""Audit events: one for each accepted change, keyed by the version that it made."""

from pynamodb.indexes import GlobalSecondaryIndex, IncludeProjection

from chalicelib.domain.actions import AuditAction
from chalicelib.tables.attributes import document, expiry, instant, maybe_digest, maybe_text, sequence, text, word
from chalicelib.tables.base import Item


class BucketIndex(GlobalSecondaryIndex["AuditEvent"]):
    """What happened on a day (UTC), in parts by actor."""

    class Meta:
        index_name = "bucket-index"
        projection = IncludeProjection(["actor", "action"])

    bucket = text(hash_key=True)
    at = instant(range_key=True)
    actor = text()
    action = word(AuditAction)


class AuditEvent(Item):
    """One event. `token` is the client request token of its transaction: the mark that it was stored.

    `previous` is the hash of the event before it of its subject (`domain.replay`), None of the first, and in events of
    an earlier release; `details_digest` is of details that were erased, with the token. `words` is the seal of words
    that its details leave out: they are in a row of `profiles` (`words_key`). `bucket` is its key in the index, None in
    events of an earlier release that `make upgrade` has not reached.
    """

    class Meta:
        table_name = "audit_events"

    subject = text(hash_key=True)
    sequence = sequence()
    at = instant()
    bucket = maybe_text()
    actor = text()
    action = word(AuditAction)
    transitions = document(default=list)
    request_id = text()
    client_request_id = maybe_text()
    key_id = maybe_text()
    session_id = maybe_text()
    details = document(default=dict)
    details_digest = maybe_digest()
    words = document()
    token = text()
    previous = maybe_digest()
    kept_until = expiry()

    bucket_index = BucketIndex()

    @property
    def known_as(self) -> str:
        """The id by which the caller knows the request; an earlier release kept that one alone, as `request_id`."""
        return self.client_request_id or self.request_id
