"""What everybody sees of the pot, without a sign-in: contracts and how they were awarded, and payments over £25,000."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from joinedup.access import requires
from joinedup.errors import NotFound
from joinedup.moment import now
from joinedup.money import models
from joinedup.money.contracts import reading
from joinedup.money.contracts.open_spend import open_payments
from joinedup.money.views.parts import bodies_named
from joinedup.ui import Column, Crumb, Page, Table, day
from joinedup.ui.tables import pounds

OPEN = "system.read"  # open to everyone, as the system itself is


@requires(OPEN)
@require_safe
def contracts(request: Any) -> HttpResponseBase:
    """Every contract that was signed, or of whose award a notice is out, and how it was awarded."""
    on = now().valid_on
    rows = []
    held = [one.contract for one in reading.contracts_on(on)]
    signed: dict[str, date] = {}
    notices: dict[str, list[date]] = {}
    for entry in reading.entries_of([one.code for one in held], "signed", "notice"):
        if entry.what == "signed":
            signed[entry.contract_id] = entry.on
        else:
            notices.setdefault(entry.contract_id, []).append(entry.on)
    held = [one for one in held if one.code in signed or one.code in notices]
    names = bodies_named([one.provider for one in held])
    for one in held:
        rows.append(
            {
                "title": one.title, "href": reverse("open_money:contract", args=[one.code]),
                "provider": names.get(one.provider, one.provider), "award": _(reading.process_of(one).title),
                "starts": one.starts, "ends": one.ends, "value": one.total_p,
                "state": _(reading.STATES[reading.state_of(one, signed.get(one.code), on)]),
                "last": max(notices.get(one.code, ()), default=None),
            }
        )  # fmt: skip
    return Page(
        request,
        "money/open_contracts.jinja",
        title=_("Contracts and awards"),
        contracts=Table(
            [
                Column("title", _("Contract"), "link", "href"),
                Column("provider", _("Provider")),
                Column("award", _("Awarded by")),
                Column("state", _("State")),
                Column("starts", _("From"), "date"),
                Column("ends", _("Up to"), "date"),
                Column("value", _("Whole value"), "pence"),
                Column("last", _("Last notice"), "date"),
            ],
            rows,
            caption=_("Contracts"),
            name="contracts",
            empty=_("No contract is signed and no notice is published yet."),
        ),
    ).response()


@requires(OPEN)
@require_safe
def contract(request: Any, code: str) -> HttpResponseBase:
    """One contract: with whom, for what, for how much, and the notices of its award."""
    if not models.Contract.objects.filter(pk=code).exists() or not _is_open(code):
        raise NotFound(_("There is no such contract, or nothing of it is published yet."))
    on = now().valid_on
    one = reading.version_on(code, on).contract
    names = bodies_named([one.provider, one.commissioner])
    process = reading.process_of(one)
    signed = reading.signed_on(code)
    abandoned = reading.abandoned_on(code)
    return Page(
        request,
        "money/open_contract.jinja",
        title=one.title,
        breadcrumbs=[Crumb(_("Contracts and awards"), reverse("open_money:contracts"))],
        facts=[
            (_("Provider"), names.get(one.provider, one.provider)),
            (_("Commissioner"), names.get(one.commissioner, one.commissioner)),
            (_("Services"), ", ".join(one.services)),
            (_("Term"), _("%(start)s up to %(end)s") % {"start": day(one.starts), "end": day(one.ends)}),
            (_("Whole value"), pounds(one.total_p)),
            (_("Awarded by"), f"{_(process.title)}. {_(process.meant_for)}."),
            (_("Why so"), one.award_reason),
            (_("Signed"), day(signed) if signed else _("Not yet")),
            (_("Abandoned"), day(abandoned)) if abandoned else None,
        ],
        notices=Table(
            [
                Column("title", _("Notice")),
                Column("on", _("Published"), "date"),
                Column("text", _("What it says")),
            ],
            [
                {"title": _(process.notice(entry.key).title), "on": entry.on, "text": entry.text}
                for entry in reading.entries_of([code], "notice")
            ],
            caption=_("Notices"),
            name="notices",
            can_sort=False,
            empty=_("No notice is published yet."),
        ),
    ).response()


@requires(OPEN)
@require_safe
def spend(request: Any) -> HttpResponseBase:
    """Payments over £25,000, by month and supplier."""
    found = open_payments()
    months = sorted({f"{one.on:%Y-%m}" for one in found}, reverse=True)
    month = request.GET.get("month", "")
    if month and month not in months:
        raise NotFound(_("There are no payments over £25,000 in %(month)s.") % {"month": month})
    chosen = [one for one in found if not month or f"{one.on:%Y-%m}" == month]
    names = bodies_named([one.supplier for one in chosen])
    shown = reading.entries_of({one.contract for one in chosen if one.contract}, "signed", "notice")
    open_codes = {entry.contract_id for entry in shown}
    return Page(
        request,
        "money/open_spend.jinja",
        title=_("Payments over £25,000"),
        months=months,
        month=month,
        payments=Table(
            [
                Column("month", _("Month")),
                Column("on", _("Day"), "date"),
                Column("supplier", _("Supplier")),
                Column("purpose", _("What for")),
                Column("fund", _("Fund")),
                Column("pence", _("Amount"), "pence"),
                Column("contract", _("Contract"), "link", "href"),
            ],
            [
                {
                    "month": f"{one.on:%Y-%m}", "on": one.on, "supplier": names.get(one.supplier, one.supplier),
                    "purpose": one.purpose, "fund": one.fund, "pence": one.pence,
                    "contract": one.contract if one.contract in open_codes else "",
                    "href": reverse("open_money:contract", args=[one.contract]) if one.contract in open_codes else "",
                }
                for one in chosen
            ],
            caption=_("Payments over £25,000"),
            name="payments",
            per_page=50,
            empty=_("No payment over £25,000 was made yet."),
        ),
    ).response()  # fmt: skip


def _is_open(code: str) -> bool:
    return models.ContractEntry.objects.filter(contract=code, what__in=("signed", "notice")).exists()
