"""From a decision onward to what it changed, and at which tier it was taken (rules: governance B10, B11)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Final

from joinedup.errors import RuleError, did_you_mean
from joinedup.governance.calendar_months import percent

# The chain is evidence -> paper -> decision -> commitment -> budget line -> metric -> risk. A decision hangs on its
# paper and leads to the four after it; the book counts five links and does not list them, so this list is ours.
LINKS: Final = ("paper", "commitment", "budget_line", "metric", "risk")
TIERS: Final = {
    "multi_system": "Several systems",
    "system": "System",
    "place": "Place",
    "neighbourhood": "Neighbourhood",
    "collaborative": "Collaborative",
}


class ReleaseRefused(RuleError):
    """Money is not released: there is no decision, or no budget line that it comes from."""


class TierReasonMissing(RuleError):
    """A decision was taken at another tier than the lowest possible one, and nobody says why."""


@dataclass(frozen=True, slots=True)
class DecisionLinks:
    """What a decision is linked with, by ids; `amount_pence` is what it spends."""

    decision: str
    amount_pence: int = 0
    paper: tuple[str, ...] = ()
    commitment: tuple[str, ...] = ()
    budget_line: tuple[str, ...] = ()
    metric: tuple[str, ...] = ()
    risk: tuple[str, ...] = ()

    @property
    def missing(self) -> tuple[str, ...]:
        """The links that are not there, in the order of the chain."""
        return tuple(link for link in LINKS if not getattr(self, link))

    @property
    def share(self) -> Fraction:
        """How much of the five links is there, from 0 to 1."""
        return Fraction(len(LINKS) - len(self.missing), len(LINKS))


def check_release(links: DecisionLinks | None, amount_pence: int) -> None:
    """Raise ReleaseRefused unless pence above 0 come with a decision, within its amount, from a budget line (B10)."""
    if amount_pence <= 0:
        return
    if links is None or not links.decision.strip():
        raise ReleaseRefused(
            f"B10: {amount_pence:,} p would move without a decision; put the item to a board, and name its decision."
        )
    if not links.budget_line:
        raise ReleaseRefused(
            f"B10: {links.decision} spends {amount_pence:,} p and names no budget line; link one, then release it."
        )
    if amount_pence > links.amount_pence:
        raise ReleaseRefused(
            f"B10: {links.decision} decided {links.amount_pence:,} p; {amount_pence:,} p are more. Take a new decision."
        )


def check_tier(taken: str, lowest: str, reason: str = "") -> None:
    """Raise TierReasonMissing unless a decision was taken at the lowest possible tier, or says why not (B11)."""
    for tier in (taken, lowest):
        if tier not in TIERS:
            raise RuleError(f"B11: '{tier}' is no tier; expected {', '.join(TIERS)}.{did_you_mean(tier, TIERS)}")
    if taken != lowest and not reason.strip():
        raise TierReasonMissing(
            f"B11: this could be decided at the tier '{lowest}' and is decided at '{taken}'; give the reason."
        )


def tier_shares(tiers: Iterable[str]) -> dict[str, Decimal]:
    """Answer the share of decisions by tier, in percent with one decimal, half up; without a decision {} (B11).

    Each share is rounded on its own, so that they may add up to 99.9 or 100.1.
    """
    counts = Counter(tiers)
    for tier in counts:
        if tier not in TIERS:
            raise RuleError(f"B11: '{tier}' is no tier; expected {', '.join(TIERS)}.{did_you_mean(tier, TIERS)}")
    total = counts.total()
    return {tier: percent(counts[tier], total) for tier in TIERS if counts[tier]}
