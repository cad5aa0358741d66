"""A series to forecast from, out of protected counts: what is hidden, missing or copied in it is named, not guessed at.

Protected counts are rounded to the nearest 5, and some are hidden. A few hidden months are filled with the mean of the
months on both sides, which the answer names; a month without data ends the series, and the months after it are taken.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from joinedup.planning.demand.back_test import HORIZONS, LEAST_TRAINING, TooShort
from joinedup.planning.demand.repetition import SHARE, Repeat
from joinedup.planning.demand.series import MonthlySeries, month_after
from joinedup.planning.waiting.durations import Floats

NEEDED = LEAST_TRAINING + max(HORIZONS)
MOST_HIDDEN = 1 / 6  # of the months that are trained on [decision]: with more, the mean of neighbours is the forecast
BY_CHANCE = 0.001  # that months are called copies of each other where they are not
HIDDEN, NO_DATA, FILLED, COPIED, EARLIER, TRAINED = (
    "hidden", "no data", "filled", "repeated", "not used", "trained on",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Month:
    """A month of the past: its count, None where it is not given, and how the forecast uses it (`TRAINED`, …)."""

    month: date
    units: float | None
    use: str


@dataclass(frozen=True)
class History:
    """What a forecast is trained on, and every month of the past with the use that was made of it."""

    series: MonthlySeries
    months: tuple[Month, ...]
    repeats: tuple[Repeat, ...] = ()

    def used_as(self, use: str) -> tuple[date, ...]:
        """Answer the months of one use."""
        return tuple(one.month for one in self.months if one.use == use)


def history_of(
    months: Sequence[date],
    units: Sequence[float | None],
    name: str,
    *,
    known: Sequence[date],
    repeats: Sequence[Repeat] = (),
) -> History:
    """Answer the longest usable series that ends with the last month known, and what became of each month.

    Shape: parallel `months` and `units` (None: not given), without a gap; `known` are those for which there is data at
    all. Repeated months (ME11) are left out, both of each pair, until somebody explains them. TooShort with the reason
    where fewer than 27 months are left, or more than a sixth of them are hidden.
    """
    there = set(known)
    copied = {month for early, late, _ in repeats for month in (early, late)}
    uses = [
        NO_DATA if month not in there else COPIED if month in copied else HIDDEN if count is None else TRAINED
        for month, count in zip(months, units, strict=True)
    ]
    start, stop = _last_run(uses)
    # A series neither starts nor ends with a month that nobody knows.
    while start < stop and uses[start] == HIDDEN:
        start += 1
    while stop > start and uses[stop - 1] == HIDDEN:
        stop -= 1
    hidden = [at for at in range(start, stop) if uses[at] == HIDDEN]
    if stop - start < NEEDED:
        raise TooShort(_too_short(name, uses, stop - start, repeats))
    if len(hidden) > MOST_HIDDEN * (stop - start):
        raise TooShort(
            f"ME10: {len(hidden)} of {stop - start} months of {name} are hidden because their counts are small; "
            "expected at most one in six. Choose something larger: the whole system, a provider, or a place."
        )
    values = _filled([None if count is None else float(count) for count in units[start:stop]])
    for at in range(len(uses)):
        if uses[at] == TRAINED and not start <= at < stop:
            uses[at] = EARLIER
    for at in hidden:
        uses[at] = FILLED
    told = tuple(
        Month(month, values[at - start] if use == FILLED else count, use)
        for at, (month, count, use) in enumerate(zip(months, units, uses, strict=True))
    )
    return History(MonthlySeries(months[start], tuple(values), name), told, tuple(repeats))


def copied_months(table: Mapping[str, Sequence[float | None]], months: Sequence[date]) -> list[Repeat]:
    """Answer pairs of months that are the same in more series than rounded counts are by chance (ME11).

    Shape: each series has a count for each of `months`, None where there is none. A pair is told when over 30 per cent
    of the series that have both are equal, and so many would be by chance less than once in a thousand searches: a
    series rounded to 5 that stands at 10 or 15 is equal in every other pair, and says nothing.
    """
    names = sorted(table)
    if not names or len(months) < 2:
        return []
    values = np.array([[np.nan if one is None else one for one in table[name]] for name in names], dtype=float)
    # counted, equal: (series, earlier month, later month); 0 in both says nothing about copying.
    ours, theirs = values[:, :, None], values[:, None, :]
    counted = ~np.isnan(ours) & ~np.isnan(theirs) & ((ours != 0) | (theirs != 0))
    counted &= np.triu(np.ones((len(months), len(months)), dtype=bool), 1)
    equal = counted & (ours == theirs)
    many = counted.sum(axis=(1, 2))
    chance = np.divide(equal.sum(axis=(1, 2)), many, out=np.ones(len(names)), where=many > 0)
    pairs = len(months) * (len(months) - 1) // 2
    found: list[Repeat] = []
    share = np.divide(equal.sum(axis=0), counted.sum(axis=0), out=np.zeros(equal.shape[1:]), where=counted.any(axis=0))
    for early, late in zip(*np.nonzero(share > SHARE), strict=True):
        those = counted[:, early, late]
        if _at_least(chance[those], int(equal[those, early, late].sum())) * pairs < BY_CHANCE:
            found.append((months[early], months[late], float(share[early, late])))
    return found


def _at_least(chances: Floats, many: int) -> float:
    """Answer how probable it is that so many or more of independent events of these chances come together."""
    odds = np.zeros(len(chances) + 1)
    odds[0] = 1.0
    for chance in chances:
        odds[1:] = odds[1:] * (1 - chance) + odds[:-1] * chance
        odds[0] *= 1 - chance
    return float(odds[many:].sum())


def _last_run(uses: Sequence[str]) -> tuple[int, int]:
    """Answer where the months without a gap begin and end that come last, or before them the last that are enough."""
    runs: list[tuple[int, int]] = []
    begins: int | None = None
    for at, use in enumerate([*uses, NO_DATA]):
        if use in (NO_DATA, COPIED):
            if begins is not None:
                runs.append((begins, at))
            begins = None
        elif begins is None:
            begins = at
    if not runs:
        return 0, 0
    return next((run for run in reversed(runs) if run[1] - run[0] >= NEEDED), runs[-1])


def _filled(values: Sequence[float | None]) -> list[float]:
    """Answer the values with what lies between two known ones on the line through them."""
    at = [n for n, value in enumerate(values) if value is not None]
    return [float(one) for one in np.interp(range(len(values)), at, [v for v in values if v is not None])]


def _too_short(name: str, uses: Sequence[str], left: int, repeats: Sequence[Repeat]) -> str:
    because = []
    if none := sum(use == NO_DATA for use in uses):
        because.append(f"{none} of {len(uses)} months have no data")
    if hidden := sum(use == HIDDEN for use in uses):
        because.append(f"{hidden} are hidden because their counts are small")
    if copied := sum(use == COPIED for use in uses):
        pairs = ", ".join(f"{late:%B %Y} is as {early:%B %Y}" for early, late, _ in repeats)
        because.append(f"{copied} repeat another month: {pairs}; ask who sent them")
    reason = f" ({', '.join(because)})" if because else ""
    return (
        f"ME10: {name} has {left} months in a row that can be trained on{reason}; expected at least {NEEDED}: "
        f"{LEAST_TRAINING} to train on and {max(HORIZONS)} to test against. Choose something larger."
    )


def months_ahead(first: date, many: int) -> tuple[date, ...]:
    """Answer the months from one on."""
    return tuple(month_after(first, step) for step in range(many))
