"""Against a benchmark, and over the last five years: what may be said of a value with its limits.

Two areas are never compared by whether their intervals overlap: they may overlap and the difference still be certain.

Source of the trend: the method of trend markers of the Office for Health Improvement and Disparities. Proportions are
tested by Cochran and Armitage's chi-squared for a linear trend, anything else by a regression weighted by its errors.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.special import chdtrc

from joinedup.measures.statistics.frames import (
    Z_95,
    Flags,
    Floats,
    StatError,
    Whole,
    counts_of,
    group,
    numbers,
    one_of,
    refuse,
    said,
)

POLARITIES = ("increase", "decrease", "neutral")
YEARS = 5
SIGNIFICANT = 3.0902**2
CANNOT = "cannot be calculated"
# A slope this small beside the values is rounding, not a change of sign.
NEARLY = 1e-12


def compare_with(
    df: pd.DataFrame,
    benchmark: float | str,
    *,
    polarity: str = "neutral",
    value: str = "value",
    lower: str = "lower",
    upper: str = "upper",
) -> pd.DataFrame:
    """Answer the table with a column `comparison`: where each interval lies beside a benchmark without error.

    higher or lower when it lies wholly above or below, else similar. With polarity "increase" (high is good) or
    "decrease" that is better or worse instead. "cannot be compared" where value, limits or benchmark are missing.
    `benchmark` is a number or the name of a column.
    """
    one_of("polarity", polarity, POLARITIES)
    values, low, high = (numbers(df, name, missing=True) for name in (value, lower, upper))
    if "comparison" in df.columns:
        raise StatError("column_exists", [], "The table has a column 'comparison' already; rename it first.")
    fixed = np.nan if isinstance(benchmark, str) else float(benchmark)
    against = numbers(df, benchmark, missing=True) if isinstance(benchmark, str) else np.full(len(df), fixed)
    refuse(df, low > high, "out_of_range", "A lower limit is not above the upper.")
    above, below = {
        "neutral": ("higher", "lower"), "increase": ("better", "worse"), "decrease": ("worse", "better"),
    }[polarity]  # fmt: skip
    found = np.full(len(df), "similar", dtype=object)
    found[low > against], found[high < against] = above, below
    found[np.isnan(values) | np.isnan(low) | np.isnan(high) | np.isnan(against)] = "cannot be compared"
    return df.assign(comparison=found)


def recent_trend(
    df: pd.DataFrame,
    year: str,
    *,
    value: str | None = None,
    lower: str | None = None,
    upper: str | None = None,
    x: str | None = None,
    n: str | None = None,
    by: Sequence[str] = (),
) -> pd.DataFrame:
    """Answer for each group whether its last five years show a trend: increasing, decreasing or no significant change.

    Shape: one row for each combination of `by` and year, in any order; each of one year or of years that do not
    overlap. Either `x` of `n` (a proportion), or `value` with its 95% limits `lower` and `upper`. Columns: `slope` a
    year (of the proportion, or in units of value), `chi_squared`, `p_value`, `trend`, `status`.

    "no significant change (outlier)" where the test is passed, but without one of the points the slope would be 0 or
    the other way. "cannot be calculated", with the reason in `status`, for fewer than five points, a year that is
    missing among them or repeated, or a number that is missing. StatError: negative counts, x above n, text.
    """
    is_proportion = x is not None and n is not None and value is None and lower is None and upper is None
    if not is_proportion and (None in (value, lower, upper) or x is not None or n is not None):
        raise StatError("option", [], "Name x and n of a proportion, or value, lower and upper.")
    groups = group(df, by)
    years = numbers(df, year)
    refuse(df, years % 1 != 0, "not_numeric", f"Column '{year}' must hold whole years.")
    if is_proportion:
        points, weights = _of_proportions(df, str(x), str(n))
    else:
        points, weights = _of_values(df, str(value), str(lower), str(upper))

    order, places = _last_five(groups.codes, years)
    enough = groups.rows() >= YEARS
    shape = (groups.count, YEARS)
    t, y, w = np.zeros(shape), np.zeros(shape), np.ones(shape)
    at = (groups.codes[order], places)
    t[at], y[at], w[at] = years[order], points[order], weights[order]
    repeated = _repeated(groups.codes, years, groups.count)
    broken = (np.diff(t, axis=1) != 1).any(axis=1)
    missing = ~(np.isfinite(y) & np.isfinite(w)).all(axis=1)
    cannot = ~enough | repeated | broken | missing
    t, y, w = np.where(cannot[:, None], 0.0, t), np.where(cannot[:, None], 0.0, y), np.where(cannot[:, None], 1.0, w)
    t[cannot] = np.arange(YEARS)

    slope = _slope(t, y, w)
    spread = _spread(t, w)
    if is_proportion:
        pooled = (w * y).sum(axis=1) / w.sum(axis=1)
        room = pooled * (1 - pooled)
        chi = np.divide(slope**2 * spread, room, out=np.zeros(len(slope)), where=room > 0)
    else:
        chi = slope**2 * spread
    without = np.stack([_slope(*(np.delete(table, i, axis=1) for table in (t, y, w))) for i in range(YEARS)])
    turns = (np.sign(without) != np.sign(slope)).any(axis=0)
    trend = np.where(slope > 0, "increasing", "decreasing").astype(object)
    trend[turns] = "no significant change (outlier)"
    trend[~(chi > SIGNIFICANT)] = "no significant change"
    trend[cannot] = CANNOT
    status = said(
        (~enough, f"fewer than {YEARS} years"),
        (repeated, "a year comes twice"),
        (enough & ~repeated & broken, "a year is missing among the last five"),
        (enough & ~repeated & missing, "a number is missing"),
    )
    return groups.names().assign(
        slope=np.where(cannot, np.nan, slope),
        chi_squared=np.where(cannot, np.nan, chi),
        p_value=np.where(cannot, np.nan, chdtrc(1, chi)),
        trend=trend,
        status=status,
    )


def _of_proportions(df: pd.DataFrame, x: str, n: str) -> tuple[Floats, Floats]:
    counted, of = counts_of(df, x), numbers(df, n, missing=True)
    refuse(df, of <= 0, "not_positive", f"A denominator ('{n}') is above 0.")
    refuse(df, counted > of, "more_than_denominator", f"'{x}' cannot be more than '{n}'.")
    return counted / of, of


def _of_values(df: pd.DataFrame, value: str, lower: str, upper: str) -> tuple[Floats, Floats]:
    low, high = numbers(df, lower, missing=True), numbers(df, upper, missing=True)
    refuse(df, low >= high, "out_of_range", "A lower limit is below the upper.")
    return numbers(df, value, missing=True), (2 * Z_95 / (high - low)) ** 2


def _slope(t: Floats, y: Floats, w: Floats) -> Floats:
    """Answer the weighted slope of each row, 0 where it is no more than rounding."""
    centre = t - ((w * t).sum(axis=1) / w.sum(axis=1))[:, None]
    level = y - ((w * y).sum(axis=1) / w.sum(axis=1))[:, None]
    slope = (w * centre * level).sum(axis=1) / (w * centre**2).sum(axis=1)
    found: Floats = np.where(np.abs(slope) <= NEARLY * np.abs(y).max(axis=1), 0.0, slope)
    return found


def _spread(t: Floats, w: Floats) -> Floats:
    centre = t - ((w * t).sum(axis=1) / w.sum(axis=1))[:, None]
    found: Floats = (w * centre**2).sum(axis=1)
    return found


def _last_five(codes: Whole, years: Floats) -> tuple[Whole, Whole]:
    """Answer the rows of the last five years of each group, and the place of each among them, 0 the earliest."""
    order = np.lexsort((years, codes))
    many = np.bincount(codes)
    from_end = np.repeat(np.cumsum(many), many)[: len(order)] - np.arange(len(order)) if len(order) else order
    kept = from_end <= YEARS
    return order[kept], YEARS - from_end[kept]


def _repeated(codes: Whole, years: Floats, count: int) -> Flags:
    twice = pd.DataFrame({"code": codes, "year": years}).duplicated().to_numpy(np.bool_)
    found: Flags = np.bincount(codes[twice], minlength=count) > 0
    return found
