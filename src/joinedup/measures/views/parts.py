"""What the pages of this room share: the results and the month they show, columns, crumbs, and what a file says."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext as _

from joinedup.measures import answers
from joinedup.measures.charts.icons import icon_of
from joinedup.measures.charts.spc_chart import icon_svg
from joinedup.measures.charts.trend import Trend
from joinedup.measures.definition import PURPOSES, MeasureDefinition
from joinedup.measures.figure import SUPPRESSED, Figure, Scale
from joinedup.measures.results import AreaName, Results, open_results
from joinedup.ui import Column, Crumb

Row = dict[str, Any]
KINDS = {"system": "System", "place": "Place", "neighbourhood": "Neighbourhood", "practice": "GP practice"}
HEADS = {"system": "System", "place": "Places", "neighbourhood": "Neighbourhoods", "practice": "GP practices"}
FORMULAS = {
    "proportion": "numerator ÷ denominator × 100; 95% limits by Wilson (rules PD2)",
    "rate": "numerator ÷ denominator × {multiplier:,.0f}; 95% limits by Byar, exact below 10 events (rules PD3, PD4)",
    "mean": "mean of those who have a value; 95% limits by Student's t (rule PD8)",
    "count": "a count; 95% limits by Byar, exact below 10 (rule PD3)",
}
DISCLOSURE = (
    "mode nhs (rules PE1 to PE7): 0 stays 0, 1 to 7 is *, other counts to the nearest 5; ratios from protected counts "
    "only; a value that is not given has its reason in the column “Status”"
)


def opened(request: Any) -> tuple[Results, date | None]:
    """Answer the latest results, and the month that the day of the site asks for; None is the latest month."""
    results = open_results()
    return results, answers.month_for(results, None if request.is_now else request.moment.valid_on)


def crumbs(*more: Crumb) -> list[Crumb]:
    return [Crumb("joinedup", "/"), Crumb(_("Measures"), reverse("measures:start")), *more]


def area_href(code: str) -> str:
    return reverse("measures:area", args=[code])


def measure_href(measure: str, area: str, **more: str) -> str:
    return f"{reverse('measures:measure', args=[measure])}?{urlencode({'area': area, **more})}"


def why_href(measure: str, area: str) -> str:
    return f"{reverse('measures:why', args=[measure])}?{urlencode({'area': area})}"


def area_asked(results: Results, request: Any, month: date | None = None) -> AreaName:
    """Answer the area that the address names, by code or by name; the system when it names none."""
    asked = request.GET.get("area", "").strip()
    if not asked:
        return results.area(results.system)
    by_name = {area.name.casefold(): area.code for area in answers.areas_on(results, month)}
    return results.area(by_name.get(asked.casefold(), asked))


def area_choices(results: Results, chosen: str, month: date | None = None) -> list[dict[str, Any]]:
    """Answer the areas to choose from, grouped by kind, for a select box."""
    groups: dict[str, list[dict[str, Any]]] = {}
    for area in answers.areas_on(results, month):
        groups.setdefault(area.kind, []).append(
            {"code": area.code, "name": area.name, "is_chosen": area.code == chosen}
        )
    return [{"title": HEADS[kind], "areas": groups[kind]} for kind in HEADS if kind in groups]


def figure_columns(scale: Scale, figures: Sequence[Figure], *, one: MeasureDefinition) -> list[Column]:
    """Answer the columns of protected figures; each number has its mark where it may not be shown.

    A page says an interval in words, a file has its two numbers; a file always has the status.
    """
    people = _("Of") if one.kind == "proportion" else _("People")
    columns = [
        Column("numerator", _("Counted"), "number", mark_key="numerator_mark", note="The numerator, protected."),
        Column("denominator", people, "number", mark_key="denominator_mark", note="The denominator, protected."),
        Column("value", scale.title, "number", decimals=scale.decimals, mark_key="mark", note=one.unit),
        Column("interval", _("95% interval"), where="page"),
        Column("lower", _("95% from"), "number", where="file"),
        Column("upper", _("95% to"), "number", where="file"),
    ]
    if one.standardise:
        is_there = any(figure.standardised_said(scale) for figure in figures)
        columns += [
            *([Column("standardised_said", _("Age-standardised"), where="page")] if is_there else []),
            Column("standardised", _("Age-standardised"), "number", where="file", note="Rule PD5, ESP 2013."),
            Column("standardised_lower", _("Age-standardised, 95% from"), "number", where="file"),
            Column("standardised_upper", _("Age-standardised, 95% to"), "number", where="file"),
            Column("standardised_status", _("Age-standardised, status"), where="file"),
        ]
    without = {"mean": {"numerator"}, "count": {"numerator", "denominator"}}.get(one.kind, set())
    return [column for column in columns if column.key not in without]


def status_columns(figures: Iterable[Figure]) -> list[Column]:
    """Answer the column that says why a value is not given: in a file always, on a page where `*` does not say it."""
    is_needed = any(figure.value is None and figure.status != SUPPRESSED for figure in figures)
    note = "Why a value is not given; empty where it is."
    return [Column("status", _("Status"), note=note, where="everywhere" if is_needed else "file")]


def figure_row(figure: Figure, scale: Scale, **more: Any) -> Row:
    return {
        "numerator": figure.numerator,
        "numerator_mark": figure.numerator_shown,
        "denominator": figure.denominator,
        "denominator_mark": figure.denominator_shown,
        "value": figure.value,
        "mark": figure.mark if figure.mark == "*" else ("–" if figure.mark else ""),
        "interval": figure.interval_shown(scale),
        "lower": figure.lower,
        "upper": figure.upper,
        "standardised": figure.standardised,
        "standardised_said": _(figure.standardised_said(scale)) if figure.standardised_said(scale) else "",
        "standardised_lower": figure.standardised_lower,
        "standardised_upper": figure.standardised_upper,
        "standardised_status": figure.standardised_status,
        "status": figure.status,
        **more,
    }


def source(results: Results) -> str:
    return _("snapshot %(snapshot)s; figures made on %(day)s") % {
        "snapshot": results.snapshot_id,
        "day": _day(results.made_at),
    }


def file_notes(results: Results, one: MeasureDefinition | None = None) -> list[str]:
    """Answer what a file says of its figures: the definition, the formula, disclosure, the snapshot and the code."""
    notes = []
    if one is not None:
        notes += [
            f"measure: {one.id}, {one.title}",
            f"meaning: {one.meaning}",
            f"definition: {one.standard}; digest {one.digest}",
            f"formula: {FORMULAS[one.kind].format(multiplier=one.multiplier)}",
            "age-standardised by the European Standard Population 2013 (rule PD5)" if one.standardise else "",
            f"purposes: {'; '.join(PURPOSES[purpose] for purpose in one.purposes)}",
        ]
    notes += [
        f"disclosure control: {DISCLOSURE}",
        f"snapshot: {results.snapshot_id}; figures made at {results.made_at}",
        f"code version: {results.manifest.get('code_version', 'not recorded')}",
    ]
    if results.is_simulated:
        notes.append("simulated residents: nobody real is described")
    return [note for note in notes if note]


def icons_of(trend: Trend) -> list[dict[str, str]]:
    """Answer the icons of a trend, each its picture and the text that must stand beside it."""
    found = [icon_of(trend.variation, trend.direction), icon_of(trend.assurance)]
    return [{"svg": icon_svg(icon), "text": icon.text} for icon in found if icon is not None]


def _day(instant: str) -> str:
    from datetime import datetime

    from joinedup.ui import day

    return day(datetime.fromisoformat(instant.replace("Z", "+00:00")).date())
