"""People registered with practices and people living in areas: two denominators that are never mixed (rule MA10).

Money that follows patients is divided by registered people, money that follows residents (a council's) by residents.
A resident-based budget reaches practices only through a dated crosswalk: how many patients each practice has in each
small area.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction

from joinedup.errors import RuleError, did_you_mean
from joinedup.money.allocation.splitting import RATIO, Code, half_up, pence, share_out

Lsoa = str
REGISTERED, RESIDENT = "registered", "resident"
BASES = (REGISTERED, RESIDENT)


class DenominatorError(RuleError):
    """Money of one kind of people would be divided by the other kind, or nothing leads from one to the other."""


@dataclass(frozen=True, slots=True)
class People:
    """How many people there are, and of which kind: "registered" or "resident"."""

    count: int
    basis: str

    def __post_init__(self) -> None:
        if self.basis not in BASES:
            raise DenominatorError(
                f"MA10: '{self.basis}' is no kind of people; expected registered or resident."
                f"{did_you_mean(self.basis, BASES)}"
            )
        if isinstance(self.count, bool) or not isinstance(self.count, int) or self.count < 0:
            raise DenominatorError(
                f"MA10: {self.count!r} is no number of people; expected a whole number of 0 or more."
            )


def pence_per_head(amount_p: int, basis: str, people: People) -> int | None:
    """Answer pence per head, half-up, of money that follows people of a `basis`; None where there are no people.

    Raises DenominatorError when the people are of the other kind.
    """
    if basis != people.basis:
        raise DenominatorError(
            f"MA10: money by {basis} people cannot be divided by {people.basis} people; expected {basis} people. "
            "A resident-based budget reaches practices through a crosswalk (resident_to_registered)."
        )
    return half_up(Fraction(pence(amount_p, "MA10", "the amount"), people.count)) if people.count else None


def registered_per_resident(registered: People, resident: People) -> Decimal | None:
    """Answer how many people are registered for each who lives there, unrounded; None where nobody lives there."""
    if (registered.basis, resident.basis) != BASES:
        raise DenominatorError(
            f"MA10: given {registered.basis} and {resident.basis} people; expected registered, then resident."
        )
    return RATIO.divide(Decimal(registered.count), Decimal(resident.count)) if resident.count else None


@dataclass(frozen=True, slots=True)
class Crosswalk:
    """Patients by practice and small area, true from `start` until the day before `to`, with its source."""

    patients: Mapping[Code, Mapping[Lsoa, int]]
    start: date
    to: date | None
    source: str

    def __post_init__(self) -> None:
        for practice, areas in self.patients.items():
            for area, count in areas.items():
                if isinstance(count, bool) or not isinstance(count, int) or count < 0:
                    raise DenominatorError(
                        f"MA10: the crosswalk says {count!r} patients of {practice} in {area}; "
                        "expected a whole number of 0 or more."
                    )


def crosswalk_on(crosswalks: Iterable[Crosswalk], on: date) -> Crosswalk:
    """Answer the one crosswalk that holds on a day; DenominatorError when there is none, or more than one."""
    found = [one for one in crosswalks if one.start <= on and (one.to is None or on < one.to)]
    if len(found) != 1:
        raise DenominatorError(
            f"MA10: {len(found) or 'no'} crosswalk(s) of patients by practice and small area on {on}; expected one. "
            "Without it a budget for residents cannot be given to practices."
        )
    return found[0]


def resident_to_registered(budget: Mapping[Lsoa, int], crosswalk: Crosswalk) -> dict[Code, int]:
    """Share each small area's budget over the practices by their patients there (MA5), and add up by practice.

    Every practice of the crosswalk is in the answer, also with 0; patients who live outside the areas of the budget
    get nothing. The answer adds up to the budget. Raises DenominatorError for an area in which no practice has a
    patient: its money would be lost.
    """
    by_area: dict[Lsoa, dict[Code, int]] = {}
    for practice, areas in crosswalk.patients.items():
        for area, count in areas.items():
            if count:
                by_area.setdefault(area, {})[practice] = count
    given = dict.fromkeys(crosswalk.patients, 0)
    for area, amount in budget.items():
        pence(amount, "MA10", f"the budget of {area}")
        if area not in by_area:
            raise DenominatorError(
                f"MA10: no practice has a patient in {area} ({crosswalk.source}); expected at least one, because its "
                f"{amount:,} p would reach nobody. Use a crosswalk that covers it."
            )
        for practice, part in share_out(amount, by_area[area]).items():
            given[practice] += part
    return given
