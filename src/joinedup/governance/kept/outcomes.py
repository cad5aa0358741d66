"""What a decision changed, and what became of each effect that was expected of it, from the protected figures.

The comparator is made of shown figures alone: the other areas of the same kind, their counts summed and then divided
(rule O6), in the months in which each of them has a figure that may be shown. For the whole system there is none: no
figures of other systems or of England are kept here month by month.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from joinedup.errors import NotFound, RuleError
from joinedup.governance import models
from joinedup.governance.assurance.outcome import Expected, MonthValue, Outcome, judge
from joinedup.governance.kept.cited_figures import results_known_at
from joinedup.governance.kept.decisions import day_decided
from joinedup.governance.kept.expecting import effects_of
from joinedup.measures import (
    Figure,
    MeasureDefinition,
    Results,
    definition_of,
    months_covered,
    series,
)
from joinedup.moment import LONDON

MANY = {"place": "places", "neighbourhood": "neighbourhoods", "practice": "GP practices"}


@dataclass(frozen=True, slots=True)
class JudgedEffect:
    """An expected effect and what became of it; `outcome` None where `why_not` says why nothing can be said."""

    effect: models.Expectation
    definition: MeasureDefinition
    place: str
    figures: tuple[Figure, ...] = ()
    comparator: tuple[MonthValue, ...] = ()
    compared_with: str = ""
    outcome: Outcome | None = None
    why_not: str = ""
    snapshot: str = ""
    is_redefined: bool = False


def judged(decision: models.Decision, known_at: datetime) -> list[JudgedEffect]:
    """Answer what became of each effect that was expected of a decision, by the figures that were made by an instant.

    Only months that were over then count.
    """
    rows = effects_of(decision)
    results = results_known_at(known_at) if rows else None
    return [_judged(one, decision, results, known_at) for one in rows]


def _judged(
    row: models.Expectation, decision: models.Decision, results: Results | None, known_at: datetime
) -> JudgedEffect:
    try:
        definition = definition_of(row.measure)
        if results is None:
            raise NotFound("No figures have been made yet.")
        area = results.area(row.area or results.system)
        last = known_at.astimezone(LONDON).date()
        figures = [one for one in series(results, row.measure, area.code) if one.month < last.replace(day=1)]
    except NotFound as error:
        return JudgedEffect(row, definition_of(row.measure), row.area, why_not=str(error))
    beside, name = _comparator(results, definition, area.code, area.kind, last)
    try:
        outcome = judge(
            [MonthValue(one.month, one.value) for one in figures],
            Expected(row.direction, float(row.amount), row.unit, row.by_day, row.chosen_as_extreme),
            decided_on=day_decided(decision), today=last, comparator=beside, overlap=months_covered(definition),
        )  # fmt: skip
    except RuleError as error:
        return JudgedEffect(row, definition, area.name, tuple(figures), why_not=str(error))
    return JudgedEffect(
        row, definition, area.name, tuple(figures), tuple(beside), name, outcome, "", results.snapshot_id,
        bool(row.definition) and row.definition != definition.digest,
    )  # fmt: skip


def _comparator(
    results: Results, definition: MeasureDefinition, area: str, kind: str, last: date
) -> tuple[list[MonthValue], str]:
    """Answer the months of the other areas of a kind taken together, and how they are called; none for the system."""
    if kind == "system":
        return [], ""
    others = [one.code for one in results.areas(kind) if one.code != area and one.ended is None]
    if not others:
        return [], ""
    rows: dict[date, list[Figure]] = defaultdict(list)
    for code in others:
        for figure in series(results, definition.id, code):
            if figure.month < last.replace(day=1):
                rows[figure.month].append(figure)
    months = [MonthValue(month, _together(rows[month], definition, len(others))) for month in sorted(rows)]
    shown = any(one.value is not None for one in months)
    return (months, f"the other {MANY.get(kind, kind)} of the system") if shown else ([], "")


def _together(figures: Sequence[Figure], definition: MeasureDefinition, count: int) -> float | None:
    """Answer the value of several areas together, of their shown counts; None where one of them has none to show."""
    held = [one for one in figures if one.value is not None]
    if len(held) < count:
        return None
    if definition.kind == "count":
        return sum(one.value or 0.0 for one in held)
    people = [one.denominator or 0 for one in held]
    if not sum(people):
        return None
    if definition.kind == "mean":
        return sum((one.value or 0.0) * many for one, many in zip(held, people, strict=True)) / sum(people)
    if any(one.numerator is None for one in held):
        return None
    return definition.multiplier * sum(one.numerator or 0 for one in held) / sum(people)
