"""Opening a commitment, and moving its day with a reason."""

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
from joinedup.governance.acts import assurance as acts
from joinedup.governance.kept.assurance import as_commitment
from joinedup.governance.views.parts import board_names, crumbs
from joinedup.moment import now
from joinedup.ui import Crumb
from joinedup.ui.act_form import Act, Answers, Question, answer, code_items


@requires("governance.assure")
@require_http_methods(["GET", "HEAD", "POST"])
def open_(request: Any) -> HttpResponseBase:
    """Open a commitment or action: from a decision, or from another source that is named."""
    moment = now()
    asked = request.GET.get("decision", "")
    decisions = {
        one.reference: f"{one.reference}: {one.text}"[:120]
        for one in models.Decision.objects.exclude(item__is_private=True).order_by("-decided_at")[:200]
    }
    questions = [
        Question("text", "long", _("What was promised?"), _("Say what was promised")),
        Question("board", "choice", _("Which board watches it?"), _("Choose which board watches it"),
                 items=code_items(board_names(moment), _("Choose a board"))),
        Question("owner", "text", _("Who has to do it?"), _("Say who has to do it"),
                 hint=_("A post or the code of a body, not a person.")),
        Question("due", "day", _("By which day?"), _("The day")),
        Question("test", "long", _("How will one see that it was kept?"), _("Say how one will see that it was kept")),
        Question("decision", "choice", _("From which decision is it?"), is_optional=True,
                 items=code_items(decisions, _("From none")), start=asked if asked in decisions else None),
        Question("source", "text", _("If from no decision: from where?"), is_optional=True,
                 hint=_("Such as the operating plan, page 4.")),
    ]  # fmt: skip

    def check(got: Answers, errors: dict[str, str]) -> None:
        if not got.text("decision") and not got.text("source"):
            errors["source"] = _("Choose the decision, or say from where it is")

    def do(got: Answers) -> None:
        acts.open_commitment(
            request.grant, got.text("board"), _key(got.text("text")), text=got.text("text"), owner=got.text("owner"),
            due_on=got.day("due"), test=got.text("test"), source=got.text("source"), decision=got.text("decision"),
        )  # fmt: skip

    def done(_got: Answers) -> tuple[str, str]:
        words = _("The commitment is open. Once it is overdue it stands on the next agenda by itself.")
        return words, reverse("governance:commitments")

    return answer(
        request,
        Act(_("Open a commitment"), _("Open this commitment"), "commitment", _crumbs(), questions, do, done,
            check=check),
    )  # fmt: skip


@requires("governance.assure")
@require_http_methods(["GET", "HEAD", "POST"])
def move(request: Any, key: str) -> HttpResponseBase:
    """Move the day of an open commitment; what was promised first stays, and is shown."""
    kept = models.Commitment.objects.filter(pk=key).first()
    if kept is None:
        raise NotFound(_("There is no such commitment."))
    due = as_commitment(kept).due_on
    questions = [
        Question("due", "day", _("By which day instead?"), _("The new day"),
                 hint=_("It is due on %(day)s now.") % {"day": f"{due.day} {due:%B %Y}"}),
        Question("reason", "long", _("Why is it moved, and who agreed?"), _("Say why it is moved, and who agreed")),
    ]  # fmt: skip

    def do(got: Answers) -> None:
        acts.move_commitment(request.grant, key, due_on=got.day("due"), reason=got.text("reason"))

    def done(_got: Answers) -> tuple[str, str]:
        return _("The day is moved. The first one stays to be read."), reverse("governance:commitments")

    return answer(
        request,
        Act(_("Move the day of a commitment"), _("Move the day"), "move", _crumbs(), questions, do, done,
            caption=kept.text),
    )  # fmt: skip


def _key(text: str) -> str:
    """Answer a key for a new commitment that none has yet: of its first words."""
    first = key = "-".join(re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-").split("-")[:5]) or "commitment"
    taken = set(models.Commitment.objects.filter(pk__startswith=first).values_list("key", flat=True))
    number = 1
    while key in taken:
        number += 1
        key = f"{first}-{number}"
    return key


def _crumbs() -> list[Crumb]:
    return crumbs(Crumb(_("Commitments and actions"), reverse("governance:commitments")))
