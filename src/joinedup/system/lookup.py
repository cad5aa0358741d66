"""Names and codes of bodies, also for rooms that may not import this one: settings name these functions."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from uuid import UUID

from django.db import connection

from joinedup.moment import now
from joinedup.system.picture import Picture


def names_of(ids: Iterable[UUID]) -> dict[UUID, str]:
    """Answer today's names of bodies by id; ids of none are left out."""
    return {key: body.name for key, body in Picture(now()).bodies_by_id(ids).items()}


def id_of(code: str) -> UUID | None:
    """Answer the id of the body that a code or key denotes today, or None."""
    found = Picture(now()).find(code)
    return found[1] if found and found[0] == "body" else None


def is_code_in_use(code: str, on: date) -> bool:
    """Answer whether anything bears this code on a day, by all that is known now."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT FROM system_identifier WHERE code = %s AND valid @> %s AND upper_inf(known))",
            [code, on],
        )
        return bool(cursor.fetchone()[0])
