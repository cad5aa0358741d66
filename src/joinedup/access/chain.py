"""The hash chain of a log: h0 is 32 zero bytes, and each hash is SHA-256 of the one before and the entry's bytes.

An entry's bytes are its canonical JSON: keys sorted, separators "," and ":", UTF-8 (rules: trust T36).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

ZERO = bytes(32)
HASH_BYTES = 32

_encode = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode


def canonical(value: Mapping[str, Any] | str) -> str:
    """Answer the one text of an entry (or a part of it), the same for equal ones; raises ValueError for NaN."""
    return _encode(value)


def extend(head: bytes, bodies: Iterable[bytes]) -> list[bytes]:
    """Answer the hash after each of these bodies, in order, beginning from the head before them."""
    hashes = []
    for body in bodies:
        head = sha256(head + body).digest()
        hashes.append(head)
    return hashes


@dataclass(frozen=True, slots=True)
class Misfit:
    """An entry that is not what was sealed at its place; `body` is None where it is gone."""

    entry_id: int
    before: bytes
    expected: bytes
    body: bytes | None


def misfits(
    head: bytes, entry_ids: Iterable[int], hashes: Iterable[bytes], bodies: Mapping[int, bytes]
) -> list[Misfit]:
    """Answer every entry that does not give its hash, given the hashes as they were sealed.

    Each entry is tested against the sealed hash before it, not the recomputed one, so one edited entry is one misfit
    and the entries after it are judged on their own.
    """
    found = []
    for entry_id, expected in zip(entry_ids, hashes, strict=True):
        body = bodies.get(entry_id)
        if body is None or sha256(head + body).digest() != expected:
            found.append(Misfit(entry_id, head, expected, body))
        head = expected
    return found


def swapped(found: Iterable[Misfit]) -> dict[int, int]:
    """Answer, for each misfit whose place is filled by another misfit's text, the entry that the text belonged to."""
    whole = [misfit for misfit in found if misfit.body is not None]
    return {
        there.entry_id: here.entry_id
        for here in whole
        for there in whole
        if here is not there and sha256(here.before + (there.body or b"")).digest() == here.expected
    }


def split_hashes(joined: bytes) -> list[bytes]:
    """Cut hashes that were stored one after the other; a last one that is cut short comes back short."""
    return [joined[at : at + HASH_BYTES] for at in range(0, len(joined), HASH_BYTES)]
