"""The pictures of a measure's page, each with the table of its figures: trend, map, funnel, gradients."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any
from urllib.parse import urlencode

from django.core.cache import caches
from django.urls import reverse
from django.utils.translation import gettext as _

from joinedup.measures import answers
from joinedup.measures.answers import MANY
from joinedup.measures.charts import funnel_chart, gradient_chart, inequality_said, spc_chart
from joinedup.measures.charts.funnel_points import funnel_of
from joinedup.measures.charts.icons import icon_of
from joinedup.measures.charts.trend import trends
from joinedup.measures.definition import MeasureDefinition
from joinedup.measures.figure import SUPPRESSED, Figure, Scale, month_shown
from joinedup.measures.results import AreaName, Results
from joinedup.measures.views.parts import (
    HEADS,
    figure_columns,
    figure_row,
    file_notes,
    icons_of,
    measure_href,
    source,
    status_columns,
)
from joinedup.system import Picture, shapes_of
from joinedup.ui import Chart, Column, Feature, Map, Table, tile
from joinedup.ui.maps import DrawnMap

EDITION = 1  # change it when the same figures are to be drawn differently
FEWEST_IN_FUNNEL = 5


def compare_href(one: MeasureDefinition, area: AreaName) -> str:
    return f"{reverse('measures:compare')}?{urlencode({'measure': one.id, 'area': area.code})}"


def trend(
    results: Results, one: MeasureDefinition, area: AreaName, month: date | None
) -> tuple[Chart | None, list[dict[str, str]], list[str]]:
    """Answer the trend of a measure as an SPC chart, its icons and what to know about it."""
    figures = [f for f in answers.series(results, one.id, area.code) if month is None or f.month <= month]
    scale = answers.scale_of(one)
    found = trends([(one, figures)]).get(one.id)
    if found is None:
        return None, [], [_("Fewer than two months have a figure that may be shown, so there is no trend.")]
    counts = [f.numerator for f in figures if f.numerator is not None] if one.kind in {"proportion", "rate"} else []
    notes = spc_chart.notes_on(found.points, kind=one.kind, counts=counts, overlap=found.overlap)
    target = scale.shown(one.target) if one.target is not None else ""
    by_month = {point.month: point for point in found.points}
    columns = [
        Column("when", _("Month"), where="page"),
        Column("month", _("Month"), "date", where="file"),
        *figure_columns(scale, figures, one=one),
        *([] if found.overlap else _columns_of_limits(scale)),
        *status_columns(figures),
    ]
    rows = [
        figure_row(
            figure,
            scale,
            when=month_shown(figure.month),
            month=figure.month,
            mean=by_month[figure.month].mean,
            limits=_between(scale, by_month[figure.month]),
            low_limit=by_month[figure.month].lower,
            high_limit=by_month[figure.month].upper,
            signal=spc_chart.SIGNALS.get(by_month[figure.month].signal, by_month[figure.month].signal),
        )
        for figure in figures
    ]
    chart = Chart(
        spc_chart.spc_spec(found.points, title=scale.title, target=one.target),
        title=_("Month by month: %(area)s") % {"area": area.name},
        summary=spc_chart.spc_summary(
            found.points,
            icon=icon_of(found.variation, found.direction),
            assurance=icon_of(found.assurance),
            target_shown=target,
        ),
        table=Table(
            columns,
            rows,
            caption=_("%(measure)s, %(area)s, month by month") % {"measure": one.title, "area": area.name},
            name="months",
            per_page=12,
            can_filter=False,
            can_sort=False,
            source=source(results),
            file_notes=[*notes, *file_notes(results, one)],
        ),
    )
    return chart, icons_of(found), [note for note in notes if note not in spc_chart.gaps_said(found.points)]


def _columns_of_limits(scale: Scale) -> list[Column]:
    return [
        Column("mean", _("Mean"), "number", decimals=scale.decimals),
        Column("limits", _("Limits"), where="page"),
        Column("low_limit", _("Lower limit"), "number", where="file"),
        Column("high_limit", _("Upper limit"), "number", where="file"),
        Column("signal", _("Signal"), note="Rules of XmR charts (PD15): the first that is hit labels the point."),
    ]


def _between(scale: Scale, point: spc_chart.Point) -> str:
    return "" if point.lower is None else f"{scale.number(point.lower)} to {scale.number(point.upper)}"


def areas_table(
    results: Results, one: MeasureDefinition, kind: str, figures: Sequence[Figure], name: str, **more: Any
) -> Table:
    names = {area.code: area.name for area in results.areas(kind)}
    scale = answers.scale_of(one)
    extra: dict[str, str] = more.get("significance", {})
    rows = [
        figure_row(
            figure,
            scale,
            name=names.get(figure.area, figure.area),
            href=measure_href(one.id, figure.area),
            significance=extra.get(figure.area, ""),
        )
        for figure in figures
    ]
    columns = [
        Column("name", _("Area"), "link", "href"),
        *figure_columns(scale, figures, one=one),
        *(
            [Column("significance", _("Against the average"), note="Funnel limits of the rule book (PD12).")]
            if extra
            else []
        ),
        *status_columns(figures),
    ]
    when = month_shown(figures[0].month) if figures else ""
    return Table(
        columns,
        rows,
        caption=_("%(measure)s: %(kind)s, %(month)s") % {"measure": one.title, "kind": HEADS[kind], "month": when},
        name=name,
        source=source(results),
        notes=[_("In the order of their names: this is no league table.")],
        file_notes=file_notes(results, one),
        empty=_("No area of this kind has figures."),
    )


def map_of_areas(
    request: Any, results: Results, one: MeasureDefinition, area: AreaName, month: date
) -> DrawnMap | None:
    """Answer the map of the neighbourhoods, or of the places when a place is asked for; suppressed ones hatched."""
    kind = "place" if area.kind == "place" else "neighbourhood"
    figures = answers.across(results, one.id, kind, month)
    if not figures:
        kind = "place"
        figures = answers.across(results, one.id, kind, month)
    if not figures:
        return None
    names = {found.code: found.name for found in results.areas(kind)}
    title = _("%(kind)s on a map, %(month)s") % {"kind": HEADS[kind], "month": month_shown(month)}
    scale = answers.scale_of(one)
    codes = [figure.area for figure in figures]
    shapes = shapes_of(Picture(request.moment), codes)
    asked = area.code if area.code in codes else ""
    key = f"measures-map-{EDITION}-{results.snapshot_id}-{results.made_at}-{one.id}-{kind}-{month}-{asked}-" + (
        shapes.mark if shapes else "tiles"
    )
    drawn = caches["drawings"].get(_plain(key))
    if drawn is None:
        made = _map(one, figures, names, shapes, title, scale, asked)
        drawn = (made.svg, made.keys)
        caches["drawings"].set(_plain(key), drawn)
    hidden = [figure for figure in figures if figure.value is None]
    held = [figure for figure in figures if figure.value is not None]
    words = []
    if len(held) > 1:
        low, high = min(held, key=lambda f: f.value or 0.0), max(held, key=lambda f: f.value or 0.0)
        words.append(
            _("From %(low)s (%(low_area)s) to %(high)s (%(high_area)s).")
            % {
                "low": scale.shown(low.value),
                "low_area": names[low.area],
                "high": scale.shown(high.value),
                "high_area": names[high.area],
            }
        )
    elif held:
        words.append(f"{names[held[0].area]}: {scale.shown(held[0].value)}.")
    if hidden:
        words.append(_("Without a figure: %(names)s.") % {"names": ", ".join(names[f.area] for f in hidden)})
    if shapes is None:
        words.append(_("Each square is an area; where it stands says nothing about where it lies."))
    elif shapes.projection == "identity":
        words.append(_("Each square is a simulated small area; where it stands says nothing about where it lies."))
    return DrawnMap(
        title,
        " ".join(words),
        areas_table(results, one, kind, figures, "map"),
        drawn[0],
        drawn[1],
        scale.title if one.kind != "proportion" else one.unit or "%",
    )


def _plain(key: str) -> str:
    return "".join(character if character.isalnum() or character in "-_." else "_" for character in key)[:240]


def _map(
    one: MeasureDefinition,
    figures: Sequence[Figure],
    names: dict[str, str],
    shapes: Any,
    title: str,
    scale: Scale,
    asked: str,
) -> Map:
    geometry = dict(shapes.by_code) if shapes else {f.area: tile(n % 6, n // 6) for n, f in enumerate(figures)}
    features = [
        Feature(
            figure.area,
            names[figure.area],
            geometry[figure.area],
            value=None if figure.value is None else round(figure.value, scale.decimals),
            href=measure_href(one.id, figure.area),
            detail=figure.said(scale),
            is_hatched=figure.status == SUPPRESSED,
        )
        for figure in figures
    ]
    return Map(
        features,
        title=title,
        summary="",
        table=Table([Column("name", "Name")], [], caption="", name="none"),
        outlines=[Feature(asked, names[asked], geometry[asked])] if asked else (),
        projection=shapes.projection if shapes else "identity",
    )


def funnel(results: Results, one: MeasureDefinition, area: AreaName, month: date) -> Chart | Table | None:
    """Answer how areas differ by more than chance, from protected counts; a table where there is no funnel."""
    kind = "neighbourhood" if area.kind == "neighbourhood" else "practice"
    figures = answers.across(results, one.id, kind, month)
    if not any(figure.value is not None for figure in figures):
        kind = "neighbourhood"
        figures = answers.across(results, one.id, kind, month)
    names = {found.code: found.name for found in results.areas(kind)}
    found = funnel_of(one, figures, names, area.code) if one.kind in {"proportion", "rate"} else None
    if found is None or len(found.dots) < FEWEST_IN_FUNNEL:
        return areas_table(results, one, kind, figures, "funnel") if figures else None
    scale = answers.scale_of(one)
    said = {dot.code: funnel_chart.SIGNIFICANCE[dot.significance][0] for dot in found.dots}
    return Chart(
        funnel_chart.funnel_spec(
            found.dots, found.curves, average=found.average, title=scale.title, size_title=found.size_title
        ),
        title=_("Do %(kind)s differ by more than chance?") % {"kind": MANY[kind]},
        summary=funnel_chart.funnel_summary(
            found.dots, kind_many=MANY[kind], left_out=sum(figure.value is None for figure in figures)
        ),
        table=areas_table(results, one, kind, figures, "funnel", significance=said),
    )


def gradient(results: Results, one: MeasureDefinition, area: AreaName, breakdown: str, month: date) -> Chart | None:
    """Answer a measure by the groups of a breakdown; by deprivation with the slope, where one may be given."""
    figures = answers.groups(results, one.id, area.code, breakdown, None if area.kind != "system" else month)
    if not figures:
        return None
    scale = answers.scale_of(one)
    bars = [
        gradient_chart.Bar(
            answers.band_name(breakdown, figure.band, is_short=True),
            figure.value,
            figure.lower,
            figure.upper,
            figure.value_shown(scale),
        )
        for figure in figures
    ]
    is_deprivation = breakdown.startswith("deprivation")
    slope = inequality_said.slope_of(one, figures) if is_deprivation else None
    rows = [figure_row(figure, scale, band=answers.band_name(breakdown, figure.band)) for figure in figures]
    columns = [
        Column("band", answers.breakdown_name(breakdown)),
        *figure_columns(scale, figures, one=one),
        *status_columns(figures),
    ]
    title = {
        "deprivation_national": _("By deprivation, national: fifths of England"),
        "deprivation_local": _("By deprivation, local: fifths of this system"),
        "ethnic_group": _("By ethnic group"),
        "sex": _("By sex"),
        "age_band": _("By age"),
    }[breakdown]
    return Chart(
        gradient_chart.gradient_spec(bars, title=scale.title, is_ordered=is_deprivation),
        title=title,
        summary=gradient_chart.gradient_summary(bars, slope, is_ordered=is_deprivation or breakdown == "age_band"),
        table=Table(
            columns,
            rows,
            caption=_("%(measure)s, %(area)s, %(month)s: %(title)s")
            % {
                "measure": one.title,
                "area": area.name,
                "month": month_shown(figures[0].month),
                "title": title[:1].lower() + title[1:],
            },
            name=breakdown,
            per_page=0,
            can_filter=False,
            source=source(results),
            file_notes=[
                *([gradient_chart.slope_said(slope)] if slope else []),
                *file_notes(results, one),
            ],
        ),
    )
