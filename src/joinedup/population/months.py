"""Months as whole numbers, and the windows of the rule book on them (rules: population PC2).

Month number 24,312 is January 2026: year times twelve, plus the month's place from nought. A measure stands at the
last day of a month, so that month numbers are all it needs.
"""

from __future__ import annotations

import calendar
from datetime import date


def month_number(day: date) -> int:
    """Answer the month that a day lies in, as a number."""
    return day.year * 12 + day.month - 1


def first_day(month: int) -> date:
    return date(month // 12, month % 12 + 1, 1)


def last_day(month: int) -> date:
    year, place = divmod(month, 12)
    return date(year, place + 1, calendar.monthrange(year, place + 1)[1])


def months_before(day: date, months: int) -> date:
    """Answer the same day so many calendar months earlier, or the month's last day where it has no such day."""
    month = month_number(day) - months
    return date(month // 12, month % 12 + 1, min(day.day, last_day(month).day))


def last_month_within(day: date, window: int) -> int:
    """Answer the last month at whose end `day` still lies "in the so many months to" it, (end - window, end].

    That is window - 1 months on; one more for a day late in a month, where counting back from the end of a shorter
    month stops at an earlier day: 29 February 2024 is within the 12 months to 28 February 2025.
    """
    month = month_number(day)
    return month + window - 1 + int(day.day > last_day(month + window).day)
