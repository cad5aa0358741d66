"""Limits in money: by population, over a financial year, by the form of a capital case (rules: D2, D3, D4, D7).

The year's limit is one for all decisions with the same supplier and function, so that a purchase in pieces is judged as
the one it is. Money keeps the same limit a second time when the pounds are bound (money MB5); names are compared in the
same way there and here.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from joinedup.errors import RuleError
from joinedup.governance.calendar_months import percent
from joinedup.planning import financial_year

CASE_FROM: Final = 100_000_000  # [to confirm] on which side the bounds fall
CASE_UP_TO: Final = 300_000_000


class OverLimit(RuleError):
    """A decision would take more than whoever decides may, alone or with what went to the same supplier this year."""


@dataclass(frozen=True, slots=True)
class Spending:
    """A decision about money: to whom, for which function, on which day, how many pence."""

    supplier: str
    function: str
    on: date
    pence: int


@dataclass(frozen=True, slots=True)
class YearLimit:
    """How a decision stands against the limit of its year: what was decided before, what is asked, what is allowed."""

    year: str
    limit_pence: int
    before_pence: int
    asked_pence: int

    @property
    def over_pence(self) -> int:
        """How many pence it would be over; 0 or below is within."""
        return self.before_pence + self.asked_pence - self.limit_pence

    @property
    def is_within(self) -> bool:
        """Answer whether it may be decided; exactly the limit may."""
        return self.over_pence <= 0

    @property
    def is_split(self) -> bool:
        """Answer whether it is the sum alone that is over: a purchase in pieces."""
        return not self.is_within and self.asked_pence <= self.limit_pence

    @property
    def says(self) -> str:
        """The sum in words."""
        with_before = f" with {pounds(self.before_pence)} decided in {self.year}" if self.before_pence else ""
        return (
            f"{pounds(self.asked_pence)}{with_before} is {pounds(self.over_pence)} over the limit of "
            f"{pounds(self.limit_pence)}"
        )


def pounds(pence: int) -> str:
    """Answer pence as pounds for people: £42,500.01."""
    return f"{'-' if pence < 0 else ''}£{abs(pence) // 100:,}.{abs(pence) % 100:02}"


def limit_by_population(amount_pence: int, population: int, unit: int) -> int:
    """Answer a limit of so many pence for each `unit` people: whole pence, rounded down (D2)."""
    if amount_pence < 0 or population < 0 or unit < 1:
        raise RuleError(
            f"D2: a limit of {amount_pence} p for each {unit} of {population} people; expected none below 0 and a unit "
            "of 1 or more."
        )
    return amount_pence * population // unit


def population_day(on: date) -> date:
    """Answer the day whose population counts for a decision: 1 April of its financial year (D2)."""
    return date(int(financial_year(on)[:4]), 4, 1)


def year_limit(asked: Spending, earlier: Iterable[Spending], limit_pence: int) -> YearLimit:
    """Answer how a decision stands with all earlier ones for the same supplier and function in its year (D3).

    A supplier in capitals or with two spaces is the same one. On 1 April the sum begins anew.
    """
    if isinstance(asked.pence, bool) or not isinstance(asked.pence, int) or asked.pence < 0:
        raise RuleError(f"D3: the amount is {asked.pence!r}; expected whole pence of 0 or more.")
    supplier, first = _plain(asked.supplier), population_day(asked.on)
    following = first.replace(year=first.year + 1)
    before = sum(
        one.pence
        for one in earlier
        if one.function == asked.function and first <= one.on < following and _plain(one.supplier) == supplier
    )
    return YearLimit(financial_year(asked.on), limit_pence, before, asked.pence)


def contract_limit(asked: Spending, earlier: Iterable[Spending], limit_pence: int, *, since: date) -> YearLimit:
    """Answer how a decision stands with all earlier ones for the same supplier and function since a day (D3).

    A limit in one contract is for what the supplier is paid under the delegation in all of its years [to confirm].
    """
    supplier = _plain(asked.supplier)
    before = sum(
        one.pence
        for one in earlier
        if one.function == asked.function and one.on >= since and _plain(one.supplier) == supplier
    )
    return YearLimit("the contract", limit_pence, before, asked.pence)


def must_be_within(asked: Spending, earlier: Iterable[Spending], limit_pence: int) -> YearLimit:
    """As `year_limit`; raises OverLimit where it is over, which says by how much, and what to do."""
    found = year_limit(asked, earlier, limit_pence)
    if not found.is_within:
        pieces = " A purchase in pieces counts as one." if found.is_split else ""
        raise OverLimit(f"D3: {found.says}.{pieces} Refer it to whoever gave the delegation.")
    return found


def capital_form(pence: int) -> str:
    """Answer which form a capital case needs: "short_form", "business_case", or "next_tier" to decide it (D4)."""
    if pence < CASE_FROM:
        return "short_form"
    return "business_case" if pence <= CASE_UP_TO else "next_tier"


def delegated_share(delegated_pence: int, system_pence: int) -> Decimal:
    """Answer how much of the system's budget is decided further down, in per cent to two places (D7)."""
    return percent(delegated_pence, system_pence, 2)


def _plain(supplier: str) -> str:
    return " ".join(supplier.split()).casefold()
