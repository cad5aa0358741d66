"""The list of staff as a workbook: written empty, with what each column takes, and read back (rules: C7 to C10).

Cells are written as text, so that no spreadsheet turns a post or a day into something else; days that one did turn
into days are read as what they are.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from joinedup.errors import FileError

SHEET: Final = "Staff"
LARGEST_FILE, LARGEST_UNPACKED = 8 * 2**20, 64 * 2**20
# What each column takes, for whoever fills it.
TAKES: Final = {
    "employment": "The key of the employment in your payroll. Each once",
    "person": "The key of the person in joinedup. One person may have several employments",
    "from_body": "Code of the employer that closes, such as 06K",
    "from_post": "The post before",
    "fte": "How much of full time, above 0 and up to 1, such as 0.6",
    "class": "below_senior or senior_leader. Senior leaders need no receiving post",
    "continuous_from": "First day of continuous service, such as 2011-09-05",
    "terms_before": "The terms as a JSON object, or their hash of 64 figures. Only the hash is kept",
    "to_body": "Code of the receiving body. Empty: nobody has found a place yet",
    "to_post": "The receiving post, for one person",
    "to_fte": "How much of full time after the change",
    "to_continuous_from": "First day of continuous service as it will count after",
    "terms_after": "The terms after, as before or as their hash",
    "basis": "tupe, order or promise. Empty: order",
    "wish": "stay, leave or unknown. Empty: unknown",
    "offer_valid_to": "The last day of the offer, such as 2022-12-31. Empty: no offer",
    "consulted_on": "The day of the consultation. Empty: not yet",
}


def write_template(columns: Sequence[str], choices: Mapping[str, Sequence[str]], bodies: Mapping[str, str]) -> bytes:
    """Answer the workbook to fill: a sheet with the columns, one that says what each takes, and the bodies' codes.

    `choices` are columns with what may be chosen; `bodies` is {code: name and side} of those that close and receive.
    """
    import xlsxwriter  # type: ignore[import-untyped]

    file = io.BytesIO()
    with xlsxwriter.Workbook(file, {"in_memory": True, "strings_to_formulas": False}) as book:
        bold, text = book.add_format({"bold": True, "bg_color": "#d8dde0"}), book.add_format({"num_format": "@"})
        wrapped = book.add_format({"text_wrap": True, "valign": "top"})
        sheet = book.add_worksheet(SHEET)
        sheet.freeze_panes(1, 1)
        sheet.set_column(0, len(columns) - 1, 18, text)
        for place, column in enumerate(columns):
            sheet.write_string(0, place, column, bold)
            if column in choices:
                sheet.data_validation(1, place, 20_000, place, {"validate": "list", "source": list(choices[column])})
        told = book.add_worksheet("How to fill it")
        told.set_column(0, 0, 24)
        told.set_column(1, 1, 90, wrapped)
        told.write_string(0, 0, "Column", bold)
        told.write_string(0, 1, "What it takes", bold)
        for row, column in enumerate(columns, start=1):
            told.write_string(row, 0, column)
            told.write_string(row, 1, TAKES[column], wrapped)
        listed = book.add_worksheet("Bodies")
        listed.set_column(0, 1, 40)
        listed.write_string(0, 0, "Code", bold)
        listed.write_string(0, 1, "Body", bold)
        for row, (code, says) in enumerate(bodies.items(), start=1):
            listed.write_string(row, 0, code)
            listed.write_string(row, 1, says)
    return file.getvalue()


def read_sheet(name: str, content: bytes) -> tuple[list[str], list[dict[Any, Any]]]:
    """Answer the titles and rows of a filled workbook as texts; FileError for what is none, or too large.

    Rows that are wholly empty at the end are left out; an empty row between others is an empty row.
    """
    from openpyxl import load_workbook  # type: ignore[import-untyped]

    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            unpacked = sum(one.file_size for one in packed.infolist())
        if len(content) > LARGEST_FILE or unpacked > LARGEST_UNPACKED:
            raise FileError(name, f"expected at most {LARGEST_FILE // 2**20} MB", "Send one list in one file.")
        book = load_workbook(io.BytesIO(content), read_only=True, data_only=True, keep_links=False)
    except FileError:
        raise
    except Exception as error:  # the reader raises whatever its parsers do
        said = f"expected an XLSX workbook ({type(error).__name__})"
        raise FileError(name, said, "Save it as .xlsx with a spreadsheet program.") from None
    try:
        if SHEET not in book.sheetnames:
            raise FileError(name, f"expected a sheet '{SHEET}'", "Fill the template that joinedup writes.")
        sheet = book[SHEET]
        sheet.reset_dimensions()  # What the file says of its size may be wrong.
        every = [[_text(cell) for cell in row] for row in sheet.iter_rows(values_only=True)]
    finally:
        book.close()
    while every and not any(every[-1]):
        every.pop()
    titles = every[0] if every else []
    rows: list[dict[Any, Any]] = []
    for cells in every[1:]:
        row: dict[Any, Any] = dict(zip(titles, cells, strict=False))
        if any(cells[len(titles) :]):
            row[None] = cells[len(titles) :]
        rows.append(row)
    return titles, rows


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.date().isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float):  # A spreadsheet keeps 15 significant digits: 0.1 + 0.2 is 0.3 there.
        return f"{Decimal(format(value, '.15g')).normalize():f}"
    return str(value).strip()
