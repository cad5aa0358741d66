"""Forecast and variance: where a budget line will be at the end of the year (rule MB8).

Plus is good: `variance = budget - outturn`, an underspend above 0, an overspend below.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from joinedup.errors import RuleError, did_you_mean
from joinedup.money.allocation.splitting import half_up

METHODS = ("run_rate", "profile", "commitment", "manual")
MAX_DIFFERENCE = Decimal("0.05")  # of the budget, between two forecasts, before somebody has to explain [design]
LEAST_REASON = 3


class ReasonRequired(RuleError):
    """A forecast by hand, or two that differ by much, need a written reason."""


@dataclass(frozen=True, slots=True)
class LineToDate:
    """A budget line in its year, in pence: its budget, what was spent, what is committed, what is still planned."""

    budget: int
    actual: int
    open_commitments: int = 0
    uncommitted_plan: int = 0


@dataclass(frozen=True, slots=True)
class Forecast:
    """What a line will have spent by the end of the year, by a method, in pence; and why, where a reason was given."""

    budget: int
    outturn: int
    method: str
    reason: str = ""

    @property
    def variance(self) -> int:
        """Budget less outturn: plus is an underspend."""
        return self.budget - self.outturn


def forecast_outturn(
    line: LineToDate,
    month: int,
    method: str,
    *,
    share: Decimal | None = None,
    outturn_pence: int | None = None,
    reason: str | None = None,
) -> Forecast:
    """Answer the forecast of a line after `month` months of the financial year (1 is April, 12 is March).

    `run_rate` goes on as so far; `profile` divides by the share of the year's budget that was due by now (`share`, for
    instance from `profile`); `commitment` adds what is committed and what is planned; `manual` takes `outturn_pence`
    and a reason. Half-up to the penny, once. ReasonRequired without a reason where one is needed.
    """
    if isinstance(month, bool) or not isinstance(month, int) or not 1 <= month <= 12:
        raise RuleError(f"MB8: month {month!r} is none of the financial year; expected 1 (April) to 12 (March).")
    said = (reason or "").strip()
    if method == "run_rate":
        outturn = half_up(Fraction(line.actual * 12, month))
    elif method == "profile":
        if share is None or isinstance(share, float) or not 0 < share <= 1:
            raise RuleError(f"MB8: the profile share to date is {share!r}; expected a Decimal above 0 and up to 1.")
        outturn = half_up(Fraction(line.actual) / Fraction(share))
    elif method == "commitment":
        outturn = line.actual + line.open_commitments + line.uncommitted_plan
    elif method == "manual":
        if len(said) < LEAST_REASON:
            raise ReasonRequired("MB8: a forecast made by hand needs a reason, in a few words.")
        if outturn_pence is None or isinstance(outturn_pence, bool) or not isinstance(outturn_pence, int):
            raise RuleError("MB8: a forecast made by hand needs outturn_pence, whole pence.")
        outturn = outturn_pence
    else:
        raise RuleError(f"MB8: '{method}' is no method; expected {', '.join(METHODS)}.{did_you_mean(method, METHODS)}")
    return Forecast(line.budget, outturn, method, said)


def check_forecasts(forecasts: Iterable[Forecast], *, reason: str = "", most: Decimal = MAX_DIFFERENCE) -> None:
    """Raise ReasonRequired when forecasts of one line differ by more than a share of its budget and nobody says why."""
    forecasts = list(forecasts)
    if len(forecasts) < 2:
        return
    outturns = [one.outturn for one in forecasts]
    apart = max(outturns) - min(outturns)
    if apart > Fraction(most) * abs(forecasts[0].budget) and len(reason.strip()) < LEAST_REASON:
        said = ", ".join(f"{one.method} {one.outturn} p" for one in forecasts)
        raise ReasonRequired(
            f"MB8: the forecasts differ by {apart} p, more than {most * 100:f} per cent of the budget of "
            f"{forecasts[0].budget} p ({said}). Say which of them is right, and why."
        )
