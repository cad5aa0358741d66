"""CSV returns of rows: a header, cells that are checked one by one, and every fault named by file, line and field.

Rosters and capacity come so. A file is taken in whole or not at all.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import NamedTuple

from joinedup.errors import FileError, did_you_mean

MOST_TOLD = 10
_MONTH = re.compile(r"\d{4}-(0[1-9]|1[0-2])")


class RowFault(NamedTuple):
    """What is wrong with one field of a line of a file, and what was expected."""

    line: int
    field: str
    found: str
    expected: str

    def __str__(self) -> str:
        return f"line {self.line}, field {self.field}: found {self.found}, expected {self.expected}"


class ReturnError(FileError):
    """A return that could not be taken in, with all that is wrong in it (`faults`); nothing of it was kept."""

    def __init__(self, file: str, faults: Sequence[RowFault]) -> None:
        first, *more = faults
        told = "".join(f"\n{one}" for one in more[: MOST_TOLD - 1])
        left = len(faults) - MOST_TOLD
        rest = f"\nand {left:,} more" if left > 0 else ""
        super().__init__(
            file, f"found {first.found}, expected {first.expected}{told}{rest}",
            "Correct the file and import it again.", line=first.line, field=first.field,
        )  # fmt: skip
        self.faults = tuple(faults)


class Cells:
    """The cells of one line, asked for one by one; what is wrong with any is kept in `faults`."""

    def __init__(self, line: int, values: dict[str, str], faults: list[RowFault]) -> None:
        self.line, self.values, self.faults = line, values, faults

    def wrong(self, field: str, expected: str) -> None:
        self.faults.append(RowFault(self.line, field, f"'{self.values[field]}'", expected))

    def text(self, field: str) -> str:
        return self.values[field]

    def month(self, field: str) -> str:
        """Answer a month such as 2026-10, or "" for an empty cell."""
        value = self.values[field]
        if value and not is_month(value):
            self.wrong(field, "a month such as 2026-10, without a day")
            return ""
        return value

    def number(self, field: str, places: int = 2, *, least: Decimal = Decimal(0)) -> Decimal:
        """Answer a number of at most so many decimals; 0, with the fault kept, for anything else."""
        value, why = _number(self.values[field], places, least)
        if why:
            self.wrong(field, why)
        return value

    def count(self, field: str) -> int:
        return int(self.number(field, 0))


def lines_of(file: str, content: bytes, columns: Sequence[str], faults: list[RowFault]) -> Iterator[Cells]:
    """Answer the cells of each line under the header; ReturnError for text that is no UTF-8 or another header."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ReturnError(file, [RowFault(1, "the file", "bytes that are no text", "CSV in UTF-8")]) from None
    reader = csv.reader(io.StringIO(text, newline=""))
    head = [name.strip() for name in next(reader, [])]
    _check_head(file, head, columns)
    for row in reader:
        if not any(row):
            continue
        if len(row) != len(head):
            expected = f"{len(head)} fields, as in the header"
            faults.append(RowFault(reader.line_num, "the line", f"{len(row)} fields", expected))
            continue
        yield Cells(reader.line_num, dict(zip(head, map(str.strip, row), strict=True)), faults)


@lru_cache(maxsize=500)
def is_month(text: str) -> bool:
    """Answer whether a text is a month such as 2026-10."""
    return _MONTH.fullmatch(text) is not None


def _check_head(file: str, head: Sequence[str], columns: Sequence[str]) -> None:
    faults = [
        RowFault(1, name or "without a name", f"the column '{name}'",
                 f"only {', '.join(columns)}.{did_you_mean(name, columns)}")
        for name in head
        if name not in columns
    ]  # fmt: skip
    faults += [RowFault(1, name, "no such column", f"the columns {', '.join(columns)}") for name in columns
               if name not in head]  # fmt: skip
    faults += [RowFault(1, name, "the column twice", "it once") for name in dict.fromkeys(head)
               if head.count(name) > 1]  # fmt: skip
    if faults:
        raise ReturnError(file, faults)


@lru_cache(maxsize=5_000)
def _number(text: str, places: int, least: Decimal) -> tuple[Decimal, str]:
    if text[:1] in ("=", "+", "@"):
        return Decimal(0), "a number; a formula is not read"
    try:
        # Commas of thousands are refused on purpose: 1,5 is one and a half to some and fifteen to others.
        value = Decimal(text)
    except InvalidOperation:
        return Decimal(0), "a number such as 12.5, without words or commas"
    if not value.is_finite() or "e" in text.lower() or "_" in text:
        return Decimal(0), "a number such as 12.5"
    if value < least:
        return Decimal(0), f"{least} or more"
    if -int(value.as_tuple().exponent) > places:
        return Decimal(0), f"at most {places} decimals" if places else "a whole number"
    return value, ""
