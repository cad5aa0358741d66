"""Who is one resident, at any time; who may be meant by a name; what happened to a resident's joins; what waits."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from joinedup.identity.values import LADDER_WEIGHT, METHODS, IdentityEvent, PendingReview


def resident_of(subject_id: UUID, at: datetime | None = None) -> UUID:
    """Answer the resident that a subject belongs to now, or belonged to at an instant; itself when nothing joined it.

    Any subject's id will do as a resident's: it leads to the resident it belongs to.
    """
    return residents_of([subject_id], at)[subject_id]


def residents_of(subject_ids: Iterable[UUID], at: datetime | None = None) -> dict[UUID, UUID]:
    """Answer the resident of each subject, as `resident_of` does, in one query."""
    from django.db import connection

    wanted = list(dict.fromkeys(subject_ids))
    if not wanted:
        return {}
    when = "until IS NULL" if at is None else "since <= %(at)s AND (until IS NULL OR until > %(at)s)"
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT subject_id, resident_id FROM identity_membership WHERE subject_id = ANY(%(ids)s) AND {when}",  # noqa: S608  # nosec B608
            {"ids": wanted, "at": at},
        )
        found = dict(cursor.fetchall())
    return {subject: found.get(subject, subject) for subject in wanted}


def subjects_of(resident_id: UUID, at: datetime | None = None) -> tuple[UUID, ...]:
    """Answer the subjects that are one resident, in the order of their ids; the id alone when nothing is joined to it.

    An id that was joined to another resident answers that resident's subjects, so that old links lead on. Whether
    there is such a subject at all is not asked.
    """
    return subjects_of_many([resident_id], at)[resident_id]


def subjects_of_many(resident_ids: Iterable[UUID], at: datetime | None = None) -> dict[UUID, tuple[UUID, ...]]:
    """Answer the subjects of each resident, as `subjects_of` does, in two queries."""
    from django.db import connection

    leads = residents_of(resident_ids, at)
    if not leads:
        return {}
    when = "until IS NULL" if at is None else "since <= %(at)s AND (until IS NULL OR until > %(at)s)"
    together: dict[UUID, list[UUID]] = {}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT resident_id, subject_id FROM identity_membership "  # noqa: S608  # nosec B608
            f"WHERE resident_id = ANY(%(ids)s) AND {when} ORDER BY subject_id",
            {"ids": list(set(leads.values())), "at": at},
        )
        for resident, subject in cursor.fetchall():
            together.setdefault(resident, []).append(subject)
    return {asked: tuple(together.get(resident, (resident,))) for asked, resident in leads.items()}


def identity_events(subject_ids: Iterable[UUID]) -> list[IdentityEvent]:
    """Answer every joining and parting of these subjects, the earliest first, and of those once joined to them.

    So a merge that was undone stands in the story of both. A regrouping that leaves a subject where it was is no event.
    """
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT m.subject_id, m.resident_id, m.since, m.until, m.method, m.weight,
                      opened.actor, opened.reason, opened.method, run.actor,
                      ended.actor, ended.reason, ended.method, ended_run.actor
                 FROM identity_membership m
                 LEFT JOIN identity_decision opened ON opened.id = m.decision_id
                 LEFT JOIN identity_run run ON run.id = m.run_id
                 LEFT JOIN identity_decision ended ON ended.id = m.ended_decision_id
                 LEFT JOIN identity_run ended_run ON ended_run.id = m.ended_run_id
                WHERE m.subject_id = ANY(%(ids)s) OR m.resident_id = ANY(%(ids)s)
                ORDER BY m.subject_id, m.since, m.id""",
            {"ids": list(subject_ids)},
        )
        rows = cursor.fetchall()
    events = []
    for subject, resident, since, until, method, weight, who, why, how, run_actor, *ended in rows:
        name = METHODS.get(how or method, "scored")
        kind = "merged" if name == "merge_message" else "undone" if name == "undo" else "joined"
        bits = weight if 0 < weight < LADDER_WEIGHT else None
        events.append(IdentityEvent(since, kind, subject, resident, name, bits, who or run_actor or "", why or ""))
        if until is not None:
            ended_who, ended_why, ended_how, ended_run = ended
            name = METHODS.get(ended_how or method, "scored")
            events.append(
                IdentityEvent(
                    until,
                    "undone" if name == "undo" else "parted",
                    subject,
                    resident,
                    name,
                    None,
                    ended_who or ended_run or "",
                    ended_why or "",
                )
            )
    return sorted(events, key=lambda event: (event.at, event.kind == "joined", str(event.subject_id)))


def pending_reviews_for(subject_ids: Iterable[UUID]) -> list[PendingReview]:
    """Answer the pairs of these subjects that wait for a person, with the other one's source and organisation."""
    from django.db import connection

    wanted = set(subject_ids)
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT r.id, r.left_id, r.right_id, r.reason, r.opened_at, l.source, l.organisation, o.source,
                      o.organisation
                 FROM identity_review r
                 LEFT JOIN identity_subject l ON l.subject_id = r.left_id
                 LEFT JOIN identity_subject o ON o.subject_id = r.right_id
                WHERE r.closed_at IS NULL AND (r.left_id = ANY(%(ids)s) OR r.right_id = ANY(%(ids)s))
                ORDER BY r.opened_at, r.id""",
            {"ids": list(wanted)},
        )
        rows = cursor.fetchall()
    pending = []
    for review, left, right, reason, opened, left_source, left_org, right_source, right_org in rows:
        if left in wanted:
            pending.append(PendingReview(review, left, right, right_source or "", right_org or "", reason, opened))
        elif right in wanted:
            pending.append(PendingReview(review, right, left, left_source or "", left_org or "", reason, opened))
    return pending
