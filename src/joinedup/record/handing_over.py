"""The acts of handing over: what feeds bring is kept, and a team sends, opens, accepts, rejects, works on, completes.

Each act here is a new version of the resources, a step, and an audit entry, in one transaction. Acceptance opens the
receiver's relationship with the resident (rules: record R71, R79); before it, whoever a hand-over is addressed to
reads the hand-over itself and whom it is about, nothing else.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from joinedup.access import Act, Grant, Relationship, actor_of, grant_for, keep_relationships, purpose_of, record_many
from joinedup.access.resident_decision import roles_that_may
from joinedup.access.residents import registered_subjects
from joinedup.errors import NotFound, RuleError
from joinedup.identity import resident_of, residents_of, subjects_of_many
from joinedup.moment import LONDON
from joinedup.record import store
from joinedup.record.handover import (
    HISTORY_AFTER,
    REQUEST_STATUS,
    TASK_STATUS,
    URGENCIES,
    Handovers,
    Kind,
    Sent,
    Step,
    first_state,
    is_awaited,
    next_state,
    open_by,
    shifted,
)
from joinedup.record.residents import OpenRecord, organisation_name, statements_of
from joinedup.record.sources import every_source
from joinedup.record.statement import OWN, Statement
from joinedup.record.writing import author_of

PERMISSION = "record.handover"
ODS = "https://fhir.nhs.uk/Id/ods-organization-code"
_KEEP_SENT = """
INSERT INTO record_handover
       (id, subject_id, type, kind, sender, receiver, urgency, began_at, sent_at, arrived_at, open_by, source, state)
SELECT * FROM unnest(%s::uuid[], %s::uuid[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[],
                     %s::timestamptz[], %s::timestamptz[], %s::timestamptz[], %s::timestamptz[], %s::text[], %s::text[])
    ON CONFLICT (id) DO UPDATE SET sender = excluded.sender, receiver = excluded.receiver, urgency = excluded.urgency,
       began_at = excluded.began_at
     -- What a source said earlier and sent late changes nothing: of the resource a newer version is here.
     WHERE NOT EXISTS (
        SELECT FROM record_resource newer
         WHERE newer.subject_id = excluded.subject_id AND newer.id = excluded.id AND newer.event_at > excluded.sent_at)
"""
_KEEP_STEPS = """
INSERT INTO record_handoverstep
       (handover_id, subject_id, state, at, organisation, actor, actor_name, reason, stored_at)
SELECT * FROM unnest(%s::uuid[], %s::uuid[], %s::text[], %s::timestamptz[], %s::text[], %s::text[], %s::text[],
                     %s::text[], %s::timestamptz[])
    ON CONFLICT DO NOTHING
"""
_LONG_AGO = datetime.min.replace(tzinfo=UTC)
# The newest step is the state; of two at one time, the one that is further on. Whoever takes a step has opened it.
_BRING_UP_TO_DATE = """
WITH newest AS (
    SELECT DISTINCT ON (handover_id) handover_id, state
      FROM record_handoverstep WHERE handover_id = ANY(%(ids)s) AND state <> 'opened'
     ORDER BY handover_id, at DESC, array_position(
        ARRAY['sent', 'requested', 'accepted', 'in-progress', 'filed', 'completed', 'rejected', 'withdrawn'], state)
        DESC),
first AS (
    SELECT handover_id, min(at) AS at FROM record_handoverstep
     WHERE handover_id = ANY(%(ids)s) AND state NOT IN ('requested', 'sent', 'withdrawn') GROUP BY handover_id)
UPDATE record_handover h SET state = newest.state, opened_at = first.at
  FROM newest LEFT JOIN first USING (handover_id) WHERE h.id = newest.handover_id
"""


def keep(handovers: Handovers, at: datetime) -> None:
    """Keep what a batch of a feed says of hand-overs, in the caller's transaction; `at` is when it arrived.

    Repeating it changes nothing. Nothing is read or written for a batch without any.
    """
    if not handovers.sent and not handovers.steps:
        return
    # One statement may not touch a row twice: the newest counts, and of equal ones that which came last.
    sent = {one.id: one for one in sorted(handovers.sent, key=lambda one: one.sent_at or _LONG_AGO)}
    _keep_sent(list(sent.values()), at)
    keep_steps(handovers.steps, at)
    touched = {*sent, *(step.handover_id for step in handovers.steps)}
    bring_up_to_date(touched)
    _open_or_close_ties(touched)


def _keep_sent(sent: Sequence[Sent], at: datetime) -> None:
    if not sent:
        return
    rows = [
        (
            one.id, one.subject_id, one.type, one.kind, one.sender, one.receiver, one.urgency, one.began_at,
            one.sent_at, at, open_by(one.kind, at) if is_awaited(one, at) else None, one.source, first_state(one.kind),
        )
        for one in sent
    ]  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(_KEEP_SENT, [list(column) for column in zip(*rows, strict=True)])


def keep_steps(steps: Iterable[Step], at: datetime, *, actor: str = "", actor_name: str = "") -> None:
    """Add steps in the caller's transaction; one that is there already is not added again."""
    rows = [
        (step.handover_id, step.subject_id, step.state, step.at or at, step.organisation, actor, actor_name,
         step.reason, at)
        for step in steps
    ]  # fmt: skip
    if rows:
        with connection.cursor() as cursor:
            cursor.execute(_KEEP_STEPS, [list(column) for column in zip(*rows, strict=True)])


def bring_up_to_date(ids: Iterable[UUID]) -> None:
    """Read the state and the first opening of these hand-overs anew from their steps."""
    with connection.cursor() as cursor:
        cursor.execute(_BRING_UP_TO_DATE, {"ids": list(ids)})


_TIES = """
SELECT h.id, h.subject_id, h.receiver, h.state,
       min(s.at) FILTER (WHERE s.state IN ('accepted', 'in-progress')),
       min(s.at) FILTER (WHERE s.state IN ('completed', 'withdrawn')), max(s.at)
  FROM record_handover h JOIN record_handoverstep s ON s.handover_id = h.id
 WHERE h.id = ANY(%s) AND h.kind = 'referral' AND h.receiver <> ''
 GROUP BY h.id
HAVING bool_or(s.state IN ('accepted', 'in-progress'))
"""


def _open_or_close_ties(ids: Iterable[UUID]) -> None:
    """An accepted referral is a relationship of its receiver, until it is completed or withdrawn."""
    with connection.cursor() as cursor:
        cursor.execute(_TIES, [list(ids)])
        rows = cursor.fetchall()
    if rows:
        keep_relationships(
            Relationship(subject, receiver, "referral", began, ended, id_, None, stated)
            for id_, subject, receiver, _state, began, ended, stated in rows
        )


# --- reading -------------------------------------------------------------------------------------------------------

_COLUMNS = (
    "id, subject_id, type, kind, sender, receiver, urgency, began_at, arrived_at, open_by, source, state, opened_at, "
    "sent_at"
)
# What somebody has to open: what was no history when it came, or on the last day of its simulated source.
_AWAITED = """(open_by IS NOT NULL OR EXISTS (
    SELECT FROM unnest(%(sources)s::text[], %(presents)s::timestamptz[]) AS last (source, day)
     WHERE last.source = record_handover.source AND record_handover.began_at > last.day - %(history)s))"""
OPEN = ["requested", "accepted", "in-progress", "sent"]


@dataclass(frozen=True, slots=True)
class Row:
    """One hand-over as an inbox lists it."""

    id: UUID
    subject_id: UUID
    type: str
    kind: Kind
    sender: str
    receiver: str
    urgency: str
    began_at: datetime | None
    arrived_at: datetime
    open_by: datetime | None
    source: str
    state: str
    opened_at: datetime | None
    sent_at: datetime | None = None

    @property
    def reached_at(self) -> datetime:
        """Answer when it reached the receiver; of a simulated source when it says that it sent it."""
        source = every_source().get(self.source)
        return self.sent_at if source and source.is_simulated and self.sent_at else self.arrived_at

    def is_late(self, at: datetime) -> bool:
        """Answer whether nobody has opened it and its time is over."""
        return self.opened_at is None and self.open_by is not None and self.open_by < at


@dataclass(frozen=True, slots=True)
class Taken:
    """A step that was taken, for the page of a hand-over."""

    state: str
    at: datetime
    organisation: str
    who: str
    reason: str


def inbox(grant: Grant, codes: Collection[str], *, limit: int = 500) -> list[Row]:
    """Answer what waits for the organisations with these ODS codes: the unopened first, the oldest of them on top.

    Like every list here it takes leave for hand-overs, and the audit has how many were listed.
    """
    return _listed(
        grant,
        "inbox",
        f"receiver = ANY(%(codes)s) AND state = ANY(%(open)s) AND {_AWAITED} "
        "ORDER BY opened_at IS NOT NULL, sent_at LIMIT %(limit)s",
        codes=list(codes),
        limit=limit,
    )


def unaddressed(grant: Grant, codes: Collection[str], *, only: UUID | None = None) -> list[Row]:
    """Answer what names no receiver and is about people registered at these organisations, the newest first.

    That is "the practice where the resident is registered", by any of the records that are this person. All of it:
    a discharge summary that a list leaves out is read by nobody. With `only`, that hand-over or nothing.
    """
    grant.must_be_for(PERMISSION)
    if not codes:
        return []
    # Who is registered is asked before rows are read, of the people alone: two numbers for each that waits.
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT id, subject_id FROM record_handover WHERE receiver = '' AND state = 'sent' AND {_AWAITED}"  # noqa: S608  # nosec B608 (own words)
            " AND (%(only)s::uuid IS NULL OR id = %(only)s)",
            _asked(_last_days()) | {"only": only},
        )
        waiting = cursor.fetchall()
    leads = residents_of({subject for _, subject in waiting})
    together = subjects_of_many(set(leads.values()))
    of_each = {subject: {subject, *together.get(lead, ())} for subject, lead in leads.items()}
    ours = registered_subjects({one for people in of_each.values() for one in people}, codes, datetime.now(UTC))
    found = [id_ for id_, subject in waiting if not ours.isdisjoint(of_each[subject])]
    in_order = "id = ANY(%(ids)s) ORDER BY sent_at DESC NULLS LAST"
    return _rows(in_order, ids=found) if only else _listed(grant, "unaddressed", in_order, ids=found)


def outbox(grant: Grant, codes: Collection[str], *, limit: int = 200) -> list[Row]:
    """Answer what these organisations sent and is not over, and what was rejected, the newest first."""
    return _listed(
        grant,
        "outbox",
        f"sender = ANY(%(codes)s) AND state = ANY(%(open)s || '{{rejected}}'::text[]) AND kind = 'referral' "
        f"AND {_AWAITED} ORDER BY sent_at DESC NULLS LAST LIMIT %(limit)s",
        codes=list(codes),
        limit=limit,
    )


def unopened(grant: Grant, codes: Collection[str], at: datetime, *, limit: int = 2000) -> list[Row]:
    """Answer what these organisations sent or were sent and nobody has opened in time, the longest overdue first."""
    rows = _listed(
        grant,
        "unopened",
        "opened_at IS NULL AND state IN ('requested', 'sent') "
        f"AND (receiver = ANY(%(codes)s) OR sender = ANY(%(codes)s)) AND {_AWAITED} ORDER BY sent_at LIMIT %(limit)s",
        codes=list(codes),
        limit=limit,
    )
    return sorted((row for row in rows if row.is_late(at)), key=lambda row: row.open_by or at)


def of_subjects(subject_ids: Iterable[UUID]) -> list[Row]:
    """Answer every hand-over of a resident's subjects, the newest first."""
    return _rows("subject_id = ANY(%(subjects)s) ORDER BY sent_at DESC NULLS LAST", subjects=list(subject_ids))


def steps_of(handover_id: UUID) -> list[Taken]:
    """Answer the steps of a hand-over in their order."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT state, at, organisation, actor_name, reason FROM record_handoverstep WHERE handover_id = %s "
            "ORDER BY at, id",
            [handover_id],
        )
        return [Taken(*row) for row in cursor.fetchall()]


def _listed(grant: Grant, which: str, condition: str, **parameters: Any) -> list[Row]:
    grant.must_be_for(PERMISSION)
    rows = _rows(condition, **parameters)
    with transaction.atomic():
        record_many(grant, [Act("record.list", f"handovers:{which}", details={"listed": len(rows)})])
    return rows


def _asked(presents: Mapping[str, datetime]) -> dict[str, Any]:
    return {"sources": list(presents), "presents": list(presents.values()), "history": HISTORY_AFTER, "open": OPEN}


def _rows(condition: str, **parameters: Any) -> list[Row]:
    """Answer the rows of a condition; those of simulated sources as if the source's last day were today."""
    at, presents = datetime.now(UTC), _last_days()
    asked = _asked(presents)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {_COLUMNS} FROM record_handover WHERE {condition}", asked | parameters)  # noqa: S608  # nosec B608
        rows = [Row(*row) for row in cursor.fetchall()]
    return [_as_today(row, presents[row.source], at) if row.source in presents else row for row in rows]


def _as_today(row: Row, present: datetime, at: datetime) -> Row:
    arrived = shifted(row.sent_at or row.began_at or present, present, at)
    is_history = row.began_at is None or row.began_at <= present - HISTORY_AFTER
    return replace(row, arrived_at=arrived, open_by=None if is_history else open_by(row.kind, arrived))


def _last_days() -> dict[str, datetime]:
    """Answer the newest time in what each simulated source has handed over."""
    keys = [key for key, source in every_source().items() if source.is_simulated]
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT asked.key, (SELECT max(sent_at) FROM record_handover WHERE source = asked.key)
                 FROM unnest(%s::text[]) AS asked (key)""",
            [keys],
        )
        return {key: newest for key, newest in cursor.fetchall() if newest is not None}


def side_of(row: Row, codes: Collection[str]) -> str:
    """Answer "receiver" or "sender", whichever an organisation with these codes is; raises NotFound when neither."""
    if row.receiver and row.receiver in codes:
        return "receiver"
    if row.sender and row.sender in codes:
        return "sender"
    raise NotFound(NO_SUCH)


NO_SUCH = "There is no such hand-over, or none that concerns your team."


def handover(id_: UUID) -> Row:
    """Answer a hand-over by its id; raises NotFound when there is none."""
    found = _rows("id = %(id)s", id=id_)
    if not found:
        raise NotFound(NO_SUCH)
    return found[0]


def leave_to_read(request: Any, rows: Sequence[Row], body_id: UUID, side: str) -> Grant:
    """Answer the grant to read hand-overs that a team sent or was sent ("sender" or "receiver"), and nothing else.

    It covers the sender's own record of each person, in which the hand-over stands, and no other source's: before
    anything is accepted that it was addressed to the team is the only reason why it may be read, and the audit says so.
    The purpose is that of the session, where the role in this body has it.
    """
    grant = grant_for(request, PERMISSION, body_id=body_id)
    at = datetime.now(UTC)
    on, actor = at.astimezone(LONDON).date(), actor_of(request.user)
    wanted = purpose_of(request, PERMISSION, None, at)
    here = [
        (role, takes)
        for purpose in (wanted, "")
        for role, takes in roles_that_may(actor, PERMISSION, on, purpose)
        if role.body_id == body_id
    ]
    if here:
        grant = replace(grant, role=here[0][0].role, body_id=body_id, purpose=here[0][1])
    relationship = "handover_sender" if side == "sender" else "handover_addressee"
    return replace(grant, subject_ids=frozenset(row.subject_id for row in rows), relationship=relationship)


@dataclass(frozen=True, slots=True)
class Read:
    """A hand-over with the resource (None when it is gone), and what the person's sources call them."""

    row: Row
    resource: store.Stored | None
    resident_id: UUID
    patients: list[Statement]


def read_handovers(grant: Grant, rows: Sequence[Row]) -> list[Read]:
    """Answer each hand-over with its resource and the Patients of its person, in three queries.

    Who it is about is told by what all sources call the person, so that nobody mistakes one for another: of the other
    sources the Patients are read here, and only these; the grant itself covers none of what else they say.
    """
    grant.must_be_for(PERMISSION)
    leads = residents_of(row.subject_id for row in rows)
    subjects = subjects_of_many(leads.values())
    by_id = {row.id: row for row in store.everything(grant, leads, {row.type for row in rows})}
    people = tuple(s for together in subjects.values() for s in together)
    strip = replace(grant, subject_ids=grant.subject_ids.union(people))
    opened = OpenRecord(UUID(int=0), people, strip, datetime.now(UTC))
    patients: dict[UUID, list[Statement]] = {}
    for one in statements_of(opened, ["Patient"]):
        patients.setdefault(one.subject_id, []).append(one)
    found = []
    for row in rows:
        lead = leads[row.subject_id]
        # What the sender itself calls the person comes first.
        order = sorted(subjects[lead], key=lambda subject: subject != row.subject_id)
        found.append(Read(row, by_id.get(row.id), lead, [one for s in order for one in patients.get(s, ())]))
    return found


# --- acts ----------------------------------------------------------------------------------------------------------


def send_referral(
    opened: OpenRecord, sender: str, receiver: str, *, what: str, reason: str, urgency: str = "routine"
) -> UUID:
    """Refer a resident to another organisation; answers the id of the referral. Both are ODS codes.

    Raises RuleError for an organisation that nobody knows, or one's own, and when it does not say what is asked.
    """
    opened.grant.must_be_for(PERMISSION)
    receiver, what, reason = receiver.strip().upper(), " ".join(what.split()), reason.replace("\r\n", "\n").strip()
    if not organisation_name(receiver):
        raise RuleError("Choose the organisation, or give the ODS code of one that is known here.")
    if receiver == sender:
        raise RuleError("Choose another organisation than your own.")
    if urgency not in URGENCIES:
        raise RuleError("Select how urgent it is.")
    if not 3 <= len(what) <= 200:
        raise RuleError("Say what you ask for, in 3 to 200 characters.")
    if len(reason) < 10:
        raise RuleError("Say why, in at least 10 characters, so that the other team can decide.")
    content = {
        "resourceType": "ServiceRequest",
        "status": "active",
        "intent": "order",
        "priority": urgency,
        "code": {"text": what},
        "authoredOn": opened.at.isoformat(timespec="seconds"),
        "requester": _organisation(sender) | author_of(opened.grant),
        "performer": [_organisation(receiver)],
        "reasonCode": [{"text": reason}],
    }
    with transaction.atomic():
        request = store.write(opened.grant, opened.resident_id, content, action=PERMISSION)
        row = Sent(request.id, request.subject_id, "ServiceRequest", "referral", sender, receiver, urgency,
                   opened.at, opened.at, OWN)  # fmt: skip
        _write_task(opened.grant, row.subject_id, request, "requested", receiver, "")
        _keep_sent([row], opened.at)
        step = Step(request.id, request.subject_id, "requested", opened.at, sender)
        keep_steps([step], opened.at, actor=opened.grant.actor_id, actor_name=opened.grant.actor_name)
        bring_up_to_date([request.id])
    return request.id


def mark_opened(grant: Grant, row: Row, at: datetime) -> None:
    """Record that the receiving team has read it: the first time stops the clock, each time is in the audit."""
    with transaction.atomic():
        if row.opened_at is None:
            step = Step(row.id, row.subject_id, "opened", at, row.receiver)
            keep_steps([step], at, actor=grant.actor_id, actor_name=grant.actor_name)
            bring_up_to_date([row.id])
        record_many(grant, [Act(PERMISSION, f"resident:{resident_of(row.subject_id)}",
                                details={"parts": ["hand-over"], "handover": str(row.id)})])  # fmt: skip


def take_step(grant: Grant, row: Row, side: str, wanted: str, reason: str = "") -> str:
    """Bring a hand-over into its next state; answers it. Raises SkippedState (409) when that does not follow.

    Two who decide at once do not both succeed: the second finds the state of the first.
    """
    grant.must_be_for(PERMISSION)
    at = datetime.now(UTC)
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT state FROM record_handover WHERE id = %s FOR UPDATE", [row.id])
            (state,) = cursor.fetchone()
        state = next_state(state, wanted, side, reason)
        organisation = row.receiver if side == "receiver" else row.sender
        if row.kind == "referral":
            request = store.one(grant, row.type, row.id)
            _write_task(grant, row.subject_id, request, state, row.receiver, reason)
            if request.source == OWN and REQUEST_STATUS[state] != request.content.get("status"):
                changed = {k: v for k, v in request.content.items() if k != "id"} | {"status": REQUEST_STATUS[state]}
                store.write(grant, row.subject_id, changed, action=PERMISSION, resource=row.id)
        step = Step(row.id, row.subject_id, state, at, organisation, reason.strip())
        keep_steps([step], at, actor=grant.actor_id, actor_name=grant.actor_name)
        bring_up_to_date([row.id])
        _open_or_close_ties([row.id])
        record_many(grant, [Act(PERMISSION, f"resident:{resident_of(row.subject_id)}",
                                details={"handover": str(row.id), "state": state})])  # fmt: skip
    return state


def _write_task(grant: Grant, subject_id: UUID, request: store.Stored, state: str, receiver: str, reason: str) -> None:
    """Write the Task of a referral in its new status: a first version, or the next one."""
    content: dict[str, Any] = {
        "resourceType": "Task",
        "status": TASK_STATUS[state],
        "intent": "order",
        "focus": _pointing_at(request),
        "authoredOn": datetime.now(UTC).isoformat(timespec="seconds"),
        "owner": _organisation(receiver),
    }
    if reason.strip():
        content["statusReason"] = {"text": reason.strip()}
    before = next(
        (row for row in store.everything(grant, [subject_id], ["Task"])
         if row.source == OWN and (row.content.get("focus") or {}) == content["focus"]),
        None,
    )  # fmt: skip
    store.write(grant, subject_id, content, action=PERMISSION, resource=before.id if before else None)


def _pointing_at(request: store.Stored) -> dict[str, Any]:
    """A reference names what is of the same source; another source's request is named by the id that it has here."""
    if request.source == OWN:
        return {"reference": f"ServiceRequest/{request.content['id']}"}
    return {"identifier": {"system": "https://joinedup.example/Id/resource", "value": str(request.id)}}


def _organisation(code: str) -> dict[str, Any]:
    return {"identifier": {"system": ODS, "value": code}, "display": organisation_name(code) or code}
