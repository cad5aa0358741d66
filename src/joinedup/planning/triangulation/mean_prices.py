"""The price of one unit at a coarser grain: what the finer prices come to over the units that are planned (rule MD4).

Prices are never added up. Where a side prices 300 first attendances at £200 and 100 procedures at £300, one of the 400
costs £225. Without units there is no such price, and nothing is compared.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction

from joinedup.planning.plans.plan_lines import ACTIVITY, UNIT_PRICE, Number, PlanLine, prices_of, year_of

PLACES = 4  # of a penny; the one rounding, and the last step
_Grain = tuple[str, str, str, str, str]  # provider, service, pod, place, period


def with_mean_prices(own: Sequence[PlanLine], lifted: Sequence[PlanLine]) -> list[PlanLine]:
    """Answer the lifted lines of one side with one price for each key, pence a unit.

    `own` are the same lines in the same order under the side's own codes: prices are weighted by the units that the
    side plans there, in the price's month or year (in the year where it plans none by month). Prices that are equal
    stay as they are; different ones without any units are left out. Prices in different units are left for whoever
    adds lines up to refuse.
    """
    groups: dict[tuple[object, ...], list[int]] = {}
    for where, line in enumerate(lifted):
        if line.measure == UNIT_PRICE:
            groups.setdefault(line[:7], []).append(where)
    several = [group for group in groups.values() if len(group) > 1 and len({lifted[one].unit for one in group}) == 1]
    if not several:
        return list(lifted)
    units = _units(own)
    found: list[PlanLine | None] = list(lifted)
    for group in several:
        price = _mean([own[one] for one in group], units)
        first = lifted[group[0]]
        for one in group:
            found[one] = None
        if price is not None:
            found[group[0]] = first._replace(value=price, place="")
    return [line for line in found if line is not None]


def prices_of_parts(own: Sequence[PlanLine], lifted: Sequence[PlanLine]) -> dict[tuple[str, str], int]:
    """Answer the pence of one unit at a coarser grain that nobody prices, by (service, pod): the mean of its parts.

    Arguments as of `with_mean_prices`. Each part's price is weighted by the units of it that this side plans in all,
    half-up once, last. A coarser code of which a part with units has no price is left out.
    """
    if own is lifted:
        return {}
    coarse = {(up.service, up.pod) for line, up in zip(own, lifted, strict=True) if line[3:5] != up[3:5]}
    if not coarse:
        return {}
    prices = prices_of(own)
    sums: dict[tuple[str, str], list[Fraction]] = {}
    unpriced = set()
    for line, up in zip(own, lifted, strict=True):
        key = (up.service, up.pod)
        if key not in coarse or line.kind != "activity" or line.measure != ACTIVITY or not line.value:
            continue
        price = prices.get((line.service, line.pod))
        if price is None:
            unpriced.add(key)
            continue
        held = sums.setdefault(key, [Fraction(0), Fraction(0)])
        held[0] += Fraction(line.value) * price
        held[1] += Fraction(line.value)
    return {key: int(pence / units + Fraction(1, 2)) for key, (pence, units) in sums.items() if key not in unpriced}


def _mean(prices: Sequence[PlanLine], units: dict[_Grain, Fraction]) -> Number | None:
    """Answer sum(units * price) / sum(units), or None where no units weigh different prices."""
    if len({line.value for line in prices}) == 1:
        return prices[0].value
    for period in (prices[0].period, year_of(prices[0].period)):
        weights = [units.get(_grain(line, line.place, period), Fraction(0)) for line in prices]
        whole = sum(weights, Fraction(0))
        if whole:
            pence = [weight * Fraction(line.value) for weight, line in zip(weights, prices, strict=True)]
            return _rounded(sum(pence, Fraction(0)) / whole)
    return None


def _units(lines: Sequence[PlanLine]) -> dict[_Grain, Fraction]:
    found: dict[_Grain, Fraction] = {}
    for line in lines:
        if line.kind == "activity" and line.measure == ACTIVITY:
            for place in {"", line.place}:
                for period in {line.period, year_of(line.period)}:
                    key = _grain(line, place, period)
                    found[key] = found.get(key, Fraction(0)) + Fraction(line.value)
    return found


def _grain(line: PlanLine, place: str, period: str) -> _Grain:
    return line.provider, line.service, line.pod, place, period


def _rounded(pence: Fraction) -> Number:
    if pence.denominator == 1:
        return pence.numerator
    tenths = pence * 10**PLACES
    whole = Decimal((tenths.numerator * 2 + tenths.denominator) // (tenths.denominator * 2))
    return whole.scaleb(-PLACES).normalize()
