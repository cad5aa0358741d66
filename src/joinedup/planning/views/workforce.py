"""People who do the work, from the rosters of all partners: who there is, who comes and goes, what plans need."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from joinedup.access import grant_for, requires
from joinedup.errors import NotFound, did_you_mean
from joinedup.planning import services, words
from joinedup.planning.plans.plan_lines import first_day
from joinedup.planning.views import parts
from joinedup.planning.views.workforce_beside import beside_tables
from joinedup.planning.views.workforce_trend import trend_chart
from joinedup.planning.workforce import rosters_as_kept
from joinedup.planning.workforce.rosters import OTHERS, StaffGroup, StaffSum, grouped, merge_small, whole
from joinedup.ui import Column, Page, Table

READ = "planning.read"
FILTERS = ("partner", "profession", "place")
WAYS = {
    "partner": "Partner",
    "profession": "Profession",
    "place": "Place",
    "grade": "Grade",
    "staff_group": "Staff group",
}
LEAST = "workforce.least_people"


@requires(READ)
@require_safe
def workforce(request: Any) -> HttpResponseBase:
    """Staff at the end of a month by partner, profession, place or grade; a group leads to its own parts."""
    months = rosters_as_kept.months()
    if not months:
        return Page(
            request, "planning/workforce-empty.jinja", title=_("Workforce"), breadcrumbs=parts.crumbs(),
            may_submit=parts.may(request, services.SUBMIT),
        ).response()  # fmt: skip
    month = str(request.GET.get("month", "")).strip() or months[0]
    if month not in months:
        raise NotFound(_("No roster of %(month)s is kept.") % {"month": month} + did_you_mean(month, months))
    rosters = rosters_as_kept.newest(month)
    every = rosters_as_kept.staff_of(rosters)
    asked = {name: str(request.GET.get(name, "")).strip() for name in FILTERS}
    found = _fitting(every, asked)
    names = Names(every)
    by = _way(request, asked)
    all_ = whole(found)
    least = 0 if _may_see_small(request, asked["partner"]) else _least(month)
    title = _("Workforce in %(month)s") % {"month": words.period_name(month)}
    page: dict[str, Any] = {
        "breadcrumbs": parts.crumbs(),
        "month": month,
        "months": parts.items([(one, words.period_name(one)) for one in months], month),
        "choices": [(name, _(WAYS[name]), parts.items(names.choices(name), asked[name], _("All"))) for name in FILTERS],
        "ways": parts.items([(key, _(text)) for key, text in WAYS.items()], by),
        "chosen": [
            (names.of(name, asked[name]), _href(month, asked | {name: ""}, str(request.GET.get("by", ""))))
            for name in FILTERS
            if asked[name]
        ],
        "is_too_small": 0 < all_.headcount < least,
        "least": least,
        "missing": _missing(months, rosters, names),
    }
    if not page["is_too_small"]:
        page |= {
            "all": all_,
            "figures": _row(all_, "", "", None),
            "groups": _groups(found, by, asked, month, names, least),
            "trend": trend_chart(months, lambda sums: _fitting(sums, asked)),
            **beside_tables(month, found, rosters, asked, names, least),
        }
    return Page(request, "planning/workforce.jinja", title=title, **page).response()


class Names:
    """What partners, professions and places of a roster are called."""

    def __init__(self, sums: Sequence[StaffSum]) -> None:
        from joinedup.planning.workforce.roster_codes import sectors

        self._by = {
            "partner": parts.names_of(sorted({one.partner for one in sums} - sectors().keys())) | dict(sectors()),
            "place": _places(),
        }
        self._there = {name: sorted({getattr(one, name) for one in sums}) for name in FILTERS}

    def of(self, kind: str, code: str) -> str:
        if code == OTHERS:
            return str(_("Others, too few to show by themselves"))
        if kind == "profession":
            return words.code_name("profession", code)
        return self._by.get(kind, {}).get(code, code) or str(_("Not told"))

    def choices(self, kind: str) -> list[tuple[str, str]]:
        return sorted(((code, self.of(kind, code)) for code in self._there[kind] if code), key=lambda one: one[1])


def _places() -> dict[str, str]:
    from joinedup.moment import now
    from joinedup.system import as_of

    moment = now()
    return {area.code: area.name for area in as_of(moment.valid_on, moment.known_at).areas_of_kind("place")}


def _way(request: Any, asked: dict[str, str]) -> str:
    """Answer by what staff are shown: as asked, else by the first thing that is not chosen yet."""
    by = str(request.GET.get("by", "")).strip()
    if by and by not in WAYS:
        raise NotFound(_("Staff are shown by %(ways)s; not by “%(by)s”.") % {"ways": ", ".join(WAYS), "by": by})
    return by or next((name for name in FILTERS if not asked[name]), "grade")


def _fitting(sums: Sequence[StaffSum], asked: dict[str, str]) -> list[StaffSum]:
    return [one for one in sums if all(not code or getattr(one, name) == code for name, code in asked.items())]


def _may_see_small(request: Any, partner: str) -> bool:
    """Answer whether whoever asks hands in this partner's rosters, and so knows its smallest groups anyway."""
    if not parts.may(request, services.SUBMIT):
        return False
    grant = grant_for(request, services.SUBMIT)
    if grant.is_service or grant.body_id is None:
        return True
    return bool(partner) and bool(parts.bodies_of(grant, [partner]))


def _least(month: str) -> int:
    return int(parts.parameters().number(LEAST, first_day(month)))


def _missing(months: Sequence[str], rosters: Sequence[Any], names: Names) -> list[str]:
    """Answer the partners that have a roster of another month and none of this one."""
    from joinedup.planning.models import Roster

    here = {one.partner for one in rosters}
    ever = set(Roster.objects.values_list("partner", flat=True).distinct()) if len(months) > 1 else here
    found = sorted(ever - here)
    known = parts.names_of(found)
    return [known[code] if known.get(code, code) != code else names.of("partner", code) for code in found]


def _href(month: str, asked: dict[str, str], by: str = "") -> str:
    return parts.href("workforce", month=month, by=by, **asked)


def _groups(
    found: Sequence[StaffSum], by: str, asked: dict[str, str], month: str, names: Names, least: int
) -> Table:  # fmt: skip
    groups = merge_small(grouped(found, by=[by]), least)
    rows = [
        _row(one, names.of(by, one.key[0]), one.key[0],
             _href(month, asked | {by: one.key[0]}) if by in FILTERS and one.key[0] not in ("", OTHERS) else None)
        for one in groups
    ]  # fmt: skip
    rows.sort(key=lambda row: (row["code"] == OTHERS, -row["headcount"]))
    notes = [
        _("Vacant: posts less staff in post. Joiners and leavers are people of the twelve months to this month; "
          "turnover is leavers over the mean of the people at both ends of them."),
    ]  # fmt: skip
    if any(row["code"] == OTHERS for row in rows):
        notes.append(_("Groups of fewer than %(least)s people are shown together, so that nobody can be recognised.")
                     % {"least": least})  # fmt: skip
    return Table(
        [
            Column("group", _(WAYS[by]), "link", href_key="href"),
            Column("code", _("Code"), where="file"),
            Column("headcount", _("People"), "number"),
            Column("establishment", _("Posts (WTE)"), "number", decimals=1),
            Column("in_post", _("In post (WTE)"), "number", decimals=1),
            Column("vacancy", _("Vacant (WTE)"), "number", decimals=1, where="file"),
            Column("rate", _("Vacant (%)"), "number", decimals=1),
            Column("bank", _("Bank (WTE)"), "number", decimals=1, where="file"),
            Column("agency", _("Agency (WTE)"), "number", decimals=1, where="file"),
            Column("joiners", _("Joiners"), "number"),
            Column("leavers", _("Leavers"), "number"),
            Column("turnover", _("Turnover (%)"), "number", decimals=1),
        ],
        rows,
        caption=_("By %(what)s") % {"what": _(WAYS[by]).lower()},
        name="staff",
        source=_("rosters of the partners at the end of %(month)s") % {"month": words.period_name(month)},
        notes=notes,
        per_page=0,
        empty=_("Nobody on a roster fits. Take a filter away."),
    )


def _row(one: StaffGroup, name: str, code: str, href: str | None) -> dict[str, Any]:
    staffing = one.staffing
    return {
        "group": name,
        "code": code,
        "href": href,
        "headcount": one.headcount,
        "establishment": staffing.establishment,
        "in_post": staffing.in_post,
        "vacancy": staffing.vacancy,
        "rate": _hundredths(staffing.vacancy_rate),
        "bank": staffing.bank,
        "agency": staffing.agency,
        "joiners": one.joiners,
        "leavers": one.leavers,
        "turnover": _hundredths(one.turnover),
    }


def _hundredths(share: Decimal | None) -> Decimal | None:
    return None if share is None else share * 100
