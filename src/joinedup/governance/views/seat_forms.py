"""Keeping the seats of a board by forms: setting a seat up, putting a person on it, and who leaves it."""

from __future__ import annotations

import re
from typing import Any

from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from joinedup.access import User, grant_for, requires
from joinedup.governance import models
from joinedup.governance.acts import boards as acts
from joinedup.governance.boards.seats import CATEGORIES
from joinedup.governance.kept.boards import board_at, board_of
from joinedup.governance.kept.registers import believed
from joinedup.governance.views.boards import STATUSES
from joinedup.governance.views.parts import board_crumb, board_name, crumbs, names_of, people_items
from joinedup.moment import Moment, now
from joinedup.system import keep_person, names_of_people
from joinedup.ui.act_form import Act, Answers, Question, answer, code_items


@requires("governance.keep")
@require_http_methods(["GET", "HEAD", "POST"])
def add(request: Any, key: str) -> HttpResponseBase:
    """Give a board a seat from a day on, or say otherwise of one that it has."""
    moment = now()
    kinds = {one: _(text) for one, text in CATEGORIES.items()}
    questions = [
        Question("title", "text", _("What is the seat called?"), _("Say what the seat is called"),
                 hint=_("Such as Partner member, primary care")),
        Question("seat", "text", _("A short key of the seat"), _("Give it a key"),
                 hint=_("Small letters and hyphens, such as primary-care. The key of a seat there is changes that.")),
        Question("category", "choice", _("Which kind of seat is it?"), _("Choose which kind of seat it is"),
                 items=code_items(kinds, _("Choose a kind"))),
        Question("also", "checks", _("As which kinds does it count besides?"), is_optional=True,
                 items=code_items(kinds)),
        Question("voting", "radios", _("Does it vote?"), _("Say whether it votes"), start="yes",
                 items=code_items({"yes": _("Yes"), "no": _("No")})),
        Question("required", "radios", _("Must somebody always hold it?"), _("Say whether it must be held"),
                 start="no", items=code_items({"yes": _("Yes"), "no": _("No")})),
        Question("holders", "number", _("How many people may share it?"), _("The number of people"), start="1"),
        Question("nominating", "text", _("Which bodies choose who holds it?"), is_optional=True,
                 hint=_("Their codes with commas between them. Left out, anybody may be appointed.")),
        Question("since", "day", _("From which day on?"), _("The first day"), start=moment.valid_on),
        Question("reason", "text", _("What is it based on?"), _("Say what it is based on"), start=_("The terms")),
    ]  # fmt: skip

    def check(got: Answers, errors: dict[str, str]) -> None:
        if re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", got.text("seat")) is None:
            errors["seat"] = _("A key has small letters, figures and hyphens, such as primary-care")
        if got.values["holders"] != int(got.values["holders"]):
            errors["holders"] = _("People are a whole number, such as 1")

    def do(got: Answers) -> None:
        acts.add_seat(
            request.grant, key, got.text("seat"), title=got.text("title"), category=got.text("category"),
            since=got.day("since"), voting=got.text("voting") == "yes", required=got.text("required") == "yes",
            max_holders=int(got.values["holders"]), also=got.chosen("also"),
            nominating=[one.strip() for one in got.text("nominating").split(",") if one.strip()],
            reason=got.text("reason"),
        )  # fmt: skip

    return answer(
        request,
        _act(key, moment, _("Give a board a seat"), _("Add this seat"), "seat", questions, do, check=check),
    )


@requires("governance.keep")
@require_http_methods(["GET", "HEAD", "POST"])
def appoint(request: Any, key: str) -> HttpResponseBase:
    """Put a person on a seat: somebody who sat on a board before, or somebody new by name."""
    moment = now()
    people = set(models.SeatHolding.objects.values_list("person", flat=True).distinct())
    known = names_of_people(people, moment.valid_on, moment.known_at)
    seats = {one.key: one.title for one in board_at(board_of(key).key, moment).seats}
    questions = [
        Question("seat", "choice", _("Which seat?"), _("Choose a seat"), items=code_items(seats, _("Choose a seat")),
                 start=request.GET.get("seat")),
        Question("person", "choice", _("Who?"), is_optional=True,
                 items=people_items(known, known, _("Somebody who is not in this list"))),
        Question("name", "text", _("What is a new person called?"), is_optional=True,
                 hint=_("Only for somebody who is not in the list")),
        Question("email", "text", _("With which e-mail address does the person sign in?"), is_optional=True,
                 hint=_("A member who signs in votes and declares interests without help. It must be an account "
                        "that there is.")),
        Question("status", "radios", _("How?"), _("Choose how the seat is held"), start="substantive",
                 items=code_items({one: _(text) if text else _("Substantive") for one, text in STATUSES.items()})),
        Question("on_behalf_of", "text", _("For which body?"), is_optional=True,
                 hint=_("Its code, such as RWG; needed where bodies choose who holds the seat")),
        Question("since", "day", _("From which day on?"), _("The first day"), start=moment.valid_on),
        Question("until", "day", _("Until which day? The seat is no longer held on that day."), _("The last day"),
                 is_optional=True),
        Question("reason", "text", _("By whose decision?"), _("Say by whose decision"),
                 hint=_("Such as elected by the practices on 3 May 2022")),
    ]  # fmt: skip

    def check(got: Answers, errors: dict[str, str]) -> None:
        if bool(got.text("person")) == bool(got.text("name")):
            errors["person"] = _("Choose somebody, or write the name of a new person: one of the two")
        if got.text("email") and _account(got.text("email")) is None:
            errors["email"] = _("Nobody signs in with this address. Invite the person first, or leave this empty")

    def do(got: Answers) -> None:
        person, since = got.text("person"), got.day("since")
        if not person:
            person = keep_person(
                grant_for(request, "system.correct"), _key_of(got.text("name")), got.text("name"), since=since,
                source=f"board-{key}", reason=got.text("reason"),
            )  # fmt: skip
        acts.appoint(
            request.grant, key, got.text("seat"), person, since=since, until=got.values["until"],
            status=got.text("status"), on_behalf_of=got.text("on_behalf_of"), reason=got.text("reason"),
        )  # fmt: skip
        if account := _account(got.text("email")):
            acts.name_account(
                request.grant, f"user:{account.pk}", person, since=since, reason=got.text("reason")
            )  # fmt: skip

    return answer(
        request,
        _act(key, moment, _("Put a person on a seat"), _("Appoint"), "appoint", questions, do, check=check),
    )


@requires("governance.keep")
@require_http_methods(["GET", "HEAD", "POST"])
def leave(request: Any, key: str) -> HttpResponseBase:
    """Say that a person holds a seat no longer from a day on."""
    moment = now()
    held = [one for one in believed(models.SeatHolding, moment.known_at, board=board_of(key).key)
            if one.valid.upper is None or one.valid.upper > moment.valid_on]  # fmt: skip
    names = names_of({one.person for one in held}, moment)
    titles = {one.key: one.title for one in board_at(key, moment).seats}
    choices = {f"{one.seat}/{one.person}": f"{names[one.person]}, {titles.get(one.seat, one.seat)}" for one in held}
    questions = [
        Question("who", "choice", _("Who leaves which seat?"), _("Choose who leaves"),
                 items=code_items(dict(sorted(choices.items(), key=lambda one: one[1])), _("Choose a person")),
                 start=request.GET.get("who")),
        Question("on", "day", _("From which day on is the seat no longer held?"), _("The day"), start=moment.valid_on),
        Question("reason", "text", _("Why?"), _("Say in a few words why"), hint=_("Such as term ended")),
    ]  # fmt: skip

    def check(got: Answers, errors: dict[str, str]) -> None:
        if got.text("who") not in choices:
            errors["who"] = _("Choose who leaves")

    def do(got: Answers) -> None:
        seat, person = got.text("who").split("/", 1)
        acts.end_holding(request.grant, key, seat, person, on=got.day("on"), reason=got.text("reason"))

    return answer(
        request,
        _act(key, moment, _("Somebody leaves a seat"), _("End this holding"), "leave", questions, do, check=check),
    )


def _act(key: str, moment: Moment, title: str, button: str, prefix: str, questions: list[Question], do: Any,
         **more: Any) -> Act:  # fmt: skip
    def done(_got: Answers) -> tuple[str, str]:
        return _("It is written down. What was so before that day stays to be read."), reverse(
            "governance:board", args=[key]
        )

    return Act(
        title, button, prefix, crumbs(board_crumb(key, moment)), questions, do, done,
        caption=board_name(board_of(key).key, moment), **more,
    )  # fmt: skip


def _account(email: str) -> Any:
    return User.objects.filter(email__iexact=email, is_active=True).first() if email else None


def _key_of(name: str) -> str:
    """Answer a key for a new person that nobody has yet: the name in small letters, numbered where it is taken."""
    first = key = re.sub(r"[^a-z0-9]+", "-", name.strip().lower()).strip("-") or "person"
    today = now()
    number = 1
    while names_of_people([key], today.valid_on, today.known_at):
        number += 1
        key = f"{first}-{number}"
    return key
