"""Files of HL7 v2 messages are read in batches and shards; a bad message stands aside alone (R1, R5, T48)."""

from __future__ import annotations

import gzip
import hashlib
import io
import random
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from tests.spec.feeds.hl7_messages import PID, REAL, RECEIVED, SOURCE, corpus, message
from tests.spec.feeds.test_25_hl7_splitting import mutant

from joinedup.feeds import hl7v2_files
from joinedup.feeds.hl7v2 import Hl7Error
from joinedup.feeds.hl7v2_files import messages, shard_key
from joinedup.feeds.values import Batch, Source, subject_id

PV1 = "PV1|1|I|WARD 3||||||||||||||||V77"


def known(code: str, on: date) -> bool:
    return True


def read(path: Path, source: Source = SOURCE, **how: Any) -> list[Batch]:
    return list(hl7v2_files.read(path, source, is_known_organisation=known, received_at=RECEIVED, **how))


def patient(number: int, **said: str) -> bytes:
    return message(f"PID|1||{number}^^^RQW^MR||TAYLOR^ROSE", id_=f"M{number}", **said)


def written(tmp_path: Path, *parts: bytes, name: str = "feed.hl7") -> Path:
    path = tmp_path / name
    path.write_bytes(b"".join(parts))
    return path


# --- where a message begins and ends -------------------------------------------------------------------------------

ONE, TWO = patient(1), patient(2)


@pytest.mark.parametrize(
    "file",
    [
        ONE + b"\r" + TWO,
        ONE + b"\r" + TWO + b"\r",
        ONE + b"\n\n" + TWO + b"\n",
        ONE.replace(b"\r", b"\r\n") + b"\r\n" + TWO.replace(b"\r", b"\r\n"),
        b"\xef\xbb\xbf" + ONE + b"\r\xef\xbb\xbf" + TWO,
        b"\x0b" + ONE + b"\r\x1c\r\x0b" + TWO + b"\r\x1c\r",
        b"FHS|^~\\&|PAS\rBHS|^~\\&|PAS\r" + ONE + b"\r" + TWO + b"\rBTS|2\rFTS|1\r",
        b"BHS|^~\\&\n" + ONE + b"\nBTS|1\nBHS|^~\\&\n" + TWO + b"\nBTS|1\n",
    ],
    ids=[
        "CR",
        "CR at the end",
        "blank lines",
        "CRLF",
        "byte order marks",
        "MLLP frames",
        "file wrappers",
        "two batches",
    ],
)
def test_messages_are_found_however_they_are_wrapped(file: bytes) -> None:
    found = [raw.replace(b"\r\n", b"\r").removeprefix(b"\xef\xbb\xbf") for raw, _ in messages(io.BytesIO(file))]
    assert found == [ONE, TWO]


class Dripping:
    """A stream that gives a few bytes at a time."""

    def __init__(self, content: bytes, size: int) -> None:
        self._stream, self._size = io.BytesIO(content), size

    def read(self, size: int = 0, /) -> bytes:
        return self._stream.read(self._size)


@pytest.mark.parametrize("size", [1, 2, 3, 5, 7, 100])
def test_a_message_that_begins_across_two_chunks_is_found(size: int) -> None:
    file = b"\xef\xbb\xbf" + ONE + b"\r\n\xef\xbb\xbf" + TWO + b"\rMSHED|1\r"
    whole = [raw for raw, _ in messages(io.BytesIO(file))]
    assert [raw for raw, _ in messages(Dripping(file, size))] == whole
    assert len(whole) == 3


@pytest.mark.parametrize("file", [b"", b"\r\n\r\n", b"\xef\xbb\xbf", b"FHS|^~\\&\rBHS|^~\\&\rBTS|0\rFTS|0\r"])
def test_a_file_without_messages_has_no_batch(tmp_path: Path, file: bytes) -> None:
    assert read(written(tmp_path, file)) == []


def test_what_stands_before_the_first_message_is_set_aside_and_not_lost(tmp_path: Path) -> None:
    (batch,) = read(written(tmp_path, b"PID|1||1\r", ONE))
    assert (batch.read, len(batch.messages)) == (2, 1)
    assert (batch.set_aside[0].reason, batch.set_aside[0].raw) == ("bad-syntax", b"PID|1||1")


@pytest.mark.parametrize("huge", [ONE + b"\rNTE|1||" + b"x" * 12_000_000, b"x" * 9_000_000], ids=["message", "no MSH"])
def test_a_message_over_the_limit_is_set_aside_by_its_beginning_and_the_next_is_read(
    tmp_path: Path, huge: bytes
) -> None:
    (batch,) = read(written(tmp_path, huge, b"\r", TWO))
    assert [one.reason for one in batch.set_aside] == ["too-large"]
    assert len(batch.set_aside[0].raw) < 70_000
    assert [id_ for id_, *_ in batch.messages] == ["M2"]


# --- batches, shards, going on ------------------------------------------------------------------------------------


def test_a_batch_holds_events_resources_messages_and_counts_that_add_up(tmp_path: Path) -> None:
    admission = message("EVN|A01|20260301090500", PID, PV1, kind="ADT^A01", id_="A1")
    merge = message("PID|1||700001^^^RQW^MR||TAYLOR^ROSE", "MRG|700002^^^RQW^MR", kind="ADT^A40", id_="A2")
    bill = message(PID, kind="DFT^P03", id_="A3")
    bad = message("PID|1||", id_="A4")
    (batch,) = read(written(tmp_path, b"\r".join((admission, merge, bill, bad))))
    assert (batch.read, batch.position, batch.not_mapped) == (4, 4, 1)
    assert [(one.reason, one.place, one.position) for one in batch.set_aside] == [("missing-required", "PID-3", 4)]
    assert batch.set_aside[0].raw == bad
    (stay,) = batch.events
    assert (stay.trigger, stay.encounter, stay.message_id, stay.sequence) == ("A01", "700001.V77", "A1", 0)
    assert [(one.survivor, one.gone, one.message_id) for one in batch.merges] == [("700001", "700002", "A2")]
    assert batch.messages[0] == ("A1", hashlib.sha256(admission).digest(), 1, admission)
    assert [one[0] for one in batch.messages] == ["A1", "A2", "A3"]
    (first, *_) = batch.resources
    assert (first.type, first.source_id, first.id) == ("Patient", "700001", subject_id("acute-1", "700001"))
    assert first.subject_id == first.id
    assert f"{first.event_at:%Y-%m-%dT%H:%M}" == "2026-03-01T09:05"


def test_every_resource_is_about_the_subject_that_its_reference_names(tmp_path: Path) -> None:
    several = message("PID|1||1||A^B", "MRG|2", "PID|1||3||C^D", "MRG|4", kind="ADT^A40")
    (batch,) = read(written(tmp_path, several))
    assert [(one.source_id, one.subject_id == one.id) for one in batch.resources] == [("1", True), ("3", True)]


def test_batches_are_of_some_thousand_messages(tmp_path: Path) -> None:
    batches = read(written(tmp_path, b"\r".join(patient(number) for number in range(5_200))))
    assert [(batch.position, batch.read) for batch in batches] == [(2_500, 2_500), (5_000, 2_500), (5_200, 200)]


@pytest.mark.parametrize("after", [0, 1, 999, 1_000, 2_499, 2_500])
def test_going_on_after_a_position_reads_the_rest(tmp_path: Path, after: int) -> None:
    path = written(tmp_path, b"\r".join(patient(number) for number in range(2_500)))
    positions = [position for batch in read(path, after=after) for _, _, position, _ in batch.messages]
    assert positions == list(range(after + 1, 2_501))


@pytest.mark.parametrize("shards", [1, 2, 3, 7])
def test_each_message_is_of_one_shard_and_a_patient_of_one_too(tmp_path: Path, shards: int) -> None:
    dice = random.Random(7)
    file = [message(f"PID|1||{dice.randrange(50)}^^^RQW^MR||A^B", id_=f"M{number}") for number in range(400)]
    path = written(tmp_path, b"\r".join(file))
    of_position: dict[int, int] = {}
    of_patient: dict[str, set[int]] = {}
    for shard in range(shards):
        last = 0
        for batch in read(path, shard=shard, shards=shards):
            for _, _, position, _ in batch.messages:
                assert position not in of_position
                assert position > last
                of_position[position] = last = shard
                last = position
            for one in batch.resources:
                of_patient.setdefault(one.source_id, set()).add(shard)
    assert sorted(of_position) == list(range(1, 401))
    assert all(len(found) == 1 for found in of_patient.values())
    assert shards == 1 or len({shard for found in of_patient.values() for shard in found}) == shards


@pytest.mark.parametrize(
    "pid",
    [
        "PID|1||700001^^^RQW^MR||A^B",
        "PID|1||700001||A^B",
        "PID|1||9990000018^^^NHS^NH~700001^^^RQW^MR||A^B",
        "PID|1||700001^^^RQW^MR~9990000018^^^NHS^NH",
        "PID|1|700001",
    ],
)
@pytest.mark.parametrize("end", [b"\r", b"\n", b"\r\n"])
def test_the_shard_of_a_patient_is_the_same_however_they_are_named(pid: str, end: bytes) -> None:
    raw = message(pid, "PV1|1|I").replace(b"\r", end)
    assert shard_key(raw) == b"700001"


def test_a_packed_file_is_read_like_a_plain_one(tmp_path: Path) -> None:
    plain = read(written(tmp_path, ONE, b"\r", TWO))
    packed = read(written(tmp_path, gzip.compress(ONE + b"\r" + TWO), name="feed.hl7.gz"))
    assert [one.messages for one in plain] == [one.messages for one in packed]


# --- what is set aside ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("raw", "source", "reason"),
    [
        (message(PID.replace("9990000018", "9990000019")), SOURCE, "bad-identifier"),
        (message(PID), REAL, "synthetic"),
        (message("PID|1||1||A^B||20270101"), SOURCE, "future-date"),
        (message("PID|1||1||A^B||20260230"), SOURCE, "bad-date"),
        (message("PID|1||1||Jos?").replace(b"UNICODE UTF-8", b"").replace(b"?", b"\xe9"), SOURCE, "bad-encoding"),
        (message(PID, kind="QBP^Q11"), SOURCE, "unknown-type"),
        (message(PID, id_=""), SOURCE, "missing-required"),
    ],
)  # fmt: skip
def test_a_message_is_set_aside_whole_with_its_reason(tmp_path: Path, raw: bytes, source: Source, reason: str) -> None:
    (batch,) = read(written(tmp_path, raw), source)
    assert [one.reason for one in batch.set_aside] == [reason]
    assert batch.set_aside[0].raw == raw
    assert (batch.resources, batch.events, batch.messages) == ([], [], [])


def test_one_bad_message_in_a_thousand_lets_the_rest_in(tmp_path: Path) -> None:
    file = [patient(number) for number in range(1_000)]
    file[500] = b"MSH|^~\\&|\x00damaged"
    (batch,) = read(written(tmp_path, b"\r".join(file)))
    assert (batch.read, len(batch.resources), len(batch.set_aside)) == (1_000, 999, 1)


def test_a_fault_of_ours_keeps_the_message_and_the_feed_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fails(*_: object) -> None:
        raise KeyError("TAYLOR")

    monkeypatch.setattr(hl7v2_files, "take", fails)
    (batch,) = read(written(tmp_path, ONE, b"\r", TWO))
    assert [(one.reason, one.raw) for one in batch.set_aside] == [("gave-up", ONE), ("gave-up", TWO)]
    assert caplog.text.count("KeyError") == 1  # a fault that meets every message does not fill the log
    assert "TAYLOR" not in caplog.text


def test_ambiguous_times_are_counted_as_flags(tmp_path: Path) -> None:
    (batch,) = read(written(tmp_path, patient(1, at="20261025013000")))
    assert batch.flags == {"ambiguous-time": 1}


# --- the published messages ----------------------------------------------------------------------------------------


def test_the_published_messages_in_one_file_are_taken_in_but_for_those_not_mapped(
    reference: Path, tmp_path: Path
) -> None:
    path = written(tmp_path, *(file.read_bytes() + b"\n" for file in corpus(reference)))
    batches = read(path, REAL)
    aside = [one for batch in batches for one in batch.set_aside]
    assert [(one.reason, one.place) for one in aside] == []
    assert sum(batch.read for batch in batches) == 139
    assert sum(batch.not_mapped for batch in batches) == 10
    assert len({one.position for batch in batches for one in batch.resources}) == 129


def test_damaged_messages_are_set_aside_or_taken_in_and_nothing_else_happens(reference: Path) -> None:
    dice = random.Random(3_000)
    originals = [path.read_bytes() for path in corpus(reference)]
    reasons: dict[str, int] = {}
    reader = hl7v2_files.Reader(REAL, known, RECEIVED)
    batch = Batch(0)
    for position in range(1, 3_001):
        reader.take_in(mutant(dice.choice(originals), dice), position, batch)
    for one in batch.set_aside:
        reasons[one.reason] = reasons.get(one.reason, 0) + 1
    assert "gave-up" not in reasons  # nothing was raised that we had not foreseen
    assert len(batch.messages) + len(batch.set_aside) == 3_000
    assert len(batch.set_aside) > 500


def test_an_error_of_a_message_is_our_own_kind_of_error() -> None:
    assert Hl7Error("bad-syntax", "MSH", "expected a message").exit_code
