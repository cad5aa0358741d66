"""Keeping the scheme of delegation by forms: to delegate, reserve, hand on, end; the law behind a power; to ask it."""

from __future__ import annotations

import re
from typing import Any

from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from joinedup.access import requires
from joinedup.errors import NotFound
from joinedup.governance import models
from joinedup.governance.acts import delegations as acts
from joinedup.governance.boards.governance_models import PowerNotInForce
from joinedup.governance.delegation.deciding_alone import RESERVED
from joinedup.governance.delegation.scheme import Delegation, HandingOnRefused
from joinedup.governance.kept.registers import believed
from joinedup.governance.views.parts import board_names, crumbs
from joinedup.governance.views.pounds_sent import pence_sent
from joinedup.governance.views.scheme import PER, function_said
from joinedup.moment import now
from joinedup.ui import Crumb
from joinedup.ui.act_form import Act, Answers, Question, answer, code_items

KINDS = {"board": "A board", "committee": "A committee", "post": "A post: a seat of the board", "body": "A body"}


@requires("governance.keep")
@require_http_methods(["GET", "HEAD", "POST"])
def add(request: Any) -> HttpResponseBase:
    """Reserve a function to a board, or delegate it with a limit."""
    return _line_form(request, None, _("Reserve or delegate a function"), _("Write this line"))


@requires("governance.keep")
@require_http_methods(["GET", "HEAD", "POST"])
def change(request: Any, key: str) -> HttpResponseBase:
    """Write another line in the place of one, from a day on; what it said before that day stays."""
    return _line_form(request, _line(key), _("Change a line of the scheme"), _("Change this line"))


@requires("governance.keep")
@require_http_methods(["GET", "HEAD", "POST"])
def end(request: Any, key: str) -> HttpResponseBase:
    """Take a delegation back, or end a reservation, from a day on."""
    held = _line(key)

    def do(got: Answers) -> None:
        acts.end_delegation(request.grant, key, on=got.day("on"), reason=got.text("reason"))

    def done(_got: Answers) -> tuple[str, str]:
        return _("The line ends on that day; until then it holds, and it stays to be read."), _scheme()

    questions = [
        Question("on", "day", _("From which day on does it no longer hold?"), _("The day"), start=now().valid_on),
        Question("reason", "long", _("Why does it end?"), _("Say in a few words why it ends")),
    ]
    return answer(
        request,
        Act(_("End a line of the scheme"), _("End this line"), "end-line", _crumbs(), questions, do, done,
            caption=function_said(held.function)),
    )  # fmt: skip


@requires("governance.keep")
@require_http_methods(["GET", "HEAD", "POST"])
def power(request: Any) -> HttpResponseBase:
    """Say from when to when a law allows a function or a joint committee (G6)."""
    questions = [
        Question("power", "text", _("Which function, or which joint committee?"), _("Say which function it is"),
                 hint=_("The function as the scheme calls it, such as home-care, or the key of the committee.")),
        Question("law", "text", _("Which law allows it?"), _("Say which law allows it"),
                 hint=_("Such as Health and Care Act 2022, section 71.")),
        Question("since", "day", _("From which day on?"), _("The first day")),
        Question("until", "day", _("Until which day? It no longer holds on that day."), _("The last day"),
                 is_optional=True),
        Question("reason", "long", _("Where does that stand?"), _("Say where that stands")),
    ]  # fmt: skip

    def do(got: Answers) -> None:
        acts.keep_power(
            request.grant, _code(got.text("power")), got.text("law"), law_from=got.day("since"),
            law_to=got.values["until"], reason=got.text("reason"),
        )  # fmt: skip

    def done(_got: Answers) -> tuple[str, str]:
        return _("It is written down. The power is delegated only on these days."), _scheme()

    return answer(
        request, Act(_("Say which law allows a power"), _("Keep this"), "power", _crumbs(), questions, do, done)
    )


def _line_form(request: Any, held: models.Delegation | None, title: str, button: str) -> HttpResponseBase:
    moment = now()
    names = board_names(moment)
    lines = [one for one in believed(models.Delegation, moment.known_at) if not one.reserved]
    parents = {one.key: f"{function_said(one.function)}: {names.get(one.to, one.to)}" for one in lines}
    questions = [
        Question("function", "text", _("Which function?"), _("Say which function it is"),
                 start=held.function if held else None, hint=_("In small letters with hyphens, such as home-care.")),
        Question("from_board", "choice", _("Which board owns it?"), _("Choose which board owns it"),
                 items=code_items(names, _("Choose a board")), start=held.from_board_id if held else None),
        Question("how", "radios", _("Is it reserved or delegated?"), _("Choose if it is reserved or delegated"),
                 items=code_items({"reserved": _("Reserved to this board"), "delegated": _("Delegated")}),
                 start=("reserved" if held.reserved else "delegated") if held else None),
        Question("reserved_type", "choice", _("Which kind of reserved matter?"), is_optional=True,
                 items=code_items({one: _(text) for one, text in RESERVED.items()}, _("None of the six")),
                 start=held.reserved_type if held else None),
        Question("to_kind", "choice", _("To what is it delegated?"), is_optional=True,
                 items=code_items({one: _(text) for one, text in KINDS.items()}, _("It is reserved")),
                 start=held.to_kind if held and not held.reserved else None),
        Question("to", "text", _("To which?"), is_optional=True, start=held.to if held and not held.reserved else None,
                 hint=_("The key of a board or committee, of a seat such as chief, or the code of a body.")),
        Question("limit", "pounds", _("Up to how much?"), _("The limit"), is_optional=True,
                 hint=_("Pounds and pence. Left out, it has no limit of its own."),
                 start=f"{held.limit_pence / 100:.2f}" if held and held.limit_pence is not None else None),
        Question("per", "choice", _("The limit is for"), is_optional=True, start=held.per if held else None,
                 items=code_items({one: _(text) for one, text in PER.items()}, _("One decision"))),
        Question("people", "number", _("For each how many people?"), is_optional=True,
                 start=str(held.per_population) if held and held.per_population else None,
                 hint=_("Left out, the limit is the same whatever the population.")),
        Question("parent", "choice", _("Is it handed on from another line?"), is_optional=True,
                 items=code_items(parents, _("No: the board gives it itself")), start=held.parent if held else None),
        Question("sub", "radios", _("May it be handed on?"), _("Choose if it may be handed on"),
                 start=held.sub_delegation if held else "none",
                 items=code_items({"none": _("No"), "written": _("With the accountable officer's written approval")})),
        Question("approval", "text", _("Reference of the written approval"), is_optional=True,
                 start=held.written_approval if held else None),
        Question("signatures", "text", _("Interim staff: who signed it?"), is_optional=True,
                 hint=_("Two names with a comma between them, where whoever receives it is interim.")),
        Question("conditions", "long", _("Conditions"), is_optional=True, start=held.conditions if held else None),
        Question("since", "day", _("From which day on?"), _("The first day"), start=moment.valid_on),
        Question("until", "day", _("Until which day? It no longer holds on that day."), _("The last day"),
                 is_optional=True),
        Question("reason", "long", _("What is it based on?"), _("Say what it is based on"),
                 hint=_("Such as the scheme of 1 July 2022.")),
    ]  # fmt: skip

    def check(got: Answers, errors: dict[str, str]) -> None:
        if got.text("how") == "delegated":
            if not got.text("to_kind"):
                errors["to_kind"] = _("Choose to what it is delegated")
            if not got.text("to"):
                errors["to"] = _("Say to which it is delegated")
        elif got.text("to"):
            errors["to"] = _("What is reserved is delegated to nobody. Leave this empty")
        people = got.values["people"]
        if people is not None and people != int(people):
            errors["people"] = _("People are a whole number, such as 100000")

    def do(got: Answers) -> None:
        function, board = _code(got.text("function")), got.text("from_board")
        since, until = got.day("since"), got.values["until"]
        key = held.key if held else _key(function, got.text("to") or board)
        if got.text("how") == "reserved":
            acts.reserve(
                request.grant, key, function, board, since=since, until=until,
                reserved_type=got.text("reserved_type"), reason=got.text("reason"),
            )  # fmt: skip
            return
        signed = [one.strip() for one in got.text("signatures").split(",") if one.strip()]
        people = got.values["people"]
        line = Delegation(
            key, function, board, got.text("to_kind"), got.text("to"), since, until, got.values["limit"],
            got.text("per") or "decision", int(people) if people else None, got.text("sub"),
            parent=got.text("parent"), written_approval=got.text("approval"), conditions=got.text("conditions"),
        )  # fmt: skip
        acts.delegate(
            request.grant, line, reason=got.text("reason"), signatures=signed, is_interim=bool(signed)
        )  # fmt: skip

    def done(_got: Answers) -> tuple[str, str]:
        return _("The line is written. What it said before that day stays to be read."), _scheme()

    return answer(
        request,
        Act(title, button, "line", _crumbs(), questions, do, done, check=check,
            caption=function_said(held.function) if held else ""),
        fields=[(PowerNotInForce, ("since-day",)), (HandingOnRefused, ("approval",)), (NotFound, ("to",))],
        read_pounds=pence_sent,
    )  # fmt: skip


def _line(key: str) -> models.Delegation:
    """Answer the newest days of a line that are believed; NotFound for none."""
    found = believed(models.Delegation, now().known_at, key=key)
    if not found:
        raise NotFound(_("There is no such line in the scheme."))
    return found[-1]


def _code(text: str) -> str:
    return re.sub(r"\s+", "-", text.strip().lower())


def _key(function: str, to: str) -> str:
    """Answer a key for a new line that no line has yet: what it is about, to whom, and a number where it is taken."""
    first = key = _code(f"{function}-{to.replace('/', '-')}")
    taken = set(models.Delegation.objects.filter(key__startswith=first).values_list("key", flat=True))
    number = 1
    while key in taken:
        number += 1
        key = f"{first}-{number}"
    return key


def _scheme() -> str:
    return reverse("governance:delegations")


def _crumbs() -> list[Crumb]:
    return crumbs(Crumb(_("Who may decide what"), _scheme()))
