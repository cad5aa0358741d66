"""Means of single values, such as blood pressures or days in hospital."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.special import stdtrit

from joinedup.measures.statistics.frames import Confidence, answer, group, levels, numbers, said

FEWEST_TO_RELEASE = 8


def mean(df: pd.DataFrame, x: str, *, by: Sequence[str] = (), confidence: Confidence = 0.95) -> pd.DataFrame:
    """Answer the mean of each group with limits by Student's t, and the sample's standard deviation in `sd`.

    Shape: one row for each value. `numerator` is their sum, `denominator` how many they are. Rows without a value are
    left out and `status` says so, as it does when there are fewer than 8 values, which must not be released. One value
    has no limits; a group without a value is null. Units are those of `x`.
    """
    groups = group(df, by)
    values = numbers(df, x, missing=True)
    there = ~np.isnan(values)
    many = groups.rows(there).astype(np.float64)
    sums = groups.total(np.where(there, values, 0.0))
    with np.errstate(divide="ignore", invalid="ignore"):
        means = sums / many
        # From the deviations, not from squares: large values close together would lose their digits.
        deviations = np.where(there, values - means[groups.codes], 0.0)
        sd = np.sqrt(groups.total(deviations**2) / np.where(many > 1, many - 1, np.nan))
        error = sd / np.sqrt(many)
    degrees = np.where(many > 1, many - 1, 1.0)
    found = []
    for level in levels(confidence):
        half = stdtrit(degrees, 0.5 + level.share / 2) * error
        found.append((level, means - half, means + half))
    return answer(
        groups.names(),
        numerator=sums,
        denominator=many,
        value=means,
        limits=found,
        method="Student t",
        status=said(
            (many == 0, "no values"),
            (many == 1, "one value has no limits"),
            ((many > 0) & (many < FEWEST_TO_RELEASE), f"not for release: fewer than {FEWEST_TO_RELEASE} values"),
            (groups.rows(~there) > 0, "rows without a value left out"),
        ),
        more={"sd": sd},
    )
