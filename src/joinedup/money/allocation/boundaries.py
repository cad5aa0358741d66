"""Who belongs to whom on a day, and a year's money where that changed within it (rules MA7, MA11).

Codes are renamed and used again, so a membership is known by code and date. All intervals are half-open: a practice
that leaves on 1 October is a member up to and including 30 September.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

from joinedup.errors import RuleError
from joinedup.money.allocation.splitting import Code, pence, share_out

EARLIEST, LATEST = date.min, date.max


class BoundaryGap(RuleError):
    """On some day a unit belongs to nobody."""


class BoundaryOverlap(RuleError):
    """On some day a unit belongs to two."""


@dataclass(frozen=True, slots=True)
class Membership:
    """`child` belongs to `parent` from `start` until the day before `to`; `to` is None while it goes on."""

    child: Code
    parent: Code
    start: date = EARLIEST
    to: date | None = None

    def holds(self, on: date) -> bool:
        return self.start <= on and (self.to is None or on < self.to)


def parents_on(memberships: Iterable[Membership], as_of: date) -> dict[Code, Code]:
    """Answer the one parent of every child on a day.

    Raises BoundaryGap for a child that is named but belongs to nobody on that day, BoundaryOverlap for one that belongs
    to two.
    """
    found: dict[Code, Code] = {}
    named: set[Code] = set()
    for one in memberships:
        named.add(one.child)
        if not one.holds(as_of):
            continue
        if one.child in found:
            raise overlap(one.child, as_of, found[one.child], one.parent)
        found[one.child] = one.parent
    for child in sorted(named - found.keys()):
        raise gap(child, as_of)
    return found


def check_memberships(memberships: Iterable[Membership]) -> None:
    """Hold memberships against MA11 over all their days: one parent on each day from a child's first to its last.

    Raises BoundaryOverlap or BoundaryGap, with the first day on which it is so.
    """
    by_child: dict[Code, list[Membership]] = defaultdict(list)
    for one in memberships:
        if one.to is not None and one.to <= one.start:
            raise BoundaryGap(
                f"MA11: {one.child} is in {one.parent} from {one.start} to {one.to}, which is no day at all; "
                "expected an end after the start. Correct the row."
            )
        by_child[one.child].append(one)
    for child, rows in by_child.items():
        rows.sort(key=lambda one: one.start)
        for before, after in pairwise(rows):
            if before.to is None or before.to > after.start:
                raise overlap(child, after.start, before.parent, after.parent)
            if before.to < after.start:
                raise gap(child, before.to)


def gap(child: Code, on: date) -> BoundaryGap:
    return BoundaryGap(
        f"MA11: {child} belongs to nobody on {on}; expected exactly one parent. "
        "Add the missing membership, or its successor, or leave it out on that day."
    )


def overlap(child: Code, on: date, one: Code, other: Code) -> BoundaryOverlap:
    return BoundaryOverlap(
        f"MA11: {child} belongs to {one} and to {other} on {on}; expected exactly one parent. "
        "End the first membership on the day on which the second begins."
    )


def split_by_days(amount: int, spans: Sequence[tuple[Code, date, date]]) -> dict[Code, int]:
    """Share an amount over the bodies that held it, by their days; `spans` are half-open and follow on each other.

    A body may come twice; its days are added. Ties for a penny go by code. Raises BoundaryGap where a day between the
    spans is nobody's or a span has no day, BoundaryOverlap where one is two bodies'.
    """
    if not spans:
        raise BoundaryGap("MA11: no spans; expected at least one (code, from, to).")
    days: dict[Code, int] = {}
    last: tuple[Code, date] | None = None
    for code, start, to in sorted(spans, key=lambda span: (span[1], span[2])):
        if to <= start:
            raise BoundaryGap(f"MA11: the span of {code} from {start} to {to} has no day; expected an end after it.")
        if last and start < last[1]:
            raise overlap("the amount", start, last[0], code)
        if last and start > last[1]:
            raise gap("the amount", last[1])
        days[code] = days.get(code, 0) + (to - start).days
        last = code, to
    return share_out(pence(amount, "MA11", "the amount"), days)
