"""The simulated calendar: a day is a whole number, so that NumPy can draw it and a list can write it.

Day 0 is 1 January 1900. There is no clock here: the last day is fixed, so that the same seed gives the same bytes on
any machine in any year.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final

EPOCH: Final = date(1900, 1, 1)


def day_of(value: date) -> int:
    """Answer the number of a date."""
    return (value - EPOCH).days


LAST_DAY: Final = day_of(date(2026, 11, 1))  # the day up to which the partners have sent
FIRST_DAY: Final = day_of(date(2023, 11, 1))  # the first of the three years whose events are simulated
_ALL: Final = [EPOCH + timedelta(days=number) for number in range(LAST_DAY + 800)]  # some appointments are to come

ISO: Final = [value.isoformat() for value in _ALL]
"""ISO[day] is the day as 2026-11-01."""
COMPACT: Final = [day.replace("-", "") for day in ISO]
"""COMPACT[day] is the day as 20261101, as HL7 v2 and many extracts write it."""
UK: Final = [f"{day[8:]}/{day[5:7]}/{day[:4]}" for day in ISO]
"""UK[day] is the day as 01/11/2026."""
YEAR: Final = [value.year for value in _ALL]
WEEKDAY: Final = [value.weekday() for value in _ALL]
"""WEEKDAY[day] is 0 for Monday to 6 for Sunday."""


def _london_offsets() -> list[str]:
    """Answer what holds at noon, so that the nights on which clocks change are no question (rule of 1996)."""
    offsets = []
    for year in range(_ALL[0].year, _ALL[-1].year + 1):
        starts, ends = (date(year, month, 31) for month in (3, 10))
        starts -= timedelta(days=(starts.weekday() + 1) % 7)
        ends -= timedelta(days=(ends.weekday() + 1) % 7)
        winter, summer = (starts - date(year, 1, 1)).days, (ends - starts).days
        rest = (date(year, 12, 31) - ends).days + 1
        offsets += ["+00:00"] * winter + ["+01:00"] * summer + ["+00:00"] * rest
    return offsets[: len(_ALL)]


OFFSET: Final = _london_offsets()
"""OFFSET[day] is what local time is ahead of universal time: +01:00 in summer, else +00:00."""
CLOCK: Final = [f"{minute // 60:02d}:{minute % 60:02d}" for minute in range(1440)]
"""CLOCK[minute] is the minute of the day as 09:30."""
COMPACT_CLOCK: Final = [f"{minute // 60:02d}{minute % 60:02d}" for minute in range(1440)]
"""COMPACT_CLOCK[minute] is the minute of the day as 0930."""


def instant(day: int, minute: int, second: int = 0) -> str:
    """Answer local time with its offset, as FHIR writes an instant: 2026-07-01T09:30:00+01:00."""
    if not second:
        return f"{ISO[day]}T{CLOCK[minute]}:00{OFFSET[day]}"
    return f"{ISO[day]}T{CLOCK[minute]}:{second:02d}{OFFSET[day]}"


def birth_day(value: str) -> int:
    """Answer the number of an ISO date."""
    return day_of(date.fromisoformat(value))
