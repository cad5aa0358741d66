"""Who has to confirm the register, a nil one too, and by when; and whom to remind again (rules: I2, I6).

Who takes a seat confirms within 28 days; everybody within 12 months of the last time. Nobody is reminded twice within
28 days.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from joinedup.governance.calendar_months import months_after
from joinedup.governance.interests.register import CONFIRMED_MONTHS, DAYS_TO_DECLARE

AHEAD = timedelta(days=DAYS_TO_DECLARE)  # how long before its day a confirmation is asked for


@dataclass(frozen=True, slots=True)
class DueConfirmation:
    """That a person has to confirm by a day: when it was done last (None: never), and when he was reminded last."""

    person: str
    due_on: date
    last_on: date | None
    reminded_on: date | None = None

    def is_overdue(self, on: date) -> bool:
        """Answer whether the day is over; the day itself is in time."""
        return self.due_on < on

    def may_be_reminded(self, on: date) -> bool:
        """Answer whether a reminder is due: none was given in the 28 days before."""
        return self.reminded_on is None or (on - self.reminded_on).days >= DAYS_TO_DECLARE


def due_on(seated_on: date, last_on: date | None) -> date:
    """Answer by when somebody who took a seat on a day confirms: 28 days after that, then 12 months after each time."""
    first = seated_on + timedelta(days=DAYS_TO_DECLARE)
    return first if last_on is None else months_after(last_on, CONFIRMED_MONTHS)


def confirmations_due(
    seated: Mapping[str, date],
    confirmed: Mapping[str, date],
    on: date,
    *,
    reminded: Mapping[str, date] | None = None,
) -> list[DueConfirmation]:
    """Answer who has to confirm within 28 days of a day or should have before, the longest overdue first.

    `seated` is {person: the first day of the seat held longest}, `confirmed` and `reminded` the last day of each.
    """
    found = []
    for person, since in seated.items():
        last = confirmed.get(person)
        due = due_on(since, last)
        if due <= on + AHEAD:
            found.append(DueConfirmation(person, due, last, (reminded or {}).get(person)))
    return sorted(found, key=lambda one: (one.due_on, one.person))


def to_remind(due: Iterable[DueConfirmation], on: date) -> list[DueConfirmation]:
    """Answer whom to remind on a day."""
    return [one for one in due if one.may_be_reminded(on)]
