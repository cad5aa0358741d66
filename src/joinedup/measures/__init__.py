"""Indicators with intervals: standardised rates, inequality, change over time, disclosure control."""

from __future__ import annotations

from importlib import import_module
from typing import Any

# A module never has the name of one of these: importing it would put it in the name's place.
_WHERE: dict[str, str] = {
    "MeasureDefinition": "definition",
    "Protected": "disclosure",
    "Results": "results",
    "compute": "computing",
    "definition_of": "definition",
    "definitions": "definition",
    "open_results": "results",
    "protect": "disclosure",
}

__all__ = sorted(_WHERE)


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"joinedup.measures has no public name '{name}'")
    return getattr(import_module(f"joinedup.measures.{_WHERE[name]}"), name)
