"""DATABASE_URL names any server of PostgreSQL 14 or later; everything works there as on the one joinedup brings."""

from __future__ import annotations

import os
import pwd
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import ground

from joinedup import database
from joinedup.errors import Unavailable

PASSWORD = "correct horse / battery @ staple"
IN_ADDRESS = "correct%20horse%20%2F%20battery%20%40%20staple"


def installed_elsewhere() -> list[Path]:
    return sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres")) if Path("/usr/lib/postgresql").is_dir() else []


class Server:
    """A server of somebody else's, on TCP and with passwords."""

    def __init__(self, programs: Path, folder: Path, checksums: str = "--data-checksums") -> None:
        self.programs, self.folder = programs, folder
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        folder.mkdir()
        self.account: dict[str, Any] = {}
        if os.geteuid() == 0:
            owner = pwd.getpwnam("nobody")
            os.chown(folder, owner.pw_uid, owner.pw_gid)
            database._let_pass(folder)
            self.account = {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []}
        secret = folder / "secret"
        secret.write_text(PASSWORD)
        secret.chmod(0o644)
        self.run("initdb", "-D", str(folder / "data"), "-U", "owner", "--auth=scram-sha-256", f"--pwfile={secret}",
                 "--encoding=UTF8", "--locale=C", checksums)  # fmt: skip
        at = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories=''"
        self.run("pg_ctl", "-D", str(folder / "data"), "-w", "-l", str(folder / "log"), "-o", at, "start")

    def run(self, name: str, *arguments: str) -> None:
        done = subprocess.run(
            [self.programs / name, *arguments],
            cwd="/", stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False, **self.account,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr

    def address(self, name: str) -> str:
        return f"postgresql://owner:{IN_ADDRESS}@127.0.0.1:{self.port}/{name}"

    def end(self) -> None:
        self.run("pg_ctl", "-D", str(self.folder / "data"), "-m", "immediate", "stop")


def brought() -> Path:
    return database.program("initdb").parent


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """Another version than the one that joinedup brings, where the machine has one; else that one, by TCP."""
    with ground() as folder:
        server = Server(installed_elsewhere()[0].parent if installed_elsewhere() else brought(), folder / "elsewhere")
        yield server
        server.end()


@pytest.fixture
def elsewhere(server: Server, data: Path, monkeypatch) -> Server:
    """A new database on the server, named by DATABASE_URL."""
    monkeypatch.setenv("DATABASE_URL", server.address("postgres"))
    with database.connect() as connection:
        connection.execute("CREATE DATABASE hertfordshire")
    monkeypatch.setenv("DATABASE_URL", server.address("hertfordshire"))
    return server


def test_everything_works_there(elsewhere: Server, data: Path, tmp_path: Path, run, python, fill: str) -> None:
    filled = python(fill)
    assert filled.returncode == 0, filled.stderr
    checked = run("check")
    assert "(DATABASE_URL)" in checked.stdout
    for line in checked.stdout.splitlines():
        assert line.startswith("ok") or "style sheets" in line, line
    assert not (data / "postgres").exists()
    file = tmp_path / "there.backup"
    assert run("backup", str(file)).returncode == 0
    replaced = run("restore", str(file), "--replace")
    assert replaced.returncode == 0, replaced.stderr
    verified = run("audit", "verify")
    assert verified.returncode == 0, verified.stdout + verified.stderr
    assert run("stop").stdout.strip() == "Nothing of joinedup was running here."
    assert PASSWORD not in checked.stdout + replaced.stdout + verified.stdout
    # To the server that joinedup brings, and so to any other machine.
    assert run("restore", str(file), DATABASE_URL="").returncode == 0
    assert run("audit", "verify", DATABASE_URL="").returncode == 0


def test_a_server_without_checksums_is_refused(data: Path, own_ground: Path, monkeypatch, run) -> None:
    server = Server(brought(), own_ground / "elsewhere", "--no-data-checksums")
    try:
        monkeypatch.setenv("DATABASE_URL", server.address("postgres"))
        refused = run("audit", "verify")
        assert refused.returncode == 6
        assert "data_checksums = off; expected on" in refused.stderr
        assert "pg_checksums --enable" in refused.stderr
    finally:
        server.end()


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("mysql://somebody:hidden@localhost/x", "begins with 'mysql:'"),
        ("postgresql://somebody:hidden@localhost:port/x", "is not an address of a PostgreSQL server"),
        ("postgresql://somebody:hidden@127.0.0.1:1/x", "The database does not answer"),
        ("hidden", "is not an address"),
    ],
)
def test_a_wrong_address_is_told_without_its_password(data: Path, run, address: str, said: str) -> None:
    refused = run("audit", "verify", DATABASE_URL=address)
    assert refused.returncode == Unavailable.exit_code, refused.stderr
    assert said in refused.stderr
    assert "hidden" not in refused.stderr
    assert "Traceback" not in refused.stderr


def test_a_role_that_may_not_make_databases_is_told_what_to_ask_for(
    server: Server, data: Path, tmp_path: Path, run, monkeypatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", server.address("postgres"))
    with database.connect() as connection:
        connection.execute("CREATE ROLE plain LOGIN PASSWORD 'plain'")
        connection.execute("CREATE DATABASE derbyshire OWNER plain")
    with database.connect("derbyshire") as connection:
        connection.execute("ALTER SCHEMA public OWNER TO plain")
    monkeypatch.setenv("DATABASE_URL", f"postgresql://plain:plain@127.0.0.1:{server.port}/derbyshire")
    assert run("backup", str(tmp_path / "b")).returncode == 0
    refused = run("restore", str(tmp_path / "b"), "--replace")
    assert refused.returncode == 6
    assert 'ALTER ROLE "plain" CREATEDB' in refused.stderr


def test_what_stands_in_the_address_reaches_the_server(monkeypatch) -> None:
    monkeypatch.setenv(
        "DATABASE_URL",
        "postgres://u%40x:p%2Fw@db.example:6000/name?sslmode=verify-full"
        "&connect_timeout=7&application_name=joinedup&keepalives=1",
    )
    settings = database.connection_settings()
    assert [settings[key] for key in ("USER", "PASSWORD", "HOST", "PORT", "NAME")] == [
        "u@x", "p/w", "db.example", "6000", "name",
    ]  # fmt: skip
    assert settings["OPTIONS"]["sslmode"] == "verify-full"
    environment = database.program_environment()
    names = ("PGSSLMODE", "PGCONNECT_TIMEOUT", "PGAPPNAME")
    assert [environment.get(name) for name in names] == ["verify-full", "7", "joinedup"]
