"""The profile of an area: what stands out, then every measure against the system and the area's peers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from django.core.cache import caches
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from joinedup.access import requires
from joinedup.measures import answers, spine_chart
from joinedup.measures.answers import MANY, ProfileRow
from joinedup.measures.results import AreaName, Results
from joinedup.measures.spine_chart import LETTERS
from joinedup.measures.standing import how_far
from joinedup.measures.trend import Trend, trends
from joinedup.measures.views.parts import (
    KINDS,
    STATUS,
    area_choices,
    area_href,
    crumbs,
    figure_row,
    file_notes,
    icons_of,
    measure_href,
    opened,
    source,
)
from joinedup.ui import Chart, Column, Crumb, Page, Table

MOST_NAMED = 5


@requires("measures.read")
@require_safe
def area(request: Any, code: str) -> HttpResponseBase:
    results, _month = opened(request)
    found = results.area(code)
    rows = answers.profile(results, found.code)
    whole = results.area(results.system)
    is_whole = found.code == whole.code
    concerns, gains = _signals(results, found, rows)
    parent = results.area(found.part_of) if found.part_of else None
    tables = [
        _table(results, found, whole, theme, [row for row in rows if row.definition.theme == theme], number)
        for number, theme in enumerate(dict.fromkeys(row.definition.theme for row in rows))
    ]
    return Page(
        request,
        "measures/area.jinja",
        title=found.name,
        breadcrumbs=crumbs(*([Crumb(parent.name, area_href(parent.code))] if parent else [])),
        area=found,
        kind=KINDS[found.kind],
        whole=whole,
        is_whole=is_whole,
        choices=area_choices(results, found.code),
        worse=_standing_out(rows, "worse", found),
        better=_standing_out(rows, "better", found),
        concerns=concerns,
        gains=gains,
        spine=None if is_whole or not rows else _spine(results, found, whole, rows),
        tables=tables,
        parts=[
            {"name": part.name, "href": area_href(part.code)}
            for part in answers.areas_on(results)
            if part.part_of == found.code
        ],
        became=results.area(found.became) if found.became and found.became in _codes(results) else None,
        results=results,
    ).response()


def _codes(results: Results) -> set[str]:
    return {one.code for one in results.areas()}


def _standing_out(rows: Sequence[ProfileRow], verdict: str, area: AreaName) -> list[dict[str, Any]]:
    """Answer the measures that differ most from the system, by how sure the difference is."""
    found = [row for row in rows if row.verdict == verdict]
    found.sort(key=lambda row: -_far(row))
    return [
        {
            "title": row.definition.title,
            "href": measure_href(row.definition.id, area.code),
            "said": row.figure.said(row.scale),
            "system": row.scale.shown(row.system),
        }
        for row in found[:MOST_NAMED]
    ]


def _far(row: ProfileRow) -> float:
    figure = row.figure
    if figure.value is None or figure.lower is None or figure.upper is None or row.system is None:
        return 0.0
    return how_far(figure.value, figure.lower, figure.upper, row.system)


def _signals(results: Results, area: AreaName, rows: Sequence[ProfileRow]) -> tuple[list[Any], list[Any]]:
    """Answer the measures whose last month is a concern, the most urgent first, and those that improve."""
    # Results never change under their snapshot and time of making, so what follows from them is kept.
    key = f"measures-signals-{results.snapshot_id}-{results.made_at}-{area.code}"
    kept = caches["default"].get(key)
    if kept is None:
        found = trends([(row.definition, answers.series(results, row.definition.id, area.code)) for row in rows])
        kept = [(name, trend) for name, trend in found.items() if trend.variation in {"concern", "improvement"}]
        caches["default"].set(key, kept)
    by_id = {row.definition.id: row for row in rows}
    ordered: list[tuple[str, Trend]] = sorted(kept, key=lambda item: item[1].urgency)
    said = [
        {
            "title": by_id[name].definition.title,
            "href": measure_href(name, area.code) + "#trend",
            "icons": icons_of(trend),
            "said": by_id[name].figure.said(by_id[name].scale),
            "is_concern": trend.is_concern,
        }
        for name, trend in ordered
        if name in by_id
    ]
    return (
        [one for one in said if one["is_concern"]][:MOST_NAMED],
        [one for one in said if not one["is_concern"]][:MOST_NAMED],
    )


def _spine(results: Results, area: AreaName, whole: AreaName, rows: Sequence[ProfileRow]) -> Chart:
    drawn = [
        spine_chart.Row(
            row.definition.title,
            row.figure.value,
            row.figure.value_shown(row.scale),
            row.system,
            row.scale.shown(row.system) or "–",
            row.lowest,
            row.low_quarter,
            row.high_quarter,
            row.highest,
            row.definition.polarity,
            row.verdict,
        )
        for row in rows
    ]
    return Chart(
        spine_chart.spine_spec(drawn, area=area.name, system=whole.name),
        title=_("%(area)s against %(system)s") % {"area": area.name, "system": whole.name},
        summary=spine_chart.spine_summary(drawn, area=area.name, system=whole.name)
        + " "
        + _(
            "Each row has a scale of its own: the red line is the system, the light bar reaches from the lowest to the "
            "highest of the %(many)s, the dark one holds their middle half. Where a measure has a better direction, "
            "better is to the right."
        )
        % {"many": MANY[area.kind]},
        table=_table(results, area, whole, "", rows, 99),
    )


def _table(
    results: Results, area: AreaName, whole: AreaName, theme: str, rows: Sequence[ProfileRow], number: int
) -> Table:
    is_whole = area.code == whole.code
    columns = [
        Column("title", _("Measure"), "link", "href"),
        Column("unit", _("Unit")),
        Column("month", _("Month")),
        Column("numerator", _("Counted"), "number", mark_key="numerator_mark"),
        Column("denominator", _("Of"), "number", mark_key="denominator_mark"),
        Column("value", _("Value"), "number", decimals=1, mark_key="mark"),
        Column("lower", _("95% from"), "number", decimals=1),
        Column("upper", _("95% to"), "number", decimals=1),
    ]
    if not is_whole:
        columns += [
            Column("system", _("System"), "number", decimals=1, note=whole.name),
            Column("verdict", _("Against the system"), note="Whether the 95% interval lies wholly beside it (PD14)."),
        ]
    columns.append(STATUS)
    return Table(
        columns,
        [
            figure_row(
                row.figure,
                title=row.definition.title,
                href=measure_href(row.definition.id, area.code),
                unit=row.definition.unit or row.definition.kind,
                month=_short(row.figure.month),
                system=row.system,
                verdict=f"{LETTERS[row.verdict][0]}: {LETTERS[row.verdict][1].lower()}",
            )
            for row in rows
        ],
        caption=theme or _("All measures of %(area)s") % {"area": area.name},
        name=f"theme{number}" if theme else "profile",
        per_page=0,
        can_filter=False,
        source=source(results),
        file_notes=[f"area: {area.name} ({area.code}), {KINDS[area.kind].lower()}", *file_notes(results)],
        empty=_("No measure has a figure for this area."),
    )


def _short(month: date) -> str:
    return f"{month:%b %Y}"
