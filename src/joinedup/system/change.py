"""The kinds of change that bodies go through, and what each must look like (rules: governance C1, C2, C5, C6).

Only an event in force changes anything. A date that passes changes nothing by itself: the event is then overdue and
somebody has to say what became of it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction

from joinedup.errors import RuleError, did_you_mean
from joinedup.system.periods import PartialDate

CERTAINTIES = ("proposed", "subject_to_parliament", "approved", "in_force", "withdrawn")
PLANNED = frozenset({"proposed", "subject_to_parliament", "approved"})


@dataclass(frozen=True, slots=True)
class Arity:
    """How many bodies a kind of event has before (originals) and after (results); a maximum of None is open."""

    originals: tuple[int, int | None]
    results: tuple[int, int | None]
    says: str


KINDS: dict[str, Arity] = {
    "found": Arity((0, 0), (1, None), "nothing before, one or more bodies after"),
    "rename": Arity((1, 1), (1, 1), "one body, the same before and after"),
    "recode": Arity((1, 1), (1, 1), "one body, the same before and after"),
    "redesignate": Arity((1, 1), (1, 1), "one body, the same before and after"),
    "merge": Arity((2, None), (1, 1), "two or more bodies before, one new body after"),
    "absorb": Arity((1, None), (1, 1), "one or more bodies before, one that was already there after"),
    "split": Arity((1, 1), (2, None), "one body before, two or more after"),
    "transfer_function": Arity((1, 1), (1, None), "one body before, one or more receivers after; nobody closes"),
    "boundary_change": Arity((0, None), (0, None), "areas, not bodies"),
    "dissolve": Arity((1, None), (0, None), "one or more bodies before, none or the receivers after"),
}
SAME_BODY = frozenset({"rename", "recode", "redesignate"})
CLOSING = frozenset({"merge", "absorb", "split", "dissolve"})
OPENING = frozenset({"found", "merge", "split"})


@dataclass(frozen=True, slots=True)
class Share:
    """How much of an original one result takes; the weights of each original sum to 1."""

    original: str
    result: str
    basis: str
    weight: Decimal


def check_event(kind: str, originals: Sequence[str], results: Sequence[str], shares: Sequence[Share] = ()) -> None:
    """Raise RuleError, naming what was given and expected, unless the event has the form of its kind (C1)."""
    arity = KINDS.get(kind)
    if arity is None:
        raise RuleError(
            f"'{kind}' is no kind of change; expected one of {', '.join(KINDS)}.{did_you_mean(kind, KINDS)}"
        )
    for bodies, (least, most), side in ((originals, arity.originals, "before"), (results, arity.results, "after")):
        if len(set(bodies)) != len(bodies):
            raise RuleError(f"A {kind} names the same body twice {side} it: {', '.join(sorted(bodies))}.")
        if len(bodies) < least or (most is not None and len(bodies) > most):
            raise RuleError(f"A {kind} needs {arity.says}; given {len(bodies)} {side} it.")
    if kind in SAME_BODY and list(originals) != list(results):
        raise RuleError(f"A {kind} keeps its body; given {originals[0]} before and {results[0]} after.")
    both = set(originals) & set(results)
    if kind in CLOSING and both:
        raise RuleError(f"A {kind} ends {', '.join(sorted(both))}, which can't also be there after it.")
    if kind == "split" and not shares:
        raise RuleError("A split needs shares that say how much each new body takes; they sum to 1.")
    check_shares(shares, originals, results)


def check_shares(shares: Sequence[Share], originals: Sequence[str], results: Sequence[str]) -> None:
    """Raise RuleError unless the shares of each original, for each basis, sum to exactly 1 (V2)."""
    sums: dict[tuple[str, str], Fraction] = defaultdict(Fraction)
    for share in shares:
        if share.original not in originals or share.result not in results:
            raise RuleError(f"A share goes from {share.original} to {share.result}, which are not in this event.")
        if share.weight <= 0:
            raise RuleError(f"The share from {share.original} to {share.result} is {share.weight}; expected above 0.")
        sums[share.original, share.basis] += Fraction(share.weight)
    for (original, basis), total in sums.items():
        # Published shares are rounded to at most eight places; half a unit of the eighth place each is exact enough.
        if abs(total - 1) > Fraction(len(shares), 2 * 10**8):
            raise RuleError(f"The shares of {original} by {basis} sum to {float(total):g}; expected exactly 1.")


def check_order(events: Mapping[str, tuple[Sequence[str], Sequence[str]]]) -> None:
    """Raise RuleError, naming the circle, when closing events (originals, results by event key) go round (V3)."""
    after: dict[str, set[str]] = defaultdict(set)
    for originals, results in events.values():
        for original in originals:
            after[original] |= set(results) - {original}
    if found := circle(after):
        raise RuleError(f"The changes go in a circle: {' → '.join(found)}.")


def circle(after: Mapping[str, Iterable[str]]) -> tuple[str, ...]:
    """Answer one way that leads back to where it began, its first and last stop the same; or nothing."""
    done: set[str] = set()

    def follow(stop: str, way: tuple[str, ...]) -> tuple[str, ...]:
        if stop in way:
            return (*way[way.index(stop) :], stop)
        if stop not in done:
            for later in sorted(after.get(stop, ())):
                if found := follow(later, (*way, stop)):
                    return found
            done.add(stop)
        return ()

    return next((found for stop in sorted(after) if (found := follow(stop, ()))), ())


def days_overdue(certainty: str, effective: PartialDate, today: date) -> int:
    """Answer how many days a planned event is overdue: 0 on its day, 1 on the day after; never for settled ones.

    With month precision the count starts after the month's last day (rules: T2, C2).
    """
    if certainty not in PLANNED or today < effective.breach:
        return 0
    return (today - effective.breach).days + 1


def gaps_and_overlaps(before: Iterable[str], after: Iterable[tuple[str, str]]) -> tuple[list[str], list[str]]:
    """Answer the functions that would have no owner, and those that would have several (C6).

    `before` lists the functions that are owned today; `after` lists (function, new owner).
    """
    owners: dict[str, set[str]] = defaultdict(set)
    for function, owner in after:
        owners[function].add(owner)
    missing = sorted(set(before) - set(owners))
    return missing, sorted(function for function, found in owners.items() if len(found) > 1)


def check_rename(owners_before: Mapping[str, str], owners_after: Mapping[str, str]) -> None:
    """Raise RuleError when a rename would move a function: a name is neither solution nor end point (C5)."""
    moved = sorted(f for f in owners_before.keys() | owners_after.keys() if owners_before.get(f) != owners_after.get(f))
    if moved:
        raise RuleError(f"A rename may not move functions; this one moves {', '.join(moved)}. Use transfer_function.")
