"""The trend of protected figures: the points, limits and signals of `xmr`, ready to be drawn and told.

Only months with a value take part; the others keep their place with the reason why they have none.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from joinedup.measures.charts.spc_chart import Point
from joinedup.measures.definition import MeasureDefinition
from joinedup.measures.figure import Figure, Scale
from joinedup.population import parse_statement

FEWEST = 2
WINDOWS: Mapping[str, Callable[[int], int]] = {
    "months": lambda count: count,
    "days": lambda count: -(-count // 31),
}
"""How many months a stretch of time covers, by its kind; others are of no fixed length, or the month itself."""


@dataclass(frozen=True, slots=True)
class Trend:
    """A series with its signals: the variation of its last month with its direction, and whether it meets its target.

    `variation`, `direction` and `assurance` name the icons (`icons.icon_of`). `overlap` is how many months each point
    covers where it shares most of them with its neighbours: such a series has no limits, no signals and no icons.
    """

    points: Sequence[Point]
    variation: str
    direction: str
    assurance: str
    overlap: int = 0

    @property
    def is_concern(self) -> bool:
        return self.variation == "concern"

    @property
    def urgency(self) -> tuple[int, float]:
        """Answer how early it stands in a list of exceptions: concern and failing first, then by how far it is out."""
        last = next((point for point in reversed(self.points) if point.value is not None), None)
        far = 0.0
        if last is not None and last.mean is not None and last.upper is not None and last.upper > last.mean:
            far = abs((last.value or 0.0) - last.mean) / (last.upper - last.mean)
        return (0 if self.is_concern and self.assurance == "fail" else 1, -far)


def months_covered(one: MeasureDefinition) -> int:
    """Answer how many months each point of a measure covers: 1, or as many as it or one of its sentences looks back.

    What people are, such as being on a register, covers the day alone, however slowly it changes.
    """
    windows = [parse_statement(sentence).window for sentence in one.sentences]
    return max(one.months, *(WINDOWS[window.kind](window.count) for window in windows if window.kind in WINDOWS), 1)


def trends(series: Sequence[tuple[MeasureDefinition, Sequence[Figure]]]) -> dict[str, Trend]:
    """Answer the trend of each measure that has a value in at least two months, by its id; all of them in one go.

    Neighbouring points that share most of their data are no independent ones: runs and trends among them mean nothing.
    """
    import pandas as pd

    from joinedup.measures.statistics.spc import xmr

    found: dict[str, Trend] = {}
    for one, figures in series:
        months = months_covered(one)
        if months > 1 and _many(figures) >= FEWEST:
            found[one.id] = _without_limits(one, figures, months)
    for polarity in ("increase", "decrease", "neutral"):
        chosen = [
            (one, figures)
            for one, figures in series
            if one.id not in found and one.polarity == polarity and _many(figures) >= FEWEST
        ]
        rows = [
            {"measure": one.id, "month": figure.month, "value": figure.value, "target": one.target}
            for one, figures in chosen
            for figure in figures
        ]
        if not rows:
            continue
        table = pd.DataFrame(rows).astype({"value": "float64", "target": "float64"})
        chart = xmr(table, "value", "month", by=["measure"], improvement=polarity, target="target")
        points: dict[str, list[dict[str, Any]]] = {}
        for row in chart.points.to_dict("records"):
            points.setdefault(row["measure"], []).append(row)
        last = {row["measure"]: row for row in chart.summary.to_dict("records")}
        for one, figures in chosen:
            scale = Scale(one.kind, one.unit, one.multiplier)
            summary = last[one.id]
            ordered = sorted(figures, key=lambda figure: figure.month)
            found[one.id] = Trend(
                [_point(figure, row, scale) for figure, row in zip(ordered, points[one.id], strict=True)],
                str(summary["variation"]),
                str(summary["direction"]),
                str(summary["assurance"]),
            )
    return found


def _many(figures: Sequence[Figure]) -> int:
    return sum(figure.value is not None for figure in figures)


def _without_limits(one: MeasureDefinition, figures: Sequence[Figure], months: int) -> Trend:
    scale = Scale(one.kind, one.unit, one.multiplier)
    ordered = sorted(figures, key=lambda figure: figure.month)
    points = [Point(each.month, each.value, each.value_shown(scale), status=each.status) for each in ordered]
    return Trend(points, "", "", "", months)


def _point(figure: Figure, row: dict[str, Any], scale: Scale) -> Point:
    return Point(
        figure.month,
        figure.value,
        figure.value_shown(scale),
        _number(row["mean"]),
        _number(row["lower"]),
        _number(row["upper"]),
        str(row["type"]) or "common cause",
        str(row["direction"]),
        str(row["signal"]),
        figure.status,
    )


def _number(value: float) -> float | None:
    return None if value != value else float(value)
