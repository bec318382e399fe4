"""Plan documents to test with: the standard plan's phases as they are sent, and any document that bodies admit."""

from typing import Any

from hypothesis import strategies as st

from chalicelib.domain.plan_documents import LEAST_INTERVAL_HOURS, MOST_INTERVAL_HOURS, MOST_PHASES

OTHER_PHASES: list[dict[str, Any]] = [
    {"phase": "hello", "category": "pfp", "interval_hours": 0, "content": {"need": "required"}},
    {"phase": "bio", "category": "bio", "interval_hours": 36, "text": {"need": "required"}},
    {"phase": "end", "category": "post", "interval_hours": 24, "content": {"need": "required"}},
]
"""The phases of `other` 1, to which the tests of faults and of orders move accounts."""
CATEGORIES = ("pfp", "bio", "post", "highlight", "story", "any")
_NEEDS = st.sampled_from(["none", "optional", "required"])
_NAMES = st.from_regex(r"[a-z][a-z0-9_]{0,31}", fullmatch=True).filter(
    lambda name: name not in ("any", "start_warmup", "run_phase", "complete_warmup")
)
_MEDIA = ("image/jpeg", "image/png", "image/webp", "video/mp4", "video/quicktime")
_RATIO = st.floats(0.01, 100).map(lambda ratio: round(ratio, 4))


def _maybe(of: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | of


@st.composite
def media_needs(draw: st.DrawFn) -> dict[str, Any]:
    """What a phase asks of media, each limit at its ends too."""
    ratios = sorted([draw(_RATIO), draw(_RATIO)])
    return {
        "need": draw(_NEEDS),
        "media_types": draw(st.lists(st.sampled_from(_MEDIA), min_size=1, max_size=5, unique=True)),
        "max_bytes": draw(st.integers(1, 10**9)),
        "min_width": draw(_maybe(st.integers(1, 100_000))),
        "min_height": draw(_maybe(st.integers(1, 100_000))),
        "min_aspect_ratio": draw(_maybe(st.just(ratios[0]))),
        "max_aspect_ratio": draw(_maybe(st.just(ratios[1]))),
        "max_duration_seconds": draw(_maybe(st.integers(1, 86_400))),
        "animated": draw(st.booleans()),
    }


TEXT_NEEDS = st.fixed_dictionaries(
    {
        "need": _NEEDS,
        "max_length": st.integers(1, 2200),
        "unit": st.sampled_from(["code_points", "utf16", "graphemes"]),
        "max_hashtags": _maybe(st.integers(0, 100)),
        "max_mentions": _maybe(st.integers(0, 100)),
    }
)
LIMITS = st.fixed_dictionaries(
    {},
    optional={
        "max_retries": st.integers(0, 100),
        "retry_base_minutes": st.integers(1, 60),
        "retry_cap_hours": st.integers(1, 720),
        "max_crashes": st.integers(1, 100),
        "max_replacements": st.integers(0, 100),
        "cooldown_hours": st.integers(0, 2160),
        "minimum_quality": st.integers(0, 100),
        "four_eyes": st.booleans(),
        "licence_required": st.booleans(),
    },
)


@st.composite
def documents(draw: st.DrawFn) -> dict[str, Any]:
    """A plan as callers may send it: 1 to 12 phases of any names, with all that they may ask for."""
    names = draw(st.lists(_NAMES, min_size=1, max_size=MOST_PHASES, unique=True))
    intervals = st.integers(LEAST_INTERVAL_HOURS, MOST_INTERVAL_HOURS)
    optional = {
        "max_work_minutes": st.integers(1, 1440),
        "fallback": st.booleans(),
        "content": media_needs(),
        "text": TEXT_NEEDS,
    }
    phases = [
        {
            "phase": name,
            "category": draw(st.sampled_from(CATEGORIES)),
            "interval_hours": draw(intervals if place else st.integers(0, MOST_INTERVAL_HOURS)),
            **draw(st.fixed_dictionaries({}, optional=optional)),
        }
        for place, name in enumerate(names)
    ]
    return {"phases": phases, "limits": draw(LIMITS)}
