"""Who looked at a resident's record, read from the audit: for the resident, and for those who watch (R85, R90)."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from django.utils.translation import gettext as _

from joinedup.access.audit import record
from joinedup.access.bodies import names_of
from joinedup.access.breaking_glass import REASONS
from joinedup.access.grant import Grant
from joinedup.access.models import User
from joinedup.access.resident_decision import OWN
from joinedup.access.residents import relationship_in_words
from joinedup.access.roles import TABLE
from joinedup.access.users import title_of
from joinedup.errors import RuleError

# The index on the subject is on its text, so this is asked in SQL.
_ENTRIES = """
SELECT id, entry FROM access_auditentry
 WHERE entry ->> 'subject' = ANY(%(subjects)s) AND (%(body)s::text IS NULL OR entry ->> 'body' = %(body)s)
   AND (%(all)s OR entry ->> 'outcome' = 'done')
 ORDER BY id DESC LIMIT %(limit)s
"""


@dataclass(frozen=True, slots=True)
class AccessLogEntry:
    """One look at a resident's record. `who` is a name where it may be shown, else ""; `parts` are what was shown.

    `relationship` and `purpose` are in words. `broke_glass`: without a relationship; `reason` then says why.
    """

    id: int
    at: datetime
    who: str
    role: str
    organisation: str
    action: str
    did: str
    parts: tuple[str, ...]
    purpose: str
    relationship: str
    broke_glass: bool
    reason: str
    outcome: str
    is_self: bool


def access_log(grant: Grant, subject_ids: Iterable[UUID], *, limit: int = 1000) -> list[AccessLogEntry]:
    """Answer who looked at the record of the resident whose subjects these are, latest first.

    With leave for record.own (`grant_for_resident`): every look that showed something, by role and organisation, by
    name where JOINEDUP_ACCESS_LOG_NAMES is set. With leave for record.access_log: also what was denied, by name; of a
    privacy officer of one body that body's users only. Raises Refused for other leave or other residents. Reading the
    log is recorded, too, but is no line in it.
    """
    subjects = sorted(set(subject_ids))
    is_own = grant.permission == OWN
    if is_own:
        grant.must_cover(subjects)
    else:
        grant.must_be_for("record.access_log")
    if not 0 < limit <= 10_000:
        raise RuleError(f"The log is read at most 10,000 lines at once; given {limit}.")
    asked = {
        "subjects": [f"resident:{subject}" for subject in subjects],
        "body": None if is_own or grant.body_id is None else str(grant.body_id),
        "all": not is_own,
        "limit": limit,
    }
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(_ENTRIES, asked)
            rows = cursor.fetchall()
        # Under another kind of subject, or reading the log would fill it.
        record(grant, "record.access-log", f"log:{subjects[0] if subjects else 'none'}", details={"entries": len(rows)})
    entries = [(entry_id, _parsed(entry)) for entry_id, entry in rows]
    bodies = names_of(UUID(entry["body"]) for _id, entry in entries if "body" in entry)
    names = _names(entry["actor"] for _id, entry in entries) if settings.ACCESS_LOG_NAMES or not is_own else {}
    return [_line(entry_id, entry, bodies, names, grant) for entry_id, entry in entries]


def _line(
    entry_id: int, entry: dict[str, Any], bodies: dict[UUID | None, str], names: dict[str, str], grant: Grant
) -> AccessLogEntry:
    details = entry.get("details") or {}
    relationship = entry.get("relationship", "")
    purpose = entry.get("purpose", "")
    broke_glass = entry["action"] == "record.break-glass" or relationship.startswith("break-glass:")
    return AccessLogEntry(
        id=entry_id,
        at=datetime.fromisoformat(entry["at"]),
        who=names.get(entry["actor"], ""),
        role=title_of(entry["role"]) if "role" in entry else _service(entry["actor"]),
        organisation=bodies[UUID(entry["body"])] if "body" in entry else "",
        action=entry["action"],
        did=_did(entry["action"]),
        parts=tuple(details.get("parts", ())),
        purpose=TABLE.purposes[purpose].title if purpose in TABLE.purposes else purpose,
        relationship=relationship_in_words(relationship),
        broke_glass=broke_glass,
        reason=REASONS.get(details.get("reason", ""), ""),
        outcome=entry["outcome"],
        is_self=entry["actor"] == grant.actor_id,
    )


def _did(action: str) -> str:
    words = {
        "record.find": _("Found in a search"),
        "record.list": _("Shown in a list"),
        "record.read": _("Opened the record"),
        "record.demographics": _("Saw name, address and contacts"),
        "record.summary": _("Opened the summary"),
        "record.full": _("Opened the timeline"),
        "record.write": _("Added to the record"),
        "record.handover": _("Referred or handed over"),
        "record.break-glass": _("Opened the record without a relationship, with a reason"),
        "record.own": _("Opened the own record"),
        "fhir.read": _("Read through the API"),
    }
    return words["fhir.read"] if action.startswith("fhir.") else words.get(action, action)


def _service(actor: str) -> str:
    return _("joinedup itself: %(job)s") % {"job": actor.partition(":")[2]} if actor.startswith("service:") else ""


def _names(actors: Iterable[str]) -> dict[str, str]:
    ids = {actor.removeprefix("user:") for actor in actors if actor.startswith("user:")}
    return {f"user:{user.pk}": user.name for user in User.objects.filter(pk__in=ids)}


def _parsed(entry: Any) -> dict[str, Any]:
    # Django's cursors give jsonb as its text.
    return dict(json.loads(entry)) if isinstance(entry, str) else dict(entry)
