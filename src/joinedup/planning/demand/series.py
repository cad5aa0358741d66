"""A month's count after another: what a forecast is made from, and the table it is taken from."""

from __future__ import annotations

import calendar
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING

import numpy as np

from joinedup.errors import NotFound, RuleError, did_you_mean
from joinedup.planning.demand.repetition import SHARE, Repeat, months_of, repeated_periods
from joinedup.planning.waiting.durations import Floats, numbers

if TYPE_CHECKING:
    import pandas as pd

KEEP = ("neither", "earlier")


def month_after(month: date, steps: int = 1) -> date:
    """Answer the first day of the month so many months later (earlier when negative)."""
    count = month.year * 12 + month.month - 1 + steps
    return date(count // 12, count % 12 + 1, 1)


def days_in(months: tuple[date, ...]) -> Floats:
    """Answer the number of days of each month."""
    return np.array([calendar.monthrange(month.year, month.month)[1] for month in months], dtype=float)


@dataclass(frozen=True)
class MonthlySeries:
    """Counts of consecutive months, the first of which begins on `start`; no month is missing.

    `repeated` are pairs of months that its table holds twice (ME11); a forecast refuses them until `without_repeats`
    has said what becomes of them.
    """

    start: date
    values: tuple[float, ...]
    name: str = ""
    repeated: tuple[Repeat, ...] = ()

    def __post_init__(self) -> None:
        if self.start.day != 1:
            raise RuleError(f"ME10: the series {self.name} starts on {self.start}; expected the first day of a month.")
        numbers("ME10", f"a month of the series {self.name}", self.values, least=0)

    def __len__(self) -> int:
        return len(self.values)

    def __iter__(self) -> Iterator[tuple[date, float]]:
        return iter(zip(self.months, self.values, strict=True))

    @property
    def months(self) -> tuple[date, ...]:
        return tuple(month_after(self.start, step) for step in range(len(self.values)))

    @property
    def per_day(self) -> Floats:
        """The counts over the days of their month: February is not a quiet month because it is short."""
        return np.asarray(self.values, dtype=float) / days_in(self.months)

    def before(self, month: date) -> MonthlySeries:
        """Answer the months before that one."""
        kept = sum(one < month for one in self.months)
        return replace(self, values=self.values[:kept])

    def without_repeats(self, keep: str = "neither") -> MonthlySeries:
        """Answer the longest run of months without the repeated ones; of two equally long ones, the later.

        "neither" leaves out both months of each pair, which is right until somebody has explained them; "earlier"
        keeps the earlier month, for when it is known that the later was copied from it.
        """
        if keep not in KEEP:
            raise RuleError(f"ME11: keep is '{keep}'; expected one of {', '.join(KEEP)}.")
        out = {late for _, late, _ in self.repeated} | (
            {early for early, _, _ in self.repeated} if keep == "neither" else set()
        )
        runs: list[list[tuple[date, float]]] = [[]]
        for month, value in self:
            if month in out:
                runs.append([])
            else:
                runs[-1].append((month, value))
        best = max(reversed(runs), key=len)
        if not best:
            raise RuleError(f"ME11: every month of the series {self.name} is repeated; nothing is left to forecast.")
        return MonthlySeries(best[0][0], tuple(value for _, value in best), self.name)


def monthly_series(
    frame: pd.DataFrame, name: str, *, unit: str, period: str, value: str, share: float = SHARE
) -> MonthlySeries:
    """Answer the series of one unit, which knows the months that the whole table holds twice (ME11).

    NotFound for an unknown unit; RuleError for a month that is missing or twice, or blank.
    """
    known = frame[unit].astype(str)
    mine = frame[known == name]
    if mine.empty:
        raise NotFound(f"ME10: there is no {unit} '{name}'.{did_you_mean(name, known.unique())}")
    months = [month.date() for month in months_of(mine[period])]
    by_month = dict(zip(months, mine[value].astype(float), strict=True))
    if len(by_month) != len(months):
        raise RuleError(f"ME10: {name} has a month twice; expected one row for each month.")
    first, last = min(months), max(months)
    wanted = [month_after(first, step) for step in range((last.year - first.year) * 12 + last.month - first.month + 1)]
    if missing := [f"{month:%B %Y}" for month in wanted if month not in by_month]:
        raise RuleError(f"ME10: {name} lacks {', '.join(missing[:3])}; add them, or give the months after the gap.")
    mine_are = set(months)
    repeats = tuple(
        repeat
        for repeat in repeated_periods(frame, unit=unit, period=period, value=value, share=share)
        if repeat[0] in mine_are and repeat[1] in mine_are
    )
    return MonthlySeries(first, tuple(by_month[month] for month in wanted), name, repeats)
