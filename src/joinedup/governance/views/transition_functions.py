"""The map of functions: which body has each function of the closing bodies from the day of the change (rule: C6)."""

from __future__ import annotations

from typing import Any

from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from joinedup.access import requires
from joinedup.governance import models
from joinedup.governance.acts.transitions import TRANSIT, functions_before, map_functions
from joinedup.governance.kept.transitions import events_of, transition_of
from joinedup.governance.views.transition_parts import crumbs, receiving_items
from joinedup.moment import now
from joinedup.system import CLOSING
from joinedup.ui import Column, Crumb, Table
from joinedup.ui.act_form import Act, Answers, Question, answer, code_items


@requires(TRANSIT)
@require_http_methods(["GET", "HEAD", "POST"])
def functions(request: Any, key: str) -> HttpResponseBase:
    """Ask of each function who has it after; one that is left out is a gap, which the page says and day one refuses."""
    row = transition_of(key)
    before = _before(key)
    receiving = receiving_items(key)
    kept = models.FunctionMap.objects.filter(transition=row).order_by("-pk").first()
    said = dict(kept.after) if kept else {}
    only = next(iter(receiving)) if len(receiving) == 1 else None
    order = sorted(before)
    items = code_items(receiving, _("Nobody yet"))
    questions = [
        Question(f"after{number}", "choice", _said(function, before[function]), items=items, is_optional=True,
                 start=said.get(function, only))
        for number, function in enumerate(order)
    ]  # fmt: skip
    questions.append(
        Question("reason", "long", _("What says so?"), _("Say what says so"), hint=_("Such as the order of 2022."))
    )

    def after(got: Answers) -> list[tuple[str, str]]:
        answers = [(function, got.text(f"after{number}")) for number, function in enumerate(order)]
        return [(function, body) for function, body in answers if body]

    def check(got: Answers, errors: dict[str, str]) -> None:
        for number, _function in enumerate(order):
            if got.text(f"after{number}") not in {"", *receiving}:
                errors[f"after{number}"] = _("Choose a body that is there after the change")

    def do(got: Answers) -> None:
        map_functions(request.grant, key, before, after(got), reason=got.text("reason"))

    def worked(got: Answers) -> list[Table]:
        given = after(got)
        sums = {body: sum(1 for _function, one in given if one == body) for body in receiving}
        rows = [{"body": receiving[body], "number": number} for body, number in sums.items()]
        rows.append({"body": _("Nobody yet"), "number": len(order) - len(given)})
        return [
            Table(
                [Column("body", _("Body")), Column("number", _("Functions"), "number")], rows,
                caption=_("Functions after the change"), name="after", can_download=False, can_sort=False,
                can_filter=False,
            )
        ]  # fmt: skip

    def done(got: Answers) -> tuple[str, str]:
        lacking = len(order) - len(after(got))
        words = _("The map of functions is recorded. Each has one owner.")
        if lacking:
            words = _("The map is recorded. %(number)s functions have nobody yet.") % {"number": lacking}
        return words, reverse("transition:transition", args=[key])

    intro = [_("The change takes force only when each function has exactly one owner.")]
    if not order:
        intro = [_("The bodies that close have no function in the room of the system, so that there is none to move.")]
    return answer(
        request,
        Act(_("Say who has which function after"), _("Record this map"), "functions",
            crumbs(Crumb(row.title, reverse("transition:transition", args=[key]))), questions, do, done,
            caption=row.title, intro=intro, check=check, worked=worked),
        fields=((Exception, ("after0", "reason")),),
    )  # fmt: skip


def _before(key: str) -> dict[str, str]:
    moment = now()
    found: dict[str, str] = {}
    for event in events_of(key, moment):
        if event.kind in CLOSING:
            found |= functions_before(event.key, moment.known_at)
    return found


def _said(function: str, body: str) -> str:
    name, _slash, area = function.partition("/")
    about = f"{name.replace('-', ' ').capitalize()}, {area}" if area else name.replace("-", " ").capitalize()
    return _("%(function)s (%(body)s before)") % {"function": about, "body": body}
