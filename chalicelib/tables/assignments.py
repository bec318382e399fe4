"""Assignments: that an item was given to an account's phase, why, and the outcome."""

from collections.abc import Sequence

from pynamodb.expressions.update import Action
from pynamodb.indexes import GlobalSecondaryIndex, KeysOnlyProjection

from chalicelib.domain.forgettable import ERASED
from chalicelib.domain.phases import is_completed
from chalicelib.domain.warmup.delivery import is_by_hand
from chalicelib.domain.warmup.effects import COMPLETED
from chalicelib.tables import pages
from chalicelib.tables.attributes import count, document, instant, maybe_instant, maybe_number, maybe_text, text
from chalicelib.tables.base import Item, Key, Raw, batch_get
from chalicelib.tables.phases import Phase

_PAGE = 100


class ContentIndex(GlobalSecondaryIndex["Assignment"]):
    """Who was given a media item."""

    class Meta:
        index_name = "content-index"
        projection = KeysOnlyProjection()

    content_id = text(hash_key=True)
    assigned_at = instant(range_key=True)


class TextIndex(GlobalSecondaryIndex["Assignment"]):
    """Who was given a text."""

    class Meta:
        index_name = "text-index"
        projection = KeysOnlyProjection()

    text_id = text(hash_key=True)
    assigned_at = instant(range_key=True)


class Assignment(Item):
    """One assignment; `scores` holds the four parts, the rank and the score of the media item and of the text.

    It is written when it is made. That its phase was completed is not written here (`with_outcomes`), other ends are.
    """

    class Meta:
        table_name = "content_assignments"

    account_id = text(hash_key=True)
    assignment_id = text(range_key=True)
    phase = text()
    model_id = text()
    content_id = maybe_text()
    text_id = maybe_text()
    content_type = maybe_text()
    assignment_score = maybe_number()
    assignment_reason = text()
    scores = document()
    assigned_at = instant()
    assigned_by = text()
    delivered_at = maybe_instant()
    used_at = maybe_instant()
    ended_at = maybe_instant()
    outcome = maybe_text()
    performance_score = maybe_number()
    measured_at = maybe_instant()
    metrics = document()
    success = document()
    attempt = count()

    content_index = ContentIndex()
    text_index = TextIndex()


def with_outcomes(rows: Sequence[Assignment]) -> list[Assignment]:
    """The assignments with their outcome: where its phase was completed, the phase says so. One batch read.

    Other ends are written in the assignment itself; so is this one, before its phase is dropped.
    """
    left = [row for row in rows if row.ended_at is None]
    keys: list[Key] = [(Phase, row.account_id, row.phase) for row in left]
    for row, phase in zip(left, batch_get(keys) if keys else (), strict=True):
        if phase is not None and phase.assignment_id == row.assignment_id and is_completed(phase.status):
            row.outcome, row.success = COMPLETED, True
            row.used_at = row.ended_at = phase.completed_at
            if row.measured_at is None and phase.performance_score is not None:
                row.performance_score, row.measured_at = phase.performance_score, phase.completed_at
    return list(rows)


def of_item(item_id: str, *, texts: bool, most: int) -> tuple[list[Assignment], bool]:
    """Up to `most` assignments of an item, newest first, and whether these are all."""
    index = Assignment.text_index if texts else Assignment.content_index
    found: list[Assignment] = []
    after: Raw | None = None
    while len(found) < most:
        size = min(_PAGE, most - len(found))
        page, after = pages.by_index(Assignment, index, item_id, limit=size, after=after, forward=False)
        found.extend(page)
        if after is None:
            return found, True
    return found, False


def has_words(row: Assignment) -> bool:
    """Whether an operator or a worker wrote words into the assignment."""
    return is_by_hand(row.assignment_reason) or bool(row.metrics)


def forgetting(row: Assignment) -> list[Action]:
    """What takes these words out of it."""
    actions: list[Action] = []
    if is_by_hand(row.assignment_reason):
        actions.append(Assignment.assignment_reason.set(ERASED))
    if row.metrics:
        actions.append(Assignment.metrics.remove())
    return actions
