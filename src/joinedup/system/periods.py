"""Dates of day, month or year precision, and half-open periods of days.

A date is kept as exact as it was given. It is ordered by its earliest day; it is late from its breach day, the first
day after the last it could mean (rules: governance T2).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from joinedup.errors import RuleError

_FORMS = {4: "year", 7: "month", 10: "day"}


@dataclass(frozen=True, slots=True, order=True)
class PartialDate:
    """A date as exact as it was given; `earliest` is its first possible day."""

    earliest: date
    precision: str = "day"

    @classmethod
    def parse(cls, text: str) -> PartialDate:
        """Read 2022-07-01, 2020-05 or 2016.

        Raises RuleError when the text has another form or names a day that does not exist.
        """
        text = text.strip()
        precision = _FORMS.get(len(text), "")
        if not precision or not re.fullmatch(r"\d{4}(-\d\d){0,2}", text):
            raise RuleError(f"'{text}' is not a date; expected 2022-07-01, or 2020-05 for a month, or 2016 for a year.")
        try:
            return cls(date.fromisoformat(text + "-01" * ((10 - len(text)) // 3)), precision)
        except ValueError:
            raise RuleError(f"'{text}' does not exist in the calendar; expected a date such as 2022-07-01.") from None

    @property
    def breach(self) -> date:
        """The first day on which something due on this date is late."""
        if self.precision == "day":
            return self.earliest + timedelta(days=1)
        if self.precision == "month":
            return (self.earliest.replace(day=28) + timedelta(days=4)).replace(day=1)
        return self.earliest.replace(year=self.earliest.year + 1)

    def is_uncertain_on(self, day: date) -> bool:
        """Answer whether on `day` it is open if this date has come: within the month or year that was given."""
        return self.precision != "day" and self.earliest <= day < self.breach

    def __str__(self) -> str:
        return {"day": self.earliest.isoformat(), "month": f"{self.earliest:%Y-%m}", "year": f"{self.earliest:%Y}"}[
            self.precision
        ]


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """The days from `start` up to, not including, `end`; an end of None is open."""

    start: date
    end: date | None = None

    def __post_init__(self) -> None:
        if self.end is not None and self.end <= self.start:
            raise RuleError(
                f"A period from {self.start} to {self.end} has no day; its end must be later than its start."
            )

    def __contains__(self, day: date) -> bool:
        return self.start <= day and (self.end is None or day < self.end)

    def overlaps(self, other: Period) -> bool:
        """Answer whether the two periods share a day."""
        return (self.end is None or other.start < self.end) and (other.end is None or self.start < other.end)


def gaps(periods: Iterable[Period], within: Period) -> list[Period]:
    """Answer the stretches of `within` that no period covers, in order.

    `within` must have an end. Periods may overlap and come in any order (rules: C6, C11).
    """
    if within.end is None:
        raise RuleError("Gaps can be found only within a period that ends.")
    found, reached = [], within.start
    for period in sorted(periods, key=lambda p: p.start):
        if period.start > reached:
            found.append(Period(reached, min(period.start, within.end)))
        if period.end is None or period.end >= within.end:
            return [gap for gap in found if gap.start < within.end]
        reached = max(reached, period.end)
        if reached >= within.end:
            return found
    return [*found, Period(reached, within.end)]


def handover_gap(outgoing_to: date, incoming_from: date) -> int:
    """Answer the days between one holder of a post and the next: 0 is a clean handover, below 0 an overlap (C11)."""
    return (incoming_from - outgoing_to).days
