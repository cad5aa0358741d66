"""What a new table gives away together with those that are out already (rules: population PE5, trust T45).

The register keeps, in a controlled place, the exact count of every cell that left, by definition and cell; not who was
counted. That is enough, because what one can subtract is known from the definitions: a longer list of conditions
counts some of the people of a shorter one, a place is a part of its system, ages 18 to 64 a part of 18 to 65. Where one
count can be taken from another and 1 to 7 people are left, it matters how exactly: from rounded counts at least five
values stay possible, and no person can be read (117 and 120 leave as 115 and 120); from exact ones the new table is
refused. Every star of all these tables is put to the same audit as within one table.

Two areas that overlap without one being a part of the other are compared as if they were nearly the same: which of
their people they share cannot be known from counts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Final

import numpy as np

from joinedup.measures.disclosure.bounds import Sum, Wanted, stays_open
from joinedup.measures.disclosure.rounding import SMALL, UNBOUNDED, between, checked_mode, rounded

SPREAD: Final = 4
"""Five values that stay possible, the highest 4 above the lowest, is what rounding leaves of a difference."""
TOTALS: Final = frozenset({"", "all", "total"})
AREA: Final = "area"
COARSEN: Final = "Round the counts (mode nhs), give broader groups, or give the same groups as before."
_AGES = re.compile(r"(\d+)\s*(?:(?:-|–|to)\s*(\d+)|\+|and over)?", re.IGNORECASE)


@dataclass(frozen=True)
class Released:
    """A table for the register: of whom (every condition, or a digest of each), by what, when, how shown, and counts.

    `counts` maps a cell's values, in the order of `dimensions`, to the exact count. A value "all", "total" or "" does
    not restrict its dimension. `hidden` are cells that bear a star though their count is not small.
    """

    conditions: frozenset[str]
    dimensions: tuple[str, ...]
    period: str
    mode: str
    counts: Mapping[tuple[str, ...], int] = field(repr=False)
    hidden: frozenset[tuple[str, ...]] = frozenset()

    def __post_init__(self) -> None:
        checked_mode(self.mode)


@dataclass(frozen=True, slots=True)
class Leak:
    """Why a table may not leave as it is: what can be worked out from which cells, and what to do. No counts."""

    kind: str  # nested, remainder, period, overlap, star, area
    says: str
    cells: tuple[str, ...]
    advice: str = COARSEN


@dataclass(frozen=True)
class _Cell:
    conditions: frozenset[str]
    period: str
    values: tuple[tuple[str, str], ...]  # (dimension, value), sorted
    count: int
    least: int
    most: int
    is_new: bool
    table: int

    @property
    def said(self) -> str:
        return ", ".join(f"{name} {value}" for name, value in (*self.values, ("period", self.period)) if value) or "all"

    def value(self, name: str) -> str | None:
        return dict(self.values).get(name)


def leaks(
    new: Sequence[Released], register: Sequence[Released], *, parts: Mapping[str, str] | None = None
) -> list[Leak]:
    """Answer what the new tables give away together with the register and with each other; empty when nothing.

    `parts` says of each area of the fixed list what it is a part of ("" for the whole). With it, an area that is not
    on the list is a leak in itself: small areas are only given from the list.
    """
    areas = dict(parts or {})
    found: list[Leak] = []
    if areas:
        for table in new:
            unknown = sorted({one for cell in table.counts for one in _areas(table, cell) if one not in areas})
            if unknown:
                says = "Areas that are not on the fixed list."
                found.append(Leak("area", says, tuple(unknown), "Use areas of the list."))
    cells = [cell for at, table in enumerate(new) for cell in _cells(table, at, is_new=True)]
    for at, table in enumerate(register, len(new)):
        if any(table.conditions <= one.conditions or table.conditions >= one.conditions for one in new):
            cells += _cells(table, at, is_new=False)
    found += _pairs(cells, areas)
    sums = [*_sums(cells, areas)]
    found += _remainders(cells, sums)
    found += _stars(cells, sums, areas)
    return list(dict.fromkeys(found))


def _areas(table: Released, cell: tuple[str, ...]) -> Iterator[str]:
    for name, value in zip(table.dimensions, cell, strict=True):
        if name == AREA and value not in TOTALS:
            yield value


def _cells(table: Released, number: int, *, is_new: bool) -> Iterator[_Cell]:
    if not table.counts:
        return
    counts = np.array(list(table.counts.values()), dtype=np.int64)
    least, most = between(rounded(counts, table.mode), table.mode)
    for at, (cell, count) in enumerate(table.counts.items()):
        low, high = int(least[at]), int(most[at])
        if cell in table.hidden and count > SMALL:
            low, high = 1, UNBOUNDED
        values = tuple(
            sorted((name, value) for name, value in zip(table.dimensions, cell, strict=True) if value not in TOTALS)
        )
        yield _Cell(table.conditions, table.period, values, int(count), low, high, is_new, number)


# --- how cells lie to each other -----------------------------------------------------------------------------------


def _ages(value: str) -> tuple[int, int] | None:
    found = _AGES.fullmatch(value.strip())
    if not found:
        return None
    first = int(found[1])
    return first, int(found[2]) if found[2] else (first if value.strip().isdigit() else 999)


def _is_part(one: str, other: str, name: str, areas: Mapping[str, str]) -> bool:
    """Whether everybody of one value of a dimension is of the other."""
    if one == other:
        return True
    if name == AREA:
        at, seen = one, {one}
        while (at := areas.get(at, "")) and at not in seen:
            if at == other:
                return True
            seen.add(at)
        return False
    ages, wider = _ages(one), _ages(other)
    return bool(ages and wider and wider[0] <= ages[0] and ages[1] <= wider[1])


def _are_apart(one: _Cell, other: _Cell, name: str, areas: Mapping[str, str]) -> bool:
    """Whether nobody is of both values of a dimension."""
    mine, its = str(one.value(name)), str(other.value(name))
    if mine == its or _is_part(mine, its, name, areas) or _is_part(its, mine, name, areas):
        return False
    if name == AREA:
        return mine in areas and its in areas
    ages, others = _ages(mine), _ages(its)
    if ages and others:
        return ages[1] < others[0] or others[1] < ages[0]
    return one.table == other.table  # categories of one table exclude each other


def _is_within(one: _Cell, other: _Cell, areas: Mapping[str, str]) -> bool:
    if one.period != other.period or not one.conditions >= other.conditions:
        return False
    mine = dict(one.values)
    return all(name in mine and _is_part(mine[name], value, name, areas) for name, value in other.values)


def _same_but(one: _Cell, other: _Cell) -> str | None:
    """Answer the one dimension in which two cells of the same people and period differ."""
    if one.conditions != other.conditions or one.period != other.period:
        return None
    mine, its = dict(one.values), dict(other.values)
    if mine.keys() != its.keys():
        return None
    differ = [name for name in mine if mine[name] != its[name]]
    return differ[0] if len(differ) == 1 else None


# --- what can be worked out ----------------------------------------------------------------------------------------


def _is_readable(count: int, least: int, most: int) -> bool:
    return 1 <= count <= SMALL and most - least < SPREAD


def _pairs(cells: Sequence[_Cell], areas: Mapping[str, str]) -> Iterator[Leak]:
    for one, other in combinations(cells, 2):
        if not (one.is_new or other.is_new):
            continue
        small, large = (one, other) if one.count <= other.count else (other, one)
        left = large.count - small.count
        if not 1 <= left <= SMALL:
            continue
        low, high = large.least - small.most, large.most - small.least
        said = (small.said, large.said)
        is_nested = _is_within(small, large, areas)
        if is_nested and _is_readable(left, max(low, 0), high):
            yield Leak("nested", "One count minus the other leaves 1 to 7 people.", said)
        if is_nested or not _is_readable(left, low, high):
            continue
        if one.values == other.values and one.conditions == other.conditions:
            yield Leak("period", "The same group at two times, or counted twice, differs by 1 to 7 people.", said)
        name = _same_but(one, other)
        if name and not _are_apart(one, other, name, areas):
            yield Leak("overlap", f"Two groups by {name} overlap and differ by 1 to 7 people.", said)


def _sums(cells: Sequence[_Cell], areas: Mapping[str, str]) -> Iterator[tuple[int, tuple[int, ...]]]:
    """Answer which cells are together a part of which: groups that exclude each other, of one dimension."""
    for whole, total in enumerate(cells):
        inside: dict[str, list[int]] = {}
        for at, part in enumerate(cells):
            if at == whole or part.conditions != total.conditions or not _is_within(part, total, areas):
                continue
            more = {name for name, _ in part.values} - {name for name, _ in total.values}
            differ = [name for name, value in total.values if part.value(name) != value]
            if len(more) + len(differ) == 1:
                inside.setdefault([*more, *differ][0], []).append(at)
        for name, members in inside.items():
            # The broadest groups first, then the smallest: both sums are known.
            for broad in (True, False):
                chosen: list[int] = []
                for at in sorted(members, key=lambda one: (-cells[one].count if broad else cells[one].count, one)):
                    if all(_are_apart(cells[at], cells[one], name, areas) for one in chosen):
                        chosen.append(at)
                if chosen:
                    yield whole, tuple(sorted(chosen))


def _remainders(cells: Sequence[_Cell], sums: Sequence[tuple[int, tuple[int, ...]]]) -> Iterator[Leak]:
    for whole, parts in dict.fromkeys(sums):
        shown = [at for at in parts if cells[at].count > SMALL and cells[at].most < UNBOUNDED]
        if not shown or not any(cells[at].is_new for at in (whole, *shown)):
            continue
        left = cells[whole].count - sum(cells[at].count for at in shown)
        low = cells[whole].least - sum(cells[at].most for at in shown)
        high = cells[whole].most - sum(cells[at].least for at in shown)
        if _is_readable(left, max(low, 0), high):
            said = (cells[whole].said, *(cells[at].said for at in shown))
            yield Leak("remainder", "A total minus its parts leaves 1 to 7 people.", said)


def _stars(
    cells: Sequence[_Cell], sums: Sequence[tuple[int, tuple[int, ...]]], areas: Mapping[str, str]
) -> Iterator[Leak]:
    """Audit every hidden count under all that is published of it, by linear programmes."""
    # One unknown for each thing counted: what two tables say of it holds together.
    known: dict[tuple[frozenset[str], str, tuple[tuple[str, str], ...], int], int] = {}
    number = [known.setdefault((one.conditions, one.period, one.values, one.count), len(known)) for one in cells]
    least, most, truth = np.zeros(len(known), np.int64), np.full(len(known), UNBOUNDED), np.zeros(len(known), np.int64)
    is_new, said = np.zeros(len(known), dtype=bool), [""] * len(known)
    for at, one in zip(number, cells, strict=True):
        least[at], most[at] = max(least[at], one.least), min(most[at], one.most)
        truth[at], said[at] = one.count, one.said
        is_new[at] |= one.is_new
    stars = [at for at in range(len(known)) if 1 <= truth[at] <= SMALL]
    if not stars:
        return
    tied = [(number[whole], tuple(number[at] for at in parts)) for whole, parts in sums]
    for at, one in enumerate(cells):
        for place, other in enumerate(cells):
            if at != place and one.conditions > other.conditions and _is_within(one, other, areas):
                tied.append((number[place], (number[at],)))
    rests: list[int] = []
    full: list[Sum] = []
    for whole, ones in dict.fromkeys(tied):
        members = tuple(dict.fromkeys(ones))
        left = int(truth[whole] - truth[list(members)].sum())
        if whole in members or left < 0:
            continue
        # Whether a total has further parts nobody outside can be sure of, unless nothing is left.
        full.append((whole, (*members, len(known) + len(rests)) if left else members))
        rests += [left] if left else []
    lows, highs = np.append(least, np.zeros(len(rests), np.int64)), np.append(most, np.full(len(rests), UNBOUNDED))
    fits = np.append(truth, np.array(rests, dtype=np.int64))
    wanted = [Wanted(at, least=1, most=SMALL) for at in stars]
    is_open = stays_open(lows, highs, full, wanted, fits)
    # A star that was open to view before is no news of the new table.
    touched = {at for whole, ones in tied for at in (whole, *ones) if is_new[[whole, *ones]].any()}
    for at, fine in zip(stars, is_open, strict=True):
        if not fine and (is_new[at] or at in touched):
            yield Leak("star", "A hidden count can be worked out from what is published around it.", (said[at],))
