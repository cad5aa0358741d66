"""The days on which statements are evaluated: the ends of months, or one day. A day of the grid is known by its place.

What is true of a person is held as one whole number with a bit for each place of the grid: bit 0 for its first day.
"And" is `&`, "or" is `|`; a person's three years of month ends fit into 36 bits.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from joinedup.errors import RuleError
from joinedup.population.months import last_day, month_number, months_before

WIDEST = 60
"""Bits that a mask may have: whole numbers of 64 bits, with room for shifts."""


@dataclass(frozen=True)
class Window:
    """A stretch of time that ends at the day looked at. `kind` is ever, months, days, since (a date) or season.

    months and days are (day - count, day]; a season runs from the first of a month up to a year on.
    """

    kind: str = "ever"
    count: int = 0
    since: date | None = None
    month: int = 0


EVER = Window()


@dataclass(frozen=True)
class MonthEnds:
    """The last days of consecutive months, by month number."""

    months: range

    def __post_init__(self) -> None:
        if not 1 <= len(self.months) <= WIDEST or self.months.step != 1:
            raise RuleError(f"Statements are evaluated for 1 to {WIDEST} months in a row, not for {len(self.months)}.")

    def __len__(self) -> int:
        return len(self.months)

    @property
    def first_month(self) -> int:
        return self.months.start

    @property
    def last(self) -> date:
        return last_day(self.months[-1])

    def from_day(self, day: Any) -> Any:
        """Answer the place of the first day of the grid on or after a day (an Ibis date); below 0 for earlier ones."""
        return _month(day) - self.months.start

    def within(self, day: Any, window: Window) -> Any:
        """Answer the last place at which `day` still lies in the window that ends there."""
        start = self.months.start
        if window.kind == "months":
            return _last_month_within(day, window.count) - start
        if window.kind == "days":
            # The last month end on or before day + count - 1: the month before the one that day + count lies in.
            return _month(_later(day, window.count)) - 1 - start
        if window.kind == "season":
            place = window.month - 1
            return ((_month(day) - place) // 12).cast("int32") * 12 + place + 11 - start
        if window.kind == "since":
            return _if(day >= window.since, len(self) - 1, -1)
        return _always(day, len(self) - 1)

    def until_month(self, months: Any) -> Any:
        """Answer the place of the end of a month, given by its number."""
        return months - self.months.start


@dataclass(frozen=True)
class OneDay:
    """One day alone, as of which a cohort is drawn."""

    day: date

    def __len__(self) -> int:
        return 1

    @property
    def first_month(self) -> int:
        return month_number(self.day)

    @property
    def last(self) -> date:
        return self.day

    def from_day(self, day: Any) -> Any:
        return _if(day <= self.day, 0, 1)

    def within(self, day: Any, window: Window) -> Any:
        return _if(day >= self.window_start(window), 0, -1) if window.kind != "ever" else _always(day, 0)

    def window_start(self, window: Window) -> date:
        if window.kind == "months":
            return months_before(self.day, window.count) + timedelta(days=1)
        if window.kind == "days":
            return self.day - timedelta(days=window.count - 1)
        if window.kind == "season":
            year = self.day.year - int(self.day.month < window.month)
            return date(year, window.month, 1)
        assert window.since is not None
        return window.since

    def until_month(self, months: Any) -> Any:
        import ibis

        return ibis.ifelse(months >= self.first_month, 0, -1)


Grid = MonthEnds | OneDay


def _if(test: Any, then: int, otherwise: int) -> Any:
    import ibis

    return ibis.ifelse(test, then, otherwise).cast("int32")


def _always(day: Any, place: int) -> Any:
    import ibis

    return ibis.ifelse(day.isnull(), ibis.null("int32"), ibis.literal(place)).cast("int32")


def _month(day: Any) -> Any:
    return (day.year() * 12 + day.month() - 1).cast("int32")


def _later(day: Any, days: int) -> Any:
    import ibis

    return (day + ibis.interval(days=days)).cast("date")


def _last_month_within(day: Any, window: int) -> Any:
    """The rule of months.last_month_within, as an expression.

    A day late in a month is one month longer within where the month so many months on is shorter than that.
    """
    import ibis

    month = _month(day)
    then = month + window
    year, place = (then // 12).cast("int32"), then % 12
    leap = (year % 4 == 0) & ((year % 100 != 0) | (year % 400 == 0))
    length = ibis.cases(
        (place == 1, ibis.ifelse(leap, 29, 28)), (place.isin([3, 5, 8, 10]), ibis.literal(30)), else_=31
    )
    return month + window - 1 + (day.day() > length).cast("int32")
