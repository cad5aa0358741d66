"""Plan templates to fill: a workbook with a sheet for each kind of line, or a CSV; empty, or with lines filled in.

No cell holds a formula. Names of columns are locked, codes and measures are chosen from lists, money is in pounds.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from joinedup.errors import RuleError
from joinedup.planning.plans.dated_codes import DatedCodes
from joinedup.planning.plans.plan_lines import PENCE, PENCE_A_UNIT, Code, Number, PlanLine, check_lines
from joinedup.planning.plans.template_layout import (
    ABOUT,
    ABOUT_ROWS,
    CODES,
    CSV_COLUMNS,
    DENOMINATOR,
    NUMERATOR,
    READ_ME,
    SHEETS,
    SHOWN_UNITS,
    TEMPLATE,
    TEMPLATE_VERSION,
    TemplateSheet,
    period_title,
    periods,
    titles,
    year_span,
)
from joinedup.planning.plans.versions import SIDES, plain

LAST_ROW = 20_000  # as far down as cells offer their lists
_LISTS = (
    ("Commissioner", "commissioner"),
    ("Provider", "provider"),
    ("Place", "place"),
    ("Service", "service"),
    ("Point of delivery", "pod"),
    ("Profession", "profession"),
)
HOW_TO_FILL = (
    "One row says how much of one thing in each month. Fill the months, or the column of the whole year; not both.",
    "A row may be left empty. In a row that is begun, every month needs a figure: 0 is a figure, an empty cell is not.",
    "Figures are numbers: no formulas, no text, no thousands separators. Money is in pounds, such as 1234.56.",
    "A percentage has two rows: its numerator and its denominator, so that joinedup can add places and months up.",
    "Do not move, rename, add or remove columns or sheets. Codes and measures are those of the lists.",
    "Send it back to whoever sent it. joinedup names every cell that it cannot read, and takes in all or nothing.",
)


def plan_workbook(owner: Code, side: str, year: str, codes: DatedCodes, lines: Sequence[PlanLine] = ()) -> bytes:
    """Answer an XLSX template of a year for one body on one side, with the lines filled in that are given.

    LineError, DuplicateLine for lines that cannot be; RuleError for lines of another year or kind of measure.
    """
    import xlsxwriter  # type: ignore[import-untyped]

    _check(side, year, lines)
    file = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    book = xlsxwriter.Workbook(file, options)
    book.set_properties({"title": f"Plan {year} of {owner}", "created": datetime(2020, 1, 1)})  # noqa: DTZ001
    bold = book.add_format({"bold": True, "text_wrap": True, "valign": "top", "bg_color": "#D8DDE0", "locked": True})
    open_text = book.add_format({"locked": False, "num_format": "@"})
    open_count = book.add_format({"locked": False, "num_format": "#,##0.###"})
    open_money = book.add_format({"locked": False, "num_format": "£#,##0.00"})
    wrapped = book.add_format({"text_wrap": True, "valign": "top"})

    read_me = book.add_worksheet(READ_ME)
    read_me.set_column(0, 0, 110)
    read_me.write_string(0, 0, f"Plan for {year}: {owner}, as the {side}", bold)
    for row, sentence in enumerate(HOW_TO_FILL, start=1):
        read_me.write_string(row, 0, sentence, wrapped)
    read_me.protect()
    about = book.add_worksheet(ABOUT)
    for row, (name, value) in enumerate(zip(ABOUT_ROWS, _about(owner, side, year), strict=True)):
        about.write_string(row, 0, name, bold)
        about.write_string(row, 1, value)
    about.set_column(0, 1, 24)
    about.protect()

    lists: dict[str, str] = {}
    sheets = [book.add_worksheet(sheet.title) for sheet in SHEETS]
    listed = book.add_worksheet(CODES)
    for column, (title, kind) in enumerate(_LISTS):
        offered = codes.between(kind, *year_span(year))
        listed.write_row(0, 2 * column, [title, "Name"], bold)
        for row, (code, name) in enumerate(offered.items(), start=1):
            listed.write_string(row, 2 * column, code)
            listed.write_string(row, 2 * column + 1, name)
        letter = chr(65 + 2 * column)
        lists[kind] = f"={CODES}!${letter}$2:${letter}${len(offered) + 1}" if offered else ""
    listed.freeze_panes(1, 0)
    listed.protect()
    for page, sheet in zip(sheets, SHEETS, strict=True):
        _lay_out(page, sheet, year, bold, open_text, open_money if sheet.kind == "finance" else open_count, lists)
        for row, cells in enumerate(_rows(sheet, year, lines), start=1):
            for column, cell in enumerate(cells):
                if cell is None:
                    continue
                if isinstance(cell, str):
                    page.write_string(row, column, cell, open_text)
                else:
                    page.write_number(row, column, float(cell), open_money if sheet.kind == "finance" else open_count)
    sheets[0].activate()
    book.close()
    return file.getvalue()


def plan_csv(owner: Code, side: str, year: str, lines: Sequence[PlanLine] = ()) -> str:
    """Answer a CSV template: one line about it, the names of the columns, a row for each figure's months."""
    _check(side, year, lines)
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([part for pair in zip(ABOUT_ROWS, _about(owner, side, year), strict=True) for part in pair])
    writer.writerow([*CSV_COLUMNS, *map(period_title, periods(year))])
    for sheet in SHEETS:
        names = [column.name for column in sheet.columns]
        for cells in _rows(sheet, year, lines):
            keys = dict(zip(names, cells, strict=False)) | {"Kind": sheet.kind}
            figures = ["" if cell is None else plain(cell) for cell in cells[len(names) :]]
            writer.writerow([*(keys.get(name) or "" for name in CSV_COLUMNS), *figures])
    return out.getvalue()


def _lay_out(
    page: Any, sheet: TemplateSheet, year: str, bold: Any, text: Any, figure: Any, lists: dict[str, str]
) -> None:
    from joinedup.planning.plans.plan_lines import points_of_delivery

    keys = len(sheet.columns)
    names = titles(sheet, year)
    page.set_column(0, keys - 1, 16, text)
    page.set_column(keys, len(names) - 1, 14, figure)
    page.write_row(0, 0, names, bold)
    page.set_row(0, 32)
    page.freeze_panes(1, keys)
    units = {one.unit for one in points_of_delivery()} if sheet.kind == "activity" else set(sheet.measures.values())
    for index, column in enumerate(sheet.columns):
        source: Any = {
            "measure": sorted(sheet.measures),
            "unit": sorted(SHOWN_UNITS.get(unit, unit) for unit in units),
            "part": [NUMERATOR, DENOMINATOR],
        }.get(column.field) or lists.get(column.codes)
        if source:
            rule = {"validate": "list", "source": source, "ignore_blank": True, "error_title": "Not in the list",
                    "error_message": f"Choose a {column.name.lower()} from the list."}  # fmt: skip
            page.data_validation(1, index, LAST_ROW, index, rule)
    least = -(10**15) if sheet.kind == "finance" else 0
    page.data_validation(1, keys, LAST_ROW, len(names) - 1, {
        "validate": "decimal", "criteria": "between", "minimum": least, "maximum": 10**15,
        "error_title": "Not a figure", "error_message": "Fill in a number.",
    })  # fmt: skip
    page.protect("", {"format_columns": True, "sort": True, "autofilter": True, "insert_rows": True})


def _rows(sheet: TemplateSheet, year: str, lines: Iterable[PlanLine]) -> list[list[Any]]:
    """Answer the rows of a sheet: texts of the key columns, then a number or None for each period."""
    order = periods(year)
    found: dict[tuple[str, ...], dict[str, Number]] = {}
    for line in lines:
        if line.kind != sheet.kind:
            continue
        for part, value in ((NUMERATOR, line.value), (DENOMINATOR, line.of)) if line.is_rate else (("", line.value),):
            assert value is not None
            said = {"unit": SHOWN_UNITS.get(line.unit, line.unit), "part": part}
            key = tuple(said.get(column.field) or getattr(line, column.field, "") for column in sheet.columns)
            shown = Decimal(value) / 100 if line.unit in (PENCE, PENCE_A_UNIT) else value
            found.setdefault(key, {})[line.period] = shown
    return [[*(one or None for one in key), *(held.get(one) for one in order)] for key, held in found.items()]


def _about(owner: Code, side: str, year: str) -> tuple[str, ...]:
    return TEMPLATE, str(TEMPLATE_VERSION), owner, side, year


def _check(side: str, year: str, lines: Sequence[PlanLine]) -> None:
    if side not in SIDES:
        raise RuleError(f"MD3: a plan is of the {' or the '.join(SIDES)}, not of the '{side}'.")
    check_lines(lines)
    known = set(periods(year))
    for line in lines:
        if line.period not in known:
            raise RuleError(f"MD1: a line is of {line.period}; this template is for {year}.")
        if line.kind != "activity" and line.measure not in next(s for s in SHEETS if s.kind == line.kind).measures:
            raise RuleError(f"MD1: the template of {line.kind} has no measure '{line.measure}'.")
