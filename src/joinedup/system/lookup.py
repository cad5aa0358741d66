"""Names and codes of bodies, also for rooms that may not import this one: settings name these functions."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from uuid import UUID

from django.db import connection

from joinedup.moment import now
from joinedup.system.change import CLOSING
from joinedup.system.picture import Picture


def names_of(ids: Iterable[UUID]) -> dict[UUID, str]:
    """Answer today's names of bodies by id; ids of none are left out."""
    return {key: body.name for key, body in Picture(now()).bodies_by_id(ids).items()}


def id_of(code: str) -> UUID | None:
    """Answer the id of the body that a code or key denotes today, or None."""
    found = Picture(now()).find(code)
    return found[1] if found and found[0] == "body" else None


# A body answers for its own codes, earlier ones too, and for those of the bodies that ended in it. Published rows of
# old and new code say the same of bodies that are not kept here, such as practices that closed years ago.
_CODES = """
WITH RECURSIVE lineage(root, id) AS (
    SELECT id, id FROM system_body WHERE id = ANY(%(ids)s)
    UNION
    SELECT lineage.root, before.body_id
      FROM lineage
      JOIN system_eventparty after ON after.body_id = lineage.id AND after.side = 'result'
      JOIN system_eventbelief b ON b.id = after.belief_id AND b.known @> %(known)s AND b.certainty = 'in_force'
                                AND b.effective_on <= %(on)s
      JOIN system_changeevent e ON e.id = b.event_id AND e.kind = ANY(%(closing)s)
      JOIN system_eventparty before ON before.belief_id = b.id AND before.side = 'original'
), codes(root, code) AS (
    SELECT lineage.root, i.code::text
      FROM lineage
      JOIN system_identifier i ON i.body_id = lineage.id AND i.scheme = 'ods' AND i.known @> %(known)s
                              AND lower(i.valid) <= %(on)s
    UNION
    SELECT codes.root, s.old_code::text
      FROM codes JOIN system_codesuccession s ON s.new_code = codes.code AND s."on" <= %(on)s
)
SELECT root, array_agg(code) FROM codes GROUP BY root
"""


def ods_codes_of(ids: Iterable[UUID]) -> dict[UUID, frozenset[str]]:
    """Answer the ODS codes that each body answers for today: its own, and those of the bodies that ended in it.

    Where a body was split, each of the bodies after it answers for all of it: nobody has said which of its patients
    went where. Ids of none are left out.
    """
    moment = now()
    with connection.cursor() as cursor:
        cursor.execute(
            _CODES,
            {"ids": list(ids), "known": moment.known_at, "on": moment.valid_on, "closing": list(CLOSING)},
        )
        return {body: frozenset(codes) for body, codes in cursor.fetchall()}


def codes_answered_for(text: str) -> frozenset[str]:
    """Answer the ODS codes that the body of a code, key or uuid answers for today, as `ods_codes_of` says them.

    The text itself is among them, also where no body is known by it.
    """
    body = id_of(text)
    return frozenset({text}) | (ods_codes_of([body]).get(body, frozenset()) if body else frozenset())


def is_code_in_use(code: str, on: date) -> bool:
    """Answer whether anything bears this code on a day, by all that is known now."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT FROM system_identifier WHERE code = %s AND valid @> %s AND upper_inf(known))",
            [code, on],
        )
        return bool(cursor.fetchone()[0])
