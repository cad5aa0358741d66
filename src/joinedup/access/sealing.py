"""Sealing: a job that takes the entries written since the last time into the hash chain, one segment at a time.

Order of events, so that a crash at any point is mended and never looks like an attack:

1. Under an advisory lock the queue's entries are taken in a transaction and chained on to the last head.
2. The segment is written to the heads outside and on the disk BEFORE the transaction commits.
3. The transaction commits: the segment is in the database and the queue is empty.

A crash before 2 leaves nothing. A crash between 2 and 3 leaves a segment outside that the database does not have,
while its entries still wait in the queue; the next sealing finds them unchanged and writes that very segment. The
other order would need the outside to believe the database after a crash, which is what a forger would ask of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import psycopg

from joinedup.access.audit import key, signature
from joinedup.access.chain import ZERO, extend, misfits, split_hashes
from joinedup.access.heads import Block, Heads
from joinedup.errors import NotFound, RuleError, did_you_mean

SEGMENT_ENTRIES = 20_000  # at most; keeps the memory of sealing and of verifying flat


@dataclass(frozen=True, slots=True)
class Sealed:
    """What a sealing did: new segments and entries, whether an interrupted one was mended, and entries left out.

    `unsigned` are entries in the queue that joinedup did not write, or that were changed there; they stay in it and
    `verify` names them.
    """

    log: str
    segments: int
    entries: int
    mended: bool
    unsigned: tuple[int, ...]


def seal(log: str = "audit") -> Sealed:
    """Seal everything that waits, and answer what was done.

    Runs in transactions of its own (never inside another: the heads outside could not be rolled back). Several
    processes may call it at once; they take turns.
    """
    table = table_of(log)
    segments = entries = after = 0
    mended = False
    unsigned: list[int] = []
    while True:
        done, was_mended, left, last_seen = _seal_one(log, table, after)
        segments, entries, mended = segments + bool(done), entries + done, mended or was_mended
        unsigned += left
        if last_seen is None:
            return Sealed(log, segments, entries, mended, tuple(unsigned))
        after = last_seen


def table_of(log: str) -> str:
    """Answer the table that keeps a log's entries in its columns `id` and `body`.

    settings.SEALED_LOGS names the logs of other rooms beside the audit: {"ledger": "money_ledgerentry"}.
    """
    from django.conf import settings

    tables = {"audit": "access_auditentry", **getattr(settings, "SEALED_LOGS", {})}
    if log not in tables:
        raise NotFound(f"There is no log called '{log}'.{did_you_mean(log, tables)}")
    if not tables[log].isidentifier():
        raise RuleError(f"SEALED_LOGS: '{tables[log]}' is not the name of a table.")
    return tables[log]


def heads_of(log: str) -> Heads:
    """Answer the folder outside the database where this log's heads are kept."""
    from django.conf import settings

    return Heads(settings.AUDIT_HEADS_DIR, log, key())


def locked(cursor: Any, log: str) -> None:
    """Wait until no other process seals or verifies this log, to the end of the transaction."""
    cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"joinedup seal {log}"])


def bodies_of(cursor: Any, table: str, entry_ids: Sequence[int]) -> dict[int, bytes]:
    """Answer the texts of these entries as bytes, by id; one that is gone is not in it, one nearby may be."""
    if not entry_ids:
        return {}
    first, last = min(entry_ids), max(entry_ids)
    if last - first < 4 * len(entry_ids):
        # The ordinary case, read twice as fast as by a list of ids; a few entries too many do no harm.
        condition, values = "id BETWEEN %s AND %s", [first, last]
    else:
        condition, values = "id = ANY(%s)", [list(entry_ids)]
    cursor.execute(f"SELECT id, body FROM {table} WHERE {condition}", values)  # noqa: S608  # nosec B608
    return {entry_id: body.encode() for entry_id, body in cursor.fetchall()}


def _seal_one(log: str, table: str, after: int) -> tuple[int, bool, list[int], int | None]:
    """Seal one segment of what waits beyond an id: how many, whether mended, what was left, where to go on."""
    from django.db import connection, transaction

    heads = heads_of(log)
    with transaction.atomic(durable=True), connection.cursor() as cursor:
        locked(cursor, log)
        last, head = _last_segment(cursor, log)
        outside, _ = heads.read()
        interrupted = outside.get(last + 1)
        if interrupted and max(outside) == last + 1:
            block = heads.block(interrupted)
            if block and _is_what_waits(cursor, log, table, block, head):
                _keep(cursor, log, block)
                return len(block.entry_ids), True, [], after
        cursor.execute(
            "SELECT entry_id, signature FROM access_unsealed"
            " WHERE log = %s AND entry_id > %s ORDER BY entry_id LIMIT %s",
            [log, after, SEGMENT_ENTRIES],
        )
        waiting = cursor.fetchall()
        bodies = bodies_of(cursor, table, [entry_id for entry_id, _ in waiting])
        signed = [
            entry_id
            for entry_id, signed_with in waiting
            if entry_id in bodies and signature(log, entry_id, bodies[entry_id]) == bytes(signed_with)
        ]
        unsigned = sorted({entry_id for entry_id, _ in waiting}.difference(signed))
        last_seen = waiting[-1][0] if len(waiting) == SEGMENT_ENTRIES else None
        if signed:
            # Where the outside knows later segments (the database was cut, or an older backup restored) their numbers
            # are not used again, and verify goes on naming what is missing.
            number = max([last, *outside]) + 1
            hashes = extend(head, [bodies[entry_id] for entry_id in signed])
            block = Block(number, head, tuple(signed), tuple(hashes), _stamp())
            _keep(cursor, log, block)
            heads.append(block)
    return len(signed), False, unsigned, last_seen


def _last_segment(cursor: Any, log: str) -> tuple[int, bytes]:
    cursor.execute("SELECT number, head FROM access_segment WHERE log = %s ORDER BY number DESC LIMIT 1", [log])
    row = cursor.fetchone()
    return (row[0], bytes(row[1])) if row else (0, ZERO)


def _is_what_waits(cursor: Any, log: str, table: str, block: Block, head: bytes) -> bool:
    """Is this segment of the outside the one that a crash kept from the database: next in line, all of it waiting?"""
    cursor.execute(
        "SELECT count(*) FROM access_unsealed WHERE log = %s AND entry_id = ANY(%s)", [log, list(block.entry_ids)]
    )
    if block.previous_head != head or cursor.fetchone()[0] != len(block.entry_ids):
        return False
    return not misfits(head, block.entry_ids, block.hashes, bodies_of(cursor, table, block.entry_ids))


def _keep(cursor: Any, log: str, block: Block) -> None:
    """Write a segment into the database and take its entries off the queue."""
    cursor.execute(
        "INSERT INTO access_segment (log, number, entry_ids, hashes, previous_head, head, sealed_at)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s)",
        [
            log,
            block.number,
            list(block.entry_ids),
            b"".join(block.hashes),
            block.previous_head,
            block.head,
            block.sealed_at,
        ],
    )
    cursor.execute("DELETE FROM access_unsealed WHERE log = %s AND entry_id = ANY(%s)", [log, list(block.entry_ids)])


def segments_in_database(cursor: Any, log: str) -> list[int]:
    """Answer the numbers of the segments that the database has, in order."""
    cursor.execute("SELECT number FROM access_segment WHERE log = %s ORDER BY number", [log])
    return [row[0] for row in cursor.fetchall()]


def segment_in_database(cursor: Any, log: str, number: int) -> Block | None:
    """Answer a segment as the database has it, whole or not: a cut list of hashes comes back as it is."""
    # In binary: as text, 20,000 ids and hashes take four times as long to read.
    binary = psycopg.Cursor(cursor.connection)
    binary.execute(
        "SELECT entry_ids, hashes, previous_head, sealed_at FROM access_segment WHERE log = %s AND number = %s",
        [log, number],
        binary=True,
    )
    row = binary.fetchone()
    if row is None:
        return None
    ids, hashes, previous_head, sealed_at = row
    return Block(number, bytes(previous_head), tuple(ids), tuple(split_hashes(bytes(hashes))), sealed_at.isoformat())


def _stamp() -> str:
    return datetime.now(UTC).isoformat()
