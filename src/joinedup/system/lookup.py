"""Names and codes of bodies for rooms that may not import this one; settings name these two functions."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from joinedup.moment import now
from joinedup.system.picture import Picture


def names_of(ids: Iterable[UUID]) -> dict[UUID, str]:
    """Answer today's names of bodies by id; ids of none are left out."""
    return {key: body.name for key, body in Picture(now()).bodies_by_id(ids).items()}


def id_of(code: str) -> UUID | None:
    """Answer the id of the body that a code or key denotes today, or None."""
    found = Picture(now()).find(code)
    return found[1] if found and found[0] == "body" else None
