"""A hospital's discharge summary: a FHIR R4 document to the practice, under the headings of the PRSB."""

from __future__ import annotations

import json
from typing import Any

import fhirkit
import pytest

from joinedup.simulation import letters
from joinedup.simulation.world import Admission, Stay
from joinedup.simulation.writing import Out

from .drawn_hospital import little_block, little_world, written


def documents(out: Out) -> list[dict[str, Any]]:
    """The Bundles of all files, in order."""
    return [json.loads(line) for _, parts in sorted(out.files.items()) for line in parts]


@pytest.fixture(scope="module")
def summary() -> dict[str, Any]:
    (document,) = documents(written(letters))
    return document


def resources(bundle: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    return [entry["resource"] for entry in bundle["entry"] if entry["resource"]["resourceType"] == kind]


def test_the_document_is_valid_r4_and_so_is_each_of_its_resources(summary: dict[str, Any]) -> None:
    for one in (summary, *(entry["resource"] for entry in summary["entry"])):
        faults = [issue for issue in fhirkit.validate(json.dumps(one).encode()) if issue.severity == "error"]
        assert faults == [], one["resourceType"]


def test_the_composition_comes_first_and_names_only_what_is_in_the_document(summary: dict[str, Any]) -> None:
    assert summary["type"] == "document"
    assert summary["entry"][0]["resource"]["resourceType"] == "Composition"
    held = {f"{entry['resource']['resourceType']}/{entry['resource']['id']}" for entry in summary["entry"]}
    named: set[str] = set()

    def walk(value: Any) -> None:
        if isinstance(value, dict):
            if isinstance(value.get("reference"), str):
                named.add(value["reference"])
            for part in value.values():
                walk(part)
        elif isinstance(value, list):
            for part in value:
                walk(part)

    walk(summary)
    assert named <= held
    assert "Patient/H000001" in named
    assert all(entry["fullUrl"].startswith("https://letters.rwh.example/fhir/") for entry in summary["entry"])


def test_the_sections_stand_under_the_headings_of_the_standard(summary: dict[str, Any]) -> None:
    (composition,) = resources(summary, "Composition")
    assert [section["code"]["coding"][0]["code"] for section in composition["section"]] == [
        "admission-details",
        "discharge-details",
        "diagnoses",
        "procedures",
        "clinical-summary",
        "allergies-and-adverse-reaction",
        "medications-and-medical-devices",
        "plan-and-requested-actions",
        "information-and-advice-given",
        "person-completing-record",
        "distribution-list",
    ]
    assert composition["type"]["coding"][0]["code"] == "373942005"
    assert composition["date"] == "2026-06-24T11:55:00+01:00"


def test_it_goes_to_the_practice_by_its_code(summary: dict[str, Any]) -> None:
    (composition,) = resources(summary, "Composition")
    (recipient,) = composition["extension"]
    assert recipient["url"] == letters.RECIPIENT
    assert recipient["valueReference"]["identifier"] == {
        "system": "https://fhir.nhs.uk/Id/ods-organization-code",
        "value": "Z00001",
    }
    assert composition["custodian"] == {"reference": "Organization/RWH"}


def test_it_tells_the_same_stay_as_the_messages_and_the_extracts(summary: dict[str, Any]) -> None:
    (encounter,) = resources(summary, "Encounter")
    assert encounter["identifier"] == [{"system": "https://joinedup.example/Id/acute-rwh/spell", "value": "AD1"}]
    assert encounter["period"] == {"start": "2026-06-10T13:50:00+01:00", "end": "2026-06-24T11:00:00+01:00"}
    codes = [[coding["code"] for coding in one["code"]["coding"]] for one in resources(summary, "Condition")]
    assert codes == [["5913000", "S72.0"], ["F03"], ["I10"]]
    assert [one["code"]["text"] for one in resources(summary, "Procedure")] == ["W37.1"]
    assert [one["medicationCodeableConcept"]["text"] for one in resources(summary, "MedicationStatement")] == [
        "Amlodipine 5mg tablets"
    ]


def test_the_hospital_says_no_known_allergy_where_only_the_practice_knows_of_one(summary: dict[str, Any]) -> None:
    (allergy,) = resources(summary, "AllergyIntolerance")
    assert allergy["code"]["coding"][0]["code"] == "716186003"


def test_some_letters_are_amended_and_a_few_are_cut_off() -> None:
    block = little_block()
    block.admissions = [
        Admission(
            f"AD{n}", 0, "RWH", "RWH01", 45_400 + n % 300, 600, 45_402 + n % 300, 600, "21", False, "300", ("J18.9",),
            "pneumonia", "", (Stay("Elm", 45_400, 600),), "19", False, "", "", "DZ11R", 1,
        )
        for n in range(4_000)
    ]  # fmt: skip
    out = written(letters, block)
    counts = {what: count for (_, what), count in out.counts.items()}
    assert 0.6 < counts["amended documents"] * letters.AMENDED / 4_000 < 1.5
    whole, broken = 0, 0
    for parts in out.files.values():
        for line in parts:
            assert line.count("\n") == 1
            try:
                json.loads(line)
                whole += 1
            except ValueError:
                broken += 1
    assert broken == counts["malformed documents"] > 0
    assert whole + broken == counts["documents"]


def test_day_cases_and_stays_that_last_have_no_letter() -> None:
    assert {event for event, *_ in written(letters).events} == {"AD1"}


def test_letters_are_declared_as_a_source_of_their_own() -> None:
    (source,) = letters.declare(little_world())
    assert (source.key, source.format, source.organisation) == ("acute-rwh-letters", "fhir", "RWH")
