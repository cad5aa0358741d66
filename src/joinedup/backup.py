"""Backup and restore: one file that holds the database, the heads of the audit, and the keys that cannot be made anew.

The file is an uncompressed tar archive, so that no joinedup is needed to open it:

    SHA256             the digest of everything after this member, so that any changed byte is noticed
    database.dump      pg_dump's custom format (pg_restore reads it)
    audit-heads/...    the heads of the audit chain as they were just before the dump began
    keys/audit.key     the key that signs the heads
    keys/pseudonym.master  the key of all pseudonyms, where snapshots were made: without it nobody would keep theirs
    files/...          what people of this installation decided, defined or took in beside the database (KEPT)
    manifest.json      version, time, migrations, and the rows of every table in the very snapshot that was dumped
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import secrets
import shutil
import subprocess  # nosec B404
import tarfile
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import IO, TYPE_CHECKING, Any

from joinedup import __version__, database
from joinedup.errors import FileError, RuleError, Unavailable

if TYPE_CHECKING:
    from joinedup.access import Grant

PSEUDONYMS = "keys/pseudonym.master"
# In the data folder: the system's own decisions (payment, planning), definitions, mappings of feeds, rules of linkage,
# and the published tables of need that allocations were made by. Snapshots and results are not: they are made anew.
KEPT = ("decisions", "definitions", "linkage.toml", "mappings", "weighted-populations")
FILES = "files/"
HEAD_BYTES = 2 * tarfile.BLOCKSIZE  # the member SHA256: its header and its one block
AGAIN = "Take another copy of the backup."
# Every new database has rows in these; they are nobody's data.
BORN_WITH = {"django_migrations", "django_content_type", "auth_permission"}


@dataclass(frozen=True)
class Manifest:
    """What a backup says about itself."""

    joinedup: str
    made_at: str
    server: int
    migrations: list[str]
    rows: dict[str, int]


def backup(file: Path, grant: Grant) -> Manifest:
    """Write a backup to `file` and answer its manifest; the server may go on working meanwhile.

    The file appears under its name only when it is complete and on the disk. Its owner alone may read it. Raises
    FileError when the file is there already. That a copy of everything was taken is in the audit, and in the copy.
    """
    if file.exists():
        raise _taken(file)
    database.ready()
    _record(grant, "backup")
    new = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        with _created(new) as out:
            out.write(bytes(HEAD_BYTES))
            with tempfile.TemporaryDirectory() as kept:
                heads = Path(kept) / "audit-heads"
                manifest = _dump(out, heads)
                for path in sorted(path for path in heads.rglob("*") if path.is_file()):
                    _add(out, f"audit-heads/{path.relative_to(heads)}", path.read_bytes())
            _add(out, "keys/audit.key", database.secret("audit.key").encode())
            if (pseudonyms := database.data_dir() / PSEUDONYMS).exists():
                _add(out, PSEUDONYMS, pseudonyms.read_bytes())
            for name, path in _kept_files():
                _add(out, FILES + name, path.read_bytes())
            _add(out, "manifest.json", json.dumps(manifest.__dict__, indent=1).encode())
            out.write(bytes(2 * tarfile.BLOCKSIZE))
            _write_head(out)
        _publish(new, file)
    except OSError as error:
        raise FileError(str(file), f"cannot be written: {error.strerror}.", "Name a file on another disk.") from error
    finally:
        new.unlink(missing_ok=True)
    return manifest


def check(file: Path) -> Manifest:
    """Answer the manifest of a backup whose every byte is as it was written; raises FileError for any other file."""
    try:
        with file.open("rb") as source:
            head = source.read(HEAD_BYTES)
            if not head.startswith(b"SHA256\0"):
                raise FileError(str(file), "this is not a backup made by joinedup backup.", "Name such a file.")
            if head != _head(_digest(source)):
                raise FileError(str(file), "the backup is damaged: its SHA-256 is not the one written in it.", AGAIN)
        with tarfile.open(file) as archive:
            _refuse_wandering(archive)
            return Manifest(**json.loads(_read(archive, "manifest.json")))
    except OSError as error:
        raise FileError(str(file), f"cannot be read: {error.strerror}.", "Name a file that can be read.") from error
    except (tarfile.TarError, KeyError, TypeError, ValueError) as error:
        if isinstance(error, FileError):
            raise
        raise FileError(str(file), "this is not a backup that this joinedup can read.", AGAIN) from error


def restore(file: Path, grant: Grant, *, replace: bool = False) -> tuple[Manifest, str | None]:
    """Put a backup in the place of the database; answers its manifest and the name under which the old one is kept.

    The backup is checked first, restored into a new database beside, counted against its manifest, and only then are
    the names exchanged. Until then nothing is touched; afterwards the restore is in the audit. Raises FileError for a
    damaged backup; RuleError when the database holds something and `replace` is not said, or when a newer joinedup
    made the backup; Unavailable while others use the database.
    """
    import psycopg

    manifest = check(file)
    database.start()
    name = database.connection_settings()["NAME"]
    new = f"{name}_restoring_{secrets.token_hex(4)}"
    stamp = datetime.now(UTC).strftime("%Y%m%d_%H%M%S")
    with _server() as server:
        _refuse_newer(manifest)
        exists, holds = _state(server, name)
        if holds and not replace:
            raise RuleError(
                f"The database '{name}' holds data; nothing was changed. To put the backup in its place and keep the "
                f"old one under another name: joinedup restore {file} --replace"
            )
        _refuse_in_use(server, name)
        try:
            _create(server, new, like=name if exists else None)
            _load(file, new)
            if (counted := _count(new)) != manifest.rows:
                differing = sorted(k for k in counted.keys() | manifest.rows if counted.get(k) != manifest.rows.get(k))
                raise FileError(
                    str(file), f"the restored tables have other rows than the manifest says: {differing}.", AGAIN
                )
            kept = f"{name}_replaced_{stamp}" if exists else None
            _refuse_in_use(server, name)
            with server.transaction():
                if kept:
                    server.execute(f'ALTER DATABASE "{name}" RENAME TO "{kept}"')
                server.execute(f'ALTER DATABASE "{new}" RENAME TO "{name}"')
        except BaseException as error:
            server.execute(f'DROP DATABASE IF EXISTS "{new}"')
            if isinstance(error, psycopg.errors.ObjectInUse):  # Somebody came between the look and the exchange.
                raise _in_use(name) from error
            raise
        if kept and not holds:
            server.execute(f'DROP DATABASE "{kept}"')
            kept = None
    _put_back_heads(file, stamp)
    database.ready()
    _record(grant, "restore", {"made_at": manifest.made_at, "kept_as": kept})
    return manifest, kept


def _record(grant: Grant, action: str, details: dict[str, Any] | None = None) -> None:
    from django.db import transaction

    from joinedup.access import record

    with transaction.atomic():
        record(grant, action, "database:whole", details=details)


# --- writing -------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def _created(path: Path) -> Iterator[IO[bytes]]:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
    with open(descriptor, "w+b") as out:
        yield out
        out.flush()
        os.fsync(out.fileno())


def _publish(new: Path, file: Path) -> None:
    """Give a complete file its name, on the disk, unless another file has got that name meanwhile."""
    try:
        os.link(new, file)
    except FileExistsError:
        raise _taken(file) from None
    except OSError:  # A disk that knows no links, such as a memory stick: all that is left is to look once more.
        if file.exists():
            raise _taken(file) from None
        new.rename(file)
    folder = os.open(file.absolute().parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _taken(file: Path) -> FileError:
    return FileError(str(file), "expected the name of a file that does not exist yet.", "Name another file.")


def _dump(out: IO[bytes], heads: Path) -> Manifest:
    """Write the dump as a member of the archive, and the heads that go with it into the folder `heads`.

    Answers the manifest, counted in the very snapshot that was dumped.
    """
    with database.connect() as connection, connection.transaction():
        with _sealing_paused():
            connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            snapshot, server = connection.execute(
                "SELECT pg_export_snapshot(), current_setting('server_version_num')::int / 10000"
            ).fetchone()
            if _heads_dir().is_dir():
                shutil.copytree(_heads_dir(), heads)
        applied = connection.execute("SELECT app || '.' || name FROM django_migrations ORDER BY 1").fetchall()
        manifest = Manifest(
            joinedup=__version__,
            made_at=datetime.now(UTC).isoformat(timespec="seconds"),
            server=server,
            migrations=[row[0] for row in applied],
            rows=_rows(connection),
        )
        at = out.tell()
        out.write(bytes(tarfile.BLOCKSIZE))  # The header is written when the size is known.
        # By way of a pipe: given the file itself, pg_dump would switch it to appending, and the heads could not follow.
        with tempfile.TemporaryFile() as words:
            dumping = subprocess.Popen(  # noqa: S603  # nosec B603
                [database.program("pg_dump"), "--format=custom", "--no-owner", "--no-privileges",
                 f"--snapshot={snapshot}"],
                stdout=subprocess.PIPE, stderr=words, env=database.program_environment(),
            )  # fmt: skip
            assert dumping.stdout
            shutil.copyfileobj(dumping.stdout, out, 1 << 20)
            if dumping.wait():
                words.seek(0)
                said = words.read().decode(errors="replace").strip()
                raise Unavailable(f"pg_dump failed; no backup was written. Its words: {said}")
    end = out.seek(0, os.SEEK_END)
    out.write(bytes(-end % tarfile.BLOCKSIZE))
    out.seek(at)
    out.write(_header("database.dump", end - at - tarfile.BLOCKSIZE))
    out.seek(0, os.SEEK_END)
    return manifest


@contextlib.contextmanager
def _sealing_paused() -> Iterator[None]:
    """Hold the lock of access's sealing, so that no segment is in the heads and not in the dump, or the reverse."""
    from django.conf import settings

    with database.connect() as holder:
        for log in ["audit", *getattr(settings, "SEALED_LOGS", {})]:
            holder.execute("SELECT pg_advisory_lock(hashtextextended(%s, 0))", [f"joinedup seal {log}"])
        yield


def _kept_files() -> list[tuple[str, Path]]:
    """Answer the files of KEPT by their names below the data folder; not those that are only being written."""
    data = database.data_dir()
    found = [path for name in KEPT for path in (data / name, *(data / name).rglob("*")) if path.is_file()]
    return sorted((path.relative_to(data).as_posix(), path) for path in found if not path.name.startswith("."))


def _add(out: IO[bytes], name: str, data: bytes) -> None:
    out.write(_header(name, len(data)) + data + bytes(-len(data) % tarfile.BLOCKSIZE))


def _header(name: str, size: int) -> bytes:
    member = tarfile.TarInfo(name)
    member.size, member.mode = size, 0o600
    return member.tobuf(format=tarfile.GNU_FORMAT)


def _head(digest: str) -> bytes:
    out = io.BytesIO()
    _add(out, "SHA256", f"{digest}\n".encode())
    return out.getvalue()


def _write_head(out: IO[bytes]) -> None:
    out.seek(HEAD_BYTES)
    head = _head(_digest(out))
    out.seek(0)
    out.write(head)


def _digest(source: IO[bytes]) -> str:
    digest = hashlib.sha256()
    while part := source.read(1 << 20):
        digest.update(part)
    return digest.hexdigest()


# --- reading -------------------------------------------------------------------------------------------------------


def _read(archive: tarfile.TarFile, name: str) -> bytes:
    member = archive.extractfile(name)
    if member is None:
        raise KeyError(name)
    return member.read()


def _refuse_wandering(archive: tarfile.TarFile) -> None:
    """Anybody can make a file with a right digest: none may put a head of the audit outside its folder."""
    for member in archive.getmembers():
        path = PurePosixPath(member.name)
        if not member.isreg() or path.is_absolute() or ".." in path.parts:
            raise ValueError(member.name)


@contextlib.contextmanager
def _server() -> Iterator[Any]:
    """A connection to the server beside our database, whose name is to change."""
    try:
        connection = database.connect("postgres")
    except Unavailable:
        connection = database.connect("template1")
    with connection:
        yield connection


def _refuse_newer(manifest: Manifest) -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "joinedup.settings")
    import django

    django.setup()
    from django.db import connections
    from django.db.migrations.loader import MigrationLoader

    connections.close_all()  # Our own would stand in the way of the new name.

    known = {f"{app}.{name}" for app, name in MigrationLoader(None, ignore_no_migrations=True).disk_migrations}
    if unknown := sorted(set(manifest.migrations) - known):
        raise RuleError(
            f"The backup was made by joinedup {manifest.joinedup} and has changes to its tables that this joinedup "
            f"{__version__} does not know ({', '.join(unknown[:3])}). Install joinedup {manifest.joinedup} or later."
        )


def _state(server: Any, name: str) -> tuple[bool, bool]:
    """Answer whether the database exists, and whether it holds anybody's data."""
    if server.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone() is None:
        return False, False
    return True, any(rows for table, rows in _count(name).items() if table.split(".")[-1] not in BORN_WITH)


def _refuse_in_use(server: Any, name: str) -> None:
    for _ in range(20):  # A connection that was closed a moment ago needs that moment to go.
        (others,) = server.execute("SELECT count(*) FROM pg_stat_activity WHERE datname = %s", [name]).fetchone()
        if not others:
            return
        time.sleep(0.1)
    raise _in_use(name)


def _in_use(name: str) -> Unavailable:
    return Unavailable(
        f"Others use the database '{name}'; nothing was changed. End the server first (joinedup stop, or whatever runs "
        "it), then restore again."
    )


def _create(server: Any, name: str, *, like: str | None) -> None:
    """Make an empty database that sorts text as the one it will replace."""
    import psycopg

    if database.is_embedded() or like is None:
        sorting = ""
    else:
        collate, ctype = server.execute(
            "SELECT datcollate, datctype FROM pg_database WHERE datname = %s", [like]
        ).fetchone()
        sorting = f" LC_COLLATE '{collate}' LC_CTYPE '{ctype}'"
    try:
        server.execute(f"CREATE DATABASE \"{name}\" TEMPLATE template0 ENCODING 'UTF8'{sorting}")
    except psycopg.errors.InsufficientPrivilege:
        user = database.connection_settings()["USER"]
        raise Unavailable(
            f"A restore makes a new database, and the role '{user}' may not. As an administrator of the server run: "
            f'ALTER ROLE "{user}" CREATEDB'
        ) from None


def _load(file: Path, name: str) -> None:
    """Restore the dump into an empty database, all of it or an error."""
    environment = database.program_environment() | {"PGDATABASE": name}
    with tarfile.open(file) as archive, tempfile.TemporaryFile() as words:
        source = archive.extractfile("database.dump")
        assert source is not None
        # By way of SQL text: it lets us leave out the one setting that servers before version 17 do not know.
        reading = subprocess.Popen(  # noqa: S603  # nosec B603
            [database.program("pg_restore"), "--no-owner", "--no-privileges", "--exit-on-error", "--file=-"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=words,
        )  # fmt: skip
        writing = subprocess.Popen(  # noqa: S603  # nosec B603
            [database.program("psql"), "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--single-transaction"],
            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=words, env=environment,
        )  # fmt: skip
        _pump(source, reading, writing)
        codes = reading.wait(), writing.wait()
        if any(codes):
            words.seek(0)
            said = words.read().decode(errors="replace").strip().splitlines()
            raise Unavailable("The backup could not be restored; nothing was changed.\n" + "\n".join(said[:5]))


def _pump(source: IO[bytes], reading: subprocess.Popen[bytes], writing: subprocess.Popen[bytes]) -> None:
    import threading

    assert reading.stdin
    assert reading.stdout
    assert writing.stdin

    def feed() -> None:
        assert reading.stdin
        with contextlib.suppress(BrokenPipeError), reading.stdin:
            shutil.copyfileobj(source, reading.stdin, 1 << 20)

    feeding = threading.Thread(target=feed)
    feeding.start()
    with contextlib.suppress(BrokenPipeError), writing.stdin:
        for _ in range(40):  # The settings stand at the head of the text.
            line = reading.stdout.readline()
            if line.strip() != b"SET transaction_timeout = 0;":
                writing.stdin.write(line)
        shutil.copyfileobj(reading.stdout, writing.stdin, 1 << 20)
    reading.stdout.close()
    feeding.join()


def _count(name: str) -> dict[str, int]:
    with database.connect(name) as connection:
        return _rows(connection)


def _rows(connection: Any) -> dict[str, int]:
    tables = connection.execute(
        "SELECT quote_ident(schemaname) || '.' || quote_ident(tablename) FROM pg_tables"
        " WHERE schemaname NOT IN ('pg_catalog', 'information_schema') ORDER BY 1"
    ).fetchall()
    # The names come from the catalogue, quoted by the server itself.
    return {table: connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for (table,) in tables}  # noqa: S608  # nosec B608


def _heads_dir() -> Path:
    from django.conf import settings

    return Path(settings.AUDIT_HEADS_DIR)


def _put_back_key(archive: tarfile.TarFile, name: str, stamp: str) -> None:
    """Put a key of the backup in place; another one that was there is kept beside it."""
    key = database.data_dir() / name
    found = _read(archive, name)
    if key.exists() and key.read_bytes() != found:
        key.rename(key.with_name(f"{key.name}.replaced-{stamp}"))
    if not key.exists():
        key.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with _created(key) as out:
            out.write(found)


def _put_back_files(archive: tarfile.TarFile, stamp: str) -> None:
    """Put the kept files of the backup in place; a folder or file that says something else is kept beside it.

    A folder becomes what it was: a decision that was written after the backup does not hold on. What the backup has
    nothing of stays.
    """
    data, found = database.data_dir(), {}
    for name in archive.getnames():
        if name.startswith(FILES) and PurePosixPath(name).parts[1] in KEPT:
            found[name.removeprefix(FILES)] = _read(archive, name)
    is_there = {name: path.read_bytes() for name, path in _kept_files()}
    for top in sorted({PurePosixPath(name).parts[0] for name in found}):
        ours = {name: text for name, text in found.items() if PurePosixPath(name).parts[0] == top}
        theirs = {name: text for name, text in is_there.items() if PurePosixPath(name).parts[0] == top}
        if ours == theirs:
            continue
        if (data / top).exists():
            (data / top).rename(data / f"{top}.replaced-{stamp}")
        for name, text in ours.items():
            (data / name).parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with _created(data / name) as out:
                out.write(text)


def _put_back_heads(file: Path, stamp: str) -> None:
    """Put the backup's heads, keys and files in place; what was there is kept beside under another name."""
    heads = _heads_dir()
    try:
        with tarfile.open(file) as archive:
            _put_back_key(archive, "keys/audit.key", stamp)
            if PSEUDONYMS in archive.getnames():
                _put_back_key(archive, PSEUDONYMS, stamp)
            _put_back_files(archive, stamp)
            new = heads.with_name(f"{heads.name}.new-{stamp}")
            new.mkdir(parents=True, mode=0o700)
            for member in archive.getmembers():
                if member.name.startswith("audit-heads/"):
                    path = new / member.name.removeprefix("audit-heads/")
                    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
                    with _created(path) as out:
                        out.write(_read(archive, member.name))
        if heads.exists():
            heads.rename(heads.with_name(f"{heads.name}.replaced-{stamp}"))
        new.rename(heads)
    except OSError as error:
        raise Unavailable(
            f"The database is restored, but the heads of the audit in {heads} could not be ({error.strerror}). "
            "joinedup audit verify now compares with the heads that are there, and names what the backup lacks."
        ) from error
