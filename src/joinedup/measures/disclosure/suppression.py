"""Which counts of many tables of one shape are hidden, so that none of 1 to 7 people can be worked out.

A table has cells (an area, a band of a breakdown, both) with a numerator n and a denominator d, and sums over them.
Small counts are hidden first. Then somebody is imagined who reads every published figure with its interval of rounding,
knows all sums, knows that nobody is counted in n who is not in d, and even knows which stars hide small counts. Where
that leaves a hidden count less than 1 to 7, a further count is hidden: the cheapest that lets it move again. This is
repeated until nothing can be worked out. Ties are decided by the order of cells. (rules: PE2 to PE4, PE6; T44)

- Below a hidden small total nothing is shown, not even 0: how many parts are not 0 would narrow the total.
- Where a denominator is hidden, so is the numerator.
- The complement d - n is a count of people that nobody prints. It must keep the five values that rounding leaves.
- On sensitive topics 0 is not told from 1 to 7, nor everybody from all but 1 to 7.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np

from joinedup.measures.disclosure.bounds import (
    C,
    D,
    Flags,
    Forest,
    N,
    Sum,
    Wanted,
    Whole,
    Zones,
    split,
    stays_open,
)
from joinedup.measures.disclosure.count_tables import Hidden, Tables, shows_at_least_95
from joinedup.measures.disclosure.partners import NEVER, Ways
from joinedup.measures.disclosure.rounding import SMALL, UNBOUNDED, nearest_five

MOST_ASKED: Final = 3
"""More counts than this in doubt in one table, and its breakdowns within places give way unasked.

Measured on 16 measures of made-up populations of 1,500 and 5,000: unasked 250 and 490 programmes and 2.5 and 4.3 s;
with every count asked 4,900 and 2,400 programmes and 20 and 16 s, for 1.5% and 2.4% more numerators shown.
"""
SPREAD: Final = 4
"""What rounding leaves open at least: five values, the highest 4 above the lowest. [decision, after T45]"""


def suppress(tables: Tables, sums: Sequence[Sum], *, audit: bool = True, groups: Whole | None = None) -> Hidden:
    """Answer what is hidden. Where two tables of one group (a month) have the same counts, those are hidden alike.

    Without `audit` only the small counts are: for tests of what an attacker then finds.
    """
    return _Suppression(tables, sums, groups).run(audit=audit)


class _Suppression:
    def __init__(self, tables: Tables, sums: Sequence[Sum], groups: Whole | None) -> None:
        self.tables, self.sums = tables, [(total, np.asarray(parts, dtype=np.int64)) for total, parts in sums]
        cells = tables.n.shape[1]
        tree, self.crossing = split(cells, sums)
        self.forest = Forest(cells, tree)
        self.crossing_of: dict[int, int] = {cell: at for at, (_, parts) in enumerate(self.crossing) for cell in parts}
        self.rest_n, self.rest_d = self.forest.rests(tables.n), self.forest.rests(tables.d)
        people = tables.has_people[:, None] & tables.is_published
        self.people = people
        nothing = np.zeros(tables.n.shape, dtype=bool)
        self.knows = (
            nothing if tables.knows_n is None else tables.knows_n,
            nothing if tables.knows_d is None else tables.knows_d,
        )
        self.small_n = tables.is_published & (tables.n > 0) & (tables.n <= SMALL)
        self.small_d = people & (tables.d > 0) & (tables.d <= SMALL)
        others = tables.d - tables.n
        self.few_others = people & tables.is_share[:, None] & (others > 0) & (others <= SMALL)
        # On sensitive topics none and all are to be hidden as if they were few.
        some = tables.is_sensitive[:, None] & people & (tables.d > 0)
        self.small_n |= some & (tables.n == 0)
        self.few_others |= some & tables.is_share[:, None] & (others == 0)
        self.twins = self._twins(groups) if groups is not None else []
        self.dirty = np.ones(tables.n.shape[0], dtype=bool)
        self.hidden = self._primary()
        self.blocks = self._blocks()
        # Where nothing of a breakdown within places is published, nobody can tell which of its counts are small.
        self.withheld = (nothing.copy(), nothing.copy())
        self.proved: dict[int, set[tuple[int, int]]] = {}
        self.folded: dict[tuple[int, ...], Forest] = {}
        self.folded_rests: dict[tuple[int, ...], Whole] = {}

    # --- what is hidden without looking at sums ---

    def _primary(self) -> Hidden:
        tables = self.tables
        n, d = self.small_n.copy(), self.small_d.copy()
        some = tables.is_sensitive[:, None] & self.people & (tables.d > 0)
        either = (tables.n <= SMALL) | (tables.is_share[:, None] & (tables.d - tables.n <= SMALL))
        n |= some & either
        n_may_be_0, d_may_be_0 = some & n, np.zeros_like(d)
        if tables.hid_n is not None and tables.hid_d is not None:
            n, d = n | tables.hid_n, d | (tables.hid_d & self.people)
            n_may_be_0, d_may_be_0 = n_may_be_0 | (n & (tables.n == 0)), d_may_be_0 | (d & (tables.d == 0))
        return Hidden(n, d, n_may_be_0, d_may_be_0)

    def _twins(self, groups: Whole) -> list[list[tuple[int, int]]]:
        # The people with a condition are the numerator of one measure and the denominator of the next.
        found: dict[tuple[int, bytes], list[tuple[int, int]]] = {}
        for kind, counts in ((0, self.tables.n), (1, self.tables.d)):
            for at in range(len(counts)):
                if counts[at].any() and (kind == 0 or self.tables.has_people[at]):
                    found.setdefault((int(groups[at]), counts[at].tobytes()), []).append((kind, at))
        return [ones for ones in found.values() if len(ones) > 1]

    def _close(self) -> None:
        """Hide what follows from what is hidden: below small totals, numerators of hidden denominators, twins."""
        hidden, tables = self.hidden, self.tables
        while True:
            before = self._progress()
            self._below(hidden.d, hidden.d_may_be_0, tables.d, self.people)
            follows = hidden.d & tables.is_published
            hidden.n |= follows
            hidden.n_may_be_0 |= follows
            self._below(hidden.n, hidden.n_may_be_0, tables.n, tables.is_published)
            for twins in self.twins:
                self._alike(twins)
            if self._progress() == before:
                return

    def _progress(self) -> int:
        hidden = self.hidden
        return sum(int(one.sum()) for one in (hidden.n, hidden.d, hidden.n_may_be_0, hidden.d_may_be_0, *self.withheld))

    def _below(self, hidden: Flags, may_be_0: Flags, counts: Whole, published: Flags) -> None:
        for _, totals, parts, starts in self.forest.levels:
            sizes = np.diff(np.append(starts, len(parts)))
            under = np.repeat((hidden & published & (counts <= SMALL))[:, totals], sizes, axis=1) & published[:, parts]
            hidden[:, parts] |= under
            may_be_0[:, parts] |= under
        for total, crossed in self.crossing:
            under = (hidden & published & (counts <= SMALL))[:, [total]] & published[:, crossed]
            hidden[:, crossed] |= under
            may_be_0[:, crossed] |= under

    def _alike(self, twins: list[tuple[int, int]]) -> None:
        for arrays, published in (
            ((self.hidden.n, self.hidden.d), (self.tables.is_published, self.people)),
            ((self.hidden.n_may_be_0, self.hidden.d_may_be_0), (self.hidden.n, self.hidden.d)),
        ):
            together = np.logical_or.reduce([arrays[kind][at] for kind, at in twins])
            for kind, at in twins:
                now = together & published[kind][at]
                if (now & ~arrays[kind][at]).any():
                    arrays[kind][at] |= now
                    self.dirty[at] = True

    # --- what is known ---

    def zones(self, which: Whole) -> tuple[Zones, Zones]:
        """Answer what the published figures alone say of each cell of some tables, and of the rest of each sum."""
        tables, hidden = self.tables, self.hidden
        n, d = tables.n[which], tables.d[which]
        share = np.broadcast_to(tables.is_share[which][:, None], n.shape)
        least, most = np.zeros((3, *n.shape), dtype=np.int64), np.full((3, *n.shape), UNBOUNDED, dtype=np.int64)
        for row, counts, hides, may_be_0, published, knows in (
            (N, n, hidden.n[which], hidden.n_may_be_0[which], tables.is_published[which], self.knows[0][which]),
            (D, d, hidden.d[which], hidden.d_may_be_0[which], self.people[which], self.knows[1][which]),
        ):
            shown = (published & ~hides) | knows
            near = nearest_five(counts)
            least[row] = np.where(shown & (counts > 0), near - 2, 0)
            most[row] = np.where(shown, np.where(counts > 0, near + 2, 0), UNBOUNDED)
            least[row][hides & ~may_be_0 & ~knows] = 1
            most[row][hides & (counts <= SMALL) & ~knows & ~self.withheld[row == D][which]] = SMALL
        least[C][~share] = -UNBOUNDED
        shown_d = np.where(hidden.d[which] | ~self.people[which], 0, nearest_five(d))
        few = shows_at_least_95(self._some(which), shown_d)
        most[C][few] = SMALL
        rests = []
        for left in (self.rest_n[which], self.rest_d[which] - self.rest_n[which], self.rest_d[which]):
            rests.append((np.where(left < 0, -UNBOUNDED, 0), np.where(left == 0, 0, UNBOUNDED)))
        rest = Zones(np.stack([low for low, _ in rests]), np.stack([high for _, high in rests]))
        free = ~tables.is_share[which]
        rest.least[C][free], rest.most[C][free] = -UNBOUNDED, UNBOUNDED
        return Zones(least, most), rest

    def _some(self, which: Whole) -> Tables:
        one = self.tables
        return Tables(
            one.n[which], one.d[which], one.is_published[which], one.has_people[which], one.is_share[which],
            one.is_sensitive[which],
        )  # fmt: skip

    def narrow(self, which: Whole, found: Zones) -> tuple[Flags, Flags, Flags]:
        """Answer for which n, c and d what was found leaves less open than it must."""
        low, high = found.least, found.most
        is_cut = (low > 1) | (high < SMALL)
        is_near = np.where(self.tables.is_sensitive[which][:, None], is_cut[C], high[C] - low[C] < SPREAD)
        return self.small_n[which] & is_cut[N], self.few_others[which] & is_near, self.small_d[which] & is_cut[D]

    # --- hiding more until nothing can be worked out ---

    def run(self, *, audit: bool) -> Hidden:
        self._close()
        while audit:  # each round hides one count at least, or leaves a table alone
            self.dirty[[*self.hidden.unprotected]] = False
            which = np.flatnonzero(self.dirty)
            if not len(which):
                break
            before = self._progress()
            zones, rest = self.zones(which)
            cut = self.narrow(which, self.forest.project(zones, rest))
            is_cut = np.logical_or.reduce([one.any(axis=1) for one in cut])
            if is_cut.any():
                if not self.crossing:
                    self.dirty[which] = is_cut
                self._hide_more(which[is_cut], [one[is_cut] for one in cut])
            else:  # crossing sums are looked at when no tree is left that gives anything away
                self.dirty[which] = False
                for at, row, cell in [*self._crossing_cuts(which, zones, rest)]:
                    self.dirty[at] = True
                    self._hide_more_crossing(at, row, cell)
            self._close()
            if before == self._progress():
                self.hidden.unprotected |= set(np.flatnonzero(self.dirty).tolist())
        return self.hidden

    def _hide_more(self, which: Whole, cut: Sequence[Flags]) -> None:
        n_cut, c_cut, d_cut = cut
        hidden = self.hidden
        # A complement first of all by hiding the numerator beside it.
        at, cells = np.nonzero(c_cut & ~hidden.n[which])
        hidden.n[which[at], cells] = True
        for kind, wishes in ((1, d_cut), (0, n_cut | (c_cut & hidden.n[which]))):
            if kind == 0:
                wishes[at] = False  # look again first
                wishes[d_cut.any(axis=1)] = False
            touched = np.flatnonzero(wishes.any(axis=1))
            if not len(touched):
                continue
            ways = self._ways(kind, which[touched])
            for row, table in enumerate(touched):
                seen = set[int]()
                for cell in np.flatnonzero(wishes[table]):
                    family = int(self.forest.part_of[cell])
                    if family in seen:
                        continue
                    seen.add(family)
                    if not ways.open(row, int(cell)):
                        self._hide_all(kind, int(which[table])) or self._hide_all(1, int(which[table]))
                        break

    def _ways(self, kind: int, which: Whole) -> Ways:
        hides, _, published = self._of(kind)
        counts = self.tables.d if kind else self.tables.n
        return Ways(self.forest, which, counts, hides=hides, published=published, knows=self.knows[kind])

    def _hide_all(self, kind: int, at: int) -> bool:
        """Hide every count of a table's n or d, noughts as well; False if it is so already."""
        hides, zeros, published = self._of(kind)
        is_new = bool((published[at] & ~(hides[at] & zeros[at])).any())
        hides[at] |= published[at]
        zeros[at] |= published[at]
        self.dirty[at] = True
        return is_new

    # --- tables whose sums cross: groups within places ---

    def _crossing_cuts(self, which: Whole, zones: Zones, rest: Zones) -> Iterator[tuple[int, int, int]]:
        """Answer a table, n, c or d, and a cell that the crossing sums narrow: the first found of each table."""
        # Enough, and fast: what stays open though all cells of crossing sums are known exactly, is open.
        if not self.crossing:
            return
        crossed = np.array(sorted({cell for total, parts in self.crossing for cell in (total, *parts)}))
        known = zones.copy()
        n, d = self.tables.n[which], self.tables.d[which]
        for row, counts in ((N, n), (C, d - n), (D, d)):
            is_known = np.full(len(which), True) if row == N else self.tables.has_people[which]
            grid = np.ix_(np.flatnonzero(is_known), crossed)
            known.least[row][grid] = counts[grid]
            known.most[row][grid] = counts[grid]
        cut = self.narrow(which, self.forest.project(known, rest))
        for place, at in enumerate(which):
            if not self._shows_crossing(int(at)):
                continue
            # What was open once stays open: hiding more only widens what is possible.
            proved = self.proved.setdefault(int(at), set())
            # Denominators first: where a numerator is all of them, it cannot move before they can.
            wishes = [(row, int(cell)) for row in (D, N, C) for cell in np.flatnonzero(cut[row][place])]
            wishes = [wish for wish in wishes if wish not in proved]
            if not wishes:
                continue
            if len(wishes) > MOST_ASKED and self._give_way(int(at), wishes):
                continue
            is_open = self._are_open(int(at), place, wishes, zones, rest)
            proved |= {wish for wish, fine in zip(wishes, is_open, strict=True) if fine}
            for (row, cell), fine in zip(wishes, is_open, strict=True):
                if not fine:
                    yield int(at), row, cell
                    break

    def _shows_crossing(self, at: int) -> bool:
        """Answer whether anything of a breakdown within places is published of this table.

        Where nothing is, sums that cross say nothing more than the trees: any counts of places and of groups that sum
        to the same can be filled with counts of groups within places, of those counted and of the others alike.
        """
        return any(
            bool((self._of(kind)[2][at, block] & ~self.withheld[kind][at, block]).any())
            for kind in (0, 1)
            for block in self.blocks
        )

    def _give_way(self, at: int, wishes: Sequence[tuple[int, int]]) -> bool:
        """Withhold the breakdowns within places in which so many counts are in doubt; False if all are already.

        Where groups are this small little of the breakdown could be shown, and asking of each count takes for ever.
        """
        asked = {cell for _, cell in wishes}
        within = [block for block in self.blocks if asked.intersection(block.tolist())] or self.blocks
        for kind in (0, 1):
            hides, zeros, published = self._of(kind)
            is_new = False
            for block in within:
                is_new |= bool((published[at, block] & ~self.withheld[kind][at, block]).any())
                for array in (hides, zeros, self.withheld[kind]):
                    array[at, block] |= published[at, block]
            if is_new:
                self.dirty[at] = True
                return True
        return False

    def _are_open(self, at: int, place: int, wishes: Sequence[tuple[int, int]], zones: Zones, rest: Zones) -> Flags:
        least, most, sums, truth = self.programme(at, place, zones, rest, [cell for _, cell in wishes])
        cells = self.tables.n.shape[1]
        is_sensitive = bool(self.tables.is_sensitive[at])
        wanted = [
            Wanted(row * cells + cell, width=SPREAD)
            if row == C and not is_sensitive
            else Wanted(row * cells + cell, least=1, most=SMALL)
            for row, cell in wishes
        ]
        return stays_open(least, most, sums, wanted, truth, to_first=True)

    def programme(
        self, at: int, place: int, zones: Zones, rest: Zones, asked: Sequence[int]
    ) -> tuple[Whole, Whole, list[Sum], Whole]:
        """Answer one table as cells n, c, d and rests with their intervals, the sums over them, and the truth.

        Branches of the tree in which nothing is asked and nothing crosses are taken up into what is known of the cell
        from which they hang: exactly, as `bounds` says.
        """
        n, d = self.tables.n[at], self.tables.d[at]
        cells = len(n)
        kept, folded = self._fold(asked)
        known = Zones(zones.least[:, [place]], zones.most[:, [place]])
        if folded.sums:
            numbers = self.folded_rests[tuple(kept)]
            left_out = Zones(rest.least[:, [place]][:, :, numbers], rest.most[:, [place]][:, :, numbers])
            known = folded.project(known, left_out)
        is_share = bool(self.tables.is_share[at])
        least, most, truth = [*known.least[:, 0]], [*known.most[:, 0]], [n, d - n, d]
        sums: list[Sum] = []
        chosen = [self.forest.sums[number] for number in kept]
        chosen += [(total, np.array(crossed, dtype=np.int64)) for total, crossed in self.crossing]
        touched = {int(cell) for total, parts in chosen for cell in (total, *parts)} | {*asked}
        if is_share:
            sums = [(D * cells + cell, (N * cells + cell, C * cells + cell)) for cell in sorted(touched)]
        else:  # nothing ties n to d: c is left out by being known
            least[C] = most[C] = truth[C] = np.zeros(cells, dtype=np.int64)
        idle = np.array([cell not in touched for cell in range(cells)])
        for row in range(3):
            least[row], most[row] = np.where(idle, truth[row], least[row]), np.where(idle, truth[row], most[row])
        more: list[tuple[int, int]] = []
        for row in (N, C) if is_share else (N, D):
            for total, parts in chosen:
                left = int(truth[row][total] - truth[row][parts].sum())
                members = [row * cells + int(one) for one in parts]
                if left:
                    members.append(3 * cells + len(more))
                    more.append((left, 0 if left > 0 else -UNBOUNDED))
                sums.append((row * cells + total, members))
        return (
            np.array([*np.concatenate(least), *(low for _, low in more)], dtype=np.int64),
            np.array([*np.concatenate(most), *(UNBOUNDED for _ in more)], dtype=np.int64),
            sums,
            np.array([*np.concatenate(truth), *(left for left, _ in more)], dtype=np.int64),
        )

    def _fold(self, asked: Sequence[int]) -> tuple[list[int], Forest]:
        """Answer the sums of the tree that are kept, and a forest of those that can be taken up."""
        needed = {cell for total, parts in self.crossing for cell in (total, *parts)} | {*asked}
        kept = list[int]()
        for numbers, *_ in reversed(self.forest.levels):
            for number in numbers.tolist():
                total, parts = self.forest.sums[number]
                if not needed.isdisjoint(parts.tolist()):
                    kept.append(number)
                    needed.add(total)
        kept.sort()
        key = tuple(kept)
        if key not in self.folded:
            others = [number for number in range(len(self.forest.sums)) if number not in set(kept)]
            sums = [(total, parts.tolist()) for total, parts in (self.forest.sums[number] for number in others)]
            self.folded[key] = Forest(self.forest.cells, sums)
            self.folded_rests[key] = np.array(others, dtype=np.int64)
        return kept, self.folded[key]

    def _hide_more_crossing(self, at: int, row: int, cell: int) -> None:
        kind = 1 if row == D else 0
        if row == C and not self.hidden.n[at, cell]:
            self.hidden.n[at, cell] = True
        elif cell in self.crossing_of and self._rectangle(kind, at, cell):
            pass
        elif not self._withhold(kind, at, row, cell) and not self._ways(kind, np.array([at])).open(0, cell):
            self._hide_all(kind, at) or self._hide_all(1, at)

    def _rectangle(self, kind: int, at: int, cell: int) -> bool:
        """Hide the cheapest three cells that let a group of a place move against another group and another place."""
        hides, counts = (self.hidden.n, self.tables.n) if kind == 0 else (self.hidden.d, self.tables.d)
        cost = np.where(hides[at], 0.0, np.where(counts[at] > 0, counts[at].astype(float), NEVER))
        cost[self.knows[kind][at]] = NEVER
        own = int(self.forest.part_of[cell])
        beside = [int(one) for one in self.forest.sums[own][1] if one != cell]
        below = [int(one) for one in self.crossing[self.crossing_of[cell]][1] if one != cell]
        best: tuple[float, tuple[int, ...]] = (NEVER, ())
        for one in beside:
            if one not in self.crossing_of:
                continue
            across = set(self.crossing[self.crossing_of[one]][1])
            for other in below:
                for corner in across & set(self.forest.sums[self.forest.part_of[other]][1].tolist()):
                    price = cost[one] + cost[other] + cost[corner]
                    if 0 < price < best[0]:
                        best = (float(price), (one, other, int(corner)))
        for chosen in best[1]:
            hides[at, chosen] = True
        return bool(best[1])

    def _withhold(self, kind: int, at: int, row: int, cell: int) -> bool:
        """Publish nothing of a breakdown within places: trees alone leave the cell open, such a table narrows it.

        It is that of the cell itself, or the first without which the cell is open. False if all are withheld.
        """
        own = [block for block in self.blocks if cell in block]
        choices = [
            (each, block)
            for each in ((kind,) if kind else (0, 1))
            for block in (*own, *self.blocks)
            if (self._of(each)[2][at, block] & ~self.withheld[each][at, block]).any()
        ]
        which = np.array([at])
        for each, block in choices:
            hides, zeros, published = self._of(each)
            before = [array[at].copy() for array in (hides, zeros, self.withheld[each])]
            for array in (hides, zeros, self.withheld[each]):
                array[at, block] |= published[at, block]
            if len(choices) == 1 or self._are_open(at, 0, [(row, cell)], *self.zones(which)).all():
                return True
            for array, old in zip((hides, zeros, self.withheld[each]), before, strict=True):
                array[at] = old
        for each, block in choices[:1]:  # more than one of them does it
            for array in (*self._of(each)[:2], self.withheld[each]):
                array[at, block] |= self._of(each)[2][at, block]
        return bool(choices)

    def _of(self, kind: int) -> tuple[Flags, Flags, Flags]:
        """Answer of n or d what is hidden, what of it may be 0, and what there is."""
        if kind == 0:
            return self.hidden.n, self.hidden.n_may_be_0, self.tables.is_published
        return self.hidden.d, self.hidden.d_may_be_0, self.people

    def _blocks(self) -> list[Whole]:
        """Answer the cells of each breakdown within places: those that crossing sums and the sums of places tie."""
        block_of: dict[int, set[int]] = {}
        for _, parts in self.crossing:
            joined = set(parts)
            for cell in parts:
                joined |= block_of.get(cell, set())
                if self.forest.part_of[cell] >= 0:
                    beside = self.forest.sums[self.forest.part_of[cell]][1].tolist()
                    joined |= {one for one in beside if one in self.crossing_of}
            for cell in [*joined]:
                joined |= block_of.get(cell, set())
            for cell in joined:
                block_of[cell] = joined
        found = {min(block): block for block in block_of.values()}
        return [np.array(sorted(found[one])) for one in sorted(found)]
