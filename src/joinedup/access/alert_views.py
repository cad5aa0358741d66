"""The pages of those who watch: alerts with their review, and who looked at one resident's record."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from joinedup.access import alerts
from joinedup.access.breaking_glass import REASONS
from joinedup.access.grant import requires
from joinedup.access.log_of_access import AccessLogEntry, access_log
from joinedup.access.roles import TABLE
from joinedup.errors import RuleError
from joinedup.ui import Column, Crumb, Page, Table


@requires("access.alerts", purpose="privacy-review")
@require_safe
def list_of_alerts(request: Any) -> HttpResponseBase:
    rows = [
        {
            "raised_at": row.raised_at,
            "kind": _(alerts.KINDS[row.kind]),
            "href": reverse("access:alert", args=[row.id]),
            "who": f"{row.who}, {row.role}, {row.body}",
            "why": _(REASONS.get(row.reason_code, row.reason_code)),
            "due_on": row.due_on,
            "state": _(alerts.OUTCOMES[row.outcome]) if row.outcome else _("Waits for review"),
        }
        for row in alerts.list_of_alerts(request.grant, _now())
    ]
    table = Table(
        [
            Column("kind", _("Alert"), "link", href_key="href"),
            Column("raised_at", _("When"), "date"),
            Column("who", _("Who")),
            Column("why", _("Reason given")),
            Column("due_on", _("Review by"), "date"),
            Column("state", _("State")),
        ],
        rows,
        caption=_("Alerts, those that wait first"),
        name="alerts",
        can_download=False,
        empty=_("No alert has been raised."),
    )
    return Page(request, "access/alerts.jinja", title=_("Alerts"), alerts=table).response()


@requires("access.alerts", purpose="privacy-review")
@require_http_methods(["GET", "HEAD", "POST"])
def alert(request: Any, reference: UUID) -> HttpResponseBase:
    """One alert, and the form in which its review is kept."""
    row = alerts.one_alert(request.grant, reference)
    errors = []
    if request.method == "POST":
        try:
            found, note = request.POST.get("outcome", ""), request.POST.get("note", "")
            alerts.review(request.grant, reference, found, note, _now())
            return HttpResponseRedirect(reverse("access:alerts"))
        except RuleError as error:
            field = "#note" if request.POST.get("outcome") in alerts.OUTCOMES else "#outcome"
            errors = [{"text": str(error), "href": field}]
    return Page(
        request,
        "access/alert.jinja",
        title=_(alerts.KINDS[row.kind]),
        breadcrumbs=[Crumb(_("Alerts"), reverse("access:alerts"))],
        row=row,
        reason=_(REASONS.get(row.reason_code, row.reason_code)),
        purpose=TABLE.purposes[row.purpose].title if row.purpose in TABLE.purposes else row.purpose,
        outcomes=[(key, _(title)) for key, title in alerts.OUTCOMES.items()],
        given=request.POST,
        errors=errors,
    ).response(422 if errors else 200)


@requires("record.access_log", purpose="privacy-review")
@require_safe
def log_of_resident(request: Any, resident_id: UUID) -> HttpResponseBase:
    """Who looked at one resident's record; of a privacy officer of one body, that body's users only."""
    entries = access_log(request.grant, subjects_of(resident_id))
    return Page(
        request,
        "access/log.jinja",
        title=_("Who looked at this record"),
        breadcrumbs=[Crumb(_("Alerts"), reverse("access:alerts"))],
        log=access_log_table(entries),
        is_of_one_body=request.grant.body_id is not None,
    ).response()


def access_log_table(entries: Sequence[AccessLogEntry], *, is_own: bool = False) -> Table:
    """Answer the table of a log of access, for this page and for the resident's own (`is_own`)."""
    columns = [
        Column("at", _("When"), "date"),
        *([] if is_own and not settings.ACCESS_LOG_NAMES else [Column("who", _("Who"))]),
        Column("role", _("Role")),
        Column("organisation", _("Works for")),
        Column("did", _("What they did")),
        Column("parts", _("What was shown")),
        Column("purpose", _("Why")),
        Column("relationship", _("Relationship")),
        *([] if is_own else [Column("outcome", _("Outcome"))]),
    ]
    rows = [
        {
            "at": entry.at,
            "who": entry.who,
            "role": _("You") if is_own and entry.is_self else entry.role,
            "organisation": entry.organisation,
            "did": entry.did + (f": {_(entry.reason)}" if entry.reason else ""),
            "parts": ", ".join(entry.parts),
            "purpose": entry.purpose,
            "relationship": entry.relationship,
            "outcome": _("Refused") if entry.outcome == "denied" else _("Done"),
        }
        for entry in entries
    ]
    return Table(
        columns,
        rows,
        caption=_("Who looked, latest first"),
        name="looked",
        can_download=is_own,
        empty=_("Nobody has looked at this record."),
    )


def subjects_of(resident_id: UUID) -> tuple[UUID, ...]:
    """Answer the subjects that are this resident, as whoever is registered in settings knows them."""
    for path in getattr(settings, "SUBJECTS_OF", []):
        found: tuple[UUID, ...] = tuple(import_string(path)(resident_id))
        if found:
            return found
    return (resident_id,)


def _now() -> datetime:
    return datetime.now(UTC)
