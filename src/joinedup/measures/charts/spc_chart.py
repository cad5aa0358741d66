"""The trend of a measure as an XmR chart: points with limits, icons with letter and text (rules: PD15, PD16).

The points and their signals come from `xmr`; here they only become a picture and words. Colour is never the only sign:
a point's shape says the same, and the icon has a letter and its text.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from html import escape
from itertools import groupby
from typing import Any, Final

from joinedup.measures.charts.icons import BLUE, GREY, ORANGE, PURPLE, Icon
from joinedup.measures.figure import SUPPRESSED, month_shown

FEWEST_FOR_LIMITS: Final = 13
INK: Final = "#212b32"
_LOOKS: Final[Mapping[tuple[str, str], tuple[str, str, str]]] = {
    ("common cause", ""): ("No significant change", GREY, "circle"),
    ("improvement", "high"): ("Significant change for the better, high", BLUE, "triangle-up"),
    ("improvement", "low"): ("Significant change for the better, low", BLUE, "triangle-down"),
    ("concern", "high"): ("Significant change for the worse, high", ORANGE, "square"),
    ("concern", "low"): ("Significant change for the worse, low", ORANGE, "diamond"),
    ("neutral", "high"): ("Significantly high, no judgement", PURPLE, "triangle-up"),
    ("neutral", "low"): ("Significantly low, no judgement", PURPLE, "triangle-down"),
}
SIGNALS: Final[Mapping[str, str]] = {
    "outside limits": "outside the limits",
    "trend": "part of a trend of seven or more",
    "two of three": "two of three near a limit",
    "run": "part of a run of seven or more on one side of the mean",
}


@dataclass(frozen=True, slots=True)
class Point:
    """A month of the trend: its value as drawn and as said, its limits, and its signal; no value says why instead."""

    month: date
    value: float | None
    shown: str
    mean: float | None = None
    lower: float | None = None
    upper: float | None = None
    variation: str = "common cause"
    direction: str = ""
    signal: str = ""
    status: str = ""

    @property
    def look(self) -> tuple[str, str]:
        """Answer by what its shape, colour and words are found."""
        return (self.variation, self.direction) if self.variation != "common cause" else ("common cause", "")


def icon_svg(icon: Icon) -> str:
    """Answer an icon's picture: its letter or sign in a circle of its colour. Its text must stand beside it."""
    letter = {"wave": "∿", "up arrow": "↑", "down arrow": "↓"}.get(icon.sign, icon.sign)
    ink = "#ffffff" if icon.colour == PURPLE else INK
    return (
        '<svg viewBox="0 0 56 56" width="56" height="56" aria-hidden="true" focusable="false">'
        f'<circle cx="28" cy="28" r="25" fill="{icon.colour}" stroke="{INK}" stroke-width="2"/>'
        f'<text x="28" y="38" font-family="Arial, sans-serif" font-size="28" font-weight="bold" text-anchor="middle" '
        f'fill="{ink}">{escape(letter)}</text></svg>'
    )


def spc_spec(points: Sequence[Point], *, title: str, target: float | None = None) -> dict[str, Any]:
    """Answer the chart as a Vega-Lite specification; `title` is what stands beside the axis of values.

    A month without a value leaves a gap in the line, and its mark stands at the foot of the chart.
    """
    rows: list[dict[str, Any]] = []
    unbroken = 0
    for has_value, run in groupby(points, key=lambda point: point.value is not None):
        unbroken += has_value
        rows += [_row(point, unbroken) for point in run]
    used = [look for look in _LOOKS if any(point.look == look for point in points if point.value is not None)]
    gaps = [row for row in rows if row["value"] is None]
    month = {"field": "month", "type": "temporal", "title": None, "axis": {"format": "%b %Y", "labelAngle": 0}}
    value = {"field": "value", "type": "quantitative", "title": title, "scale": {"zero": False}}
    layers: list[dict[str, Any]] = [
        *(_limit(name, month, title, dashed=name != "mean") for name in ("mean", "lower", "upper")),
        {
            "mark": {"type": "line", "color": INK, "strokeWidth": 1.5},
            "transform": [{"filter": "isValid(datum.value)"}],
            "encoding": {"x": month, "y": value, "detail": {"field": "unbroken"}},
        },
        {
            "mark": {"type": "point", "filled": True, "size": 90, "stroke": INK, "strokeWidth": 1, "opacity": 1},
            "transform": [{"filter": "isValid(datum.value)"}],
            "encoding": {
                "x": month,
                "y": value,
                "color": _scale(used, 1, legend=True),
                "shape": _scale(used, 2, legend=True),
            },
        },
    ]
    if gaps:
        layers.append(
            {
                "mark": {"type": "text", "fontSize": 18, "fontWeight": "bold", "color": INK, "dy": -6},
                "transform": [{"filter": "!isValid(datum.value)"}],
                "encoding": {"x": month, "y": {"value": 300}, "text": {"field": "mark"}},
            }
        )
    if target is not None:
        layers.append(
            {
                "data": {"values": [{"target": target}]},
                "mark": {"type": "rule", "color": "#d5281b", "strokeWidth": 2, "strokeDash": [2, 3]},
                "encoding": {"y": {"field": "target", "type": "quantitative"}},
            }
        )
    last = points[-1] if points else None
    layers.append(_names_of_lines(last, target))
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
        "width": 620,
        "height": 300,
        "padding": {"left": 5, "right": 10, "top": 5, "bottom": 5},
        "data": {"values": rows},
        "layer": layers,
        "resolve": {"scale": {"y": "shared"}},
        "config": {
            "legend": {
                "orient": "bottom",
                "title": None,
                "columns": 2,
                "symbolOpacity": 1,
                "symbolStrokeWidth": 1,
                "labelLimit": 400,
            }
        },
    }


def _row(point: Point, unbroken: int) -> dict[str, Any]:
    return {
        "month": point.month.isoformat(),
        "value": point.value,
        "mean": point.mean,
        "lower": point.lower,
        "upper": point.upper,
        "kind": _LOOKS[point.look][0],
        "unbroken": unbroken,
        "mark": "" if point.value is not None else ("*" if point.status == SUPPRESSED else "–"),
    }


def _scale(used: Sequence[tuple[str, str]], place: int, *, legend: bool) -> dict[str, Any]:
    return {
        "field": "kind",
        "type": "nominal",
        "scale": {"domain": [_LOOKS[kind][0] for kind in used], "range": [_LOOKS[kind][place] for kind in used]},
        "legend": {"symbolStrokeColor": INK} if legend else None,
    }


def _limit(name: str, month: Mapping[str, Any], title: str, *, dashed: bool) -> dict[str, Any]:
    mark = {"type": "line", "color": "#4c6272", "strokeWidth": 1.5} | ({"strokeDash": [6, 4]} if dashed else {})
    return {
        "mark": mark,
        "transform": [{"filter": f"isValid(datum.{name})"}],
        "encoding": {"x": month, "y": {"field": name, "type": "quantitative", "title": title}},
    }


def _names_of_lines(last: Point | None, target: float | None) -> dict[str, Any]:
    named = []
    if last is not None and last.upper != last.lower:
        named += [("limit", last.upper), ("mean", last.mean), ("limit", last.lower)]
    elif last is not None:
        named.append(("mean", last.mean))
    named.append(("target", target))
    return {
        "data": {"values": [{"name": name, "at": at} for name, at in named if at is not None]},
        "mark": {"type": "text", "align": "left", "dx": 6, "fontSize": 13, "color": INK},
        "encoding": {
            "x": {"value": 620},
            "y": {"field": "at", "type": "quantitative"},
            "text": {"field": "name", "type": "nominal"},
        },
    }


def spc_summary(points: Sequence[Point], *, icon: Icon | None, assurance: Icon | None, target_shown: str = "") -> str:
    """Answer what the chart shows in sentences: the last point, earlier signals, the target, gaps and thin data."""
    held = [point for point in points if point.value is not None]
    if not held:
        return "No month has a figure that may be shown."
    # Without a mean there are no limits either, and nothing that could signal.
    signal = "" if held[-1].mean is None else f"; {icon.text if icon else 'no signal'}"
    parts = [f"{month_shown(held[-1].month)}: {held[-1].shown}{signal}."]
    earlier = [point for point in held[-7:-1] if point.variation != "common cause"]
    if held[-1].variation == "common cause" and earlier:
        parts.append(f"Recent signals: {_listed([month_shown(point.month) for point in earlier])}.")
    if assurance is not None and target_shown:
        parts.append(f"Target {target_shown}: {assurance.text}.")
    return " ".join([*parts, *gaps_said(points)])


def notes_on(points: Sequence[Point], *, kind: str, counts: Sequence[int] = (), overlap: int = 0) -> list[str]:
    """Answer what a reader must know: provisional limits, a flat series, small counts, months left out.

    `overlap` is how many months each point covers where neighbours share most of them: then why there are no limits.
    """
    held = [point for point in points if point.value is not None]
    if overlap:
        return [
            f"No limits and no signals: each point covers {overlap} months that overlap with its neighbours', so that "
            "a run or a trend of points says nothing.",
            *gaps_said(points),
        ]
    notes = []
    if 0 < len(held) < FEWEST_FOR_LIMITS:
        notes.append(
            f"The limits are provisional: they rest on {len(held)} months and move with each new one until there "
            f"are {FEWEST_FOR_LIMITS}."
        )
    if held and held[-1].mean is not None and held[-1].lower == held[-1].upper:
        notes.append("No variation: all months have the same value, so that nothing can signal.")
    if counts and sum(counts) / len(counts) < 5:
        notes.append("The counts are small (fewer than 5 a month on average): this chart is unreliable.")
    if kind in {"proportion", "rate"}:
        notes.append("The mean of monthly values is not the value of the year.")
    return [*notes, *gaps_said(points)]


def gaps_said(points: Sequence[Point]) -> list[str]:
    """Answer the months without a value in a sentence for each reason; neighbours across them count as adjacent."""
    reasons: dict[str, list[str]] = {}
    for point in points:
        if point.value is None:
            reasons.setdefault(point.status or "no figure", []).append(month_shown(point.month))
    return [f"Left out ({reason}): {_listed(months)}." for reason, months in reasons.items()]


def _listed(words: Sequence[str]) -> str:
    if len(words) > 6:
        return f"{', '.join(words[:3])} and {len(words) - 3} more months"
    return ", ".join(words[:-1]) + (" and " if len(words) > 1 else "") + words[-1]
