"""The cheapest counts to hide beside a hidden one, along the tree of sums, so that it can be something else."""

from __future__ import annotations

from typing import Final

import numpy as np

from joinedup.measures.disclosure.bounds import Flags, Forest, Whole

NEVER: Final = float("inf")
"""The price of a cell that cannot move: a 0 that is shown, or a count that is out already."""


class Ways:
    """The cheapest cells that let a hidden one move: from it up, then down to a leaf, hiding all on the way.

    If a part rises, another must fall by as much or the total must rise; and if an area moves, one of its own parts
    must. Going down, `cheapest` is the cost of the best way from a cell to a leaf; `fresh` the same among ways that
    hide something new.
    """

    def __init__(
        self, forest: Forest, which: Whole, counts: Whole, *, hides: Flags, published: Flags, knows: Flags
    ) -> None:
        """Look at the tables `which` of arrays (tables, cells); `hides` is changed where `open` hides a cell."""
        self.forest, self.which, self.hides = forest, which, hides
        self.cost = np.where(counts[which] > 0, counts[which].astype(float), NEVER)
        self.cost[hides[which] | ~published[which]] = 0.0
        self.cost[knows[which]] = NEVER
        self.cheapest, self.fresh = self.cost.copy(), np.where(self.cost > 0, self.cost, NEVER)
        for _, totals, parts, starts in reversed(self.forest.levels):
            low = np.minimum.reduceat(self.cheapest[:, parts], starts, axis=1)
            new = np.minimum.reduceat(self.fresh[:, parts], starts, axis=1)
            for place, total in enumerate(totals):
                with np.errstate(invalid="ignore"):
                    found = self.fresh[:, total] + low[:, place]
                    by_part = self.cheapest[:, total] + new[:, place]
                self.fresh[:, total] = np.minimum(found, by_part)
                self.cheapest[:, total] += low[:, place]

    def open(self, row: int, cell: int) -> bool:
        """Hide the cheapest way for a hidden cell of one table; False where there is none that hides anything new."""
        forest = self.forest
        best: tuple[float, int, tuple[int, ...], bool] = (NEVER, -1, (), False)
        climbed: tuple[int, ...] = ()
        paid = 0.0
        at = cell
        while forest.part_of[at] >= 0:
            number = int(forest.part_of[at])
            total, parts = forest.sums[number]
            others = parts[parts != at]
            if len(others):
                prices = (self.cheapest if paid > 0 else self.fresh)[row, others]
                place = int(np.argmin(prices))
                if paid + prices[place] < best[0]:
                    best = (paid + float(prices[place]), int(others[place]), climbed, paid == 0)
            paid += float(self.cost[row, total])
            climbed = (*climbed, total)
            for family in forest.families[total]:
                if family != number:
                    paid += float(self.cheapest[row, forest.sums[family][1]].min())
            if not np.isfinite(paid):
                break
            at = total
        else:
            if 0 < paid < best[0]:
                best = (paid, -1, climbed, False)
        if not np.isfinite(best[0]):
            return self._loosen(row, cell)
        _, down, up, is_new = best
        before = cell
        for total in up:
            self._hide(row, total)
            for family in forest.families[total]:
                if before not in forest.sums[family][1]:
                    self._descend(row, family, is_new=False)
            before = total
        if down >= 0:
            self._down(row, down, is_new=is_new)
        return True

    def _loosen(self, row: int, cell: int) -> bool:
        """Hide the nearest count that can be hidden at all: what was shown earlier bars every whole way."""
        at = cell
        while self.forest.part_of[at] >= 0:
            total, parts = self.forest.sums[self.forest.part_of[at]]
            near = [int(total), *(int(one) for one in parts[np.argsort(self.cost[row, parts], kind="stable")])]
            for one in near:
                if 0 < self.cost[row, one] < NEVER:
                    self._hide(row, one)
                    return True
            at = total
        return False

    def _hide(self, row: int, cell: int) -> None:
        if self.cost[row, cell] > 0:
            self.hides[self.which[row], cell] = True

    def _down(self, row: int, cell: int, *, is_new: bool) -> None:
        self._hide(row, cell)
        is_new = is_new and not self.cost[row, cell] > 0
        for family in self.forest.families[cell]:
            self._descend(row, family, is_new=is_new)

    def _descend(self, row: int, family: int, *, is_new: bool) -> None:
        parts = self.forest.sums[family][1]
        prices = (self.fresh if is_new else self.cheapest)[row, parts]
        if not np.isfinite(prices.min()) and is_new:
            prices = self.cheapest[row, parts]
        if np.isfinite(prices.min()):
            self._down(row, int(parts[int(np.argmin(prices))]), is_new=is_new)
