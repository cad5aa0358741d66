"""Reading the audit, which is itself audited (rules: record R90)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from django.db import transaction

from joinedup.access.audit import record
from joinedup.access.grant import Grant
from joinedup.access.models import AuditEntry, User
from joinedup.moment import end_of_day, start_of_day


@dataclass(frozen=True, slots=True)
class Line:
    """One audit entry as people read it; `who` and `what` are the names that actor and subject have today."""

    id: int
    at: datetime
    who: str
    what: str
    entry: dict[str, Any]


def read_audit(
    grant: Grant,
    *,
    from_day: date | None = None,
    to_day: date | None = None,
    actor: str = "",
    action: str = "",
    subject: str = "",
    limit: int = 2000,
) -> tuple[list[Line], bool]:
    """Answer the latest entries that fit, latest first, and whether there are more than the limit.

    Days are days in London, both included. `actor` is an e-mail address or an actor as stored (`service:seal`);
    an action ending in a dot fits all that begin so (`role.`).
    """
    grant.must_be_for("access.audit")
    found = AuditEntry.objects.order_by("-id")
    if from_day:
        found = found.filter(entry__at__gte=_stamp(start_of_day(from_day)))
    if to_day:
        found = found.filter(entry__at__lte=_stamp(end_of_day(to_day)))
    if actor:
        found = found.filter(entry__actor=_actor(actor))
    if action:
        found = (
            found.filter(entry__action__startswith=action)
            if action.endswith(".")
            else found.filter(entry__action=action)
        )
    if subject:
        found = found.filter(entry__subject=subject)
    with transaction.atomic():
        rows = list(found.values_list("id", "entry")[: limit + 1])
        asked = {"from": from_day, "to": to_day, "actor": actor, "action": action, "subject": subject}
        # Which filters were used, not their values: the audit's reader must not be a way to write into it.
        details = {"filters": sorted(key for key, value in asked.items() if value), "entries": min(len(rows), limit)}
        record(grant, "audit.read", "audit:entries", details=details)
    names = _names({entry[key] for _, entry in rows for key in ("actor", "subject")})
    lines = [
        Line(
            entry_id,
            datetime.fromisoformat(entry["at"]),
            names.get(entry["actor"], entry["actor"]),
            names.get(entry["subject"], entry["subject"]),
            entry,
        )
        for entry_id, entry in rows[:limit]
    ]
    return lines, len(rows) > limit


def _actor(asked: str) -> str:
    if ":" in asked or "@" not in asked:
        return asked
    user = User.objects.filter(email=asked.strip().lower()).first()
    return f"user:{user.pk}" if user else "user:none"


def _names(mentioned: set[str]) -> dict[str, str]:
    # "user:none" stands for an address that is nobody's.
    ids = [text.removeprefix("user:") for text in mentioned if text.startswith("user:") and text != "user:none"]
    return {f"user:{user.pk}": user.name for user in User.objects.filter(pk__in=ids)}


def _stamp(instant: datetime) -> str:
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
