"""Spaces, servers, theatres, clinics and contacts: what is needed, what is there, and the gap (rule ME13)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from joinedup.errors import RuleError
from joinedup.planning.capacity.beds import erlang_b
from joinedup.planning.waiting.durations import numbers

Slot = tuple[str, str, str]  # service, provider, period


class Overloaded(RuleError):
    """More arrives than can be served, so the wait grows without end and has no mean."""


@dataclass(frozen=True, slots=True)
class Working:
    """How a unit of capacity works: a theatre, a clinic, a clinician in the community, an emergency space.

    It takes `minutes` for each case, is open `hours` a week in `weeks` of the year, and `utilisation` is the share of
    that time in which it may be planned to be in use.
    """

    minutes: float
    hours: float
    utilisation: float
    weeks: float = 52.0

    def __post_init__(self) -> None:
        for name in ("minutes", "hours", "weeks"):
            numbers("ME13", name, getattr(self, name), above=0)
        if not 0 < self.utilisation <= 1:
            raise RuleError(f"ME13: utilisation is {self.utilisation:g}; expected a share above 0 and up to 1.")

    def units(self, cases_a_year: float) -> float:
        """Answer how many units so many cases a year need, unrounded, so that it may be summed first."""
        wanted = float(numbers("ME13", "cases", cases_a_year, least=0)) * self.minutes / 60
        return wanted / (self.weeks * self.hours * self.utilisation)


def emergency_spaces(attendances: float, minutes: float, weeks: float, hours: float, utilisation: float) -> int:
    """Answer the spaces of an emergency department: attendances in the period, minutes each, over the hours in use."""
    return units_required(attendances, Working(minutes, hours, utilisation, weeks))


def units_required(cases: float, working: Working) -> int:
    """Answer whole units for so many cases in the period of `working.weeks`, rounded up last."""
    return math.ceil(round(working.units(cases), 9))


def erlang_c(load: float, servers: int) -> float:
    """Answer the share of arrivals that must wait, with an offered load of arrivals over service rate (Erlang's C).

    Overloaded when the load is as large as the servers or larger.
    """
    offered = float(numbers("ME13", "the load", load, least=0))
    if offered >= servers:
        raise Overloaded(
            f"ME13: a load of {offered:g} on {servers} servers; expected less, or the wait grows without end. Add "
            "servers."
        )
    lost = erlang_b(offered, servers)
    return servers * lost / (servers - offered * (1 - lost))


def mean_wait(arrivals: float, rate: float, servers: int) -> float:
    """Answer the mean wait of an M/M/c queue, in the unit of time of its rates (arrivals, and services a server)."""
    served = float(numbers("ME13", "the rate", rate, above=0))
    came = float(numbers("ME13", "arrivals", arrivals, least=0))
    return erlang_c(came / served, servers) / (servers * served - came)


def capacity_gap(required: Mapping[Slot, float], available: Mapping[Slot, float]) -> dict[Slot, float]:
    """Answer required minus available for each (service, provider, period): positive is short, negative spare.

    What only one side names counts as 0 on the other: capacity that nobody has, or nobody needs.
    """
    return {slot: required.get(slot, 0.0) - available.get(slot, 0.0) for slot in sorted({*required, *available})}
