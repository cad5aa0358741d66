"""Budget lines: what a line may spend, what moves between lines, and what is left of one (rule MB4)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from joinedup.errors import NotFound, RuleError, did_you_mean
from joinedup.planning import year_days

ENVELOPES = ("revenue", "capital")


class VirementImbalance(RuleError):
    """The moves of a virement do not sum to 0."""


class RingFence(RuleError):
    """A virement would take money out of a ring fence, out of its fund, or between revenue and capital."""


class OverBudget(RuleError):
    """More would be bound on a budget line than is available."""


class OverCommitted(RuleError):
    """An invoice is above what is open of its commitment; top the commitment up first (rule MB6)."""


@dataclass(frozen=True, slots=True)
class BudgetLine:
    """What one body may spend of a fund on one thing in one financial year.

    Money with a `ring_fence` stays inside it. `envelope` is revenue or capital: capital has the same lines and the
    same gate, and no money passes between the two (rule MB15). `plan_line` is the id of the plan line it pays for.
    """

    code: str
    fund: str
    body: str
    year: str
    name: str
    original_pence: int
    ring_fence: str = ""
    envelope: str = "revenue"
    plan_line: str = ""

    def __post_init__(self) -> None:
        year_days(self.year)
        if self.envelope not in ENVELOPES:
            raise RuleError(f"MB15: '{self.envelope}' is no envelope; expected one of {', '.join(ENVELOPES)}.")
        if isinstance(self.original_pence, bool) or not isinstance(self.original_pence, int):
            raise RuleError(f"M0.1: budget line {self.code} has {self.original_pence!r}; expected whole pence.")
        if self.original_pence < 0:
            raise RuleError(
                f"MB4: budget line {self.code} would begin with {self.original_pence} p; expected 0 or more."
            )


@dataclass(frozen=True, slots=True)
class Availability:
    """Where a budget line stands, in pence: what it began with, what was moved, what is committed, what is spent."""

    original: int
    virements: int
    committed: int
    actual: int

    @property
    def current(self) -> int:
        """What the line may spend now: original and virements."""
        return self.original + self.virements

    @property
    def available(self) -> int:
        """What is left to be committed."""
        return self.current - self.committed - self.actual


def check_virement(moves: Mapping[str, int], lines: Mapping[str, BudgetLine]) -> int:
    """Answer the pence that a virement moves; raises VirementImbalance, RingFence, or NotFound for an unknown line.

    `moves` are pence by line, plus for what a line gains. A ring fence may gain and never lose; nothing leaves a fund,
    a financial year, or an envelope.
    """
    if len(moves) < 2 or any(pence == 0 for pence in moves.values()):
        raise VirementImbalance("MB4: a virement needs two lines or more, each with pence that are not 0.")
    for code, pence in moves.items():
        if code not in lines:
            raise NotFound(f"MB4: there is no budget line '{code}'.{did_you_mean(code, lines)}")
        if isinstance(pence, bool) or not isinstance(pence, int):
            raise RuleError(f"M0.1: the move of {code} is {pence!r}; expected whole pence as an int.")
    if left := sum(moves.values()):
        raise VirementImbalance(
            f"MB4: the moves sum to {left} p, expected 0. Nothing was moved; give as much as is taken."
        )
    for what in ("fund", "year", "envelope"):
        for name, pence in _sums(moves, lines, what).items():
            if pence:
                raise RingFence(f"MB4: {abs(pence)} p would pass the bounds of {what} {name}; a virement stays inside.")
    for fence, pence in _sums(moves, lines, "ring_fence").items():
        if fence and pence < 0:
            raise RingFence(
                f"MB4: {-pence} p would leave the ring fence '{fence}'. Take them from lines outside it, or have the "
                "body that fenced them decide otherwise."
            )
    return sum(pence for pence in moves.values() if pence > 0)


def moved(left: Availability, pence: int) -> Availability:
    """Answer a line's availability after a virement of so many pence to it."""
    return Availability(left.original, left.virements + pence, left.committed, left.actual)


def check_left(code: str, left: Availability, use: int) -> None:
    """Raise OverBudget when a line has less available than would be used; what gives back (below 0) always may."""
    if use > 0 and use > left.available:
        raise OverBudget(
            f"MB4: budget line {code} has {left.available} p available and {use} p are asked for: "
            f"{use - left.available} p too much. Move money to it first (a virement), or ask for less."
        )


def commitment_state(made: int, invoiced: int, released: int) -> str:
    """Answer the state of a commitment: open, part-invoiced, closed, or released (rule MB6).

    All three in pence, so far. What was only invoiced in part and then released is released.
    """
    if made - invoiced - released > 0:
        return "part-invoiced" if invoiced else "open"
    return "closed" if invoiced and not released else "released"


def check_invoice(commitment: str, open_pence: int, invoice_pence: int) -> None:
    """Raise OverCommitted when an invoice, or a release, is above what is open of its commitment."""
    if invoice_pence > open_pence:
        raise OverCommitted(
            f"MB6: commitment {commitment} has {open_pence} p open and {invoice_pence} p would be taken from it: "
            f"{invoice_pence - open_pence} p too much. Top it up first, under an authority."
        )


def _sums(moves: Mapping[str, int], lines: Mapping[str, BudgetLine], by: str) -> dict[str, int]:
    sums: dict[str, int] = defaultdict(int)
    for code, pence in moves.items():
        sums[getattr(lines[code], by)] += pence
    return sums
