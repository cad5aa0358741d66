"""Filled plan templates, read back: every cell that is not right is named, and nothing is taken in by halves."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from itertools import pairwise
from pathlib import Path
from typing import Any

from joinedup.errors import FileError, RuleError, did_you_mean
from joinedup.planning.plans.dated_codes import DatedCodes
from joinedup.planning.plans.filled_rows import Cell, CellFault, Reading
from joinedup.planning.plans.plan_lines import Code, check_lines
from joinedup.planning.plans.template_layout import (
    ABOUT,
    ABOUT_ROWS,
    CSV_COLUMNS,
    FIRST_ROW,
    SHEETS,
    TEMPLATE,
    TEMPLATE_VERSION,
    TemplateSheet,
    column_letter,
    period_title,
    periods,
    titles,
)
from joinedup.planning.plans.versions import SIDES, PlanVersion

BLANKS = ("error", "zero")
SHOWN_FAULTS = 20
LARGEST_FILE, LARGEST_UNPACKED = 64 * 2**20, 1024 * 2**20
_NUMBER = re.compile(r"-?\d+(\.\d+)?")


class TemplateError(FileError, RuleError):
    """A filled template that cannot be taken in. `cells` are all its faults, by sheet and cell; nothing was loaded."""

    def __init__(self, file: str, cells: Sequence[CellFault]) -> None:
        self.cells = tuple(cells)
        shown = "\n".join(f"- {one}" for one in self.cells[:SHOWN_FAULTS])
        more = len(self.cells) - SHOWN_FAULTS
        super().__init__(
            file,
            f"{len(self.cells)} cell{'s' * (len(self.cells) != 1)} cannot be read\n{shown}"
            + (f"\n… and {more} more" if more > 0 else ""),
            "Correct these cells and import the file again.",
        )


@dataclass(frozen=True, slots=True)
class _Page:
    """A sheet as it was read: the rows of cells below the names of the columns, numbered as the person sees them."""

    name: str
    head: tuple[Cell, ...]
    rows: tuple[tuple[int, tuple[Cell, ...]], ...]


def import_plan(
    path: Path | str,
    *,
    template: str,
    owner: Code,
    codes: DatedCodes,
    year: str | None = None,
    blank: str = "error",
    number: int = 1,
) -> PlanVersion:
    """Read a filled template (XLSX or CSV by its ending) as a draft of its owner's plan.

    `template` is the id of the template that is expected, `codes` what codes denote on each day, `year` the year that
    is expected (None: the file says). `blank` says what an empty cell of a row that is begun is: an "error" or "zero".

    TemplateError lists every fault by sheet and cell: another template, owner or year, missing sheets, columns moved or
    renamed, text or a formula where a number belongs, a code that is unknown or does not hold in the month, a measure
    or unit that is not the template's, a figure said twice. FileError for a file that is no such file at all.
    """
    if blank not in BLANKS:
        raise RuleError(f"M0.6: an empty cell is one of {', '.join(BLANKS)}; not '{blank}'.")
    path = Path(path)
    about, pages, faults = _read_csv(path) if path.suffix.lower() == ".csv" else _read_workbook(path)
    side, said_year = _check_about(about, template, owner, year, faults)
    if faults:
        raise TemplateError(path.name, faults)
    reading = Reading(codes, said_year, blank)
    for sheet in SHEETS:
        page = pages.get(sheet.kind)
        if page is None:
            hint = did_you_mean(sheet.title, [one.name for one in pages.values()])
            reading.fault(sheet.title, "A1", "no such sheet", f"the sheet '{sheet.title}'.{hint}", "Put it back.")
            continue
        names = titles(sheet, said_year)
        if page.head is not _CSV_HEAD and not _check_head(page, names, reading):
            continue
        for row, cells in page.rows:
            reading.row(sheet, page.name, row, cells)
    if reading.faults:
        raise TemplateError(path.name, reading.faults)
    lines = reading.lines()
    if reading.faults:
        raise TemplateError(path.name, reading.faults)
    check_lines(lines)
    return PlanVersion(owner, side, said_year, number, tuple(lines), template, TEMPLATE_VERSION)


def year_in(path: Path | str) -> str:
    """Answer the year that a filled template says it is for, "" when it says none; FileError when it is no template."""
    path = Path(path)
    about = (_read_csv(path) if path.suffix.lower() == ".csv" else _read_workbook(path))[0]
    return str(about.get("Year", ("", Cell()))[1].value or "")


_CSV_HEAD: tuple[Cell, ...] = (Cell("csv"),)  # stands for a head that was checked when the file was taken apart


def _check_about(
    about: dict[str, tuple[str, Cell]], template: str, owner: Code, year: str | None, faults: list[CellFault]
) -> tuple[str, str]:
    """Answer side and year; each thing that is not as expected becomes a fault of the page about the template."""
    expected = {"Template": template, "Template version": str(TEMPLATE_VERSION), "Owner": owner}
    if year is not None:
        expected["Year"] = year
    for name in ABOUT_ROWS:
        where, cell = about.get(name, ("A1", Cell()))
        said = str(cell.value if cell.value is not None else "").strip()
        if name in expected and said != expected[name]:
            faults.append(
                CellFault(ABOUT, where, f"'{said}'", f"{name} {expected[name]}", "Use the template of this plan.")
            )
    side = str(about.get("Side", ("", Cell()))[1].value or "")
    said_year = str(about.get("Year", ("", Cell()))[1].value or "")
    if side not in SIDES:
        faults.append(
            CellFault(ABOUT, about.get("Side", ("A1", Cell()))[0], f"'{side}'", " or ".join(SIDES), "Use the template.")
        )
    try:
        periods(said_year)
    except RuleError as error:
        faults.append(
            CellFault(ABOUT, about.get("Year", ("A1", Cell()))[0], f"'{said_year}'", str(error), "Use the template.")
        )
    if template != TEMPLATE:
        raise RuleError(f"There is no template '{template}'; known: {TEMPLATE}.")
    return side, said_year


def _check_head(page: _Page, names: Sequence[str], reading: Reading) -> bool:
    """Answer whether the columns are those of the template, in its order; a fault for each that is not."""
    given = [str(cell.value or "").strip() for cell in page.head]
    before = len(reading.faults)
    for index, name in enumerate(names):
        found = given[index] if index < len(given) else ""
        if found == name:
            continue
        cell = f"{column_letter(index)}1"
        if given.count(found) > 1 and given.index(found) < index and found:
            step = f"'{found}' stands in {column_letter(given.index(found))}1 already; a column may not come twice."
        elif name in given:
            step = f"'{name}' was moved to {column_letter(given.index(name))}1; put the columns back in order."
        else:
            step = f"Name the column '{name}' again.{did_you_mean(found, names)}"
        reading.fault(page.name, cell, f"'{found}'" if found else "nothing", f"the column '{name}'", step)
    for index, found in enumerate(given[len(names) :], start=len(names)):
        if found:
            step = "Remove it: the template has no such column."
            reading.fault(page.name, f"{column_letter(index)}1", f"'{found}'", "no more columns", step)
    return len(reading.faults) == before


# --- workbooks ------------------------------------------------------------------------------------------------------


def _read_workbook(path: Path) -> tuple[dict[str, tuple[str, Cell]], dict[str, _Page], list[CellFault]]:
    from openpyxl import load_workbook  # type: ignore[import-untyped]

    _check_size(path)
    try:
        book = load_workbook(path, read_only=True, data_only=False, keep_links=False)
    except Exception as error:  # openpyxl raises whatever its parsers do
        raise FileError(path.name, f"expected an XLSX workbook ({type(error).__name__})",
                        "Save it as .xlsx with a spreadsheet program, and import it again.") from None  # fmt: skip
    try:
        about = {}
        if ABOUT in book.sheetnames:
            for number, row in enumerate(book[ABOUT].iter_rows(max_col=2), start=1):
                cells = [_cell(one) for one in row]
                if cells and cells[0].value:
                    about[str(cells[0].value)] = (f"B{number}", cells[1] if len(cells) > 1 else Cell())
        pages = {}
        for sheet in SHEETS:
            if sheet.title in book.sheetnames:
                page = book[sheet.title]
                page.reset_dimensions()  # What the file says of its size may be wrong.
                rows = [(number, tuple(map(_cell, row))) for number, row in enumerate(page.iter_rows(), start=1)]
                head = rows[0][1] if rows else ()
                body = tuple((number, row) for number, row in rows[1:] if any(not one.is_blank for one in row))
                pages[sheet.kind] = _Page(sheet.title, head, body)
    finally:
        book.close()
    faults = []
    if not about:
        faults.append(CellFault(ABOUT, "A1", "no such sheet", f"the sheet '{ABOUT}'", "Use the template of this plan."))
    return about, pages, faults


def _cell(cell: Any) -> Cell:
    value = cell.value
    if value is None:
        return Cell()
    kind = cell.data_type
    if kind == "f":
        return Cell(str(getattr(value, "text", value)), "formula")
    if kind == "e":
        return Cell(str(value), "an error")
    if isinstance(value, bool):
        return Cell(str(value), "a yes or no")
    if isinstance(value, datetime | date):
        return Cell(value.isoformat()[:10], "a date")
    if isinstance(value, int):
        return Cell(value, "number")
    if isinstance(value, float):
        # A spreadsheet keeps and shows 15 significant digits: 0.1 + 0.2 is 0.3 there.
        return Cell(Decimal(format(value, ".15g")), "number")
    return Cell(str(value), "text")


def _check_size(path: Path) -> None:
    try:
        with zipfile.ZipFile(path) as packed:
            unpacked = sum(one.file_size for one in packed.infolist())
    except FileNotFoundError:
        raise FileError(path.name, "there is no such file", "Give the path of a filled template.") from None
    except (zipfile.BadZipFile, OSError):
        raise FileError(
            path.name, "expected an XLSX workbook or a CSV", "Save it as .xlsx and import it again."
        ) from None
    if path.stat().st_size > LARGEST_FILE or unpacked > LARGEST_UNPACKED:
        raise FileError(path.name, f"expected at most {LARGEST_FILE // 2**20} MB", "Send one plan in one file.")


# --- CSV ------------------------------------------------------------------------------------------------------------


def _read_csv(path: Path) -> tuple[dict[str, tuple[str, Cell]], dict[str, _Page], list[CellFault]]:
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise FileError(path.name, f"expected at most {LARGEST_FILE // 2**20} MB", "Send one plan in one file.")
        text = path.read_text(encoding="utf-8-sig")
        rows = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except FileNotFoundError:
        raise FileError(path.name, "there is no such file", "Give the path of a filled template.") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise FileError(path.name, f"expected CSV in UTF-8: {error}", "Save it as CSV UTF-8.") from None
    first = rows[0] if rows else []
    about = {
        name: (f"{column_letter(index + 1)}1", Cell(value, "text"))
        for index, (name, value) in enumerate(pairwise(first))
        if index % 2 == 0
    }
    faults: list[CellFault] = []
    year = str(about.get("Year", ("", Cell()))[1].value or "")
    try:
        names = (*CSV_COLUMNS, *map(period_title, periods(year)))
    except RuleError:
        return about, {}, faults  # The page about it says so.
    head = tuple(Cell(one, "text") for one in (rows[1] if len(rows) > 1 else []))
    checking = Reading(DatedCodes(()), year, "error")
    if not _check_head(_Page(path.name, head, ()), names, checking):
        return about, {}, [CellFault(one.sheet, one.cell[:-1] + "2", one.found, one.expected, one.next_step)
                           for one in checking.faults]  # fmt: skip
    bodies: dict[str, list[tuple[int, tuple[Cell, ...]]]] = {sheet.kind: [] for sheet in SHEETS}
    for number, row in _csv_rows(rows):
        said = row[0].strip().lower()
        if said not in bodies:
            hint = did_you_mean(said, bodies)
            faults.append(
                CellFault(path.name, f"A{number}", f"'{row[0]}'", f"one of {', '.join(bodies)}", f"Correct it.{hint}")
            )
            continue
        bodies[said].append((number, _of_kind(said, row, number)))
    pages = {kind: _Page(path.name, _CSV_HEAD, tuple(body)) for kind, body in bodies.items()}
    return about, pages, faults


def _csv_rows(rows: Sequence[Sequence[str]]) -> Iterator[tuple[int, Sequence[str]]]:
    for number, row in enumerate(rows[FIRST_ROW:], start=FIRST_ROW + 1):
        if any(cell.strip() for cell in row):
            yield number, row


def _of_kind(kind: str, row: Sequence[str], number: int) -> tuple[Cell, ...]:
    """Answer the cells of a CSV's row in the order of its kind's sheet, each with its own place in the file."""
    sheet: TemplateSheet = next(one for one in SHEETS if one.kind == kind)
    wanted = [CSV_COLUMNS.index(column.name) for column in sheet.columns]
    wanted += range(len(CSV_COLUMNS), max(len(row), len(CSV_COLUMNS) + 13))
    return tuple(
        _csv_cell(row[index] if index < len(row) else "", f"{column_letter(index)}{number}", index >= len(CSV_COLUMNS))
        for index in wanted
    )


def _csv_cell(text: str, where: str, is_figure: bool) -> Cell:
    text = text.strip()
    if not text:
        return Cell(None, "", where)
    if text[0] == "=":
        return Cell(text, "formula", where)
    if is_figure and _NUMBER.fullmatch(text):
        try:
            value = Decimal(text)
        except InvalidOperation:
            return Cell(text, "text", where)
        return Cell(int(value) if value == value.to_integral_value() else value, "number", where)
    return Cell(text, "text", where)
