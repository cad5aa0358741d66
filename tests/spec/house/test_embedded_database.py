"""The database that joinedup brings: it starts by itself, once, and comes back after every kind of end."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from joinedup import database
from joinedup.errors import Unavailable

STARTED_AT = "SELECT pg_postmaster_start_time()"
START_AND_TELL = f"""
from joinedup import database
database.start()
print(database.connect().execute("{STARTED_AT}").fetchone()[0])
"""


def started_at() -> object:
    with database.connect() as connection:
        return connection.execute(STARTED_AT).fetchone()[0]


def server_pid(data: Path) -> int:
    return int((data / "postgres" / "postmaster.pid").read_text().split("\n")[0])


def kill_server(data: Path) -> None:
    pid = server_pid(data)
    os.kill(pid, signal.SIGKILL)
    deadline = time.monotonic() + 10
    while database.is_running() and time.monotonic() < deadline:
        time.sleep(0.05)


def test_eight_processes_at_once_start_one_server(data: Path) -> None:
    starting = [
        subprocess.Popen([sys.executable, "-c", START_AND_TELL], stdout=subprocess.PIPE, text=True) for _ in range(8)
    ]
    told = [process.communicate(timeout=120)[0] for process in starting]
    assert [process.returncode for process in starting] == [0] * 8
    assert len(set(told)) == 1


def test_what_was_acknowledged_is_there_after_a_kill_of_the_server(migrated: Path) -> None:
    database.start()
    with database.connect() as connection:
        connection.execute("CREATE TABLE kept (n int)")
        connection.execute("INSERT INTO kept SELECT generate_series(1, 1000)")
    kill_server(migrated)
    assert not database.is_running()
    database.start()
    with database.connect() as connection:
        assert connection.execute("SELECT count(*) FROM kept").fetchone() == (1000,)


def test_the_server_goes_on_after_a_kill_of_the_program_that_started_it(migrated: Path) -> None:
    program = subprocess.Popen(
        [sys.executable, "-c", START_AND_TELL + "\nimport sys, time; sys.stdout.flush(); time.sleep(60)"],
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert program.stdout
    program.stdout.readline()
    before = started_at()
    program.kill()
    program.wait()
    program.stdout.close()
    database.start()
    assert started_at() == before


def test_a_reboot_that_gave_its_number_to_another_program_is_no_obstacle(migrated: Path) -> None:
    database.start()
    kill_server(migrated)
    owner = pwd.getpwuid((migrated / "postgres").stat().st_uid)
    as_owner = {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []} if os.geteuid() == 0 else {}
    other = subprocess.Popen(["sleep", "60"], cwd="/", **as_owner)
    try:
        for note in (migrated / "postgres" / "postmaster.pid", migrated / "socket" / ".s.PGSQL.5432.lock"):
            _, rest = note.read_text().split("\n", 1)
            note.write_text(f"{other.pid}\n{rest}")
        assert not database.is_running()
        database.start()
        assert database.is_running()
        assert server_pid(migrated) != other.pid
        assert other.poll() is None
    finally:
        other.kill()
        other.wait()


def test_a_kill_half_way_through_the_first_start_leaves_nothing_that_looks_like_a_database(data: Path) -> None:
    half = data / "postgres.new"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18\n")
    database.start()
    assert database.is_running()
    assert not half.exists()


def test_the_folder_of_another_version_is_refused_with_the_way_out(migrated: Path) -> None:
    database.start()
    database.stop()
    (migrated / "postgres" / "PG_VERSION").write_text("15\n")
    with pytest.raises(Unavailable, match=r"belongs to PostgreSQL 15; .* carries PostgreSQL 18.*\n.*backup FILE"):
        database.start()


def test_a_deep_data_folder_gets_a_short_socket_whatever_tmpdir_says(data: Path, monkeypatch) -> None:
    deep = data / ("a" * 60) / ("b" * 60)
    monkeypatch.setenv("JOINEDUP_DATA", str(deep))
    database.start()
    before = started_at()
    socket = database.connection_settings()["HOST"]
    try:
        monkeypatch.setenv("TMPDIR", str(data))
        monkeypatch.setattr(tempfile, "tempdir", None)
        assert database.connection_settings()["HOST"] == socket
        database.start()
        assert started_at() == before
        assert Path(socket).stat().st_mode & 0o777 == 0o700
    finally:
        database.stop()
        shutil.rmtree(socket)


def test_only_its_owner_can_reach_the_server(data: Path) -> None:
    database.start()
    assert (data / "socket").stat().st_mode & 0o777 == 0o700
    assert (data / "postgres").stat().st_mode & 0o777 == 0o700
    with database.connect() as connection:
        assert connection.execute("SHOW listen_addresses").fetchone() == ("",)


def test_the_log_of_the_server_holds_no_value_of_a_statement_that_failed(migrated: Path) -> None:
    import psycopg

    database.start()
    with database.connect() as connection:
        connection.execute("CREATE TABLE once (name text UNIQUE)")
        connection.execute("INSERT INTO once VALUES ('CANARY-01')")
        with pytest.raises(psycopg.errors.UniqueViolation):
            connection.execute("INSERT INTO once VALUES ('CANARY-01')")
        with pytest.raises(psycopg.errors.InvalidTextRepresentation):
            connection.execute("SELECT 'CANARY-02'::int")
    assert "CANARY" not in (migrated / "postgres" / "server.log").read_text()


def test_a_key_that_is_empty_is_refused_and_never_used(data: Path) -> None:
    (data / "keys").mkdir(parents=True)
    (data / "keys" / "audit.key").write_text("")
    with pytest.raises(Unavailable, match="is empty"):
        database.secret("audit.key")


def test_stop_ends_the_server_and_says_whether_there_was_one(migrated: Path) -> None:
    database.start()
    assert database.stop() is True
    assert not database.is_running()
    assert database.stop() is False


def test_text_sorts_by_code_point(migrated: Path) -> None:
    database.start()
    with database.connect() as connection:
        rows = connection.execute("SELECT w FROM unnest(ARRAY['b', 'A', 'a', 'B', 'é', 'Z']) w ORDER BY w").fetchall()
    assert [row[0] for row in rows] == ["A", "B", "Z", "a", "b", "é"]


@pytest.mark.parametrize("name", ["fsync", "full_page_writes"])
def test_a_server_that_could_lose_acknowledged_data_is_refused(migrated: Path, python, name: str) -> None:
    database.start()
    with database.connect() as connection:
        connection.execute(f"ALTER SYSTEM SET {name} = off")
        connection.execute("SELECT pg_reload_conf()")
    asked = "from joinedup import database; database.start(); c = database.connect().cursor();"
    told = python(f"{asked} print(database.unsafe_settings(c))")
    assert f"{name} = off; expected on" in told.stdout


def test_an_ordinary_user_runs_it_without_root(data: Path, tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can become another user; as an ordinary user every other test here shows the same")
    ordinary = pwd.getpwnam("nobody")
    home = Path(tempfile.mkdtemp(prefix="joinedup-home-", dir="/tmp"))
    os.chown(home, ordinary.pw_uid, ordinary.pw_gid)
    here = os.environ | {"HOME": str(home), "JOINEDUP_DATA": str(home / "data")}
    as_nobody = {"user": ordinary.pw_uid, "group": ordinary.pw_gid, "extra_groups": []}
    try:
        told = subprocess.run(
            [sys.executable, "-c", START_AND_TELL + "\nassert database.stop()"],
            capture_output=True, text=True, env=here, cwd="/", timeout=120, check=False, **as_nobody,
        )  # fmt: skip
        if told.returncode and "ermission denied" in told.stderr and sys.prefix in told.stderr:
            pytest.skip(f"the account nobody may not read {sys.prefix}")
        assert told.returncode == 0, told.stderr
        assert (home / "data" / "postgres").stat().st_uid == ordinary.pw_uid
        # Another account's folder is refused in words.
        refused = subprocess.run(
            [sys.executable, "-m", "joinedup.cli", "check"],
            capture_output=True, text=True, cwd="/", timeout=120, check=False,
            env=here | {"JOINEDUP_DATA": str(data)} if _started(data) else here, **as_nobody,
        )  # fmt: skip
        assert "belongs to the account" in refused.stdout + refused.stderr
        assert "Traceback" not in refused.stderr
    finally:
        shutil.rmtree(home)


def _started(data: Path) -> bool:
    database.start()
    data.parent.chmod(0o755)
    return True
