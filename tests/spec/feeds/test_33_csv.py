"""A CSV delivery is read row by row; what is wrong with a row is set aside, and the rest goes on (rules: R15, T51)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.spec.feeds.extract_rows import ROWS, csv_of

from joinedup.errors import FileError
from joinedup.feeds import csv_files, mapping
from joinedup.feeds.sources import mapping_names
from joinedup.feeds.values import Batch, Source, resource_id, subject_id

VISITS = """
title = "Visits, for these tests"
delimiter = ","
patient = "patient"
event = "day"
[columns]
"visit" = { field = "visit", required = true }
"patient" = { field = "patient", required = true }
"day" = { field = "day", type = "date", format = "%d/%m/%Y" }
"reason" = { field = "reason" }
[[resource]]
type = "Patient"
id = "{patient}"
repeats = true
[resource.content]
identifier = [{ system = "https://joinedup.example/Id/{source_key}", value = "{patient}" }]
[[resource]]
type = "Encounter"
id = "{visit}"
[resource.content]
status = "finished"
class = { system = "http://terminology.hl7.org/CodeSystem/v3-ActCode", code = "AMB" }
subject = { reference = "Patient/{patient}" }
period = { start = "{day}" }
reasonCode = [{ text = "{reason}" }]
"""
HEADER = "visit,patient,day,reason"
SOURCE = Source("visits", "A charity", "A0001", "voluntary", "csv", "*.csv", "visits", is_simulated=True)


@pytest.fixture(autouse=True)
def visits(monkeypatch: pytest.MonkeyPatch) -> None:
    declare(monkeypatch, VISITS)


def declare(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    declared = mapping.parse_mapping(text, "visits")
    shipped = mapping.read_mapping
    monkeypatch.setattr(
        csv_files, "mapping_of", lambda source: declared if source.mapping == "visits" else shipped(source.mapping)
    )


def known(_code: str, _on: Any) -> bool:
    return True


def batches(path: Path, source: Source = SOURCE, **options: int) -> list[Batch]:
    return list(csv_files.read(path, source, is_known_organisation=known, **options))


def read(folder: Path, *rows: str | bytes, header: str = HEADER, source: Source = SOURCE, **options: int) -> Batch:
    """Answer what a file of this header and these rows gives, as one batch."""
    path = folder / "visits.csv"
    path.write_bytes(b"\n".join(row if isinstance(row, bytes) else row.encode() for row in (header, *rows)) + b"\n")
    return together(batches(path, source, **options))


def together(found: list[Batch]) -> Batch:
    whole = Batch(position=0)
    for batch in found:
        whole.position = batch.position
        whole.read += batch.read
        whole.resources += batch.resources
        whole.set_aside += batch.set_aside
        for word, count in batch.warnings.items():
            whole.warnings[word] = whole.warnings.get(word, 0) + count
    return whole


def visits_of(batch: Batch) -> list[str]:
    return [one.source_id for one in batch.resources if one.type == "Encounter"]


def reasons(batch: Batch) -> list[tuple[int, str, str]]:
    return [(one.position, one.reason, one.place) for one in batch.set_aside]


# --- rows


def test_a_row_is_the_same_resource_wherever_and_whenever_it_comes(tmp_path: Path) -> None:
    batch = read(tmp_path, "V1,P1,03/04/2026,Falls")
    patient, visit = batch.resources
    assert (batch.read, batch.position) == (1, 1)
    assert (patient.type, patient.id, patient.subject_id) == (
        "Patient", subject_id("visits", "P1"), subject_id("visits", "P1"),
    )  # fmt: skip
    assert (visit.id, visit.subject_id) == (resource_id("visits", "Encounter", "V1"), subject_id("visits", "P1"))
    assert visit.event_at is not None
    assert visit.event_at.isoformat() == "2026-04-02T23:00:00+00:00"  # the start of 3 April in London
    assert json.loads(visit.body) == visit.content
    assert visit.content["period"] == {"start": "2026-04-03"}


def test_a_patient_that_stands_in_many_rows_comes_once_and_again_when_it_changes(tmp_path: Path) -> None:
    rows = [f"V{number},P1,03/04/2026," for number in range(5)]
    assert [one.type for one in read(tmp_path, *rows).resources].count("Patient") == 1


def test_a_date_that_does_not_exist_sets_that_row_aside_alone(tmp_path: Path) -> None:
    """R15: `03/04/2026` is 3 April, `13/13/2026` is bad syntax."""
    batch = read(tmp_path, "V1,P1,03/04/2026,", "V2,P1,13/13/2026,", "V3,P1,04/04/2026,")
    assert visits_of(batch) == ["V1", "V3"]
    assert reasons(batch) == [(2, "bad-syntax", "day")]
    (aside,) = batch.set_aside
    assert aside.raw == f"{HEADER}\nV2,P1,13/13/2026,".encode()
    assert aside.message == "expected a date that exists, written as day/month/year"


@pytest.mark.parametrize(
    ("row", "reason", "place"),
    [
        ("V2,P1,03/04/2026", "bad-syntax", "row"),
        ("V2,P1,03/04/2026,a,b", "bad-syntax", "row"),
        ("V2,,03/04/2026,", "missing-required", "patient"),
        (b"V2,P1,03/04/2026,caf\xe9", "bad-encoding", "row"),
        (b"V2,P1,03/04/2026,a\x00b", "bad-syntax", "row"),
        ('V2,P1,03/04/2026,"never closed', "bad-syntax", "row"),
        ('V2,P1,03/04/2026,"a"b"', "bad-syntax", "row"),
        ("V2,P1,03/04/2126,", "future-date", "day"),
        ("V2,P1,03/04/2026," + "x" * 1_000_001, "too-large", "line"),
        ("V2,P1,03/04/2026,\x07", "bad-structure", "Encounter: "),
    ],
)
def test_each_fault_of_a_row_has_its_reason_and_the_rest_goes_on(
    tmp_path: Path, row: str | bytes, reason: str, place: str
) -> None:
    batch = read(tmp_path, "V1,P1,03/04/2026,", row, "V3,P1,03/04/2026,")
    assert visits_of(batch) == ["V1", "V3"]
    ((position, found, where),) = reasons(batch)
    assert (position, found) == (2, reason)
    assert where.startswith(place)
    assert batch.read == 3


def test_a_text_in_quotes_may_hold_delimiters_quotes_and_line_ends(tmp_path: Path) -> None:
    batch = read(tmp_path, 'V1,P1,03/04/2026,"one, two', '""three"""', 'V2,P1,03/04/2026,5" nail', "", "V3,P2,,")
    assert visits_of(batch) == ["V1", "V2", "V3"]
    said = [one.content["reasonCode"][0]["text"] for one in batch.resources if "reasonCode" in one.content]
    assert said == ['one, two\n"three"', '5" nail']
    assert [one.position for one in batch.resources if one.type == "Encounter"] == [1, 2, 3]


def test_a_quote_that_is_never_closed_does_not_swallow_the_rows_below_it(tmp_path: Path) -> None:
    rows = [f"V{number},P1,03/04/2026,ok" for number in range(1, 41)]
    rows[2] = 'V3,P1,03/04/2026,"open'
    rows[20] = 'V21,P1,03/04/2026,"two'
    rows.insert(21, 'lines"')
    batch = read(tmp_path, *rows)
    assert reasons(batch) == [(3, "bad-syntax", "row")]
    assert visits_of(batch) == [f"V{number}" for number in range(1, 41) if number != 3]


def test_windows_files_and_byte_order_marks_are_read(tmp_path: Path) -> None:
    path = tmp_path / "visits.csv"
    path.write_bytes(b"\xef\xbb\xbf" + f"{HEADER}\r\nV1,P1,03/04/2026,caf\u00e9\r\n".encode())
    (_, visit) = together(batches(path)).resources
    assert visit.content["reasonCode"] == [{"text": "caf\u00e9"}]
    path.write_bytes(f"{HEADER}\r\nV1,P1,03/04/2026,caf\u00e9\r\n".encode("windows-1252"))
    other = Source("visits", "A charity", "A0001", "voluntary", "csv", "*.csv", "visits", charset="windows-1252")
    (_, visit) = together(batches(path, other)).resources
    assert visit.content["reasonCode"] == [{"text": "caf\u00e9"}]


# --- whole files


@pytest.mark.parametrize(
    ("header", "says"),
    [
        ("visit,patient,day", "missing: 'reason'"),
        ("visit,patient,day,reson", r"missing: 'reason'; not in the mapping: 'reson'\. Did you mean 'reason'\?"),
        ("visit,patient,day,reason,extra", "not in the mapping: 'extra'"),
        ("visit,patient,day,reason,day", "twice: 'day'"),
        (",".join(f"c{number}" for number in range(501)), "too-large: expected at most 500 columns"),
    ],
)
def test_a_header_that_is_not_the_mappings_refuses_the_whole_file(tmp_path: Path, header: str, says: str) -> None:
    with pytest.raises(FileError, match=says) as refused:
        read(tmp_path, "V1,P1,03/04/2026,", header=header)
    assert refused.value.line == 1


def test_a_file_without_a_header_does_not_show_its_first_row_in_the_error(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="of its 4 columns 4 are missing") as refused:
        read(tmp_path, header="V1,Mrs Secret,03/04/2026,Falls")
    assert "Secret" not in str(refused.value)


def test_columns_may_stand_in_any_order(tmp_path: Path) -> None:
    assert visits_of(read(tmp_path, "Falls,03/04/2026,P1,V1", header="reason,day,patient,visit")) == ["V1"]


def test_an_empty_file_and_a_header_alone_are_told_apart(tmp_path: Path) -> None:
    assert read(tmp_path).read == 0
    (tmp_path / "visits.csv").write_bytes(b"")
    with pytest.raises(FileError, match="the file is empty"):
        batches(tmp_path / "visits.csv")


def many(bad: int, rows: int = 100) -> list[str]:
    return [f"V{number},P{number},{'13/13/2026' if number < bad else '03/04/2026'}," for number in range(rows)]


def test_a_file_with_more_than_a_tenth_of_bad_rows_is_held_before_anything_is_taken(tmp_path: Path) -> None:
    assert len(read(tmp_path, *many(10)).set_aside) == 10
    with pytest.raises(FileError, match="held: 11 of 100 rows are bad, more than 10 in 100: 11 bad-syntax in day"):
        next(iter(csv_files.read(write(tmp_path, many(11)), SOURCE, is_known_organisation=known)))


def test_one_bad_row_of_a_few_is_no_reason_to_hold_the_others(tmp_path: Path) -> None:
    assert visits_of(read(tmp_path, *many(1, 2))) == ["V1"]


def write(folder: Path, rows: list[str]) -> Path:
    path = folder / "visits.csv"
    path.write_text("\n".join((HEADER, *rows)))
    return path


def test_a_trailer_must_count_the_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """R15: the trailer says 500, the file has 499: missing-required, nothing applied."""
    declare(monkeypatch, VISITS.replace("[columns]", 'trailer = { starts = "END", count = 2 }\n[columns]'))
    rows = many(0, 499)
    with pytest.raises(FileError, match="missing-required: the trailer says 500 rows, the file has 499"):
        read(tmp_path, *rows, "END,500,,")
    with pytest.raises(FileError, match="missing-required: expected a last row that begins with 'END'"):
        read(tmp_path, *rows)
    with pytest.raises(FileError, match="missing-required: expected a last row"):
        read(tmp_path, "END,499,,", *rows)
    assert len(visits_of(read(tmp_path, *rows, "END,499,,"))) == 499


def test_utf_16_is_told_at_once(tmp_path: Path) -> None:
    path = tmp_path / "visits.csv"
    path.write_bytes(f"{HEADER}\nV1,P1,,".encode("utf-16"))
    with pytest.raises(FileError, match="found UTF-16"):
        batches(path)


# --- going on, and several processes


def test_every_row_belongs_to_one_shard_and_a_patient_to_one(tmp_path: Path) -> None:
    rows = [
        f"V{number},P{number % 37},03/04/2026,{'a' if number % 3 else chr(34) + 'b' + chr(34)}" for number in range(400)
    ]
    whole = read(tmp_path, *rows)
    parts = [read(tmp_path, *rows, shard=shard, shards=3) for shard in range(3)]
    assert sum(part.read for part in parts) == whole.read == 400
    assert sorted(visit for part in parts for visit in visits_of(part)) == sorted(visits_of(whole))
    patients = [{one.subject_id for one in part.resources} for part in parts]
    assert not (patients[0] & patients[1])
    assert not (patients[1] & patients[2])
    assert not (patients[0] & patients[2])
    assert all(patients)


@pytest.mark.parametrize("shards", [1, 2])
def test_reading_goes_on_after_the_last_committed_row(tmp_path: Path, shards: int) -> None:
    path = write(tmp_path, [f"V{number},P{number % 7},03/04/2026," for number in range(2500)])
    for shard in range(shards):
        found = batches(path, shard=shard, shards=shards)
        assert len(found) > 1
        rest = batches(path, shard=shard, shards=shards, after=found[0].position)
        assert visits_of(together(rest)) == visits_of(together(found[1:]))
        assert rest[-1].position == found[-1].position


def test_what_was_set_aside_is_read_again_by_itself(tmp_path: Path) -> None:
    (aside,) = read(tmp_path, "V1,P1,03/04/2026,", 'V2,P1,13/13/2026,"a', 'b"').set_aside
    mended = aside.raw.replace(b"13/13/2026", b"13/12/2025")
    (again,) = csv_files.read_again(mended, SOURCE, is_known_organisation=known)
    assert visits_of(again) == ["V2"]
    assert again.resources[1].content["reasonCode"] == [{"text": "a\nb"}]
    (still,) = csv_files.read_again(aside.raw, SOURCE, is_known_organisation=known)
    assert reasons(still) == [(1, "bad-syntax", "day")]


# --- the shipped extracts


def of(batch: Batch, type_: str) -> Iterator[dict[str, Any]]:
    return (one.content for one in batch.resources if one.type == type_)


def extension(content: dict[str, Any], name: str) -> Any:
    url = f"https://joinedup.example/Extension/{name}"
    (found,) = [one for one in content["extension"] if one["url"] == url]
    (value,) = [value for key, value in found.items() if key.startswith("value")]
    return value


def extract(folder: Path, name: str, **changes: str) -> Batch:
    path = folder / f"{name}.csv"
    path.write_bytes(csv_of(name, [ROWS[name] | changes]))
    source = Source(f"x-{name}", "x", "RWH", "acute", "csv", "*.csv", name, is_simulated=True)
    batch = together(batches(path, source))
    assert batch.set_aside == []
    return batch


@pytest.mark.parametrize(
    ("name", "types"),
    [
        ("sus-apc", ["Patient", "Encounter", "Encounter", "Condition", "Condition", "Procedure"]),
        ("sus-op", ["Patient", "Appointment", "Encounter", "Condition", "Procedure"]),
        ("ecds", ["Patient", "Encounter", "Condition"]),
        ("wlmds", ["Patient", "ServiceRequest"]),
        ("mhsds", ["Patient", "ServiceRequest", "EpisodeOfCare", "Encounter", "Condition"]),
        ("csds", ["Patient", "ServiceRequest", "EpisodeOfCare", "Encounter"]),
        ("asc-cld", ["Patient", "Observation", "Observation", "Observation", "EpisodeOfCare"]),
        ("voluntary", ["Patient", "Consent", "EpisodeOfCare", "Encounter", "Observation"]),
        ("register", ["Patient", "Observation"]),
    ],
)
def test_each_extract_gives_sound_resources(tmp_path: Path, name: str, types: list[str]) -> None:
    batch = extract(tmp_path, name)
    assert [one.type for one in batch.resources] == types
    (patient,) = of(batch, "Patient")
    number = next(one for one in patient["identifier"] if one["system"] == "https://fhir.nhs.uk/Id/nhs-number")
    assert number["value"] == "9990000018"
    assert patient["birthDate"] == "1950-02-03"
    assert len({one.subject_id for one in batch.resources}) == 1
    assert set(batch.warnings) <= {"no-verification-status"}


def test_every_shipped_mapping_is_among_them() -> None:
    assert sorted(ROWS) == mapping_names()


def test_an_episode_keeps_what_money_and_population_ask_for(tmp_path: Path) -> None:
    stay, episode = of(extract(tmp_path, "sus-apc"), "Encounter")
    assert episode["partOf"] == {"reference": "Encounter/S100"}
    assert stay["id"] == "S100"
    assert stay["length"]["value"] == 3
    assert extension(episode, "hrg")["code"] == extension(stay, "hrg-spell")["code"] == "EB03D"
    assert extension(episode, "tariff") == {"value": 2412.0, "currency": "GBP"}
    assert extension(episode, "final-price") == {"value": 2559.61, "currency": "GBP"}
    assert extension(episode, "market-forces-factor") == 1.0612
    assert extension(episode, "treatment-function")["coding"][0]["code"] == "300"
    assert extension(episode, "commissioner")["value"] == "06K"
    assert stay["period"] == {"start": "2026-04-03T14:05:00+01:00", "end": "2026-04-06T11:30:00+01:00"}


def test_a_row_that_deletes_withdraws_what_it_gave(tmp_path: Path) -> None:
    batch = extract(tmp_path, "sus-apc", **{"CDS UPDATE TYPE": "1"})
    assert [one["status"] for one in of(batch, "Encounter")] == ["entered-in-error", "entered-in-error"]
    assert {one["verificationStatus"]["coding"][0]["code"] for one in of(batch, "Condition")} == {"entered-in-error"}
    assert [one["status"] for one in of(batch, "Procedure")] == ["entered-in-error"]


@pytest.mark.parametrize(
    ("attended", "status", "seen"),
    [("5", "fulfilled", 1), ("6", "fulfilled", 1), ("3", "noshow", 0), ("2", "cancelled", 0), ("0", "booked", 0)],
)
def test_an_appointment_is_an_encounter_only_when_it_was_attended(
    tmp_path: Path, attended: str, status: str, seen: int
) -> None:
    batch = extract(tmp_path, "sus-op", **{"ATTENDED OR DID NOT ATTEND CODE": attended})
    (appointment,) = of(batch, "Appointment")
    assert appointment["status"] == status
    assert len(list(of(batch, "Encounter"))) == seen
    assert extension(appointment, "rtt-start") == "2026-01-05"


def test_an_appointment_may_be_in_the_future(tmp_path: Path) -> None:
    changes = {"ATTENDED OR DID NOT ATTEND CODE": "0", "APPOINTMENT DATE": "2099-01-05"}
    (appointment,) = of(extract(tmp_path, "sus-op", **changes), "Appointment")
    assert appointment["start"] == "2099-01-05T09:40:00+00:00"


def test_the_clocks_of_an_emergency_attendance_are_kept(tmp_path: Path) -> None:
    (visit,) = of(extract(tmp_path, "ecds"), "Encounter")
    assert visit["period"] == {"start": "2026-04-03T11:00:00+01:00", "end": "2026-04-03T14:01:00+01:00"}
    assert extension(visit, "initial-assessment") == "2026-04-03T11:12:00+01:00"
    assert visit["priority"]["text"] == "Very urgent"


def test_a_wait_is_one_request_whatever_the_week(tmp_path: Path) -> None:
    first, later = (extract(tmp_path, "wlmds", WEEK_ENDING_DATE=week) for week in ("2026-05-03", "2026-05-10"))
    assert [one.content for one in first.resources] == [one.content for one in later.resources]
    assert first.resources[1].event_at != later.resources[1].event_at
    (wait,) = of(first, "ServiceRequest")
    assert (wait["status"], wait["priority"]) == ("active", "urgent")
    assert extension(wait, "procedure-priority")["coding"][0]["code"] == "P3"
    removed = {"WAITING_LIST_REMOVAL_DATE": "2026-05-08", "WAITING_LIST_REMOVAL_REASON": "TREATED"}
    (wait,) = of(extract(tmp_path, "wlmds", **removed), "ServiceRequest")
    assert wait["status"] == "completed"


def test_a_referral_without_a_contact_is_a_row_too(tmp_path: Path) -> None:
    nothing = dict.fromkeys(("CareContactId", "CareContDate", "CareContTime", "AttendStatus", "PrimDiag"), "")
    batch = extract(tmp_path, "mhsds", **nothing)
    assert [one.type for one in batch.resources] == ["Patient", "ServiceRequest", "EpisodeOfCare"]
    assert [one["status"] for one in of(extract(tmp_path, "csds"), "EpisodeOfCare")] == ["finished"]


def test_who_did_not_consent_to_share_is_kept_with_the_refusal(tmp_path: Path) -> None:
    (refusal,) = of(extract(tmp_path, "voluntary"), "Consent")
    assert refusal["provision"] == {"type": "deny"}
    (consent,) = of(extract(tmp_path, "voluntary", consent_to_share="Y"), "Consent")
    assert consent["provision"] == {"type": "permit"}


def test_a_number_of_the_test_range_needs_a_simulated_source(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(csv_of("ecds", [ROWS["ecds"]]))
    (batch,) = batches(path, Source("x-ecds", "x", "RWH", "acute", "csv", "*.csv", "ecds"))
    assert [one.reason for one in batch.set_aside] == ["synthetic"]
