"""How long a queue is for its target wait, and what capacity brings it there (rules ME1 and ME2).

Demand and capacity are per week, waits in weeks (`Days` are turned into weeks), for one list or arrays of lists. The
formulas are those of Fong, Mushtaq, House et al. (medRxiv 2022.08.23.22279117), as the MIT-licensed package
NHSRwaitinglist has them. Target capacity is that package's form, demand + ((cvD² + cvC²)/2)·F/T; the paper also shows
an older one, demand + 2(1 + 4F)/T, which is not used here.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from numpy.typing import ArrayLike

from joinedup.errors import RuleError
from joinedup.planning.waiting.durations import Days, Floats, Wait, numbers, plain, weeks_of

FACTOR = 4.0
RELIEF_WEEKS = 26.0
TOO_BIG = 2.0  # a queue of more than twice its target needs relief before anything else
RTT_WEEKS = 18.0


class RemovalBeforeReferral(RuleError):
    """Someone would have left the list before joining it; the days or their order are wrong."""


@dataclass(frozen=True, slots=True)
class Relief:
    """The weekly capacity that brings a queue to its target; `relief_needed` is False where it is under it already."""

    capacity: float | Floats
    relief_needed: bool | np.ndarray

    def __float__(self) -> float:
        return float(self.capacity)


def queue_load(demand: ArrayLike, capacity: ArrayLike) -> float | Floats:
    """Answer demand over capacity, both per week; at 1 or more the queue grows without end."""
    return plain(numbers("ME1", "demand", demand, least=0) / numbers("ME1", "capacity", capacity, above=0))


def target_mean_wait(target_weeks: Wait, factor: ArrayLike = FACTOR) -> float | Floats:
    """Answer the mean wait, in weeks, at which all but exp(-factor) of those waiting are within the target."""
    return plain(_target(target_weeks) / _factor(factor))


def target_queue(demand: ArrayLike, target_weeks: Wait, factor: ArrayLike = FACTOR) -> float | Floats:
    """Answer how many may wait when the mean wait is the target's (Little's law: demand · target / factor)."""
    return plain(numbers("ME1", "demand", demand, least=0) * _target(target_weeks) / _factor(factor))


def queue_too_big(queue: ArrayLike, target: ArrayLike) -> bool | np.ndarray:
    """Answer whether a queue is more than twice its target, so that it needs relief capacity first."""
    found = numbers("ME1", "queue", queue, least=0) > TOO_BIG * numbers("ME1", "target queue", target, least=0)
    return bool(found) if found.ndim == 0 else found


def relief_capacity(demand: ArrayLike, queue: ArrayLike, target_queue: ArrayLike, weeks: Wait = RELIEF_WEEKS) -> Relief:
    """Answer the weekly capacity that brings a queue to its target in so many weeks: demand + (queue - target)/weeks.

    A queue under its target gives a capacity below demand, returned with `relief_needed=False`. ValueError for weeks
    not above 0.
    """
    wanted = numbers("ME1", "demand", demand, least=0)
    weeks_given = numbers("ME1", "weeks", weeks_of(weeks), above=0)
    excess = numbers("ME1", "queue", queue, least=0) - numbers("ME1", "target queue", target_queue, least=0)
    needed = excess > 0
    return Relief(plain(wanted + excess / weeks_given), bool(needed) if needed.ndim == 0 else needed)


def target_capacity(
    demand: ArrayLike,
    target_weeks: Wait,
    factor: ArrayLike = FACTOR,
    cv_demand: ArrayLike = 1.0,
    cv_capacity: ArrayLike = 1.0,
) -> float | Floats:
    """Answer the weekly capacity that keeps a queue, which isn't too big, at its target wait.

    `cv_…` are standard deviation over mean of the weekly demand and capacity; 1 each is the cautious choice.
    """
    spread = (
        numbers("ME1", "cv_demand", cv_demand, least=0) ** 2 + numbers("ME1", "cv_capacity", cv_capacity, least=0) ** 2
    ) / 2
    return plain(numbers("ME1", "demand", demand, least=0) + spread * _factor(factor) / _target(target_weeks))


def pressure(mean_wait_weeks: Wait, target_weeks: Wait) -> float | Floats:
    """Answer twice the mean wait over the target; above 1 the target is missed for too many."""
    return plain(2 * numbers("ME1", "mean wait", weeks_of(mean_wait_weeks), least=0) / _target(target_weeks))


def share_over_target(factor: ArrayLike) -> float | Floats:
    """Answer the share who wait longer than the target when waits are exponential: exp(-factor)."""
    return plain(np.exp(-_factor(factor)))


def factor_for_share(share_over: float) -> float:
    """Answer the factor at which that share waits longer than the target: -ln(share)."""
    if not 0 < share_over < 1:
        raise RuleError(f"ME1: the share over target is {share_over:g}; expected between 0 and 1, both excluded.")
    return -math.log(share_over)


def rtt_list_size(referrals_per_week: float, performance: float) -> float:
    """Answer the list at which that share of those waiting is within 18 weeks, if waits are exponential."""
    _share(performance)
    return float(numbers("ME1", "referrals", referrals_per_week, above=0)) * RTT_WEEKS / -math.log(1 - performance)


def rtt_performance(list_size: float, referrals_per_week: float) -> float:
    """Answer the share within 18 weeks that a list of this size has: the inverse of `rtt_list_size`."""
    waiting = float(numbers("ME1", "list", list_size, above=0))
    return -math.expm1(-float(numbers("ME1", "referrals", referrals_per_week, above=0)) * RTT_WEEKS / waiting)


def queue_by_day(
    referred: Sequence[date], removed: Sequence[date | None], start: date, end: date
) -> list[tuple[date, int]]:
    """Answer, for each day from `start` to `end`, both included, how many were waiting at its close.

    The two sequences are parallel, a pair for each person; None is still waiting. Someone removed on a day no longer
    waits at its close. RemovalBeforeReferral when a removal is earlier than its referral.
    """
    _check_pairs(referred, removed)
    if end < start:
        raise RuleError(f"ME2: the days end on {end}, before they start on {start}. Swap them.")
    joined, left = sorted(referred), sorted(day for day in removed if day is not None)
    days = (start + timedelta(days=step) for step in range((end - start).days + 1))
    return [(day, bisect_right(joined, day) - bisect_right(left, day)) for day in days]


def mean_wait_on(referred: Sequence[date], removed: Sequence[date | None], on: date) -> Days:
    """Answer the mean wait so far, in days, of those who are still waiting at the close of a day; 0 when nobody is."""
    _check_pairs(referred, removed)
    waits = [
        (on - joined).days
        for joined, left in zip(referred, removed, strict=True)
        if joined <= on and (left is None or left > on)
    ]
    return Days(sum(waits) / len(waits) if waits else 0.0)


def _check_pairs(referred: Sequence[date], removed: Sequence[date | None]) -> None:
    if len(referred) != len(removed):
        raise RuleError(
            f"ME2: {len(referred)} referrals and {len(removed)} removals; expected a pair for each person, with None "
            "for a removal that has not happened."
        )
    for row, (joined, left) in enumerate(zip(referred, removed, strict=True), start=1):
        if left is not None and left < joined:
            raise RemovalBeforeReferral(
                f"ME2: pair {row} is removed on {left}, before its referral on {joined}; correct one of the days."
            )


def _target(target_weeks: Wait) -> Floats:
    return numbers("ME1", "target wait", weeks_of(target_weeks), above=0)


def _factor(factor: ArrayLike) -> Floats:
    return numbers("ME1", "factor", factor, above=0)


def _share(performance: float) -> None:
    if not 0 < performance < 1:
        raise RuleError(f"ME1: performance is {performance:g}; expected a share between 0 and 1, both excluded.")
