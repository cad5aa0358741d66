"""Which system a page is asked for."""

from __future__ import annotations

from typing import Any

from joinedup.errors import NotFound, did_you_mean
from joinedup.planning.planning_systems import PlanningSystem, partners_of, systems

__all__ = ["PlanningSystem", "partners_of", "system_asked", "systems"]


def system_asked(request: Any) -> PlanningSystem:
    """Answer the system that the address names by code, else the first one; NotFound where none is loaded."""
    every = systems()
    asked = str(request.GET.get("system", "")).strip()
    for one in every:
        if not asked or one.code == asked:
            return one
    near = did_you_mean(asked, [one.code for one in every])
    raise NotFound(
        f"There is no system '{asked}' here.{near}" if every else "No system is loaded. joinedup system load hwe"
    )
