"""Why an item is not eligible for a phase: the words for it, and what the phase asks of media and of texts.

A need about what the service does not know of a file refuses the file: it may be wrong for the platform.
"""

import re
from enum import StrEnum

from chalicelib.domain import graphemes
from chalicelib.domain.plans import ContentNeeds, LengthUnit, TextNeeds
from chalicelib.domain.records import record


class Refusal(StrEnum):
    """Why an item is not eligible; `not_needed`: no phase of any plan draws its kind from its category."""

    NOT_APPROVED = "not_approved"
    NEEDS_FOUR_EYES = "needs_four_eyes"
    NEEDS_LICENCE = "needs_licence"
    DISABLED = "disabled"
    LICENCE_EXPIRED = "licence_expired"
    USED_UP = "used_up"
    USED_BY_ACCOUNT = "used_by_account"
    COOLING_DOWN = "cooling_down"
    LOW_QUALITY = "low_quality"
    WRONG_MEDIA_TYPE = "wrong_media_type"
    TOO_LARGE = "too_large"
    TOO_SMALL = "too_small"
    WRONG_ASPECT_RATIO = "wrong_aspect_ratio"
    UNKNOWN_DIMENSIONS = "unknown_dimensions"
    TOO_LONG_VIDEO = "too_long_video"
    UNKNOWN_DURATION = "unknown_duration"
    ANIMATED = "animated"
    UNKNOWN_ANIMATION = "unknown_animation"
    TOO_LONG = "too_long"
    TOO_MANY_HASHTAGS = "too_many_hashtags"
    TOO_MANY_MENTIONS = "too_many_mentions"
    NOT_NEEDED = "not_needed"


_VIDEO = "video/"
_NEVER_ANIMATED = frozenset({"image/jpeg"})
_HASHTAG = re.compile(r"[#＃]\w")  # the full-width sign makes a hashtag, too
_MENTION = re.compile(r"(?<!\w)[@＠]\w")  # likewise; not behind a letter, as in an address


@record
class MediaFacts:
    """What is known of a file; None: nobody has said it. An image that is not `animated` has no duration."""

    media_type: str
    bytes: int | None = None
    width: int | None = None
    height: int | None = None
    duration_seconds: float | None = None
    animated: bool | None = None

    @property
    def is_video(self) -> bool:
        """Whether it is a video, and no image."""
        return self.media_type.startswith(_VIDEO)


@record
class TextFacts:
    """What is known of a text: all of it."""

    body: str

    def length(self, unit: LengthUnit) -> int:
        """Return its length, counted in this unit."""
        match unit:
            case LengthUnit.CODE_POINTS:
                return len(self.body)
            case LengthUnit.UTF16:
                return len(self.body) + sum(one > "\uffff" for one in self.body)
            case LengthUnit.GRAPHEMES:
                return graphemes.count(self.body)

    @property
    def hashtags(self) -> int:
        """How many hashtags it has; one that follows another without a space counts."""
        return len(_HASHTAG.findall(self.body))

    @property
    def mentions(self) -> int:
        """How many profiles it mentions."""
        return len(_MENTION.findall(self.body))


ItemFacts = MediaFacts | TextFacts


def unfit_media(facts: MediaFacts, needs: ContentNeeds) -> Refusal | None:
    """Return why a file is not what a phase asks for, None if it is."""
    if facts.media_type not in needs.media_types:
        return Refusal.WRONG_MEDIA_TYPE
    if facts.bytes is not None and facts.bytes > needs.max_bytes:
        return Refusal.TOO_LARGE
    return _unfit_sides(facts, needs) or _unfit_duration(facts, needs) or _unfit_animation(facts, needs)


def _unfit_sides(facts: MediaFacts, needs: ContentNeeds) -> Refusal | None:
    asked = (needs.min_width, needs.min_height, needs.min_aspect_ratio, needs.max_aspect_ratio)
    if all(one is None for one in asked):
        return None
    if not facts.width or not facts.height:
        return Refusal.UNKNOWN_DIMENSIONS
    if facts.width < (needs.min_width or 0) or facts.height < (needs.min_height or 0):
        return Refusal.TOO_SMALL
    ratio = facts.width / facts.height
    too_narrow = needs.min_aspect_ratio is not None and ratio < needs.min_aspect_ratio
    too_wide = needs.max_aspect_ratio is not None and ratio > needs.max_aspect_ratio
    return Refusal.WRONG_ASPECT_RATIO if too_narrow or too_wide else None


def _unfit_duration(facts: MediaFacts, needs: ContentNeeds) -> Refusal | None:
    if needs.max_duration_seconds is None or not facts.is_video:
        return None
    if facts.duration_seconds is None:
        return Refusal.UNKNOWN_DURATION
    return Refusal.TOO_LONG_VIDEO if facts.duration_seconds > needs.max_duration_seconds else None


def _unfit_animation(facts: MediaFacts, needs: ContentNeeds) -> Refusal | None:
    if needs.animated or facts.is_video or facts.media_type in _NEVER_ANIMATED:
        return None
    if facts.animated is None:
        return Refusal.UNKNOWN_ANIMATION
    return Refusal.ANIMATED if facts.animated else None


def unfit_text(facts: TextFacts, needs: TextNeeds) -> Refusal | None:
    """Return why a text is not what a phase asks for, None if it is."""
    if facts.length(needs.unit) > needs.max_length:
        return Refusal.TOO_LONG
    if needs.max_hashtags is not None and facts.hashtags > needs.max_hashtags:
        return Refusal.TOO_MANY_HASHTAGS
    if needs.max_mentions is not None and facts.mentions > needs.max_mentions:
        return Refusal.TOO_MANY_MENTIONS
    return None
