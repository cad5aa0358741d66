"""Blended payment: the plan, and a share of what was done more or less than planned (rules MC1, MC2)."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from joinedup.errors import RuleError
from joinedup.money.allocation.splitting import half_up, pence
from joinedup.money.payment.schemes import Band, BandError, PaymentScheme
from joinedup.planning import ParameterMissing


@dataclass(frozen=True, slots=True)
class BandPart:
    """What one band pays: the part of the difference in it, its rate, and the amount, both with the sign it has.

    Both amounts are unrounded pence: the payment is rounded once, at its end.
    """

    part_p: Fraction
    band: Band
    amount_p: Fraction


@dataclass(frozen=True, slots=True)
class Payment:
    """What is paid for `actual_p` of care where `plan_p` was planned.

    `break_glass` says that the difference reached a band that opens a review, `is_capped` that the funded level was
    reached; `variable_p` is what the payment differs from the plan.
    """

    plan_p: int
    actual_p: int
    pay_p: int
    variable_p: int
    break_glass: bool
    bands: tuple[BandPart, ...]
    scheme_id: str
    is_capped: bool = False


def blended_payment(plan_p: int, actual_p: int, scheme: PaymentScheme) -> Payment:
    """Answer the payment for a plan and an actual value, both in pence at the prices of the day of the activity.

    pay = plan + the sum over bands of rate * (the part of the difference in the band), rounded half-up once. A flat
    rate r is the same as "fixed (1 - r) of the plan, variable r of the actual". A break-glass band changes the rate
    and is flagged for review; settlement goes on (MC2).

    Raises BandError for a plan of 0 with bands that are shares of it, or a scheme without bands; ParameterMissing for a
    capped scheme without its funded level; RuleError for a value below 0.
    """
    for amount, what in ((plan_p, "the plan"), (actual_p, "the actual value")):
        if pence(amount, "MC1", what) < 0:
            raise RuleError(f"MC1: {what} is {amount:,} p; expected 0 or more.")
    if scheme.is_capped and scheme.cap_p is None:
        raise ParameterMissing(
            f"MC1: {scheme.id} pays up to a funded level, and this contract has none. Give it: scheme.up_to(cap_p)."
        )
    side = scheme.over if actual_p >= plan_p else scheme.under
    if not side:
        raise BandError(f"MC1: {scheme.id} says no rates; expected bands. To confirm: {', '.join(scheme.to_confirm)}.")
    if plan_p == 0 and any(band.up_to is not None for band in side):
        raise BandError(
            f"MC1: the plan is 0 p, and the bands of {scheme.id} are shares of the plan; expected one band without a "
            "limit, or a plan."
        )
    difference = abs(actual_p - plan_p)
    sign = 1 if actual_p >= plan_p else -1
    parts: list[BandPart] = []
    begins = Fraction(0)
    for band in side:
        ends = Fraction(difference) if band.up_to is None else min(Fraction(band.up_to) * plan_p, Fraction(difference))
        part = max(ends - begins, Fraction(0))
        if part:
            parts.append(BandPart(sign * part, band, sign * part * Fraction(band.rate)))
        begins = max(begins, ends)
    pay = half_up(plan_p + sum((one.amount_p for one in parts), Fraction(0)))
    is_capped = scheme.cap_p is not None and pay > scheme.cap_p
    if scheme.cap_p is not None and is_capped:
        pay = scheme.cap_p
    is_broken = any(one.band.break_glass for one in parts)
    return Payment(plan_p, actual_p, pay, pay - plan_p, is_broken, tuple(parts), scheme.id, is_capped)
