"""Which area a practice or a small area counts in, month by month, and which areas are parts of which.

An area's figure in a month is of what belonged to it then. An area that became another whole is counted in its
successor too, for the months before: a figure before a merger and one after it are of the same people (rules: PC10,
dated areas).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Any, Final

import numpy as np
import numpy.typing as npt

KINDS: Final = ("system", "place", "neighbourhood", "practice")
Numbers = npt.NDArray[np.int64]
Memberships = dict[tuple[int, ...], Any]
"""Which units belong to which areas: a matrix for each set of months."""


@dataclass(frozen=True)
class Life:
    """An area over time: its spells as [starts, ends), what it is part of, and what it became."""

    code: str
    kind: str
    name: str
    spells: tuple[tuple[date, date | None, str | None], ...]
    became: str | None

    @property
    def began(self) -> date:
        return min(starts for starts, _, _ in self.spells)

    @property
    def ended(self) -> date | None:
        ends = [ends for _, ends, _ in self.spells]
        return None if None in ends else max(one for one in ends if one is not None)

    def exists(self, day: date) -> bool:
        return any(starts <= day and (ends is None or day < ends) for starts, ends, _ in self.spells)

    def part_of(self, day: date) -> str | None:
        """Answer what it is part of on a day; after its end or before its beginning, what it was first or last."""
        for starts, _, whole in sorted(self.spells, key=lambda spell: spell[0], reverse=True):
            if starts <= day:
                return whole
        return min(self.spells, key=lambda spell: spell[0])[2]


@dataclass(frozen=True)
class Belonging:
    """That a unit (a practice, a small area) lies in these areas in [starts, ends)."""

    unit: str
    areas: tuple[tuple[str, str], ...]  # (kind, code)
    starts: date
    ends: date | None


class DatedAreas:
    """The areas of a system over some months, given by their last days."""

    def __init__(self, lives: Sequence[Life], ends_of_months: Sequence[date]) -> None:
        order = {kind: n for n, kind in enumerate(KINDS)}
        self.lives = sorted(lives, key=lambda life: (order[life.kind], life.code))
        self.days = list(ends_of_months)
        self.place = {(life.kind, life.code): n for n, life in enumerate(self.lives)}
        self.exists = np.array([[life.exists(day) for day in self.days] for life in self.lives], dtype=bool)
        self.carried = self._carried()

    def chain(self, kind: str, code: str) -> list[int]:
        """Answer an area and all that it became, by their places."""
        found: list[int] = []
        while (at := self.place.get((kind, code))) is not None and at not in found:
            found.append(at)
            code = self.lives[at].became or ""
        return found

    def _carried(self) -> npt.NDArray[np.bool_]:
        """Answer for which months an area has a figure though it did not exist: what became of others had theirs."""
        carried = np.zeros_like(self.exists)
        for life in self.lives:
            first, *later = self.chain(life.kind, life.code)
            for at in later:
                carried[at] |= self.exists[first] & ~self.exists[at]
        return carried

    @property
    def has_figure(self) -> npt.NDArray[np.bool_]:
        return self.exists | self.carried

    def absorbing(self, month: int) -> set[int]:
        """Answer the areas that were there in a month and have since been joined by others that were there too."""
        found: set[int] = set()
        for at, life in enumerate(self.lives):
            if self.exists[at, month]:
                found.update(after for after in self.chain(life.kind, life.code)[1:] if self.exists[after, month])
        return found

    def sums(self, memberships: Memberships, tally: Any) -> Any:
        """Answer the sums over units of each area: tally[unit, …, month] becomes answer[area, …, month]."""
        many = len(self.days)
        flat = tally.reshape(len(tally), -1, many)
        answer = np.zeros((len(self.lives), flat.shape[1], many), dtype=tally.dtype)
        for months, matrix in memberships.items():
            picked = flat[:, :, list(months)]
            answer[:, :, list(months)] = (matrix @ picked.reshape(len(tally), -1)).reshape(
                len(self.lives), flat.shape[1], len(months)
            )
        return answer.reshape(len(self.lives), *tally.shape[1:])

    def memberships(self, units: Sequence[str], belongings: Sequence[Belonging]) -> Memberships:
        """Answer which units belong to which areas, as a matrix [area, unit] for each set of months of which it is."""
        from scipy.sparse import csr_array

        number = {unit: n for n, unit in enumerate(units)}
        chains = {(kind, code): self.chain(kind, code) for one in belongings for kind, code in one.areas}
        by_month: dict[frozenset[tuple[int, int]], list[int]] = {}
        for month, day in enumerate(self.days):
            pairs: set[tuple[int, int]] = set()
            for one in belongings:
                if one.unit in number and one.starts <= day and (one.ends is None or day < one.ends):
                    for area in one.areas:
                        pairs.update((at, number[one.unit]) for at in chains[area])
            by_month.setdefault(frozenset(pairs), []).append(month)
        found = {}
        for same, months in by_month.items():
            rows, columns = [area for area, _ in same], [unit for _, unit in same]
            weights = np.ones(len(rows), dtype=np.int64)
            found[tuple(months)] = csr_array((weights, (rows, columns)), shape=(len(self.lives), len(units)))
        return found

    def unit_places(self, units: Sequence[str], belongings: Sequence[Belonging]) -> Numbers:
        """Answer for each unit the place that it lies in on the last day, by its number among areas; -1 for none."""
        day, found = self.days[-1], np.full(len(units), -1, dtype=np.int64)
        number = {unit: n for n, unit in enumerate(units)}
        for one in belongings:
            if one.unit in number and one.starts <= day and (one.ends is None or day < one.ends):
                code = dict(one.areas).get("place")
                if code is not None:
                    found[number[one.unit]] = self.place.get(("place", code), -1)
        return found


def read_areas(snapshot: Any, ends_of_months: Sequence[date]) -> DatedAreas:
    """Answer the areas of a snapshot's system."""
    lives: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in snapshot.table("area").to_pyarrow().to_pylist():
        if row["kind"] in KINDS:
            lives.setdefault((row["kind"], row["code"]), []).append(row)
    system = str(snapshot.manifest["system"])
    made = []
    for (kind, code), rows in sorted(lives.items()):
        rows.sort(key=lambda row: row["starts"])
        if kind == "system" and code != system:
            continue
        became = [row["became"] for row in rows if row["ends"] is not None and row["became"]]
        made.append(
            Life(
                code,
                kind,
                rows[-1]["name"] or code,
                tuple((row["starts"], row["ends"], row["part_of"]) for row in rows),
                became[-1] if became and rows[-1]["ends"] is not None else None,
            )
        )
    return DatedAreas(made, ends_of_months)


def read_belongings(snapshot: Any, population: str) -> list[Belonging]:
    """Answer where practices (registered) or small areas (resident) belong, from the snapshot's dated tables."""
    name, unit = ("practice_area", "practice") if population == "registered" else ("small_area", "lsoa11")
    system = str(snapshot.manifest["system"])
    found = []
    for row in snapshot.table(name).to_pyarrow().to_pylist():
        if row["system"] != system:
            continue
        areas = [(kind, row[kind]) for kind in ("system", "place", "neighbourhood") if row[kind]]
        if population == "registered":
            areas.append(("practice", row["practice"]))
        found.append(Belonging(row[unit], tuple(areas), row["starts"] or date.min, row["ends"]))
    return sorted(found, key=lambda one: (one.unit, one.starts))


def parts(areas: DatedAreas, belongings: Sequence[Belonging]) -> list[tuple[str, str, str, int, int]]:
    """Answer which area is a part of which, as (area, whole, family, first month, last month) by their places.

    The parts of one whole and family add up to it. An area that is no more is a part of what it became (family
    "became"). Where its successor was there before, the successor's figure is of both: what was its own then has no
    figure, and stands here as "<code> alone", so that sums still say all that can be worked out.
    """
    by_pair: dict[tuple[str, str, str], list[int]] = {}

    def add(area: str, whole: str, family: str, month: int) -> None:
        by_pair.setdefault((area, whole, family), []).append(month)

    for month, day in enumerate(areas.days):
        absorbing = areas.absorbing(month)
        alone = {at: f"{areas.lives[at].code} alone" for at in absorbing}
        for at, name in alone.items():
            add(name, areas.lives[at].code, "became", month)
            add(f"{name}, undivided", name, "", month)
        for at, life in enumerate(areas.lives):
            if areas.exists[at, month] and len(chain := areas.chain(life.kind, life.code)) > 1:
                add(life.code, areas.lives[chain[1]].code, "became", month)
        for one in belongings:
            if not (one.starts <= day and (one.ends is None or day < one.ends)):
                continue
            inside = dict(one.areas)
            levels = [
                areas.place[kind, inside[kind]] for kind in reversed(KINDS) if (kind, inside.get(kind)) in areas.place
            ]
            for at, above in pairwise(levels):
                add(alone.get(at, areas.lives[at].code), alone.get(above, areas.lives[above].code), "", month)
    found = []
    for (code, whole, family), months in sorted(by_pair.items()):
        distinct = sorted(set(months))
        start = previous = distinct[0]
        for month in distinct[1:]:
            if month != previous + 1:
                found.append((code, whole, family, start, previous))
                start = month
            previous = month
        found.append((code, whole, family, start, previous))
    return found
