"""How far a unit's money is from its target, and how fast it may be moved there (rules MA8, MA9).

The method is this project's own; national values of its four numbers are dated parameters, to be confirmed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from joinedup.errors import RuleError
from joinedup.money.allocation.splitting import (
    RATIO,
    Code,
    Number,
    exact,
    pence,
    share_out,
    split_pence,
    whole_weights,
)

HALVINGS = 200  # more than a float can be halved; the loop ends long before


class NoTarget(RuleError, ZeroDivisionError):
    """A distance from a target of 0 pence."""


class Infeasible(RuleError):
    """The limits leave no way to share out exactly the pot: it is below `lower` or above `upper`, both in pence."""

    def __init__(self, pot: int, lower: int, upper: int) -> None:
        self.pot, self.lower, self.upper = pot, lower, upper
        which = f"lower {lower:,} > pot" if pot < lower else f"upper {upper:,} < pot"
        step = "Lower the floor or raise max_under" if pot < lower else "Raise the cap"
        super().__init__(
            f"MA9: infeasible: {which} {pot:,} (pence). With these limits the pot must be from {lower:,} to {upper:,}. "
            f"{step}, or change the pot."
        )


@dataclass(frozen=True, slots=True)
class PaceResult:
    """What each unit gets: `pence` add up to the pot; `theta` is the scale that made them; `dft` the closing distances.

    A distance is None where the target is 0.
    """

    pence: dict[Code, int]
    theta: Decimal
    dft: dict[Code, Decimal | None]
    target: dict[Code, int]


def distance_from_target(allocation: int, target: int) -> Decimal:
    """Answer how far an allocation is from its target, as a fraction: below 0 it is under target (MA8), unrounded.

    Raises NoTarget, a ZeroDivisionError, for a target of 0.
    """
    pence(allocation, "MA8", "the allocation")
    if pence(target, "MA8", "the target") == 0:
        raise NoTarget(
            "MA8: the target is 0 p, so no distance from it can be said. Leave the unit out, or show a dash."
        )
    return RATIO.divide(Decimal(allocation - target), Decimal(target))


def pace_of_change(
    baseline: Mapping[Code, int],
    wp: Mapping[Code, Decimal],
    pot: int,
    *,
    kappa: Number,
    floor: Number,
    cap: Number,
    max_under: Number | None = None,
) -> PaceResult:
    """Move units from their baselines towards their targets, within limits, so that they share exactly the pot (MA9).

    `baseline` in pence; `kappa` is the share of the gap that is closed (0: all grow alike, 1: straight to target);
    growth stays from `floor` to `cap` (.02 is 2 per cent); a unit is brought to within `max_under` of its target even
    where that takes more growth than `cap`. One penny's rounding may miss a limit.

    One scale `theta` for all makes the sum the pot. It is found by bisection in floats, which only say which units are
    at a limit; from these it is then reckoned exactly, so that the same inputs give the same pence everywhere.

    Raises Infeasible with both bounds, and RuleError for units in one of the two tables only, or an impossible limit.
    """
    pull, low, high, most = _limits(kappa, floor, cap, max_under)
    units = _units(baseline, wp)
    pence(pot, "MA9", "the pot")
    weights = whole_weights({unit: wp[unit] for unit in units})
    target = share_out(pot, weights)
    before, weight = sum(baseline[unit] for unit in units), sum(weights.values())
    if before == 0:
        raise RuleError("MA9: all baselines are 0; expected one above 0. Without a baseline share by target (MA4).")
    # Everything over one denominator, so that only whole numbers are compared and added.
    scale = pull.denominator * low.denominator * high.denominator * most.denominator
    whole = before * weight * scale
    keep, move = int((1 - pull) * scale) * weight * pot, int(pull * scale) * before * pot
    grow, limit = int((1 + low) * scale) * before * weight, int((1 + high) * scale) * before * weight
    least = 0 if max_under is None else int((1 - most) * scale) * before * pot
    want = [keep * baseline[unit] + move * weights[unit] for unit in units]
    lo = [max(grow * baseline[unit], least * weights[unit]) for unit in units]
    hi = [max(limit * baseline[unit], bottom) for unit, bottom in zip(units, lo, strict=True)]
    # No scale lifts a unit that wants nothing above its lower limit.
    hi = [top if wanted else bottom for top, wanted, bottom in zip(hi, want, lo, strict=True)]
    lower, upper = -(-sum(lo) // whole), sum(hi) // whole
    if not lower <= pot <= upper:
        raise Infeasible(pot, lower, upper)
    theta, clipped = _clip(want, lo, hi, pot * whole, whole)
    found = split_pence(pot, dict(zip(units, clipped, strict=True)))
    dft = {unit: distance_from_target(found[unit], target[unit]) if target[unit] else None for unit in units}
    return PaceResult(found, RATIO.divide(Decimal(theta.numerator), Decimal(theta.denominator)), dft, target)


def _limits(kappa: Number, floor: Number, cap: Number, max_under: Number | None) -> tuple[Fraction, ...]:
    pull, low, high = (
        Fraction(exact(value, name, "MA9")) for name, value in (("kappa", kappa), ("floor", floor), ("cap", cap))
    )
    most = Fraction(exact(max_under, "max_under", "MA9")) if max_under is not None else Fraction(1)
    if not 0 <= pull <= 1:
        raise RuleError(f"MA9: kappa is {kappa}; expected a share from 0 to 1 of the gap that is closed in the year.")
    if low < -1 or high < low:
        raise RuleError(f"MA9: floor {floor} and cap {cap}; expected -1 or more, and the cap not below the floor.")
    if not 0 <= most <= 1:
        raise RuleError(f"MA9: max_under is {max_under}; expected a share from 0 to 1 of the target.")
    return pull, low, high, most


def _units(baseline: Mapping[Code, int], wp: Mapping[Code, Decimal]) -> list[Code]:
    alone = sorted(baseline.keys() ^ wp.keys())
    if alone:
        where = "baseline but no weighted population" if alone[0] in baseline else "weighted population but no baseline"
        raise RuleError(f"MA9: {len(alone)} unit(s) are in one table only; '{alone[0]}' has a {where}. Give both.")
    for unit in sorted(baseline):
        if pence(baseline[unit], "MA9", f"the baseline of '{unit}'") < 0:
            raise RuleError(f"MA9: the baseline of '{unit}' is {baseline[unit]:,} p; expected 0 or more.")
    return sorted(baseline)


def _clip(want: list[int], lo: list[int], hi: list[int], aim: int, whole: int) -> tuple[Fraction, list[int]]:
    """Answer theta, and theta times `want` within its limits, all over one denominator, summing to the pot.

    Between two units reaching a limit the sum is a straight line in theta, so the line that the bisection ends on gives
    theta exactly; a bracket catches the rare case that a unit reaches its limit just beside it.
    """
    theta = _bisect(want, lo, hi, aim, whole)
    bottom, top = Fraction(0), None
    for _ in range(HALVINGS if any(want) else 0):
        up, under = theta.numerator, theta.denominator
        fixed = free = 0
        for wanted, low, high in zip(want, lo, hi, strict=True):
            reached = wanted * up
            if reached <= low * under:
                fixed += low
            elif reached >= high * under:
                fixed += high
            else:
                free += wanted
        excess = fixed * under + free * up - aim * under
        if excess == 0:
            break
        if excess > 0:
            top = theta
        else:
            bottom = theta
        theta = Fraction(aim - fixed, free) if free else bottom
        if theta <= bottom or (top is not None and theta >= top):
            theta = (bottom + top) / 2 if top is not None else bottom * 2 + 1
    up, under = theta.numerator, theta.denominator
    return theta, [
        min(max(wanted * up, low * under), high * under) for wanted, low, high in zip(want, lo, hi, strict=True)
    ]


def _bisect(want: list[int], lo: list[int], hi: list[int], aim: int, whole: int) -> Fraction:
    """Answer a theta at which the clipped sum is within half a penny of the pot, or as near as floats can come."""
    import numpy as np

    wants, lows, highs = (np.array([value / whole for value in values]) for values in (want, lo, hi))
    pot = aim / whole
    moving = wants > 0
    if not moving.any():
        return Fraction(1)
    bottom, top = 0.0, float((highs[moving] / wants[moving]).max()) or 1.0
    theta = top
    for _ in range(HALVINGS):
        theta = (bottom + top) / 2
        excess = float(np.clip(theta * wants, lows, highs).sum()) - pot
        if abs(excess) < 0.5 or theta in (bottom, top):
            break
        if excess > 0:
            top = theta
        else:
            bottom = theta
    return Fraction(theta)
