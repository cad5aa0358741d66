"""A profile of an area at one look: each measure's value against the system's and the spread of areas of its kind.

Every row has a scale of its own: the system's value stands in the middle, and the farthest area at an edge. Where a
measure has a better direction, better is to the right. Letters say the same as the colours (rules: PD14).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from joinedup.measures.figure import MARK

INK: Final = "#212b32"
LETTERS: Final[Mapping[str, tuple[str, str, str, str]]] = {
    "better": ("B", "Better", "#00b0f0", "circle"),
    "similar": ("S", "Similar", "#ffffff", "circle"),
    "worse": ("W", "Worse", "#e46c0a", "square"),
    "higher": ("H", "Higher", "#b79ad6", "diamond"),
    "lower": ("L", "Lower", "#d9c8ec", "diamond"),
    "": ("N", "Not compared", "#d8dde0", "cross"),
}
"""What a comparison with the system may say: its letter, words, colour and shape."""


@dataclass(frozen=True, slots=True)
class Row:
    """A measure of the profile: values for drawing, the texts of the table beside it, and the verdict of the test."""

    title: str
    value: float | None
    shown: str
    system: float | None
    system_shown: str
    lowest: float | None
    low_quarter: float | None
    high_quarter: float | None
    highest: float | None
    polarity: str  # increase, decrease or neutral
    verdict: str  # better, similar, worse, higher, lower or "" where there is no comparison


def placed(row: Row, value: float | None) -> float | None:
    """Answer where a value stands between -1 and 1: 0 is the system's, better to the right where there is a better."""
    if value is None or row.system is None or row.lowest is None or row.highest is None:
        return None
    reach = max(row.highest - row.system, row.system - row.lowest, abs((row.value or row.system) - row.system))
    if reach <= 0:
        return 0.0
    place = (value - row.system) / reach
    return -place if row.polarity == "decrease" else place


def spine_spec(rows: Sequence[Row]) -> dict[str, Any]:
    """Answer the spine chart as a Vega-Lite specification: a line for each measure, with its texts at both sides."""
    drawn = []
    for number, row in enumerate(rows):
        letter, words, _, _ = LETTERS[row.verdict]
        ends = sorted(x for x in (placed(row, row.lowest), placed(row, row.highest)) if x is not None)
        middle = sorted(x for x in (placed(row, row.low_quarter), placed(row, row.high_quarter)) if x is not None)
        drawn.append(
            {
                "row": f"{number:03d}",
                "title": _shortened(row.title),
                "shown": row.shown,
                "system": row.system_shown,
                "at": placed(row, row.value),
                "from": ends[0] if len(ends) == 2 else None,
                "to": ends[1] if len(ends) == 2 else None,
                "from_quarter": middle[0] if len(middle) == 2 else None,
                "to_quarter": middle[1] if len(middle) == 2 else None,
                "verdict": words,
                "letter": letter if row.shown != MARK else MARK,
            }
        )
    used = [key for key in LETTERS if any(row.verdict == key and row.value is not None for row in rows)]
    y = {"field": "row", "type": "ordinal", "axis": None, "scale": {"paddingInner": 0.2, "paddingOuter": 0.3}}
    scale = {"domain": [-1.0, 1.0], "range": [390, 632], "nice": False, "zero": False}
    x = {"type": "quantitative", "axis": None, "scale": scale}
    text = {"type": "text", "fontSize": 13, "color": INK, "baseline": "middle"}
    heads = [(0, "left", "Measure"), (300, "right", "Here"), (365, "right", "System")]
    layers: list[dict[str, Any]] = [
        {
            "transform": [{"filter": "isValid(datum.from)"}],
            "mark": {"type": "bar", "height": 14, "color": "#d8dde0"},
            "encoding": {"y": y, "x": {"field": "from", **x}, "x2": {"field": "to"}},
        },
        {
            "transform": [{"filter": "isValid(datum.from_quarter)"}],
            "mark": {"type": "bar", "height": 14, "color": "#aeb7bd"},
            "encoding": {"y": y, "x": {"field": "from_quarter", **x}, "x2": {"field": "to_quarter"}},
        },
        {
            "data": {"values": [{"middle": 0}]},
            "mark": {"type": "rule", "color": "#d5281b", "strokeWidth": 2},
            "encoding": {"x": {"field": "middle", **x}},
        },
        {
            "transform": [{"filter": "isValid(datum.at)"}],
            "mark": {"type": "point", "filled": True, "size": 260, "stroke": INK, "strokeWidth": 1, "opacity": 1},
            "encoding": {
                "y": y,
                "x": {"field": "at", **x},
                "color": _scale(used, 2),
                "shape": _scale(used, 3),
            },
        },
        {
            "transform": [{"filter": "isValid(datum.at)"}],
            "mark": {**text, "fontSize": 10, "fontWeight": "bold", "align": "center"},
            "encoding": {"y": y, "x": {"field": "at", **x}, "text": {"field": "letter", "type": "nominal"}},
        },
        *(
            {
                "mark": {**text, "align": align, "limit": limit},
                "encoding": {"y": y, "x": {"value": at}, "text": {"field": field, "type": "nominal"}},
            }
            for field, at, align, limit in (
                ("title", 0, "left", 225),
                ("shown", 300, "right", 70),
                ("system", 365, "right", 60),
            )
        ),
        *(
            {
                "data": {"values": [{}]},
                "mark": {**text, "align": align, "fontWeight": "bold", "text": words, "limit": 200},
                "encoding": {"x": {"value": at}, "y": {"value": -10}},
            }
            for at, align, words in heads
        ),
    ]
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
        "width": 650,
        "height": max(len(drawn), 1) * 26,
        "data": {"values": drawn},
        "layer": layers,
        "config": {
            "legend": {
                "orient": "bottom",
                "title": None,
                "columns": 6,
                "symbolOpacity": 1,
                "symbolStrokeWidth": 1,
                "symbolSize": 120,
            }
        },
    }


def _scale(used: Sequence[str], place: int) -> dict[str, Any]:
    return {
        "field": "verdict",
        "type": "nominal",
        "scale": {"domain": [LETTERS[key][1] for key in used], "range": [LETTERS[key][place] for key in used]},
        "legend": {"symbolStrokeColor": INK},
    }


def _shortened(text: str, most: int = 36) -> str:
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"


def spine_summary(rows: Sequence[Row], *, area: str, system: str) -> str:
    """Answer in a sentence how the area compares, measure by measure, with the system."""
    counts = {key: sum(row.verdict == key for row in rows) for key in LETTERS}
    said = [f"{many} {LETTERS[key][1].lower()}" for key, many in counts.items() if many and key]
    hidden = sum(row.value is None for row in rows)
    parts = [f"{area} against {system}, measure by measure: {', '.join(said) or 'nothing can be compared'}."]
    if hidden:
        parts.append(f"{hidden} without a figure that may be shown.")
    return " ".join(parts)
