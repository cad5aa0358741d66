"""A fund and its budget lines: who put in what, what each line may spend, has committed and spent, and will have."""

from __future__ import annotations

from typing import Any

from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from joinedup.access import requires
from joinedup.errors import NotFound
from joinedup.money import models
from joinedup.money.ledger.by_decision import decisions_of_plan_line
from joinedup.money.ledger.double_entry import RISK_SHARE
from joinedup.money.ledger.reading import (
    availabilities,
    budget_line_of,
    commitment_standing,
    contributions_of,
    fund_of,
    pounds_of_plan_line,
    trial_balance,
)
from joinedup.money.pot.funds import FUND_KINDS, SECTORS
from joinedup.money.pot.line_standings import Standing, standing, standings
from joinedup.money.pot.plan_links import keys_within
from joinedup.money.views.forecasts import reported_table
from joinedup.money.views.fund_acts import acts_of_fund
from joinedup.money.views.ledger import postings_table
from joinedup.money.views.parts import NOTICE, bodies_named, crumbs, fund_crumb, in_millions, may, said_plainly
from joinedup.planning import decisions_of_lines, financial_year
from joinedup.ui import Column, Page, Table
from joinedup.ui.decided import decision_page, decision_pages
from joinedup.ui.tables import pounds


@requires("money.read")
@require_safe
def fund(request: Any, code: str) -> HttpResponseBase:
    found = fund_of(code)
    on, known_at = request.moment.valid_on, request.known_on
    years = sorted(set(models.BudgetLine.objects.filter(fund=code).values_list("year", flat=True)))
    year = request.GET.get("year") or (financial_year(on) if financial_year(on) in years else (years or [""])[-1])
    if year and year not in years:
        raise NotFound(_("There are no budget lines of %(year)s in this fund.") % {"year": year})
    held = standings(code, on, known_at=known_at, year=year)
    put_in = contributions_of(code)
    names = bodies_named([found.host, *(one.partner for one in put_in), *(one.line.body for one in held)])
    balance = trial_balance(code, effective_to=on, known_at=request.moment.known_at)
    return Page(
        request,
        "money/fund.jinja",
        title=found.name,
        breadcrumbs=crumbs(),
        fund=found,
        kind=FUND_KINDS[found.kind],
        host=names.get(found.host, found.host),
        year=year,
        years=years,
        notice=request.session.pop(NOTICE, ""),
        acts=acts_of_fund(
            code, {name: may(request, name) for name in ("money.allocate", "money.post")}, has_lines=len(held) > 1
        ),
        sums=_sums(held, sum(one.amount_pence for one in put_in), -balance.get(RISK_SHARE, 0)),
        called=pounds(-balance[RISK_SHARE]) if balance.get(RISK_SHARE) else "",
        contributions=Table(
            [
                Column("partner", _("Partner")),
                Column("sector", _("Sector")),
                Column("pence", _("Puts in"), "pence"),
                Column("start", _("From"), "date"),
                Column("to", _("Up to"), "date"),
                Column("fence", _("Ring fence")),
            ],
            [
                {
                    "partner": names.get(one.partner, one.partner),
                    "sector": SECTORS[one.sector],
                    "pence": one.amount_pence,
                    "start": one.valid_from,
                    "to": one.valid_to,
                    "fence": one.ring_fence,
                }
                for one in put_in
            ],
            caption=_("Contributions"),
            name="contributions",
            can_sort=False,
            empty=_("No partner has put anything in yet. A contribution needs an authority."),
        ),
        lines=lines_table(held, year),
    ).response()


@requires("money.read")
@require_safe
def line(request: Any, code: str) -> HttpResponseBase:
    one = budget_line_of(code)
    found = fund_of(one.fund)
    on, known_at = request.moment.valid_on, request.known_on
    stands = standing(one, availabilities([code], on, known_at=known_at)[code], on)
    moves = models.VirementMove.objects.filter(budget_line=code).select_related("virement").order_by("-pk")
    commitments = models.Commitment.objects.filter(budget_line=code).order_by("-at")[:200]
    decided_by = models.BudgetLine.objects.get(pk=code).decision
    names = bodies_named([one.body, *(bound.supplier for bound in commitments)])
    return Page(
        request,
        "money/line.jinja",
        said_plainly=said_plainly,
        title=one.name,
        breadcrumbs=crumbs(fund_crumb(found)),
        line=one,
        fund=found,
        body=names.get(one.body, one.body),
        decision=decided_by,
        decision_href=decision_page(decided_by),
        notice=request.session.pop(NOTICE, ""),
        may_commit=may(request, "money.post"),
        stands=stands,
        pounds_text=pounds,
        forecasts=_forecasts(stands),
        reported=reported_table(code),
        commitments=_commitments(commitments, names),
        virements=_virements(moves),
        postings=postings_table(
            models.Transaction.objects.filter(lines__budget_line=code).distinct().order_by("-pk")[:100],
            caption=_("Postings on this line"),
            fund=one.fund,
            known_at=known_at,
            until=on,
        ),
    ).response()


@requires("money.read")
@require_safe
def plan_line(request: Any, code: str) -> HttpResponseBase:
    """From a plan line to its pounds."""
    found = pounds_of_plan_line(code)
    lines = models.BudgetLine.objects.filter(plan_line=code).order_by("code")
    keys = keys_within(code)
    decided = list(dict.fromkeys([*decisions_of_plan_line(keys), *decisions_of_lines(keys)]))
    pages = decision_pages(decided)
    if not lines and not found.postings and not decided:
        raise NotFound(
            _("No pound is traced to a plan line “%(code)s”. Open a posting to see its plan line.") % {"code": code}
        )
    return Page(
        request,
        "money/plan_line.jinja",
        title=_("Pounds of the plan line: %(line)s") % {"line": said_plainly(code)},
        breadcrumbs=crumbs(),
        found=found,
        pounds_text=pounds,
        lines=[{"name": one.name, "href": reverse("money:line", args=[one.code])} for one in lines],
        decisions=[{"reference": one, "href": pages.get(one, "")} for one in decided],
        postings=postings_table(
            models.Transaction.objects.filter(plan_line=code).order_by("-pk")[:200],
            caption=_("Postings for this plan line"),
        ),
    ).response()


def lines_table(held: list[Standing], year: str) -> Table:
    return Table(
        [
            Column("name", _("Budget line"), "link", "href"),
            Column("code", _("Code"), where="file"),
            Column("original", _("Original"), "pence", where="file"),
            Column("moved", _("Virements"), "pence", where="file"),
            Column("current", _("Current"), "pence", note="Original and virements (MB4)."),
            Column("committed", _("Committed"), "pence"),
            Column("actual", _("Spent"), "pence"),
            Column("available", _("Available"), "pence", note="Current less committed less spent (MB4)."),
            Column(
                "forecast",
                _("Forecast"),
                "pence",
                note="By run rate, over the months that are over (MB8).",
            ),
            Column("bound", _("Forecast by commitments"), "pence", where="file", note="Spent and committed (MB8)."),
            Column("variance", _("Variance"), "pence", note="Current less forecast: plus is an underspend (MB8)."),
            Column("fence", _("Ring fence"), where="file"),
            Column("plan", _("Plan line"), where="file"),
        ],
        [
            {
                "name": one.line.name,
                "href": reverse("money:line", args=[one.line.code]),
                "code": one.line.code,
                "original": one.left.original,
                "moved": one.left.virements,
                "current": one.left.current,
                "committed": one.left.committed,
                "actual": one.left.actual,
                "available": one.left.available,
                "forecast": one.run_rate.outturn,
                "bound": one.committed.outturn,
                "variance": one.run_rate.variance,
                "fence": one.line.ring_fence,
                "plan": one.line.plan_line,
            }
            for one in held
        ],
        caption=_("Budget lines of %(year)s") % {"year": year} if year else _("Budget lines"),
        name="lines",
        notes=[_("Forecast by run rate. A variance above £0 is an underspend. Open a line for its other forecast.")],
        empty=_("This fund has no budget lines yet. A finance lead sets them up by a decision."),
    )


def _sums(held: list[Standing], put_in: int, called: int) -> list[dict[str, str]]:
    """Answer the fund's big figures, in the order in which money flows."""
    current = sum(one.left.current for one in held)
    committed, actual = sum(one.left.committed for one in held), sum(one.left.actual for one in held)
    available = sum(one.left.available for one in held)
    figures = [
        (_("Contributions"), put_in), (_("Budget"), current), (_("Committed"), committed), (_("Spent"), actual),
        (_("Available"), available), (_("Forecast by run rate"), sum(one.run_rate.outturn for one in held)),
        (_("Variance"), sum(one.run_rate.variance for one in held)),
    ]  # fmt: skip
    if called:
        figures.append((_("Called under the risk share"), called))
    return [{"name": name, "pounds": pounds(pence), "millions": in_millions(pence)} for name, pence in figures]


def _commitments(found: Any, names: dict[str, str]) -> Table:
    rows = []
    for one in found:
        stands = commitment_standing(one.code)
        rows.append(
            {
                "code": one.code,
                "href": reverse("money:commitment", args=[one.code]),
                "supplier": names.get(one.supplier, one.supplier),
                "supplier_code": one.supplier,
                "purpose": one.purpose,
                "made": stands.made,
                "invoiced": stands.invoiced,
                "open": stands.open,
                "state": stands.state,
                "authority": one.authority_id,
                "authority_href": reverse("money:authority", args=[one.authority_id]),
            }
        )
    return Table(
        [
            Column("code", _("Commitment"), "link", "href"),
            Column("supplier", _("Supplier")),
            Column("purpose", _("What for")),
            Column("made", _("Made"), "pence"),
            Column("invoiced", _("Invoiced"), "pence", where="file"),
            Column("open", _("Open"), "pence"),
            Column("state", _("State")),
            Column("supplier_code", _("Supplier as posted"), where="file"),
            Column("authority", _("Authority"), "link", "authority_href"),
        ],
        rows,
        caption=_("Commitments"),
        name="commitments",
        empty=_("Nothing of this line is committed yet."),
    )


def _forecasts(stands: Standing) -> Table:
    said = {_("By run rate: as so far"): stands.run_rate, _("By commitments: spent and committed"): stands.committed}
    return Table(
        [
            Column("method", _("Forecast")),
            Column("outturn", _("Outturn"), "pence"),
            Column("variance", _("Variance"), "pence", note="Current less outturn: plus is an underspend (MB8)."),
        ],
        [{"method": name, "outturn": one.outturn, "variance": one.variance} for name, one in said.items()],
        caption=_("By the end of the year"),
        name="forecasts",
        can_sort=False,
        can_download=False,
    )


def _virements(moves: Any) -> Table:
    return Table(
        [
            Column("on", _("Day"), "date"),
            Column("pence", _("Moved to this line"), "pence"),
            Column("reason", _("Why")),
            Column("authority", _("Authority"), "link", "href"),
        ],
        [
            {
                "on": one.virement.effective_on,
                "pence": one.pence,
                "reason": one.virement.reason,
                "authority": one.virement.authority_id,
                "href": reverse("money:authority", args=[one.virement.authority_id]),
            }
            for one in moves
        ],
        caption=_("Virements"),
        name="virements",
        empty=_("Nothing was moved to or from this line."),
    )
