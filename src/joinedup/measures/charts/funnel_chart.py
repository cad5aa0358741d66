"""How areas of a kind differ from each other by more than chance: a funnel plot (rules: population PD12).

Limits and significance come from `funnel_limits` and `funnel_significance`, out of protected counts only. Areas are
never ranked: a funnel shows who differs, not who is first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

INK: Final = "#212b32"
SIGNIFICANCE: Final[Mapping[str, tuple[str, str, str]]] = {
    "high_998": ("Higher, beyond the 99.8% limit", "#330072", "triangle-up"),
    "high_95": ("Higher, beyond the 95% limit", "#7c2855", "triangle"),
    "not_significant": ("Within the limits", "#768692", "circle"),
    "low_95": ("Lower, beyond the 95% limit", "#00a499", "triangle-left"),
    "low_998": ("Lower, beyond the 99.8% limit", "#007f3b", "triangle-down"),
    "not_applicable": ("Too few events to say", "#aeb7bd", "cross"),
}
"""Each label of the rule book with its words, colour and shape."""


@dataclass(frozen=True, slots=True)
class Dot:
    """An area in the funnel: its size (the denominator), its value, how both read, and whether it is the one asked."""

    code: str
    name: str
    size: float
    value: float
    shown: str
    significance: str
    is_asked: bool = False


Curves = Mapping[str, Sequence[tuple[float, float]]]
"""The limits by name ("upper 95%"), each as places (size, value)."""
LINES: Final = ("lower 99.8%", "lower 95%", "upper 95%", "upper 99.8%")


def funnel_spec(dots: Sequence[Dot], curves: Curves, *, average: float, title: str, size_title: str) -> dict[str, Any]:
    """Answer the funnel as a Vega-Lite specification; the area asked for and those beyond 99.8% bear their name."""
    rows = [
        {
            "size": dot.size,
            "value": dot.value,
            "said": SIGNIFICANCE[dot.significance][0],
            "name": dot.name if dot.is_asked or dot.significance in {"high_998", "low_998"} else "",
            "asked": dot.is_asked,
        }
        for dot in dots
    ]
    used = [key for key in SIGNIFICANCE if any(dot.significance == key for dot in dots)]
    lines = [{"size": size, "at": at, "line": name} for name in LINES for size, at in curves.get(name, ())]
    top = max([dot.value for dot in dots] + [average])
    # Limits of the smallest areas reach far: what is drawn of them stops a little above the highest point.
    ceiling = max(top * 1.25, average * 1.5) or 1.0
    widest = max([dot.size for dot in dots] + [1.0]) * 1.05
    x = {"field": "size", "type": "quantitative", "title": size_title, "scale": {"domain": [0, widest], "nice": False}}
    y = {"type": "quantitative", "title": title, "scale": {"domain": [0, ceiling], "nice": True}}
    layers: list[dict[str, Any]] = [
        {
            "data": {"values": lines},
            "mark": {"type": "line", "clip": True, "color": "#4c6272", "strokeWidth": 1.5},
            "encoding": {
                "x": x,
                "y": {"field": "at", **y},
                "detail": {"field": "line"},
                "strokeDash": {
                    "field": "line",
                    "type": "nominal",
                    "scale": {
                        "domain": list(LINES),
                        "range": [[1, 0], [6, 4], [6, 4], [1, 0]],
                    },
                    "legend": None,
                },
            },
        },
        {
            "data": {"values": [{"at": average}]},
            "mark": {"type": "rule", "color": "#005eb8", "strokeWidth": 2},
            "encoding": {"y": {"field": "at", **y}},
        },
        {
            "mark": {"type": "point", "filled": True, "size": 110, "stroke": INK, "strokeWidth": 0.8, "opacity": 1},
            "encoding": {
                "x": x,
                "y": {"field": "value", **y},
                "color": _scale(used, 1),
                "shape": _scale(used, 2),
            },
        },
        {
            "transform": [{"filter": "datum.asked"}],
            "mark": {"type": "point", "filled": False, "size": 320, "stroke": "#d5281b", "strokeWidth": 3},
            "encoding": {"x": x, "y": {"field": "value", **y}},
        },
        {
            "transform": [{"filter": "datum.name != '' && datum.size * 2 <= " + repr(widest)}],
            "mark": {"type": "text", "align": "left", "dx": 12, "fontSize": 13, "color": INK, "limit": 300},
            "encoding": {"x": x, "y": {"field": "value", **y}, "text": {"field": "name", "type": "nominal"}},
        },
        {
            "transform": [{"filter": "datum.name != '' && datum.size * 2 > " + repr(widest)}],
            "mark": {"type": "text", "align": "right", "dx": -12, "fontSize": 13, "color": INK, "limit": 300},
            "encoding": {"x": x, "y": {"field": "value", **y}, "text": {"field": "name", "type": "nominal"}},
        },
    ]
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
        "width": 620,
        "height": 320,
        "data": {"values": rows},
        "layer": layers,
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


def _scale(used: Sequence[str], place: int) -> dict[str, Any]:
    return {
        "field": "said",
        "type": "nominal",
        "scale": {
            "domain": [SIGNIFICANCE[key][0] for key in used],
            "range": [SIGNIFICANCE[key][place] for key in used],
        },
        "legend": {"symbolStrokeColor": INK},
    }


def funnel_summary(dots: Sequence[Dot], *, kind_many: str, left_out: int) -> str:
    """Answer how many areas differ by more than chance, what the one asked for does, and how many are not drawn."""
    outside = [dot for dot in dots if dot.significance in {"high_998", "low_998"}]
    parts = [
        f"{len(outside)} of {len(dots)} {kind_many} lie beyond the 99.8% limits; of areas that do not differ, "
        "2 in 1,000 would."
    ]
    asked = next((dot for dot in dots if dot.is_asked), None)
    if asked is not None:
        said = SIGNIFICANCE[asked.significance][0]
        parts.append(f"{asked.name} (ringed): {asked.shown}, {said[:1].lower()}{said[1:]}.")
    if left_out:
        parts.append(f"{left_out} {'is' if left_out == 1 else 'are'} not drawn, because no figure may be shown.")
    return " ".join(parts)
