"""How many of those who could: proportions and crude rates, each row for itself."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from joinedup.measures.statistics import counts
from joinedup.measures.statistics.frames import (
    Confidence,
    Floats,
    Level,
    answer,
    counts_of,
    denominators,
    levels,
    positive,
    refuse,
    rows_named,
    said,
    scaled,
)

MISSING = "missing numerator"


def wilson(x: Floats, n: Floats, level: Level) -> tuple[Floats, Floats]:
    """Answer Wilson's lower and upper limit of x/n (Wilson 1927, J Am Stat Assoc 22:209)."""
    z = level.z
    # Rounding may make the room below x = n a hair negative, and put the limit of all a hair below 1.
    half = z * np.sqrt(z * z + 4 * x * np.maximum(1 - x / n, 0))
    lower = (2 * x + z * z - half) / (2 * (n + z * z))
    upper = (2 * x + z * z + half) / (2 * (n + z * z))
    return np.where(x == 0, 0.0, np.clip(lower, 0, 1)), np.where(x == n, 1.0, np.clip(upper, 0, 1))


def proportion(
    df: pd.DataFrame,
    x: str,
    n: str,
    multiplier: float = 1,
    *,
    by: Sequence[str] = (),
    confidence: Confidence = 0.95,
) -> pd.DataFrame:
    """Answer the share of each row's denominator that its numerator is, with Wilson limits, in the rows' own order.

    Shape: one row for each combination of `by` (without `by`, each row for itself); `x` counts people or events out of
    `n`. `multiplier` 100 answers percentages, limits too. A missing numerator answers null and says so in `status`.
    StatError: x above n, x negative, n missing or not above 0, two rows of one group.
    """
    positive("multiplier", multiplier)
    numerator, denominator = counts_of(df, x), denominators(df, n)
    refuse(df, numerator > denominator, "more_than_denominator", f"'{x}' cannot be more than '{n}' in a proportion.")
    return answer(
        rows_named(df, by, "proportion"),
        numerator=numerator,
        denominator=denominator,
        value=numerator / denominator * multiplier,
        limits=[scaled(level, wilson(numerator, denominator, level), multiplier) for level in levels(confidence)],
        method="Wilson",
        status=said((np.isnan(numerator), MISSING)),
    )


def rate(
    df: pd.DataFrame,
    x: str,
    n: str,
    multiplier: float = 100_000,
    *,
    by: Sequence[str] = (),
    confidence: Confidence = 0.95,
) -> pd.DataFrame:
    """Answer events for each `multiplier` of the denominator, in the rows' own order.

    Shape: one row for each combination of `by` (without `by`, each row for itself); `x` counts events, `n` people or
    person-years, so a rate may be above 1. Limits are those of the count (exact below 10 events, else Byar) over n;
    `method` names which. A missing numerator answers null and says so in `status`. StatError as for `proportion`.
    """
    positive("multiplier", multiplier)
    numerator, denominator = counts_of(df, x), denominators(df, n)
    scale = multiplier / denominator
    return answer(
        rows_named(df, by, "rate"),
        numerator=numerator,
        denominator=denominator,
        value=numerator / denominator * multiplier,
        limits=[scaled(level, counts.limits(numerator, level), scale) for level in levels(confidence)],
        method=counts.method_of(numerator),
        status=said((np.isnan(numerator), MISSING)),
    )
