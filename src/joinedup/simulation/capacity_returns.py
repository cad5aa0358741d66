"""What providers of the simulated system say they have: beds, theatres, clinics, community staff, emergency spaces.

Of the whole system, as the roster is: plans, which are for fewer residents, are scaled up to it.
"""

from __future__ import annotations

import csv
import io
import tomllib
from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from functools import cache
from importlib.resources import files
from math import ceil
from typing import Any

from joinedup.simulation.plan_rows import Catchment, Row, catchments, planned_people
from joinedup.simulation.world import World

COLUMNS = ("month", "provider", "resource", "name", "available", "in_use", "no_criteria_to_reside", "hours_a_week",
           "utilisation", "minutes")  # fmt: skip
_DAYS = 31


@cache
def terms() -> dict[str, Any]:
    """Answer what is there, as capacity_returns.toml has it."""
    return tomllib.loads((files("joinedup.simulation") / "capacity_returns.toml").read_text(encoding="utf-8"))


def whole_system(world: World) -> Fraction:
    """Answer how many times the plans' residents the whole system has."""
    return Fraction(sum(area.population for area in world.areas), planned_people(world))


def capacity_csv(world: World, planned: Mapping[tuple[str, str], Sequence[Row]]) -> str:
    """Answer the capacity of every provider in the month, a row for each kind; `planned` by (body, side)."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for one in catchments(world):
        activity = [row for row in planned[one.ods, "provider"] if row.kind == "activity"]
        writer.writerows(_rows(one, activity, whole_system(world)))
    return out.getvalue()


def _rows(one: Catchment, activity: list[Row], scale: Fraction) -> list[tuple[object, ...]]:
    month, beds = terms()["month"], terms()["beds"]
    cases: dict[str, Fraction] = {}
    for row in activity:
        planned = row.figures.get(month)
        many = Fraction(planned) if planned is not None else Fraction(row.total) / 12
        cases[row.pod] = cases.get(row.pod, Fraction(0)) + many * scale
    rows: list[tuple[object, ...]] = []
    if said := beds["providers"].get(one.ods):
        taken = (
            sum(
                (cases.get(pod, Fraction(0)) * Fraction(nights) for pod, nights in beds["pods"].items()),
                start=Fraction(0),
            )
            / _DAYS
        )
        needed = taken / Fraction(beds["occupancy"])
        in_use = _one(taken * Fraction(said["taken"]))
        rows.append((month, one.ods, "beds", beds["name"], round(needed * Fraction(said["has"])), in_use,
                     _one(Fraction(in_use) * Fraction(said["no_criteria"])), "", "", ""))  # fmt: skip
    for resource, unit in terms()["units"].items():
        if has := unit["has"].get(one.ods):
            hours = (
                sum(
                    (cases.get(pod, Fraction(0)) * Fraction(share) for pod, share in unit["pods"].items()),
                    start=Fraction(0),
                )
                * unit["minutes"]
                / 60
            )
            a_unit = Fraction(_DAYS, 7) * Fraction(unit["hours"]) * Fraction(unit["utilisation"])
            rows.append((month, one.ods, resource, unit["name"], max(1, ceil(hours / a_unit * Fraction(has))), "", "",
                         unit["hours"], unit["utilisation"], unit["minutes"]))  # fmt: skip
    return rows


def _one(value: Fraction) -> Decimal:
    return (Decimal(value.numerator) / Decimal(value.denominator)).quantize(Decimal("0.1"))
