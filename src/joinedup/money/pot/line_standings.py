"""Where each budget line of a fund stands in its year, with two forecasts beside each other (rules MB4, MB8)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from joinedup.money import models
from joinedup.money.ledger.reading import availabilities, budget_lines_of
from joinedup.money.pot.budget_lines import Availability, BudgetLine
from joinedup.money.pot.outturn import Forecast, LineToDate, ReasonRequired, check_forecasts, forecast_outturn
from joinedup.planning import year_days


@dataclass(frozen=True, slots=True)
class Standing:
    """A budget line on a day: what it has left, its forecasts by run rate and by commitments, how far apart they are.

    `needs_reason` says that somebody must write which forecast is right: they differ by more than 5 per cent of the
    budget.
    """

    line: BudgetLine
    left: Availability
    run_rate: Forecast
    committed: Forecast
    needs_reason: bool


def standings(fund: str, on: date, *, known_at: datetime | None = None, year: str = "") -> list[Standing]:
    """Answer where a fund's lines of a year (or all of them) stand at the end of a day, in the order of their codes."""
    asked = models.BudgetLine.objects.filter(fund=fund)
    if year:
        asked = asked.filter(year=year)
    if known_at is not None:
        asked = asked.filter(at__lte=known_at)
    codes = list(asked.order_by("code").values_list("code", flat=True))
    lines, left = budget_lines_of(codes), availabilities(codes, on, known_at=known_at)
    return [standing(lines[code], left[code], on) for code in codes]


def standing(line: BudgetLine, left: Availability, on: date) -> Standing:
    """Answer one line's standing from what it has left on a day."""
    to_date = LineToDate(left.current, left.actual, left.committed)
    run_rate = forecast_outturn(to_date, months_over(line.year, on), "run_rate")
    committed = forecast_outturn(to_date, 12, "commitment")
    try:
        check_forecasts([run_rate, committed])
        needs_reason = False
    except ReasonRequired:
        needs_reason = True
    return Standing(line, left, run_rate, committed, needs_reason)


def months_over(year: str, on: date) -> int:
    """Answer how many months of a financial year are over on a day, from 1 to 12: a run rate needs one at least."""
    begins, ends = year_days(year)
    if on >= ends:
        return 12
    return min(max((on.year - begins.year) * 12 + on.month - begins.month, 1), 12)
