"""Beds, theatres, clinics, community clinicians, emergency spaces: what plans need, what is there, what if."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from joinedup.access import requires
from joinedup.errors import NotFound, did_you_mean
from joinedup.planning import ParameterSet, services, words
from joinedup.planning.capacity import as_kept as capacity_as_kept
from joinedup.planning.capacity.as_kept import Capacity
from joinedup.planning.capacity.forecast_demand import FORECAST, LOWER, PLAN, UPPER
from joinedup.planning.capacity.position import (
    BedsNeeded,
    CapacityScenario,
    UnitsNeeded,
    system_beds,
    system_units,
)
from joinedup.planning.plans.plan_lines import year_of
from joinedup.planning.views import parts
from joinedup.planning.views.capacity_forecast import BY, SOURCES, forecast_table
from joinedup.ui import Chart, Column, Page, Table

READ = "planning.read"
SYSTEM = ""  # the row of all providers together
KINDS = {
    "theatres": "Theatres",
    "clinics": "Clinic rooms",
    "community": "Community clinicians (WTE)",
    "emergency": "Emergency department spaces",
}
# name of the box -> (label, least, most); all are per cent
BOXES = {
    "activity": ("Activity, % more (−3 is less)", -90, 200),
    "stay": ("Length of stay, % more", -90, 200),
    "occupancy": ("Beds taken at most, %", 1, 100),
    "utilisation": ("Open hours in use, %", 1, 100),
}


@dataclass(frozen=True, slots=True)
class Asked:
    """What the form says: the scenario, what was typed, and what is wrong with it."""

    scenario: CapacityScenario
    typed: dict[str, str]
    errors: list[dict[str, str]]


@requires(READ)
@require_safe
def capacity(request: Any) -> HttpResponseBase:
    """What each provider has and what the plans need of it in a month, with a scenario as the address asks for it."""
    months = capacity_as_kept.months()
    if not months:
        return Page(
            request, "planning/capacity-empty.jinja", title=_("Beds, theatres, clinics and community capacity"),
            breadcrumbs=parts.crumbs(), may_submit=parts.may(request, services.SUBMIT),
        ).response()  # fmt: skip
    month = str(request.GET.get("month", "")).strip() or months[0]
    if month not in months:
        raise NotFound(_("No capacity of %(month)s is kept.") % {"month": month} + did_you_mean(month, months))
    asked = _asked(request)
    parameters = parts.parameters()
    demand = FORECAST if request.GET.get("demand") == FORECAST else PLAN
    no_forecast = ""
    try:
        found = capacity_as_kept.capacity_in(month, parameters, asked.scenario, demand=demand)
    except NotFound as error:  # nothing to forecast from was made yet
        demand, no_forecast = PLAN, str(error)
        found = capacity_as_kept.capacity_in(month, parameters, asked.scenario)
    # Beside a scenario, or the forecast, what the plans need as they are.
    is_plain = asked.scenario.is_none and demand == PLAN
    plain = found if is_plain else capacity_as_kept.capacity_in(month, parameters)
    limits = () if demand == PLAN else tuple(
        capacity_as_kept.capacity_in(month, parameters, asked.scenario, demand=demand, which=which)
        for which in (LOWER, UPPER)
    )  # fmt: skip
    occupancy = asked.scenario.occupancy or found.assumed.occupancy
    names = parts.names_of(sorted({provider for _, provider in found.names}))
    names[SYSTEM] = _("The whole system")
    beds = [*found.beds, *_all_beds(found, occupancy)]
    return Page(
        request,
        "planning/capacity.jinja",
        title=_("Capacity in %(month)s") % {"month": words.period_name(month)},
        breadcrumbs=parts.crumbs(),
        has_error=bool(asked.errors),
        month=month,
        months=parts.items([(one, words.period_name(one)) for one in months], month),
        year=year_of(month),
        boxes=[
            {"name": name, "label": _(label), "value": asked.typed[name],
             "error": next((one for one in asked.errors if one["href"] == f"#{name}"), None)}
            for name, (label, _least, _most) in BOXES.items()
        ],
        errors=asked.errors,
        is_scenario=not is_plain,
        demands=parts.items([(PLAN, _("The submitted plans")), (FORECAST, _("The forecast"))], demand),
        is_forecast=demand == FORECAST,
        no_forecast=no_forecast,
        beside=forecast_table(found.beside, month) if found.beside else None,
        headline=_headline(found, plain, occupancy, limits),
        occupancy=occupancy * 100,
        beds=_beds(beds, names, month, demand),
        units=_units([*found.units, *system_units(found.units, SYSTEM)], found, names, month, demand),
        over_year=_over_year(month, asked.scenario, parameters, demand),
        scale=found.scale if found.scale != 1 else None,
        without_plan=[names.get(code, code) for code in found.without_plan],
        stays_missing=found.stays_missing,
    ).response(422 if asked.errors else 200)  # fmt: skip


def _asked(request: Any) -> Asked:
    typed, errors, values = {}, [], {}
    for name, (label, least, most) in BOXES.items():
        text = str(request.GET.get(name, "")).strip()
        typed[name] = text
        value: float | None = 0.0 if name in ("activity", "stay") else None
        if text:
            try:
                value = float(text.replace("−", "-").rstrip("% "))
            except ValueError:
                value = None
                errors.append(parts.error(_("Enter a number for “%(label)s”") % {"label": _(label)}, name))
            else:
                if not least <= value <= most:
                    said = {"label": _(label), "least": least, "most": most}
                    errors.append(parts.error(_("“%(label)s” must be from %(least)s to %(most)s") % said, name))
        values[name] = value
    if errors:
        return Asked(CapacityScenario(), typed, errors)
    occupancy, utilisation = values["occupancy"], values["utilisation"]
    scenario = CapacityScenario(
        values["activity"] or 0.0, values["stay"] or 0.0, occupancy / 100 if occupancy else None,
        utilisation / 100 if utilisation else None,
    )  # fmt: skip
    return Asked(scenario, typed, errors)


def _all_beds(found: Capacity, occupancy: float) -> list[BedsNeeded]:
    return [system_beds(found.beds, SYSTEM, occupancy)] if found.beds else []


def _headline(
    found: Capacity, plain: Capacity, occupancy: float, limits: tuple[Capacity, ...] = ()
) -> list[tuple[str, str, dict[str, str], str]]:
    """Answer for the whole system: what, how many are needed of how many, a tag, and what differs from the plans.

    `limits` are the same at both limits of the forecast.
    """
    between = [
        [*(one.planned.required for one in _all_beds(limit, occupancy)),
         *(one.required for one in system_units(limit.units, SYSTEM))]
        for limit in limits
    ]  # fmt: skip
    rows = []
    for now_, before in zip(_all_beds(found, occupancy), _all_beds(plain, plain.assumed.occupancy), strict=True):
        rows.append((_("General and acute beds"), now_.planned.required, now_.planned.available,
                     before.planned.required))  # fmt: skip
    pairs = zip(system_units(found.units, SYSTEM), system_units(plain.units, SYSTEM), strict=True)
    rows += [(_(KINDS[one.resource]), one.required, one.available, before.required) for one, before in pairs]
    return [
        (
            name,
            _need_said(need, have, [of[at] for of in between]),
            _tag(need - have),
            ""
            if need == before
            else _("%(change)s against the plans") % {"change": f"{need - before:+,}".replace("-", "−")},
        )
        for at, (name, need, have, before) in enumerate(rows)
    ]


def _need_said(need: int, have: float, limits: list[int]) -> str:
    said = {"need": f"{need:,}", "have": f"{have:,.0f}"}
    if limits and min(limits) < max(limits):
        said |= {"low": f"{min(limits):,}", "high": f"{max(limits):,}"}
        return str(_("%(need)s needed (%(low)s to %(high)s in 4 cases of 5), %(have)s there") % said)
    return str(_("%(need)s needed, %(have)s there") % said)


def _tag(gap: float) -> dict[str, str]:
    if gap > 0:
        return {"text": _("%(many)s short") % {"many": f"{gap:,.0f}"}, "classes": "nhsuk-tag--red"}
    if gap > -0.5:
        return {"text": _("Just enough"), "classes": "nhsuk-tag--green"}
    return {"text": _("%(many)s to spare") % {"many": f"{-gap:,.0f}"}, "classes": "nhsuk-tag--green"}


def _beds(found: Sequence[BedsNeeded], names: dict[str, str], month: str, demand: str = PLAN) -> Table:
    by = BY[demand]
    rows = []
    for one in found:
        today, planned = one.today, one.planned
        share = today.no_criteria_share
        rows.append(
            {
                "provider": names.get(one.provider, one.provider),
                "available": today.available,
                "occupied": today.occupied,
                "taken": today.occupied / today.available * 100 if today.available else None,
                "taken_said": _said(today.occupied, today.available),
                "no_criteria_said": _said(today.no_criteria_to_reside, today.occupied),
                "no_criteria": today.no_criteria_to_reside,
                "no_criteria_share": None if share is None else share * 100,
                "required_today": today.required,
                "gap_today": today.gap,
                "planned": planned.occupied,
                "required": planned.required,
                "gap": planned.gap,
            }
        )
    return Table(
        [
            Column("provider", _("Provider")),
            Column("available", _("Beds there"), "number", decimals=0),
            Column("taken_said", _("Taken"), where="page"),
            Column("occupied", _("Taken"), "number", decimals=1, where="file"),
            Column("taken", _("Taken (%)"), "number", decimals=1, where="file"),
            Column("no_criteria_said", _("No longer needing one"), where="page"),
            Column("no_criteria", _("No longer needing one"), "number", decimals=1, where="file"),
            Column("no_criteria_share", _("Of those taken (%)"), "number", decimals=1, where="file"),
            Column("required_today", _("Needed for those taken"), "number"),
            Column("gap_today", _("Short (+) or spare (−)"), "number", decimals=0),
            Column("planned", _(by["taken"]), "number", decimals=1, where="file"),
            Column("required", _(by["needed"]), "number"),
            Column("gap", _(by["gap"]), "number", decimals=0),
        ],
        rows,
        caption=_("General and acute beds"),
        name="beds",
        source=_(SOURCES[demand]) % {"month": words.period_name(month)},
        notes=[
            _("No longer needing one: beds of patients who no longer meet the criteria to reside in hospital."),
            _("Needs are rounded up once: the system’s is not the sum of its providers’."),
        ],
        per_page=0,
        empty=_("No provider with a plan has said how many beds there are."),
    )


def _said(part: float | None, of: float) -> str:
    if part is None:
        return str(_("not said"))
    return f"{part:,.1f} ({part / of * 100:.1f}%)" if of else f"{part:,.1f}"


def _units(
    found: Sequence[UnitsNeeded], capacity_: Capacity, names: dict[str, str], month: str, demand: str = PLAN
) -> Table:
    rows = [
        {
            "kind": _(KINDS[one.resource]),
            "provider": names.get(one.provider, one.provider),
            "available": one.available,
            "required": one.required,
            "gap": one.gap,
            "load": one.load,
            "in_use": None if one.in_use is None else one.in_use * 100,
        }
        for one in sorted(found, key=lambda one: list(KINDS).index(one.resource))
    ]
    return Table(
        [
            Column("kind", _("Capacity")),
            Column("provider", _("Provider")),
            Column("available", _("There"), "number", decimals=0),
            Column("required", _("Needed"), "number"),
            Column("gap", _("Short (+) or spare (−)"), "number", decimals=0),
            Column("load", _("Needed, unrounded"), "number", decimals=3, where="file"),
            Column("in_use", _(BY[demand]["hours"]), "number", decimals=1),
        ],
        rows,
        caption=_("Theatres, clinics, community and emergency capacity"),
        name="units",
        source=_(SOURCES[demand]) % {"month": words.period_name(month)},
        notes=[_("Needed: cases of the month times their minutes, over the hours in which a unit may be in use.")],
        per_page=0,
        can_filter=False,
        empty=_("No provider with a plan has said what there is."),
    )


def _over_year(month: str, scenario: CapacityScenario, parameters: ParameterSet, demand: str) -> Chart | None:
    """Answer the beds that the plans, or the forecast, need in each month, beside those there are in the month."""
    rows: list[parts.Row] = [
        {"month": words.period_name(one), "on": f"{one}-01", "required": all_.planned.required,
         "available": all_.planned.available, "gap": all_.planned.gap}
        for one, all_ in capacity_as_kept.beds_over_year(month, parameters, scenario, demand=demand)
    ]  # fmt: skip
    if not rows or not any(row["required"] for row in rows):
        return None
    most = max(rows, key=lambda row: row["required"])
    short = [row for row in rows if row["gap"] > 0]
    said = _(BY[demand]["most"]) % {
        "month": most["month"], "need": f"{most['required']:,}", "have": f"{most['available']:,.0f}",
    }  # fmt: skip
    said += " " + (_("Beds are short in %(many)s of 12 months.") % {"many": len(short)} if short
                   else _("There are enough in every month."))  # fmt: skip
    names = {"required": _("Needed"), "available": _("There")}
    values = [{"month": row["on"], "beds": row[key], "what": name} for row in rows for key, name in names.items()]
    spec = {
        "width": 620,
        "height": 240,
        "data": {"values": values},
        "encoding": {
            "x": {"field": "month", "type": "temporal", "timeUnit": "utcyearmonth", "title": None,
                  "axis": {"format": "%b %Y"}},
            "y": {"field": "beds", "type": "quantitative", "title": _("Beds"), "scale": {"zero": False}},
            "color": {"field": "what", "type": "nominal", "title": None, "legend": {"orient": "top"}},
        },
        "layer": [
            {"mark": {"type": "line"}, "encoding": {"strokeDash": {"field": "what", "legend": None}}},
            {"mark": {"type": "point"}, "encoding": {"shape": {"field": "what", "legend": None}}},
        ],
    }  # fmt: skip
    return Chart(
        spec,
        title=_("Beds over the year"),
        summary=said,
        table=Table(
            [
                Column("month", _("Month")),
                Column("required", _(BY[demand]["needed"]), "number"),
                Column("available", _("There"), "number", decimals=0),
                Column("gap", _("Short (+) or spare (−)"), "number", decimals=0),
            ],
            rows,
            caption=_(BY[demand]["year"]),
            name="year",
            per_page=0,
            can_filter=False,
        ),
    )
