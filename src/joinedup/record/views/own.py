"""A resident's own pages: the record, About me, who looked. A proxy has those of whom they act for."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_safe

from joinedup.access import own_subjects, requires
from joinedup.identity import residents_of
from joinedup.record.residents import audit_reading
from joinedup.record.sources import is_loaded
from joinedup.record.views import additions, resident
from joinedup.record.views.additions import form_page
from joinedup.record.views.parts import ResidentPage, keeps_no_copy
from joinedup.ui import Crumb, Page


@requires("record.own")
@require_safe
@keeps_no_copy
def mine(request: Any) -> HttpResponseBase:
    """The way to one's own record; a choice where somebody also acts for others."""
    subjects = own_subjects(request)
    kinds: dict[UUID, str] = {}
    for subject, lead in residents_of(subjects).items():
        kinds.setdefault(lead, subjects[subject])
    if len(kinds) == 1:
        return HttpResponseRedirect(reverse("record:own-resident", args=list(kinds)))
    choices = []
    for lead, kind in kinds.items():
        page = ResidentPage(request, lead, "record.own", is_own=True)
        audit_reading(page.opened, "demographics")
        choices.append({"name": page.identity.name, "href": page.href("resident"), "kind": kind})
    return Page(
        request,
        "record/mine.jinja",
        title=_("Your record"),
        breadcrumbs=[Crumb("joinedup", "/")],
        choices=choices,
        is_simulated=is_loaded(),
    ).response()


@requires("record.own")
@require_safe
@keeps_no_copy
def own_resident(request: Any, resident_id: UUID) -> HttpResponseBase:
    return resident.show_summary(request, resident_id, is_own=True)


@requires("record.own")
@require_safe
@keeps_no_copy
def own_section(request: Any, resident_id: UUID, code: str) -> HttpResponseBase:
    return resident.show_section(request, resident_id, code, is_own=True)


@requires("record.own")
@require_safe
@keeps_no_copy
def own_timeline(request: Any, resident_id: UUID) -> HttpResponseBase:
    return resident.show_story(request, resident_id, is_own=True)


@requires("record.own")
@require_safe
@keeps_no_copy
def own_entry(request: Any, resident_id: UUID, kind: str, entry_id: UUID) -> HttpResponseBase:
    return resident.show_entry(request, resident_id, kind, entry_id, is_own=True)


@requires("record.own")
@require_safe
@keeps_no_copy
def own_documents(request: Any, resident_id: UUID) -> HttpResponseBase:
    return resident.show_documents(request, resident_id, is_own=True)


@requires("record.own")
@require_safe
@keeps_no_copy
def own_identity(request: Any, resident_id: UUID) -> HttpResponseBase:
    return resident.show_identity(request, resident_id, is_own=True)


@requires("record.own")
@require_safe
@keeps_no_copy
def own_access_log(request: Any, resident_id: UUID) -> HttpResponseBase:
    return resident.show_log(request, resident_id)


@requires("record.own")
@require_safe
@keeps_no_copy
def own_about_me(request: Any, resident_id: UUID) -> HttpResponseBase:
    return additions.show_about_me(request, resident_id, is_own=True)


@requires("record.own")
@form_page
@keeps_no_copy
@sensitive_post_parameters()
def own_write_about_me(request: Any, resident_id: UUID) -> HttpResponseBase:
    return additions.edit_about_me(request, resident_id, is_own=True)
