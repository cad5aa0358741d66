"""What boards refer to those who scrutinise them, what these ask, and by when it is answered."""

from __future__ import annotations

from typing import Any

from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from joinedup.access import requires
from joinedup.errors import NotFound
from joinedup.governance import models
from joinedup.governance.acts import scrutiny as acts
from joinedup.governance.assurance.scrutiny import ANSWER_DAYS, ORIGINS, SCRUTINISERS, AnswerTooLate, Standing
from joinedup.governance.kept.scrutiny import matters_on
from joinedup.governance.views.parts import board_names, crumbs, may
from joinedup.moment import Moment, now
from joinedup.ui import Column, Crumb, Page, Table
from joinedup.ui.act_form import Act, Answers, Question, answer, code_items
from joinedup.ui.sent import NOTICE


@requires("governance.read")
@require_safe
def matters(request: Any) -> HttpResponseBase:
    moment = request.moment
    names = board_names(moment)
    board = request.GET.get("board", "")
    return Page(
        request,
        "governance/scrutiny.jinja",
        title=_("Scrutiny: what is referred and asked"),
        breadcrumbs=crumbs(),
        notice=request.session.pop(NOTICE, ""),
        board=names.get(board, ""),
        may_prepare=may(request, "governance.prepare"),
        matters=matters_table(
            moment, names, board=board if board in names else "", may_reply=may(request, "governance.prepare")
        ),
    ).response()


@requires("governance.prepare")
@require_http_methods(["GET", "HEAD", "POST"])
def refer(request: Any) -> HttpResponseBase:
    """Put a matter to a scrutiny committee, a health and wellbeing board or Healthwatch."""
    return _form(request, "referred")


@requires("governance.prepare")
@require_http_methods(["GET", "HEAD", "POST"])
def asked(request: Any) -> HttpResponseBase:
    """Write down what one of these asked of a board; the day of the answer follows from the rule."""
    return _form(request, "asked")


@requires("governance.prepare")
@require_http_methods(["GET", "HEAD", "POST"])
def reply(request: Any, number: int) -> HttpResponseBase:
    """Write down what was asked back, or the answer."""
    kept = models.Referral.objects.filter(pk=number).first()
    if kept is None:
        raise NotFound(_("There is no such matter."))
    due = kept.answer_by
    questions = [
        Question("kind", "radios", _("What was said?"), _("Choose what was said"), start="answered",
                 items=code_items({"answered": _("The answer"), "asked": _("A question back")})),
        Question("text", "long", _("What does it say?"), _("Write down what it says")),
        Question("on", "day", _("On which day?"), _("The day"), start=now().valid_on,
                 hint=_("An answer is due by %(day)s.") % {"day": f"{due.day} {due:%B %Y}"}),
    ]  # fmt: skip

    def do(got: Answers) -> None:
        acts.record_reply(request.grant, number, kind=got.text("kind"), text=got.text("text"), on=got.day("on"))

    def done(got: Answers) -> tuple[str, str]:
        words = _("The answer is kept.") if got.text("kind") == "answered" else _("The question is kept.")
        return words, reverse("governance:scrutiny")

    return answer(
        request,
        Act(_("Write down an answer or a question"), _("Keep it"), "reply", scrutiny_crumbs(), questions, do, done,
            caption=kept.matter),
    )  # fmt: skip


def matters_table(
    moment: Moment, names: dict[str, str], *, board: str = "", may_reply: bool = False, public_only: bool = False
) -> Table:
    """Answer the matters of a day: those that wait first, overdue ones marked."""
    rows = []
    for one in matters_on(moment, board=board, public_only=public_only):
        row = one.row
        rows.append({
            "matter": row.matter, "with": row.to, "kind": _(SCRUTINISERS[row.to_kind]),
            "origin": _(ORIGINS[row.origin]), "board": names.get(row.board_id, row.board_id), "on": row.referred_on,
            "due": row.answer_by, "stands": standing_said(one.standing),
            "answered": one.answer.on if one.answer else None,
            "asked": " ".join(said.text for said in one.asked), "answer": one.answer.text if one.answer else "",
            "public": _("Yes") if row.is_public else _("No"),
            "change": "" if one.answer else _("Write down the answer"),
            "href": reverse("governance:reply", args=[row.pk]) if may_reply and not one.answer else "",
        })  # fmt: skip
    columns = [
        Column("matter", _("Matter")), Column("with", _("With whom")), Column("kind", _("Kind")),
        Column("origin", _("Who began")), Column("board", _("Board")), Column("on", _("Asked on"), "date"),
        Column("due", _("Answer due by"), "date"), Column("stands", _("Stands")),
        Column("answered", _("Answered on"), "date"), Column("asked", _("Asked back")),
        Column("answer", _("Answer")),
    ]  # fmt: skip
    if not public_only:
        columns.append(Column("public", _("Public")))
    if may_reply:
        columns.append(Column("change", _("Change"), "link", "href", where="page"))
    return Table(
        columns,
        rows,
        caption=_("Referred and asked, what waits first"), name="scrutiny",
        notes=[
            _("Due within %(scrutiny)s days for a scrutiny committee and %(healthwatch)s for Healthwatch.")
            % {"scrutiny": ANSWER_DAYS["scrutiny_committee"], "healthwatch": ANSWER_DAYS["healthwatch"]}
        ],
        empty=_("Nothing is referred and nothing was asked by this day."),
    )  # fmt: skip


def standing_said(standing: Standing) -> str:
    """Answer how a matter stands in words."""
    if standing.state == "overdue":
        return _("Overdue by %(days)s days") % {"days": standing.days_late}
    if standing.state == "answered":
        late = standing.days_late
        return _("Answered %(days)s days late") % {"days": late} if late else _("Answered in time")
    return _("Waits for an answer")


def scrutiny_crumbs() -> list[Crumb]:
    """Answer the way to what lies under scrutiny."""
    return crumbs(Crumb(_("Scrutiny"), reverse("governance:scrutiny")))


def _form(request: Any, origin: str) -> HttpResponseBase:
    moment = now()
    is_asked = origin == "asked"
    decisions = {
        one.reference: f"{one.reference}: {one.text}"[:120]
        for one in models.Decision.objects.exclude(item__is_private=True).order_by("-decided_at")[:200]
    }
    questions = [
        Question("board", "choice", _("Which board was asked?") if is_asked else _("Which board refers it?"),
                 _("Choose the board"), items=code_items(board_names(moment), _("Choose a board"))),
        Question("to_kind", "radios", _("Who asked?") if is_asked else _("To whom does it go?"),
                 _("Choose what kind of body it is"),
                 items=code_items({one: _(text) for one, text in SCRUTINISERS.items()})),
        Question("to", "text", _("What is it called?"), _("Say what the body is called"),
                 hint=_("Such as Hertfordshire health scrutiny committee.")),
        Question("matter", "long", _("What was asked?") if is_asked else _("What is referred?"),
                 _("Say what it is about")),
        Question("on", "day", _("On which day?"), _("The day"), start=moment.valid_on),
        Question("due", "day", _("By when is it answered?"), _("The day of the answer"), is_optional=True,
                 hint=_("Left out, the days of the rule: 28 for a scrutiny committee, 20 for Healthwatch.")),
        Question("decision", "choice", _("Is it about a decision?"), is_optional=True,
                 items=code_items(decisions, _("No"))),
        Question("public", "radios", _("May everybody read it?"), _("Say if everybody may read it"), start="yes",
                 items=code_items({"yes": _("Yes"), "no": _("No")})),
    ]  # fmt: skip

    def do(got: Answers) -> None:
        acts.refer(
            request.grant, got.text("board"), to_kind=got.text("to_kind"), to=got.text("to"),
            matter=got.text("matter"), referred_on=got.day("on"), answer_by=got.values["due"],
            decision=got.text("decision"), origin=origin, is_public=got.text("public") == "yes",
        )  # fmt: skip

    def done(_got: Answers) -> tuple[str, str]:
        words = _("The question is written down.") if is_asked else _("The matter is referred.")
        return words, reverse("governance:scrutiny")

    title = _("Write down what was asked") if is_asked else _("Refer a matter")
    return answer(
        request,
        Act(title, _("Keep this"), origin, scrutiny_crumbs(), questions, do, done),
        fields=[(AnswerTooLate, ("due-day",)), (NotFound, ("board",))],
    )
