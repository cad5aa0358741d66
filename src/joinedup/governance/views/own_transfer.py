"""The page on which a member of staff sees the own transfer, and nobody else's, and says a wish (rules: C7 to C9)."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from joinedup.access import requires
from joinedup.errors import NotFound, RuleError
from joinedup.governance import models
from joinedup.governance.acts.transition_staff import (
    NEED_WORDS,
    NOT_THERE,
    OWN,
    OwnTransfer,
    change_of,
    read_own,
    say_own_response,
    say_own_wish,
)
from joinedup.moment import now
from joinedup.system import as_of
from joinedup.ui import Crumb, Page
from joinedup.ui.act_form import Act, Answers, Question, answer, code_items
from joinedup.ui.sent import NOTICE

WISHES = {"stay": "I wish to stay", "leave": "I wish to leave"}
BASES = {
    "tupe": "by law (TUPE)", "order": "by the order that makes the change", "promise": "by the promise of employment",
}  # fmt: skip

ANSWERED = {
    "offer/accept": "I accept the offer", "offer/decline": "I decline the offer", "consultation/agree": "I agree",
    "consultation/question": "I have a question", "consultation/object": "I object",
}  # fmt: skip


@requires(OWN)
@require_http_methods(["GET", "HEAD", "POST"])
def own_transfer(request: Any) -> HttpResponseBase:
    errors: dict[str, str] = {}
    if request.method == "POST":
        wish, employment = request.POST.get("wish", ""), request.POST.get("employment", "")
        if wish not in WISHES:
            errors["wish"] = _("Choose whether you wish to stay or to leave")
        else:
            try:
                say_own_wish(request.grant, employment, wish)
            except RuleError as error:
                errors["wish"] = str(error)
            else:
                request.session[NOTICE] = _("Your wish is recorded.")
                return HttpResponseRedirect(reverse("transition:own-transfer"))
    found = read_own(request.grant)
    return Page(
        request,
        "governance/transition_own.jinja",
        title=_("My transfer"),
        breadcrumbs=[Crumb("joinedup", "/")],
        notice=request.session.pop(NOTICE, ""),
        transfers=[_told(one) for one in found],
        errors=errors,
    ).response(400 if errors else 200)


@requires(OWN)
@require_http_methods(["GET", "HEAD", "POST"])
def respond(request: Any) -> HttpResponseBase:
    """Answer the own offer, or say something in the consultation."""
    found = {one.row.employment: one for one in read_own(request.grant)}
    asked = request.GET.get("employment", "")
    if asked and asked not in found:
        raise NotFound(NOT_THERE)
    employments = {key: _("%(post)s, %(title)s") % {"post": one.row.from_post, "title": one.transition.title}
                   for key, one in found.items()}  # fmt: skip
    questions = [
        Question("answer", "radios", _("What do you want to say?"), _("Choose what you want to say"),
                 items=code_items({key: _(text) for key, text in ANSWERED.items()})),
        Question("words", "long", _("In your own words"), is_optional=True,
                 hint=_("Needed where you decline, ask or object. Human resources reads it and answers you.")),
    ]  # fmt: skip
    if len(found) > 1:
        which = Question("employment", "radios", _("Which employment is it about?"), _("Choose an employment"),
                         items=code_items(employments), start=asked)  # fmt: skip
        questions.insert(0, which)

    def about(got: Answers) -> tuple[str, str, str]:
        matter, _slash, given = got.text("answer").partition("/")
        return got.text("employment") if len(found) > 1 else next(iter(found)), matter, given

    def check(got: Answers, errors: dict[str, str]) -> None:
        if about(got)[2] in NEED_WORDS and not got.text("words"):
            errors["words"] = _("Say in a few words what you ask, or why")

    def do(got: Answers) -> None:
        say_own_response(request.grant, *about(got), got.text("words"))

    def done(_got: Answers) -> tuple[str, str]:
        return _("What you said is recorded. You find the answer here."), reverse("transition:own-transfer")

    back = Crumb(_("My transfer"), reverse("transition:own-transfer"))
    return answer(
        request,
        Act(_("Answer your offer, or the consultation"), _("Say this"), "response", [Crumb("joinedup", "/"), back],
            questions, do, done, check=check,
            intro=[_("Only you, and human resources by your employment, see what you say.")]),
        fields=((Exception, ("answer",)),),
    )  # fmt: skip


def _said_before(one: OwnTransfer) -> list[dict[str, Any]]:
    """Answer what the person said until now and what was answered, the newest first."""
    rows = models.StaffResponse.objects.filter(transition=one.transition, employment=one.row.employment)
    return [
        {
            "answer": _(ANSWERED[f"{row.about}/{row.answer}"]),
            "words": row.words,
            "on": row.at,
            "reply": row.reply.words if hasattr(row, "reply") else "",
        }
        for row in rows.select_related("reply").order_by("-pk")
    ]


def _told(one: OwnTransfer) -> dict[str, Any]:
    row, change = one.row, change_of(one)
    day = change.effective.earliest if change else None
    return {
        "title": one.transition.title,
        "employment": row.employment,
        "day": day,
        "from": _body(row.from_body, day, before=True),
        "from_post": row.from_post,
        "to": _body(row.to_body, day) if one.is_placed else "",
        "to_post": row.to_post,
        "fte": row.fte.normalize(),
        "to_fte": row.to_fte.normalize() if row.to_fte is not None else None,
        "continuous_from": row.continuous_from,
        "keeps_service": row.to_continuous_from == row.continuous_from,
        "keeps_terms": one.keeps_terms,
        "is_placed": one.is_placed,
        "may_wish": row.staff_class != "senior_leader" and not (change and change.certainty == "in_force"),
        "is_senior": row.staff_class == "senior_leader",
        "basis": _(BASES[row.basis]),
        "offer": row.offer_valid_to,
        "consulted_on": row.consulted_on,
        "said": _said_before(one),
        "wish": row.wish,
        "wish_said": _(WISHES.get(row.wish, "Not said yet")),
        "wishes": [
            {"value": key, "text": _(text), "checked": key == row.wish} for key, text in WISHES.items()
        ],
    }  # fmt: skip


def _body(code: str, day: Any, *, before: bool = False) -> str:
    """Answer what a body is called around the day of the change; its code where nobody knows it."""
    from datetime import timedelta

    moment = now()
    on = (day - timedelta(days=1) if before else day) if day else moment.valid_on
    try:
        return str(as_of(on, moment.known_at).body(code).name)
    except NotFound:
        return code
