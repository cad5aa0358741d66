"""Opening a record without a relationship: one person, one session, an hour, with a reason, watched (rules: R81).

A glass is broken when waiting would do harm: the registration or the referral has not arrived, or somebody is at risk.
Nobody is asked first, and a privacy officer hears of it at once.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction

from joinedup.access.alerts import raise_alert
from joinedup.access.audit import record
from joinedup.access.grant import Grant, actor_asking, grant_for
from joinedup.access.models import BreakGlass, UserSession
from joinedup.access.purposes import purpose_of
from joinedup.access.resident_decision import BREAK_GLASS, Ties, decide_for_resident, roles_that_may
from joinedup.errors import JoinedupError, NotFound, Refused, RuleError, did_you_mean
from joinedup.moment import LONDON

REASONS = {
    "emergency": "Emergency: waiting would put the person at risk",
    "not-arrived": "The person is in our care, but the registration or referral has not arrived",
    "safeguarding": "Safeguarding: somebody is at risk of harm",
    "asked": "The person is here and asks for it",
}
LEAST_TEXT = 20
# More than so many by one user within a day raise one more alert (R81).
MOST_A_DAY = 5
WATCHED = timedelta(hours=24)

# Every glass that a user broke for any of these subjects, with what its reviewer decided: the latest decision if there
# are several, null until there is one.
_GLASSES = """
SELECT g.id, g.subject_ids, g.session_id, g.opened_at, g.ends_at,
       (SELECT r.outcome FROM access_alert a JOIN access_alertreview r ON r.alert_id = a.id
         WHERE a.break_glass_id = g.id AND a.kind = 'break_glass' AND r.outcome <> 'asked'
         ORDER BY r.id DESC LIMIT 1)
  FROM access_breakglass g
 WHERE g.user_id = %s AND g.subject_ids && %s::uuid[]
"""


class NotNeeded(JoinedupError):
    """The record is open to this user anyway; nothing was opened and nobody was alerted."""

    status = 409


@dataclass(frozen=True, slots=True)
class Opened:
    """A glass that was broken: its reference, and when it closes again."""

    reference: UUID
    ends_at: datetime


def break_glass(
    request: Any,
    subject_ids: Iterable[UUID],
    reason_code: str,
    text: str,
    *,
    purpose: str | None = None,
    resident_id: UUID | None = None,
    at: datetime | None = None,
) -> Opened:
    """Open ONE resident's record (these are the resident's subjects) to this session for an hour.

    `reason_code` is a key of REASONS and `text` has at least 20 characters. From then on
    `grant_for_resident` answers with the relationship "break-glass:<reference>". Raises Refused where the role has no
    break-glass or an earlier one for this person was found not justified, RuleError for a missing reason, NotNeeded
    (409) where a relationship opens the record anyway, and NotFound where there is no such resident (`subject_ids`
    empty). A privacy officer of the organisation is alerted when this commits, a second time when it is the sixth
    within 24 hours. Asked before a transaction begins, as `grant_for_resident` is.
    """
    from joinedup.access.residents import NO_SUCH_RECORD, ties_of

    at = at or datetime.now(UTC)
    subjects = frozenset(subject_ids)
    wanted = purpose_of(request, BREAK_GLASS, purpose, at)
    named = resident_id or min(subjects, default=None)
    grant = _grant(request, wanted, at)
    if named is None or not subjects:
        _deny(grant, None, "no such resident")
        raise NotFound(NO_SUCH_RECORD)
    must_give_reason(reason_code, text)
    actor = actor_asking(request)
    ties = ties_of(request, "record.summary", {named: subjects}, wanted, at)[named]
    without_glass = Ties(ties.by_body, ties.own, None, ties.choice)
    on = at.astimezone(LONDON).date()
    if decide_for_resident(actor, "record.summary", on, wanted, without_glass).allowed:
        raise NotNeeded("You have a relationship with this resident: open the record without breaking the glass.")
    session = _session(request)
    if session is None:
        _deny(grant, named, "no session")
        raise Refused("Only somebody who is signed in on these pages can break the glass.")
    if _was_not_justified(session.user_id, subjects):
        _deny(grant, named, "an earlier one was not justified")
        raise Refused("An earlier opening of this record was found not justified. Ask your privacy officer.")
    with transaction.atomic():
        with connection.cursor() as cursor:  # Two at once must not both count five.
            cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"break-glass {actor.id}"])
        glass = BreakGlass.objects.create(
            user_id=session.user_id,
            session=session,
            role=grant.role or "",
            body_id=grant.body_id,
            subject_ids=sorted(subjects),
            purpose=wanted,
            reason_code=reason_code,
            reason=text.strip(),
            opened_at=at,
            ends_at=at + timedelta(minutes=settings.BREAK_GLASS_MINUTES),
        )
        details = {"reason": reason_code, "reference": str(glass.pk)}
        record(grant, "record.break-glass", f"resident:{named}", details=details)
        raise_alert("break_glass", glass, at)
        within = BreakGlass.objects.filter(user_id=session.user_id, opened_at__gt=at - WATCHED)
        if within.count() > MOST_A_DAY:
            raise_alert("rate", glass, at, once_within=WATCHED)
    return Opened(glass.pk, glass.ends_at)


def open_glasses(asker: Any, subjects: Iterable[UUID], at: datetime) -> dict[UUID, UUID]:
    """Answer the reference of the glass that is broken for each of these subjects in the asker's session, if any.

    It is closed when its time is over, its session has ended, or a privacy officer found it not justified.
    """
    session, wanted = _session(asker), list(subjects)
    if session is None or not wanted:
        return {}
    return {
        subject: reference
        for reference, subject_ids, session_id, opened_at, ends_at, found in _glasses(session.user_id, wanted)
        if session_id == session.pk and opened_at <= at < ends_at and found != "not_justified"
        for subject in subject_ids
    }


def _session(asker: Any) -> UserSession | None:
    """The open session of a request by cookie. A token has none: what a program reads, no glass opens."""
    key = getattr(getattr(asker, "session", None), "session_key", None)
    if not key or getattr(asker, "access_token", None) is not None:
        return None
    return UserSession.objects.filter(session_key=key, ended_at=None).first()


def _grant(request: Any, purpose: str, at: datetime) -> Grant:
    """The grant for the act itself, in a body where the role is held in one: its privacy officer is to hear of it."""
    actor, on = actor_asking(request), at.astimezone(LONDON).date()
    grant = grant_for(request, BREAK_GLASS, purpose=purpose)
    roles = [held for held, _ in roles_that_may(actor, BREAK_GLASS, on, purpose)]
    held = next((held for held in roles if held.body_id), None)
    return replace(grant, role=held.role, body_id=held.body_id) if held else grant


def _deny(grant: Grant, resident_id: UUID | None, reason: str) -> None:
    with transaction.atomic(durable=True):
        details = {"denied": reason}
        record(grant, "record.break-glass", f"resident:{resident_id or 'none'}", outcome="denied", details=details)


def must_give_reason(reason_code: str, text: str) -> None:
    """Raise RuleError unless this is a reason; asked before anybody is looked for, so that it tells of nobody."""
    if reason_code not in REASONS:
        near = did_you_mean(reason_code, REASONS)
        raise RuleError(f"Select why you open this record; expected one of {', '.join(REASONS)}.{near}")
    # Letters and digits count: twenty dots are no reason.
    if sum(character.isalnum() for character in text) < LEAST_TEXT or len(text.strip()) < LEAST_TEXT:
        raise RuleError(f"Say in at least {LEAST_TEXT} characters why you open this record.")


def _was_not_justified(user_id: Any, subjects: frozenset[UUID]) -> bool:
    return any(found == "not_justified" for *_rest, found in _glasses(user_id, subjects))


def _glasses(user_id: Any, subjects: Iterable[UUID]) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(_GLASSES, [user_id, list(subjects)])
        return list(cursor.fetchall())
