"""Times of HL7 v2, written YYYY[MM[DD[HH[MM[SS[.SSSS]]]]]][+/-ZZZZ], as FHIR writes them (rules: record R11).

A year stays a year and a month a month: nothing is padded to 1 January. A time without an offset is London time. The
hour that the clocks repeat is taken as the first one, the hour that they leap over is read as UTC; both are flagged.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache
from typing import NamedTuple

from joinedup.feeds.hl7v2 import Hl7Error
from joinedup.moment import LONDON

_WRITTEN = re.compile(
    r"(\d{4})(?:(\d\d)(?:(\d\d)(?:(\d\d)(?:(\d\d)(?:(\d\d)(?:\.(\d{1,4}))?)?)?)?)?)?([+-]\d{4})?", re.ASCII
)
_FLAGS = {"ambiguous": ("ambiguous-time",), "nonexistent": ("nonexistent-time",)}


class When(NamedTuple):
    """A time: as FHIR writes it (with its precision), the instant at which it begins, and what was odd about it."""

    text: str
    instant: datetime  # aware, UTC
    flags: tuple[str, ...] = ()

    @property
    def day(self) -> str:
        """The date part: a year, a year and month, or a day."""
        return self.text[:10]

    @property
    def has_time(self) -> bool:
        return len(self.text) > 10


@lru_cache(maxsize=20_000)
def read(text: str) -> When | None:
    """Answer the time that a text says; None when it says none that exists."""
    # What nearly every message sends: a local time of a day on which no clock changes.
    if len(text) in (12, 14) and text.isascii() and text.isdecimal():
        shift = _shift_of(text[:8])
        hour, minute, second = text[8:10], text[10:12], text[12:] or "00"
        if shift is not None and hour < "24" and minute < "60" and second < "60":
            midnight, offset = shift
            instant = midnight + timedelta(hours=int(hour), minutes=int(minute), seconds=int(second))
            return When(f"{text[:4]}-{text[4:6]}-{text[6:8]}T{hour}:{minute}:{second}{offset}", instant)
    return _read(text)


@lru_cache(maxsize=10_000)
def _shift_of(day: str) -> tuple[datetime, str] | None:
    """Answer when a day begins in London, and its offset; None when it is no day or its clock changes."""
    try:
        begins = datetime(int(day[:4]), int(day[4:6]), int(day[6:]), tzinfo=LONDON)
        offset = begins.utcoffset()
        if day[:4] < "1900" or offset != (begins + timedelta(hours=23, minutes=59)).utcoffset():
            return None
        return begins.astimezone(UTC), begins.isoformat()[-6:]
    except (ValueError, OverflowError):
        return None


def _read(text: str) -> When | None:
    found = _WRITTEN.fullmatch(text)
    if found is None:
        return None
    year, month, day, hour, minute, second, fraction, offset = found.groups()
    if year == "0000":
        return None
    try:
        naive = datetime(  # noqa: DTZ001 - what zone it is in is found below
            int(year), int(month or 1), int(day or 1), int(hour or 0), int(minute or 0), min(int(second or 0), 59),
            int(fraction.ljust(6, "0")) if fraction else 0,
        )  # fmt: skip
        if hour is None:
            written = "-".join(part for part in (year, month, day) if part)
            return When(written, naive.replace(tzinfo=LONDON).astimezone(UTC))
        flags: tuple[str, ...] = ()
        if offset:
            hours, minutes = int(offset[1:3]), int(offset[3:])
            if minutes > 59 or hours * 60 + minutes > 14 * 60:  # The widest offset of the world, and of FHIR.
                return None
            shift = timedelta(hours=hours, minutes=minutes)
            aware = naive.replace(tzinfo=timezone(-shift if offset[0] == "-" else shift))
        else:
            aware, flags = _in_london(naive)
        return When(_written(aware, fraction), aware.astimezone(UTC), flags)
    except (ValueError, OverflowError):
        return None


def _in_london(naive: datetime) -> tuple[datetime, tuple[str, ...]]:
    first = naive.replace(tzinfo=LONDON)
    before, after = first.utcoffset(), first.replace(fold=1).utcoffset()
    if before == after or before is None or after is None:
        return first, ()
    if before > after:
        return first, _FLAGS["ambiguous"]
    return naive.replace(tzinfo=UTC).astimezone(LONDON), _FLAGS["nonexistent"]


def _written(aware: datetime, fraction: str | None) -> str:
    text = aware.isoformat(timespec="milliseconds" if fraction else "seconds")
    # Offsets of the nineteenth century have seconds, FHIR's have none.
    return text if len(text) < 20 or (text[-3] == ":" and text[-6] in "+-") else aware.astimezone(UTC).isoformat()


def required(text: str, place: str) -> When:
    """Answer the time in a field that has one; raises Hl7Error `bad-date` for what is no time."""
    found = read(text)
    if found is None:
        raise Hl7Error("bad-date", place, "expected a date that exists, YYYYMMDD, or a time, YYYYMMDDHHMM")
    return found
