"""The pair of times that every question is asked for: true on a day, known at an instant."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

from joinedup.errors import RuleError

LONDON = ZoneInfo("Europe/London")


@dataclass(frozen=True, slots=True)
class Moment:
    """A point in both times: what was true on `valid_on`, by what was known at `known_at` (an aware datetime)."""

    valid_on: date
    known_at: datetime

    def __post_init__(self) -> None:
        if self.known_at.tzinfo is None:
            raise RuleError("known_at needs a time zone; give an aware datetime.")


def parse_day(text: str) -> date:
    """Read an ISO date such as 2022-07-01.

    Raises RuleError for anything else, with the form that was expected; 2022-02-30 is refused as a day that
    does not exist.
    """
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        raise RuleError(f"'{text}' is not a date that exists; expected year-month-day such as 2022-07-01.") from None


def parse_known(text: str) -> datetime:
    """Read an instant: an ISO date-time, or a date, which means the end of that day in London.

    "What did we know on 19 March" includes what was learnt during 19 March, so a bare date is its last microsecond.
    A date-time without a zone is London time.
    """
    text = text.strip()
    if len(text) <= 10:
        return end_of_day(parse_day(text))
    try:
        instant = datetime.fromisoformat(text)
        instant = instant if instant.tzinfo else instant.replace(tzinfo=LONDON)
        instant.astimezone(UTC)  # The first hours of the year 1 are, east of here, before all years.
    except (ValueError, OverflowError):
        raise RuleError(
            f"'{text}' is not a time that exists; expected 2022-07-01 or 2022-07-01T09:30 or 2022-07-01T09:30:00Z."
        ) from None
    return instant


def end_of_day(day: date) -> datetime:
    """Answer the last microsecond of a day in London."""
    return datetime.combine(day, time.max, tzinfo=LONDON)


def start_of_day(day: date) -> datetime:
    """Answer the first instant of a day in London."""
    return datetime.combine(day, time.min, tzinfo=LONDON)


def now() -> Moment:
    """Answer the present: today in London, by everything known up to this instant."""
    instant = datetime.now(UTC)
    return Moment(instant.astimezone(LONDON).date(), instant)
