"""Reporting a budget line's forecast by a form: by which method, after which month, and why (rule MB8)."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from joinedup.access import requires
from joinedup.money import models
from joinedup.money.ledger.reading import budget_line_of, fund_of
from joinedup.money.pot.line_standings import months_over
from joinedup.money.pot.reporting_forecasts import report_forecast
from joinedup.money.views.act_form import Act, Answers, Question, answer, code_items
from joinedup.money.views.parts import line_crumbs
from joinedup.planning import months_of
from joinedup.ui import Column, Table

METHODS = {
    "run_rate": "By run rate: as so far",
    "profile": "By profile: spent, by the share of the year that was due by then",
    "commitment": "By commitments: spent and committed",
    "manual": "By hand",
}


@requires("money.post")
@require_http_methods(["GET", "HEAD", "POST"])
def report(request: Any, code: str) -> HttpResponseBase:
    line = budget_line_of(code)
    months = {
        str(number): f"{date.fromisoformat(f'{month}-01'):%B %Y}"
        for number, month in enumerate(months_of(line.year), start=1)
    }

    def check(got: Answers, errors: dict[str, str]) -> None:
        if got.text("month") not in months:
            errors["month"] = _("Choose a month")
        if got.text("method") == "profile" and not got.values["share"]:
            errors["share"] = _("Say which share of the year's budget was due by then")
        if got.text("method") == "manual" and got.values["outturn"] is None:
            errors["outturn"] = _("Say what the line will have spent")

    def do(got: Answers) -> None:
        report_forecast(
            request.grant,
            code,
            int(got.text("month")),
            got.text("method"),
            share=got.values["share"] or None,
            outturn_pence=got.values["outturn"],
            reason=got.text("reason"),
        )

    return answer(
        request,
        Act(
            _("Report where a line will be at the end of the year"),
            _("Report this forecast"),
            "forecast",
            line_crumbs(line, fund_of(line.fund)),
            [
                Question(
                    "month",
                    "choice",
                    _("After which month"),
                    _("Choose a month"),
                    items=code_items(months),
                    start=str(months_over(line.year, request.moment.valid_on)),
                ),
                Question(
                    "method",
                    "radios",
                    _("By which method?"),
                    _("Choose a method"),
                    items=code_items({key: _(text) for key, text in METHODS.items()}),
                ),
                Question(
                    "share",
                    "percent",
                    _("Share of the year's budget due by then"),
                    hint=_("For a profile."),
                    is_optional=True,
                ),
                Question(
                    "outturn", "pounds", _("Outturn, in pounds"), hint=_("For a forecast by hand."), is_optional=True
                ),
                Question(
                    "reason",
                    "long",
                    _("Why is this the right forecast?"),
                    is_optional=True,
                    hint=_("Needed by hand, and where forecasts differ by more than 5 per cent of the budget."),
                ),
            ],
            do,
            lambda got: (_("The forecast is reported."), reverse("money:line", args=[code])),
            caption=f"{line.name}, {line.year}",
            check=check,
        ),
    )


def reported_table(code: str) -> Table:
    """Answer what was reported of a line, the newest first."""
    kept = models.LineForecast.objects.filter(budget_line=code).order_by("-pk")
    year = budget_line_of(code).year
    return Table(
        [
            Column("month", _("After")),
            Column("method", _("Method")),
            Column("outturn", _("Outturn"), "pence"),
            Column("variance", _("Variance"), "pence", note="Budget less outturn: plus is an underspend (MB8)."),
            Column("reason", _("Why")),
            Column("at", _("Reported"), "date"),
        ],
        [
            {
                "month": f"{date.fromisoformat(f'{months_of(year)[one.month - 1]}-01'):%B %Y}",
                "method": _(METHODS[one.method]),
                "outturn": one.outturn_pence,
                "variance": one.budget_pence - one.outturn_pence,
                "reason": one.reason,
                "at": one.at,
            }
            for one in kept
        ],
        caption=_("Reported forecasts"),
        name="reported",
        can_sort=False,
        can_filter=False,
        empty=_("Nobody has reported a forecast of this line yet."),
    )
