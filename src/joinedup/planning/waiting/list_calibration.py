"""What a waiting list's own past says of it: by weeks waited, who comes, who is treated, who leaves, who goes first.

Published lists have counts rounded to 5, joined bands of weeks and hidden cells; the simulation needs a count for each
week waited and rates a week. Whatever is filled in between is an estimate and said to be one. Treatments are not
published by weeks waited, so rule ME5's kappa cannot be taken from them; instead the share of treatments that goes to
the longest waiters is that with which the last year's flows best lead from the list then to the list now.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from joinedup.planning.demand.series import days_in
from joinedup.planning.waiting.cohort_core import run_cohorts
from joinedup.planning.waiting.durations import DAYS_A_WEEK, Floats
from joinedup.planning.waiting.wait_bands import LIMITS, WITHIN

TOP = 104  # weeks; the last band holds all who have waited longer
HIDDEN_AS = 4.0  # the middle of 1 to 7; more where the count is hidden to protect another
YEAR = 12
SHARES = tuple(n / 10 for n in range(11))
UNFITTED = 0.5
LONG_AGO = 0.15  # a share of the list that every week leaves the tail, where nothing tells


@dataclass(frozen=True, slots=True)
class Band:
    """A published band: whole weeks from `first` to `last` (None: and longer), None where its count is hidden."""

    first: int
    last: int | None
    pathways: float | None


@dataclass(frozen=True, slots=True)
class Flow:
    """Clocks that started, or were stopped in one way, a week: the mean over months, and how sure that mean is.

    `hidden` of `months` were counted as `hidden_as`. `uncertainty` is the standard error of the mean as a share of it.
    """

    a_week: float
    months: int
    hidden: int
    uncertainty: float
    hidden_as: float = HIDDEN_AS


@dataclass(frozen=True, slots=True)
class Fit:
    """How well the last year's flows lead from the list then to the list now, at the share that does it best.

    `over18` and `total` are what they lead to, `over18_seen` and `total_seen` what was counted. `is_fitted` False: the
    past does not tell who goes first, and the share is assumed.
    """

    oldest_share: float
    is_fitted: bool
    over18: float = 0.0
    over18_seen: float = 0.0
    total: float = 0.0
    total_seen: float = 0.0


def weekly_bands(total: float, bands: Sequence[Band], *, referrals: float = 0.0) -> tuple[float, ...]:
    """Answer how many have waited each number of whole weeks, 0 to 104, which add up to `total`.

    Even within a band. What the bands shown leave of the total is shared over hidden ones by their weeks. A
    band without an end thins out as the list does up to it; a list without bands as one whose waits are exponential
    (rule ME1).
    """
    found = np.zeros(TOP + 1)
    if not total:
        return tuple(found)
    if not bands:
        hazard = min(max(referrals / total, 1e-3), LONG_AGO) if referrals else LONG_AGO / 3
        return _scaled(_thinning(0, hazard), total)
    ordered = sorted(bands, key=lambda one: one.first)
    left = max(total - sum(one.pathways or 0.0 for one in ordered), 0.0)
    weeks = {one.first: (one.last if one.last is not None else one.first + 12) - one.first + 1 for one in ordered
             if one.pathways is None}  # fmt: skip
    for one in ordered:
        many = one.pathways if one.pathways is not None else left * weeks[one.first] / sum(weeks.values())
        if one.last is not None:
            found[one.first : one.last + 1] += many / (one.last - one.first + 1)
        elif many:
            found += np.array(_scaled(_thinning(one.first, _hazard(found, one.first, many)), many))
    return _scaled(found, total)


def told_limits(bands: Sequence[Band]) -> frozenset[int]:
    """Answer which of 18, 52, 65 and 78 weeks begin a published band with no hidden one above: counted."""
    starts = {one.first for one in bands}
    return frozenset(
        limit
        for limit in LIMITS
        if limit in starts and all(one.pathways is not None for one in bands if one.first >= limit)
    )


def flow_of(
    months: Sequence[date], counts: Sequence[float | None], *, last: int = YEAR, hidden_as: float = HIDDEN_AS
) -> Flow:
    """Answer the mean a week of the last so many months. All nought without months."""
    recent, given = tuple(months[-last:]), list(counts[-last:])
    if not recent:
        return Flow(0.0, 0, 0, 0.0)
    values = np.array([hidden_as if one is None else float(one) for one in given])
    days = days_in(recent)
    mean = float(values.sum() / days.sum() * DAYS_A_WEEK)
    rates = values / days * DAYS_A_WEEK
    spread = float(rates.std(ddof=1)) if len(rates) > 1 else 0.0
    error = spread / math.sqrt(len(rates)) / mean if mean else 0.0
    return Flow(mean, len(recent), sum(one is None for one in given), error, hidden_as)


def hidden_by_balance(counts: Sequence[float | None], whole: float) -> float:
    """Answer what each hidden month must have been on average, so that the months add up to a whole.

    From 0 to twice the mean of the months shown: one hidden month does not explain away every fault of the others.
    """
    shown = [one for one in counts if one is not None]
    hidden = len(counts) - len(shown)
    if not hidden:
        return HIDDEN_AS
    most = 2 * sum(shown) / len(shown) if shown else math.inf
    return min(max(whole - sum(shown), 0.0) / hidden, most)


def weeks_of_months(
    months: Sequence[date], counts: Sequence[float | None], start: date, weeks: int, *, hidden_as: float = HIDDEN_AS
) -> Floats:
    """Answer the count of each week after a day, each at the rate of the month in which it ends."""
    rates = {
        (month.year, month.month): (hidden_as if count is None else float(count)) / days * DAYS_A_WEEK
        for month, count, days in zip(months, counts, days_in(tuple(months)), strict=True)
    }
    ends = [start + timedelta(weeks=week) for week in range(1, weeks + 1)]
    every = [*rates.values()]
    mean = sum(every) / len(every) if every else 0.0
    return np.array([rates.get((end.year, end.month), mean) for end in ends])


def fit_oldest_share(
    before: Sequence[float], now: Sequence[float], referrals: Floats, treated: Floats, other_removals: float
) -> Fit:
    """Answer the share of treatments for the longest waiters with which the flows lead from one list to the other.

    `before` and `now` are lists by weeks waited, `referrals` and `treated` the weeks between. Of 11 shares that one is
    taken which comes nearest to the number now over 18 weeks.
    """
    start = np.asarray(before, dtype=float)[:, None]
    seen, whole = float(np.sum(now[WITHIN:])), float(np.sum(now))
    tried = []
    for share in SHARES:
        run = run_cohorts(
            start, referrals[:, None], treated[:, None], other_removals=other_removals, oldest_share=share,
            limits=(WITHIN,),
        )  # fmt: skip
        tried.append((abs(float(run.over[WITHIN][-1, 0]) - seen), share, run))
    _, share, best = min(tried, key=lambda one: one[:2])
    return Fit(share, True, float(best.over[WITHIN][-1, 0]), seen, float(best.total[-1, 0]), whole)


def _thinning(first: int, hazard: float) -> Floats:
    found = np.zeros(TOP + 1)
    weeks = np.arange(TOP + 1 - first)
    found[first:] = np.exp(-hazard * weeks)
    return found


def _hazard(below: Floats, first: int, above: float) -> float:
    """Answer the share that a week takes off the list up to a band, if its waits are exponential."""
    whole = float(below.sum()) + above
    if not first or above >= whole:
        return LONG_AGO
    return max(-math.log(above / whole) / first, 1e-3)


def _scaled(values: Floats, total: float) -> tuple[float, ...]:
    whole = float(values.sum())
    if not whole:
        return tuple(_thinning(0, LONG_AGO / 3) * 0.0)
    return tuple(float(one) for one in values * (total / whole))
