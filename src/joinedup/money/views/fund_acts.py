"""Acts on a fund by forms: record what partners owe and paid, move money, close a period."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from joinedup.access import requires
from joinedup.moment import now
from joinedup.money import models, services
from joinedup.money.ledger.double_entry import DEBTOR
from joinedup.money.ledger.posting import closed_until
from joinedup.money.ledger.reading import availabilities, contributions_of, fund_of
from joinedup.money.pot.funds import SECTORS, Contribution
from joinedup.money.views.act_form import (
    Act,
    Answers,
    Question,
    answer,
    authority_question,
    code_items,
    day_question,
    pounds_question,
    reason_question,
)
from joinedup.money.views.parts import bodies_named, crumbs, fund_crumb
from joinedup.planning import financial_year, year_days
from joinedup.ui import day
from joinedup.ui.tables import pounds

METHODS = ["GET", "HEAD", "POST"]


@requires("money.allocate")
@require_http_methods(METHODS)
def contribution(request: Any, code: str) -> HttpResponseBase:
    fund = fund_of(code)
    begins, ends = year_days(financial_year(now().valid_on))

    def do(got: Answers) -> None:
        put = Contribution(
            code,
            got.text("partner"),
            got.text("sector"),
            got.pence("pence"),
            got.day("start"),
            got.day("end") + timedelta(days=1),
            got.text("ring_fence"),
        )
        services.contribute(
            request.grant,
            put,
            authority_id=got.text("authority"),
            on=got.day("on"),
            key=got.key,
            description=got.text("description"),
        )

    def check(got: Answers, errors: dict[str, str]) -> None:
        if got.day("end") < got.day("start"):
            errors["end-day"] = _("The last day must not be before the first")

    return answer(
        request,
        Act(
            _("Record what a partner puts in"),
            _("Record that it is due"),
            "contribution",
            crumbs(fund_crumb(fund)),
            [
                Question("partner", "text", _("Partner"), _("Give the partner's code"), _("Its code, such as QM7.")),
                Question(
                    "sector", "radios", _("Of which sector is it?"), _("Choose a sector"), items=code_items(SECTORS)
                ),
                pounds_question(),
                authority_question("contribution"),
                day_question("on", _("Due on")),
                day_question("start", _("For the time from"), start=max(begins, fund.valid_from)),
                day_question("end", _("To the last day"), start=min(ends, fund.valid_to) - timedelta(days=1)),
                Question("ring_fence", "text", _("Ring fence"), is_optional=True, hint=_("For example, discharge.")),
                Question("description", "text", _("Note"), is_optional=True),
            ],
            do,
            lambda got: (
                _("%(sum)s are due.") % {"sum": pounds(got.pence("pence"))},
                reverse("money:fund", args=[code]),
            ),
            caption=fund.name,
            check=check,
        ),
    )


@requires("money.post")
@require_http_methods(METHODS)
def receipt(request: Any, code: str) -> HttpResponseBase:
    fund = fund_of(code)
    owed = _owed_by_partners(code)
    names = bodies_named(owed)
    texts = {
        partner: _("%(name)s: %(sum)s still owed") % {"name": names.get(partner, partner), "sum": pounds(pence)}
        for partner, pence in owed.items()
    }

    def check(got: Answers, errors: dict[str, str]) -> None:
        if got.text("partner") not in owed:
            errors["partner"] = _("Choose a partner that puts money in")

    return answer(
        request,
        Act(
            _("Record money that came in"),
            _("Record that it was received"),
            "receipt",
            crumbs(fund_crumb(fund)),
            [
                Question(
                    "partner",
                    "choice",
                    _("From which partner"),
                    _("Choose a partner"),
                    items=code_items(texts, _("Choose a partner") if owed else _("Nobody has put money in yet")),
                ),
                pounds_question(),
                day_question("on", _("Received on")),
            ],
            lambda got: services.receive(
                request.grant, code, got.text("partner"), got.pence("pence"), on=got.day("on"), key=got.key
            ),
            lambda got: (
                _("%(sum)s were received.") % {"sum": pounds(got.pence("pence"))},
                reverse("money:fund", args=[code]),
            ),
            caption=fund.name,
            check=check,
        ),
    )


def _owed_by_partners(fund: str) -> dict[str, int]:
    """Answer what each contributing partner owes a fund by all that is posted, in pence."""
    sums = dict.fromkeys(sorted({one.partner for one in contributions_of(fund)}), 0)
    lines = models.Line.objects.filter(fund=fund, account=DEBTOR).values_list("transaction__party", "amount_pence")
    for party, pence in lines:
        sums[party] = sums.get(party, 0) + pence
    return sums


@requires("money.allocate")
@require_http_methods(METHODS)
def virement(request: Any, code: str) -> HttpResponseBase:
    fund = fund_of(code)
    lines = list(models.BudgetLine.objects.filter(fund=code).order_by("year", "name"))
    left = availabilities(line.code for line in lines)
    texts = {
        line.code: _("%(name)s, %(year)s: %(left)s available")
        % {"name": line.name, "year": line.year, "left": pounds(left[line.code].available)}
        for line in lines
    }
    items = code_items(texts, _("Choose a line"))

    def check(got: Answers, errors: dict[str, str]) -> None:
        for name in ("from", "to"):
            if got.text(name) not in texts:
                errors[name] = _("Choose a line of this fund")
        if got.text("from") == got.text("to"):
            errors["to"] = _("Choose another line than the one that gives")

    def do(got: Answers) -> None:
        moves = {got.text("from"): -got.pence("pence"), got.text("to"): got.pence("pence")}
        services.virement(
            request.grant,
            moves,
            authority_id=got.text("authority"),
            on=got.day("on"),
            reason=got.text("reason"),
            key=got.key,
        )

    return answer(
        request,
        Act(
            _("Move money between budget lines"),
            _("Move this money"),
            "virement",
            crumbs(fund_crumb(fund)),
            [
                Question("from", "choice", _("The line that gives"), _("Choose the line that gives"), items=items),
                Question("to", "choice", _("The line that gains"), _("Choose the line that gains"), items=items),
                pounds_question(),
                authority_question("virement"),
                day_question(),
                reason_question(_("Why is it moved?")),
            ],
            do,
            lambda got: (
                _("%(sum)s are moved.") % {"sum": pounds(got.pence("pence"))},
                reverse("money:fund", args=[code]),
            ),
            caption=fund.name,
            intro=[_("One line gives what another gains, and money does not leave a ring fence.")],
            check=check,
        ),
    )


@requires("money.post")
@require_http_methods(METHODS)
def close(request: Any, code: str) -> HttpResponseBase:
    fund = fund_of(code)
    before = closed_until([code]).get(code)
    intro = [_("What is of a closed day is posted later, and says so. A closed period is not opened again.")]
    if before:
        intro.append(_("It is closed up to %(day)s already.") % {"day": day(before)})
    return answer(
        request,
        Act(
            _("Close a period"),
            _("Close the period"),
            "close",
            crumbs(fund_crumb(fund)),
            [
                day_question("on", _("The first day that stays open"), start=_first_of_month(now().valid_on)),
                reason_question(_("Why is it closed?")),
            ],
            lambda got: services.close_period(request.grant, code, got.day("on"), got.text("reason")),
            lambda got: (
                _("It is closed for every day before %(day)s.") % {"day": day(got.day("on"))},
                reverse("money:fund", args=[code]),
            ),
            caption=fund.name,
            intro=intro,
        ),
    )


def _first_of_month(on: date) -> date:
    return on.replace(day=1)


def acts_of_fund(code: str, allowed: Mapping[str, bool], *, has_lines: bool) -> list[dict[str, str]]:
    """Answer the acts on a fund that somebody may do, in the order in which money flows."""
    acts = [
        ("money.allocate", "contribution", _("Record what a partner puts in")),
        ("money.post", "receipt", _("Record money that came in")),
        ("money.allocate", "add-line", _("Set a budget line")),
        ("money.allocate", "virement", _("Move money between lines")),
        ("money.allocate", "risk-share", _("Call the risk share")),
        ("money.post", "year-end", _("Settle what is left at the end of a year")),
        ("money.post", "close-period", _("Close a period")),
    ]
    return [
        {"text": text, "href": reverse(f"money:{name}", args=[code])}
        for permission, name, text in acts
        if allowed.get(permission) and (has_lines or name not in {"virement", "year-end"})
    ]
