"""Approving the minutes of a meeting at a later meeting of the same board: from then on they stay and are published."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any

from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from joinedup.access import requires
from joinedup.governance import models
from joinedup.governance.acts import minutes as acts
from joinedup.governance.kept.meetings import meeting_of, not_cancelled
from joinedup.governance.views.parts import meeting_crumbs, said_day
from joinedup.moment import LONDON, now
from joinedup.ui.act_form import Act, Answers, Question, answer, code_items


@requires("governance.preside")
@require_http_methods(["GET", "HEAD", "POST"])
def approve(request: Any, key: str) -> HttpResponseBase:
    """Record that a later meeting, begun by today, approved the newest version of these minutes."""
    kept, moment = meeting_of(key), now()
    newest = kept.minutes.order_by("number").last()
    tomorrow = datetime.combine(moment.valid_on + timedelta(days=1), time(), tzinfo=LONDON)
    later = models.Meeting.objects.filter(
        board=kept.board_id, starts_at__gt=kept.starts_at, starts_at__lt=tomorrow
    ).order_by("starts_at", "key")
    choices = {one.key: said_day(one) for one in not_cancelled(later, moment.known_at)}
    versions = {str(newest.number): _("Version %(number)s, the newest") % {"number": newest.number}} if newest else {}
    questions = [
        Question("version", "radios", _("Which version is approved?"), _("Choose the version that is approved"),
                 items=code_items(versions), hint="" if newest else _("There are no minutes yet. Draft them first."),
                 start=next(iter(versions), None)),
        Question("meeting", "choice", _("At which meeting were they approved?"), _("Choose the meeting"),
                 items=code_items(choices, _("Choose a meeting")),
                 hint="" if choices else _("No later meeting of this board has come yet.")),
    ]  # fmt: skip

    def check(got: Answers, errors: dict[str, str]) -> None:
        if got.text("version") not in versions:
            errors["version"] = _("Choose the version that is approved")
        if got.text("meeting") not in choices:
            errors["meeting"] = _("Choose the meeting")

    def do(got: Answers) -> None:
        acts.approve_minutes(request.grant, key, got.text("meeting"), number=int(got.text("version")))

    def done(got: Answers) -> tuple[str, str]:
        words = _("The minutes of %(day)s are approved, and everybody may read them if the meeting was public.")
        return words % {"day": said_day(kept)}, reverse("governance:meeting", args=[got.text("meeting")])

    return answer(
        request,
        Act(_("Approve the minutes"), _("Approve them"), "approve-minutes", meeting_crumbs(kept), questions, do, done,
            caption=said_day(kept), check=check,
            intro=[_("From then on they stay as they are. A correction goes to a later meeting.")]),
    )  # fmt: skip
