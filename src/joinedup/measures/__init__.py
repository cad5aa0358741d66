"""Indicators with intervals: standardised rates, inequality, change over time, disclosure control."""

from __future__ import annotations

from importlib import import_module
from typing import Any

# A module never has the name of one of these: importing it would put it in the name's place.
_WHERE: dict[str, str] = {
    "Activity": "activity.counted",
    "ActivityHistory": "activity.reading",
    "ESP2013": "statistics.standard_population",
    "Figure": "figure",
    "ICONS": "charts.icons",
    "Icon": "charts.icons",
    "MeasureDefinition": "definition",
    "Point": "charts.spc_chart",
    "Protected": "disclosure.protected",
    "Results": "results",
    "Scale": "figure",
    "StatError": "statistics.frames",
    "StatWarning": "statistics.frames",
    "Xmr": "statistics.spc",
    "activity_history": "activity.reading",
    "activity_of": "activity.counted",
    "assign_quantile": "statistics.quantiles",
    "compare_with": "statistics.comparison",
    "compute": "computing",
    "count_limits": "statistics.counts",
    "definition_of": "definition",
    "definitions": "definition",
    "dsr": "statistics.standardised",
    "esp2013_weights": "statistics.standard_population",
    "exceptions_first": "charts.icons",
    "funnel_limits": "statistics.funnel",
    "funnel_significance": "statistics.funnel",
    "icon_of": "charts.icons",
    "isr": "statistics.standardised",
    "life_expectancy": "statistics.life_table",
    "lines_to_show": "activity.prices",
    "mean": "statistics.averages",
    "month_shown": "figure",
    "months_covered": "charts.trend",
    "open_results": "results",
    "points_of_delivery": "activity.definitions",
    "priced_activity": "activity.prices",
    "proportion": "statistics.proportions",
    "protect": "disclosure.protected",
    "protected_mean": "disclosure.protected",
    "protected_percentile": "disclosure.protected",
    "rate": "statistics.proportions",
    "recent_trend": "statistics.comparison",
    "result_ids": "results",
    "scale_of": "answers",
    "series": "answers",
    "sii": "statistics.inequality",
    "spc_spec": "charts.spc_chart",
    "xmr": "statistics.spc",
}

__all__ = sorted(_WHERE)


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"joinedup.measures has no public name '{name}'")
    return getattr(import_module(f"joinedup.measures.{_WHERE[name]}"), name)
