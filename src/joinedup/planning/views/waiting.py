"""Waiting lists: how one stands by weeks waited, what it needs, where it is heading, and what more capacity does."""

from __future__ import annotations

import math
from typing import Any

from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from joinedup.access import requires
from joinedup.errors import NotFound, RuleError
from joinedup.planning import words
from joinedup.planning.demand.forecast_charts import forecast_spec
from joinedup.planning.views import parts
from joinedup.planning.waiting import waiting_to_come
from joinedup.planning.waiting.list_projection import ListProjection
from joinedup.planning.waiting.simulated_runs import Summary
from joinedup.planning.waiting.wait_bands import LIMITS
from joinedup.planning.waiting.waiting_to_come import HORIZONS, SEED, Heading, ListNow, Tried
from joinedup.ui import Chart, Column, Page, Table, day

READ = "planning.read"
FIELDS = ("list", "weeks", "capacity", "referrals", "target", "seed")
MOST_A_WEEK = 100_000.0
LARGEST_SEED = 2**32 - 1


@requires(READ)
@require_safe
def waiting_lists(request: Any) -> HttpResponseBase:
    """One list of the system, a provider or a service; capacity and referrals can be changed beside the past's."""
    sent = {name: str(request.GET.get(name, "")).strip() for name in FIELDS}
    try:
        choices = _choices()
        chosen = sent["list"] if sent["list"] in choices else ""
        provider, _colon, service = chosen.partition(":")
        tried, errors = read_tried(sent)
        about: dict[str, Any] = {
            "lists": parts.items(choices.items(), chosen),
            "weeks": parts.items([(str(one), _("%(many)s weeks") % {"many": one}) for one in HORIZONS],
                                 str(tried.weeks)),
            "sent": sent, "subject": choices[chosen][:1].upper() + choices[chosen][1:], "tried": tried,
            "errors": [parts.error(text, box) for box, text in errors.items()],
            "fell_back": sent["list"] not in choices,
        }  # fmt: skip
        now = waiting_to_come.list_now(provider, service)
        found = waiting_to_come.heading(now, tried)
    except (NotFound, RuleError) as error:  # nothing was counted, or too little is shown: said on the page
        return _page(request, {"cannot": parts.sentence(str(error))}, 200)
    return _page(request, about | _told(found, about["subject"]), 400 if errors else 200)


def read_tried(sent: dict[str, str]) -> tuple[Tried, dict[str, str]]:
    """Answer what a form asks for, and a message for each field that is wrong; wrong ones stay as without them."""
    errors: dict[str, str] = {}

    def number(name: str, what: str, least: float, most: float) -> float | None:
        text = sent.get(name, "").replace(",", "")
        if not text:
            return None
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            errors[name] = _("%(what)s must be a number, such as 20 or 17.5") % {"what": what}
            return None
        if not least <= value <= most:
            errors[name] = _("%(what)s must be between %(least)s and %(most)s") % {
                "what": what, "least": f"{least:,.0f}", "most": f"{most:,.0f}"}  # fmt: skip
            return None
        return value

    capacity = number("capacity", _("Capacity a week"), 0, MOST_A_WEEK)
    referrals = number("referrals", _("Referrals a week"), 0, MOST_A_WEEK)
    target = number("target", _("The target wait"), 1, 104)
    seed = number("seed", _("The seed"), 0, LARGEST_SEED)
    weeks = int(sent["weeks"]) if sent.get("weeks") in map(str, HORIZONS) else 52
    return Tried(
        capacity, referrals, 18.0 if target is None else target, weeks, SEED if seed is None else int(seed)
    ), errors  # fmt: skip


def _page(request: Any, about: dict[str, Any], status: int) -> HttpResponseBase:
    return Page(
        request,
        "planning/waiting_lists.jinja",
        title=_("Waiting lists"),
        breadcrumbs=parts.crumbs(),
        **{"cannot": "", "errors": [], "found": None} | about,
    ).response(status)


def _choices() -> dict[str, str]:
    found = waiting_to_come.lists()
    names = parts.names_of(found)
    made = {"": _("the whole system")}
    for provider, services in sorted(found.items(), key=lambda one: names[one[0]]):
        made[provider] = names[provider]
        for service in services:
            made[f"{provider}:{service}"] = f"{names[provider]}: {words.code_name('service', service)}"
    return made


def _told(found: Heading, subject: str) -> dict[str, Any]:
    now, base = found.now, found.baseline
    return {
        "found": found,
        "now": now,
        "on": day(now.on),
        "standing": _standing(now),
        "need": _need(found),
        "bands": _bands_table(now),
        "flows": _flows_table(found),
        "compared": _compared_table(found),
        "risks": _risk_table(found),
        "chart_of": _chart(found, subject),
        "clear": _clear_said(base, found.tried.weeks),
        "clear_tried": _clear_said(found.scenario, found.tried.weeks) if found.scenario else "",
        "seed": f"{base.seed}",
        "runs": base.runs,
        "hash": found.best.inputs_hash[:12],
    }


def _about(value: float, is_told: bool) -> str:
    return f"{value:,.0f}" if is_told else _("about %(many)s (estimated)") % {"many": f"{value:,.0f}"}


def _standing(now: ListNow) -> list[dict[str, Any]]:
    counts = now.counts
    by = {18: counts.over18, 52: counts.over52, 65: counts.over65, 78: counts.over78}
    rows = [(_("Waiting"), f"{now.total:,.0f}")]
    rows += [(_("Over %(limit)s weeks") % {"limit": limit}, _about(by[limit], limit in now.told)) for limit in LIMITS]
    share = counts.performance
    told = f"{100 * share:.0f}%" if share is not None else _("nobody waits")
    rows += [
        (_("Within 18 weeks"), told if 18 in now.told else _("about %(share)s (estimated)") % {"share": told}),
        (_("Mean wait so far"), _("%(weeks)s weeks") % {"weeks": f"{now.mean_weeks:.1f}"}),
        (_("92 of 100 have waited less than"), _("%(weeks)s weeks") % {"weeks": f"{now.longest_92:.1f}"}),
    ]
    return _list(rows)


def _need(found: Heading) -> list[dict[str, Any]]:
    one, tried, now = found.best, found.tried, found.now
    relief = float(one.relief)
    a_week = now.treated.a_week if tried.capacity is None else tried.capacity
    comes = now.starts.a_week if tried.referrals is None else tried.referrals
    rows = [
        (_("Referrals a week"), f"{comes:,.1f}"),
        (_("Treatments a week (capacity)"), f"{a_week:,.1f}"),
        (_("Load: referrals over capacity"),
         f"{one.load:.2f}" + (" " + _("(the list grows without end)") if one.load >= 1 else "")
         if math.isfinite(one.load) else _("no capacity")),
        (_("Target queue"),
         _("%(many)s people, for a target of %(weeks)s weeks")
         % {"many": f"{one.target_queue:,.0f}", "weeks": f"{tried.target_weeks:g}"}
         + (" " + _("(the list is more than twice that)") if one.too_big else "")),
        (_("Relief capacity: to be at the target queue in 26 weeks"),
         _("%(many)s a week") % {"many": f"{relief:,.1f}"} if one.relief.relief_needed
         else _("not needed: the list is below its target queue")),
        (_("Capacity that then keeps it there"), _("%(many)s a week") % {"many": f"{found.keeps:,.1f}"}),
    ]  # fmt: skip
    return _list(rows)


def _list(rows: list[tuple[str, str]]) -> list[dict[str, Any]]:
    return [{"key": {"text": key}, "value": {"text": value}} for key, value in rows]


def _bands_table(now: ListNow) -> Table:
    rows: list[parts.Row] = []
    if now.bands:
        for one in sorted(now.bands, key=lambda band: band.first):
            rows.append({"weeks": _weeks_said(one.first, one.last), "pathways": one.pathways,
                         "mark": "*" if one.pathways is None else ""})  # fmt: skip
        note = _("As published. * is 1 to 7, or hides such a number.")
    else:
        edges = (0, 6, 12, 18, 26, 39, 52, 65, 78)
        for first, stop in zip(edges, (*edges[1:], len(now.weekly)), strict=True):
            last = stop - 1 if stop < len(now.weekly) else None
            rows.append({"weeks": _weeks_said(first, last), "pathways": sum(now.weekly[first:stop]), "mark": ""})
        note = _("Estimated from the bands of each service, which are published; together only the total is.")
    return Table(
        [
            Column("weeks", _("Weeks waited")),
            Column("pathways", _("People"), "number", decimals=0, mark_key="mark"),
        ],
        rows,
        caption=_("By weeks waited, on %(day)s") % {"day": day(now.on)},
        name="bands",
        per_page=0,
        can_sort=False,
        source=_("protected waiting lists of the snapshot %(id)s") % {"id": now.snapshot},
        notes=[note],
        empty=_("The weeks waited are not published for this list: its counts are too small."),
    )


def _weeks_said(first: int, last: int | None) -> str:
    return _("over %(first)s") % {"first": first} if last is None else _("over %(first)s, up to %(last)s") % {
        "first": first, "last": last + 1}  # fmt: skip


def _flows_table(found: Heading) -> Table:
    now = found.now
    named = ((_("Clocks that started"), now.starts), (_("Treated"), now.treated), (_("Left untreated"), now.removed))
    return Table(
        [
            Column("flow", _("In the last year")),
            Column("a_week", _("A week"), "number", decimals=1),
            Column("months", _("Months known"), "number"),
            Column("hidden", _("Of these hidden"), "number"),
            Column("error", _("Standard error (%)"), "number", decimals=0),
        ],
        [
            {"flow": name, "a_week": one.a_week, "months": one.months, "hidden": one.hidden,
             "error": 100 * one.uncertainty}
            for name, one in named
        ],
        caption=_("Who comes, and who leaves"),
        name="flows",
        per_page=0,
        can_sort=False,
        notes=[
            _("A hidden month is reckoned so that the year's flows balance the list where that can be, else as 4, the "
              "middle of 1 to 7. Who left untreated is taken at the system's share where it is mostly hidden."),
        ],
    )  # fmt: skip


def _compared_table(found: Heading) -> Table:
    names = [("total", _("Waiting")), *((f"over{limit}", _("Over %(n)s weeks") % {"n": limit}) for limit in LIMITS)]
    rows = []
    for key, name in names:
        row: parts.Row = {"what": name}
        for side, one in (("base", found.baseline), ("tried", found.scenario)):
            if one is not None:
                summary = one.total if key == "total" else one.over[int(key[4:])]
                row |= {f"{side}_mean": _last(summary.mean), f"{side}_p10": _last(summary.p10),
                        f"{side}_p90": _last(summary.p90)}  # fmt: skip
        rows.append(row)
    row = {"what": _("Within 18 weeks (%)")}
    for side, one in (("base", found.baseline), ("tried", found.scenario)):
        if one is not None:
            done = one.performance
            row |= {f"{side}_mean": 100 * _last(done.mean), f"{side}_p10": 100 * _last(done.p10),
                    f"{side}_p90": 100 * _last(done.p90)}  # fmt: skip
    rows.append(row)
    columns = [Column("what", _("In %(weeks)s weeks") % {"weeks": found.tried.weeks})]
    sides = [("base", _("as it goes on"))] + ([("tried", _("your change"))] if found.scenario else [])
    for side, label in sides:
        columns += [
            Column(f"{side}_mean", _("Mean, %(side)s") % {"side": label}, "number", decimals=0),
            Column(f"{side}_p10", _("10th percentile, %(side)s") % {"side": label}, "number", decimals=0),
            Column(f"{side}_p90", _("90th percentile, %(side)s") % {"side": label}, "number", decimals=0),
        ]
    return Table(
        columns,
        rows,
        caption=_("On %(day)s") % {"day": day(found.baseline.weeks[-1])},
        name="heading",
        per_page=0,
        can_sort=False,
        notes=[_("Of %(runs)s runs by chance from the seed %(seed)s; the same seed gives the same figures.")
               % {"runs": found.baseline.runs, "seed": found.baseline.seed}],
    )  # fmt: skip


def _risk_table(found: Heading) -> Table:
    weeks = found.tried.weeks
    return Table(
        [
            Column("limit", _("So that nobody waits over (weeks)"), "number"),
            Column("people", _("People to treat"), "number", decimals=0),
            Column("a_week", _("A week"), "number", decimals=1),
        ],
        [{"limit": limit, "people": many, "a_week": many / weeks} for limit, many in found.at_risk],
        caption=_("The cohort at risk: whom to treat within %(weeks)s weeks") % {"weeks": weeks},
        name="risk",
        per_page=0,
        can_sort=False,
        notes=[_("All who would have passed the limit by then, were they not treated. Estimated from the bands.")],
        empty=_("Choose fewer weeks than a limit to see who is at risk of passing it."),
    )


def _chart(found: Heading, subject: str) -> Chart:
    now, base, scenario = found.now, found.baseline, found.scenario
    rows: list[dict[str, Any]] = [
        {"when": month.isoformat(), "past": many} for month, many in _month_ends(now) if many is not None
    ]
    for at, end in enumerate(base.weeks):
        rows.append(
            {
                "when": end.isoformat(), "ahead": _at(base.total.mean, at), "lower": _at(base.total.p10, at),
                "upper": _at(base.total.p90, at),
                "tried": _at(scenario.total.mean, at) if scenario else None,
            }
        )  # fmt: skip
    text = _("%(now)s wait now. As it goes on, %(then)s in %(weeks)s weeks (%(low)s to %(high)s in 8 of 10 runs).")
    summary = text % {
        "now": f"{now.total:,.0f}", "then": f"{_last(base.total.mean):,.0f}", "weeks": len(base.weeks),
        "low": f"{_last(base.total.p10):,.0f}", "high": f"{_last(base.total.p90):,.0f}"}  # fmt: skip
    if scenario:
        summary += " " + _("With your change, %(then)s.") % {"then": f"{_last(scenario.total.mean):,.0f}"}
    return Chart(
        forecast_spec(rows, title=_("People waiting"), past=_("Counted"), ahead=_("As it goes on"),
                      tried=_("Your change"), when="week"),
        title=_("%(subject)s: waiting, and to come") % {"subject": subject},
        summary=summary,
        table=_weeks_table(found),
    )  # fmt: skip


def _weeks_table(found: Heading) -> Table:
    base, scenario = found.baseline, found.scenario
    rows = []
    for at, end in enumerate(base.weeks):
        row: parts.Row = {
            "week": end, "mean": _at(base.total.mean, at), "p10": _at(base.total.p10, at),
            "p90": _at(base.total.p90, at), "over18": _at(base.over[18].mean, at),
            "treated": _at(base.treated.mean, at),
        }  # fmt: skip
        if scenario:
            row["tried"] = _at(scenario.total.mean, at)
            row["tried18"] = _at(scenario.over[18].mean, at)
        rows.append(row)
    columns = [
        Column("week", _("Week ending"), "date"),
        Column("mean", _("Waiting, mean"), "number", decimals=0),
        Column("p10", _("10th percentile"), "number", decimals=0),
        Column("p90", _("90th percentile"), "number", decimals=0),
        Column("over18", _("Over 18 weeks"), "number", decimals=0),
        Column("treated", _("Treated in the week"), "number", decimals=1, where="file"),
    ]
    if scenario:
        columns += [
            Column("tried", _("Waiting, your change"), "number", decimals=0),
            Column("tried18", _("Over 18, your change"), "number", decimals=0),
        ]
    return Table(columns, rows, caption=_("Week by week"), name="weeks", per_page=13, can_filter=False)


def _month_ends(now: ListNow) -> list[tuple[Any, float | None]]:
    from datetime import timedelta

    from joinedup.planning.demand.series import month_after

    return [(month_after(month) - timedelta(days=1), many) for month, many in now.past]


def _clear_said(one: ListProjection, weeks: int) -> str:
    found = one.clearance
    if found.p50 is None:
        return _("Not at its target queue within %(weeks)s weeks in most runs (in %(share)s of 100).") % {
            "weeks": weeks, "share": f"{100 * found.share_cleared:.0f}"}  # fmt: skip
    if found.p90 == found.p10 == one.clearance.p50 and found.share_cleared == 1 and not one.relief.relief_needed:
        return _("It is at its target queue already.")
    late = day(found.p90) if found.p90 else _("not within %(weeks)s weeks") % {"weeks": weeks}
    return _("At its target queue by %(half)s in half of the runs; 10 of 100 by %(early)s, 90 of 100: %(late)s.") % {
        "half": day(found.p50), "early": day(found.p10), "late": late}  # fmt: skip


def _at(figures: Any, at: int) -> float:
    return float(figures[at])


def _last(figures: Summary | Any) -> float:
    return float(figures[-1])
