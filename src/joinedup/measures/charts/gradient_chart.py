"""A measure by groups of people, with intervals: the gradient by deprivation, and the other breakdowns.

Bars carry the text of the table beside them, so that a suppressed group reads `*` in both. Deprivation says whether its
fifths are of England or of this system (rules: population PC10), and its slope comes from `sii` (PD10).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

INK: Final = "#212b32"
SHADES: Final = ("#002f5c", "#005eb8", "#5a9bd4", "#9cc3e6", "#d8e6f5")


@dataclass(frozen=True, slots=True)
class Bar:
    """A group: its name, its value and interval for drawing, and the text that labels it."""

    name: str
    value: float | None
    lower: float | None
    upper: float | None
    shown: str


@dataclass(frozen=True, slots=True)
class Slope:
    """The slope and the relative index of inequality with their limits as texts; `why_not` where there are none."""

    direction: str = ""  # "falls by", "rises by" or, where it may be either, "changes by"
    slope: str = ""
    slope_interval: str = ""
    relative: str = ""
    relative_interval: str = ""
    why_not: str = ""


def gradient_spec(bars: Sequence[Bar], *, title: str, is_ordered: bool) -> dict[str, Any]:
    """Answer the chart as a Vega-Lite specification. Ordered groups go from dark (most deprived) to light."""
    rows = [
        {
            "place": f"{number:02d}",
            # The figure stands beside the name, not at the bar's end: there a phone would have to scroll for it.
            "name": f"{bar.name}: {bar.shown}",
            "value": bar.value,
            "lower": bar.lower,
            "upper": bar.upper,
            "shade": SHADES[number % len(SHADES)] if is_ordered else "#005eb8",
        }
        for number, bar in enumerate(bars)
    ]
    names = [row["name"] for row in rows]
    y = {
        "field": "name",
        "type": "nominal",
        "sort": names,
        "title": None,
        "axis": {"labelLimit": 320, "labelFontSize": 15},
        "scale": {"paddingInner": 0.25},
    }
    x = {"type": "quantitative", "title": title, "scale": {"zero": True}}
    layers: list[dict[str, Any]] = [
        {
            "mark": {"type": "bar", "stroke": "#4c6272", "strokeWidth": 1},
            "encoding": {
                "y": y,
                "x": {"field": "value", **x},
                "color": {"field": "shade", "type": "nominal", "scale": None, "legend": None},
            },
        },
        {
            "transform": [{"filter": "isValid(datum.lower) && isValid(datum.upper)"}],
            "mark": {"type": "rule", "color": INK, "strokeWidth": 2},
            "encoding": {"y": y, "x": {"field": "lower", **x}, "x2": {"field": "upper"}},
        },
        *(
            {
                "transform": [{"filter": f"isValid(datum.{end})"}],
                "mark": {"type": "tick", "color": INK, "thickness": 2, "size": 12},
                "encoding": {"y": y, "x": {"field": end, **x}},
            }
            for end in ("lower", "upper")
        ),
    ]
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
        "width": 400,
        "height": max(len(rows), 2) * 36,
        "padding": {"left": 5, "right": 10, "top": 5, "bottom": 5},
        "data": {"values": rows},
        "layer": layers,
    }


def gradient_summary(bars: Sequence[Bar], slope: Slope | None = None, *, is_ordered: bool = True) -> str:
    """Answer the ends of ordered groups, or the lowest and highest of others; for deprivation also the slope."""
    held = [bar for bar in bars if bar.value is not None]
    if not is_ordered:
        held.sort(key=lambda bar: bar.value or 0.0)
    parts = []
    if len(held) >= 2 and is_ordered:
        parts.append(f"{held[0].name}: {held[0].shown}. {held[-1].name}: {held[-1].shown}.")
    elif len(held) >= 2:
        parts.append(f"From {held[0].shown} ({held[0].name}) to {held[-1].shown} ({held[-1].name}).")
    elif held:
        parts.append(f"{held[0].name}: {held[0].shown}.")
    else:
        parts.append("No group has a figure that may be shown.")
    hidden = [bar.name for bar in bars if bar.value is None]
    if hidden and held:
        parts.append(f"Without a figure: {', '.join(hidden)}.")
    if slope is not None:
        parts.append(slope_said(slope))
    return " ".join(part for part in parts if part)


def slope_said(slope: Slope) -> str:
    """Answer the indices in words, or why there are none."""
    if slope.why_not:
        return f"No slope index: {slope.why_not}"
    between = f" ({slope.slope_interval})" if slope.slope_interval else ""
    relative = f" ({slope.relative_interval})" if slope.relative_interval else ""
    said = f"From the most to the least deprived person it {slope.direction} {slope.slope}{between}"
    return f"{said} (slope index of inequality); relative index {slope.relative or 'not given'}{relative}."
