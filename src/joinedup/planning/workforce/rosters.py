"""What rosters add up to: posts, staff, joiners, leavers, turnover of any grouping; groups too small to show (MD2).

Joiners and leavers are those of the twelve months to the roster's month, in people and in WTE. Turnover is leavers over
the mean of the people at both ends of those months, as the NHS's workforce statistics reckon it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NamedTuple

from joinedup.errors import RuleError, did_you_mean
from joinedup.planning.plans.plan_lines import Code
from joinedup.planning.workforce.staff import Staffing

DIMENSIONS = ("partner", "month", "place", "profession", "staff_group", "grade")
OTHERS = "others"  # the group of those that are too few to show by themselves


class StaffSum(NamedTuple):
    """The staff of one partner, month, place, profession, staff group and grade, added up."""

    partner: Code
    month: str
    place: Code
    profession: Code
    staff_group: str
    grade: str
    establishment: Decimal
    in_post: Decimal
    bank: Decimal
    agency: Decimal
    headcount: int
    joiners: int
    leavers: int
    joiners_wte: Decimal
    leavers_wte: Decimal


@dataclass(frozen=True, slots=True)
class StaffGroup:
    """The staff of one group: WTE as `staffing` has them, and people who joined and left in twelve months."""

    staffing: Staffing
    joiners: int
    leavers: int

    @property
    def key(self) -> tuple[Code, ...]:
        return self.staffing.group

    @property
    def headcount(self) -> int:
        return self.staffing.headcount or 0

    @property
    def before(self) -> int:
        """People in post twelve months ago: those now, less who joined, and who left since."""
        return self.headcount - self.joiners + self.leavers

    @property
    def turnover(self) -> Decimal | None:
        """Leavers over the mean of people now and twelve months ago; None where there was nobody."""
        mean = Decimal(self.headcount + self.before) / 2
        return self.leavers / mean if mean > 0 else None


def grouped(
    sums: Iterable[StaffSum], *, by: Sequence[str], needed: Mapping[tuple[Code, ...], Decimal] | None = None
) -> list[StaffGroup]:
    """Answer the staff by some dimensions, sorted; by none, one group of all (also of no staff).

    `needed` is, by the same groups, the WTE that the plan needs. RuleError for an unknown dimension.
    """
    for name in by:
        if name not in DIMENSIONS:
            raise RuleError(
                f"MD2: a roster is grouped by {', '.join(DIMENSIONS)}; not by '{name}'.{did_you_mean(name, DIMENSIONS)}"
            )
    places = [DIMENSIONS.index(name) for name in by]
    figures = len(DIMENSIONS)
    found: dict[tuple[Code, ...], list[Decimal | int]] = {}
    months: dict[tuple[Code, ...], set[str]] = {}
    for one in sums:
        key = tuple(str(one[place]) for place in places)
        months.setdefault(key, set()).add(one.month)
        held = found.setdefault(key, [Decimal(0)] * 4 + [0] * 3 + [Decimal(0)] * 2)
        sums_of: tuple[Any, ...] = one[figures:]
        for place, value in enumerate(sums_of):
            held[place] += value
    if not found and not by:
        found[()] = [Decimal(0)] * 4 + [0] * 3 + [Decimal(0)] * 2
    wanted = needed or {}
    return [_group(key, months.get(key, set()), held, wanted.get(key)) for key, held in sorted(found.items())]


def whole(sums: Iterable[StaffSum], needed: Decimal | None = None) -> StaffGroup:
    """Answer all the staff as one group."""
    (one,) = grouped(sums, by=(), needed=None if needed is None else {(): needed})
    return one


def merge_small(groups: Iterable[StaffGroup], least: int) -> list[StaffGroup]:
    """Answer groups with those of fewer than `least` people merged into one named OTHERS, last; sums stay exact.

    Should those together still be fewer, or only one, the smallest of the others goes with them: nobody can then take
    the rest away from the total and have the small group. Groups without people (vacant posts) stay.
    """
    every = list(groups)
    small = [one for one in every if 0 < one.headcount < least]
    if not small:
        return every
    large = sorted((one for one in every if one.headcount >= least), key=lambda one: (one.headcount, one.key))
    while large and (len(small) < 2 or sum(one.headcount for one in small) < least):
        small.append(large.pop(0))
    hidden = {one.key for one in small}
    return [one for one in every if one.key not in hidden] + [_merged(small)]


def _merged(groups: Sequence[StaffGroup]) -> StaffGroup:
    parts = [one.staffing for one in groups]
    needed = [one.needed for one in parts if one.needed is not None]
    establishment, in_post, bank, agency, joined, left = (
        sum((getattr(one, name) or Decimal(0) for one in parts), start=Decimal(0))
        for name in ("establishment", "in_post", "bank", "agency", "joiners", "leavers")
    )
    staffing = Staffing(
        (OTHERS,) * len(parts[0].group), parts[0].period, establishment, in_post, bank, agency,
        sum(needed, start=Decimal(0)) if needed else None, joined, left, sum(one.headcount or 0 for one in parts),
    )  # fmt: skip
    return StaffGroup(staffing, sum(one.joiners for one in groups), sum(one.leavers for one in groups))


def _group(
    key: tuple[Code, ...], months: set[str], held: Sequence[Decimal | int], needed: Decimal | None
) -> StaffGroup:
    establishment, in_post, bank, agency = (Decimal(value) for value in held[:4])
    headcount, joiners, leavers = (int(value) for value in held[4:7])
    joined, left = (Decimal(value) for value in held[7:])
    period = months.pop() if len(months) == 1 else ""
    staffing = Staffing(key, period, establishment, in_post, bank, agency, needed, joined, left, headcount)
    return StaffGroup(staffing, joiners, leavers)
