"""Pools: media (`content`) and texts of a model, with their usage, and the index that is their ranking."""

from collections.abc import Iterator
from datetime import datetime
from typing import Self

from pynamodb.expressions.condition import Condition
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex, KeysOnlyProjection

from chalicelib.domain import scoring
from chalicelib.domain.selection import Rights
from chalicelib.tables.attributes import (
    count,
    flag,
    instant,
    maybe_count,
    maybe_instant,
    maybe_text,
    number,
    text,
    texts,
    word,
)
from chalicelib.tables.base import Item, reading

_PAGE = 10


class PoolItem(Item):
    """What media and texts have in common. `revision` counts every write, `version` the edits by people."""

    model_id = text()
    category = text()
    theme = maybe_text()
    tags = texts()
    status = word(Rights)
    enabled = flag(default=True)
    quality_score = number()
    usage_count = count()
    max_usage = count(default=1)
    successes = count()
    failures = count()
    last_assigned_at = maybe_instant()
    licensed_by = maybe_text()
    licence_valid_until = maybe_instant()
    pool = maybe_text()
    pool_rank = maybe_text()
    created_at = instant()
    created_by = text()
    updated_at = instant()
    version = count()
    revision = count()

    @property
    def item_id(self) -> str:
        """Its id."""
        raise NotImplementedError

    @property
    def media_type_or_none(self) -> str | None:
        """Its media type, None for a text."""
        return None

    @property
    def length_or_none(self) -> int | None:
        """Its length in characters, None for media."""
        return None

    def keep_in_pool(self) -> None:
        """Puts the item where the index ranks it, or takes it out when it is used up, disabled or not approved."""
        if self.status is Rights.APPROVED and self.enabled and self.usage_count < self.max_usage:
            self.pool = scoring.pool(self.model_id, self.category, self.theme)
            self.pool_rank = scoring.pool_rank(self, self.item_id)
        else:
            self.pool = self.pool_rank = None

    def store_use(self, now: datetime) -> Condition:
        """Reserves one use; returns the condition that nobody changed the item since it was read."""
        self.usage_count += 1
        self.last_assigned_at = now
        return self.revise(now)

    def store_return(self, now: datetime) -> Condition:
        """Gives one use back; returns the condition that nobody changed the item since it was read."""
        self.usage_count -= 1
        return self.revise(now)

    def store_outcome(self, *, success: bool, now: datetime) -> Condition:
        """Counts a success or a failure; returns the condition that nobody changed the item since it was read."""
        if success:
            self.successes += 1
        else:
            self.failures += 1
        return self.revise(now)

    def revise(self, now: datetime) -> Condition:
        """Marks a write of what was changed; returns the condition that nobody else wrote since it was read."""
        condition = type(self).revision == self.revision
        self.revision += 1
        self.updated_at = now
        self.keep_in_pool()
        return condition

    @classmethod
    def ranked(cls, model_id: str, category: str, theme: str | None) -> Iterator[Self]:
        """The items of one theme's list, best first, read page by page as far as asked for."""
        raise NotImplementedError

    @classmethod
    def of_model(cls, model_id: str, limit: int) -> list[str]:
        """The ids of up to `limit` items of a model, of every state."""
        raise NotImplementedError


class ContentPoolIndex(GlobalSecondaryIndex["Content"]):
    """The ranking: one theme's list a partition, sorted as the contract orders."""

    class Meta:
        index_name = "pool-index"
        projection = AllProjection()

    pool = text(hash_key=True)
    pool_rank = text(range_key=True)


class ContentModelIndex(GlobalSecondaryIndex["Content"]):
    """All items of a model."""

    class Meta:
        index_name = "model-index"
        projection = KeysOnlyProjection()

    model_id = text(hash_key=True)
    content_id = text(range_key=True)


class Content(PoolItem):
    """A media item."""

    class Meta:
        table_name = "content"

    content_id = text(hash_key=True)
    media_key = text()
    media_type = text()
    sha256 = text()
    bytes = count()
    width = maybe_count()
    height = maybe_count()

    pool_index = ContentPoolIndex()
    model_index = ContentModelIndex()

    @property
    def subject(self) -> str:
        """The subject of its audit events."""
        return f"content:{self.content_id}"

    @property
    def item_id(self) -> str:
        """Its id."""
        return self.content_id

    @property
    def media_type_or_none(self) -> str | None:
        """Its media type."""
        return self.media_type

    @classmethod
    def ranked(cls, model_id: str, category: str, theme: str | None) -> Iterator[Self]:
        """The items of one theme's list, best first, read page by page as far as asked for."""
        pool = scoring.pool(model_id, category, theme)
        with reading():
            yield from cls.pool_index.query(pool, scan_index_forward=False, page_size=_PAGE)  # type: ignore[misc]

    @classmethod
    def of_model(cls, model_id: str, limit: int) -> list[str]:
        """The ids of up to `limit` items of a model, of every state."""
        with reading():
            return [item.content_id for item in cls.model_index.query(model_id, limit=limit)]


class TextPoolIndex(GlobalSecondaryIndex["Text"]):
    """The ranking: one theme's list a partition, sorted as the contract orders."""

    class Meta:
        index_name = "pool-index"
        projection = AllProjection()

    pool = text(hash_key=True)
    pool_rank = text(range_key=True)


class TextModelIndex(GlobalSecondaryIndex["Text"]):
    """All texts of a model."""

    class Meta:
        index_name = "model-index"
        projection = KeysOnlyProjection()

    model_id = text(hash_key=True)
    text_id = text(range_key=True)


class Text(PoolItem):
    """A text."""

    class Meta:
        table_name = "texts"

    text_id = text(hash_key=True)
    body = text()

    pool_index = TextPoolIndex()
    model_index = TextModelIndex()

    @property
    def subject(self) -> str:
        """The subject of its audit events."""
        return f"text:{self.text_id}"

    @property
    def item_id(self) -> str:
        """Its id."""
        return self.text_id

    @property
    def length_or_none(self) -> int | None:
        """Its length in characters."""
        return len(self.body)

    @classmethod
    def ranked(cls, model_id: str, category: str, theme: str | None) -> Iterator[Self]:
        """The items of one theme's list, best first, read page by page as far as asked for."""
        pool = scoring.pool(model_id, category, theme)
        with reading():
            yield from cls.pool_index.query(pool, scan_index_forward=False, page_size=_PAGE)  # type: ignore[misc]

    @classmethod
    def of_model(cls, model_id: str, limit: int) -> list[str]:
        """The ids of up to `limit` items of a model, of every state."""
        with reading():
            return [item.text_id for item in cls.model_index.query(model_id, limit=limit)]
