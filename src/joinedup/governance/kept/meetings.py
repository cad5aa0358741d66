"""Meetings as kept: items, who presides and who was there, by what was known at an instant, as the rules take them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime

from django.db.models import Exists, OuterRef, QuerySet

from joinedup.errors import NotFound, RuleError, did_you_mean
from joinedup.governance import models
from joinedup.governance.boards.seats import Attendance
from joinedup.governance.meetings.notice import late_meetings
from joinedup.moment import LONDON, Moment


def meeting_of(key: str) -> models.Meeting:
    """Answer a meeting by its key; NotFound, with the nearest, for none."""
    found = models.Meeting.objects.select_related("board").filter(pk=key).first()
    if found is None:
        keys = models.Meeting.objects.values_list("pk", flat=True)
        raise NotFound(f"There is no meeting '{key}'.{did_you_mean(key, keys)}")
    for change in found.changes.order_by("pk"):
        if change.kind == "cancelled":
            found.cancelled = change.reason
        else:
            found.place = change.place
    return found


def must_take_place(meeting: models.Meeting) -> models.Meeting:
    """Answer a meeting that was not cancelled; RuleError for one that was, with what took its place."""
    change = meeting.changes.filter(kind="cancelled").order_by("-pk").first()
    if change is not None:
        instead = f" The meeting {change.instead} takes its place." if change.instead else " Call another meeting."
        raise RuleError(f"B5: the meeting {meeting.key} is cancelled: {change.reason}.{instead}")
    return meeting


def not_cancelled(rows: QuerySet[models.Meeting], known_at: datetime) -> QuerySet[models.Meeting]:
    """Answer those of these meetings of which nobody had said by an instant that they do not take place."""
    said = models.MeetingChange.objects.filter(meeting=OuterRef("pk"), kind="cancelled", at__lte=known_at)
    return rows.filter(~Exists(said))


def late_of(board: str, moment: Moment) -> list[tuple[date, date | None]]:
    """Answer each decision meeting of a board that came too late, or is overdue: (last day for it, day held) (B5)."""
    return late_of_boards([board], moment)[board]


def late_of_boards(boards: Iterable[str], moment: Moment) -> dict[str, list[tuple[date, date | None]]]:
    """Answer, by board, each decision meeting that came too late or is overdue on a day (B5)."""
    held: dict[str, list[date]] = {board: [] for board in boards}
    rows = models.Meeting.objects.filter(board__in=list(held), kind="decision", at__lte=moment.known_at)
    for meeting in not_cancelled(rows, moment.known_at):
        held[meeting.board_id].append(day_of(meeting))
    return {board: late_meetings(days, today=moment.valid_on) for board, days in held.items()}


def items_of(meeting: models.Meeting, known_at: datetime) -> list[models.AgendaItem]:
    """Answer the items of an agenda in their order by what was known at an instant.

    Each has the number of its place, and says in `withdrawn` why it was withdrawn, where it was. Two questions to the
    database, whatever the number of items.
    """
    found = list(meeting.items.filter(at__lte=known_at).order_by("number"))
    for item in found:
        item.meeting = meeting
    return as_changed(found, known_at)


def as_changed(items: Iterable[models.AgendaItem], known_at: datetime) -> list[models.AgendaItem]:
    """Answer items with what changed about them by an instant, in the order of meetings and places."""
    rows = {item.key: item for item in items}
    for change in models.ItemChange.objects.filter(item__in=list(rows), at__lte=known_at).order_by("pk"):
        item = rows[change.item_id]
        if change.kind == "place":
            assert change.number is not None
            item.number = change.number
        elif change.kind == "withdrawn":
            item.withdrawn = change.reason
    return sorted(rows.values(), key=lambda one: (one.meeting_id, one.number))


def next_number(meeting: models.Meeting) -> int:
    """Answer the place after the last item of an agenda; no item ever had it."""
    numbers = [one.number for one in meeting.items.all()]
    numbers += models.ItemChange.objects.filter(item__meeting=meeting, kind="place").values_list("number", flat=True)
    return max(filter(None, numbers), default=0) + 1


def item_of(key: str, *, locked: bool = False) -> models.AgendaItem:
    """Answer an item of an agenda by its key; with `locked` nobody else votes on it or closes it meanwhile."""
    rows = models.AgendaItem.objects.select_related("meeting__board")
    if locked:
        rows = rows.select_for_update(of=("self",), no_key=True)
    found = rows.filter(pk=key).first()
    if found is None:
        keys = models.AgendaItem.objects.values_list("pk", flat=True)
        raise NotFound(f"There is no item '{key}'.{did_you_mean(key, keys)}")
    for change in found.changes.order_by("pk"):
        if change.kind == "place":
            found.number = change.number
        elif change.kind == "withdrawn":
            found.withdrawn = change.reason
    return found


def must_be_on_agenda(item: models.AgendaItem) -> models.AgendaItem:
    """Answer an item that was not withdrawn, of a meeting that takes place; RuleError otherwise."""
    must_take_place(item.meeting)
    change = item.changes.filter(kind="withdrawn").first()
    if change is not None:
        raise RuleError(f"B7: item {item.key} was withdrawn: {change.reason}. Put it on an agenda anew.")
    return item


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
