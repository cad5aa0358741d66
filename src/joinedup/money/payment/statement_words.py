"""What a line of a statement says: its formula in words and pounds, for a reader to add up (MC1 to MC5, MB7)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction

from joinedup.money.allocation.splitting import exact, half_up
from joinedup.money.contracts.contract import Contract, months_to_date, term_months
from joinedup.money.payment.blended import BandPart, Payment
from joinedup.money.payment.quality import QualityMetric
from joinedup.money.payment.schemes import PaymentScheme
from joinedup.money.payment.statement_values import PlannedLine
from joinedup.ui.tables import pounds

MOST_PRICES = 3


def equal_months(contract: Contract, annual_p: int, paid_p: int, month: date) -> str:
    """Say how much of a year's pence is due to date."""
    every, so_far = len(term_months(contract, month)), len(months_to_date(contract, month))
    return (
        f"{pounds(annual_p)} in the year, in {every} equal months; {so_far} of them to the end of {month:%B %Y} make "
        f"{pounds(paid_p)}."
    )


def planned(lines: Sequence[PlannedLine], contract: Contract) -> str:
    """Say how planned units of one point of delivery make their pounds: units times price, for up to three prices."""
    units: dict[int, Decimal] = {}
    for one in lines:
        units[one.unit_price_p] = units.get(one.unit_price_p, Decimal(0)) + exact(one.units, "planned units", "MC1")
    if len(units) > MOST_PRICES:
        said = f"{_figure(sum(units.values(), Decimal(0)))} units at {len(units)} prices of the plan"
    else:
        said = " + ".join(f"{_figure(count)} × {pounds(price)}" for price, count in sorted(units.items()))
    return f"{said}.{factor(contract)}" if said else ""


def factor(contract: Contract) -> str:
    return "" if contract.mff == 1 else f" Times the market forces factor {contract.mff:f}."


def payment(made: Payment, scheme: PaymentScheme, *, is_all_variable: bool) -> str:
    """Say how plan, activity and rates make the payment: what was planned, what was done, each band, and the sum."""
    if is_all_variable:
        paid = made.actual_p
        said = f"Nothing is planned: all that was done is paid, {pounds(paid)} at the rate 1"
        total = paid
    else:
        said = f"Plan {pounds(made.plan_p)}, done {pounds(made.actual_p)}: {_difference(made)}"
        total = half_up(made.plan_p + sum((one.amount_p for one in made.bands), Fraction(0)))
        if made.bands:
            formula = "".join(f" {'+' if one.part_p > 0 else '−'} {_band(one)}" for one in made.bands)
            said += f" Paid: {pounds(made.plan_p)}{formula} = {pounds(total)}"
        else:
            said += f" Paid: {pounds(total)}"
    if scheme.cap_p is not None:
        level = f"the funded level of {pounds(scheme.cap_p)} for the year"
        said += f". That is over {level}: {pounds(made.pay_p)} is paid" if made.is_capped else f"; it is within {level}"
    return f"{said}."


def pool(contract: Contract, value_p: int, pool_p: int) -> str:
    share = f"{(Decimal(100) * (contract.quality_share or 0)).normalize():f}%"
    return f"{share} of the contract's value to date, {pounds(value_p)}: {pounds(pool_p)} is held back."


def quality(metrics: Sequence[QualityMetric], score: Decimal, pool_p: int, earned_p: int) -> str:
    """Say what each measure achieved between floor and ceiling and earned of its weight, and what the score earns."""
    every = "; ".join(_measure(one) for one in metrics)
    said = f"Score {_figure(round(score, 6))} × {pounds(pool_p)} = {pounds(earned_p)}. {every}."
    if any(one.is_excused for one in metrics):
        said += " The weight of an excused measure goes to the others."
    return said


def _difference(made: Payment) -> str:
    if made.actual_p == made.plan_p:
        return "as planned."
    side = "more" if made.actual_p > made.plan_p else "less"
    return f"{pounds(abs(made.actual_p - made.plan_p))} {side} than planned."


def _band(one: BandPart) -> str:
    up_to = "" if one.band.up_to is None else f", up to {_percent(one.band.up_to)} of the plan"
    review = ", which opens a review" if one.band.break_glass else ""
    note = f" ({(up_to + review).removeprefix(', ')})" if up_to or review else ""
    return f"{one.band.rate:f} × {pounds(half_up(abs(one.part_p)))}{note}"


def _measure(one: QualityMetric) -> str:
    if one.achieved is None:
        return f"{one.name}: " + ("excused" if one.is_excused else "no data, which earns nothing")
    reached = (Fraction(exact(one.achieved, "a", "MC4")) - Fraction(exact(one.floor, "a", "MC4"))) / (
        Fraction(exact(one.ceiling, "a", "MC4")) - Fraction(exact(one.floor, "a", "MC4"))
    )
    share = min(max(reached, Fraction(0)), Fraction(1))
    part = round(Decimal(share.numerator) / Decimal(share.denominator), 6)
    return (
        f"{one.name}: {one.achieved} between {one.floor} and {one.ceiling} earns {_figure(part)} of its weight "
        f"{one.weight}"
    )


def _percent(share: Decimal) -> str:
    return f"{_figure(100 * share)}%"


def _figure(value: Decimal) -> str:
    """Answer a number without zeros that say nothing, with commas."""
    text = f"{value:,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
