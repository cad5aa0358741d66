"""A mailbox is collected message by message, and only what is held is acknowledged (rules: record R2, R7, R17).

Shown with a folder in the place of MESH; the next chapter shows the same with a MESH server.
"""

from __future__ import annotations

import json
import logging
import os
import shutil
from collections import namedtuple
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from joinedup.errors import FileError, Unavailable
from joinedup.feeds.mesh import ALARM_AFTER, Collector, FolderMailbox, MeshMailbox, Message, Taken, source_of
from joinedup.feeds.sources import parse_sources
from joinedup.feeds.values import Source

NOW = datetime.now(UTC)
LISTER = Source("lister", "Lister Hospital", "RWH", "acute", "hl7v2", workflow="ADT", sender="X26ABC1")
HARLOW = Source("harlow", "Princess Alexandra", "RQW", "acute", "hl7v2", workflow="ADT", sender="X26ABC2")
SURGERIES = Source("surgeries", "Surgeries", "QM7", "gp", "fhir", workflow="GP")
SOURCES = (LISTER, HARLOW, SURGERIES, Source("by-file", "By file", "QM7", "gp", "fhir"))


class Held:
    """Applies messages to a list; those that hold a word meet its fault."""

    def __init__(self, **faults: Exception) -> None:
        self.faults = faults
        self.all: list[tuple[str, bytes]] = []

    def apply(self, message: Message, source: Source, path: Path) -> Taken:
        content = path.read_bytes()
        for word, fault in self.faults.items():
            if word.encode() in content:
                raise fault
        is_repeated = (source.key, content) in self.all
        self.all.append((source.key, content))
        return Taken.DUPLICATE if is_repeated else Taken.APPLIED


@pytest.fixture
def mailbox(tmp_path: Path) -> FolderMailbox:
    (tmp_path / "X26OURS").mkdir()
    box = FolderMailbox(tmp_path / "X26OURS")
    box.validate()
    return box


def bring(mailbox: FolderMailbox, content: bytes, workflow: str = "ADT", sender: str = "X26ABC1") -> str:
    """Carry a message from another folder's `out/` into this one's `in/`, as MESH would."""
    other = mailbox.folder.parent / sender
    other.mkdir(exist_ok=True)
    partner = FolderMailbox(other)
    partner.validate()
    message_id = partner.send(mailbox.name, workflow, content)
    for kind in ("dat", "json"):
        shutil.move(other / "out" / f"{message_id}.{kind}", mailbox.folder / "in" / f"{message_id}.{kind}")
    return message_id


def collector(mailbox: FolderMailbox, held: Held) -> Collector:
    spool = mailbox.folder.parent / "spool"
    spool.mkdir(exist_ok=True)
    return Collector(mailbox, held.apply, spool)


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


# --- whose message it is -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("workflow", "sender", "whose"),
    [
        ("ADT", "X26ABC1", "lister"),
        ("ADT", "x26abc2", "harlow"),
        ("ADT", "X26ABC3", None),  # the workflow is known, but its ids would be nobody's
        ("GP", "X26ABC3", "surgeries"),
        ("", "X26ABC1", None),  # no message belongs to a source that does not send by MESH
        ("adt", "X26ABC1", None),
    ],
)
def test_workflow_and_sender_say_whose_message_it_is(workflow: str, sender: str, whose: str | None) -> None:
    found = source_of(Message("1", sender, workflow), SOURCES)
    assert (found.key if found else None) == whose


def test_a_sender_that_is_declared_goes_before_anybody() -> None:
    anybody = Source("anybody", "Anybody", "QM7", "acute", "hl7v2", workflow="ADT")
    assert source_of(Message("1", "X26ABC1", "ADT"), (anybody, LISTER)) is LISTER
    assert source_of(Message("1", "X26ABC9", "ADT"), (anybody, LISTER)) is anybody


def test_the_declaration_says_workflow_and_sender_and_no_two_sources_have_the_same() -> None:
    one = '[[source]]\nkey = "a"\nname = "A"\norganisation = "RWH"\nsetting = "acute"\nformat = "fhir"\nfiles = "a*"\n'
    two = one.replace('"a"', '"b"')
    mesh = 'workflow = "ADT"\nsender = "X26ABC1"\n'
    (source,) = parse_sources(one + mesh)
    assert (source.workflow, source.sender) == ("ADT", "X26ABC1")
    assert len(parse_sources(one + mesh + two + mesh.replace("ABC1", "ABC2"))) == 2
    assert len(parse_sources(one + two)) == 2
    with pytest.raises(FileError, match="line 17, field workflow: 'a' has the same messages"):
        parse_sources(one + mesh + two + mesh.lower().replace('"adt"', '"ADT"'))
    with pytest.raises(FileError, match="field workflow: expected the workflow id"):
        parse_sources(one + 'sender = "X26ABC1"\n')


# --- acknowledged when held ----------------------------------------------------------------------------------------


def test_what_is_held_is_acknowledged_and_nothing_of_it_stays_here(mailbox: FolderMailbox) -> None:
    held = Held()
    ids = [bring(mailbox, b"first"), bring(mailbox, b"second", sender="X26ABC2"), bring(mailbox, b"first")]
    collected = collector(mailbox, held).collect(SOURCES, NOW)
    assert held.all == [("lister", b"first"), ("harlow", b"second"), ("lister", b"first")]
    assert (collected.applied, collected.duplicates, collected.waiting, collected.alarms) == (2, 1, 0, [])
    assert names(mailbox.folder / "in") == set()
    assert names(mailbox.folder / "acked") == {f"{one}.{kind}" for one in ids for kind in ("dat", "json")}
    assert names(mailbox.folder.parent / "spool") == set()
    assert collector(mailbox, held).collect(SOURCES, NOW).applied == 0


def test_nothing_is_acknowledged_before_it_is_held(mailbox: FolderMailbox) -> None:
    bring(mailbox, b"first")
    seen = []

    def apply(message: Message, source: Source, path: Path) -> Taken:
        seen.append((mailbox.waiting() == [message.id], path.stat().st_mode & 0o077))
        return Taken.REFUSED

    held = Held()
    held.apply = apply  # type: ignore[method-assign]
    assert collector(mailbox, held).collect(SOURCES, NOW).refused == 1
    assert seen == [(True, 0)]  # still in the mailbox; here for us alone
    assert mailbox.waiting() == []


def test_a_fault_that_passes_keeps_the_messages_of_that_source_in_their_order(mailbox: FolderMailbox) -> None:
    held = Held(first=Unavailable("the database does not answer"))
    waiting = [bring(mailbox, b"first"), bring(mailbox, b"second")]
    bring(mailbox, b"other", sender="X26ABC2")
    box = collector(mailbox, held)
    collected = box.collect(SOURCES, NOW)
    assert held.all == [("harlow", b"other")]
    assert (collected.applied, collected.failed, collected.waiting) == (1, 1, 2)
    assert collected.alarms[0] == "the database does not answer"
    assert mailbox.waiting() == waiting
    held.faults.clear()
    assert box.collect(SOURCES, NOW).applied == 2
    assert held.all[1:] == [("lister", b"first"), ("lister", b"second")]


def test_a_message_that_we_cannot_bear_stays_and_holds_up_nobody(
    mailbox: FolderMailbox, caplog: pytest.LogCaptureFixture
) -> None:
    held = Held(first=KeyError("TAYLOR"))
    logger = logging.getLogger("joinedup")
    logger.addHandler(caplog.handler)
    try:
        poison = bring(mailbox, b"first")
        bring(mailbox, b"second")
        collected = collector(mailbox, held).collect(SOURCES, NOW)
    finally:
        logger.removeHandler(caplog.handler)
    assert held.all == [("lister", b"second")]
    assert (collected.failed, mailbox.waiting()) == (1, [poison])
    assert [record.getMessage() for record in caplog.records] == ["mesh.failed", "mesh.alarm"]
    assert caplog.records[0].__dict__["counts"] == {"keyerror": 1}
    assert "TAYLOR" not in str([record.__dict__ for record in caplog.records])


def test_killed_between_holding_and_acknowledging_it_comes_once_more(mailbox: FolderMailbox) -> None:
    class Killed(FolderMailbox):
        def acknowledge(self, message_id: str) -> None:
            raise KeyboardInterrupt

    held = Held()
    bring(mailbox, b"first")
    with pytest.raises(KeyboardInterrupt):
        collector(Killed(mailbox.folder), held).collect(SOURCES, NOW)
    collected = collector(mailbox, held).collect(SOURCES, NOW)
    assert (collected.applied, collected.duplicates, mailbox.waiting()) == (0, 1, [])


def test_the_disk_is_never_filled(mailbox: FolderMailbox, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(10**12, 10**12, 10**9))
    waiting = bring(mailbox, b"first")
    collected = collector(mailbox, Held()).collect(SOURCES, NOW)
    assert "nearly full" in collected.fault
    assert (collected.applied, mailbox.waiting()) == (0, [waiting])
    assert names(mailbox.folder.parent / "spool") == set()


# --- what stays, and the alarm -------------------------------------------------------------------------------------


def test_what_no_source_declares_stays_and_is_told_until_somebody_declares_it(mailbox: FolderMailbox) -> None:
    bring(mailbox, b"first", workflow="PATH\x1b[2J", sender="X26ABC7")
    stays = bring(mailbox, b"second", workflow="BLOOD")
    held = Held()
    box = collector(mailbox, held)
    collected = box.collect(SOURCES, NOW)
    assert (collected.unknown, collected.waiting, held.all) == (2, 2, [])
    assert collected.undeclared == ["PATH??2J from X26ABC7", "BLOOD from X26ABC1"]
    assert "--sources" in collected.alarms[0]
    blood = Source("blood", "Laboratory", "RWH", "acute", "hl7v2", workflow="BLOOD")
    assert box.collect((*SOURCES, blood), NOW).applied == 1
    assert stays not in mailbox.waiting()


@pytest.mark.parametrize("note", ["no json", "[]", '{"sender": 7, "workflow_id": null}', ""])
def test_a_note_that_says_nothing_is_of_no_source(mailbox: FolderMailbox, note: str) -> None:
    message_id = bring(mailbox, b"first")
    (mailbox.folder / "in" / f"{message_id}.json").write_text(note)
    bring(mailbox, b"second")
    collected = collector(mailbox, Held()).collect(SOURCES, NOW)
    assert (collected.applied, collected.unknown, collected.undeclared) == (1, 1, ["none from none"])


def test_what_has_waited_for_three_days_is_an_alarm_and_what_is_taken_is_not(mailbox: FolderMailbox) -> None:
    stays, taken = bring(mailbox, b"first", workflow="BLOOD"), bring(mailbox, b"second")
    for days, overdue in ((2.9, 0), (3.1, 1)):
        at = (NOW - timedelta(days=days)).timestamp()
        for message_id in mailbox.waiting():
            os.utime(mailbox.folder / "in" / f"{message_id}.json", (at, at))
        collected = collector(mailbox, Held()).collect(SOURCES, NOW)
        assert collected.overdue == overdue
    assert timedelta(days=3) == ALARM_AFTER
    assert "more than 3 days" in collected.alarms[-1]
    assert (mailbox.waiting(), taken in mailbox.waiting()) == ([stays], False)


# --- the mailbox itself --------------------------------------------------------------------------------------------


def test_a_mailbox_is_validated_at_first_and_then_twice_a_day(mailbox: FolderMailbox) -> None:
    class Counted(FolderMailbox):
        validated = 0

        def validate(self) -> None:
            self.validated += 1

    counted = Counted(mailbox.folder)
    box = collector(counted, Held())
    seen = []
    for hours in (0, 1, 11, 12, 13, 24, 47):
        box.collect(SOURCES, NOW + timedelta(hours=hours))
        seen.append(counted.validated)
    assert seen == [1, 1, 1, 2, 2, 3, 4]


def test_a_mailbox_that_lets_nobody_in_ends_it_at_first_and_is_told_later(mailbox: FolderMailbox) -> None:
    class Moody(FolderMailbox):
        fault: Exception | None = Unavailable("the line broke")

        def waiting(self) -> list[str]:
            return []

        def validate(self) -> None:
            if self.fault:
                raise self.fault

    moody = Moody(mailbox.folder)
    box = collector(moody, Held())
    with pytest.raises(Unavailable, match="the line broke"):
        box.collect(SOURCES, NOW)
    moody.fault = None
    assert box.collect(SOURCES, NOW).fault == ""
    moody.fault = Unavailable("the line broke")
    assert box.collect(SOURCES, NOW + timedelta(days=1)).alarms == ["the line broke"]


@pytest.mark.parametrize(
    ("url", "password", "key", "says"),
    [
        ("http://mesh.example.nhs.uk", "secret-word", "key", "JOINEDUP_MESH_URL: expected .* https://"),
        ("ftp://localhost", "secret-word", "key", "JOINEDUP_MESH_URL"),
        ("https://mesh.example.nhs.uk", "", "key", "JOINEDUP_MESH_PASSWORD"),
        ("https://mesh.example.nhs.uk", "secret-word", "", "JOINEDUP_MESH_SHARED_KEY"),
        ("https://mesh.example.nhs.uk", "secret-wörd", "key", "in ASCII"),
    ],
)
def test_settings_that_cannot_be_right_are_named_without_what_is_secret(
    url: str, password: str, key: str, says: str
) -> None:
    with pytest.raises(Unavailable, match=says) as told:
        MeshMailbox(url, "X26ABC1", password, key)
    assert "secret" not in str(told.value)


def test_a_certificate_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="JOINEDUP_MESH_CERTIFICATE"):
        MeshMailbox("https://mesh.example.nhs.uk", "X26ABC1", "p", "k", certificate=(tmp_path / "no", tmp_path / "no"))


def test_what_is_sent_waits_in_the_folder_with_its_note(mailbox: FolderMailbox) -> None:
    message_id = mailbox.send("X26ABC1", "ACK", b"held")
    out = mailbox.folder / "out"
    assert names(out) == {f"{message_id}.dat", f"{message_id}.json"}
    assert json.loads((out / f"{message_id}.json").read_text()) == {
        "sender": "X26OURS", "workflow_id": "ACK", "recipient": "X26ABC1",
    }  # fmt: skip
