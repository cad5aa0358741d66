"""Reporting where a budget line will be at the end of its year: by a method, kept with its reason (rule MB8).

Two forecasts of one line are always there (by run rate and by commitments). Where the one reported, or those two,
differ by more than 5 per cent of the budget, nothing is kept without a written reason.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from django.db import transaction

from joinedup.access import record
from joinedup.errors import RuleError
from joinedup.money import models
from joinedup.money.ledger.posting import lock, must_be_theirs
from joinedup.money.ledger.reading import budget_line_of, line_to_date
from joinedup.money.pot.outturn import Forecast, check_forecasts, forecast_outturn
from joinedup.planning import year_days

if TYPE_CHECKING:
    from joinedup.access import Grant

POST: Final = "money.post"


def report_forecast(
    grant: Grant,
    line: str,
    month: int,
    method: str,
    *,
    share: Decimal | None = None,
    outturn_pence: int | None = None,
    reason: str = "",
) -> Forecast:
    """Keep the forecast of a line after `month` months of its year (1 is April); answers it. The same again adds none.

    Raises ReasonRequired as `forecast_outturn` and `check_forecasts` do.
    """
    grant.must_be_for(POST)
    kept = budget_line_of(line)
    must_be_theirs(grant, [kept.body])
    begins, ends = year_days(kept.year)
    if isinstance(month, bool) or not isinstance(month, int) or not 1 <= month <= 12:
        raise RuleError(f"MB8: month {month!r} is none of the financial year; expected 1 (April) to 12 (March).")
    after = ends if month == 12 else date(begins.year + (month + 3) // 12, (month + 3) % 12 + 1, 1)
    stands = line_to_date(line, date.fromordinal(after.toordinal() - 1))
    made = forecast_outturn(stands, month, method, share=share, outturn_pence=outturn_pence, reason=reason)
    others = [forecast_outturn(stands, month, one) for one in ("run_rate", "commitment")]
    check_forecasts([made, *others], reason=reason)
    with transaction.atomic():
        lock([kept.fund], [], [])
        last = models.LineForecast.objects.filter(budget_line=line).order_by("-pk").first()
        said = (month, method, made.budget, made.outturn, made.reason)
        if last is not None and said == (
            last.month, last.method, last.budget_pence, last.outturn_pence, last.reason,
        ):  # fmt: skip
            return made
        models.LineForecast.objects.create(
            budget_line_id=line, month=month, method=method, budget_pence=made.budget, outturn_pence=made.outturn,
            reason=made.reason, by=grant.actor_id, at=datetime.now(UTC),
        )  # fmt: skip
        details = {"month": month, "method": method, "outturn_pence": made.outturn}
        record(grant, "money.report-forecast", f"budget-line:{line}", details=details)
    return made
