"""Pictures of what is to come, as Vega-Lite specifications: the past, the forecast with its interval, a scenario."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

INK, BLUE, PLUM, BAND = "#212b32", "#005eb8", "#7c2855", "#99c2e6"
Row = Mapping[str, Any]


def forecast_spec(rows: Sequence[Row], *, title: str, past: str, ahead: str, tried: str, when: str) -> dict[str, Any]:
    """Answer the chart of rows {when, past, ahead, lower, upper, tried}; None draws nothing.

    `past`, `ahead` and `tried` name the lines in the legend; each has a dash of its own, so colour is not the only
    sign. `when` is "month" or "week" and says how the axis writes days.
    """
    lines = [("past", past, INK, [1, 0]), ("ahead", ahead, BLUE, [8, 4]), ("tried", tried, PLUM, [2, 3])]
    shown = [one for one in lines if any(row.get(one[0]) is not None for row in rows)]
    long = [
        {"when": row["when"], "value": row[name], "line": label}
        for name, label, _, _ in shown
        for row in rows
        if row.get(name) is not None
    ]
    band = [
        {"when": row["when"], "lower": row["lower"], "upper": row["upper"]}
        for row in rows
        if row.get("lower") is not None
    ]
    axis = {"format": "%b %Y" if when == "month" else "%-d %b %Y", "labelAngle": 0, "labelOverlap": True,
            "tickCount": 6}  # fmt: skip
    at = {"field": "when", "type": "temporal", "title": None, "axis": axis}
    names = {"domain": [one[1] for one in shown]}
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
        "width": 620,
        "height": 300,
        "padding": {"left": 5, "right": 10, "top": 5, "bottom": 5},
        "layer": [
            {
                "data": {"values": band},
                "mark": {"type": "area", "color": BAND, "opacity": 0.6},
                "encoding": {
                    "x": at,
                    "y": {"field": "lower", "type": "quantitative", "title": title, "scale": {"zero": True}},
                    "y2": {"field": "upper"},
                },
            },
            {
                "data": {"values": long},
                "mark": {"type": "line", "strokeWidth": 2.5},
                "encoding": {
                    "x": at,
                    "y": {"field": "value", "type": "quantitative", "title": title},
                    "color": {
                        "field": "line",
                        "type": "nominal",
                        "scale": names | {"range": [one[2] for one in shown]},
                        "legend": {"orient": "bottom", "title": None, "symbolType": "stroke", "symbolSize": 400,
                                   "labelLimit": 400},
                    },
                    "strokeDash": {
                        "field": "line",
                        "type": "nominal",
                        "scale": names | {"range": [one[3] for one in shown]},
                        "legend": {"orient": "bottom", "title": None, "symbolType": "stroke", "symbolSize": 400,
                                   "labelLimit": 400},
                    },
                },
            },
        ],
        "resolve": {"scale": {"y": "shared"}},
    }  # fmt: skip
