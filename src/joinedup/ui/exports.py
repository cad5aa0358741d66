"""Tables as files: CSV and XLSX whose cells are what they say, with a manifest that proves they are whole.

Two traps are closed here. A spreadsheet runs text that begins with = + - or @ as a formula, so in CSV such text gets a
leading apostrophe, and in XLSX every cell is written with its type. And a stream that breaks off looks like a short
file, so a CSV is only whole when its last line says "complete", with the number of rows and the SHA-256 of the titles
and rows. The manifest stands after the rows, as lines that begin with #: no row begins so, because text is quoted.
"""

from __future__ import annotations

import csv
import hashlib
import io
import math
import re
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import IO, Any

from joinedup.moment import LONDON, Moment
from joinedup.ui.dates import day, instant
from joinedup.ui.tables import Column, Row, Table

MAX_CELL = 32_767  # characters that one cell of a workbook may hold
MAX_EXACT_INTEGER = 2**53  # a workbook's numbers are floating point
SHEET_NAME = 31
NOTES = "Notes"
_RISKY = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where an exported table was shown: the page, its address and the moment for which it was asked."""

    page: str
    as_of: Moment
    address: str = ""


@dataclass(frozen=True, slots=True)
class Export:
    """One table to take away: its rows as filtered and sorted, and a sentence on the filter."""

    table: Table
    rows: Sequence[Row]
    filtered_by: str = ""


def csv_lines(export: Export, provenance: Provenance) -> Iterator[str]:
    """Yield a CSV: the titles, a line for each row, then the manifest; UTF-8, with lines that end in CR LF.

    Text stands in quotation marks and numbers do not, days are 2022-07-01, instants carry their zone, money is in
    pounds. When a row fails, the last line says so and the error goes on, so that the transfer does not end well.
    """
    digest = hashlib.sha256()
    lines = size = 0
    try:
        for line in _data_lines(export.table.file_columns, export.rows):
            data = line.encode("utf-8", "replace")
            digest.update(data)
            lines += 1
            size += len(data)
            yield line
    except Exception:
        yield f"# broken off after {max(lines - 1, 0)} rows: do not use this file, download it again\r\n"
        raise
    for name, text in manifest(export, provenance):
        yield f"# {name}: {' '.join(text.split())}\r\n"
    yield f"# complete: {lines - 1} rows; SHA-256 of the first {size} bytes: {digest.hexdigest()}\r\n"


def digest_of(columns: Sequence[Column], rows: Iterable[Row]) -> str:
    """Answer the SHA-256 of the titles and rows as CSV, by which a CSV and a workbook of one table can be compared."""
    digest = hashlib.sha256()
    for line in _data_lines(columns, rows):
        digest.update(line.encode("utf-8", "replace"))
    return digest.hexdigest()


def manifest(export: Export, provenance: Provenance) -> list[tuple[str, str]]:
    """Answer what a file says about itself, as (name, text) in the order of reading."""
    moment = provenance.as_of
    lines = [
        ("table", export.table.caption),
        ("page", provenance.page),
        ("address", provenance.address),
        ("source", export.table.source or "joinedup"),
        ("as of", f"{moment.valid_on.isoformat()} ({day(moment.valid_on)})"),
        ("by what was known at", f"{moment.known_at.astimezone(LONDON).isoformat()} ({instant(moment.known_at)})"),
        ("filtered by", export.filtered_by),
        *(("note", note) for note in (*export.table.notes, *export.table.file_notes)),
        *((f"column {column.title}", column.note) for column in export.table.file_columns if column.note),
    ]
    return [(name, text) for name, text in lines if text]


def workbook(exports: Sequence[Export], provenance: Provenance) -> IO[bytes]:
    """Answer an XLSX as an open temporary file at its beginning: a sheet for each table and a sheet of notes.

    The first row of a sheet is frozen. No cell is a formula or a link. Days before 1900 and whole numbers that a
    spreadsheet would round are written as text. Memory does not grow with the number of rows.
    """
    import xlsxwriter  # type: ignore[import-untyped]  # Loaded only when somebody takes a workbook away.

    file: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115  # the caller streams it and closes it
    book = xlsxwriter.Workbook(
        file,
        {
            "constant_memory": True,
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
            "default_date_format": "d mmmm yyyy",
        },
    )
    # The same table gives the same bytes, whenever it is downloaded.
    book.set_properties({"title": provenance.page, "created": datetime(2020, 1, 1)})  # noqa: DTZ001
    formats = {
        "head": book.add_format({"bold": True, "text_wrap": True, "valign": "top"}),
        "day": book.add_format({"num_format": "d mmmm yyyy", "align": "left"}),
        "instant": book.add_format({"num_format": "d mmmm yyyy hh:mm", "align": "left"}),
        "pence": book.add_format({"num_format": "£#,##0.00;[Red]-£#,##0.00"}),
        "wrap": book.add_format({"text_wrap": True, "valign": "top"}),
    }
    notes: list[tuple[str, str]] = []
    names = sheet_names([export.table.caption for export in exports])
    for export, name in zip(exports, names, strict=True):
        columns = export.table.file_columns
        sheet = book.add_worksheet(name)
        sheet.freeze_panes(1, 0)
        for place, column in enumerate(columns):
            sheet.set_column(place, place, _width(column, export.rows))
            sheet.write_string(0, place, _title(column), formats["head"])
        shortened = 0
        for number, row in enumerate(export.rows, start=1):
            for place, column in enumerate(columns):
                mark = column.mark(row)
                shortened += _write(sheet, number, place, row.get(column.key), column, formats, mark)
        if len(export.rows):
            sheet.autofilter(0, 0, len(export.rows), len(columns) - 1)
        notes += [("sheet", name), *manifest(export, provenance)]
        notes += [
            ("rows", str(len(export.rows))),
            ("SHA-256 of the table as CSV", digest_of(columns, export.rows)),
        ]
        if shortened:
            notes.append(("shortened", f"{shortened} cells were longer than {MAX_CELL} characters and were cut"))
        notes.append(("", ""))
    sheet = book.add_worksheet(NOTES)
    sheet.set_column(0, 0, 30)
    sheet.set_column(1, 1, 100)
    for number, (name, text) in enumerate(notes):
        sheet.write_string(number, 0, name, formats["head"])
        sheet.write_string(number, 1, text[:MAX_CELL], formats["wrap"])
    book.close()
    file.seek(0)
    return file


def sheet_names(captions: Iterable[str]) -> list[str]:
    """Answer names a workbook accepts: at most 31 characters, none of []:*?/\\ and no two alike whatever their case."""
    names: list[str] = []
    # "Notes" is ours; "History" is a name that spreadsheets keep for themselves.
    taken = {NOTES.casefold(), "history"}
    for caption in captions:
        plain = re.sub(r"[\x00-\x1f\[\]:*?/\\]+", " ", caption)
        plain = " ".join(plain.split()).strip("' ") or "Table"
        name, number = plain[:SHEET_NAME].strip("' "), 1
        while name.casefold() in taken:
            number += 1
            name = f"{plain[: SHEET_NAME - len(str(number)) - 1].rstrip()} {number}"
        taken.add(name.casefold())
        names.append(name)
    return names


def csv_text(text: str) -> str:
    """Answer a text that no spreadsheet runs: one that begins like a formula gets an apostrophe before it."""
    return f"'{text}" if text.startswith(_RISKY) else text


def _data_lines(columns: Sequence[Column], rows: Iterable[Row]) -> Iterator[str]:
    yield _line([csv_text(_title(column)) for column in columns])
    for row in rows:
        yield _line([_csv_cell(row.get(column.key), column) for column in columns])


def _line(cells: Sequence[Any]) -> str:
    out = io.StringIO()
    csv.writer(out, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\r\n").writerow(cells)
    return out.getvalue()


def _title(column: Column) -> str:
    return f"{column.title} (£)" if column.kind == "pence" and "£" not in column.title else column.title


def _csv_cell(value: Any, column: Column) -> Any:
    if _is_blank(value):
        return ""
    if column.kind == "pence":
        return Decimal(int(value)).scaleb(-2)
    if isinstance(value, bool):
        return "Yes" if value else "No"
    if isinstance(value, int | float):
        return value
    if isinstance(value, Decimal):
        return Decimal(f"{value:f}")
    if isinstance(value, datetime):
        return value.astimezone(LONDON).isoformat() if value.tzinfo else value.isoformat()
    if isinstance(value, date):
        return value.isoformat()
    return csv_text(str(value))


def _is_blank(value: Any) -> bool:
    return value is None or (isinstance(value, float | Decimal) and not math.isfinite(value))


def _write(
    sheet: Any, row: int, place: int, value: Any, column: Column, formats: dict[str, Any], mark: str = ""
) -> int:
    """Write one cell with its type, or its mark where it has no value; answers 1 when its text had to be cut."""
    if _is_blank(value):
        if mark:
            sheet.write_string(row, place, mark)
        return 0
    if column.kind == "pence":
        sheet.write_number(row, place, int(value) / 100, formats["pence"])
    elif isinstance(value, bool):
        sheet.write_string(row, place, "Yes" if value else "No")
    elif isinstance(value, int | float | Decimal) and -MAX_EXACT_INTEGER <= value <= MAX_EXACT_INTEGER:
        sheet.write_number(row, place, value)
    elif isinstance(value, datetime):
        local = value.astimezone(LONDON).replace(tzinfo=None) if value.tzinfo else value
        if local.year < 1900:
            sheet.write_string(row, place, local.isoformat())
        else:
            sheet.write_datetime(row, place, local, formats["instant"])
    elif isinstance(value, date):
        if value.year < 1900:
            sheet.write_string(row, place, value.isoformat())
        else:
            sheet.write_datetime(row, place, value, formats["day"])
    else:
        text = str(value)
        sheet.write_string(row, place, text[:MAX_CELL])
        return int(len(text) > MAX_CELL)
    return 0


def _width(column: Column, rows: Sequence[Row]) -> float:
    longest = max([len(column.title), *(len(column.shown(row)) for row in rows[:200])])
    return min(max(longest + 2, 8), 60)
