"""Sharing whole numbers so that the parts add up to the whole (rules: governance T5, T11, V2)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction

from joinedup.errors import RuleError

Weight = int | str | Decimal | Fraction


def largest_remainder(whole: int, weights: Sequence[Weight]) -> list[int]:
    """Split a whole number by weights into whole numbers that add up to it.

    Each part is the exact share rounded down; what is left goes, one each, to the largest remainders; among equal
    remainders to the earlier. Weights are 0 or more and not all 0; they need not sum to 1.
    """
    exact = [Fraction(weight) for weight in weights]
    total = sum(exact)
    if total <= 0 or min(exact) < 0:
        raise RuleError("Weights must be 0 or more and not all 0, or there is nothing to share by.")
    parts = [whole * weight / total for weight in exact]
    floors = [int(part // 1) for part in parts]
    by_remainder = sorted(range(len(parts)), key=lambda i: (floors[i] - parts[i], i))
    for i in by_remainder[: whole - sum(floors)]:
        floors[i] += 1
    return floors


def main_of(shares: Mapping[str, float | Decimal]) -> str | None:
    """Answer the one with the largest share, or None when two tie and a person must say (rules: T11)."""
    if not shares:
        return None
    best = max(shares.values())
    holders = [name for name, share in shares.items() if share == best]
    return holders[0] if len(holders) == 1 else None
