"""The pages of transitions: which there are, how one stands, and whether a change is clear for day one."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from joinedup.access import grant_for, requires
from joinedup.errors import NotFound, RuleError
from joinedup.governance import models
from joinedup.governance.acts.day_one import check_before, put_in_force
from joinedup.governance.acts.transition_cases import CASES
from joinedup.governance.acts.transition_staff import read_sums
from joinedup.governance.acts.transitions import TRANSIT
from joinedup.governance.kept.day_one import TO_COME
from joinedup.governance.kept.transitions import (
    deadlines_of,
    events_of,
    functions_of,
    new_owners_of,
    steps_of,
    transition_of,
)
from joinedup.governance.views.transition_parts import CERTAINTIES, KINDS, crumbs, may
from joinedup.governance.views.transition_tables import (
    deadlines_table,
    functions_table,
    orphans_table,
    owners_table,
    people_table,
    receiving_table,
    steps_table,
    work_table,
)
from joinedup.moment import Moment, now
from joinedup.system import Event, as_of
from joinedup.ui import Column, Crumb, Page, Table
from joinedup.ui.sent import NOTICE


@requires("governance.read")
@require_safe
def transitions(request: Any) -> HttpResponseBase:
    moment = request.moment
    rows = []
    for one in models.Transition.objects.filter(at__lte=moment.known_at).order_by("-proposed_on", "key"):
        events = events_of(one.pk, moment)
        late = [due for due in deadlines_of(one.pk, moment) if not due.submitted_at and due.days_late]
        rows.append(
            {
                "title": one.title,
                "href": reverse("transition:transition", args=[one.pk]),
                "proposed": one.proposed_on,
                "next": min((e.effective.earliest for e in events if e.certainty != "in_force"), default=None),
                "events": len(events),
                "state": _state(events),
                "late": len(late),
            }
        )
    return Page(
        request,
        "governance/transitions.jinja",
        title=_("Transitions"),
        breadcrumbs=crumbs()[:2],
        leads=may(request, TRANSIT),
        transitions=Table(
            [
                Column("title", _("Transition"), "link", "href"),
                Column("state", _("State")),
                Column("proposed", _("Proposed"), "date"),
                Column("next", _("Next change"), "date"),
                Column("events", _("Changes"), "number"),
                Column("late", _("Late applications"), "number"),
            ],
            rows,
            caption=_("Transitions, the newest first"),
            name="transitions",
            empty=_("No transition was proposed yet. Whoever leads one opens it with its change events."),
        ),
    ).response()


def _state(events: list[Event]) -> str:
    if not events:
        return _("No change yet")
    done = sum(one.certainty == "in_force" for one in events)
    overdue = sum(1 for one in events if one.days_overdue)
    if overdue:
        return _("%(number)s overdue") % {"number": overdue}
    return _("%(done)s of %(all)s in force") % {"done": done, "all": len(events)}


@requires("governance.read")
@require_safe
def transition(request: Any, key: str) -> HttpResponseBase:
    moment = request.moment
    row = transition_of(key)
    if row.at > moment.known_at:
        raise NotFound(_("This transition was not known then. Ask for a later day."))
    leads = may(request, TRANSIT)
    sums = read_sums(grant_for(request, TRANSIT), key, moment.known_at) if leads else None
    events = events_of(key, moment)
    kept = {one.event: one for one in models.DayOneResult.objects.filter(transition=key, at__lte=moment.known_at)}
    functions = functions_of(key, moment.known_at)
    return Page(
        request,
        "governance/transition.jinja",
        title=row.title,
        breadcrumbs=crumbs(),
        notice=request.session.pop(NOTICE, ""),
        row=row,
        leads=leads,
        events=[_event_row(key, one, moment, kept.get(one.key), leads) for one in events],
        deadlines=deadlines_table(deadlines_of(key, moment), leads=leads),
        steps=steps_table(steps_of(key, moment.known_at), moment, leads=leads),
        owners=owners_table(new_owners_of(key, moment.known_at)),
        acts=_acts(key) if leads else (),
        may_handle_cases=may(request, CASES),
        functions=functions,
        faults=functions_table(functions) if functions and (functions.gaps or functions.overlaps) else None,
        sums=sums,
        blocks=sums.report.blocks if sums else (),
        people=people_table(sums) if sums else None,
        receiving=receiving_table(sums) if sums else None,
    ).response()


ACTS = {
    "add-change": "Add a change", "add-application": "Add an application", "add-step": "Add a step",
    "functions": "Say who has which function after", "count": "Record a count of people or posts",
    "staff": "Hand in the list of staff", "leaver": "Record somebody who left before day one",
    "new-owner": "Name a new owner of open work",
}  # fmt: skip


def _acts(key: str) -> list[dict[str, str]]:
    return [{"text": _(text), "href": reverse(f"transition:{name}", args=[key])} for name, text in ACTS.items()]


def _event_row(
    key: str, event: Event, moment: Moment, result: models.DayOneResult | None, leads: bool
) -> dict[str, Any]:
    bodies = as_of(event.effective.earliest, moment.known_at).bodies_by_id({*event.originals, *event.results})
    said, colour = CERTAINTIES[event.certainty]
    days = (event.effective.earliest - moment.valid_on).days
    closes = bool(event.originals) and event.certainty not in {"in_force", "withdrawn"}
    return {
        "kind": _(KINDS.get(event.kind, event.kind)),
        "href": reverse("system:event", args=[event.key]),
        "on": str(event.effective),
        "day": event.effective.earliest,
        "certainty": _(said),
        "colour": colour,
        "overdue": event.days_overdue,
        "days": days if event.certainty not in {"in_force", "withdrawn"} and days > 0 else 0,
        "before": [_named(bodies[one]) for one in event.originals],
        "after": [_named(bodies[one]) for one in event.results],
        "result": result,
        "check": reverse("transition:day-one", args=[key, event.key]) if leads and closes else "",
    }


def _named(body: Any) -> dict[str, str]:
    return {"name": body.name, "href": reverse("system:body", args=[body.key])}


@requires(TRANSIT)
@require_http_methods(["GET", "HEAD", "POST"])
def day_one(request: Any, key: str, text: str) -> HttpResponseBase:
    row = transition_of(key)
    if not models.TransitionEvent.objects.filter(transition=row, event=text).exists():
        raise NotFound(_("This change does not belong to the transition."))
    errors: dict[str, str] = {}
    reason = request.POST.get("reason", "").strip() if request.method == "POST" else ""
    if request.method == "POST":
        if len(reason) < 10:
            errors["reason"] = _("Say in at least 10 characters why it takes force now, such as the order that says so")
        else:
            try:
                put_in_force(request.grant, text, reason=reason)
            except RuleError as error:
                errors["reason"] = str(error)
            else:
                request.session[NOTICE] = _("The change is in force. Everybody and everything has a place.")
                return HttpResponseRedirect(reverse("transition:transition", args=[key]))
    found = check_before(request.grant, text, now())
    is_settled = found.event.certainty in {"in_force", "withdrawn"}
    return Page(
        request,
        "governance/transition_day_one.jinja",
        title=_("Is everything ready for day one?"),
        breadcrumbs=crumbs(Crumb(row.title, reverse("transition:transition", args=[key]))),
        row=row,
        found=found,
        kind=_(KINDS.get(found.event.kind, found.event.kind)),
        is_settled=is_settled,
        may_put_in_force=found.is_ready and not is_settled,
        errors=errors,
        reason=reason,
        work=work_table(found),
        orphans=orphans_table(found) if found.day_one.orphans else None,
        not_checked=[
            [room.capitalize(), _(TO_COME.get(room, "it is not asked"))] for room in found.day_one.not_checked
        ],
    ).response(400 if errors else 200)
