"""Codes with the days on which they hold: the bodies, places, services and professions that a plan may name."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from joinedup.errors import RuleError, did_you_mean
from joinedup.planning.plans.plan_lines import Code, points_of_delivery

OWN = Path(__file__).with_name("codes.toml")
KINDS = ("commissioner", "provider", "place", "service", "profession", "pod")


class DatedCode(NamedTuple):
    """A code of a kind and what it denotes on the days [valid_from, valid_to)."""

    kind: str
    code: Code
    name: str
    valid_from: date
    valid_to: date | None = None


class DatedCodes:
    """What codes denote, asked for a day."""

    def __init__(self, rows: Iterable[DatedCode]) -> None:
        self._rows: dict[tuple[str, Code], list[DatedCode]] = {}
        self._said: dict[tuple[str, Code, date], str] = {}
        self._between: dict[tuple[str, date, date], dict[Code, str]] = {}
        for row in rows:
            if row.kind not in KINDS:
                raise RuleError(f"MD1: '{row.kind}' is no kind of code; expected one of {', '.join(KINDS)}.")
            self._rows.setdefault((row.kind, row.code), []).append(row)

    def __iter__(self) -> Iterator[DatedCode]:
        return iter([row for rows in self._rows.values() for row in rows])

    def holds(self, kind: str, code: Code, on: date) -> bool:
        """Answer whether a code denotes something on a day."""
        return any(row.valid_from <= on < (row.valid_to or date.max) for row in self._rows.get((kind, code), ()))

    def between(self, kind: str, start: date, end: date) -> dict[Code, str]:
        """Answer code -> name of what holds on any day of [start, end), in the order of the codes."""
        asked = (kind, start, end)
        if asked not in self._between:
            self._between[asked] = self._holding(kind, start, end)
        return self._between[asked]

    def _holding(self, kind: str, start: date, end: date) -> dict[Code, str]:
        return {
            row.code: row.name
            for row in sorted(self, key=lambda row: row[:4])
            if row.kind == kind and row.valid_from < end and (row.valid_to or date.max) > start
        }

    def why_not(self, kind: str, code: Code, on: date) -> str:
        """Answer "" when a code holds on a day, and else why it does not, with the nearest that does."""
        asked = (kind, code, on)
        if asked not in self._said:  # A plan asks the same for every one of its cells.
            self._said[asked] = self._reason(kind, code, on)
        return self._said[asked]

    def _reason(self, kind: str, code: Code, on: date) -> str:
        if self.holds(kind, code, on):
            return ""
        rows = self._rows.get((kind, code), [])
        if ended := [row.valid_to for row in rows if row.valid_to and row.valid_to <= on]:
            return f"the {kind} {code} ({rows[0].name}) closed on {max(ended)}"
        if rows:
            return f"the {kind} {code} ({rows[0].name}) begins on {min(row.valid_from for row in rows)}"
        known = [one for of, one in self._rows if of == kind]
        return f"there is no {kind} '{code}'.{did_you_mean(code, known)}"


@lru_cache(maxsize=1)
def own_codes() -> tuple[DatedCode, ...]:
    """Answer the services, professions and points of delivery that planning brings along."""
    tables = tomllib.loads(OWN.read_text())
    rows = [
        DatedCode(kind, code, name, table["valid_from"], table.get("valid_to"))
        for kind in ("service", "profession")
        for table in tables[kind]
        for code, name in table["codes"].items()
    ]
    return (*rows, *(DatedCode("pod", o.code, o.title, o.valid_from, o.valid_to) for o in points_of_delivery()))
