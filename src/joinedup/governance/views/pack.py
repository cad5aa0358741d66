"""The pack of a meeting for its members, as a page and as PDF; its minutes to Word and back for who prepares them."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from joinedup.access import requires
from joinedup.errors import NotFound
from joinedup.governance.acts.minutes_files import minutes_as_docx, take_in_minutes
from joinedup.governance.kept.boards import person_of_account
from joinedup.governance.kept.meetings import day_of, meeting_of
from joinedup.governance.kept.packs import Reader, pack_of
from joinedup.governance.publication.minutes import differences
from joinedup.governance.publication.minutes_docx import MOST_BYTES, NoMinutesFile
from joinedup.governance.publication.pack import Pack
from joinedup.governance.publication.pack_pdf import pdf_of
from joinedup.governance.views.open_meetings import as_pdf
from joinedup.governance.views.parts import may, meeting_crumbs, said_day, sees_private
from joinedup.moment import Moment, now
from joinedup.ui import Page

WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


@requires("governance.read")
@require_safe
def read(request: Any, key: str) -> HttpResponseBase:
    """Everything of a meeting on one page, as this member may have it."""
    found = _pack(request, key)
    return Page(
        request,
        "governance/pack_read.jinja",
        title=_("Papers: %(meeting)s") % {"meeting": found.title},
        breadcrumbs=meeting_crumbs(meeting_of(key)),
        pack=found,
        pdf=reverse("board_papers:pdf", args=[key]),
    ).response()


@requires("governance.read")
@require_safe
def pdf(request: Any, key: str) -> HttpResponseBase:
    """The same as one tagged PDF."""
    found = _pack(request, key)
    return as_pdf(pdf_of(found), found.title)


@requires("governance.prepare")
@require_http_methods(["GET", "HEAD", "POST"])
def minutes(request: Any, key: str) -> HttpResponseBase:
    """The minutes: what the last edit changed, the Word file to edit, and the way back in."""
    meeting = meeting_of(key)
    error = ""
    if request.method == "POST":
        file = request.FILES.get("file")
        if file is None:
            error = _("Choose the Word file that you edited")
        elif file.size > MOST_BYTES:
            error = _("The file must be smaller than 20 MB")
        else:
            try:
                take_in_minutes(request.grant, key, file.read())
                return HttpResponseRedirect(reverse("board_papers:minutes", args=[key]))
            except NoMinutesFile as wrong:
                error = str(wrong)
    versions = list(meeting.minutes.order_by("-number")[:2])
    newest = versions[0] if versions else None
    before = versions[1] if len(versions) > 1 else None
    return Page(
        request,
        "governance/pack_minutes.jinja",
        title=_("Minutes of %(day)s") % {"day": said_day(meeting)},
        breadcrumbs=meeting_crumbs(meeting),
        has_error=bool(error),
        error=error,
        newest=newest,
        lines=[line for line in newest.text.split("\n") if line.strip()] if newest else [],
        before=before,
        changes=differences(before.text, newest.text) if newest and before else (),
        is_approved=meeting.minutes.filter(approved_at__isnull=False).exists(),
        docx=reverse("board_papers:docx", args=[key]),
        key=key,
        may_approve=may(request, "governance.preside"),
    ).response(422 if error else 200)


@requires("governance.prepare")
@require_http_methods(["POST"])
def docx(request: Any, key: str) -> HttpResponseBase:
    """The newest version as a Word file; drafted first, from what was recorded, where there is none yet."""
    content, number = minutes_as_docx(request.grant, key)
    response = HttpResponse(content, content_type=WORD)
    response["Content-Disposition"] = f'attachment; filename="minutes-version-{number}.docx"'
    return response


def _pack(request: Any, key: str) -> Pack:
    meeting = meeting_of(key)
    present = now()
    try:
        person = person_of_account(request.grant.actor_id, Moment(day_of(meeting), present.known_at))
    except NotFound:
        person = ""
    reader = Reader(
        present.known_at, is_member=sees_private(request, meeting.board_id), actor=request.grant.actor_id,
        person=person, is_secretary=may(request, "governance.prepare"),
    )  # fmt: skip
    return pack_of(key, request.moment, reader)
