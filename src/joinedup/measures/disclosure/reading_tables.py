"""Reading a file that an analyst made as a table of measures, where its columns say so: measure, area, month, counts.

A file that is not wholly understood is no such table: then only its maker can say whom it counts.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

from joinedup.measures.disclosure.shown_tables import ALL, Cell, ShownTable
from joinedup.measures.releases.columns import BLANK, FileColumn, columns_of, is_open, whole_in
from joinedup.measures.releases.files import ReleasedFile

_AREA: Final = ("area_code", "area code", "code", "area")
_GROUP: Final = ("band", "group")
_MONTH: Final = ("month", "period")
_NUMERATOR: Final = ("numerator", "count", "n", "people", "events")
_DENOMINATOR: Final = ("denominator", "population", "registered")
_IN_MONTH: Final = re.compile(r"(\d{4}-(?:0[1-9]|1[0-2]))(?:-\d{2})?")
_NOBODY_APART: Final = frozenset({"", ALL, "total"})


def table_in(
    file: ReleasedFile,
    mode: str,
    *,
    measures: Mapping[str, str],
    areas: Mapping[str, str],
    bands: Mapping[str, Sequence[str]],
    parts: Mapping[str, str],
) -> ShownTable | None:
    """Answer the file as a table of measures; None where a column, a row or a count of people is not understood.

    `measures` and `areas` give the id or code of each by every name in small letters; `bands` the breakdowns in which
    there is a group of a name; `parts` of which area each is a part.
    """
    columns = {column.title.casefold(): column for column in columns_of(file)}
    counted = {"numerator": _named(columns, _NUMERATOR), "denominator": _named(columns, _DENOMINATOR)}
    given = [column for column in counted.values() if column is not None]
    measure, month = _named(columns, ("measure",)), _named(columns, _MONTH)
    places = [columns[title] for title in _AREA if title in columns]
    people = [column for column in columns.values() if column.kind == "people"]
    if measure is None or month is None or not places or not given or any(one not in given for one in people):
        return None
    group, breakdown = _named(columns, _GROUP), columns.get("breakdown")
    cells: dict[Cell, int | None] = {}
    for at in range(len(file.rows)):
        of = measures.get(measure.cells[at].casefold())
        area = next((found for one in places if (found := areas.get(one.cells[at].casefold()))), None)
        in_month = _IN_MONTH.fullmatch(month.cells[at])
        band = group.cells[at] if group is not None else ""
        within = _breakdown(band, breakdown.cells[at] if breakdown is not None else "", bands)
        if of is None or area is None or in_month is None or within is None:
            return None
        for name, column in counted.items():
            if column is None or column.cells[at].casefold() in BLANK:
                continue
            count = whole_in(column.cells[at])
            cell = Cell(of, in_month[1], name, area, within, "" if within == ALL else band)
            if cell in cells or (count is None and is_open(column.cells[at])):
                return None
            cells[cell] = count
    return ShownTable(mode, cells, parts, is_ours=False)


def bands_in(breakdowns: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    """Answer of each group's name the breakdowns that have such a group, given the groups of each."""
    found: dict[str, list[str]] = {}
    for breakdown, bands in breakdowns.items():
        for band in bands:
            found.setdefault(band, []).append(breakdown)
    return found


def _named(columns: Mapping[str, FileColumn], titles: Sequence[str]) -> FileColumn | None:
    return next((columns[title] for title in titles if title in columns), None)


def _breakdown(band: str, said: str, bands: Mapping[str, Sequence[str]]) -> str | None:
    """Answer the breakdown of a group, where it is said or only one has a group of that name."""
    if band.casefold() in _NOBODY_APART:
        return ALL if said.casefold() in _NOBODY_APART else None
    there = bands.get(band, ())
    if said:
        return said if said in there else None
    return there[0] if len(there) == 1 else None
