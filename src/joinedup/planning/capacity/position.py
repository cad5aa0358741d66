"""What planned activity needs of each provider's capacity, beside what is there, in a month; and what-if (ME12, ME13).

Needs are rounded up once, at the level that is reported: a system's need is not the sum of its providers'.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from joinedup.errors import RuleError
from joinedup.planning.capacity.beds import BedGap, bed_gap, occupied_beds, system_bed_gap
from joinedup.planning.capacity.needs import BEDS, UNITS
from joinedup.planning.capacity.rows import CapacityRow
from joinedup.planning.capacity.spaces import Working
from joinedup.planning.plans.plan_lines import Code

DAYS_A_WEEK = 7


@dataclass(frozen=True, slots=True)
class CapacityScenario:
    """What if: so many per cent more activity, longer stays; another occupancy of beds, another use of the rest.

    Percentages may be negative; `occupancy` and `utilisation` are shares, None for what holds now.
    """

    activity_percent: float = 0
    stay_percent: float = 0
    occupancy: float | None = None
    utilisation: float | None = None

    def __post_init__(self) -> None:
        for name in ("activity_percent", "stay_percent"):
            if not -90 <= getattr(self, name) <= 200:
                raise RuleError(f"ME13: {name} is {getattr(self, name):g}; expected -90 to 200 per cent.")
        for name in ("occupancy", "utilisation"):
            value = getattr(self, name)
            if value is not None and not 0 < value <= 1:
                raise RuleError(f"ME13: {name} is {value:g}; expected a share above 0 and up to 1.")

    @property
    def is_none(self) -> bool:
        """Whether everything stays as it is."""
        return self == CapacityScenario()


@dataclass(frozen=True, slots=True)
class BedsNeeded:
    """A provider's, or the system's, beds: as taken today, and as the plan's activity would take them."""

    provider: Code
    today: BedGap
    planned: BedGap


@dataclass(frozen=True, slots=True)
class UnitsNeeded:
    """Units of a kind that the plan's activity needs at a provider; `load` is unrounded and may be added up."""

    resource: str
    provider: Code
    available: float
    load: float
    hours_needed: float
    hours_open: float

    @property
    def required(self) -> int:
        return math.ceil(round(self.load, 9))

    @property
    def gap(self) -> float:
        """Required less available: positive is short, negative spare."""
        return self.required - self.available

    @property
    def in_use(self) -> float | None:
        """The share of all open hours that the activity takes; above 1 it cannot be done. None where none are open."""
        return self.hours_needed / self.hours_open if self.hours_open else None


@dataclass(frozen=True, slots=True)
class Assumed:
    """What a month's needs are reckoned with: shares of cases by (resource, pod), nights of a stay, the occupancy."""

    shares: Mapping[tuple[str, Code], float]
    stays: Mapping[Code, float]
    occupancy: float
    days: int


def beds_needed(
    rows: Mapping[Code, CapacityRow], cases: Mapping[tuple[Code, Code], float], assumed: Assumed,
    scenario: CapacityScenario,
) -> list[BedsNeeded]:  # fmt: skip
    """Answer each provider's beds, sorted; `rows` are its beds, `cases` the month's by (provider, pod).

    A scenario changes what the plan needs, and the occupancy of both; it does not change what is taken today.
    """
    occupancy = scenario.occupancy or assumed.occupancy
    found = []
    for provider, row in sorted(rows.items()):
        taken = sum(
            occupied_beds(
                many * (1 + scenario.activity_percent / 100) / assumed.days,
                assumed.stays[pod] * (1 + scenario.stay_percent / 100),
            )
            for (of, pod), many in sorted(cases.items())
            if of == provider and pod in assumed.stays
        )
        available = float(row.available)
        no_criteria = None if row.no_criteria_to_reside is None else float(row.no_criteria_to_reside)
        today = bed_gap(provider, available, float(row.in_use or 0), occupancy=occupancy, no_criteria=no_criteria)
        found.append(BedsNeeded(provider, today, bed_gap(provider, available, taken, occupancy=occupancy)))
    return found


def system_beds(found: Sequence[BedsNeeded], name: str, occupancy: float) -> BedsNeeded:
    """Answer the beds of all together, rounded at this level."""
    return BedsNeeded(
        name, system_bed_gap(name, [one.today for one in found], occupancy=occupancy),
        system_bed_gap(name, [one.planned for one in found], occupancy=occupancy),
    )  # fmt: skip


def units_needed(
    rows: Mapping[tuple[str, Code], CapacityRow], cases: Mapping[tuple[Code, Code], float], assumed: Assumed,
    scenario: CapacityScenario,
) -> list[UnitsNeeded]:  # fmt: skip
    """Answer each provider's theatres, clinics, clinicians and spaces; `rows` by (resource, provider).

    Sorted by resource as UNITS has them, then by provider. Beds among the rows are left out.
    """
    found = []
    weeks = assumed.days / DAYS_A_WEEK
    for resource in UNITS:
        for (of, provider), row in sorted(rows.items()):
            if of != resource:
                continue
            minutes, hours, use = (float(value or 0) for value in (row.minutes, row.hours_a_week, row.utilisation))
            working = Working(minutes, hours, scenario.utilisation or use, weeks)
            many = sum(
                count * assumed.shares[resource, pod]
                for (whose, pod), count in sorted(cases.items())
                if whose == provider and (resource, pod) in assumed.shares
            ) * (1 + scenario.activity_percent / 100)
            available = float(row.available)
            found.append(
                UnitsNeeded(
                    resource, provider, available, working.units(many), many * minutes / 60, available * hours * weeks
                )
            )
    return found


def system_units(found: Iterable[UnitsNeeded], name: str) -> list[UnitsNeeded]:
    """Answer each kind of all providers together; loads are added up before they are rounded."""
    sums: dict[str, list[float]] = {}
    for one in found:
        held = sums.setdefault(one.resource, [0.0] * 4)
        for place, value in enumerate((one.available, one.load, one.hours_needed, one.hours_open)):
            held[place] += value
    return [UnitsNeeded(resource, name, *sums[resource]) for resource in UNITS if resource in sums]


def cases_in(
    activity: Mapping[tuple[Code, Code, str], Decimal], month: str, days: int, days_a_year: int, scale: Decimal
) -> dict[tuple[Code, Code], float]:
    """Answer the cases of a month by (provider, pod); what is planned for the year counts by the month's days."""
    found: dict[tuple[Code, Code], Decimal] = {}
    for (provider, pod, period), many in activity.items():
        if period == month or "/" in period:
            part = many if period == month else many * days / days_a_year
            found[provider, pod] = found.get((provider, pod), Decimal(0)) + part * scale
    return {key: float(value) for key, value in found.items()}


def of_beds(rows: Mapping[tuple[str, Code], CapacityRow]) -> dict[Code, CapacityRow]:
    """Answer the rows of beds by provider."""
    return {provider: row for (resource, provider), row in rows.items() if resource == BEDS}
