"""A chart: drawn on the server, with a sentence that says what it shows and its figures as a table beside it."""

from __future__ import annotations

import json
import re
from dataclasses import KW_ONLY, dataclass
from html import escape
from typing import Any

from joinedup.ui.drawings import digest, kept, rounded, without_styles
from joinedup.ui.tables import Table

# Letters large enough to read, one family that every machine has, lines that pass 3:1 on white.
LOOK = {
    "font": "Arial, sans-serif",
    "background": "white",
    "aria": False,
    "view": {"stroke": None},
    "axis": {
        "labelFontSize": 14,
        "titleFontSize": 14,
        "titleFontWeight": "bold",
        "labelColor": "#212b32",
        "titleColor": "#212b32",
        "gridColor": "#d8dde0",
        "domainColor": "#4c6272",
        "tickColor": "#4c6272",
    },
    "legend": {"labelFontSize": 14, "titleFontSize": 14, "labelColor": "#212b32", "titleColor": "#212b32"},
    "title": {"fontSize": 16, "anchor": "start", "color": "#212b32"},
    "range": {"category": ["#005eb8", "#ed8b00", "#007f3b", "#7c2855", "#330072", "#00a499", "#4c6272", "#d5281b"]},
    "bar": {"color": "#005eb8"},
    "line": {"color": "#005eb8", "strokeWidth": 3},
    "point": {"color": "#005eb8", "filled": True, "size": 60},
}


@dataclass(frozen=True, slots=True)
class Chart:
    """An Altair chart with its title, a sentence that says what it shows, and the table of its figures.

    `{{ chart(c) }}` shows it. Colour must not be the only sign: label lines or give them shapes.
    """

    chart: Any
    _: KW_ONLY
    title: str
    summary: str
    table: Table

    @property
    def svg(self) -> str:
        """Answer the chart as inline SVG, without style elements or attributes; drawn once for the same figures."""
        spec = self.chart.to_dict() if hasattr(self.chart, "to_dict") else dict(self.chart)
        # What the chart itself says about its look wins over ours.
        spec["config"] = _merged(LOOK, _without_default_view(spec.get("config", {})))
        text = json.dumps(spec, sort_keys=True, default=str)
        return kept(f"chart:{self.title}:{text}", lambda: draw(text, self.title))


def draw(spec: str, title: str) -> str:
    """Answer a Vega-Lite chart (JSON) as inline SVG that scales with the page and is named by its title."""
    import vl_convert  # Takes a second and 100 MB: only when there is something to draw.

    svg = rounded(without_styles(vl_convert.vegalite_to_svg(spec)))
    # Two charts on one page must not share the names of their clips and gradients.
    mark = digest(spec)[:8]
    svg = re.sub(r'\bid="([^"]+)"', rf'id="{mark}-\1"', svg)
    svg = re.sub(r"url\(#([^)]+)\)", rf"url(#{mark}-\1)", svg)
    svg = re.sub(r'href="#([^"]+)"', rf'href="#{mark}-\1"', svg)
    svg = re.sub(r'\s(?:class|aria-[a-z]+|role)="[^"]*"', "", svg)
    svg = svg.replace(' xmlns:xlink="http://www.w3.org/1999/xlink"', "").replace("xlink:href", "href")
    return svg.replace("<svg ", f'<svg role="img" aria-label="{escape(title)}" focusable="false" ', 1)


def _merged(ours: dict[str, Any], theirs: dict[str, Any]) -> dict[str, Any]:
    merged = dict(ours)
    for key, value in theirs.items():
        both = isinstance(value, dict) and isinstance(merged.get(key), dict)
        merged[key] = _merged(merged[key], value) if both else value
    return merged


def _without_default_view(config: dict[str, Any]) -> dict[str, Any]:
    """Altair's default theme sets the size of a view: ours is the NHS.UK column."""
    if config.get("view") == {"continuousHeight": 300, "continuousWidth": 300}:
        return {key: value for key, value in config.items() if key != "view"} | {
            "view": {"continuousHeight": 300, "continuousWidth": 600}
        }
    return config
