"""How long a contract lasts, and what another end does to its pounds: ended early, or extended as it provides (MA11).

The pence of a year that is cut are split by days (MA5), those of added days follow the rate of a year; the parts of the
contract change in step with its value.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from fractions import Fraction

from joinedup.money.allocation.boundaries import split_by_days
from joinedup.money.allocation.splitting import half_up, pence, split_pence
from joinedup.money.contracts.contract import Contract, ContractError, Fault, PaidPart, years_between
from joinedup.planning import year_days


def ended_early(contract: Contract, on: date) -> Contract:
    """Answer the contract as it is when it ends on a day before its end: no pence are left of the days after.

    ContractError for a day that is not within its term.
    """
    if not contract.starts < on < contract.ends:
        raise ContractError(
            (Fault("ends", f"it holds from {contract.starts} up to {contract.ends}; expected a day after the first."),)
        )
    kept = years_between(contract.starts, on)

    def cut(amounts: tuple[tuple[str, int], ...]) -> tuple[tuple[str, int], ...]:
        return tuple((year, _until(contract, year, amount, on)) for year, amount in amounts if year in kept)

    parts = tuple(replace(part, pence=cut(part.pence)) for part in contract.parts)
    return replace(contract, ends=on, extends_to=None, values=cut(contract.values), parts=parts)


def yearly_rate(contract: Contract) -> int:
    """Answer the pence of a whole year at the rate of the contract's last one, rounded half-up once."""
    year = contract.years[-1]
    first, after = year_days(year)
    days = (min(after, contract.ends) - max(first, contract.starts)).days
    return half_up(Fraction(contract.value_of(year) * (after - first).days, days))


def extended(contract: Contract, to: date, annual_p: int) -> Contract:
    """Answer the contract as it is when it lasts up to a later day, at so many pence a whole year for the added days.

    ContractError where it provides for no extension, or not so far: then another contract is awarded.
    """
    if contract.extends_to is None:
        raise ContractError((Fault("ends", "it provides for no extension. Award another contract."),))
    if not contract.ends < to <= contract.extends_to:
        raise ContractError(
            (Fault("ends", f"it ends on {contract.ends} and may be extended up to {contract.extends_to}."),)
        )
    if pence(annual_p, "MB5", "the value of a whole year") <= 0:
        raise ContractError((Fault("values", f"the value of a year is {annual_p} p; expected whole pence above 0."),))
    values, parts = dict(contract.values), [dict(part.pence) for part in contract.parts]
    last = contract.years[-1]
    base, shares = contract.value_of(last), [amounts.get(last, 0) for amounts in parts]
    for year in years_between(contract.ends, to):
        first, after = year_days(year)
        days = (min(after, to) - max(first, contract.ends)).days
        more = half_up(Fraction(annual_p * days, (after - first).days))
        values[year] = values.get(year, 0) + more
        for amounts, part_more in zip(parts, _in_step(more, shares, base), strict=True):
            if amounts:
                amounts[year] = amounts.get(year, 0) + part_more
    changed = tuple(
        PaidPart(part.name, part.kind, part.pods, tuple(amounts.items()))
        for part, amounts in zip(contract.parts, parts, strict=True)
    )
    left = None if to == contract.extends_to else contract.extends_to
    return replace(contract, ends=to, extends_to=left, values=tuple(values.items()), parts=changed)


def _in_step(more: int, shares: list[int], base: int) -> list[int]:
    """Share added pence as the last year's were: those of no part stay out of all of them (MA5)."""
    whole = max(base, sum(shares))
    weights = {f"{place:04}": share for place, share in enumerate(shares)} | {"rest": whole - sum(shares)}
    split = split_pence(half_up(Fraction(more * whole, base)), weights)
    return [split[f"{place:04}"] for place in range(len(shares))]


def _until(contract: Contract, year: str, amount: int, on: date) -> int:
    first, after = year_days(year)
    start, end = max(first, contract.starts), min(after, contract.ends)
    if on >= end:
        return amount
    return split_by_days(amount, [("kept", start, on), ("left out", on, end)])["kept"]
