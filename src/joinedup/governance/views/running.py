"""Running a meeting: who comes and goes, opening an item, votes as they are cast. One page each, one press an act."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.http import HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from joinedup.access import requires
from joinedup.errors import Refused, RuleError
from joinedup.governance import models
from joinedup.governance.acts import meetings as acts, voting
from joinedup.governance.kept.boards import board_at, person_of_account
from joinedup.governance.kept.meetings import (
    as_attendance,
    attendances_of,
    day_of,
    item_of,
    items_of,
    meeting_of,
    presiding_at,
)
from joinedup.governance.kept.standing import clock_of
from joinedup.governance.meetings.voting import VoteRefused
from joinedup.governance.views.agenda_lines import lines_of
from joinedup.governance.views.items import item_page
from joinedup.governance.views.meetings import MODE
from joinedup.governance.views.parts import (
    VOTES,
    meeting_crumbs,
    members_of,
    minute_of,
    must_see,
    names_of,
    people_items,
    said_day,
    said_minute,
)
from joinedup.moment import Moment, now
from joinedup.ui import Page
from joinedup.ui.sent import NOTICE, time_sent, without_rule


@requires("governance.preside")
@require_http_methods(["GET", "HEAD", "POST"])
def run(request: Any, key: str) -> HttpResponseBase:
    """The page of who chairs or writes: people come and go, and each item is one press away."""
    kept = meeting_of(key)
    errors: dict[str, str] = {}
    sent = request.POST
    if request.method == "POST":
        act = _leave if sent.get("visit") else _arrive
        words = act(request, kept, errors)
        if not errors:
            request.session[NOTICE] = words
            return HttpResponseRedirect(reverse("governance:run", args=[key]))
    moment = Moment(day_of(kept), now().known_at)
    clock = clock_of(kept, moment.known_at)
    there = [row for row in attendances_of(kept, moment.known_at) if as_attendance(row).covers(clock)]
    members = members_of(kept.board_id, moment)
    deputies = sorted({
        one.person for one in board_at(kept.board_id, moment).holdings if one.is_deputy_on(moment.valid_on)
    })  # fmt: skip
    chair = presiding_at(kept, clock)
    names = names_of({*members, *deputies, *(row.person for row in there), chair.person, chair.deputy}, moment)
    here = {row.person for row in there}
    return Page(
        request,
        "governance/run.jinja",
        title=_("Run the meeting of %(day)s") % {"day": said_day(kept)},
        breadcrumbs=meeting_crumbs(kept),
        notice=request.session.pop(NOTICE, ""),
        meeting=kept,
        chair=names[chair.person],
        chair_is_here=chair.person in here,
        clock=said_minute(clock),
        there=[
            {"visit": row.visit, "name": names[row.person], "came": said_minute(row.present.lower)} for row in there
        ],
        absent=people_items({*members, *deputies} - here, names),
        modes=[{"value": one, "text": _(text)} for one, text in MODE.items()],
        members=people_items(members, names, _("For nobody")),
        lines=lines_of(kept, items_of(kept, moment.known_at), True, moment),
        values=dict(sent.items()) if errors else {"at": said_minute(clock), "mode": "in_person"},
        chosen=sent.getlist("person") if errors else [],
        errors=errors,
    ).response(422 if errors else 200)


def _arrive(request: Any, kept: models.Meeting, errors: dict[str, str]) -> str:
    people = request.POST.getlist("person")
    clock = time_sent(request.POST, "at", _("When they came"), errors)
    if not people:
        errors["person"] = _("Choose who came")
    if errors or clock is None:
        return ""
    at = minute_of(kept, clock)
    _not_to_come(at, "at", errors)
    for person in people if not errors else []:
        try:
            acts.record_attendance(
                request.grant, kept.key, person, arrived=at, mode=request.POST.get("mode", "in_person"),
                deputy_for=request.POST.get("deputy_for", ""),
            )  # fmt: skip
        except RuleError as error:
            errors["person"] = without_rule(error)
            break
    return _("%(count)s came at %(minute)s.") % {"count": len(people), "minute": said_minute(at)}


def _leave(request: Any, kept: models.Meeting, errors: dict[str, str]) -> str:
    visit = request.POST["visit"]
    clock = time_sent(request.POST, f"left-{visit}", _("When the person left"), errors)
    if clock is None:
        return ""
    at = minute_of(kept, clock)
    _not_to_come(at, f"left-{visit}", errors)
    if not errors:
        try:
            acts.record_leaving(request.grant, UUID(visit), at)
        except (RuleError, ValueError) as error:
            errors[f"left-{visit}"] = without_rule(error)
    return _("Written down: left at %(minute)s.") % {"minute": said_minute(at)}


@requires("governance.preside")
@require_POST
def open_item(request: Any, key: str) -> HttpResponseBase:
    kept = item_of(key)

    def do(at: Any) -> str:
        type_, missing = voting.open_item(request.grant, key, at=at)
        if missing:
            return _("The paper is not whole, so the item is taken for discussion: nothing can be decided on it.")
        return _("The item is open. Members can vote.") if type_ == "approve" else _("The item is taken.")

    return _at_minute(request, kept, do)


@requires("governance.vote")
@require_POST
def vote(request: Any, key: str) -> HttpResponseBase:
    """A member's own vote, cast now; where it is refused the page says why."""
    kept = item_of(key)
    must_see(request, kept)
    errors: dict[str, str] = {}
    value = request.POST.get("value", "")
    if value not in VOTES:
        errors["value"] = _("Choose how you vote")
    else:
        try:
            person = person_of_account(request.grant.actor_id, now())
            voting.cast_vote(request.grant, key, person, value, cast_at=now().known_at)
        except (RuleError, Refused) as error:
            errors["value"] = without_rule(error)
    return _back(request, kept, errors, _("Your vote is taken: %(value)s.") % {"value": _(VOTES.get(value, ""))})


@requires("governance.preside")
@require_POST
def record_vote(request: Any, key: str) -> HttpResponseBase:
    """Votes by a show of hands, written down by whoever runs the meeting: one value for the members named."""
    kept = item_of(key)

    def do(at: Any) -> str:
        people = request.POST.getlist("voter")
        value = request.POST.get("shown", "")
        if not people or value not in VOTES:
            raise VoteRefused(_("Choose who voted, and how"))
        for person in people:
            voting.cast_vote(request.grant, key, person, value, cast_at=at)
        return _("%(count)s voted: %(value)s.") % {"count": len(people), "value": _(VOTES[value])}

    return _at_minute(request, kept, do, field="voter")


def _at_minute(
    request: Any, kept: models.AgendaItem, do: Callable[[Any], str], *, field: str = "at"
) -> HttpResponseBase:
    """Do an act at the minute that was typed, and lead back to the item, or show it with what was wrong."""
    errors: dict[str, str] = {}
    words = ""
    clock = time_sent(request.POST, "at", _("The time"), errors)
    if clock is not None:
        at = minute_of(kept.meeting, clock)
        _not_to_come(at, "at", errors)
        if not errors:
            try:
                words = do(at)
            except RuleError as error:
                errors[field] = without_rule(error)
    return _back(request, kept, errors, words)


def _back(request: Any, kept: models.AgendaItem, errors: dict[str, str], words: str) -> HttpResponseBase:
    if errors:
        return item_page(request, kept.key, dict(request.POST.items()), errors)
    request.session[NOTICE] = words
    return HttpResponseRedirect(reverse("governance:item", args=[kept.key]))


def _not_to_come(at: Any, field: str, errors: dict[str, str]) -> None:
    if at > now().known_at:
        errors[field] = _("%(minute)s is still to come") % {"minute": said_minute(at)}
