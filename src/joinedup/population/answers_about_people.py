"""Statements about who people are and where they live or are registered: what they mean on a population."""

from __future__ import annotations

from typing import Any, Final

from joinedup.errors import NotFound, RuleError
from joinedup.population import spells
from joinedup.population.answers import Answer, during, everywhere, spells_of_people
from joinedup.population.facts import Facts
from joinedup.population.grid import Grid, OneDay
from joinedup.population.statements import Statement

ETHNIC_GROUPS: Final = ("Asian", "Black", "Mixed", "Other", "White")


# --- who and where -------------------------------------------------------------------------------------------------


def registered(kept: Facts, statement: Statement, grid: Grid) -> Answer:
    rows = spells_of_people(kept, "registration")
    return Answer(spells.masks(during(rows, rows.starts, rows.ends, grid, rows.died), len(grid)))


def registered_in(kept: Facts, statement: Statement, grid: Grid) -> Answer:
    rows = spells_of_people(kept, "registration")
    if statement.comparison == "practice":
        rows = rows.filter(rows.practice == statement.name)
        return Answer(spells.masks(during(rows, rows.starts, rows.ends, grid, rows.died), len(grid)))
    areas = kept.table("practice_area")
    return Answer(
        _within_area(kept, rows, areas.filter(areas[statement.comparison] == statement.name), "practice", grid)
    )


def resident(kept: Facts, statement: Statement, grid: Grid) -> Answer:
    areas = kept.table("small_area")
    homes = spells_of_people(kept, "residence")
    return Answer(_within_area(kept, homes, areas.filter(areas.system.notnull()), "lsoa11", grid))


def resident_in(kept: Facts, statement: Statement, grid: Grid) -> Answer:
    areas = kept.table("small_area")
    column = "lsoa11" if statement.comparison == "small area" else statement.comparison
    homes = spells_of_people(kept, "residence")
    return Answer(_within_area(kept, homes, areas.filter(areas[column] == statement.name), "lsoa11", grid))


def deprivation(kept: Facts, statement: Statement, grid: Grid) -> Answer:
    column = {
        "quintile": "deprivation_national",
        "national quintile": "deprivation_national",
        "local quintile": "deprivation_local",
    }.get(statement.comparison, "imd_decile")
    areas = kept.table("small_area")
    known = areas.filter(areas[column].notnull())
    homes = spells_of_people(kept, "residence")
    wanted = known.filter(known[column].between(statement.low, statement.high))
    return Answer(
        _within_area(kept, homes, wanted, "lsoa11", grid),
        kept.noted(("home", column, grid), lambda: _within_area(kept, homes, known, "lsoa11", grid)),
    )


def _within_area(kept: Facts, rows: Any, areas: Any, on: str, grid: Grid) -> Any:
    """Answer when a person's spell (at a practice, at a home) and a spell of its area both hold."""
    import ibis

    areas = areas.select(on, area_starts="starts", area_ends="ends")
    met = rows.inner_join(areas, on)
    starts = ibis.greatest(met.starts, ibis.coalesce(met.area_starts, met.starts))
    ends = ibis.least(ibis.coalesce(met.ends, met.area_ends), ibis.coalesce(met.area_ends, met.ends))
    return spells.masks(during(met, starts, ends, grid, met.died), len(grid))


# --- age, sex, ethnic group ----------------------------------------------------------------------------------------


def aged(kept: Facts, statement: Statement, grid: Grid) -> Answer:
    import ibis

    people = kept.people
    low, high = statement.low or 0, statement.high
    if isinstance(grid, OneDay):
        if grid.day != kept.snapshot.day:
            raise RuleError("Ages are known at the ends of months and on the snapshot's day, not on other days.")
        # As of that day the snapshot holds the age itself; 90 stands for 90 and over.
        known = people.filter(people.age.notnull())
        if max(low, high or 0) > 90:
            raise RuleError("On the snapshot's day ages above 90 are not told apart.")
        held = known.filter(known.age >= low)
        if high is not None:
            held = held.filter(held.age <= high)
        return Answer(everywhere(held, grid), everywhere(known, grid))
    born = people.filter(people.born.notnull())
    first = grid.until_month(born.born + 12 * low)
    last = grid.until_month(born.born + 12 * high + 11) if high is not None else ibis.literal(len(grid) - 1)
    rows = born.select("who", first=first.cast("int32"), last=last.cast("int32"))
    known = kept.noted(("born", grid), lambda: everywhere(born, grid))
    return Answer(spells.masks(rows, len(grid)), known)


def turned(kept: Facts, statement: Statement, grid: Grid) -> Answer:
    if isinstance(grid, OneDay):
        raise RuleError(f"'{statement.sentence}' can be told at the ends of months only: days of birth are not held.")
    born = kept.people.filter(kept.people.born.notnull())
    first = grid.until_month(born.born + 12 * (statement.low or 0))
    rows = born.select("who", first=first.cast("int32"), last=(first + statement.window.count - 1).cast("int32"))
    return Answer(spells.masks(rows, len(grid)), kept.noted(("born", grid), lambda: everywhere(born, grid)))


def sex(kept: Facts, statement: Statement, grid: Grid) -> Answer:
    people = kept.people
    known = people.filter(people.sex.isin(["female", "male"]))
    return Answer(
        everywhere(people.filter(people.sex == statement.name), grid),
        kept.noted(("sexed", grid), lambda: everywhere(known, grid)),
    )


def ethnic(kept: Facts, statement: Statement, grid: Grid) -> Answer:
    people = kept.people
    named = {group.casefold(): group for group in ETHNIC_GROUPS}
    for one in statement.names:
        if one not in named:
            raise NotFound(
                f"'{statement.sentence}': there is no ethnic group '{one}'. Expected {', '.join(ETHNIC_GROUPS)}."
            )
    wanted = [named[one] for one in statement.names]
    known = people.filter(people.ethnic_group.isin(ETHNIC_GROUPS))
    return Answer(
        everywhere(people.filter(people.ethnic_group.isin(wanted)), grid),
        kept.noted(("ethnic", grid), lambda: everywhere(known, grid)),
    )
