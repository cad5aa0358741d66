"""Many waiting lists, many runs, week by week at once: the list by weeks waited as one array (rule MG8).

The array holds, for each column (a list in a run), how many have waited k weeks or longer. In that form a week is
cheap: ageing moves the window up a row, treating the longest waiters first subtracts one number from the column, and
the counts over 18 or 52 weeks are rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from joinedup.errors import RuleError
from joinedup.planning.waiting.durations import Floats, numbers
from joinedup.planning.waiting.stock_and_flow import ShapeError
from joinedup.planning.waiting.wait_bands import LIMITS


@dataclass(frozen=True)
class CohortRun:
    """Each week's figures: arrays (week, column); `over[limit]` are those waiting longer than so many weeks.

    Every week: list before + referrals = treated + other removals + list after. `unused` is capacity for which nobody
    was waiting. `bands` is the list by weeks waited at the end, (band, column).
    """

    total: Floats
    over: dict[int, Floats]
    treated: Floats
    other_removals: Floats
    unused: Floats
    bands: Floats


def run_cohorts(
    start: ArrayLike,
    referrals: ArrayLike,
    capacity: ArrayLike,
    *,
    other_removals: ArrayLike = 0.0,
    oldest_share: float = 1.0,
    limits: Sequence[int] = LIMITS,
) -> CohortRun:
    """Answer the lists week by week.

    Shape: `start` (band, column) people who have waited so many whole weeks, the top band and longer; `referrals` and
    `capacity` (week, column); `other_removals` the share of each list that leaves untreated each week, a number or
    (column). Each week the list ages, referrals join band 0, others leave, then `oldest_share` of the capacity treats
    the longest waiters and the rest is spread evenly over all who wait, as urgent people come at any wait. Shares leave
    fractions of people. ShapeError; RuleError for limits above the top band.
    """
    first = numbers("MG8", "the list", start, least=0)
    coming, able = numbers("MG8", "referrals", referrals, least=0), numbers("MG8", "capacity", capacity, least=0)
    if first.ndim != 2 or coming.ndim != 2 or coming.shape != able.shape or coming.shape[1] != first.shape[1]:
        raise ShapeError(
            f"MG8: the list is {first.shape}, referrals {coming.shape}, capacity {able.shape}; expected (band, column) "
            "and twice (week, column)."
        )
    leaving = numbers("MG8", "other removals", other_removals, least=0)
    if (leaving > 1).any() or not 0 <= oldest_share <= 1:
        raise RuleError("MG8: other_removals and oldest_share are shares; expected 0 to 1.")
    top = len(first) - 1
    if max(limits, default=0) > top:
        raise RuleError(f"MG8: a count over {max(limits)} weeks of bands up to {top}; give bands up to that limit.")
    return _weeks(first, coming, able, leaving, oldest_share, tuple(limits))


def _weeks(
    first: Floats, coming: Floats, able: Floats, leaving: Floats, oldest_share: float, limits: tuple[int, ...]
) -> CohortRun:
    bands, columns = first.shape
    weeks = len(coming)
    # `longer[at + k]` is how many have waited k weeks or longer. The window moves up a row each week, without a copy.
    longer = np.empty((weeks + bands, columns))
    longer[weeks:] = np.cumsum(first[::-1], axis=0)[::-1]
    total, treated, others, unused = (np.empty((weeks, columns)) for _ in range(4))
    over = {limit: np.empty((weeks, columns)) for limit in limits}
    some_leave = bool(leaving.any())
    for week in range(weeks):
        at = weeks - week - 1
        window = longer[at : at + bands]
        np.add(longer[at + 1], coming[week], out=window[0])
        others[week] = window[0] * leaving
        if some_leave:
            window *= 1 - leaving
        treated[week] = np.minimum(able[week], window[0])
        np.subtract(able[week], treated[week], out=unused[week])
        if oldest_share < 1:
            spread = treated[week] * (1 - oldest_share)
            window *= 1 - np.divide(spread, window[0], out=np.zeros(columns), where=window[0] > 0)
            window -= treated[week] - spread
        else:
            window -= treated[week]
        np.maximum(window, 0.0, out=window)
        total[week] = window[0]
        for limit, row in over.items():
            row[week] = window[limit]
    last = longer[:bands]
    return CohortRun(total, over, treated, others, unused, last - np.vstack([last[1:], np.zeros(columns)]))
