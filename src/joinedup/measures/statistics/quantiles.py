"""Cutting areas into tenths or fifths by a value, such as a rank of deprivation."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from joinedup.measures.statistics.frames import StatError, group, numbers, warn


def assign_quantile(
    df: pd.DataFrame, value: str, k: int = 10, highest_first: bool = True, *, by: Sequence[str] = ()
) -> pd.DataFrame:
    """Answer the table with a column `quantile`: 1 to k, 1 for the highest values (or, if not, the lowest).

    Shape: one row for each area; within each combination of `by` by itself. Equal values share the better quantile, so
    that some may stay empty, of which a StatWarning is given. Null where the value is missing, and in a group with
    fewer values than k. Sizes differ by at most one where no values are equal.
    StatError: k below 2 or not whole, a value that is not a number, a column `quantile` that is there already.
    Source: the ranking used for deciles of public health indicators; whole numbers throughout, nothing is rounded.
    """
    if isinstance(k, bool) or not isinstance(k, int | np.integer) or k < 2:
        raise StatError("option", [], f"k is a whole number of quantiles from 2 on, not {k}.")
    if "quantile" in df.columns:
        raise StatError("column_exists", [], "The table has a column 'quantile' already; rename it first.")
    groups = group(df, by)
    values = numbers(df, value, missing=True)
    there = np.flatnonzero(~np.isnan(values))
    codes, keys = groups.codes[there], values[there] * (-1 if highest_first else 1)
    order = np.lexsort((keys, codes))
    codes, keys, there = codes[order], keys[order], there[order]
    many = np.bincount(codes, minlength=groups.count)
    starts = np.cumsum(many) - many
    place = np.arange(len(codes))
    is_new = np.ones(len(codes), dtype=np.bool_)
    is_new[1:] = (codes[1:] != codes[:-1]) | (keys[1:] != keys[:-1])
    rank = 1 + np.maximum.accumulate(np.where(is_new, place, 0)) - starts[codes]
    of = many[codes]
    # floor((k + 1) - ceil(m)) is (k + 1) - ceil(m), and ceil(a / b) of whole numbers is -(-a // b).
    found = (k + 1) + (-(of + 1 - rank) * k) // of
    enough = of >= k
    quantile = pd.array(np.ones(len(df), dtype=np.int64), dtype="Int64")
    quantile[:] = pd.NA
    quantile[there[enough]] = found[enough]
    filled = len(np.unique(codes[enough] * (k + 1) + found[enough]))
    if filled < k * int((many >= k).sum()):
        warn(f"Equal values of '{value}' leave {k * int((many >= k).sum()) - filled} of the quantiles empty.")
    return df.assign(quantile=quantile)
