"""Meetings as kept: items, who presides and who was there, by what was known at an instant, as the rules take them."""

from __future__ import annotations

from datetime import date, datetime

from joinedup.errors import NotFound, RuleError, did_you_mean
from joinedup.governance import models
from joinedup.governance.boards.seats import Attendance
from joinedup.moment import LONDON


def meeting_of(key: str) -> models.Meeting:
    """Answer a meeting by its key; NotFound, with the nearest, for none."""
    found = models.Meeting.objects.select_related("board").filter(pk=key).first()
    if found is None:
        keys = models.Meeting.objects.values_list("pk", flat=True)
        raise NotFound(f"There is no meeting '{key}'.{did_you_mean(key, keys)}")
    return found


def item_of(key: str, *, locked: bool = False) -> models.AgendaItem:
    """Answer an item of an agenda by its key; with `locked` nobody else votes on it or closes it meanwhile."""
    rows = models.AgendaItem.objects.select_related("meeting__board")
    if locked:
        rows = rows.select_for_update(of=("self",), no_key=True)
    found = rows.filter(pk=key).first()
    if found is None:
        keys = models.AgendaItem.objects.values_list("pk", flat=True)
        raise NotFound(f"There is no item '{key}'.{did_you_mean(key, keys)}")
    return found


def day_of(meeting: models.Meeting) -> date:
    """Answer the day of a meeting in London."""
    return meeting.starts_at.astimezone(LONDON).date()


def attendances_of(meeting: models.Meeting, known_at: datetime) -> list[models.Attendance]:
    """Answer who was there when, as believed at an instant, in the order of arrival."""
    return list(
        models.Attendance.objects.filter(meeting=meeting, known__contains=known_at).order_by("present", "person")
    )


def as_attendance(row: models.Attendance) -> Attendance:
    """Answer a stay as the rules take it."""
    return Attendance(row.person, row.present.lower, row.present.upper, row.mode, row.deputy_for)


def presiding_at(meeting: models.Meeting, instant: datetime) -> models.Presiding:
    """Answer who presides at an instant, and who does in that person's stead."""
    found = meeting.presidings.filter(since__lte=instant).order_by("-since", "-pk").first()
    if found is None:
        raise RuleError(f"The meeting {meeting.key} has nobody to preside at {instant:%H:%M}. Say who does.")
    return found


def within_day(meeting: models.Meeting, instant: datetime, what: str) -> datetime:
    """Answer an instant of the meeting's day; RuleError for one of another day."""
    if instant.tzinfo is None:
        raise RuleError(f"{what} needs a time zone.")
    if instant.astimezone(LONDON).date() != day_of(meeting):
        raise RuleError(
            f"{what} would be on {instant.astimezone(LONDON):%Y-%m-%d}; the meeting {meeting.key} is on "
            f"{day_of(meeting)}."
        )
    return instant
