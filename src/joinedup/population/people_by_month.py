"""Everybody at the end of every month, with what figures are broken down by: one table, a few rows a person.

A row is (who, unit, slice, sex, ethnic, national, local, mask, seen). `unit` is the practice of a registration or the
small area of a home; `slice` a band of age; `national` and `local` the deprivation quintile of the home, 0 where there
is none. `mask` has a bit for each month at whose end all of it is so. Rows of one person never share a bit, so that
sums over rows are sums over people.

`seen` is `mask`, and the month after for somebody who was then nowhere any more: who died on the 10th is in no practice
at the month's end, and yet what happened in those ten days belongs to the last one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from joinedup.errors import RuleError
from joinedup.population import spells
from joinedup.population.answers import spells_of_people
from joinedup.population.facts import Facts, facts
from joinedup.population.grid import MonthEnds
from joinedup.population.snapshot import Snapshot

SEXES: Final = ("female", "male", "other", "Unknown")
ETHNIC_GROUPS: Final = ("White", "Mixed", "Asian", "Black", "Other", "Unknown")
OLDEST: Final = 130
UNITS: Final = {
    "registered": ("practice", "registration", "practice_area"),
    "resident": ("lsoa11", "residence", "small_area"),
}
"""Where a person counts: the column of the unit, the spells there, and the dated areas that units belong to."""


@dataclass(frozen=True)
class PeopleByMonth:
    """The table, and what its numbers stand for. `ages[n]` is the first age of slice n; the last slice is unknown."""

    table: Any
    units: tuple[str, ...]
    ages: tuple[int, ...]
    months: range
    facts: Facts = field(repr=False, compare=False)

    @property
    def unknown_slice(self) -> int:
        return len(self.ages)

    def with_number(self, name: str, numbers: Sequence[int]) -> Any:
        """Answer the table with a column more: a number for each unit, in the order of the units."""
        rows = [{"unit": unit, name: number} for unit, number in enumerate(numbers)]
        schema = {"unit": "int32", name: "int32"}
        key = ("number of unit", name, tuple(numbers))
        return self.table.inner_join(self.facts.kept(key, lambda: self.facts.from_memory(rows, schema)), "unit")

    def kept(self, key: object, table: Any) -> Any:
        """Answer a table that the engine keeps as long as the snapshot is open."""
        return self.facts.kept(("of people by month", key, self.months), lambda: table)


def everybody_by_month(snapshot: Snapshot, population: str, ages: Sequence[int], months: range) -> PeopleByMonth:
    """Answer everybody registered with a practice of the system, or living in it, month by month.

    `ages` are the first ages of the slices, rising, the first of them 0.
    """
    if population not in UNITS:
        raise RuleError(f"There is no population '{population}': expected registered or resident.")
    column, table_of_spells, dated_areas = UNITS[population]
    kept, grid, ages = facts(snapshot), MonthEnds(months), tuple(ages)
    areas = snapshot.table(dated_areas)
    areas = areas.filter(areas.system == snapshot.manifest["system"])
    units = tuple(sorted(set(areas.select(column).distinct().to_pyarrow()[column].to_pylist())))
    table = kept.kept(
        ("people by month", population, ages, grid),
        lambda: _people(kept, spells_of_people(kept, table_of_spells), areas, column, units, ages, grid),
    )
    return PeopleByMonth(table, units, ages, months, kept)


def _people(
    kept: Facts, rows: Any, areas: Any, column: str, units: Sequence[str], ages: Sequence[int], grid: MonthEnds
) -> Any:
    import ibis

    length = len(grid)
    numbers, schema = [{column: unit, "unit": n} for n, unit in enumerate(units)], {column: "string", "unit": "int32"}
    numbered = kept.kept(("units", column), lambda: kept.from_memory(numbers, schema))
    at = _spells(rows, areas.select(column, a_starts="starts", a_ends="ends"), column, (column,), grid)
    at = at.inner_join(numbered, column).select("who", "unit", "first", "last")
    here = spells.masks(at, length, by=("who", "unit"))
    anywhere = spells.masks(at, length).select(who="who", anywhere="mask")
    aged = kept.kept(("aged", tuple(ages), grid), lambda: _aged(kept, ages, grid))
    homes = kept.kept(("homes by month", grid), lambda: _homes(kept, grid))
    people = kept.people.select(
        "who", sex=_number(kept.people.sex, SEXES), ethnic=_number(kept.people.ethnic_group, ETHNIC_GROUPS)
    )
    met = here.inner_join(anywhere, "who").inner_join(people, "who")
    met = met.inner_join(aged.select(who="who", slice="slice", aged="mask"), "who")
    met = met.inner_join(homes.select(who="who", national="national", local="local", home="mask"), "who")
    gone = ibis.literal(spells.whole(length)).cast("int64") & ~met.anywhere
    mask = met.mask & met.aged & met.home
    # The month after the last is of the same practice, age and home, whatever they are by then.
    after = (mask << 1) & gone
    whole = met.select("who", "unit", "slice", "sex", "ethnic", "national", "local", mask=mask, seen=mask | after)
    return whole.filter(whole.mask != 0)


def _spells(rows: Any, areas: Any, column: str, said: Sequence[str], grid: MonthEnds) -> Any:
    """Answer (who, …, first, last): while a person's spell and one of its area's in the system both hold."""
    import ibis

    met = rows.inner_join(areas, column)
    starts = ibis.greatest(met.starts, ibis.coalesce(met.a_starts, met.starts))
    ends = ibis.least(ibis.coalesce(met.ends, met.a_ends), ibis.coalesce(met.a_ends, met.ends))
    last = ibis.ifelse(ends.isnull(), len(grid) - 1, grid.from_day(ends) - 1)
    last = ibis.ifelse(met.died.isnull(), last, ibis.least(last, grid.until_month(met.died - 1)))
    return met.select("who", *said, first=grid.from_day(starts).cast("int32"), last=last.cast("int32"))


def _aged(kept: Facts, ages: Sequence[int], grid: MonthEnds) -> Any:
    """Answer (who, slice, mask) of everybody; who has no month of birth is in the slice after the last."""
    import ibis

    # Within the grid nobody passes through more slices than begin in so many years: each age has its own few.
    years = len(grid) // 12 + 2
    begins = [*ages, OLDEST + years]
    reach = [
        (age, n, 12 * begins[n], 12 * begins[n + 1])
        for age in range(-years, OLDEST)
        for n in range(len(ages))
        if begins[n] <= age + years and begins[n + 1] > age
    ]
    names = ("age", "slice", "low", "high")
    rows, schema = [dict(zip(names, row, strict=True)) for row in reach], dict.fromkeys(names, "int32")
    slices = kept.kept(("slices", tuple(ages), len(grid)), lambda: kept.from_memory(rows, schema))
    people = kept.people
    born = people.filter(people.born.notnull()).select("who", "born")
    start = grid.months.start
    # Month numbers may lie on both sides of nought here: whole years are counted from far below.
    born = born.mutate(age=((start - born.born + 12 * 1000) // 12 - 1000).cast("int32"))
    met = born.inner_join(slices, "age")
    lives = met.select(
        "who",
        "slice",
        first=(met.born + met.low - start).cast("int32"),
        last=(met.born + met.high - 1 - start).cast("int32"),
    )
    # Each slice of a person is one spell: there is nothing to add up.
    inside = spells.clipped(lives, len(grid))
    known = inside.select("who", "slice", mask=spells.mask_between(inside.first, inside.last))
    unknown = people.filter(people.born.isnull()).select(
        "who",
        slice=ibis.literal(len(ages)).cast("int32"),
        mask=ibis.literal(spells.whole(len(grid))).cast("int64"),
    )
    return ibis.union(known, unknown)


def _homes(kept: Facts, grid: MonthEnds) -> Any:
    """Answer (who, national, local, mask) of everybody: the quintiles of the home, 0 and 0 for months without one."""
    import ibis

    areas = kept.snapshot.table("small_area")
    areas = areas.filter(areas.system == kept.snapshot.manifest["system"])
    areas = areas.select(
        "lsoa11",
        national=areas.deprivation_national.fill_null(0).cast("int32"),
        local=areas.deprivation_local.fill_null(0).cast("int32"),
        a_starts="starts",
        a_ends="ends",
    )
    rows = _spells(spells_of_people(kept, "residence"), areas, "lsoa11", ("national", "local"), grid)
    known = spells.masks(rows, len(grid), by=("who", "national", "local"))
    anywhere = spells.masks(rows, len(grid)).select(who_else="who", home="mask")
    met = kept.people.select("who").left_join(anywhere, [("who", "who_else")])
    full = ibis.literal(spells.whole(len(grid))).cast("int64")
    nowhere = met.select(
        "who",
        national=ibis.literal(0).cast("int32"),
        local=ibis.literal(0).cast("int32"),
        mask=full & ~ibis.coalesce(met.home, ibis.literal(0)).cast("int64"),
    )
    return ibis.union(known, nowhere.filter(nowhere.mask != 0))


def _number(column: Any, words: Sequence[str]) -> Any:
    """Answer the place of a word among some; of any other word, or none, the last place."""
    import ibis

    cases = [(column == word, ibis.literal(n)) for n, word in enumerate(words[:-1])]
    return ibis.cases(*cases, else_=ibis.literal(len(words) - 1)).cast("int32")
