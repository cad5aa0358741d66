"""Where waiting lists are heading: by weeks waited, with bands of chance, and the day on which they are cleared.

Each list is run many times through the weekly cohorts with referrals and capacity drawn about their means. The target
queue and the relief capacity are those of rule ME1; a list is clear in the first week in which it is at its target.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from numpy.random import Generator

import joinedup
from joinedup.errors import RuleError
from joinedup.planning.plans.fingerprint import inputs_hash
from joinedup.planning.waiting.cohort_core import CohortRun, run_cohorts
from joinedup.planning.waiting.durations import Floats, numbers
from joinedup.planning.waiting.queues import (
    FACTOR,
    RELIEF_WEEKS,
    Relief,
    queue_load,
    queue_too_big,
    relief_capacity,
    target_queue as queue_at_target,
)
from joinedup.planning.waiting.simulated_runs import Summary, stream, summarise
from joinedup.planning.waiting.stock_and_flow import ShapeError
from joinedup.planning.waiting.wait_bands import LIMITS, WITHIN

RUNS = 200


@dataclass(frozen=True)
class WaitingList:
    """One list as it is now, and what is expected of it, a week.

    `key` names it (specialty, provider, …). `bands` are those waiting by whole weeks, at least up to 79 so that 78 can
    be told; `referrals` and `capacity` a mean for every week or one for each week. `cv_…` is the standard deviation of
    a week over its mean; None draws from a Poisson, 0 takes the mean. `demand_uncertainty` is how far the mean of
    referrals itself may be off, as a share (standard deviation), the same for all weeks of a run: take it from the
    forecast. `other_removals` is the share of the list that leaves untreated in a week, `oldest_share` that of the
    capacity which treats the longest waiters first.
    """

    key: tuple[str, ...]
    bands: tuple[float, ...]
    referrals: float | tuple[float, ...]
    capacity: float | tuple[float, ...]
    target_weeks: float = float(WITHIN)
    factor: float = FACTOR
    cv_referrals: float | None = None
    cv_capacity: float | None = None
    demand_uncertainty: float = 0.0
    other_removals: float = 0.0
    oldest_share: float = 1.0

    def __post_init__(self) -> None:
        if len(self.bands) <= max(LIMITS):
            raise ShapeError(
                f"MG8: the list {'/'.join(self.key)} has {len(self.bands)} weekly bands; expected at least "
                f"{max(LIMITS) + 1}, so that those over {max(LIMITS)} weeks can be told. Fill up with zeros."
            )
        numbers("MG8", "demand_uncertainty", self.demand_uncertainty, least=0)
        for cv in (self.cv_referrals, self.cv_capacity):
            numbers("MG8", "a coefficient of variation", 0 if cv is None else cv, least=0)


@dataclass(frozen=True)
class Clearance:
    """When the list is at its target queue: the day in which 10, 50 and 90 of 100 runs are; None: not by then."""

    share_cleared: float
    p10: date | None
    p50: date | None
    p90: date | None


@dataclass(frozen=True)
class ListProjection:
    """One list, week by week. `weeks` are the days on which each ends; every summary holds arrays by week.

    `total`, `treated`, `unused` (capacity without a patient) and `over` (18, 52, 65 and 78 weeks) are people;
    `performance` is the share within 18 weeks. `target_queue`, `load` and `relief` are by the means, without chance.
    """

    key: tuple[str, ...]
    weeks: tuple[date, ...]
    total: Summary
    over: dict[int, Summary]
    performance: Summary
    treated: Summary
    unused: Summary
    target_queue: float
    load: float
    too_big: bool
    relief: Relief
    clearance: Clearance
    seed: int
    runs: int
    inputs_hash: str
    code_version: str


def project_waiting_lists(
    lists: Sequence[WaitingList],
    *,
    as_of: date,
    weeks: int,
    seed: int,
    runs: int = RUNS,
    relief_weeks: float = RELIEF_WEEKS,
    workers: int = 1,
) -> tuple[ListProjection, ...]:
    """Answer a projection for each list, in the order given.

    Chance is drawn from a stream for each list (by its key) and run, so a list's figures depend neither on the other
    lists nor on their order or the number of workers (threads). RuleError for a key that comes twice, or fewer than 1
    week or 2 runs; ShapeError for referrals or capacity of another number of weeks.
    """
    if weeks < 1 or runs < 2 or workers < 1:
        raise RuleError(
            f"ME14: {weeks} weeks, {runs} runs, {workers} workers; expected at least 1 week, 2 runs, 1 worker."
        )
    if len({one.key for one in lists}) != len(lists):
        raise RuleError("ME14: two lists have the same key; expected each list once. Add them up or tell them apart.")

    def project(one: WaitingList) -> ListProjection:
        return _project(one, as_of, weeks, seed, runs, relief_weeks)

    if workers == 1:
        return tuple(map(project, lists))
    with ThreadPoolExecutor(workers) as pool:
        return tuple(pool.map(project, lists))


def list_number(key: tuple[str, ...]) -> int:
    """Answer the number by which a list's streams are made: of its key, so that it is the same in any company."""
    return int.from_bytes(hashlib.sha256("\x1f".join(key).encode()).digest()[:8])


def _project(one: WaitingList, as_of: date, weeks: int, seed: int, runs: int, relief_weeks: float) -> ListProjection:
    coming, able = _by_week(one, "referrals", weeks), _by_week(one, "capacity", weeks)
    referrals, capacity = np.empty((weeks, runs)), np.empty((weeks, runs))
    number = list_number(one.key)
    for run in range(runs):
        draw = stream(seed, (number,), run)
        level = _gamma(draw, np.ones(1), one.demand_uncertainty)[0]
        referrals[:, run] = _drawn(draw, coming * level, one.cv_referrals)
        capacity[:, run] = _drawn(draw, able, one.cv_capacity)
    start = np.repeat(np.asarray(one.bands, dtype=float)[:, None], runs, axis=1)
    found = run_cohorts(
        start, referrals, capacity, other_removals=one.other_removals, oldest_share=one.oldest_share, limits=LIMITS
    )
    target = float(queue_at_target(coming.mean(), one.target_weeks, one.factor))
    now = float(sum(one.bands))
    ends = tuple(as_of + timedelta(weeks=week) for week in range(1, weeks + 1))

    def said(figures: Floats) -> Summary:
        return summarise(figures.T, seed=seed, key=(number,))

    within = np.divide(
        found.total - found.over[WITHIN], found.total, out=np.ones_like(found.total), where=found.total > 0
    )
    return ListProjection(
        one.key, ends, said(found.total), {limit: said(found.over[limit]) for limit in LIMITS}, said(within),
        said(found.treated), said(found.unused), target,
        float(queue_load(coming.mean(), able.mean())) if able.mean() > 0 else np.inf,
        bool(queue_too_big(now, target)), relief_capacity(coming.mean(), now, target, relief_weeks),
        _clearance(found, target, now, as_of, ends), seed, runs,
        inputs_hash(one, as_of, weeks, seed, runs, relief_weeks), joinedup.__version__,
    )  # fmt: skip


def _clearance(found: CohortRun, target: float, now: float, as_of: date, ends: tuple[date, ...]) -> Clearance:
    if now <= target:
        return Clearance(1.0, as_of, as_of, as_of)
    there = found.total <= target
    cleared = there.any(axis=0)
    first = np.sort(np.where(cleared, there.argmax(axis=0), len(ends)))

    def when(share: float) -> date | None:
        week = int(first[int(np.ceil(round(share * len(first), 9))) - 1])
        return ends[week] if week < len(ends) else None

    return Clearance(float(cleared.mean()), when(0.1), when(0.5), when(0.9))


def _by_week(one: WaitingList, name: str, weeks: int) -> Floats:
    given = numbers("MG8", name, getattr(one, name), least=0)
    if given.ndim and given.shape != (weeks,):
        raise ShapeError(
            f"MG8: {name} of {'/'.join(one.key)} are {given.shape[0]} weeks; expected one number, or {weeks} of them."
        )
    return np.broadcast_to(given, (weeks,))


def _drawn(draw: Generator, mean: Floats, cv: float | None) -> Floats:
    """Answer whole people a week about a mean: Poisson, or a gamma of that coefficient of variation, rounded."""
    if cv is None:
        return draw.poisson(mean).astype(float)
    return mean if cv == 0 else np.rint(_gamma(draw, mean, cv))


def _gamma(draw: Generator, mean: Floats, cv: float) -> Floats:
    return mean if cv == 0 else draw.gamma(1 / cv**2, mean * cv**2)
