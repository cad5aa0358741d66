"""The acts on an item that are asked, checked and confirmed: a declaration, what a conflict means, and closing it."""

from __future__ import annotations

from typing import Any

from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from joinedup.access import grant_for, requires
from joinedup.governance import models
from joinedup.governance.acts import deciding, interests, meetings as meeting_acts
from joinedup.governance.interests.register import NATURES, TYPES
from joinedup.governance.kept.boards import person_of_account
from joinedup.governance.kept.decisions import model_of_system, must_be_adopted
from joinedup.governance.kept.meetings import day_of, item_of, meeting_of, presiding_at
from joinedup.governance.kept.registers import visible
from joinedup.governance.kept.standing import clock_of, room_at
from joinedup.governance.meetings.lost_quorum import WAYS
from joinedup.governance.views.parts import (
    ACTIONS,
    VOTES,
    end_of_minute,
    item_crumbs,
    may,
    meeting_crumbs,
    members_of,
    minute_of,
    must_see,
    names_of,
    people_items,
    said_minute,
)
from joinedup.moment import Moment, now
from joinedup.ui import Column, Table
from joinedup.ui.act_form import Act, Answers, Question, answer, code_items


@requires("governance.declare")
@require_http_methods(["GET", "HEAD", "POST"])
def declare(request: Any, key: str) -> HttpResponseBase:
    """Declare a conflict in one item: for oneself, or as the secretary for whoever says so."""
    kept = item_of(key)
    must_see(request, kept)
    moment = Moment(day_of(kept.meeting), now().known_at)
    keeps = _may_speak_for_all(request)
    own = "" if keeps else person_of_account(request.grant.actor_id, now())
    people = members_of(kept.meeting.board_id, moment) if keeps else [own]
    names = names_of(people, moment)
    lines = visible(models.Interest, moment, person__in=people)
    register = [
        {"value": one.key, "text": f"{names[one.person] + ': ' if keeps else ''}{one.about_org} ({_(TYPES[one.type])})"}
        for one in lines
    ]
    questions = [
        Question("nature", "radios", _("What kind of conflict is it?"), _("Choose what kind of conflict it is"),
                 items=code_items({one: _(text) for one, text in NATURES.items()})),
        Question("interest", "choice", _("Which line of the register is it?"), is_optional=True,
                 items=[{"value": "", "text": _("It is not in the register yet")}, *register]),
        Question("words", "long", _("What is the interest?"), is_optional=True,
                 hint=_("Needed where it is not in the register yet. Then declare it there as well.")),
    ]  # fmt: skip
    if keeps:
        who = Question("person", "choice", _("Who declares it?"), _("Choose who declares it"),
                       items=people_items(people, names, _("Choose a person")))  # fmt: skip
        questions = [who, *questions]

    def do(got: Answers) -> None:
        grant = (
            grant_for(request, "governance.keep" if keeps == "keep" else "governance.preside")
            if keeps
            else (request.grant)
        )
        at = min(now().known_at, max(clock_of(kept.meeting, now().known_at), kept.at))
        interests.declare_for_item(
            grant, key, own or got.text("person"), nature=got.text("nature"), declared_at=at,
            interest=got.text("interest"), words=got.text("words"),
        )  # fmt: skip

    def done(_got: Answers) -> tuple[str, str]:
        return _("The conflict is declared. Whoever presides decides what it means."), _item(key)

    return answer(
        request,
        Act(_("Declare a conflict"), _("Declare this conflict"), "declare", item_crumbs(kept), questions, do, done,
            caption=kept.title),
    )  # fmt: skip


@requires("governance.preside")
@require_http_methods(["GET", "HEAD", "POST"])
def conflict(request: Any, key: str) -> HttpResponseBase:
    """Decide what a conflict of a person means for one item."""
    kept = item_of(key)
    moment = Moment(day_of(kept.meeting), now().known_at)
    clock = clock_of(kept.meeting, moment.known_at)
    presiding = presiding_at(kept.meeting, clock)
    people = members_of(kept.meeting.board_id, moment)
    names = names_of([*people, presiding.person, presiding.deputy], moment)
    deciders = [one for one in (presiding.person, presiding.deputy) if one]
    asked = request.GET.get("person", "")
    questions = [
        Question("person", "choice", _("Whose conflict is it?"), _("Choose whose conflict it is"),
                 items=people_items(people, names, _("Choose a person")), start=asked if asked in people else None),
        Question("action", "radios", _("What does it mean for this item?"), _("Choose what it means for this item"),
                 items=code_items({one: _(text) for one, text in ACTIONS.items()})),
        Question("by", "radios", _("Who decides it?"), _("Choose who decides it"), start=deciders[0],
                 items=people_items(deciders, names), hint=_("Nobody decides about a conflict of one's own.")),
        Question("at", "time", _("From which minute?"), _("The minute"), start=said_minute(clock)),
        Question("reason", "long", _("Why?"), _("Say in a few words why")),
    ]  # fmt: skip

    def do(got: Answers) -> None:
        interests.decide_conflict_action(
            request.grant, key, got.text("person"), action=got.text("action"), decided_by=got.text("by"),
            since=minute_of(kept.meeting, got.time("at")), reason=got.text("reason"),
        )  # fmt: skip

    def worked(got: Answers) -> list[Table]:
        # Tried and taken back before: what the quorum becomes is shown by excluding the person as the act would.
        room = room_at(kept, clock, now().known_at)
        return [_standing_table(room.standing.quorum.says, _("The quorum before this"))]

    def done(_got: Answers) -> tuple[str, str]:
        room = room_at(kept, clock_of(kept.meeting, now().known_at), now().known_at)
        return _("It is decided. %(quorum)s") % {"quorum": room.standing.quorum.says}, _item(key)

    return answer(
        request,
        Act(_("Decide what a conflict means"), _("Decide this"), "conflict", item_crumbs(kept), questions, do, done,
            caption=kept.title, worked=worked),
    )  # fmt: skip


@requires("governance.preside")
@require_http_methods(["GET", "HEAD", "POST"])
def close(request: Any, key: str) -> HttpResponseBase:
    """Close an item: with a decision where it is quorate, else by one of the ways on."""
    kept = item_of(key)
    known = now().known_at
    moment = Moment(day_of(kept.meeting), known)
    clock = clock_of(kept.meeting, known)
    room = room_at(kept, clock, known)
    people = members_of(kept.meeting.board_id, moment)
    names = names_of(people, moment)
    standing = room.standing
    adopts = must_be_adopted(model_of_system(kept.meeting.board.system, moment), kept.meeting.board)
    questions = [Question("at", "time", _("At which minute?"), _("The minute"), start=said_minute(clock))]
    if standing.options:
        questions.append(
            Question("way_on", "radios", _("How does it go on?"), _("Choose how it goes on"),
                     items=code_items({one: _(WAYS[one]) for one in standing.options}))
        )  # fmt: skip
    elif standing.shows_vote_form and adopts:
        questions.append(
            Question("consensus", "radios", _("Did whoever presides find consensus?"),
                     _("Say whether there was consensus"),
                     items=code_items({"yes": _("Yes: members now adopt it"), "no": _("No")}))
        )  # fmt: skip
    elif standing.shows_vote_form and room.terms.has_casting_vote:
        questions.append(
            Question("casting", "choice", _("Casting vote, if the votes are level"), is_optional=True,
                     items=code_items({"for": _("For"), "against": _("Against")}, _("None given")),
                     hint=_("Left out, the vote of whoever presides is the casting one."))
        )  # fmt: skip
    questions.append(Question("text", "long", _("What was decided, in one sentence?"), _("Say what was decided")))
    if standing.shows_vote_form:
        questions += [
            Question("dissenter", "choice", _("Who wants a dissent minuted?"), is_optional=True,
                     items=people_items(standing.quorum.present, names, _("Nobody"))),
            Question("dissent", "long", _("The dissent, in the person's own words"), is_optional=True),
            Question("tier_reason", "long", _("Why at this tier, where a lower one could decide?"), is_optional=True),
        ]  # fmt: skip

    def check(got: Answers, errors: dict[str, str]) -> None:
        if got.values.get("dissenter") and not got.values.get("dissent"):
            errors["dissent"] = _("Write down the dissent in the person's own words")
        if got.values.get("dissent") and not got.values.get("dissenter"):
            errors["dissenter"] = _("Choose whose dissent it is")
        if minute_of(kept.meeting, got.time("at")) > now().known_at:
            errors["at"] = _("This minute is still to come")

    def do(got: Answers) -> None:
        said = got.values
        deciding.close_item(
            request.grant, key, at=end_of_minute(kept.meeting, got.time("at")), text=got.text("text"),
            consensus={"yes": True, "no": False}.get(str(said.get("consensus", ""))),
            casting=said.get("casting") or None,
            way_on=said.get("way_on") or "", tier_reason=said.get("tier_reason") or "",
            dissents={said["dissenter"]: said["dissent"]} if said.get("dissenter") else None,
        )  # fmt: skip

    def worked(got: Answers) -> list[Table]:
        found = room_at(kept, end_of_minute(kept.meeting, got.time("at")), now().known_at)
        return [_standing_table(found.standing.quorum.says, _("The quorum at that minute")), _vote_counts(kept)]

    def done(_got: Answers) -> tuple[str, str]:
        return _("The item is closed, and what was decided is kept."), reverse("governance:decision", args=[key])

    return answer(
        request,
        Act(_("Close this item"), _("Close the item"), "close", item_crumbs(kept), questions, do, done,
            caption=kept.title, intro=[standing.quorum.says], check=check, worked=worked),
    )  # fmt: skip


@requires("governance.preside")
@require_http_methods(["GET", "HEAD", "POST"])
def correct(request: Any, key: str, visit: Any) -> HttpResponseBase:
    """Correct the minutes of a visit. What was known until now stays, and decisions show both views."""
    kept = meeting_of(key)
    row = models.Attendance.objects.filter(meeting=kept, visit=visit, known__endswith__isnull=True).first()
    names = names_of([row.person], Moment(day_of(kept), now().known_at)) if row else {}
    questions = [
        Question("arrived", "time", _("When did the person come?"), _("The arrival"),
                 start=said_minute(row.present.lower) if row else None),
        Question("left", "time", _("When did the person leave?"), _("The leaving"), is_optional=True,
                 start=said_minute(row.present.upper) if row else None),
        Question("reason", "long", _("Why is it corrected?"), _("Say why it is corrected")),
    ]  # fmt: skip

    def do(got: Answers) -> None:
        left = got.values["left"]
        meeting_acts.correct_attendance(
            request.grant, visit, arrived=minute_of(kept, got.time("arrived")),
            left=minute_of(kept, left) if left else None, reason=got.text("reason"),
        )  # fmt: skip

    def done(_got: Answers) -> tuple[str, str]:
        words = _("The attendance is corrected. Decisions show the quorum as known then, and as corrected.")
        return words, reverse("governance:meeting", args=[key])

    return answer(
        request,
        Act(_("Correct an attendance"), _("Correct it"), "correct", meeting_crumbs(kept), questions, do, done,
            caption=next(iter(names.values()), ""),
            intro=[_("What was decided stays as it was taken. The correction is kept beside what was known before.")]),
    )  # fmt: skip


def _may_speak_for_all(request: Any) -> str:
    """Answer by which leave whoever asks speaks for others: keep, preside, or "" for nobody but oneself."""
    return "keep" if may(request, "governance.keep") else "preside" if may(request, "governance.preside") else ""


def _vote_counts(kept: models.AgendaItem) -> Table:
    last = {(row.proxy_for or row.person): row.value for row in kept.votes.order_by("cast_at", "pk")}
    rows = [
        {"value": _(text), "count": sum(1 for one in last.values() if one == value)} for value, text in VOTES.items()
    ]
    return Table(
        [Column("value", _("Vote")), Column("count", _("People"), "number")], rows, caption=_("Votes until now"),
        name="counted", can_download=False, can_sort=False, can_filter=False,
    )  # fmt: skip


def _standing_table(says: str, caption: str) -> Table:
    return Table(
        [Column("says", _("Quorum"))], [{"says": says}], caption=caption, name="standing", can_download=False,
        can_sort=False, can_filter=False,
    )  # fmt: skip


def _item(key: str) -> str:
    return reverse("governance:item", args=[key])
