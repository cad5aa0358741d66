"""Gifts and hospitality: the register, declaring what was offered; and declaring that there is nothing at all."""

from __future__ import annotations

from typing import Any

from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from joinedup.access import requires
from joinedup.governance.acts import interests as acts
from joinedup.governance.interests.gifts import KINDS, OUTCOMES, GiftError, GiftNotAllowed, is_gift_late, is_over
from joinedup.governance.reading import gifts_on
from joinedup.governance.views.parts import may, names_of, person_of
from joinedup.governance.views.pounds_sent import pence_sent
from joinedup.governance.views.registers import interests_crumbs, speaker, whose
from joinedup.moment import Moment, now
from joinedup.ui import Column, Page, Table
from joinedup.ui.act_form import Act, Answers, Question, answer, code_items
from joinedup.ui.sent import NOTICE


@requires("governance.read")
@require_safe
def gifts(request: Any) -> HttpResponseBase:
    return Page(
        request,
        "governance/gifts.jinja",
        title=_("Gifts and hospitality"),
        breadcrumbs=interests_crumbs(),
        notice=request.session.pop(NOTICE, ""),
        may_declare=may(request, "governance.declare") and (person_of(request) or may(request, "governance.keep")),
        gifts=gifts_table(request.moment),
    ).response()


@requires("governance.declare")
@require_http_methods(["GET", "HEAD", "POST"])
def declare(request: Any) -> HttpResponseBase:
    """Declare a gift or hospitality that was offered: for oneself, or as the secretary for whoever says so."""
    today = now().valid_on
    grant, person = speaker(request)
    questions = [
        Question("kind", "radios", _("What was offered?"), _("Choose what was offered"),
                 items=code_items({key: _(text) for key, text in KINDS.items()})),
        Question("description", "text", _("What was it?"), _("Say what it was"), hint=_("Such as a dinner for two.")),
        Question("by", "text", _("Who offered it?"), _("Say who offered it")),
        Question("value", "pounds", _("What is it worth?"), _("What it is worth"),
                 hint=_("Pounds and pence; an honest guess where you were not told.")),
        Question("offered", "day", _("On which day was it offered?"), _("The day on which it was offered"),
                 hint=_("It is declared within 28 days of that.")),
        Question("outcome", "radios", _("What became of it?"), _("Choose what became of it"),
                 items=code_items({key: _(text) for key, text in OUTCOMES.items()})),
        Question("approved", "text", _("Who gave leave to accept it?"), is_optional=True,
                 hint=_("Needed for hospitality of more than £75.")),
        Question("reason", "long", _("Why was it accepted?"), is_optional=True,
                 hint=_("Needed where it should not have been: the register shows it.")),
    ]  # fmt: skip
    if not person:
        questions = [whose(request, _("To whom was it offered?"), _("Choose to whom it was offered")), *questions]

    def do(got: Answers) -> None:
        acts.record_gift(
            grant, person or got.text("person"), kind=got.text("kind"), offered_by=got.text("by"),
            description=got.text("description"), value_pence=got.pence("value"), offered_on=got.day("offered"),
            declared_on=today, outcome=got.text("outcome"), approved_by=got.text("approved"),
            reason=got.text("reason"),
        )  # fmt: skip

    def done(got: Answers) -> tuple[str, str]:
        late = is_gift_late(got.day("offered"), today)
        words = _("It is declared, after its 28 days; the register says so.") if late else _("It is declared.")
        return words, reverse("governance:gifts")

    return answer(
        request,
        Act(_("Declare a gift or hospitality"), _("Declare it"), "gift", interests_crumbs(), questions, do, done),
        fields=[(GiftNotAllowed, ("outcome",)), (GiftError, ("offered-day",))],
        read_pounds=pence_sent,
    )


@requires("governance.declare")
@require_http_methods(["GET", "HEAD", "POST"])
def nil(request: Any) -> HttpResponseBase:
    """Declare that there is no interest to declare (I6)."""
    grant, person = speaker(request)
    own = _("I have no interest to declare")
    questions = [
        Question("sure", "radios", _("Is there nothing to declare?"), _("Say if there is nothing to declare"),
                 items=[{"value": "yes", "text": own if person else _("There is no interest to declare")}],
                 hint=_("No paid work elsewhere, no shares, no unpaid role, and nobody close to you who has one.")),
    ]  # fmt: skip
    if not person:
        questions = [whose(request, _("Who declares it?"), _("Choose who declares it")), *questions]

    def do(got: Answers) -> None:
        acts.declare_nil(grant, person or got.text("person"), on=now().valid_on)

    def done(_got: Answers) -> tuple[str, str]:
        return _("It is declared that there is nothing to declare."), reverse("governance:interests")

    return answer(
        request,
        Act(_("Declare that there is nothing"), _("Declare it"), "nil", interests_crumbs(), questions, do, done,
            intro=[_("Who takes decisions declares this once a year, and within 28 days of taking a seat.")]),
    )  # fmt: skip


def gifts_table(moment: Moment) -> Table:
    """Answer the register of gifts of a day, the newest first, with what should not have been accepted."""
    found = gifts_on(moment)
    names = names_of({one.person for one in found}, moment)
    rows = []
    for one in found:
        notes = [is_over(one.kind, one.outcome, one.value_pence, approved_by=one.approved_by)]
        if one.approved_by:
            notes.append(_("By leave of %(who)s.") % {"who": one.approved_by})
        notes.append(one.reason)
        rows.append({
            "person": names[one.person], "by": one.offered_by, "what": one.description, "kind": _(KINDS[one.kind]),
            "pence": one.value_pence, "on": one.offered_on, "declared": one.declared_on,
            "late": _("Late") if is_gift_late(one.offered_on, one.declared_on) else "",
            "outcome": _(OUTCOMES[one.outcome]), "note": " ".join(one for one in notes if one),
        })  # fmt: skip
    return Table(
        [
            Column("person", _("Person")), Column("by", _("Offered by")), Column("what", _("What")),
            Column("kind", _("Kind")), Column("pence", _("Value"), "pence"), Column("on", _("Offered"), "date"),
            Column("declared", _("Declared"), "date"), Column("late", _("In time")), Column("outcome", _("Outcome")),
            Column("note", _("Why")),
        ],
        rows,
        caption=_("Gifts and hospitality"), name="gifts",
        notes=[_("Late: declared more than 28 days after it was offered.")],
        empty=_("No gift was offered by this day. Whoever is offered one declares it, also where it was declined."),
    )  # fmt: skip
