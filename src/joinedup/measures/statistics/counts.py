"""How far a count of events may lie from what was to be expected: limits of a Poisson count.

Byar's approximation from 10 events on (Breslow and Day 1987, Statistical methods in cancer research II, section 2.3),
the exact limits by the chi-squared distribution below that.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import gammaincinv

from joinedup.measures.statistics.frames import Flags, Floats, Level, StatError, levels, one_of

FEWEST_FOR_BYAR = 10


def byar(events: Floats, level: Level) -> tuple[Floats, Floats]:
    """Answer Byar's lower and upper limit of each count."""
    more = events + 1
    with np.errstate(divide="ignore", invalid="ignore"):
        lower = events * (1 - 1 / (9 * events) - level.z / (3 * np.sqrt(events))) ** 3
    upper = more * (1 - 1 / (9 * more) + level.z / (3 * np.sqrt(more))) ** 3
    return np.where(events > 0, lower, np.where(events == 0, 0.0, np.nan)), upper


def exact(events: Floats, level: Level) -> tuple[Floats, Floats]:
    """Answer the exact lower and upper limit of each count.

    Half a quantile of chi-squared with 2k degrees is the quantile of the gamma distribution of shape k.
    """
    tail = (1 - level.share) / 2
    some = np.where(events > 0, events, 1.0)
    lower = np.where(events > 0, gammaincinv(some, tail), np.where(events == 0, 0.0, np.nan))
    upper: Floats = gammaincinv(events + 1, 1 - tail)
    return lower, upper


def limits(events: Floats, level: Level) -> tuple[Floats, Floats]:
    """Answer exact limits below 10 events, Byar's from there on; NaN stays NaN."""
    lower, upper = byar(events, level)
    few = is_few(events)
    if few.any():
        lower[few], upper[few] = exact(events[few], level)
    return lower, upper


def is_few(events: Floats) -> Flags:
    """Answer which counts are too small for Byar's approximation."""
    return events < FEWEST_FOR_BYAR


def method_of(events: Floats) -> Any:
    """Answer the name of the method that `limits` uses for each count."""
    return np.where(is_few(events), "exact", "Byar").astype(object)


def count_limits(events: Any, confidence: float = 0.95, method: str = "auto") -> tuple[Floats, Floats]:
    """Answer the lower and upper limits of counts of events, in the order given.

    `method`: auto (exact below 10 events, else Byar), byar or exact. NaN where a count is missing; a negative count is
    refused with a StatError whose `rows` are positions.
    """
    one_of("method", method, ("auto", "byar", "exact"))
    if confidence is None or isinstance(confidence, tuple | list):
        raise StatError("confidence", [], "The limits of a count are asked for at one level of confidence.")
    given = np.atleast_1d(np.asarray(events, dtype=np.float64))
    if (given < 0).any():
        raise StatError("negative", np.flatnonzero(given < 0).tolist(), "A count of events is 0 or more.")
    return {"auto": limits, "byar": byar, "exact": exact}[method](given, levels(confidence)[0])
