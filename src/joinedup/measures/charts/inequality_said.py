"""The slope and relative index of inequality of protected figures, in words; or why there are none (rules: PD10)."""

from __future__ import annotations

from collections.abc import Sequence

from joinedup.measures.charts.gradient_chart import Slope
from joinedup.measures.definition import MeasureDefinition
from joinedup.measures.figure import Figure, Scale

FIFTHS = ("1", "2", "3", "4", "5")


def slope_of(one: MeasureDefinition, figures: Sequence[Figure]) -> Slope:
    """Answer the indices across five fifths of deprivation, from protected values, limits and denominators."""
    by_band = {figure.band: figure for figure in figures}
    fifths = [by_band[band] for band in FIFTHS if band in by_band]
    if len(fifths) < 5:
        return Slope(why_not="one of the five fifths has nobody here.")
    hidden = [figure.band for figure in fifths if figure.value is None]
    if hidden:
        return Slope(why_not=f"it needs all five fifths, and {_listed(hidden)} may not be shown or has no figure.")
    if any(not figure.denominator or figure.lower is None or figure.upper is None for figure in fifths):
        return Slope(why_not="it needs the people and the interval of every fifth.")
    import pandas as pd

    from joinedup.measures.statistics.frames import StatError
    from joinedup.measures.statistics.inequality import sii

    kind = one.kind if one.kind in {"proportion", "rate"} else "other"
    # A proportion is fitted as a share of 1; its slope is told in percentage points.
    share = 100.0 if kind == "proportion" else 1.0
    table = pd.DataFrame(
        {
            "fifth": [int(figure.band) for figure in fifths],
            "people": [float(figure.denominator or 0) for figure in fifths],
            "value": [(figure.value or 0.0) / share for figure in fifths],
            "lower": [(figure.lower or 0.0) / share for figure in fifths],
            "upper": [(figure.upper or 0.0) / share for figure in fifths],
        }
    )
    try:
        found = sii(
            table, "fifth", "people", "value", lower="lower", upper="upper", kind=kind, transform=kind != "other",
            multiplier=share,
        ).iloc[0]  # fmt: skip
    except StatError:
        return Slope(why_not="a fifth is at 0 or at everybody, where no line can be fitted.")
    scale = Scale(one.kind if one.kind != "count" else "mean", one.unit, one.multiplier)
    points = " percentage points" if kind == "proportion" else ""
    slope, low, high = (float(found[name]) for name in ("value", "lower", "upper"))
    direction = "falls by" if high < 0 else "rises by" if low > 0 else "changes by"
    if direction == "falls by":
        slope, low, high = -slope, -high, -low
    relative = float(found["rii"])
    return Slope(
        direction=direction,
        slope=f"{scale.number(slope)}{points}",
        slope_interval=f"{scale.number(low)} to {scale.number(high)}",
        relative="" if relative != relative else f"{relative:.2f}",
        relative_interval=_between(found),
    )


def _between(found: object) -> str:
    low, high = found.get("rii_lower"), found.get("rii_upper")  # type: ignore[attr-defined]
    if low is None or high is None or low != low or high != high:
        return ""
    return f"{low:.2f} to {high:.2f}"


def _listed(bands: Sequence[str]) -> str:
    return ", ".join(bands[:-1]) + (" and " if len(bands) > 1 else "") + bands[-1]
