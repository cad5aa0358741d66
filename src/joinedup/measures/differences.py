"""What is kept of a table that leaves, and what a new one gives away beside those that are out, as findings.

The rule is `differencing`: it knows from the definitions which counts can be taken from which, and how exactly rounding
lets anybody read what is left. Here its answer becomes a finding, which names no group and no count.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from joinedup.errors import RuleError
from joinedup.measures.release_checks import Finding

if TYPE_CHECKING:
    from joinedup.measures.differencing import Released

BETWEEN: Final = " | "
MOST_CELLS: Final = 400
"""Every pair of cells is looked at: a table of more is asked for in parts."""


@dataclass(frozen=True, slots=True)
class Compared:
    """What is kept of a table for comparing: whom it counts, by what, when, how protected, and its raw counts.

    `cells` maps the values of a cell, in the order of `dimensions` and joined by " | ", to the count of people; of a
    table without dimensions, "" to the one count. `hidden` are cells that bear a star though they are not small.
    """

    sentences: tuple[str, ...]
    dimensions: tuple[str, ...]
    period: str
    mode: str
    cells: Mapping[str, int] = field(default_factory=dict)
    hidden: tuple[str, ...] = ()


def against(tables: Sequence[Compared], register: Sequence[Compared]) -> list[Finding]:
    """Answer a finding for each way in which these tables give somebody away together with those that are out."""
    from joinedup.measures.differencing import leaks

    for table in tables:
        if len(table.cells) > MOST_CELLS:
            raise RuleError(
                f"This table has {len(table.cells):,} cells; at most {MOST_CELLS} can be compared with what is out. "
                "Count by fewer or broader groups."
            )
    found = leaks([_released(one) for one in tables], [_released(one) for one in register])
    places = Counter((one.says, one.advice) for one in found)
    return [
        Finding("difference", "refuse", f"Together with what is out already: {says} {advice}", places=count)
        for (says, advice), count in places.items()
    ]


def _released(table: Compared) -> Released:
    from joinedup.measures.differencing import Released

    return Released(
        frozenset(table.sentences),
        table.dimensions,
        table.period,
        table.mode,
        {_values(cell): count for cell, count in table.cells.items()},
        frozenset(map(_values, table.hidden)),
    )


def _values(cell: str) -> tuple[str, ...]:
    return tuple(cell.split(BETWEEN)) if cell else ()
