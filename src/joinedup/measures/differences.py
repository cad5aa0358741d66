"""Comparing a table that is to leave with the tables that are out: does their difference rest on 1 to 7 people?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from joinedup.measures.release_checks import MOST_SUPPRESSED, Finding


@dataclass(frozen=True, slots=True)
class Compared:
    """What is kept of a table for comparing: a digest of whom it counts, by what, when, how protected, and its counts.

    `counts` maps a cell's values, joined by " | ", to the count of people.
    """

    population: str
    dimensions: tuple[str, ...]
    period: str
    mode: str
    counts: dict[str, Any] = field(default_factory=dict)


def against(tables: Sequence[Compared], register: Sequence[Compared]) -> list[Finding]:
    """Answer a finding for each table whose cells, minus those of a table that is out, leave 1 to 7 people."""
    found = []
    for table in tables:
        places = 0
        for out in register:
            if out.dimensions != table.dimensions or out.period != table.period:
                continue
            pairs = ((number, out.counts.get(cell)) for cell, number in table.counts.items())
            places += sum(
                1 for new, old in pairs if new is not None and old is not None and 0 < abs(new - old) <= MOST_SUPPRESSED
            )
        if places:
            says = (
                "Minus a table that is out already, some counts leave 1 to 7 people. Release broader groups, or the "
                "same groups as before."
            )
            found.append(Finding("difference", "refuse", says, places=places))
    return found
