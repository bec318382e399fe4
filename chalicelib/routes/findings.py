"""What looks at the pools answer: availability, analytics, explanations, assignments."""

from typing import Any

from chalicelib.domain.analysis import Loser
from chalicelib.domain.runway import Miss
from chalicelib.domain.scoring import Score
from chalicelib.domain.selection import Choice
from chalicelib.services.analytics import Analytics
from chalicelib.services.availability import Availability
from chalicelib.services.explain import Explained, Explanation
from chalicelib.tables import Assignment
from chalicelib.tables.pools import PoolItem

Document = dict[str, Any]


def _members(found: Any, *names: str) -> Document:
    return {name: getattr(found, name) for name in names}


def availability(found: Availability) -> Document:
    """What the pools hold, and how far they carry."""
    shown = ("kind", "category", "items", "eligible", "refused", "uses_left", "uses_needed", "from_any")
    used_up = {"used_up": "used_up", "disabled": "disabled"}
    categories = [
        {**_members(one, *shown), **{name: one.refused.get(why, 0) for name, why in used_up.items()}}
        for one in found.categories
    ]
    return {
        "model_id": found.model_id,
        "accounts_under_way": found.accounts,
        "categories": categories,
        "runs_dry": miss(found.runway.dry),
        "first_wait": miss(found.runway.wait),
        "accounts_unmet": found.runway.unmet,
        "complete": found.complete,
    }


def miss(found: Miss | None) -> Document | None:
    """The day and the account that finds nothing, and until when."""
    if found is None:
        return None
    shown = _members(found, "at", "account_id", "phase", "kind", "until")
    return {"day": found.at.strftime("%Y-%m-%d"), **shown}


def analytics(found: Analytics) -> Document:
    """What the record says of the pools."""
    shown = ("kind", "category", "items", "uses", "successes", "failures", "fallbacks", "fallback_share", "unused")
    return {
        "model_id": found.model_id,
        "categories": [
            {**_members(one, *shown), "always_lose": [_loser(item) for item in one.losers]} for one in found.categories
        ],
        "complete": found.complete,
    }


def _loser(found: Loser) -> Document:
    return {**_members(found, "item_id", "others", "part", "behind"), "parts": dict(found.parts)}


def explained(found: Explained) -> Document:
    """What selection would do for a phase."""
    assigned = found.assigned
    return {
        "account_id": found.account_id,
        "phase": found.phase,
        "status": None if assigned is None else assigned.status,
        "assigned_content_id": None if assigned is None else assigned.assigned_content_id,
        "assigned_text_id": None if assigned is None else assigned.assigned_text_id,
        "needs": [_explanation(one) for one in found.explanations],
    }


def _explanation(found: Explanation) -> Document:
    return {
        "kind": found.kind,
        "need": found.need,
        "category": found.category,
        "leading": [_candidate(one) for one in found.leading],
        "refused": [_members(one, "item_id", "category", "reason") for one in found.refused],
        "reasons": found.counts,
        "complete": found.complete,
    }


def _candidate(found: Choice[PoolItem]) -> Document:
    item = found.item
    return {**_members(item, "item_id", "category", "theme", "usage_count", "max_usage"), **_score(found.score)}


def _score(found: Score) -> Document:
    return _members(found, "score", "rank", "quality", "freshness", "success", "relevance")


def assignment(found: Assignment) -> Document:
    """What was given to an account's phase, why, and what came of it."""
    shown = (
        *("assignment_id", "account_id", "model_id", "phase", "content_type", "content_id", "text_id"),
        *("assignment_score", "assignment_reason", "assigned_at", "assigned_by", "delivered_at", "used_at"),
        *("ended_at", "outcome", "success", "performance_score", "attempt"),
    )
    return {**_members(found, *shown), "scores": found.scores or {}}
