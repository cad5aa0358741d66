"""The explained statement of a contract and a month: what is due for the year to date, and why (rules MC1 to MC7).

    made = make_statement(StatementInputs(...), code_version="0.1.0")
    made.due_p, made.lines, made.text

Entitlement is computed on what was planned and done since April, less what was paid so far (MC3). Activity is taken as
it was counted and priced; a line that would show 1 to 7 units is folded into "other activity". The same inputs give
the same text, byte for byte.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from fractions import Fraction

from joinedup.errors import RuleError
from joinedup.money.allocation.splitting import exact, half_up, split_pence
from joinedup.money.contracts.contract import FIXED, PaidPart, months_to_date, to_date
from joinedup.money.payment import statement_words as words
from joinedup.money.payment.blended import blended_payment
from joinedup.money.payment.folding import fold
from joinedup.money.payment.mechanisms import KINDS as MECHANISMS, mechanism
from joinedup.money.payment.planned_months import SPREAD
from joinedup.money.payment.quality import QualityMetric, quality_earned, quality_pool, quality_score
from joinedup.money.payment.schemes import Band, PaymentScheme, scheme_for
from joinedup.money.payment.settlement import settle
from joinedup.money.payment.statement_values import (
    Achieved,
    PlannedLine,
    Statement,
    StatementInputs,
    StatementLine,
    inputs_hash,
)
from joinedup.planning import ParameterMissing, ParameterSet, financial_year, year_days
from joinedup.ui.tables import pounds


@dataclass
class _Working:
    inputs: StatementInputs
    months: list[date]
    schemes: Sequence[PaymentScheme] | None
    with_proposed: bool
    lines: list[StatementLine] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    parameters: list[str] = field(default_factory=list)
    plan_p: int = 0
    actual_p: int = 0
    entitled_p: int = 0
    break_glass: bool = False
    is_trial: bool = False

    def add(self, line: StatementLine, *, counts: bool = True) -> None:
        self.lines.append(line)
        self.parameters += [one for one in line.parameters if one not in self.parameters]
        if counts:
            self.entitled_p += line.pence


def make_statement(
    inputs: StatementInputs,
    *,
    code_version: str,
    schemes: Sequence[PaymentScheme] | None = None,
    parameters: ParameterSet | None = None,
    include_proposed: bool = False,
) -> Statement:
    """Make the statement of a contract and a month, for the year to date.

    With `include_proposed`, schemes that are only proposed are tried out; such a statement is a trial. Raises
    ParameterMissing where a scheme, a limit, a funded level or an agreed plan that is needed is not there, and
    RuleError for a month in which the contract does not hold.
    """
    contract, month = inputs.contract, inputs.month
    months = months_to_date(contract, month)
    if month.day != 1 or not contract.holds_in(month):
        raise RuleError(
            f"MC3: contract {contract.code} holds from {contract.starts} up to {contract.ends}; {month:%B %Y} is not "
            "a month of it."
        )
    year = financial_year(month)
    # Only between a commissioner and an NHS provider does the expected value decide, and need a limit.
    way = (
        mechanism(contract.value_of(year), "nhs", year_days(year)[0], parameters=parameters)
        if contract.provider_kind == "nhs"
        else MECHANISMS[contract.provider_kind]
    )
    work = _Working(inputs, months, schemes, include_proposed)
    limit_id = f"low_volume.limit@{year_days(year)[0]}"
    if way == "lva":
        paid = to_date(contract, contract.value_of(year), month)
        work.add(
            StatementLine(
                "payment", "Low-volume contract, on a schedule", paid, "MC7", parameters=(limit_id,),
                price_source=f"value of the contract in {year}",
                says="The expected value is within the limit, so no activity is counted. "
                     + words.equal_months(contract, contract.value_of(year), paid, month),
            )
        )  # fmt: skip
    else:
        if contract.provider_kind == "nhs":
            work.parameters.append(limit_id)
        for part in contract.parts:
            _add_part(work, part, way)
        _add_quality(work)
    for reason, pence in inputs.deductions:
        if pence < 0:
            raise RuleError(f"MC5: the deduction '{reason}' is {pence} p; expected 0 or more, which is taken off.")
        work.add(
            StatementLine("deduction", f"Deduction: {reason}", -pence, "MC5",
                          says=f"{pounds(pence)} is taken off, once in the year.")
        )  # fmt: skip
    return Statement(
        contract.code, inputs.version, month, way, tuple(work.lines), work.plan_p, work.actual_p, work.entitled_p,
        inputs.paid_before_p, work.entitled_p - inputs.paid_before_p, work.break_glass, work.is_trial,
        tuple(work.notes), tuple(work.parameters), inputs_hash(inputs), code_version,
    )  # fmt: skip


def _add_part(work: _Working, part: PaidPart, way: str) -> None:
    contract, month = work.inputs.contract, work.inputs.month
    year = financial_year(month)
    if part.kind == FIXED:
        annual = part.of_year(year)
        if annual is None:
            raise ParameterMissing(f"MC5: {part.name} of contract {contract.code} has no fixed amount for {year}.")
        paid = to_date(contract, annual, month)
        work.plan_p += paid
        work.actual_p += paid
        work.add(
            StatementLine("payment", f"{part.name}: fixed", paid, "MC5, MB7", part.name,
                          price_source=f"contract, version {work.inputs.version}",
                          says=words.equal_months(contract, annual, paid, month))
        )  # fmt: skip
        return
    scheme = _by_activity() if way == "activity" else _scheme(work, part)
    if scheme.is_capped:
        level = part.of_year(year)
        scheme = scheme if level is None else scheme.up_to(level)
    is_variable = _is_all_variable(scheme)
    plan_p = 0 if is_variable else _planned(work, part)
    actual_p = _done(work, part)
    if scheme.status == "adopted":
        payment = settle(contract.code, (month.month - 4) % 12 + 1, plan_p, actual_p, 0, scheme).payment
    else:
        payment = blended_payment(plan_p, actual_p, scheme)
        work.is_trial = True
    work.plan_p += plan_p
    work.actual_p += actual_p
    work.break_glass |= payment.break_glass
    work.add(
        StatementLine("payment", f"{part.name}: {scheme.title}", payment.pay_p, "MC7" if way == "activity" else "MC1",
                      part.name, parameters=() if way == "activity" else (scheme.id,),
                      says=words.payment(payment, scheme, is_all_variable=is_variable))
    )  # fmt: skip


def _scheme(work: _Working, part: PaidPart) -> PaymentScheme:
    """Answer the scheme of a part; a year to date is settled by one scheme, so it is one in all of its months."""
    found = [
        scheme_for(part.kind, day, include_proposed=work.with_proposed, schemes=work.schemes) for day in work.months
    ]
    if {one.id for one in found} != {found[-1].id}:
        raise RuleError(
            f"MC3: {part.name} is paid by {' and by '.join(sorted({one.id for one in found}))} within one financial "
            "year. Make a version of the contract with a part for each."
        )
    return found[-1]


def _by_activity() -> PaymentScheme:
    """What an independent provider is paid: the unit prices for what it does (MC7)."""
    return PaymentScheme(
        "MC7", "activity", "unit prices for what is done", date.min, None, "adopted",
        (Band(None, Decimal(1)),), (Band(None, Decimal(1)),), "MC7", "NHS England",
    )  # fmt: skip


def _is_all_variable(scheme: PaymentScheme) -> bool:
    """Answer whether what is paid is what was done, whatever was planned: then the plan counts as 0 (MC1)."""
    sides = (scheme.over, scheme.under)
    return all(len(side) == 1 and side[0].rate == 1 and not side[0].break_glass for side in sides)


def _planned(work: _Working, part: PaidPart) -> int:
    """Add what was planned for a part to date, by point of delivery; answer its pence, rounded once."""
    if not work.inputs.plan_source:
        raise ParameterMissing(
            f"MC1: {part.name} of contract {work.inputs.contract.code} is paid by plan and activity, and no agreed "
            f"plan of {financial_year(work.inputs.month)} is there. Settle the plans first: joinedup plan check"
        )
    lines = [one for one in work.inputs.planned if one.pod in part.pods and one.month in work.months]
    units: dict[str, Decimal] = {}
    raw: dict[str, Fraction] = {}
    for one in lines:
        amount = exact(one.units, f"the planned units of {one.pod}", "MC1")
        units[one.pod] = units.get(one.pod, Decimal(0)) + amount
        raw[one.pod] = raw.get(one.pod, Fraction(0)) + Fraction(amount) * one.unit_price_p
    factor = Fraction(work.inputs.contract.mff)
    total = half_up(sum(raw.values(), Fraction(0)) * factor)
    for pod, pence in _split(total, raw).items():
        of_pod = [one for one in lines if one.pod == pod]
        rule, said = _spread(of_pod)
        work.add(
            StatementLine("plan", pod, pence, rule, part.name, f"{units[pod]:f}", price_source=work.inputs.plan_source,
                          says=" ".join(filter(None, (words.planned(of_pod, work.inputs.contract), said)))),
            counts=False,
        )  # fmt: skip
    return total


def _done(work: _Working, part: PaidPart) -> int:
    """Add what was done for a part to date; where there is no data, what was planned stands in. Answer its pence."""
    inputs = work.inputs
    done = [
        one for one in inputs.done
        if one.pod in part.pods and one.month in work.months and (one.pod, one.month) not in inputs.missing
    ]  # fmt: skip
    contract = inputs.contract
    factor = Fraction(1) if contract.has_mff_in_extract else Fraction(contract.mff)
    folded = fold(done)
    counted = half_up(Fraction(sum(one.pence for one in done)) * factor)
    names = {pod: (units, pence) for pod, units, pence in folded}
    for pod, pence in _split(counted, {pod: Fraction(pence) for pod, (_, pence) in names.items()}).items():
        units = names[pod][0]
        work.add(
            StatementLine(
                "activity", pod, pence, "MC1", part.name, None if units is None else str(units), units is None,
                f"{inputs.activity_source}: HRG and price as the extract carries them",
                says="" if contract.has_mff_in_extract else words.factor(contract).strip(),
            ),
            counts=False,
        )  # fmt: skip
    if sum(one.unpriced for one in done):
        work.notes.append(
            f"{part.name}: some activity has no price in the extract. It is not paid until the extract prices it."
        )
    return counted + _standing_in(work, part)


def _standing_in(work: _Working, part: PaidPart) -> int:
    """Add the plan's figures for points of delivery and months of which there is no activity data yet."""
    inputs = work.inputs
    gaps = {(pod, day) for pod, day in inputs.missing if pod in part.pods and day in work.months}
    if not gaps:
        return 0
    if not inputs.plan_source:
        raise ParameterMissing(
            f"MC1: {part.name} of contract {inputs.contract.code} has months without activity data, and no agreed plan "
            f"of {financial_year(inputs.month)} can stand in. Take in the activity, or settle the plans first."
        )
    raw: dict[str, Fraction] = {}
    units: dict[str, Decimal] = {}
    lines = [one for one in inputs.planned if (one.pod, one.month) in gaps]
    for one in lines:
        amount = exact(one.units, f"the planned units of {one.pod}", "MC1")
        units[one.pod] = units.get(one.pod, Decimal(0)) + amount
        raw[one.pod] = raw.get(one.pod, Fraction(0)) + Fraction(amount) * one.unit_price_p
    why_not = dict(inputs.not_collected)
    total = half_up(sum(raw.values(), Fraction(0)) * Fraction(inputs.contract.mff))
    for pod, pence in _split(total, raw).items():
        of_pod = [one for one in lines if one.pod == pod]
        rule, spread = _spread(of_pod)
        if pod in why_not:
            name, said = f"{pod}, not collected", f"{why_not[pod].rstrip('.')}. What was planned is paid for it."
        else:
            days = sorted(day for name, day in gaps if name == pod)
            name = f"{pod}, as planned"
            said = f"No activity data yet of {', '.join(f'{day:%B %Y}' for day in days)}: what was planned stands in."
        work.add(
            StatementLine("activity", name, pence, rule, part.name, f"{units[pod]:f}", price_source=inputs.plan_source,
                          says=" ".join(filter(None, (said, words.planned(of_pod, inputs.contract), spread)))),
            counts=False,
        )  # fmt: skip
    pods = {pod for pod, _ in gaps}
    if pods - set(why_not):
        work.notes.append(
            f"{part.name}: plan figures stand in where there is no activity data. A later statement corrects them."
        )
    if never := sorted(pods & set(why_not)):
        work.notes.append(
            f"{part.name}: no activity of {', '.join(never)} is collected, so the plan decides what is paid for it. "
            "Time does not mend that: collect it, or agree on a fixed payment."
        )
    return total


def _spread(lines: Iterable[PlannedLine]) -> tuple[str, str]:
    """Answer the rules by which planned lines were made, and in words how a year among them became months."""
    return ("MC1, MB7", SPREAD) if any(one.is_spread for one in lines) else ("MC1", "")


def _add_quality(work: _Working) -> None:
    contract, month = work.inputs.contract, work.inputs.month
    if contract.quality_share is None:
        return
    value = to_date(contract, contract.value_of(financial_year(month)), month)
    pool = quality_pool(value, contract.quality_share)
    by_name: Mapping[str, Achieved] = {one.name: one for one in work.inputs.achieved}
    metrics = []
    for one in contract.metrics:
        got = by_name.get(one.name, Achieved(one.name, None))
        metrics.append(QualityMetric(one.name, one.weight, one.floor, one.ceiling, got.value, got.is_excused))
    score = quality_score(metrics)
    earned = quality_earned(pool, score)
    source = f"contract, version {work.inputs.version}"
    work.add(
        StatementLine("quality", "Quality pool, held back", -pool, "MC4, MC5", price_source=source,
                      says=words.pool(contract, value, pool))
    )  # fmt: skip
    work.add(
        StatementLine("quality", "Quality earned", earned, "MC4", price_source=source,
                      says=words.quality(metrics, score, pool, earned))
    )  # fmt: skip


def _split(total: int, raw: Mapping[str, Fraction]) -> dict[str, int]:
    """Share a sum that was rounded once over its lines, so that they add up to it."""
    positive = {name: amount for name, amount in raw.items() if amount > 0}
    if not positive:
        return dict.fromkeys(sorted(raw), 0)
    base = 1
    for amount in positive.values():
        base = base * amount.denominator
    shares = split_pence(total, {name: int(amount * base) for name, amount in positive.items()})
    return {name: shares.get(name, 0) for name in sorted(raw)}
