"""The payment rules of a day: which scheme holds for each kind of care, what is only proposed, what is missing."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _, ngettext
from django.views.decorators.http import require_safe

from joinedup.access import requires
from joinedup.moment import now
from joinedup.money.contracts import reading
from joinedup.money.contracts.contract import FIXED
from joinedup.money.payment.paying import payment_rules
from joinedup.money.payment.rules_on import FigureOn, RuleOn, figures_on, in_order, percent, rules_on
from joinedup.money.payment.schemes import Band, PaymentScheme
from joinedup.money.views.parts import crumbs, day_sent
from joinedup.ui import Column, Crumb, Page, Table, day
from joinedup.ui.tables import pounds

KINDS = {"emergency": "Emergency care", "elective": "Planned (elective) care"}
STATES = {
    "adopted": ("Adopted", "nhsuk-tag--green"),
    "proposed": ("Only proposed: settles no money", "nhsuk-tag--yellow"),
    "missing": ("Missing", "nhsuk-tag--red"),
    "overlap": ("Two hold at once", "nhsuk-tag--red"),
    "withdrawn": ("Withdrawn", "nhsuk-tag--grey"),
}
FIGURES = {
    "elective.plan_share": "Planned care: plan as a share of 2019/20",
    "low_volume.limit": "Low volume: paid on a schedule up to, a year",
    "quality_incentive.share": "Quality incentive: share of the contract’s value",
    "value_weighted_activity.target": "Planned care: target as a share of the value of 2019/20",
}


@requires("money.read")
@require_safe
def payment_rules_page(request: Any) -> HttpResponseBase:
    """What holds on the day that the address asks for, today unless it does; and every rule there is."""
    asked, on = request.GET, now().valid_on
    errors: dict[str, str] = {}
    if any(asked.get(f"on_{part}", "").strip() for part in ("day", "month", "year")):
        typed = day_sent(asked, "on", _("The day of the care"), errors)
        on = on if errors else typed.value
    schemes, parameters = payment_rules()
    needed = Counter(
        part.kind
        for kept in reading.contracts_on(on)
        if kept.contract.starts <= on < kept.contract.ends
        for part in kept.contract.parts
        if part.kind != FIXED
    )
    return Page(
        request,
        "money/payment_rules.jinja",
        title=_("How care is paid for on %(day)s") % {"day": day(on)},
        breadcrumbs=crumbs(Crumb(_("Payments by month"), reverse("money:payments"))),
        has_error=bool(errors),
        errors=errors,
        values=asked if errors else {"on_day": on.day, "on_month": on.month, "on_year": on.year},
        rules=[_shown(one, needed[one.kind]) for one in rules_on(on, schemes)],
        figures=_figures([one for one in figures_on(on, parameters) if one.id in FIGURES]),
        every=_every(in_order(schemes), on),
    ).response(422 if errors else 200)


def _shown(rule: RuleOn, contracts: int) -> dict[str, Any]:
    name, colour = STATES[rule.state]
    scheme = rule.scheme
    facts = []
    if scheme:
        facts = [
            (_("Rule"), f"{_(scheme.title)} ({scheme.id})"),
            (_("Holds"), _days(scheme)),
            (_("Plan"), scheme.plan or _("not said")),
            (_("More than planned is paid at"), said_bands(scheme.over)),
            (_("Less than planned is taken off at"), said_bands(scheme.under)),
            (_("Limit"), _("the funded level in the contract")) if scheme.is_capped else None,
            (_("Decided by"), scheme.decided_by),
            (_("Source"), scheme.source),
        ]
    used = ngettext(
        "%(many)s contract of this day is paid by it.", "%(many)s contracts of this day are paid by it.", contracts
    ) % {"many": contracts}
    return {
        "kind": _(KINDS.get(rule.kind, rule.kind)),
        "tag": {"text": _(name), "classes": colour},
        "facts": [one for one in facts if one],
        "used": used if contracts else _("No contract of this day is paid by it."),
        "next_step": rule.next_step,
    }


def said_bands(bands: tuple[Band, ...]) -> str:
    """Answer at which share of the price each part of a difference is paid."""
    if not bands:
        return str(_("not agreed yet"))
    if len(bands) == 1:
        return str(_("%(rate)s of the price") % {"rate": percent(bands[0].rate)})
    said = []
    for band in bands:
        where = (
            _("the rest") if band.up_to is None else _("up to %(share)s of the plan") % {"share": percent(band.up_to)}
        )
        review = _(", and a review opens") if band.break_glass else ""
        said.append(f"{where}: {percent(band.rate)}{review}")
    return "; ".join(said)


def _days(scheme: PaymentScheme) -> str:
    if scheme.valid_to is None:
        return str(_("from %(start)s until further notice") % {"start": day(scheme.valid_from)})
    last = scheme.valid_to - timedelta(days=1)
    return str(_("from %(start)s to %(last)s") % {"start": day(scheme.valid_from), "last": day(last)})


def _figures(found: list[FigureOn]) -> Table:
    rows = [
        {
            "name": _(FIGURES[one.id]),
            "value": _value(one),
            "state": _(STATES[one.state][0]),
            "source": one.row.source if one.row else "",
            "id": one.id,
        }
        for one in found
    ]
    return Table(
        [
            Column("name", _("Figure")),
            Column("value", _("Value")),
            Column("state", _("State")),
            Column("source", _("Source")),
            Column("id", _("Parameter"), where="file"),
        ],
        rows,
        caption=_("Other figures of this day"),
        name="figures",
        can_sort=False,
        per_page=0,
    )


def _value(one: FigureOn) -> str:
    if one.row is None or not isinstance(one.row.value, int | Decimal):
        return ""
    if one.row.unit.startswith("pence"):
        return pounds(int(one.row.value))
    return percent(Decimal(one.row.value))


def _every(schemes: list[PaymentScheme], on: date) -> Table:
    rows = [
        {
            "kind": _(KINDS.get(one.kind, one.kind)),
            "title": _(one.title),
            "id": one.id,
            "from": one.valid_from,
            "to": one.valid_to - timedelta(days=1) if one.valid_to else None,
            "over": said_bands(one.over),
            "under": said_bands(one.under),
            "state": _(STATES[one.status][0]),
            "source": one.source,
            "unsure": _("yes") if one.to_confirm else "",
            "holds": _("yes") if one.holds_on(on) else "",
        }
        for one in schemes
    ]
    return Table(
        [
            Column("kind", _("Kind of care")),
            Column("title", _("Rule")),
            Column("id", _("Code")),
            Column("from", _("From"), "date"),
            Column("to", _("Last day"), "date"),
            Column("over", _("More than planned")),
            Column("under", _("Less than planned")),
            Column("state", _("State")),
            Column("unsure", _("To be checked at its source")),
            Column("source", _("Source"), where="file"),
            Column("holds", _("Holds on the day asked for"), where="file"),
        ],
        rows,
        caption=_("Every payment rule that is known"),
        name="every",
        per_page=0,
        notes=[_("A year that is in no row has no rule: nothing is guessed for it.")],
    )
