"""Pseudonyms: a keyed digest of who somebody is, another for each recipient and version (rules: population PB7).

The master key lies in the data folder, never in the database and never in a log. Whoever gets tables for one purpose
can't join them to the tables of another: each recipient has a key of its own. Rotation is a new version.

A plain digest would hide nothing: all valid NHS numbers can be tried within half an hour (rules: trust T41).
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import secrets
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from joinedup import database
from joinedup.errors import RuleError, Unavailable

MASTER = "pseudonym.master"
RECIPIENT = "icb-analytics"
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")


def recipient_key(master: bytes, recipient: str, version: int) -> bytes:
    """Answer the key of one recipient and version; raises RuleError for a master of another length or another name."""
    if len(master) != 32:
        raise RuleError("A master key has 32 bytes.")
    if not _NAME.fullmatch(recipient):
        raise RuleError(f"'{recipient}' is no name of a recipient: expected small letters, digits and hyphens.")
    if version < 1:
        raise RuleError("Versions of a recipient's key are counted from 1.")
    return hmac.digest(master, f"recipient:{recipient}|v{version}".encode(), "sha256")


def pseudonym_of_number(key: bytes, nhs_number: str) -> str:
    """Answer the pseudonym of whoever has this valid NHS number: 32 hexadecimal digits."""
    return hmac.digest(key, b"nhs|" + nhs_number.encode(), "sha256").hex()[:32]


def pseudonym_of_person(key: bytes, person: object) -> str:
    """Answer the pseudonym of somebody without a valid NHS number, by the id that the record knows them by."""
    return hmac.digest(key, f"person|{person}".encode(), "sha256").hex()[:32]


@dataclass(frozen=True, slots=True)
class Keys:
    """What one recipient's tables are made with. The keys never leave the process: they are not shown."""

    recipient: str
    version: int
    key: bytes

    def __repr__(self) -> str:
        return f"Keys({self.recipient!r}, version {self.version})"

    def of_number(self, nhs_number: str) -> str:
        return pseudonym_of_number(self.key, nhs_number)

    def of_person(self, person: object) -> str:
        return pseudonym_of_person(self.key, person)

    def digest(self, kind: str, text: str) -> str:
        """Answer a keyed digest of anything but a person (a resource, a home): 20 hexadecimal digits.

        BLAKE2b with a key: as strong as HMAC, and fast enough for each of 30 million resources.
        """
        return hashlib.blake2b(f"{kind}|{text}".encode(), digest_size=10, key=self.key).hexdigest()

    def tombstone(self, pseudonym: str) -> str:
        """Answer what is kept of somebody who was taken out: it tells nobody who it was, not even by pseudonym."""
        return self.digest("tombstone", pseudonym)

    def fingerprint(self) -> str:
        """Answer what tells two keys apart and says nothing about either."""
        return self.digest("fingerprint", f"{self.recipient}|v{self.version}")


def resource_digest(keys: Keys, source: str, id_: str) -> str:
    """Answer the key of a resource in a snapshot: the same for it and for all references to it within its source."""
    return keys.digest("resource", f"{source}|{id_}")


def keys_for(recipient: str = RECIPIENT, version: int = 1) -> Keys:
    """Answer the keys of a recipient, from this installation's master key, which is made when first used."""
    return Keys(recipient, version, recipient_key(master_key(), recipient, version))


def master_key() -> bytes:
    """Answer the 32 random bytes from which all keys come. Raises Unavailable when the file is damaged."""
    path = database.data_dir() / "keys" / MASTER
    if not path.exists():
        _make(path)
    try:
        found = bytes.fromhex(path.read_text().strip())
    except ValueError:
        found = b""
    if len(found) != 32:
        raise Unavailable(
            f"The key {path} is damaged. Put it back from a copy: with another key nobody keeps their pseudonym."
        )
    return found


def _make(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    new = path.with_suffix(f".{os.getpid()}")
    new.touch(mode=0o600)
    with new.open("w") as file:
        file.write(secrets.token_bytes(32).hex())
        file.flush()
        os.fsync(file.fileno())
    with suppress(FileExistsError):  # Two processes may make it at once: the first one's stays.
        os.link(new, path)
    new.unlink()
