"""A list of staff and where each goes, CSV or workbook: all of it or nothing, errors by row and field (C7 to C10).

Terms before and after are the hash, or the terms themselves as a JSON object, of which only the hash is kept. A row
without `to_post` is somebody unplaced. Errors say what was expected, never what stands in the cell.
"""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from joinedup.errors import FileError, RuleError
from joinedup.governance.transition.offers import WISHES, Offer, TermsError, terms_hash
from joinedup.governance.transition.staff_sheet import read_sheet
from joinedup.governance.transition.staff_transfer import BASES, CLASSES, Employed, Placing

COLUMNS: Final = (
    "employment", "person", "from_body", "from_post", "fte", "class", "continuous_from", "terms_before", "to_body",
    "to_post", "to_fte", "to_continuous_from", "terms_after", "basis", "wish", "offer_valid_to", "consulted_on",
)  # fmt: skip
NEEDED: Final = COLUMNS[:8]
PLACE: Final = ("to_body", "to_post", "to_fte", "to_continuous_from", "terms_after")
CHOICES: Final = {"class": CLASSES, "basis": BASES, "wish": WISHES}


@dataclass(frozen=True, slots=True)
class StaffLine:
    """A row of the list: an employment before, where it goes (None: unplaced), the offer, and when it was consulted."""

    employed: Employed
    placing: Placing | None
    basis: str
    offer: Offer
    consulted_on: date | None


def read_staff(name: str, content: bytes) -> list[StaffLine]:
    """Read a list of staff, a CSV or the filled workbook; FileError with row and field for the first bad cell."""
    titles, rows = read_sheet(name, content) if name.lower().endswith(".xlsx") else _read_csv(name, content)
    for column in COLUMNS:
        if column not in titles:
            raise FileError(name, f"expected the columns {', '.join(COLUMNS)}", "Add it.", line=1, field=column)
    if not rows:
        raise FileError(name, "expected at least one member of staff", "Give one row for each employment.")
    lines: list[StaffLine] = []
    seen: dict[str, int] = {}
    posts: dict[tuple[str, str], int] = {}
    for number, row in enumerate(rows, start=2):
        line = _Row(name, number, row).line()
        key = line.employed.employment
        if key in seen:
            raise FileError(
                name, f"C7: an employment stands in one row; this one is in row {seen[key]} too", "Leave one.",
                line=number, field="employment",
            )  # fmt: skip
        seen[key] = number
        if line.placing is not None:
            post = (line.placing.to_body, line.placing.to_post)
            if post in posts:
                raise FileError(
                    name, f"C7: a post is for one person; row {posts[post]} has this one too", "Give another post.",
                    line=number, field="to_post",
                )  # fmt: skip
            posts[post] = number
        lines.append(line)
    return lines


def _read_csv(name: str, content: bytes) -> tuple[list[str], list[dict[Any, Any]]]:
    try:
        reader = csv.DictReader(content.decode("utf-8-sig").splitlines(), strict=True)
        return list(reader.fieldnames or ()), list(reader)
    except (UnicodeDecodeError, csv.Error):
        raise FileError(name, "the file cannot be read", "Give a CSV file, UTF-8.") from None


def must_lose_nobody(name: str, lines: Iterable[StaffLine], known: Iterable[str], counted: Mapping[str, int]) -> None:
    """Raise FileError when a list lacks an employment that is known, or people whom a body said it employs (C7).

    `known` are the employments of the list before, without those who left; `counted` is {body: its people}.
    """
    every = list(lines)
    lost = set(known) - {one.employed.employment for one in every}
    if lost:
        raise FileError(
            name, f"C7: {len(lost)} of the employments that are known are not in this list",
            "Add them; who leaves is recorded as left, with the day and the reason.", field="employment",
        )  # fmt: skip
    heads = Counter(body for body, _person in {(one.employed.body, one.employed.person) for one in every})
    for body, number in sorted(counted.items()):
        if heads[body] != number:
            raise FileError(
                name, f"C7: {body} said that it employs {number} people; the list has {heads[body]}",
                "Complete the list, or let the body correct its count.", field="from_body",
            )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Row:
    """A row being read: its cells, and where it is for errors."""

    file: str
    number: int
    cells: Mapping[str, str | None]

    def line(self) -> StaffLine:
        if None in self.cells:
            raise self._wrong(COLUMNS[-1], f"expected {len(COLUMNS)} fields; there are more")
        for column in NEEDED:
            if not self._text(column):
                raise self._wrong(column, "expected a value; it is empty")
        basis, wish = self._choice("basis", "order"), self._choice("wish", "unknown")
        offer, consulted = Offer(wish, self._day("offer_valid_to")), self._day("consulted_on")
        employed = Employed(
            self._text("employment"), self._text("person"), self._text("from_body"), self._text("from_post"),
            self._fte("fte"), self._terms("terms_before"), self._must_day("continuous_from"),
            self._choice("class", "below_senior"),
        )  # fmt: skip
        given = [column for column in PLACE if self._text(column)]
        if not given:
            return StaffLine(employed, None, basis, offer, consulted)
        for column in PLACE:
            if column not in given:
                raise self._wrong(column, "expected a value, since a receiving body or post is named; it is empty")
        placing = Placing(
            employed.employment, self._text("to_body"), self._text("to_post"), self._fte("to_fte"),
            self._terms("terms_after"), self._must_day("to_continuous_from"), basis, offer, consulted,
        )  # fmt: skip
        return StaffLine(employed, placing, basis, offer, consulted)

    def _text(self, column: str) -> str:
        return (self.cells.get(column) or "").strip()

    def _wrong(self, column: str, expected: str) -> FileError:
        return FileError(self.file, expected, "Correct the cell.", line=self.number, field=column)

    def _choice(self, column: str, otherwise: str) -> str:
        given = self._text(column) or otherwise
        if given not in CHOICES[column]:
            raise self._wrong(column, f"expected one of {', '.join(CHOICES[column])}")
        return given

    def _fte(self, column: str) -> Decimal:
        try:
            fte = Decimal(self._text(column))
            if fte.is_finite() and 0 < fte <= 1 and fte == fte.quantize(Decimal("0.001")):
                return fte.quantize(Decimal("0.001"))
        except InvalidOperation:
            pass
        raise self._wrong(column, "C10: expected a full-time equivalent above 0 and up to 1, such as 0.6")

    def _must_day(self, column: str) -> date:
        found = self._day(column)
        if found is None:
            raise self._wrong(column, "expected a day such as 2022-07-01; it is empty")
        return found

    def _day(self, column: str) -> date | None:
        text = self._text(column)
        try:
            return date.fromisoformat(text) if text else None
        except ValueError:
            raise self._wrong(column, "expected a day that exists, such as 2022-07-01") from None

    def _terms(self, column: str) -> str:
        text = self._text(column)
        if len(text) == 64 and all(one in "0123456789abcdef" for one in text):
            return text
        try:
            terms = json.loads(text, parse_float=Decimal)
            if isinstance(terms, dict):
                return terms_hash(terms)
        except (ValueError, TermsError, RuleError):
            pass
        raise self._wrong(column, "C8: expected a hash of 64 hexadecimal figures, or the terms as a JSON object")
