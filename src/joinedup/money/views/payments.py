"""Payments: the months that were settled, one explained statement, settling a month, deciding a review."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.http import HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from joinedup.access import requires
from joinedup.errors import JoinedupError
from joinedup.moment import now
from joinedup.money import models
from joinedup.money.contracts import reading
from joinedup.money.ledger.double_entry import KINDS
from joinedup.money.ledger.reading import trace
from joinedup.money.payment import paying
from joinedup.money.payment.statement_values import read_statement
from joinedup.money.views.parts import NOTICE, bodies_named, crumbs, may, said_plainly, without_rule
from joinedup.ui import Column, Crumb, Page, Table
from joinedup.ui.tables import pounds

MECHANISMS = {
    "lva": "Low volume, on a schedule",
    "api": "Aligned payment and incentive",
    "activity": "Prices of what is done",
    "local": "As agreed locally",
}
SECTIONS = {
    "plan": "What was planned, for the year to date",
    "activity": "What was done, for the year to date",
    "due": "What is due, and why",
}


@requires("money.read")
@require_safe
def payments(request: Any) -> HttpResponseBase:
    """What was settled, the newest month first; reviews that are open; settling a month."""
    return shown(request)


@requires("money.pay")
@require_POST
def settle(request: Any) -> HttpResponseBase:
    """Settle a month of a contract and go to its statement."""
    sent = request.POST
    errors: dict[str, str] = {}
    code, month = sent.get("contract", "").strip(), sent.get("month", "").strip()
    if not code:
        errors["contract"] = _("Choose the contract")
    if not month:
        errors["month"] = _("Give the month, such as 2026-03")
    if not errors:
        try:
            day = reading.month_of(month)
            done = paying.settle_month(request.grant, code, day, authority_id=sent.get("authority", "").strip())
            request.session[NOTICE] = (
                _("Settled: the ledger holds it.") if done.is_new else _("Nothing has changed since it was settled.")
            )
            return HttpResponseRedirect(reverse("money:payment", args=[done.row.pk]))
        except JoinedupError as error:
            errors["month"] = without_rule(error)
    return shown(request, errors=errors, values=sent)


@requires("money.read")
@require_safe
def payment(request: Any, number: int) -> HttpResponseBase:
    return one_shown(request, number)


@requires("money.pay")
@require_POST
def review(request: Any, number: int) -> HttpResponseBase:
    """Decide the review that a statement opened."""
    errors: dict[str, str] = {}
    decision, reason = request.POST.get("decision", ""), request.POST.get("reason", "").strip()
    reading.statement_of(number)
    if not decision:
        errors["decision"] = _("Choose what the review decides")
    if not reason:
        errors["reason"] = _("Say why")
    if not errors:
        try:
            paying.decide_review(request.grant, number, decision, reason)
            request.session[NOTICE] = _("The review is decided.")
            return HttpResponseRedirect(reverse("money:payment", args=[number]))
        except JoinedupError as error:
            errors["reason"] = without_rule(error)
    return one_shown(request, number, errors=errors, values=request.POST)


def shown(request: Any, *, errors: Any = None, values: Any = None) -> HttpResponseBase:
    found = reading.statements_of()
    names = bodies_named([one.contract.provider for one in found])
    may_pay = may(request, "money.pay")
    on = now().valid_on
    signed = {entry.contract_id for entry in models.ContractEntry.objects.filter(what="signed")}
    choices = [kept.contract for kept in reading.contracts_on(on) if kept.contract.code in signed] if may_pay else []
    return Page(
        request,
        "money/payments.jinja",
        title=_("Payments by month"),
        breadcrumbs=crumbs(),
        notice=request.session.pop(NOTICE, ""),
        payments=Table(
            [
                Column("month", _("Month"), "link", "href"),
                Column("contract", _("Contract"), "link", "contract_href"),
                Column("provider", _("Provider")),
                Column("entitled", _("Entitled, year to date"), "pence"),
                Column("before", _("Settled before"), "pence", where="file"),
                Column("due", _("Due"), "pence"),
                Column("said", _("Note")),
            ],
            [
                {
                    "month": f"{one.month:%B %Y}", "href": reverse("money:payment", args=[one.pk]),
                    "contract": one.contract_id, "contract_href": reverse("money:contract", args=[one.contract_id]),
                    "provider": names.get(one.contract.provider, one.contract.provider),
                    "entitled": one.entitled_pence, "before": one.paid_before_pence, "due": one.due_pence,
                    "said": _note(one),
                }
                for one in found
            ],
            caption=_("Settled months, the newest first"),
            name="payments",
            can_sort=False,
            empty=_("Nothing is settled yet. A signed contract with money bound for it can be settled."),
        ),
        may_pay=may_pay,
        contracts=[
            {"value": "", "text": _("Choose one")},
            *({"value": one.code, "text": f"{one.code}: {one.title}"} for one in choices),
        ],
        errors=errors or {},
        values=values or {"contract": request.GET.get("contract", "")},
    ).response(400 if errors else 200)  # fmt: skip


def one_shown(request: Any, number: int, *, errors: Any = None, values: Any = None) -> HttpResponseBase:
    row = reading.statement_of(number)
    said = read_statement(row.body)
    names = bodies_named([row.contract.provider])
    decided = models.PaymentReviewEnd.objects.filter(review__statement=row).first()
    keys = row.postings.order_by("pk").values_list("transaction__key", flat=True)
    traces = [trace(key) for key in keys]
    return Page(
        request,
        "money/payment.jinja",
        title=_("%(month)s: %(contract)s") % {"month": f"{row.month:%B %Y}", "contract": row.contract_id},
        breadcrumbs=crumbs(Crumb(_("Payments by month"), reverse("money:payments"))),
        notice=request.session.pop(NOTICE, ""),
        row=row,
        said=said,
        mechanism=_(MECHANISMS[said["mechanism"]]),
        provider=names.get(row.contract.provider, row.contract.provider),
        contract_href=reverse("money:contract", args=[row.contract_id]),
        sums=[
            (_("Entitled for the year to date"), pounds(said["entitled_p"])),
            (_("Settled before"), pounds(said["paid_before_p"])),
            (_("Due now") if said["due_p"] >= 0 else _("Too much was paid"), pounds(abs(said["due_p"]))),
        ],
        tables=[_section(said, section) for section in SECTIONS if _lines(said, section)],
        postings=_postings(traces),
        has_review=row.break_glass and hasattr(row, "review"),
        decided={"what": _(paying.REVIEW_DECISIONS[decided.decision]), "why": decided.reason} if decided else None,
        may_decide=may(request, "money.pay"),
        decisions=[{"value": key, "text": _(text)} for key, text in paying.REVIEW_DECISIONS.items()],
        errors=errors or {},
        values=values or {},
    ).response(400 if errors else 200)


def _lines(said: dict[str, Any], section: str) -> list[dict[str, Any]]:
    wanted = ("payment", "quality", "deduction") if section == "due" else (section,)
    return [one for one in said["lines"] if one["section"] in wanted]


def _section(said: dict[str, Any], section: str) -> Table:
    has_units = section != "due"
    columns = [Column("what", _("Point of delivery") if has_units else _("Line"))]
    if has_units:
        columns += [Column("part", _("Part")), Column("units", _("Quantity"), "number", mark_key="mark")]
    columns += [
        Column("pence", _("Amount"), "pence"),
        Column("price_source", _("Price from"), where="everywhere" if has_units else "file"),
        Column("rule", _("Rule"), where="file"),
        Column("parameters", _("Parameters"), where="file"),
        Column("says", _("Why")),
    ]
    rows = [
        one
        | {
            "parameters": ", ".join(one["parameters"]),
            "mark": "*" if one["is_small"] else "",
            "units": None if one["units"] is None else Decimal(one["units"]),
        }
        for one in _lines(said, section)
    ]
    columns = [one for one in columns if one.key not in ("says", "parameters") or any(row[one.key] for row in rows)]
    notes = [_("Lines with 1 to 7 units are folded into “other activity”.")] if section == "activity" else []
    return Table(
        columns, rows, caption=_(SECTIONS[section]), name=section, can_sort=False, can_filter=False, notes=notes
    )


def _postings(traces: list[Any]) -> Table:
    return Table(
        [
            Column("kind", _("Posting"), "link", "href"),
            Column("on", _("Day"), "date"),
            Column("pence", _("Amount"), "pence"),
            Column("authority", _("Authority"), "link", "authority_href"),
            Column("plan", _("Plan line"), "link", "plan_href"),
        ],
        [
            {
                "kind": _(KINDS[one.row.transaction.kind]),
                "href": reverse("money:posting", args=[one.row.transaction.key]),
                "on": one.row.transaction.effective_on,
                "pence": abs(one.row.transaction.lines[0].amount_pence),
                "authority": one.authority.id if one.authority else "",
                "authority_href": reverse("money:authority", args=[one.authority.id]) if one.authority else "",
                "plan": said_plainly(one.plan_line),
                "plan_href": reverse("money:plan-line", args=[one.plan_line]) if one.plan_line else "",
            }
            for one in traces
        ],
        caption=_("In the ledger"),
        name="postings",
        can_sort=False,
        empty=_("Nothing was due, so nothing was posted."),
    )


def _note(one: models.Statement) -> str:
    if one.break_glass and hasattr(one, "review"):
        return _("Review decided") if hasattr(one.review, "end") else _("Review open")
    return _("Correction") if one.number > 1 else ""
