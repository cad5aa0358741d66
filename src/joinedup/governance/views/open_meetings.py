"""A meeting as everybody reads it, without a sign-in: agenda, papers, who was there, minutes and decisions."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from joinedup.access import requires
from joinedup.governance.acts.publishing import published_copy
from joinedup.governance.kept.open_record import open_meeting
from joinedup.governance.kept.packs import Reader, pack_of
from joinedup.governance.publication.pack_pdf import pdf_of
from joinedup.governance.views.open_stamp import OPEN, stamp
from joinedup.moment import now
from joinedup.ui import Crumb, Page
from joinedup.ui.downloads import file_name


@requires(OPEN)
@require_safe
def meeting(request: Any, key: str) -> HttpResponseBase:
    """One meeting: of a private item nothing but that there was one, papers once they are published."""
    at = now().known_at
    found = open_meeting(key, request.moment, at)
    return Page(
        request,
        "governance/open_meeting.jinja",
        title=found.pack.title,
        breadcrumbs=[
            Crumb(_("Who decides"), reverse("open_boards:boards")),
            Crumb(_("The board"), reverse("open_boards:board", args=[found.pack.board])),
        ],
        pack=found.pack,
        minutes=found.minutes.strip().split("\n") if found.minutes else [],
        minutes_say=found.minutes_say,
        pdf=reverse("open_boards:pack", args=[key]),
        stamp=stamp(request, found, lambda moment: open_meeting(key, moment, at)),
    ).response()


@requires(OPEN)
@require_safe
def pack(request: Any, key: str) -> HttpResponseBase:
    """The same as one tagged PDF. Asked for a past instant, it is the bytes that were published by then (X7)."""
    if request.known_on is not None and (copy := published_copy(request.path, request.moment)) is not None:
        return as_pdf(copy[0], key)
    made = pack_of(key, request.moment, Reader(now().known_at))
    return as_pdf(pdf_of(made), made.title)


def as_pdf(content: bytes, title: str) -> HttpResponse:
    """Answer a PDF that the browser shows, named after its title."""
    response = HttpResponse(content, content_type="application/pdf")
    response["Content-Disposition"] = f'inline; filename="{file_name(title)}.pdf"'
    return response
