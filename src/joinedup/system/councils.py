"""How councils change from year to year: codes that end and begin, grouped into recodes and merges (rules: T12)."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CouncilChange:
    """On 1 April of `year` the old codes ended and the new one began: a recode of one council, or a merge."""

    year: int
    old: tuple[str, ...]
    new: str

    @property
    def kind(self) -> str:
        return "recode" if len(self.old) == 1 else "merge"


def changes(rows: Sequence[Mapping[int, tuple[str, str]]]) -> list[CouncilChange]:
    """Answer the changes in rows that give each piece of land its (code, name) for each year.

    Where several codes end in several others at once (two Scottish councils that exchanged land in 2018), each new
    code follows the old one of the same name; a code that follows exactly one other is a recode.
    """
    found: dict[tuple[int, str], set[tuple[str, str]]] = defaultdict(set)
    names: dict[str, str] = {}
    years = sorted({year for row in rows for year in row})
    for row in rows:
        for before, after in itertools.pairwise(years):
            (old, old_name), (new, new_name) = row[before], row[after]
            names[new] = new_name
            if old != new:
                found[after, new].add((old, old_name))
    result = []
    for (year, new), olds in sorted(found.items()):
        same_name = {code for code, name in olds if name == names[new]}
        result.append(CouncilChange(year, tuple(sorted(same_name or {code for code, _ in olds})), new))
    return result


def lifetimes(rows: Sequence[Mapping[int, tuple[str, str]]]) -> dict[str, tuple[str, int, int | None]]:
    """Answer (name, first year, first year it is gone or None) of each code."""
    years = sorted({year for row in rows for year in row})
    seen: dict[str, tuple[str, list[int]]] = {}
    for row in rows:
        for year in years:
            code, name = row[year]
            seen.setdefault(code, (name, []))[1].append(year)
    return {
        code: (name, min(in_years), None if max(in_years) == years[-1] else max(in_years) + 1)
        for code, (name, in_years) in seen.items()
    }
