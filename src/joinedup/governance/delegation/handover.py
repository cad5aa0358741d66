"""Handing a post over without a gap, since delegations rest while nobody holds it (rule C11)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from joinedup.errors import RuleError
from joinedup.system import Period, gaps, handover_gap


class OverlapNotMarked(RuleError):
    """Two people hold one post at once, and nothing says that it is a handover."""


@dataclass(frozen=True, slots=True)
class Tenure:
    """That a person holds a post; `is_handover`: it may overlap the one before, to hand over."""

    person: str
    days: Period
    is_handover: bool = False


@dataclass(frozen=True, slots=True)
class PostHandover:
    """How a post went from hand to hand: days nobody held it, and overlaps that were not marked as handovers."""

    vacant: tuple[Period, ...]
    unmarked_overlaps: tuple[Period, ...]

    @property
    def vacant_days(self) -> int:
        """Answer how many days the post's delegations rest."""
        return sum(handover_gap(one.start, one.end) for one in self.vacant if one.end is not None)


def post_handover(tenures: Iterable[Tenure], within: Period) -> PostHandover:
    """Answer the vacant days of a post within a period that ends, and the overlaps nobody meant (C11)."""
    held = sorted(tenures, key=lambda one: one.days.start)
    overlaps = []
    for place, later in enumerate(held):
        for earlier in held[:place]:
            if earlier.days.overlaps(later.days) and not later.is_handover:
                ends = [one.days.end for one in (earlier, later) if one.days.end is not None]
                overlaps.append(Period(later.days.start, min(ends, default=None)))
    return PostHandover(tuple(gaps((one.days for one in held), within)), tuple(overlaps))


def must_hand_over(tenures: Iterable[Tenure], within: Period) -> PostHandover:
    """As `post_handover`; raises OverlapNotMarked. A gap raises nothing: it is reported, and delegations rest."""
    found = post_handover(tenures, within)
    if found.unmarked_overlaps:
        first: date = found.unmarked_overlaps[0].start
        raise OverlapNotMarked(
            f"C11: two people hold the post from {first}, not marked as a handover. Mark it, or correct a day."
        )
    return found
