"""What every statistic of this room shares: how it reads a table, what it refuses, and how sure its limits are.

A statistic takes a pandas table of counts, small enough to hold (Ibis has added up the events), and answers another
with `by…, numerator, denominator, value, lower, upper, method, status`. What must be one row of the input is named by
each function as its shape. `status` is "" where nothing needs to be said of a row.

Confidence is a share (0.95) or a percentage (95); several as a tuple, whose limits are then called `lower_95`,
`upper_95`, `lower_998`, `upper_998`; `None` leaves the limits out.

Rows that cannot be right stop the whole calculation with a `StatError`: a figure made from the rest would be a figure
about somebody else. Codes: not_numeric, missing, negative, not_positive, more_than_denominator, out_of_range,
duplicate, missing_group, missing_band, unknown_band, unequal, no_such_column, column_exists, no_limits, confidence,
option, dates, no_denominator, quantiles.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from numbers import Real
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import ndtri

from joinedup.errors import RuleError, did_you_mean

Floats = npt.NDArray[np.float64]
Whole = npt.NDArray[np.intp]
Flags = npt.NDArray[np.bool_]
Confidence = float | tuple[float, ...] | None

LONGEST_ROUND = 1_000
Z_95 = 1.959963984540054  # by which limits that somebody else gave are turned into standard errors


class StatError(RuleError):
    """A table cannot be turned into a statistic: `code` says why and `rows` holds the index of each row at fault."""

    def __init__(self, code: str, rows: Iterable[Any], expected: str) -> None:
        self.code = code
        self.rows = list(rows)
        where = ""
        if self.rows:
            shown = ", ".join(str(row) for row in self.rows[:5]) + (", …" if len(self.rows) > 5 else "")
            where = f" Rows at fault: {len(self.rows)} (index {shown})."
        super().__init__(f"{expected}{where} Nothing was computed.")


class StatWarning(UserWarning):
    """A figure was computed, but not of everything that was given, or not as well as it looks."""


def warn(said: str) -> None:
    """Tell whoever called the statistic."""
    warnings.warn(said, StatWarning, stacklevel=3)


# --- reading a table -------------------------------------------------------------------------------------------------


def column(df: pd.DataFrame, name: str) -> Any:
    """Answer a column, or say which name is near."""
    if name not in df.columns:
        near = did_you_mean(str(name), (str(known) for known in df.columns))
        raise StatError("no_such_column", [], f"The table has no column '{name}'.{near}")
    return df[name]


def refuse(df: pd.DataFrame, bad: Flags, code: str, expected: str) -> None:
    """Stop when a row is bad, naming its index."""
    if bad.any():
        raise StatError(code, df.index[bad].tolist(), expected)


def numbers(df: pd.DataFrame, name: str, *, missing: bool = False) -> Floats:
    """Answer a column as floats, NaN where it is missing; text, truth values and infinity are refused.

    `missing=True` lets rows without a number through.
    """
    series = column(df, name)
    expected = f"Column '{name}' must hold numbers."
    if series.dtype.kind in "iuf" and isinstance(series.dtype, np.dtype):
        values: Floats = series.to_numpy(np.float64)
    elif pd.api.types.is_numeric_dtype(series.dtype) and not pd.api.types.is_bool_dtype(series.dtype):
        values = series.to_numpy(np.float64, na_value=np.nan)
    elif pd.api.types.is_object_dtype(series.dtype) or series.isna().all():
        # An engine answers a very large sum as a Decimal, and a whole number beside a missing one as an object.
        is_number = series.map(lambda cell: isinstance(cell, Real | Decimal) and not isinstance(cell, bool | np.bool_))
        refuse(df, (~is_number & series.notna()).to_numpy(np.bool_), "not_numeric", expected)
        values = np.array([np.nan if pd.isna(cell) else float(cell) for cell in series], dtype=np.float64)
    else:
        raise StatError("not_numeric", df.index[series.notna()].tolist(), expected)
    refuse(df, np.isinf(values), "not_numeric", expected)
    if not missing:
        refuse(df, np.isnan(values), "missing", f"Column '{name}' must have a number in every row.")
    return values


def counts_of(df: pd.DataFrame, name: str) -> Floats:
    """Answer a numerator: 0 or more, NaN where it is missing."""
    values = numbers(df, name, missing=True)
    refuse(df, values < 0, "negative", f"A numerator ('{name}') is 0 or more.")
    return values


def denominators(df: pd.DataFrame, name: str) -> Floats:
    """Answer a denominator: above 0 in every row."""
    values = numbers(df, name)
    refuse(df, values <= 0, "not_positive", f"A denominator ('{name}') is above 0; leave out who has none.")
    return values


# --- groups ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Groups:
    """The groups of a table in the order in which they first appear; `codes` has the group's number for each row."""

    df: pd.DataFrame
    by: tuple[str, ...]
    codes: Whole
    count: int

    def total(self, values: Floats) -> Floats:
        """Answer the sum of each group."""
        return np.bincount(self.codes, weights=values, minlength=self.count).astype(np.float64, copy=False)

    def rows(self, flags: Flags | None = None) -> Whole:
        """Answer how many rows each group has, or how many of those that are flagged."""
        return np.bincount(self.codes if flags is None else self.codes[flags], minlength=self.count)

    def refuse(self, bad: Flags, code: str, expected: str) -> None:
        """Stop when a group is bad, naming the index of all its rows."""
        if bad.any():
            refuse(self.df, bad[self.codes], code, expected)

    @cached_property
    def first(self) -> Whole:
        """Answer the position of each group's first row."""
        return _first(self.codes, self.count)

    def names(self) -> pd.DataFrame:
        """Answer a table with a row for each group and the columns of `by`."""
        return self.df[list(self.by)].iloc[self.first].reset_index(drop=True)


def _first(codes: Whole, count: int) -> Whole:
    first = np.zeros(count, dtype=np.intp)
    # Written from the last row to the first: the first is what stays.
    first[codes[::-1]] = np.arange(len(codes) - 1, -1, -1, dtype=np.intp)
    return first


def names_of(by: Sequence[str]) -> tuple[str, ...]:
    """Answer the columns of `by`, also when one was given without a list around it."""
    return (by,) if isinstance(by, str) else tuple(by)


def group(df: pd.DataFrame, by: Sequence[str]) -> Groups:
    """Answer the groups of a table; without `by` all of it is one."""
    names = names_of(by)
    codes = np.zeros(len(df), dtype=np.intp)
    count = min(len(df), 1)
    for name in names:
        more, labels = labels_of(df, name)
        if count > 1:
            more, pairs = pd.factorize(codes * len(labels) + more)
            codes, count = more.astype(np.intp), len(pairs)
        else:
            codes, count = more, len(labels)
    return Groups(df, names, codes, count)


def labels_of(df: pd.DataFrame, name: str) -> tuple[Whole, list[Any]]:
    """Answer the number of each row's label, and the labels in the order in which they first appear."""
    given = column(df, name)
    codes, labels = _looked_up(given) if given.dtype == object else _factorized(given)
    refuse(df, codes < 0, "missing_group", f"Column '{name}' says whose row it is and is missing.")
    return codes.astype(np.intp), list(labels)


def _looked_up(texts: Any) -> tuple[Any, Any]:
    """Answer codes and labels of a column of texts, of which looking up each costs more than all the sums.

    In a table of areas by bands the areas come in runs and the bands in rounds: one run or round says the rest.
    """
    values, many = texts.to_numpy(), len(texts)
    try:
        again = np.flatnonzero(values[1:LONGEST_ROUND] == values[:1]) + 1
        if not len(again):
            return _factorized(texts)
        if again[0] == 1:
            heads = np.concatenate([[0], np.flatnonzero(values[1:] != values[:-1]) + 1])
            if 2 * len(heads) < many:
                codes, labels = pd.factorize(texts.iloc[heads])
                return np.repeat(codes, np.diff(heads, append=many)), labels
        elif many % again[0] == 0 and (values[again[0] :] == values[: -again[0]]).all():
            codes, labels = pd.factorize(texts.iloc[: again[0]])
            return np.tile(codes, many // again[0]), labels
    except TypeError:  # a missing value that is not comparable
        pass
    return _factorized(texts)


def _factorized(values: Any) -> tuple[Any, Any]:
    codes, labels = pd.factorize(values)
    return codes, labels


def refuse_repeats(df: pd.DataFrame, groups: Groups, *strata: Whole, what: str) -> None:
    """Stop when two rows are about the same stratum of the same group: adding them up is for the caller to decide."""
    key = groups.codes
    for stratum in strata:
        key = key * (int(stratum.max(initial=0)) + 1) + stratum
    size = int(key.max(initial=0)) + 1
    # Counting by number is quicker than sorting while the numbers are not much sparser than the rows.
    if size <= 4 * len(key) + 1000:
        repeated = np.bincount(key, minlength=1)[key] > 1
    else:
        repeated = pd.Series(key).duplicated(keep=False).to_numpy(np.bool_)
    refuse(df, repeated, "duplicate", f"There must be one row for each {what}; add the rows up first, or name `by`.")


# --- confidence ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Level:
    """One level of confidence: its share, its normal deviate, and what its two columns are called."""

    share: float
    z: float
    lower: str
    upper: str


def levels(confidence: Confidence) -> list[Level]:
    """Answer the levels asked for; none for None."""
    if confidence is None:
        return []
    asked = confidence if isinstance(confidence, tuple | list) else (confidence,)
    found: list[Level] = []
    for one in asked:
        if isinstance(one, bool) or not isinstance(one, Real) or not (0.9 <= one < 1 or 90 <= one < 100):
            raise StatError("confidence", [], f"Confidence is from 0.9 to below 1, or from 90 to below 100, not {one}.")
        share = float(one) if one < 1 else float(one) / 100
        ending = "_" + f"{share * 100:.6g}".replace(".", "") if isinstance(confidence, tuple | list) else ""
        found.append(Level(share, float(ndtri(0.5 + share / 2)), f"lower{ending}", f"upper{ending}"))
    return found


def one_of(name: str, given: str, known: Sequence[str]) -> None:
    """Stop when an option is not one of those that there are."""
    if given not in known:
        near = did_you_mean(str(given), known)
        raise StatError("option", [], f"{name} is one of {', '.join(known)}, not '{given}'.{near}")


def positive(name: str, given: float) -> None:
    """Stop when an option is not a number above 0."""
    if isinstance(given, bool) or not isinstance(given, Real) or not 0 < given < float("inf"):
        raise StatError("option", [], f"{name} is a number above 0, not {given}.")


# --- the answer ------------------------------------------------------------------------------------------------------

Limits = tuple[Level, Floats, Floats]


def scaled(level: Level, limits: tuple[Floats, Floats], scale: Floats | float) -> Limits:
    """Answer a level with its lower and upper limits, both multiplied."""
    return level, limits[0] * scale, limits[1] * scale


def answer(
    names: pd.DataFrame,
    *,
    numerator: Floats,
    denominator: Floats,
    value: Floats,
    limits: Iterable[Limits],
    method: Any,
    status: Any,
    more: dict[str, Any] | None = None,
) -> pd.DataFrame:
    """Answer the table that every statistic answers; limits are null where the value is."""
    columns: dict[str, Any] = {"numerator": numerator, "denominator": denominator, "value": value}
    nothing = np.isnan(value)
    for level, lower, upper in limits:
        columns[level.lower] = np.where(nothing, np.nan, lower)
        columns[level.upper] = np.where(nothing, np.nan, upper)
    columns |= {"method": method, "status": status} | (more or {})
    clash = [name for name in names.columns if name in columns]
    if clash:
        raise StatError("column_exists", [], f"A column of `by` is called '{clash[0]}', as one of the answer is.")
    return pd.concat([names, pd.DataFrame(columns, index=names.index)], axis=1)


def rows_named(df: pd.DataFrame, by: Sequence[str], what: str) -> pd.DataFrame:
    """Answer the columns of `by` for a statistic of single rows, with the table's own index; no group may come twice.

    Without `by` each row stands for itself.
    """
    names = names_of(by)
    if names:
        groups = group(df, names)
        refuse_repeats(df, groups, what=what)
    return df[list(names)]


def said(*parts: tuple[Flags, str], between: str = "; ") -> Any:
    """Answer a text for each row: those of the parts whose flag is up."""
    texts = np.full(len(parts[0][0]), "", dtype=object)
    for flags, text in parts:
        if flags.any():
            texts[flags] = np.where(texts[flags] == "", text, texts[flags] + f"{between}{text}")
    return texts
