"""What was expected of an item or a decision, as it was stated by an instant."""

from __future__ import annotations

from datetime import datetime

from joinedup.governance import models


def newest_statement(item: models.AgendaItem, known_at: datetime) -> list[models.Expectation]:
    """Answer the effects that were stated last about an item by an instant, in their order; [] for none."""
    rows = list(item.expectations.filter(at__lte=known_at).order_by("statement", "number"))
    return [one for one in rows if one.statement == rows[-1].statement]


def effects_of(decision: models.Decision) -> list[models.Expectation]:
    """Answer the effects that were expected when a decision was taken: what was stated later is none of it."""
    if decision.item is None:
        return list(decision.expectations.order_by("number"))
    return newest_statement(decision.item, decision.at)


def is_stated(item: models.AgendaItem, known_at: datetime) -> bool:
    """Answer whether anything was stated that an item is expected to do."""
    return bool(newest_statement(item, known_at))
