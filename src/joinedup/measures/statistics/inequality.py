"""How much a value changes from the most to the least deprived: slope and relative index of inequality.

The areas are cut into quantiles, the most deprived first. Each stands at the midpoint of its share of the people, so
that 0 is the most deprived person and 1 the least; a line is fitted to the values, weighted by people. The slope index
(SII) is the height of the line at 1 less its height at 0; the relative index (RII) is the first over the second.

Source: Low and Low 2004 (J Public Health 26:388); public health technical guidance on the slope index of inequality.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import logit

from joinedup.measures.statistics import counts
from joinedup.measures.statistics.frames import (
    Z_95,
    Confidence,
    Flags,
    Floats,
    Groups,
    Level,
    StatError,
    answer,
    counts_of,
    denominators,
    group,
    levels,
    numbers,
    one_of,
    refuse,
    refuse_repeats,
    said,
    warn,
)
from joinedup.measures.statistics.proportions import wilson

FEWEST, MOST, USUAL_MOST = 5, 100, 10
FEWEST_DRAWS = 1_000


def _same(values: Floats) -> Floats:
    return values


def _from_logit(values: Floats) -> Floats:
    # Several times quicker than SciPy's, which matters for a million draws a group.
    with np.errstate(over="ignore"):
        return 1 / (1 + np.exp(-values))


@dataclass(frozen=True)
class _Scale:
    """The scale on which the errors of a kind of value are alike, and the way back from it."""

    name: str
    to: Callable[[Floats], Floats]
    back: Callable[[Floats], Floats]


SCALES = {
    "other": _Scale("value", _same, _same),
    "rate": _Scale("log", np.log, np.exp),
    "proportion": _Scale("logit", logit, _from_logit),
}


def sii(
    df: pd.DataFrame,
    quantile: str,
    population: str,
    value: str | None = None,
    *,
    x: str | None = None,
    se: str | None = None,
    lower: str | None = None,
    upper: str | None = None,
    kind: str = "other",
    transform: bool = False,
    multiplier: float = 1,
    rii: bool = True,
    reps: int = 100_000,
    seed: int = 2013,
    simulate: bool = False,
    by: Sequence[str] = (),
    confidence: Confidence = 0.95,
) -> pd.DataFrame:
    """Answer the slope index of inequality of each group as `value`, and the relative index as `rii`.

    Shape: one row for each combination of `by` and quantile, 1 the most deprived; 5 to 100 quantiles. `population` is
    the people of the quantile. The value is a column, or `x` events over the population. Its error is `se`, or `lower`
    and `upper` 95% limits, or (with `x`) Wilson's limits of a proportion and those of the count of a rate.

    `kind` proportion (0 to 1) and rate have their errors on the logit and the log scale (with `se`, on their own);
    `transform` fits the line on that scale too. `multiplier` multiplies the slope index; below 0, for values of which
    high is good, it turns both round: the slope index changes its sign and the relative index is inverted.

    Limits: of the slope of kind "other" (or with `se`), and of all with `transform`, they are exact; the rest, or all
    with `simulate`, come from `reps` draws that begin from `seed`, the same for every group. `confidence=None` needs no
    error. `intercept` is the height of the line at 0, `denominator` all people, `numerator` all events if x is given. A
    group that lacks a quantile is left out with a StatWarning.

    StatError: a population missing or not above 0, a value, limit or error missing, a negative error, a proportion
    outside 0 to 1, 0 (or 1) where a logarithm (or logit) is needed, fewer than 1,000 draws.
    """
    one_of("kind", kind, tuple(SCALES))
    asked = levels(confidence)
    _check_options(value, x, se, lower, upper, kind, transform, multiplier, reps, bool(asked))
    scale = SCALES["other" if se is not None else kind]
    df, groups, shape = _ordered(df, by, quantile)
    people = denominators(df, population)
    values, events = _values(df, value, x, people, kind)
    if transform:
        _refuse_edges(df, values, kind, "A value")
    lines = _lines(people.reshape(shape))
    table = values.reshape(shape)
    fitted = scale.to(table) if transform else table
    slope = lines.slope(fitted)
    ends = _Ends(lines.start(fitted) + slope / 2, scale.back if transform else _same)
    first, last = ends.heights(slope)
    # A ratio of heights says nothing where the line goes through 0 or below.
    is_ratio = (first > 0) & (last > 0)
    columns = {"intercept": first}
    if rii:
        columns["rii"] = _turned(_ratio(last, first), multiplier, is_ratio)
    limits = []
    if asked:
        errors = _errors(df, values, events, people, se, lower, upper, kind).reshape(shape)
        cut = _Cut(table, errors, lines, fitted, scale, transform, simulate, reps, seed)
        for level, slopes, ratios in cut.at(asked, rii):
            pairs = [ends.heights(one) for one in slopes]
            differences = [(high - low) * multiplier for low, high in pairs]
            ratios = ratios or [_ratio(high, low) for low, high in pairs]
            if multiplier < 0:
                differences, ratios = differences[::-1], ratios[::-1]
            limits.append((level, differences[0], differences[1]))
            if rii:
                columns[f"rii_{level.lower}"] = _turned(ratios[0], multiplier, is_ratio)
                columns[f"rii_{level.upper}"] = _turned(ratios[1], multiplier, is_ratio)
    return answer(
        groups.names(),
        numerator=np.full(groups.count, np.nan) if events is None else events.reshape(shape).sum(axis=1),
        denominator=lines.people,
        value=(last - first) * multiplier,
        limits=limits,
        method="weighted least squares" + (f" on the {scale.name} scale" if transform else ""),
        status=said((~is_ratio & rii, "no relative index: the fitted line is not above 0 throughout")),
        more=columns,
    )


# --- the lines -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Lines:
    """The fit of each group (a row), as what each quantile (a column) counts towards its slope and its height at 0."""

    people: Floats
    at_slope: Floats
    at_start: Floats

    def slope(self, values: Floats) -> Floats:
        found: Floats = (self.at_slope * values).sum(axis=1)
        return found

    def start(self, values: Floats) -> Floats:
        found: Floats = (self.at_start * values).sum(axis=1)
        return found


def _lines(people: Floats) -> _Lines:
    whole = people.sum(axis=1)
    share = people / whole[:, None]
    # From the middle of all people: the weighted mean of the midpoints is a half whatever the shares are.
    place = np.cumsum(share, axis=1) - share / 2 - 0.5
    at_slope = share * place / (share * place**2).sum(axis=1)[:, None]
    return _Lines(whole, at_slope, share - at_slope / 2)


@dataclass(frozen=True)
class _Ends:
    """The heights of lines at 0 and at 1, on the scale of the values, from their middles and any slopes."""

    middle: Floats
    back: Callable[[Floats], Floats]

    def heights(self, slope: Floats) -> tuple[Floats, Floats]:
        return self.back(self.middle - slope / 2), self.back(self.middle + slope / 2)


def _ratio(high: Floats, low: Floats) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore"):
        return high / low


def _turned(ratio: Floats, multiplier: float, is_ratio: Flags) -> Floats:
    return np.where(is_ratio, _ratio(np.ones_like(ratio), ratio) if multiplier < 0 else ratio, np.nan)


# --- limits ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Cut:
    """Where the slopes and ratios of lines through values that vary by their errors are cut off."""

    table: Floats
    errors: Floats
    lines: _Lines
    fitted: Floats
    scale: _Scale
    transform: bool
    simulate: bool
    reps: int
    seed: int

    def at(self, asked: list[Level], rii: bool) -> Iterator[tuple[Level, list[Floats], list[Floats] | None]]:
        """Answer lower and upper slopes for each level, and ratios when the slopes do not say them."""
        is_exact = (self.transform or self.scale.name == "value") and not self.simulate
        needs_ratios = rii and not self.transform
        ends = [edge for level in asked for edge in ((1 - level.share) / 2, (1 + level.share) / 2)]
        drawn = None if is_exact and not needs_ratios else self._drawn(ends, needs_ratios)
        slope = self.lines.slope(self.fitted)
        error = np.sqrt(((self.lines.at_slope * self.errors) ** 2).sum(axis=1))
        for i, level in enumerate(asked):
            if is_exact:
                slopes = [slope - level.z * error, slope + level.z * error]
            else:
                assert drawn is not None
                slopes = [drawn[0][:, 2 * i], drawn[0][:, 2 * i + 1]]
            ratios = [drawn[1][:, 2 * i], drawn[1][:, 2 * i + 1]] if drawn is not None and needs_ratios else None
            yield level, slopes, ratios

    def _drawn(self, ends: list[float], with_ratios: bool) -> tuple[Floats, Floats]:
        """Answer the drawn slopes and ratios at the given shares of all draws: a row for each group."""
        at = [max(round(self.reps * end), 1) - 1 for end in ends]
        many, wide = self.table.shape
        # One set of draws for all groups: what is said of a group does not hang on which others are in the table.
        normal = np.random.default_rng(self.seed).standard_normal((wide, self.reps))
        slopes, ratios = np.empty((many, len(at))), np.full((many, len(at)), np.nan)
        for i in range(many):
            values = normal * self.errors[i][:, None]
            values += self.scale.to(self.table[i])[:, None]
            if not self.transform:
                values = self.scale.back(values)
            slope, start = np.stack([self.lines.at_slope[i], self.lines.at_start[i]]) @ values
            if with_ratios:
                ratios[i] = np.partition(_ratio(start + slope, start), at)[at]
            slope.partition(at)
            slopes[i] = slope[at]
        return slopes, ratios


def _errors(
    df: pd.DataFrame,
    values: Floats,
    events: Floats | None,
    people: Floats,
    se: str | None,
    lower: str | None,
    upper: str | None,
    kind: str,
) -> Floats:
    """Answer the standard error of each value: as given, or from 95% limits on the scale of its kind."""
    if se is not None:
        errors = numbers(df, se)
        refuse(df, errors < 0, "negative", f"A standard error ('{se}') is 0 or more.")
        return errors
    if lower is not None and upper is not None:
        low, high = numbers(df, lower), numbers(df, upper)
    else:
        assert events is not None
        level = Level(0.95, Z_95, "lower", "upper")
        if kind == "proportion":
            low, high = wilson(events, people, level)
        else:
            low, high = (limit / people for limit in counts.limits(events, level))
    refuse(df, low > high, "negative", "A lower limit is not above the upper.")
    for what, edge in (("A value", values), ("A lower limit", low), ("An upper limit", high)):
        _refuse_edges(df, edge, kind, what)
    return (SCALES[kind].to(high) - SCALES[kind].to(low)) / (2 * Z_95)


# --- what is refused -------------------------------------------------------------------------------------------------


def _check_options(
    value: str | None,
    x: str | None,
    se: str | None,
    lower: str | None,
    upper: str | None,
    kind: str,
    transform: bool,
    multiplier: float,
    reps: int,
    has_limits: bool,
) -> None:
    if (value is None) == (x is None) or (x is not None and kind == "other"):
        raise StatError("option", [], "Name the value's column, or x, the events of a rate or proportion.")
    if (lower is None) != (upper is None) or (se is not None and lower is not None):
        raise StatError("option", [], "Name lower and upper limits together, or the standard error.")
    if transform and (kind == "other" or se is not None):
        raise StatError("option", [], "Only rates and proportions with limits, not errors, can be transformed.")
    if has_limits and se is None and lower is None and x is None:
        raise StatError("no_limits", [], "Name se, or lower and upper, or x; or ask for no limits: confidence=None.")
    if isinstance(multiplier, bool) or not multiplier or not np.isfinite(multiplier):
        raise StatError("option", [], f"multiplier is a number other than 0, not {multiplier}.")
    if reps < FEWEST_DRAWS:
        raise StatError("option", [], f"reps is {FEWEST_DRAWS:,} or more, not {reps}.")


def _ordered(df: pd.DataFrame, by: Sequence[str], quantile: str) -> tuple[pd.DataFrame, Groups, tuple[int, int]]:
    """Answer the rows of the groups that have every quantile, in order, those groups, and how many of each."""
    groups = group(df, by)
    places, number = np.unique(numbers(df, quantile), return_inverse=True)
    if len(df) and not FEWEST <= len(places) <= MOST:
        raise StatError("quantiles", [], f"There must be {FEWEST} to {MOST} quantiles, not {len(places)}.")
    refuse_repeats(df, groups, number, what="group and quantile")
    lacking = groups.rows() < len(places)
    if lacking.any():
        warn(f"{int(lacking.sum())} of {groups.count} groups lack a quantile and are left out.")
        return _ordered(df[~lacking[groups.codes]], by, quantile)
    if len(places) > USUAL_MOST:
        warn(f"{len(places)} quantiles are more than the {USUAL_MOST} for which the index is usually given.")
    order = np.lexsort((number, groups.codes))
    return df.iloc[order], groups, (groups.count, len(places))


def _values(
    df: pd.DataFrame, value: str | None, x: str | None, people: Floats, kind: str
) -> tuple[Floats, Floats | None]:
    if x is not None:
        events = counts_of(df, x)
        refuse(df, np.isnan(events), "missing", f"Column '{x}' must have a number in every row.")
        if kind == "proportion":
            refuse(df, events > people, "more_than_denominator", f"'{x}' cannot be more than the people.")
        return events / people, events
    assert value is not None
    values = numbers(df, value)
    if kind == "proportion":
        refuse(df, (values < 0) | (values > 1), "out_of_range", f"A proportion ('{value}') is from 0 to 1.")
    elif kind == "rate":
        refuse(df, values < 0, "negative", f"A rate ('{value}') is 0 or more.")
    return values, None


def _refuse_edges(df: pd.DataFrame, values: Floats, kind: str, what: str) -> None:
    if kind == "rate":
        refuse(df, values <= 0, "out_of_range", f"{what} of 0 has no logarithm.")
    elif kind == "proportion":
        refuse(df, (values <= 0) | (values >= 1), "out_of_range", f"{what} of 0 or 1 has no logit.")
