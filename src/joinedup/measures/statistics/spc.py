"""Whether a series does what it always did: XmR charts, for all series of a table at once.

Method: Making Data Count, as in NHSRplotthedots 0.2 (MIT licence): limits from the mean of the moving ranges, four
signals of special cause, icons for variation and assurance. Limits are shown as they are computed, also above 100% and
below 0: cut the axis, not the limit. A rebase is entered by a named person with the reason, never made here.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from joinedup.measures.statistics.control_limits import SIGNALS, ControlLimits
from joinedup.measures.statistics.frames import (
    Groups,
    StatError,
    Whole,
    column,
    group,
    names_of,
    numbers,
    one_of,
    refuse,
    refuse_repeats,
)
from joinedup.measures.statistics.spc_summary import KINDS, Series, summarise

Days = npt.NDArray[np.datetime64]

# By direction (none, high, low): what a signal means.
TYPES = {
    "increase": ("common cause", "improvement", "concern"),
    "decrease": ("common cause", "concern", "improvement"),
    "neutral": ("common cause", "neutral", "neutral"),
}
FEWEST_FIXED = 12


class Xmr(NamedTuple):
    """An XmR chart of each series: `points`, one row a point, and `summary`, one row a series."""

    points: pd.DataFrame
    summary: pd.DataFrame


def xmr(
    df: pd.DataFrame,
    value: str,
    date: str,
    *,
    by: Sequence[str] = (),
    improvement: str = "neutral",
    target: float | str | None = None,
    rebase: Sequence[datetime.date | str] | pd.DataFrame = (),
    fix_after: int | None = None,
    screen: bool = True,
    kind: str = "",
) -> Xmr:
    """Answer the XmR chart of each series.

    Shape: one row for each combination of `by` and date. A row without a value, like a date that has no row, is left
    out of everything: its neighbours are adjacent, and the notes tell the gap. `improvement` is the direction that is
    good. `target` is a number or a column, of which the last point's counts. `rebase` are the first days of new limits,
    for all series, or a table of `by` and `date`. `fix_after` (12 or more) takes limits from the first so many points
    of each segment. `screen` leaves out moving ranges of 3.267 times their mean or more, once. `kind` is "count" or
    "percentage", for a note of what to mind.

    `points`, by series and date with the index of `df`: `segment` (0 before the first rebase), `mean, lower, upper,
    lower_two_sigma, upper_two_sigma, moving_range`, `signal` (outside limits, trend, two of three, run, or ""),
    `direction` (high, low or ""), `type` (common cause, improvement, concern, neutral; "" without a value), `target`.

    `summary`: `points, last_date, last_value, mean, lower, upper, moving_range_mean` of the last segment, `variation`
    (the type of the last point) with `direction` and `signal`, `recent_signals` (of its segment's last 12 points),
    `target`, `assurance` (pass, fail, hit or miss, or "" without a target or direction), `is_provisional`, `notes`.

    StatError: text for a number or a date, a series or date missing, two rows for one date, fix_after below 12.
    """
    one_of("improvement", improvement, tuple(TYPES))
    one_of("kind", kind, KINDS)
    if fix_after is not None and (isinstance(fix_after, bool) or fix_after < FEWEST_FIXED):
        raise StatError("option", [], f"fix_after is {FEWEST_FIXED} points or more, not {fix_after}.")
    groups = group(df, by)
    days = _days(df, date)
    refuse_repeats(df, groups, pd.factorize(days)[0].astype(np.intp), what="series and date")
    rebased, rebase_days = _rebases(rebase, groups, date)
    order = np.lexsort((days, groups.codes))
    df, days, codes = df.iloc[order], days[order], groups.codes[order]
    y = numbers(df, value, missing=True)
    targets = np.full(len(df), np.nan) if target is None else _targets(df, target)
    there = ~np.isnan(y)
    segment = _segments(codes, days, rebased, rebase_days)
    # One number for each segment of each series, in the order of the rows.
    key = np.cumsum(np.diff(codes, prepend=0).astype(bool) | np.diff(segment, prepend=segment[:1]).astype(bool))
    segments = int(key.max(initial=-1)) + 1
    chart = ControlLimits(y[there], key[there], segments, fix_after, screen)
    signal, sign = chart.signals

    points = df[list(names_of(by))].copy()
    points[date], points[value], points["segment"] = df[date], y, segment
    for name, line in chart.lines().items():
        points[name] = line[key]
    points["moving_range"] = np.nan
    points.loc[there, "moving_range"] = chart.moving_range
    for name, labels, numbered in (
        ("signal", SIGNALS, signal),
        ("direction", ("", "high", "low"), sign),
        ("type", TYPES[improvement], sign),
    ):
        texts = np.full(len(df), "", dtype=object)
        texts[there] = np.array(labels, dtype=object)[numbered]
        points[name] = texts
    points["target"] = targets
    unbased = chart
    if segments > groups.count:
        unbased = ControlLimits(y[there], codes[there], groups.count, fix_after, screen)
    is_idle = np.bincount(rebased, minlength=groups.count) > _used(codes, segment, groups.count)
    series = Series(groups.names(), codes, days, key, there, chart, unbased, is_idle)
    return Xmr(points, summarise(series, points, date, value, improvement, kind))


def _days(df: pd.DataFrame, name: str) -> Days:
    """Answer a column of dates, moments, months (periods) or ISO texts as days."""
    given = column(df, name)
    if pd.api.types.is_numeric_dtype(given.dtype) and len(df):
        raise StatError("dates", df.index.tolist(), f"Column '{name}' must hold dates, not numbers.")
    if isinstance(given.dtype, pd.PeriodDtype):
        given = given.dt.to_timestamp()
    moments = pd.to_datetime(given, errors="coerce", format=None if given.dtype.kind == "M" else "ISO8601")
    refuse(df, moments.isna().to_numpy(np.bool_), "dates", f"Column '{name}' must hold a date in every row.")
    days: Days = moments.dt.tz_localize(None).to_numpy("datetime64[D]")
    return days


def _targets(df: pd.DataFrame, target: float | str) -> Any:
    return numbers(df, target, missing=True) if isinstance(target, str) else np.full(len(df), float(target))


def _rebases(rebase: Any, groups: Groups, date: str) -> tuple[Whole, Days]:
    """Answer the series and day of each rebase, each once; of a series that is not in the table, none."""
    if not isinstance(rebase, pd.DataFrame):
        once = np.unique(_days(pd.DataFrame({"rebase": pd.to_datetime(list(rebase))}), "rebase"))
        return np.repeat(np.arange(groups.count), len(once)), np.tile(once, groups.count)
    names = groups.names().assign(_series=np.arange(groups.count), _all=0)
    on = list(groups.by) or ["_all"]
    found = rebase.assign(_all=0, _day=_days(rebase, date)).merge(names, on=on)[["_series", "_day"]].drop_duplicates()
    return found["_series"].to_numpy(np.intp), found["_day"].to_numpy("datetime64[D]")


def _segments(codes: Whole, days: Days, rebased: Whole, rebase_days: Days) -> Whole:
    """Answer how many rebases of its series each point stands on or after."""
    if not len(rebased):
        return np.zeros(len(codes), dtype=np.intp)
    is_point = np.repeat([False, True], [len(rebased), len(codes)])
    # A rebase on the day of a point comes before it.
    order = np.lexsort((is_point, np.concatenate([rebase_days, days]), np.concatenate([rebased, codes])))
    passed = np.cumsum(~is_point[order])[is_point[order]]
    of_others = np.searchsorted(np.sort(rebased), codes)
    segment: Whole = passed - of_others
    return segment


def _used(codes: Whole, segment: Whole, count: int) -> Whole:
    """Answer how many rebases of each series divide its points: those between its first and its last."""
    ends = np.zeros((2, count), dtype=np.intp)
    ends[0, codes[::-1]] = segment[::-1]
    ends[1, codes] = segment
    used: Whole = ends[1] - ends[0]
    return used
