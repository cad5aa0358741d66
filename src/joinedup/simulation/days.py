"""The simulated calendar: a day is a whole number, so that NumPy can draw it and a list can write it.

Day 0 is 1 January 1900. There is no clock here: the last day is fixed, so that the same seed gives the same bytes on
any machine in any year.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

EPOCH: Final = date(1900, 1, 1)


def day_of(value: date) -> int:
    """Answer the number of a date."""
    return (value - EPOCH).days


LAST_DAY: Final = day_of(date(2026, 11, 1))  # the day up to which the partners have sent
FIRST_DAY: Final = day_of(date(2023, 11, 1))  # the first of the three years whose events are simulated
_ALL: Final = [EPOCH + timedelta(days=number) for number in range(LAST_DAY + 800)]  # some appointments are to come

ISO: Final = [value.isoformat() for value in _ALL]
"""ISO[day] is the day as 2026-11-01."""
COMPACT: Final = [value.strftime("%Y%m%d") for value in _ALL]
"""COMPACT[day] is the day as 20261101, as HL7 v2 and many extracts write it."""
UK: Final = [value.strftime("%d/%m/%Y") for value in _ALL]
"""UK[day] is the day as 01/11/2026."""
YEAR: Final = [value.year for value in _ALL]
WEEKDAY: Final = [value.weekday() for value in _ALL]
"""WEEKDAY[day] is 0 for Monday to 6 for Sunday."""


def _london_offsets() -> list[str]:
    zone = ZoneInfo("Europe/London")
    # At noon, so that the two nights on which clocks change are no question.
    noons = (datetime(value.year, value.month, value.day, 12, tzinfo=zone) for value in _ALL)
    return ["+01:00" if noon.utcoffset() else "+00:00" for noon in noons]


OFFSET: Final = _london_offsets()
"""OFFSET[day] is what local time is ahead of universal time: +01:00 in summer, else +00:00."""
CLOCK: Final = [f"{minute // 60:02d}:{minute % 60:02d}" for minute in range(1440)]
"""CLOCK[minute] is the minute of the day as 09:30."""
COMPACT_CLOCK: Final = [f"{minute // 60:02d}{minute % 60:02d}" for minute in range(1440)]
"""COMPACT_CLOCK[minute] is the minute of the day as 0930."""


def instant(day: int, minute: int, second: int = 0) -> str:
    """Answer local time with its offset, as FHIR writes an instant: 2026-07-01T09:30:00+01:00."""
    return f"{ISO[day]}T{CLOCK[minute]}:{second:02d}{OFFSET[day]}"


def compact_time(day: int, minute: int, second: int = 0) -> str:
    """Answer local time without an offset, as HL7 v2 writes it: 20260701093000."""
    return f"{COMPACT[day]}{COMPACT_CLOCK[minute]}{second:02d}"


def birth_day(value: str) -> int:
    """Answer the number of an ISO date."""
    return day_of(date.fromisoformat(value))
