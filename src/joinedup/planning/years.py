"""The financial year, 1 April to 31 March, written as 2026/27 (rule M0.3)."""

from __future__ import annotations

from datetime import date

from joinedup.errors import RuleError


def financial_year(on: date) -> str:
    """Answer the financial year in which a day lies: 2027-03-31 is in "2026/27"."""
    first = on.year if on.month >= 4 else on.year - 1
    return f"{first}/{(first + 1) % 100:02}"


def year_days(year: str) -> tuple[date, date]:
    """Answer the first day of a financial year such as 2026/27, and of the next; RuleError for another form."""
    try:
        first = int(year[:4])
        days = date(first, 4, 1), date(first + 1, 4, 1)
        if year == financial_year(days[0]):
            return days
    except ValueError:
        pass
    raise RuleError(f"M0.3: '{year}' is no financial year; expected one such as 2026/27.")
