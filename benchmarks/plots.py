"""Line charts as SVG, readable on light and on dark pages."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from math import ceil, floor, log10
from pathlib import Path

_WIDTH, _HEIGHT, _LEFT, _TOP, _BOTTOM, _RIGHT = 720, 320, 70, 44, 40, 16
_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7")  # Okabe and Ito's, told apart by colour-blind eyes too
_DASHES = ("", "6 3", "2 3", "8 3 2 3")


@dataclass(frozen=True, slots=True)
class Line:
    """A named line of points."""

    name: str
    points: Sequence[tuple[float, float]]


def chart(title: str, across: str, lines: Sequence[Line], file: Path, *, limit: float | None = None) -> None:
    """Draws the lines from zero upwards; `limit` is drawn as a line of its own."""
    right = max(x for line in lines for x, _ in line.points)
    highest = max([y for line in lines for _, y in line.points] + ([limit] if limit else []))
    step = _step(highest)
    top = step * max(1, ceil(highest / step))

    def at(x: float, y: float) -> str:
        across_px = _LEFT + (_WIDTH - _LEFT - _RIGHT) * x / (right or 1)
        return f"{across_px:.1f},{_TOP + (_HEIGHT - _TOP - _BOTTOM) * (1 - y / top):.1f}"

    parts = [f'<text x="{_LEFT}" y="18" font-weight="bold">{escape(title)}</text>']
    for number in range(round(top / step) + 1):
        x, y = at(0, number * step).split(",")
        parts.append(f'<path d="M{x},{y}H{_WIDTH - _RIGHT}" stroke="#8884"/>')
        parts.append(f'<text x="{_LEFT - 6}" y="{float(y) + 4:.0f}" text-anchor="end">{number * step:,.10g}</text>')
    for tick in range(floor(right) + 1):
        x, y = at(tick, 0).split(",")
        parts.append(f'<text x="{x}" y="{float(y) + 16:.0f}" text-anchor="middle">{tick}</text>')
    parts.append(f'<text x="{_WIDTH - _RIGHT}" y="{_HEIGHT - 4}" text-anchor="end">{escape(across)}</text>')
    if limit:
        x, y = at(0, limit).split(",")
        parts.append(f'<path d="M{x},{y}H{_WIDTH - _RIGHT}" stroke="#c00" stroke-dasharray="3 3"/>')
        parts.append(f'<text x="{_WIDTH - _RIGHT}" y="{float(y) - 4:.0f}" text-anchor="end" fill="#c00">limit</text>')
    for place, line in enumerate(lines):
        colour, dash = _COLOURS[place % 4], _DASHES[place % 4]
        path = " ".join(at(x, y) for x, y in line.points)
        parts.append(
            f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2" stroke-dasharray="{dash}"/>'
        )
        key = _LEFT + place * 215
        parts.append(f'<path d="M{key},32h24" stroke="{colour}" stroke-width="2" stroke-dasharray="{dash}"/>')
        parts.append(f'<text x="{key + 30}" y="36">{escape(line.name)}</text>')
    style = "text{font:12px sans-serif;fill:#555}@media(prefers-color-scheme:dark){text{fill:#bbb}}"
    body = "\n".join(parts)
    file.write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" '
        f'aria-label="{escape(title)}">\n<style>{style}</style>\n{body}\n</svg>\n'
    )


def _step(highest: float) -> float:
    """A round distance of the lines of the grid: 1, 2 or 5 times a power of ten, about five of them."""
    rough = max(highest, 1e-9) / 5
    power: float = 10 ** floor(log10(rough))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough)
