"""What a statement's answer is, and how rows of a snapshot become months.

An answer has three values (rules: population PC1): true, false, and unknown where it needs what is not recorded.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from joinedup.population import spells
from joinedup.population.facts import Facts
from joinedup.population.grid import Grid, Window


class Answer(NamedTuple):
    """A statement's answer as mask tables: where it is true, and where it is known (None: for everybody always)."""

    true: Any
    known: Any = None


def everybody(kept: Facts, grid: Grid) -> Any:
    """Answer the mask table that holds of everybody, always."""
    return everywhere(kept.people, grid)


def everywhere(people: Any, grid: Grid) -> Any:
    """Answer the mask table that holds of some people on every day of the grid."""
    import ibis

    return people.select("who", mask=ibis.literal(spells.whole(len(grid))).cast("int64"))


def during(rows: Any, starts: Any, ends: Any, grid: Grid, died: Any = None) -> Any:
    """Answer the spells of rows that hold on days in [starts, ends), ends empty while they last, up to a death."""
    import ibis

    last = ibis.ifelse(ends.isnull(), len(grid) - 1, grid.from_day(ends) - 1)
    if died is not None:
        last = ibis.ifelse(died.isnull(), last, ibis.least(last, grid.until_month(died - 1)))
    # A spell whose beginning nobody recorded has begun.
    first = ibis.ifelse(starts.isnull(), 0, grid.from_day(starts))
    return rows.select("who", first=first.cast("int32"), last=last.cast("int32"))


def spells_of_people(kept: Facts, table: str) -> Any:
    """Answer a table of spells by `who`, with the month of a death."""
    return kept.kept(("spells", table), lambda: alive(kept, kept.of_people(kept.table(table))))


def alive(kept: Facts, rows: Any) -> Any:
    """Answer rows with the month of the person's death, after which nothing of them holds."""
    return rows.inner_join(kept.people.select("who", "died"), "who")


def dated(rows: Any, grid: Grid, window: Window) -> Any:
    """Answer rows with a day `on` and its month as spells: from that day on, as long as it lies in the window."""
    return rows.select(
        "who",
        first=grid.from_day(rows.on, rows.month).cast("int32"),
        last=grid.within(rows.on, window, rows.month).cast("int32"),
    )
