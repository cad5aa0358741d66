"""Working days in England: what a clock of "two working days" counts (rules: record R71).

Bank holidays follow the Banking and Financial Dealings Act 1971 and the proclamations made under it: those that move
with the calendar are computed, the single ones are listed.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from functools import lru_cache

from joinedup.moment import LONDON

# Proclaimed for one year only, or moved for it.
_MOVED = {
    2020: {date(2020, 5, 4): date(2020, 5, 8)},  # 75 years after the end of the war in Europe
    2022: {date(2022, 5, 30): date(2022, 6, 2)},  # Platinum Jubilee
}
_ADDED = {
    2011: (date(2011, 4, 29),),
    2022: (date(2022, 6, 3), date(2022, 9, 19)),
    2023: (date(2023, 5, 8),),
}


@lru_cache(maxsize=400)
def bank_holidays(year: int) -> frozenset[date]:
    """Answer the bank holidays of England in a year, by the law as it stands; later proclamations must be added."""
    easter = _easter(year)
    first_of_may, end_of_may = date(year, 5, 1), date(year, 5, 31)
    days = {
        _not_at_the_weekend(date(year, 1, 1)),
        easter - timedelta(days=2),
        easter + timedelta(days=1),
        first_of_may + timedelta(days=-first_of_may.weekday() % 7),
        end_of_may - timedelta(days=end_of_may.weekday()),
        date(year, 8, 31) - timedelta(days=date(year, 8, 31).weekday()),
    }
    christmas, boxing = date(year, 12, 25), date(year, 12, 26)
    days |= {
        date(year, 12, 27) if christmas.weekday() >= 5 else christmas,
        # 26 December: when it falls on a weekend, or Christmas has taken its place, the 28th (a Monday: the 26th).
        date(year, 12, 28) if boxing.weekday() >= 5 else boxing,
    }
    moved = _MOVED.get(year, {})
    return frozenset({moved.get(day, day) for day in days} | set(_ADDED.get(year, ())))


def is_working_day(day: date) -> bool:
    """Answer whether a day is neither at the weekend nor a bank holiday in England."""
    return day.weekday() < 5 and day not in bank_holidays(day.year)


def after_working_days(start: datetime, days: int) -> datetime:
    """Answer the same time of day that many working days later, in London; from a day off it counts from the next one.

    Friday 17:00 and two working days is Tuesday 17:00; Saturday 10:00 counts from Monday 00:00, so Wednesday 00:00.
    """
    local = start.astimezone(LONDON)
    if not is_working_day(local.date()):
        day = local.date()
        while not is_working_day(day):
            day += timedelta(days=1)
        local = datetime(day.year, day.month, day.day, tzinfo=LONDON)
    day = local.date()
    while days > 0:
        day += timedelta(days=1)
        days -= is_working_day(day)
    return local.replace(year=day.year, month=day.month, day=day.day)


def _not_at_the_weekend(day: date) -> date:
    return day + timedelta(days=7 - day.weekday()) if day.weekday() >= 5 else day


def _easter(year: int) -> date:
    """Answer Easter Sunday (the anonymous Gregorian computus, Nature 1876)."""
    a, (b, c) = year % 19, divmod(year, 100)
    d, e = divmod(b, 4)
    g = (8 * b + 13) // 25
    h = (19 * a + b - d - g + 15) % 30
    i, k = divmod(c, 4)
    m = (32 + 2 * e + 2 * i - h - k) % 7
    n = (a + 11 * h + 22 * m) // 451
    month, day = divmod(h + m - 7 * n + 114, 31)
    return date(year, month, day + 1)
