"""How many people there will be, from how many there were: the past as counted, the future at a growth a year."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date

from joinedup.errors import RuleError
from joinedup.planning.demand.people import MID_YEAR, PopulationProjection

EVERY_AGE = "all"
YEARS_AHEAD = 5


def mid_years(people: Mapping[date, float]) -> dict[int, float]:
    """Answer the people in the middle of each year, from counts at the end of months; years without June are left out.

    `people` has the first day of each month; a count at the end of June is that of mid-year.
    """
    return {month.year: many for month, many in sorted(people.items()) if month.month == MID_YEAR[0] - 1 and many}


def growth_of(people: Mapping[date, float]) -> float | None:
    """Answer the growth a year in per cent between the first and the last mid-year; None where there are not two."""
    counted = mid_years(people)
    if len(counted) < 2:
        return None
    first, last = min(counted), max(counted)
    return (math.pow(counted[last] / counted[first], 1 / (last - first)) - 1) * 100


def projected(people: Mapping[date, float], place: str, growth: float) -> PopulationProjection:
    """Answer a projection of one place: mid-years as counted, then growing by so many per cent a year.

    Everyone counts the same, whatever their age. RuleError where no mid-year was counted.
    """
    counted = mid_years(people)
    if not counted:
        raise RuleError(f"ME10: nobody counted the people of {place or 'the system'} in the middle of a year.")
    years = range(min(counted), max(counted) + 1)
    if gap := [year for year in years if year not in counted]:
        raise RuleError(f"ME10: the people of {place or 'the system'} were not counted in the middle of {gap[0]}.")
    last = max(counted)
    ahead = {last + n: counted[last] * (1 + growth / 100) ** n for n in range(1, YEARS_AHEAD + 1)}
    return PopulationProjection({(place, EVERY_AGE, year): many for year, many in (counted | ahead).items()})
