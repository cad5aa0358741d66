"""The public log of releases: what was run and released, for everyone, without a sign-in; what was withdrawn stays."""

from __future__ import annotations

from typing import Any

from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from joinedup.access import requires
from joinedup.errors import NotFound
from joinedup.measures.models import Release
from joinedup.measures.releases import parts, services
from joinedup.measures.releases.steps import KINDS, RECIPIENTS
from joinedup.ui import Column, Crumb, Page, Table

OPEN = "system.read"  # open to everyone, as the system itself is


@requires(OPEN)
@require_safe
def releases(request: Any) -> HttpResponseBase:
    """Everything that was ever released, the newest first."""
    rows = []
    for one in services.public_releases():
        published = next(step for step in services.steps_of(one) if step.step == "published")
        rows.append(
            {
                "title": one.title,
                "href": reverse("open:release", args=[one.number]),
                "what": _(KINDS[one.kind]),
                "recipient": _(RECIPIENTS[one.recipient_kind]),
                "published": published.at,
                "state": parts.state_tag(services.state_of(one))["text"],
            }
        )
    table = Table(
        [
            Column("title", _("Release"), "link", href_key="href"),
            Column("what", _("What")),
            Column("recipient", _("For")),
            Column("published", _("Published"), "date"),
            Column("state", _("State")),
        ],
        rows,
        caption=_("Releases, the newest first"),
        name="releases",
        empty=_("Nothing was released yet."),
        notes=[_("What was withdrawn stays in the list.")],
    )
    return Page(request, "measures/open_releases.jinja", title=_("What was released"), releases=table).response()


@requires(OPEN)
@require_safe
def release(request: Any, number: int) -> HttpResponseBase:
    """One release: what was run, for whom and why, how it is protected, who approved it by role, and the figures."""
    found = _published(number)
    state = services.state_of(found)
    is_open = _is_for_everyone(found, state)
    return Page(
        request,
        "measures/open_release.jinja",
        title=found.title,
        breadcrumbs=[Crumb(_("What was released"), reverse("open:releases"))],
        state=state,
        state_tag=parts.state_tag(state),
        about=parts.about(found, inside=False),
        file_href=reverse("open:release-file", args=[number]) if is_open else "",
        preview=parts.preview(services.content_of(found).file) if is_open else None,
    ).response()


@requires(OPEN)
@require_safe
def file(request: Any, number: int) -> HttpResponseBase:
    """The file of a release to the public, byte for byte as it was approved."""
    found = _published(number)
    if not _is_for_everyone(found, services.state_of(found)):
        raise NotFound(_("This release has no file for everyone: it went to a named body, or it was withdrawn."))
    return parts.file_response(services.content_of(found).file, number)


def _published(number: int) -> Release:
    found = services.release_of(number)
    if "published" not in {step.step for step in services.steps_of(found)}:
        raise NotFound(_("There is no such release."))
    return found


def _is_for_everyone(found: Release, state: str) -> bool:
    return found.recipient_kind == "public" and state == "published"
