"""Plans as documents: what a plan says in JSON, its canonical form, its digest, and what is wrong with it.

A document is `{phases, limits}`. Types and ranges are those of the bodies (`routes/bodies/plans.py`), which take their
bounds from here; what no single member shows is said here: that names differ, that no interval is too short.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from datetime import timedelta
from enum import StrEnum
from typing import Any

from chalicelib.domain.facts import Fault
from chalicelib.domain.plans import LEAST_INTERVAL, RESERVED, ContentNeeds, LengthUnit, Need, PhasePlan, Plan, TextNeeds

PlanDocument = Mapping[str, Any]
"""The JSON of a plan: its phases in order, and the limits that hold for all of them."""

MOST_PHASES = 12
LEAST_INTERVAL_HOURS, MOST_INTERVAL_HOURS = LEAST_INTERVAL // timedelta(hours=1), 2160
"""The minimum interval of each phase but the first: a rule of the service, which no plan changes."""

CONTENT: Mapping[str, object] = {
    "need": "none",
    "media_types": ["image/jpeg", "image/png", "image/webp"],
    "max_bytes": 50 * 1024 * 1024,
    "min_width": None,
    "min_height": None,
    "min_aspect_ratio": None,
    "max_aspect_ratio": None,
    "max_duration_seconds": None,
    "animated": True,
}
TEXT: Mapping[str, object] = {
    "need": "none",
    "max_length": 2200,
    "unit": "code_points",
    "max_hashtags": None,
    "max_mentions": None,
}
PHASE: Mapping[str, object] = {"max_work_minutes": 240, "fallback": True}
LIMITS: Mapping[str, object] = {
    "max_retries": 3,
    "retry_base_minutes": 5,
    "retry_cap_hours": 6,
    "max_crashes": 3,
    "max_replacements": 3,
    "cooldown_hours": 24,
    "minimum_quality": 0,
    "four_eyes": False,
    "licence_required": False,
}
"""What holds where a document does not say."""


def completed(document: PlanDocument) -> dict[str, Any]:
    """Return the canonical document: every member is there, whole numbers are whole, media types are in order."""
    phases = [
        {
            "phase": given["phase"],
            "category": given["category"],
            "interval_hours": _number(given["interval_hours"]),
            **_with_defaults(PHASE, given),
            "content": _with_defaults(CONTENT, given.get("content") or {}),
            "text": _with_defaults(TEXT, given.get("text") or {}),
        }
        for given in document["phases"]
    ]
    return {"phases": phases, "limits": _with_defaults(LIMITS, document.get("limits") or {})}


def _with_defaults(defaults: Mapping[str, object], given: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _number(given.get(name, default)) for name, default in defaults.items()}


def _number(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return sorted(set(value))
    return int(value) if isinstance(value, float) and value.is_integer() else value


def canonical(document: PlanDocument) -> str:
    """Return the document as the one text that its digest is over: no white space, members by name, ASCII."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"), allow_nan=False)


def digest(document: PlanDocument) -> str:
    """Return the SHA-256 of the canonical text, in hexadecimal digits. Names, versions and titles are not in it."""
    return hashlib.sha256(canonical(document).encode()).hexdigest()


# what is wrong


def faults(document: PlanDocument) -> list[Fault]:
    """Return what is wrong with a document as a whole, by JSON pointer; empty where it is right.

    What has the wrong type is passed over: the body says so.
    """
    return [*_phase_faults(document.get("phases")), *_limit_faults(document.get("limits"))]


def _phase_faults(given: object) -> Iterator[Fault]:
    names: dict[str, int] = {}
    for place, phase in enumerate(given if isinstance(given, list) else []):
        if not isinstance(phase, dict):
            continue
        at, name, hours = f"/phases/{place}", phase.get("phase"), _numeric(phase.get("interval_hours"))
        if isinstance(name, str) and name in RESERVED:
            yield {"pointer": f"{at}/phase", "detail": f"`{name}` stands for something else: choose another name"}
        if isinstance(name, str) and names.setdefault(name, place) != place:
            detail = f"`{name}` is the name of the phase at place {names[name] + 1} already"
            yield {"pointer": f"{at}/phase", "detail": detail}
        if place and hours is not None and 0 <= hours < LEAST_INTERVAL_HOURS:
            detail = f"{hours:g} is less than {LEAST_INTERVAL_HOURS}, the least that this service allows"
            yield {"pointer": f"{at}/interval_hours", "detail": detail}
        yield from _media_faults(f"{at}/content", phase.get("content"))


def _media_faults(at: str, given: object) -> Iterator[Fault]:
    if not isinstance(given, dict):
        return
    least, most = _numeric(given.get("min_aspect_ratio")), _numeric(given.get("max_aspect_ratio"))
    if least is not None and most is not None and least > most:
        detail = f"{least:g} is more than {most:g}, the greatest ratio: nothing would fit"
        yield {"pointer": f"{at}/min_aspect_ratio", "detail": detail}


def _limit_faults(given: object) -> Iterator[Fault]:
    if not isinstance(given, dict):
        return
    limits = {name: _numeric(value) for name, value in _with_defaults(LIMITS, given).items()}
    base, cap = limits["retry_base_minutes"], limits["retry_cap_hours"]
    if base is not None and cap is not None and base > cap * 60:
        detail = f"{base:g} minutes are more than {cap:g} hours, the longest delay of a retry"
        yield {"pointer": "/limits/retry_base_minutes", "detail": detail}


def _numeric(value: object) -> float | None:
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


# plans


def plan_of(name: str, version: int, document: PlanDocument) -> Plan:
    """Return the plan that a canonical document describes. Raises ValueError where no such plan is admitted."""
    if wrong := faults(document):
        raise ValueError(f"{name}/{version} is not a plan: {wrong[0]['pointer']}: {wrong[0]['detail']}")
    limits = completed(document)["limits"]
    return Plan(
        name=name,
        version=version,
        phases={given["phase"]: _phase_of(given) for given in completed(document)["phases"]},
        retry_base=timedelta(minutes=limits.pop("retry_base_minutes")),
        retry_cap=timedelta(hours=limits.pop("retry_cap_hours")),
        cooldown=timedelta(hours=limits.pop("cooldown_hours")),
        **limits,
    )


def _phase_of(given: Mapping[str, Any]) -> PhasePlan:
    media, text = given["content"], given["text"]
    return PhasePlan(
        category=given["category"],
        interval=timedelta(hours=given["interval_hours"]),
        content=ContentNeeds(**{**media, "need": Need(media["need"]), "media_types": tuple(media["media_types"])}),
        text=TextNeeds(**{**text, "need": Need(text["need"]), "unit": LengthUnit(text["unit"])}),
        fallback=given["fallback"],
        max_work=timedelta(minutes=given["max_work_minutes"]),
    )


def document_of(plan: Plan) -> dict[str, Any]:
    """Return the canonical document of a plan."""
    durations = ("retry_base_minutes", "retry_cap_hours", "cooldown_hours")
    limits = {name: getattr(plan, name) for name in LIMITS if name not in durations}
    limits["retry_base_minutes"] = plan.retry_base / timedelta(minutes=1)
    limits["retry_cap_hours"] = plan.retry_cap / timedelta(hours=1)
    limits["cooldown_hours"] = plan.cooldown / timedelta(hours=1)
    phases = [
        {
            "phase": name,
            "category": asked.category,
            "interval_hours": asked.interval / timedelta(hours=1),
            "max_work_minutes": asked.max_work / timedelta(minutes=1),
            "fallback": asked.fallback,
            "content": {one: _plain(getattr(asked.content, one)) for one in CONTENT},
            "text": {one: _plain(getattr(asked.text, one)) for one in TEXT},
        }
        for name, asked in plan.phases.items()
    ]
    return completed({"phases": phases, "limits": limits})


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, StrEnum) else list(value) if isinstance(value, tuple) else value


# the plan that comes with the service

STANDARD_DOCUMENT: PlanDocument = completed(
    {
        "phases": [
            {"phase": "pfp", "category": "pfp", "interval_hours": 0, "content": {"need": "required"}},
            {
                "phase": "bio",
                "category": "bio",
                "interval_hours": 24,
                "text": {"need": "required", "max_length": 150},
            },
            {
                "phase": "post",
                "category": "post",
                "interval_hours": 24,
                "content": {"need": "required"},
                "text": {"need": "required"},
            },
            {
                "phase": "highlight",
                "category": "highlight",
                "interval_hours": 36,
                "content": {"need": "required"},
                "text": {"need": "required", "max_length": 100},
            },
            {
                "phase": "story",
                "category": "story",
                "interval_hours": 48,
                "content": {"need": "required"},
                "text": {"need": "optional"},
            },
        ]
    }
)
"""The document of `standard` 1. It never changes: accounts keep its digest."""
