"""The lines of a plan: how much of what, by whom for whom, in which month (rule MD1).

A count may be added to a count of the same unit. A rate may not: it is kept as numerator and denominator, which add up
each for itself. Every code is read as of the day on which its line takes effect.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from joinedup.errors import NotFound, RuleError, did_you_mean
from joinedup.planning.years import financial_year

Code = str
Number = int | Decimal

KINDS = ("activity", "workforce", "finance", "performance")
UNIT_PRICE = "unit_price"  # the measure of a finance line that prices a unit of activity
ACTIVITY = "activity"  # the one measure of an activity line
# Units that say how many or how much; figures in any other unit are rates.
PENCE, PENCE_A_UNIT, PERCENT, WTE, PEOPLE = "pence", "pence a unit", "percent", "WTE", "people"
_NOT_ADDED = {PENCE_A_UNIT, PERCENT}
_MONTH = re.compile(r"(\d{4})-(0[1-9]|1[0-2])")
_YEAR = re.compile(r"(\d{4})/(\d\d)")
POINTS = Path(__file__).with_name("points_of_delivery.toml")


class LineError(RuleError):
    """A plan line that cannot be: an unknown kind or period, a rate without denominator, a unit of another POD."""


class DuplicateLine(RuleError):
    """Two lines of one plan say how much of the same thing in the same month."""


class NotAdditive(RuleError):
    """Figures that may not be added: rates without denominators, or counts of different units."""


class PlanLine(NamedTuple):
    """How much: `value` in `unit`, of `measure` of a kind, in a month "2026-04" or a financial year "2026/27".

    A rate has its numerator in `value` and its denominator in `of`. For workforce `pod` is the profession. "" stands
    where a code does not apply, as the commissioner of a provider's own staff. `place` is a detail that no comparison
    is keyed by.
    """

    kind: str
    commissioner: Code
    provider: Code
    service: Code
    pod: Code
    period: str
    measure: str
    unit: str
    value: Number
    place: Code = ""
    of: Number | None = None

    @property
    def is_rate(self) -> bool:
        return self.of is not None


@dataclass(frozen=True, slots=True)
class PointOfDelivery:
    """A way in which care is given, and the unit in which it is counted, on the days on which both hold."""

    code: Code
    title: str
    unit: str
    valid_from: date
    valid_to: date | None


@lru_cache(maxsize=1)
def points_of_delivery() -> tuple[PointOfDelivery, ...]:
    """Answer every point of delivery that is or was in use, as `points_of_delivery.toml` lists them."""
    rows = tomllib.loads(POINTS.read_text())["pod"]
    return tuple(
        PointOfDelivery(row["code"], row["title"], row["unit"], row["valid_from"], row.get("valid_to")) for row in rows
    )


def point_of_delivery(code: Code, on: date) -> PointOfDelivery:
    """Answer the point of delivery of a code on a day; NotFound suggests the nearest."""
    in_use = {one.code: one for one in points_of_delivery() if one.valid_from <= on and (one.valid_to or date.max) > on}
    if code not in in_use:
        raise NotFound(
            f"MD1: there is no point of delivery '{code}' on {on}.{did_you_mean(code, in_use)} "
            f"Known: {', '.join(in_use)}."
        )
    return in_use[code]


@lru_cache(maxsize=2_000)
def first_day(period: str) -> date:
    """Answer the first day of a month "2026-04" or of a financial year "2026/27"; LineError for anything else."""
    if found := _MONTH.fullmatch(period):
        return date(int(found[1]), int(found[2]), 1)
    found = _YEAR.fullmatch(period)
    if found and (int(found[1]) + 1) % 100 == int(found[2]):
        return date(int(found[1]), 4, 1)
    raise LineError(f"MD1: '{period}' is no period; expected a month such as 2026-04 or a year such as 2026/27.")


@lru_cache(maxsize=2_000)
def year_of(period: str) -> str:
    """Answer the financial year, 1 April to 31 March, in which a month or year lies: "2026-03" is in "2025/26"."""
    return financial_year(first_day(period))


def year_before(year: str) -> str:
    """Answer the financial year before one: "2025/26" for "2026/27"; LineError for a text that is none."""
    start = first_day(months_of(year)[0]).year
    return f"{start - 1}/{start % 100:02d}"


def months_of(year: str) -> tuple[str, ...]:
    """Answer the twelve months of a financial year, April first; LineError for a text that is none."""
    start = first_day(year).year
    if year_of(year) != year:
        raise LineError(f"MD1: '{year}' is no financial year; expected one such as 2026/27.")
    return tuple(f"{start + (month > 12)}-{(month - 1) % 12 + 1:02d}" for month in range(4, 16))


def check_lines(lines: Sequence[PlanLine]) -> None:
    """Raise LineError for a line that cannot be, DuplicateLine when two say the same thing's figure.

    An activity line has a point of delivery in use when its period begins, and that one's unit; a rate (percent) has a
    denominator above 0; pence are whole.
    """
    seen: set[tuple[object, ...]] = set()
    for line in lines:
        _check(line)
        key = (*line[:7], line.place)
        if key in seen:
            raise DuplicateLine(f"MD1: the plan says twice {said(line)}. Leave one line.")
        seen.add(key)


def said(line: PlanLine) -> str:
    """Answer in words which figure a line holds, without the figure."""
    parts = (line.kind, line.measure, line.commissioner, line.provider, line.service, line.pod, line.place, line.period)
    return " ".join(part for part in parts if part)


def total(lines: Iterable[PlanLine]) -> PlanLine:
    """Add lines of one unit up into the first one's keys; a rate adds numerators and denominators.

    NotAdditive for different units, kinds or measures, a mixture of counts and rates, prices, and no line at all.
    """
    every = list(lines)
    if not every:
        raise NotAdditive("MD1: there is no line to add up.")
    first = every[0]
    for line in every[1:]:
        if (line.kind, line.measure, line.unit, line.is_rate) != (first.kind, first.measure, first.unit, first.is_rate):
            raise NotAdditive(
                f"MD1: {line.measure} in {line.unit} cannot be added to {first.measure} in {first.unit}; only counts "
                "of one unit add up."
            )
    if len(every) > 1 and first.unit in _NOT_ADDED and not first.is_rate:
        raise NotAdditive(f"MD1: figures in {first.unit} are rates; add their numerators and denominators instead.")
    value = sum((line.value for line in every), start=0)
    of = sum((line.of for line in every if line.of is not None), start=0) if first.is_rate else None
    return first._replace(value=value, of=of)


def prices_of(lines: Iterable[PlanLine]) -> dict[tuple[Code, Code], int]:
    """Answer the pence for one unit of activity by (service, pod), as the finance lines of a plan say."""
    return {
        (line.service, line.pod): int(line.value)
        for line in lines
        if line.kind == "finance" and line.measure == UNIT_PRICE
    }


def _check(line: PlanLine) -> None:
    if line.kind not in KINDS:
        raise LineError(
            f"MD1: '{line.kind}' is no kind of line; expected one of {', '.join(KINDS)}."
            f"{did_you_mean(line.kind, KINDS)}"
        )
    day = first_day(line.period)
    for number in (line.value, line.of):
        if isinstance(number, bool) or not isinstance(number, int | Decimal | None):
            raise LineError(f"MD1: {said(line)} is a {type(number).__name__}; expected an int or a Decimal.")
        if isinstance(number, Decimal) and not number.is_finite():
            raise LineError(f"MD1: {said(line)} is {number}; expected a finite number.")
    if (line.unit == PERCENT) != line.is_rate:
        raise LineError(f"MD1: {said(line)} in {line.unit}; a percentage, and only it, has a denominator.")
    if line.of is not None and line.of <= 0:
        raise LineError(f"MD1: the denominator of {said(line)} is {line.of}; expected more than 0.")
    if line.unit in (PENCE, PENCE_A_UNIT) and line.value != int(line.value):
        raise LineError(f"MD1: {said(line)} is {line.value} pence; money is whole pence.")
    if line.kind != "finance" and line.value < 0:
        raise LineError(f"MD1: {said(line)} is {line.value}; only money may be below 0.")
    if line.kind == "activity":
        unit = _unit_of(line.pod, day)
        if unit != line.unit:
            raise LineError(f"MD1: {line.pod} is counted in {unit}, not in {line.unit} ({said(line)}).")


@lru_cache(maxsize=5_000)
def _unit_of(pod: Code, on: date) -> str:
    return point_of_delivery(pod, on).unit
