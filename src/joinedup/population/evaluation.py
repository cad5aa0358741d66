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
from typing import Any, Final

from joinedup.errors import NotFound, did_you_mean
from joinedup.population import answers_about_care, answers_about_people, spells
from joinedup.population.activities import activities, activity, activity_rows
from joinedup.population.answers import Answer, everybody
from joinedup.population.codelists import codelist, codelist_names
from joinedup.population.definitions import as_said
from joinedup.population.facts import Facts, facts
from joinedup.population.grid import Grid, MonthEnds
from joinedup.population.snapshot import Snapshot
from joinedup.population.statements import Statement, parse


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
    "registered": answers_about_people.registered,
    "registered in": answers_about_people.registered_in,
    "resident": answers_about_people.resident,
    "resident in": answers_about_people.resident_in,
    "aged": answers_about_people.aged,
    "turned": answers_about_people.turned,
    "sex": answers_about_people.sex,
    "ethnic group": answers_about_people.ethnic,
    "deprivation": answers_about_people.deprivation,
    "register": _register,
    "registers": _registers,
    "ever had": answers_about_care.had,
    "first had": answers_about_care.first_had,
    "had": answers_about_care.had,
    "measured": answers_about_care.measured,
    "last value": answers_about_care.last_value,
    "last answer": answers_about_care.last_answer,
    "prescribed": answers_about_care.prescribed,
    "ever prescribed": answers_about_care.prescribed,
    "taking": answers_about_care.taking,
    "immunised": answers_about_care.immunised,
    "ever immunised": answers_about_care.immunised,
    "waiting": answers_about_care.waiting,
    "receiving": answers_about_care.receiving,
    "segment": _segment,
    "cohort": _cohort,
}
