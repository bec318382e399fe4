"""What media items and texts have in common."""

from pydantic import Field

from chalicelib.domain.scoring import MOST_USES
from chalicelib.domain.selection import ItemRights
from chalicelib.routes.bodies.base import Category, DayOrInstant, Input, Name, Prose, Score, Tag, Whole


class LicenceBody(Input):
    """Who licensed an item, until when."""

    licensed_by: Name
    valid_until: DayOrInstant | None = None


class ItemBody(Input):
    """What media items and texts have in common."""

    category: Category
    quality_score: Score
    max_usage: Whole = Field(ge=1, le=MOST_USES)
    theme: Tag | None = None
    tags: list[Tag] = Field(default=[], max_length=20)
    licence: LicenceBody | None = None
    status: ItemRights = ItemRights.APPROVED


class ItemEdit(Input):
    """`PATCH …/content/{content_id}`: what is given is changed (theme, licence: null too)."""

    category: Category = "any"
    quality_score: float = Field(default=0, ge=0, le=100)
    max_usage: Whole = Field(default=1, ge=1, le=MOST_USES)
    theme: Tag | None = None
    tags: list[Tag] = Field(default=[], max_length=20)
    licence: LicenceBody | None = None
    enabled: bool = True
    status: ItemRights = ItemRights.APPROVED
    reason: Prose | None = None
