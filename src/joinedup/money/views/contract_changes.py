"""Changing what a contract says by forms: another version of it, an extension that it provides for, an early end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from joinedup.access import requires
from joinedup.errors import RuleError
from joinedup.moment import now
from joinedup.money.contracts import changing as changing_contracts, contracting, reading
from joinedup.money.contracts.contract import FIXED, Contract, ContractError, check_contract, differences
from joinedup.money.contracts.specification import headings, standards
from joinedup.money.contracts.terms import ended_early, extended, yearly_rate
from joinedup.money.views.act_form import Act, Answers, Question, answer, authority_question, reason_question
from joinedup.money.views.contract_acts import METHODS, contract_crumbs, contract_of, href
from joinedup.money.views.contract_form import metrics_sent, number_sent, share_sent
from joinedup.ui import Column, Table, day
from joinedup.ui.tables import pounds

NAMES = {
    "title": "Title", "services": "Services", "values": "Value", "parts": "How it is paid", "extends_to": "Extension",
    "mff": "Market forces factor", "quality_share": "Share that quality earns", "metrics": "Quality schedule",
    "specification": "Specification", "standards": "Standards", "ends": "End",
}  # fmt: skip
# The form's field for a fault of a contract's field, where they have other names.
FIELDS = {"ends": "on-day", "effective_from": "on-day", "quality_share": "share", "extends_to": "extends-day"}


@requires(contracting.CONTRACT)
@require_http_methods(METHODS)
def change(request: Any, code: str) -> HttpResponseBase:
    """Make the next version of a contract: every figure and word of it that may change, as it stands."""
    one = contract_of(code)
    return answer(
        request,
        Act(
            _("Change the contract"),
            _("Make this version"),
            "change",
            contract_crumbs(one),
            _questions(one),
            lambda got: changing_contracts.change_contract(
                request.grant, _changed(one, got, {}), effective_from=got.day("on"), reason=got.text("reason"),
                authority_id=got.text("authority"),
            ),
            lambda got: (_("The contract says it from %(day)s.") % {"day": day(got.day("on"))}, href(code)),
            caption=one.title,
            intro=[
                _("What it said before stays. Whose contract it is does not change, and one whose value would change "
                  "considerably is awarded anew.")
            ],
            check=lambda got, errors: _check_change(one, got, errors),
            worked=lambda got: [differences_table(one, _changed(one, got, {}))],
        ),
    )  # fmt: skip


@requires(contracting.CONTRACT)
@require_http_methods(METHODS)
def extend(request: Any, code: str) -> HttpResponseBase:
    one = contract_of(code)
    until = (
        _("It ends on %(end)s and may be extended up to %(to)s.") % {"end": day(one.ends), "to": day(one.extends_to)}
        if one.extends_to
        else _("It provides for no extension.")
    )
    return answer(
        request,
        Act(
            _("Extend the contract"),
            _("Extend it"),
            "extend",
            contract_crumbs(one),
            [
                Question("on", "day", _("Up to, but not on"), _("The day up to which it lasts"), start=one.extends_to),
                Question(
                    "annual", "pounds", _("Value of a whole year of it, in pounds"), _("The value of a year"),
                    _("A part of a year has its share by days, and each part of the contract its share."),
                    start=typed(yearly_rate(one)),
                ),
                authority_question("commitment"),
                reason_question(_("Why is it extended?")),
            ],
            lambda got: changing_contracts.extend_contract(
                request.grant, code, got.day("on"), got.pence("annual"), reason=got.text("reason"),
                authority_id=got.text("authority"),
            ),
            lambda got: (_("The contract lasts up to %(day)s.") % {"day": day(got.day("on"))}, href(code)),
            caption=one.title,
            intro=[until],
            check=lambda got, errors: _faults(
                lambda: extended(one, got.day("on"), got.pence("annual")), errors, {"values": "annual"}
            ),
            worked=lambda got: [differences_table(one, extended(one, got.day("on"), got.pence("annual")))],
        ),
    )  # fmt: skip


@requires(contracting.CONTRACT)
@require_http_methods(METHODS)
def end(request: Any, code: str) -> HttpResponseBase:
    one = contract_of(code)
    return answer(
        request,
        Act(
            _("End the contract early"),
            _("End it"),
            "end",
            contract_crumbs(one),
            [
                Question(
                    "on", "day", _("First day on which it no longer holds"), _("The first day after it"),
                    start=now().valid_on,
                ),
                authority_question("commitment"),
                reason_question(_("Why does it end?")),
            ],
            lambda got: changing_contracts.end_contract(
                request.grant, code, got.day("on"), reason=got.text("reason"), authority_id=got.text("authority")
            ),
            lambda got: (
                _("The contract ends on %(day)s. What is still bound for it can be released.")
                % {"day": day(got.day("on"))},
                href(code),
            ),
            caption=one.title,
            intro=[
                _("It holds from %(start)s up to %(end)s.") % {"start": day(one.starts), "end": day(one.ends)},
                _("Nothing is left of the value of the days after its end. Its months before are settled as ever."),
            ],
            check=lambda got, errors: _faults(lambda: ended_early(one, got.day("on")), errors, {}),
            worked=lambda got: [differences_table(one, ended_early(one, got.day("on")))],
        ),
    )  # fmt: skip


def differences_table(before: Contract, after: Contract) -> Table:
    """Answer what another version would say otherwise: each field as it is and as it would be."""
    return Table(
        [Column("what", _("What changes")), Column("before", _("Now")), Column("after", _("Then"))],
        [
            {"what": _(NAMES.get(name, name)), "before": _said(before, name), "after": _said(after, name)}
            for name in differences(before, after)
        ],
        caption=_("What changes"),
        name="changes",
        can_sort=False,
        can_download=False,
        empty=_("The contract says all of this already."),
    )


def typed(pence: int) -> str:
    """Answer pence as somebody types them in a box of pounds."""
    return f"{pence // 100}.{pence % 100:02}"


def _questions(one: Contract) -> list[Question]:
    asked = [
        Question("title", "text", _("Title"), _("Give the contract a title"), start=one.title),
        Question("services", "long", _("Services"), _("Name one service at least"), _("One a line."),
                 start="\n".join(one.services)),
    ]  # fmt: skip
    for year, pence in one.values:
        asked.append(
            Question(f"value-{_dashed(year)}", "pounds", _("Value of %(year)s, in pounds") % {"year": year},
                     _("The value of %(year)s") % {"year": year}, start=typed(pence))
        )  # fmt: skip
    for place, part in enumerate(one.parts):
        what = _("%(name)s, fixed, %(year)s") if part.kind == FIXED else _("%(name)s, funded level, %(year)s")
        for year, pence in part.pence:
            label = what % {"name": part.name, "year": year}
            asked.append(
                Question(f"part-{place}-{_dashed(year)}", "pounds", label, label, is_signed=True, start=typed(pence))
            )
        asked.append(
            Question(f"pods-{place}", "text", _("%(name)s, points of delivery") % {"name": part.name},
                     hint=_("Their codes, with commas between them."), start=", ".join(part.pods), is_optional=True)
        )  # fmt: skip
    asked += [
        Question("extends", "day", _("May be extended up to"), _("The day up to which it may be extended"),
                 start=one.extends_to, is_optional=True),
        Question("mff", "text", _("Market forces factor"), _("Give the market forces factor"), start=f"{one.mff:f}"),
        Question("share", "text", _("Share of the value that quality earns, in per cent"), is_optional=True,
                 start=f"{(one.quality_share * 100).normalize():f}" if one.quality_share else ""),
        Question("metrics", "long", _("Measures of quality"), is_optional=True,
                 hint=_("One a line: measure; weight; where earning begins; where all is earned. The weights make 1."),
                 start="\n".join(f"{m.name}; {m.weight:f}; {m.floor:f}; {m.ceiling:f}" for m in one.metrics)),
    ]  # fmt: skip
    said, promised = dict(one.specification), dict(one.standards)
    asked += [
        Question(f"spec-{found.key}", "long", _(found.title), is_optional=True, start=said.get(found.key, ""))
        for found in headings(one.starts)
    ]
    asked += [
        Question(f"std-{found.key}", "text", _(found.title), is_optional=True, start=promised.get(found.key, ""),
                 hint=_("At least %(least)s %(unit)s.") % {"least": f"{found.at_least:f}", "unit": _(found.unit)})
        for found in standards(one.starts, one.pods)
    ]  # fmt: skip
    return [
        *asked,
        Question("on", "day", _("From which day does it say so?"), _("The day"), start=now().valid_on),
        replace(authority_question("commitment"), is_optional=reading.signed_on(one.code) is None),
        reason_question(_("Why is it changed, and who decided it?")),
    ]


def _changed(one: Contract, got: Answers, errors: dict[str, str]) -> Contract:
    """Answer the contract as it was typed; what is no figure goes to the errors, by field."""
    parts = tuple(
        replace(
            part,
            pods=tuple(code.strip() for code in got.text(f"pods-{place}").split(",") if code.strip()),
            pence=tuple((year, got.pence(f"part-{place}-{_dashed(year)}")) for year, _pence in part.pence),
        )
        for place, part in enumerate(one.parts)
    )
    extends: date | None = got.values["extends"]
    return replace(
        one,
        title=got.text("title"),
        services=tuple(line.strip() for line in got.text("services").splitlines() if line.strip()),
        values=tuple((year, got.pence(f"value-{_dashed(year)}")) for year, _pence in one.values),
        parts=parts,
        extends_to=extends,
        mff=number_sent(got.text("mff"), "mff", _("The market forces factor"), errors) or Decimal(0),
        quality_share=share_sent({"share": got.text("share")}, errors),
        metrics=metrics_sent(got.text("metrics"), errors),
        specification=_texts(got.values, one.specification, "spec-"),
        standards=_texts(got.values, one.standards, "std-"),
    )


def _texts(values: Mapping[str, Any], before: tuple[tuple[str, str], ...], prefix: str) -> tuple[tuple[str, str], ...]:
    """Answer what was typed by heading, in the order in which it stood; what was not asked stays as it is."""
    typed_in = {
        name.removeprefix(prefix): str(text).strip() for name, text in values.items() if name.startswith(prefix)
    }
    merged = dict(before) | typed_in
    return tuple((key, text) for key, text in merged.items() if text)


def _check_change(one: Contract, got: Answers, errors: dict[str, str]) -> None:
    made = _changed(one, got, errors)
    first_year = f"value-{_dashed(one.values[0][0])}"
    priced = ((place, part.pence[0][0]) for place, part in enumerate(one.parts) if part.pence)
    first_part = next((f"part-{place}-{_dashed(year)}" for place, year in priced), "pods-0")
    if not errors:
        _faults(lambda: check_contract(made), errors, {"values": first_year, "parts": first_part})


def _faults(check: Any, errors: dict[str, str], fields: Mapping[str, str]) -> None:
    """Put what is wrong with a contract into the errors, beside the fields of this form."""
    try:
        check()
    except ContractError as error:
        for fault in error.faults:
            field = fields.get(fault.field, FIELDS.get(fault.field, fault.field))
            errors.setdefault(field, fault.says[:1].upper() + fault.says[1:])
    except RuleError as error:
        errors.setdefault("on-day", str(error))


def _said(one: Contract, name: str) -> str:
    value = getattr(one, name)
    if name == "values":
        return "; ".join(f"{year}: {pounds(pence)}" for year, pence in value)
    if name == "parts":
        return "; ".join(
            f"{part.name} ({', '.join(part.pods)}): "
            + ", ".join(f"{year} {pounds(pence)}" for year, pence in part.pence)
            for part in value
        )
    if name == "metrics":
        return "; ".join(f"{m.name} {m.weight:f} ({m.floor:f} to {m.ceiling:f})" for m in value)
    if name in ("specification", "standards"):
        return "; ".join(f"{key}: {text}" for key, text in value)
    if isinstance(value, tuple):
        return ", ".join(value)
    if isinstance(value, date):
        return day(value)
    return f"{value:f}" if isinstance(value, Decimal) else str(value or "")


def _dashed(year: str) -> str:
    return year.replace("/", "-")
