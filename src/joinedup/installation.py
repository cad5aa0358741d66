"""Is this installation in order? Each thing that must hold, looked at once, with what to do where it does not."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from joinedup import __version__, database
from joinedup.errors import JoinedupError

SHORTEST_SECRET = 32


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at: whether it is in order, and what was found or what to do."""

    what: str
    is_ok: bool
    says: str


def look() -> list[Finding]:
    """Answer what was found, in order; a database that does not answer ends the list early.

    Starts the embedded server, but does not bring the tables up to date: whether they are is one of the findings.
    """
    findings = [Finding("joinedup", True, f"{__version__}, data in {database.data_dir()}")]
    try:
        database.start()
        server = database.connect()
    except JoinedupError as error:
        return [*findings, Finding("database", False, str(error))]
    with server, server.cursor() as cursor:
        findings.append(_database(cursor))
        findings.append(_durability(cursor))
        findings.append(_sorting(cursor))
    rest: list[Callable[[], Finding]] = [_migrations, _assets, _secrets, _heads]
    for part in rest:
        try:
            findings.append(part())
        except JoinedupError as error:
            findings.append(Finding(part.__name__.strip("_"), False, str(error)))
    return findings


def _database(cursor: Any) -> Finding:
    cursor.execute("SELECT current_setting('server_version'), pg_size_pretty(pg_database_size(current_database()))")
    version, size = cursor.fetchone()
    whose = "our own" if database.is_embedded() else "DATABASE_URL"
    return Finding("database", True, f"PostgreSQL {version} ({whose}), {size}")


def _durability(cursor: Any) -> Finding:
    complaints = database.unsafe_settings(cursor)
    return Finding("durability", not complaints, " ".join(complaints) or "what is acknowledged is on the disk")


def _sorting(cursor: Any) -> Finding:
    # By code point, upper case comes before lower case; by most languages' rules it does not.
    cursor.execute("SELECT 'B' < 'a', datcollate FROM pg_database WHERE datname = current_database()")
    by_code_point, collation = cursor.fetchone()
    remedy = "Make the database anew: createdb --template=template0 --lc-collate=C NAME, and restore a backup into it."
    return Finding(
        "collation",
        by_code_point,
        "text sorts by code point, the same on every server"
        if by_code_point
        else f"text sorts by {collation}. {remedy}",
    )


def _migrations() -> Finding:
    database.ready(migrated=False)
    missing = database.unapplied_migrations()
    return Finding(
        "tables",
        not missing,
        f"{len(missing)} changes wait, first {missing[0]}; joinedup serve makes them" if missing else "up to date",
    )


def _assets() -> Finding:
    from django.conf import settings

    from joinedup.ui.assets import is_prepared

    found = is_prepared(Path(settings.STATIC_ROOT))
    return Finding("style sheets", found, f"in {settings.STATIC_ROOT}" if found else "missing. Run: make setup")


def _secrets() -> Finding:
    from django.conf import settings

    if len(settings.SECRET_KEY) < SHORTEST_SECRET:
        return Finding(
            "secrets", False, f"JOINEDUP_SECRET_KEY is short; give {SHORTEST_SECRET} characters or more, or unset it."
        )
    keys = database.data_dir() / "keys"
    readable = [key.name for key in sorted(keys.glob("*.key")) if key.stat().st_mode & 0o077]
    if readable:
        return Finding("secrets", False, f"others may read {', '.join(readable)} in {keys}. Run: chmod 600 {keys}/*")
    return Finding("secrets", True, "long enough, and only their owner may read them")


def _heads() -> Finding:
    from django.conf import settings

    folder = Path(settings.AUDIT_HEADS_DIR)
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        return Finding(
            "audit heads", False, f"{folder} cannot be written ({error.strerror}). Set JOINEDUP_AUDIT_HEADS."
        )
    apart = folder.stat().st_dev != database.data_dir().stat().st_dev
    advice = "" if apart else "; on the same disk as the data: another place (JOINEDUP_AUDIT_HEADS) proves more"
    return Finding("audit heads", os.access(folder, os.W_OK), f"in {folder}{advice}")
