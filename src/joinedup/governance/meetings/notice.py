"""When papers are due, when notice is given, and how long a board may go without meeting (rule: governance B5).

Days are whole days in London. "Clear" days leave out both the day of the notice and that of the meeting.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from joinedup.errors import RuleError
from joinedup.governance.calendar_months import months_after
from joinedup.moment import LONDON


@dataclass(frozen=True, slots=True)
class NoticeTerms:
    """How long before a meeting papers and notice are public, and the longest time between two, in months.

    Whether the Public Bodies (Admission to Meetings) Act 1960, from which the clear days are, binds an integrated care
    board is to be confirmed; so these are a board's settings.
    """

    paper_days: int = 7
    clear_days: int = 3
    months_between: int = 2

    def __post_init__(self) -> None:
        if min(self.paper_days, self.clear_days) < 0 or self.months_between < 1:
            raise RuleError("B5: terms of notice need 0 days or more, and 1 month or more between meetings.")


@dataclass(frozen=True, slots=True)
class MeetingDates:
    """The last days on which the papers and the notice of a meeting are on time."""

    papers_due: date
    notice_by: date


def meeting_dates(meeting_on: date, terms: NoticeTerms | None = None) -> MeetingDates:
    """Answer when papers and notice of a decision meeting must be public (B5)."""
    terms = terms or NoticeTerms()
    return MeetingDates(
        meeting_on - timedelta(days=terms.paper_days), meeting_on - timedelta(days=terms.clear_days + 1)
    )


def days_late(published: date | datetime, due: date) -> int:
    """Answer how many days after its last day something was published: 0 on time. An instant is its day in London."""
    if isinstance(published, datetime):
        if published.tzinfo is None:
            raise RuleError("B5: the instant of publication needs a time zone; give an aware datetime.")
        published = published.astimezone(LONDON).date()
    return max(0, (published - due).days)


def next_meeting_by(last_on: date, terms: NoticeTerms | None = None) -> date:
    """Answer the last day for the next decision meeting: so many months on, in a short month its last day."""
    return months_after(last_on, (terms or NoticeTerms()).months_between)


def late_meetings(
    meetings: Iterable[date], *, today: date, terms: NoticeTerms | None = None
) -> list[tuple[date, date | None]]:
    """Answer each decision meeting that was held too late, or is overdue: (last day for it, day held or None)."""
    days = sorted(set(meetings))
    found: list[tuple[date, date | None]] = []
    for last, following in zip(days, [*days[1:], None][: len(days)], strict=True):
        by = next_meeting_by(last, terms)
        if (following or today) > by and last <= today:
            found.append((by, following if following is not None and following <= today else None))
    return found
