"""Small numbers in tables of engagement: what is hidden so that no answer of a few can be worked out (rules: X6, V19).

This is for counts of people who answered something. Figures from care records follow the rules of the room `measures`.
A cell of 0 is shown, so that a reader knows of each hidden cell that it holds somebody.

Beyond the published rule, which hides 1 to 4 and then the smallest others, a total is hidden as well where all people
stand in hidden cells and are hardly more than the cells: of 5 people in 5 hidden cells each would hold exactly one.
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

    Cells from 1 up to below the threshold are hidden, then the smallest others (of equal ones the first) until two
    cells and as many people as the threshold are hidden. A total below the threshold is hidden, too.
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
    others = sorted((cell, place) for place, cell in enumerate(cells) if cell >= threshold)
    for _, place in others:
        people = sum(cells[one] for one in hidden)
        # As many people as cells, or one more: readers who know how this is done could tell the ones.
        if len(hidden) >= LEAST_CELLS and people >= threshold and people > len(hidden) + 1:
            break
        hidden.add(place)
    people = sum(cells[one] for one in hidden)
    shows_total = total >= threshold and len(hidden) >= LEAST_CELLS and people > len(hidden) + 1
    return ShownCells(
        tuple(None if place in hidden else cell for place, cell in enumerate(cells)), total if shows_total else None
    )
