"""The end of a financial year: what is still committed rolls over or lapses, by a recorded choice (rule MB6)."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from joinedup.access import requires
from joinedup.money import models
from joinedup.money.ledger.reading import availabilities, commitment_standing, fund_of
from joinedup.money.pot import spending
from joinedup.money.views.act_form import Answers, Question, answer, authority_question, code_items, reason_question
from joinedup.money.views.commitment_acts import METHODS, act_about, bound_of
from joinedup.money.views.parts import NOTICE, bodies_named, crumbs, fund_crumb, may
from joinedup.planning import financial_year, year_days
from joinedup.ui import Column, Page, Table
from joinedup.ui.tables import pounds


@requires("money.read")
@require_safe
def year_end(request: Any, code: str) -> HttpResponseBase:
    """What is still committed on the lines of a fund: each rolls or lapses by a choice that is recorded (MB6)."""
    fund = fund_of(code)
    years = sorted(set(models.BudgetLine.objects.filter(fund=code).values_list("year", flat=True)))
    year = request.GET.get("year", "")
    year = year if year in years else (years or [""])[-1]
    kept = models.Commitment.objects.filter(budget_line__fund=code, budget_line__year=year).order_by("code")
    names = bodies_named(one.supplier for one in kept)
    rows = [
        {
            "code": one.code,
            "href": reverse("money:year-end-commitment", args=[one.code])
            if may(request, "money.post")
            else reverse("money:commitment", args=[one.code]),
            "supplier": names.get(one.supplier, one.supplier),
            "purpose": one.purpose,
            "open": stands.open,
        }
        for one in kept
        if (stands := commitment_standing(one.code)).open > 0
    ]
    return Page(
        request,
        "money/year_end.jinja",
        title=_("What is left at the end of a year"),
        breadcrumbs=crumbs(fund_crumb(fund)),
        notice=request.session.pop(NOTICE, ""),
        fund=fund,
        year=year,
        years=years,
        left=Table(
            [
                Column("code", _("Commitment"), "link", "href"),
                Column("supplier", _("Supplier")),
                Column("purpose", _("What for")),
                Column("open", _("Open"), "pence"),
            ],
            rows,
            caption=_("Open commitments of %(year)s") % {"year": year},
            name="left",
            empty=_("Nothing is open on the lines of this year: there is nothing to roll or to let lapse."),
        ),
    ).response()


@requires("money.post")
@require_http_methods(METHODS)
def year_end_commitment(request: Any, code: str) -> HttpResponseBase:
    stands = commitment_standing(code)
    _bound_row, line = bound_of(code)
    begins = year_days(line.year)[1]
    year = financial_year(begins)
    lines = models.BudgetLine.objects.filter(fund=line.fund, year=year).order_by("name")
    left = availabilities(one.code for one in lines)
    texts = {
        one.code: _("%(name)s: %(left)s available") % {"name": one.name, "left": pounds(left[one.code].available)}
        for one in lines
    }
    none = _("Choose a line") if texts else _("No line of %(year)s is set yet") % {"year": year}
    choices = {
        "roll": _("It rolls into %(year)s: released on 31 March, committed again on 1 April") % {"year": year},
        "lapse": _("It lapses on 31 March"),
    }

    def check(got: Answers, errors: dict[str, str]) -> None:
        if got.text("choice") != "roll":
            return
        if got.text("to_line") not in texts:
            errors["to_line"] = _("Choose the line of %(year)s that takes it") % {"year": year}
        if not got.text("authority"):
            errors["authority"] = _("Choose an authority that holds on 1 April")

    def do(got: Answers) -> None:
        if got.text("choice") == "roll":
            spending.roll_over(
                request.grant,
                code,
                to_line=got.text("to_line"),
                authority_id=got.text("authority"),
                year=year,
                reason=got.text("reason"),
            )
        else:
            last = date(begins.year, 3, 31)
            spending.release(request.grant, code, key=f"{code}-lapsed", on=last, reason=got.text("reason"))

    done = {
        "roll": _("What was open is committed in %(year)s.") % {"year": year},
        "lapse": _("What was open has lapsed."),
    }
    act = act_about(
        code,
        stands,
        _("Roll it over, or let it lapse"),
        _("Record this choice"),
        "yearend",
        [
            Question(
                "choice",
                "radios",
                _("What becomes of what is open?"),
                _("Choose what becomes of it"),
                items=code_items(choices),
            ),
            Question(
                "to_line", "choice", _("To which line, if it rolls"), items=code_items(texts, none), is_optional=True
            ),
            authority_question("commitment", on=begins, is_optional=True),
            reason_question(_("Why?")),
        ],
        do,
        "",
        [],
        check=check,
        after=lambda got: (done[got.text("choice")], reverse("money:year-end", args=[line.fund])),
    )
    return answer(request, act)
