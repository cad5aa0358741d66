"""What activity is worth: units times the price of the day times the market forces factor (rules MC1, MC6)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from fractions import Fraction

from joinedup.errors import RuleError, did_you_mean
from joinedup.money.allocation.splitting import RATIO, Code, Number, exact, half_up, pence
from joinedup.planning import ParameterOverlap

Pod = str  # point of delivery: day case, inpatient, outpatient …


class PriceMissing(RuleError):
    """No price is known for a currency on the day of the activity."""


@dataclass(frozen=True, slots=True)
class ActivityLine:
    """Units of a currency (an HRG that the extract carries, or a plan's point of delivery) on a day."""

    currency: Code
    units: Number
    on: date


@dataclass(frozen=True, slots=True)
class Price:
    """Pence for a unit of a currency, from a day until the day before `valid_to`."""

    currency: Code
    unit_price_p: int
    valid_from: date
    valid_to: date | None = None


@dataclass(frozen=True)
class PriceBook:
    """Prices by currency and day, with the name of where they are published."""

    prices: Sequence[Price]
    source: str = ""
    _by_currency: dict[Code, list[Price]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        by_currency: dict[Code, list[Price]] = {}
        for price in self.prices:
            if pence(price.unit_price_p, "MC1", f"the price of {price.currency}") < 0:
                raise RuleError(f"MC1: the price of {price.currency} is {price.unit_price_p:,} p; expected 0 or more.")
            by_currency.setdefault(price.currency, []).append(price)
        object.__setattr__(self, "_by_currency", by_currency)

    def price_on(self, currency: Code, on: date) -> int:
        """Answer the price of a unit on a day; PriceMissing when there is none, ParameterOverlap when two hold."""
        held = self._by_currency.get(currency, [])
        found = [one for one in held if one.valid_from <= on and (one.valid_to is None or on < one.valid_to)]
        if not found:
            near = "" if held else did_you_mean(currency, self._by_currency)
            raise PriceMissing(
                f"MC1: there is no price of {currency} on {on}.{near} Add it to the price book, or take the line out."
            )
        if len(found) > 1:
            raise ParameterOverlap(f"MC1: {currency} has {len(found)} prices on {on}; expected one. End the earlier.")
        return found[0].unit_price_p


def price_activity(lines: Iterable[ActivityLine], prices: PriceBook, mff: Decimal) -> int:
    """Answer the value of activity in pence: units * price of the day * market forces factor, rounded half-up once.

    Raises PriceMissing for a line without a price, RuleError for units below 0 or a factor that is not above 0.
    """
    factor = Fraction(exact(mff, "the market forces factor", "MC1"))
    if factor <= 0:
        raise RuleError(f"MC1: the market forces factor is {mff}; expected a number above 0, such as 1.0123.")
    value = Fraction(0)
    for line in lines:
        units = Fraction(exact(line.units, f"the units of {line.currency}", "MC1"))
        if units < 0:
            raise RuleError(f"MC1: the units of {line.currency} on {line.on} are {line.units}; expected 0 or more.")
        value += units * prices.price_on(line.currency, line.on)
    return half_up(value * factor)


def value_weighted_activity(
    now: Mapping[Pod, Decimal], base: Mapping[Pod, Decimal], price: Mapping[Pod, int]
) -> Decimal:
    """Answer the value of today's activity as a share of that of the base year, at the same prices (MC6), unrounded.

    1.09277 is 109.277 per cent. Raises PriceMissing for a point of delivery without a price, RuleError where one is
    in one of the two years only (nothing done is 0, and has to be said) or the base is worth nothing.
    """
    value = _value(now, base, price), _value(base, now, price)
    if value[1] == 0:
        raise RuleError("MC6: the base year's activity is worth 0 p; expected a value above 0 to compare with.")
    ratio = value[0] / value[1]
    return RATIO.divide(Decimal(ratio.numerator), Decimal(ratio.denominator))


def value_above_target(
    now: Mapping[Pod, Decimal], base: Mapping[Pod, Decimal], price: Mapping[Pod, int], target: Decimal
) -> int:
    """Answer by how many pence today's activity is worth more than `target` (1.07: 107 per cent) of the base year's."""
    return half_up(_value(now, base, price) - Fraction(exact(target, "the target", "MC6")) * _value(base, now, price))


def _value(year: Mapping[Pod, Decimal], other: Mapping[Pod, Decimal], price: Mapping[Pod, int]) -> Fraction:
    for pod in sorted(year.keys() ^ other.keys()):
        raise RuleError(
            f"MC6: '{pod}' is in one of the two years only; expected it in both. Say 0 where none was done."
        )
    value = Fraction(0)
    for pod, units in year.items():
        if pod not in price:
            raise PriceMissing(f"MC6: there is no price of '{pod}'.{did_you_mean(pod, price)} Add it.")
        count = Fraction(exact(units, f"the activity of '{pod}'", "MC6"))
        if count < 0:
            raise RuleError(f"MC6: the activity of '{pod}' is {units}; expected 0 or more.")
        value += count * pence(price[pod], "MC6", f"the price of '{pod}'")
    return value
