"""Boards as everybody reads them, without a sign-in: who sits on them, when they meet, what they decided."""

from __future__ import annotations

from typing import Any

from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from joinedup.access import requires
from joinedup.errors import NotFound, did_you_mean
from joinedup.governance.kept import open_record
from joinedup.governance.meetings.decisions import MEETING_KINDS
from joinedup.governance.views.open_stamp import OPEN, stamp
from joinedup.ui import Column, Crumb, Page, Table, day


@requires(OPEN)
@require_safe
def boards(request: Any) -> HttpResponseBase:
    """The boards of the system, and the ways to decisions, interests and payments."""
    found = open_record.open_boards(request.moment)
    rows = [
        {
            "name": one.name, "href": reverse("open_boards:board", args=[one.key]), "tier": _(one.tier),
            "next": day(one.next_meeting[1]) if one.next_meeting else _("None called"),
            "next_href": reverse("open_boards:meeting", args=[one.next_meeting[0]]) if one.next_meeting else None,
            "last": day(one.last_meeting[1]) if one.last_meeting else "",
            "last_href": reverse("open_boards:meeting", args=[one.last_meeting[0]]) if one.last_meeting else None,
            "decisions": one.decisions,
        }
        for one in found.boards
    ]  # fmt: skip
    return Page(
        request,
        "governance/open_boards.jinja",
        title=_("Who decides"),
        boards=Table(
            [
                Column("name", _("Board"), "link", "href"),
                Column("tier", _("For")),
                Column("last", _("Last meeting"), "link", "last_href"),
                Column("next", _("Next meeting"), "link", "next_href"),
                Column("decisions", _("Decisions"), "number"),
            ],
            rows,
            caption=_("Boards and committees"),
            name="boards",
            can_sort=False,
            empty=_("No board sits on this day. Choose another day above."),
        ),
        stamp=stamp(request, found, open_record.open_boards),
    ).response()


@requires(OPEN)
@require_safe
def board(request: Any, key: str) -> HttpResponseBase:
    """One board: its members on the day, its meetings and its decisions."""
    sitting = {one.key: one for one in open_record.open_boards(request.moment).boards}
    if key not in sitting:
        raise NotFound(
            _("There is no board '%(key)s' on this day.") % {"key": key[:60]} + did_you_mean(key, list(sitting))
        )
    one = sitting[key]
    listed = open_record.open_meetings(key, request.moment)
    return Page(
        request,
        "governance/open_board.jinja",
        title=one.name,
        breadcrumbs=[Crumb(_("Who decides"), reverse("open_boards:boards"))],
        tier=_(one.tier),
        members=Table(
            [Column("name", _("Member")), Column("seat", _("Seat")), Column("behalf", _("On behalf of"))],
            [{"seat": seat, "name": name, "behalf": behalf} for seat, name, behalf in one.members],
            caption=_("Members"),
            name="members",
            per_page=50,
            can_sort=False,
            empty=_("No seat of this board is held on this day."),
        ),
        meetings=Table(
            [
                Column("on", _("Day"), "link", "href"),
                Column("kind", _("Kind")),
                Column("open", _("Open to the public")),
                Column("decisions", _("Decisions"), "number"),
            ],
            [
                {
                    "on": day(each.on), "href": reverse("open_boards:meeting", args=[each.key]),
                    "kind": _(MEETING_KINDS[each.kind]), "decisions": each.decisions,
                    "open": _("Yes") if each.is_public else _("No: %(reason)s") % {"reason": each.reason},
                }
                for each in listed.meetings
            ],
            caption=_("Meetings, the newest first"),
            name="meetings",
            can_sort=False,
            empty=_("No meeting of this board was called yet."),
        ),
        decisions=decisions_table(listed.decisions),
        stamp=stamp(request, listed, lambda moment: open_record.open_meetings(key, moment)),
    ).response()  # fmt: skip


def decisions_table(found: tuple[open_record.ListedDecision, ...], *, with_board: bool = False) -> Table:
    """Answer decisions as a table whose rows lead to each of them."""
    columns = [
        Column("title", _("Decision"), "link", "href"),
        Column("board_name", _("Who decided")),
        Column("on", _("Day"), "date"),
        Column("outcome", _("Outcome")),
        Column("amount_pence", _("Amount"), "pence"),
    ]
    return Table(
        [one for one in columns if with_board or one.key != "board_name"],
        [
            {
                "title": one.title, "href": reverse("open_boards:decision", args=[one.reference]),
                "board_name": one.board_name, "on": one.on, "outcome": _(one.outcome),
                "amount_pence": one.amount_pence,
            }
            for one in found
        ],
        caption=_("Decisions, the newest first"),
        name="decisions",
        empty=_("No decision was taken in public yet."),
    )  # fmt: skip
