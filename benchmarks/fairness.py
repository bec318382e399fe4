"""What models with due work are handed out, drawn for three mixes of weights and backlogs: part of `make simulate`.

A claim takes the number of a turn, and `dispatch.whose_turn` says to which of the models that have work it belongs.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks.plots import Line, chart
from chalicelib.domain.dispatch import whose_turn


@dataclass(frozen=True, slots=True)
class Mix:
    """The weights and the backlogs of the models, and how many accounts are handed out, drawn in steps of `unit`."""

    file: str
    weights: Mapping[str, int]
    backlogs: Mapping[str, int]
    hand_outs: int
    unit: int

    @property
    def title(self) -> str:
        """What is drawn."""
        weights, backlogs = ([f"{one:,}" for one in of.values()] for of in (self.weights, self.backlogs))
        return f"Accounts handed out: weights {', '.join(weights)}; backlogs {', '.join(backlogs)}"


MIXES = (
    Mix("fair-two.svg", {"a": 1, "b": 3}, {"a": 10_000, "b": 600}, 1_000, 100),
    Mix("fair-three.svg", {"a": 10, "b": 20, "c": 30}, {"a": 1_500, "b": 400, "c": 400}, 1_000, 100),
    Mix("fair-small.svg", {"a": 1, "b": 1}, {"a": 10_000, "b": 10}, 40, 10),
)
"""One model with less work than its weight would give it; three; a few accounts that fall due behind many."""


def hand_outs(mix: Mix) -> list[str]:
    """Return the model of each account that is handed out, while no further one falls due."""
    left, given = dict(mix.backlogs), list[str]()
    for number in range(mix.hand_outs):
        model = whose_turn(number, {one: weight for one, weight in mix.weights.items() if left[one]})
        left[model] -= 1
        given.append(model)
    return given


def draw(into: Path) -> None:
    """Draw each mix: how many accounts of each model have been handed out, by the number of all."""
    for mix in MIXES:
        given = hand_outs(mix)
        lines = [
            Line(
                f"{model} (weight {weight})",
                [
                    (count / mix.unit, given[:count].count(model))
                    for count in range(0, mix.hand_outs + 1, mix.unit // 4)
                ],
            )
            for model, weight in mix.weights.items()
        ]
        chart(mix.title, f"all hand-outs, × {mix.unit}", lines, into / mix.file)
