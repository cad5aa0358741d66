"""A meeting: its agenda with what reaches it by itself, papers and what they lack, who was there, how items stand."""

from __future__ import annotations

from typing import Any

from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from joinedup.access import requires
from joinedup.governance import models
from joinedup.governance.boards.seats import MODES
from joinedup.governance.kept.meetings import attendances_of, day_of, meeting_of, presiding_at
from joinedup.governance.meetings.decisions import MEETING_KINDS
from joinedup.governance.meetings.urgent import Ratifying
from joinedup.governance.reading import agenda_of
from joinedup.governance.views.agenda_lines import agenda_table, lines_of, overdue_line
from joinedup.governance.views.parts import (
    board_crumb,
    board_name,
    crumbs,
    may,
    names_of,
    said_day,
    said_minute,
    sees_private,
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
    lines = [*lines_of(kept, found.items, sees, moment), *overdue_line(found)]
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
        may_minute=may(request, "governance.prepare") and kept.attendances.exists(),
        may_submit=may(request, "governance.submit") and not kept.cancelled,
        is_over=_is_over(kept, lines),
        agenda=agenda_table(lines),
        found=found,
        ratify=[{"reference": one, "says": _ratifying(standing)} for one, standing in found.to_ratify],
        attendance=_attendance(kept, there, names, may_correct=may_run),
        approved=kept.minutes.filter(approved_at__isnull=False).exists(),
    ).response()


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


def _is_over(kept: models.Meeting, lines: list[dict[str, Any]]) -> bool:
    if day_of(kept) >= now().valid_on:
        return False
    waiting = {one["item"].key for one in lines if one["item"] is not None and not one["item"].withdrawn}
    return len(waiting) == models.ItemOpened.objects.filter(item__in=waiting).count()


def _ratifying(standing: Ratifying) -> str:
    due = f"{standing.due_on.day} {standing.due_on:%B %Y}" if standing.due_on else ""
    return {
        "overdue": _("overdue: it was due on %(day)s") % {"day": due},
        "waiting": _("due on %(day)s") % {"day": due},
        "no_meeting": _("no later meeting is called"),
    }.get(standing.state, standing.state)
