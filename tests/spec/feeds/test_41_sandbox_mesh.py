"""A mailbox at a MESH server, over a line that can be cut at any byte (rules: record R2, R3, R17).

The server is the sandbox that NHS England gives to those who write for MESH, in an environment of its own
(`make mesh-for-tests`). Without it these tests are left out.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import mesh_client
import pytest
from django.db import connection
from tests.conftest import REPOSITORY, free_port
from tests.spec.feeds.hl7_messages import PID, message

from joinedup import database
from joinedup.errors import Unavailable
from joinedup.feeds.mesh import Collected, Collector, MeshMailbox, Message, Taken
from joinedup.feeds.values import Source

PYTHON = REPOSITORY / ".venv-mesh" / "bin" / "python"
OURS, LISTER, HARLOW = "X26ABC1", "X26ABC2", "X26ABC3"  # the mailboxes of the sandbox
PASSWORD, SHARED_KEY = "password", "TestKey"
ENTRY = Source("lister", "Lister Hospital", "RWH", "acute", "hl7v2", workflow="ADT", sender=LISTER)
SOURCES = (ENTRY, Source("harlow", "Princess Alexandra", "RQW", "acute", "hl7v2", workflow="ADT", sender=HARLOW))
# Bytes that nothing can pack, so that a place in them is a place on the line.
THREE_CHUNKS = random.Random(3).randbytes(100_000)
CHUNK = 40_000


class Line:
    """A line between the collector and the server that can be cut, or held just before a request."""

    def __init__(self, port: int) -> None:
        self.server_port = port
        self.cut_after: int | None = None  # bytes from the server, from now on; then the line is dead
        self.is_dead = False
        self.held_before: bytes = b""  # a request that contains this is kept back for ever
        self.is_held = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                ours, _ = self._listener.accept()
                if self.is_dead:
                    ours.close()
                    continue
                theirs = socket.create_connection(("127.0.0.1", self.server_port))
                threading.Thread(target=self._up, args=(ours, theirs), daemon=True).start()
                threading.Thread(target=self._down, args=(theirs, ours), daemon=True).start()

    def _up(self, ours: socket.socket, theirs: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while sent := ours.recv(65_536):
                if self.held_before and self.held_before in sent:
                    self.is_held.set()
                    return
                theirs.sendall(sent)
            theirs.shutdown(socket.SHUT_WR)

    def _down(self, theirs: socket.socket, ours: socket.socket) -> None:
        with contextlib.suppress(OSError), theirs, ours:
            while answer := theirs.recv(65_536):
                if self.cut_after is not None:
                    answer, left = answer[: self.cut_after], self.cut_after - len(answer)
                    self.cut_after = None if left <= 0 else left
                    if left <= 0:
                        self.is_dead = True
                        ours.sendall(answer)
                        ours.shutdown(socket.SHUT_RDWR)
                        return
                ours.sendall(answer)

    def close(self) -> None:
        self._listener.close()


class Held:
    """Applies messages to a list."""

    def __init__(self) -> None:
        self.all: list[tuple[str, bytes]] = []

    def apply(self, message: Message, source: Source, path: Path) -> Taken:
        content = path.read_bytes()
        is_repeated = (source.key, content) in self.all
        self.all.append((source.key, content))
        return Taken.DUPLICATE if is_repeated else Taken.APPLIED


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of a MESH server. It begins with a message of four days ago in the inbox of HARLOW."""
    if not (REPOSITORY / ".venv-mesh" / ".ready").exists():
        pytest.skip("no sandbox of MESH here: to run these tests: make mesh-for-tests")
    store = tmp_path_factory.mktemp("mesh")
    four_days_ago = (datetime.now(UTC) - timedelta(days=4)).replace(tzinfo=None).isoformat()
    inbox = store / HARLOW / "in"
    (inbox / "OLD").mkdir(parents=True)
    (inbox / "OLD" / "1").write_bytes(b"old")
    told = {
        "message_id": "OLD", "workflow_id": "BLOOD", "message_type": "DATA", "total_chunks": 1, "file_size": 3,
        "recipient": {"mailbox_id": HARLOW}, "sender": {"mailbox_id": LISTER}, "metadata": {},
        "events": [{"status": "accepted", "timestamp": four_days_ago}], "created_timestamp": four_days_ago,
    }  # fmt: skip
    (inbox / "OLD.json").write_text(json.dumps(told))
    port = free_port()
    with (store / "log").open("w+") as log:
        server = subprocess.Popen(
            [str(PYTHON), "-m", "uvicorn", "mesh_sandbox.api:app", "--port", str(port), "--log-level", "warning"],
            stdout=log, stderr=subprocess.STDOUT, cwd=store,
            env=os.environ | {"AUTH_MODE": "full", "SHARED_KEY": SHARED_KEY, "STORE_MODE": "file",
                              "MAILBOXES_DATA_DIR": str(store)},
        )  # fmt: skip
        try:
            deadline = time.monotonic() + 30
            while not _answers(port):
                if server.poll() is not None or time.monotonic() > deadline:
                    pytest.fail(f"The sandbox of MESH did not start; it said:\n{(store / 'log').read_text()}")
                time.sleep(0.1)
            yield port
        finally:
            server.terminate()
            server.wait(20)


def _answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


@pytest.fixture
def line(sandbox: int) -> Iterator[Line]:
    """A line to the server; our inbox is empty when it begins."""
    with opened(f"http://127.0.0.1:{sandbox}") as mailbox:
        for message_id in mailbox.waiting():
            mailbox.acknowledge(message_id)
    line = Line(sandbox)
    yield line
    line.close()


def opened(url: str, name: str = OURS, password: str = PASSWORD) -> MeshMailbox:
    return MeshMailbox(url, name, password, SHARED_KEY, timeout=5)


def send(port: int, content: bytes, sender: str = LISTER, workflow: str = "ADT", **how: Any) -> str:
    """Send a message to us as another mailbox, with the library of the NHS."""
    with mesh_client.MeshClient(f"http://127.0.0.1:{port}", sender, PASSWORD, SHARED_KEY.encode()) as client:
        return str(client.send_message(OURS, content, workflow_id=workflow, **how))


def collect(url: str, held: Held, folder: Path, name: str = OURS) -> Collected:
    with opened(url, name) as mailbox:
        return Collector(mailbox, held.apply, folder).collect(SOURCES, datetime.now(UTC))


def waiting(sandbox: int) -> list[str]:
    with opened(f"http://127.0.0.1:{sandbox}") as mailbox:
        return mailbox.waiting()


# --- whole or not at all -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("is_packed", [False, True], ids=["as it is", "packed by the sender"])
def test_a_message_of_three_chunks_comes_whole_and_is_gone_when_held(
    sandbox: int, line: Line, tmp_path: Path, is_packed: bool
) -> None:
    held = Held()
    send(sandbox, THREE_CHUNKS, max_chunk_size=CHUNK, compress=is_packed)
    collected = collect(line.url, held, tmp_path)
    assert held.all == [("lister", THREE_CHUNKS)]
    assert (collected.applied, collected.waiting, collected.alarms) == (1, 0, [])
    assert waiting(sandbox) == []


# Before the first byte, within each chunk, between them, and just before the end.
@pytest.mark.parametrize("cut_after", [600, 20_000, 41_500, 60_000, 83_000, 95_000, 101_500])
@pytest.mark.parametrize("encoding", ["gzip", "identity"])
def test_a_line_that_breaks_applies_nothing_and_the_next_poll_applies_it_once(
    sandbox: int, line: Line, tmp_path: Path, cut_after: int, encoding: str
) -> None:
    held = Held()
    send(sandbox, THREE_CHUNKS, max_chunk_size=CHUNK)
    with opened(line.url) as mailbox:
        mailbox._client._session.headers["Accept-Encoding"] = encoding
        collector = Collector(mailbox, held.apply, tmp_path)
        collector.validated_at = datetime.now(UTC)
        (message_id,) = mailbox.waiting()
        line.cut_after = cut_after
        collected = collector.collect(SOURCES, datetime.now(UTC))
        assert line.is_dead
        assert (held.all, collected.applied, collected.waiting) == ([], 0, 1)
        assert "The line to MESH at 127.0.0.1 broke" in collected.fault
        assert waiting(sandbox) == [message_id]
        assert list(tmp_path.iterdir()) == []
        line.is_dead = False
        collected = collector.collect(SOURCES, datetime.now(UTC))
    assert (held.all, collected.applied, collected.waiting) == ([("lister", THREE_CHUNKS)], 1, 0)


def test_an_acknowledgement_that_is_lost_brings_the_message_once_more(sandbox: int, line: Line, tmp_path: Path) -> None:
    held = Held()
    send(sandbox, b"first")
    with opened(line.url) as mailbox:
        acknowledge = mailbox.acknowledge

        def cut(message_id: str) -> None:
            line.held_before = b"/status/acknowledged"
            acknowledge(message_id)

        mailbox.acknowledge = cut  # type: ignore[method-assign]
        mailbox._client._timeout = 0.5
        collected = Collector(mailbox, held.apply, tmp_path).collect(SOURCES, datetime.now(UTC))
    assert line.is_held.is_set()
    assert (collected.applied, collected.waiting) == (1, 1)
    assert "broke" in collected.fault
    line.held_before = b""
    collected = collect(line.url, held, tmp_path)
    assert (collected.applied, collected.duplicates, collected.waiting) == (0, 1, 0)
    assert waiting(sandbox) == []


# --- who sends, and who may collect --------------------------------------------------------------------------------


def test_one_workflow_of_two_senders_is_two_sources(sandbox: int, line: Line, tmp_path: Path) -> None:
    held = Held()
    send(sandbox, b"first", LISTER)
    send(sandbox, b"first", HARLOW)
    stays = send(sandbox, b"first", LISTER, workflow="BLOOD")
    collected = collect(line.url, held, tmp_path)
    assert sorted(held.all) == [("harlow", b"first"), ("lister", b"first")]
    assert (collected.applied, collected.duplicates) == (2, 0)
    assert (collected.unknown, collected.undeclared) == (1, [f"BLOOD from {LISTER}"])
    assert waiting(sandbox) == [stays]


def test_more_messages_than_a_page_of_the_inbox_all_come(sandbox: int, line: Line, tmp_path: Path) -> None:
    held = Held()
    ids = [send(sandbox, f"{number}".encode()) for number in range(12)]
    with opened(line.url) as mailbox:
        pages = mailbox._client.iterate_message_ids
        mailbox._client.iterate_message_ids = lambda: pages(batch_size=10)
        assert mailbox.waiting() == ids
        assert Collector(mailbox, held.apply, tmp_path).collect(SOURCES, datetime.now(UTC)).applied == 12
    assert held.all == [("lister", f"{number}".encode()) for number in range(12)]


def test_a_message_that_waits_for_four_days_is_an_alarm(sandbox: int, line: Line, tmp_path: Path) -> None:
    collected = collect(line.url, Held(), tmp_path, name=HARLOW)
    assert (collected.overdue, collected.unknown, collected.undeclared) == (1, 1, [f"BLOOD from {LISTER}"])
    assert "MESH removes them 5 days after they came" in collected.alarms[-1]


@pytest.mark.parametrize(("name", "password"), [(OURS, "not-the-password"), ("X26NOBODY", PASSWORD)])
def test_who_is_not_let_in_is_told_what_to_correct_and_nothing_secret(
    line: Line, tmp_path: Path, name: str, password: str
) -> None:
    with opened(line.url, name, password) as mailbox, pytest.raises(Unavailable) as told:
        Collector(mailbox, Held().apply, tmp_path).collect(SOURCES, datetime.now(UTC))
    assert f"does not let us into the mailbox {name}. Correct JOINEDUP_MESH_PASSWORD" in str(told.value)
    assert password not in str(told.value) + repr(told.value.__cause__)
    assert SHARED_KEY not in str(told.value)


def test_a_server_that_is_not_there_is_said_with_the_next_step(tmp_path: Path) -> None:
    with opened(f"http://127.0.0.1:{free_port()}") as mailbox, pytest.raises(Unavailable, match="collect again"):
        Collector(mailbox, Held().apply, tmp_path).collect(SOURCES, datetime.now(UTC))


# --- into the record, killed between commit and acknowledgement ----------------------------------------------------

DECLARED = f"""
[[source]]
key = "lister"
name = "Lister Hospital"
organisation = "RWH"
setting = "acute"
format = "hl7v2"
files = "*.hl7"
simulated = true
workflow = "ADT"
sender = "{LISTER}"
"""
# The hospital is known by the list of practices, which is the shortest way.
KNOWN = ",".join(
    f'"{cell}"'
    for cell in ("RWH", "DRAWN", "Y61", "QM7", *[""] * 5, "ZH1 1CV", "20100401", "", "A", "B", "06K", "20130401",
                 *[""] * 9, "4", "")
)  # fmt: skip


@pytest.fixture
def own_database(django_db_setup: None, django_db_blocker: Any) -> Iterator[str]:
    """The name of an empty database of this test's own, which other processes can reach."""
    with django_db_blocker.unblock():
        template = connection.settings_dict["NAME"]
        connection.close()
        with database.connect("postgres") as server:
            server.execute('DROP DATABASE IF EXISTS "mesh" WITH (FORCE)')
            server.execute(f'CREATE DATABASE "mesh" TEMPLATE "{template}"')
        yield "mesh"
        with database.connect("postgres") as server:
            server.execute('DROP DATABASE IF EXISTS "mesh" WITH (FORCE)')


def begin_collecting(line: Line, folder: Path) -> subprocess.Popen[str]:
    settings = database.connection_settings()
    address = f"postgresql://postgres@/mesh?host={quote(settings['HOST'], safe='')}&port={settings['PORT']}"
    return subprocess.Popen(
        [sys.executable, "-m", "joinedup.cli", "collect", "--mailbox", OURS, "--sources", str(folder), "--once",
         "--no-link", "--json"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env=os.environ | {"DATABASE_URL": address, "JOINEDUP_MESH_URL": line.url, "JOINEDUP_MESH_PASSWORD": PASSWORD,
                          "JOINEDUP_MESH_SHARED_KEY": SHARED_KEY},
    )  # fmt: skip


def collected_by(process: subprocess.Popen[str]) -> dict[str, Any]:
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    return dict(json.loads(out.splitlines()[-1]))


@pytest.mark.django_db  # so that the test database, the template of this one, is made
def test_killed_between_commit_and_acknowledgement_each_version_is_there_once(
    sandbox: int, line: Line, own_database: str, tmp_path: Path
) -> None:
    (tmp_path / "sources.toml").write_text(DECLARED)
    (tmp_path / "epraccur.csv").write_text(KNOWN + "\r\n")
    message_id = send(sandbox, message(PID, id_="M1") + b"\r")
    line.held_before = b"/status/acknowledged"
    process = begin_collecting(line, tmp_path)
    assert line.is_held.wait(120), process.communicate(timeout=10)
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=30)
    assert waiting(sandbox) == [message_id]

    line.held_before = b""
    said = collected_by(begin_collecting(line, tmp_path))
    assert (said["applied"], said["duplicates"], said["waiting"]) == (0, 1, 0)
    assert waiting(sandbox) == []
    with database.connect(own_database) as server:
        resources = server.execute("SELECT id, count(*), max(version) FROM record_resource GROUP BY id").fetchall()
        deliveries = server.execute("SELECT state, channel, message_id FROM feeds_delivery ORDER BY id").fetchall()
    assert resources
    assert {row[1:] for row in resources} == {(1, 1)}
    assert deliveries == [("applied", "mesh", message_id), ("duplicate", "mesh", message_id)]
    spool = Path(os.environ["JOINEDUP_DATA"]) / "spool"
    assert [path for path in spool.rglob("*") if path.is_file() and path.suffix != ".lock"] == []
