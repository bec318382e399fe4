"""The score of an item for an account, as the contract defines it.

`rank` depends on the item alone, so that the index of a pool can be sorted by it; `relevance` is constant within one
theme's list. See `docs/decisions/` for why the index is the ranking.
"""

from typing import Protocol

from chalicelib.domain.records import record

MOST_USES = 9999
NO_THEME = "-"
DIFFERS = 0.0
HIGHEST_RANK = 80.0
DECIMALS = 4


class Scored(Protocol):
    """What the score reads of an item."""

    @property
    def quality_score(self) -> float: ...
    @property
    def usage_count(self) -> int: ...
    @property
    def max_usage(self) -> int: ...
    @property
    def penalty(self) -> float: ...
    @property
    def theme(self) -> str | None: ...


@record
class Score:
    """The four parts (each 0–100), the rank (0–80) and the score (0–100), the last two to four decimals."""

    quality: float
    freshness: float
    success: float
    relevance: float
    rank: float
    score: float


def freshness(item: Scored) -> float:
    """100 · (1 − usage_count / max_usage)."""
    return 100 * (1 - item.usage_count / item.max_usage)


def success(item: Scored) -> float:
    """100 · (usage_count − penalty + 1) / (usage_count + 2), Laplace's rule of succession.

    A use counts as a success until it is reported otherwise, so that an item is written once a use. `penalty` sums up
    what was reported: 1 for a failure for which the item is blamed, `shortfall` for a performance score.
    """
    return 100 * (successes(item) + 1) / (item.usage_count + 2)


def successes(item: Scored) -> float:
    """The uses that count as successes, in parts where a performance score is below 100."""
    return round(item.usage_count - item.penalty, DECIMALS)


def shortfall(performance_score: float) -> float:
    """The penalty of a performance score from 0 to 100."""
    return round(1 - performance_score / 100, DECIMALS)


def relevance(theme: str | None, wanted: str | None) -> float:
    """100 where both have the same theme, 50 where either has none, 0 where they differ."""
    if theme is None or wanted is None:
        return 50.0
    return 100.0 if theme == wanted else DIFFERS


def rank(item: Scored) -> float:
    """0.30 quality + 0.25 freshness + 0.25 success, to four decimals."""
    return round(0.30 * item.quality_score + 0.25 * freshness(item) + 0.25 * success(item), DECIMALS)


def reach(ranked: float, fits: float) -> float:
    """The score that this rank has with this relevance: rank + 0.20 relevance, to four decimals."""
    return round(ranked + 0.20 * fits, DECIMALS)


def score(item: Scored, wanted: str | None) -> Score:
    """The whole score of an item for an account whose theme is `wanted`: rank + 0.20 relevance."""
    fits, ranked = relevance(item.theme, wanted), rank(item)
    return Score(
        quality=item.quality_score,
        freshness=round(freshness(item), DECIMALS),
        success=round(success(item), DECIMALS),
        relevance=fits,
        rank=ranked,
        score=reach(ranked, fits),
    )


def order(item: Scored, item_id: str, wanted: str | None) -> tuple[float, int, str]:
    """The greatest wins: the higher score, then the smaller usage, then the greater id."""
    return reach(rank(item), relevance(item.theme, wanted)), -item.usage_count, item_id


def pool_rank(item: Scored, item_id: str) -> str:
    """The sort key of a pool's index: read backwards within one theme, it is the contract's order exactly."""
    return f"{rank(item):08.4f}#{MOST_USES - item.usage_count:04d}#{item_id}"


def pool(model_id: str, category: str, theme: str | None) -> str:
    """The partition of a pool's index that holds one theme's list. Ids hold no `#`."""
    return f"{whole_pool(model_id, category)}#{theme or NO_THEME}"


def whole_pool(model_id: str, category: str) -> str:
    """The partition of a pool's index that holds the list of all themes together."""
    return f"{model_id}#{category}"
