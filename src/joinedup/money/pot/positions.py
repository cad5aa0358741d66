"""The system's position against its control total, and what bodies say of each other (rules MB11, MB12).

Plus is a surplus. Local authorities are shown beside the system and are not in its control total; whether they should
be is to be confirmed, so it is said for each body (`in_control_total`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from joinedup.errors import RuleError
from joinedup.money.allocation.splitting import split_pence


@dataclass(frozen=True, slots=True)
class BodyPosition:
    """Income less spend of one body for the year, adjusted, in pence: as planned, and as forecast now."""

    body: str
    plan: int
    forecast: int
    in_control_total: bool = True

    @property
    def variance(self) -> int:
        """Forecast less plan: plus is better than planned."""
        return self.forecast - self.plan


@dataclass(frozen=True, slots=True)
class SystemPosition:
    """Where a system stands: its bodies, those beside it, the totals, and who makes good for whom, in pence.

    `offsets` has, for each body worse than plan, what each better one gives for it; a body's gain is used in
    proportion where several bodies need it.
    """

    bodies: tuple[BodyPosition, ...]
    beside: tuple[BodyPosition, ...]
    control_total: int
    offsets: Mapping[str, Mapping[str, int]]

    @property
    def plan(self) -> int:
        return sum(one.plan for one in self.bodies)

    @property
    def forecast(self) -> int:
        return sum(one.forecast for one in self.bodies)

    @property
    def variance(self) -> int:
        return self.forecast - self.plan

    @property
    def met(self) -> bool:
        """Whether the forecast reaches the control total."""
        return self.forecast >= self.control_total


@dataclass(frozen=True, slots=True)
class Mismatch:
    """What a payer says it spends with a payee and the payee says it earns from it, in pence; the payer's counts."""

    payer: str
    payee: str
    payer_says: int
    payee_says: int

    @property
    def difference(self) -> int:
        return self.payer_says - self.payee_says


def system_position(bodies: Iterable[BodyPosition], *, control_total: int) -> SystemPosition:
    """Answer the position of the bodies of one system in one year; RuleError when a body is there twice."""
    rows = tuple(bodies)
    if len({one.body for one in rows}) != len(rows):
        raise RuleError("MB11: a body is there twice; give each its one position.")
    inside = tuple(one for one in rows if one.in_control_total)
    return SystemPosition(
        inside, tuple(one for one in rows if not one.in_control_total), control_total, _offsets(inside)
    )


def intra_system_mismatches(pairs: Iterable[Mismatch], *, abs_limit: int, rel_limit: Decimal) -> list[Mismatch]:
    """Answer the pairs that are further apart than `max(abs_limit, rel_limit * larger)`, the widest apart first.

    Each opens a query; until it is agreed the system's total takes the payer's figure, so that nothing counts twice.
    """
    apart = [
        one
        for one in pairs
        if abs(one.difference)
        > max(Fraction(abs_limit), Fraction(rel_limit) * max(abs(one.payer_says), abs(one.payee_says)))
    ]
    return sorted(apart, key=lambda one: (-abs(one.difference), one.payer, one.payee))


def eliminated(positions: Mapping[str, int], pairs: Iterable[Mismatch]) -> int:
    """Answer the system's total when each payee's income from within the system is what its payer says it spends."""
    return sum(positions.values()) + sum(one.difference for one in pairs)


def _offsets(bodies: Iterable[BodyPosition]) -> dict[str, dict[str, int]]:
    """Share what the better bodies have over out over the worse ones, in proportion and to the penny."""
    better = {one.body: one.variance for one in bodies if one.variance > 0}
    worse = {one.body: -one.variance for one in bodies if one.variance < 0}
    usable = min(sum(better.values()), sum(worse.values()))
    if not usable:
        return {}
    needs = split_pence(usable, {body: Decimal(pence) for body, pence in worse.items()})
    gains = dict(split_pence(usable, {body: Decimal(pence) for body, pence in better.items()}))
    found: dict[str, dict[str, int]] = {}
    for body, need in sorted(needs.items()):
        given = split_pence(need, {one: Decimal(pence) for one, pence in gains.items()}) if need else {}
        # What is left of each giver is never less than 0: the shares of what it still has are at most that.
        found[body] = {one: pence for one, pence in given.items() if pence}
        for one, pence in given.items():
            gains[one] -= pence
    return found
