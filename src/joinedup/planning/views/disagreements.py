"""Where plans disagree: every gap and every contradiction of a year, and one gap with its story."""

from __future__ import annotations

from datetime import date
from typing import Any, Literal

from django.http import HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from joinedup.access import grant_for, requires
from joinedup.errors import NotFound
from joinedup.moment import now
from joinedup.planning import services, words
from joinedup.planning.models import Gap, Version
from joinedup.planning.plans import kept_plans
from joinedup.planning.plans.decided import authorities_for_gap
from joinedup.planning.plans.plan_lines import first_day
from joinedup.planning.triangulation.pairing import ShareWarning
from joinedup.planning.triangulation.resolution import (
    MAY,
    PROPOSALS,
    Gap as OpenGap,
    is_late,
    is_settled,
    must_escalate,
)
from joinedup.planning.triangulation.standing import (
    Contradiction,
    Standing,
    contradictions,
    pairs_to_compare,
    share_warnings_of,
    standing_gaps,
    total_pence,
)
from joinedup.planning.triangulation.worth import in_pence, in_people
from joinedup.planning.views import parts
from joinedup.ui import Column, Crumb, Page, Table, day
from joinedup.ui.decided import decision_pages

READ = "planning.read"
FILTERS = ("provider", "pod", "state", "owner", "kind")


@requires(READ)
@require_safe
def disagreements(request: Any) -> HttpResponseBase:
    """Every disagreement of a year in pounds and people, the dearest first, as the address filters them."""
    year = parts.year_asked(request)
    today = now().valid_on
    comparisons = kept_plans.latest_comparisons(year)
    has_pairs = bool(pairs_to_compare(year))
    every = standing_gaps(comparisons, parts.parameters(), today)
    failed = contradictions(comparisons, parts.parameters())
    asked = {name: str(request.GET.get(name, "")).strip() for name in FILTERS}
    found = [one for one in every if _fits(one, asked)]
    if asked["provider"]:
        failed = [one for one in failed if one.provider == asked["provider"]]
    open_ = [one for one in found if not one.is_settled]
    sides = (code for one in every for code in (*one.gap.sides, one.gap.owner))
    names = parts.names_of([*sides, *(one.provider for one in failed)])
    people = sum((one.people or 0 for one in open_ if one.gap.disagreement.reason != "year"), start=0)
    return Page(
        request,
        "planning/disagreements.jinja",
        title=_("Where plans for %(year)s disagree") % {"year": year},
        breadcrumbs=parts.crumbs(),
        year=year,
        years=parts.years_to_choose(year),
        comparisons=comparisons,
        gaps=_table(found, names),
        checks=_checks_table(failed, names),
        unpriced=sum(1 for one in open_ if one.pence is None),
        warnings=[
            warned(one, names)
            for comparison in comparisons
            for one in share_warnings_of(comparison, parts.parameters())
            if asked["provider"] in ("", one.provider)
        ],
        filters=_filters(every, asked, names),
        is_filtered=any(asked.values()),
        many=len(open_),
        worth=total_pence(open_),
        people=words.number(people) if people else "",
        overdue=sum(1 for one in open_ if one.is_late),
        to_escalate=sum(1 for one in open_ if one.must_escalate),
        notice=parts.said(request),
        may_compare=parts.may(request, services.RESOLVE) and has_pairs,
        has_pairs=has_pairs,
        compared=[
            {
                "text": f"{names.get(one.commissioner_version.plan.owner, one.commissioner_version.plan.owner)}: "
                f"{names.get(one.provider_version.plan.owner, one.provider_version.plan.owner)}",
                "href": parts.href("sign-off", one.pk),
            }
            for one in comparisons
        ],
    ).response()


@requires(services.RESOLVE)
@require_POST
def compare(request: Any) -> HttpResponseBase:
    """Compare the newest submitted versions of a year again, each commissioner with each provider."""
    year = parts.year_asked(request)
    pairs = pairs_to_compare(year)
    if not pairs:
        raise NotFound(_("There are no two submitted plans of %(year)s to compare.") % {"year": year})
    found = 0
    for ours, theirs in pairs:
        _comparison, report = services.triangulate(request.grant, ours, theirs, parameters=parts.parameters())
        found += len(report.disagreements)
    text = _("%(many)s pairs of plans were compared: %(found)s disagreements.")
    parts.say(request, text % {"many": len(pairs), "found": f"{found:,}"})
    return HttpResponseRedirect(parts.href("disagreements", year=year))


@requires(READ)
@require_safe
def disagreement(request: Any, number: int) -> HttpResponseBase:
    """One disagreement: both sides, what may differ, what it is worth, its story, and what one may do now."""
    row, gap = gap_of(number)
    today = now().valid_on
    one = gap.disagreement
    pair = one.pair
    start = first_day(pair.period)
    pence, people = in_pence(one, parts.parameters(), start), in_people(one, parts.parameters(), start)
    names = parts.names_of([*gap.sides, gap.owner, *(step.by.body for step in gap.steps)])
    ours, theirs = gap.sides
    rows = [
        (_("Why it is here"), str(words.REASONS[one.reason])),
        (_("%(body)s plans") % {"body": names[ours]},
         words.figure(pair.commissioner_value, pair.unit, pair.commissioner_of)),
        (_("%(body)s plans") % {"body": names[theirs]},
         words.figure(pair.provider_value, pair.unit, pair.provider_of)),
        (_("Apart by"), words.apart(one.gap, pair.unit)),
        (_("May differ by"), words.apart(one.tolerance, pair.unit)),
        (_("Worth"), words.figure(pence, "pence") if pence is not None else _("not known: no price is in the plans")),
        (_("In people"), f"{words.number(people)} WTE" if people is not None
         else _("not known: no staffing time is set for it")),
        (_("Who must resolve it"), names[gap.owner]),
        (_("By"), day(gap.due) + (f" ({_('overdue')})" if is_late(gap, today) else "")),
        (_("Goes to the system after"), day(gap.escalate_on)
         + (f" ({_('passed')})" if must_escalate(gap, today) else "")),
    ]  # fmt: skip
    return Page(
        request,
        "planning/disagreement.jinja",
        title=words.subject_of(pair),
        breadcrumbs=parts.crumbs(_crumb(row)),
        number=number,
        caption=_("Disagreement %(number)s: %(ours)s and %(theirs)s")
        % {"number": number, "ours": names[ours], "theirs": names[theirs]},
        gap=gap,
        tag=words.tag(words.GAP_STATES, gap.state),
        is_late=is_late(gap, today),
        is_settled=is_settled(gap, today),
        must_escalate=must_escalate(gap, today),
        about=[{"key": {"text": key}, "value": {"text": value}} for key, value in rows],
        proposal=said_of(gap, gap.proposal, names) if gap.proposal and gap.state == "proposed" else None,
        acts=_acts(request, gap),
        steps=_steps_table(gap, names),
        decisions=_decisions(number, gap, today),
        notice=parts.said(request),
    ).response()


def _decisions(number: int, gap: OpenGap, today: date) -> list[dict[str, str]]:
    """Answer the decisions that settled a gap, or by which it may be settled, each with its page where it has one."""
    named = [str(dict(step.values)["decision_id"]) for step in gap.steps if "decision_id" in dict(step.values)]
    named += [one.reference for one in authorities_for_gap(number, today)]
    pages = decision_pages(named)
    return [{"reference": one, "href": pages.get(one, "")} for one in dict.fromkeys(named)]


def gap_of(number: int) -> tuple[Gap, OpenGap]:
    """Answer a kept gap and how it stands; NotFound where there is none."""
    row = Gap.objects.filter(pk=number).prefetch_related("steps").first()
    if row is None:
        raise NotFound(_("There is no disagreement %(number)s.") % {"number": number})
    return row, kept_plans.standing(row)


def said_of(gap: OpenGap, step: Any, names: dict[str, str]) -> dict[str, str]:
    """Answer an act on a gap in words: what, by whom, with which figures, reason and expiry."""
    unit = gap.disagreement.pair.unit
    given = dict(step.values)
    figures = {
        "value": _("new figure"), "commissioner": _("commissioner"), "provider": _("provider"),
        "owner": _("to"), "due": _("by"), "decision_id": _("decision"),
    }  # fmt: skip
    told = []
    for name, text in figures.items():
        if name not in given:
            continue
        value = given[name]
        if name == "owner":
            value = names.get(value, value)
        elif name == "due":
            value = day(value)
        elif name != "decision_id":
            value = words.figure(value, unit)
        told.append(f"{text} {value}")
    for side in ("commissioner", "provider"):
        if f"{side}_version" in given:
            number = Version.objects.get(pk=int(given[f"{side}_version"])).number
            told.append(_("version %(number)s of the %(side)s's plan") % {"number": number, "side": side})
    if step.reason:
        told.append(step.reason)
    if step.expires:
        told.append(_("holds until %(day)s") % {"day": day(step.expires)})
    return {
        "act": str(words.ACTS[step.action]),
        "by": names.get(step.by.body, step.by.body),
        "detail": "; ".join(told),
    }


def warned(one: ShareWarning, names: dict[str, str]) -> str:
    """Answer in words that a commissioner's share of a provider's plan is not plausible."""
    return _(
        "%(provider)s: the commissioner plans %(ours)s of the %(all)s %(unit)s that it plans for everyone, "
        "%(implied)s%%. %(expected)s%% of its patients live here, which would be %(plausible)s."
    ) % {
        "provider": names.get(one.provider, one.provider), "ours": words.number(one.commissioner_plan),
        "all": words.number(one.provider_plan), "unit": one.unit, "implied": f"{one.implied * 100:.1f}",
        "expected": f"{one.expected * 100:.1f}", "plausible": words.number(round(one.plausible)),
    }  # fmt: skip


def side_of(gap: OpenGap, names: dict[str, str]) -> str:
    """Answer whose a gap is in one word where it is a side's, else the body's name."""
    ours, theirs = gap.sides
    if gap.owner == theirs:
        return str(words.SIDES["provider"])
    return str(words.SIDES["commissioner"]) if gap.owner == ours else names.get(gap.owner, gap.owner)


def _fits(one: Standing, asked: dict[str, str]) -> bool:
    pair = one.gap.disagreement.pair
    is_state = asked["state"] in ("", one.gap.state) or (asked["state"] == "overdue" and one.is_late)
    return (
        is_state
        and asked["provider"] in ("", pair.provider)
        and asked["pod"] in ("", pair.pod)
        and asked["owner"] in ("", one.gap.owner)
        and asked["kind"] in ("", pair.kind)
    )


def _filters(every: list[Standing], asked: dict[str, str], names: dict[str, str]) -> list[dict[str, Any]]:
    pairs = [one.gap.disagreement.pair for one in every]
    pods = {pair.pod: words.pod_name(pair.kind, pair.pod) for pair in pairs if pair.pod}
    providers = {pair.provider: names.get(pair.provider, pair.provider) for pair in pairs}
    owners = {one.gap.owner: names.get(one.gap.owner, one.gap.owner) for one in every}
    states = {one.gap.state: words.tag(words.GAP_STATES, one.gap.state)["text"] for one in every}
    if any(one.is_late for one in every):
        states |= {"overdue": _("Overdue")}
    kinds = {pair.kind: str(words.KINDS[pair.kind]) for pair in pairs}
    given = (
        ("provider", _("Provider"), providers),
        ("kind", _("What is planned"), kinds),
        ("pod", _("Point of delivery or profession"), pods),
        ("state", _("State"), states),
        ("owner", _("Who must resolve it"), owners),
    )
    return [
        {"name": name, "label": label, "items": parts.items(sorted(of.items(), key=lambda one: one[1]), asked[name],
                                                            _("All"))}
        for name, label, of in given
    ]  # fmt: skip


def _table(found: list[Standing], names: dict[str, str]) -> Table:
    rows = []
    for one in found:
        given = one.gap.disagreement
        pair = given.pair
        rows.append(
            {
                "number": one.number,
                "what": words.subject_of(pair),
                "href": parts.href("disagreement", one.number),
                "provider": names.get(pair.provider, pair.provider),
                "commissioner_says": words.figure(pair.commissioner_value, pair.unit, pair.commissioner_of),
                "provider_says": words.figure(pair.provider_value, pair.unit, pair.provider_of),
                "apart": words.apart(given.gap, pair.unit),
                "pence": one.pence,
                "people": one.people,
                "why": str(words.REASONS[given.reason]),
                "state": words.tag(words.GAP_STATES, one.gap.state)["text"]
                + (f", {_('overdue')}" if one.is_late else ""),
                "owner": side_of(one.gap, names),
                "due": one.gap.due,
            }
        )
    return Table(
        [
            Column("number", _("Number"), "number", where="file"),
            Column("what", _("What"), "link", href_key="href"),
            Column("provider", _("Provider"), where=_where(rows)),
            Column("commissioner_says", _("Commissioner plans")),
            Column("provider_says", _("Provider plans")),
            Column("apart", _("Apart"), where="file"),
            Column("pence", _("Worth (£)"), "pence", note=_("The gap times the price in the plans; empty: no price.")),
            Column("people", _("People (WTE)"), "number", decimals=1,
                   note=_("Staff, or the time that the activity takes; empty: no time is set.")),
            Column("why", _("Why"), where="file"),
            Column("state", _("State")),
            Column("owner", _("Resolved by")),
            Column("due", _("By"), "date"),
        ],
        rows,
        caption=_("Between commissioner and provider"),
        name="gaps",
        notes=[_("The sum above counts a year's total only where no month of it is here.")],
        empty=_("No disagreement fits."),
    )  # fmt: skip


def _checks_table(failed: list[Contradiction], names: dict[str, str]) -> Table:
    rows: list[parts.Row] = []
    for one in failed:
        result = one.result
        is_known = result.expected is not None and result.actual is not None
        gap = result.actual - result.expected if result.expected is not None and result.actual is not None else None
        unit = result.unit
        shown = (lambda value, unit=unit: _in_unit(value, unit)) if is_known else (lambda _value: "")
        rows.append(
            {
                "what": words.check_name(result.check),
                "href": parts.href("sign-off", one.comparison),
                "provider": names.get(one.provider, one.provider),
                "expected": shown(result.expected),
                "actual": shown(result.actual),
                "pence": int(gap) if gap is not None and unit == "pence" else None,
                "people": gap if gap is not None and unit == "WTE" else None,
                "state": _("Waived") if one.waived else _("Fails") if result.status == "fails" else _("Cannot be made"),
                "why": "" if is_known else parts.sentence(result.says),
            }
        )
    rows.sort(key=lambda row: (row["pence"] is None, -abs(row["pence"] or 0), row["what"]))
    return Table(
        [
            Column("what", _("Check"), "link", href_key="href"),
            Column("provider", _("Provider"), where=_where(rows)),
            Column("expected", _("Follows from the rest")),
            Column("actual", _("Planned")),
            Column("pence", _("Gap (£)"), "pence"),
            Column("people", _("Gap (WTE)"), "number", decimals=1),
            Column("state", _("State")),
            Column("why", _("What is missing")),
        ],
        rows,
        caption=_("Within one plan: activity, workforce and money"),
        name="checks",
        empty=_("Every plan that was compared agrees with itself."),
    )


def _where(rows: list[parts.Row]) -> Literal["everywhere", "file"]:
    """A provider's name in every row only takes room where there is one."""
    return "everywhere" if len({row["provider"] for row in rows}) > 1 else "file"


def _in_unit(value: Any, unit: str) -> str:
    if unit == "growth":
        return f"{value * 100:.1f}%"
    return words.figure(value, unit)


def _steps_table(gap: OpenGap, names: dict[str, str]) -> Table:
    rows = [{"on": step.on, **said_of(gap, step, names)} for step in reversed(gap.steps)]
    rows.append({"on": gap.opened, "act": _("Found"), "by": "", "detail": ""})
    return Table(
        [
            Column("on", _("Day"), "date"),
            Column("act", _("What happened")),
            Column("by", _("By")),
            Column("detail", _("Figures and reasons")),
        ],
        rows,
        caption=_("History"),
        name="history",
        per_page=0,
        can_filter=False,
        can_sort=False,
        can_download=False,
    )


def _acts(request: Any, gap: OpenGap) -> list[str]:
    """What whoever looks may do with a gap now, as the names of pages."""
    if not parts.may(request, services.RESOLVE):
        return []
    allowed = MAY[gap.state]
    mine = parts.bodies_of(grant_for(request, services.RESOLVE), gap.sides)
    found = []
    if mine and "accept" in allowed and any(side not in gap.accepted_by for side in mine):
        found.append("answer")
    if mine and set(allowed) & set(PROPOSALS):
        found.append("propose")
    if mine and "assign" in allowed:
        found.append("assign")
    if mine and "escalate" in allowed:
        found.append("escalate")
    if "arbitrate" in allowed and parts.may(request, services.SIGN):
        found.append("decide")
    if mine and "close" in allowed:
        found.append("close")
    return found


def _crumb(row: Gap) -> Crumb:
    pair = row.pair
    period = str(pair["period"])
    from joinedup.planning import year_of

    return Crumb(_("Where plans disagree"), parts.href("disagreements", year=year_of(period)))
