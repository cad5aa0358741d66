"""The page on which a member of staff sees the own transfer, and nobody else's, and says a wish (rules: C7 to C9)."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from joinedup.access import requires
from joinedup.errors import RuleError
from joinedup.governance.acts.transition_staff import OWN, OwnTransfer, change_of, read_own, say_own_wish
from joinedup.moment import now
from joinedup.system import as_of
from joinedup.ui import Crumb, Page
from joinedup.ui.sent import NOTICE

WISHES = {"stay": "I wish to stay", "leave": "I wish to leave"}
BASES = {
    "tupe": "by law (TUPE)", "order": "by the order that makes the change", "promise": "by the promise of employment",
}  # fmt: skip


@requires(OWN)
@require_http_methods(["GET", "HEAD", "POST"])
def own_transfer(request: Any) -> HttpResponseBase:
    errors: dict[str, str] = {}
    if request.method == "POST":
        wish, employment = request.POST.get("wish", ""), request.POST.get("employment", "")
        if wish not in WISHES:
            errors["wish"] = _("Choose whether you wish to stay or to leave")
        else:
            try:
                say_own_wish(request.grant, employment, wish)
            except RuleError as error:
                errors["wish"] = str(error)
            else:
                request.session[NOTICE] = _("Your wish is recorded.")
                return HttpResponseRedirect(reverse("transition:own-transfer"))
    found = read_own(request.grant)
    return Page(
        request,
        "governance/transition_own.jinja",
        title=_("My transfer"),
        breadcrumbs=[Crumb("joinedup", "/")],
        notice=request.session.pop(NOTICE, ""),
        transfers=[_told(one) for one in found],
        errors=errors,
    ).response(400 if errors else 200)


def _told(one: OwnTransfer) -> dict[str, Any]:
    row, change = one.row, change_of(one)
    day = change.effective.earliest if change else None
    return {
        "title": one.transition.title,
        "employment": row.employment,
        "day": day,
        "from": _body(row.from_body, day, before=True),
        "from_post": row.from_post,
        "to": _body(row.to_body, day) if one.is_placed else "",
        "to_post": row.to_post,
        "fte": row.fte.normalize(),
        "to_fte": row.to_fte.normalize() if row.to_fte is not None else None,
        "continuous_from": row.continuous_from,
        "keeps_service": row.to_continuous_from == row.continuous_from,
        "keeps_terms": one.keeps_terms,
        "is_placed": one.is_placed,
        "may_wish": row.staff_class != "senior_leader" and not (change and change.certainty == "in_force"),
        "is_senior": row.staff_class == "senior_leader",
        "basis": _(BASES[row.basis]),
        "offer": row.offer_valid_to,
        "consulted_on": row.consulted_on,
        "wish": row.wish,
        "wish_said": _(WISHES.get(row.wish, "Not said yet")),
        "wishes": [
            {"value": key, "text": _(text), "checked": key == row.wish} for key, text in WISHES.items()
        ],
    }  # fmt: skip


def _body(code: str, day: Any, *, before: bool = False) -> str:
    """Answer what a body is called around the day of the change; its code where nobody knows it."""
    from datetime import timedelta

    from joinedup.errors import NotFound

    moment = now()
    on = (day - timedelta(days=1) if before else day) if day else moment.valid_on
    try:
        return str(as_of(on, moment.known_at).body(code).name)
    except NotFound:
        return code
