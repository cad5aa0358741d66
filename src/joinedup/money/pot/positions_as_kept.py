"""The system's position from what is kept: plans that stand, partners' trial balances, and the pot's own ledger (MB11).

Plan: income less spend of a body's own finance lines, of the version that is signed or agreed, else of what it only
submitted (`plan_state` says which). Actual: income less spend of its trial balance at the end of the month. Forecast:
by `run_rate`, or by `plan`, the actual and what the plan has for the rest of the year. What cannot be said is None, and
`missing` says why: it is never 0.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Final

from joinedup import database
from joinedup.errors import RuleError, did_you_mean
from joinedup.moment import now
from joinedup.money import models
from joinedup.money.allocation.splitting import half_up, profile
from joinedup.money.ledger.own_accounts import OwnAccount, kinds_of
from joinedup.money.ledger.reading import availabilities
from joinedup.money.pot import positions
from joinedup.money.pot.outturn import LineToDate, forecast_outturn
from joinedup.planning import (
    ParameterSet,
    PlanLine,
    StandingPlan,
    months_of,
    read_parameters,
    standing_plans,
    year_days,
)

PARAMETERS = Path(__file__).with_name("positions.toml")
DECIDED = Path("decisions") / "position_parameters.toml"  # in the data folder
CONTROL_TOTAL: Final = "position.control_total"
INSIDE: Final = "position.in_control_total"
METHODS: Final = ("run_rate", "plan")
NAMED = 5  # accounts that a sentence names


@dataclass(frozen=True, slots=True)
class BodyStanding:
    """What is known of one body's year, in pence, plus is a surplus; None with a reason in `missing` where it is not.

    `kind` is what the body is, "" where joinedup does not know it. `trial_balance` is the number of the one read.
    """

    body: str
    kind: str
    in_control_total: bool
    plan: int | None
    plan_state: str
    plan_version: int | None
    actual: int | None
    trial_balance: int | None
    forecast: int | None
    missing: tuple[str, ...]

    @property
    def variance(self) -> int | None:
        """Forecast less plan: plus is better than planned."""
        return None if self.forecast is None or self.plan is None else self.forecast - self.plan


@dataclass(frozen=True, slots=True)
class FundStanding:
    """A fund's year in the ledger, in pence: its lines' budgets now, spent to date, still committed, and forecast.

    `since` is what was spent between the end of the month and today: neither `actual` nor the forecast holds it.
    """

    fund: str
    kind: str
    host: str
    budget: int
    actual: int
    committed: int
    forecast: int
    since: int = 0

    @property
    def variance(self) -> int:
        """Budget less forecast: plus is an underspend."""
        return self.budget - self.forecast


@dataclass(frozen=True, slots=True)
class StandingPosition:
    """A system's position after some months of a year, from what is kept.

    `position` counts the bodies of which plan and forecast are known; `met` is None while one inside the control total
    is not. Funds are shown beside: their money stands in their hosts' books already.
    """

    year: str
    month: int
    method: str
    control_total: int
    bodies: tuple[BodyStanding, ...]
    funds: tuple[FundStanding, ...]
    position: positions.SystemPosition
    parameter_ids: tuple[str, ...]

    @property
    def unsaid(self) -> tuple[BodyStanding, ...]:
        """The bodies inside the control total of which plan or forecast is not known."""
        return tuple(one for one in self.bodies if one.in_control_total and one.variance is None)

    @property
    def met(self) -> bool | None:
        return None if self.unsaid or not self.position.bodies else self.position.met


def position_parameters() -> ParameterSet:
    """Answer what holds here for positions: the rows that joinedup brings along, but for those ids that the system
    decided itself, in the file `position_parameters.toml` of the folder `decisions` of its data.
    """
    own = database.data_dir() / DECIDED
    decided = read_parameters(own) if own.is_file() else ParameterSet([])
    return ParameterSet([*(one for one in _brought_along() if one.id not in decided.ids), *decided])


@cache
def _brought_along() -> ParameterSet:
    return read_parameters(PARAMETERS)


def system_position(
    year: str,
    month: int,
    *,
    control_total: int | None = None,
    method: str = "run_rate",
    parameters: ParameterSet | None = None,
) -> StandingPosition:
    """Answer a system's position after `month` months of a year (1 is April), against its control total in pence.

    Without `control_total` the parameter of the year's first day holds. Bodies are those that plan, are planned with,
    hold a fund or sent a trial balance.
    """
    if method not in METHODS:
        raise RuleError(f"MB11: '{method}' is no method; expected {', '.join(METHODS)}.{did_you_mean(method, METHODS)}")
    first, _ = year_days(year)
    at = month_day(year, month)
    params = parameters or position_parameters()
    used = [INSIDE] if control_total is not None else [INSIDE, CONTROL_TOTAL]
    total = int(params.number(CONTROL_TOTAL, first)) if control_total is None else control_total
    inside = params.value(INSIDE, first)
    plans = list(standing_plans(year, kind="finance"))
    balances = newest_balances(at)
    kinds = _kinds(_codes(plans, balances, year), first)
    nhs = inside if isinstance(inside, tuple) else (inside,)
    here = {*_with_data(plans, balances), *_hosts(year)}
    named = kinds_of(balances)
    rows = tuple(
        _standing(body, kinds.get(body, ""), nhs, plans, balances.get(body), named.get(body, {}), year, month, method)
        for body in sorted(kinds)
        if kinds[body] in nhs or body in here
    )
    counted = [
        positions.BodyPosition(one.body, one.plan, one.forecast, one.in_control_total)
        for one in rows
        if one.plan is not None and one.forecast is not None
    ]
    position = positions.system_position(counted, control_total=total)
    return StandingPosition(year, month, method, total, rows, _funds(year, month), position, tuple(used))


def month_day(year: str, month: int) -> date:
    """Answer the first day of a month of a financial year: 1 is April, 12 is March."""
    if isinstance(month, bool) or not isinstance(month, int) or not 1 <= month <= 12:
        raise RuleError(f"MB8: month {month!r} is none of the financial year; expected 1 (April) to 12 (March).")
    return date.fromisoformat(f"{months_of(year)[month - 1]}-01")


def newest_balances(month: date) -> dict[str, models.TrialBalance]:
    """Answer each partner's trial balance of a month, the newest where one replaced another."""
    rows = models.TrialBalance.objects.filter(month=month).order_by("body", "-pk").distinct("body")
    return {one.body: one for one in rows.prefetch_related("lines")}


def planned_position(lines: Iterable[PlanLine], body: str, year: str) -> tuple[list[int] | None, str]:
    """Answer a body's own income less spend by month in pence, and else which of the two its plan does not say."""
    own = [one for one in lines if not one.commissioner and one.provider == body]
    sums = dict.fromkeys(months_of(year), 0)
    for measure, sign in (("income", 1), ("spend", -1)):
        found = [one for one in own if one.measure == measure]
        if not found:
            return None, measure
        for one in found:
            parts = {one.period: int(one.value)}
            if one.period == year:
                parts = dict(zip(sums, profile(int(one.value), [1] * 12), strict=True))
            for period, pence in parts.items():
                sums[period] += sign * pence
    return list(sums.values()), ""


def _standing(
    body: str,
    kind: str,
    nhs: tuple[object, ...],
    plans: list[StandingPlan],
    held: models.TrialBalance | None,
    named: Mapping[str, OwnAccount],
    year: str,
    month: int,
    method: str,
) -> BodyStanding:
    missing = []
    plan, months, why = _plan_of(body, plans, year)
    if months is None:
        missing.append(why)
    actual = None
    if held is None:
        missing.append(f"no trial balance of {month_day(year, month):%B %Y}")
    else:
        actual, why = _actual(held, named)
        if actual is None:
            missing.append(why)
    forecast = None
    if actual is not None and method == "run_rate":
        forecast = half_up(Fraction(actual * 12, month))
    elif actual is not None and months is not None:
        forecast = actual + sum(months[month:])
    if not kind:
        missing.append("joinedup does not know what kind of body it is, so it stands beside the control total")
    return BodyStanding(
        body, kind, kind in nhs, None if months is None else sum(months), plan.state if plan else "",
        plan.version if plan else None, actual, held.pk if held else None, forecast, tuple(missing),
    )  # fmt: skip


def _plan_of(body: str, plans: list[StandingPlan], year: str) -> tuple[StandingPlan | None, list[int] | None, str]:
    # As a provider first: there a body plans its own affairs.
    mine = sorted((one for one in plans if one.owner == body), key=lambda one: one.side != "provider")
    why = f"no plan for {year} was submitted"
    for one in mine:
        months, silent = planned_position(one.lines, body, year)
        if months is not None:
            return one, months, ""
        why = f"its plan (version {one.version}) has no line of its own {silent}"
    return (mine[0] if mine else None), None, why


def _actual(held: models.TrialBalance, known: Mapping[str, OwnAccount]) -> tuple[int | None, str]:
    """Answer income less spend of a trial balance in pence, plus is a surplus; or why it cannot be said."""
    sums = {"income": 0, "spend": 0}
    unnamed = []
    counted = False
    for line in sorted(held.lines.all(), key=lambda one: one.row):
        one = known.get(line.account)
        if one is None:
            unnamed.append(line.account)
        elif one.kind in sums:
            sums[one.kind] += line.debit_pence - line.credit_pence
            counted = True
    if unnamed:
        more = f" and {len(unnamed) - NAMED} more" if len(unnamed) > NAMED else ""
        return None, f"nobody has said what its accounts {', '.join(unnamed[:NAMED])}{more} are"
    if not counted:
        return None, "its trial balance has no account of income or spend"
    return -sums["income"] - sums["spend"], ""


def _funds(year: str, month: int) -> tuple[FundStanding, ...]:
    first, after = year_days(year)
    at = month_day(year, month)
    last = date(at.year + at.month // 12, at.month % 12 + 1, 1) - timedelta(days=1)
    until = max(last, min(now().valid_on, after - timedelta(days=1)))
    found = []
    funds = list(models.Fund.objects.filter(valid_from__lt=after, valid_to__gt=first).order_by("code"))
    lines_of: dict[str, list[str]] = {fund.code: [] for fund in funds}
    for line, code in models.BudgetLine.objects.filter(fund__in=funds, year=year).values_list("code", "fund"):
        lines_of[code].append(line)
    every = [line for lines in lines_of.values() for line in lines]
    by_then, by_now = availabilities(every, last), availabilities(every, until)
    for fund in funds:
        lines = lines_of[fund.code]
        left = [by_then[line] for line in lines]
        budget, actual, committed = (sum(getattr(one, name) for one in left) for name in _SUMS)
        outturn = forecast_outturn(LineToDate(budget, actual, committed), month, "run_rate").outturn
        since = sum(by_now[line].actual for line in lines) - actual
        found.append(FundStanding(fund.code, fund.kind, fund.host, budget, actual, committed, outturn, since))
    return tuple(found)


_SUMS = ("current", "actual", "committed")


def _with_data(plans: Iterable[StandingPlan], balances: Iterable[str]) -> set[str]:
    return {one.owner for one in plans} | set(balances)


def _hosts(year: str) -> set[str]:
    first, after = year_days(year)
    funds = models.Fund.objects.filter(valid_from__lt=after, valid_to__gt=first)
    return set(funds.values_list("host", flat=True))


def _codes(plans: list[StandingPlan], balances: Iterable[str], year: str) -> set[str]:
    named = {code for plan in plans for line in plan.lines for code in (line.commissioner, line.provider) if code}
    return named | _with_data(plans, balances) | _hosts(year)


def _kinds(codes: Iterable[str], on: date) -> dict[str, str]:
    """Answer what kind of body each code is on a day, "" for one that is not known."""
    from joinedup.system import as_of

    picture = as_of(on, now().known_at)
    codes = list(codes)
    ids = {code: one for code, (kind, one) in picture.find_each(codes).items() if kind == "body"}
    bodies = picture.bodies_by_id(ids.values())
    return {code: (bodies[ids[code]].kind or "") if code in ids else "" for code in codes}
