"""Statements about what was recorded of people, done for them and measured: what they mean on a population."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from joinedup.errors import NotFound, RuleError, did_you_mean
from joinedup.population import spells
from joinedup.population.activities import activities, activity, activity_rows
from joinedup.population.answers import Answer, alive, dated, during
from joinedup.population.codelists import Codelist, codelist
from joinedup.population.facts import Facts
from joinedup.population.grid import Grid, MonthEnds, Window
from joinedup.population.named_values import NamedValue, named_value
from joinedup.population.statements import Statement

# --- what happened -------------------------------------------------------------------------------------------------


def had(kept: Facts, statement: Statement, grid: Grid) -> Answer:
    if statement.name in activities():
        rows = activity_rows(kept.snapshot, activity(statement.name))
    else:
        rows = kept.events_of(_list(statement)).select("who", "on", "month")
        rows = rows.distinct() if statement.at_least > 1 else rows
    return Answer(spells.at_least_in_order(dated(rows, grid, statement.window), statement.at_least, len(grid)))


def first_had(kept: Facts, statement: Statement, grid: Grid) -> Answer:
    rows = kept.events_of(_list(statement))
    first = rows.group_by("who").aggregate(on=rows.on.min(), month=rows.month.min())
    return Answer(spells.masks(dated(first, grid, statement.window), len(grid)))


def prescribed(kept: Facts, statement: Statement, grid: Grid) -> Answer:
    rows = kept.medicines.filter(kept.medicines.is_issue & kept.medicines.code.isin(kept.numbers(_list(statement))))
    rows = rows.select("who", "on", "month")
    rows = rows.distinct() if statement.at_least > 1 else rows
    return Answer(spells.at_least_in_order(dated(rows, grid, statement.window), statement.at_least, len(grid)))


def taking(kept: Facts, statement: Statement, grid: Grid) -> Answer:
    rows = kept.medicines.filter(~kept.medicines.is_issue & kept.medicines.code.isin(kept.numbers(_list(statement))))
    return Answer(spells.masks(during(rows, rows.on, rows.ends, grid), len(grid)))


def immunised(kept: Facts, statement: Statement, grid: Grid) -> Answer:
    rows = kept.immunisations.filter(kept.immunisations.code.isin(kept.numbers(_list(statement))))
    rows = rows.select("who", "on", "month").distinct()
    return Answer(spells.at_least_in_order(dated(rows, grid, statement.window), statement.at_least, len(grid)))


def waiting(kept: Facts, statement: Statement, grid: Grid) -> Answer:
    import ibis

    rows = _waits(kept)
    if statement.comparison.startswith("cancer"):
        rows = rows.filter(rows.is_cancer)
    # Over 18 weeks: the first day on which more than 126 days have passed.
    starts = rows.clock_starts
    if statement.number is not None:
        many = int(statement.number) * (1 if statement.comparison.endswith("days") else 7)
        starts = (starts + ibis.interval(days=many + 1)).cast("date")
    return Answer(spells.masks(during(rows, starts, rows.ends, grid, rows.died), len(grid)))


def _waits(kept: Facts) -> Any:
    """Answer (who, clock_starts, ends, is_cancer, died): waits for treatment, up to treatment or removal."""
    import ibis

    def make() -> Any:
        rows = kept.table("pop_referral")
        rows = rows.filter(rows.feed.isin(("wlmds", "bulk")) & rows.clock_starts.notnull())
        ends = ibis.least(ibis.coalesce(rows.clock_ends, rows.removed), ibis.coalesce(rows.removed, rows.clock_ends))
        return alive(kept, kept.of_people(rows.select("person", "clock_starts", "is_cancer", ends=ends)))

    return kept.kept("waits", make)


def receiving(kept: Facts, statement: Statement, grid: Grid) -> Answer:
    feed = {"social care": "asc-cld", "voluntary services": "voluntary"}[statement.name]
    rows = kept.table("pop_registration")
    rows = alive(kept, kept.of_people(rows.filter(rows.feed == feed)))
    return Answer(spells.masks(during(rows, rows.starts, rows.ends, grid, rows.died), len(grid)))


def _list(statement: Statement) -> Codelist:
    try:
        return codelist(statement.name)
    except NotFound as error:
        near = did_you_mean(statement.name, activities()) if statement.form in {"had", "ever had"} else ""
        raise NotFound(f"'{statement.sentence}': {error}{near}") from None


# --- values --------------------------------------------------------------------------------------------------------


def readings(kept: Facts, wanted: NamedValue) -> Any:
    """Answer (who, on, month, value, next_on, next_month): one a person and day, the lowest or highest of the day."""
    import ibis

    def make() -> Any:
        rows = kept.events_of(wanted.codes)
        if wanted.is_answer:
            # "Smoking behaviour: smoker", or the code "smoker" by itself: the answer, else the code, by its number.
            rows = rows.mutate(value=ibis.coalesce(rows.answer, rows.code).cast("float64"))
        rows = rows.filter(rows.value.notnull())
        if wanted.lowest is not None:
            rows = rows.filter(rows.value >= wanted.lowest)
        if wanted.highest is not None:
            rows = rows.filter(rows.value <= wanted.highest)
        value = rows.value.max() if wanted.same_day == "highest" else rows.value.min()
        days = rows.group_by("who", "on").aggregate(value=value, month=rows.month.max())
        order = ibis.window(group_by="who", order_by="on")
        return days.mutate(next_on=days.on.lead().over(order), next_month=days.month.lead().over(order))

    return kept.kept(("readings", wanted.name), make)


def latest(kept: Facts, wanted: NamedValue, grid: Grid, window: Window) -> Any:
    """Answer (who, first, last, value): each value from its day until the next one, or the end of the window."""
    import ibis

    rows = readings(kept, wanted)
    if isinstance(grid, MonthEnds):
        # The next value ends this one; within a month the later one counts.
        next_month = ibis.coalesce(rows.next_month, ibis.literal(grid.months[-1] + 1))
        until = next_month - (1 + grid.months.start)
    else:
        until = ibis.ifelse(rows.next_on.isnull() | (rows.next_on > grid.day), 0, -1)
    last = ibis.least(until, grid.within(rows.on, window, rows.month))
    return rows.select("who", "value", first=grid.from_day(rows.on, rows.month).cast("int32"), last=last.cast("int32"))


def measured(kept: Facts, statement: Statement, grid: Grid) -> Answer:
    rows = readings(kept, named_value(statement.name))
    return Answer(spells.masks(dated(rows, grid, statement.window), len(grid)))


def last_value(kept: Facts, statement: Statement, grid: Grid) -> Answer:
    wanted = named_value(statement.name)
    rows = latest(kept, wanted, grid, statement.window)
    number = statement.number
    test: Callable[[Any], Any] = {
        "above": lambda value: value > number,
        "at least": lambda value: value >= number,
        "below": lambda value: value < number,
        "at most": lambda value: value <= number,
    }[statement.comparison]
    known = kept.noted(("value", wanted.name, statement.window, grid), lambda: spells.masks(rows, len(grid)))
    return Answer(spells.masks(rows.filter(test(rows.value)), len(grid)), known)


def last_answer(kept: Facts, statement: Statement, grid: Grid) -> Answer:
    wanted = named_value(statement.name)
    if not wanted.is_answer:
        raise RuleError(
            f"'{statement.sentence}': {wanted.name} is a number. Say: last {wanted.name} is above 1, at least, below …"
        )
    answers = codelist(statement.names[0])
    rows = latest(kept, wanted, grid, statement.window)
    known = kept.noted(("value", wanted.name, statement.window, grid), lambda: spells.masks(rows, len(grid)))
    return Answer(
        spells.masks(rows.filter(rows.value.isin([float(n) for n in kept.numbers(answers)])), len(grid)), known
    )
