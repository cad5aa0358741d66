"""Calling a meeting, and what may change about it before it takes place: where it is, and whether it takes place."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from joinedup.access import requires
from joinedup.errors import NotFound, RuleError
from joinedup.governance import models
from joinedup.governance.acts import agenda as agenda_acts, meetings as acts, publishing
from joinedup.governance.kept.boards import board_at, chairs_on, terms_on
from joinedup.governance.kept.meetings import day_of, late_of, meeting_of, must_take_place, not_cancelled
from joinedup.governance.meetings.decisions import MEETING_KINDS
from joinedup.governance.meetings.notice import days_late, meeting_dates, next_meeting_by
from joinedup.governance.views.parts import (
    board_crumb,
    board_names,
    crumbs,
    meeting_crumbs,
    members_of,
    names_of,
    people_items,
    said_day,
)
from joinedup.moment import LONDON, Moment, now
from joinedup.ui import Column, Table, day
from joinedup.ui.act_form import Act, Answers, Question, answer, code_items


@requires("governance.prepare")
@require_http_methods(["GET", "HEAD", "POST"])
def call(request: Any) -> HttpResponseBase:
    """Call a meeting: of which board, when, where, in public or why not, and why at short notice."""
    moment = now()
    names = board_names(moment)
    board = request.GET.get("board", "")
    if board and board not in names:
        raise NotFound(_("There is no board '%(board)s' today.") % {"board": board})
    questions = [
        *([] if board else [_which_board(names)]),
        Question("kind", "radios", _("What kind of meeting is it?"), _("Choose what kind of meeting it is"),
                 items=code_items({one: _(text) for one, text in MEETING_KINDS.items()}), start="decision"),
        Question("day", "day", _("On which day?"), _("The day of the meeting"), hint=_("For example, 27 3 2027")),
        Question("starts", "time", _("When does it begin?"), _("The beginning"), start="10:00",
                 hint=_("Such as 10:30")),
        Question("place", "text", _("Where?"), _("Say where the meeting is"),
                 hint=_("A room and its address, or how to join by video")),
        Question("public", "radios", _("May the public attend?"), _("Say whether the public may attend"),
                 items=code_items({"terms": _("As the board's terms say"), "yes": _("Yes"),
                                   "no": _("No, the public is excluded")}), start="terms"),
        Question("resolution", "long", _("The resolution that excludes the public"), is_optional=True,
                 hint=_("Needed where the public may not attend")),
        Question("reason", "long", _("Why is the public excluded?"), is_optional=True,
                 hint=_("Everybody may read this reason")),
        Question("short", "long", _("Why at short notice?"), is_optional=True,
                 hint=_("Needed where fewer than 3 clear days are left before the meeting")),
    ]  # fmt: skip
    if board:
        members = members_of(board, moment)
        people = names_of(members, moment)
        questions += [
            Question("presiding", "choice", _("Who presides?"), is_optional=True,
                     items=people_items(members, people, _chair_said(board, people, moment))),
            Question("deputy", "choice", _("Who presides where that person may not?"), is_optional=True,
                     items=people_items(members, people, _("Nobody is named"))),
        ]  # fmt: skip

    def board_in(got: Answers) -> str:
        return board or got.text("board")

    def starts(got: Answers) -> datetime:
        return datetime.combine(got.day("day"), got.time("starts"), tzinfo=LONDON)

    def check(got: Answers, errors: dict[str, str]) -> None:
        if board_in(got) not in names:
            errors["board"] = _("Choose the board that meets")
            return
        if starts(got) <= moment.known_at:
            errors["day-day"] = _("A meeting is called for a day that is still to come")
            return
        try:
            public = terms_on(board_in(got), Moment(got.day("day"), moment.known_at)).is_public
        except RuleError as error:
            errors["day-day"] = str(error).partition(": ")[2]
            return
        is_public = {"yes": True, "no": False}.get(got.text("public"), public)
        if not is_public:
            if not got.text("resolution"):
                errors["resolution"] = _("Write down the resolution that excludes the public")
            if not got.text("reason"):
                errors["reason"] = _("Say why the public is excluded")
        dates = meeting_dates(got.day("day"))
        if moment.valid_on > dates.notice_by and not got.text("short"):
            errors["short"] = _("Notice was due by %(day)s. Say why it is short, or choose a later day") % {
                "day": day(dates.notice_by)
            }

    key = ""

    def do(got: Answers) -> None:
        nonlocal key
        on = f"{board_in(got)}-{got.day('day')}"
        kept = set(models.Meeting.objects.filter(key__startswith=on).values_list("key", flat=True))
        key = next(one for one in (on, *(f"{on}-{letter}" for letter in "bcdefgh")) if one not in kept)
        acts.call_meeting(
            request.grant, board_in(got), kind=got.text("kind"), starts_at=starts(got), key=key,
            presiding=got.values.get("presiding", ""), deputy=got.values.get("deputy", ""), place=got.text("place"),
            is_public={"yes": True, "no": False}.get(got.text("public")),
            exclusion_resolution=got.text("resolution"), exclusion_reason=got.text("reason"),
            short_notice_reason=got.text("short"),
        )  # fmt: skip

    def done(_got: Answers) -> tuple[str, str]:
        return _("The meeting is called. Put items on its agenda."), reverse("governance:meeting", args=[key])

    return answer(
        request,
        Act(_("Call a meeting"), _("Call this meeting"), "call",
            crumbs(board_crumb(board, moment)) if board else crumbs(), questions, do, done,
            caption=names.get(board, ""), intro=_meets_by(board, moment) if board else (), check=check,
            worked=lambda got: [_dates(board_in(got), got, moment)]),
        fields=[(acts.NoChair, ("presiding", "board"))],
    )  # fmt: skip


def _which_board(names: dict[str, str]) -> Question:
    return Question(
        "board", "choice", _("Which board meets?"), _("Choose the board that meets"),
        items=code_items(dict(sorted(names.items(), key=lambda one: one[1])), _("Choose a board")),
    )  # fmt: skip


def _chair_said(board: str, names: dict[str, str], moment: Moment) -> str:
    chairs = chairs_on(board_at(board, moment), moment)
    if len(chairs) != 1:
        return _("Choose who presides: the board has no single chair")
    return _("The chair, %(name)s") % {"name": names[chairs[0]]}


def _meets_by(board: str, moment: Moment) -> list[str]:
    """Answer in a sentence by when the board should meet next, and that it is late where it is (B5)."""
    rows = models.Meeting.objects.filter(board=board, kind="decision", at__lte=moment.known_at)
    days = sorted(map(day_of, not_cancelled(rows, moment.known_at)))
    if not days:
        return []
    by = next_meeting_by(days[-1])
    said = _("The last decision meeting that is called is on %(last)s; the next should be by %(by)s.") % {
        "last": day(days[-1]), "by": day(by),
    }  # fmt: skip
    if any(held is None for _by, held in late_of(board, moment)):
        said += " " + _("It is overdue.")
    return [said]


def _dates(board: str, got: Answers, moment: Moment) -> Table:
    """Answer what follows from the day: when papers and notice are due, and whether the meeting comes too late."""
    on = got.day("day")
    dates = meeting_dates(on)
    rows = [
        {"what": _("Papers due"), "when": day(dates.papers_due)},
        {"what": _("Notice due"), "when": day(dates.notice_by)},
    ]
    found = models.Meeting.objects.filter(board=board, kind="decision", at__lte=moment.known_at)
    held = [one for one in map(day_of, not_cancelled(found, moment.known_at)) if one < on]
    if got.text("kind") == "decision" and held and on > (by := next_meeting_by(max(held))):
        late = _("The board should meet by %(by)s: %(days)s days late") % {"by": day(by), "days": (on - by).days}
        rows.append({"what": _("Time between meetings"), "when": late})
    return Table(
        [Column("what", _("What follows")), Column("when", _("Day"))], rows, caption=_("What follows from the day"),
        name="dates", can_download=False, can_sort=False, can_filter=False,
    )  # fmt: skip


@requires("governance.prepare")
@require_http_methods(["GET", "HEAD", "POST"])
def move(request: Any, key: str) -> HttpResponseBase:
    """Say that a meeting takes place elsewhere."""
    kept = must_take_place(meeting_of(key))
    questions = [
        Question("place", "text", _("Where does it take place now?"), _("Say where the meeting is"), start=kept.place),
        Question("reason", "long", _("Why?"), _("Say in a few words why")),
    ]

    def do(got: Answers) -> None:
        agenda_acts.move_meeting(request.grant, key, got.text("place"), reason=got.text("reason"))

    def done(got: Answers) -> tuple[str, str]:
        words = _("The meeting takes place elsewhere: %(place)s.") % {"place": got.text("place")}
        return words, reverse("governance:meeting", args=[key])

    return answer(
        request,
        Act(_("Change where the meeting is"), _("Change the place"), "move", meeting_crumbs(kept), questions, do, done,
            caption=said_day(kept),
            intro=[_("For another day or hour, cancel this meeting and call another in its place.")]),
    )  # fmt: skip


@requires("governance.prepare")
@require_http_methods(["GET", "HEAD", "POST"])
def cancel(request: Any, key: str) -> HttpResponseBase:
    """Cancel a meeting; it stays in the list as cancelled, with the reason."""
    kept = must_take_place(meeting_of(key))
    known = now().known_at
    others = not_cancelled(
        models.Meeting.objects.filter(board=kept.board_id, starts_at__gt=known).exclude(pk=key), known
    ).order_by("starts_at")
    questions = [
        Question("reason", "long", _("Why does it not take place?"), _("Say in a few words why"),
                 hint=_("Everybody may read this reason")),
        Question("instead", "choice", _("Which meeting takes its place?"), is_optional=True,
                 items=code_items({one.key: said_day(one) for one in others}, _("None is called yet"))),
    ]  # fmt: skip

    def do(got: Answers) -> None:
        agenda_acts.cancel_meeting(request.grant, key, reason=got.text("reason"), instead=got.text("instead"))

    def done(_got: Answers) -> tuple[str, str]:
        return _("The meeting is cancelled."), reverse("governance:meeting", args=[key])

    return answer(
        request,
        Act(_("Cancel this meeting"), _("Cancel the meeting"), "cancel", meeting_crumbs(kept), questions, do, done,
            caption=said_day(kept)),
    )  # fmt: skip


@requires("governance.prepare")
@require_http_methods(["GET", "HEAD", "POST"])
def publish(request: Any, key: str) -> HttpResponseBase:
    """Publish the papers of a meeting; the pack is kept as it was published."""
    kept = must_take_place(meeting_of(key))
    late = days_late(now().known_at, kept.papers_due)
    count = 0

    def do(_got: Answers) -> None:
        nonlocal count
        count = publishing.publish(request.grant, key, address=reverse("open_boards:pack", args=[key]))

    def done(_got: Answers) -> tuple[str, str]:
        words = _("Papers published: %(count)s. The pack is kept as it was published.") % {"count": count}
        return words, reverse("governance:meeting", args=[key])

    intro = [_("Papers are due by %(day)s.") % {"day": day(kept.papers_due)}]
    if late:
        intro.append(_("They are published %(days)s days late, and say so.") % {"days": late})
    question = Question("sure", "radios", _("Are the papers ready for everybody to read?"), _("Say whether they are"),
                        items=code_items({"yes": _("Yes, publish the newest version of each")}))  # fmt: skip
    return answer(
        request,
        Act(_("Publish the papers"), _("Publish them"), "publish", meeting_crumbs(kept), [question], do, done,
            caption=said_day(kept), intro=intro),
    )  # fmt: skip
