"""The way in: choose an area, or a measure by its theme; and what national measures are not collected, and why."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from joinedup.access import requires
from joinedup.measures import answers
from joinedup.measures.results import result_ids
from joinedup.measures.views.parts import area_asked, area_choices, area_href, measure_href, opened
from joinedup.ui import Column, Crumb, Page, Table


@requires("measures.read")
@require_safe
def start(request: Any) -> HttpResponseBase:
    missing = _not_collected()
    if not result_ids():
        return Page(
            request,
            "measures/none_yet.jinja",
            title=_("Measures"),
            breadcrumbs=[Crumb("joinedup", reverse("home"))],
            missing=missing,
        ).response()
    results, month = opened(request)
    area = area_asked(results, request, month)
    if request.GET.get("area", "").strip():
        return HttpResponseRedirect(area_href(area.code))
    themes = [
        {
            "title": theme,
            "measures": [{"title": one.title, "href": measure_href(one.id, results.system)} for one in found],
        }
        for theme, found in answers.by_theme(answers.held(results)).items()
    ]
    return Page(
        request,
        "measures/start.jinja",
        title=_("Measures"),
        breadcrumbs=[Crumb("joinedup", reverse("home"))],
        system=results.area(results.system),
        system_href=area_href(results.system),
        choices=area_choices(results, results.system, month),
        themes=themes,
        many=len(results.measures),
        results=results,
        missing=missing,
    ).response()


def _not_collected() -> Table:
    rows = [
        {"title": one.title, "theme": one.theme, "standard": one.standard, "why": one.why_not}
        for one in answers.not_collected()
    ]
    return Table(
        [
            Column("title", _("Measure")),
            Column("theme", _("Theme")),
            Column("why", _("Why it is not collected")),
            Column("standard", _("Defined by")),
        ],
        rows,
        caption=_("National measures that are not collected"),
        name="not_collected",
        per_page=0,
        empty=_("Every measure that is defined here is collected."),
    )
