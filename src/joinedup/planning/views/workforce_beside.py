"""The tables that lay plans beside rosters: skills that are short, and posts and staff as both have them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from joinedup.planning import words
from joinedup.planning.capacity.planned import planned_activity, planned_staff, submitted_plans
from joinedup.planning.models import Roster
from joinedup.planning.plans.plan_lines import first_day, year_of
from joinedup.planning.views import parts
from joinedup.planning.workforce import rosters_as_kept
from joinedup.planning.workforce.beside_plans import PlanBeside, Skills, beside_plans, skills_needed
from joinedup.planning.workforce.needed import scale_of
from joinedup.planning.workforce.roster_codes import skills as skill_names
from joinedup.planning.workforce.rosters import StaffSum, grouped
from joinedup.ui import Column, Table

if TYPE_CHECKING:
    from joinedup.planning.views.workforce import Names


def beside_tables(
    month: str, found: Sequence[StaffSum], rosters: Sequence[Roster], asked: dict[str, str], names: Names, least: int
) -> dict[str, Any]:
    """Answer the tables of skills and of plans for the staff that fit; `has_plans` says whether there is any plan.

    Plans say what activity they need by provider, not by place: with a place chosen, only posts and staff are compared.
    """
    year, on = year_of(month), first_day(month)
    versions = {
        code: one for code, one in submitted_plans(year).items() if not asked["partner"] or code == asked["partner"]
    }
    if not versions:
        return {"has_plans": False, "year": year}
    parameters = parts.parameters()
    too_few = {one.key for one in grouped(found, by=("partner", "profession")) if 0 < one.headcount < least}
    few_professions = {one.key[0] for one in grouped(found, by=("profession",)) if 0 < one.headcount < least}
    tables: dict[str, Any] = {
        "has_plans": True,
        "year": year,
        "scales": [
            (names.of("partner", code), scale) for code in versions if (scale := scale_of(parameters, code, on)) != 1
        ],
    }
    if not asked["place"]:
        held = {key: value for key, value in rosters_as_kept.skilled(rosters).items()
                if not asked["partner"] or key[0] == asked["partner"]}  # fmt: skip
        skills = skills_needed(found, held, planned_activity(versions), parameters, on)
        tables |= {"skills": _skills(skills, asked, few_professions, least, year), "of_partners": len(skills.partners),
                   "uncounted": [
                       (names.of("partner", partner), words.code_name("pod", pod)) for partner, pod in skills.uncounted
                   ]}  # fmt: skip
    lines = [line for line in planned_staff(versions)
             if (not asked["place"] or line.place == asked["place"])
             and (not asked["profession"] or line.profession == asked["profession"])]  # fmt: skip
    beside = beside_plans(found, lines, month, parameters, on)
    tables["beside"] = _beside([one for one in beside if (one.partner, one.profession) not in too_few], names, month)
    return tables


def _skills(found: Skills, asked: dict[str, str], few: set[str], least: int, year: str) -> Table:
    rows = [
        {
            "profession": words.code_name("profession", one.profession),
            "skill": skill_names().get(one.skill, one.skill) if one.skill else _("All"),
            "needed": one.needed,
            "working": one.working,
            "short": one.short,
            "share": None if one.short_share is None else one.short_share * 100,
            "is_short": _("Short") if one.short > 0 else _("Enough"),
        }
        for one in found.gaps
        if (not asked["profession"] or one.profession == asked["profession"])
        and one.profession not in few
        and not 0 < one.headcount < least
    ]
    return Table(
        [
            Column("profession", _("Profession")),
            Column("skill", _("Skill")),
            Column("needed", _("Needed (WTE)"), "number", decimals=1),
            Column("working", _("Working (WTE)"), "number", decimals=1),
            Column("short", _("Needed less working (WTE)"), "number", decimals=1),
            Column("share", _("Of what is needed (%)"), "number", decimals=1),
            Column("is_short", _("Result")),
        ],
        rows,
        caption=_("Skills against what the plans need"),
        name="skills",
        source=_("activity of the submitted plans for %(year)s, times minutes of each profession; rosters")
        % {"year": year},
        notes=[
            _("Needed: the year’s planned activity, times the minutes of staff that a unit takes, over the hours that "
              "one WTE works in a year. Working: in post, bank and agency; of a skill, in post alone."),
        ],
        per_page=0,
        can_filter=False,
        empty=_("Nobody has decided yet how many minutes of each profession a unit of activity takes."),
    )  # fmt: skip


def _beside(found: Sequence[PlanBeside], names: Names, month: str) -> Table:
    rows: list[parts.Row] = [
        {
            "partner": names.of("partner", one.partner),
            "profession": words.code_name("profession", one.profession),
            "measure": str(words.MEASURES[one.measure]).capitalize(),
            "planned": one.planned,
            "rostered": one.rostered,
            "apart": one.apart,
        }
        for one in found
        if one.planned or one.rostered
    ]
    rows.sort(key=lambda row: -abs(row["apart"] or row["planned"] or row["rostered"] or 0))
    return Table(
        [
            Column("partner", _("Partner")),
            Column("profession", _("Profession")),
            Column("measure", _("Measure")),
            Column("planned", _("Plan (WTE)"), "number", decimals=1),
            Column("rostered", _("Roster (WTE)"), "number", decimals=1),
            Column("apart", _("Roster less plan (WTE)"), "number", decimals=1),
        ],
        rows,
        caption=_("Where roster and plan differ"),
        name="beside",
        source=_("workforce lines of the submitted plans for %(month)s; rosters") % {"month": words.period_name(month)},
        notes=[_("The largest difference first. An empty cell: only the other one says anything of it.")],
        per_page=15,
        empty=_("No submitted plan says who works in this month."),
    )
