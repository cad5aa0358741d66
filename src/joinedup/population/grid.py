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

NO_LEAP = (1900 * 12 + 1, 2100 * 12 + 1)
WIDEST = 60
"""Bits that a mask may have: whole numbers of 64 bits, with room for shifts."""


@dataclass(frozen=True)
class Window:
    """A stretch of time that ends at the day looked at. `kind` is ever, months, days, since (a date), month or season.

    months and days are (day - count, day]; month is the calendar month of the day; a season runs from the first of a
    month up to a year on.
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

    def from_day(self, day: Any, month: Any = None) -> Any:
        """Answer the place of the first day of the grid on or after a day (an Ibis date); below 0 for earlier ones.

        `month` is the number of the day's month, where a column holds it already.
        """
        return (month_of(day) if month is None else month) - self.months.start

    def within(self, day: Any, window: Window, month: Any = None) -> Any:
        """Answer the last place at which `day` still lies in the window that ends there."""
        start = self.months.start
        month = month_of(day) if month is None else month
        if window.kind == "months":
            return month + (window.count - 1 - start) + _one_longer(day, month, window.count)
        if window.kind == "month":
            return month - start
        if window.kind == "days":
            # The last month end on or before day + count - 1: the month before the one that day + count lies in.
            return month_of(_later(day, window.count)) - (1 + start)
        if window.kind == "season":
            # The season's last month: eleven after the latest month of that name.
            return month - (month - (window.month - 1)) % 12 + (11 - start)
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

    def from_day(self, day: Any, month: Any = None) -> Any:
        return _if(day <= self.day, 0, 1)

    def within(self, day: Any, window: Window, month: Any = None) -> Any:
        return _if(day >= self.window_start(window), 0, -1) if window.kind != "ever" else _always(day, 0)

    def window_start(self, window: Window) -> date:
        if window.kind == "months":
            return months_before(self.day, window.count) + timedelta(days=1)
        if window.kind == "month":
            return self.day.replace(day=1)
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


def month_of(day: Any) -> Any:
    """Answer the number of a day's month."""
    return (day.year() * 12 + day.month() - 1).cast("int32")


def _later(day: Any, days: int) -> Any:
    import ibis

    return (day + ibis.interval(days=days)).cast("date")


def _one_longer(day: Any, month: Any, window: int) -> Any:
    """The rule of months.last_month_within: 1 where the month so many months on has no such day, else 0.

    Of every 48 months the second is the February of a leap year, but for 1900 and 2100.
    """
    import ibis

    then = month + window
    if window % 12 == 0:
        missing = (then % 48 != 1) | then.isin(NO_LEAP)
        longer = (then % 12 == 1) & missing & (day.day() == 29)
        return ibis.ifelse(longer, 1, 0).cast("int32")
    length = ibis.cases(
        ((then % 48 == 1) & then.notin(NO_LEAP), ibis.literal(29)),
        (then % 12 == 1, ibis.literal(28)),
        ((then % 12).isin([3, 5, 8, 10]), ibis.literal(30)),
        else_=31,
    )
    return ibis.ifelse(day.day() > length, 1, 0).cast("int32")
