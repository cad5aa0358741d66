"""A fault of ours, or two writers at once: one item waits, the rest is stored, and the sums hold (R1, R2, R5, R6)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, transaction

from joinedup import database
from joinedup.access import service_grant
from joinedup.errors import FileError, NotFound, Unavailable
from joinedup.feeds import Batch, Outcome, SetAside, Source, ledger, resource_id, services, subject_id
from joinedup.record import arrivals, intake, loading, retrying, store

from . import drawn_feeds
from .drawn_feeds import TRUST
from .test_14_intake import HOSPITAL, PRACTICE, _known_senders, adt, load

__all__ = ["_known_senders"]
pytestmark = pytest.mark.django_db
GRANT = service_grant("record.intake", "Show how it works", "the reader")
Poison = Callable[[str], None]


@pytest.fixture
def poison(monkeypatch: pytest.MonkeyPatch) -> Iterator[Poison]:
    """Name the source id of a resource that the database will not take, as a fault of ours would have it."""
    poisoned: set[str] = set()
    copy = intake.copy_resources

    def copy_or_fail(rows: list[store.Stored]) -> None:
        copy(rows)
        if any(row.content.get("id") in poisoned for row in rows):
            with connection.cursor() as cursor:
                # As where a value is too large for an index; of the data, though psycopg calls it operational.
                cursor.execute("DO $$ BEGIN RAISE EXCEPTION 'large' USING ERRCODE = '54000'; END $$")

    monkeypatch.setattr(intake, "copy_resources", copy_or_fail)
    yield poisoned.add
    poisoned.clear()


def lines(path: Path, residents: int = 3) -> list[str]:
    told = [json.dumps(one) for number in range(residents) for one in drawn_feeds.resources(number)]
    path.write_text("\n".join(told) + "\n")
    return told


def held() -> list[tuple[int, str, bytes]]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT position, reason, raw FROM feeds_setaside WHERE state = 'quarantined' ORDER BY position")
        return [(position, reason, bytes(raw)) for position, reason, raw in cursor.fetchall()]


def test_one_item_that_cannot_be_stored_is_set_aside_and_the_others_are_stored(tmp_path: Path, poison: Poison) -> None:
    told = lines(tmp_path / "gp-1.ndjson")
    poison("o1-2")
    loaded = load(tmp_path / "gp-1.ndjson", PRACTICE)
    assert (loaded.read, loaded.added, loaded.set_aside) == (24, 23, 1)
    assert (loaded.reasons, loaded.refused) == ({"gave-up": 1}, {})
    assert held() == [(14, "gave-up", told[13].encode())]
    assert ledger.balance().holds
    assert store.one(GRANT, "Observation", resource_id(PRACTICE.key, "Observation", "o1-3")) is not None


def test_a_bundle_and_a_message_are_set_aside_whole(tmp_path: Path, poison: Poison) -> None:
    bundle = {
        "resourceType": "Bundle", "type": "collection",
        "entry": [{"resource": one} for one in drawn_feeds.resources(0)],
    }  # fmt: skip
    written = json.dumps(bundle)
    (tmp_path / "gp-2.ndjson").write_text(written + "\n" + json.dumps(drawn_feeds.patient(7)) + "\n")
    poison("o0-2")
    loaded = load(tmp_path / "gp-2.ndjson", PRACTICE)
    assert (loaded.read, loaded.added, loaded.set_aside) == (2, 1, 1)
    assert held() == [(1, "gave-up", written.encode())]
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM feeds_setaside")
        (number,) = cursor.fetchone()
    assert services.retry(GRANT_QUARANTINE, [number], by_name="A reader")["still-refused"] == 1
    assert held()[0][1] == "gave-up"
    assert ledger.balance().holds


def test_what_is_read_again_after_mending_is_stored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines(tmp_path / "gp-1.ndjson", 1)
    with monkeypatch.context() as patched, poisoned(patched, "o0-2"):
        load(tmp_path / "gp-1.ndjson", PRACTICE)
    assert services.retry(GRANT_QUARANTINE, reason="gave-up", by_name="A reader") == {
        "tried": 1, "applied": 1, "still-refused": 0,
    }  # fmt: skip
    assert store.one(GRANT, "Observation", resource_id(PRACTICE.key, "Observation", "o0-2")) is not None
    assert ledger.balance().holds


@contextmanager
def poisoned(patched: pytest.MonkeyPatch, source_id: str) -> Iterator[None]:
    copy = intake.copy_resources

    def copy_or_fail(rows: list[store.Stored]) -> None:
        if any(row.content.get("id") == source_id for row in rows):
            raise ValueError
        copy(rows)

    patched.setattr(intake, "copy_resources", copy_or_fail)
    yield


def test_a_message_of_mllp_that_cannot_be_stored_does_not_hold_up_its_sender(poison: Poison) -> None:
    poison("H1")
    assert arrivals.apply_message(adt("M1", "A28", "202609010900").encode(), HOSPITAL) is Outcome.HELD
    assert [(position, reason) for position, reason, _ in held()] == [(1, "gave-up")]
    with pytest.raises(NotFound):
        store.one(GRANT, "Patient", subject_id(HOSPITAL.key, "H1"))


def test_a_reader_that_fails_ends_its_file_and_not_the_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines(tmp_path / "gp-1.ndjson", 1)
    (tmp_path / "adt-1.hl7").write_text("".join(drawn_feeds.messages(0)))
    from joinedup.feeds import fhir_files

    def fail(*_: Any, **__: Any) -> Iterator[Batch]:
        raise KeyError("MRS SECRET")
        yield

    with monkeypatch.context() as patched:
        patched.setattr(fhir_files, "read", fail)
        files = [(tmp_path / "gp-1.ndjson", PRACTICE), (tmp_path / "adt-1.hl7", HOSPITAL)]
        loaded = loading.load(GRANT, files, processes=0)
    assert list(loaded.refused) == ["gp-1.ndjson"]
    assert "KeyError" in loaded.refused["gp-1.ndjson"]
    assert "SECRET" not in str(loaded.refused)
    assert loaded.added > 0
    # Mended, the same file is taken.
    assert load(tmp_path / "gp-1.ndjson", PRACTICE).added == 8


def test_a_message_and_a_retry_wait_for_a_load_of_their_source_and_then_say_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "adt.hl7").write_text(adt("M2", "A28", "202609010900"))
    monkeypatch.setattr(arrivals, "PATIENCE_SECONDS", 0.05)
    monkeypatch.setattr(retrying, "PATIENCE_SECONDS", 0.05)
    other = Source("acute-other", "Another hospital", TRUST, "acute", "hl7v2", is_simulated=True)
    ledger.declare([other])
    delivery = ledger.begin(other.key, "drawn", bytes(32), 1)
    raw = adt("M3", "A28", "202609010900").encode()
    ledger.keep_set_aside(delivery.id, [SetAside(1, "gave-up", "item", "expected to be stored", raw)])
    with database.connect(connection.settings_dict["NAME"]) as load_elsewhere:
        load_elsewhere.execute("SELECT pg_advisory_lock(hashtextextended('joinedup intake acute-other', 7))")
        with pytest.raises(Unavailable):
            arrivals.apply_message(adt("M1", "A28", "202609010900").encode(), other)
        with pytest.raises(Unavailable):
            loading.load(GRANT, [(tmp_path / "adt.hl7", other)], processes=0)
        with pytest.raises(Unavailable):
            services.retry(GRANT_QUARANTINE, reason="gave-up", by_name="A reader")
    assert arrivals.apply_message(adt("M1", "A28", "202609010900").encode(), other) is Outcome.HELD
    assert services.retry(GRANT_QUARANTINE, reason="gave-up", by_name="A reader")["applied"] == 1


def test_outside_a_transaction_a_source_is_let_go_at_the_end() -> None:
    name = connection.settings_dict["NAME"]
    ask = "SELECT pg_try_advisory_lock(hashtextextended('joinedup intake gp-drawn', 7))"
    connection.in_atomic_block = False  # as it is said, the test's own transaction aside
    try:
        with loading.alone_with(["gp-drawn"]), database.connect(name) as other:
            assert other.execute(ask).fetchone() == (False,)
        with database.connect(name) as other:
            assert other.execute(ask).fetchone() == (True,)
    finally:
        connection.in_atomic_block = True


def test_a_retry_of_many_goes_on_past_what_no_longer_fits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """250 lines, of which every tenth no longer fits what is declared: three transactions, none lost."""
    (tmp_path / "gp.ndjson").write_text('{"resourceType":\n' * 250)
    load(tmp_path / "gp.ndjson", PRACTICE)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE feeds_setaside SET state = 'pending' RETURNING id")
        ids = sorted(row[0] for row in cursor.fetchall())
    tried: list[int] = []

    def read_again(raw: bytes, source: Source, **_: Any) -> Iterator[Batch]:
        tried.append(len(raw))
        if len(tried) % 10 == 0:
            raise FileError("the quarantine", "expected another header", "Correct it.")
        yield Batch(1, read=1)

    monkeypatch.setattr(retrying, "read_again", read_again)
    audited: list[Any] = []
    monkeypatch.setattr(retrying, "record", lambda *_, details: audited.append(details))
    assert retrying.retry(GRANT, ids) == {"applied": 225, "still-refused": 25}
    assert [sum(one.values()) for one in audited] == [100, 100, 50]


def test_a_time_that_no_source_can_mean_is_none() -> None:
    told = drawn_feeds.patient(1)
    from joinedup.feeds import Resource

    def keep(year: int, number: int) -> dict[str, int]:
        body = json.dumps({**told, "id": f"p{number}"}).encode()
        id_ = subject_id(PRACTICE.key, f"p{number}")
        at = datetime(year, 6, 1, tzinfo=UTC)
        one = Resource("Patient", f"p{number}", id_, id_, body, json.loads(body), at, 1)
        delivery = ledger.begin(PRACTICE.key, "drawn", str(number).encode() * 32, 1)
        with transaction.atomic():
            kept = intake.keep(GRANT, delivery, PRACTICE, Batch(1, read=1, resources=[one]))
        found = store.one(GRANT, "Patient", id_)
        assert (found.event_at == delivery.received_at) is bool(kept.warnings)
        return kept.warnings

    assert keep(1799, 1) == {"impossible-time": 1}
    assert keep(1800, 2) == {}
    assert keep(9999, 3) == {"impossible-time": 1}


GRANT_QUARANTINE = service_grant(services.QUARANTINE, "Try again", "the reader")
