"""Which areas lie further from the average than chance would put them: funnel plots.

Method: Spiegelhalter 2005 (Stat Med 24:1185), with control limits at 95% and 99.8% and, for ratios and rates, the exact
and Byar's limits of a count.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from joinedup.measures.statistics import counts
from joinedup.measures.statistics.frames import (
    Floats,
    Level,
    StatError,
    answer,
    counts_of,
    denominators,
    levels,
    numbers,
    one_of,
    positive,
    refuse,
    rows_named,
    said,
    scaled,
)

KINDS = ("proportion", "ratio", "rate")
RATIOS = ("standardised", "count")
LEVELS = levels((0.95, 0.998))
INSIDE, NOT_ASKED = "not_significant", "not_applicable"
FEWEST_EVENTS_OF_DSR = 10


@dataclass(frozen=True)
class _Points:
    """The areas of a funnel: what was seen, out of what, and the average that all of them make together."""

    df: pd.DataFrame
    observed: Floats
    denominator: Floats
    average: float


def funnel_limits(
    df: pd.DataFrame,
    kind: str = "proportion",
    x: str = "x",
    n: str | None = "n",
    *,
    rate: str | None = None,
    ratio: str = "standardised",
    multiplier: float | None = None,
    years: float = 1,
    points: int = 100,
    at: Sequence[float] | None = None,
) -> pd.DataFrame:
    """Answer the curves of a funnel plot: a row for each point, with `lower_95, upper_95, lower_998, upper_998`.

    Each limit stands at a place of its own on the horizontal axis, in `lower_95_at` and so on: people for a proportion
    (there, all four are the same), expected events for a ratio, people in a year for a rate. `average` is the middle.

    Shape: one row for each area. `kind` proportion: `x` of `n`. ratio: `x` observed and `n` expected events, answered
    as observed over expected × 100 (`ratio="standardised"`) or as a change from 1 (`"count"`). rate: `x` events and `n`
    people over all `years`, or, without `n`, a column `rate` per `multiplier` from which they follow (so for
    standardised rates); an area without events then needs `n`. `multiplier` is 1 for proportions, 100,000 for rates.
    `points` many over the range of the areas, or `at` the people (proportion) or events (else) named.
    """
    one_of("kind", kind, KINDS)
    one_of("ratio", ratio, RATIOS)
    scale = _scale(kind, multiplier)
    positive("years", years)
    given = _points(df, kind, x, n, rate, scale)
    where = _where(given, kind, points) if at is None else np.asarray(at, dtype=np.float64)
    if not (where > 0).all():
        raise StatError("option", [], "The places `at` which limits are asked for are above 0.")
    columns: dict[str, Any] = {"average": np.full(len(where), given.average * scale)}
    if kind == "ratio":
        columns["average"] = np.full(len(where), _shown(1.0, ratio))
    for level in LEVELS:
        if kind == "proportion":
            low, high = (limit * scale for limit in _of_proportion(given.average, where, level))
            low_at = high_at = where
        else:
            few, many = counts.exact(where, level)
            low, high, low_at, high_at = where / many, where / few, many, few
            if kind == "ratio":
                low, high = _shown(low, ratio), _shown(high, ratio)
            else:
                low, high = low * given.average * scale, high * given.average * scale
                low_at, high_at = low_at / given.average / years, high_at / given.average / years
        columns |= {level.lower: low, f"{level.lower}_at": low_at, level.upper: high, f"{level.upper}_at": high_at}
    return pd.DataFrame(columns)


def funnel_significance(
    df: pd.DataFrame,
    kind: str = "proportion",
    x: str = "x",
    n: str | None = "n",
    *,
    rate: str | None = None,
    standardised: bool = False,
    multiplier: float | None = None,
    by: Sequence[str] = (),
) -> pd.DataFrame:
    """Answer for each area whether it lies outside the funnel, in `significance`, in the rows' own order.

    high_998, high_95, low_95, low_998, not_significant; not_applicable for directly standardised rates
    (`standardised=True`) of fewer than 10 events and for areas without a numerator. Input as for `funnel_limits`. The
    limits of a proportion are the funnel's at its denominator, which the value must not pass; those of a ratio or rate
    are of observed over expected events (exact below 10 events, else Byar), which must hold 1.
    """
    one_of("kind", kind, KINDS)
    scale = _scale(kind, multiplier)
    given = _points(df, kind, x, n, rate, scale)
    value = given.observed / given.denominator
    if kind == "proportion":
        limits = [scaled(level, _of_proportion(given.average, given.denominator, level), 1) for level in LEVELS]
        above = [value > high for _, _, high in limits]
        below = [value < low for _, low, _ in limits]
        limits = [(level, low * scale, high * scale) for level, low, high in limits]
        shown, method = value * scale, np.full(len(df), "normal", dtype=object)
    else:
        expected = given.denominator * (given.average if kind == "rate" else 1.0)
        limits = [scaled(level, counts.limits(given.observed, level), 1 / expected) for level in LEVELS]
        above = [low > 1 for _, low, _ in limits]
        below = [high < 1 for _, _, high in limits]
        shown = value * scale
        method = counts.method_of(given.observed)
    label = np.full(len(df), INSIDE, dtype=object)
    for i, level in enumerate(LEVELS):
        ending = level.lower.removeprefix("lower")
        label[above[i]], label[below[i]] = f"high{ending}", f"low{ending}"
    missing = np.isnan(given.observed)
    few = (given.observed < FEWEST_EVENTS_OF_DSR) & standardised
    label[missing | few] = NOT_ASKED
    return answer(
        rows_named(df, by, "area"),
        numerator=given.observed,
        denominator=given.denominator,
        value=shown,
        limits=limits,
        method=method,
        status=said((missing, "missing numerator"), (few, f"fewer than {FEWEST_EVENTS_OF_DSR} events")),
        more={"significance": label},
    )


def _of_proportion(average: float, n: Floats, level: Level) -> tuple[Floats, Floats]:
    half = level.z * np.sqrt(average * (1 - average) / n)
    return np.clip(average - half, 0, 1), np.clip(average + half, 0, 1)


def _shown(ratio: Any, kind: str) -> Any:
    return ratio * 100 if kind == "standardised" else ratio - 1


def _scale(kind: str, multiplier: float | None) -> float:
    scale = (100_000 if kind == "rate" else 1) if multiplier is None else multiplier
    positive("multiplier", scale)
    return scale


def _points(df: pd.DataFrame, kind: str, x: str, n: str | None, rate: str | None, scale: float) -> _Points:
    observed = counts_of(df, x)
    if kind == "rate" and rate is not None:
        denominator = _from_rates(df, observed, x, n, rate, scale)
    elif n is None:
        raise StatError("no_denominator", [], "Name `n`, the column of denominators, or for rates `rate`.")
    else:
        denominator = denominators(df, n)
    if kind == "proportion":
        refuse(df, observed > denominator, "more_than_denominator", f"'{x}' cannot be more than '{n}'.")
    there = ~np.isnan(observed)
    whole = float(denominator[there].sum())
    average = float(observed[there].sum()) / whole if whole else np.nan
    if kind == "rate" and len(df) and not average > 0:
        raise StatError("not_positive", [], "A funnel of rates needs events: there are none in any area.")
    return _Points(df, observed, denominator, average)


def _from_rates(df: pd.DataFrame, observed: Floats, x: str, n: str | None, rate: str, scale: float) -> Floats:
    """Answer the denominators that the rates were made with; an area without events has one only if it is given."""
    rates = numbers(df, rate, missing=True)
    refuse(df, rates < 0, "negative", f"A rate ('{rate}') is 0 or more.")
    known = numbers(df, n, missing=True) if n is not None and n in df.columns else np.full(len(df), np.nan)
    refuse(df, known <= 0, "not_positive", f"A denominator ('{n}') is above 0.")
    with np.errstate(divide="ignore", invalid="ignore"):
        implied = observed / rates * scale
    usable = np.isfinite(implied) & (implied > 0)
    denominator = np.where(np.isnan(known), np.where(usable, implied, np.nan), known)
    refuse(df, np.isnan(denominator), "no_denominator",
           f"An area without events or rate ('{x}', '{rate}') needs its denominator in `n`.")  # fmt: skip
    return denominator


def _where(given: _Points, kind: str, points: int) -> Floats:
    """Answer places over the range of the areas, closer together where the curve bends."""
    if isinstance(points, bool) or points < 2:
        raise StatError("option", [], f"points is 2 or more, not {points}.")
    if not len(given.df):
        return np.empty(0)
    if kind == "proportion":
        least, most = float(given.denominator.min()), float(given.denominator.max())
        # From the start of the axis, unless all areas lie far from it.
        first = max(1.0, least * 0.9 if least > most / 2 else 0.0)
        return np.linspace(np.sqrt(min(first, most)), np.sqrt(most * 1.05), points) ** 2
    expected = given.denominator * (given.average if kind == "rate" else 1.0)
    # So many events that even the curve of their lower limits reaches past the largest area.
    most = float(counts.exact(np.array([float(expected.max())]), LEVELS[-1])[1][0]) * 1.1 + 5
    return np.linspace(1.0, np.sqrt(most), points) ** 2
