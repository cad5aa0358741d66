"""The points and limits of a funnel, out of protected counts: `funnel_limits` and `funnel_significance` do the sums."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from joinedup.measures.charts.funnel_chart import LINES, Curves, Dot
from joinedup.measures.definition import MeasureDefinition
from joinedup.measures.figure import Figure, Scale


@dataclass(frozen=True, slots=True)
class Funnel:
    """What a funnel plot draws: areas, limits, the average of all of them, and what their size is."""

    dots: Sequence[Dot]
    curves: Curves
    average: float
    size_title: str


def funnel_of(one: MeasureDefinition, figures: Sequence[Figure], names: Mapping[str, str], asked: str) -> Funnel | None:
    """Answer the funnel of a proportion or a rate; None where too little is shown to draw one."""
    usable = [
        figure
        for figure in figures
        if figure.value is not None and figure.numerator is not None and (figure.denominator or 0) > 0
    ]
    # Counts to the nearest five can put a numerator above its denominator, where both are nearly the same.
    counted = [(min(figure.numerator or 0, figure.denominator or 0), figure.denominator or 0) for figure in usable]
    if one.kind == "rate":
        counted = [(figure.numerator or 0, figure.denominator or 0) for figure in usable]
    if not usable or not sum(events for events, _ in counted):
        return None
    import pandas as pd

    from joinedup.measures.statistics.funnel import funnel_limits, funnel_significance

    table = pd.DataFrame(counted, columns=["x", "n"]).astype("float64")
    multiplier = one.multiplier
    limits = funnel_limits(table, one.kind, multiplier=multiplier, points=40)
    labels = funnel_significance(table, one.kind, multiplier=multiplier)["significance"]
    scale = Scale(one.kind, one.unit, one.multiplier)
    curves = {
        name: [
            (float(size), float(value))
            for size, value in zip(limits[f"{column}_at"], limits[column], strict=True)
            if size == size and value == value
        ]
        for name, column in zip(LINES, ("lower_998", "lower_95", "upper_95", "upper_998"), strict=True)
    }
    dots = [
        Dot(
            figure.area,
            names.get(figure.area, figure.area),
            float(figure.denominator or 0),
            float(figure.value or 0.0),
            figure.value_shown(scale),
            str(label),
            figure.area == asked,
        )
        for figure, label in zip(usable, labels, strict=True)
    ]
    size = "Of how many" if one.of else "People"
    return Funnel(dots, curves, float(limits["average"].iloc[0]), size)
