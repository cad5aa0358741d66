"""The protected figure of a measure as it was known at an instant, in the form in which a paper keeps it."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from joinedup.errors import NotFound
from joinedup.measures import (
    Figure,
    MeasureDefinition,
    Results,
    definition_of,
    open_results,
    result_ids,
    scale_of,
    series,
)
from joinedup.moment import LONDON

NO_FIGURES = "no figures had been made"


def results_known_at(known_at: datetime) -> Results | None:
    """Answer the latest results that had been made by an instant; None where there are none at all.

    Where all were made later (a job replays the past), the first of them is taken, of which only months count that were
    over by then: `is_made_later` tells.
    """
    found = []
    for one in result_ids():
        try:
            found.append(open_results(one))
        except NotFound:
            continue
    if not found:
        return None
    made = [one for one in found if made_at(one) <= known_at]
    return made[-1] if made else found[0]


def made_at(results: Results) -> datetime:
    """Answer when figures were computed."""
    instant = datetime.fromisoformat(results.made_at.replace("Z", "+00:00"))
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)


def cited_measure(measure: str, area: str, month: date | None, known_at: datetime) -> dict[str, Any]:
    """Answer a measure's figure of an area and a month as known at an instant: value, interval, counts, and why none.

    Numbers are kept as text and whole numbers, and only what the measures show: `value` and counts are None where they
    are suppressed, and `status` says so. Without a month it is the latest that was over and has a figure.
    """
    definition = definition_of(measure)
    said: dict[str, Any] = {
        "title": definition.title, "unit": definition.unit, "definition": definition.digest, "area": area,
    }  # fmt: skip
    results = results_known_at(known_at)
    if results is None or measure not in results.measures:
        return said | {"value": None, "shown": "", "status": NO_FIGURES}
    code = area or results.system
    name = results.area(code).name
    last = known_at.astimezone(LONDON).date().replace(day=1)
    over = [one for one in series(results, measure, code) if one.month < last]
    figure = _figure(over, month, name, measure)
    return said | _kept(figure, definition, name) | {
        "area": code, "snapshot": results.snapshot_id, "made_at": results.made_at,
        "made_later": made_at(results) > known_at,
    }  # fmt: skip


def _figure(over: list[Figure], month: date | None, name: str, measure: str) -> Figure:
    if month is not None:
        found = next((one for one in over if one.month == month), None)
        if found is None:
            raise NotFound(f"No figure of '{measure}' for {name} in {month:%B %Y} was known then.")
        return found
    if not over:
        raise NotFound(f"No figure of '{measure}' for {name} was known then: no month with figures was over.")
    with_value = [one for one in over if one.value is not None]
    return (with_value or over)[-1]


def _kept(figure: Figure, definition: MeasureDefinition, name: str) -> dict[str, Any]:
    scale = scale_of(definition)
    return {
        "month": f"{figure.month:%Y-%m}", "place": name, "value": _text(figure.value),
        "lower": _text(figure.lower), "upper": _text(figure.upper), "numerator": figure.numerator,
        "denominator": figure.denominator, "shown": figure.value_shown(scale), "interval": figure.interval_shown(scale),
        "status": figure.status,
    }  # fmt: skip


def _text(value: float | None) -> str | None:
    """Answer a number as text to six places: a hash is made of it, and a float has not one form (rule B9)."""
    return None if value is None else f"{value:.6f}".rstrip("0").rstrip(".")
