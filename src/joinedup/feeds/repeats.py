"""Whether a message came before (rules: record R3)."""

from __future__ import annotations

from typing import Literal

Outcome = Literal["accepted", "duplicate", "id-reused"]


def message_outcome(seen_hash: bytes | None, new_hash: bytes, id_unique: bool) -> Outcome:
    """Answer what becomes of a message, by the hash that its source's message id was seen with, if it was.

    The same message again is a duplicate: acknowledged as before, nothing is written. Another message under a used id
    is set aside where the source's ids are declared unique, else it is taken like any other.
    """
    if seen_hash is None:
        return "accepted"
    if seen_hash == new_hash:
        return "duplicate"
    return "id-reused" if id_unique else "accepted"
