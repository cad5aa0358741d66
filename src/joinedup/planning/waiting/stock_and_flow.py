"""The waiting list as bands through which people age, are treated, or leave otherwise (rules ME4, ME5, ME6 and ME8).

Bands 0..B are one period (week or month) each; the top band keeps those who wait longer. In each period the list ages
by a band and takes in the referrals (`inflow`), a share rho of each band leaves without treatment, and the capacity is
shared over the bands by kappa times inflow. Written from the published equations of the stock-and-flow model of NHS
England's RTT planning; no code of any package is used.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from joinedup.errors import RuleError
from joinedup.planning.waiting.durations import Floats, numbers
from joinedup.planning.waiting.wait_bands import wait_percentile

SURPLUS = ("cap", "refuse")
CLOSE = 1e-6  # of the list: what floating-point sums may differ by
STEPS = 200  # capacities that are tried before the least one is narrowed down


class ShapeError(RuleError):
    """Tables that belong together have different periods or bands."""


class BalanceError(RuleError):
    """People would appear from nowhere or vanish: what came in isn't what was treated, left and still waits."""


class Infeasible(RuleError):
    """No capacity reaches what is wanted; `best` is the nearest that any reaches."""

    def __init__(self, message: str, best: float) -> None:
        super().__init__(message)
        self.best = best


class FlowWarning(UserWarning):
    """The figures are usable but odd: a list that grew without referrals."""


@dataclass(frozen=True, slots=True)
class FlowParams:
    """For each band the share that leaves untreated (rho) and how readily it is treated (kappa, relative)."""

    rho: Floats
    kappa: Floats

    def __post_init__(self) -> None:
        if self.rho.ndim != 1 or self.rho.shape != self.kappa.shape:
            raise ShapeError(f"ME4: rho is {self.rho.shape}, kappa {self.kappa.shape}; expected one of each a band.")
        numbers("ME4", "rho", 1 - self.rho, least=0)
        numbers("ME4", "kappa", self.kappa, least=0)


@dataclass(frozen=True, slots=True)
class FlowResult:
    """What a projection finds: arrays (period, band); `unused` (period) is capacity for which nobody was left."""

    waiting: Floats
    treated: Floats
    other_removals: Floats
    unused: Floats

    @property
    def total(self) -> Floats:
        """The whole list at the end of each period."""
        return np.asarray(self.waiting.sum(axis=1))


def flow_params(rho: ArrayLike, kappa: ArrayLike) -> FlowParams:
    """Answer parameters from plain numbers, one a band."""
    return FlowParams(np.asarray(rho, dtype=float), np.asarray(kappa, dtype=float))


def age(waiting: Floats, referrals: float) -> Floats:
    """Answer the list a period later, before anyone leaves: each band up by one, the top keeps its own as well."""
    inflow = np.empty_like(waiting)
    inflow[0] = referrals
    inflow[1:] = waiting[:-1]
    inflow[-1] += waiting[-1]
    return inflow


def calibrate_flow(
    inflow: ArrayLike, treated: ArrayLike, waiting: ArrayLike, *, allow_negative: bool = False
) -> FlowParams:
    """Answer the parameters that history shows: rho and kappa of each period, then their mean over periods (ME5).

    Shape: arrays (period, band). A period and band without inflow counts as 0. Where the mean rho is negative (the list
    grew without referrals: a count is wrong somewhere) it warns, and sets it to 0 unless `allow_negative`. ShapeError.
    """
    came, went, left = (np.atleast_2d(numbers("ME5", name, given, least=0)) for name, given in
                        (("inflow", inflow), ("treated", treated), ("waiting", waiting)))  # fmt: skip
    if not came.shape == went.shape == left.shape:
        raise ShapeError(
            f"ME5: inflow is {came.shape}, treated {went.shape}, waiting {left.shape}; expected equal (period, band)."
        )
    there = came > 0
    rho = np.divide(came - went - left, came, out=np.zeros_like(came), where=there).mean(axis=0)
    kappa = np.divide(went, came, out=np.zeros_like(came), where=there).mean(axis=0)
    if (rho < 0).any():
        bands = ", ".join(map(str, np.flatnonzero(rho < 0)))
        done = "They are kept." if allow_negative else "They count as 0."
        warnings.warn(f"ME5: the list grew without referrals in band {bands}: rho is negative. {done}", FlowWarning, 2)
        rho = rho if allow_negative else np.maximum(rho, 0.0)
    return FlowParams(rho, kappa)


def project_flow(
    params: FlowParams,
    waiting0: ArrayLike,
    referrals: ArrayLike,
    capacity: ArrayLike,
    *,
    on_surplus: str = "cap",
) -> FlowResult:
    """Answer the list period by period from the list now, the referrals and the capacity of each period (ME4).

    `on_surplus="cap"`: a band is never treated below nobody; what it cannot use goes to the other bands by the same
    weights, and what none can use is `unused`. "refuse" raises BalanceError instead. BalanceError too when a period
    doesn't balance; ShapeError for other shapes than (band) and (period).
    """
    if on_surplus not in SURPLUS:
        raise RuleError(f"ME4: on_surplus is '{on_surplus}'; expected one of {', '.join(SURPLUS)}.")
    start = numbers("ME4", "the list", waiting0, least=0)
    coming, able = np.broadcast_arrays(
        np.atleast_1d(numbers("ME4", "referrals", referrals, least=0)),
        np.atleast_1d(numbers("ME4", "capacity", capacity, least=0)),
    )
    if start.shape != params.rho.shape or coming.ndim != 1:
        raise ShapeError(
            f"ME4: the list is {start.shape} for parameters of {params.rho.shape}, referrals are {coming.shape}; "
            "expected a number for each band, and one for each period."
        )
    periods = len(coming)
    waiting, treated, others = (np.empty((periods, len(start))) for _ in range(3))
    unused = np.empty(periods)
    now = start
    for period in range(periods):
        inflow = age(now, float(coming[period]))
        others[period] = params.rho * inflow
        treated[period] = _shared(params, inflow, float(able[period]), on_surplus, period)
        unused[period] = able[period] - treated[period].sum()
        waiting[period] = np.maximum(inflow - others[period] - treated[period], 0.0)
        _check_balance(period, now.sum() + coming[period], treated[period], others[period], waiting[period])
        now = waiting[period]
    return FlowResult(waiting, treated, others, np.maximum(unused, 0.0))


def _shared(params: FlowParams, inflow: Floats, capacity: float, on_surplus: str, period: int) -> Floats:
    """Answer who is treated in each band: the share min(level * kappa, what is left), at the level that uses it all.

    Handing a band's surplus on by the same weights, again and again, ends at this level. Because it only rises with
    capacity and falls with the list, more capacity never leaves any band longer, now or later.
    """
    left = 1 - params.rho
    weight = params.kappa * inflow
    able = weight > 0
    if not able.any():
        return np.zeros_like(inflow)
    level = capacity / weight.sum()
    if (level * params.kappa[able] <= left[able]).all():
        return np.asarray(level * weight)
    if on_surplus == "refuse":
        raise BalanceError(
            f"ME4: in period {period + 1} the capacity of {capacity:g} is more than some band has left; lower it, or "
            "ask with on_surplus='cap'."
        )
    # Bands fill up in the order of the level at which they are empty; between two of them the level is a division.
    full_at = left[able] / params.kappa[able]
    order = np.argsort(full_at, kind="stable")
    weights, room = weight[able][order], (left * inflow)[able][order]
    emptied = np.concatenate(([0.0], np.cumsum(room)))[:-1]
    open_weight = np.cumsum(weights[::-1])[::-1]
    used_when_full = emptied + full_at[order] * open_weight
    first_open = int(np.searchsorted(used_when_full, capacity))
    if first_open == len(weights):
        return np.where(able, left * inflow, 0.0)
    level = (capacity - emptied[first_open]) / open_weight[first_open]
    return np.asarray(np.minimum(level * weight, left * inflow))


def _check_balance(period: int, came: float, treated: Floats, others: Floats, waiting: Floats) -> None:
    """Referrals and the old list are the treated, the other removals and the new list; otherwise BalanceError."""
    accounted = float(treated.sum() + others.sum() + waiting.sum())
    if abs(float(came) - accounted) > CLOSE * max(1.0, abs(float(came))):
        raise BalanceError(
            f"ME4: period {period + 1} does not balance: {float(came):g} came in or waited, {accounted:g} are "
            "accounted for. The projection itself is at fault; report it with these figures."
        )


def steady_state(referrals: float, r: ArrayLike, service: ArrayLike) -> tuple[Floats, Floats]:
    """Answer the list and the served of each band when every period is like the last (ME6).

    `r` is the share of each band that leaves untreated, `service` the treatments that each band gets.
    """
    leaving, able = numbers("ME6", "r", r, least=0), numbers("ME6", "service", service, least=0)
    if leaving.shape != able.shape or leaving.ndim != 1:
        raise ShapeError(f"ME6: r is {leaving.shape}, service {able.shape}; expected one of each a band.")
    numbers("ME6", "1 - r", 1 - leaving, least=0)
    waiting, served = np.empty_like(leaving), np.empty_like(leaving)
    before = float(numbers("ME6", "referrals", referrals, least=0))
    for band in range(len(leaving)):
        remaining = before * (1 - leaving[band])
        served[band] = min(able[band], remaining)
        waiting[band] = before = remaining - served[band]
    return waiting, served


def treat_oldest(bands: ArrayLike, capacity: ArrayLike) -> Floats:
    """Answer the list after treating from the top band down (ME8).

    Shape: (band) with one capacity, or (band, list) with a capacity for each list.
    """
    waiting = numbers("ME8", "a band", bands, least=0)
    able = numbers("ME8", "capacity", capacity, least=0)
    from_top = np.cumsum(waiting[::-1], axis=0)[::-1]
    return np.asarray(np.minimum(waiting, np.maximum(from_top - able, 0.0)))


def capacity_for_target(
    params: FlowParams,
    waiting0: ArrayLike,
    referrals: ArrayLike,
    *,
    percentile: float,
    target_band: float,
    by_period: int,
) -> float:
    """Answer the least capacity, the same in every period, that brings the percentile of the wait to the target.

    Least of a fine grid up to the whole list, then narrowed down.
    `target_band` in bands (18 weeks of weekly bands is 18.0); the list is judged at the end of period `by_period`,
    counted from 1. Infeasible, with the nearest percentile in `best`, when no capacity does.
    """
    coming = np.atleast_1d(numbers("ME7", "referrals", referrals, least=0))
    if coming.size == 1:
        coming = np.repeat(coming, max(by_period, 1))
    if not 1 <= by_period <= len(coming):
        raise ShapeError(f"ME7: period {by_period} of {len(coming)}; expected one of the periods that have referrals.")
    coming = coming[:by_period]

    def reached(capacity: float) -> float:
        last = project_flow(params, waiting0, coming, capacity).waiting[-1]
        return wait_percentile(list(last), percentile) if last.sum() > CLOSE else 0.0

    most = float(np.sum(waiting0) + coming.sum())
    # More capacity may lengthen the wait of those left, where kappa prefers recent bands, so all of the range is looked
    # at before the first capacity that does it is narrowed down by halving.
    tried = np.linspace(0.0, most, STEPS + 1)
    found = [reached(float(capacity)) for capacity in tried]
    good = np.flatnonzero(np.array(found) <= target_band)
    if not good.size:
        raise Infeasible(
            f"ME7: no capacity brings the {percentile:.0%} wait under {target_band:g} bands by period {by_period}; the "
            f"nearest is {min(found):.2f}. Bands with kappa 0 are never treated; give them a share or a later period.",
            min(found),
        )
    first = int(good[0])
    low, high = float(tried[max(first - 1, 0)]), float(tried[first])
    while high - low > CLOSE * max(most, 1.0) * CLOSE:
        middle = (low + high) / 2
        if middle in (low, high):
            break
        low, high = (low, middle) if reached(middle) <= target_band else (middle, high)
    return high
