"""The trend of protected figures: the points, limits and signals of `xmr`, ready to be drawn and told.

Only months with a value take part; the others keep their place with the reason why they have none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from joinedup.measures.definition import MeasureDefinition
from joinedup.measures.figure import Figure, Scale
from joinedup.measures.spc_chart import Point

FEWEST = 2


@dataclass(frozen=True, slots=True)
class Trend:
    """A series with its signals: the variation of its last month with its direction, and whether it meets its target.

    `variation`, `direction` and `assurance` name the icons (`icons.icon_of`).
    """

    points: Sequence[Point]
    variation: str
    direction: str
    assurance: str

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


def trends(series: Sequence[tuple[MeasureDefinition, Sequence[Figure]]]) -> dict[str, Trend]:
    """Answer the trend of each measure that has a value in at least two months, by its id; all of them in one go."""
    import pandas as pd

    from joinedup.measures.spc import xmr

    found: dict[str, Trend] = {}
    for polarity in ("increase", "decrease", "neutral"):
        chosen = [
            (one, figures)
            for one, figures in series
            if one.polarity == polarity and sum(figure.value is not None for figure in figures) >= FEWEST
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
