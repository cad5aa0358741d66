"""The HTTP interface of this room: the same answers as the pages, in JSON, under /api/money. Amounts are pence."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.http import HttpRequest
from ninja import Query, Router, Schema
from pydantic import BaseModel

from joinedup.access import requires
from joinedup.errors import RuleError
from joinedup.moment import Moment, end_of_day, now, parse_day
from joinedup.money import models
from joinedup.money.allocation.explained import Unit, figure
from joinedup.money.allocation.kept_baselines import baselines_of
from joinedup.money.allocation.kept_tables import kept_table
from joinedup.money.allocation.weighted_populations import COLUMNS
from joinedup.money.allocation.what_if import try_out
from joinedup.money.allocation.what_if_form import read
from joinedup.money.ledger.reading import fund_of, pounds_of_plan_line, trace, trial_balance
from joinedup.money.pot.line_standings import standings


class Problem(Schema):
    """Why there is no answer, and what to do; `request_id` finds the line in the server's log."""

    error: str
    request_id: str


class Answer(BaseModel, extra="allow"):
    """An answer whose shape depends on what was asked; `what` names it: allocation, funds, lines, balance, trace ..."""

    what: str


router = Router(tags=["money"])
ANSWERS = {200: Answer, 401: Problem, 403: Problem, 404: Problem, 422: Problem}
Year = Query("2022/23", description="The financial year of the weighted populations.")
System = Query("", description="The system whose pot it is, such as QM7.")
Pot = Query("1000000000", description="The pot before, in pounds: 1000000000 or 2500000000.01.")
Percent = Query("", description="In per cent, as the page's slider of that name; its first place if not given.")
Fund = Query("", description="The fund's code.")
Day = Query("", description="The last day that counts, such as 2026-05-01; today when not given.")
Known = Query("", description="What was recorded by the end of this day; all that is known today when not given.")


@router.get("/allocation", response=ANSWERS, summary="A pot shared by need over a system's places, as the sliders say")
@requires("money.read")
def allocation(
    request: HttpRequest,
    system: str = System,
    pot_pounds: str = Pot,
    year: str = Year,
    component: str = Query("core", description="core, general-and-acute, community, maternity and others."),
    change: str = Percent,
    kappa: str = Percent,
    floor: str = Percent,
    cap: str = Percent,
    max_under: str = Percent,
    kept_baselines: bool = Query(False, description="Move from the baselines that are kept, not from list sizes."),
    blank: str = Query("error", description="What a blank cell is: zero, one or error."),
    place: str = Query("", description="With a place: what its neighbourhoods get as well."),
) -> dict[str, Any]:
    table, edition = kept_table(year, components=(component,), blank=blank)
    places = sorted({one.place for one in table.of(system)})
    had = baselines_of(year, places)
    sent = {"pot": pot_pounds, "component": component, "change": change, "kappa": kappa, "floor": floor, "cap": cap,
            "max_under": max_under, "blank": blank}  # fmt: skip
    if had and not kept_baselines:
        sent |= {f"before-{one}": "" for one in places}
    typed = read(sent, system=system, places=places, components=tuple(COLUMNS), kept=had.pence if had else None)
    if typed.tried is None:
        raise RuleError("; ".join(f"{name}: {said}" for name, said in typed.errors.items()))
    answer = try_out(table, typed.tried, place=place)
    made = answer.allocation
    return {
        "what": "allocation",
        "year": made.year,
        "component": made.component,
        "pot_pence": made.pot,
        "sum_pence": sum(unit.pence for unit in made.units),
        "baselines": "by list size" if answer.is_assumed or had is None else f"kept: {had.digest}",
        "places": [_unit(unit) | {"baseline_pence": answer.before[unit.code]} for unit in made.units],
        "below": [_unit(unit) for unit in answer.below],
        "inputs_hash": made.inputs_hash,
        "edition": edition.digest,
        "code_version": made.code_version,
    }


@router.get("/funds", response=ANSWERS, summary="The funds, with their kind, host and agreement")
@requires("money.read")
def funds(request: HttpRequest) -> dict[str, Any]:
    found = [fund_of(code) for code in models.Fund.objects.order_by("code").values_list("code", flat=True)]
    return {
        "what": "funds",
        "funds": [
            {"code": one.code, "name": one.name, "kind": one.kind, "host": one.host, "agreement": one.agreement,
             "from": str(one.valid_from), "to": str(one.valid_to)}
            for one in found
        ],
    }  # fmt: skip


@router.get("/lines", response=ANSWERS, summary="A fund's budget lines: current, committed, spent, available, forecast")
@requires("money.read")
def lines(request: HttpRequest, fund: str = Fund, on: str = Day, known_on: str = Known) -> dict[str, Any]:
    fund_of(fund)
    moment = _moment(on, known_on)
    return {
        "what": "lines",
        "fund": fund,
        "on": str(moment.valid_on),
        "lines": [
            {
                "code": one.line.code,
                "name": one.line.name,
                "year": one.line.year,
                "original_pence": one.left.original,
                "virements_pence": one.left.virements,
                "current_pence": one.left.current,
                "committed_pence": one.left.committed,
                "actual_pence": one.left.actual,
                "available_pence": one.left.available,
                "forecast_run_rate_pence": one.run_rate.outturn,
                "forecast_commitments_pence": one.committed.outturn,
                "variance_pence": one.run_rate.variance,
                "plan_line": one.line.plan_line,
            }
            for one in standings(fund, moment.valid_on, known_at=moment.known_at if known_on else None)
        ],
    }


@router.get("/trial-balance", response=ANSWERS, summary="What a fund's accounts stand at; the values sum to 0")
@requires("money.read")
def balance(request: HttpRequest, fund: str = Fund, on: str = Day, known_on: str = Known) -> dict[str, Any]:
    fund_of(fund)
    moment = _moment(on, known_on)
    stands = trial_balance(fund, effective_to=moment.valid_on, known_at=moment.known_at)
    return {"what": "balance", "fund": fund, "on": str(moment.valid_on), "accounts": stands,
            "sum_pence": sum(stands.values())}  # fmt: skip


@router.get("/trace", response=ANSWERS, summary="From a posting to its authority and plan line")
@requires("money.read")
def traced(request: HttpRequest, key: str = Query("", description="The posting's key.")) -> dict[str, Any]:
    found = trace(key)
    return {
        "what": "trace",
        "key": key,
        "on": str(found.row.transaction.effective_on),
        "commitment": found.commitment,
        "contract": found.contract,
        "authority": found.authority.id if found.authority else "",
        "decision": found.authority.reference if found.authority else "",
        "plan_line": found.plan_line,
        "reversed_by": found.reversed_by,
    }


@router.get("/plan-line", response=ANSWERS, summary="From a plan line to its pounds")
@requires("money.read")
def of_plan_line(request: HttpRequest, plan_line: str = Query("", description="Its id.")) -> dict[str, Any]:
    found = pounds_of_plan_line(plan_line)
    return {
        "what": "plan-line",
        "plan_line": plan_line,
        "budgeted_pence": found.budgeted,
        "committed_pence": found.committed,
        "spent_pence": found.spent,
        "postings": list(found.postings),
    }


def _moment(on: str, known_on: str) -> Moment:
    present = now()
    known: date | None = parse_day(known_on) if known_on else None
    return Moment(
        parse_day(on) if on else present.valid_on,
        min(end_of_day(known), present.known_at) if known else present.known_at,
    )


def _unit(unit: Unit) -> dict[str, Any]:
    return {
        "code": unit.code,
        "path": list(unit.path),
        "name": unit.name,
        "pence": unit.pence,
        "target_pence": unit.target_p,
        "share_percent": figure(unit.share * 100),
        "need_index": figure(unit.index_of_england),
    }
