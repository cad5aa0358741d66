"""Planned and forecast cases of a month side by side, and what capacity tables say of where demand comes from."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.translation import gettext as _

from joinedup.errors import NotFound
from joinedup.planning import words
from joinedup.planning.capacity.forecast_demand import FORECAST, PLAN, Beside
from joinedup.ui import Column, Table
from joinedup.ui.sent import without_rule

# What the tables say of where the demand comes from.
BY = {
    PLAN: {
        "taken": "Taken by the plan",
        "needed": "Needed by the plan",
        "gap": "Short (+) or spare (−) by the plan",
        "hours": "Open hours that the plan takes (%)",
        "most": "The plans need the most beds in %(month)s: %(need)s, with %(have)s there.",
        "year": "Beds that the plans need by month",
    },
    FORECAST: {
        "taken": "Taken by the forecast",
        "needed": "Needed by the forecast",
        "gap": "Short (+) or spare (−) by the forecast",
        "hours": "Open hours that the forecast takes (%)",
        "most": "Activity as counted and forecast needs the most beds in %(month)s: %(need)s, with %(have)s there.",
        "year": "Beds that activity needs by month, as counted and forecast",
    },
}
SOURCES = {
    PLAN: "capacity returns of %(month)s; activity of the submitted plans",
    FORECAST: "capacity returns of %(month)s; forecast activity, shared among providers as their plans share it",
}


def forecast_table(found: Sequence[Beside], month: str) -> Table:
    """Answer the cases that are planned beside those that are forecast, in the whole system."""
    rows = [
        {
            "pod": ", ".join(words.code_name("pod", pod) for pod in one.pods),
            "planned": one.planned,
            "point": one.expected.point if one.expected else None,
            "lower": one.expected.lower if one.expected else None,
            "upper": one.expected.upper if one.expected else None,
            "differs": (one.share() - 1) * 100 if one.expected and one.planned else None,
            "how": _how(one),
        }
        for one in found
    ]
    return Table(
        [
            Column("pod", _("Point of delivery")),
            Column("planned", _("Planned"), "number", decimals=0),
            Column("point", _("Forecast"), "number", decimals=0),
            Column("lower", _("At least"), "number", decimals=0),
            Column("upper", _("At most"), "number", decimals=0),
            Column("differs", _("More than planned (%)"), "number", decimals=1),
            Column("how", _("How it is known")),
        ],
        rows,
        caption=_("Cases planned and forecast in %(month)s, the whole system") % {"month": words.period_name(month)},
        name="beside",
        notes=[
            _("At least and at most: the limits between which 4 months of 5 are to lie. What is not forecast counts as "
              "planned."),
        ],
        per_page=0,
        can_filter=False,
    )  # fmt: skip


def _how(one: Beside) -> str:
    if one.expected is None:
        return without_rule(NotFound(one.why))
    return str(_("counted already") if one.expected.is_counted else _("forecast"))
