"""The heads of a log, kept in a folder outside the database that only grows.

For each log two files. `entries.bin` holds 40 bytes an entry: its id and the hash after it, so that what was sealed
is known entry by entry even when the database's own hashes were rewritten to fit. `heads.jsonl` holds one line a
segment, signed (HMAC-SHA-256) with a key that is not in the database, over everything in the line and, by its digest,
over the segment's part of `entries.bin`.

Both are only ever appended to, so the folder may lie on storage that allows nothing else. A line or a part that a
crash tore is left where it is and counts for nothing: each line says where its part begins.
"""

from __future__ import annotations

import fcntl
import hmac
import json
import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from joinedup.access.chain import canonical

ENTRY = struct.Struct(">q32s")


@dataclass(frozen=True, slots=True)
class Block:
    """One segment as it was sealed: its number, the head before it, and each entry's id and hash in order."""

    number: int
    previous_head: bytes
    entry_ids: tuple[int, ...]
    hashes: tuple[bytes, ...]
    sealed_at: str

    @property
    def head(self) -> bytes:
        return self.hashes[-1]


@dataclass(frozen=True, slots=True)
class Head:
    """A line of heads.jsonl whose signature holds."""

    number: int
    count: int
    head: bytes
    previous_head: bytes
    sealed_at: str
    offset: int
    digest: str


class Heads:
    """The folder of one log's heads, with the key that signs them."""

    def __init__(self, folder: Path, log: str, key: bytes) -> None:
        self.folder, self.log, self.key = folder / log, log, key

    @property
    def _lines(self) -> Path:
        return self.folder / "heads.jsonl"

    @property
    def _entries(self) -> Path:
        return self.folder / "entries.bin"

    def append(self, block: Block) -> None:
        """Add a segment; when this returns, it is on the disk."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        part = b"".join(map(ENTRY.pack, block.entry_ids, block.hashes))
        with _appending(self._entries) as entries:
            offset = entries.seek(0, os.SEEK_END)
            entries.write(part)
        line: dict[str, Any] = {
            "log": self.log,
            "number": block.number,
            "count": len(block.entry_ids),
            "first": block.entry_ids[0],
            "last": block.entry_ids[-1],
            "head": block.head.hex(),
            "previous": block.previous_head.hex(),
            "at": block.sealed_at,
            "offset": offset,
            "digest": sha256(part).hexdigest(),
        }
        line["signature"] = self._sign(line)
        with _appending(self._lines) as lines:
            # A torn line may end the file: begin a new one, so that it spoils nothing but itself.
            begin = b"\n" if lines.seek(0, os.SEEK_END) and _last_byte(self._lines) != b"\n" else b""
            lines.write(begin + canonical(line).encode() + b"\n")

    def read(self) -> tuple[dict[int, Head], list[str]]:
        """Answer the segments whose signed line stands, by number, and what is wrong with the lines that do not count.

        A number that occurs twice keeps the first line: a later one could only come from a second hand.
        """
        found: dict[int, Head] = {}
        wrong: list[str] = []
        if not self._lines.exists():
            return found, wrong
        for at, text in enumerate(self._lines.read_bytes().splitlines(), start=1):
            try:
                line = json.loads(text)
                signed = hmac.compare_digest(line.pop("signature"), self._sign(line)) and line["log"] == self.log
                head = Head(
                    line["number"],
                    line["count"],
                    bytes.fromhex(line["head"]),
                    bytes.fromhex(line["previous"]),
                    line["at"],
                    line["offset"],
                    line["digest"],
                )
            except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
                # Torn by a crash, or spoilt: if it was a segment's only line, that segment is missed below.
                continue
            if not signed:
                wrong.append(f"heads.jsonl, line {at}: not signed with this installation's key")
            elif head.number in found:
                wrong.append(f"heads.jsonl, line {at}: segment {head.number} is there twice")
            else:
                found[head.number] = head
        return found, wrong

    def block(self, head: Head) -> Block | None:
        """Answer a segment entry by entry; None when its part of entries.bin is gone or changed."""
        try:
            with self._entries.open("rb") as entries:
                entries.seek(head.offset)
                part = entries.read(head.count * ENTRY.size)
        except FileNotFoundError:
            return None
        if not part or sha256(part).hexdigest() != head.digest:
            return None
        ids, hashes = zip(*ENTRY.iter_unpack(part), strict=True)
        return Block(head.number, head.previous_head, ids, hashes, head.sealed_at)

    def _sign(self, line: dict[str, Any]) -> str:
        return hmac.digest(self.key, canonical(line).encode(), "sha256").hex()


@contextmanager
def _appending(path: Path) -> Iterator[Any]:
    """Open a file for appending, alone; on leaving, its bytes and its name are on the disk."""
    is_new = not path.exists()
    with path.open("ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield file
        file.flush()
        os.fsync(file.fileno())
    if is_new:
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _last_byte(path: Path) -> bytes:
    with path.open("rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read(1)
