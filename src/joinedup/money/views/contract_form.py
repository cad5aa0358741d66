"""Adding a contract by a form: what was typed becomes a contract, and what is wrong is said beside its field."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import Any

from django.http import HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from joinedup.access import requires
from joinedup.errors import RuleError
from joinedup.moment import now
from joinedup.money.allocation.splitting import half_up
from joinedup.money.contracts import contracting
from joinedup.money.contracts.awards import award_processes
from joinedup.money.contracts.contract import (
    FIXED,
    Contract,
    ContractError,
    PaidPart,
    ScheduledMetric,
    years_between,
)
from joinedup.money.contracts.specification import headings, standards
from joinedup.money.payment.mechanisms import KINDS
from joinedup.money.payment.schemes import national_schemes
from joinedup.money.views.contracts import MECHANISMS
from joinedup.money.views.parts import NOTICE, crumbs, day_sent, pence_sent, text_sent, without_rule
from joinedup.planning import points_of_delivery, year_days
from joinedup.ui import Crumb, Page

# The form's field for a fault of a contract's field, where they have other names.
FIELDS = {"values": "value", "parts": "fixed", "starts": "starts-day", "ends": "ends-day",
          "extends_to": "extends-day", "quality_share": "share"}  # fmt: skip


@requires(contracting.CONTRACT)
@require_http_methods(["GET", "HEAD", "POST"])
def add(request: Any) -> HttpResponseBase:
    """Add a contract; it is not signed by that."""
    errors: dict[str, str] = {}
    sent = request.POST
    if request.method == "POST":
        made = contract_sent(sent, errors)
        reason = text_sent(sent, "reason", _("Say what was decided, and by whom"), errors)
        if made is not None and not errors:
            try:
                contracting.make_contract(request.grant, made, reason=reason)
                request.session[NOTICE] = _("The contract is here. Publish its notices, then sign it.")
                return HttpResponseRedirect(reverse("money:contract", args=[made.code]))
            except ContractError as error:
                for fault in error.faults:
                    errors[FIELDS.get(fault.field, fault.field)] = fault.says[:1].upper() + fault.says[1:]
            except RuleError as error:
                errors["reason"] = without_rule(error)
    on = now().valid_on
    return Page(
        request,
        "money/contract_add.jinja",
        title=_("Add a contract"),
        breadcrumbs=crumbs(Crumb(_("Contracts"), reverse("money:contracts"))),
        errors=errors,
        values=sent,
        chosen=sent.getlist("pods") if request.method == "POST" else [],
        provider_kinds=[{"value": key, "text": _(MECHANISMS[key])} for key in KINDS],
        ways=[
            {"value": "", "text": _("Nothing: all of it is fixed")},
            *({"value": kind, "text": kind.capitalize()} for kind in sorted({one.kind for one in national_schemes()})),
        ],
        pods=[
            {"value": one.code, "text": f"{one.code}: {one.title}"}
            for one in points_of_delivery()
            if one.valid_to is None or on < one.valid_to
        ],
        processes=[
            {"value": one.key, "text": _(one.title), "hint": {"text": _(one.meant_for)}} for one in award_processes()
        ],
        headings=[(f"spec-{one.key}", _(one.title)) for one in headings(on)],
        standards=[
            (f"std-{one.key}", _(one.title), f"{one.at_least:f}", _(one.unit), ", ".join(one.pods))
            for one in standards(on)
        ],
    ).response(400 if errors else 200)


def contract_sent(sent: Any, errors: dict[str, str]) -> Contract | None:
    """Answer the contract that was typed, or None with what is wrong in `errors`, by field."""
    texts = {
        name: text_sent(sent, name, says, errors)
        for name, says in (
            ("code", _("Give the contract a code, such as RWG-2526")), ("title", _("Give the contract a title")),
            ("provider", _("Give the provider's code")), ("commissioner", _("Give the commissioner's code")),
            ("provider_kind", _("Choose what kind of provider it is")), ("services", _("Name one service at least")),
            ("award", _("Choose how it was awarded")), ("award_reason", _("Say why it was awarded so")),
        )
    }  # fmt: skip
    starts = day_sent(sent, "starts", _("The first day"), errors).value
    ends = day_sent(sent, "ends", _("The day up to which it lasts"), errors).value
    extends = day_sent(sent, "extends", _("The day up to which it may be extended"), errors, start=date.min).value
    began = day_sent(sent, "began", _("The day on which the award began"), errors, start=date.min).value
    value = pence_sent(sent, "value", _("The value a year"), errors)
    fixed = pence_sent(sent, "fixed", _("The fixed part a year"), errors) if sent.get("fixed", "").strip() else 0
    level = pence_sent(sent, "level", _("The funded level"), errors) if sent.get("level", "").strip() else None
    mff = number_sent(sent.get("mff", "").strip() or "1", "mff", _("The market forces factor"), errors)
    share = share_sent(sent, errors)
    metrics = metrics_sent(sent.get("metrics", ""), errors)
    way, pods = sent.get("way", ""), tuple(sent.getlist("pods"))
    if way and not pods:
        errors["pods"] = _("Choose the points of delivery whose activity is paid")
    if not fixed and not way:
        errors["fixed"] = _("Say what is fixed, or how activity is paid, or both")
    if errors or starts is None or ends is None or mff is None:
        return None
    years = years_between(starts, ends)
    parts = []
    if fixed:
        parts.append(PaidPart(_("Fixed payment"), FIXED, () if way else pods, _by_year(fixed, years, starts, ends)))
    if way:
        levels = _by_year(level, years, starts, ends) if level is not None else ()
        parts.append(PaidPart(_("Activity"), way, pods, levels))
    return Contract(
        **texts | {"services": tuple(one.strip() for one in texts["services"].splitlines() if one.strip())},
        starts=starts, ends=ends, extends_to=extends, award_began=began, values=_by_year(value, years, starts, ends),
        parts=tuple(parts), mff=mff, has_mff_in_extract=bool(sent.get("has_mff")), quality_share=share,
        metrics=metrics, specification=_said(sent, "spec-"), standards=_said(sent, "std-"),
    )  # fmt: skip


def _by_year(pence: int, years: tuple[str, ...], starts: date, ends: date) -> tuple[tuple[str, int], ...]:
    """Answer the pence of each year; a year that is not whole has its share by days, rounded half-up once."""
    found = []
    for year in years:
        first, after = year_days(year)
        days = (min(after, ends) - max(first, starts)).days
        found.append((year, half_up(Fraction(pence * days, (after - first).days))))
    return tuple(found)


def number_sent(text: str, field: str, what: str, errors: dict[str, str]) -> Decimal | None:
    try:
        figure = Decimal(text)
        if figure.is_finite():
            return figure
    except InvalidOperation:
        pass
    errors[field] = _("%(what)s must be a number, such as 1.0123") % {"what": what}
    return None


def share_sent(sent: Mapping[str, str], errors: dict[str, str]) -> Decimal | None:
    text = sent.get("share", "").strip().rstrip("%").strip()
    if not text:
        return None
    figure = number_sent(text, "share", _("The percentage"), errors)
    return None if figure is None else figure / 100


def metrics_sent(text: str, errors: dict[str, str]) -> tuple[ScheduledMetric, ...]:
    found = []
    for number, line in enumerate((one for one in text.splitlines() if one.strip()), start=1):
        cells = [cell.strip() for cell in line.split(";")]
        try:
            if len(cells) != 4:
                raise InvalidOperation
            weight, floor, ceiling = (Decimal(cell) for cell in cells[1:])
        except InvalidOperation:
            errors["metrics"] = _(
                "Line %(number)s: write the measure, its weight, where earning begins and where all is earned, with "
                "semicolons between them"
            ) % {"number": number}
            break
        found.append(ScheduledMetric(cells[0], weight, floor, ceiling))
    return tuple(found)


def _said(sent: Mapping[str, str], prefix: str) -> tuple[tuple[str, str], ...]:
    return tuple(
        (name.removeprefix(prefix), sent[name].strip())
        for name in sorted(sent)
        if name.startswith(prefix) and sent[name].strip()
    )
