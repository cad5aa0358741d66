"""Capacity returns as they are kept: taken in as versions of a provider's month, and laid beside what plans need."""

from __future__ import annotations

from calendar import isleap, monthrange
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING

from django.db import connection, transaction

from joinedup.access import record
from joinedup.errors import RuleError
from joinedup.moment import now
from joinedup.planning.capacity.forecast_demand import (
    FORECAST,
    PLAN,
    POINT,
    Beside,
    as_forecast,
    beside_forecast,
    expected_in,
)
from joinedup.planning.capacity.needs import UNITS
from joinedup.planning.capacity.planned import planned_activity, submitted_plans
from joinedup.planning.capacity.position import (
    Assumed,
    BedsNeeded,
    CapacityScenario,
    UnitsNeeded,
    beds_needed,
    cases_in,
    of_beds,
    system_beds,
    units_needed,
)
from joinedup.planning.capacity.rows import CapacityError, CapacityRow, ProviderCapacity, read_capacity
from joinedup.planning.models import CapacityLine, CapacityReturn
from joinedup.planning.parameters import ParameterMissing, ParameterSet
from joinedup.planning.plans.plan_lines import Code, first_day, months_of, year_of
from joinedup.planning.plans.system_codes import codes_for
from joinedup.planning.return_rows import RowFault
from joinedup.planning.services import SUBMIT, must_act_for

if TYPE_CHECKING:
    from joinedup.access import Grant

SHARES, STAYS, OCCUPANCY, SCALE = "capacity.share", "consistency.los", "capacity.occupancy", "scale.activity"


@dataclass(frozen=True, slots=True)
class ImportedCapacity:
    """A capacity return that was taken in, and whether it differs from the one before."""

    provider: Code
    month: str
    number: int
    rows: int
    is_new: bool


@dataclass(frozen=True, slots=True)
class Capacity:
    """A month: beds and other units as plans need them and as they are; how often plans were multiplied; what lacks.

    `without_plan` are providers whose capacity is known and that have no submitted plan: nothing is said of their need.
    `beside` is the plan beside the forecast, where demand is taken from the forecast.
    """

    month: str
    beds: tuple[BedsNeeded, ...]
    units: tuple[UnitsNeeded, ...]
    assumed: Assumed
    scale: Decimal
    names: dict[tuple[str, Code], str]
    without_plan: tuple[Code, ...]
    stays_missing: bool
    beside: tuple[Beside, ...] = ()


def import_capacity(grant: Grant, files: Iterable[tuple[str, bytes]]) -> list[ImportedCapacity]:
    """Take in the capacity of CSV files (name, content): each provider's month as its next version; all or nothing.

    The same rows again make no version. CapacityError names every line and field; RuleError a month that has not begun;
    Refused a provider for whom whoever acts may not act.
    """
    grant.must_be_for(SUBMIT)
    codes = lru_cache(maxsize=None)(lambda month: codes_for(year_of(month)))
    returns: dict[tuple[Code, str], tuple[str, ProviderCapacity]] = {}
    for name, content in files:
        for one in read_capacity(name, content, codes_of=codes):
            if (one.provider, one.month) in returns:
                before = returns[one.provider, one.month][0]
                fault = RowFault(1, "provider", f"{one.provider} in {one.month}, which is in {before}",
                                 "a provider's month in one file only")  # fmt: skip
                raise CapacityError(name, [fault])
            returns[one.provider, one.month] = (name, one)
    for provider in dict.fromkeys(provider for provider, _ in returns):
        must_act_for(grant, provider)
    for _, one in returns.values():
        if first_day(one.month) > now().valid_on:
            raise RuleError(f"ME13: capacity of {one.month} cannot be: the month has not begun. Correct the month.")
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended('planning capacity', 0))")
        return [_keep(grant, one, file) for file, one in returns.values()]


def _keep(grant: Grant, one: ProviderCapacity, file: str) -> ImportedCapacity:
    month = first_day(one.month)
    last = CapacityReturn.objects.filter(provider=one.provider, month=month).order_by("-number").first()
    if last is not None and last.content_hash == one.content_hash:
        return ImportedCapacity(one.provider, one.month, last.number, last.rows_count, False)
    kept = CapacityReturn.objects.create(
        provider=one.provider, month=month, number=last.number + 1 if last else 1, content_hash=one.content_hash,
        rows_count=len(one.rows), file=file, by=grant.actor_id, at=datetime.now(UTC),
    )  # fmt: skip
    CapacityLine.objects.bulk_create(CapacityLine(capacity=kept, **row._asdict()) for row in one.rows)
    details = {"month": one.month, "number": kept.number, "rows": kept.rows_count}
    record(grant, "planning.import-capacity", f"capacity:{one.provider}", details=details)
    return ImportedCapacity(one.provider, one.month, kept.number, kept.rows_count, True)


def months() -> list[str]:
    """Answer the months of which any capacity is kept, the latest first."""
    found = CapacityReturn.objects.order_by("-month").values_list("month", flat=True).distinct()
    return [f"{month:%Y-%m}" for month in found]


def rows_of(month: str, *, known_at: datetime | None = None) -> dict[tuple[str, Code], CapacityRow]:
    """Answer the newest capacity of each provider for a month, or as known at an instant, by (resource, provider)."""
    every = CapacityReturn.objects.filter(month=first_day(month))
    if known_at is not None:
        every = every.filter(at__lte=known_at)
    newest = {one.pk: one.provider for one in every.order_by("provider", "-number").distinct("provider")}
    return {
        (line.resource, newest[line.capacity_id]): CapacityRow(
            line.resource, line.name, line.available, line.in_use, line.no_criteria_to_reside, line.hours_a_week,
            line.utilisation, line.minutes,
        )
        for line in CapacityLine.objects.filter(capacity__in=newest).order_by("resource", "pk")
    }  # fmt: skip


def capacity_in(
    month: str, parameters: ParameterSet, scenario: CapacityScenario | None = None, *, demand: str = PLAN,
    which: str = POINT,
) -> Capacity:  # fmt: skip
    """Answer what the newest submitted plans need of the capacity that providers said they have in a month.

    With `demand` FORECAST it is the forecast's `which` (POINT, LOWER, UPPER), shared as the plans share it.

    Providers without a plan are named, and beds are left out where nobody decided the nights of a stay.
    """
    on = first_day(month)
    rows = rows_of(month)
    versions = submitted_plans(year_of(month))
    assumed = assumed_on(parameters, on, monthrange(on.year, on.month)[1])
    scale = _number(parameters, SCALE, on, Decimal(1))
    cases = cases_in(planned_activity(versions), month, assumed.days, _days_of_year(on), scale)
    beside: tuple[Beside, ...] = ()
    if demand == FORECAST:
        beside = beside_forecast(cases, expected_in(month, {pod for _, pod in cases}), float(scale))
        cases = as_forecast(cases, beside, which)
    mine = {key: row for key, row in rows.items() if key[1] in versions}
    chosen = scenario or CapacityScenario()
    beds = beds_needed(of_beds(mine), cases, assumed, chosen) if assumed.stays else []
    return Capacity(
        month, tuple(beds), tuple(units_needed(mine, cases, assumed, chosen)), assumed, scale,
        {key: row.name for key, row in rows.items()}, tuple(sorted({key[1] for key in rows} - versions.keys())),
        not assumed.stays, beside,
    )  # fmt: skip


def beds_over_year(
    month: str, parameters: ParameterSet, scenario: CapacityScenario | None = None, *, demand: str = PLAN
) -> list[tuple[str, BedsNeeded]]:
    """Answer the beds of all providers together that the plans need in each month of the year, with this month's beds.

    Empty where no provider with a plan has beds, or nobody decided the nights of a stay.
    """
    versions = submitted_plans(year_of(month))
    beds = {provider: row for provider, row in of_beds(rows_of(month)).items() if provider in versions}
    activity = planned_activity(versions)
    chosen = scenario or CapacityScenario()
    found = []
    on = first_day(month)
    held = assumed_on(parameters, on, 0)
    scale = _number(parameters, SCALE, on, Decimal(1))
    if not beds or not held.stays:
        return []
    for one in months_of(year_of(month)):
        day = first_day(one)
        assumed = replace(held, days=monthrange(day.year, day.month)[1])
        cases = cases_in(activity, one, assumed.days, _days_of_year(day), scale)
        if demand == FORECAST:
            cases = as_forecast(
                cases, beside_forecast(cases, expected_in(one, {pod for _, pod in cases}), float(scale))
            )
        needed = beds_needed(beds, cases, assumed, chosen)
        found.append((one, system_beds(needed, "", chosen.occupancy or assumed.occupancy)))
    return found


def assumed_on(parameters: ParameterSet, on: date, days: int) -> Assumed:
    """Answer what parameters say on a day of shares, stays and occupancy, for a month of so many days."""
    shares, stays = {}, {}
    for key in parameters.ids:
        head, _, rest = key.partition(":")
        if head == SHARES:
            resource, _, pod = rest.partition(":")
            if resource in UNITS and (share := _number(parameters, key, on, Decimal(0))):
                shares[resource, pod] = float(share)
        elif head == STAYS and (nights := _number(parameters, key, on, Decimal(0))):
            stays[rest] = float(nights)
    return Assumed(shares, stays, float(parameters.number(OCCUPANCY, on)), days)


def _number(parameters: ParameterSet, key: str, on: date, default: Decimal) -> Decimal:
    try:
        return parameters.number(key, on)
    except ParameterMissing:
        return default


def _days_of_year(on: date) -> int:
    """Answer the days of the financial year in which a day lies."""
    return 366 if isleap(on.year if on.month < 4 else on.year + 1) else 365
