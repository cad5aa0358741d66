"""Counting: who a sentence holds for, and what happened to whom, by unit, age, group and month, in one pass each.

One group-by answers both: by unit (practice or small area) and age, and by place and groups. Months are bits of a
whole number (see `joinedup.population`), so that a row of a person counts for all its months at once; the counts of
each month are sums of bits. The same Ibis expressions run on DuckDB and Spark.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from joinedup.measures.dated_areas import Belonging, DatedAreas, Memberships, read_belongings
from joinedup.measures.definition import MeasureDefinition
from joinedup.measures.statistics.standard_population import ESP2013
from joinedup.population import (
    counted_event,
    events_by_month,
    everybody_by_month,
    holding,
    parse_statement,
)

Numbers = npt.NDArray[np.int64]
BANDS: Final = tuple(ESP2013)
"""The bands of age that figures are broken down by: those of the European Standard Population."""
FIRST_AGES: Final = tuple(int(band.rstrip("+").split("-")[0]) for band in BANDS)
GROUPS: Final = {
    "sex": ("female", "male", "other", "Unknown"),
    "ethnic_group": ("White", "Mixed", "Asian", "Black", "Other", "Unknown"),
    "deprivation_national": ("Unknown", "1", "2", "3", "4", "5"),
    "deprivation_local": ("Unknown", "1", "2", "3", "4", "5"),
}
"""Each breakdown besides age, with its groups by number."""
_SLICES: Final = 256
_AMOUNTS: Final = ("events", "total", "squares")


@dataclass(frozen=True)
class Tally:
    """Counts: by_unit[unit, slice, month], and by_group[breakdown][place, group, slice, month].

    The last place is "in none". `total` and `squares` are tallies of amounts and of their squares, for means.
    """

    by_unit: Numbers
    by_group: dict[str, Numbers]
    total: Tally | None = None
    squares: Tally | None = None


class Tallies:
    """All counting on one snapshot. Each tally is made once, however many measures need it."""

    def __init__(self, snapshot: Any, many: Iterable[MeasureDefinition], months: range, areas: DatedAreas) -> None:
        self.snapshot, self.months, self.areas = snapshot, months, areas
        bounds = {0, *FIRST_AGES}
        for one in many:
            low, high, _ = split_ages(one.denominator)
            bounds |= {low, *([] if high is None else [high + 1])}
        self.ages = tuple(sorted(bounds))
        self.band_of_slice = np.array(
            [max(n for n, first in enumerate(FIRST_AGES) if first <= age) for age in self.ages] + [len(BANDS)]
        )
        self._made: dict[object, Tally] = {}
        self._people: dict[str, Any] = {}
        self._memberships: dict[str, Memberships] = {}
        self._by_area: dict[tuple[str, int], Numbers] = {}
        self.belongings: dict[str, list[Belonging]] = {}
        self.units: dict[str, tuple[str, ...]] = {}
        self.places = [n for n, life in enumerate(areas.lives) if life.kind == "place"]

    def slices(self, low: int, high: int | None) -> npt.NDArray[np.bool_]:
        """Answer which slices lie within ages; the unknown one only where every age does."""
        chosen = [low <= age and (high is None or age <= high) for age in self.ages]
        return np.array([*chosen, low == 0 and high is None])

    def people(self, population: str, sentences: Sequence[str], exclude: Sequence[str] = ()) -> Tally:
        """Answer how many people all the sentences hold for, and none of `exclude`, at the end of each month."""
        key = ("people", population, frozenset(sentences), frozenset(exclude))
        if key not in self._made:
            self._made[key] = self._tally(self._holding(population, sentences, exclude, "mask"), None)
        return self._made[key]

    def events(self, population: str, sentences: Sequence[str], exclude: Sequence[str], name: str) -> Tally:
        """Answer how many such events those people had in each month for whom the sentences hold (see `people`)."""
        key = ("events", population, frozenset(sentences), frozenset(exclude), name)
        if key not in self._made:
            event = counted_event(name)
            happened = events_by_month(self.snapshot, event, self.months)
            people = self._holding(population, sentences, exclude, "seen")
            met = people.inner_join(happened, "who")
            met = met.filter(((met.mask >> met.month) & 1) == 1)
            self._made[key] = self._tally(met, _AMOUNTS if event.amount else _AMOUNTS[:1])
        return self._made[key]

    def _everybody(self, population: str) -> Any:
        """Answer (who, a, b, mask, seen): the unit and slice, and the place and groups, each as one number."""
        if population not in self._people:
            made = everybody_by_month(self.snapshot, population, self.ages, self.months)
            self.units[population] = made.units
            self.belongings[population] = read_belongings(self.snapshot, population)
            place_of = {place: n for n, place in enumerate(self.places)}
            at = self.areas.unit_places(made.units, self.belongings[population])
            rows = made.with_number("place", [place_of.get(int(place), len(self.places)) for place in at])
            groups = (((rows.place * 8 + rows.sex) * 8 + rows.ethnic) * 8 + rows.national) * 8 + rows.local
            numbered = rows.select(
                "who",
                a=(rows.unit * _SLICES + rows.slice).cast("int32"),
                b=(groups.cast("int64") * _SLICES + rows.slice).cast("int64"),
                mask="mask",
                seen="seen",
            )
            self._people[population] = made.kept((population, self.ages), numbered)
        return self._people[population]

    def _holding(self, population: str, sentences: Sequence[str], exclude: Sequence[str], which: str) -> Any:
        people = self._everybody(population)
        mask = people[which]
        if sentences:
            held = holding(self.snapshot, list(sentences), months=self.months).select(who="who", held="mask")
            people = people.inner_join(held, "who")
            # Who has left is asked as of the month before, as their practice is.
            held_mask = people.held if which == "mask" else people.held | (people.held << 1)
            mask = people[which] & held_mask
        people = people.select("who", "a", "b", mask=mask)
        for sentence in exclude:
            import ibis

            not_they = holding(self.snapshot, [sentence], months=self.months).select(other="who", held="mask")
            met = people.left_join(not_they, people.who == not_they.other)
            people = met.select(
                "who", "a", "b", mask=met.mask & ~ibis.coalesce(met.held, ibis.literal(0)).cast("int64")
            )
        return people.filter(people.mask != 0) if sentences or exclude else people

    def _tally(self, rows: Any, amounts: Sequence[str] | None) -> Tally:
        """Answer the counts of rows: bits of a mask for people, sums of amounts in a month for events."""
        import ibis

        said = ["mask"] if amounts is None else ["month", *amounts]
        # One query answers both: keys by unit from nought up, keys by place and groups below nought.
        by_unit = rows.select(*said, key=rows.a.cast("int64"))
        rows = ibis.union(by_unit, rows.select(*said, key=(-1 - rows.b).cast("int64")))
        made = [self._arranged(keys, counts) for keys, counts in self._summed(rows, amounts)]
        return Tally(made[0].by_unit, made[0].by_group, *made[1:])

    def _summed(self, rows: Any, amounts: Sequence[str] | None) -> list[tuple[Numbers, Numbers]]:
        """Answer (keys, counts[key, month]) for people, or for each of the amounts."""
        import pandas as pd

        many = len(self.months)
        if amounts is None:
            # Many share a mask: they are counted together, and the mask is taken apart once.
            found = rows.group_by("key", "mask").aggregate(people=rows.count().cast("int64")).to_pyarrow()
            place, keys = pd.factorize(found["key"].to_numpy())
            return [(keys, _bits_summed(place, len(keys), found["mask"].to_numpy(), found["people"].to_numpy(), many))]
        sums = {name: rows[name].sum().cast("int64") for name in amounts}
        found = rows.group_by("key", "month").aggregate(**sums).to_pyarrow()
        place, keys = pd.factorize(found["key"].to_numpy())
        month = found["month"].to_numpy()
        answer = []
        for name in amounts:
            counts = np.zeros((len(keys), many), dtype=np.int64)
            counts[place, month] = found[name].to_numpy()
            answer.append((keys, counts))
        return answer

    def _arranged(self, every: Numbers, of_each: Numbers) -> Tally:
        units = max(len(each) for each in self.units.values())
        many, slices = len(self.months), len(self.ages) + 1
        keys, counts = every[every >= 0], of_each[every >= 0]
        by_unit = np.zeros((units, slices, many), dtype=np.int64)
        by_unit[keys // _SLICES, keys % _SLICES] = counts
        keys, counts = -1 - every[every < 0], of_each[every < 0]
        at, groups = keys % _SLICES, keys // _SLICES
        place = groups // 8**4
        by_group = {}
        for n, (name, words) in enumerate(GROUPS.items()):
            cells = np.zeros((len(self.places) + 1, 8, slices, many), dtype=np.int64)
            np.add.at(cells, (place, (groups // 8 ** (3 - n)) % 8, at), counts)
            by_group[name] = cells[:, : len(words)]
        return Tally(by_unit, by_group)

    def by_area(self, population: str, tally: Tally) -> Numbers:
        """Answer counts[area, slice, month], of what belonged to each area then."""
        key = (population, id(tally))  # Tallies are held as long as this is.
        if key not in self._by_area:
            units = len(self.units[population])
            if population not in self._memberships:
                self._memberships[population] = self.areas.memberships(
                    self.units[population], self.belongings[population]
                )
            self._by_area[key] = self.areas.sums(self._memberships[population], tally.by_unit[:units])
        return self._by_area[key]


def _bits_summed(place: Numbers, keys: int, masks: Numbers, people: Numbers, many: int) -> Numbers:
    """Answer counts[key, month]: of each key the people whose mask has the month's bit.

    People come with the first month of each run of a mask, and go with the month after its last: runs are few.
    """
    changes = np.zeros((keys, many + 1))
    edges, sign = masks ^ (masks << 1), 1
    while len(edges):
        lowest = edges & -edges
        month = np.frexp(lowest)[1] - 1
        # Counts of people are far below 2^53: adding them as floats is exact.
        found = np.bincount(place * (many + 1) + month, weights=people, minlength=changes.size)
        changes += sign * found.reshape(changes.shape)
        edges, sign = edges ^ lowest, -sign
        more = edges != 0
        place, people, edges = place[more], people[more], edges[more]
    return changes.cumsum(axis=1)[:, :many].astype(np.int64)


def split_ages(sentences: Sequence[str]) -> tuple[int, int | None, list[str]]:
    """Answer the ages that sentences speak of, low and high (None: no end), and the other sentences.

    >>> split_ages(["is aged 18 or over", "is aged under 80", "is female"])
    (18, 79, ['is female'])
    """
    low, high, others = 0, None, []
    for sentence in sentences:
        said = parse_statement(sentence)
        if said.form != "aged":
            others.append(sentence)
            continue
        low = max(low, said.low or 0)
        if said.high is not None:
            high = said.high if high is None else min(high, said.high)
    return low, high, others
