"""The HTTP interface of this room: the same answers as the pages, in JSON, under /api/planning. Amounts are pence."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Query, Router, Schema
from pydantic import BaseModel

from joinedup.access import requires
from joinedup.errors import RuleError
from joinedup.moment import now
from joinedup.planning.demand import activity_to_come
from joinedup.planning.demand.activity_to_come import LONGEST, Asked
from joinedup.planning.demand.forecast_said import forecast_said, waiting_said
from joinedup.planning.demand.scenario import read_scenario
from joinedup.planning.models import Version
from joinedup.planning.plans import kept_plans
from joinedup.planning.plans.plan_lines import months_of
from joinedup.planning.system_parameters import system_parameters
from joinedup.planning.triangulation.standing import contradictions, standing_gaps, total_pence
from joinedup.planning.waiting import waiting_to_come
from joinedup.planning.waiting.waiting_to_come import SEED, Tried


class Problem(Schema):
    """Why there is no answer, and what to do; `request_id` finds the line in the server's log."""

    error: str
    request_id: str


class Answer(BaseModel, extra="allow"):
    """An answer whose shape depends on what was asked; `what` names it: forecast, waiting-list, plans ..."""

    what: str


router = Router(tags=["planning"])
ANSWERS = {200: Answer, 401: Problem, 403: Problem, 404: Problem, 422: Problem}
READ = "planning.read"
MOST_WEEKS = 260
MOST_A_WEEK = 100_000
Percent = Query("", description="In per cent, as in the page's form; nothing changes when not given.")
Provider = Query("", description="A provider's code, such as RWG; all when not given.")
Service = Query("", description="One specialty of the provider, by its code.")
Year = Query("", description="The financial year, such as 2026/27; all years when not given.")


@router.get("/activity", response=ANSWERS, summary="The points of delivery, places and providers to forecast")
@requires(READ)
def activity(request: HttpRequest) -> dict[str, Any]:
    return {
        "what": "activity",
        "places": activity_to_come.places(),
        "points": [
            {"pod": pod, "title": title, "unit": unit, "providers": activity_to_come.providers(pod)}
            for pod, (title, unit) in activity_to_come.points().items()
        ],
    }


@router.get("/forecast", response=ANSWERS, summary="Activity to come, with its interval, back-test and a scenario")
@requires(READ)
def forecast(
    request: HttpRequest,
    pod: str = Query("OPFA", description="The point of delivery."),
    place: str = Query("", description="Of the patients of one place, by its code; not together with a provider."),
    provider: str = Provider,
    service: str = Service,
    horizon: int = Query(12, ge=1, le=LONGEST, description="Months ahead."),
    prevention: str = Percent,
    stay: str = Percent,
    shift: str = Percent,
    contacts: str = Query("", description="Community contacts for each case that is moved; 1 when not given."),
    growth: str = Query("", description="Population growth a year in per cent; as it was when not given."),
    full_after: str = Query("", description="Months until these have their full effect; at once when not given."),
) -> dict[str, Any]:
    activity_to_come.known_code(pod, activity_to_come.points(), "point of delivery")
    sent = {"prevention": prevention, "stay": stay, "shift": shift, "contacts": contacts, "growth": growth,
            "full_after": full_after}  # fmt: skip
    typed = read_scenario(sent, pod)
    if typed.scenario is None:
        raise RuleError("; ".join(f"{name}: {said}" for name, said in typed.errors.items()))
    found = activity_to_come.outlook(Asked(pod, place, provider, service, horizon), typed.scenario)
    return {"what": "forecast"} | forecast_said(found)


@router.get(
    "/waiting-list", response=ANSWERS, summary="A waiting list: how it stands, what it needs, where it is heading"
)
@requires(READ)
def waiting_list(
    request: HttpRequest,
    provider: str = Provider,
    service: str = Service,
    weeks: int = Query(52, ge=1, le=MOST_WEEKS, description="Weeks ahead."),
    capacity: float | None = Query(None, ge=0, le=MOST_A_WEEK, description="Treatments a week; else as last year."),
    referrals: float | None = Query(None, ge=0, le=MOST_A_WEEK, description="Referrals a week; else as last year."),
    target_weeks: float = Query(18.0, ge=1, le=104, description="The target wait in weeks."),
    seed: int = Query(SEED, ge=0, le=2**32 - 1, description="The seed of chance: the same gives the same figures."),
) -> dict[str, Any]:
    now_ = waiting_to_come.list_now(provider, service)
    found = waiting_to_come.heading(now_, Tried(capacity, referrals, target_weeks, weeks, seed))
    return {"what": "waiting-list"} | waiting_said(found)


@router.get("/waiting-lists", response=ANSWERS, summary="The providers and specialties that have a list by themselves")
@requires(READ)
def waiting_lists(request: HttpRequest) -> dict[str, Any]:
    return {"what": "waiting-lists", "providers": waiting_to_come.lists()}


@router.get("/plans", response=ANSWERS, summary="Every version of every plan, with its state")
@requires(READ)
def plans(request: HttpRequest, year: str = Year) -> dict[str, Any]:
    versions = Version.objects.select_related("plan").order_by("plan__year", "plan__owner", "number")
    if year:
        months_of(year)
        versions = versions.filter(plan__year=year)
    return {
        "what": "plans",
        "versions": [
            {"version": one.pk, "owner": one.plan.owner, "side": one.plan.side, "year": one.plan.year,
             "number": one.number, "lines": one.lines_count, "state": kept_plans.state_of(one),
             "hash": one.content_hash}
            for one in versions
        ],
    }  # fmt: skip


@router.get("/disagreements", response=ANSWERS, summary="Where plans disagree, in their unit, pence and people")
@requires(READ)
def disagreements(
    request: HttpRequest,
    year: str = Year,
    settled: bool = Query(False, description="With those that are settled."),
) -> dict[str, Any]:
    if year:
        months_of(year)
    assumed, today = system_parameters(), now().valid_on
    comparisons = kept_plans.latest_comparisons(year or None)
    gaps = [one for one in standing_gaps(comparisons, assumed, today) if settled or not one.is_settled]
    return {
        "what": "disagreements",
        "worth_pence": total_pence(gaps),
        "gaps": [
            {
                "gap": one.number,
                "comparison": one.comparison,
                "reason": one.gap.disagreement.reason,
                **{name: getattr(one.gap.disagreement.pair, name) for name in one.gap.disagreement.pair._fields[:8]},
                "apart": str(one.gap.disagreement.gap),
                "allowed": str(one.gap.disagreement.tolerance),
                "pence": one.pence,
                "people_wte": None if one.people is None else float(one.people),
                "state": one.gap.state,
                "owner": one.gap.owner,
                "due": one.gap.due.isoformat(),
                "is_settled": one.is_settled,
                "is_late": one.is_late,
            }
            for one in gaps
        ],
        "contradictions": [
            {"comparison": one.comparison, "provider": one.provider, "check": one.result.check,
             "status": one.result.status, "waived_by": one.waived}
            for one in contradictions(comparisons, assumed)
        ],
    }  # fmt: skip
