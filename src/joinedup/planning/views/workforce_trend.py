"""How staff in post and vacancies went, month by month of the rosters that are kept."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from django.utils.translation import gettext as _

from joinedup.planning import words
from joinedup.planning.views import parts
from joinedup.planning.workforce import rosters_as_kept
from joinedup.planning.workforce.rosters import StaffSum, whole
from joinedup.ui import Chart, Column, Table

MOST = 13  # months


def trend_chart(months: Sequence[str], fitting: Callable[[Sequence[StaffSum]], Sequence[StaffSum]]) -> Chart | None:
    """Answer staff in post and posts over the latest months, the earliest first; None for a single month."""
    rows: list[parts.Row] = []
    for month in sorted(months)[-MOST:]:
        one = whole(fitting(rosters_as_kept.staff_of(rosters_as_kept.newest(month))))
        rate = one.staffing.vacancy_rate
        rows.append(
            {
                "month": words.period_name(month),
                "on": f"{month}-01",
                "headcount": one.headcount,
                "establishment": one.staffing.establishment,
                "in_post": one.staffing.in_post,
                "rate": None if rate is None else rate * 100,
            }
        )
    if len(rows) < 2 or not rows[-1]["headcount"]:
        return None
    first, last = rows[0], rows[-1]
    change = last["in_post"] - first["in_post"]
    said = _("Staff in post went from %(first)s WTE in %(then)s to %(last)s WTE in %(now)s (%(change)s).") % {
        "first": f"{first['in_post']:,.0f}", "then": first["month"], "last": f"{last['in_post']:,.0f}",
        "now": last["month"], "change": f"{change:+,.0f}",
    }  # fmt: skip
    return Chart(
        _drawn(rows),
        title=_("Posts and staff in post"),
        summary=said,
        table=Table(
            [
                Column("month", _("Month")),
                Column("headcount", _("People"), "number"),
                Column("establishment", _("Posts (WTE)"), "number", decimals=1),
                Column("in_post", _("In post (WTE)"), "number", decimals=1),
                Column("rate", _("Vacant (%)"), "number", decimals=1),
            ],
            rows,
            caption=_("Posts and staff in post by month"),
            name="trend",
            notes=[_("Only partners whose roster of a month is kept count in it.")],
            per_page=0,
            can_filter=False,
        ),
    )


def _drawn(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    names = {"establishment": _("Posts"), "in_post": _("In post")}
    values = [{"month": row["on"], "wte": float(row[key]), "what": name} for row in rows for key, name in names.items()]
    x = {"field": "month", "type": "temporal", "timeUnit": "utcyearmonth", "title": None,
         "axis": {"format": "%b %Y", "labelOverlap": True, "values": [row["on"] for row in rows]}}  # fmt: skip
    y = {"field": "wte", "type": "quantitative", "title": _("WTE"), "scale": {"zero": False, "nice": True}}
    colour = {"field": "what", "type": "nominal", "title": None, "legend": {"orient": "top"}}
    return {
        "width": 620,
        "height": 240,
        "data": {"values": values},
        "encoding": {"x": x, "y": y, "color": colour},
        "layer": [
            {"mark": {"type": "line"}, "encoding": {"strokeDash": {"field": "what", "legend": None}}},
            {"mark": {"type": "point"}, "encoding": {"shape": {"field": "what", "legend": None}}},
        ],
    }
