"""The HTTP interface of this room: the same answers as the pages, in JSON, under /api/system."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Query, Router, Schema
from pydantic import BaseModel

from joinedup.access import actor_of, decide, requires
from joinedup.errors import NotFound
from joinedup.moment import Moment, now, parse_day, parse_known
from joinedup.system import answers
from joinedup.system.picture import Picture


class Problem(Schema):
    """Why there is no answer, and what to do; `request_id` finds the line in the server's log."""

    error: str
    request_id: str


class Things(BaseModel, extra="allow"):
    """An answer whose shape depends on what was asked; `what` names it: system, area, body, diff ...

    Not a Schema of ninja: that one drops what it has no field for, whatever `extra` says.
    """

    what: str


router = Router(tags=["system"])
ANSWERS = {200: Things, 401: Problem, 403: Problem, 404: Problem, 422: Problem}
AsOf = Query("", description="The day, such as 2022-07-01; today when not given.")
KnownAt = Query("", description="By what was known then: a day or a time; now when not given.")


def _picture(as_of: str, known_at: str) -> Picture:
    present = now()
    return Picture(
        Moment(parse_day(as_of) if as_of else present.valid_on, parse_known(known_at) if known_at else present.known_at)
    )


def _sees_people(request: HttpRequest) -> bool:
    return decide(actor_of(request.user), "system.people", now().valid_on).allowed


@router.get("/england", response=ANSWERS, summary="Bodies by kind and systems of England on a day")
@requires("system.read")
def england(request: HttpRequest, as_of: str = AsOf, known_at: str = KnownAt) -> dict[str, Any]:
    return answers.england(_picture(as_of, known_at))


@router.get("/events", response=ANSWERS, summary="All change events as believed, with those overdue on the day")
@requires("system.read")
def events(request: HttpRequest, as_of: str = AsOf, known_at: str = KnownAt) -> dict[str, Any]:
    picture = _picture(as_of, known_at)
    return {"what": "events", "events": [answers.event(picture, event) for event in picture.events()]}


@router.get("/coverage", response=ANSWERS, summary="Whether every small area lies in exactly one system")
@requires("system.read")
def coverage(request: HttpRequest, as_of: str = AsOf, known_at: str = KnownAt) -> dict[str, Any]:
    return answers.coverage(_picture(as_of, known_at))


@router.get("/bodies", response=ANSWERS, summary="All bodies of a kind on a day")
@requires("system.read")
def bodies(
    request: HttpRequest,
    kind: str = Query(..., description="icb, ccg, nhs_trust, gp_practice ...: the kinds that England's answer counts."),
    as_of: str = AsOf,
    known_at: str = KnownAt,
) -> dict[str, Any]:
    return answers.bodies(_picture(as_of, known_at), kind)


@router.get("/people", response=ANSWERS, summary="Who holds which post on a day, as heads and full-time equivalents")
@requires("system.people")
def people(request: HttpRequest, as_of: str = AsOf, known_at: str = KnownAt) -> dict[str, Any]:
    return answers.people(_picture(as_of, known_at))


@router.get("/codes/{code}", response=ANSWERS, summary="What a code denotes on a day and has become by then")
@requires("system.read")
def code(request: HttpRequest, code: str, as_of: str = AsOf, known_at: str = KnownAt) -> dict[str, Any]:
    return answers.code(_picture(as_of, known_at), code)


@router.get("/diff", response=ANSWERS, summary="What changed between two days, or between two states of knowledge")
@requires("system.read")
def diff(
    request: HttpRequest,
    from_day: str = Query(..., alias="from", description="The first day."),
    of: str = Query("england", description="A code or key, or england."),
    as_of: str = AsOf,
    known_at: str = KnownAt,
    from_known_at: str = Query("", description="What was known for the first day; as known_at when not given."),
) -> dict[str, Any]:
    before, after = _picture(from_day, from_known_at or known_at), _picture(as_of, known_at)
    return answers.diff(before, after, of, with_people=_sees_people(request))


@router.get("/{code}", response=ANSWERS, summary="A system, area or body on a day")
@requires("system.read")
def show(request: HttpRequest, code: str, as_of: str = AsOf, known_at: str = KnownAt) -> dict[str, Any]:
    return answers.show(_picture(as_of, known_at), code, with_people=_sees_people(request))


@router.get("/{code}/known", response=ANSWERS, summary="Everything that was ever believed of a body")
@requires("system.read")
def beliefs(request: HttpRequest, code: str, as_of: str = AsOf, known_at: str = KnownAt) -> dict[str, Any]:
    return answers.beliefs(_picture(as_of, known_at), code)


@router.get("/{code}/small-areas", response=ANSWERS, summary="The small areas of an area on a day")
@requires("system.read")
def small_areas(request: HttpRequest, code: str, as_of: str = AsOf, known_at: str = KnownAt) -> dict[str, Any]:
    picture = _picture(as_of, known_at)
    found = answers.show(picture, code)
    if found["what"] not in {"system", "area"}:
        raise NotFound(f"{found['name']} is no area; ask for one that it serves.")
    return {"what": "small areas", "small_areas": answers.small_areas(picture, found["id"])}
