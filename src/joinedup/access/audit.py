"""Writing the audit: one entry in the act's own transaction, so that an act that is not recorded cannot happen.

The entry's id waits in a queue for `seal`, with a signature (HMAC by a key outside the database) over the log, the id
and the text: an entry that is put in or changed by hand before it is sealed is told apart as well. What stays open is
an entry that is deleted together with its place in the queue before the next sealing.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any

from joinedup import database
from joinedup.access.chain import canonical
from joinedup.access.grant import Grant
from joinedup.errors import RuleError

OUTCOMES = ("done", "denied", "failed")


@dataclass(frozen=True, slots=True)
class Act:
    """What a batch records of one act; the grant says who and why. `subject` is `kind:id`, for instance body:<uuid>."""

    action: str
    subject: str
    outcome: str = "done"
    details: Mapping[str, Any] | None = None


def record(
    grant: Grant, action: str, subject: str, *, outcome: str = "done", details: Mapping[str, Any] | None = None
) -> None:
    """Write one audit entry in the transaction that is open now.

    Raises RuleError outside a transaction: the entry must be kept or lost together with the act. `details` hold
    codes, counts and ids, never the text of a record and never a person's name.
    """
    (body,) = _bodies(grant, [Act(action, subject, outcome, details)])
    with open_transaction().cursor() as cursor:
        cursor.execute("INSERT INTO access_auditentry (body) VALUES (%s) RETURNING id", [body])
        (entry_id,) = cursor.fetchone()
        cursor.execute(
            "INSERT INTO access_unsealed (log, entry_id, signature) VALUES ('audit', %s, %s)",
            [entry_id, signature("audit", entry_id, body.encode())],
        )


def record_many(grant: Grant, acts: Iterable[Act]) -> int:
    """Write many entries of one grant by COPY, in the transaction that is open now; answers how many."""
    connection = open_transaction()
    bodies = _bodies(grant, acts)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT nextval('access_auditentry_id_seq') FROM generate_series(1, %s)",
            [len(bodies)],
        )
        ids = [row[0] for row in cursor.fetchall()]
        with cursor.copy("COPY access_auditentry (id, body) FROM STDIN") as copy:
            for pair in zip(ids, bodies, strict=True):
                copy.write_row(pair)
        with cursor.copy("COPY access_unsealed (log, entry_id, signature) FROM STDIN") as copy:
            for entry_id, body in zip(ids, bodies, strict=True):
                copy.write_row(("audit", entry_id, signature("audit", entry_id, body.encode())))
    return len(bodies)


def await_sealing(log: str, entry_id: int, body: str) -> None:
    """Put an entry of another room's log (settings.SEALED_LOGS) into the queue of `seal`, in the open transaction."""
    with open_transaction().cursor() as cursor:
        cursor.execute(
            "INSERT INTO access_unsealed (log, entry_id, signature) VALUES (%s, %s, %s)",
            [log, entry_id, signature(log, entry_id, body.encode())],
        )


def signature(log: str, entry_id: int, body: bytes) -> bytes:
    """Answer what only this installation can write beside an entry in the queue."""
    return hmac.digest(key(), b"%b:%d:%b" % (log.encode(), entry_id, body), "sha256")


@cache
def key() -> bytes:
    """Answer the key of the audit, which lies in the data folder and never in the database."""
    return database.secret("audit.key").encode()


def _bodies(grant: Grant, acts: Iterable[Act]) -> list[str]:
    """Answer the canonical texts of these acts.

    What the grant says is the same in each entry and is written out once; the parts are put together in the order of
    their keys (measured: twice as fast as sorting and encoding each entry whole).
    """
    early = {"actor": grant.actor_id, "at": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")}
    late = {"permission": grant.permission, "purpose": grant.purpose, "reason": grant.reason}
    if grant.body_id:
        early["body"] = str(grant.body_id)
    if grant.relationship:
        late["relationship"] = grant.relationship
    if grant.role:
        late["role"] = grant.role
    before, after = canonical(early)[1:-1], canonical(late)[1:-1]
    bodies = []
    for act in acts:
        if act.outcome not in OUTCOMES:
            raise RuleError(f"The outcome '{act.outcome}' is not one of {', '.join(OUTCOMES)}.")
        details = f'"details":{canonical(act.details)},' if act.details else ""
        bodies.append(
            f'{{"action":{canonical(act.action)},{before},{details}"outcome":"{act.outcome}",{after},'
            f'"subject":{canonical(act.subject)}}}'
        )
    return bodies


def open_transaction() -> Any:
    """Answer the connection in the transaction that is open now; raises RuleError where none is."""
    from django.db import connection

    if not connection.in_atomic_block:
        raise RuleError("This is written in the transaction of its act; begin one with transaction.atomic().")
    return connection
