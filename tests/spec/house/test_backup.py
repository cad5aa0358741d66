"""A backup is one file: checked before it is used, counted after it is restored, and nothing is lost on the way."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tarfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from joinedup import backup, database
from joinedup.errors import FileError

from .conftest import at_rest

ENTRIES = "public.access_auditentry"
WRITTEN = 1501  # with the entry of the backup itself
BACK_UP = """
from joinedup import cli, database
try:
    cli.main()
finally:
    database.stop()
"""


@dataclass(frozen=True)
class Kept:
    """A data folder at rest and a backup of it; each test works on copies."""

    data: Path
    file: Path


@pytest.fixture(scope="module")
def kept(fill: str, migrated_once: Path) -> Iterator[Kept]:
    for folder in at_rest(fill, like=migrated_once):
        file = folder / "joinedup.backup"
        done = subprocess.run(
            [sys.executable, "-c", f"import sys; sys.argv = ['joinedup', 'backup', '{file}']\n{BACK_UP}"],
            capture_output=True, text=True, env=os.environ | {"JOINEDUP_DATA": str(folder)}, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        yield Kept(folder, file)


@pytest.fixture
def filled(data: Path, kept: Kept) -> Path:
    """A data folder with 1,500 audit entries and that of the backup, 1,000 of them sealed; its server runs."""
    subprocess.run(["cp", "-a", kept.data, data], check=True)
    database.start()
    return data


@pytest.fixture
def backed_up(kept: Kept, file: Path) -> Path:
    """The backup of what `filled` holds."""
    shutil.copy(kept.file, file)
    return file


def forged(file: Path, **changes: Callable[[bytes], bytes]) -> Path:
    """Answer a copy of a backup with some members changed, and a digest that fits."""
    with tarfile.open(file) as archive:
        members = {member.name: archive.extractfile(member).read() for member in archive.getmembers()}
    other = file.with_name("forged")
    with backup._created(other) as out:
        out.write(bytes(backup.HEAD_BYTES))
        for name in list(members)[1:]:
            change = changes.get(Path(name).stem, bytes)
            backup._add(out, name, change(members[name]))
        backup._write_head(out)
    return other


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "joinedup.backup"


def count(table: str, name: str | None = None) -> int:
    with database.connect(name) as connection:
        return connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]


def acts() -> list[str]:
    """The acts in the audit beside those that `fill` wrote, in order."""
    with database.connect() as connection:
        return [row[0] for row in connection.execute(
            "SELECT entry->>'action' FROM access_auditentry WHERE entry->>'action' <> 'filled' ORDER BY id"
        )]  # fmt: skip


def databases() -> set[str]:
    with database.connect("postgres") as connection:
        return {row[0] for row in connection.execute("SELECT datname FROM pg_database WHERE datname LIKE 'joinedup%'")}


def test_a_backup_restored_on_an_empty_machine_holds_every_row_and_a_provable_audit(
    data: Path, backed_up: Path, own_ground: Path, run, monkeypatch
) -> None:
    other = own_ground / "other machine"
    monkeypatch.setenv("JOINEDUP_DATA", str(other))
    try:
        restored = run("restore", str(backed_up), "--json")
        assert restored.returncode == 0, restored.stderr
        assert count(ENTRIES) == WRITTEN + 1
        assert acts() == ["backup", "restore"]
        verified = run("audit", "verify")
        assert verified.returncode == 0, verified.stdout + verified.stderr
        assert "1,000 entries in 2 segments" in verified.stdout
        # What was not sealed when the backup was made is sealed by the key that came with it.
        assert "Sealed 502 entries" in run("audit", "seal").stdout
    finally:
        database.stop()


def test_the_key_of_pseudonyms_is_in_the_backup_and_another_one_is_kept_beside_it(
    filled: Path, file: Path, run
) -> None:
    key = filled / backup.PSEUDONYMS
    key.write_text("11" * 32)
    assert run("backup", str(file)).returncode == 0
    key.write_text("22" * 32)
    assert run("restore", str(file), "--replace").returncode == 0
    assert key.read_text() == "11" * 32
    assert [path.read_text() for path in key.parent.glob("pseudonym.master.replaced-*")] == ["22" * 32]


def test_what_people_decided_beside_the_database_is_in_the_backup_and_comes_back(filled: Path, file: Path, run) -> None:
    written = {
        "decisions/payment_schemes.toml": "# decided by the finance group",
        "definitions/measures/own.toml": "# ours",
        "linkage.toml": "# our rules",
        "weighted-populations/2022-23/abc.csv": "Practice_Code",
    }
    for name, text in written.items():
        (filled / name).parent.mkdir(parents=True, exist_ok=True)
        (filled / name).write_text(text)
    (filled / "weighted-populations/2022-23/.half-written").write_text("no")
    (filled / "snapshots").mkdir(exist_ok=True)
    (filled / "snapshots/s1").write_text("made anew")
    assert run("backup", str(file)).returncode == 0
    with tarfile.open(file) as archive:
        names = {name for name in archive.getnames() if name.startswith("files/")}
    assert names == {f"files/{name}" for name in written}
    # Decided since: another text, and a file of its own; the tables of need are lost.
    (filled / "decisions/payment_schemes.toml").write_text("# decided later")
    (filled / "decisions/planning_parameters.toml").write_text("# decided later")
    shutil.rmtree(filled / "weighted-populations")
    assert run("restore", str(file), "--replace").returncode == 0
    assert {name: (filled / name).read_text() for name in written} == written
    assert not (filled / "decisions/planning_parameters.toml").exists()
    (replaced,) = filled.glob("decisions.replaced-*")
    assert {path.name for path in replaced.iterdir()} == {"payment_schemes.toml", "planning_parameters.toml"}
    assert not list(filled.glob("definitions.replaced-*")), "what is the same stays where it is"
    assert (filled / "snapshots/s1").exists()


def test_a_database_that_holds_data_is_replaced_only_when_asked_and_kept(filled: Path, backed_up: Path, run) -> None:
    with database.connect() as connection:
        connection.execute("CREATE TABLE later (n int)")
    refused = run("restore", str(backed_up))
    assert refused.returncode == 2
    assert "--replace" in refused.stderr
    assert databases() == {"joinedup"}
    assert count("later") == 0

    replaced = run("restore", str(backed_up), "--replace")
    assert replaced.returncode == 0, replaced.stderr
    (before,) = databases() - {"joinedup"}
    assert before in replaced.stdout
    assert count("later", before) == 0
    assert count(ENTRIES) == WRITTEN + 1
    assert run("audit", "verify").returncode == 0


def test_any_changed_byte_is_noticed_and_nothing_is_touched(filled: Path, backed_up: Path, run, tmp_path: Path) -> None:
    whole = backed_up.read_bytes()
    damaged = tmp_path / "damaged.backup"
    chance = random.Random(20261122)
    # Each kind of place (digest, headers, dump, heads, key, manifest, end), and twenty anywhere.
    places = [0, 130, 148, 512, 575, 1023, 1024, 1536, len(whole) - 1, len(whole) - 1500]
    for place in places + [chance.randrange(len(whole)) for _ in range(20)]:
        damaged.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        with pytest.raises(FileError):
            backup.check(damaged)
    damaged.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(FileError, match="damaged"):
        backup.check(damaged)
    before = databases()
    refused = run("restore", str(damaged), "--replace")
    assert refused.returncode == FileError.exit_code
    assert "damaged" in refused.stderr
    assert databases() == before
    assert count(ENTRIES) == WRITTEN


def test_a_restore_that_fails_half_way_leaves_everything_as_it_was(filled: Path, backed_up: Path, run) -> None:
    # A backup whose digest is right but whose dump is cut: what a restore may still run into.
    refused = run("restore", str(forged(backed_up, database=lambda dump: dump[:-2000])), "--replace")
    assert refused.returncode == 6, refused.stderr
    assert "nothing was changed" in refused.stderr
    assert databases() == {"joinedup"}
    assert count(ENTRIES) == WRITTEN
    assert run("audit", "verify").returncode == 0


def test_a_restore_whose_counts_differ_from_the_manifest_is_undone(filled: Path, backed_up: Path, run) -> None:
    one_more = forged(backed_up, manifest=lambda text: text.replace(b'auditentry": 1501', b'auditentry": 1502'))
    refused = run("restore", str(one_more), "--replace")
    assert refused.returncode == FileError.exit_code
    assert ENTRIES in refused.stderr
    assert databases() == {"joinedup"}


def test_a_backup_of_a_newer_joinedup_is_refused_by_name(filled: Path, backed_up: Path, run) -> None:
    def later(text: bytes) -> bytes:
        manifest = json.loads(text)
        return json.dumps(manifest | {"migrations": [*manifest["migrations"], "system.9999_later"]}).encode()

    refused = run("restore", str(forged(backed_up, manifest=later)), "--replace")
    assert refused.returncode == 2
    assert "system.9999_later" in refused.stderr


@pytest.mark.parametrize("name", ["audit-heads/../../outside", "/outside", "audit-heads/audit/../../../outside"])
def test_a_forged_backup_writes_nothing_outside_its_folders(backed_up: Path, name: str) -> None:
    forged_file = backed_up.with_name("wandering")
    with backup._created(forged_file) as out:
        out.write(bytes(backup.HEAD_BYTES))
        with tarfile.open(backed_up) as archive:
            for member in archive.getmembers()[1:]:
                backup._add(out, member.name, archive.extractfile(member).read())
        backup._add(out, name, b"outside")
        backup._write_head(out)
    with pytest.raises(FileError, match="not a backup that this joinedup can read"):
        backup.check(forged_file)


def test_a_file_that_appears_while_the_backup_is_written_is_not_overwritten(tmp_path: Path) -> None:
    new, file = tmp_path / "new", tmp_path / "joinedup.backup"
    new.write_text("backup")
    file.write_text("somebody else's")
    with pytest.raises(FileError, match="does not exist yet"):
        backup._publish(new, file)
    assert file.read_text() == "somebody else's"


def test_a_database_in_use_is_not_replaced(filled: Path, backed_up: Path, run) -> None:
    with database.connect():
        refused = run("restore", str(backed_up), "--replace")
    assert refused.returncode == 6
    assert "joinedup stop" in refused.stderr
    assert databases() == {"joinedup"}


def test_a_backup_never_overwrites_a_file_and_only_its_owner_may_read_it(filled: Path, file: Path, run) -> None:
    assert run("backup", str(file)).returncode == 0
    assert file.stat().st_mode & 0o777 == 0o600
    before = file.read_bytes()
    assert run("backup", str(file)).returncode == FileError.exit_code
    assert file.read_bytes() == before


def test_a_kill_while_the_backup_is_written_leaves_no_file_of_that_name(filled: Path, file: Path) -> None:
    writing = subprocess.Popen(
        [sys.executable, "-m", "joinedup.cli", "backup", str(file)],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    deadline = time.monotonic() + 60
    while not list(file.parent.glob(".joinedup.backup.*")) and time.monotonic() < deadline:
        time.sleep(0.005)
    os.killpg(writing.pid, signal.SIGKILL)
    writing.wait()
    assert not file.exists()


def test_what_is_written_while_the_backup_runs_is_in_dump_and_heads_or_in_neither(
    filled: Path, file: Path, fill: str, run
) -> None:
    sealing = subprocess.Popen(
        [sys.executable, "-c", fill.replace("range(3)", "range(12)").replace("part < 2", "True")],
        stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    time.sleep(1.5)
    done = run("backup", str(file))
    assert done.returncode == 0, done.stderr
    _, words = sealing.communicate(timeout=120)
    assert sealing.returncode == 0, words
    assert run("restore", str(file), "--replace").returncode == 0
    verified = run("audit", "verify")
    assert verified.returncode == 0, verified.stdout


def test_another_file_is_not_taken_for_a_backup(data: Path, file: Path, run) -> None:
    for content in (b"", b"PGDMP", b"\0" * 5000, b"SHA256\0" * 300):
        file.write_bytes(content)
        refused = run("restore", str(file))
        assert refused.returncode == FileError.exit_code, refused.stderr
        assert "Traceback" not in refused.stderr
    assert run("restore", str(file.with_name("absent"))).returncode == FileError.exit_code
    shutil.rmtree(data, ignore_errors=True)
