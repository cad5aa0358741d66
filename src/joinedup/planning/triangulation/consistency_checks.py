"""Whether one plan agrees with itself: activity with income, with staff, with pay, with beds, and with last year (MD8).

Every check answers with its figures, also when it could not be made: what is not known never passes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from joinedup.errors import RuleError
from joinedup.planning.parameters import ParameterMissing, ParameterSet
from joinedup.planning.plans.plan_lines import ACTIVITY, Code, PlanLine, first_day, months_of, prices_of
from joinedup.planning.plans.versions import PlanVersion
from joinedup.planning.workforce.staff import WEEK, productive_hours, wte_required

STATUSES = ("passes", "fails", "cannot be made", "not applicable")
WORKED = ("in_post", "bank", "agency")


@dataclass(frozen=True, slots=True)
class CheckResult:
    """One check of one body's plan: what was `expected` and is in the plan (`actual`), in `unit`, and what may differ.

    `check` is its name with the body, by which it is waived. The figures are None when it could not be made.
    """

    check: str
    status: str
    says: str
    expected: Decimal | None = None
    actual: Decimal | None = None
    tolerance: Decimal | None = None
    unit: str = ""

    @property
    def passed(self) -> bool:
        return self.status in ("passes", "not applicable")


class _Unknown(Exception):
    """Something without which a check cannot be made."""


def income_of(
    units: Mapping[tuple[Code, Code], Decimal], price_p: Mapping[tuple[Code, Code], int], mff: Decimal
) -> int:
    """Answer the pence of activity: sum of units * price * market forces factor, half-up once, last.

    Keys are (service, pod). RuleError names the first key without a price.
    """
    missing = sorted(units.keys() - price_p.keys())
    if missing:
        raise RuleError(f"MD8: no price is known for {' '.join(missing[0])} and {len(missing) - 1} more; add them.")
    return _pence(sum((units[key] * price_p[key] for key in units), Decimal(0)) * mff)


def pay_of(wte: Mapping[Code, Decimal], cost_p: Mapping[Code, int]) -> int:
    """Answer the pence of a year's pay: sum of WTE * cost of one, by profession, half-up once, last."""
    missing = sorted(wte.keys() - cost_p.keys())
    if missing:
        raise RuleError(f"MD8: no cost of a WTE is known for {', '.join(missing)}; add it.")
    return _pence(sum((wte[key] * cost_p[key] for key in wte), Decimal(0)))


def productivity(activity_growth: Decimal, input_growth: Decimal) -> Decimal:
    """Answer the growth of productivity: (1 + cost-weighted activity growth) / (1 + real input growth) - 1."""
    if input_growth <= -1:
        raise RuleError(f"MD8: inputs grow by {input_growth}; expected more than -1.")
    return (1 + activity_growth) / (1 + input_growth) - 1


def limit_after_cut(last_year_p: int, cut: Decimal) -> int:
    """Answer the most pence that may be planned: last year's less the cut, half-up once."""
    return _pence(last_year_p * (1 - cut))


def is_within(actual: Decimal | int, expected: Decimal | int, share: Decimal) -> bool:
    """Answer whether two figures differ by no more than a share of the expected one."""
    return abs(Decimal(actual) - Decimal(expected)) <= share * abs(Decimal(expected))


def consistency(
    version: PlanVersion,
    params: ParameterSet,
    *,
    previous: PlanVersion | None = None,
    other: PlanVersion | None = None,
) -> list[CheckResult]:
    """Answer every check of a plan, sorted as rule MD8 lists them, by provider.

    `previous` is the plan of the year before, for growth and cuts; `other` the other side's plan, for contract values.
    Parameters hold on the first day of the plan's year; "consistency.minutes:OPFA", "consistency.cost:NURSE",
    "consistency.los:NEL", "consistency.occupancy", "consistency.mff:RWG", "consistency.inflation" are a system's own.
    A check for which a price, parameter or plan is missing "cannot be made" and says what is missing.
    """
    on = first_day(version.year)
    found: list[CheckResult] = []
    for provider in sorted({line.provider for line in version.lines if line.provider}):
        plan = _Plan(provider, version, previous, params, on)
        for name, check in _CHECKS:
            found.append(_made(f"{name}: {provider}", check, plan))
        if other is not None:
            found.append(_made(f"both sides: {provider}", _both_sides(other), plan))
    return found


class _Plan:
    """What the checks ask of one provider's part of a plan."""

    def __init__(
        self, provider: Code, version: PlanVersion, previous: PlanVersion | None, params: ParameterSet, on: date
    ) -> None:
        self.provider, self.params, self.on, self.version = provider, params, on, version
        self.lines = [line for line in version.lines if line.provider == provider]
        self.before = [line for line in previous.lines if line.provider == provider] if previous else None
        self.prices = prices_of(self.lines)

    def activity(self, lines: Iterable[PlanLine]) -> dict[tuple[Code, Code], Decimal]:
        found: dict[tuple[Code, Code], Decimal] = {}
        for line in lines:
            if line.kind == "activity" and line.measure == ACTIVITY:
                key = (line.service, line.pod)
                found[key] = found.get(key, Decimal(0)) + line.value
        return found

    def money(self, measure: str, lines: Iterable[PlanLine]) -> int | None:
        values = [int(line.value) for line in lines if line.kind == "finance" and line.measure == measure]
        return sum(values) if values else None

    def last_year(self) -> list[PlanLine]:
        if self.before is None:
            raise _Unknown("the plan of the year before is not there")
        return self.before

    def staff(self, measures: tuple[str, ...]) -> dict[Code, Decimal]:
        """The mean WTE of the months by profession."""
        found: dict[Code, Decimal] = {}
        months = {line.period for line in self.lines if line.kind == "workforce"} or {""}
        for line in self.lines:
            if line.kind == "workforce" and line.measure in measures:
                found[line.pod] = found.get(line.pod, Decimal(0)) + line.value
        return {pod: value / len(months) for pod, value in found.items()}

    def parameter(self, key: str, of: str = "") -> Decimal:
        """The number for one of something, else the number for all."""
        for one in (f"{key}:{of}", key) if of else (key,):
            try:
                return self.params.number(one, self.on)
            except ParameterMissing:
                continue
        raise _Unknown(f"there is no parameter {key}{f':{of}' if of else ''} on {self.on}")


def _income(plan: _Plan) -> CheckResult | None:
    units = plan.activity(plan.lines)
    actual = plan.money("income", plan.lines)
    if not units and actual is None:
        return None
    if actual is None:
        raise _Unknown("the plan has activity and no line of income")
    share = plan.parameter("consistency.income")
    expected = income_of(units, plan.prices, plan.parameter("consistency.mff", plan.provider))
    return _close(expected, actual, share, "pence")


def _wte(plan: _Plan) -> CheckResult | None:
    units: dict[Code, Decimal] = {}
    for (_, pod), value in plan.activity(plan.lines).items():
        units[pod] = units.get(pod, Decimal(0)) + value
    needed = plan.staff(("needed",))
    if not units or not any(line.kind == "workforce" for line in plan.lines):
        return None
    if not needed:
        raise _Unknown("the plan has staff and no line of staff needed")
    minutes = {pod: plan.parameter("consistency.minutes", pod) for pod in units}
    hours = productive_hours(
        plan.parameter("workforce.absence", plan.provider),
        week=plan.parameter("workforce.week") if "workforce.week" in plan.params.ids else WEEK,
        weeks=plan.parameter("workforce.weeks"),
    )
    expected = wte_required(units, minutes, hours)
    return _close(expected, sum(needed.values(), Decimal(0)), plan.parameter("consistency.wte"), "WTE")


def _pay(plan: _Plan) -> CheckResult | None:
    staff = plan.staff(WORKED)
    actual = plan.money("pay", plan.lines)
    if not staff and actual is None:
        return None
    if actual is None:
        raise _Unknown("the plan has staff and no line of pay")
    cost = {profession: int(plan.parameter("consistency.cost", profession)) for profession in staff}
    return _close(pay_of(staff, cost), actual, plan.parameter("consistency.pay"), "pence")


def _beds(plan: _Plan) -> CheckResult | None:
    from joinedup.planning.capacity.beds import beds_required

    beds = [Decimal(line.value) for line in plan.lines if line.measure == "beds"]
    if not beds:
        return None
    days = sum(_days(month) for month in months_of(plan.version.year))
    stays = Decimal(0)
    for (_, pod), units in plan.activity(plan.lines).items():
        if pod in ("EL", "NEL", "NELS", "MAT"):
            stays += units * plan.parameter("consistency.los", pod)
    occupancy = plan.parameter("consistency.occupancy", plan.provider)
    expected = Decimal(beds_required(float(stays / days), 1.0, float(occupancy)))
    actual = min(beds)
    return CheckResult("", "passes" if actual >= expected else "fails", "", expected, actual, Decimal(0), "beds")


def _productivity(plan: _Plan) -> CheckResult | None:
    now, before = plan.activity(plan.lines), plan.activity(plan.last_year())
    spend, last_spend = plan.money("spend", plan.lines), plan.money("spend", plan.last_year())
    if not now or not before:
        return None
    if not spend or not last_spend:
        raise _Unknown("the spend of this year or of the year before is not there")
    target = plan.parameter("consistency.productivity")
    real = Decimal(spend) / (1 + plan.parameter("consistency.inflation"))
    weighted, weighted_before = (income_of(units, plan.prices, Decimal(1)) for units in (now, before))
    if not weighted_before:
        raise _Unknown("the activity of the year before is worth nothing")
    actual = productivity(Decimal(weighted) / weighted_before - 1, real / last_spend - 1)
    return CheckResult("", "passes" if actual >= target else "fails", "", target, actual, Decimal(0), "growth")


def _cut(measure: str) -> Callable[[_Plan], CheckResult | None]:
    def check(plan: _Plan) -> CheckResult | None:
        actual = plan.money(measure, plan.lines)
        if actual is None:
            return None
        name = {"spend": "cost_base"}.get(measure, measure)
        try:
            cut = plan.parameter(f"consistency.{name}_cut")
        except _Unknown:
            return None  # No cut was asked for in that year.
        last = plan.money(measure, plan.last_year())
        if last is None:
            raise _Unknown(f"the plan of the year before has no line of {measure}")
        most = limit_after_cut(last, cut)
        status = "passes" if actual <= most else "fails"
        return CheckResult("", status, "", Decimal(most), Decimal(actual), Decimal(0), "pence")

    return check


def _both_sides(other: PlanVersion) -> Callable[[_Plan], CheckResult | None]:
    def check(plan: _Plan) -> CheckResult | None:
        owners = {plan.version.owner, other.owner}
        ours, theirs = (
            plan.money(
                "contract_value",
                [line for line in version.lines if line.provider == plan.provider and line.commissioner in owners],
            )
            for version in (plan.version, other)
        )
        if ours is None and theirs is None:
            return None
        if ours is None or theirs is None:
            raise _Unknown("only one side says what the contract is worth")
        return CheckResult(
            "", "passes" if ours == theirs else "fails", "", Decimal(theirs), Decimal(ours), Decimal(0), "pence"
        )

    return check


_CHECKS: tuple[tuple[str, Callable[[_Plan], CheckResult | None]], ...] = (
    ("activity to income", _income),
    ("activity to WTE", _wte),
    ("WTE to pay", _pay),
    ("activity to beds", _beds),
    ("productivity", _productivity),
    ("agency", _cut("agency")),
    ("bank", _cut("bank")),
    ("cost base", _cut("spend")),
)


def _made(name: str, check: Callable[[_Plan], CheckResult | None], plan: _Plan) -> CheckResult:
    try:
        found = check(plan)
    except _Unknown as unknown:
        return CheckResult(name, "cannot be made", f"{unknown}.")
    except RuleError as error:
        return CheckResult(name, "cannot be made", str(error))
    if found is None:
        return CheckResult(name, "not applicable", "The plan has nothing to compare.")
    figures = f"expected {found.expected:.10g}, planned {found.actual:.10g} {found.unit}"
    says = f"{figures}; may differ by {found.tolerance:.6g}."
    return CheckResult(name, found.status, says, found.expected, found.actual, found.tolerance, found.unit)


def _close(expected: Decimal | int, actual: Decimal | int, share: Decimal, unit: str) -> CheckResult:
    status = "passes" if is_within(actual, expected, share) else "fails"
    return CheckResult("", status, "", Decimal(expected), Decimal(actual), share * abs(Decimal(expected)), unit)


def _days(month: str) -> int:
    start = first_day(month)
    after = date(start.year + (start.month == 12), start.month % 12 + 1, 1)
    return (after - start).days


def _pence(value: Decimal) -> int:
    return int(value.quantize(Decimal(1), rounding=ROUND_HALF_UP))
