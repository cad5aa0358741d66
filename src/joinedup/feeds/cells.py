"""What the text of one CSV cell means, by the type that a mapping declares for its column (rules: record R15, R20).

Each reader takes the cell's text without the blanks around it, never empty, and answers the FHIR value that it is. It
raises `Refused` for a text that its type does not allow: by reason and what was expected, never with the text itself.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from joinedup.feeds import nhs_number

ICD10 = "http://hl7.org/fhir/sid/icd-10"
OPCS4 = "https://fhir.hl7.org.uk/Id/opcs-4"
SNOMED = "http://snomed.info/sct"
LONDON = ZoneInfo("Europe/London")
TYPES = (
    "text", "date", "time", "datetime", "integer", "decimal", "money", "nhs_number", "postcode", "ods", "icd10",
    "opcs4", "snomed", "yes_no",
)  # fmt: skip
CONCEPTS = ("icd10", "opcs4", "snomed")  # those of which a code that cannot be read stays as text
DATE_FORMAT, TIME_FORMAT, DATETIME_FORMAT = "%Y-%m-%d", "%H:%M:%S", "%Y-%m-%dT%H:%M:%S"

Reader = Callable[[str], Any]

_ODS = re.compile(r"[A-Z0-9]{3,12}")
_ICD10 = re.compile(r"([A-Z][0-9][0-9A-Z])\.?([0-9X]?)([0-9A-Z]?)[ *+D A]*")
_OPCS4 = re.compile(r"([A-Z][0-9]{2})\.?([0-9]?)")
_SCTID = re.compile(r"[1-9][0-9]{5,17}")
_NUMBER = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,6})?")
_YES_NO = {"y": True, "yes": True, "true": True, "1": True, "n": False, "no": False, "false": False, "0": False}


class Refused(ValueError):
    """A cell or row that cannot be taken: a key of values.REASONS, the column, and what was expected there."""

    def __init__(self, reason: str, message: str, place: str = "") -> None:
        super().__init__(message)
        self.reason, self.message, self.place = reason, message, place


def reader_for(type_: str, format_: str = "") -> Reader:
    """Answer the reader of a type; `format_` is the strptime format of dates and times."""
    if type_ == "date":
        return _date_reader(format_ or DATE_FORMAT)
    if type_ == "time":
        return _time_reader(format_ or TIME_FORMAT)
    if type_ == "datetime":
        return _datetime_reader(format_ or DATETIME_FORMAT)
    return _READERS[type_]


def _date_reader(format_: str) -> Reader:
    if format_ == DATE_FORMAT:

        def read_iso(text: str) -> str:
            # Not fromisoformat alone: it also takes 20260403 and 2026-W14-5.
            if len(text) == 10 and text[4] == "-" == text[7]:
                try:
                    return date.fromisoformat(text).isoformat()
                except ValueError:
                    pass
            raise Refused("bad-syntax", "expected a date that exists, written as year-month-day")

        return read_iso

    def read(text: str) -> str:
        try:
            # The day alone is meant: a time zone would only invite to move it.
            return datetime.strptime(text, format_).date().isoformat()  # noqa: DTZ007
        except ValueError:
            raise Refused("bad-syntax", f"expected a date that exists, written as {_in_words(format_)}") from None

    return read


def _time_reader(format_: str) -> Reader:
    def read(text: str) -> str:
        try:
            return datetime.strptime(text, format_).time().isoformat("seconds")  # noqa: DTZ007
        except ValueError:
            raise Refused("bad-syntax", f"expected a time that exists, written as {_in_words(format_)}") from None

    return read


def _datetime_reader(format_: str) -> Reader:
    def read(text: str) -> str:
        try:
            # Without an offset it is a time in London, which `instant` gives its own.
            found = datetime.strptime(text, format_)  # noqa: DTZ007
        except ValueError:
            raise Refused("bad-syntax", f"expected a time that exists, written as {_in_words(format_)}") from None
        if found.tzinfo is not None:
            return found.isoformat("seconds")
        return instant(found.date().isoformat(), found.time().isoformat("seconds"))[0]

    return read


def _in_words(format_: str) -> str:
    for code, word in {"%Y": "year", "%m": "month", "%d": "day", "%H": "hour", "%M": "minute", "%S": "second"}.items():
        format_ = format_.replace(code, word)
    return format_


def _integer(text: str) -> int:
    if not (text.isascii() and text.removeprefix("-").isdigit() and len(text) < 16):
        raise Refused("bad-syntax", "expected a whole number")
    return int(text)


def _decimal(text: str) -> float:
    if not _NUMBER.fullmatch(text):
        raise Refused("bad-syntax", "expected a number such as 12.5, without separators of thousands")
    return float(text)


def _money(text: str) -> dict[str, Any]:
    amount = text.removeprefix("£")
    try:
        if not _NUMBER.fullmatch(amount) or Decimal(amount).as_tuple().exponent < -2:  # type: ignore[operator]
            raise InvalidOperation
    except InvalidOperation:
        raise Refused("bad-syntax", "expected an amount of pounds with at most two decimals, such as 12.50") from None
    # Two decimals and 15 digits pass through a float unchanged: its shortest text is the amount itself.
    return {"value": float(amount), "currency": "GBP"}


def _nhs_number(text: str) -> str:
    found = nhs_number.check(text)
    if isinstance(found, str):
        raise Refused("bad-identifier", f"{found} of an NHS number")
    return found.value


def _postcode(text: str) -> str:
    squeezed = text.replace(" ", "").upper()
    return f"{squeezed[:-3]} {squeezed[-3:]}" if 5 <= len(squeezed) <= 8 and squeezed.isalnum() else text


def _ods(text: str) -> str:
    code = text.upper()
    if not _ODS.fullmatch(code):
        raise Refused("bad-syntax", "expected an ODS code: 3 to 12 letters and digits")
    return code


def _icd10(text: str) -> dict[str, Any]:
    """Answer the diagnosis as a CodeableConcept: ICD-10 with its dot, the text as it was sent.

    Extracts leave the dot out and fill a missing fourth character with X: E119, I10X. What is no ICD-10 stays text.
    """
    found = _ICD10.fullmatch(text.upper())
    if found is None:
        return {"text": text}
    category, fourth, fifth = found.groups()
    code = category if fourth in ("", "X") else f"{category}.{fourth}{fifth}"
    return {"coding": [{"system": ICD10, "code": code}], "text": text}


def _opcs4(text: str) -> dict[str, Any]:
    """Answer the procedure as a CodeableConcept: OPCS-4 with its dot, the text as it was sent."""
    found = _OPCS4.fullmatch(text.upper())
    if found is None:
        return {"text": text}
    category, fourth = found.groups()
    return {"coding": [{"system": OPCS4, "code": f"{category}.{fourth}" if fourth else category}], "text": text}


def _snomed(text: str) -> dict[str, Any]:
    """Answer a SNOMED CT code as a CodeableConcept; what is no SNOMED CT identifier stays text."""
    if not (_SCTID.fullmatch(text) and has_snomed_check_digit(text)):
        return {"text": text}
    return {"coding": [{"system": SNOMED, "code": text}], "text": text}


def _yes_no(text: str) -> bool:
    try:
        return _YES_NO[text.casefold()]
    except KeyError:
        raise Refused("bad-code", "expected Y or N") from None


_READERS: dict[str, Reader] = {
    "text": lambda text: text,
    "integer": _integer,
    "decimal": _decimal,
    "money": _money,
    "nhs_number": _nhs_number,
    "postcode": _postcode,
    "ods": _ods,
    "icd10": _icd10,
    "opcs4": _opcs4,
    "snomed": _snomed,
    "yes_no": _yes_no,
}

# Verhoeff's tables, by which SNOMED CT makes the last digit of its identifiers.
_MULTIPLIED = (
    "0123456789", "1234067895", "2340178956", "3401289567", "4012395678",
    "5987604321", "6598710432", "7659821043", "8765932104", "9876543210",
)  # fmt: skip
_PERMUTED = (
    "0123456789", "1576283094", "5803796142", "8916043527", "9453126870", "4286573901", "2793806415", "7046913258",
)  # fmt: skip


def has_snomed_check_digit(digits: str) -> bool:
    """Answer whether the last digit of a number is the check digit that SNOMED CT asks for (Verhoeff's scheme)."""
    check = 0
    for place, digit in enumerate(reversed(digits)):
        check = int(_MULTIPLIED[check][int(_PERMUTED[place % 8][int(digit)])])
    return check == 0


# --- days and times together ---------------------------------------------------------------------------------------

FLAGS = ("ambiguous-time", "nonexistent-time")


def instant(day: str, clock: str | None) -> tuple[str, str]:
    """Answer a day and a time in London as a FHIR dateTime with its offset, and a flag ("" when there is none).

    Without a time it stays a day. When clocks go back an hour happens twice: the first is taken, with the flag
    `ambiguous-time`; when they go forward an hour does not exist: it is read as UTC, `nonexistent-time` (R11).
    """
    if clock is None:
        return day, ""
    offset = _offset_of_day(day)
    if offset:
        return f"{day}T{clock}{offset}", ""
    local = datetime.combine(date.fromisoformat(day), time.fromisoformat(clock), LONDON)
    if local.astimezone(UTC).astimezone(LONDON).replace(tzinfo=None) != local.replace(tzinfo=None):
        return f"{day}T{clock}+00:00", "nonexistent-time"
    flag = "ambiguous-time" if local.utcoffset() != local.replace(fold=1).utcoffset() else ""
    return local.isoformat(), flag


@lru_cache(maxsize=50_000)
def _offset_of_day(day: str) -> str:
    """Answer the offset that holds all day in London, or "" on the days on which clocks change."""
    start = datetime.combine(date.fromisoformat(day), time.min, LONDON)
    offsets = {start.utcoffset(), (start + timedelta(hours=23, minutes=59)).utcoffset()}
    return start.isoformat()[-6:] if len(offsets) == 1 else ""


@lru_cache(maxsize=50_000)
def as_instant(value: str) -> datetime:
    """Answer a FHIR date or dateTime with offset as an instant; a day is its start in London."""
    if len(value) == 10:
        return datetime.combine(date.fromisoformat(value), time.min, LONDON).astimezone(UTC)
    return datetime.fromisoformat(value).astimezone(UTC)
