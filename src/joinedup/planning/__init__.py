"""Demand, capacity, waiting lists and workforce; plans and whether they agree."""

from __future__ import annotations

from importlib import import_module
from typing import Any

# A module never has the name of one of these: importing it would put it in the name's place.
_WHERE: dict[str, str] = {
    "Parameter": "parameters",
    "ParameterMissing": "parameters",
    "ParameterOverlap": "parameters",
    "ParameterSet": "parameters",
    "planning_parameters": "parameters",
    "read_parameters": "parameters",
}

__all__ = sorted(_WHERE)


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"joinedup.planning has no public name '{name}'")
    return getattr(import_module(f"joinedup.planning.{_WHERE[name]}"), name)
