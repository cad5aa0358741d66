"""The acts of handing over: what feeds bring is kept, and a team sends, opens, accepts, rejects, works on, completes.

Each act here is a new version of the resources, a step, and an audit entry, in one transaction.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from django.db import connection

from joinedup.record.handover import Handovers, Sent, Step, first_state, is_awaited, open_by

_KEEP_SENT = """
INSERT INTO record_handover
       (id, subject_id, type, kind, sender, receiver, urgency, began_at, arrived_at, open_by, source, state)
SELECT * FROM unnest(%s::uuid[], %s::uuid[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[],
                     %s::timestamptz[], %s::timestamptz[], %s::timestamptz[], %s::text[], %s::text[])
    ON CONFLICT (id) DO UPDATE SET sender = excluded.sender, receiver = excluded.receiver, urgency = excluded.urgency,
       began_at = excluded.began_at
"""
_KEEP_STEPS = """
INSERT INTO record_handoverstep
       (handover_id, subject_id, state, at, organisation, actor, actor_name, reason, stored_at)
SELECT * FROM unnest(%s::uuid[], %s::uuid[], %s::text[], %s::timestamptz[], %s::text[], %s::text[], %s::text[],
                     %s::text[], %s::timestamptz[])
    ON CONFLICT DO NOTHING
"""
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
    sent = {one.id: one for one in handovers.sent}  # One statement may not touch a row twice: the last one counts.
    _keep_sent(list(sent.values()), at)
    keep_steps(handovers.steps, at)
    bring_up_to_date({*sent, *(step.handover_id for step in handovers.steps)})


def _keep_sent(sent: Sequence[Sent], at: datetime) -> None:
    if not sent:
        return
    rows = [
        (
            one.id, one.subject_id, one.type, one.kind, one.sender, one.receiver, one.urgency, one.began_at, at,
            open_by(one.kind, at) if is_awaited(one, at) else None, one.source, first_state(one.kind),
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
