"""Where the system stands against its control total, what bodies say of each other, the Better Care Fund's checks.

Pages of rules MB11, MB12 and MB2. What cannot be said is said to be so, with the reason, and never stands as £0.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from joinedup.access import requires
from joinedup.moment import now
from joinedup.money import models
from joinedup.money.pot.better_care_fund_as_kept import (
    BoardChecks,
    bcf_checks,
    boards_of,
    funds_without_board,
)
from joinedup.money.pot.mismatches_as_kept import intra_system_mismatches
from joinedup.money.pot.positions_as_kept import system_position
from joinedup.money.views import position_tables as tables
from joinedup.money.views.parts import bodies_named, crumbs, in_millions, pence_sent, year_asked
from joinedup.planning import financial_year, months_of, standing_plans
from joinedup.ui import Page
from joinedup.ui.tables import pounds

METHODS = {"run_rate": "As so far, for the whole year", "plan": "So far, and the plan for the rest"}
BASES = {"plan": "What both plan for the year", "actual": "What both say up to a month"}
VERDICTS = {
    True: ("Met", "green"), False: ("Not met", "red"), None: ("Cannot be said yet", "grey"),
}  # fmt: skip


@requires("money.read")
@require_safe
def position(request: Any) -> HttpResponseBase:
    errors: dict[str, str] = {}
    newest = _newest_month()
    year = year_asked(request, _years(), financial_year(newest) if newest else "")
    title = _("Where the system stands")
    if not year:
        return _nothing(request, title)
    month = _month(request, year, newest)
    method = request.GET.get("method", "run_rate")
    method = method if method in METHODS else "run_rate"
    total = None
    if request.GET.get("control_total", "").strip():
        total = pence_sent(request.GET, "control_total", _("The control total"), errors, signed=True)
    found = system_position(year, month, control_total=None if errors else total, method=method)
    names = bodies_named(one.body for one in found.bodies)
    counted = found.position
    verdict, colour = VERDICTS[found.met]
    return Page(
        request,
        "money/position.jinja",
        title=title,
        breadcrumbs=crumbs(),
        errors=errors,
        found=found,
        month_name=f"{_month_day(year, month):%B %Y}",
        verdict={"text": _(verdict), "classes": f"nhsuk-tag--{colour}"},
        unsaid=[names.get(one.body, one.body) for one in found.unsaid],
        sums=_sums(
            [(_("Control total"), found.control_total), (_("Planned"), counted.plan), (_("Forecast"), counted.forecast),
             (_("Variance"), counted.variance)]
        ),
        years=_items(_years(), year),
        months=_months(year, month),
        methods=_items(METHODS, method, {key: _(text) for key, text in METHODS.items()}),
        control_total=request.GET.get("control_total", ""),
        inside=tables.bodies_table([one for one in found.bodies if one.in_control_total], names, "inside"),
        beside=tables.bodies_table([one for one in found.bodies if not one.in_control_total], names, "beside"),
        offsets=tables.offsets_table(counted, names),
        funds=tables.funds_table(found.funds),
    ).response(422 if errors else 200)  # fmt: skip


@requires("money.read")
@require_safe
def mismatches(request: Any) -> HttpResponseBase:
    errors: dict[str, str] = {}
    newest = _newest_month()
    year = year_asked(request, _years(), financial_year(newest) if newest else "")
    title = _("Where bodies disagree on what one pays the other")
    if not year:
        return _nothing(request, title)
    basis = request.GET.get("basis", "plan")
    basis = basis if basis in BASES else "plan"
    month = _month(request, year, newest)
    typed = {name: request.GET.get(name, "").strip() for name in ("abs_limit", "rel_limit")}
    most = pence_sent(request.GET, "abs_limit", _("The limit"), errors) if typed["abs_limit"] else None
    share = _share(typed["rel_limit"], errors)
    if errors:
        most = share = None
    found = intra_system_mismatches(
        year, basis=basis, month=month if basis == "actual" else None, abs_limit=most, rel_limit=share
    )
    pairs = [(one.payer, one.payee) for one in found.apart] + [(one.payer, one.payee) for one in found.one_sided]
    names = bodies_named(code for pair in pairs for code in pair)
    return Page(
        request,
        "money/mismatches.jinja",
        title=title,
        breadcrumbs=crumbs(),
        errors=errors,
        found=found,
        basis=basis,
        said=_(BASES[basis])
        if basis == "plan"
        else _("What both say up to %(month)s") % {"month": f"{_month_day(year, month):%B %Y}"},
        limit=pounds(found.abs_limit),
        share=f"{(found.rel_limit * 100).normalize():f}%",
        differs=pounds(found.total_difference),
        years=_items(_years(), year),
        months=_months(year, month),
        bases=_items(BASES, basis, {key: _(text) for key, text in BASES.items()}),
        typed=typed,
        apart=tables.apart_table(found.apart, names),
        silent=tables.silent_table(found.one_sided, names),
    ).response(422 if errors else 200)


@requires("money.read")
@require_safe
def better_care_fund(request: Any) -> HttpResponseBase:
    years = sorted(set(models.BoardFund.objects.values_list("year", flat=True)))
    today = financial_year(request.moment.valid_on)
    year = year_asked(request, {*years, today}, today if today in years or not years else years[-1])
    found = [bcf_checks(board, year) for board in boards_of(year)]
    without = funds_without_board(year)
    held = {one.code: one.name for one in models.Fund.objects.filter(pk__in=[*without, *(one.fund for one in found)])}
    names = bodies_named(one.board for one in found)
    return Page(
        request,
        "money/better_care_fund.jinja",
        title=_("The Better Care Fund of each health and wellbeing board"),
        breadcrumbs=crumbs(),
        year=year,
        years=_items(sorted({*years, year}), year),
        boards=[_board(one, names, held) for one in found],
        without=[{"name": held.get(code, code), "href": reverse("money:fund", args=[code])} for code in without],
    ).response()


def _board(one: BoardChecks, names: dict[str, str], funds: dict[str, str]) -> dict[str, Any]:
    said = {True: ("Passes", "green"), False: ("Fails", "red"), None: ("Cannot be said yet", "grey")}[one.passes]
    source = models.BoardFund.objects.filter(board=one.board, year=one.year).order_by("-pk").first()
    return {
        "name": names.get(one.board, one.board),
        "code": one.board,
        "fund": funds.get(one.fund, one.fund),
        "fund_href": reverse("money:fund", args=[one.fund]),
        "tag": {"text": _(said[0]), "classes": f"nhsuk-tag--{said[1]}"},
        "unsaid": one.unsaid,
        "source": source.source if source else "",
        "checks": tables.checks_table(one, names.get(one.board, one.board)),
    }


def _nothing(request: Any, title: str) -> HttpResponseBase:
    return Page(request, "money/no_position.jinja", title=title, breadcrumbs=crumbs()).response()


def _years() -> list[str]:
    """Answer the years of which there is a trial balance or a budget line, and this one where a plan of it stands."""
    balances = models.TrialBalance.objects.values_list("month", flat=True).distinct()
    found = {financial_year(one) for one in balances} | set(models.BudgetLine.objects.values_list("year", flat=True))
    this = financial_year(now().valid_on)
    if this not in found and next(iter(standing_plans(this, kind="finance")), None) is not None:
        found.add(this)
    return sorted(found)


def _newest_month() -> date | None:
    newest = models.TrialBalance.objects.order_by("-month").values_list("month", flat=True).first()
    if newest is None and (years := _years()):
        return _month_day(years[-1], 1)
    return newest


def _month(request: Any, year: str, newest: date | None) -> int:
    """Answer the month of the financial year that is asked for, else the last of which a trial balance is here."""
    asked = request.GET.get("month", "")
    if asked.isascii() and asked.isdigit() and 1 <= int(asked) <= 12:
        return int(asked)
    held = models.TrialBalance.objects.filter(month__gte=_month_day(year, 1), month__lte=_month_day(year, 12))
    last = held.order_by("-month").values_list("month", flat=True).first() or newest
    return (last.month - 4) % 12 + 1 if last else 1


def _month_day(year: str, month: int) -> date:
    return date.fromisoformat(f"{months_of(year)[month - 1]}-01")


def _months(year: str, chosen: int) -> list[dict[str, Any]]:
    return [
        {"value": str(number), "text": f"{_month_day(year, number):%B %Y}", "selected": number == chosen}
        for number in range(1, 13)
    ]


def _items(keys: Any, chosen: str, texts: dict[str, str] | None = None) -> list[dict[str, Any]]:
    return [{"value": key, "text": (texts or {}).get(key, key), "selected": key == chosen} for key in keys]


def _share(text: str, errors: dict[str, str]) -> Decimal | None:
    """Answer a percentage as a share; what is wrong goes to `errors`."""
    if not text:
        return None
    try:
        share = Decimal(text.removesuffix("%")) / 100
    except InvalidOperation:
        share = Decimal("NaN")
    if not share.is_finite() or not 0 <= share <= 1:
        errors["rel_limit"] = _("Give a percentage from 0 to 100, such as 0.1")
        return None
    return share


def _sums(figures: list[tuple[str, int]]) -> list[dict[str, str]]:
    return [{"name": name, "pounds": pounds(pence), "millions": in_millions(pence)} for name, pence in figures]
