"""What differs between two plans, phase by phase, as data and in words."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from chalicelib.domain.plan_documents import PlanDocument
from chalicelib.domain.records import record

_UNITS = {"code_points": "characters", "utf16": "UTF-16 code units", "graphemes": "graphemes"}


@record
class PlanDifference:
    """One difference. `what` is the member (such as `text.max_length`), or `added`, `left_out`, `moved` of a phase.

    `phase` is null for a limit of the whole plan.
    """

    phase: str | None
    what: str
    before: object
    after: object
    summary: str


def differences(before: PlanDocument, after: PlanDocument) -> list[PlanDifference]:
    """Return what differs between two canonical documents: the phases in the order of `after`, then the limits."""
    old = {one["phase"]: one for one in before["phases"]}
    new = {one["phase"]: one for one in after["phases"]}
    moved = _moved(list(old), list(new))
    found = list[PlanDifference]()
    for name, phase in new.items():
        if name not in old:
            found.append(PlanDifference(name, "added", None, phase, _added(name, phase, _before(new, name))))
            continue
        if name in moved:
            was, now = _before(old, name), _before(new, name)
            found.append(PlanDifference(name, "moved", was, now, f"`{name}` {_follows(now)}"))
        found.extend(_of_phase(name, old[name], phase))
    found.extend(PlanDifference(one, "left_out", old[one], None, f"`{one}` left out") for one in old if one not in new)
    return [*found, *_of_limits(before["limits"], after["limits"])]


def in_words(found: list[PlanDifference]) -> str:
    """Return the differences as one line."""
    return "; ".join(one.summary for one in found) or "nothing differs"


def _moved(old: list[str], new: list[str]) -> set[str]:
    """The phases of both that stand in another order: all but the longest runs that stayed as they were."""
    from difflib import SequenceMatcher  # noqa: PLC0415  # only who compares plans pays for it

    common = [name for name in old if name in new], [name for name in new if name in old]
    blocks = SequenceMatcher(None, *common, autojunk=False).get_matching_blocks()
    return set(common[0]).difference(*(common[0][one.a : one.a + one.size] for one in blocks))


def _before(phases: Iterable[str], name: str) -> str | None:
    """The phase that stands before that one; None before the first."""
    names = list(phases)
    place = names.index(name)
    return names[place - 1] if place else None


def _follows(other: str | None) -> str:
    return "comes first" if other is None else f"comes after `{other}`"


def _added(name: str, phase: Mapping[str, Any], other: str | None) -> str:
    return f"`{name}` added: {phase['interval_hours']} h, from `{phase['category']}`, {_follows(other)}"


def _of_phase(name: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[PlanDifference]:
    old, new = _flat(before), _flat(after)
    for what, words in PHASE_WORDS.items():
        if (was := old.get(what)) != (now := new.get(what)):
            said = words(f"`{name}`", was, now) if callable(words) else words.format(f"`{name}`", now, was)
            yield PlanDifference(name, what, was, now, said)
    was, now = (old.get("text.max_length"), old.get("text.unit")), (new.get("text.max_length"), new.get("text.unit"))
    if was != now:
        said = f"texts of `{name}` at most {now[0]:,} {_UNITS[str(now[1])]}"
        what = "text.max_length" if was[0] != now[0] else "text.unit"
        yield PlanDifference(name, what, old[what], new[what], said)


def _of_limits(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[PlanDifference]:
    for what, words in LIMIT_WORDS.items():
        if (was := before.get(what)) != (now := after.get(what)):
            said = words("", was, now) if callable(words) else words.format("", now, was)
            yield PlanDifference(None, f"limits.{what}", was, now, said)


def _flat(phase: Mapping[str, Any]) -> dict[str, Any]:
    """The members of a phase, those of its needs by their paths."""
    inner = {f"{part}.{name}": one for part in ("content", "text") for name, one in phase[part].items()}
    return {**{name: one for name, one in phase.items() if name not in ("content", "text")}, **inner}


_Words = str | Callable[[str, Any, Any], str]


def _bound(bounded: str, free: str) -> _Words:
    return lambda name, _, now: free.format(name) if now is None else bounded.format(name, now)


def _switch(on: str, off: str) -> _Words:
    return lambda name, _, now: (on if now else off).format(name)


def _need(noun: str) -> _Words:
    return lambda name, _, now: f"{name} takes no {noun}" if now == "none" else f"{noun} of {name} {now}"


PHASE_WORDS: Mapping[str, _Words] = {
    "interval_hours": "{0}: {2} h → {1} h",
    "category": "{0} draws from `{1}`, not from `{2}`",
    "max_work_minutes": "{0} may be worked on for {1:,} minutes",
    "fallback": _switch("{0} falls back to `any`", "{0} does not fall back to `any`"),
    "content.need": _need("media"),
    "content.media_types": lambda name, _, now: f"media of {name}: {', '.join(now)}",
    "content.max_bytes": "media of {0} at most {1:,} bytes",
    "content.min_width": _bound("media of {0} at least {1:,} pixels wide", "media of {0} of any width"),
    "content.min_height": _bound("media of {0} at least {1:,} pixels high", "media of {0} of any height"),
    "content.min_aspect_ratio": _bound("aspect ratio of {0} at least {1}", "aspect ratio of {0} without a least"),
    "content.max_aspect_ratio": _bound("aspect ratio of {0} at most {1}", "aspect ratio of {0} without a most"),
    "content.max_duration_seconds": _bound("videos of {0} at most {1:,} s", "videos of {0} of any length"),
    "content.animated": _switch("{0} takes animated images", "{0} takes no animated images"),
    "text.need": _need("texts"),
    "text.max_hashtags": _bound("texts of {0} with at most {1} hashtags", "texts of {0} with any number of hashtags"),
    "text.max_mentions": _bound("texts of {0} with at most {1} mentions", "texts of {0} with any number of mentions"),
}
LIMIT_WORDS: Mapping[str, _Words] = {
    "max_retries": "retries: {2} → {1}",
    "retry_base_minutes": "delay before the first retry: {2} min → {1} min",
    "retry_cap_hours": "longest delay of a retry: {2} h → {1} h",
    "max_crashes": "crashes before a review: {2} → {1}",
    "max_replacements": "replacements: {2} → {1}",
    "cooldown_hours": "cooldown of an item: {2} h → {1} h",
    "minimum_quality": "quality of an item at least {1} (before: {2})",
    "four_eyes": _switch("four eyes are needed", "four eyes are not needed"),
    "licence_required": _switch("a licence is needed", "no licence is needed"),
}
