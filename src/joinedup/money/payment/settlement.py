"""What is due now on a contract, and what its whole year comes to (rules MC3, MC5)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from joinedup.errors import RuleError
from joinedup.money.allocation.splitting import Code, pence
from joinedup.money.payment.blended import Payment, blended_payment
from joinedup.money.payment.quality import quality_earned
from joinedup.money.payment.schemes import PaymentScheme, SchemeNotAdopted


@dataclass(frozen=True, slots=True)
class Settlement:
    """What a month's settlement is made of; `due_p` below 0 is paid back."""

    contract: Code
    month: int
    entitled_p: int
    paid_p: int
    due_p: int
    payment: Payment

    @property
    def needs_review(self) -> bool:
        return self.payment.break_glass


def settle(
    contract: Code, month: int, plan_ytd: int, actual_ytd: int, paid_ytd: int, scheme: PaymentScheme
) -> Settlement:
    """Answer what is due for the year to date: entitlement so far less what was paid so far (MC3).

    Months are not settled one by one: a month over plan and one under it would then be paid at two rates and never
    meet. `month` counts from April (1) to March (12). Raises SchemeNotAdopted for a scheme that is only proposed.
    """
    if isinstance(month, bool) or not isinstance(month, int) or not 1 <= month <= 12:
        raise RuleError(f"MC3: the month is {month!r}; expected 1 (April) to 12 (March).")
    if scheme.status != "adopted":
        raise SchemeNotAdopted(
            f"MC1: {scheme.id} is {scheme.status}; expected an adopted scheme, because real money is settled. "
            "Try it out with blended_payment, or adopt it first."
        )
    payment = blended_payment(plan_ytd, actual_ytd, scheme)
    paid = pence(paid_ytd, "MC3", "what was paid so far")
    return Settlement(contract, month, payment.pay_p, paid, payment.pay_p - paid, payment)


@dataclass(frozen=True, slots=True)
class ContractTotal:
    """A contract's year by line, each in pence with its sign; they add up to `total_p`."""

    lines: tuple[tuple[str, int], ...]

    @property
    def total_p(self) -> int:
        return sum(amount for _, amount in self.lines)


def contract_total(
    fixed_p: int, variable: Payment, pool_p: int, score: Decimal, deductions: Mapping[str, int] | None = None
) -> ContractTotal:
    """Answer a contract's year: fixed, variable, quality and deductions, a line each (MC5).

    The pool is a part of the fixed and variable value: it is held back, and what the score earns of it is paid.
    `deductions` are amounts of 0 or more by reason.
    """
    lines = [
        ("fixed", pence(fixed_p, "MC5", "the fixed payment")),
        ("variable", variable.pay_p),
        ("quality pool held back", -pence(pool_p, "MC5", "the pool")),
        ("quality earned", quality_earned(pool_p, score)),
    ]
    for reason, amount in (deductions or {}).items():
        if pence(amount, "MC5", f"the deduction '{reason}'") < 0:
            raise RuleError(f"MC5: the deduction '{reason}' is {amount:,} p; expected 0 or more, which is taken off.")
        lines.append((f"deduction: {reason}", -amount))
    return ContractTotal(tuple(lines))
