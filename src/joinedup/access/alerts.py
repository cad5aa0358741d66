"""What privacy officers hear of at once and review: a glass that was broken, and one user who breaks many (R81)."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.mail import send_mail
from django.db import transaction
from django.db.models import Q
from django.urls import reverse

from joinedup.access.audit import record
from joinedup.access.bodies import names_of
from joinedup.access.grant import Grant
from joinedup.access.models import Alert, AlertReview, BreakGlass, RoleHeld, User
from joinedup.access.users import title_of
from joinedup.errors import NotFound, Refused, RuleError
from joinedup.moment import LONDON

logger = logging.getLogger("joinedup.access")
OUTCOMES = {"justified": "Justified", "not_justified": "Not justified", "asked": "The user has been asked"}
KINDS = {"break_glass": "Opened without a relationship", "rate": "Many opened by one user"}
REVIEW_WITHIN = 5  # working days (R81)
WHOLE_SYSTEM_FALLBACK = ("privacy_officer", "caldicott_guardian")


@dataclass(frozen=True, slots=True)
class AlertRow:
    """One alert as its reviewer sees it. `resident_id` is one of the subjects: it opens that resident's access log."""

    id: UUID
    kind: str
    raised_at: datetime
    due_on: date
    who: str
    email: str
    role: str
    body: str
    purpose: str
    reason_code: str
    reason: str
    resident_id: UUID
    opened_until: datetime
    outcome: str | None
    note: str
    reviewed_by: str
    reviewed_at: datetime | None
    is_own: bool


def raise_alert(kind: str, glass: BreakGlass, at: datetime, *, once_within: timedelta | None = None) -> Alert | None:
    """Keep an alert in the transaction that is open now, and have its letter sent as soon as that commits.

    With `once_within`, none is raised where the user has one of this kind that is not older.
    """
    if once_within and Alert.objects.filter(kind=kind, user=glass.user, raised_at__gt=at - once_within).exists():
        return None
    alert = Alert.objects.create(kind=kind, break_glass=glass, user=glass.user, body_id=glass.body_id, raised_at=at)
    from joinedup.access.tasks import send_alert

    # A job of the same transaction: it is lost with the act or kept with it, and a mail server that is slow does not
    # keep anybody from the record.
    send_alert.defer(reference=str(alert.pk))
    return alert


def send(reference: UUID, at: datetime) -> int:
    """Send the letter of an alert to the privacy officers of its organisation; answers how many. Twice sends once.

    It bears the reference alone: no name, no number, no reason (R81). Where an organisation has no privacy officer,
    those of the whole system hear of it, then the Caldicott guardians.
    """
    with transaction.atomic():
        alert = Alert.objects.select_for_update().filter(pk=reference).first()
        if alert is None or alert.sent_at is not None:
            return 0
        receivers = receivers_of(alert, at.astimezone(LONDON).date())
        if not receivers:
            logger.error("alert.nobody_to_tell", extra={"counts": {"alerts": 1}})
        address = settings.PUBLIC_URL + reverse("access:alert", args=[alert.pk])
        for receiver in receivers:
            text = f"Alert {alert.pk} waits for your review, within {REVIEW_WITHIN} working days:\n\n{address}\n"
            send_mail("joinedup: an alert waits for your review", text, None, [receiver.email])
        alert.sent_at, alert.receivers = at, len(receivers)
        alert.save(update_fields=["sent_at", "receivers"])
    return len(receivers)


def unsent(at: datetime, older_than: timedelta = timedelta(seconds=20)) -> list[UUID]:
    """Answer the alerts whose letter has not gone out though it should have."""
    return list(Alert.objects.filter(sent_at=None, raised_at__lt=at - older_than).values_list("pk", flat=True))


def receivers_of(alert: Alert, on: date) -> list[User]:
    """Answer who hears of an alert: the privacy officers where the user works, else those of the whole system."""
    held = RoleHeld.objects.filter(valid__contains=on, user__is_active=True).exclude(user=alert.user)
    ways = [Q(role="privacy_officer", body_id=alert.body_id)] if alert.body_id else []
    ways += [Q(role=role, body_id=None) for role in WHOLE_SYSTEM_FALLBACK]
    for way in ways:
        found = {role.user_id: role.user for role in held.filter(way).select_related("user")}
        if found:
            return sorted(found.values(), key=lambda user: user.email)
    return []


def list_of_alerts(grant: Grant, at: datetime) -> list[AlertRow]:
    """Answer the alerts that whoever holds this grant reviews: those not reviewed first, the oldest of them first.

    A privacy officer of a body sees the body's own; one of the whole system, or a Caldicott guardian, all.
    """
    grant.must_be_for("access.alerts")
    alerts = Alert.objects.select_related("break_glass", "user").prefetch_related("reviews__reviewed_by")
    if grant.body_id is not None:
        alerts = alerts.filter(body_id=grant.body_id)
    with transaction.atomic():
        found = list(alerts.order_by("-raised_at")[:1000])
        record(grant, "alert.list", "audit:alerts", details={"alerts": len(found)})
    bodies = names_of(alert.body_id for alert in found)
    rows = [_row(alert, bodies, grant) for alert in found]
    waiting = sorted((row for row in rows if row.outcome in (None, "asked")), key=lambda row: row.raised_at)
    return waiting + [row for row in rows if row.outcome not in (None, "asked")]


def one_alert(grant: Grant, reference: UUID) -> AlertRow:
    """Answer one alert; raises NotFound for one of another organisation, as for one that does not exist."""
    alert = _alert(grant, reference)
    with transaction.atomic():
        record(grant, "alert.read", f"alert:{alert.pk}")
    return _row(alert, names_of([alert.body_id]), grant)


def review(grant: Grant, reference: UUID, outcome: str, note: str, at: datetime) -> AlertReview:
    """Keep what a privacy officer found: "justified", "not_justified" (it closes at once) or "asked".

    Raises RuleError for another outcome or where "not justified" has no note, and Refused for one's own alert.
    """
    alert = _alert(grant, reference)
    if grant.actor_id == f"user:{alert.user_id}":
        with transaction.atomic():
            record(grant, "alert.review", f"alert:{alert.pk}", outcome="denied")
        raise Refused("Nobody reviews an alert about themselves. Ask another privacy officer.")
    if outcome not in OUTCOMES:
        raise RuleError("Select what you found: justified, not justified, or that the user has been asked.")
    if outcome == "not_justified" and len(note.strip()) < 10:
        raise RuleError("Say in at least 10 characters why it was not justified.")
    with transaction.atomic():
        kept = AlertReview.objects.create(
            alert=alert,
            outcome=outcome,
            note=note.strip(),
            reviewed_by_id=UUID(grant.actor_id.removeprefix("user:")),
            reviewed_at=at,
        )
        record(grant, "alert.review", f"alert:{alert.pk}", details={"found": outcome})
    return kept


def working_days_after(day: date, days: int) -> date:
    """Answer the day that many working days (Monday to Friday; bank holidays are not known here) after another."""
    while days:
        day += timedelta(days=1)
        days -= day.weekday() < 5
    return day


def _alert(grant: Grant, reference: UUID) -> Any:
    grant.must_be_for("access.alerts")
    alerts = Alert.objects.select_related("break_glass", "user").prefetch_related("reviews__reviewed_by")
    if grant.body_id is not None:
        alerts = alerts.filter(body_id=grant.body_id)
    alert = alerts.filter(pk=reference).first()
    if alert is None:
        raise NotFound("There is no such alert.")
    return alert


def _row(alert: Any, bodies: dict[UUID | None, str], grant: Grant) -> AlertRow:
    glass: BreakGlass = alert.break_glass
    last: Any = max(alert.reviews.all(), key=lambda one: one.pk, default=None)
    return AlertRow(
        id=alert.pk,
        kind=alert.kind,
        raised_at=alert.raised_at,
        due_on=working_days_after(alert.raised_at.astimezone(LONDON).date(), REVIEW_WITHIN),
        who=alert.user.name,
        email=alert.user.email,
        role=title_of(glass.role),
        body=bodies[alert.body_id],
        purpose=glass.purpose,
        reason_code=glass.reason_code,
        reason=glass.reason,
        resident_id=min(glass.subject_ids),
        opened_until=glass.ends_at,
        outcome=last.outcome if last else None,
        note=last.note if last else "",
        reviewed_by=last.reviewed_by.name if last else "",
        reviewed_at=last.reviewed_at if last else None,
        is_own=grant.actor_id == f"user:{alert.user_id}",
    )
