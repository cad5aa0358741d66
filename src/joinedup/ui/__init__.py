"""Layout, components, charts, maps and exports that every room's pages share."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from joinedup.ui.act_form import Act, Answers, Question, answer, code_items
    from joinedup.ui.charts import Chart
    from joinedup.ui.dates import PARTS, WrittenDate, day, instant, read_date
    from joinedup.ui.diagrams import Arrow, Box, Diagram
    from joinedup.ui.exports import Export, Provenance, csv_lines, csv_text, workbook
    from joinedup.ui.maps import Feature, Map, tile
    from joinedup.ui.outcomes import outcome
    from joinedup.ui.pages import Crumb, NavigationEntry, Page, SearchResult
    from joinedup.ui.tables import Column, Table

__all__ = [
    "PARTS",
    "Act",
    "Answers",
    "Arrow",
    "Box",
    "Chart",
    "Column",
    "Crumb",
    "Diagram",
    "Export",
    "Feature",
    "Map",
    "NavigationEntry",
    "Page",
    "Provenance",
    "Question",
    "SearchResult",
    "Table",
    "WrittenDate",
    "answer",
    "code_items",
    "csv_lines",
    "csv_text",
    "day",
    "instant",
    "outcome",
    "read_date",
    "tile",
    "workbook",
]

_HOMES = {
    "act_form": ("Act", "Answers", "Question", "answer", "code_items"),
    "pages": ("Crumb", "NavigationEntry", "Page", "SearchResult"),
    "tables": ("Column", "Table"),
    "exports": ("Export", "Provenance", "csv_lines", "csv_text", "workbook"),
    "charts": ("Chart",),
    "maps": ("Feature", "Map", "tile"),
    "outcomes": ("outcome",),
    "diagrams": ("Arrow", "Box", "Diagram"),
    "dates": ("PARTS", "WrittenDate", "day", "instant", "read_date"),
}


def __getattr__(name: str) -> Any:
    for module, names in _HOMES.items():
        if name in names:
            return getattr(import_module(f"joinedup.ui.{module}"), name)
    raise AttributeError(f"module 'joinedup.ui' has no attribute '{name}'")
