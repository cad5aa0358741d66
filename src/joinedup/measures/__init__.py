"""Indicators with intervals: standardised rates, inequality, change over time, disclosure control."""

from __future__ import annotations

from importlib import import_module
from typing import Any

# A module never has the name of one of these: importing it would put it in the name's place.
_WHERE: dict[str, str] = {
    "Activity": "activity",
    "ActivityHistory": "activity_reading",
    "ESP2013": "standard_population",
    "ICONS": "icons",
    "Icon": "icons",
    "MeasureDefinition": "definition",
    "Protected": "disclosure",
    "Results": "results",
    "StatError": "frames",
    "StatWarning": "frames",
    "Xmr": "spc",
    "activity_history": "activity_reading",
    "activity_of": "activity",
    "assign_quantile": "quantiles",
    "compare_with": "comparison",
    "compute": "computing",
    "count_limits": "counts",
    "definition_of": "definition",
    "definitions": "definition",
    "dsr": "standardised",
    "esp2013_weights": "standard_population",
    "exceptions_first": "icons",
    "funnel_limits": "funnel",
    "funnel_significance": "funnel",
    "icon_of": "icons",
    "isr": "standardised",
    "lines_to_show": "activity_prices",
    "life_expectancy": "life_table",
    "mean": "averages",
    "open_results": "results",
    "points_of_delivery": "activity_definitions",
    "priced_activity": "activity_prices",
    "proportion": "proportions",
    "protect": "disclosure",
    "protected_mean": "disclosure",
    "protected_percentile": "disclosure",
    "rate": "proportions",
    "recent_trend": "comparison",
    "sii": "inequality",
    "xmr": "spc",
}

__all__ = sorted(_WHERE)


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"joinedup.measures has no public name '{name}'")
    return getattr(import_module(f"joinedup.measures.{_WHERE[name]}"), name)
