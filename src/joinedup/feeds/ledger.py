"""The ledger of what came: each delivery once, how far it is taken in, and that all adds up (rules: record R1-R3).

These functions act inside the transaction of whoever calls them (`record/intake.py`), so that the ledger says that
something is kept exactly when it is. They ask for no Grant: they disclose nothing, and the caller audits the act.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from typing import Any, Protocol

import orjson
from django.db import connection, transaction

from joinedup.errors import NotFound, did_you_mean
from joinedup.feeds.values import Batch, SetAside, Source

COUNTS = (
    "items_read", "items_applied", "items_repeated", "items_set_aside", "items_not_mapped", "resources_added",
    "resources_unchanged",
)  # fmt: skip
_COLUMNS = "id, source, channel, name, sha256, received_at, state, shards, duplicate_of"
_LOCK_SPACE = 0x6A75  # "ju": keeps our advisory locks apart from those of others in the same database


@dataclass(frozen=True, slots=True)
class Delivery:
    """One byte string of a source. `state` is receiving, applied, duplicate, refused or held.

    `shards` is in how many shards it is read; a delivery that was begun keeps its number, since positions belong to it.
    """

    id: int
    source: str
    channel: str
    name: str
    sha256: bytes
    received_at: datetime
    state: str
    shards: int
    duplicate_of: int | None = None

    @property
    def is_duplicate(self) -> bool:
        """Whether the same bytes of this source were taken in before: there is nothing to do."""
        return self.state == "duplicate"


class Counts(Protocol):
    """What became of a batch, as the intake counts it."""

    added: int
    unchanged: int
    set_aside: int
    repeated: int
    not_mapped: int
    late: int
    merges: int
    reasons: dict[str, int]
    warnings: dict[str, int]


# --- who sends what ------------------------------------------------------------------------------------------------


def declare(sources: Iterable[Source]) -> int:
    """Keep how these sources are declared from now on; answers how many are new or declared otherwise than before.

    A source that is not among them stays as it was last declared.
    """
    stated = {source.key: orjson.dumps(asdict(source)).decode() for source in sources}
    with transaction.atomic(), connection.cursor() as cursor:
        # Two loads that declare at once must not both find the old declaration.
        cursor.execute("SELECT pg_advisory_xact_lock(%s, 0)", [_LOCK_SPACE])
        cursor.execute(
            """INSERT INTO feeds_source (key, declared_at, declaration)
               SELECT stated.key, clock_timestamp(), stated.declaration::jsonb
                 FROM unnest(%s::text[], %s::text[]) WITH ORDINALITY AS stated (key, declaration, number)
                WHERE stated.declaration::jsonb IS DISTINCT FROM
                      (SELECT declaration FROM feeds_source WHERE key = stated.key ORDER BY id DESC LIMIT 1)
                ORDER BY stated.number""",
            [list(stated), list(stated.values())],
        )
        return int(cursor.rowcount)


def declared() -> dict[str, Source]:
    """Answer every source as it is declared now, by key, in the order in which they were first declared."""
    known = {field.name for field in fields(Source)}
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT DISTINCT ON (key) key, declaration, min(id) OVER (PARTITION BY key)
                 FROM feeds_source ORDER BY key, id DESC"""
        )
        rows = sorted(cursor.fetchall(), key=lambda row: row[2])
    stated = {key: orjson.loads(kept) if isinstance(kept, str) else kept for key, kept, _ in rows}
    return {key: Source(**{name: value for name, value in one.items() if name in known}) for key, one in stated.items()}


def source(key: str) -> Source:
    """Answer a source as it is declared now; raises NotFound, with the nearest key, when there is none."""
    every = declared()
    if key not in every:
        raise NotFound(f"There is no source '{key}'.{did_you_mean(key, every)}")
    return every[key]


# --- deliveries ----------------------------------------------------------------------------------------------------


def begin(
    source_key: str,
    name: str,
    sha256: bytes,
    size: int,
    channel: str = "file",
    shards: int = 1,
    *,
    message_id: str = "",
    event_at: datetime | None = None,
) -> Delivery:
    """Answer the delivery that these bytes are: a new one, the one that was broken off, or a duplicate.

    A broken-off delivery is answered as it was begun, with its own number of shards: go on after its `positions`.
    Bytes that were taken in before get a row of their own in the state `duplicate`. Bytes that were refused or held
    before are begun anew: the mapping or the declaration may have been mended since.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            f"""INSERT INTO feeds_delivery (source, channel, name, message_id, sha256, bytes, received_at, event_at,
                                            state, reason, shards)
                VALUES (%s, %s, %s, %s, %s, %s, clock_timestamp(), %s, 'receiving', '', %s)
                ON CONFLICT (source, sha256) WHERE state IN ('receiving', 'applied') DO NOTHING
                RETURNING {_COLUMNS}""",  # noqa: S608  # nosec B608 (our own words)
            [source_key, channel, name, message_id, sha256, size, event_at, shards],
        )
        if row := cursor.fetchone():
            cursor.execute(
                "INSERT INTO feeds_position (delivery_id, shard) SELECT %s, generate_series(0, %s - 1)",
                [row[0], shards],
            )
            return _delivery(row)
        cursor.execute(
            f"""SELECT {_COLUMNS} FROM feeds_delivery
                 WHERE source = %s AND sha256 = %s AND state IN ('receiving', 'applied')""",  # noqa: S608  # nosec B608
            [source_key, sha256],
        )
        first = _delivery(cursor.fetchone())
        if first.state == "receiving":
            return first
        cursor.execute(
            f"""INSERT INTO feeds_delivery (source, channel, name, message_id, sha256, bytes, received_at, event_at,
                                            state, reason, shards, duplicate_of, finished_at)
                VALUES (%s, %s, %s, %s, %s, %s, clock_timestamp(), %s, 'duplicate', '', %s, %s, clock_timestamp())
                RETURNING {_COLUMNS}""",  # noqa: S608  # nosec B608
            [source_key, channel, name, message_id, sha256, size, event_at, shards, first.id],
        )
        return _delivery(cursor.fetchone())


def delivery(id_: int) -> Delivery:
    """Answer a delivery by its number; raises NotFound when there is none."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {_COLUMNS} FROM feeds_delivery WHERE id = %s", [id_])  # noqa: S608  # nosec B608
        row = cursor.fetchone()
    if row is None:
        raise NotFound(f"There is no delivery {id_}.")
    return _delivery(row)


def last_good_deliveries() -> dict[str, datetime]:
    """Answer when each source's last delivery that was taken in whole arrived; also when it repeated what was known.

    The age of a source is counted from it (rules: record R18). A source that never sent a good one is left out.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT source, max(received_at) FROM feeds_delivery
                WHERE state IN ('applied', 'duplicate') GROUP BY source"""
        )
        return dict(cursor.fetchall())


def positions(delivery_id: int) -> dict[int, int]:
    """Answer how far each shard of a delivery is committed: the position of its last item, 0 before the first."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT shard, position FROM feeds_position WHERE delivery_id = %s ORDER BY shard", [delivery_id]
        )
        return dict(cursor.fetchall())


def advance(delivery_id: int, shard: int, batch: Batch, kept: Counts) -> bool:
    """Move the position of a shard to the end of a batch and add its counts; answers whether it was behind it.

    False means that another process has committed these items: roll back. An IntegrityError means that the counts
    don't add up: more was set aside, repeated and not mapped than was read.
    """
    applied = batch.read - kept.set_aside - kept.repeated - kept.not_mapped
    with connection.cursor() as cursor:
        cursor.execute(
            f"""UPDATE feeds_position SET position = %s, bytes_read = greatest(bytes_read, %s),
                       items_read = items_read + %s, items_applied = items_applied + %s,
                       items_repeated = items_repeated + %s, items_set_aside = items_set_aside + %s,
                       items_not_mapped = items_not_mapped + %s, resources_added = resources_added + %s,
                       resources_unchanged = resources_unchanged + %s, resources_late = resources_late + %s,
                       merges = merges + %s, reasons = {_added("reasons")}, warnings = {_added("warnings")}
                 WHERE delivery_id = %s AND shard = %s AND position < %s""",  # noqa: S608  # nosec B608
            [
                batch.position, batch.bytes_read, batch.read, applied, kept.repeated, kept.set_aside, kept.not_mapped,
                kept.added, kept.unchanged, kept.late, kept.merges, orjson.dumps(kept.reasons).decode(),
                orjson.dumps(kept.warnings).decode(), delivery_id, shard, batch.position,
            ],
        )  # fmt: skip
        return bool(cursor.rowcount)


def finish(delivery_id: int) -> dict[str, int]:
    """Say that a delivery is taken in whole; answers its totals by the names of COUNTS. Twice is as once."""
    _close(delivery_id, "applied", "")
    return totals(delivery_id)


def refuse(delivery_id: int, reason: str, *, state: str = "refused") -> None:
    """Say why a file as a whole was not taken in (`held`: too many bad rows); what came before in it stays."""
    _close(delivery_id, state, reason)


def totals(delivery_id: int) -> dict[str, int]:
    """Answer the counts of a delivery so far, by the names of COUNTS."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {_SUMS} FROM feeds_position WHERE delivery_id = %s", [delivery_id])  # noqa: S608  # nosec B608
        return dict(zip(COUNTS, cursor.fetchone(), strict=True))


_SUMS = ", ".join(f"coalesce(sum({name}), 0)::bigint" for name in COUNTS)


def _close(delivery_id: int, state: str, reason: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            f"""UPDATE feeds_delivery SET state = %s, reason = %s, finished_at = clock_timestamp(),
                       ({", ".join(COUNTS)}) =
                       (SELECT {_SUMS} FROM feeds_position WHERE delivery_id = feeds_delivery.id)
                 WHERE id = %s AND state = 'receiving'""",  # noqa: S608  # nosec B608
            [state, reason, delivery_id],
        )


def _added(column: str) -> str:
    """Answer the SQL that adds the numbers of a JSON object, given as a parameter, to those of a column."""
    return (
        f"(SELECT coalesce(jsonb_object_agg(word, total), '{{}}') FROM (SELECT key AS word, sum(value::bigint) AS total"  # noqa: S608  # nosec B608
        f" FROM (SELECT * FROM jsonb_each_text({column}) UNION ALL SELECT * FROM jsonb_each_text(%s::jsonb)) AS both_"
        " GROUP BY key) AS summed)"
    )


def _delivery(row: Sequence[Any]) -> Delivery:
    id_, source_key, channel, name, sha256, received_at, state, shards, duplicate_of = row
    return Delivery(id_, source_key, channel, name, bytes(sha256), received_at, state, shards, duplicate_of)


# --- messages that bear an id (rules: record R3) -------------------------------------------------------------------


def seen_messages(
    source_key: str, message_ids: Sequence[str], digests: Sequence[bytes] | None = None
) -> dict[str, bytes]:
    """Answer which of these message ids a source has used before, each with the SHA-256 of what it held.

    A source declared with `id_unique = false` may have used an id for several messages: give the digests of the
    messages that are asked about, and the one that is equal is answered, where there is one.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT DISTINCT ON (kept.message_id) kept.message_id, kept.sha256
                 FROM unnest(%s::text[], %s::bytea[]) AS asked (message_id, sha256)
                 JOIN feeds_message kept ON kept.source = %s AND kept.message_id = asked.message_id
                ORDER BY kept.message_id, kept.sha256 IS NOT DISTINCT FROM asked.sha256 DESC""",
            [list(message_ids), list(digests or ()), source_key],
        )
        return {message_id: bytes(sha256) for message_id, sha256 in cursor.fetchall()}


def keep_messages(source_key: str, messages: Iterable[tuple[str, bytes]]) -> None:
    """Keep the (id, SHA-256) of messages that are taken in with this transaction; one that is kept stays as it is.

    A conflict waits until the other transaction ends: of two processes that take in the same message at once, the
    second finds it kept.
    """
    pairs = list(messages)
    if not pairs:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO feeds_message (source, message_id, sha256)
               SELECT %s, * FROM unnest(%s::text[], %s::bytea[]) ON CONFLICT DO NOTHING""",
            [source_key, [message_id for message_id, _ in pairs], [sha256 for _, sha256 in pairs]],
        )


# --- what is set aside ---------------------------------------------------------------------------------------------


def keep_set_aside(delivery_id: int, set_aside: Sequence[SetAside]) -> None:
    """Put items of a delivery into the quarantine, whole, by COPY."""
    if not set_aside:
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT source, received_at FROM feeds_delivery WHERE id = %s", [delivery_id])
        source_key, received_at = cursor.fetchone()
        statement = """COPY feeds_setaside (delivery_id, source, position, reason, place, message, raw, received_at)
                       FROM STDIN (FORMAT BINARY)"""
        with connection.wrap_database_errors, cursor.copy(statement) as copy:
            copy.set_types(("int8", "text", "int8", "text", "text", "text", "bytea", "timestamptz"))
            for one in set_aside:
                # PostgreSQL's text holds no NUL; place and message may quote a name from the file.
                place, message = one.place.replace("\0", "\ufffd"), one.message.replace("\0", "\ufffd")
                copy.write_row(
                    (delivery_id, source_key, one.position, one.reason, place, message, one.raw, received_at)
                )


@dataclass(frozen=True, slots=True)
class Waiting:
    """Something set aside that waits to be tried again; `raw` is all of it."""

    id: int
    delivery_id: int
    source: str
    position: int
    reason: str
    received_at: datetime
    raw: bytes


def waiting(ids: Sequence[int] | None = None, limit: int = 1000) -> list[Waiting]:
    """Answer what waits to be tried again (of these ids, when given), in the order in which it came.

    The rows are locked for this transaction; what another process tries at this moment is left out.
    """
    of_ids = "AND s.id = ANY(%s)" if ids is not None else ""
    with connection.cursor() as cursor:
        cursor.execute(
            f"""SELECT s.id, s.delivery_id, s.source, s.position, s.reason, s.received_at, s.raw
                  FROM feeds_setaside s WHERE s.state = 'pending' {of_ids}
                 ORDER BY s.received_at, s.delivery_id, s.position, s.id LIMIT %s FOR UPDATE SKIP LOCKED""",  # noqa: S608  # nosec B608
            [*([list(ids)] if ids is not None else []), limit],
        )
        return [
            Waiting(id_, delivery_id, source_key, position, reason, received_at, bytes(raw))
            for id_, delivery_id, source_key, position, reason, received_at, raw in cursor.fetchall()
        ]


def settle(outcomes: Mapping[int, SetAside | None], *, by: str, by_name: str) -> dict[str, int]:
    """Say what came of trying things again: None: it is taken in; a SetAside: why it still is not.

    Answers how many of each, as {"applied": n, "still-refused": n}. What is still refused goes back to the quarantine
    with its newest reason.
    """
    counts = {"applied": 0, "still-refused": 0}
    now = datetime.now(UTC)
    with connection.cursor() as cursor:
        for id_, outcome in outcomes.items():
            if outcome is None:
                cursor.execute("UPDATE feeds_setaside SET state = 'applied' WHERE id = %s AND state = 'pending'", [id_])
            else:
                cursor.execute(
                    """UPDATE feeds_setaside SET state = 'quarantined', reason = %s, place = %s, message = %s
                        WHERE id = %s AND state = 'pending'""",
                    [
                        outcome.reason,
                        outcome.place.replace("\0", "\ufffd"),
                        outcome.message.replace("\0", "\ufffd"),
                        id_,
                    ],
                )
            if not cursor.rowcount:
                continue
            decision = "applied" if outcome is None else "still-refused"
            counts[decision] += 1
            cursor.execute(
                """INSERT INTO feeds_decision (set_aside_id, at, decision, by, by_name, reason)
                   VALUES (%s, %s, %s, %s, %s, %s)""",
                [id_, now, decision, by, by_name, "" if outcome is None else outcome.reason],
            )
    return counts


# --- the equation of R1 --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Balance:
    """What became of every item that was read: the sum of all but `received` is `received`, or something is lost."""

    received: int
    applied: int
    repeated: int
    not_mapped: int
    quarantined: int
    pending: int
    discarded: int

    @property
    def holds(self) -> bool:
        """Whether every item is accounted for exactly once."""
        return self.received == (
            self.applied + self.repeated + self.not_mapped + self.quarantined + self.pending + self.discarded
        )


def balance(delivery_id: int | None = None) -> Balance:
    """Answer the sums of R1, of one delivery or of all.

    What was read, applied, repeated and not mapped comes from the positions; what is quarantined, pending, discarded
    or applied at a later try from the quarantine itself, so that a row that is missing there shows.
    """
    of = "WHERE delivery_id = %s" if delivery_id is not None else ""
    parameters = [delivery_id] if delivery_id is not None else []
    with connection.cursor() as cursor:
        cursor.execute(
            f"""SELECT coalesce(sum(items_read), 0)::bigint, coalesce(sum(items_applied), 0)::bigint,
                       coalesce(sum(items_repeated), 0)::bigint, coalesce(sum(items_not_mapped), 0)::bigint
                  FROM feeds_position {of}""",  # noqa: S608  # nosec B608
            parameters,
        )
        received, applied, repeated, not_mapped = cursor.fetchone()
        cursor.execute(f"SELECT state, count(*) FROM feeds_setaside {of} GROUP BY state", parameters)  # noqa: S608  # nosec B608
        states = dict(cursor.fetchall())
    return Balance(
        received, applied + states.get("applied", 0), repeated, not_mapped, states.get("quarantined", 0),
        states.get("pending", 0), states.get("discarded", 0),
    )  # fmt: skip
