"""Units that a plan states for a year, by month: equal months, the largest remainder to the earliest (rule MB7)."""

from __future__ import annotations

from decimal import Decimal

from joinedup.money.allocation.splitting import EXACT, MONTHS, exact, profile
from joinedup.planning import months_of

SPREAD = "Lines stated for the year: twelve equal months, what is left over to the earliest (MB7)."


def by_month(units: Decimal | int, year: str) -> dict[str, Decimal | int]:
    """Answer the units of each month "2026-04" of a financial year; they add up to exactly those of the year.

    Whole units stay whole. Others are shared out in their own last decimal place. WeightError for no exact number.
    """
    held = exact(units, "the planned units of a year", "MB7")
    exponent = held.as_tuple().exponent
    places = max(-exponent, 0) if isinstance(exponent, int) else 0
    shares = profile(int(EXACT.scaleb(held, places)), [1] * MONTHS)
    parts = [Decimal(one).scaleb(-places) if places else one for one in shares]
    return dict(zip(months_of(year), parts, strict=True))
