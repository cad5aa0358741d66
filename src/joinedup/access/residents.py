"""Leave to open residents' records: the one decision on every way in, for a page, the search box and the API alike."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction

from joinedup.access.audit import Act, record, record_many
from joinedup.access.bodies import codes_of
from joinedup.access.decision import Actor
from joinedup.access.grant import Grant, actor_asking, grant_for
from joinedup.access.kept_relationships import open_relationships
from joinedup.access.purposes import purpose_of
from joinedup.access.relationships import KINDS, windows
from joinedup.access.resident_decision import OWN, ResidentDecision, Ties, decide_for_resident, roles_that_may
from joinedup.access.roles import TABLE
from joinedup.errors import NotFound
from joinedup.moment import LONDON

# The same words for a record that is hidden and for one that does not exist (rules: trust T33).
NO_SUCH_RECORD = "There is no such record, or none that you may open."


def grant_for_resident(
    asker: Any,
    permission: str,
    subject_ids: Iterable[UUID],
    *,
    purpose: str | None = None,
    resident_id: UUID | None = None,
    at: datetime | None = None,
) -> Grant:
    """Answer the grant to do this with the record of ONE resident, whose subjects these are.

    Raises NotSignedIn (401), Refused (403) where no role of the asker permits this to anybody, or not for the purpose,
    and NotFound (404) in the same words where the resident is hidden from the asker and where there is none
    (`subject_ids` empty). Denials are recorded, with the reason, in a transaction of their own; so this is asked
    before a transaction begins (RuntimeError otherwise): the error that leads out would take the entry back.
    `purpose` defaults to what was chosen for the session or the token. `resident_id` names the resident in the audit.
    """
    at = at or datetime.now(UTC)
    subjects = frozenset(subject_ids)
    named = resident_id or min(subjects, default=None)
    wanted = purpose_of(asker, permission, purpose, at)
    found = _decide(asker, permission, {named: subjects} if named else {}, wanted, at)
    decision = found.get(named) if named else ResidentDecision(False, "no such resident")
    if decision is None or not decision.allowed:
        reason = decision.reason if decision else "no such resident"
        _record_denial(asker, permission, wanted, named, reason)
        raise NotFound(NO_SUCH_RECORD)
    return _grant(actor_asking(asker), permission, decision, subjects, at)


def grants_for_residents(
    asker: Any,
    permission: str,
    residents: Mapping[UUID, Iterable[UUID]],
    *,
    purpose: str | None = None,
    at: datetime | None = None,
) -> dict[UUID, Grant]:
    """Answer the grant for each of these residents (subject ids by resident id) whose record the asker may open.

    The others are left out, as if there were none; a search is no denial and is recorded by whoever shows it. One
    query, however many. Raises NotSignedIn and Refused as `grant_for_resident` does.
    """
    at = at or datetime.now(UTC)
    subjects = {resident: frozenset(ids) for resident, ids in residents.items()}
    wanted = purpose_of(asker, permission, purpose, at)
    actor = actor_asking(asker)
    return {
        resident: _grant(actor, permission, decision, subjects[resident], at)
        for resident, decision in _decide(asker, permission, subjects, wanted, at).items()
        if decision.allowed
    }


def may_see_residents(
    asker: Any,
    permission: str,
    residents: Mapping[UUID, Iterable[UUID]],
    *,
    purpose: str | None = None,
    at: datetime | None = None,
) -> dict[UUID, str]:
    """Answer by which relationship the asker may open each resident's record; those that he may not are left out."""
    grants = grants_for_residents(asker, permission, residents, purpose=purpose, at=at)
    return {resident: grant.relationship or "" for resident, grant in grants.items()}


def disclose(
    grant: Grant,
    resident_ids: Iterable[UUID],
    action: str = "record.read",
    *,
    parts: Iterable[str] = (),
    details: Mapping[str, Any] | None = None,
) -> int:
    """Record that these residents' data were shown: one entry each, so that each sees it in their own log (R85, R89).

    `parts` say what was shown ("summary", "timeline", "demographics"). Works in the transaction that is open now;
    answers how many entries.
    """
    named = sorted(parts)
    kept = {**(details or {}), **({"parts": named} if named else {})} or None
    return record_many(grant, [Act(action, f"resident:{one}", details=kept) for one in sorted(set(resident_ids))])


def registered_subjects(subject_ids: Iterable[UUID], organisations: Iterable[str], at: datetime) -> set[UUID]:
    """Answer those of these subjects who are registered at this instant at a practice with one of these ODS codes.

    A registration that has moved or ended does not count. One query over an index by subject. It discloses nothing by
    itself: opening a record takes `grant_for_resident`.
    """
    window = {"registered_practice": windows()["registered_practice"]}
    return set(open_relationships(subject_ids, organisations, at, window))


# Ties that open no record: of a hand-over only itself is read, and whom it is about.
_OF_A_HANDOVER = {
    "handover_addressee": "a hand-over addressed to the team",
    "handover_sender": "a hand-over that the team sent",
}


def relationship_in_words(relationship: str | None) -> str:
    """Answer a grant's relationship as people read it."""
    if relationship and relationship.startswith("break-glass:"):
        return "opened without a relationship, with a reason"
    if relationship in KINDS:
        return KINDS[relationship].title
    return _OF_A_HANDOVER.get(relationship or "", "")


def ties_of(
    asker: Any, permission: str, residents: Mapping[UUID, frozenset[UUID]], purpose: str, at: datetime
) -> dict[UUID, Ties]:
    """Answer what stands between whoever asks and each of these residents."""
    from joinedup.access.breaking_glass import open_glasses

    actor, on = actor_asking(asker), at.astimezone(LONDON).date()
    every = frozenset(subject for subjects in residents.values() for subject in subjects)
    own = _own_records(actor, every, on) if permission == OWN else {}
    by_subject = {} if permission == OWN else _by_subject(asker, actor, permission, every, purpose, at)
    glasses = {} if permission == OWN else open_glasses(asker, every, at)
    found = {}
    for resident, subjects in residents.items():
        by_body: dict[UUID, frozenset[str]] = {}
        for subject in subjects:
            for body, kinds in by_subject.get(subject, {}).items():
                by_body[body] = by_body.get(body, frozenset()) | kinds
        kinds_of_own = {own[subject] for subject in subjects if subject in own}
        glass = next((glasses[subject] for subject in sorted(subjects) if subject in glasses), None)
        found[resident] = Ties(by_body, min(kinds_of_own, key=("self", "proxy").index, default=None), glass)
    return found


def _decide(
    asker: Any, permission: str, residents: Mapping[UUID, frozenset[UUID]], purpose: str, at: datetime
) -> dict[UUID, ResidentDecision]:
    actor, on = actor_asking(asker), at.astimezone(LONDON).date()
    return {
        resident: decide_for_resident(actor, permission, on, purpose, ties)
        for resident, ties in ties_of(asker, permission, residents, purpose, at).items()
        if residents[resident]
    }


def _by_subject(
    asker: Any, actor: Actor, permission: str, subjects: frozenset[UUID], purpose: str, at: datetime
) -> dict[UUID, dict[UUID, frozenset[str]]]:
    """Answer, by subject and body, the open kinds of relationship of the bodies in which the actor may do this."""
    on = at.astimezone(LONDON).date()
    bodies = {held.body_id for held, _ in roles_that_may(actor, permission, on, purpose) if held.body_id}
    codes = _codes(asker, bodies)
    window = windows(settings.DAYS_BEFORE_APPOINTMENT, settings.DAYS_AFTER_CARE)
    found: dict[UUID, dict[UUID, frozenset[str]]] = {}
    for body in bodies:
        for subject, kinds in open_relationships(subjects, codes.get(body, ()), at, window).items():
            found.setdefault(subject, {})[body] = frozenset(kinds)
    return found


def _codes(asker: Any, bodies: set[UUID]) -> dict[UUID, frozenset[str]]:
    # A request asks once, as for its actor: a page may take leave for several parts of a record.
    kept: dict[UUID, frozenset[str]] = getattr(asker, "access_codes", {})
    missing = bodies - kept.keys()
    if missing:
        kept = kept | dict.fromkeys(missing, frozenset()) | codes_of(missing)
        if hasattr(asker, "META"):
            asker.access_codes = kept
    return kept


def own_subjects(asker: Any, at: datetime | None = None) -> dict[UUID, str]:
    """Answer the subjects whose record is the asker's own today, each "self" or "proxy"; one's own comes first.

    Raises NotSignedIn and Refused as `grant_for` does where no role of the asker permits record.own. Discloses nothing
    else: opening the record takes `grant_for_resident`.
    """
    grant_for(asker, OWN)
    actor, on = actor_asking(asker), (at or datetime.now(UTC)).astimezone(LONDON).date()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT subject_id, kind FROM access_ownrecord WHERE user_id = %s AND valid @> %s ORDER BY kind DESC, id",
            [actor.id.removeprefix("user:"), on],
        )
        return dict(cursor.fetchall())


def _own_records(actor: Actor, subjects: frozenset[UUID], on: date) -> dict[UUID, str]:
    if not subjects or not actor.id.startswith("user:"):
        return {}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT subject_id, kind FROM access_ownrecord WHERE user_id = %s AND subject_id = ANY(%s) AND valid @> %s",
            [actor.id.removeprefix("user:"), list(subjects), on],
        )
        return dict(cursor.fetchall())


def _grant(actor: Actor, permission: str, decision: ResidentDecision, subjects: frozenset[UUID], at: datetime) -> Grant:
    held = decision.by
    return Grant(
        actor_id=actor.id,
        actor_name=actor.name,
        role=held.role if held else None,
        body_id=held.body_id if held else None,
        purpose=decision.purpose,
        permission=permission,
        decided_at=at,
        reason=decision.reason,
        relationship=decision.relationship,
        subject_ids=subjects,
    )


def _record_denial(asker: Any, permission: str, purpose: str, resident_id: UUID | None, reason: str) -> None:
    # The role may do this to somebody: grant_for has been asked. So the role and body named are those of that yes.
    grant = grant_for(asker, permission, purpose=purpose or TABLE.permission(permission).title)
    denied = Grant(
        actor_id=grant.actor_id, actor_name=grant.actor_name, role=grant.role, body_id=grant.body_id,
        purpose=grant.purpose, permission=permission, decided_at=grant.decided_at, reason=reason,
    )  # fmt: skip
    with transaction.atomic(durable=True):
        record(denied, permission, f"resident:{resident_id or 'none'}", outcome="denied")
