"""The record read whole, for what is made of it: current versions only, streamed, at one and the same instant.

Nobody opens a resident's page with this: it takes a job's Grant, and the job audits one entry a run, with counts.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from joinedup.access import Grant
from joinedup.errors import Refused

_BATCH = 2_000


class Current(NamedTuple):
    """The current version of a resource: whose, of which type and source, and the sender's bytes."""

    subject_id: UUID
    type: str
    source: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Slice:
    """Subjects from `first` up to `last`, both included."""

    first: UUID
    last: UUID


def slices(count: int) -> list[Slice]:
    """Answer all subject ids there can be, in so many slices of equal width; `count` divides 65,536."""
    width = 2**128 // count
    return [Slice(UUID(int=nth * width), UUID(int=(nth + 1) * width - 1)) for nth in range(count)]


@dataclass(frozen=True, slots=True)
class Instant:
    """One state of one database, held still for readers in other processes."""

    database: str
    name: str


@contextmanager
def one_instant() -> Iterator[Instant]:
    """Hold the database still: answers what to give to `read_current` and the others, in any process."""
    from django.db import connection as ours

    from joinedup import database

    where = str(ours.settings_dict["NAME"])
    with database.connect(where) as connection:
        connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        row = connection.execute("SELECT pg_export_snapshot()").fetchone()
        assert row is not None
        yield Instant(where, str(row[0]))


def read_current(
    grant: Grant, part: Slice, *, stored_by: datetime, instant: Instant, types: Sequence[str] | None = None
) -> Iterator[Current]:
    """Yield the current version of every resource of a slice's subjects, by what had been stored at `stored_by`.

    Ordered by subject and id; the server keeps the rest, so that memory stays flat. Needs no Django. Raises Refused
    for a grant that is not a job's.
    """
    from joinedup import database

    _must_be_a_job(grant)
    of_type = "AND type = ANY(%(types)s)" if types is not None else ""
    with database.connect(instant.database) as connection:
        _hold(connection, instant)
        with connection.cursor(name="extract", binary=True) as cursor:
            cursor.itersize = _BATCH
            cursor.execute(
                f"""SELECT DISTINCT ON (subject_id, id) subject_id, type, source, body FROM record_resource
                    WHERE subject_id BETWEEN %(first)s AND %(last)s AND stored_at <= %(stored_by)s {of_type}
                    ORDER BY subject_id, id, event_at DESC, version DESC""",  # noqa: S608  # nosec B608 (own words)
                {"first": part.first, "last": part.last, "stored_by": stored_by, "types": list(types or ())},
            )
            yield from map(Current._make, cursor)
        connection.execute("ROLLBACK")


def digests_of(grant: Grant, count: int, *, stored_by: datetime, instant: Instant) -> list[tuple[int, str]]:
    """Answer for each of so many slices how many versions it holds, and what changes when any of them does."""
    from joinedup import database

    _must_be_a_job(grant)
    with database.connect(instant.database) as connection:
        _hold(connection, instant)
        rows = connection.execute(
            """SELECT get_byte(uuid_send(subject_id), 0) * %(count)s / 256, count(*),
                      sum(hashtextextended(id::text || ':' || version || ':' || encode(digest, 'hex'), 1)::numeric),
                      sum(hashtextextended(id::text || ':' || version || ':' || encode(digest, 'hex'), 2)::numeric)
                 FROM record_resource WHERE stored_at <= %(stored_by)s GROUP BY 1""",
            {"count": count, "stored_by": stored_by},
        ).fetchall()
        connection.execute("ROLLBACK")
    found = {int(nth): (int(many), f"{many}:{one}:{other}") for nth, many, one, other in rows}
    return [found.get(nth, (0, "")) for nth in range(count)]


def subjects_with_tokens(
    grant: Grant, tokens: Sequence[str], types: Sequence[str], *, stored_by: datetime, instant: Instant
) -> list[Current]:
    """Answer the current resources of these types that bear one of these tokens, or all of them without tokens."""
    from joinedup import database

    _must_be_a_job(grant)
    with database.connect(instant.database) as connection:
        _hold(connection, instant)
        rows = connection.execute(
            """SELECT DISTINCT ON (subject_id, id) subject_id, type, source, body FROM record_resource
                WHERE (subject_id, id) IN (
                      SELECT subject_id, id FROM record_resource
                       WHERE type = ANY(%(types)s) AND (cardinality(%(tokens)s::text[]) = 0 OR tokens && %(tokens)s)
                         AND stored_at <= %(stored_by)s)
                  AND stored_at <= %(stored_by)s
                ORDER BY subject_id, id, event_at DESC, version DESC""",
            {"tokens": list(tokens), "types": list(types), "stored_by": stored_by},
        ).fetchall()
        connection.execute("ROLLBACK")
    return [Current._make(row) for row in rows]


def _hold(connection: Any, instant: Instant) -> None:
    connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
    # The name is the server's own; it cannot be a parameter of this statement.
    if not instant.name.replace("-", "").isalnum():
        raise Refused("This is no name of an instant.")
    connection.execute(f"SET TRANSACTION SNAPSHOT '{instant.name}'")


def _must_be_a_job(grant: Grant) -> None:
    if not grant.is_service:
        raise Refused("The record is read whole by jobs only, under a grant of their own.")
