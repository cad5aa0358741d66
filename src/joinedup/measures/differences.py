"""Comparing a table that is to leave with the tables that are out: does their difference rest on 1 to 7 people?

Two tables are compared where one may hold the other's people but a few: the same sentences, one sentence more, or one
sentence edited ("is aged 18 or over" made "is aged 19 or over"), in the same period. Over the traits that both are
counted by, each sum of the one is taken from that of the other; what is left must not be 1 to 7. The counts compared
are the raw ones, so rounding hides nothing from us. (rules: population PE5, trust T45)

From one month to the next the same counts change by a few people as a matter of course; there rounding is the
protection, and only exact counts are compared.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Final

from joinedup.measures.release_checks import MOST_SUPPRESSED, Finding

BETWEEN: Final = " | "
_EXACT: Final = frozenset({"suppress"})
MOST_SUMS: Final = 4
"""More traits than this are compared whole and one by one, not in every combination."""


@dataclass(frozen=True, slots=True)
class Compared:
    """What is kept of a table for comparing: whom it counts, by what, when, how protected, and its raw counts.

    `cells` maps the values of a cell, in the order of `dimensions` and joined by " | ", to the count of people.
    """

    sentences: tuple[str, ...]
    dimensions: tuple[str, ...]
    period: str
    mode: str
    cells: Mapping[str, int] = field(default_factory=dict)


def against(tables: Iterable[Compared], register: Sequence[Compared]) -> list[Finding]:
    """Answer a finding for each table that, minus one that is out already, leaves 1 to 7 people somewhere."""
    found = []
    for table in tables:
        places = max((_isolating(table, out) for out in register if _is_near(table, out)), default=0)
        if places:
            says = (
                "Minus a table that is out already, it leaves 1 to 7 people. Release the same groups as before, or "
                "groups that differ by more people."
            )
            found.append(Finding("difference", "refuse", says, places=places))
    return found


def _is_near(one: Compared, other: Compared) -> bool:
    if one.period != other.period:
        return one.mode in _EXACT and other.mode in _EXACT and set(one.sentences) == set(other.sentences)
    left, right = set(one.sentences), set(other.sentences)
    return len(left - right) <= 1 and len(right - left) <= 1


def _isolating(one: Compared, other: Compared) -> int:
    """Answer how many sums of the two differ by 1 to 7 people."""
    shared = tuple(name for name in one.dimensions if name in other.dimensions)
    isolating = 0
    for names in _combinations(shared):
        left, right = _sums(one, names), _sums(other, names)
        # A count of 1 to 7 is not shown, so nothing can be taken from it.
        seen = [cell for cell in left.keys() & right.keys() if min(left[cell], right[cell]) > MOST_SUPPRESSED]
        isolating += sum(0 < abs(left[cell] - right[cell]) <= MOST_SUPPRESSED for cell in seen)
    return isolating


def _combinations(names: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    sizes = range(len(names) + 1) if len(names) <= MOST_SUMS else (0, 1, len(names))
    for size in sizes:
        yield from combinations(names, size)


def _sums(table: Compared, names: tuple[str, ...]) -> Counter[tuple[str, ...]]:
    at = [table.dimensions.index(name) for name in names]
    sums: Counter[tuple[str, ...]] = Counter()
    for cell, count in table.cells.items():
        values = cell.split(BETWEEN) if cell else []
        sums[tuple(values[place] for place in at)] += count
    return sums
