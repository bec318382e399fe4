"""What looks at the pools answer: availability, analytics, explanations, assignments."""

from chalicelib.domain.analysis import Loser
from chalicelib.domain.runway import Miss, Runway
from chalicelib.domain.selection import Choice
from chalicelib.routes import shapes
from chalicelib.routes.documents import members
from chalicelib.services.analytics import Analytics
from chalicelib.services.availability import Availability, Category, shortfall
from chalicelib.services.explain import Explained, Explanation
from chalicelib.tables.pools import PoolItem


def availability(found: Availability) -> shapes.Availability:
    """What the pools hold, and how far they carry."""
    everybody = found.accounts + found.imported + found.adding
    warning = shortfall(found.model_id, everybody, found.if_all_start)
    return members(
        shapes.Availability,
        found,
        accounts_under_way=found.accounts,
        accounts_in_review=found.in_review,
        accounts_paused=found.paused,
        accounts_imported=found.imported,
        if_all_start=_ahead(everybody, found.if_all_start),
        warnings=[] if warning is None else [warning],
        categories=[_category(one) for one in found.categories],
        runs_dry=miss(found.runway.dry),
        first_wait=miss(found.runway.wait),
        accounts_unmet=found.runway.unmet,
    )


def _ahead(accounts: int, found: Runway) -> shapes.Ahead:
    return {
        "accounts": accounts,
        "runs_dry": miss(found.dry),
        "first_wait": miss(found.wait),
        "accounts_unmet": found.unmet,
    }


def _category(found: Category) -> shapes.PoolCategory:
    counted = {name: found.refused.get(name, 0) for name in ("used_up", "disabled")}
    return members(shapes.PoolCategory, found, **counted)


def miss(found: Miss | None) -> shapes.Miss | None:
    """The day and the account that finds nothing, and until when."""
    return None if found is None else members(shapes.Miss, found, day=found.at.strftime("%Y-%m-%d"))


def analytics(found: Analytics) -> shapes.Analytics:
    """What the record says of the pools."""
    categories = [
        members(shapes.AnalysedCategory, one, always_lose=[_loser(item) for item in one.losers])
        for one in found.categories
    ]
    return members(shapes.Analytics, found, categories=categories)


def _loser(found: Loser) -> shapes.Loser:
    return members(shapes.Loser, found, parts=dict(found.parts))


def explained(found: Explained) -> shapes.Explained:
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


def _explanation(found: Explanation) -> shapes.Explanation:
    return members(
        shapes.Explanation,
        found,
        leading=[_candidate(one) for one in found.leading],
        refused=[members(shapes.RefusedItem, one) for one in found.refused],
        reasons=found.counts,
    )


def _candidate(found: Choice[PoolItem]) -> shapes.Candidate:
    parts = {name: getattr(found.score, name) for name in found.score.__slots__}
    return members(shapes.Candidate, found.item, **parts)
