"""A meeting: its agenda with what reaches it by itself, papers and what they lack, who was there, how items stand."""

from __future__ import annotations

from typing import Any

from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from joinedup.access import requires
from joinedup.errors import RuleError
from joinedup.governance import models
from joinedup.governance.acts.papers import parts_of
from joinedup.governance.boards.seats import MODES
from joinedup.governance.kept.meetings import attendances_of, day_of, meeting_of, presiding_at
from joinedup.governance.kept.standing import clock_of, room_at
from joinedup.governance.meetings.decisions import MEETING_KINDS
from joinedup.governance.meetings.notice import days_late
from joinedup.governance.meetings.papers import type_of_item
from joinedup.governance.meetings.urgent import Ratifying
from joinedup.governance.reading import agenda_of
from joinedup.governance.views.parts import (
    TYPES,
    board_crumb,
    board_name,
    crumbs,
    may,
    missing_said,
    names_of,
    outcome_said,
    said_day,
    said_minute,
    sees_private,
    title_of,
)
from joinedup.moment import Moment, now
from joinedup.ui import Column, Page, Table
from joinedup.ui.sent import NOTICE

MODE = dict(zip(MODES, ("In the room", "By video or telephone"), strict=True))


@requires("governance.read")
@require_safe
def meeting(request: Any, key: str) -> HttpResponseBase:
    kept = meeting_of(key)
    moment = Moment(day_of(kept), request.moment.known_at)
    found = agenda_of(key, moment)
    sees = sees_private(request, kept.board_id)
    there = attendances_of(kept, moment.known_at)
    chair = presiding_at(kept, kept.starts_at)
    names = names_of({row.person for row in there} | {row.deputy_for for row in there} | {chair.person}, moment)
    may_run = may(request, "governance.preside")
    lines = [line_of(request, item, sees, moment) for item in found.items]
    return Page(
        request,
        "governance/meeting.jinja",
        title=_("Meeting of %(day)s") % {"day": said_day(kept)},
        breadcrumbs=crumbs(board_crumb(kept.board_id, moment)),
        notice=request.session.pop(NOTICE, ""),
        meeting=kept,
        board=board_name(kept.board_id, moment),
        kind=_(MEETING_KINDS[kept.kind]),
        starts=said_minute(kept.starts_at),
        chair=names[chair.person],
        may_run=may_run and not kept.cancelled,
        may_prepare=may(request, "governance.prepare") and not kept.cancelled and not kept.attendances.exists(),
        instead=kept.changes.filter(kind="cancelled").values_list("instead", flat=True).first() or "",
        may_submit=may(request, "governance.submit") and not kept.cancelled,
        is_over=_is_over(kept, found.items),
        agenda=_agenda(lines),
        found=found,
        ratify=[{"reference": one, "says": _ratifying(standing)} for one, standing in found.to_ratify],
        attendance=_attendance(kept, there, names, may_correct=may_run),
        approved=kept.minutes.filter(approved_at__isnull=False).exists(),
    ).response()


def line_of(request: Any, item: models.AgendaItem, sees: bool, moment: Moment) -> dict[str, Any]:
    """Answer one item as the agenda shows it: its paper and what that lacks, how it stands, what was decided."""
    version = item.paper_versions.filter(at__lte=moment.known_at).order_by("-number").first()
    opened = models.ItemOpened.objects.filter(item=item, at__lte=moment.known_at).first()
    decision = models.Decision.objects.select_related("board").filter(item=item, at__lte=moment.known_at).first()
    _type, missing = type_of_item(item.type, parts_of(version) if version else None)
    hidden = item.is_private and not sees
    conflicts = item.declarations.filter(at__lte=moment.known_at).values("person").distinct().count()
    return {
        "item": item,
        "number": item.number,
        "title": title_of(item, sees),
        "href": "" if hidden else reverse("governance:item", args=[item.key]),
        "type": _(TYPES[item.type]),
        "paper": "" if hidden else paper_said(item, version, missing),
        "conflicts": conflicts,
        "state": outcome_said(decision, moment)["text"] if decision else _state(item, opened, version, missing),
        "quorum": decision.quorum_snapshot["says"] if decision else _quorum_now(item, opened),
        "decision": decision,
    }


def paper_said(item: models.AgendaItem, version: models.PaperVersion | None, missing: tuple[str, ...]) -> str:
    """Answer in words whether the paper is there, how late it is, and what it lacks (B5, B8)."""
    due = item.meeting.papers_due
    if version is None:
        late = days_late(now().known_at, due)
        if item.type != "approve":
            return ""
        return (
            _("Missing, %(days)s days late") % {"days": late}
            if late
            else _("Due by %(day)s") % {"day": f"{due.day} {due:%B}"}
        )
    late_words = _("%(days)s days late") % {"days": version.days_late} if version.days_late else _("In time")
    lacks = _("; lacks %(parts)s") % {"parts": missing_said(missing)} if missing else ""
    return f"{late_words}{lacks}"


def _state(item: models.AgendaItem, opened: models.ItemOpened | None, version: Any, missing: tuple[str, ...]) -> str:
    if opened is not None:
        return _("Open since %(minute)s") % {"minute": said_minute(opened.since)}
    if item.type == "approve" and missing and version is not None:
        return _("Can be discussed, not approved")
    return _("Not taken")


def _quorum_now(item: models.AgendaItem, opened: models.ItemOpened | None) -> str:
    """Answer the quorum of this item as it stands this minute, while its meeting goes on."""
    if item.type != "approve" or not item.meeting.attendances.exists():
        return ""
    try:
        return room_at(item, clock_of(item.meeting, now().known_at), now().known_at).standing.quorum.says
    except RuleError as error:
        return str(error)


def _agenda(lines: list[dict[str, Any]]) -> Table:
    return Table(
        [
            Column("number", _("Item"), "number"),
            Column("title", _("Title"), "link", "href"),
            Column("type", _("For what")),
            Column("paper", _("Paper")),
            Column("conflicts", _("Conflicts declared"), "number"),
            Column("quorum", _("Quorum")),
            Column("state", _("Outcome")),
        ],
        lines,
        caption=_("Agenda"),
        name="agenda",
        per_page=0,
        can_sort=False,
        empty=_("Nothing is on the agenda yet. A board secretary puts items on it."),
    )


def _attendance(
    kept: models.Meeting, there: list[models.Attendance], names: dict[str, str], *, may_correct: bool
) -> Table:
    columns = [
        Column("person", _("Person")),
        Column("came", _("Came")),
        Column("left", _("Left")),
        Column("mode", _("How")),
        Column("deputy", _("Deputy for")),
        Column("corrected", _("Corrected because")),
    ]
    if may_correct:
        columns.append(Column("correct", _("Change"), "link", "href", where="page"))
    return Table(
        columns,
        [
            {
                "person": names[row.person], "came": said_minute(row.present.lower),
                "left": said_minute(row.present.upper), "mode": _(MODE[row.mode]),
                "deputy": names.get(row.deputy_for, ""), "corrected": "" if row.reason == "left" else row.reason,
                "correct": _("Correct"), "href": reverse("governance:correct", args=[kept.key, row.visit]),
            }
            for row in there
        ],
        caption=_("Who was there"),
        name="attendance",
        per_page=0,
        empty=_("Nobody's attendance is recorded."),
    )  # fmt: skip


def _is_over(kept: models.Meeting, items: Any) -> bool:
    return day_of(kept) < now().valid_on and all(models.ItemOpened.objects.filter(item=item).exists() for item in items)


def _ratifying(standing: Ratifying) -> str:
    due = f"{standing.due_on.day} {standing.due_on:%B %Y}" if standing.due_on else ""
    return {
        "overdue": _("overdue: it was due on %(day)s") % {"day": due},
        "waiting": _("due on %(day)s") % {"day": due},
        "no_meeting": _("no later meeting is called"),
    }.get(standing.state, standing.state)
