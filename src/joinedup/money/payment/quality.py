"""The quality incentive: a pool that is earned by what was achieved between a floor and a ceiling (rule MC4)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from joinedup.errors import RuleError
from joinedup.money.allocation.splitting import RATIO, Number, ShareError, exact, half_up, pence, total


@dataclass(frozen=True, slots=True)
class QualityMetric:
    """A measure of the schedule: its weight, where earning begins and where all is earned, and what was achieved.

    A floor above the ceiling is a measure of which less is better. `achieved` is None when no data came, which earns
    nothing unless `is_excused`.
    """

    name: str
    weight: Number
    floor: Number
    ceiling: Number
    achieved: Number | None
    is_excused: bool = False


def quality_score(metrics: Sequence[QualityMetric]) -> Decimal:
    """Answer the share of the pool that is earned, from 0 to 1, unrounded (MC4).

    A measure without data scores 0; one that is excused is left out, and its weight goes to the others in proportion
    (this project's own reading). Raises ShareError unless the weights are 0 or more and make exactly 1, where floor
    and ceiling are the same, and where everything is excused.
    """
    weights = [exact(one.weight, f"the weight of '{one.name}'", "MC4") for one in metrics]
    if any(weight < 0 for weight in weights) or total(weights) != 1:
        raise ShareError(f"MC4: the weights make {total(weights)}; expected weights of 0 or more that make exactly 1.")
    earned = counted = Fraction(0)
    for one, weight in zip(metrics, weights, strict=True):
        floor, ceiling = (Fraction(exact(end, f"an end of '{one.name}'", "MC4")) for end in (one.floor, one.ceiling))
        if floor == ceiling:
            raise ShareError(f"MC4: floor and ceiling of '{one.name}' are both {one.floor}; expected two numbers.")
        if one.achieved is None:
            counted += 0 if one.is_excused else Fraction(weight)
            continue
        reached = (Fraction(exact(one.achieved, f"what '{one.name}' achieved", "MC4")) - floor) / (ceiling - floor)
        counted += Fraction(weight)
        earned += Fraction(weight) * min(max(reached, Fraction(0)), Fraction(1))
    if counted == 0:
        raise ShareError("MC4: every measure with a weight is excused; expected one that counts. Agree on the payment.")
    score = earned / counted
    return RATIO.divide(Decimal(score.numerator), Decimal(score.denominator))


def quality_pool(value_p: int, share: Number) -> int:
    """Answer the pool in pence: a share of a contract's value, rounded half-up once."""
    part = Fraction(exact(share, "the pool's share", "MC4"))
    if not 0 <= part <= 1:
        raise ShareError(f"MC4: the pool is {share} of the contract's value; expected a share from 0 to 1.")
    return half_up(pence(value_p, "MC4", "the contract's value") * part)


def quality_earned(pool_p: int, score: Decimal) -> int:
    """Answer what is earned of a pool in pence, rounded half-up once; RuleError for a score outside 0 to 1."""
    if not 0 <= exact(score, "the score", "MC4") <= 1:
        raise RuleError(f"MC4: the score is {score}; expected a share from 0 to 1.")
    return half_up(pence(pool_p, "MC4", "the pool") * Fraction(score))
