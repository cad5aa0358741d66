"""What statements mean on a population: for whom, and at the ends of which months, they are true (rules: PC1, PC2).

`states` answers (person, first_month, last_month), `events` (person, month, events). Both are Ibis tables that DuckDB
and Spark answer alike. Within, a person is `who` and their months are the bits of a whole number (see `grid`), which is
also the faster way to count over months: `holding` answers that.

An answer has three values (PC1): true, false, and unknown where it needs what is not recorded. A state holds where the
answer is true; "not" asks that the answer is known, too.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Final, NamedTuple

from joinedup.errors import NotFound, RuleError, did_you_mean
from joinedup.population import spells
from joinedup.population.activities import activities, activity, activity_rows
from joinedup.population.codelists import Codelist, codelist, codelist_names
from joinedup.population.definitions import as_said
from joinedup.population.facts import Facts, facts
from joinedup.population.grid import Grid, MonthEnds, OneDay, Window
from joinedup.population.named_values import NamedValue, named_value
from joinedup.population.snapshot import Snapshot
from joinedup.population.statements import Statement, parse

ETHNIC_GROUPS: Final = ("Asian", "Black", "Mixed", "Other", "White")


class Answer(NamedTuple):
    """A statement's answer as mask tables: where it is true, and where it is known (None: for everybody always)."""

    true: Any
    known: Any = None


def states(snapshot: Snapshot, sentences: Sequence[str], *, months: range | None = None) -> Any:
    """Answer when all the sentences hold: an Ibis table (person, first_month, last_month) of maximal spells.

    Months are numbers (see `months`), both included; a row says that the sentences are true of the person at the end
    of each of them. None given: everybody in the snapshot, always. Raises StatementError for a sentence that is not
    understood and NotFound for a codelist, register or value that there is not.
    """
    grid = MonthEnds(months or snapshot.months)
    kept = facts(snapshot)
    found = spells.spells_of(holding(snapshot, sentences, months=months), kept.places, len(grid))
    named = found.inner_join(kept.people.select("who", "person"), "who")
    start = grid.months.start
    return named.select(
        "person",
        first_month=(named.first + start).cast("int32"),
        last_month=(named.last + start).cast("int32"),
    )


def events(snapshot: Snapshot, sentence: str) -> Any:
    """Answer how often it happened: an Ibis table (person, month, events) over the snapshot's months.

    `sentence` is the name of an activity ("emergency admissions") or of a codelist, of which a day counts once.
    """
    kept = facts(snapshot)
    counted = event_counts(snapshot, sentence)
    return counted.inner_join(kept.people.select("who", "person"), "who").select("person", "month", "events")


def event_counts(snapshot: Snapshot, sentence: str) -> Any:
    """Answer `events` by `who`: (who, month, events)."""
    kept = facts(snapshot)
    said = as_said(sentence)
    if said in activities():
        rows = activity_rows(snapshot, activity(said))
    elif said in codelist_names():
        rows = kept.events_of(codelist(said)).select("who", "on", "month").distinct()
    else:
        known = sorted({one.name for one in activities().values()})
        raise NotFound(
            f"Nothing that is counted is called '{sentence}'.{did_you_mean(said, [*activities(), *codelist_names()])} "
            f"There are the activities {', '.join(known)}; and every codelist."
        )
    months = snapshot.months
    within = rows.filter(rows.month.between(months.start, months[-1]))
    return within.group_by("who", "month").aggregate(events=within.count().cast("int64"))


def holding(snapshot: Snapshot, sentences: Sequence[str], *, months: range | None = None) -> Any:
    """Answer when all the sentences hold, as a mask table (who, mask): bit n for months[n]. Kept."""
    return all_of(snapshot, [parse(sentence) for sentence in sentences], MonthEnds(months or snapshot.months))


def all_of(snapshot: Snapshot, statements: Sequence[Statement], grid: Grid) -> Any:
    """Answer the mask table of those of whom every statement is true."""
    kept = facts(snapshot)
    key = ("all", grid, tuple(sorted({statement.sentence.casefold() for statement in statements})))

    def make() -> Any:
        held = None
        for statement in statements:
            true = answer(snapshot, statement, grid).true
            held = true if held is None else spells.both(held, true)
        return everybody(kept, grid) if held is None else held

    if len(statements) == 1:
        return answer(snapshot, statements[0], grid).true
    return kept.noted(key, make)


def everybody(kept: Facts, grid: Grid) -> Any:
    import ibis

    return kept.people.select("who", mask=ibis.literal(spells.whole(len(grid))).cast("int64"))


def answer(snapshot: Snapshot, statement: Statement, grid: Grid) -> Answer:
    """Answer for whom and when a statement is true, and is known to be true or false. Kept."""
    kept = facts(snapshot)
    # What is said, however it is spelt: "is registered" and "is not registered" share one answer.
    said = replace(statement, sentence="", negated=False)

    def make() -> Answer:
        found = _ANSWERS[statement.form](kept, statement, grid)
        return Answer(kept.note(found.true), found.known)

    plain: Answer = kept.held(("answer", said, grid), make)
    if not statement.negated:
        return plain

    def otherwise() -> Any:
        return spells.without(everybody(kept, grid) if plain.known is None else plain.known, plain.true)

    return Answer(kept.noted(("not", said, grid), otherwise), plain.known)


# --- who and where -------------------------------------------------------------------------------------------------


def _registered(kept: Facts, statement: Statement, grid: Grid) -> Answer:
    rows = _spells_of_people(kept, "registration")
    return Answer(spells.masks(_during(rows, rows.starts, rows.ends, grid, rows.died), len(grid)))


def _registered_in(kept: Facts, statement: Statement, grid: Grid) -> Answer:
    rows = _spells_of_people(kept, "registration")
    if statement.comparison == "practice":
        rows = rows.filter(rows.practice == statement.name)
        return Answer(spells.masks(_during(rows, rows.starts, rows.ends, grid, rows.died), len(grid)))
    areas = kept.table("practice_area")
    return Answer(
        _within_area(kept, rows, areas.filter(areas[statement.comparison] == statement.name), "practice", grid)
    )


def _resident(kept: Facts, statement: Statement, grid: Grid) -> Answer:
    areas = kept.table("small_area")
    homes = _spells_of_people(kept, "residence")
    return Answer(_within_area(kept, homes, areas.filter(areas.system.notnull()), "lsoa11", grid))


def _resident_in(kept: Facts, statement: Statement, grid: Grid) -> Answer:
    areas = kept.table("small_area")
    column = "lsoa11" if statement.comparison == "small area" else statement.comparison
    homes = _spells_of_people(kept, "residence")
    return Answer(_within_area(kept, homes, areas.filter(areas[column] == statement.name), "lsoa11", grid))


def _deprivation(kept: Facts, statement: Statement, grid: Grid) -> Answer:
    column = {
        "quintile": "deprivation_national",
        "national quintile": "deprivation_national",
        "local quintile": "deprivation_local",
    }.get(statement.comparison, "imd_decile")
    areas = kept.table("small_area")
    known = areas.filter(areas[column].notnull())
    homes = _spells_of_people(kept, "residence")
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
    return spells.masks(_during(met, starts, ends, grid, met.died), len(grid))


def _during(rows: Any, starts: Any, ends: Any, grid: Grid, died: Any = None) -> Any:
    """Answer the spells of rows that hold on days in [starts, ends), ends empty while they last, up to a death."""
    import ibis

    last = ibis.ifelse(ends.isnull(), len(grid) - 1, grid.from_day(ends) - 1)
    if died is not None:
        last = ibis.ifelse(died.isnull(), last, ibis.least(last, grid.until_month(died - 1)))
    # A spell whose beginning nobody recorded has begun.
    first = ibis.ifelse(starts.isnull(), 0, grid.from_day(starts))
    return rows.select("who", first=first.cast("int32"), last=last.cast("int32"))


def _spells_of_people(kept: Facts, table: str) -> Any:
    """Answer a table of spells by `who`, with the month of a death."""
    return kept.kept(("spells", table), lambda: _alive(kept, kept.of_people(kept.table(table))))


def _alive(kept: Facts, rows: Any) -> Any:
    return rows.inner_join(kept.people.select("who", "died"), "who")


# --- age, sex, ethnic group ----------------------------------------------------------------------------------------


def _aged(kept: Facts, statement: Statement, grid: Grid) -> Answer:
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
        return Answer(_always(held), _always(known))
    born = people.filter(people.born.notnull())
    first = grid.until_month(born.born + 12 * low)
    last = grid.until_month(born.born + 12 * high + 11) if high is not None else ibis.literal(len(grid) - 1)
    rows = born.select("who", first=first.cast("int32"), last=last.cast("int32"))
    known = kept.noted(("born", grid), lambda: _everywhere(born, grid))
    return Answer(spells.masks(rows, len(grid)), known)


def _turned(kept: Facts, statement: Statement, grid: Grid) -> Answer:
    if isinstance(grid, OneDay):
        raise RuleError(f"'{statement.sentence}' can be told at the ends of months only: days of birth are not held.")
    born = kept.people.filter(kept.people.born.notnull())
    first = grid.until_month(born.born + 12 * (statement.low or 0))
    rows = born.select("who", first=first.cast("int32"), last=(first + statement.window.count - 1).cast("int32"))
    return Answer(spells.masks(rows, len(grid)), kept.noted(("born", grid), lambda: _everywhere(born, grid)))


def _sex(kept: Facts, statement: Statement, grid: Grid) -> Answer:
    people = kept.people
    known = people.filter(people.sex.isin(["female", "male"]))
    return Answer(
        _everywhere(people.filter(people.sex == statement.name), grid),
        kept.noted(("sexed", grid), lambda: _everywhere(known, grid)),
    )


def _ethnic(kept: Facts, statement: Statement, grid: Grid) -> Answer:
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
        _everywhere(people.filter(people.ethnic_group.isin(wanted)), grid),
        kept.noted(("ethnic", grid), lambda: _everywhere(known, grid)),
    )


def _everywhere(people: Any, grid: Grid) -> Any:
    import ibis

    return people.select("who", mask=ibis.literal(spells.whole(len(grid))).cast("int64"))


def _always(people: Any) -> Any:
    import ibis

    return people.select("who", mask=ibis.literal(1).cast("int64"))


# --- what happened -------------------------------------------------------------------------------------------------


def dated(rows: Any, grid: Grid, window: Window) -> Any:
    """Answer rows with a day `on` and its month as spells: from that day on, as long as it lies in the window."""
    return rows.select(
        "who",
        first=grid.from_day(rows.on, rows.month).cast("int32"),
        last=grid.within(rows.on, window, rows.month).cast("int32"),
    )


def _had(kept: Facts, statement: Statement, grid: Grid) -> Answer:
    if statement.name in activities():
        rows = activity_rows(kept.snapshot, activity(statement.name))
    else:
        rows = kept.events_of(_list(statement)).select("who", "on", "month")
        rows = rows.distinct() if statement.at_least > 1 else rows
    return Answer(spells.at_least_in_order(dated(rows, grid, statement.window), statement.at_least, len(grid)))


def _first_had(kept: Facts, statement: Statement, grid: Grid) -> Answer:
    rows = kept.events_of(_list(statement))
    first = rows.group_by("who").aggregate(on=rows.on.min(), month=rows.month.min())
    return Answer(spells.masks(dated(first, grid, statement.window), len(grid)))


def _prescribed(kept: Facts, statement: Statement, grid: Grid) -> Answer:
    rows = kept.medicines.filter(kept.medicines.is_issue & kept.medicines.code.isin(kept.numbers(_list(statement))))
    rows = rows.select("who", "on", "month")
    rows = rows.distinct() if statement.at_least > 1 else rows
    return Answer(spells.at_least_in_order(dated(rows, grid, statement.window), statement.at_least, len(grid)))


def _taking(kept: Facts, statement: Statement, grid: Grid) -> Answer:
    rows = kept.medicines.filter(~kept.medicines.is_issue & kept.medicines.code.isin(kept.numbers(_list(statement))))
    return Answer(spells.masks(_during(rows, rows.on, rows.ends, grid), len(grid)))


def _immunised(kept: Facts, statement: Statement, grid: Grid) -> Answer:
    rows = kept.immunisations.filter(kept.immunisations.code.isin(kept.numbers(_list(statement))))
    rows = rows.select("who", "on", "month").distinct()
    return Answer(spells.at_least_in_order(dated(rows, grid, statement.window), statement.at_least, len(grid)))


def _waiting(kept: Facts, statement: Statement, grid: Grid) -> Answer:
    import ibis

    rows = _waits(kept)
    if statement.comparison.startswith("cancer"):
        rows = rows.filter(rows.is_cancer)
    # Over 18 weeks: the first day on which more than 126 days have passed.
    starts = rows.clock_starts
    if statement.number is not None:
        many = int(statement.number) * (1 if statement.comparison.endswith("days") else 7)
        starts = (starts + ibis.interval(days=many + 1)).cast("date")
    return Answer(spells.masks(_during(rows, starts, rows.ends, grid, rows.died), len(grid)))


def _waits(kept: Facts) -> Any:
    """Answer (who, clock_starts, ends, is_cancer, died): waits for treatment, up to treatment or removal."""
    import ibis

    def make() -> Any:
        rows = kept.table("pop_referral")
        rows = rows.filter(rows.feed.isin(("wlmds", "bulk")) & rows.clock_starts.notnull())
        ends = ibis.least(ibis.coalesce(rows.clock_ends, rows.removed), ibis.coalesce(rows.removed, rows.clock_ends))
        return _alive(kept, kept.of_people(rows.select("person", "clock_starts", "is_cancer", ends=ends)))

    return kept.kept("waits", make)


def _receiving(kept: Facts, statement: Statement, grid: Grid) -> Answer:
    feed = {"social care": "asc-cld", "voluntary services": "voluntary"}[statement.name]
    rows = kept.table("pop_registration")
    rows = _alive(kept, kept.of_people(rows.filter(rows.feed == feed)))
    return Answer(spells.masks(_during(rows, rows.starts, rows.ends, grid, rows.died), len(grid)))


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


def _measured(kept: Facts, statement: Statement, grid: Grid) -> Answer:
    rows = readings(kept, named_value(statement.name))
    return Answer(spells.masks(dated(rows, grid, statement.window), len(grid)))


def _last_value(kept: Facts, statement: Statement, grid: Grid) -> Answer:
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


def _last_answer(kept: Facts, statement: Statement, grid: Grid) -> Answer:
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


# --- registers, segments, cohorts ----------------------------------------------------------------------------------


def _register(kept: Facts, statement: Statement, grid: Grid) -> Answer:
    from joinedup.population import register_rules

    return Answer(register_rules.register_masks(kept.snapshot, register_rules.register(statement.name), grid))


def _registers(kept: Facts, statement: Statement, grid: Grid) -> Answer:
    from joinedup.population import register_rules

    return Answer(register_rules.on_at_least(kept.snapshot, statement.at_least, grid))


def _segment(kept: Facts, statement: Statement, grid: Grid) -> Answer:
    from joinedup.population import segment_rules

    return Answer(segment_rules.segment_masks(kept.snapshot, statement.name, grid))


def _cohort(kept: Facts, statement: Statement, grid: Grid) -> Answer:
    from joinedup.population import cohorts

    return Answer(cohorts.cohort_masks(kept.snapshot, cohorts.cohort(statement.name), grid))


_ANSWERS: Final[dict[str, Callable[[Facts, Statement, Grid], Answer]]] = {
    "registered": _registered,
    "registered in": _registered_in,
    "resident": _resident,
    "resident in": _resident_in,
    "aged": _aged,
    "turned": _turned,
    "sex": _sex,
    "ethnic group": _ethnic,
    "deprivation": _deprivation,
    "register": _register,
    "registers": _registers,
    "ever had": _had,
    "first had": _first_had,
    "had": _had,
    "measured": _measured,
    "last value": _last_value,
    "last answer": _last_answer,
    "prescribed": _prescribed,
    "ever prescribed": _prescribed,
    "taking": _taking,
    "immunised": _immunised,
    "ever immunised": _immunised,
    "waiting": _waiting,
    "receiving": _receiving,
    "segment": _segment,
    "cohort": _cohort,
}
