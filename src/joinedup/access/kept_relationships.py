"""The table of relationships: intake adds to it, the decision reads it. It only grows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from joinedup.access.relationships import KINDS, NONE, Relationship, Window, opens
from joinedup.errors import RuleError

_ADD = """COPY access_relationship
 (subject_id, organisation, kind, starts_at, ends_at, source_ref, delivery_id, stated_at, statement)
 FROM STDIN (FORMAT BINARY)"""
_TYPES = ("uuid", "text", "text", "timestamptz", "timestamptz", "uuid", "int8", "timestamptz", "int8")
# The window in SQL is coarser than the rule by a day on each side, so that the rule alone decides.
_OPEN = """
SELECT told.subject_id, told.kind, told.starts_at, told.ends_at
  FROM (SELECT *, rank() OVER (PARTITION BY subject_id, source_ref ORDER BY stated_at DESC, statement DESC) AS place
          FROM access_relationship WHERE subject_id = ANY(%(subjects)s)) AS told
 WHERE told.place = 1 AND told.organisation = ANY(%(organisations)s) AND told.kind = ANY(%(kinds)s)
   AND (told.starts_at IS NULL OR told.starts_at < %(latest_start)s)
   AND (told.ends_at IS NULL OR told.ends_at > %(earliest_end)s)
"""


def keep_relationships(rows: Iterable[Relationship]) -> int:
    """Add what resources state of relationships, by COPY in the transaction that is open now; answers how many rows.

    Of one `source_ref` the statement with the newest `stated_at` counts, of two equal ones that of the later call.
    Raises RuleError outside a transaction and for a kind that does not exist.
    """
    from joinedup.access.audit import open_transaction

    connection = open_transaction()
    now = datetime.now(UTC)
    count = 0
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval('access_relationship_statement')")
        (statement,) = cursor.fetchone()
        with cursor.copy(_ADD) as copy:
            copy.set_types(_TYPES)
            for row in rows:
                if row.kind not in KINDS and row.kind != NONE:
                    raise RuleError(f"There is no kind of relationship '{row.kind}'; expected {', '.join(KINDS)}.")
                copy.write_row(
                    (row.subject_id, row.organisation.upper(), row.kind, row.starts_at, row.ends_at, row.source_ref,
                     row.delivery_id, row.stated_at or now, statement)
                )  # fmt: skip
                count += 1
    return count


def open_relationships(
    subject_ids: Iterable[UUID], organisations: Iterable[str], at: datetime, window: Mapping[str, Window]
) -> dict[UUID, set[str]]:
    """Answer the kinds of tie that are open at this instant between each subject and any of these organisations."""
    from django.db import connection

    subjects, codes = list(subject_ids), [code.upper() for code in organisations]
    found: dict[UUID, set[str]] = {}
    if not subjects or not codes:
        return found
    before = max(rule.days_before for rule in window.values())
    after = max(rule.days_after for rule in window.values())
    asked: dict[str, Any] = {
        "subjects": subjects,
        "organisations": codes,
        "kinds": list(window),
        "latest_start": at + timedelta(before + 2),
        # An appointment without an end is judged by its start; its row has no end and passes.
        "earliest_end": at - timedelta(after + 2),
    }
    with connection.cursor() as cursor:
        cursor.execute(_OPEN, asked)
        for subject_id, kind, starts_at, ends_at in cursor.fetchall():
            if opens(kind, starts_at, ends_at, at, window):
                found.setdefault(subject_id, set()).add(kind)
    return found
