"""Moving a budget line from what providers had to what people need, and from one year to the next (MA13, MA14)."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction

from joinedup.errors import RuleError
from joinedup.money.allocation.lineage import TotalsChanged
from joinedup.money.allocation.splitting import (
    EXACT,
    Code,
    Number,
    ShareError,
    exact,
    half_up,
    pence,
    split_pence,
    total,
)


def mix_basis(historic: Mapping[Code, int], population: Mapping[Code, int], phi: Decimal) -> dict[Code, int]:
    """Answer shares that lie `phi` of the way from the historic split to the split by population (MA13).

    Both splits are pence of the same pot, and so is the answer; a unit in one of them only has 0 in the other. Raises
    TotalsChanged when the pots differ, ShareError for a `phi` outside 0 to 1.
    """
    pull = exact(phi, "phi", "MA13")
    if not 0 <= pull <= 1:
        raise ShareError(f"MA13: phi is {pull}; expected a share from 0 (historic) to 1 (population).")
    for split in (historic, population):
        for code, amount in split.items():
            if pence(amount, "MA13", f"the share of '{code}'") < 0:
                raise RuleError(f"MA13: the share of '{code}' is {amount:,} p; expected 0 or more.")
    pot = sum(historic.values())
    if sum(population.values()) != pot:
        raise TotalsChanged(
            f"MA13: the historic split makes {pot:,} p and that by population {sum(population.values()):,} p; "
            "expected the same pot. Share the same amount both ways first."
        )
    codes = dict.fromkeys([*historic, *population])
    rest = EXACT.subtract(Decimal(1), pull)
    weights: dict[Code, Number] = {
        code: total(
            [
                EXACT.multiply(rest, Decimal(historic.get(code, 0))),
                EXACT.multiply(pull, Decimal(population.get(code, 0))),
            ]
        )
        for code in codes
    }
    return split_pence(pot, weights) if pot else dict.fromkeys(codes, 0)


def next_baseline(base: int, uplift: Number, efficiency: Number) -> int:
    """Answer next year's baseline: raised by `uplift`, lowered by `efficiency`, rounded half-up once (MA14).

    Both are fractions: 4.2 per cent is "0.042". Raises RuleError below -1, or for an efficiency above 1.
    """
    up, down = Fraction(exact(uplift, "the uplift", "MA14")), Fraction(exact(efficiency, "the efficiency", "MA14"))
    if up < -1 or not -1 <= down <= 1:
        raise RuleError(f"MA14: uplift {uplift}, efficiency {efficiency}; expected fractions such as 0.042 and 0.011.")
    return half_up(pence(base, "MA14", "the baseline") * (1 + up) * (1 - down))


def top_slice(pot: int, slices: Mapping[str, int]) -> int:
    """Answer what is left of a pot for its target shares once the named amounts are taken first (MA14).

    Raises RuleError for a slice below 0, or when more is taken than there is.
    """
    for name, amount in slices.items():
        if pence(amount, "MA14", f"the top-slice '{name}'") < 0:
            raise RuleError(f"MA14: the top-slice '{name}' is {amount:,} p; expected 0 or more.")
    left = pence(pot, "MA14", "the pot") - sum(slices.values())
    if left < 0:
        raise RuleError(
            f"MA14: the top-slices take {sum(slices.values()):,} p of a pot of {pot:,} p; expected no more than it has."
        )
    return left
