"""The rows of a roster as a partner sends them: each a person in post, a post, or a group of either (rule MD2).

A row with `left` is of people who have left within the twelve months to the roster's month: they are leavers and not
in post. A row without people is a vacant post, which bank and agency may cover. Nobody is named: there is no number of
an employee, and of days only the month, since a day of joining would point to a person.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from joinedup.errors import did_you_mean
from joinedup.planning.plans.dated_codes import DatedCodes
from joinedup.planning.plans.plan_lines import Code, first_day
from joinedup.planning.return_rows import Cells, ReturnError, RowFault, lines_of

COLUMNS = ("month", "partner", "place", "site", "profession", "staff_group", "grade", "establishment_wte",
           "in_post_wte", "bank_wte", "agency_wte", "headcount", "joined", "left", "skills")  # fmt: skip
MONTHS = 12  # of joiners and leavers
# More WTE a person than anybody works: hours or sessions were given in the place of WTE.
MOST_WTE = 2


class RosterError(ReturnError):
    """A roster that could not be taken in; `faults` has each line and field. Nothing of it was kept."""


class RosterRow(NamedTuple):
    """A person, a post, or a group of them; months are first days. `left` rows are people who are gone."""

    place: Code
    site: str
    profession: Code
    staff_group: str
    grade: str
    establishment: Decimal
    in_post: Decimal
    bank: Decimal
    agency: Decimal
    headcount: int
    joined: date | None
    left: date | None
    skills: str  # codes between semicolons, sorted; "" for none

    @property
    def is_in_post(self) -> bool:
        return self.left is None


@dataclass(frozen=True, slots=True)
class RosterReturn:
    """The rows of one partner at the end of one month, as one or more files hold them."""

    partner: Code
    month: str
    rows: tuple[RosterRow, ...]

    @property
    def headcount(self) -> int:
        return sum(row.headcount for row in self.rows if row.is_in_post)

    @property
    def content_hash(self) -> str:
        """A digest of the rows, whatever their order."""
        said = sorted("\x1f".join("" if cell is None else str(cell) for cell in row) for row in self.rows)
        return hashlib.sha256("\n".join([self.partner, self.month, *said]).encode()).hexdigest()


def first_of_window(month: str) -> date:
    """Answer the first of the twelve months that end with this one, as its first day."""
    day = first_day(month)
    return date(day.year - 1 + day.month // MONTHS, day.month % MONTHS + 1, 1)


def read_roster(
    file: str, content: bytes, *, codes_of: Callable[[str], DatedCodes], sectors: Collection[Code],
    skills: Collection[Code],
) -> list[RosterReturn]:  # fmt: skip
    """Answer the rosters in a CSV file by partner and month, sorted.

    `codes_of` answers, for a month, the codes that a roster may name: `provider` and `commissioner` for partners,
    `place`, `profession`. A partner that is no body is a sector, and each of its rows has a place. RosterError names
    every line and field that cannot be; then nothing is answered.
    """
    faults: list[RowFault] = []
    found: dict[tuple[Code, str], list[RosterRow]] = {}
    check = _Checks(codes_of, sectors, skills)
    try:
        for cells in lines_of(file, content, COLUMNS, faults):
            before = len(faults)
            month = cells.month("month")
            if not month:
                if len(faults) == before:
                    cells.wrong("month", "the month at whose end this is so, such as 2026-10")
                continue
            row = check.row(cells, month)
            if len(faults) == before:
                found.setdefault((cells.text("partner"), month), []).append(row)
    except ReturnError as error:
        raise RosterError(file, error.faults) from None
    if not faults and not found:
        faults = [RowFault(1, "the file", "a header without lines", "at least one line")]
    if faults:
        raise RosterError(file, faults)
    return [RosterReturn(partner, month, tuple(rows)) for (partner, month), rows in sorted(found.items())]


class _Checks:
    """What each row is checked against; the same answers come again and again, so they are kept."""

    def __init__(
        self, codes_of: Callable[[str], DatedCodes], sectors: Collection[Code], skills: Collection[Code]
    ) -> None:
        self.codes_of, self.sectors, self.skills = codes_of, sectors, skills
        self._said: dict[tuple[str, str, str], str] = {}
        self._skills: dict[str, tuple[str, str]] = {}

    def row(self, cells: Cells, month: str) -> RosterRow:
        before = len(cells.faults)
        for field in ("partner", "place", "profession"):
            if why := self._why_not(field, cells.text(field), month):
                cells.wrong(field, why)
        if cells.text("partner") in self.sectors and not cells.text("place"):
            cells.wrong("place", "a place: the rows of a sector have one, since no body says where its people work")
        joined, left = (first_day(text) if (text := cells.month(name)) else None for name in ("joined", "left"))
        wte = [cells.number(f"{name}_wte") for name in ("establishment", "in_post", "bank", "agency")]
        people = cells.count("headcount")
        self._dates(cells, month, joined, left)
        if len(cells.faults) == before:  # A cell that cannot be read says nothing about the others.
            self._staff(cells, wte, people, left)
        return RosterRow(
            cells.text("place"), cells.text("site"), cells.text("profession"), cells.text("staff_group"),
            cells.text("grade"), wte[0], wte[1], wte[2], wte[3], people, joined, left, self._skilled(cells),
        )  # fmt: skip

    def _why_not(self, field: str, code: str, month: str) -> str:
        asked = (field, code, month)
        if asked not in self._said:
            self._said[asked] = self._reason(field, code, month)
        return self._said[asked]

    def _reason(self, field: str, code: str, month: str) -> str:
        codes, day = self.codes_of(month), first_day(month)
        if field != "partner":
            if not code and field == "place":
                return ""
            why = codes.why_not(field, code, day)
            return f"a {field} of {month}: {why}" if why else ""
        if code in self.sectors or codes.holds("provider", code, day) or codes.holds("commissioner", code, day):
            return ""
        why = codes.why_not("provider", code, day)
        near = did_you_mean(code, self.sectors)
        return f"the code of a body in {month}, or a sector ({', '.join(sorted(self.sectors))}): {why}{near}"

    @staticmethod
    def _dates(cells: Cells, month: str, joined: date | None, left: date | None) -> None:
        last = first_day(month)
        if joined and joined > last:
            cells.wrong("joined", f"a month up to {month}")
        if left and not first_of_window(month) <= left <= last:
            cells.wrong("left", f"a month from {first_of_window(month):%Y-%m} to {month}; leave earlier leavers out")
        elif joined and left and joined > left:
            cells.wrong("left", f"a month not before {joined:%Y-%m}, in which they joined")

    @staticmethod
    def _staff(cells: Cells, wte: Sequence[Decimal], people: int, left: date | None) -> None:
        establishment, in_post, bank, agency = wte
        if in_post > MOST_WTE * people:
            cells.wrong("in_post_wte", f"at most {MOST_WTE} WTE for each of the {people} people; are these hours?")
        if left and (establishment or bank or agency):
            cells.wrong("left", "an empty cell, or a row without establishment, bank and agency: who left has no post")
        if left and not people:
            cells.wrong("headcount", "how many left")
        if not (people or establishment or bank or agency):
            cells.wrong("headcount", "people, a post, bank or agency; a row without any says nothing")

    def _skilled(self, cells: Cells) -> str:
        text = cells.text("skills")
        if text not in self._skills:
            given = sorted({one.strip() for one in text.split(";") if one.strip()})
            strange = [one for one in given if one not in self.skills]
            why = f"skills between semicolons; '{strange[0]}' is none.{did_you_mean(strange[0], self.skills)}" if (
                strange) else ""  # fmt: skip
            self._skills[text] = (";".join(given), why)
        skills, why = self._skills[text]
        if why:
            cells.wrong("skills", why)
        return skills


def joined_up(files: Iterable[tuple[str, list[RosterReturn]]]) -> list[RosterReturn]:
    """Answer the rosters of several files; RosterError when two files hold the same partner's month."""
    seen: dict[tuple[Code, str], str] = {}
    found = []
    for file, returns in files:
        for one in returns:
            if before := seen.get((one.partner, one.month)):
                raise RosterError(file, [RowFault(1, "partner", f"{one.partner} in {one.month}, which is in {before}",
                                                  "a partner's month in one file only")])  # fmt: skip
            seen[one.partner, one.month] = file
            found.append(one)
    return found
