"""The layout in which plans are returned, as CSV and as a workbook (docs/reference/simulated-system.md).

A line about the plan, the names of the columns, a row for each thing: its keys, twelve months and the year. Money is in
pounds. The layout is written here from its description; nothing of whoever reads it is used.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from joinedup.simulation.plan_rows import PENCE, PRICE, Figure, Row, months_of, terms

CSV_KEYS: Final = ("Kind", "Commissioner", "Provider", "Place", "Service", "Point of delivery", "Profession", "Measure",
                   "Unit", "Part")  # fmt: skip
SHEETS: Final = {
    "activity": ("Commissioner", "Provider", "Place", "Service", "Point of delivery", "Unit"),
    "workforce": ("Provider", "Place", "Profession", "Measure", "Unit"),
    "finance": ("Commissioner", "Provider", "Place", "Service", "Point of delivery", "Measure", "Unit"),
    "performance": ("Commissioner", "Provider", "Place", "Service", "Measure", "Unit", "Part"),
}
_SHOWN: Final = {PENCE: "pounds", PRICE: "pounds a unit"}


def plan_csv(owner: str, side: str, rows: Iterable[Row], *, year: str = "") -> str:
    """Answer a return as CSV, of the planned year or of another."""
    year = year or terms()["year"]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([part for pair in _about(owner, side, year) for part in pair])
    writer.writerow([*CSV_KEYS, *_titles(year)])
    for row in rows:
        keys = _keys(row)
        writer.writerow([*(keys[name] for name in CSV_KEYS), *map(_text, _figures(row, year))])
    return out.getvalue()


def plan_workbook(owner: str, side: str, rows: Iterable[Row], note: str) -> bytes:
    """Answer a return as XLSX: a page to read, one about it, a sheet for each kind of row. Same rows, same bytes."""
    import xlsxwriter  # type: ignore[import-untyped]

    year = terms()["year"]
    file = io.BytesIO()
    book = xlsxwriter.Workbook(file, {"in_memory": True, "strings_to_numbers": False})
    book.set_properties({"title": f"Plan {year} of {owner} (simulated)", "created": datetime(2020, 1, 1)})  # noqa: DTZ001
    book.add_worksheet("Read me").write_string(0, 0, note)
    about = book.add_worksheet("About")
    for number, (name, value) in enumerate(_about(owner, side, year)):
        about.write_string(number, 0, name)
        about.write_string(number, 1, value)
    every = list(rows)
    for kind, columns in SHEETS.items():
        page = book.add_worksheet(kind.capitalize())
        page.write_row(0, 0, [*columns, *_titles(year)])
        for number, row in enumerate((row for row in every if row.kind == kind), start=1):
            keys = _keys(row)
            for column, name in enumerate(columns):
                page.write_string(number, column, keys[name])
            for column, figure in enumerate(_figures(row, year), start=len(columns)):
                if figure is not None:
                    page.write_number(number, column, float(figure))
    book.close()
    return file.getvalue()


def _about(owner: str, side: str, year: str) -> tuple[tuple[str, str], ...]:
    return (
        ("Template", "plan"),
        ("Template version", "1"),
        ("Owner", owner),
        ("Side", side),
        ("Year", year),
    )


def _titles(year: str) -> list[str]:
    return [*(f"{date.fromisoformat(month + '-01'):%b %Y}" for month in months_of(year)), f"Year {year}"]


def _keys(row: Row) -> dict[str, str]:
    is_staff = row.kind == "workforce"
    return {
        "Kind": row.kind, "Commissioner": row.commissioner, "Provider": row.provider, "Place": row.place,
        "Service": row.service, "Point of delivery": "" if is_staff else row.pod,
        "Profession": row.pod if is_staff else "", "Measure": "" if row.kind == "activity" else row.measure,
        "Unit": _SHOWN.get(row.unit, row.unit), "Part": row.part,
    }  # fmt: skip


def _figures(row: Row, year: str) -> list[Figure | None]:
    shown: list[Any] = [row.figures.get(period) for period in (*months_of(year), year)]
    if row.unit in _SHOWN:
        return [None if one is None else Decimal(one) / 100 for one in shown]
    return shown


def _text(figure: Figure | None) -> str:
    return "" if figure is None else format(figure, "f") if isinstance(figure, Decimal) else str(figure)
