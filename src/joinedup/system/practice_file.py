"""Reading the lists of the Organisation Data Service, `epraccur.csv` and `enonnhs.csv`, exactly as they are published.

27 columns without a header, quoted. In the list of prescribing cost centres those of prescribing setting 4 are GP
practices, the others (walk-in centres, out-of-hours, prisons …) are counted and left; the list of organisations outside
the NHS has no such column. Columns that are null in the published layout are not read.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

from joinedup.errors import FileError
from joinedup.system.published import AGAIN

COLUMNS = 27
CODE, NAME, POSTCODE, OPENED, CLOSED, STATUS, COMMISSIONER, JOINED, LEFT, SETTING = 0, 1, 9, 10, 11, 12, 14, 15, 16, 25
NAMES = {
    CODE: "organisation code", NAME: "name", POSTCODE: "postcode", OPENED: "open date", CLOSED: "close date",
    STATUS: "status code", COMMISSIONER: "commissioner", JOINED: "join date", LEFT: "left date",
    SETTING: "prescribing setting",
}  # fmt: skip
STATUSES = {"A": "active", "C": "closed", "D": "dormant", "P": "proposed"}
GP_PRACTICE = "4"


@dataclass(frozen=True, slots=True)
class Practice:
    """One row: a practice or other organisation, from the day it opened up to, but not on, `to`.

    `commissioned_from` and `commissioned_to` say for how long it had this commissioner.
    """

    line: int
    code: str
    name: str
    postcode: str
    start: date
    to: date | None
    commissioner: str
    commissioned_from: date
    commissioned_to: date | None


def read_practices(path: Path, setting: str = GP_PRACTICE) -> Iterator[Practice | None]:
    """Yield each row of this prescribing setting, and None for each of another or only proposed.

    Raises FileError, with line and field, for another number of columns, an empty code or name, a date that does not
    exist, a practice that closed before it opened, an unknown status, and a code that stands twice.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise FileError(
            path.name, f"the file cannot be read ({error.strerror}).", "Give the path of epraccur.csv."
        ) from (None)
    except UnicodeDecodeError as error:
        raise FileError(path.name, f"expected UTF-8; byte {error.object[error.start]:#04x} is none.", AGAIN) from None
    if text and not text.endswith("\n"):
        raise FileError(path.name, "the file breaks off: its last line has no end.", AGAIN, line=text.count("\n") + 1)
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    seen: set[str] = set()
    try:
        for values in reader:
            practice = _practice(path.name, reader.line_num, [value.strip() for value in values], setting)
            if practice is not None and practice.code in seen:
                raise FileError(
                    path.name, f"{practice.code} stands twice.", AGAIN, line=reader.line_num, field=NAMES[CODE]
                )
            if practice is not None:
                seen.add(practice.code)
            yield practice
    except csv.Error as error:
        raise FileError(path.name, f"not a well-formed CSV row ({error}).", AGAIN, line=reader.line_num) from None
    if reader.line_num == 0:
        raise FileError(path.name, "the file is empty.", AGAIN, line=1)


def _practice(file: str, line: int, values: list[str], setting: str) -> Practice | None:
    if len(values) != COLUMNS:
        expected = f"expected {COLUMNS} columns and no header, as published; found {len(values)}."
        raise FileError(file, expected, AGAIN, line=line)
    if values[STATUS] not in STATUSES:
        expected = f"'{values[STATUS]}' is no status; expected one of {', '.join(STATUSES)}."
        raise FileError(file, expected, AGAIN, line=line, field=NAMES[STATUS])
    if values[SETTING] != setting or values[STATUS] == "P":
        return None
    if not re.fullmatch(r"[A-Z0-9]{3,10}", values[CODE]):
        raise FileError(file, "expected an ODS code such as D81047.", AGAIN, line=line, field=NAMES[CODE])
    if not values[NAME]:
        raise FileError(file, "the name is empty.", AGAIN, line=line, field=NAMES[NAME])
    start = _day(file, line, OPENED, values)
    if start is None:
        raise FileError(file, "the open date is empty.", AGAIN, line=line, field=NAMES[OPENED])
    to = _day_after(_day(file, line, CLOSED, values))
    if to is not None and to <= start:
        raise FileError(file, "it closed before it opened.", AGAIN, line=line, field=NAMES[CLOSED])
    joined = max(start, _day(file, line, JOINED, values) or start)
    left = _day_after(_day(file, line, LEFT, values))
    if to is not None and (left is None or left > to):
        left = to
    return Practice(line, values[CODE], values[NAME], values[POSTCODE], start, to, values[COMMISSIONER], joined, left)


def _day(file: str, line: int, column: int, values: list[str]) -> date | None:
    text = values[column]
    if not text:
        return None
    try:
        if not re.fullmatch(r"\d{8}", text):
            raise ValueError
        return datetime.strptime(text, "%Y%m%d").date()  # noqa: DTZ007 -- a day has no zone
    except ValueError:
        expected = f"'{text}' is not a date that exists; expected yyyymmdd such as 19740401."
        raise FileError(file, expected, AGAIN, line=line, field=NAMES[column]) from None


def _day_after(last: date | None) -> date | None:
    """A published end is the last day; a period here ends before its end."""
    return last + timedelta(days=1) if last and last < date.max else None
