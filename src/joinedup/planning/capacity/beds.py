"""Beds: how many are needed for a number of admissions, and how often all are taken (rule ME12)."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from joinedup.errors import RuleError
from joinedup.planning.waiting.durations import numbers

OCCUPANCY = 0.92  # of general and acute beds; above it patients wait for a bed


@dataclass(frozen=True, slots=True)
class BedGap:
    """Beds required for those occupied, at an occupancy; `gap` is signed: positive is short, negative spare."""

    name: str
    available: float
    occupied: float
    required: int
    no_criteria_to_reside: float | None = None

    @property
    def gap(self) -> float:
        return self.required - self.available

    @property
    def no_criteria_share(self) -> float | None:
        """The share of occupied beds whose patient no longer meets the criteria to reside; shown beside the gap."""
        if self.no_criteria_to_reside is None or not self.occupied:
            return None
        return self.no_criteria_to_reside / self.occupied


def beds_required(admissions_per_day: float, los_days: float, occupancy: float) -> int:
    """Answer the beds for so many admissions a day staying so many days (mean), rounded up last.

    `occupancy` is the share of beds that may be taken on average, above 0 and up to 1.
    """
    return _up(occupied_beds(admissions_per_day, los_days) / _share(occupancy))


def occupied_beds(admissions_per_day: float, los_days: float) -> float:
    """Answer the mean of beds taken: admissions a day times length of stay (Little's law)."""
    return float(
        numbers("ME12", "admissions a day", admissions_per_day, least=0)
        * numbers("ME12", "the length of stay", los_days, least=0)
    )


def beds_for_percentile(mean_occupied: float, percentile: float) -> int:
    """Answer the least beds that suffice on that share of days when occupancy is Poisson about its mean."""
    from scipy.stats import poisson

    if not 0 < percentile < 1:
        raise RuleError(f"ME12: the percentile is {percentile:g}; expected between 0 and 1, such as 0.95.")
    return int(poisson.ppf(percentile, float(numbers("ME12", "occupied beds", mean_occupied, least=0))))


def share_of_days_over(mean_occupied: float, beds: int) -> float:
    """Answer the share of days on which more than these beds are wanted, by the same Poisson."""
    from scipy.stats import poisson

    return float(poisson.sf(beds, float(numbers("ME12", "occupied beds", mean_occupied, least=0))))


def erlang_b(load: float, beds: int) -> float:
    """Answer the share turned away when nobody waits: Erlang's loss formula for an offered load, by recursion."""
    offered = float(numbers("ME12", "the load", load, least=0))
    if beds < 0:
        raise RuleError(f"ME12: {beds} beds; expected 0 or more.")
    lost = 1.0
    for bed in range(1, beds + 1):
        lost = offered * lost / (bed + offered * lost)
    return lost


def bed_gap(
    name: str, available: float, occupied: float, *, occupancy: float = OCCUPANCY, no_criteria: float | None = None
) -> BedGap:
    """Answer the beds that those occupied need, against those available, of one unit: a ward, trust or system."""
    taken = float(numbers("ME12", "occupied beds", occupied, least=0))
    given = float(numbers("ME12", "available beds", available, least=0))
    return BedGap(name, given, taken, _up(taken / _share(occupancy)), no_criteria)


def system_bed_gap(name: str, units: Iterable[BedGap], *, occupancy: float = OCCUPANCY) -> BedGap:
    """Answer the gap of several units together: rounded once, at this level, so not the sum of their gaps."""
    parts = list(units)
    known = [part.no_criteria_to_reside for part in parts if part.no_criteria_to_reside is not None]
    return bed_gap(
        name, sum(part.available for part in parts), sum(part.occupied for part in parts), occupancy=occupancy,
        no_criteria=sum(known) if len(known) == len(parts) and parts else None,
    )  # fmt: skip


def _share(occupancy: float) -> float:
    if not 0 < occupancy <= 1:
        raise RuleError(f"ME12: the occupancy is {occupancy:g}; expected a share above 0 and up to 1, such as 0.92.")
    return occupancy


def _up(beds: float) -> int:
    # 256.0000000001 beds are 256: what division adds is no patient.
    return math.ceil(round(beds, 9))
