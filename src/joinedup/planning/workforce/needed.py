"""The staff and the skills that planned activity needs, by profession: activity times minutes, in WTE (MD2, MD8).

Minutes are parameters: "workforce.minutes:DC:NURSE" of a profession, "workforce.minutes:DC:NURSE/theatre" of those of
it who have a skill; the latter are among the former. Plans may stand for a part of what a partner does (a sample, a
simulation): "scale.workforce:RWG" says how many times its plan its whole is, and is 1 where nobody decided it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from joinedup.planning.parameters import ParameterMissing, ParameterSet
from joinedup.planning.plans.plan_lines import Code
from joinedup.planning.workforce.staff import productive_hours, wte_required

MINUTES, SCALE = "workforce.minutes", "scale.workforce"


@dataclass(frozen=True, slots=True)
class StaffNeeded:
    """WTE that a provider's activity needs, by profession and by (profession, skill); and what could not be counted.

    `uncounted` are points of delivery of which nobody said how many minutes a profession needs.
    """

    by_profession: Mapping[Code, Decimal]
    by_skill: Mapping[tuple[Code, Code], Decimal]
    uncounted: tuple[Code, ...]

    @property
    def is_known(self) -> bool:
        return bool(self.by_profession)


def staff_needed(
    units: Mapping[Code, Decimal], parameters: ParameterSet, on: date, *, scale: Decimal = Decimal(1)
) -> StaffNeeded:
    """Answer the WTE for a year's units by point of delivery, exact; `on` is the day on which parameters hold."""
    minutes = minutes_on(parameters, on)
    hours = productive_hours(
        parameters.number("workforce.absence", on),
        week=parameters.number("workforce.week", on), weeks=parameters.number("workforce.weeks", on),
    )  # fmt: skip
    counted = {pod for of in minutes.values() for pod in of}
    found = {
        who: wte_required({pod: units[pod] * scale for pod in of if pod in units}, of, hours)
        for who, of in sorted(minutes.items())
        if of.keys() & units.keys()
    }
    return StaffNeeded(
        {profession: wte for (profession, skill), wte in found.items() if not skill},
        {who: wte for who, wte in found.items() if who[1]},
        tuple(sorted(pod for pod, many in units.items() if many and pod not in counted)),
    )


def minutes_on(parameters: ParameterSet, on: date) -> dict[tuple[Code, Code], dict[Code, Decimal]]:
    """Answer the minutes for a unit by (profession, skill or "") and then by point of delivery, that hold on a day."""
    found: dict[tuple[Code, Code], dict[Code, Decimal]] = {}
    for key in parameters.ids:
        head, _, rest = key.partition(":")
        pod, _, who = rest.partition(":")
        if head == MINUTES and who:
            try:
                value = parameters.number(key, on)
            except ParameterMissing:
                continue
            profession, _, skill = who.partition("/")
            found.setdefault((profession, skill), {})[pod] = value
    return found


def scale_of(parameters: ParameterSet, provider: Code, on: date) -> Decimal:
    """Answer how many times its plan a partner's whole staff is; 1 where nobody decided it."""
    try:
        return parameters.number(f"{SCALE}:{provider}", on)
    except ParameterMissing:
        return Decimal(1)
