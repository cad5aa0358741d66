"""Small numbers in tables of engagement: what is hidden so that no answer of a few can be worked out (rules: X6, V19).

This is for counts of people who answered something. Figures from care records follow the rules of the room `measures`.
A cell of 0 is shown, so that a reader knows of each hidden cell that it holds somebody.

Whoever reads the table may know the rule as well. So more is hidden where the rule alone would give a cell away: of 5
people in 5 hidden cells each holds one, and of 8 people in two, beside a 5 that is shown, each holds four.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from joinedup.errors import RuleError

THRESHOLD: Final = 5  # [to confirm] fewer than this are few
LEAST_CELLS: Final = 2


@dataclass(frozen=True, slots=True)
class ShownCells:
    """A row of counts as it may be published: None is hidden, and so is a total of None."""

    cells: tuple[int | None, ...]
    total: int | None

    @property
    def in_stars(self) -> tuple[str, ...]:
        """The cells as they are written: "*" for what is hidden."""
        return tuple("*" if cell is None else str(cell) for cell in self.cells)


def hide_small_numbers(cells: Sequence[int], threshold: int = THRESHOLD) -> ShownCells:
    """Answer a row of counts, of which the total is the sum, with small numbers hidden (X6).

    Cells from 1 up to below the threshold are hidden, then the smallest others (equal ones together) until two cells
    and as many people as the threshold are hidden. A total below the threshold is hidden, too.
    """
    for cell in cells:
        if isinstance(cell, bool) or not isinstance(cell, int) or cell < 0:
            raise RuleError(f"X6: a count is {cell!r}; expected a whole number of 0 or more.")
    if threshold < LEAST_CELLS:
        raise RuleError(f"X6: the threshold is {threshold}; expected {LEAST_CELLS} or more.")
    total = sum(cells)
    hidden = {place for place, cell in enumerate(cells) if 0 < cell < threshold}
    if not hidden:
        return ShownCells(tuple(cells), total)
    others = sorted({cell for cell in cells if cell >= threshold})
    while not _is_enough([cells[place] for place in hidden], others, threshold) and others:
        least = others.pop(0)
        hidden |= {place for place, cell in enumerate(cells) if cell == least}
    is_enough = _is_enough([cells[place] for place in hidden], others, threshold)
    return ShownCells(
        tuple(None if place in hidden else cell for place, cell in enumerate(cells)),
        total if is_enough and total >= threshold else None,
    )


def _is_enough(hidden: Sequence[int], others: Sequence[int], threshold: int) -> bool:
    """Answer whether hidden cells keep each other's secret from somebody who knows this rule and all other cells."""
    people, most = sum(hidden), (threshold - 1) * len(hidden)
    if len(hidden) < LEAST_CELLS or people < threshold or people <= len(hidden) + 1:
        return False  # as many people as cells, or one more: hardly anything but ones
    # All at their most, 4 and 4 of 8: only where one of two could also be a larger cell that was hidden for the other.
    return people != most or (len(hidden) == LEAST_CELLS and threshold not in others)
