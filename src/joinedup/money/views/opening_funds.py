"""Opening a fund and setting its budget lines by forms (rules MB1, MB4)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from joinedup.access import requires
from joinedup.moment import now
from joinedup.money import services
from joinedup.money.ledger.reading import fund_of
from joinedup.money.pot.budget_lines import BudgetLine
from joinedup.money.pot.funds import FUND_KINDS, Fund
from joinedup.money.views.act_form import (
    Act,
    Answers,
    Question,
    answer,
    code_items,
    day_question,
    pounds_question,
)
from joinedup.money.views.parts import crumbs, fund_crumb
from joinedup.planning import financial_year, year_days

METHODS = ["GET", "HEAD", "POST"]


@requires("money.allocate")
@require_http_methods(METHODS)
def open_fund(request: Any) -> HttpResponseBase:
    begins, ends = year_days(financial_year(now().valid_on))

    def do(got: Answers) -> None:
        services.make_fund(
            request.grant,
            Fund(
                got.text("code"),
                got.text("name"),
                got.text("kind"),
                got.text("host"),
                got.day("start"),
                got.day("end") + timedelta(days=1),
                got.text("agreement"),
            ),
        )

    def check(got: Answers, errors: dict[str, str]) -> None:
        if got.day("end") < got.day("start"):
            errors["end-day"] = _("The last day must not be before the first")

    return answer(
        request,
        Act(
            _("Open a fund"),
            _("Open this fund"),
            "fund",
            crumbs(),
            [
                Question("name", "text", _("Name"), _("Give the fund a name")),
                Question(
                    "code",
                    "text",
                    _("Code"),
                    _("Give the fund a code"),
                    _("As the books will have it, such as HERTS-BCF."),
                ),
                Question("kind", "radios", _("What kind of fund is it?"), _("Choose a kind"), items=_kinds()),
                Question(
                    "host",
                    "text",
                    _("Whose books hold it"),
                    _("Give the host's code"),
                    _("The code of the host body, such as QM7. Of aligned money: who reports it."),
                ),
                Question(
                    "agreement",
                    "text",
                    _("Agreement"),
                    is_optional=True,
                    hint=_("Its reference. NHS and council money lies together only under one."),
                ),
                day_question("start", _("The first day on which it holds"), start=begins),
                day_question("end", _("The last day on which it holds"), start=ends - timedelta(days=1)),
            ],
            do,
            lambda got: (_("The fund is open."), reverse("money:fund", args=[got.text("code")])),
            check=check,
        ),
    )


def _kinds() -> list[dict[str, Any]]:
    hints = {
        "single_pot": _("One pot of the system in one body's books"),
        "section_75": _("Partners' money lies together under an agreement"),
        "aligned": _("Each partner's money stays in its own books"),
    }
    return [{"value": code, "text": _(text), "hint": {"text": hints[code]}} for code, text in FUND_KINDS.items()]


@requires("money.allocate")
@require_http_methods(METHODS)
def add_line(request: Any, code: str) -> HttpResponseBase:
    fund = fund_of(code)
    year = financial_year(min(max(now().valid_on, fund.valid_from), fund.valid_to - timedelta(days=1)))
    envelopes = {"revenue": _("Revenue"), "capital": _("Capital: no money passes between the two")}

    def do(got: Answers) -> None:
        line = BudgetLine(
            got.text("code"),
            code,
            got.text("body"),
            got.text("year"),
            got.text("name"),
            got.pence("pence"),
            got.text("ring_fence"),
            got.text("envelope"),
            got.text("plan_line"),
        )
        services.set_budget_line(request.grant, line, decision=got.text("decision"))

    return answer(
        request,
        Act(
            _("Set a budget line"),
            _("Set this line"),
            "line",
            crumbs(fund_crumb(fund)),
            [
                Question("name", "text", _("What is it for?"), _("Say what it is for")),
                Question("code", "text", _("Code"), _("Give the line a code")),
                Question(
                    "year", "text", _("Financial year"), _("Give the financial year, such as 2026/27"), start=year
                ),
                pounds_question(_("What it may spend, in pounds")),
                Question(
                    "decision",
                    "text",
                    _("Reference of the decision"),
                    _("Give the reference of the decision"),
                    _("For example, Partnership board, 14 April 2026, item 6."),
                ),
                Question(
                    "body",
                    "text",
                    _("In whose books"),
                    _("Give the body's code"),
                    start=fund.host,
                    hint=_("The host's, or the partner's where the money is only aligned."),
                ),
                Question(
                    "envelope", "radios", _("Envelope"), _("Choose one"), items=code_items(envelopes), start="revenue"
                ),
                Question("ring_fence", "text", _("Ring fence"), is_optional=True, hint=_("Money does not leave it.")),
                Question(
                    "plan_line",
                    "text",
                    _("Plan line that it serves"),
                    is_optional=True,
                    hint=_("Its key, as the plan's page says it."),
                ),
            ],
            do,
            lambda got: (_("The line is set."), reverse("money:line", args=[got.text("code")])),
            caption=fund.name,
        ),
    )
