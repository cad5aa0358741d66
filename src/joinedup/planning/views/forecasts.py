"""What activity is to come: history, forecast with its interval, how well it forecast the past, and what levers do."""

from __future__ import annotations

from typing import Any

from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from joinedup.access import requires
from joinedup.errors import NotFound, RuleError
from joinedup.planning import words
from joinedup.planning.demand import activity_to_come
from joinedup.planning.demand.activity_to_come import HORIZONS, Asked, Outlook
from joinedup.planning.demand.back_test import HORIZONS as TESTED_AT
from joinedup.planning.demand.forecast_charts import forecast_spec
from joinedup.planning.demand.forecast_words import MODEL_NAMES, USES, months_said
from joinedup.planning.demand.protected_series import COPIED, EARLIER, FILLED, HIDDEN, NO_DATA, TRAINED
from joinedup.planning.demand.scenario import FIELDS, SHIFT, WITH_STAYS, read_scenario
from joinedup.planning.views import parts
from joinedup.ui import Chart, Column, Page, Table

READ = "planning.read"
FIRST = "OPFA"


@requires(READ)
@require_safe
def forecast(request: Any) -> HttpResponseBase:
    """One series to come, chosen by point of delivery and place, or provider and specialty; a scenario beside it."""
    try:
        pods = activity_to_come.points()
    except NotFound as error:
        return _page(request, {"nothing": str(error)})
    sent = {name: str(request.GET.get(name, "")).strip() for name in ("pod", "where", "horizon", "models", *FIELDS)}
    pod = sent["pod"] or (FIRST if FIRST in pods else next(iter(pods)))
    activity_to_come.known_code(pod, pods, _("point of delivery"))
    wheres = _wheres(pod)
    where = sent["where"] if sent["where"] in wheres else ""
    horizon = int(sent["horizon"]) if sent["horizon"] in map(str, HORIZONS) else 12
    asked = _asked(pod, where, horizon, every_model=sent["models"] == "all")
    typed = read_scenario(sent, pod)
    about: dict[str, Any] = {
        "pods": parts.items(sorted(((code, title) for code, (title, _unit) in pods.items()), key=lambda one: one[1]),
                            pod),
        "wheres": parts.items(wheres.items(), where),
        "horizons": parts.items([(str(one), _("%(many)s months") % {"many": one}) for one in HORIZONS], str(horizon)),
        "every_model": asked.every_model,
        "sent": sent,
        "errors": [parts.error(text, box) for box, text in typed.errors.items()],
        "subject": f"{pods[pod][0]}, {wheres[where]}",
        "has_stays": pod in WITH_STAYS,
        "is_community": pod == "COM",
        "fell_back": bool(sent["where"]) and sent["where"] not in wheres,
    }  # fmt: skip
    status = 400 if typed.errors else 200
    try:
        found = activity_to_come.outlook(asked, typed.scenario)
    except RuleError as error:  # too short, too much hidden: said on the page, where another can be chosen
        return _page(request, about | {"cannot": parts.sentence(str(error))}, status)
    return _page(request, about | _told(found, about["subject"]), status)


def _page(request: Any, about: dict[str, Any], status: int = 200) -> HttpResponseBase:
    return Page(
        request,
        "planning/forecast.jinja",
        title=_("Forecast activity"),
        breadcrumbs=parts.crumbs(),
        **{"nothing": "", "cannot": "", "effect": [], "errors": [], "growth": None} | about,
    ).response(status)


def _wheres(pod: str) -> dict[str, str]:
    """Answer what a point of delivery can be asked for: all, a place, a provider, or one of a provider's services."""
    made = {"": _("the whole system")}
    made |= {f"place:{code}": name for code, name in activity_to_come.places().items()}
    found = activity_to_come.providers(pod)
    names = parts.names_of(found)
    for provider, services in sorted(found.items(), key=lambda one: names[one[0]]):
        made[f"provider:{provider}"] = names[provider]
        for service in services:
            made[f"provider:{provider}:{service}"] = f"{names[provider]}: {words.code_name('service', service)}"
    return made


def _asked(pod: str, where: str, horizon: int, *, every_model: bool) -> Asked:
    kind, _colon, rest = where.partition(":")
    if kind == "place":
        return Asked(pod, place=rest, horizon=horizon, every_model=every_model)
    provider, _colon, service = rest.partition(":")
    return Asked(pod, provider=provider, service=service, horizon=horizon, every_model=every_model)


def _told(found: Outlook, subject: str) -> dict[str, Any]:
    base, tried, history = found.baseline, found.tried, found.history
    tested = base.backtest
    assert tested is not None  # a series with a past
    chosen = tested.of(base.model)
    coverage = 100 * (1 - base.alpha)
    rows = _rows(found)
    said = _("From %(first)s to %(last)s: %(points)s %(unit)s expected, %(past)s in as many months before.") % {
        "first": f"{base.months[0]:%B %Y}", "last": f"{base.months[-1]:%B %Y}", "unit": found.unit,
        "points": f"{base.points.sum():,.0f}", "past": _past_sum(found),
    }  # fmt: skip
    return {
        "found": found,
        "said": said,
        "chart_of": Chart(
            forecast_spec(
                [{"when": row["month"].isoformat(), **{name: row[name] for name in ("past", "ahead", "lower", "upper",
                                                                                    "tried")}} for row in rows],
                title=found.unit.capitalize(), past=_("Counted"), ahead=_("Forecast"), tried=_("Your scenario"),
                when="month",
            ),
            title=_("%(subject)s: counted and forecast") % {"subject": subject},
            summary=said + " " + _("The band is the %(share)s%% prediction interval.") % {"share": f"{coverage:g}"},
            table=_months_table(rows, found, coverage),
        ),
        "model": str(MODEL_NAMES[base.model]),
        "coverage": None if chosen.coverage is None else 100 * chosen.coverage,
        "origins": chosen.origins,
        "interval": coverage,
        "backtest": _backtest_table(found),
        "left_out": tested.left_out,
        "notes": _notes(found),
        "effect": _effect(found) if tried is not None else [],
        "growth": found.growth,
        "trained": (history.series.months[0], history.series.months[-1]),
    }  # fmt: skip


def _past_sum(found: Outlook) -> str:
    """Answer how many were counted in the last months trained on, as many as are forecast where there are so many."""
    values = found.history.series.values[-len(found.baseline.months) :]
    return f"{sum(values):,.0f}"


def _rows(found: Outlook) -> list[dict[str, Any]]:
    blank = dict.fromkeys(("past", "ahead", "lower", "upper", "tried", "change"))
    base = found.baseline
    ahead = set(base.months)
    rows = [
        {**blank, "month": one.month, "past": one.units, "use": str(USES[one.use]), "mark": _mark(one.use)}
        for one in found.history.months
        if one.month not in ahead
    ]
    change = found.effect
    for at, month in enumerate(base.months):
        rows.append(
            {
                "month": month,
                "past": None,
                "ahead": float(base.points[at]),
                "lower": float(base.lower[at]),
                "upper": float(base.upper[at]),
                "mark": "",
                "tried": None if found.tried is None else float(found.tried.points[at]),
                "change": None if change is None else float(change[at]),
                "use": _("forecast, interval back-tested")
                if base.basis[at] == "back-tested"
                else _("forecast, interval stretched"),
            }
        )
    return rows


def _mark(use: str) -> str:
    return "*" if use == HIDDEN else _("no data") if use == NO_DATA else ""


def _months_table(rows: list[dict[str, Any]], found: Outlook, coverage: float) -> Table:
    columns = [
        Column("month", _("Month"), "date"),
        Column("past", _("Counted"), "number", decimals=0, mark_key="mark"),
        Column("ahead", _("Forecast"), "number", decimals=0),
        Column("lower", _("From"), "number", decimals=0, note=_("Lower limit of the prediction interval.")),
        Column("upper", _("To"), "number", decimals=0, note=_("Upper limit of the prediction interval.")),
    ]
    if found.tried is not None:
        columns += [
            Column("tried", _("Your scenario"), "number", decimals=0),
            Column("change", _("Change"), "number", decimals=1),
        ]
    columns.append(Column("use", _("What it is")))
    return Table(
        columns,
        [row | {"month": row["month"]} for row in reversed(rows)],
        caption=_("Month by month, with a %(share)s%% prediction interval") % {"share": f"{coverage:g}"},
        name="months",
        per_page=found.asked.horizon + 6,
        source=_("protected activity of the snapshot %(id)s") % {"id": found.snapshot},
        notes=[found.note],
        can_filter=False,
    )


def _backtest_table(found: Outlook) -> Table:
    tested = found.baseline.backtest
    assert tested is not None
    rows: list[dict[str, Any]] = []
    for model in (tested.chosen, *tested.losers):
        for horizon in TESTED_AT:
            score = tested.of(model, horizon)
            rows.append(
                {
                    "model": str(MODEL_NAMES[model]),
                    "result": _("Chosen") if model == tested.chosen else _("Not chosen"),
                    "ahead": horizon,
                    "mape": score.mape,
                    "mase": score.mase,
                    "bias": score.bias,
                    "coverage": None if score.coverage is None else 100 * score.coverage,
                    "origins": score.origins,
                }
            )
    columns = [
        Column("model", _("Model")),
        Column("result", _("Result")),
        Column("ahead", _("Months ahead"), "number"),
        Column("mape", _("MAPE (%)"), "number", decimals=1),
        Column("mase", _("MASE"), "number", decimals=2),
        Column("bias", _("Bias"), "number", decimals=1),
        Column("coverage", _("In interval (%)"), "number", decimals=0),
        Column("origins", _("Tests"), "number"),
    ]
    return Table(
        columns,
        rows,
        caption=_("How well each model would have forecast the past, 1 and 3 months ahead"),
        name="backtest",
        per_page=0,
        can_filter=False,
        can_sort=False,
        notes=[
            _("MAPE: mean error in per cent. MASE: mean error against the change from the same month a year before; "
              "the model with the smallest is chosen. Bias: counted minus forecast, a month. In interval: how often "
              "the %(share)s%% interval, made of the other tests, held the count.")
            % {"share": f"{100 * (1 - found.baseline.alpha):g}"},
        ],
    )  # fmt: skip


def _notes(found: Outlook) -> list[str]:
    """Answer what is odd in the past: what is repeated, hidden or missing, each month by its name."""
    history = found.history
    made = []
    if history.repeats:
        pairs = "; ".join(
            _("%(late)s as %(early)s (%(share)s of series)")
            % {"late": f"{late:%B %Y}", "early": f"{early:%B %Y}", "share": f"{share:.0%}"}
            for early, late, share in history.repeats
        )
        made.append(_("The same figures stand twice: %(pairs)s. Both months are left out until it is explained.")
                    % {"pairs": pairs})  # fmt: skip
    else:
        made.append(_("No month repeats another: looked for in %(many)s series of this point of delivery.")
                    % {"many": found.checked_series})  # fmt: skip
    says = {
        FILLED: _("Hidden because the count is small, and filled with the mean of the months around: %(months)s."),
        NO_DATA: _("No data: %(months)s."),
        HIDDEN: _("Hidden, and not used: %(months)s."),
        EARLIER: _("Before a gap, and not used: %(months)s."),
        COPIED: _("Repeated, and not used: %(months)s."),
    }
    for use, text in says.items():
        if months := history.used_as(use):
            made.append(text % {"months": months_said(months)})
    if not any(history.used_as(use) for use in says):
        made.append(_("No month is hidden or missing: all %(many)s were trained on.")
                    % {"many": len(history.used_as(TRAINED))})  # fmt: skip
    return made


def _effect(found: Outlook) -> list[dict[str, Any]]:
    """Answer what each part of a scenario changes over the whole horizon, as rows of a summary list."""
    tried, base = found.tried, found.baseline
    assert tried is not None
    names = {
        "prevention": _("Prevention, %(percent)s%%") % {"percent": f"{found.scenario.prevention:g}"},
        SHIFT: _("Moved to the community, %(percent)s%%") % {"percent": f"{found.scenario.shift:g}"},
    }
    rows = [(_("Forecast without your scenario"), f"{base.points.sum():,.0f} {found.unit}")]
    if found.scenario.growth is not None:
        grown = float((tried.without - base.points).sum())
        text = _("Population growing by %(typed)s%% a year") % {"typed": f"{found.scenario.growth:g}"}
        if found.growth is not None:
            text += " " + _("instead of %(was)s%%") % {"was": f"{found.growth:.1f}"}
        rows.append((text, f"{grown:+,.0f}"))
    rows += [(names[name], f"{float(change.sum()):+,.0f}") for name, change in tried.changes.items()]
    rows.append((_("Your scenario"), f"{tried.points.sum():,.0f} {found.unit}"))
    if found.community is not None:
        contacts = float(sum(change.sum() for change in found.community.changes.values()))
        rows.append((_("Contacts in the community that it brings"), f"{contacts:+,.0f}"))
    if found.scenario.stay and found.los_days is not None:
        rows.append(
            (_("Mean length of stay"), _("%(was)s nights, then %(then)s")
             % {"was": f"{found.los_days:.1f}", "then": f"{found.los_days * float(tried.stay[-1]):.1f}"})
        )  # fmt: skip
    if found.beds:
        rows.append(
            (_("Beds needed in %(month)s, at 92%% occupancy") % {"month": f"{base.months[-1]:%B %Y}"},
             _("%(was)s without, %(then)s with your scenario") % {"was": found.beds[-1], "then": found.beds_tried[-1]})
        )  # fmt: skip
    elif found.scenario.stay:
        rows.append((_("Beds"), _("the nights of these stays are hidden or not told, so beds cannot be told")))
    return [{"key": {"text": key}, "value": {"text": value}} for key, value in rows]
