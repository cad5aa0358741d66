"""Counts of people that may be seen: `protect` makes them, and only a `Protected` goes to pages, API and exports.

    protect(table, ["practice", "age_band"], ["people"]).frame

A raw frame and a protected one never share an object: what a `Protected` hands out are copies. Its log names each cell
that was changed and why, never what stood there, nor whether a star hides a small count or a partner of one.
(rules: population PE1 to PE4, PE6 to PE8)
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np

from joinedup.errors import RuleError, did_you_mean
from joinedup.measures.disclosure.rounding import (
    AT_LEAST_95,
    AT_MOST_5,
    HIDDEN,
    SMALL,
    SUPPRESSED,
    checked_mode,
    nearest_five,
    rounded,
)

if TYPE_CHECKING:
    import pandas as pd

    from joinedup.measures.disclosure.bounds import Flags, Sum, Whole

EXCLUDES: Final = "excludes suppressed"
"""The status of a total that is the sum of the counts shown, where some of its parts are not."""
ERROR_NOTE: Final = (
    "Shares follow from rounded counts: where the denominator is below 100 the exact share may differ by several "
    "percentage points."
)
EXACT_FROM: Final = 100
"""Below this denominator a share of rounded counts needs `ERROR_NOTE`."""
_WORDS: Final = {
    "nhs": "rounded to the nearest 5",
    "opensafely": "rounded to the nearest 5",
    "midpoint6": "rounded to the midpoint of six",
}
_NOTES: Final = {
    "nhs": "Counts of people are rounded to the nearest 5; * hides 1 to 7 people.",
    "opensafely": "Counts of people are rounded to the nearest 5; * hides 0 to 7 people.",
    "midpoint6": "Counts of people are given as the midpoint of six: 1 to 6 as 3, 7 to 12 as 9.",
    "suppress": "Counts are exact; * hides 1 to 7 people, or a number from which such a number could be worked out.",
    "internal": "Not protected: for those cleared for identifiable or pseudonymised data. Not to be exported.",
}


@dataclass(frozen=True, slots=True)
class Change:
    """A cell that is not shown as it was counted: where it stands, which count, and why."""

    cell: tuple[Hashable, ...]
    column: str
    reason: str


class Protected:
    """A frame of counts that may be seen, and the log of what was changed in it. It cannot be changed itself.

    Every count column has a column `<count>_status` beside it ("" where it is shown), or the frame one `status` for
    all. `note` is what must stand below a table of it.
    """

    __slots__ = ("_frame", "_log", "_mode", "_note")
    _frame: pd.DataFrame
    _log: tuple[Change, ...]
    _mode: str
    _note: str

    def __init__(self, frame: pd.DataFrame, log: Iterable[Change] = (), *, mode: str = "nhs", note: str = "") -> None:
        object.__setattr__(self, "_frame", frame.copy(deep=True))
        object.__setattr__(self, "_log", tuple(log))
        object.__setattr__(self, "_mode", checked_mode(mode))
        object.__setattr__(self, "_note", note)

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError("A Protected cannot be changed. Take its frame, which is a copy.")

    def __delattr__(self, name: str) -> None:
        raise AttributeError("A Protected cannot be changed. Take its frame, which is a copy.")

    @property
    def frame(self) -> pd.DataFrame:
        """Answer the protected frame: a copy each time."""
        return self._frame.copy(deep=True)

    @property
    def log(self) -> tuple[Change, ...]:
        return self._log

    @property
    def mode(self) -> str:
        return self._mode

    @property
    def note(self) -> str:
        return self._note

    @property
    def may_leave(self) -> bool:
        """Whether it may be exported at all: not when it is protected in name only (mode `internal`)."""
        return self.mode != "internal"

    def __len__(self) -> int:
        return len(self._frame)

    def __repr__(self) -> str:
        return f"Protected({len(self)} rows, mode {self.mode}, {len(self.log)} changes)"


def protect(
    df: pd.DataFrame | Protected,
    dims: Sequence[str],
    count_cols: Sequence[str],
    *,
    mode: str = "nhs",
    hierarchy: Mapping[str, Mapping[Hashable, Hashable]] | None = None,
    audit: bool = True,
    totals: Literal["shown", "own"] = "shown",
) -> Protected:
    """Answer a table of counts as it may be seen: the columns of `dims` and `count_cols`, a status beside each count.

    A row is a cell. `hierarchy` says of a dimension which value is a part of which ({"area": {"E1": "P1"}}): rows of
    wholes are totals. In the rounding modes a total is the sum of the counts shown (PE1), or with `totals="own"`
    rounded for itself and then audited (PE3). In mode `suppress` the audit is that of PE2, over the totals that the
    hierarchy names; without a hierarchy, over every margin of the table, as if all were published, but for those that
    the log names. Other columns are left out: nobody has looked at what they give away. Nulls stay hidden. Idempotent.
    """
    import pandas as pd

    checked_mode(mode)
    if isinstance(df, Protected):
        if df.mode != mode:
            raise RuleError(f"This is protected already, in mode {df.mode}: protect the raw counts in mode {mode}.")
        return df
    _checked(df, dims, count_cols, hierarchy or {}, totals)
    keys = [tuple(one) for one in df[list(dims)].itertuples(index=False, name=None)]
    frame = df[list(dims)].copy(deep=True).reset_index(drop=True)
    log: list[Change] = []
    notes = [_NOTES[mode]]
    sums = _sums(keys, dims, hierarchy or {})
    for column in count_cols:
        unknown = df[column].isna().to_numpy(dtype=bool)
        counts = df[column].fillna(0).to_numpy(dtype=np.int64)
        status = np.full(len(counts), "", dtype=object)
        if mode == "suppress":
            shown, advice, closed = _exact(keys, counts, unknown, sums, hierarchy, audit=audit)
            notes += [advice] if advice else []
            log += [Change(key, column, "this total may not be published") for key in closed]
        elif totals == "own" and sums and mode != "internal":
            shown = _own(counts, unknown, sums, mode, audit=audit)
        else:
            shown = np.where(unknown, HIDDEN, rounded(counts, mode))
            if mode != "internal" and _is_fresh(df, column, sums):
                status = _add_up(shown, sums)
        hidden = shown == HIDDEN
        status[hidden] = SUPPRESSED
        values = pd.array(np.where(hidden, 0, shown), dtype="Int64")
        values[hidden] = pd.NA
        frame[column] = values
        kept = f"{column}_status"
        if kept in df.columns:  # a frame that was protected before keeps what was said of it
            said = df[kept].fillna("").to_numpy(dtype=object)
            status = np.where((status == "") & (said == EXCLUDES), said, status)
        frame[kept] = pd.Series(status, dtype=object)
        if EXCLUDES in status:
            notes.append(f'A total marked "{EXCLUDES}" is the sum of the parts that are shown.')
        for key, is_hidden, said, count in zip(keys, hidden, status, shown, strict=True):
            if is_hidden or said:
                log.append(Change(key, column, str(said)))
            elif mode in _WORDS and count > 0:  # also where rounding changed nothing: that, too, would tell the count
                log.append(Change(key, column, _WORDS[mode]))
    return Protected(frame, log, mode=mode, note=" ".join(dict.fromkeys(notes)))


def with_share(
    protected: Protected,
    numerator: str,
    denominator: str,
    *,
    name: str = "value",
    multiplier: float = 100.0,
    is_sensitive: bool = False,
) -> Protected:
    """Answer the same with a share (numerator / denominator x multiplier) that follows from the shown counts alone.

    Null with a status where either is not shown or the denominator is below 8. Where all of the denominator seem to be
    in the numerator, as 38 of 40 do, the share is "≥ 95%". On sensitive topics so is every share that leaves less than
    8 others, and one of less than 8 is "≤ 5%", if 8 people are at most 5 % of the denominator; else it is suppressed.
    """
    import pandas as pd

    frame = protected.frame
    for column in (numerator, denominator):
        if f"{column}_status" not in frame.columns:
            raise RuleError(f"There is no protected count '{column}' here.{did_you_mean(column, frame.columns)}")
    n = frame[numerator].fillna(HIDDEN).to_numpy(dtype=np.int64)
    d = frame[denominator].fillna(HIDDEN).to_numpy(dtype=np.int64)
    status = np.full(len(frame), "", dtype=object)
    with np.errstate(divide="ignore", invalid="ignore"):
        value = n / d * multiplier
    status[(n >= d) & (d > 0)] = AT_LEAST_95
    if is_sensitive:
        few = (n <= SMALL) & (d > 0)
        few_others = (d - n <= SMALL) & (d > 0) & (n > SMALL)
        ample = d >= SMALL / 0.05
        status[few] = np.where(ample[few], AT_MOST_5, SUPPRESSED)
        status[few_others] = np.where(ample[few_others], AT_LEAST_95, SUPPRESSED)
    else:
        status[n == HIDDEN] = SUPPRESSED
    status[(d == HIDDEN) | ((d > 0) & (d <= SMALL))] = SUPPRESSED
    status[d == 0] = "nobody in the denominator"
    value = np.where(status == "", value, np.nan)
    frame[name], frame[f"{name}_status"] = value, pd.Series(status, dtype=object)
    if is_sensitive:  # neither "none of them" nor "all of them": 0 is not told from 1 to 7
        mask = np.isin(status, (AT_MOST_5, AT_LEAST_95)) | ((n >= 0) & (status == SUPPRESSED))
        frame.loc[mask, numerator] = pd.NA
        frame.loc[mask, f"{numerator}_status"] = SUPPRESSED
    note = f"{protected.note} {ERROR_NOTE}" if ((d > 0) & (d < EXACT_FROM)).any() else protected.note
    return Protected(frame, protected.log, mode=protected.mode, note=note.strip())


def protected_mean(total: float, people: int, *, decimals: int = 1) -> float | None:
    """Answer the mean of what `people` persons have in `total`, None below 8 people (PE4)."""
    return round(total / people, decimals) if people > SMALL else None


def protected_percentile(values: Sequence[float], share: float) -> float | None:
    """Answer the percentile (share 0 to 1), None unless 8 people lie on each side of it: never a least or a most."""
    if not 0 < share < 1:
        raise RuleError(f"A percentile lies between 0 and 1, not at {share}: the least and the most are one person's.")
    if min(share, 1 - share) * len(values) < SMALL + 1:
        return None
    return float(np.quantile(np.asarray(values, dtype=float), share))


def _checked(
    df: pd.DataFrame, dims: Sequence[str], count_cols: Sequence[str],
    hierarchy: Mapping[str, Mapping[Hashable, Hashable]], totals: str,
) -> None:  # fmt: skip
    for name in (*dims, *count_cols):
        if name not in df.columns:
            raise RuleError(f"There is no column '{name}' to protect.{did_you_mean(name, map(str, df.columns))}")
    for name in hierarchy:
        if name not in dims:
            raise RuleError(f"The hierarchy is of '{name}', which is no dimension.{did_you_mean(name, dims)}")
    if totals not in ("shown", "own"):
        raise RuleError(f"Totals are 'shown' (the sum of what is shown) or 'own' (rounded themselves), not '{totals}'.")
    if df.duplicated(list(dims)).any():
        raise RuleError(f"Two rows are the same cell of {', '.join(dims)}. Add them up before they are protected.")
    for name in count_cols:
        numbers = df[name].dropna()
        if not all(isinstance(one, int | np.integer) or float(one).is_integer() for one in numbers):
            raise RuleError(f"The column {name} holds something else than whole numbers: expected counts of people.")
        if (numbers < 0).any():
            raise RuleError(f"A count in the column {name} is below 0. Correct the table.")


def _sums(
    keys: Sequence[tuple[Hashable, ...]], dims: Sequence[str], hierarchy: Mapping[str, Mapping[Hashable, Hashable]]
) -> list[Sum]:
    """Answer which rows are the sums of which others along each dimension that has a hierarchy."""
    place = {key: at for at, key in enumerate(keys)}
    sums: list[Sum] = []
    for number, name in enumerate(dims):
        parts_of: dict[Hashable, list[Hashable]] = {}
        for part, whole in hierarchy.get(name, {}).items():
            parts_of.setdefault(whole, []).append(part)
        for key, at in place.items():
            members = [(*key[:number], part, *key[number + 1 :]) for part in parts_of.get(key[number], ())]
            found = tuple(place[one] for one in members if one in place)
            if found:
                sums.append((at, found))
    return sums


def _is_fresh(df: pd.DataFrame, column: str, sums: Sequence[Sum]) -> bool:
    # A frame that was protected before has its totals added up already.
    return bool(sums) and f"{column}_status" not in df.columns


def _add_up(shown: Whole, sums: Sequence[Sum]) -> Any:
    """Put the sums of shown counts into the totals, in place; answer the statuses of those that lack a part."""
    by_total: dict[int, Sequence[int]] = {}
    for total, parts in sums:
        by_total.setdefault(total, parts)
    status = np.full(len(shown), "", dtype=object)
    done: dict[int, tuple[int, bool, bool]] = {}

    def add(cell: int) -> tuple[int, bool, bool]:
        # count, whether anything of it is hidden, whether anything of it is shown
        if cell not in done:
            if cell not in by_total:
                is_hidden = bool(shown[cell] == HIDDEN)
                done[cell] = (0 if is_hidden else int(shown[cell]), is_hidden, not is_hidden and bool(shown[cell]))
            else:
                parts = [add(one) for one in by_total[cell]]
                done[cell] = (sum(one for one, _, _ in parts), any(h for _, h, _ in parts), any(s for *_, s in parts))
        return done[cell]

    for total in by_total:
        count, lacks, has = add(total)
        shown[total] = HIDDEN if lacks and not has else count
        if lacks and has:
            status[total] = EXCLUDES
    return status


def _exact(
    keys: Sequence[tuple[Hashable, ...]], counts: Whole, unknown: Flags, sums: Sequence[Sum],
    hierarchy: Mapping[str, Any] | None, *, audit: bool,
) -> tuple[Whole, str, list[tuple[Hashable, ...]]]:  # fmt: skip
    """Answer the counts shown, advice, and the margins that may not be published."""
    from joinedup.measures.disclosure.secondary import hide

    if not audit or unknown.any():
        # Nulls are those of an earlier protection: what is shown has been audited, and nothing small is left in it.
        return np.where(unknown, HIDDEN, rounded(counts, "suppress")), "", []
    margins: list[tuple[Hashable, ...]] = []
    if hierarchy is None:
        counts, margins, sums = _with_margins(keys, counts)
    pattern = hide(counts, sums)
    size = len(keys)
    closed = [key for key, is_hidden in zip(margins, pattern.hidden[size:], strict=True) if is_hidden]
    return np.where(pattern.hidden, HIDDEN, counts)[:size], pattern.advice, closed


def _with_margins(
    keys: Sequence[tuple[Hashable, ...]], counts: Whole
) -> tuple[Whole, list[tuple[Hashable, ...]], list[Sum]]:
    """Answer the cells followed by every margin, what each margin is called, and the sums that tie them."""
    size = len(keys[0]) if keys else 0
    every = object()  # equal to no value of a dimension
    values: list[int] = counts.tolist()
    level: dict[tuple[Any, ...], int] = {key: at for at, key in enumerate(keys)}
    sums: list[Sum] = []
    names: list[tuple[Hashable, ...]] = []
    while level:
        parts: dict[tuple[Any, ...], dict[int, list[int]]] = {}
        for key, at in level.items():
            for dimension in range(size):
                if key[dimension] is not every:
                    wider = (*key[:dimension], every, *key[dimension + 1 :])
                    parts.setdefault(wider, {}).setdefault(dimension, []).append(at)
        level = {}
        for wider, by_dimension in parts.items():
            level[wider] = len(values)
            names.append(tuple("total" if one is every else one for one in wider))
            values.append(sum(values[one] for one in next(iter(by_dimension.values()))))
            sums += [(level[wider], tuple(ones)) for ones in by_dimension.values()]
    return np.array(values, dtype=np.int64), names, sums


def _own(counts: Whole, unknown: Flags, sums: Sequence[Sum], mode: str, *, audit: bool) -> Whole:
    from joinedup.measures.disclosure.count_tables import Tables
    from joinedup.measures.disclosure.suppression import suppress

    if mode != "nhs":
        raise RuleError(f"In mode {mode} totals are the sums of what is shown. Totals of their own: mode nhs.")
    if unknown.any():
        return np.where(unknown, HIDDEN, rounded(counts, mode))
    one = np.ones(1, dtype=bool)
    table = Tables(counts[None, :], np.zeros((1, len(counts)), dtype=np.int64), np.ones((1, len(counts)), dtype=bool),
                   ~one, ~one, ~one)  # fmt: skip
    hidden = suppress(table, sums, audit=audit)
    return np.where(hidden.n[0], HIDDEN, nearest_five(counts))
