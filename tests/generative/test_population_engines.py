"""DuckDB and Spark agree: on every form of statement, every register, cohort and activity, and on combinations drawn.

Each comparison says how many rows it has to be about: engines that agree on empty sets have shown nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st
from tests.made_population import make

from joinedup.population import open_snapshot
from joinedup.population.activities import activities
from joinedup.population.cohorts import cohort, cohort_masks, cohort_names
from joinedup.population.evaluation import answer, event_counts, holding, states
from joinedup.population.facts import facts
from joinedup.population.grid import Grid, MonthEnds, OneDay
from joinedup.population.register_rules import copd_rules, known_registers, register_masks, registers
from joinedup.population.snapshot import Snapshot
from joinedup.population.statements import FORMS, parse

RESIDENTS = 1_500
SENTENCES = (
    *(example for form in FORMS for example in form.examples[:1] if form.name not in {"segment", "cohort"}),
    # The same forms on what the made-up population holds, and stretches of time of every kind.
    "has ever had hypertension", "first had depression in the 24 months", "had at least 2 depression in the 120 months",
    "has had hypertension since 2020-02-29", "had no obesity in the 30 days", "had obesity in the 6 weeks",
    "had hypertension in the month", "was prescribed diabetes drugs in the 1 month",
    "was prescribed at least 3 times diabetes drugs in the 18 months",
    "was immunised with influenza vaccine since 1 May",
    "has been immunised at least 2 times with influenza vaccine", "last BMI is at least 30 in the 24 months",
    "last eGFR is below 60", "last smoking status is not current smoker in the 36 months",
    "had at least 2 emergency department attendances in the 12 months", "had no GP consultation in the 3 months",
    "had fewer than 2 community contacts in the 7 months", "lives in local deprivation quintile 2 to 4",
    "is in the ethnic group White", "is registered in the neighbourhood NB2", "is not female",
)  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("made"), residents=RESIDENTS, seed=7, merger=True)


@pytest.fixture(scope="module")
def engines(folder: Path, open_on_spark: Callable[[Path], Snapshot]) -> tuple[Snapshot, Snapshot]:
    return open_snapshot(folder), open_on_spark(folder)


def _rows(snapshot: Snapshot, labelled: Iterable[tuple[str, Any]]) -> set[tuple[Any, ...]]:
    """Answer the rows of many tables with their labels, in one query; `who` is given as the person."""
    import ibis

    table = ibis.union(*[table.mutate(label=ibis.literal(label)) for label, table in labelled])
    if "who" in table.columns:
        table = table.inner_join(facts(snapshot).people.select("who", "person"), "who").drop("who")
    names = sorted(table.columns)
    rows = snapshot.connection.to_pyarrow(table.select(*names)).to_pylist()
    found = {tuple(row[name] for name in names) for row in rows}
    assert len(found) == len(rows), "a row is there twice"
    return found


def _agree(engines: tuple[Snapshot, Snapshot], make_tables: Any, *, at_least: int, labels: int = 1) -> None:
    """Compare the labelled tables that each engine gives, which have to hold so many rows under so many labels."""
    duckdb, spark = (_rows(snapshot, make_tables(snapshot)) for snapshot in engines)
    assert duckdb == spark
    assert len(duckdb) >= at_least
    assert len({text for row in duckdb for text in row if str(text).startswith("§")}) >= labels


def _answers(snapshot: Snapshot, sentences: Iterable[str], grid: Grid) -> list[tuple[str, Any]]:
    """Answer when each sentence is true; and when it is known, for the first of each form."""
    tables: dict[str, Any] = {}
    for sentence in sentences:
        said = parse(sentence)
        found = answer(snapshot, said, grid)
        tables[f"§{sentence}"] = found.true
        if found.known is not None:
            tables.setdefault(f"§{said.form}, known", found.known)
    return list(tables.items())


def test_every_form_of_statement(engines: tuple[Snapshot, Snapshot]) -> None:
    """both_engines_agree"""
    grid = MonthEnds(engines[0].months)
    _agree(engines, lambda one: _answers(one, SENTENCES, grid), at_least=30_000, labels=45)


def test_every_form_on_one_day(engines: tuple[Snapshot, Snapshot]) -> None:
    """both_engines_agree"""
    told_by_day = [one for one in SENTENCES if not one.startswith("turned")]
    _agree(engines, lambda one: _answers(one, told_by_day[::4], OneDay(one.day)), at_least=5_000, labels=9)


def test_every_register(engines: tuple[Snapshot, Snapshot]) -> None:
    """both_engines_agree"""
    grid = MonthEnds(engines[0].months)

    def tables(snapshot: Snapshot) -> list[tuple[str, Any]]:
        return [
            (f"§{one.name}", register_masks(snapshot, one, grid).select("who", "mask"))
            for one in known_registers().values()
        ]

    _agree(engines, tables, at_least=1_000, labels=18)
    _agree(engines, lambda one: [("§", registers(one))], at_least=1_000)
    _agree(engines, lambda one: [("§", copd_rules(one))], at_least=20)


def test_every_cohort(engines: tuple[Snapshot, Snapshot]) -> None:
    """both_engines_agree"""
    grid = MonthEnds(engines[0].months)

    def tables(snapshot: Snapshot) -> list[tuple[str, Any]]:
        return [(f"§{name}", cohort_masks(snapshot, cohort(name), grid)) for name in cohort_names()]

    _agree(engines, tables, at_least=1_000, labels=9)
    one = cohort("hypertension to be found")
    assert one.attrition(engines[0]) == one.attrition(engines[1])
    by = ["sex", "age_band", "place"]
    assert one.counts(engines[0], by) == one.counts(engines[1], by)
    assert len(one.counts(engines[0], by)) > 20


def test_every_activity(engines: tuple[Snapshot, Snapshot]) -> None:
    """both_engines_agree"""
    names = sorted({one.name for one in activities().values()})
    _agree(engines, lambda one: [(f"§{name}", event_counts(one, name)) for name in names], at_least=5_000, labels=8)


@given(st.lists(st.lists(st.sampled_from(SENTENCES), min_size=2, max_size=4), min_size=25, max_size=25))
@settings(
    max_examples=1, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
def test_combinations_drawn(engines: tuple[Snapshot, Snapshot], drawn: list[list[str]]) -> None:
    """both_engines_agree"""

    # Those who are registered, of the sentences drawn: a combination may hold of nobody, but not all of them may.
    def tables(snapshot: Snapshot) -> list[tuple[str, Any]]:
        return [(f"§{number}", holding(snapshot, one)) for number, one in enumerate([["is registered"], *drawn])]

    _agree(engines, tables, at_least=1_000, labels=2)
    sentences = ["is registered", "had no GP consultation in the 3 months"]
    _agree(engines, lambda one: [("§", states(one, sentences))], at_least=1_000)
