"""FHIR files: lines and Bundles become resources under our ids, in the sender's own bytes (R4, R16, R31)."""

from __future__ import annotations

import gzip
import uuid
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest
import zstandard

from joinedup.feeds import limits
from joinedup.feeds.fhir_files import read
from joinedup.feeds.values import NAMESPACE, Batch, Resource, SetAside, Source, nobody, resource_id, subject_id

PRACTICE = Source("gp-7", "Demo practice", "E82001", "gp", "fhir", is_simulated=True)
RECEIVED = datetime(2026, 3, 10, 12, tzinfo=UTC)
GP_7_PATIENT_123 = uuid.UUID("2e9195cf-27e3-520c-bb59-eb9a5dd77eb1")


def batches(path: Path, **how: Any) -> list[Batch]:
    return list(read(path, PRACTICE, is_known_organisation=lambda code, day: True, received_at=RECEIVED, **how))


def taken(path: Path, **how: Any) -> list[Resource]:
    found = batches(path, **how)
    assert [one for batch in found for one in batch.set_aside] == []
    return [one for batch in found for one in batch.resources]


def put_aside(path: Path) -> list[SetAside]:
    return [one for batch in batches(path) for one in batch.set_aside]


def written(folder: Path, items: Iterable[Mapping[str, Any] | bytes], name: str = "a.ndjson") -> Path:
    lines = [one if isinstance(one, bytes) else orjson.dumps(one) for one in items]
    (folder / name).write_bytes(b"".join(line + b"\n" for line in lines))
    return folder / name


def patient(id_: str = "123", **elements: Any) -> dict[str, Any]:
    return {"resourceType": "Patient", "id": id_, **elements}


def pulse(id_: str = "o1", whose: str = "Patient/123", **elements: Any) -> dict[str, Any]:
    told = {"status": "final", "code": {"text": "Pulse"}, "subject": {"reference": whose}}
    return {"resourceType": "Observation", "id": id_, **told, **elements}


def bundle(kind: str, *entries: Mapping[str, Any], **elements: Any) -> dict[str, Any]:
    return {"resourceType": "Bundle", "type": kind, **({"entry": list(entries)} if entries else {}), **elements}


def entry(resource: Mapping[str, Any], full: str = "", method: str = "", url: str = "") -> dict[str, Any]:
    told: dict[str, Any] = {"resource": resource}
    if full:
        told["fullUrl"] = full
    if method:
        told["request"] = {"method": method, "url": url}
    return told


def test_ids_are_the_same_on_every_machine_and_those_of_two_sources_differ() -> None:
    assert uuid.UUID("6a7f2b0c-d52b-5366-8025-1babec95b454") == NAMESPACE
    assert resource_id("acute-1", "Patient", "123") == uuid.UUID("8bd9435d-a54f-598f-9b68-593c3de4c2ef")
    assert resource_id("gp-7", "Patient", "123") == GP_7_PATIENT_123


def test_lines_of_any_types_in_any_order_are_resources_of_their_patients(tmp_path: Path) -> None:
    told = "2026-03-01T10:00:00.5+01:00"
    lines = [pulse(), {"resourceType": "Organization", "id": "x", "name": "A"}, patient(meta={"lastUpdated": told})]
    observation, organisation, person = taken(written(tmp_path, lines))
    assert person.id == person.subject_id == GP_7_PATIENT_123
    assert (observation.type, observation.source_id) == ("Observation", "o1")
    assert observation.id == resource_id("gp-7", "Observation", "o1")
    assert observation.subject_id == GP_7_PATIENT_123
    assert organisation.subject_id == nobody("gp-7")
    assert [one.position for one in (observation, organisation, person)] == [1, 2, 3]
    assert (observation.event_at, person.event_at) == (None, datetime(2026, 3, 1, 9, 0, 0, 500_000, UTC))
    assert person.warnings == ("no-nhs-number",)


@pytest.mark.parametrize("told", ["0001-01-01T00:00:00+14:00", "0001-01-01T00:00:00.1+00:01"])
def test_a_time_before_all_time_orders_nothing(tmp_path: Path, told: str) -> None:
    """The database would keep it as a year before Christ, which no program can read back."""
    (person,) = taken(written(tmp_path, [patient(meta={"lastUpdated": told})]))
    assert person.event_at is None


def test_what_is_kept_are_the_bytes_that_came(tmp_path: Path) -> None:
    line = b'{"resourceType" : "Observation", "id":"1","status":"final","code":{"text":"caf\\u00e9 \xc3\xa9 \\/"},'
    line += b'"subject":{"reference":"Patient/123"},"valueQuantity":{"value":1.50},'
    line += b'"referenceRange":[{"low":{"value":1.0e2}}]}'
    (one,) = taken(written(tmp_path, [b" " + line + b" \r"]))
    assert one.body == line


@pytest.mark.parametrize("pack", [bytes, gzip.compress, zstandard.compress])
@pytest.mark.parametrize("start", [b"", b"\xef\xbb\xbf"])
def test_the_packing_and_a_byte_order_mark_change_nothing(tmp_path: Path, pack: Any, start: bytes) -> None:
    file = tmp_path / "a.ndjson"
    file.write_bytes(pack(start + orjson.dumps(patient()) + b"\n\n" + orjson.dumps(pulse())))
    assert [one.position for one in taken(file)] == [1, 2]
    assert batches(file)[-1].bytes_read == file.stat().st_size


@pytest.mark.parametrize("name", ["a.json", "a", "a.ndjson"])
def test_a_file_may_be_one_document_over_many_lines_or_documents_a_line(tmp_path: Path, name: str) -> None:
    both = bundle("collection", entry(patient()), entry(pulse()))
    one_line = written(tmp_path, [both], name)
    assert len(taken(one_line)) == 2
    two_lines = written(tmp_path, [patient(), pulse()], name)
    assert len(taken(two_lines)) == 2
    if name != "a.ndjson":
        spread = written(tmp_path, [orjson.dumps(both, option=orjson.OPT_INDENT_2)], name)
        assert [one.position for one in taken(spread)] == [1, 1]


def test_a_broken_first_line_does_not_make_a_file_of_lines_one_document(tmp_path: Path) -> None:
    found = batches(written(tmp_path, [b'{"resourceType":', patient(), pulse()], "extract.json"))
    assert [(one.position, one.reason) for batch in found for one in batch.set_aside] == [(1, "bad-syntax")]
    assert [one.position for batch in found for one in batch.resources] == [2, 3]


@pytest.mark.parametrize(
    ("element", "reference", "whose"),
    [
        ("subject", "Patient/123", "123"),
        ("subject", "Patient/123/_history/4", "123"),
        ("subject", "https://pas.example/fhir/Patient/123", "123"),
        ("subject", "https://pas.example/fhir/Patient/123/_history/4", "123"),
        ("subject", "#stay", "77"),
        ("subject", "Group/1", None),
        ("subject", "Location/1", None),
    ],
)
def test_whose_a_resource_is(tmp_path: Path, element: str, reference: str, whose: str | None) -> None:
    stay = {"resourceType": "Encounter", "id": "stay", "status": "finished", "class": {"code": "AMB"}}
    contained = [{**stay, "subject": {"reference": "Patient/77"}}] if reference == "#stay" else None
    line = {key: value for key, value in pulse(whose=reference).items() if value is not None}
    if contained:
        # R4 lets an Observation be about no Encounter; the Basic may be about anything.
        line = {
            "resourceType": "Basic",
            "id": "b",
            "code": {"text": "x"},
            "subject": {"reference": "#stay"},
            "contained": contained,
        }
    (one,) = taken(written(tmp_path, [line]))
    assert one.subject_id == (subject_id("gp-7", whose) if whose else nobody("gp-7"))


@pytest.mark.parametrize(
    "line",
    [
        {"resourceType": "AllergyIntolerance", "patient": {"reference": "Patient/123"}},
        {"resourceType": "Task", "status": "draft", "intent": "order", "for": {"reference": "Patient/123"}},
        {"resourceType": "Coverage", "status": "active", "payor": [{"display": "x"}], "beneficiary": {"reference": "Patient/123"}},  # noqa: E501
        {"resourceType": "Account", "status": "active", "subject": [{"reference": "Patient/123"}]},
        {"resourceType": "Provenance", "recorded": "2026-03-01T09:00:00Z", "agent": [{"who": {"display": "x"}}],
         "target": [{"reference": "Observation/1"}, {"reference": "Patient/123"}]},
        {"resourceType": "Appointment", "status": "booked", "participant": [
            {"status": "accepted", "actor": {"reference": "Practitioner/9"}},
            {"status": "accepted", "actor": {"reference": "Patient/123"}}]},
    ],
)  # fmt: skip
def test_each_type_says_its_patient_in_its_own_way(tmp_path: Path, line: dict[str, Any]) -> None:
    (one,) = taken(written(tmp_path, [{"id": "1", **line}]))
    assert one.subject_id == GP_7_PATIENT_123


@pytest.mark.parametrize(
    ("line", "reason", "place"),
    [
        (b"{nonsense", "bad-syntax", "character 2"),
        (b'{"resourceType":"Patient","id":"\xe9"}', "bad-encoding", ""),
        (b"[" * 100_000, "too-large", ""),
        (b"[]", "bad-structure", ""),
        (b'{"resourceType":5}', "bad-structure", ""),
        ({"resourceType": "Wizard", "id": "1"}, "unknown-type", ""),
        ({"resourceType": "ValueSet", "id": "1", "status": "draft"}, "unknown-type", "ValueSet"),
        ({"resourceType": "Patient"}, "missing-required", "Patient.id"),
        (patient("under_score"), "bad-structure", "Patient.id"),
        (patient("x" * 65), "bad-structure", "Patient.id"),
        ({k: v for k, v in pulse().items() if k != "subject"}, "missing-required", "Observation"),
        (pulse(subject={"display": "somebody"}), "missing-required", "Observation"),
        (pulse(whose="urn:uuid:0b7f2b0c-d52b-5366-8025-1babec95b454"), "unknown-subject", "Observation"),
        (pulse(whose="Patient?identifier=x|1"), "unknown-subject", "Observation"),
        (pulse(subject={"identifier": {"value": "1"}}), "unknown-subject", "Observation"),
        (pulse(whose="#p", contained=[{"resourceType": "Patient", "id": "p"}]), "unknown-subject", "Observation"),
        ({"resourceType": "Appointment", "id": "1", "status": "booked",
          "participant": [{"status": "accepted", "actor": {"display": "somebody"}}]},
         "missing-required", "Appointment"),
        ({"resourceType": "Binary", "id": "1", "contentType": "text/plain"}, "missing-required", "Binary"),
        (bundle("searchset", entry(patient())), "unknown-type", "Bundle.type"),
        (bundle("history"), "unknown-type", "Bundle.type"),
        (bundle("message", entry(patient())), "bad-structure", "Bundle.entry[0]"),
        (bundle("document"), "bad-structure", "Bundle.entry[0]"),
        (bundle("transaction", {"request": {"method": "DELETE", "url": "Patient/1"}}), "unknown-type",
         "Bundle.entry[0].request.method"),
        (bundle("batch", entry({"resourceType": "Patient"})), "missing-required", "Bundle.entry[0].resource.id"),
        (bundle("batch", entry(patient(), "urn:uuid:1"), entry(patient("2"), "urn:uuid:1")), "bad-structure",
         "Bundle.entry[1].fullUrl"),
        (bundle("collection", entry(patient()), entry(pulse(status="odd"))), "bad-code",
         "Bundle.entry[1].resource.status"),
        (bundle("collection", entry(patient()), entry(pulse(code=1))), "bad-structure",
         "Bundle.entry[1].resource.code"),
        (bundle("collection", entry({"resourceType": "AuditEvent", "id": "1"})), "missing-required",
         "Bundle.entry[0].resource.type"),
    ],
)  # fmt: skip
def test_what_is_set_aside_is_kept_whole_with_the_reason_and_the_place(
    tmp_path: Path, line: dict[str, Any] | bytes, reason: str, place: str
) -> None:
    file = written(tmp_path, [patient(), line, pulse()])
    (aside,) = put_aside(file)
    assert (aside.position, aside.reason, aside.place) == (2, reason, place)
    assert aside.raw == (line if isinstance(line, bytes) else orjson.dumps(line))
    assert [one.position for batch in batches(file) for one in batch.resources] == [1, 3]


def test_a_transaction_of_urns_becomes_references_that_lead_and_nothing_else_changes(tmp_path: Path) -> None:
    person, visit = "urn:uuid:11111111-aaaa-4bbb-8ccc-000000000001", "urn:uuid:11111111-aaaa-4bbb-8ccc-000000000002"
    raw = (
        b'{"resourceType":"Bundle", "type":"transaction","entry":[\n'
        b' {"fullUrl":"%s","resource":{"resourceType":"Patient","multipleBirthInteger":2, "birthDate":"1970-01-01"},'
        b'"request":{"method":"POST","url":"Patient"}},\n'
        b' {"fullUrl":"%s","resource": {"id":"v9","resourceType":"Encounter","status":"finished",'
        b'"class":{"code":"\\u0041MB"},"subject":{"display":"Z\xc3\xb6e","reference" : "%s"}},'
        b'"request":{"method":"POST","url":"Encounter"}},\n'
        b' {"resource":{"resourceType":"Observation","id":"o","status":"final","code":{"text":"%s"},'
        b'"subject":{"reference":"%s"},"encounter":{"reference":"%s"},"valueQuantity":{"value":1.50}},'
        b'"request":{"method":"PUT","url":"Observation/o"}} ] }'
    ) % tuple(one.encode() for one in (person, visit, person, person, person, visit))
    patient_, encounter, observation = taken(written(tmp_path, [raw], "a.json"))
    id_ = "11111111-aaaa-4bbb-8ccc-000000000001"
    assert patient_.source_id == id_
    assert patient_.body == (
        b'{"id":"%s","resourceType":"Patient","multipleBirthInteger":2, "birthDate":"1970-01-01"}' % id_.encode()
    )
    assert encounter.source_id == "v9"
    assert encounter.body == (
        b'{"id":"v9","resourceType":"Encounter","status":"finished","class":{"code":"\\u0041MB"},'
        b'"subject":{"display":"Z\xc3\xb6e","reference" : "Patient/%s"}}' % id_.encode()
    )
    # A text that looks like the reference is no reference, and 1.50 keeps its digits.
    assert observation.body == (
        b'{"resourceType":"Observation","id":"o","status":"final","code":{"text":"%s"},'
        b'"subject":{"reference":"Patient/%s"},"encounter":{"reference":"Encounter/v9"},"valueQuantity":{"value":1.50}}'
        % (person.encode(), id_.encode())
    )
    assert observation.content == orjson.loads(observation.body)
    assert {one.subject_id for one in (patient_, encounter, observation)} == {subject_id("gp-7", id_)}
    assert {one.position for one in (patient_, encounter, observation)} == {1}


def test_searches_in_place_of_ids_lead_to_what_stands_in_the_bundle(tmp_path: Path) -> None:
    system = "https://joinedup.example/Id/gp-7"
    person = {"resourceType": "Patient", "identifier": [{"system": system, "value": "P 1"}]}
    put = entry(person, "urn:uuid:1", "PUT", f"Patient?identifier={system}|P%201")
    sent = bundle(
        "transaction", put, entry(pulse(whose=f"Patient?identifier={system}|P%201"), "", "POST", "Observation")
    )
    patient_, observation = taken(written(tmp_path, [sent]))
    again = taken(written(tmp_path, [{**sent, "entry": [{**put, "fullUrl": "urn:uuid:2"}]}]))[0]
    assert again.source_id == patient_.source_id
    assert observation.content["subject"] == {"reference": f"Patient/{patient_.source_id}"}
    assert observation.subject_id == patient_.id


def test_absolute_urls_of_the_bundle_lead_and_those_of_elsewhere_stay(tmp_path: Path) -> None:
    full, elsewhere = "https://pas.example/fhir/Patient/123", "https://other.example/fhir/Practitioner/1"
    sent = bundle("collection", entry(patient(), full), entry(pulse(whose=full, performer=[{"reference": elsewhere}])))
    _, observation = taken(written(tmp_path, [sent]))
    assert observation.content["subject"]["reference"] == "Patient/123"
    assert observation.content["performer"][0]["reference"] == elsewhere


def test_a_document_has_the_id_of_its_identifier_so_that_its_next_version_is_the_same(tmp_path: Path) -> None:
    def letter(version: str, title: str) -> dict[str, Any]:
        composition = {
            "resourceType": "Composition", "id": version, "status": "final", "type": {"text": "x"}, "title": title,
            "date": "2026-03-01", "author": [{"display": "x"}], "subject": {"reference": "urn:uuid:p"},
        }  # fmt: skip
        page = {"resourceType": "Binary", "contentType": "application/pdf", "data": "aGk="}
        document = {
            "resourceType": "DocumentReference", "id": "d", "status": "current", "subject": {"reference": "urn:uuid:p"},
            "content": [{"attachment": {"url": "urn:uuid:b"}}],
        }  # fmt: skip
        return bundle(
            "document", entry(composition, f"urn:uuid:{version}"), entry(patient(), "urn:uuid:p"),
            entry(page, "urn:uuid:b"), entry(document, "urn:uuid:d"),
            identifier={"system": "urn:x", "value": "letter-1"}, timestamp="2026-03-01T09:00:00Z",
        )  # fmt: skip

    composition, _, page, document = taken(written(tmp_path, [letter("c1", "First")]))
    corrected = taken(written(tmp_path, [letter("c2", "Corrected")]))[0]
    assert composition.source_id == corrected.source_id == composition.content["id"] == "letter-1"
    assert composition.id == corrected.id
    # The pages of a letter are the patient's, not nobody's, though a Binary cannot say so itself.
    assert document.content["content"][0]["attachment"]["url"] == "Binary/b"
    assert page.subject_id == GP_7_PATIENT_123


def test_a_message_begins_with_its_header(tmp_path: Path) -> None:
    header = {"resourceType": "MessageHeader", "id": "m", "eventCoding": {"code": "x"}, "source": {"endpoint": "urn:x"}}
    first, second = taken(written(tmp_path, [bundle("message", entry(header), entry(patient()))]))
    assert (first.subject_id, second.subject_id) == (nobody("gp-7"), GP_7_PATIENT_123)


def test_every_item_belongs_to_one_shard_and_all_of_a_patient_to_the_same(tmp_path: Path) -> None:
    people = [f"p{number}" for number in range(40)]
    lines: list[dict[str, Any]] = [patient(id_) for id_ in people]
    lines += [pulse(f"o{n}-{id_}", f"Patient/{id_}") for n in range(5) for id_ in people]
    lines += [bundle("collection", entry(patient(id_)), entry(pulse(f"b-{id_}", f"Patient/{id_}"))) for id_ in people]
    lines += [
        {"subject": {"reference": f"Patient/{id_}"}, **pulse(f"c-{id_}")}
        | {"id": f"c-{id_}", "subject": {"display": "x", "reference": f"Patient/{id_}"}}
        for id_ in people
    ]
    lines += [{"resourceType": "Organization", "id": f"org{n}", "name": "x"} for n in range(40)]
    file = written(tmp_path, lines)
    whole = {(one.position, one.source_id) for one in taken(file)}
    shards = [taken(file, shard=shard, shards=3) for shard in range(3)]
    assert sorted((one.position, one.source_id) for part in shards for one in part) == sorted(whole)
    subjects = [{one.subject_id for one in part} - {nobody("gp-7")} for part in shards]
    assert all(20 > len(part) > 5 for part in subjects)
    assert sum(map(len, subjects)) == len(people)


def test_reading_goes_on_after_what_is_kept(tmp_path: Path) -> None:
    file = written(tmp_path, [patient(f"p{number}") for number in range(5_200)])
    assert [(batch.position, batch.read) for batch in batches(file)] == [(2500, 2500), (5000, 2500), (5200, 200)]
    assert [one.position for one in taken(file, after=5_100)] == list(range(5_101, 5_201))
    assert batches(file, after=5_200) == []


def test_one_bad_row_among_many_costs_only_itself(tmp_path: Path) -> None:
    lines = [patient(f"p{number}") for number in range(20_000)]
    lines[13_131] = patient("p13131", gender="?")
    found = batches(written(tmp_path, lines))
    assert sum(len(batch.resources) for batch in found) == 19_999
    assert [(one.position, one.reason) for batch in found for one in batch.set_aside] == [(13_132, "bad-code")]
    assert found[-1].warnings == {"no-nhs-number": 2500}


def test_limits_of_lines_and_bundles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "RESOURCE_BYTES", 2_000)
    monkeypatch.setattr(limits, "BUNDLE_BYTES", 6_000)
    monkeypatch.setattr(limits, "BUNDLE_ENTRIES", 3)
    long = patient(name=[{"text": "x" * 2_000}])
    pulses = [entry(pulse(f"{n}", text={"status": "generated", "div": "x" * 1500})) for n in range(3)]
    lines = [
        patient(),
        long,
        bundle("collection", *pulses),
        bundle("collection", entry(long)),
        bundle("collection", *[entry(patient(f"{n}")) for n in range(4)]),
        bundle("collection", entry(patient(name=[{"text": "x" * 7_000}]))),
        patient("last"),
    ]
    found = batches(written(tmp_path, lines))
    assert [one.position for batch in found for one in batch.resources] == [1, 3, 3, 3, 7]
    assert [(one.position, one.reason) for batch in found for one in batch.set_aside] == [
        (position, "too-large") for position in (2, 4, 5, 6)
    ]
