"""Small CSV files that people bring to an allocation: baselines, memberships, a council's budget, a crosswalk."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

from joinedup.errors import FileError
from joinedup.money.allocation.capitation import Leaf
from joinedup.money.allocation.denominators import Crosswalk
from joinedup.system import published

MEND = "Correct the file and try again."


def read_amounts(path: Path, code: str) -> dict[str, int]:
    """Read a CSV of `code,pence`: baselines by unit, or a budget by small area. FileError names line and field."""
    found: dict[str, int] = {}
    for line, row in _rows(path, code, "pence"):
        if row[code] in found:
            raise FileError(path.name, f"'{row[code]}' stands here twice.", MEND, line=line, field=code)
        found[row[code]] = published.whole(path, line, "pence", row["pence"])
    return found


def read_memberships(path: Path) -> list[Leaf]:
    """Read a CSV of `practice,neighbourhood,place,system,from,to`: where practices belong, from when until when.

    An empty `to` is until further notice. Weights are those of the table, so these leaves have none yet.
    """
    found = []
    for line, row in _rows(path, "practice", "neighbourhood", "place", "system", "from", "to"):
        start, to = _span(path, line, row)
        found.append(Leaf((row["system"], row["place"], row["neighbourhood"], row["practice"]), 0, start, to))
    return found


def read_crosswalks(path: Path) -> list[Crosswalk]:
    """Read a CSV of `practice,small_area,patients,from,to` into a crosswalk for each of its periods."""
    periods: dict[tuple[date, date | None], dict[str, dict[str, int]]] = {}
    for line, row in _rows(path, "practice", "small_area", "patients", "from", "to"):
        areas = periods.setdefault(_span(path, line, row), {}).setdefault(row["practice"], {})
        if row["small_area"] in areas:
            said = f"{row['practice']} and {row['small_area']} stand here twice."
            raise FileError(path.name, said, MEND, line=line, field="small_area")
        areas[row["small_area"]] = published.whole(path, line, "patients", row["patients"])
    return [Crosswalk(patients, start, to, path.name) for (start, to), patients in periods.items()]


def _rows(path: Path, *columns: str) -> Iterator[tuple[int, dict[str, str]]]:
    if not path.is_file():
        raise FileError(path.name, "there is no such file.", f"Give a CSV with the columns {', '.join(columns)}.")
    for line, row in published.rows(path, *columns, may_have_bom=True):
        for column in columns:
            if not row[column] and column != "to":
                raise FileError(path.name, "it is blank.", MEND, line=line, field=column)
        yield line, row


def _span(path: Path, line: int, row: dict[str, str]) -> tuple[date, date | None]:
    start = published.day(path, line, "from", row["from"])
    to = published.day(path, line, "to", row["to"]) if row["to"] else None
    if to is not None and to <= start:
        raise FileError(path.name, f"it ends on {to}, not after {start}.", MEND, line=line, field="to")
    return start, to
