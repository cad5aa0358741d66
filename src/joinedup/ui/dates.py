"""Days and instants as people read and write them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from joinedup.moment import LONDON

MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
FIRST_YEAR, LAST_YEAR = 1900, 2200
PARTS = ("day", "month", "year")


def day(value: date | None) -> str:
    """Answer a day as the NHS writes it, "1 July 2022"; no day is an empty text."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        value = value.astimezone(LONDON) if value.tzinfo else value
    return f"{value.day} {MONTHS[value.month - 1]} {value.year}"


def instant(value: datetime | None) -> str:
    """Answer an instant in London time as the NHS writes it, "1 July 2022 at 9:30am"; noon and midnight in words."""
    if value is None:
        return ""
    local = value.astimezone(LONDON) if value.tzinfo else value
    if (local.hour, local.minute) == (0, 0):
        clock = "midnight"
    elif (local.hour, local.minute) == (12, 0):
        clock = "midday"
    else:
        minutes = f":{local.minute:02d}" if local.minute else ""
        clock = f"{local.hour % 12 or 12}{minutes}{'am' if local.hour < 12 else 'pm'}"
    return f"{day(local.date())} at {clock}"


@dataclass(frozen=True, slots=True)
class WrittenDate:
    """A date as somebody typed it into three boxes: the day it names, or what is wrong and in which boxes.

    All boxes empty is no date and no problem.
    """

    day: str = ""
    month: str = ""
    year: str = ""
    value: date | None = None
    problem: str = ""
    wrong: tuple[str, ...] = ()

    @property
    def first_wrong(self) -> str:
        """Answer the box to which the error summary links."""
        return self.wrong[0] if self.wrong else "day"


def read_date(boxes: Mapping[str, str], prefix: str, name: str) -> WrittenDate:
    """Read `<prefix>_day`, `<prefix>_month` and `<prefix>_year`; `name` begins the sentence that says what is wrong.

    Months may be numbers or English names. Never raises: the problem is in the answer.
    """
    typed = [boxes.get(f"{prefix}_{part}", "").strip() for part in PARTS]

    def refused(problem: str, *wrong: str) -> WrittenDate:
        return WrittenDate(typed[0], typed[1], typed[2], problem=f"{name} {problem}", wrong=wrong)

    missing = [part for part, text in zip(PARTS, typed, strict=True) if not text]
    if len(missing) == 3:
        return WrittenDate()
    if missing:
        return refused(f"must include a {' and a '.join(missing)}", *missing)
    numbers = [_number(typed[0]), _month(typed[1]), _number(typed[2])]
    day_number, month_number, year_number = numbers
    if day_number is None or month_number is None or year_number is None:
        wrong = [part for part, number in zip(PARTS, numbers, strict=True) if number is None]
        return refused(f"must be written in numbers, for example 1 7 2022; check the {wrong[0]}", *wrong)
    if not FIRST_YEAR <= year_number <= LAST_YEAR:
        return refused(f"must have a year between {FIRST_YEAR} and {LAST_YEAR}", "year")
    try:
        value = date(year_number, month_number, day_number)
    except ValueError:
        return refused("must be a real date", *PARTS)
    return WrittenDate(typed[0], typed[1], typed[2], value=value)


def written(value: date | None) -> WrittenDate:
    """Answer a day as it stands in the three boxes."""
    if value is None:
        return WrittenDate()
    return WrittenDate(str(value.day), str(value.month), str(value.year), value)


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 4 else None


def _month(text: str) -> int | None:
    folded = text.casefold()
    for number, name in enumerate(MONTHS, start=1):
        if folded in {name.casefold(), name[:3].casefold()}:
            return number
    return _number(text)
