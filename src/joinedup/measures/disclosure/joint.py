"""Protecting all measures at once, so that no sum of areas, bands or groups gives away what another cell hides.

Totals are rounded on their own, not summed from what is shown: a system's figure does not depend on how many of its
practices are small. In exchange every table is audited (`suppression`) against all sums that are published beside it.
Measures are audited each for itself, with one exception: a count that two measures share (the people with a condition
are the numerator of one and the denominator of the next) is hidden in both or in neither.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from joinedup.errors import RuleError
from joinedup.measures.disclosure.bounds import Flags, Sum, Whole
from joinedup.measures.disclosure.count_tables import Tables, shows_at_least_95, shows_at_most_5
from joinedup.measures.disclosure.protected import Change, Protected
from joinedup.measures.disclosure.rounding import (
    AT_LEAST_95,
    AT_MOST_5,
    HIDDEN,
    SMALL,
    SUPPRESSED,
    nearest_five,
)
from joinedup.measures.disclosure.suppression import suppress

if TYPE_CHECKING:
    import pandas as pd

NOTE: Final = (
    "Counts of people are rounded to the nearest 5, totals on their own, so parts may not add up. * hides 1 to 7 "
    "people, or a number from which such a number could be worked out. Shares follow from the rounded counts: where "
    "the denominator is below 100 the exact share may differ by several percentage points."
)
UNPROTECTED: Final = " Some counts can be worked out with the help of what was published earlier."
NOBODY: Final = "nobody in the denominator"
FEWEST_FOR_A_MEAN: Final = SMALL + 1
_KEYS: Final = ("measure", "month", "area_kind", "area", "breakdown", "band")
_KINDS: Final = ("proportion", "rate", "mean", "count")


@dataclass(frozen=True, slots=True)
class Part:
    """That an area is a part of another, in the months given (inclusive; None: always).

    The parts of one area and `family` together are the whole of it, or nearly. An area that is no more is a part of
    what it became, its own parts (practices) are its; where an area is divided twice, each way is a family of its own.
    """

    area: str
    whole: str
    family: str = ""
    first_month: Any = None
    last_month: Any = None

    def holds_in(self, month: Any) -> bool:
        """Answer whether it is so in the month, which must compare with those given."""
        after = self.first_month is None or self.first_month <= month
        return bool(after and (self.last_month is None or month <= self.last_month))


@dataclass(frozen=True, slots=True)
class Rule:
    """What protection must know of a measure.

    A `proportion` counts some of its denominator's people, so that the rest of them is a count as well; in a `rate`
    the two are independent unless `is_part`; a `mean` has a sum as numerator, which is never shown; a `count` has no
    denominator. `is_sensitive` marks the topics of PE6.
    """

    kind: str = "proportion"
    multiplier: float = 1.0
    is_sensitive: bool = False
    is_part: bool = False

    def __post_init__(self) -> None:
        if self.kind not in _KINDS:
            raise RuleError(f"There is no kind of measure '{self.kind}': expected one of {', '.join(_KINDS)}.")


def protect_measures(
    counts: pd.DataFrame,
    parts: Iterable[Part],
    rules: Mapping[str, Rule],
    *,
    earlier: Protected | None = None,
    audit: bool = True,
) -> Protected:
    """Answer the counts of all measures as they may be seen, with the value that follows from what is shown.

    `counts`: a row a measure, month (anything that sorts), area_kind, area, breakdown ("all", …) and band, with the
    raw numerator and denominator (null where the measure has none). Rows that are not there, and rows with a `status`
    already ("no data for the month"), are not published. Groups should add up to their total: give those of whom the
    group is not known a band as well.

    The answer has the same rows in the same order and all their columns but raw ones: the keys, `numerator` and
    `denominator` (Int64, null where not shown), `value` (numerator / denominator x multiplier of the shown counts; the
    mean itself, to three figures, of 8 people or more) and `status`: "", "suppressed", "nobody in the denominator",
    a status that was given, or "≥ 95%", "≤ 5%" in a value's place.

    `earlier` is what is out already of the same measures (an earlier snapshot's, with the areas of then): whatever it
    shows is known for good, so that a count stays hidden that the two together would give away. Where that cannot be
    had because the counts were published before they became small, the note says so.

    `audit=False` hides small counts only. It is there for tests of attacks; nothing made so may be published.
    """
    _checked(counts, rules)
    rows = _Rows(counts, rules, earlier)
    by_structure: dict[tuple[bytes, tuple[Sum, ...]], list[int]] = defaultdict(list)
    links = list(parts)
    for at, month in enumerate(rows.months):
        cells = rows.cells_of(at)
        by_structure[cells.tobytes(), tuple(_sums(rows, cells, links, month))].append(at)
    for (cells_said, sums), months in by_structure.items():
        rows.protect(np.frombuffer(cells_said, dtype=np.int64), sums, months, audit=audit)
    frame = rows.shown()
    log = [
        Change(key, column, SUPPRESSED)
        for column in ("numerator", "denominator")
        for key in frame.loc[rows.hidden[column], list(_KEYS)].itertuples(index=False, name=None)
    ]
    return Protected(frame, log, note=NOTE + (UNPROTECTED if rows.unprotected else ""))


def _checked(counts: pd.DataFrame, rules: Mapping[str, Rule]) -> None:
    missing = [name for name in (*_KEYS, "numerator", "denominator") if name not in counts.columns]
    if missing:
        raise RuleError(
            f"The counts lack the column {missing[0]}: expected {', '.join(_KEYS)}, numerator, denominator."
        )
    without = sorted(set(counts["measure"].unique()) - set(rules))
    if without:
        raise RuleError(f"There is no rule for the measure '{without[0]}'. Give each measure its Rule.")
    if counts.duplicated(["measure", "month", "area", "breakdown", "band"]).any():
        raise RuleError("A measure has two rows for one month, area and band. Add them up before they are protected.")
    for name in ("numerator", "denominator"):
        if (counts[name] < 0).fillna(False).any():
            raise RuleError(f"A {name} is below 0. Counts are whole numbers from 0; correct the definition.")


class _Rows:
    """The rows of all measures as numbers: which measure, month and cell each is."""

    def __init__(self, counts: pd.DataFrame, rules: Mapping[str, Rule], earlier: Protected | None = None) -> None:
        import pandas as pd

        self.counts = counts
        self.measure, names = pd.factorize(counts["measure"], sort=True)
        self.month, months = pd.factorize(counts["month"], sort=True)
        self.months: list[Any] = list(months)
        self.rules = [rules[name] for name in names]
        codes = [pd.factorize(counts[name].fillna(""), sort=True) for name in ("area", "breakdown", "band")]
        sizes = [len(words) for _, words in codes]
        mixed = (codes[0][0].astype(np.int64) * sizes[1] + codes[1][0]) * sizes[2] + codes[2][0]
        kept, self.cell = np.unique(mixed, return_inverse=True)
        self.keys: list[tuple[str, str, str]] = [
            (
                str(codes[0][1][one // (sizes[1] * sizes[2])]),
                str(codes[1][1][one // sizes[2] % sizes[1]]),
                str(codes[2][1][one % sizes[2]]),
            )
            for one in kept.tolist()
        ]
        status = counts["status"].fillna("") if "status" in counts.columns else pd.Series("", index=counts.index)
        self.given = status.astype(str).to_numpy(dtype=object)
        # A mean's numerator is a sum of values, not a count of people; it is used for the mean and never shown.
        self.raw = counts["numerator"].fillna(0).to_numpy(dtype=float)
        is_mean = np.array([rule.kind == "mean" for rule in self.rules])[self.measure]
        self.n = np.where(is_mean, 0, np.rint(self.raw)).astype(np.int64)
        self.d = counts["denominator"].fillna(0).to_numpy(dtype=np.int64)
        has_people = np.array([rule.kind != "count" for rule in self.rules])[self.measure]
        lacks = counts["numerator"].isna() | (has_people & counts["denominator"].isna())
        self.is_published = (self.given == "") & ~lacks.to_numpy()
        no_rows = np.zeros(len(counts), dtype=bool)
        self.hidden = {"numerator": no_rows, "denominator": no_rows.copy()}
        self.words = np.full(len(counts), "", dtype=object)
        self.earlier = {column: self._earlier(earlier, column) for column in ("numerator", "denominator")}
        self.unprotected = False

    def _earlier(self, earlier: Protected | None, column: str) -> tuple[Flags, Flags]:
        """Answer which counts an earlier release has shown, if they were the same, and which it has hidden."""
        import pandas as pd

        counts = self.n if column == "numerator" else self.d
        none = np.zeros(len(counts), dtype=bool)
        if earlier is None:
            return none, none
        keys = [name for name in _KEYS if name != "area_kind"]
        old = self.counts[keys].merge(earlier.frame[[*keys, column, "status"]], on=keys, how="left")
        shown = old[column].fillna(HIDDEN).to_numpy(dtype=np.int64)
        is_hidden = pd.isna(old[column]) & old["status"].isin([SUPPRESSED, AT_LEAST_95, AT_MOST_5])
        knows = (shown == nearest_five(counts)) & ((counts > SMALL) | (counts == 0))
        return knows & self.is_published, is_hidden.to_numpy(dtype=bool) & self.is_published

    def cells_of(self, month: int) -> Whole:
        return np.unique(self.cell[(self.month == month) & self.is_published]).astype(np.int64)

    def protect(self, cells: Whole, sums: Sequence[Sum], months: Sequence[int], *, audit: bool) -> None:
        """Protect the months of one structure: its cells, then those of totals that nobody publishes."""
        chosen = np.flatnonzero(np.isin(self.month, months) & self.is_published)
        if not len(chosen):
            return
        tables, table = np.unique(self.month[chosen] * len(self.rules) + self.measure[chosen], return_inverse=True)
        size = max([len(cells), *(total + 1 for total, _ in sums)])
        cell = np.searchsorted(cells, self.cell[chosen])
        n, d = np.zeros((len(tables), size), dtype=np.int64), np.zeros((len(tables), size), dtype=np.int64)
        is_published = np.zeros((len(tables), size), dtype=bool)
        n[table, cell], d[table, cell], is_published[table, cell] = self.n[chosen], self.d[chosen], True
        before = []  # what an earlier release has shown of n and d, and what it has hidden
        for number in (0, 1):
            for column in ("numerator", "denominator"):
                flags = np.zeros_like(is_published)
                flags[table, cell] = self.earlier[column][number][chosen]
                before.append(flags)
        for total, parts in reversed(sums):  # parts come after their totals
            lacks = ~is_published[:, total]
            members = np.asarray(parts)
            for counts in (n, d):
                counts[lacks, total] = np.maximum(counts[lacks, total], counts[np.ix_(lacks, members)].sum(axis=1))
        rules = [self.rules[one % len(self.rules)] for one in tables]
        made = Tables(
            n, d, is_published,
            np.array([rule.kind != "count" for rule in rules]),
            np.array([rule.kind == "proportion" or rule.is_part for rule in rules]),
            np.array([rule.is_sensitive for rule in rules]),
            *before,
        )  # fmt: skip
        # The same counts in two months are two facts: only tables of one month are linked.
        hidden = suppress(made, sums, audit=audit, groups=tables // len(self.rules))
        self.unprotected |= bool(hidden.unprotected)
        shown_d = np.where(hidden.d, 0, nearest_five(d))
        at_most, at_least = shows_at_most_5(made, shown_d), shows_at_least_95(made, shown_d)
        is_share = np.array([rule.kind == "proportion" for rule in rules])[:, None]
        all_of_them = ~hidden.n & ~hidden.d & is_share & (d > 0) & (nearest_five(n) >= nearest_five(d))
        words = np.full(n.shape, "", dtype=object)
        words[hidden.n | hidden.d] = SUPPRESSED
        words[made.has_people[:, None] & (d == 0) & ~hidden.d] = NOBODY
        words[all_of_them | at_least] = AT_LEAST_95
        words[at_most & (d > 0) & ~hidden.d] = AT_MOST_5
        self.hidden["numerator"][chosen] = hidden.n[table, cell]
        self.hidden["denominator"][chosen] = hidden.d[table, cell]
        self.words[chosen] = words[table, cell]

    def shown(self) -> pd.DataFrame:
        """Answer the rows as they may be seen."""
        import pandas as pd

        frame = self.counts[list(_KEYS)].copy()
        kind = np.array([rule.kind for rule in self.rules])[self.measure]
        multiplier = np.array([rule.multiplier for rule in self.rules])[self.measure]
        n, d = nearest_five(self.n), nearest_five(self.d)
        hides_n = self.hidden["numerator"] | ~self.is_published | (kind == "mean")
        hides_d = self.hidden["denominator"] | ~self.is_published | (kind == "count")
        frame["numerator"] = pd.array(np.where(hides_n, 0, n), dtype="Int64")
        frame.loc[hides_n, "numerator"] = pd.NA
        frame["denominator"] = pd.array(np.where(hides_d, 0, d), dtype="Int64")
        frame.loc[hides_d, "denominator"] = pd.NA
        status = np.where(self.is_published, self.words, self.given)
        with np.errstate(divide="ignore", invalid="ignore"):
            value = np.where(hides_n | hides_d | (status != ""), np.nan, n / d * multiplier)
            is_mean = (kind == "mean") & ~hides_d & (self.d >= FEWEST_FOR_A_MEAN)
            value = np.where(is_mean, _to_three_figures(self.raw / self.d) * multiplier, value)
            value = np.where((kind == "count") & ~hides_n, n * multiplier, value)
        frame["value"] = value
        frame["status"] = pd.Series(status, index=frame.index, dtype=object)
        return frame


def _to_three_figures(values: Any) -> Any:
    size = np.floor(np.log10(np.maximum(np.abs(np.nan_to_num(values)), 1e-9)))
    unit = np.power(10.0, 2 - size)
    return np.rint(values * unit) / unit


def _sums(rows: _Rows, cells: Whole, links: Sequence[Part], month: Any) -> list[Sum]:
    """Answer the sums over a month's cells, totals before their parts; crossing sums (groups within places) last."""
    place = {rows.keys[cell]: at for at, cell in enumerate(cells.tolist())}
    children: dict[tuple[str, str], list[str]] = defaultdict(list)
    for link in links:
        if link.holds_in(month):
            children[link.whole, link.family].append(link.area)
    everyone: dict[str, int] = {area: at for (area, breakdown, _), at in place.items() if breakdown == "all"}
    size = len(cells)
    wholes = [whole for whole, _ in children]
    under = {child for ones in children.values() for child in ones}
    for whole in wholes:  # a total that nobody publishes still ties its parts to what it is a part of itself
        if whole not in everyone and whole in under:
            everyone[whole] = size
            size += 1
    order = _from_the_top(children)
    sums: list[Sum] = []
    for whole, family in order:
        members = tuple(everyone[one] for one in children[whole, family] if one in everyone)
        if whole in everyone and members:
            sums.append((everyone[whole], members))
    groups: dict[tuple[str, str], list[int]] = defaultdict(list)
    for (area, breakdown, _), at in place.items():
        if breakdown != "all":
            groups[area, breakdown].append(at)
    sums += [(everyone[area], tuple(ones)) for (area, _), ones in groups.items() if area in everyone]
    bands = {key[1:] for key in place if key[1] != "all"}
    for breakdown, band in sorted(bands):
        for whole, family in order:
            members = tuple(
                place[one, breakdown, band] for one in children[whole, family] if (one, breakdown, band) in place
            )
            if members and (whole, breakdown, band) in place:
                sums.append((place[whole, breakdown, band], members))
    return sums


def _from_the_top(children: Mapping[tuple[str, str], Sequence[str]]) -> list[tuple[str, str]]:
    whole_of = {child: whole for (whole, _), ones in children.items() for child in ones}

    def depth(area: str) -> int:
        deep, seen = 0, {area}
        while area in whole_of:
            area = whole_of[area]
            deep += 1
            if area in seen:
                raise RuleError(f"The area '{area}' is a part of itself. Correct which areas are parts of which.")
            seen.add(area)
        return deep

    return sorted(children, key=lambda key: (depth(key[0]), key))
