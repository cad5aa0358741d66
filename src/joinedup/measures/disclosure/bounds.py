"""What somebody can derive from published tables: the least and the most that each count can be.

Two ways, which must agree where both apply. `cell_bounds` and `stays_open` solve linear programmes over any set of
cells, intervals and sums. `Forest` is for sums that form a tree (areas within areas, bands of a total): it bounds
numerator, complement and denominator of thousands of tables of one shape at once, exactly.

Why the latter is exact: what is known of one cell (least and most numerator n, complement c and denominator d = n + c)
is a hexagon with sides in three fixed directions. Sums, differences and intersections of such hexagons are such
hexagons, whose bounds add, subtract and meet. Passing them up a tree and down again gives the projection on every cell.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from joinedup.measures.disclosure.rounding import UNBOUNDED

Whole = NDArray[np.int64]
Flags = NDArray[np.bool_]
Sum = tuple[int, Sequence[int]]
"""One cell that is the sum of others: its number, and theirs."""

N, C, D = 0, 1, 2
"""Numerator, complement (denominator minus numerator) and denominator, as rows of a zone."""

_CLOSE: Final = 1e-6


@dataclass(frozen=True)
class Zones:
    """The least and most n, c and d of each cell: two arrays (3, tables, cells)."""

    least: Whole
    most: Whole

    def copy(self) -> Zones:
        return Zones(self.least.copy(), self.most.copy())


def tighten(least: Whole, most: Whole) -> None:
    """Draw what d = n + c says of each from the two others, in place; both are (3, …)."""
    np.maximum(least[D], least[N] + least[C], out=least[D])
    np.minimum(most[D], most[N] + most[C], out=most[D])
    for one, other in ((N, C), (C, N)):
        np.maximum(least[one], least[D] - most[other], out=least[one])
        np.minimum(most[one], most[D] - least[other], out=most[one])


class Forest:
    """Sums without a cycle: each cell is a part of at most one sum, and the total of any number."""

    def __init__(self, cells: int, sums: Sequence[Sum]) -> None:
        self.cells = cells
        self.sums = [(total, np.asarray(parts, dtype=np.int64)) for total, parts in sums]
        self.part_of = np.full(cells, -1, dtype=np.int64)  # number of the sum
        self.families: list[list[int]] = [[] for _ in range(cells)]
        for number, (total, parts) in enumerate(self.sums):
            if (self.part_of[parts] >= 0).any():
                raise ValueError("a cell is a part of two sums: not a forest")
            self.part_of[parts] = number
            self.families[total].append(number)
        depth = np.zeros(len(self.sums), dtype=np.int64)
        for number, (total, _) in enumerate(self.sums):
            at = total
            while self.part_of[at] >= 0:
                depth[number] += 1
                at = self.sums[self.part_of[at]][0]
                if depth[number] > len(self.sums):
                    raise ValueError("the sums go round in a circle: not a forest")
        # Sums of one depth are summed together, the top first.
        self.levels: list[tuple[Whole, Whole, Whole, Whole]] = []
        for level in range(int(depth.max(initial=-1)) + 1):
            numbers = np.flatnonzero(depth == level)
            members = [self.sums[number][1] for number in numbers]
            sizes = np.array([len(one) for one in members])
            self.levels.append(
                (
                    numbers,
                    np.array([self.sums[number][0] for number in numbers]),
                    np.concatenate(members),
                    np.concatenate([[0], np.cumsum(sizes)[:-1]]),
                )
            )

    def rests(self, counts: Whole) -> Whole:
        """Answer total minus parts of each sum, (tables, sums): 0 where the parts are the whole total."""
        rest = np.zeros((counts.shape[0], len(self.sums)), dtype=np.int64)
        for numbers, totals, parts, starts in self.levels:
            rest[:, numbers] = counts[:, totals] - np.add.reduceat(counts[:, parts], starts, axis=-1)
        return rest

    def project(self, zones: Zones, rest: Zones) -> Zones:
        """Answer what all sums together leave of each cell's zone.

        `rest` bounds what belongs to a total and to none of its parts: arrays (3, tables, sums), nought for whole sums.
        """
        least, most = zones.least.copy(), zones.most.copy()
        tighten(least, most)
        for numbers, totals, parts, starts in reversed(self.levels):
            low: Whole = np.add.reduceat(least[:, :, parts], starts, axis=-1) + rest.least[:, :, numbers]
            high: Whole = np.add.reduceat(most[:, :, parts], starts, axis=-1) + rest.most[:, :, numbers]
            for place, total in enumerate(totals):  # a total may have several sums of one level
                np.maximum(least[:, :, total], low[:, :, place], out=least[:, :, total])
                np.minimum(most[:, :, total], high[:, :, place], out=most[:, :, total])
            whole = np.unique(totals)
            low, high = least[:, :, whole], most[:, :, whole]
            tighten(low, high)
            np.clip(low, -UNBOUNDED, UNBOUNDED, out=low)
            np.clip(high, -UNBOUNDED, UNBOUNDED, out=high)
            least[:, :, whole], most[:, :, whole] = low, high
        for numbers, totals, parts, starts in self.levels:
            low, high = least[:, :, parts], most[:, :, parts]
            sums_low = np.add.reduceat(low, starts, axis=-1) + rest.least[:, :, numbers]
            sums_high = np.add.reduceat(high, starts, axis=-1) + rest.most[:, :, numbers]
            each = np.repeat(np.arange(len(numbers)), np.diff(np.append(starts, len(parts))))
            new_low = np.maximum(low, least[:, :, totals[each]] - (sums_high[:, :, each] - high))
            new_high = np.minimum(high, most[:, :, totals[each]] - (sums_low[:, :, each] - low))
            tighten(new_low, new_high)
            least[:, :, parts], most[:, :, parts] = new_low, new_high
        return Zones(least, most)


def split(cells: int, sums: Sequence[Sum]) -> tuple[list[Sum], list[Sum]]:
    """Answer the sums as those of a forest, taken in their order, and those that would close a circle."""
    root = list(range(cells))

    def top(one: int) -> int:
        while root[one] != one:
            root[one] = root[root[one]]
            one = root[one]
        return one

    forest: list[Sum] = []
    others: list[Sum] = []
    is_part = set[int]()
    for total, parts in sums:
        tops = [top(one) for one in (total, *parts)]
        if len(set(tops)) == len(tops) and not is_part & set(parts):
            forest.append((total, parts))
            is_part |= set(parts)
            for one in tops:
                root[one] = tops[0]
        else:
            others.append((total, parts))
    return forest, others


# --- linear programmes over any sums -------------------------------------------------------------------------------


class _Programme:
    """Cells within intervals, under sums; what is known exactly is taken out before anything is solved."""

    def __init__(self, least: Whole, most: Whole, sums: Sequence[Sum]) -> None:
        from scipy.sparse import csr_array

        self.least = np.where(least <= -UNBOUNDED, -np.inf, least.astype(float))
        self.most = np.where(most >= UNBOUNDED, np.inf, most.astype(float))
        self.free = np.flatnonzero(self.least < self.most)
        self.column = np.full(len(least), -1)
        self.column[self.free] = np.arange(len(self.free))
        fixed = np.where(self.column < 0, self.least, 0.0)
        data, rows, columns, right = list[float](), list[int](), list[int](), list[float]()
        for total, parts in sums:
            terms = [(total, -1.0), *((one, 1.0) for one in parts)]
            moving = [(self.column[cell], sign) for cell, sign in terms if self.column[cell] >= 0]
            if not moving:
                continue
            for place, sign in moving:
                data.append(sign)
                rows.append(len(right))
                columns.append(place)
            right.append(-sum(sign * fixed[cell] for cell, sign in terms if self.column[cell] < 0))
        self.right = np.array(right)
        self.matrix = csr_array((data, (rows, columns)), shape=(len(right), len(self.free))) if right else None

    def best(self, weights: Any, box: tuple[Any, Any] | None = None) -> Any:
        """Answer the whole point (all cells) with the largest weighted sum; None when nothing bounds it.

        `box` narrows the cells further, for a point that is to serve many ends at once.
        """
        # `milp` without whole numbers is the same solver as `linprog` with less work around it.
        from scipy.optimize import Bounds, LinearConstraint, milp

        least, most = box or (self.least, self.most)
        point = self.least.copy()
        if not len(self.free):
            return point
        found = milp(
            -weights[self.free], bounds=Bounds(least[self.free], most[self.free]),
            constraints=() if self.matrix is None else LinearConstraint(self.matrix, self.right, self.right),
        )  # fmt: skip
        if found.status == 3 or (found.status == 4 and found.x is None and "nbounded" in found.message):
            return None
        if found.status == 2:
            raise ValueError("these tables contradict each other: no counts fit them")
        if found.x is None:
            raise ValueError(f"a linear programme was not solved: {found.message}")
        point[self.free] = found.x
        return point


def cell_bounds(
    least: Whole, most: Whole, sums: Sequence[Sum], cells: Sequence[int] | None = None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Answer the least and the most of each named cell (of all, when none is named) under all sums at once."""
    programme = _Programme(np.asarray(least), np.asarray(most), sums)
    named = range(len(least)) if cells is None else cells
    low, high = np.full(len(named), -np.inf), np.full(len(named), np.inf)
    for place, cell in enumerate(named):
        weights = np.zeros(len(least))
        for sign, answer in ((-1.0, low), (1.0, high)):
            weights[cell] = sign
            point = programme.best(weights)
            if point is not None:
                answer[place] = point[cell]
    return low, high


@dataclass(frozen=True)
class Wanted:
    """What must remain possible of a cell: as little as `least`, as much as `most`, a spread of `width` at least."""

    cell: int
    least: float = np.inf
    most: float = -np.inf
    width: float = 0.0

    def is_met(self, low: float, high: float) -> bool:
        return low <= self.least + _CLOSE and high >= self.most - _CLOSE and high - low >= self.width - _CLOSE


def stays_open(
    least: Whole, most: Whole, sums: Sequence[Sum], wanted: Sequence[Wanted], truth: Whole, *, to_first: bool = False
) -> Flags:
    """Answer for each wish whether the published sums leave it possible.

    One programme looks for a point that serves many wishes at once; only what it leaves over is solved alone. `truth`
    is a point that fits, so what it serves is served. With `to_first` the search ends at the first wish, in order, that
    is not met: those after it may be open though they are answered False.
    """
    met = np.zeros(len(wanted), dtype=bool)
    if not wanted:
        return met
    cells = np.array([one.cell for one in wanted])
    programme = _Programme(least, most, sums)
    low, high = truth[cells].astype(float), truth[cells].astype(float)
    # A cell that need not go beyond 1 and 7 leaves the rest of the way to others.
    box_least, box_most = programme.least.copy(), programme.most.copy()
    for one in wanted:
        if np.isfinite(one.least) and one.least <= truth[one.cell] <= one.most:
            box_least[one.cell] = max(box_least[one.cell], one.least)
            box_most[one.cell] = min(box_most[one.cell], one.most)

    def see(point: Any) -> None:
        if point is not None:
            np.minimum(low, point[cells], out=low)
            np.maximum(high, point[cells], out=high)
        for place in np.flatnonzero(~met).tolist():
            met[place] = wanted[place].is_met(low[place], high[place])

    def look(chosen: Any, sign: float, box: Any = None) -> Any:
        weights = np.zeros(len(least))
        weights[cells[chosen]] = sign
        point = programme.best(weights, box)
        see(point)
        return point

    see(None)
    done = met.copy()
    while not done.all():
        before = int(met.sum())
        open_ones = np.flatnonzero(~done).tolist()
        if len(open_ones) > 1:
            is_low = np.array([high[one] < wanted[one].most or wanted[one].width > 0 for one in open_ones])
            is_high = np.array([low[one] > wanted[one].least or wanted[one].width > 0 for one in open_ones])
            if is_low.any():
                look(np.array(open_ones)[is_low], 1.0, (box_least, box_most))
            if is_high.any():
                look(np.array(open_ones)[is_high], -1.0, (box_least, box_most))
        if int(met.sum()) == before:
            first = open_ones[0]
            for sign, reached in ((1.0, high), (-1.0, low)):
                if not met[first] and look([first], sign) is None:
                    reached[first] = sign * np.inf
                    see(None)
            done[first] = True
            if to_first and not met[first]:
                return met
        done |= met
    return met
