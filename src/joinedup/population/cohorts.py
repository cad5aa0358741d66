"""Cohorts: people of whom sentences are true, and whom no other sentence takes out again (rules: population PC1).

    at_risk = cohort(include=["is registered", "is aged 65 or over", "is on at least 4 registers"],
                     exclude=["is on the register palliative care"])
    at_risk.attrition(snapshot)          # each sentence: how many are left, removed, unknown
    at_risk.people(snapshot)             # an Ibis table, one row a person: controlled

Cohorts that come with joinedup are TOML files in `cohorts`; an installation adds its own in `definitions/cohorts`. What
is counted here is raw: it stays with those who may count, and goes nowhere without disclosure control.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final

from joinedup.errors import FileError, NotFound, RuleError, did_you_mean
from joinedup.population import spells
from joinedup.population.answers import everybody
from joinedup.population.definitions import as_said, definition_files, read_toml
from joinedup.population.evaluation import all_of, answer
from joinedup.population.facts import Facts, facts
from joinedup.population.grid import Grid, MonthEnds, OneDay
from joinedup.population.months import last_day, month_number
from joinedup.population.snapshot import Snapshot
from joinedup.population.statements import parse

GROUPS: Final = (
    "sex", "age_band", "ethnic_group", "deprivation_national", "deprivation_local", "practice", "neighbourhood",
    "place",
)  # fmt: skip
"""What a cohort can be counted by."""
_within: ContextVar[tuple[str, ...]] = ContextVar("cohorts within which one is evaluated", default=())


@dataclass(frozen=True)
class Step:
    """One sentence of a cohort, in order: how many it leaves, removes, and of how many of those before it is unknown.

    Of an inclusion the unknown are among the removed; an exclusion leaves them in. The first step is everybody.
    """

    sentence: str
    is_exclusion: bool
    left: int
    removed: int
    unknown: int


@dataclass(frozen=True)
class Cohort:
    """A population at a day: all that it includes is true, nothing that it excludes is."""

    include: tuple[str, ...]
    exclude: tuple[str, ...] = ()
    name: str = ""
    title: str = ""
    meaning: str = ""
    is_sensitive: bool = False

    def people(self, snapshot: Snapshot, at: int | date | None = None) -> Any:
        """Answer one row a person: an Ibis table (person).

        `at` is a month number or day: the end of one of the snapshot's months, or the snapshot's day (if none is said).
        """
        kept = facts(snapshot)
        with kept.lock:
            masks = cohort_masks(snapshot, self, grid_at(snapshot, at))
            return masks.inner_join(kept.people.select("who", "person"), "who").select("person")

    def states(self, snapshot: Snapshot, months: range | None = None) -> Any:
        """Answer when each person was in the cohort: (person, first_month, last_month), as population.states does."""
        kept, grid = facts(snapshot), MonthEnds(months or snapshot.months)
        held = spells.spells_of(cohort_masks(snapshot, self, grid), kept.places, len(grid))
        start = grid.months.start
        return held.inner_join(kept.people.select("who", "person"), "who").select(
            "person",
            first_month=lambda t: (t.first + start).cast("int32"),
            last_month=lambda t: (t.last + start).cast("int32"),
        )

    def attrition(self, snapshot: Snapshot, at: int | date | None = None) -> list[Step]:
        """Answer the cohort's steps with raw counts, in one query. Controlled: protect before anyone else sees it."""
        kept = facts(snapshot)
        with kept.lock:
            return _attrition(kept, self, grid_at(snapshot, at))

    def counts(
        self, snapshot: Snapshot, by: Sequence[str] = (), at: int | date | None = None
    ) -> list[dict[str, str | int]]:
        """Answer how many people are in each group: rows of the groups' names and `people`. Raw: controlled.

        `by` names some of GROUPS, as on the snapshot's day but for the age. A group that is not known is "Unknown".
        """
        kept = facts(snapshot)
        with kept.lock:
            return _counts(kept, self, tuple(by), grid_at(snapshot, at))


def cohort(
    name: str | None = None,
    *,
    include: Sequence[str] = (),
    exclude: Sequence[str] = (),
    title: str = "",
    meaning: str = "",
    is_sensitive: bool = False,
) -> Cohort:
    """Answer a cohort by its name, or a new one of sentences. Raises NotFound, or StatementError for a sentence."""
    if name is not None and not include:
        files = definition_files("cohorts", "toml")
        said = as_said(name)
        if said not in files:
            raise NotFound(f"There is no cohort '{name}'.{did_you_mean(said, files)} There are: {', '.join(files)}.")
        return read_cohort(files[said])
    if not include:
        raise RuleError("A cohort includes at least one sentence: cohort(include=['is registered', …]).")
    for sentence in (*include, *exclude):
        parse(sentence)
    return Cohort(tuple(include), tuple(exclude), name or "", title, meaning, is_sensitive)


def cohort_names() -> list[str]:
    return sorted(definition_files("cohorts", "toml"))


def read_cohort(file: Path) -> Cohort:
    """Answer the cohort of a TOML file: title, meaning, include, exclude, is_sensitive."""
    said = read_toml(file)
    strange = set(said) - {"title", "meaning", "include", "exclude", "is_sensitive"}
    if strange or not said.get("title") or not said.get("include"):
        raise FileError(
            file.name,
            f"expected title, meaning, include and perhaps exclude; {', '.join(sorted(strange)) or 'some'} "
            f"{'are not known' if strange else 'are missing'}",
            "Correct the file.",
        )
    return cohort(
        as_said(file.stem),
        include=said["include"],
        exclude=said.get("exclude", ()),
        title=said["title"],
        meaning=said.get("meaning", ""),
        is_sensitive=said.get("is_sensitive", False),
    )


def grid_at(snapshot: Snapshot, at: int | date | None) -> Grid:
    """Answer the one day as of which a cohort is drawn: the end of a month, or the snapshot's day."""
    if at is None:
        at = snapshot.day
    month = month_number(at) if isinstance(at, date) else at
    if month in snapshot.months and (not isinstance(at, date) or at == last_day(month)):
        return MonthEnds(range(month, month + 1))
    if at == snapshot.day:
        return OneDay(snapshot.day)
    first, last = last_day(snapshot.months[0]), last_day(snapshot.months[-1])
    raise RuleError(
        f"A cohort of this snapshot is drawn at the end of a month from {first} to {last}, or on {snapshot.day}; "
        f"{last_day(month) if isinstance(at, int) else at} is none of these."
    )


def cohort_masks(snapshot: Snapshot, wanted: Cohort, grid: Grid) -> Any:
    """Answer the mask table of a cohort. Raises RuleError where a cohort is said to be in itself."""
    chain = _within.get()
    if wanted.name and wanted.name in chain:
        raise RuleError(f"The cohort '{wanted.name}' is defined by itself: {' → '.join((*chain, wanted.name))}.")
    kept = facts(snapshot)

    def make() -> Any:
        held = all_of(snapshot, [parse(sentence) for sentence in wanted.include], grid)
        for sentence in wanted.exclude:
            held = spells.without(held, answer(snapshot, parse(sentence), grid).true)
        return held

    token = _within.set((*chain, wanted.name))
    try:
        return kept.noted(("cohort", wanted.include, wanted.exclude, grid), make)
    finally:
        _within.reset(token)


def _attrition(kept: Facts, wanted: Cohort, grid: Grid) -> list[Step]:
    import ibis

    rows = everybody(kept, grid).select("who")
    sentences = [(sentence, False) for sentence in wanted.include] + [(sentence, True) for sentence in wanted.exclude]
    for number, (sentence, _) in enumerate(sentences):
        told = answer(kept.snapshot, parse(sentence), grid)
        for mark, table in (("true", told.true), ("known", told.known)):
            column = f"{mark}{number}"
            if table is None:
                rows = rows.mutate(**{column: ibis.literal(True)})
                continue
            flags = table.select(**{f"who{column}": table.who, f"mask{column}": table.mask})
            rows = rows.left_join(flags, rows.who == flags[f"who{column}"])
            rows = rows.mutate(**{column: rows[f"mask{column}"].notnull()}).drop(f"who{column}", f"mask{column}")
    kept_in = ibis.literal(True)
    sums: dict[str, Any] = {"left": rows.count()}
    for number, (_, is_exclusion) in enumerate(sentences):
        unknown = kept_in & ~rows[f"known{number}"]
        kept_in = kept_in & (~rows[f"true{number}"] if is_exclusion else rows[f"true{number}"])
        sums[f"left{number}"] = kept_in.cast("int64").sum().coalesce(0)
        sums[f"unknown{number}"] = unknown.cast("int64").sum().coalesce(0)
    row = kept.snapshot.connection.to_pyarrow(rows.aggregate(**sums)).to_pylist()[0]
    steps = [Step("everybody in the snapshot", False, int(row["left"]), 0, 0)]
    for number, (sentence, is_exclusion) in enumerate(sentences):
        left = int(row[f"left{number}"])
        steps.append(Step(sentence, is_exclusion, left, steps[-1].left - left, int(row[f"unknown{number}"])))
    return steps


def _counts(kept: Facts, wanted: Cohort, by: tuple[str, ...], grid: Grid) -> list[dict[str, str | int]]:
    import ibis

    for name in by:
        if name not in GROUPS:
            raise NotFound(f"Cohorts are not counted by '{name}'.{did_you_mean(name, GROUPS)} By: {', '.join(GROUPS)}.")
    snapshot = kept.snapshot
    people = snapshot.table("person").inner_join(kept.people.select("who", "person", "born"), "person")
    people = people.semi_join(cohort_masks(snapshot, wanted, grid), "who")
    age = (grid.first_month - people.born) // 12 if isinstance(grid, MonthEnds) else people.age
    band = (ibis.least(age, 90) // 10 * 10).cast("int32")
    label = ibis.cases((band >= 90, ibis.literal("90 and over")), else_=_band(band))
    people = people.mutate(age_band=ibis.ifelse(age.isnull(), ibis.null("string"), label))
    if {"neighbourhood", "place"} & set(by):
        areas = snapshot.table("practice_area")
        on = grid.last
        areas = areas.filter((areas.starts.isnull() | (areas.starts <= on)) & (areas.ends.isnull() | (areas.ends > on)))
        people = people.left_join(areas.select("practice", "neighbourhood", "place"), "practice")
    named = people.select(
        **{name: ibis.coalesce(people[name].cast("string"), ibis.literal("Unknown")) for name in by}, who=people.who
    )
    counted = named.group_by(list(by)).aggregate(people=named.count()) if by else named.aggregate(people=named.count())
    rows: list[dict[str, str | int]] = snapshot.connection.to_pyarrow(counted).to_pylist()
    return sorted(rows, key=lambda row: [str(row[name]) for name in by])


def _band(low: Any) -> Any:
    return low.cast("string") + "-" + (low + 9).cast("string")
