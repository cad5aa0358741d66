"""The HTTP interface of this room: the same protected figures as the pages, in JSON, under /api/measures."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Query, Router, Schema
from pydantic import BaseModel

from joinedup.access import requires
from joinedup.measures import answers
from joinedup.measures.definition import MeasureDefinition
from joinedup.measures.figure import Figure
from joinedup.measures.results import Results, open_results
from joinedup.moment import parse_day


class Problem(Schema):
    """Why there is no answer, and what to do; `request_id` finds the line in the server's log."""

    error: str
    request_id: str


class Answer(BaseModel, extra="allow"):
    """An answer whose shape depends on what was asked; `what` names it: measures, definition, series, across ...

    Not a Schema of ninja: that one drops what it has no field for, whatever `extra` says.
    """

    what: str


router = Router(tags=["measures"])
ANSWERS = {200: Answer, 401: Problem, 403: Problem, 404: Problem, 422: Problem}
Month = Query("", description="A day of the month, such as 2026-03-01; the latest month with data when not given.")
Area = Query("", description="The area's code, such as QM7; the whole system when not given.")
Breakdown = Query("all", description="all, sex, age_band, ethnic_group, deprivation_national or deprivation_local.")


@router.get("/", response=ANSWERS, summary="The measures, and those that are not collected with the reason")
@requires("measures.read")
def measures(request: HttpRequest) -> dict[str, Any]:
    results = open_results()
    return _about("measures", results) | {
        "measures": [_listed(one) for one in answers.held(results)],
        "not_collected": [
            {"id": one.id, "title": one.title, "theme": one.theme, "why": one.why_not}
            for one in answers.not_collected()
        ],
    }


@router.get("/areas", response=ANSWERS, summary="The areas that have figures, the system first")
@requires("measures.read")
def areas(request: HttpRequest) -> dict[str, Any]:
    results = open_results()
    return _about("areas", results) | {
        "areas": [
            {"code": one.code, "name": one.name, "kind": one.kind, "part_of": one.part_of}
            for one in answers.areas_on(results)
        ]
    }


@router.get("/areas/{area}", response=ANSWERS, summary="Each measure's latest figure for an area, against the system")
@requires("measures.read")
def profile(request: HttpRequest, area: str) -> dict[str, Any]:
    results = open_results()
    found = results.area(area)
    return _about("profile", results) | {
        "area": found.code,
        "name": found.name,
        "figures": [
            _figure(row.definition, row.figure)
            | {
                "system": row.system,
                "against_system": row.verdict,
                "peers": {
                    "areas": row.peers,
                    "lowest": row.lowest,
                    "lower_quarter": row.low_quarter,
                    "upper_quarter": row.high_quarter,
                    "highest": row.highest,
                },
            }
            for row in answers.profile(results, found.code)
        ],
    }


@router.get("/{measure}", response=ANSWERS, summary="What a measure counts, of whom, and where it is defined")
@requires("measures.read")
def definition(request: HttpRequest, measure: str) -> dict[str, Any]:
    results = open_results()
    one = answers.measure(results, measure)
    return (
        _about("definition", results)
        | _listed(one)
        | {
            "meaning": one.meaning,
            "standard": one.standard,
            "differs": one.differs,
            "population": one.population,
            "denominator": list(one.denominator),
            "numerator": list(one.numerator),
            "exclude": list(one.exclude),
            "counts": one.counts,
            "of": one.of,
            "average": one.average,
            "multiplier": one.multiplier,
            "target": one.target,
            "target_source": one.target_source,
            "purposes": list(one.purposes),
            "digest": one.digest,
        }
    )


@router.get("/{measure}/series", response=ANSWERS, summary="A measure of an area month by month")
@requires("measures.read")
def series(
    request: HttpRequest, measure: str, area: str = Area, breakdown: str = Breakdown, band: str = ""
) -> dict[str, Any]:
    results = open_results()
    one = answers.measure(results, measure)
    found = results.area(area or results.system)
    figures = answers.series(results, one.id, found.code, breakdown, band)
    return _about("series", results) | {"measure": one.id, "area": found.code, "figures": _figures(one, figures)}


@router.get("/{measure}/across", response=ANSWERS, summary="A measure of all areas of a kind in one month")
@requires("measures.read")
def across(
    request: HttpRequest,
    measure: str,
    kind: str = Query("neighbourhood", description="place, neighbourhood, practice or system."),
    month: str = Month,
) -> dict[str, Any]:
    results = open_results()
    one = answers.measure(results, measure)
    figures = answers.across(results, one.id, kind, parse_day(month) if month else None)
    return _about("across", results) | {"measure": one.id, "kind": kind, "figures": _figures(one, figures)}


@router.get("/{measure}/groups", response=ANSWERS, summary="A measure by the groups of a breakdown in one month")
@requires("measures.read")
def groups(
    request: HttpRequest, measure: str, area: str = Area, breakdown: str = Breakdown, month: str = Month
) -> dict[str, Any]:
    results = open_results()
    one = answers.measure(results, measure)
    found = results.area(area or results.system)
    figures = answers.groups(results, one.id, found.code, breakdown, parse_day(month) if month else None)
    return _about("groups", results) | {
        "measure": one.id, "area": found.code, "breakdown": breakdown, "figures": _figures(one, figures),
    }  # fmt: skip


def _about(what: str, results: Results) -> dict[str, Any]:
    return {
        "what": what,
        "snapshot": results.snapshot_id,
        "made_at": results.made_at,
        "is_simulated": results.is_simulated,
    }


def _listed(one: MeasureDefinition) -> dict[str, Any]:
    return {
        "id": one.id,
        "title": one.title,
        "theme": one.theme,
        "kind": one.kind,
        "unit": one.unit,
        "polarity": one.polarity,
    }


def _figures(one: MeasureDefinition, figures: list[Figure]) -> list[dict[str, Any]]:
    return [_figure(one, figure) for figure in figures]


def _figure(one: MeasureDefinition, figure: Figure) -> dict[str, Any]:
    """Answer a figure as numbers, as the texts that every page shows, and with the reason where it has no value."""
    scale = answers.scale_of(one)
    return {
        "measure": figure.measure,
        "month": figure.month.isoformat(),
        "area_kind": figure.area_kind,
        "area": figure.area,
        "breakdown": figure.breakdown,
        "band": figure.band,
        "numerator": figure.numerator,
        "numerator_shown": figure.numerator_shown,
        "denominator": figure.denominator,
        "denominator_shown": figure.denominator_shown,
        "value": figure.value,
        "value_shown": figure.value_shown(scale),
        "lower": figure.lower,
        "upper": figure.upper,
        "standardised": figure.standardised,
        "standardised_lower": figure.standardised_lower,
        "standardised_upper": figure.standardised_upper,
        "standardised_status": figure.standardised_status,
        "status": figure.status,
    }
