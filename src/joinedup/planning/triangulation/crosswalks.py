"""Dated crosswalks: which finer code is part of which coarser one, and which code followed which (rule MD4)."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path

from joinedup.errors import RuleError
from joinedup.planning.plans.plan_lines import Code

FIELDS = ("commissioner", "provider", "service", "pod", "measure")
DEFAULTS = Path(__file__).with_name("crosswalks.toml")


class CrosswalkMissing(RuleError):
    """A code needs a row of the crosswalk on that day, and none holds."""


class CrosswalkOverlap(RuleError):
    """A code would go to two coarser ones; nothing is split without somebody saying how."""


@dataclass(frozen=True, slots=True)
class CrosswalkRow:
    """On the days [valid_from, valid_to) the code `fine` of a field is part of `coarse`, or was succeeded by it."""

    field: str
    fine: Code
    coarse: Code
    valid_from: date
    valid_to: date | None = None

    def __post_init__(self) -> None:
        if self.field not in FIELDS:
            raise RuleError(f"MD4: a crosswalk is for one of {', '.join(FIELDS)}, not for '{self.field}'.")
        if self.fine == self.coarse:
            raise RuleError(f"MD4: the {self.field} {self.fine} cannot be part of itself.")


class Crosswalks:
    """Rows of crosswalks, asked for a day."""

    def __init__(self, rows: Iterable[CrosswalkRow] = ()) -> None:
        self.rows = tuple(rows)

    def on(self, field: str, day: date) -> dict[Code, Code]:
        """Answer fine -> coarse for a field on a day; CrosswalkOverlap when a code has two. Chains are followed."""
        step: dict[Code, Code] = {}
        for row in self.rows:
            if row.field != field or not row.valid_from <= day < (row.valid_to or date.max):
                continue
            if step.get(row.fine, row.coarse) != row.coarse:
                raise CrosswalkOverlap(
                    f"MD4: on {day} the {field} {row.fine} would go to {step[row.fine]} and to {row.coarse}. "
                    "End one of the rows."
                )
            step[row.fine] = row.coarse
        return step

    def ancestors(self, field: str, day: date) -> dict[Code, tuple[Code, ...]]:
        """Answer the ever coarser codes of each code, nearest first; RuleError for rows that go round in a circle."""
        step = self.on(field, day)
        found: dict[Code, tuple[Code, ...]] = {}
        for code in step:
            chain: list[Code] = []
            at = code
            while at in step:
                at = step[at]
                if at in chain or at == code:
                    raise RuleError(f"MD4: the crosswalk of the {field} {code} goes round in a circle on {day}.")
                chain.append(at)
            found[code] = tuple(chain)
        return found

    def must_know(self, field: str, code: Code, day: date) -> None:
        """Raise CrosswalkMissing when rows name a code on other days only: what it is part of today is not said."""
        named = [row for row in self.rows if row.field == field and code in (row.fine, row.coarse)]
        if named and not any(row.valid_from <= day < (row.valid_to or date.max) for row in named):
            spans = "; ".join(f"{row.valid_from} up to {row.valid_to or 'further notice'}" for row in named)
            raise CrosswalkMissing(
                f"MD4: the {field} {code} has no row of the crosswalk on {day}; known: {spans}. Add a row for that day."
            )


@lru_cache(maxsize=1)
def planning_crosswalks() -> Crosswalks:
    """Answer the crosswalks that planning brings along (`crosswalks.toml`); a system adds its own."""
    rows = tomllib.loads(DEFAULTS.read_text())["row"]
    return Crosswalks(
        CrosswalkRow(row["field"], row["fine"], row["coarse"], row["valid_from"], row.get("valid_to")) for row in rows
    )
