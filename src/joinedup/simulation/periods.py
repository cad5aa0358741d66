"""The stretches of time for which partners send one file, and the small spellings that all their files share."""

from __future__ import annotations

import zlib
from typing import Final

from joinedup.simulation.days import COMPACT, COMPACT_CLOCK, FIRST_DAY, LAST_DAY, YEAR, birth_day


def _periods() -> list[str]:
    """Answer the period of every day: closed years and the closed first quarter whole, else months."""
    names: list[str] = []
    for day in range(FIRST_DAY, LAST_DAY + 1):
        month = int(COMPACT[day][4:6])
        year = YEAR[day] - (month < 4)
        if year < 2026:
            names.append(f"{year}-{(year + 1) % 100:02d}")
        elif 4 <= month <= 6:
            names.append("2026-27-Q1")
        else:
            # The last day of all is the first of a month: it goes with the month before, not into a file of its own.
            names.append(COMPACT[day][:6] if COMPACT[day][6:] != "01" or day < LAST_DAY else COMPACT[day - 1][:6])
    return names


_SECONDS: Final = tuple(f"{second:02d}" for second in range(60))
_PERIODS: Final = _periods()
PERIODS: Final = tuple(dict.fromkeys(_PERIODS))
"""All periods in order, as the names of files have them."""
SUNDAYS: Final = (birth_day("2026-08-30"), birth_day("2026-09-27"), birth_day("2026-10-25"))
"""The days of the waiting list's snapshots: the last Sunday of each of the last three months."""
CLOSED: Final = tuple(birth_day(day) for day in ("2024-03-31", "2025-03-30", "2026-03-29", "2026-06-28", "2026-07-26"))
"""The last Sundays of the closed years, quarter and month before: a file of each has the waits that ended in it."""


def period_of(day: int) -> str:
    """Answer the period that a day falls into; days outside the simulated years fall into its first or last one."""
    return _PERIODS[min(max(day, FIRST_DAY), LAST_DAY) - FIRST_DAY]


def stamp(moment: int, second: int = 0) -> str:
    """Answer a moment (minutes from midnight of day 0) as HL7 v2 writes it: 20260701093000."""
    day, minute = divmod(moment, 1440)
    return COMPACT[day] + COMPACT_CLOCK[minute] + _SECONDS[second]


def draw(name: str, many: int) -> int:
    """Answer a number from 0 to below `many` that depends on a name alone: the same in every feed and every process.

    Two feeds that tell of one event agree by it on what is wrong there, without speaking to each other.
    """
    return zlib.crc32(name.encode()) % many


def quoted(text: str) -> str:
    """Answer a value as a CSV file holds it: in quotes, with its own quotes doubled, where it needs them."""
    if "," in text or '"' in text or "\n" in text or "\r" in text:
        return '"' + text.replace('"', '""') + '"'
    return text
