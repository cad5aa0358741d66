"""One measure for one area: headline, trend, map, funnel, inequality, other groups; every picture with its table."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from joinedup.access import actor_of, decide, requires
from joinedup.measures import answers
from joinedup.measures.definition import PURPOSES, MeasureDefinition
from joinedup.measures.figure import TOO_FEW, WHY, Figure, month_shown
from joinedup.measures.results import AreaName, Results
from joinedup.measures.standing import compared
from joinedup.measures.views import pictures
from joinedup.measures.views.parts import (
    KINDS,
    area_asked,
    area_choices,
    area_href,
    crumbs,
    measure_href,
    opened,
    why_href,
)
from joinedup.moment import now
from joinedup.ui import Crumb, Page

# What may be chosen beside deprivation, which is always shown; one at a time keeps the page quick to draw and read.
CHOICES = ("ethnic_group", "sex", "age_band")


@requires("measures.read")
@require_safe
def measure(request: Any, measure_id: str) -> HttpResponseBase:
    results, month = opened(request)
    one = answers.measure(results, measure_id)
    area = area_asked(results, request, month)
    whole = results.area(results.system)
    headline = answers.headline(results, one.id, area.code, month)
    by = request.GET.get("by", "")
    chosen = by if by in CHOICES else CHOICES[0]
    # Groups are made for the system and its places only: for anything smaller the system's are shown, and said so.
    grouped = area if area.kind in {"system", "place"} else whole
    trend, icons, notes = pictures.trend(results, one, area, month)
    return Page(
        request,
        "measures/measure.jinja",
        title=one.title,
        breadcrumbs=crumbs(Crumb(area.name, area_href(area.code))),
        one=one,
        area=area,
        kind=KINDS[area.kind],
        whole=whole,
        choices=area_choices(results, area.code, month),
        headline=_headline(one, headline),
        standing=_standing(results, one, area, whole, headline, month),
        purposes=[PURPOSES[purpose] for purpose in one.purposes],
        trend=trend,
        icons=icons,
        notes=notes,
        map_of_areas=pictures.map_of_areas(request, results, one, area, headline.month),
        funnel=pictures.funnel(results, one, area, headline.month),
        grouped=grouped,
        gradients=[
            pictures.gradient(results, one, grouped, breakdown, headline.month)
            for breakdown in ("deprivation_national", "deprivation_local")
        ],
        chosen=pictures.gradient(results, one, grouped, chosen, headline.month),
        ways=[
            {
                "title": answers.breakdown_name(way),
                "href": measure_href(one.id, area.code, by=way) + "#groups",
                "is_here": way == chosen,
            }
            for way in CHOICES
        ],
        why_href=why_href(one.id, area.code),
        compare_href=pictures.compare_href(one, area),
        api_href=f"/api/measures/{one.id}/series?area={area.code}",
        release_href=f"{reverse('measures:ask-release')}?measure={one.id}&area={area.code}"
        if decide(actor_of(request.user), "measures.release", now().valid_on).allowed
        else "",
        results=results,
    ).response()


def _headline(one: MeasureDefinition, figure: Figure) -> dict[str, Any]:
    scale = answers.scale_of(one)
    said = _("%(seen)s of %(many)s") if one.kind == "proportion" else _("%(seen)s counted, %(many)s people")
    counted = said % {"seen": figure.numerator_shown, "many": figure.denominator_shown}
    return {
        "month": month_shown(figure.month),
        "value": scale.shown(figure.value),
        "unit": "" if one.kind == "proportion" else one.unit,
        "interval": figure.interval_shown(scale),
        "why": figure.why,
        "counted": counted if one.kind in {"proportion", "rate"} and figure.numerator_shown else "",
        "standardised": scale.shown(figure.standardised),
        "standardised_interval": ""
        if figure.standardised_lower is None
        else f"{scale.number(figure.standardised_lower)} to {scale.shown(figure.standardised_upper)}",
        "standardised_status": WHY[TOO_FEW] if figure.standardised_status == TOO_FEW else "",
    }


def _standing(
    results: Results, one: MeasureDefinition, area: AreaName, whole: AreaName, figure: Figure, month: date | None
) -> str:
    """Answer in a sentence how the area stands against the system; "" for the system itself."""
    if area.code == whole.code:
        return ""
    system = next(
        (f for f in answers.series(results, one.id, whole.code) if f.month == figure.month),
        None,
    )
    if system is None or system.value is None:
        return ""
    verdict = compared(figure.value, figure.lower, figure.upper, system.value, one.polarity)
    shown = answers.scale_of(one).shown(system.value)
    words = {
        "better": _("Better than %(system)s (%(value)s)"),
        "worse": _("Worse than %(system)s (%(value)s)"),
        "similar": _("Similar to %(system)s (%(value)s)"),
        "higher": _("Higher than %(system)s (%(value)s)"),
        "lower": _("Lower than %(system)s (%(value)s)"),
    }
    said = words.get(verdict)
    return said % {"system": whole.name, "value": shown} if said else ""
