"""The lines of XmR charts and where their points signal: all segments of all series at once.

A segment is a series between two rebases; its points stand one after another. The mean and the moving ranges of its
baseline (all points, or the first so many) make the lines: mean ± 2.66 mean moving ranges.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from joinedup.measures.statistics.frames import Floats, Whole
from joinedup.measures.statistics.signals import (
    Signs,
    seventh_of_a_trend,
    seventh_on_one_side,
    two_of_three,
    with_the_six_before,
)

TO_LIMITS, SCREENED = 2.66, 3.267  # times the mean moving range; Shewhart's constants for ranges of two
SIGNALS = ("", "outside limits", "trend", "two of three", "run")  # the first that holds labels the point
ROUNDING = 1e-12


@dataclass(frozen=True)
class ControlLimits:
    """Lines for the points `y`, of which `segment` (0 to count - 1, in order) says whose each is."""

    y: Floats
    segment: Whole
    count: int
    fix_after: int | None
    screen: bool

    @cached_property
    def size(self) -> Whole:
        """Answer how many points each segment has."""
        return np.bincount(self.segment, minlength=self.count)

    @cached_property
    def mean(self) -> Floats:
        """Answer the mean of each segment's baseline; NaN without points."""
        inside = self._is_baseline
        return _mean(self.y[inside], self.segment[inside], self.count)

    @cached_property
    def moving_range(self) -> Floats:
        """Answer how far each point is from the one before it; NaN for the first of a segment."""
        return np.abs(self._change)

    @cached_property
    def moving_range_mean(self) -> Floats:
        """Answer the mean moving range of each baseline, without those screened out; NaN below two points."""
        inside = self._is_baseline & ~np.isnan(self._change)
        ranges, segment = self.moving_range[inside], self.segment[inside]
        mean = _mean(ranges, segment, self.count)
        if not self.screen:
            return mean
        kept = (ranges < SCREENED * mean[segment]) | (mean[segment] == 0)
        return _mean(ranges[kept], segment[kept], self.count)

    def lines(self) -> dict[str, Floats]:
        """Answer the lines of each segment by the names of their columns."""
        limit = TO_LIMITS * self.moving_range_mean
        return {
            "mean": self.mean,
            "lower": self.mean - limit,
            "upper": self.mean + limit,
            "lower_two_sigma": self.mean - limit * 2 / 3,
            "upper_two_sigma": self.mean + limit * 2 / 3,
        }

    @cached_property
    def signals(self) -> tuple[Whole, Signs]:
        """Answer the number of each point's signal in SIGNALS, and 1 where it is high or rising, -1 for low or falling.

        A segment without variation has no signals.
        """
        limit = (TO_LIMITS * self.moving_range_mean)[self.segment]
        from_mean = self.y - self.mean[self.segment]
        # A mean of decimals is seldom exact: a point is on a line when only rounding lies between.
        slack = ROUNDING * np.maximum(np.abs(self.y), np.abs(self.mean[self.segment]))
        side = _sign(from_mean, slack)
        is_outside = np.abs(from_mean) > limit + slack
        is_near = (np.abs(from_mean) > limit * 2 / 3 + slack) & ~is_outside
        step = _sign(np.nan_to_num(self._change), np.zeros_like(slack))
        near = np.where(is_near, two_of_three(is_near, side, self.segment), 0)
        found = [
            np.where(is_outside, side, 0),
            with_the_six_before(seventh_of_a_trend(step, self.segment)),
            near,
            with_the_six_before(seventh_on_one_side(side, self.segment)),
        ]
        signal = np.zeros(len(self.y), dtype=np.intp)
        sign = np.zeros(len(self.y), dtype=np.int8)
        is_varied = (self.moving_range_mean > 0)[self.segment]
        for number, one in enumerate(found, start=1):
            first = (signal == 0) & (one != 0) & is_varied
            signal[first], sign[first] = number, one[first]
        return signal, sign

    @cached_property
    def _change(self) -> Floats:
        change = np.full(len(self.y), np.nan)
        change[1:] = np.where(self.segment[1:] == self.segment[:-1], np.diff(self.y), np.nan)
        return change

    @cached_property
    def _is_baseline(self) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        if self.fix_after is None:
            return np.ones(len(self.y), dtype=np.bool_)
        place = np.arange(len(self.y)) - (np.cumsum(self.size) - self.size)[self.segment]
        return place < self.fix_after


def _mean(values: Floats, segment: Whole, count: int) -> Floats:
    many = np.bincount(segment, minlength=count)
    sums = np.bincount(segment, weights=values, minlength=count)
    means: Floats = np.divide(sums, many, out=np.full(count, np.nan), where=many > 0)
    return means


def _sign(values: Floats, slack: Floats) -> Signs:
    return ((values > slack).astype(np.int8) - (values < -slack).astype(np.int8)).astype(np.int8)
