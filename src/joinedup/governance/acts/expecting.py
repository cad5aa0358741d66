"""Stating what is expected of a decision: with the paper or the item, before the vote, and never changed after it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import transaction

from joinedup.access import record
from joinedup.errors import NotFound, RuleError
from joinedup.governance import models
from joinedup.governance.kept.expecting import newest_statement
from joinedup.governance.kept.meetings import item_of
from joinedup.governance.kept.registers import grown, known_from
from joinedup.governance.meetings.expected_effect import ExpectedEffect, effects
from joinedup.measures import definition_of, open_results

if TYPE_CHECKING:
    from joinedup.access import Grant

SUBMIT = "governance.submit"


def state_effects(
    grant: Grant,
    item: str,
    given: Mapping[str, Any] | Sequence[Mapping[str, Any]],
    *,
    known_at: datetime | None = None,
) -> tuple[ExpectedEffect, ...]:
    """State what is expected of an item that is not decided; answers the effects as they are kept.

    `given` is one mapping or several: {measure, size ("5% fewer"), by (a day), for (whom)} and, as wanted, {area: code,
    extreme: whether the measure was chosen because its figure stood out, why: how it was chosen}. They take the place
    of what was stated before, which stays kept; the same again changes nothing. Raises NoExpectedEffect, EffectUnclear,
    NotFound for a measure or an area that there is not.
    """
    grant.must_be_for(SUBMIT)
    with transaction.atomic():
        kept = item_of(item, locked=True)
        at = known_from(grant, known_at)
        if models.Decision.objects.filter(item=kept).exists():
            raise RuleError("B7: this item is decided; what was expected of it is not stated afterwards.")
        found = effects(given)
        if write_effects(grant, found, at, item=kept):
            details = {"measures": sorted({one.measure for one in found})}
            record(grant, "governance.state-effects", f"item:{item}", details=details)
    return found


def write_effects(
    grant: Grant,
    found: Sequence[ExpectedEffect],
    at: datetime,
    *,
    item: models.AgendaItem | None = None,
    decision: models.Decision | None = None,
    version: models.PaperVersion | None = None,
) -> bool:
    """Write effects of an item, or of a decision taken between meetings, in the caller's transaction.

    Answers whether that is new. NotFound for a measure that is not defined, or an area without figures.
    """
    must_be_measured(found)
    before = newest_statement(item, at) if item is not None else []
    if not found or [as_effect(one) for one in before] == list(found):
        return False
    statement = before[0].statement + 1 if before else 1
    for number, one in enumerate(found, start=1):
        models.Expectation.objects.create(
            item=item, decision=decision, version=version, statement=statement, number=number, measure=one.measure,
            definition=definition_of(one.measure).digest, area=one.area, size=one.size, direction=one.direction,
            amount=one.amount, unit=one.unit, by_day=one.by, whom=one.whom, chosen_as_extreme=one.extreme,
            why_chosen=one.why, **grown(grant, at),
        )  # fmt: skip
    return True


def must_be_measured(found: Sequence[ExpectedEffect]) -> None:
    """Raise NotFound or RuleError unless each measure is collected and, where figures were made, each area has some."""
    for one in found:
        definition = definition_of(one.measure)
        if not definition.is_collected:
            raise RuleError(
                f"'{one.measure}' is not collected, so that nobody could see whether it moved: {definition.why_not} "
                "Choose a measure that is: joinedup measure list"
            )
    areas = [one.area for one in found if one.area]
    if not areas:
        return
    try:
        results = open_results()
    except NotFound:
        return  # Before any figures are made no list of areas stands; the outcome says so later.
    for area in areas:
        results.area(area)


def as_effect(row: models.Expectation) -> ExpectedEffect:
    """Answer a kept effect as the rules take it."""
    return ExpectedEffect(
        row.measure, row.direction, row.amount, row.unit, row.by_day, row.whom, row.size, row.area,
        row.chosen_as_extreme, row.why_chosen,
    )  # fmt: skip
