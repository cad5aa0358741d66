"""Reading the record, and writing what joinedup itself authors. Nothing of a resident is answered without a Grant.

What is stored never changes; which version is current is decided when it is read (`models.py` says how).
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import UUID

import orjson
from django.db import connection, transaction
from psycopg import Cursor

from joinedup.access import Act, Grant, record_many
from joinedup.errors import NotFound, Refused
from joinedup.feeds import nobody, resource_id
from joinedup.record.extract import clinical_time, tokens

OWN = "joinedup"  # the source of what is written here
_COLUMNS = (
    "subject_id, id, version, type, source, delivery_id, position, event_at, stored_at, starts, ends, tokens, digest, "
    "author, body"
)
_TYPES = (
    "uuid", "uuid", "int4", "text", "text", "int8", "int4", "timestamptz", "timestamptz", "timestamptz", "timestamptz",
    "text[]", "bytea", "text", "bytea",
)  # fmt: skip


class Stored(NamedTuple):
    """One version of a resource. `body` are the sender's bytes; ids and references in it are the source's own.

    A tuple in the order of the table's columns: the intake makes one for each resource, and hands it on as it is.
    """

    subject_id: UUID
    id: UUID
    version: int
    type: str
    source: str
    delivery_id: int | None
    position: int
    event_at: datetime
    stored_at: datetime
    starts: datetime | None
    ends: datetime | None
    tokens: list[str]
    digest: bytes
    author: str | None
    body: bytes

    @property
    def content(self) -> dict[str, Any]:
        """Answer the resource as Python values; numbers as floats, so for reading only, never to be sent on."""
        return orjson.loads(self.body)  # type: ignore[no-any-return]


def everything(
    grant: Grant,
    subject_ids: Iterable[UUID],
    types: Iterable[str] | None = None,
    *,
    known_at: datetime | None = None,
) -> list[Stored]:
    """Answer the current version of every resource of these subjects, of these types when some are named.

    `known_at` asks for what was current by what had been stored then. Ordered by subject, type and id. What was
    entered in error is included: pages leave it out, histories show it. Raises Refused when the grant does not cover
    one of the subjects. The caller audits what is disclosed.
    """
    wanted = list(subject_ids)
    must_cover(grant, wanted)
    of_type = "AND type = ANY(%(types)s)" if types is not None else ""
    of_type += " AND stored_at <= %(known_at)s" if known_at is not None else ""
    return _read(
        f"""SELECT DISTINCT ON (subject_id, type, id) {_COLUMNS} FROM record_resource
            WHERE subject_id = ANY(%(subjects)s) {of_type}
            ORDER BY subject_id, type, id, event_at DESC, version DESC""",  # noqa: S608  # nosec B608 (own words)
        {"subjects": wanted, "types": list(types or ()), "known_at": known_at},
    )


def one(grant: Grant, type_: str, id_: UUID) -> Stored:
    """Answer the current version; NotFound when there is none. Raises Refused when the grant does not cover it."""
    return _current(history(grant, type_, id_))


def history(grant: Grant, type_: str, id_: UUID) -> list[Stored]:
    """Answer all versions, the newest arrival first; NotFound when there are none."""
    found = _read(
        f"SELECT {_COLUMNS} FROM record_resource WHERE id = %(id)s AND type = %(type)s ORDER BY version DESC",  # noqa: S608  # nosec B608
        {"id": id_, "type": type_},
    )
    if not found:
        raise NotFound("There is no such resource, or none that may be seen.")
    must_cover(grant, {found[0].subject_id})
    return found


def directory(grant: Grant, ids: Mapping[UUID, str]) -> list[Stored]:
    """Answer the current version of what is about no resident (organisations, practitioners, places, medicines) by id.

    `ids` maps each id to its source. What turns out to be about a resident is left out.
    """
    rows = _read(
        f"""SELECT DISTINCT ON (id) {_COLUMNS} FROM record_resource WHERE id = ANY(%(ids)s)
            ORDER BY id, event_at DESC, version DESC""",  # noqa: S608  # nosec B608
        {"ids": list(ids)},
    )
    return [row for row in rows if row.subject_id == nobody(row.source)]


def subject_of(type_: str, id_: UUID) -> UUID | None:
    """Answer whose a resource is, so that access can be decided; None when there is none. Discloses nothing else."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT subject_id FROM record_resource WHERE id = %s AND type = %s LIMIT 1", [id_, type_])
        row = cursor.fetchone()
    return row[0] if row else None


def write(
    grant: Grant, subject_id: UUID, content: Mapping[str, Any], *, action: str, resource: UUID | None = None
) -> Stored:
    """Store what somebody writes here as a new resource, or as the next version of `resource`; audited as `action`.

    `content` is a FHIR R4 resource without id. Raises Refused when the grant does not cover the subject, NotFound
    when `resource` is not one that was written here about this subject.
    """
    must_cover(grant, {subject_id})
    at = datetime.now(UTC)
    type_ = str(content["resourceType"])
    with transaction.atomic():
        version = 1
        if resource is None:
            source_id = str(uuid.uuid4())
        else:
            before = _read(
                f"SELECT {_COLUMNS} FROM record_resource WHERE id = %(id)s AND subject_id = %(subject)s "  # noqa: S608  # nosec B608
                "AND type = %(type)s AND source = %(own)s ORDER BY version DESC",
                {"id": resource, "subject": subject_id, "type": type_, "own": OWN},
            )
            if not before:
                raise NotFound("There is no such resource, or none that may be changed here.")
            version, source_id = before[0].version + 1, before[0].content["id"]
        whole = {"resourceType": type_, "id": source_id, **{k: v for k, v in content.items() if k != "resourceType"}}
        starts, ends = clinical_time(type_, whole)
        body = orjson.dumps(whole)
        stored = Stored(
            subject_id, resource_id(OWN, type_, source_id), version, type_, OWN, None, 0, at, at, starts, ends,
            tokens(type_, whole), digest(body), grant.actor_id, body,
        )  # fmt: skip
        copy_resources([stored])
        record_many(grant, [Act(action, f"resident:{subject_id}", details={"type": type_, "id": str(stored.id)})])
    return stored


def current_patients(subjects: Iterable[UUID]) -> list[tuple[Stored, int]]:
    """Answer each subject's current Patient and the number of its newest version; for this room's own bookkeeping."""
    rows = _read(
        f"""SELECT {_COLUMNS} FROM record_resource
             WHERE subject_id = ANY(%(subjects)s) AND id = subject_id""",  # noqa: S608  # nosec B608
        {"subjects": list(subjects)},
    )
    versions: dict[UUID, list[Stored]] = {}
    for row in rows:
        versions.setdefault(row.id, []).append(row)
    return [(_current(told), max(row.version for row in told)) for told in versions.values()]


def sent_patients(subjects: Iterable[UUID]) -> list[Stored]:
    """Answer the newest Patient that each subject's source itself sent; for this room's own bookkeeping."""
    return _read(
        f"""SELECT DISTINCT ON (subject_id) {_COLUMNS} FROM record_resource
             WHERE subject_id = ANY(%(subjects)s) AND id = subject_id AND author IS NULL
             ORDER BY subject_id, event_at DESC, version DESC""",  # noqa: S608  # nosec B608
        {"subjects": list(subjects)},
    )


def must_cover(grant: Grant, subject_ids: Iterable[UUID]) -> None:
    """Raise Refused unless the grant was given for these subjects; a service's grant is for its whole job."""
    if not grant.is_service and not set(subject_ids) <= (grant.subject_ids or frozenset()):
        raise Refused("The leave that was given is not for this resident.")


def copy_resources(rows: Sequence[Stored]) -> None:
    """Add versions by binary COPY, in the caller's transaction (measured: three times as fast as as text)."""
    statement = f"COPY record_resource ({_COLUMNS}) FROM STDIN (FORMAT BINARY)"
    with connection.cursor() as cursor, connection.wrap_database_errors, cursor.copy(statement) as copy:
        copy.set_types(_TYPES)
        for row in rows:
            copy.write_row(row)


def digest(body: bytes) -> bytes:
    """Answer what tells two bodies apart at a glance; equal content may still be written otherwise (`is_same`)."""
    return hashlib.blake2b(body, digest_size=16).digest()


def is_same(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Answer whether two resources say the same, but for meta.versionId and meta.lastUpdated (rules: record R4)."""
    return _without_stamps(one) == _without_stamps(other)


def _without_stamps(content: Mapping[str, Any]) -> Mapping[str, Any]:
    meta = content.get("meta")
    if not meta or ("lastUpdated" not in meta and "versionId" not in meta):
        return content
    kept = {key: value for key, value in meta.items() if key not in {"lastUpdated", "versionId"}}
    return {**{key: value for key, value in content.items() if key != "meta"}, **({"meta": kept} if kept else {})}


def _current(versions: Iterable[Stored]) -> Stored:
    return max(versions, key=lambda stored: (stored.event_at, stored.version))


def _read(sql: str, parameters: Mapping[str, Any]) -> list[Stored]:
    # In binary, by the driver's own cursor: times, ids and bytes come four times as fast as by way of their texts.
    with connection.cursor() as wrapped, connection.wrap_database_errors:
        cursor = Cursor(wrapped.connection)
        cursor.execute(sql, parameters, prepare=True, binary=True)
        return [Stored._make(row) for row in cursor.fetchall()]
