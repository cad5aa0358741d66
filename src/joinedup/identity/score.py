"""What each comparison says of a pair, in bits, and what they say together.

Method: Fellegi and Sunter (rules/population PA6). A bit is a factor of two in the odds that two records are one person.
What a household shares (surname, place, telephone) cannot tell its members apart, and comparisons that are taken as
independent would add up to certainty for twins: `against_household` sets the other hypotheses beside the sum.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Part:
    """One step of the waterfall: its name, what was found, its bits, and the sum after it."""

    name: str
    level: str
    bits: float
    total: float


@dataclass(frozen=True, slots=True)
class Rarity:
    """How rare each kind of relative is, as log2 of one over how many of it a person has. [decision]

    About 1 in 64 has a twin, 1 in 128 somebody of the same forename at home, and each about two others at home.
    """

    twin: float = 6.0
    namesake: float = 7.0
    member: float = -1.0


def bits(m: float, u: float) -> float:
    """Answer log2(m/u): what a level says that `m` of true pairs and `u` of random pairs show."""
    return math.log2(m / u)


def prior_bits(chance: float) -> float:
    """Answer log2(λ/(1−λ)) for the chance λ that two random records are one person."""
    return math.log2(chance / (1 - chance))


def probability(weight: float) -> float:
    """Answer 2^M / (1 + 2^M); 0 and 1 far out, without overflow."""
    if weight > 60:
        return 1.0
    odds = math.pow(2.0, weight)
    return odds / (1 + odds)


def weight_of(chance: float) -> float:
    """Answer log2(P/(1−P)); infinities at 0 and 1."""
    if chance <= 0 or chance >= 1:
        return math.inf if chance >= 1 else -math.inf
    return math.log2(chance / (1 - chance))


def against_household(
    weight: float, *, given: float, birth: float, rest: float, same_given: bool, same_birth: bool, rarity: Rarity
) -> float:
    """Answer the weight that is left when the other one may be somebody of the same household.

    Beside the hypothesis of chance (`weight` bits against it) stand three others: a twin, who shares the birth date,
    so that only the forename and `rest` (sex, other forenames) speak against it; a namesake, who shares the forename;
    and any other member, who shares neither. Two forms of one forename are no twins, one birth date no namesakes.
    Odds against each are added: 1/(1/a + 1/b + ...).
    """
    against = [weight, given + birth + rest + rarity.member]
    if not same_given:
        against.append(given + rest + rarity.twin)
    if not same_birth:
        against.append(birth + rest + rarity.namesake)
    least = min(against)
    return least - math.log2(sum(math.pow(2.0, max(least - one, -200.0)) for one in against))


def waterfall(prior: float, parts: Sequence[tuple[str, str, float]]) -> list[Part]:
    """Answer the steps from the prior to the sum: (name, level, bits) in, each with its running total out."""
    total = prior
    steps = [Part("Before any comparison", "", prior, prior)]
    for name, level, said in parts:
        total += said
        steps.append(Part(name, level, said, total))
    return steps
