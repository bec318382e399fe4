"""Pools: media (`content`) and texts of a model, with their usage, and the index that is their ranking."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, ClassVar, Generic, Self, TypeVar

from pynamodb.expressions.condition import Condition
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex, KeysOnlyProjection

from chalicelib.domain import duplicates, scoring, selection, uses
from chalicelib.domain.records import record
from chalicelib.domain.refusals import ItemFacts, MediaFacts, TextFacts
from chalicelib.domain.selection import GLANCE, ItemRights
from chalicelib.tables.attributes import (
    count,
    flag,
    instant,
    maybe_count,
    maybe_digest,
    maybe_flag,
    maybe_instant,
    maybe_number,
    maybe_text,
    number,
    text,
    texts,
    word,
)
from chalicelib.tables.base import Item, Raw, translating_read_errors

_OF_A_THEME = (4, 16, 64)
_OF_ALL = (GLANCE, 64)


class PoolItem(Item):
    """What media and texts have in common. `revision` counts every write, `version` the edits by operators.

    `themeless`: its model had no themes when it was made, so that nobody asks for the ranking of a theme.
    """

    contended = True

    model_id = text()
    category = text()
    theme = maybe_text()
    tags = texts()
    status = word(ItemRights)
    enabled = flag(default=True)
    quality_score = number()
    usage_count = count()
    max_usage = count(default=1)
    penalty = number()
    last_assigned_at = maybe_instant()
    licensed_by = maybe_text()
    licence_valid_until = maybe_instant()
    approved_by = maybe_text()
    pool = maybe_text()
    whole_pool = maybe_text()
    pool_rank = maybe_text()
    themeless = flag()
    created_at = instant()
    created_by = text()
    updated_at = instant()
    version = count()
    head = maybe_digest()
    revision = count()

    pool_index: ClassVar[GlobalSecondaryIndex[Any]]
    whole_pool_index: ClassVar[GlobalSecondaryIndex[Any]]

    @classmethod
    def from_raw_data(cls, data: Raw) -> Self:
        """The item that a raw answer of the store holds; one without a penalty was written when failures counted."""
        item = super().from_raw_data(data)
        if "penalty" not in data and "failures" in data:
            item.penalty = int(data["failures"]["N"])
        return item

    @property
    def item_id(self) -> str:
        """Its id."""
        raise NotImplementedError

    @property
    def fingerprint(self) -> str:
        """What no other item of the model may have."""
        raise NotImplementedError

    @property
    def fingerprints(self) -> tuple[str, ...]:
        """The keys under which its fingerprint may stand: today's, and those of releases before."""
        return (self.fingerprint,)

    @property
    def file(self) -> str | None:
        """The key under which its file is noted as withdrawn; None of what has no file."""
        return None

    @property
    def facts(self) -> ItemFacts:
        """What is known of it, as far as phases ask for it."""
        raise NotImplementedError

    @property
    def approved_by_another(self) -> bool:
        """Whether somebody approved it who did not make it."""
        return self.approved_by is not None and self.approved_by != self.created_by

    def keep_in_pool(self) -> None:
        """Puts the item where the indexes rank it, or takes it out when it is used up, disabled or not approved."""
        if selection.is_listed(self):
            by_theme = not self.themeless or self.theme is not None
            self.pool = scoring.pool(self.model_id, self.category, self.theme) if by_theme else None
            self.whole_pool = scoring.whole_pool(self.model_id, self.category)
            self.pool_rank = scoring.pool_rank(self, self.item_id)
        else:
            self.pool = self.whole_pool = self.pool_rank = None

    def has_rights(self) -> Condition:
        """The condition that the item may (still) be used."""
        approved: Condition = type(self).status == ItemRights.APPROVED
        enabled: Condition = type(self).enabled == True  # noqa: E712  # a condition, not a comparison
        both: Condition = approved & enabled
        return both

    def store_use(self, now: datetime) -> Condition:
        """Reserves one use; returns the condition that nobody changed the item since it was read."""
        return self._change(uses.taken(self, now), now)

    def store_return(self, now: datetime) -> Condition:
        """Gives one use back; returns the condition that nobody changed the item since it was read."""
        return self._change(uses.returned(self), now)

    def store_penalty(self, by: float, now: datetime) -> Condition:
        """Adds to the penalty; returns the condition that nobody changed the item since it was read."""
        return self._change(uses.penalised(self, by), now)

    def _change(self, fields: Mapping[str, object], now: datetime) -> Condition:
        for name, value in fields.items():
            setattr(self, name, value)
        return self.revise(now)

    def revise(self, now: datetime) -> Condition:
        """Marks a write of what was changed; returns the condition that nobody else wrote since it was read."""
        condition = type(self).revision == self.revision
        self.revision += 1
        self.updated_at = now
        self.keep_in_pool()
        return condition

    @classmethod
    def ranked(cls, model_id: str, category: str) -> "RankedPool[Self]":
        """The category's items as the indexes rank them."""
        return RankedPool(cls, model_id, category)

    @classmethod
    def of_model(cls, model_id: str, limit: int) -> list[str]:
        """The ids of up to `limit` items of a model, of every state."""
        raise NotImplementedError


P_co = TypeVar("P_co", bound=PoolItem, covariant=True)


@record
class RankedPool(Generic[P_co]):
    """One category of a model's pool as the indexes rank it, read from the best downwards in pages that grow."""

    kind: type[P_co]
    model_id: str
    category: str

    def of_theme(self, theme: str | None) -> Iterator[P_co]:
        """The items of one theme (None: without), best first."""
        return self._pages(self.kind.pool_index, scoring.pool(self.model_id, self.category, theme), _OF_A_THEME)

    def whole(self) -> Iterator[P_co]:
        """The items of all themes, best first."""
        return self._pages(self.kind.whole_pool_index, scoring.whole_pool(self.model_id, self.category), _OF_ALL)

    def _pages(self, index: GlobalSecondaryIndex[Any], partition: str, pages: tuple[int, ...]) -> Iterator[P_co]:
        after, sizes = None, iter(pages)
        size = next(sizes)
        while True:
            with translating_read_errors():
                rows = index.query(
                    partition, scan_index_forward=False, limit=size, page_size=size, last_evaluated_key=after
                )
                page = list(rows)
            yield from page
            after, size = rows.last_evaluated_key, next(sizes, size)
            if after is None:
                return


class ContentPoolIndex(GlobalSecondaryIndex["Content"]):
    """The ranking: one theme's list a partition, sorted as the contract orders."""

    class Meta:
        index_name = "pool-index"
        projection = AllProjection()

    pool = text(hash_key=True)
    pool_rank = text(range_key=True)


class ContentWholePoolIndex(GlobalSecondaryIndex["Content"]):
    """The same ranking of all themes together: one category a partition."""

    class Meta:
        index_name = "whole-pool-index"
        projection = AllProjection()

    whole_pool = text(hash_key=True)
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
    rotation = maybe_count()
    animated = maybe_flag()
    duration_seconds = maybe_number()
    codec = maybe_text()
    colour_space = maybe_text()

    pool_index = ContentPoolIndex()
    whole_pool_index = ContentWholePoolIndex()
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
    def fingerprint(self) -> str:
        """Its bytes."""
        return duplicates.of_media(self.model_id, self.sha256)

    @property
    def file(self) -> str:
        """The key under which its bytes are noted as withdrawn, in whatever model."""
        return duplicates.of_file(self.sha256)

    @property
    def facts(self) -> MediaFacts:
        """What the service found in the file; of one that it has not looked at, what its maker said."""
        seconds, animated = self.duration_seconds, self.animated
        return MediaFacts(self.media_type, self.bytes, self.width, self.height, seconds, animated)

    @classmethod
    def of_model(cls, model_id: str, limit: int) -> list[str]:
        """The ids of up to `limit` items of a model, of every state."""
        with translating_read_errors():
            return [item.content_id for item in cls.model_index.query(model_id, limit=limit)]


class TextPoolIndex(GlobalSecondaryIndex["Text"]):
    """The ranking: one theme's list a partition, sorted as the contract orders."""

    class Meta:
        index_name = "pool-index"
        projection = AllProjection()

    pool = text(hash_key=True)
    pool_rank = text(range_key=True)


class TextWholePoolIndex(GlobalSecondaryIndex["Text"]):
    """The same ranking of all themes together: one category a partition."""

    class Meta:
        index_name = "whole-pool-index"
        projection = AllProjection()

    whole_pool = text(hash_key=True)
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
    whole_pool_index = TextWholePoolIndex()
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
    def fingerprint(self) -> str:
        """Its words."""
        return duplicates.of_text(self.model_id, self.body)

    @property
    def fingerprints(self) -> tuple[str, ...]:
        """Its words, as they are compared today and as they were before."""
        before = duplicates.of_text_before(self.model_id, self.body)
        return (self.fingerprint,) if before == self.fingerprint else (self.fingerprint, before)

    @property
    def facts(self) -> TextFacts:
        """Its words."""
        return TextFacts(self.body)

    @classmethod
    def of_model(cls, model_id: str, limit: int) -> list[str]:
        """The ids of up to `limit` items of a model, of every state."""
        with translating_read_errors():
            return [item.text_id for item in cls.model_index.query(model_id, limit=limit)]
