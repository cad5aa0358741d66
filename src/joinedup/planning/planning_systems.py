"""The systems whose plans are kept here, and their partners."""

from __future__ import annotations

from dataclasses import dataclass

from joinedup.moment import now
from joinedup.planning.models import Plan
from joinedup.planning.plans.plan_lines import Code
from joinedup.system import as_of, overview_of


@dataclass(frozen=True, slots=True)
class PlanningSystem:
    """A system by the code of the body that leads it, and its name."""

    code: Code
    name: str


def systems() -> list[PlanningSystem]:
    """Answer the systems that are told of in full; those whose lead has handed in a plan come first."""
    moment = now()
    found = []
    for system in overview_of(as_of(moment.valid_on, moment.known_at)).told:
        led = system["led_by"] or {}
        found.append(PlanningSystem(led.get("code") or led.get("key") or system["key"], system["name"]))
    planning = set(Plan.objects.values_list("owner", flat=True))
    return sorted(found, key=lambda one: (one.code not in planning, one.name))


def partners_of(system: Code) -> list[Code]:
    """Answer the bodies that a system plans with: its lead, and where that hands in plans, everyone who did."""
    owners = set(Plan.objects.values_list("owner", flat=True))
    return sorted({system, *owners} if system in owners else {system})


def is_a_system(code: Code) -> bool:
    """Answer whether a body leads a system that is told of in full: it owes documents, and signs last."""
    return any(one.code == code for one in systems())
