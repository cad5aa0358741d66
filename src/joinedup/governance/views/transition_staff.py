"""The list of staff handed in, looked at before it is taken in; and human resources' open cases (rules: C7 to C10)."""

from __future__ import annotations

import base64
from typing import Any, Final

from django.core import signing
from django.http import HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _, ngettext
from django.views.decorators.http import require_http_methods, require_safe

from joinedup.access import requires
from joinedup.errors import FileError, NotFound, RuleError
from joinedup.governance import models
from joinedup.governance.acts.transition_cases import CASES, OpenCase, read_cases, reply as reply_to
from joinedup.governance.acts.transition_staff import import_staff, try_staff
from joinedup.governance.acts.transitions import TRANSIT
from joinedup.governance.kept.transitions import closing_bodies, events_of, transition_of
from joinedup.governance.transition.cases import KINDS
from joinedup.governance.transition.staff_file import CHOICES, COLUMNS
from joinedup.governance.transition.staff_sheet import LARGEST_FILE, write_template
from joinedup.governance.views.transition_parts import crumbs, may, receiving_items
from joinedup.governance.views.transition_tables import people_table
from joinedup.moment import now
from joinedup.ui import Column, Crumb, Page, Table
from joinedup.ui.act_form import Act, Answers, Question, answer
from joinedup.ui.sent import NOTICE, text_sent, without_rule

SALT: Final = "joinedup.governance.staff"
KEEPS_SECONDS: Final = 3600
SAID: Final = {
    "accept": "Accepts the offer", "decline": "Declines the offer", "agree": "Agrees", "question": "Asks",
    "object": "Objects",
}  # fmt: skip
XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def _crumbs(row: models.Transition) -> list[Crumb]:
    return crumbs(Crumb(row.title, reverse("transition:transition", args=[row.pk])))


@requires(TRANSIT)
@require_http_methods(["GET", "HEAD", "POST"])
def staff(request: Any, key: str) -> HttpResponseBase:
    """Hand in the list of staff: the file is tried and taken back, shown in sums, and taken in once confirmed."""
    row = transition_of(key)
    errors: dict[str, str] = {}
    reason, kept, name = "", "", ""
    preview: dict[str, Any] | None = None
    if request.method == "POST" and "change" not in request.POST:
        reason = text_sent(request.POST, "reason", _("Say where the list comes from"), errors)
        try:
            name, content, kept = _file(request, key, errors)
            if not errors and request.POST.get("confirmed") == "yes":
                new = import_staff(request.grant, key, name, content, reason=reason)
                request.session[NOTICE] = ngettext(
                    "%(number)s row is new or says otherwise.", "%(number)s rows are new or say otherwise.", new
                ) % {"number": f"{new:,}"}
                return HttpResponseRedirect(reverse("transition:transition", args=[key]))
            if not errors:
                preview = _tried(request, key, name, content, reason)
        except FileError as wrong:
            errors["file"] = str(wrong).replace("\n", " ")
        except RuleError as wrong:
            errors["reason"] = without_rule(wrong)
    return Page(
        request,
        "governance/transition_staff.jinja",
        title=_("Check the list of staff") if preview else _("Hand in the list of staff"),
        breadcrumbs=_crumbs(row),
        row=row,
        errors=errors,
        reason=reason,
        file_name=name,
        kept=kept,
        preview=preview,
        template_href=reverse("transition:staff-template", args=[key]),
    ).response(422 if errors else 200)


def _file(request: Any, key: str, errors: dict[str, str]) -> tuple[str, bytes, str]:
    """Answer the name, bytes and signed text of the file: that which was handed in, or which was looked at before."""
    salt = f"{SALT}:{key}:{request.grant.actor_id}"
    if kept := request.POST.get("kept", ""):
        try:
            name, packed = signing.loads(kept, salt=salt, max_age=KEEPS_SECONDS)
        except signing.BadSignature:
            errors["file"] = _("The list that you looked at is no longer here. Choose the file again")
            return "", b"", ""
        return name, base64.b64decode(packed), kept
    given = request.FILES.get("file")
    if given is None:
        errors["file"] = _("Choose the list of staff, an XLSX or CSV file")
        return "", b"", ""
    if given.size > LARGEST_FILE:
        errors["file"] = _("The file must be smaller than %(most)s MB") % {"most": LARGEST_FILE // 2**20}
        return "", b"", ""
    name, content = given.name, given.read()
    return name, content, signing.dumps([name, base64.b64encode(content).decode()], salt=salt, compress=True)


def _tried(request: Any, key: str, name: str, content: bytes, reason: str) -> dict[str, Any]:
    """Answer what the list comes to, without taking it in."""
    new, sums = try_staff(request.grant, key, name, content, reason=reason)
    return {"new": new, "sums": sums, "blocks": sums.report.blocks if sums else (),
            "people": people_table(sums) if sums else None}  # fmt: skip


@requires(TRANSIT)
@require_safe
def staff_template(request: Any, key: str) -> HttpResponseBase:
    """The workbook to fill, with what each column takes and the codes of the bodies."""
    transition_of(key)
    moment = now()
    bodies: dict[str, str] = {}
    for event in events_of(key, moment):
        bodies |= {
            code: _("%(name)s, which closes") % {"name": one.name}
            for code, one in closing_bodies(event, moment.known_at).items()
        }
    bodies |= {code: _("%(name)s, which receives") % {"name": name} for code, name in receiving_items(key).items()}
    if request.GET.get("form") == "csv":
        response = HttpResponse(",".join(COLUMNS) + "\r\n", content_type="text/csv; charset=utf-8")
        response["Content-Disposition"] = f'attachment; filename="staff-{key}.csv"'
        return response
    response = HttpResponse(write_template(COLUMNS, CHOICES, bodies), content_type=XLSX)
    response["Content-Disposition"] = f'attachment; filename="staff-{key}.xlsx"'
    return response


@requires(CASES)
@require_safe
def cases(request: Any, key: str) -> HttpResponseBase:
    """What is still to be settled for whom, by employment: those that hold the change back first."""
    row = transition_of(key)
    found = read_cases(request.grant, key, request.moment.known_at)
    sums = {kind: sum(1 for one in found if one.case.kind == kind) for kind in KINDS}
    return Page(
        request,
        "governance/transition_cases.jinja",
        title=_("Open cases of staff"),
        breadcrumbs=_crumbs(row),
        notice=request.session.pop(NOTICE, ""),
        row=row,
        sums=[[_(text), sums[kind]] for kind, text in KINDS.items() if sums[kind]],
        waiting=[_waiting(key, one) for one in found if one.case.kind == "asked"],
        cases=Table(
            [
                Column("employment", _("Employment")),
                Column("kind", _("What is open")),
                Column("body", _("Employer before")),
                Column("post", _("Post before")),
                Column("to", _("Receiving body")),
                Column("since", _("Since"), "date"),
            ],
            [
                {
                    "employment": one.case.employment, "kind": _(KINDS[one.case.kind]), "body": one.row.from_body,
                    "post": one.row.from_post, "to": one.row.to_body, "since": one.since,
                }
                for one in found
            ],
            caption=_("Open cases, by employment"),
            name="cases",
            empty=_("No case is open: everybody has a place and an offer, and every question an answer."),
        ),
        may_hand_in=may(request, TRANSIT),
    ).response()  # fmt: skip


def _waiting(key: str, one: OpenCase) -> dict[str, Any]:
    assert one.response is not None
    return {
        "employment": one.case.employment,
        "answer": _(SAID[one.response.answer]),
        "words": one.response.words,
        "on": one.response.at,
        "href": reverse("transition:reply", args=[key, one.response.pk]),
    }


@requires(CASES)
@require_http_methods(["GET", "HEAD", "POST"])
def reply(request: Any, key: str, number: int) -> HttpResponseBase:
    row = transition_of(key)
    asked = models.StaffResponse.objects.filter(pk=number, transition=key).first()
    questions = [
        Question("words", "long", _("What do you answer?"), _("Say what you answer"),
                 hint=_("Whoever asked reads it with the own transfer, and nobody else.")),
    ]  # fmt: skip

    def do(got: Answers) -> None:
        reply_to(request.grant, key, number, got.text("words"))

    def done(_got: Answers) -> tuple[str, str]:
        return _("The answer is given."), reverse("transition:cases", args=[key])

    if asked is None:
        raise NotFound(_("There is no such question of a member of staff in this transition."))
    back = Crumb(_("Open cases of staff"), reverse("transition:cases", args=[key]))
    return answer(
        request,
        Act(_("Answer a member of staff"), _("Give this answer"), "reply", [*_crumbs(row), back], questions, do, done,
            caption=asked.employment, intro=[f"{_(SAID[asked.answer])}: {asked.words}"]),
    )  # fmt: skip
