"""Instructions from above, and the reports to scrutiny that must name those that are live (rule P7)."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from joinedup.access import requires
from joinedup.errors import NotFound
from joinedup.governance import models
from joinedup.governance.acts import instructions as acts
from joinedup.governance.kept.scrutiny import instructions_of
from joinedup.governance.transition.instructions import InstructionOmitted
from joinedup.governance.views.parts import board_names, crumbs, may
from joinedup.governance.views.scrutiny import scrutiny_crumbs
from joinedup.moment import Moment, now
from joinedup.ui import Column, Crumb, Page, Table
from joinedup.ui.act_form import Act, Answers, Question, answer, code_items
from joinedup.ui.sent import NOTICE


@requires("governance.read")
@require_safe
def instructions(request: Any) -> HttpResponseBase:
    moment = request.moment
    return Page(
        request,
        "governance/instructions.jinja",
        title=_("Instructions from above"),
        breadcrumbs=scrutiny_crumbs(),
        notice=request.session.pop(NOTICE, ""),
        may_prepare=may(request, "governance.prepare"),
        instructions=_table(moment, may_close=may(request, "governance.prepare")),
        reports=_reports(moment),
    ).response()


@requires("governance.prepare")
@require_http_methods(["GET", "HEAD", "POST"])
def record(request: Any) -> HttpResponseBase:
    """Write down a letter or direction that a board was sent."""
    questions = [
        Question("board", "choice", _("Which board was it sent to?"), _("Choose the board"),
                 items=code_items(board_names(now()), _("Choose a board"))),
        Question("issuer", "text", _("Who issued it?"), _("Say who issued it")),
        Question("document", "text", _("What is it called?"), _("Say what it is called")),
        Question("on", "day", _("Of which day is it?"), _("The day of the letter")),
        Question("asks", "long", _("What does it ask?"), is_optional=True),
        Question("due", "day", _("By when?"), _("The day by which it is asked"), is_optional=True),
    ]  # fmt: skip

    def check(got: Answers, errors: dict[str, str]) -> None:
        if got.values["due"] and not got.text("asks"):
            errors["asks"] = _("Say what it asks by that day")
        if got.text("asks") and not got.values["due"]:
            errors["due-day"] = _("Say by when it asks that")

    def do(got: Answers) -> None:
        asks = [(got.text("asks"), got.day("due"))] if got.text("asks") else []
        acts.record_instruction(
            request.grant, got.text("board"), _key(got.text("document"), got.day("on")), issuer=got.text("issuer"),
            document=got.text("document"), issued_on=got.day("on"), requirements=asks,
        )  # fmt: skip

    def done(_got: Answers) -> tuple[str, str]:
        return _("The instruction is written down. Reports to scrutiny name it until it is closed."), _here()

    return answer(
        request,
        Act(_("Write down an instruction"), _("Keep this"), "instruction", _crumbs(), questions, do, done, check=check),
    )


@requires("governance.prepare")
@require_http_methods(["GET", "HEAD", "POST"])
def close(request: Any, key: str) -> HttpResponseBase:
    """Say that an instruction is done with."""
    kept = models.Instruction.objects.filter(pk=key).first()
    if kept is None:
        raise NotFound(_("There is no such instruction."))
    questions = [
        Question("on", "day", _("Since when is it done with?"), _("The day"), start=now().valid_on),
        Question("reason", "long", _("How was it done?"), _("Say how it was done")),
    ]

    def do(got: Answers) -> None:
        acts.close_instruction(request.grant, key, on=got.day("on"), reason=got.text("reason"))

    def done(_got: Answers) -> tuple[str, str]:
        return _("The instruction is closed. Reports of later days need not name it."), _here()

    return answer(
        request,
        Act(_("Close an instruction"), _("Close it"), "close-instruction", _crumbs(), questions, do, done,
            caption=kept.document),
    )  # fmt: skip


@requires("governance.prepare")
@require_http_methods(["GET", "HEAD", "POST"])
def report(request: Any) -> HttpResponseBase:
    """Write down a report to scrutiny: it names every live instruction, or says why it leaves one out (P7)."""
    moment = now()
    names = board_names(moment)
    board = request.GET.get("board", "") or request.POST.get("board", "")
    if board not in names:
        having = models.Instruction.objects.filter(board__in=names).values_list("board", flat=True)
        board = next(iter(sorted(having)), next(iter(sorted(names)), ""))
    live = [one for one in instructions_of(board, moment.known_at) if one.is_live_on(moment.valid_on)]
    questions = [
        Question("board", "choice", _("Which board reports?"), _("Choose which board reports"), start=board,
                 items=code_items({board: names.get(board, board)})),
        Question("to", "text", _("To whom?"), _("Say to whom"), hint=_("Such as a joint health scrutiny committee.")),
        Question("title", "text", _("What is the report called?"), _("Say what the report is called")),
        Question("on", "day", _("Of which day is it?"), _("The day of the report"), start=moment.valid_on),
    ]  # fmt: skip
    for number, one in enumerate(live):
        group = f"{one.document} ({one.issuer}, {one.issued_on.day} {one.issued_on:%B %Y})"
        questions += [
            Question(f"named{number}", "choice", _("Does the report name it?"), _("Say if the report names it"),
                     items=code_items({"yes": _("Yes"), "no": _("No")}, _("Choose")), group=group),
            Question(f"why{number}", "text", _("If not: why not?"), is_optional=True, group=group),
        ]  # fmt: skip

    def do(got: Answers) -> None:
        acts.publish_report(
            request.grant, board, to=got.text("to"), title=got.text("title"), on=got.day("on"),
            named=[one.key for n, one in enumerate(live) if got.text(f"named{n}") == "yes"],
            reasons={one.key: got.text(f"why{n}") for n, one in enumerate(live) if got.text(f"why{n}")},
        )  # fmt: skip

    def done(_got: Answers) -> tuple[str, str]:
        return _("The report is written down."), _here()

    return answer(
        request,
        Act(_("Report to scrutiny"), _("Write down this report"), "report", _crumbs(), questions, do, done),
        fields=[(InstructionOmitted, ("named0",))],
    )


def _table(moment: Moment, *, may_close: bool) -> Table:
    names = board_names(moment)
    rows = []
    for board in sorted(names):
        for one in instructions_of(board, moment.known_at):
            if one.issued_on > moment.valid_on:
                continue
            live = one.is_live_on(moment.valid_on)
            late = live and any(due < moment.valid_on for _text, due in one.requirements)
            rows.append({
                "document": one.document, "issuer": one.issuer, "board": names[board], "on": one.issued_on,
                "asks": " ".join(text for text, _due in one.requirements),
                "due": min((due for _text, due in one.requirements), default=None),
                "stands": _("Overdue") if late else _("Live") if live else _("Closed"), "closed": one.closed_on,
                "change": _("Close it") if live else "",
                "href": reverse("governance:close-instruction", args=[one.key]) if live else "",
            })  # fmt: skip
    columns = [
        Column("document", _("Document")), Column("issuer", _("From")), Column("board", _("To")),
        Column("on", _("Issued"), "date"), Column("asks", _("What it asks")), Column("due", _("By"), "date"),
        Column("stands", _("Stands")), Column("closed", _("Closed"), "date"),
    ]  # fmt: skip
    if may_close:
        columns.append(Column("change", _("Change"), "link", "href", where="page"))
    return Table(
        columns, rows, caption=_("Instructions"), name="instructions",
        empty=_("No instruction is written down. A board secretary writes down letters that a board is sent."),
    )  # fmt: skip


def _reports(moment: Moment) -> Table:
    names = board_names(moment)
    titles = dict(models.Instruction.objects.values_list("key", "document"))
    rows = [
        {
            "title": one.title, "to": one.to, "board": names.get(one.board_id, one.board_id), "on": one.reported_on,
            "names": "; ".join(titles.get(key, key) for key in one.names),
            "out": "; ".join(f"{titles.get(key, key)}: {why}" for key, why in sorted(one.leaves_out.items())),
        }
        for one in models.ScrutinyReport.objects.filter(
            reported_on__lte=moment.valid_on, at__lte=moment.known_at
        ).order_by("-reported_on", "-pk")
    ]  # fmt: skip
    return Table(
        [
            Column("title", _("Report")), Column("to", _("To")), Column("board", _("From")),
            Column("on", _("Day"), "date"), Column("names", _("Names")), Column("out", _("Leaves out, and why")),
        ],
        rows, caption=_("Reports to scrutiny"), name="reports",
        empty=_("No report is written down yet."),
    )  # fmt: skip


def _key(document: str, on: date) -> str:
    """Answer a key for an instruction that none has yet: of its name and day."""
    first = key = f"{re.sub(r'[^a-z0-9]+', '-', document.lower()).strip('-')[:60] or 'letter'}-{on}"
    taken = set(models.Instruction.objects.filter(pk__startswith=first).values_list("key", flat=True))
    number = 1
    while key in taken:
        number += 1
        key = f"{first}-{number}"
    return key


def _here() -> str:
    return reverse("governance:instructions")


def _crumbs() -> list[Crumb]:
    return crumbs(Crumb(_("Scrutiny"), reverse("governance:scrutiny")), Crumb(_("Instructions"), _here()))
