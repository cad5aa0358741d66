"""The way into boards: what waits for whoever asks, the next meetings, and the boards by tier."""

from __future__ import annotations

from typing import Any

from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _, ngettext
from django.views.decorators.http import require_safe

from joinedup.access import requires
from joinedup.governance import models
from joinedup.governance.interests.reminders import to_remind
from joinedup.governance.kept.assurance import overdue_of
from joinedup.governance.kept.meetings import as_changed, day_of, late_of_boards, not_cancelled
from joinedup.governance.kept.reminders import confirmations_due_on
from joinedup.governance.kept.scrutiny import matters_on
from joinedup.governance.kept.standing import proposed_conflicts
from joinedup.governance.meetings.chain import TIERS
from joinedup.governance.meetings.decisions import MEETING_KINDS
from joinedup.governance.views.parts import (
    board_names,
    crumbs,
    may,
    own_boards,
    person_of,
    said_day,
    said_minute,
    sees_private,
    title_of,
)
from joinedup.moment import LONDON, Moment
from joinedup.ui import Column, Page, Table
from joinedup.ui.dates import day
from joinedup.ui.sent import NOTICE


@requires("governance.read")
@require_safe
def start(request: Any) -> HttpResponseBase:
    moment = request.moment
    names = board_names(moment)
    boards = list(models.Board.objects.filter(pk__in=names, at__lte=moment.known_at))
    coming = _coming(moment, list(names))
    person = person_of(request)
    nearest = {one.board_id: one for one in reversed(coming)}
    return Page(
        request,
        "governance/start.jinja",
        title=_("Boards and decisions"),
        breadcrumbs=crumbs()[:1],
        notice=request.session.pop(NOTICE, ""),
        waiting=_waiting(request, person, moment, coming, names),
        person=person,
        may_declare=may(request, "governance.declare"),
        may_keep=may(request, "governance.keep"),
        may_prepare=may(request, "governance.prepare"),
        may_submit=may(request, "governance.submit"),
        meetings=Table(
            [
                Column("day", _("Meeting"), "link", "href"),
                Column("board", _("Board"), "link", "board_href"),
                Column("kind", _("Kind")),
                Column("due", _("Papers due"), "date"),
            ],
            [
                {
                    "day": f"{said_day(one)}, {said_minute(one.starts_at)}",
                    "href": reverse("governance:meeting", args=[one.key]),
                    "board": names[one.board_id],
                    "board_href": reverse("governance:board", args=[one.board_id]),
                    "kind": _(MEETING_KINDS[one.kind]),
                    "due": one.papers_due,
                }
                for one in coming
            ],
            caption=_("Next meetings"),
            name="meetings",
            can_sort=False,
            empty=_("No meeting is called. A board secretary calls the next one."),
        ),
        boards=Table(
            [
                Column("name", _("Board"), "link", "href"),
                Column("tier", _("Tier")),
                Column("next", _("Next meeting"), "link", "next_href"),
                Column("decisions", _("Decisions"), "number"),
            ],
            [
                {
                    "name": names[one.key],
                    "href": reverse("governance:board", args=[one.key]),
                    "tier": _(TIERS[one.tier]),
                    "next": said_day(nearest[one.key]) if one.key in nearest else "",
                    "next_href": reverse("governance:meeting", args=[nearest[one.key].key])
                    if one.key in nearest
                    else "",
                    "decisions": one.decisions.filter(at__lte=moment.known_at).count(),
                }
                for one in sorted(boards, key=lambda one: (list(TIERS).index(one.tier), names[one.key]))
            ],
            caption=_("Boards, from the widest tier to the nearest"),
            name="boards",
            empty=_("No board sits on this day. A board secretary sets boards up."),
        ),
    ).response()


def _coming(moment: Moment, boards: list[str]) -> list[models.Meeting]:
    from datetime import datetime

    on = moment.valid_on
    begins = datetime(on.year, on.month, on.day, tzinfo=LONDON)
    rows = models.Meeting.objects.filter(starts_at__gte=begins, board__in=boards, at__lte=moment.known_at)
    return list(not_cancelled(rows, moment.known_at).order_by("starts_at", "key")[:20])


def _waiting(
    request: Any, person: str, moment: Moment, coming: list[models.Meeting], names: dict[str, str]
) -> list[dict[str, str]]:
    """Answer what waits for whoever asks, each with the page on which it is done."""
    found: list[dict[str, str]] = []
    mine = own_boards(person, moment)
    rows = models.AgendaItem.objects.select_related("meeting__board").filter(meeting__in=coming, decision=None)
    items = [one for one in as_changed(rows, moment.known_at) if not one.withdrawn]
    if person:
        found += _votes_open(person, moment, mine)
        found += _declarations(request, person, moment, [one for one in items if one.meeting.board_id in mine])
        found += _to_confirm(person, moment)
    for board in sorted(mine or (set(names) if may(request, "governance.prepare") else set())):
        late = overdue_of(board, moment)
        if late:
            text = ngettext(
                "%(count)s commitment of %(board)s is overdue",
                "%(count)s commitments of %(board)s are overdue",
                len(late),
            ) % {"count": len(late), "board": names.get(board, board)}
            found.append({"text": text, "href": f"{reverse('governance:commitments')}?board={board}"})
    if may(request, "governance.prepare"):
        found += _meetings_overdue(moment, names)
        found += _late_papers(request, moment, items, names)
        found += _late_answers(moment, names)
    if may(request, "governance.keep"):
        found += _not_reminded(moment)
    return found


def _meetings_overdue(moment: Moment, names: dict[str, str]) -> list[dict[str, str]]:
    """Answer the boards that should have met by now and did not, each with the form that calls a meeting (B5)."""
    return [
        {"text": _("%(board)s should have met by %(day)s: call a meeting")
         % {"board": names[board], "day": f"{by.day} {by:%B %Y}"},
         "href": f"{reverse('governance:call')}?board={board}"}
        for board, late in sorted(late_of_boards(names, moment).items())
        for by, held in late[-1:]
        if held is None
    ]  # fmt: skip


def _votes_open(person: str, moment: Moment, boards: set[str]) -> list[dict[str, str]]:
    rows = models.AgendaItem.objects.filter(
        meeting__board__in=boards, opened__type="approve", decision=None, opened__at__lte=moment.known_at
    ).exclude(votes__person=person)
    return [
        {"text": _("Vote on item %(number)s: %(title)s") % {"number": one.number, "title": one.title},
         "href": reverse("governance:item", args=[one.key])}
        for one in rows.order_by("pk")
    ]  # fmt: skip


def _declarations(request: Any, person: str, moment: Moment, items: list[models.AgendaItem]) -> list[dict[str, str]]:
    by_key = {one.key: one for one in items}
    said = set(models.ItemDeclaration.objects.filter(item__in=by_key, person=person).values_list("item", flat=True))
    asked = {one.item for one in proposed_conflicts(items, moment) if one.person == person} - said
    return [
        {"text": _("Declare or rule out a conflict in “%(title)s” on %(day)s")
         % {"title": by_key[key].title, "day": said_day(by_key[key].meeting)},
         "href": reverse("governance:declare", args=[key])}
        for key in sorted(asked)
    ]  # fmt: skip


def _to_confirm(person: str, moment: Moment) -> list[dict[str, str]]:
    """Answer the task to confirm the register, with the day of the last reminder; nothing while it is not due."""
    found = []
    for one in confirmations_due_on(moment, person=person):
        text = _("Confirm what the register says of your interests, by %(day)s") % {"day": day(one.due_on)}
        if one.reminded_on:
            text += _(": you were reminded on %(day)s") % {"day": day(one.reminded_on)}
        found.append({"text": text, "href": reverse("governance:interests")})
    return found


def _not_reminded(moment: Moment) -> list[dict[str, str]]:
    asked = to_remind(confirmations_due_on(moment), moment.valid_on)
    if not asked:
        return []
    text = ngettext(
        "%(count)s member has to confirm the register and was not reminded",
        "%(count)s members have to confirm the register and were not reminded",
        len(asked),
    ) % {"count": len(asked)}
    return [{"text": text, "href": reverse("governance:reminders")}]


def _late_answers(moment: Moment, names: dict[str, str]) -> list[dict[str, str]]:
    """Answer the answers that boards owe whoever scrutinises them, and that are overdue."""
    return [
        {"text": _("An answer to %(who)s was due on %(day)s: %(board)s")
         % {"who": one.row.to, "day": day(one.row.answer_by), "board": names[one.row.board_id]},
         "href": reverse("governance:scrutiny")}
        for one in matters_on(moment)
        if one.standing.state == "overdue" and one.row.origin == "asked" and one.row.board_id in names
    ]  # fmt: skip


def _late_papers(
    request: Any, moment: Moment, items: list[models.AgendaItem], names: dict[str, str]
) -> list[dict[str, str]]:
    have = set(models.PaperVersion.objects.filter(item__in=items).values_list("item", flat=True))
    return [
        {"text": _("The paper of “%(title)s” was due on %(day)s: %(board)s, %(meets)s")
         % {"title": title_of(one, sees_private(request, one.meeting.board_id)),
            "day": f"{one.meeting.papers_due.day} {one.meeting.papers_due:%B %Y}",
            "board": names[one.meeting.board_id], "meets": said_day(one.meeting)},
         "href": reverse("governance:item", args=[one.key])}
        for one in items
        if one.type == "approve" and one.key not in have and one.meeting.papers_due < moment.valid_on
        and day_of(one.meeting) >= moment.valid_on
    ]  # fmt: skip
