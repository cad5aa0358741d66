"""Months and years after a day, of which the end of the month clamps, and shares in per cent as pages show them."""

from __future__ import annotations

import calendar
import math
from datetime import date
from decimal import Decimal
from fractions import Fraction

from joinedup.errors import RuleError


def months_after(day: date, months: int) -> date:
    """Answer the day so many months later (earlier, below 0): of the same number, or the month's last day.

    So 31 August and 6 months is 28 February, and 29 February and 12 months is 28 February.
    """
    place = day.year * 12 + day.month - 1 + months
    year, month = place // 12, place % 12 + 1
    return date(year, month, min(day.day, calendar.monthrange(year, month)[1]))


def percent(part: int | Fraction, whole: int | Fraction, places: int = 1) -> Decimal:
    """Answer a share in per cent, rounded half up once; RuleError for a whole of 0, of which nothing is a share."""
    if not whole:
        raise RuleError("A share of nothing cannot be shown; leave the figure out where there is nothing to count.")
    exact = Fraction(part) * 100 * 10**places / Fraction(whole)
    return Decimal(math.floor(exact + Fraction(1, 2))).scaleb(-places)
