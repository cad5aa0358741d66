"""What a mailbox brings goes through the same intake as a file, of any format; what is refused is kept (R2, R5)."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from django.db import OperationalError, connection
from tests.spec.feeds.extract_rows import ROWS, csv_of
from tests.spec.feeds.hl7_messages import PID, message

from joinedup import database
from joinedup.errors import NotFound, Unavailable
from joinedup.feeds import ledger
from joinedup.feeds.mesh import POLLED_EVERY, Collected, FolderMailbox
from joinedup.feeds.values import Source
from joinedup.record import arrivals, loading

SOURCES = [
    Source("pas", "Lister Hospital", "RWH", "acute", "hl7v2", is_simulated=True, workflow="ADT"),
    Source("practice", "A surgery", "RWH", "gp", "fhir", is_simulated=True, workflow="GP"),
    Source("apc", "Lister's stays", "RWH", "acute", "csv", mapping="sus-apc", is_simulated=True, workflow="SUS"),
]
PATIENT = {"resourceType": "Patient", "id": "p1", "meta": {"lastUpdated": "2026-10-01T09:00:00Z"}, "gender": "female"}


@pytest.fixture
def mailbox(db: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FolderMailbox:
    """A folder as a mailbox, and a database to which three sources are declared."""
    real = database.connection_settings()  # of this run's server: the data folder alone is this test's own
    monkeypatch.setattr(database, "connection_settings", lambda: real)
    monkeypatch.setenv("JOINEDUP_DATA", str(tmp_path / "data"))
    monkeypatch.setattr(loading, "is_known_organisation", lambda code, on: True)
    ledger.declare(SOURCES)
    (tmp_path / "box").mkdir()
    box = FolderMailbox(tmp_path / "box")
    box.validate()
    return box


def bring(mailbox: FolderMailbox, workflow: str, content: bytes, message_id: str) -> None:
    (mailbox.folder / "in" / f"{message_id}.dat").write_bytes(content)
    note = json.dumps({"sender": "X26ABC2", "workflow_id": workflow})
    (mailbox.folder / "in" / f"{message_id}.json").write_text(note)


def collect(mailbox: FolderMailbox) -> Collected:
    (collected,) = arrivals.collect_mailbox(str(mailbox.folder), once=True)
    return collected


def kept() -> list[tuple[str, str, int]]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT source, type, version FROM record_resource ORDER BY source, type, version")
        return list(cursor.fetchall())


def deliveries() -> list[tuple[str, str, str, str]]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT source, state, channel, message_id FROM feeds_delivery ORDER BY id")
        return list(cursor.fetchall())


def test_messages_of_each_format_are_taken_in_and_the_same_bytes_change_nothing(mailbox: FolderMailbox) -> None:
    bring(mailbox, "ADT", message(PID) + b"\r", "M1")
    bring(mailbox, "GP", json.dumps(PATIENT).encode() + b"\n", "M2")
    bring(mailbox, "SUS", csv_of("sus-apc", [ROWS["sus-apc"]]), "M3")
    collected = collect(mailbox)
    assert (collected.applied, collected.waiting, collected.alarms) == (3, 0, [])
    first = kept()
    assert {("pas", "Patient", 1), ("practice", "Patient", 1), ("apc", "Encounter", 1)} <= set(first)
    bring(mailbox, "ADT", message(PID) + b"\r", "M4")
    collected = collect(mailbox)
    assert (collected.applied, collected.duplicates, collected.waiting) == (0, 1, 0)
    assert kept() == first
    assert deliveries() == [
        ("pas", "applied", "mesh", "M1"), ("practice", "applied", "mesh", "M2"), ("apc", "applied", "mesh", "M3"),
        ("pas", "duplicate", "mesh", "M4"),
    ]  # fmt: skip
    assert ledger.balance().holds


def test_what_is_set_aside_is_acknowledged_and_waits_in_the_quarantine(mailbox: FolderMailbox) -> None:
    bring(mailbox, "GP", b'{"resourceType":"Patient","id":"broken\n' + json.dumps(PATIENT).encode(), "M1")
    assert (collect(mailbox).applied, mailbox.waiting()) == (1, [])
    balance = ledger.balance()
    assert (balance.received, balance.applied, balance.quarantined, balance.holds) == (2, 1, 1, True)


def test_what_is_refused_as_a_whole_is_kept_before_the_mailbox_forgets_it(mailbox: FolderMailbox) -> None:
    wrong = b"other,columns\n1,2\n"
    bring(mailbox, "SUS", wrong, "M1")
    collected = collect(mailbox)
    assert (collected.applied, collected.refused, mailbox.waiting()) == (0, 1, [])
    copy = database.data_dir() / "refused" / "apc" / "M1"
    assert copy.read_bytes() == wrong
    assert copy.parent.stat().st_mode & 0o077 == 0
    assert deliveries() == [("apc", "refused", "mesh", "M1")]


def test_a_refused_message_that_cannot_be_kept_stays_in_the_mailbox(mailbox: FolderMailbox) -> None:
    database.data_dir().mkdir(parents=True)
    (database.data_dir() / "refused").write_text("a file where the folder belongs")
    bring(mailbox, "SUS", b"other,columns\n1,2\n", "M1")
    collected = collect(mailbox)
    assert (collected.refused, collected.failed, mailbox.waiting()) == (0, 1, ["M1"])


def test_a_database_that_does_not_answer_leaves_everything_in_the_mailbox(
    mailbox: FolderMailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    def silent(*_: object, **__: object) -> None:
        raise OperationalError("server closed the connection")

    bring(mailbox, "ADT", message(PID), "M1")
    with monkeypatch.context() as during:
        during.setattr(loading, "read_shard", silent)
        assert (collect(mailbox).failed, mailbox.waiting()) == (1, ["M1"])
        during.setattr(ledger, "declared", silent)
        assert collect(mailbox).fault.startswith("The database does not answer")
    assert collect(mailbox).applied == 1


def test_it_polls_every_five_minutes_until_it_is_ended(mailbox: FolderMailbox) -> None:
    pauses: list[float] = []

    def pause(seconds: float) -> None:
        pauses.append(seconds)
        bring(mailbox, "ADT", message(PID, id_=f"M{len(pauses)}"), f"M{len(pauses)}")

    polls = arrivals.collect_mailbox(str(mailbox.folder), once=False, pause=pause)
    assert [next(polls).applied for _ in range(3)] == [0, 1, 1]
    assert pauses == [POLLED_EVERY.total_seconds()] * 2
    polls.close()


def test_two_collectors_of_one_mailbox_do_not_meet(mailbox: FolderMailbox) -> None:
    first = arrivals.collect_mailbox(str(mailbox.folder), once=False, pause=lambda seconds: None)
    next(first)
    with pytest.raises(Unavailable, match="being collected already"):
        collect(mailbox)
    first.close()
    assert collect(mailbox).waiting == 0


def test_settings_that_are_missing_are_named(mailbox: FolderMailbox, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("URL", "PASSWORD", "SHARED_KEY"):
        monkeypatch.delenv(f"JOINEDUP_MESH_{name}", raising=False)
    monkeypatch.setenv("JOINEDUP_MESH_URL", "https://mesh.example.nhs.uk")
    with pytest.raises(Unavailable, match="Set JOINEDUP_MESH_PASSWORD, JOINEDUP_MESH_SHARED_KEY to collect"):
        next(arrivals.collect_mailbox("X26ABC1", once=True))
    with pytest.raises(NotFound, match="no folder"):
        next(arrivals.collect_mailbox(str(mailbox.folder / "none"), once=True))


def test_the_verb_says_what_it_does() -> None:
    said = subprocess.run(
        [sys.executable, "-m", "joinedup.cli", "collect", "--help"], capture_output=True, text=True, check=True
    ).stdout
    assert "--mailbox" in said
    assert "--sources" in said
