"""Sharing an amount out in whole pence so that the parts add up to it exactly (rules M0.1, M0.2, MA5, MB7).

Hamilton's method of the largest remainder: each unit first gets the whole pence of its quota, then the pence that are
left go, one each, to the units with the largest remainders. Everything is reckoned in whole numbers: weights are
scaled by a power of ten until none has a fraction, so no rounding happens on the way.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import MAX_EMAX, MIN_EMIN, ROUND_HALF_UP, Context, Decimal, DivisionByZero, Inexact, InvalidOperation
from fractions import Fraction
from typing import Any, TypeVar, cast

from joinedup.errors import RuleError

Code = str
Number = Decimal | int | str
Key = TypeVar("Key")

# Sums and products of weights are exact or an error; nothing here divides.
EXACT = Context(prec=2_000, Emax=MAX_EMAX, Emin=MIN_EMIN, traps=[Inexact, InvalidOperation, DivisionByZero])
# Ratios that people read have this many figures.
RATIO = Context(prec=28, rounding=ROUND_HALF_UP)
LONGEST = 100  # places before or after the point: more is a mistake, and would only cost time
MONTHS = 12


class WeightError(RuleError):
    """Weights by which nothing can be shared out: all of them 0, one below 0, or one that is no exact number."""


class ShareError(RuleError):
    """Shares that must make up a whole and do not, or a share outside 0 to 1."""


def exact(value: Number, what: str, rule: str = "M0.1") -> Decimal:
    """Answer a number as an exact Decimal; texts are parsed, floats refused because they have been rounded already.

    Raises WeightError for anything that is no finite number of at most 100 places either side of the point.
    """
    if type(value) is not Decimal:
        if isinstance(value, bool) or not isinstance(value, int | str | Decimal):
            raise WeightError(
                f"{rule}: {what} is {value!r}, a {type(value).__name__}; expected a Decimal, a whole number or a text "
                "such as '0.25'. A float has been rounded already: give the text it came from."
            )
        try:
            value = Decimal(value)
        except InvalidOperation:
            raise WeightError(f"{rule}: {what} is '{value}'; expected a number such as 0.25. Correct it.") from None
    if not value.is_finite() or (value and not -LONGEST <= value.adjusted() <= LONGEST):
        raise WeightError(f"{rule}: {what} is {value}; expected a finite number of an ordinary size. Correct it.")
    exponent = value.as_tuple().exponent
    if isinstance(exponent, int) and exponent < -LONGEST:
        raise WeightError(f"{rule}: {what} has {-exponent} places after the point; expected at most {LONGEST}.")
    return value


def total(values: Iterable[Decimal]) -> Decimal:
    """Answer a sum without any rounding, however many figures it takes."""
    added = Decimal(0)
    for value in values:
        added = EXACT.add(added, value)
    return added


def whole_weights(weights: Mapping[Key, Number]) -> dict[Key, int]:
    """Answer the weights as whole numbers in the same proportions. Raises WeightError for one below 0."""
    held: dict[Key, Decimal] = {}
    exponents: dict[Key, int] = {}
    for key, given in weights.items():
        weight = given
        exponent = weight.as_tuple().exponent if type(weight) is Decimal else None
        # An ordinary weight is taken as it is; the words for a strange one are made only when it is met.
        if not isinstance(weight, Decimal) or not isinstance(exponent, int) or not -40 <= exponent <= 0:
            weight = exact(given, f"the weight of '{key}'", "MA5")
            exponent = int(weight.as_tuple().exponent)
        held[key], exponents[key] = weight, exponent
    below = [str(key) for key, weight in held.items() if weight < 0]
    if below:
        raise WeightError(
            f"MA5: {len(below)} weight(s) below 0 (first: '{below[0]}'); expected 0 or more. "
            "A sum to be clawed back is a pot below 0, never a weight."
        )
    places = max((-exponent for exponent in exponents.values()), default=0)
    scale = EXACT.scaleb
    return {key: int(scale(weight, max(places, 0))) for key, weight in held.items()}


def share_out(pot: int, weights: Mapping[Key, int], order: Mapping[Key, str] | None = None) -> dict[Key, int]:
    """Share a pot by whole-number weights of 0 or more (MA5); ties go by `order`, or by the keys themselves.

    The answer has the keys in the order of `weights` and adds up to `pot`. Raises WeightError when all weights are 0.
    """
    whole = sum(weights.values())
    if whole == 0:
        raise WeightError(
            f"MA5: all {len(weights)} weights are 0; expected one above 0. Nobody can be given a share of the pot."
        )
    amount = -pot if pot < 0 else pot
    shares: dict[Key, int] = {}
    left: dict[Key, int] = {}
    for key, weight in weights.items():
        shares[key], left[key] = divmod(amount * weight, whole)
    missing = amount - sum(shares.values())
    if missing:
        # Sorted twice, because a sort keeps what is equal in its order: by code, then by the largest remainder.
        by_code: list[Any] = sorted(left, key=order.__getitem__) if order is not None else sorted(cast("Any", left))
        for key in sorted(by_code, key=left.__getitem__, reverse=True)[:missing]:
            shares[key] += 1
    return shares if pot >= 0 else {key: -share for key, share in shares.items()}


def split_pence(pot: int, weights: Mapping[Code, Number]) -> dict[Code, int]:
    """Share a pot of whole pence by weight, so that the shares add up to exactly the pot (MA5, largest remainder).

    Each share lies within 1 p of its quota; a tie for the last penny goes to the code that sorts first; a weight of 0
    gets 0; a pot below 0 (money clawed back) is shared as its amount and negated. The order of `weights` changes no
    share. Raises WeightError for a weight that is below 0 or no exact number, and when all are 0.
    """
    return share_out(pence(pot, "MA5", "the pot"), whole_weights(weights))


def profile(annual: int, weights: Sequence[Number]) -> list[int]:
    """Share a year's pence over its twelve months, April first (MB7); ties for a penny go to the earliest month.

    Raises WeightError unless there are twelve weights of 0 or more, one of them above 0.
    """
    if len(weights) != MONTHS:
        raise WeightError(f"MB7: {len(weights)} weights; expected {MONTHS}, one for each month from April.")
    held = whole_weights(dict(enumerate(weights)))
    return list(share_out(pence(annual, "MB7", "the annual amount"), held, {n: f"{n:02}" for n in held}).values())


def pence(amount: int, rule: str, what: str) -> int:
    """Answer an amount of money, which is a whole number of pence and nothing else. Raises RuleError otherwise."""
    if isinstance(amount, bool) or not isinstance(amount, int):
        raise RuleError(
            f"{rule}: {what} is {amount!r}, a {type(amount).__name__}; expected whole pence, such as 100000 for £1,000."
        )
    return amount


def half_up(amount: Fraction) -> int:
    """Answer the nearest whole number; a half goes away from 0. The one rounding of a payment, and its last step."""
    whole = (abs(amount.numerator) * 2 + amount.denominator) // (amount.denominator * 2)
    return whole if amount >= 0 else -whole
