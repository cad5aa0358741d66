"""The profile of an area: what stands out, then every measure against the system and the area's peers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.core.cache import caches
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from joinedup.access import requires
from joinedup.measures import answers
from joinedup.measures.answers import MANY, ProfileRow
from joinedup.measures.charts import spine_chart
from joinedup.measures.charts.spine_chart import LETTERS
from joinedup.measures.charts.trend import Trend, trends
from joinedup.measures.results import AreaName, Results
from joinedup.measures.standing import how_far
from joinedup.measures.views.parts import (
    KINDS,
    area_choices,
    area_href,
    crumbs,
    figure_row,
    file_notes,
    icons_of,
    measure_href,
    opened,
    source,
    status_columns,
)
from joinedup.ui import Column, Crumb, Page, Table

MOST_NAMED = 5
EDITION = 2  # change it when the same figures are to be judged differently


@dataclass(frozen=True, slots=True)
class Drawn:
    """A picture that needs no drawing any more, as `{{ chart(c) }}` shows it."""

    svg: str
    title: str
    summary: str
    table: Table


@requires("measures.read")
@require_safe
def area(request: Any, code: str) -> HttpResponseBase:
    results, _month = opened(request)
    found = results.area(code)
    # An area that is no more has no latest figures: its months can still be opened, and the page says where they went.
    is_gone = found.ended is not None and found.ended <= results.months[-1]
    rows = [] if is_gone else answers.profile(results, found.code)
    whole = results.area(results.system)
    is_whole = found.code == whole.code
    concerns, gains = _signals(results, found, rows)
    parent = results.area(found.part_of) if found.part_of else None
    tables = [
        _short_table(found, whole, theme, [row for row in rows if row.definition.theme == theme], number)
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
        is_gone=is_gone,
        held=[{"title": one.title, "href": measure_href(one.id, found.code)} for one in answers.held(results)]
        if is_gone
        else [],
        choices=area_choices(results, found.code),
        worse=_standing_out(rows, "worse", found),
        better=_standing_out(rows, "better", found),
        concerns=concerns,
        gains=gains,
        spine=None if is_whole or not rows else _spine(results, found, whole, rows),
        tables=tables,
        everything=_table(results, found, whole, rows) if is_whole else None,
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
    key = f"measures-signals-{EDITION}-{results.snapshot_id}-{results.made_at}-{area.code}"
    kept = caches["default"].get(key)
    if kept is None:
        series = answers.all_series(results, area.code)
        found = trends([(row.definition, series.get(row.definition.id, [])) for row in rows])
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
        # A signal of an earlier month is no news where the latest may not be shown.
        if name in by_id and by_id[name].figure.value is not None
    ]
    return (
        [one for one in said if one["is_concern"]][:MOST_NAMED],
        [one for one in said if not one["is_concern"]][:MOST_NAMED],
    )


def _spine(results: Results, area: AreaName, whole: AreaName, rows: Sequence[ProfileRow]) -> Drawn:
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
    title = _("%(area)s against %(system)s") % {"area": area.name, "system": whole.name}
    return Drawn(
        svg=spine_chart.spine_svg(drawn, title=title),
        title=title,
        summary=spine_chart.spine_summary(drawn, area=area.name, system=whole.name)
        + " "
        + _(
            "Each row has a scale of its own: the red line is the system, the light bar reaches from the lowest to the "
            "highest of the %(many)s, the dark one holds their middle half. Where a measure has a better direction, "
            "better is to the right."
        )
        % {"many": MANY[area.kind]},
        table=_table(results, area, whole, rows),
    )


def _table(results: Results, area: AreaName, whole: AreaName, rows: Sequence[ProfileRow]) -> Table:
    """Answer every measure with all that belongs to it: the table beside the spine chart, and the file."""
    columns = [
        Column("title", _("Measure"), "link", "href"),
        Column("theme", _("Theme"), where="file"),
        Column("unit", _("Unit")),
        Column("month", _("Month")),
        Column("numerator", _("Counted"), "number", mark_key="numerator_mark"),
        Column("denominator", _("Of"), "number", mark_key="denominator_mark"),
        Column("value", _("Value"), "number", decimals=1, mark_key="mark"),
        Column("interval", _("95% interval"), where="page"),
        Column("lower", _("95% from"), "number", where="file"),
        Column("upper", _("95% to"), "number", where="file"),
    ]
    if area.code != whole.code:
        columns += [
            Column("system", _("System"), "number", decimals=1, note=whole.name),
            Column("verdict", _("Against the system"), note="Whether the 95% interval lies wholly beside it (PD14)."),
            Column("peers", _("Areas of its kind with a figure"), "number", where="file"),
            Column("lowest", _("Lowest of them"), "number", where="file"),
            Column("highest", _("Highest of them"), "number", where="file"),
        ]
    columns += status_columns(row.figure for row in rows)
    return Table(
        columns,
        [
            figure_row(
                row.figure,
                row.scale,
                title=row.definition.title,
                href=measure_href(row.definition.id, area.code),
                theme=row.definition.theme,
                unit=row.definition.unit or row.definition.kind,
                month=f"{row.figure.month:%b %Y}",
                system=row.system,
                verdict=_verdict(row),
                peers=row.peers,
                lowest=row.lowest,
                highest=row.highest,
            )
            for row in rows
        ],
        caption=_("All measures of %(area)s") % {"area": area.name},
        name="profile",
        per_page=0,
        source=source(results),
        file_notes=[f"area: {area.name} ({area.code}), {KINDS[area.kind].lower()}", *file_notes(results)],
        empty=_("No measure has a figure for this area."),
    )


def _short_table(area: AreaName, whole: AreaName, theme: str, rows: Sequence[ProfileRow], number: int) -> Table:
    """Answer the measures of one theme, as much of them as fits a narrow page."""
    columns = [
        Column("title", _("Measure"), "link", "href"),
        Column("shown", _("Value"), mark_key="mark"),
        Column("interval", _("95% interval")),
    ]
    if area.code != whole.code:
        columns += [Column("system", _("System")), Column("verdict", _("Against the system"))]
    return Table(
        columns,
        [
            {
                "title": row.definition.title,
                "href": measure_href(row.definition.id, area.code),
                "shown": row.scale.shown(row.figure.value),
                "mark": row.figure.mark,
                "interval": row.figure.interval_shown(row.scale),
                "system": row.scale.shown(row.system),
                "verdict": _verdict(row),
            }
            for row in rows
        ],
        caption=theme,
        name=f"theme{number}",
        per_page=0,
        can_filter=False,
        can_sort=False,
        can_download=False,
    )


def _verdict(row: ProfileRow) -> str:
    letter, words, _colour, _shape = LETTERS[row.verdict]
    return f"{letter}: {words.lower()}"
