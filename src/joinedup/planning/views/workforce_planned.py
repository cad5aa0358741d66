"""People who do the work: posts, staff, vacancies, joiners and leavers as planned, and skills against the need."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from joinedup.access import requires
from joinedup.errors import NotFound
from joinedup.planning import PlanLine, skills_gaps, words
from joinedup.planning.models import Plan
from joinedup.planning.plans import kept_plans
from joinedup.planning.plans.plan_lines import first_day, months_of
from joinedup.planning.views import parts
from joinedup.planning.workforce.needed import scale_of
from joinedup.planning.workforce.staff import KEYS, Staffing, headcount, staffing
from joinedup.ui import Column, Crumb, Page, Table

READ = "planning.read"
GROUPS = {"partner": "Partner", "profession": "Profession", "place": "Place"}
MOST_SHORT = 25


@requires(READ)
@require_safe
def planned(request: Any) -> HttpResponseBase:
    """Staff of a month by partner, profession or place, from the newest submitted plan of each provider."""
    year = parts.year_asked(request)
    by = str(request.GET.get("by", "partner"))
    if by not in KEYS:
        raise NotFound(_("Staff are shown by partner, profession or place; not by “%(by)s”.") % {"by": by})
    lines = _lines(year)
    months = [month for month in months_of(year) if any(line.period == month for line in lines)]
    month = str(request.GET.get("month", "")) or (months[-1] if months else "")
    if months and month not in months:
        raise NotFound(_("No plan says who works in %(month)s.") % {"month": month})
    of_month = [line for line in lines if line.period == month]
    names = parts.names_of(line.provider for line in lines)
    groups = staffing(of_month, by=[by])
    whole = staffing([line._replace(provider="", pod="", place="") for line in of_month], by=["partner"])
    people = headcount(lines, month) if month else {}
    parameters, providers = parts.parameters(), {line.provider for line in lines}
    short = skills_gaps(staffing(of_month, by=["partner", "profession"]))
    return Page(
        request,
        "planning/workforce-planned.jinja",
        title=_("Workforce planned for %(year)s") % {"year": year},
        breadcrumbs=parts.crumbs(Crumb(_("Workforce"), parts.href("workforce"))),
        year=year,
        years=parts.years_to_choose(year),
        is_empty=not months,
        has_scale=bool(month) and any(scale_of(parameters, code, first_day(month)) != 1 for code in providers),
        months=parts.items([(one, words.period_name(one)) for one in months], month),
        ways=parts.items([(key, _(text)) for key, text in GROUPS.items()], by),
        month_name=words.period_name(month) if month else "",
        whole=_row(whole[0], "", names) if whole else None,
        people=sum(people.values()) if people else None,
        groups=_table(groups, by, names),
        short=Table(
            [
                Column("partner", _("Partner")),
                Column("profession", _("Profession")),
                Column("needed", _("Needed (WTE)"), "number", decimals=1),
                Column("worked", _("Working (WTE)"), "number", decimals=1),
                Column("short", _("Short by (WTE)"), "number", decimals=1),
            ],
            [
                {
                    "partner": names.get(one.group[0], one.group[0]),
                    "profession": words.code_name("profession", one.group[1]),
                    "needed": one.needed,
                    "worked": one.worked,
                    "short": one.short_of_need,
                }
                for one in short
            ],
            caption=_("Skills that the plan needs and does not have"),
            name="short",
            per_page=MOST_SHORT,
            notes=[_("Working: in post, bank and agency. Needed: as the partner's own plan says.")],
            empty=_("Every profession has the staff that the plans need, or no plan says what it needs."),
        ),
    ).response()


def _lines(year: str) -> list[PlanLine]:
    found: list[PlanLine] = []
    for plan in Plan.objects.filter(year=year, side="provider").order_by("owner"):
        try:
            version = kept_plans.latest(plan.owner, plan.side, year, states=kept_plans.HANDED_IN)
        except NotFound:
            continue
        found += [line for line in kept_plans.lines_of(version) if line.kind == "workforce"]
    return found


def _table(groups: list[Staffing], by: str, names: dict[str, str]) -> Table:
    rows = [_row(one, by, names) for one in groups]
    rows.sort(key=lambda row: -(row["in_post"] or 0))
    return Table(
        [
            Column("group", _(GROUPS[by])),
            Column("establishment", _("Posts (WTE)"), "number", decimals=1),
            Column("in_post", _("In post (WTE)"), "number", decimals=1),
            Column("vacancy", _("Vacant (WTE)"), "number", decimals=1),
            Column("rate", _("Vacant (%)"), "number", decimals=1),
            Column("bank", _("Bank (WTE)"), "number", decimals=1),
            Column("agency", _("Agency (WTE)"), "number", decimals=1),
            Column("joiners", _("Joiners (WTE)"), "number", decimals=1),
            Column("leavers", _("Leavers (WTE)"), "number", decimals=1),
            Column("headcount", _("People"), "number"),
        ],
        rows,
        caption=_("By %(what)s") % {"what": _(GROUPS[by]).lower()},
        name="staff",
        source=_("the newest submitted plan of each provider"),
        notes=[_("An empty cell: no plan says it. Joiners and leavers are of the month.")],
        per_page=0,
    )


def _row(one: Staffing, by: str, names: dict[str, str]) -> dict[str, Any]:
    code = one.group[0]
    name = {"partner": names.get(code, code), "profession": words.code_name("profession", code)}.get(by, code)
    rate = one.vacancy_rate
    return {
        "group": name or _("Not told"),
        "establishment": one.establishment,
        "in_post": one.in_post,
        "vacancy": one.vacancy,
        "rate": None if rate is None else rate * Decimal(100),
        "bank": one.bank,
        "agency": one.agency,
        "joiners": one.joiners,
        "leavers": one.leavers,
        "headcount": one.headcount,
        "needed": one.needed,
        "worked": one.worked,
    }
