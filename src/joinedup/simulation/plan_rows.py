"""Rows of a simulated plan, and the figures on which commissioner and provider agreed before anything was hidden.

A row says how much of one thing in each month, or in the year. Units are those in which the figure is counted; money is
whole pence here and pounds in the files. Nothing is drawn by chance: plans follow from rates, places and people.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from functools import cache
from importlib.resources import files
from math import ceil
from typing import Any, Final

from joinedup.simulation.place import providers_of
from joinedup.simulation.world import World
from joinedup.system import largest_remainder

PENCE, PRICE, PERCENT = "pence", "pence a unit", "percent"
UNITS: Final = {
    "EL": "spells", "DC": "spells", "NEL": "spells", "NELS": "spells", "MAT": "spells", "AE1": "attendances",
    "OPFA": "attendances", "OPFU": "attendances", "OPPROC": "attendances", "OPFP": "attendances", "DIAG": "tests",
    "COM": "contacts", "MHC": "contacts",
}  # fmt: skip
SETTINGS: Final = ("acute", "community", "mental_health")
Figure = int | Decimal


@cache
def terms() -> dict[str, Any]:
    """Answer what plans of the simulated system expect (plan_returns.toml)."""
    return tomllib.loads((files("joinedup.simulation") / "plan_returns.toml").read_text(encoding="utf-8"))


def months() -> tuple[str, ...]:
    """Answer the months of the planned year, April first, such as 2026-04."""
    return months_of(terms()["year"])


@cache
def months_of(year: str) -> tuple[str, ...]:
    """Answer the months of a financial year such as 2026/27."""
    start = int(year[:4])
    return tuple(f"{start + (n > 12)}-{(n - 1) % 12 + 1:02d}" for n in range(4, 16))


@dataclass(slots=True)
class Row:
    """One row of a plan: its keys, "" where one does not apply, and its figures by month or for the year."""

    kind: str
    commissioner: str
    provider: str
    figures: dict[str, Figure]
    unit: str
    measure: str = "activity"
    service: str = ""
    pod: str = ""  # the profession of workforce
    place: str = ""
    part: str = ""

    def copy(self) -> Row:
        return replace(self, figures=dict(self.figures))

    @property
    def total(self) -> Figure:
        return sum(self.figures.values(), start=0)


@dataclass(frozen=True, slots=True)
class Catchment:
    """A provider, the settings in which it works, and the people it plans for, by place."""

    ods: str
    name: str
    settings: tuple[str, ...]
    people: Mapping[str, Mapping[str, int]]  # by setting, then by place

    def count(self, setting: str) -> int:
        return sum(self.people.get(setting, {}).values())

    @property
    def places(self) -> tuple[str, ...]:
        """Answer its places, the largest first."""
        sums: dict[str, int] = {}
        for by_place in self.people.values():
            for place, many in by_place.items():
                sums[place] = sums.get(place, 0) + many
        return tuple(sorted(sums, key=lambda place: (-sums[place], place)))


def planned_people(world: World) -> int:
    """Answer for how many residents the system plans: those simulated, at least `least_residents`."""
    return max(world.residents, int(terms()["least_residents"]))


def catchments(world: World) -> list[Catchment]:
    """Answer the NHS providers of the system in the order of their codes."""
    scale = Fraction(planned_people(world), world.residents)
    people: dict[str, dict[str, dict[str, Fraction]]] = {}
    for area, many in zip(world.areas, world.residents_by_area, strict=True):
        place = terms()["places"][area.sub_icb]
        for setting, ods in providers_of(world.system, area.council).items():
            if setting in SETTINGS:
                by_place = people.setdefault(ods, {}).setdefault(setting, {})
                by_place[place] = by_place.get(place, Fraction(0)) + many * scale
    return [
        Catchment(
            ods, next(one.name for one in world.organisations.values() if one.ods == ods), tuple(by_setting),
            {setting: {place: round(many) for place, many in by_place.items()}
             for setting, by_place in by_setting.items()},
        )
        for ods, by_setting in sorted(people.items())
    ]  # fmt: skip


def spread(total: int, pod: str) -> dict[str, Figure]:
    """Answer a year's units by month, as the point of delivery has them; whole units that add up."""
    weights = terms()["months"].get(pod, [1] * 12)
    return dict(zip(months(), largest_remainder(total, weights), strict=True))


def agreed(one: Catchment, icb: str) -> list[Row]:
    """Answer what both sides agreed for one provider: activity, prices, the contract's value, performance."""
    activity, prices = _activity(one, icb)
    worth = sum(int(row.total) * int(prices[row.service, row.pod]) for row in activity)
    rows = [
        *activity,
        *(
            Row("finance", icb, one.ods, {terms()["year"]: pence}, PRICE, "unit_price", service, pod)
            for (service, pod), pence in prices.items()
        ),
        Row("finance", icb, one.ods, spread(worth, ""), PENCE, "contract_value"),
    ]
    if "acute" in one.settings:
        rows += _performance(one, icb, activity)
    return rows


def _activity(one: Catchment, icb: str) -> tuple[list[Row], dict[tuple[str, str], int]]:
    rows, prices = [], {}
    for setting in one.settings:
        for pod, services in terms()[setting].items():
            for service, (rate, pence) in services.items():
                total = round(one.count(setting) / 1000 * rate * terms()["growth"])
                if total < terms()["least"]:
                    continue
                by_month = total >= terms()["by_month_from"]
                figures = spread(total, pod) if by_month else {terms()["year"]: total}
                rows.append(Row("activity", icb, one.ods, figures, UNITS[pod], service=service, pod=pod))
                prices[service, pod] = pence
    return rows, prices


def _performance(one: Catchment, icb: str, activity: list[Row]) -> list[Row]:
    """Answer what an acute trust is to reach: shares rise over the year, and the list becomes shorter."""
    attended = next(row for row in activity if row.pod == "AE1").figures
    waiting = round(one.count("acute") * 0.115)
    beds = beds_for(activity) + 1
    rows = []
    for measure, of, first, last in (
        ("rtt-18", {month: waiting - 3 * n for n, month in enumerate(months())}, 0.62, 0.67),
        ("ae-4h", attended, 0.76, 0.80),
        ("cancer-62", dict.fromkeys(months(), 40), 0.70, 0.75),
        ("diagnostics-6", dict.fromkeys(months(), 260), 0.80, 0.86),
        ("bed-occupancy", dict.fromkeys(months(), beds * 30), 0.91, 0.90),
    ):
        shares = [first + (last - first) * n / 11 for n in range(12)]
        met = {month: round(int(of[month]) * share) for month, share in zip(months(), shares, strict=True)}
        for part, figures in (("numerator", met), ("denominator", of)):
            rows.append(Row("performance", icb, one.ods, dict(figures), PERCENT, measure, part=part))
    counts = (
        ("waiting-list", "people", [waiting - 3 * n for n in range(12)]),
        ("over-52-weeks", "people", [max(0, 12 - n) for n in range(12)]),
        ("beds", "beds", [beds] * 12),
    )
    for measure, unit, many in counts:
        rows.append(Row("performance", icb, one.ods, dict(zip(months(), many, strict=True)), unit, measure))
    return rows


def beds_for(activity: list[Row]) -> int:
    """Answer the beds that a year's stays fill at nine of ten."""
    nights = sum(
        (Decimal(row.total) * Decimal(terms()["stay"][row.pod]) for row in activity if row.pod in terms()["stay"]),
        Decimal(0),
    )
    return ceil(nights / (365 * Decimal("0.9")))
