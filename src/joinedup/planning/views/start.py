"""The way in: how the plans of a year stand; and the plans themselves, by who has sent what."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from joinedup.access import requires
from joinedup.moment import now
from joinedup.planning import missing_today, services, words
from joinedup.planning.models import Plan, Version, VersionSignature
from joinedup.planning.plans import kept_plans
from joinedup.planning.plans.documents import document_kinds
from joinedup.planning.plans.return_deadlines import return_deadlines, standing_of
from joinedup.planning.triangulation.standing import contradictions, standing_gaps, total_pence
from joinedup.planning.views import parts
from joinedup.planning.views.systems import partners_of, systems
from joinedup.ui import Column, Page, Table, day

STANDINGS = {
    "on_time": "On time",
    "late": "Late",
    "overdue": "Not sent, overdue",
    "awaited": "Not sent yet",
    "none": "No deadline set",
}
READ = "planning.read"


@requires(READ)
@require_safe
def start(request: Any) -> HttpResponseBase:
    """What there is to do in a year's planning, each with its figure."""
    year = parts.year_asked(request)
    today = now().valid_on
    comparisons = kept_plans.latest_comparisons(year)
    gaps = [one for one in standing_gaps(comparisons, parts.parameters(), today) if not one.is_settled]
    failed = [one for one in contradictions(comparisons, parts.parameters()) if not one.waived]
    people = sum((one.people or 0 for one in gaps if one.gap.disagreement.reason != "year"), start=0)
    by_all = VersionSignature.objects.filter(role="system", comparison__in=comparisons)
    signed = by_all.values("comparison").distinct().count()
    missing = [
        (system, kind, missing_today(kept_plans.document_of(kind, system.code), today,
                                     partners=partners_of(system.code)))
        for system in systems()[:1]
        for kind in document_kinds()
    ]  # fmt: skip
    return Page(
        request,
        "planning/start.jinja",
        title=_("Plans for %(year)s") % {"year": year},
        breadcrumbs=parts.crumbs()[:1],
        year=year,
        years=parts.years_to_choose(year),
        plans=Plan.objects.filter(year=year).count(),
        comparisons=len(comparisons),
        gaps=gaps,
        worth=total_pence(gaps),
        people=words.number(people) if people else "",
        overdue=sum(1 for one in gaps if one.is_late),
        failed=failed,
        signed=signed,
        missing=sum(len(found) for _, _, found in missing),
        late_documents=sum(1 for _, _, found in missing if any(one.is_late for one in found)),
        notice=parts.said(request),
        may_submit=parts.may(request, services.SUBMIT),
    ).response()


@requires(READ)
@require_safe
def plans(request: Any) -> HttpResponseBase:
    """Who has sent which version of the plan of a year, its state, and whether it came late."""
    year = parts.year_asked(request)
    rows = _rows(year)
    return Page(
        request,
        "planning/plans.jinja",
        title=_("Who has sent a plan for %(year)s") % {"year": year},
        breadcrumbs=parts.crumbs(),
        year=year,
        years=parts.years_to_choose(year),
        deadlines=[
            {"stage": one.stage, "scope": one.scope, "due": day(one.due)} for one in return_deadlines().get(year, ())
        ],
        versions=Table(
            [
                Column("body", _("Body"), "link", href_key="href"),
                Column("side", _("As")),
                Column("number", _("Version"), "number"),
                Column("state", _("State")),
                Column("lines", _("Lines"), "number"),
                Column("sent", _("Submitted"), "date"),
                Column("standing", _("Deadline")),
                Column("hash", _("Fingerprint"), where="file"),
            ],
            rows,
            caption=_("Versions of %(year)s") % {"year": year},
            name="versions",
            empty=_("Nobody has handed in a plan for %(year)s. Take a template, fill it, and hand it in.")
            % {"year": year},
        ),
        notice=parts.said(request),
        may_submit=parts.may(request, services.SUBMIT),
    ).response()


def _rows(year: str) -> list[parts.Row]:
    today = now().valid_on
    versions = list(
        Version.objects.filter(plan__year=year)
        .select_related("plan")
        .prefetch_related("steps")
        .order_by("plan__side", "plan__owner", "-number")
    )
    names = parts.names_of(one.plan.owner for one in versions)
    rows = []
    for one in versions:
        steps = sorted(one.steps.all(), key=lambda step: step.pk)
        state = steps[-1].state if steps else "draft"
        sent: datetime | None = next((step.at for step in steps if step.state == "submitted"), None)
        rows.append(
            {
                "body": names.get(one.plan.owner, one.plan.owner),
                "href": parts.href("version", one.pk),
                "side": str(words.SIDES[one.plan.side]),
                "number": one.number,
                "state": words.tag(words.VERSION_STATES, state)["text"],
                "lines": one.lines_count,
                "sent": sent,
                "standing": "" if state == "superseded" else _(STANDINGS[standing_of(year, sent, today)]),
                "hash": one.content_hash,
            }
        )
    return rows
