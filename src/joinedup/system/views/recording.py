"""The page on which a change in force is recorded: questions, what pages will show, and the act."""

from __future__ import annotations

from typing import Any

from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from joinedup.access import requires
from joinedup.errors import RuleError
from joinedup.system import recording
from joinedup.system.kinds import BODY_KINDS, LEGAL_FORMS
from joinedup.system.recording import NewBody, record_change, words_of
from joinedup.system.views.parts import crumbs
from joinedup.ui import Act, Answers, Column, Crumb, Question, Table, answer, code_items

KINDS = {
    "merge": "Bodies merge into a new one",
    "found": "A new body is founded",
    "dissolve": "Bodies that hold no function any more are dissolved",
    "rename": "A body gets another name",
}
FIELDS = (
    (recording.BodyRefused, ("bodies",)),
    (recording.DayRefused, ("on-day",)),
    (recording.NameRefused, ("name",)),
    (recording.KindRefused, ("kind", "legal_form")),
    (recording.CodeRefused, ("code",)),
    (RuleError, ("bodies",)),
)


def _codes(got: Answers) -> list[str]:
    return [part.strip() for part in got.text("bodies").replace("\n", ",").split(",") if part.strip()]


def _key(got: Answers) -> str:
    return f"{got.text('happened')}-{got.day('on')}-{got.key[-12:]}"


@requires("system.correct")
@require_http_methods(["GET", "HEAD", "POST"])
def record(request: Any) -> HttpResponseBase:
    def do(got: Answers) -> object:
        new = NewBody(got.text("name"), got.text("kind"), got.text("legal_form"), got.text("code").upper())
        return record_change(
            request.grant, got.text("happened"), _codes(got), got.day("on"), got.text("reason"),
            key=_key(got), new=new, name=got.text("name"), instrument=got.text("instrument"),
        )  # fmt: skip

    def worked(got: Answers) -> list[Table]:
        rows = [
            {"says": one} for one in words_of(got.text("happened"), _codes(got), got.day("on"), after=got.text("name"))
        ]
        return [Table([Column("says", _("From that day"))], rows, caption=_("What every page will show"), name="shows",
                      can_filter=False)]  # fmt: skip

    act = Act(
        title=_("Record a change that took force"),
        button=_("Record the change"),
        prefix="change",
        breadcrumbs=crumbs(Crumb(_("Plans and events"), reverse("system:events"))),
        questions=[
            Question("happened", "radios", _("What happened?"), _("Say what happened"), items=code_items(KINDS)),
            Question("on", "day", _("From which day?"), _("The day")),
            Question("bodies", "long", _("Codes of the bodies before it"), is_optional=True,
                     hint=_("With commas between them, such as 06N, 06K. Empty for a foundation.")),
            Question("name", "text", _("Name of the new body, or the new name"), is_optional=True),
            Question("kind", "choice", _("Kind of the new body"), items=code_items(BODY_KINDS, _("No new body")),
                     is_optional=True),
            Question("legal_form", "choice", _("Its legal form"), items=code_items(LEGAL_FORMS, _("No new body")),
                     is_optional=True),
            Question("code", "text", _("Its ODS code, where it has one"), is_optional=True),
            Question("instrument", "text", _("Order or other instrument"), is_optional=True),
            Question("reason", "long", _("Which source says so?"), _("Say which source says so")),
        ],
        do=do,
        done=lambda got: (_("The change is recorded."), reverse("system:event", args=[_key(got)])),
        worked=worked,
    )  # fmt: skip
    return answer(request, act, fields=FIELDS)
