"""Binding money by a form: commit some of a budget line to a supplier, move some between lines; under an authority.

What is refused is said beside the field that can be put right, in the words of the rule: no authority, over it, ended,
revoked, more than is available. The form carries its own key, so that sent twice it is one act.
"""

from __future__ import annotations

from typing import Any

from django.http import HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from joinedup.access import requires
from joinedup.errors import JoinedupError, NotFound, Refused
from joinedup.moment import now
from joinedup.money import models, services, spending
from joinedup.money.authority import NoAuthority, OverAuthority
from joinedup.money.budget_lines import OverBudget, RingFence, VirementImbalance
from joinedup.money.ledger_reading import availabilities, budget_line_of, fund_of
from joinedup.money.views.authorities import all_authorities, state_of
from joinedup.money.views.parts import (
    NOTICE,
    crumbs,
    day_sent,
    fund_crumb,
    key_sent,
    line_crumbs,
    pence_sent,
    text_sent,
    without_rule,
)
from joinedup.ui import Page
from joinedup.ui.tables import pounds

FIELDS = ((NoAuthority, "authority"), (OverAuthority, "authority"), (OverBudget, "pence"), (NotFound, "authority"))


@requires("money.post")
@require_http_methods(["GET", "HEAD", "POST"])
def commit(request: Any, code: str) -> HttpResponseBase:
    line = budget_line_of(code)
    fund = fund_of(line.fund)
    errors: dict[str, str] = {}
    sent = request.POST
    key = key_sent(sent, "commit")
    if request.method == "POST":
        pence = pence_sent(sent, "pence", _("The amount"), errors)
        supplier = text_sent(sent, "supplier", _("Say who it is promised to"), errors)
        purpose = text_sent(sent, "purpose", _("Say what it is for"), errors)
        under = text_sent(sent, "authority", _("Choose the authority under which you do it"), errors)
        written = day_sent(sent, "on", _("The day"), errors)
        if not errors and written.value is not None:
            try:
                spending.commit(
                    request.grant, pence, key=key, budget_line=code, supplier=supplier, purpose=purpose,
                    authority_id=under, on=written.value, description=sent.get("description", "").strip(),
                )  # fmt: skip
            except Refused:
                raise
            except JoinedupError as error:
                errors[_field_of(error)] = without_rule(error)
            else:
                request.session[NOTICE] = _("%(sum)s are committed.") % {"sum": pounds(pence)}
                return HttpResponseRedirect(reverse("money:line", args=[code]))
    left = availabilities([code])[code]
    return Page(
        request,
        "money/commit.jinja",
        title=_("Commit money of a budget line"),
        breadcrumbs=line_crumbs(line, fund),
        line=line,
        available=pounds(left.available),
        key=key,
        values=_values(request),
        errors=errors,
        authorities=authority_choices("commitment", sent.get("authority", "")),
    ).response(422 if errors else 200)


@requires("money.allocate")
@require_http_methods(["GET", "HEAD", "POST"])
def virement(request: Any, code: str) -> HttpResponseBase:
    fund = fund_of(code)
    errors: dict[str, str] = {}
    sent = request.POST
    key = key_sent(sent, "virement")
    lines = list(models.BudgetLine.objects.filter(fund=code).order_by("year", "name"))
    known = {line.code for line in lines}
    if request.method == "POST":
        pence = pence_sent(sent, "pence", _("The amount"), errors)
        start = text_sent(sent, "from", _("Choose the line that gives"), errors)
        end = text_sent(sent, "to", _("Choose the line that gains"), errors)
        if start and start == end:
            errors["to"] = _("Choose another line than the one that gives")
        for name, value in (("from", start), ("to", end)):
            if value and value not in known:
                errors[name] = _("Choose a line of this fund")
        under = text_sent(sent, "authority", _("Choose the authority under which you do it"), errors)
        reason = text_sent(sent, "reason", _("Say why it is moved"), errors)
        written = day_sent(sent, "on", _("The day"), errors)
        if not errors and written.value is not None:
            try:
                services.virement(
                    request.grant, {start: -pence, end: pence}, authority_id=under, on=written.value, reason=reason,
                    key=key,
                )  # fmt: skip
            except Refused:
                raise
            except JoinedupError as error:
                errors[_field_of(error)] = without_rule(error)
            else:
                request.session[NOTICE] = _("%(sum)s are moved.") % {"sum": pounds(pence)}
                return HttpResponseRedirect(reverse("money:fund", args=[code]))
    left = availabilities(known)
    return Page(
        request,
        "money/virement.jinja",
        title=_("Move money between budget lines"),
        breadcrumbs=crumbs(fund_crumb(fund)),
        fund=fund,
        key=key,
        values=_values(request),
        errors=errors,
        lines=[
            {
                "value": line.code,
                "text": _("%(name)s, %(year)s: %(left)s available")
                % {"name": line.name, "year": line.year, "left": pounds(left[line.code].available)},
            }
            for line in lines
        ],
        authorities=authority_choices("virement", sent.get("authority", "")),
    ).response(422 if errors else 200)


def authority_choices(act: str, chosen: str) -> list[dict[str, Any]]:
    """Answer the authorities that allow an act today and have something left, and the one that was chosen before."""
    today = now().valid_on
    found = [
        {
            "value": one.id,
            "text": _("%(reference)s (%(id)s): %(left)s left")
            % {"reference": one.reference, "id": one.id, "left": pounds(one.limit_pence - used)},
            "selected": one.id == chosen,
        }
        for one, used in all_authorities()
        if one.id == chosen or (act in one.acts and state_of(one, today) == _("Holds") and used < one.limit_pence)
    ]
    return [{"value": "", "text": _("Choose an authority") if found else _("There is none that allows this")}, *found]


def _values(request: Any) -> dict[str, str]:
    if request.method == "POST":
        return dict(request.POST.items())
    today = now().valid_on
    return {"on_day": str(today.day), "on_month": str(today.month), "on_year": str(today.year)}


def _field_of(error: Exception) -> str:
    for kind, field in FIELDS:
        if isinstance(error, kind):
            return field
    if isinstance(error, RingFence | VirementImbalance):
        return "from"
    return "on-day"
