"""Contracts: the list, one contract with its award, money and quality, and what is done with it."""

from __future__ import annotations

from datetime import date
from typing import Any
from urllib.parse import quote

from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from joinedup.access import requires
from joinedup.moment import now
from joinedup.money.contracts import contracting, reading
from joinedup.money.contracts.contract import Contract
from joinedup.money.contracts.specification import check_specification
from joinedup.money.views import contract_tables as tables
from joinedup.money.views.contract_acts import next_notice
from joinedup.money.views.parts import NOTICE, bodies_named, crumbs, in_millions, may
from joinedup.planning import financial_year
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
    """One contract: its money, how it is paid, its quality, how it was awarded, and what may be done with it."""
    on = now().valid_on
    versions = reading.versions_of(code)
    one = reading.version_on(code, request.moment.valid_on).contract
    signed = reading.signed_on(code)
    state = reading.state_of(one, signed, request.moment.valid_on)
    names = bodies_named([one.provider, one.commissioner])
    process = reading.process_of(one)
    standing = reading.award_standing(one, on)
    bound = reading.bindings_of(code)
    texts = {entry.key: entry.text for entry in reading.entries_of([code], "notice")}
    may_contract = may(request, contracting.CONTRACT)
    return Page(
        request,
        "money/contract.jinja",
        title=one.title,
        breadcrumbs=crumbs(Crumb(_("Contracts"), reverse("money:contracts"))),
        contract=one,
        state={"text": _(reading.STATES[state]), "colour": COLOURS[state]},
        abandoned=reading.abandoned_on(code),
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
        acts=_acts(request, one, signed),
        award_acts=_award_acts(one, signed) if may_contract else [],
        representations=tables.representations_table(code) if may_contract else None,
        deductions=tables.deductions_table(code, may_contract),
        versions=tables.versions_table(versions),
        statements=tables.statements_table(code),
        open_href=reverse("open_money:contract", args=[code]),
    ).response()  # fmt: skip


def _acts(request: Any, one: Contract, signed: date | None) -> list[dict[str, str]]:
    """Answer what whoever asks may do with a contract, apart from its award."""
    may_contract, is_signed = may(request, contracting.CONTRACT), signed is not None
    settle = f"{reverse('money:payments')}?contract={quote(one.code)}#settle"
    found = [
        (is_signed and may(request, "money.pay"), _("Settle a month"), settle),
        (is_signed and may(request, "money.post"), _("Bind money for it"), _act("bind-contract", one)),
        (is_signed and may_contract and bool(one.metrics), _("Write down what was achieved"), _act("quality", one)),
        (is_signed and may_contract, _("Take something off the payment"), _act("deduct", one)),
        (may_contract, _("Change it"), _act("change-contract", one)),
        (is_signed and may_contract and one.extends_to is not None, _("Extend it"), _act("extend-contract", one)),
        (is_signed and may_contract and now().valid_on < one.ends, _("End it early"), _act("end-contract", one)),
    ]
    return [{"text": text, "href": where} for can, text, where in found if can]


def _award_acts(one: Contract, signed: date | None) -> list[dict[str, str]]:
    """Answer the next steps of an award: the notice that is next, a representation and its answer, the signature."""
    if reading.abandoned_on(one.code) is not None:
        return []
    kind, title = next_notice(one)
    is_challenged = bool(reading.open_representations(one.code))
    in_standstill = signed is None and "intention" in reading.published_of(one.code)
    found = [
        (bool(kind), _("Publish: %(title)s") % {"title": _(title)}, _act("publish-notice", one)),
        (in_standstill, _("Record a representation against the award"), _act("record-representation", one)),
        (is_challenged, _("Answer the representation"), _act("answer-representation", one)),
        (signed is None and not is_challenged, _("Sign the contract"), _act("sign-contract", one)),
    ]
    return [{"text": text, "href": where} for can, text, where in found if can]


def _act(name: str, one: Contract) -> str:
    return reverse(f"money:{name}", args=[one.code])


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
