"""A hospital stay is the fold of its events, in whatever order they came (rules: record R3, R8, R10, R13)."""

from __future__ import annotations

import hashlib
import itertools
import json
from pathlib import Path
from typing import Any

import orjson
import pytest
from tests.spec.feeds.hl7_messages import corpus, event

from joinedup.feeds import fold, message_outcome
from joinedup.feeds.hl7v2 import split
from joinedup.feeds.values import EncounterEvent

WARD_A, WARD_B = {"display": "ward A"}, {"display": "ward B"}
INPATIENT = {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "IMP"}
EMERGENCY = {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "EMER"}


def folded(*events: EncounterEvent) -> dict[str, Any]:
    encounter = fold(events)[0]
    assert encounter is not None
    return encounter


def wards(encounter: dict[str, Any]) -> list[str]:
    return [place["location"]["display"] for place in encounter.get("location", [])]


# --- R8: any order of arrival --------------------------------------------------------------------------------------

STAY = (event("A01", 9, location=WARD_A), event("A02", 10.5, location=WARD_B), event("A03", 14, location=WARD_B))


@pytest.mark.parametrize(
    "arrival", [*itertools.permutations(STAY)], ids=lambda order: "-".join(e.trigger for e in order)
)
def test_all_six_orders_of_arrival_end_in_the_same_stay(arrival: tuple[EncounterEvent, ...]) -> None:
    encounter = folded(*arrival)
    assert encounter["status"] == "finished"
    assert encounter["period"] == {"start": "2026-03-01T09:00:00+00:00", "end": "2026-03-01T14:00:00+00:00"}
    assert wards(encounter) == ["ward A", "ward B"]
    assert encounter == folded(*STAY)


def test_each_ward_has_its_own_time() -> None:
    first, second = folded(*STAY)["location"]
    assert (first["status"], first["period"]["end"][11:16]) == ("completed", "10:30")
    assert (second["status"], second["period"]["start"][11:16]) == ("completed", "10:30")
    assert folded(*STAY[:2])["location"][1]["status"] == "active"


def test_at_the_same_time_the_sequence_decides() -> None:
    first, second = event("A02", 10, location=WARD_A), event("A02", 10, location=WARD_B)
    first.sequence, second.sequence = 7, 8
    assert wards(folded(second, first))[-1] == wards(folded(first, second))[-1] == "ward B"


# --- R10: cancels --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("triggers", "status", "start", "end", "flags"),
    [
        ("A01", "in-progress", "09:00", "", 0),
        ("A04", "in-progress", "09:00", "", 0),
        ("A05", "planned", "", "", 0),
        ("A14", "planned", "", "", 0),
        ("A01 A03", "finished", "09:00", "10:00", 0),
        ("A01 A03 A13", "in-progress", "09:00", "", 0),
        ("A01 A03 A13 A03", "finished", "09:00", "12:00", 0),
        ("A01 A11", "entered-in-error", "", "", 0),
        ("A01 A11 A01", "in-progress", "11:00", "", 0),
        ("A04 A11", "entered-in-error", "", "", 0),
        ("A05 A38", "cancelled", "", "", 0),
        ("A14 A27", "cancelled", "", "", 0),
        ("A05 A01 A11", "planned", "", "", 0),
        ("A11", "entered-in-error", "", "", 1),
        ("A13", "in-progress", "", "", 1),
        ("A01 A13", "in-progress", "09:00", "", 1),
        ("A01 A12", "in-progress", "09:00", "", 1),
        ("A01 A08 A03 A08", "finished", "09:00", "11:00", 0),
        ("A01 A16 A25", "in-progress", "09:00", "", 0),
        ("A08", "unknown", "", "", 0),
        ("A01 A08 A11", "entered-in-error", "", "", 0),
    ],
)
def test_cancels_take_back_what_they_cancel(triggers: str, status: str, start: str, end: str, flags: int) -> None:
    events = [event(trigger, hour) for hour, trigger in enumerate(triggers.split(), start=9)]
    encounter, found = fold(events)
    assert encounter is not None
    period = encounter.get("period", {})
    assert (encounter["status"], period.get("start", "")[11:16], period.get("end", "")[11:16]) == (status, start, end)
    assert found == ("nothing-to-cancel",) * flags
    for arrival in itertools.permutations(events):
        assert fold(arrival)[0] == encounter


def test_a_cancelled_move_leaves_the_patient_where_they_were() -> None:
    events = (*STAY[:2], event("A12", 11, location=WARD_A))
    assert wards(folded(*events)) == ["ward A"]


def test_a_cancel_with_the_time_of_what_it_cancels_comes_after_it() -> None:
    assert folded(event("A01", 9), event("A13", 14), event("A03", 14))["status"] == "in-progress"


def test_each_event_of_admission_discharge_and_its_cancel_adds_a_version() -> None:
    events = [event("A01", 9), event("A03", 14), event("A13", 15)]
    versions = [json.dumps(fold(events[: number + 1])[0], sort_keys=True) for number in range(3)]
    assert versions[0] != versions[1] != versions[2]  # each differs from the one before it, so R4 adds it


def test_no_events_are_no_stay() -> None:
    assert fold([])[0] is None


# --- R13: classes and updates --------------------------------------------------------------------------------------


def test_a_change_of_class_keeps_the_class_before() -> None:
    encounter = folded(event("A04", 9, **{"class": EMERGENCY}), event("A06", 12, **{"class": INPATIENT}))
    assert encounter["class"]["code"] == "IMP"
    assert [(one["class"]["code"], one["period"]["start"][11:16]) for one in encounter["classHistory"]] == [
        ("EMER", "09:00"),
        ("IMP", "12:00"),
    ]


def test_a_change_of_class_says_itself_which() -> None:
    assert folded(event("A04", 9, **{"class": EMERGENCY}), event("A06", 12))["class"]["code"] == "IMP"
    assert folded(event("A01", 9, **{"class": INPATIENT}), event("A07", 12))["class"]["code"] == "AMB"


def test_an_update_says_better_where_the_patient_is_and_moves_nobody() -> None:
    encounter = folded(STAY[0], event("A08", 11, location={"display": "ward A, bed 3"}))
    assert wards(encounter) == ["ward A, bed 3"]
    assert encounter["location"][0]["period"]["start"][11:16] == "09:00"


def test_an_update_corrects_the_discharge_and_never_opens_the_stay_again() -> None:
    encounter = folded(*STAY, event("A08", 16, end="2026-03-01T13:30:00+00:00"))
    assert (encounter["status"], encounter["period"]["end"][11:16]) == ("finished", "13:30")


def test_what_a_message_does_not_say_stays_and_what_it_removes_goes() -> None:
    first = event("A01", 9, serviceType={"text": "medicine"}, priority={"text": "urgent"})
    encounter = folded(first, event("A08", 10, serviceType=None))
    assert "serviceType" not in encounter
    assert encounter["priority"] == {"text": "urgent"}


def test_a_stay_known_from_updates_alone_stands_where_they_say() -> None:
    told = {"start": "2026-02-27T09:00:00+00:00"}
    assert folded(event("A08", 9, **told))["status"] == "in-progress"
    assert folded(event("A08", 9, **told, end="2026-02-28T10:00:00+00:00"))["status"] == "finished"


def test_an_event_survives_being_kept_as_json() -> None:
    kept = orjson.loads(orjson.dumps(STAY[0].to_json()))
    assert EncounterEvent.from_json(kept) == STAY[0]


# --- R3: the same message again ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seen", "id_unique", "outcome"),
    [
        (None, True, "accepted"),
        (None, False, "accepted"),
        (b"same", True, "duplicate"),
        (b"same", False, "duplicate"),
        (b"other", True, "id-reused"),
        (b"other", False, "accepted"),
    ],
)
def test_a_message_is_new_or_a_duplicate_or_bears_a_used_id(seen: bytes | None, id_unique: bool, outcome: str) -> None:
    assert message_outcome(seen, b"same", id_unique) == outcome


@pytest.mark.parametrize(("id_unique", "accepted"), [(True, 37), (False, 139)])
def test_of_the_published_messages_37_ids_are_different(reference: Path, id_unique: bool, accepted: int) -> None:
    seen: dict[str, bytes] = {}
    hashes: dict[tuple[str, bytes], None] = {}

    def run() -> list[str]:
        outcomes = []
        for path in corpus(reference):
            raw = path.read_bytes()
            id_, hash_ = split(raw).id, hashlib.sha256(raw).digest()
            known = hash_ if (id_, hash_) in hashes else seen.get(id_)
            outcomes.append(message_outcome(known, hash_, id_unique))
            if outcomes[-1] == "accepted":
                seen.setdefault(id_, hash_)
            hashes[id_, hash_] = None
        return outcomes

    assert run().count("accepted") == accepted
    assert run() == ["duplicate"] * 139
