"""Intake: what a batch leaves in the record (rules: record R1, R3, R4, R8, R11, R22)."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from joinedup.access import service_grant
from joinedup.feeds import Source, ledger, resource_id, subject_id
from joinedup.identity import resident_of
from joinedup.record import loading, store
from joinedup.record.arrivals import apply_message

from . import drawn_feeds
from .drawn_feeds import TRUST

pytestmark = pytest.mark.django_db
GRANT = service_grant("record.intake", "Show how it works", "the reader")
HOSPITAL = Source("acute-drawn", "Drawn hospital", TRUST, "acute", "hl7v2", is_simulated=True)
PRACTICE = Source("gp-drawn", "Drawn practice", drawn_feeds.PRACTICE, "gp", "fhir", is_simulated=True)


@pytest.fixture(autouse=True)
def _known_senders(tmp_path: Path) -> None:
    from joinedup.system import load_practices

    loading.is_known_organisation.cache_clear()
    listed = tmp_path / "epraccur.csv"
    listed.write_text(drawn_feeds.practice_row() + drawn_feeds.practice_row(TRUST))
    load_practices(listed, GRANT, is_simulated=True)
    ledger.declare([HOSPITAL, PRACTICE])


def load(path: Path, source: Source) -> loading.Loaded:
    return loading.load(GRANT, [(path, source)], processes=0)


def adt(message_id: str, trigger: str, at: str, *segments: str, number: str = "H1", name: str = "OKAFOR^GRACE") -> str:
    pid = f"PID|1||{number}^^^{TRUST}^MR||{name}||19580314|F|||1 MILL LANE^^HARLOW^^ZH1 2CV||07700900123"
    head = f"MSH|^~\\&|PAS|{TRUST}|J|QM7|{at}||ADT^{trigger}|{message_id}|P|2.4"
    own = [one for one in segments if one.startswith("PID")]
    rest = [one for one in segments if not one.startswith("PID")]
    return "\r".join((head, f"EVN|{trigger}|{at}", *(own or [pid]), *rest)) + "\r"


def patient(number: str) -> dict[str, Any]:
    return store.one(GRANT, "Patient", subject_id(HOSPITAL.key, number)).content


def test_lines_are_applied_repeated_or_set_aside_and_the_sum_holds(tmp_path: Path) -> None:
    """1,000 lines, 12 malformed, 30 exact repeats."""
    lines = [json.dumps(one) for number in range(120) for one in drawn_feeds.resources(number)][:958]
    lines += lines[:30] + ['{"resourceType":'] * 12
    path = tmp_path / "gp.ndjson"
    path.write_text("\n".join(lines) + "\n")
    loaded = load(path, PRACTICE)
    assert (loaded.read, loaded.added, loaded.unchanged, loaded.set_aside) == (1000, 958, 30, 12)
    assert ledger.balance().holds
    again = load(path, PRACTICE)
    assert (again.repeated_deliveries, again.added, again.read) == (1, 0, 0)


def test_a_message_held_before_is_a_repetition_and_a_used_id_waits_for_a_decision(tmp_path: Path) -> None:
    one, other = adt("M1", "A31", "202609010900"), adt("M1", "A31", "202609010901", name="OKAFOR^GRACIE")
    for name, text, outcome in (
        ("1.hl7", one, (1, 0, 0)), ("2.hl7", one + "\n", (0, 1, 0)), ("3.hl7", other, (0, 0, 1)),
        ("4.hl7", other + "\n", (0, 1, 0)),
    ):  # fmt: skip
        (tmp_path / name).write_text(text)
        loaded = load(tmp_path / name, HOSPITAL)
        assert (loaded.added, loaded.repeated, loaded.set_aside) == outcome, name
    assert ledger.balance().holds


def test_an_empty_field_changes_nothing_and_a_null_removes(tmp_path: Path) -> None:
    full = adt("M1", "A28", "202609010900")
    partial = adt("M2", "A31", "202609020900", f"PID|1||H1^^^{TRUST}^MR||OKAFOR^GRACE^ANNE||||||||")
    nulled = adt("M3", "A31", "202609030900", f'PID|1||H1^^^{TRUST}^MR||OKAFOR^GRACE^ANNE||||||||""')
    said = []
    for number, text in enumerate((full, partial, nulled)):
        (tmp_path / f"{number}.hl7").write_text(text)
        load(tmp_path / f"{number}.hl7", HOSPITAL)
        now = patient("H1")
        said.append((now["name"][0]["given"], now.get("birthDate"), "telecom" in now, "address" in now))
    assert said == [
        (["GRACE"], "1958-03-14", True, True),
        (["GRACE", "ANNE"], "1958-03-14", True, True),
        (["GRACE", "ANNE"], "1958-03-14", False, True),
    ]


def test_a_message_that_comes_late_fills_what_nothing_newer_has_said(tmp_path: Path) -> None:
    newer = adt("M2", "A31", "202609020900", f"PID|1||H1^^^{TRUST}^MR||OKAFOR^GRACE^ANNE||||||||")
    older = adt("M1", "A28", "202609010900")
    for number, text in enumerate((newer, older)):
        (tmp_path / f"{number}.hl7").write_text(text)
        loaded = load(tmp_path / f"{number}.hl7", HOSPITAL)
    assert loaded.late == 1
    now = patient("H1")
    assert now["name"][0]["given"] == ["GRACE", "ANNE"]
    assert now["birthDate"] == "1958-03-14"


@pytest.mark.parametrize("order", ["123", "132", "213", "231", "312", "321"])
def test_a_stay_ends_the_same_in_whatever_order_its_messages_come(order: str, tmp_path: Path) -> None:
    def visit(ward: str, ends: str = "") -> str:
        return f"PV1|1|I|{ward}^1^2^{TRUST}" + "|" * 16 + "V7" + "|" * 25 + f"202609010900{ends}"

    told = {
        "1": adt("M1", "A01", "202609010900", visit("A")),
        "2": adt("M2", "A02", "202609011030", visit("B")),
        "3": adt("M3", "A03", "202609011400", visit("B", "|202609011400")),
    }
    for one in order:
        (tmp_path / f"{one}.hl7").write_text(told[one])
        load(tmp_path / f"{one}.hl7", HOSPITAL)
    (stay,) = store.everything(GRANT, [subject_id(HOSPITAL.key, "H1")], ["Encounter"])
    assert stay.content["status"] == "finished"
    assert stay.starts == datetime(2026, 9, 1, 8, tzinfo=UTC)
    assert stay.ends
    assert stay.ends - datetime(2026, 9, 1, 13, tzinfo=UTC) <= timedelta(minutes=1)
    assert len(store.history(GRANT, "Encounter", stay.id)) <= 3


@pytest.mark.parametrize("processes", [0, 2], ids=["one reader", "two readers"])
def test_a_merge_says_in_both_patients_what_it_did(
    processes: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A40: the survivor replaces, the other is inactive and replaced; also when two shards know one of them each."""
    text = adt("M1", "A28", "202609010900") + adt("M2", "A28", "202609010901", number="H2")
    text += adt("M3", "A40", "202609020900", f"MRG|H2^^^{TRUST}^MR")
    path = tmp_path / "merge.hl7"
    path.write_text(text)
    if processes:  # Read in two shards, one after the other, as two processes would.
        monkeypatch.setattr(loading, "LARGE_BYTES", 0)
        begin = ledger.begin
        monkeypatch.setattr(ledger, "begin", lambda *a, **k: begin(*a, **{**k, "shards": 2}))
    loaded = load(path, HOSPITAL)
    assert loaded.merges == 1
    one, two = subject_id(HOSPITAL.key, "H1"), subject_id(HOSPITAL.key, "H2")
    assert resident_of(one) == resident_of(two)
    assert patient("H1")["link"] == [{"other": {"reference": "Patient/H2"}, "type": "replaces"}]
    gone = patient("H2")
    assert gone["link"] == [{"other": {"reference": "Patient/H1"}, "type": "replaced-by"}]
    assert gone["active"] is False
    versions = store.history(GRANT, "Patient", two)
    assert [version.author for version in versions] == ["joinedup", None]
    assert "link" not in versions[1].content  # What the sender said stays as it came.


def test_a_message_by_mllp_is_held_before_it_is_acknowledged() -> None:
    raw = adt("M1", "A28", "202609010900").encode()
    assert [apply_message(raw, HOSPITAL), apply_message(raw, HOSPITAL)] == ["AA", "AA"]
    assert len(store.history(GRANT, "Patient", subject_id(HOSPITAL.key, "H1"))) == 1
    assert apply_message(b"MSH|nonsense", HOSPITAL) == "AA"  # set aside, or its sender would stand still
    assert ledger.balance().quarantined == 1


def test_ids_of_two_sources_never_meet() -> None:
    """The figures of R16."""
    assert str(resource_id("acute-1", "Patient", "123")) == "8bd9435d-a54f-598f-9b68-593c3de4c2ef"
    assert str(resource_id("gp-7", "Patient", "123")) == "2e9195cf-27e3-520c-bb59-eb9a5dd77eb1"
