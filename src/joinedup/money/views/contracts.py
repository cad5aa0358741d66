"""Contracts: the list, one contract with its award, money and quality, and what is done with it."""

from __future__ import annotations

from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from django.http import HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from joinedup.access import requires
from joinedup.errors import JoinedupError
from joinedup.moment import now
from joinedup.money import contract_reading as reading
from joinedup.money import contracting, models
from joinedup.money.authority import financial_year
from joinedup.money.contracts import Contract
from joinedup.money.specification import check_specification
from joinedup.money.views import contract_tables as tables
from joinedup.money.views.parts import (
    NOTICE,
    bodies_named,
    crumbs,
    day_sent,
    in_millions,
    may,
    pence_sent,
    text_sent,
    without_rule,
)
from joinedup.ui import Column, Crumb, Page, Table, day
from joinedup.ui.tables import pounds

COLOURS = {"draft": "grey", "signed": "blue", "in force": "green", "ended": "white"}
AWARD_COLOURS = {"published": "green", "due": "yellow", "late": "red", "waiting": "blue"}
AWARD_STATES = {"published": "Published", "due": "Not published", "late": "Late", "waiting": "In standstill"}
MECHANISMS = {"nhs": "NHS provider", "independent": "Independent provider", "unpriced": "No national price"}


@requires("money.read")
@require_safe
def contracts(request: Any) -> HttpResponseBase:
    """Every contract: with whom, how long, what it is worth this year and what of it is spent."""
    on = request.moment.valid_on
    held = reading.contracts_on(on)
    spent = reading.spent_by_contract()
    signed = {one.contract_id: one.on for one in reading.entries_of([k.contract.code for k in held], "signed")}
    names = bodies_named([one.contract.provider for one in held])
    rows = []
    for kept in held:
        one = kept.contract
        year = _year_of(one, on)
        state = reading.state_of(one, signed.get(one.code), on)
        rows.append(
            {
                "title": one.title, "href": reverse("money:contract", args=[one.code]), "code": one.code,
                "provider": names.get(one.provider, one.provider), "state": _(reading.STATES[state]),
                "starts": one.starts, "ends": one.ends, "year": year, "value": dict(one.values).get(year),
                "spent": spent.get((one.code, year), 0),
            }
        )  # fmt: skip
    return Page(
        request,
        "money/contracts.jinja",
        title=_("Contracts"),
        breadcrumbs=crumbs(),
        notice=request.session.pop(NOTICE, ""),
        may_add=may(request, contracting.CONTRACT),
        contracts=Table(
            [
                Column("title", _("Contract"), "link", "href"),
                Column("code", _("Code"), where="file"),
                Column("provider", _("Provider")),
                Column("state", _("State")),
                Column("starts", _("From"), "date", where="file"),
                Column("ends", _("Up to"), "date"),
                Column("year", _("Year")),
                Column("value", _("Value"), "pence"),
                Column("spent", _("Spent"), "pence", note="What the ledger has spent on it in that year."),
            ],
            rows,
            caption=_("Contracts"),
            name="contracts",
            empty=_("There is no contract yet. Whoever may make contracts adds the first."),
        ),
    ).response()


@requires("money.read")
@require_safe
def contract(request: Any, code: str) -> HttpResponseBase:
    return shown(request, code)


@requires(contracting.CONTRACT)
@require_POST
def publish(request: Any, code: str) -> HttpResponseBase:
    """Publish a notice of the award; everybody reads it at once."""
    errors: dict[str, str] = {}
    text = text_sent(request.POST, "text", _("Write what the notice says"), errors)
    written = day_sent(request.POST, "published", _("The day of the notice"), errors)
    reading.contract_row(code)
    if not errors:
        try:
            contracting.publish_notice(request.grant, code, request.POST.get("kind", ""), written.value, text)
            return _done(request, code, _("The notice is published."))
        except JoinedupError as error:
            errors["text"] = without_rule(error)
    return shown(request, code, errors=errors, values=request.POST)


@requires(contracting.CONTRACT)
@require_POST
def sign(request: Any, code: str) -> HttpResponseBase:
    errors: dict[str, str] = {}
    written = day_sent(request.POST, "signed", _("The day of the signature"), errors)
    reading.contract_row(code)
    if not errors:
        try:
            contracting.sign_contract(request.grant, code, written.value)
            return _done(request, code, _("The contract is signed. Bind money for it next."))
        except JoinedupError as error:
            errors["signed-day"] = without_rule(error)
    return shown(request, code, errors=errors, values=request.POST)


@requires("money.post")
@require_POST
def bind(request: Any, code: str) -> HttpResponseBase:
    """Promise money of a budget line to the contract, under an authority."""
    errors: dict[str, str] = {}
    sent = request.POST
    pence = pence_sent(sent, "pence", _("The amount"), errors)
    line = text_sent(sent, "line", _("Choose the budget line"), errors)
    under = text_sent(sent, "authority", _("Choose the authority"), errors)
    written = day_sent(sent, "bound", _("The day"), errors)
    reading.contract_row(code)
    if not errors:
        try:
            contracting.bind_money(request.grant, code, pence, budget_line=line, authority_id=under, on=written.value)
            return _done(request, code, _("%(sum)s are bound for this contract.") % {"sum": pounds(pence)})
        except JoinedupError as error:
            errors["pence"] = without_rule(error)
    return shown(request, code, errors=errors, values=sent)


@requires(contracting.CONTRACT)
@require_POST
def achieved(request: Any, code: str) -> HttpResponseBase:
    """Write down what was achieved of a measure of quality, or excuse it with a reason."""
    errors: dict[str, str] = {}
    sent = request.POST
    metric = text_sent(sent, "metric", _("Choose the measure"), errors)
    reading.contract_row(code)
    value, reason = sent.get("value", "").strip(), sent.get("reason", "").strip()
    figure: Decimal | None = None
    if value:
        try:
            figure = Decimal(value)
        except InvalidOperation:
            errors["value"] = _("What was achieved must be a number, such as 92.5")
    elif not reason:
        errors["value"] = _("Give the figure, or say why there is none")
    if not errors:
        try:
            month = reading.month_of(sent.get("month", "").strip())
            contracting.write_achieved(request.grant, code, metric, month, figure, reason=reason)
            return _done(request, code, _("It is written down; the next settlement counts it."))
        except JoinedupError as error:
            errors["value"] = without_rule(error)
    return shown(request, code, errors=errors, values=sent)


def shown(request: Any, code: str, *, errors: Any = None, values: Any = None) -> HttpResponseBase:
    """Answer the page of a contract, with what was wrong in a form of it."""
    on = now().valid_on
    versions = reading.versions_of(code)
    one = reading.version_on(code, request.moment.valid_on).contract
    signed = reading.signed_on(code)
    state = reading.state_of(one, signed, request.moment.valid_on)
    names = bodies_named([one.provider, one.commissioner])
    process = reading.process_of(one)
    standing = reading.award_standing(one, on)
    next_notice = next((found for found in standing if found.state in ("due", "late")), None)
    if next_notice and not next_notice.is_before_award and signed is None:
        next_notice = None
    bound = reading.bindings_of(code)
    texts = {entry.key: entry.text for entry in reading.entries_of([code], "notice")}
    may_contract = may(request, contracting.CONTRACT)
    may_bind = may(request, "money.post") and signed is not None
    return Page(
        request,
        "money/contract.jinja",
        title=one.title,
        breadcrumbs=crumbs(Crumb(_("Contracts"), reverse("money:contracts"))),
        contract=one,
        state={"text": _(reading.STATES[state]), "colour": COLOURS[state]},
        notice=request.session.pop(NOTICE, ""),
        facts=_facts(one, names, signed),
        total=pounds(one.total_p),
        millions=in_millions(one.total_p),
        by_year=tables.by_year_table(one, bound),
        parts=tables.parts_table(one),
        bindings=tables.bindings_table(bound),
        metrics=tables.metrics_table(one, on),
        specification=check_specification(one),
        process=process,
        award_reason=one.award_reason,
        notices=[
            {"title": found.title, "state": _(AWARD_STATES[found.state]), "colour": AWARD_COLOURS[found.state],
             "on": found.published_on, "by": found.by, "text": texts.get(found.kind, "")}
            for found in standing
        ],
        next_notice=next_notice if may_contract else None,
        may_sign=may_contract and signed is None,
        may_write=may_contract and signed is not None and one.metrics,
        may_bind=may_bind,
        is_settled_here=may(request, "money.pay") and signed is not None,
        lines=_choices(models.BudgetLine.objects.filter(year__in=one.years).order_by("code"), "code", "name"),
        authorities=_choices(models.Authority.objects.order_by("id"), "pk", "reference"),
        versions=tables.versions_table(versions),
        statements=tables.statements_table(code),
        errors=errors or {},
        values=values or {},
        open_href=reverse("open_money:contract", args=[code]),
        this_month=f"{on:%Y-%m}",
    ).response(400 if errors else 200)  # fmt: skip


def _done(request: Any, code: str, notice: str) -> HttpResponseBase:
    request.session[NOTICE] = notice
    return HttpResponseRedirect(reverse("money:contract", args=[code]))


def _year_of(one: Contract, on: date) -> str:
    """Answer the financial year to show of a contract: this one, or the nearest that it has."""
    year = financial_year(on)
    if year in one.years:
        return year
    return one.years[0] if on < one.starts else one.years[-1]


def _facts(one: Contract, names: dict[str, str], signed: date | None) -> list[Any]:
    extended = _(", and may be extended up to %(day)s") % {"day": day(one.extends_to)} if one.extends_to else ""
    return [
        (_("Provider"), f"{names.get(one.provider, one.provider)} ({one.provider})"),
        (_("Commissioner"), f"{names.get(one.commissioner, one.commissioner)} ({one.commissioner})"),
        (_("Term"), _("%(start)s up to %(end)s") % {"start": day(one.starts), "end": day(one.ends)} + extended),
        (_("Signed"), day(signed) if signed else _("Not yet")),
        (_("Services"), ", ".join(one.services)),
        (_("Market forces factor"), f"{one.mff:f}"),
        (_("Paid as"), _(MECHANISMS[one.provider_kind])),
    ]


def _choices(rows: Any, value: str, text: str) -> list[dict[str, str]]:
    found = [
        {"value": str(getattr(one, value)), "text": f"{getattr(one, value)}: {getattr(one, text)}"} for one in rows
    ]
    return [{"value": "", "text": _("Choose one")}, *found]
