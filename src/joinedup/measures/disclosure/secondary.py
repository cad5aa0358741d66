"""Secondary suppression: exact counts with stars, and partners hidden so that no star can be worked out (PE2).

Somebody who knows every shown count and every sum can bound a hidden one by linear programmes, with nothing below 0.
A small count is safe when those bounds reach down to 1 and up to 7. What is hidden beside it is what it costs least to
move against it, upwards to 7 and downwards to 1, where moving a person costs as much as the cell has people: a minimum
cost flow. Small counts are taken one after the other, the one that needs most room first. So the pattern is cheapest
for a single small count in a table of two dimensions; for many together it is good, not always cheapest.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from joinedup.measures.disclosure.bounds import Flags, Sum, Wanted, Whole, stays_open
from joinedup.measures.disclosure.rounding import SMALL, UNBOUNDED

ADVICE = (
    "The small counts of this table can only be protected by hiding an overall total. Collapse categories instead: "
    "broader age bands, larger areas, or fewer dimensions."
)


@dataclass(frozen=True)
class Pattern:
    """Which cells are hidden, which of them for being small, and advice where an overall total had to be."""

    hidden: Flags
    is_small: Flags
    advice: str = ""


def hide(counts: Whole, sums: Sequence[Sum]) -> Pattern:
    """Answer the pattern of stars for exact counts under sums.

    Where the parts of a total are not all there, what they lack is taken as known to everybody.
    """
    size = len(counts)
    counts, sums = _with_rests(np.asarray(counts, dtype=np.int64), sums)
    is_small = (counts > 0) & (counts <= SMALL)
    is_small[size:] = False
    hidden = is_small.copy()
    # The count that is furthest from 1 or from 7 needs the most room: it comes first.
    left = np.flatnonzero(is_small)
    left = left[np.argsort(-np.maximum(counts[left] - 1, SMALL - counts[left]), kind="stable")]
    while len(left := unsafe(counts, sums, hidden, left)):  # what is safe stays so: hiding more only widens bounds
        partners = _partners(counts, sums, hidden, int(left[0]), size)
        if not (partners & ~hidden).any():
            raise ValueError("no further star protects a count")  # all its totals can move with it: cannot happen
        hidden |= partners
    parts = {one for _, ones in sums for one in ones}
    overall = np.array(
        [cell for cell in dict.fromkeys(total for total, _ in sums) if cell not in parts], dtype=np.int64
    )
    return Pattern(hidden[:size], is_small[:size], ADVICE if (hidden & ~is_small)[overall].any() else "")


def _with_rests(counts: Whole, sums: Sequence[Sum]) -> tuple[Whole, list[Sum]]:
    values, complete = counts.tolist(), list[Sum]()
    for total, parts in sums:
        left = int(counts[total] - counts[list(parts)].sum())
        complete.append((total, (*parts, len(values)) if left else parts))
        values += [left] if left else []
    return np.array(values, dtype=np.int64), complete


def unsafe(counts: Whole, sums: Sequence[Sum], hidden: Flags, cells: Whole | None = None) -> Whole:
    """Answer the hidden small counts that somebody can bound more narrowly than 1 to 7.

    Given `cells`, the first of those answered is, and the others may be: it looks no further.
    """
    small = np.flatnonzero(hidden & (counts > 0) & (counts <= SMALL)) if cells is None else cells
    least, most = np.where(hidden, 0, counts), np.where(hidden, UNBOUNDED, counts)
    wanted = [Wanted(int(cell), least=1, most=SMALL) for cell in small]
    return np.asarray(small[~stays_open(least, most, sums, wanted, counts, to_first=cells is not None)])


def _partners(counts: Whole, sums: Sequence[Sum], hidden: Flags, cell: int, size: int) -> Flags:
    """Answer what is hidden when the cell can move; the same as before when nothing lets it."""
    found = hidden.copy()
    for step in (SMALL - int(counts[cell]), 1 - int(counts[cell])):
        if step:
            moved = _cheapest_move(counts, sums, found, cell, step, size)
            if moved is None:
                return hidden
            found |= moved
    return found


def _cheapest_move(counts: Whole, sums: Sequence[Sum], hidden: Flags, cell: int, step: int, size: int) -> Flags | None:
    from scipy.optimize import Bounds, LinearConstraint, milp
    from scipy.sparse import coo_array

    movers = np.flatnonzero((hidden | (counts > 0))[:size])  # a shown 0 is no partner
    place = np.full(len(counts), -1)
    place[movers] = np.arange(len(movers))
    many = len(movers)
    data, rows, columns, number = list[float](), list[int](), list[int](), 0
    for total, parts in sums:
        terms = [(int(place[one]), sign) for one, sign in ((total, -1.0), *((one, 1.0) for one in parts))]
        terms = [(at, sign) for at, sign in terms if at >= 0]
        for at, sign in terms:  # first how far each rises, then how far each falls
            data += [sign, -sign]
            rows += [number, number]
            columns += [at, many + at]
        number += bool(terms)
    # Ties go to the first in order, the same on every machine.
    price = np.where(hidden[movers], 1e-6, counts[movers] + np.arange(many) * 1e-5)
    limits = np.zeros((2 * many, 2))
    limits[:many, 1], limits[many:, 1] = np.inf, counts[movers]
    own = int(place[cell])
    limits[own], limits[many + own] = max(step, 0), max(-step, 0)
    matrix = coo_array((data, (rows, columns)), shape=(number, 2 * many)).tocsr()
    found = milp(
        np.concatenate([price, price]),
        bounds=Bounds(limits[:, 0], limits[:, 1]),
        constraints=LinearConstraint(matrix, 0, 0) if number else (),
    )
    if found.x is None:
        return None
    moved = np.zeros(len(counts), dtype=bool)
    moved[movers] = (found.x[:many] > 1e-6) | (found.x[many:] > 1e-6)
    return moved
