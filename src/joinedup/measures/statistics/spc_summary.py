"""What an XmR chart says in a line: its last limits, icons of variation and assurance, and what to mind."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from joinedup.measures.statistics.control_limits import SIGNALS, ControlLimits
from joinedup.measures.statistics.frames import Flags, Whole, said

KINDS = ("", "count", "percentage")
PROVISIONAL, FEWEST_BESIDE_REBASE, RECENT, SMALL_COUNTS = 13, 12, 12, 5


@dataclass(frozen=True)
class Series:
    """Charts of several series, their rows by series and day; `key` numbers the segments of all, `there` has a value.

    `unbased` is the chart as it would be without any rebase; `is_idle` whether a rebase lies outside the series.
    """

    names: pd.DataFrame
    codes: Whole
    days: npt.NDArray[np.datetime64]
    key: Whole
    there: Flags
    chart: ControlLimits
    unbased: ControlLimits
    is_idle: Flags

    @property
    def count(self) -> int:
        """Answer how many series there are."""
        return len(self.names)

    def last(self) -> Whole:
        """Answer the row of each series' last point, or its last row when it has no point."""
        last = np.zeros(self.count, dtype=np.intp)
        last[self.codes] = np.arange(len(self.codes))
        rows = np.flatnonzero(self.there)
        last[self.codes[rows]] = rows
        return last

    def any_segment(self, flags: Flags) -> Flags:
        """Answer which series have a segment that is flagged."""
        found: Flags = np.bincount(self.series_of_segment()[flags], minlength=self.count) > 0
        return found

    def series_of_segment(self) -> Whole:
        """Answer the series of each segment."""
        found = np.zeros(self.chart.count, dtype=np.intp)
        found[self.key] = self.codes
        return found


def summarise(series: Series, points: pd.DataFrame, date: str, value: str, improvement: str, kind: str) -> pd.DataFrame:
    """Answer a row for each series; see `xmr` for its columns."""
    last = series.last()
    key = series.key[last]
    at_last = points.iloc[last].reset_index(drop=True)
    many = np.bincount(series.codes[series.there], minlength=series.count)
    size = series.chart.size[key]
    variation = series.chart.moving_range_mean[key]
    summary = series.names.assign(points=many, last_date=at_last[date], last_value=at_last[value])
    for name in ("mean", "lower", "upper"):
        summary[name] = at_last[name]
    summary["moving_range_mean"] = variation
    summary["variation"], summary["direction"] = at_last["type"], at_last["direction"]
    summary["signal"], summary["recent_signals"] = at_last["signal"], _recent(series, key)
    summary["target"] = at_last["target"]
    summary["assurance"] = _assurance(at_last, improvement)
    summary["is_provisional"] = (many > 0) & (size < PROVISIONAL)
    gaps = _dates_without_data(series)
    has = many > 0
    summary["notes"] = said(
        (~has, "no values"),
        (has & (size == 1), "one point has no limits"),
        ((size > 1) & (size < PROVISIONAL), f"limits are provisional: fewer than {PROVISIONAL} points"),
        ((size > 1) & (variation == 0), "no variation"),
        *[(gaps == one, f"{one} date{'s' * int(one > 1)} without data") for one in np.unique(gaps[gaps > 0])],
        (_has_thin_side(series), f"a side of a rebase has fewer than {FEWEST_BESIDE_REBASE} points"),
        (_has_unsupported_rebase(series), "no signal supports a rebase"),
        (series.is_idle, "a rebase outside the points changes nothing"),
        ((at_last["mean"] < SMALL_COUNTS).to_numpy() & (kind == "count"), "small counts: the chart is unreliable"),
        (has & (kind == "percentage"), "the mean of the points is not the percentage of the whole time"),
    )
    return summary


def _assurance(at_last: pd.DataFrame, improvement: str) -> Any:
    """Answer whether the target lies beyond the limits of the last segment; one that equals a limit does not."""
    lower, upper, target = (at_last[name].to_numpy(np.float64) for name in ("lower", "upper", "target"))
    if improvement == "neutral":
        return np.full(len(target), "", dtype=object)
    above, below = ("fail", "pass") if improvement == "increase" else ("pass", "fail")
    found = np.select([np.isnan(target) | np.isnan(lower), target > upper, target < lower], ["", above, below],
                      "hit or miss")  # fmt: skip
    return found.astype(object)


def _recent(series: Series, key: Whole) -> Any:
    """Answer the signals among the last 12 points of each series' last segment."""
    codes, signal = series.codes[series.there], series.chart.signals[0]
    after = np.cumsum(np.bincount(codes, minlength=series.count))[codes] - 1 - np.arange(len(codes))
    is_recent = (after < RECENT) & (series.key[series.there] == key[codes])
    return said(
        *[
            (np.bincount(codes[is_recent & (signal == number)], minlength=series.count) > 0, name)
            for number, name in enumerate(SIGNALS)
            if number
        ],
        between=", ",
    )


def _dates_without_data(series: Series) -> Whole:
    """Answer how many dates lack between each series' first and last point, at the step that is its shortest."""
    codes, days = series.codes[series.there], series.days[series.there]
    is_next = codes[1:] == codes[:-1]
    whose = codes[1:][is_next]
    steps = np.diff(days).astype(np.int64)[is_next]
    shortest = np.full(series.count, np.iinfo(np.int64).max)
    np.minimum.at(shortest, whose, steps)
    months = np.diff(days.astype("datetime64[M]").astype(np.int64))[is_next]
    is_monthly = (shortest[whose] >= 28) & (shortest[whose] <= 31)
    passed = np.where(is_monthly, np.maximum(months, 1), np.rint(steps / shortest[whose]).astype(np.int64))
    lacking = np.bincount(whose, weights=passed - 1, minlength=series.count)
    return lacking.astype(np.intp)


def _has_thin_side(series: Series) -> Flags:
    sides = np.bincount(series.series_of_segment(), minlength=series.count)
    return series.any_segment(series.chart.size < FEWEST_BESIDE_REBASE) & (sides > 1)


def _has_unsupported_rebase(series: Series) -> Flags:
    """Answer which series have a rebase on neither side of which the chart without any rebase has a signal."""
    signal = series.unbased.signals[0]
    has = np.bincount(series.key[series.there][signal > 0], minlength=series.chart.count) > 0
    whose = series.series_of_segment()
    is_unsupported = np.zeros(series.chart.count, dtype=np.bool_)
    is_unsupported[1:] = (whose[1:] == whose[:-1]) & ~has[1:] & ~has[:-1]
    return series.any_segment(is_unsupported)
