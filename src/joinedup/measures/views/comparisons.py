"""Comparing areas: those of a kind by one measure, or two of them by every measure. Nobody is ranked."""

from __future__ import annotations

from typing import Any

from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from joinedup.access import requires
from joinedup.errors import RuleError
from joinedup.measures import answers
from joinedup.measures.answers import MANY
from joinedup.measures.definition import MeasureDefinition
from joinedup.measures.figure import Figure, Scale, month_shown
from joinedup.measures.results import AreaName, Results
from joinedup.measures.standing import compared, difference
from joinedup.measures.views.parts import (
    HEADS,
    KINDS,
    area_choices,
    area_href,
    crumbs,
    figure_columns,
    figure_row,
    file_notes,
    measure_href,
    opened,
    source,
    status_columns,
)
from joinedup.ui import Column, Page, Table

WORDS = {
    "better": "Better",
    "worse": "Worse",
    "similar": "Similar",
    "higher": "Higher",
    "lower": "Lower",
    "": "Not compared",
}


@requires("measures.read")
@require_safe
def compare(request: Any) -> HttpResponseBase:
    results, month = opened(request)
    given = _areas_given(request, results)
    kind = request.GET.get("kind", "") or (given[0].kind if given else "neighbourhood")
    if kind not in MANY:
        raise RuleError(f"'{kind}' is not a kind of area; expected {', '.join(MANY)}.")
    measures = answers.held(results)
    measure_id = request.GET.get("measure", "")
    one = answers.measure(results, measure_id) if measure_id else None
    table = pair = None
    if len(given) == 2:
        pair = _pair(results, given[0], given[1])
    elif one is not None:
        table = _of_kind(results, one, kind, given[0] if given else None, month)
    return Page(
        request,
        "measures/compare.jinja",
        title=_("Compare areas"),
        breadcrumbs=crumbs(),
        one=one,
        kind=kind,
        kinds=[{"key": key, "title": HEADS[key], "is_chosen": key == kind} for key in HEADS if key != "system"],
        measures=[
            {
                "theme": theme,
                "measures": [{"id": m.id, "title": m.title, "is_chosen": m.id == measure_id} for m in found],
            }
            for theme, found in answers.by_theme(measures).items()
        ],
        first_choices=area_choices(results, given[0].code if given else ""),
        second_choices=area_choices(results, given[1].code if len(given) == 2 else ""),
        given=given,
        table_of_kind=table,
        pair=pair,
        results=results,
    ).response()


def _areas_given(request: Any, results: Results) -> list[AreaName]:
    """Answer the one or two areas that the address names, as `area` and `with`, or as `areas` with a comma."""
    named = [request.GET.get("area", ""), request.GET.get("with", "")]
    named += request.GET.get("areas", "").split(",")
    codes = list(dict.fromkeys(name.strip() for name in named if name.strip()))
    if len(codes) > 2:
        raise RuleError(f"{len(codes)} areas given; expected one or two. All areas of a kind: choose a measure.")
    return [results.area(code) for code in codes]


def _of_kind(results: Results, one: MeasureDefinition, kind: str, asked: AreaName | None, month: Any) -> Table:
    """Answer all areas of a kind by a measure: against the system, and against the one asked for, each tested."""
    figures = answers.across(results, one.id, kind, month)
    names = {area.code: area.name for area in results.areas(kind)}
    scale = answers.scale_of(one)
    when = figures[0].month if figures else None
    system = next((f for f in answers.series(results, one.id, results.system) if f.month == when), None)
    mine = next((figure for figure in figures if asked is not None and figure.area == asked.code), None)
    rows = [
        figure_row(
            figure,
            scale,
            name=names.get(figure.area, figure.area),
            href=measure_href(one.id, figure.area),
            verdict=WORDS[
                compared(figure.value, figure.lower, figure.upper, system.value if system else None, one.polarity)
            ],
            difference=""
            if mine is None or figure.area == mine.area
            else difference(figure, mine).said(scale, one.polarity),
        )
        for figure in figures
    ]
    columns = [
        Column("name", _("Area"), "link", "href"),
        *figure_columns(scale, figures, one=one),
        Column("verdict", _("Against the system"), note="Whether the 95% interval lies wholly beside it (PD14)."),
    ]
    if mine is not None and asked is not None:
        columns.append(
            Column("difference", _("Against %(area)s") % {"area": asked.name}, note="The difference itself is tested.")
        )
    columns += status_columns(figures)
    return Table(
        columns,
        rows,
        caption=_("%(measure)s: %(kind)s, %(month)s")
        % {"measure": one.title, "kind": HEADS[kind], "month": month_shown(when) if when else ""},
        name="compared",
        per_page=50,
        source=source(results),
        notes=[
            _("The system: %(value)s.") % {"value": scale.shown(system.value) if system else "–"},
            _("In the order of their names: this is no league table."),
        ],
        file_notes=file_notes(results, one),
        empty=_("No area of this kind has figures."),
    )


def _pair(results: Results, first: AreaName, second: AreaName) -> dict[str, Any]:
    """Answer two areas by every measure, with the difference of each tested."""
    mine = {row.definition.id: row for row in answers.profile(results, first.code)}
    other = {row.definition.id: row for row in answers.profile(results, second.code)}
    within = _shares_people(results, first, second)
    rows = []
    for measure_id, row in mine.items():
        if measure_id not in other:
            continue
        scale, theirs = row.scale, other[measure_id].figure
        rows.append(
            {
                "title": row.definition.title,
                "href": measure_href(measure_id, first.code),
                "unit": row.definition.unit or row.definition.kind,
                "first_said": _said(row.figure, scale),
                "first": row.figure.value,
                "first_lower": row.figure.lower,
                "first_upper": row.figure.upper,
                "first_mark": row.figure.mark,
                "second_said": _said(theirs, scale),
                "second": theirs.value,
                "second_lower": theirs.lower,
                "second_upper": theirs.upper,
                "second_mark": theirs.mark,
                "difference": _("Not tested: they share people")
                if within
                else difference(row.figure, theirs).said(scale, row.definition.polarity),
            }
        )
    table = Table(
        [
            Column("title", _("Measure"), "link", "href"),
            Column("unit", _("Unit"), where="file"),
            *(
                column
                for key, area in (("first", first), ("second", second))
                for column in (
                    Column(f"{key}_said", area.name, mark_key=f"{key}_mark", where="page"),
                    Column(key, area.name, "number", mark_key=f"{key}_mark", where="file"),
                    Column(f"{key}_lower", _("%(area)s, 95%% from") % {"area": area.name}, "number", where="file"),
                    Column(f"{key}_upper", _("%(area)s, 95%% to") % {"area": area.name}, "number", where="file"),
                )
            ),
            Column("difference", _("Difference (first less second)"), note="The difference itself is tested (PD14)."),
        ],
        rows,
        caption=_("%(first)s and %(second)s, every measure") % {"first": first.name, "second": second.name},
        name="pair",
        per_page=0,
        source=source(results),
        file_notes=[f"areas: {first.name} ({first.code}), {second.name} ({second.code})", *file_notes(results)],
        empty=_("No measure has figures for both."),
    )
    return {
        "first": {"name": first.name, "href": area_href(first.code), "kind": KINDS[first.kind]},
        "second": {"name": second.name, "href": area_href(second.code), "kind": KINDS[second.kind]},
        "table": table,
        "within": within,
        "is_other_kind": first.kind != second.kind,
    }


def _said(figure: Figure, scale: Scale) -> str:
    """Answer a value with its interval; nothing where the mark has to stand."""
    return figure.said(scale) if figure.value is not None else ""


def _shares_people(results: Results, first: AreaName, second: AreaName) -> bool:
    """Answer whether one lies within the other, so that their figures are not of different people."""

    def above(area: AreaName) -> set[str]:
        found, known = set(), {one.code: one for one in results.areas()}
        part_of = area.part_of
        while part_of and part_of not in found:
            found.add(part_of)
            part_of = known[part_of].part_of if part_of in known else None
        return found

    return first.code == second.code or first.code in above(second) or second.code in above(first)
