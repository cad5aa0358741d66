"""The views of the tables named pop_…: what they make of what feeds and other servers send (PB6).

Each resource is drawn as its feed gives it, with as little as the table asks for. Values are raw: how they leave for a
snapshot is said by the columns' tags.
"""

from __future__ import annotations

from typing import Any

import pytest

from joinedup.population import TABLES, compile_view, product_views
from joinedup.population.sql_on_fhir.view_definition import LEAVES_AS

VIEWS = [compile_view(view) for view in product_views()]
J = "https://joinedup.example"
UK = "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-"
ODS = "https://fhir.nhs.uk/Id/ods-organization-code"
NHS_NUMBER = "https://fhir.nhs.uk/Id/nhs-number"
SCT, ICD, LOINC, OPCS = (
    "http://snomed.info/sct",
    "http://hl7.org/fhir/sid/icd-10",
    "http://loinc.org",
    "https://fhir.hl7.org.uk/Id/opcs-4",
)


def rows(table: str, type_: str, **content: Any) -> list[dict[str, Any]]:
    """Answer the rows that a resource has in a table, without the columns that are null."""
    resource = {"resourceType": type_, "id": "r1", **content}
    found = []
    for view in VIEWS:
        if view.name == table:
            names = [column.name for column in view.columns]
            found += [dict(zip(names, row, strict=True)) for row in view.rows(resource)]
    return [{name: value for name, value in row.items() if value is not None} for row in found]


def row(table: str, type_: str, **content: Any) -> dict[str, Any]:
    (found,) = rows(table, type_, **content)
    assert (found.pop("person"), found.pop("key")) == ("r1" if type_ == "Patient" else "p1", "r1")
    return found


def concept(code: str, system: str = SCT, text: str = "in words") -> dict[str, Any]:
    return {"coding": [{"system": system, "code": code, "display": "shown"}], "text": text}


def extension(name: str, **value: Any) -> dict[str, Any]:
    return {"url": name if "://" in name else f"{J}/Extension/{name}", **value}


def body(code: str) -> dict[str, Any]:
    return {"identifier": {"system": ODS, "value": code}}


ABOUT = {"subject": {"reference": "Patient/p1"}}
PATIENT = {"patient": {"reference": "Patient/p1"}}
WRONG = {"status": "entered-in-error"}


# --- The tables -----------------------------------------------------------------------------------------------------

BECOMES = {
    "birth_date": {"birth_month", "age"},
    "death_date": {"death_month"},
    "postcode": {"lsoa11"},
    "lsoa": {"lsoa11"},
    "address": {"household"},
    "nhs_number": set(),
}


@pytest.mark.parametrize("view", VIEWS, ids=[f"{view.name} of {view.resource}" for view in VIEWS])
def test_a_view_fills_every_column_of_its_table_and_says_how_each_leaves(view: Any) -> None:
    tags = [column.leaves_as for column in view.columns]
    assert set(tags) <= set(LEAVES_AS)
    assert tags.count("person") == tags.count("key") == 1
    made = {"feed"}.union(*(BECOMES.get(column.leaves_as, {column.name}) for column in view.columns))
    days = {f"{column.name}_precision" for column in view.columns if column.leaves_as == "day"}
    assert made <= set(TABLES[view.name].names) <= made | days
    assert not view.view.notes


def test_every_table_has_a_view() -> None:
    assert {view.name for view in VIEWS} == {name for name in TABLES if name.startswith("pop_")}


# --- People ---------------------------------------------------------------------------------------------------------

HOME = {
    "use": "home",
    "line": ["12 Rowan Gardens", "Littleham"],
    "postalCode": "ZH9 6PQ",
    "extension": [extension("lsoa", valueString="E01000001")],
}


def test_a_patient() -> None:
    assert row(
        "pop_patient",
        "Patient",
        active=True,
        identifier=[{"system": "urn:x", "value": "17"}, {"system": NHS_NUMBER, "value": "9990123454"}],
        name=[{"family": "Kept out"}],
        gender="female",
        birthDate="1934-01-06",
        deceasedDateTime="2026-04-24",
        extension=[extension(UK + "EthnicCategory", valueCodeableConcept=concept("A", "urn:x"))],
        address=[{"use": "temp", "postalCode": "ZZ99 3VZ"}, {**HOME, "period": {"end": "2020-01-01"}}, HOME],
        generalPractitioner=[{"reference": "Practitioner/7"}, {"reference": "Organization/Z10007", **body("Z10007")}],
    ) == {
        "nhs_number": "9990123454",
        "sex": "female",
        "birth_date": "1934-01-06",
        "ethnic_category": "A",
        "lsoa": "E01000001",
        "postcode": "ZH9 6PQ",
        "practice": "Z10007",
        "death_date": "2026-04-24",
        "is_active": True,
    }


def test_a_patient_of_another_server() -> None:
    found = row(
        "pop_patient",
        "Patient",
        deceasedBoolean=False,
        address=[{"postalCode": "ZH9 6PQ"}],
        generalPractitioner=[{"reference": "Organization/f001"}],
    )
    assert found == {"postcode": "ZH9 6PQ", "practice": "f001"}


def test_each_address_and_its_time() -> None:
    old = {
        "use": "old",
        "line": ["1 High Street"],
        "postalCode": "ZH1 1AA",
        "period": {"start": "2011", "end": "2020-01-01"},
    }
    found = rows(
        "pop_address", "Patient", address=[HOME, old, {"use": "home", "postalCode": "ZH2 2BB"}, {"city": "Hatfield"}]
    )
    assert [{name: one[name] for name in one if name not in ("person", "key")} for one in found] == [
        {"use": "home", "lsoa": "E01000001", "postcode": "ZH9 6PQ", "household": "12 Rowan Gardens Littleham ZH9 6PQ"},
        {
            "use": "old",
            "postcode": "ZH1 1AA",
            "household": "1 High Street ZH1 1AA",
            "starts": "2011",
            "ends": "2020-01-01",
        },
        {"use": "home", "postcode": "ZH2 2BB"},  # a postcode alone is no household
        {},
    ]


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        ({"type": [{"text": "Registration with a practice"}]}, "registration"),
        ({"type": [concept("26", f"{J}/CodeSystem/csds-team-type", "Physiotherapy")]}, "team"),
        ({"type": [{"text": "07"}], "referralRequest": [{"reference": "ServiceRequest/1"}]}, "team"),
        ({"type": [{"text": "Food bank"}]}, "service"),
        ({}, "service"),
    ],
)
def test_an_episode_of_care(content: dict[str, Any], kind: str) -> None:
    found = row(
        "pop_registration",
        "EpisodeOfCare",
        status="active",
        managingOrganization=body("Z10015"),
        period={"start": "1986-06-10"},
        **PATIENT,
        **content,
    )
    assert found.pop("kind") == kind
    found.pop("kind_text", None)
    assert found == {"status": "active", "organisation": "Z10015", "starts": "1986-06-10"}


def test_a_death_by_any_teller() -> None:
    assert row("pop_death", "Patient", deceasedDateTime="2026-06-08") == {"death_date": "2026-06-08"}
    assert row("pop_death", "Patient", deceasedBoolean=True) == {}
    assert rows("pop_death", "Patient", deceasedBoolean=False) == rows("pop_death", "Patient") == []
    registered = {
        "status": "final",
        "code": concept("death", f"{J}/CodeSystem/register"),
        "effectiveDateTime": "2025-03-26",
        "valueCodeableConcept": concept("I63.9", ICD),
        "component": [
            {
                "code": {"text": "Place of death"},
                "valueCodeableConcept": concept("H", f"{J}/CodeSystem/place-of-death"),
            },
            {"code": {"text": "Cause of death 1"}, "valueCodeableConcept": concept("I63.9", ICD)},
        ],
        **ABOUT,
    }
    assert row("pop_death", "Observation", **registered) == {"death_date": "2025-03-26", "cause": "I63.9", "place": "H"}
    # Or the day of death and the whole cause would be among the findings.
    assert rows("pop_observation", "Observation", **registered) == []
    certified = {
        **registered,
        "code": concept("69453-9", LOINC),
        "valueCodeableConcept": concept("22298006"),
        "component": [],
    }
    assert row("pop_death", "Observation", **certified) == {"death_date": "2025-03-26"}
    assert rows("pop_death", "Observation", **{**registered, **WRONG}) == []


# --- What was found, given and done ---------------------------------------------------------------------------------


def condition(**content: Any) -> list[dict[str, Any]]:
    found = rows("pop_condition", "Condition", **ABOUT, **content)
    return [{name: one[name] for name in one if name not in ("person", "key")} for one in found]


def test_a_condition_has_a_row_for_each_coding() -> None:
    category = [
        {
            "coding": [
                {"system": "http://terminology.hl7.org/CodeSystem/condition-category", "code": "problem-list-item"}
            ]
        }
    ]
    said = {
        "on": "2024-11-16",
        "recorded": "2024-11-20",
        "abated": "2025-12-03",
        "status": "resolved",
        "category": "problem-list-item",
        "encounter": "e1",
    }
    assert condition(
        code={"coding": [{"system": SCT, "code": "54150009"}, {"system": ICD, "code": "J06.9"}]},
        clinicalStatus=concept("resolved", "urn:x"),
        category=category,
        onsetDateTime="2024-11-16",
        abatementDateTime="2025-12-03",
        recordedDate="2024-11-20",
        encounter={"reference": "Encounter/e1"},
    ) == [
        {**said, "system": SCT, "code": "54150009", "position": 0},
        {**said, "system": ICD, "code": "J06.9", "position": 1},
    ]


def test_when_a_condition_began_is_its_onset_else_when_it_was_recorded() -> None:
    assert condition(recordedDate="2021") == [{"on": "2021", "recorded": "2021", "position": 0}]
    assert condition(onsetPeriod={"start": "2020-05"}, recordedDate="2021")[0]["on"] == "2020-05"
    assert condition(onsetString="as a child", recordedDate="2021")[0]["on"] == "2021"
    assert condition(abatementPeriod={"end": "2022-01-01"})[0]["abated"] == "2022-01-01"


@pytest.mark.parametrize(
    ("status", "count"), [("entered-in-error", 0), ("refuted", 0), ("confirmed", 1), ("provisional", 1)]
)
def test_a_diagnosis_that_was_a_mistake_is_none(status: str, count: int) -> None:
    assert len(condition(verificationStatus=concept(status, "urn:x"))) == count


def observation(**content: Any) -> list[dict[str, Any]]:
    found = rows("pop_observation", "Observation", **{**ABOUT, "status": "final", **content})
    return [{name: one[name] for name in one if name not in ("person", "key", "status")} for one in found]


def quantity(value: float, unit: str) -> dict[str, Any]:
    return {"value": value, "unit": unit, "code": f"[{unit}]"}


def test_a_panel_has_a_row_for_each_part() -> None:
    parts = [
        {"code": concept("271649006"), "valueQuantity": quantity(126, "mmHg")},
        {"code": concept("271650006"), "valueQuantity": quantity(73, "mmHg")},
    ]
    said = {"system": SCT, "panel": "75367002", "on": "2026-01-02T12:20:00+00:00", "unit": "[mmHg]"}
    found = observation(code=concept("75367002"), effectiveDateTime="2026-01-02T12:20:00+00:00", component=parts)
    assert found == [{**said, "code": "271649006", "value": 126}, {**said, "code": "271650006", "value": 73}]
    # One with a value of its own has a row for that as well.
    found = observation(code=concept("75367002"), valueInteger=5, component=parts)
    assert [(one.get("panel"), one["code"], one["value"]) for one in found] == [
        (None, "75367002", 5),
        ("75367002", "271649006", 126),
        ("75367002", "271650006", 73),
    ]


def test_a_result_has_the_code_that_most_know() -> None:
    local, loinc, snomed = (
        {"system": system, "code": code}
        for system, code in (("urn:lab", "HB"), (LOINC, "718-7"), (SCT, "1022431000000105"))
    )
    for codings, code in (([local, loinc, snomed], "1022431000000105"), ([local, loinc], "718-7"), ([local], "HB")):
        (found,) = observation(
            code={"coding": codings}, valueQuantity={"value": 147, "unit": "g/L"}, issued="2026-09-27T06:32:00Z"
        )
        assert (found["code"], found["value"], found["unit"], found["on"]) == (code, 147, "g/L", "2026-09-27T06:32:00Z")


def test_other_values_of_findings() -> None:
    assert observation(valueInteger=21) == [{"value": 21}]
    assert observation(valueCodeableConcept=concept("77176002")) == [{"value_system": SCT, "value_code": "77176002"}]
    assert observation(valueString="kept out") == [{}]
    assert observation(code=concept("8517006")) == [{"system": SCT, "code": "8517006"}]
    assert observation(effectivePeriod={"start": "2024-01-01"}) == [{"on": "2024-01-01"}]
    assert observation(effectiveInstant="2024-01-01T10:00:00Z") == [{"on": "2024-01-01T10:00:00Z"}]
    assert observation(**WRONG) == []


def test_medicines_that_were_prescribed_and_those_that_are_taken() -> None:
    medicine = {"medicationCodeableConcept": concept("372594008"), **ABOUT}
    said = {"system": SCT, "code": "372594008", "status": "active"}
    found = row(
        "pop_medication", "MedicationRequest", status="active", intent="order", authoredOn="2026-10-19", **medicine
    )
    assert found == {"kind": "request", "on": "2026-10-19", **said}
    period = {"start": "2006-08-26", "end": "2010-01-01"}
    found = row("pop_medication", "MedicationStatement", status="active", effectivePeriod=period, **medicine)
    assert found == {"kind": "statement", "on": "2006-08-26", "ends": "2010-01-01", **said}
    found = row("pop_medication", "MedicationStatement", status="active", dateAsserted="2025-07-23", **medicine)
    assert found["on"] == "2025-07-23"
    contained = {
        "contained": [{"resourceType": "Medication", "id": "m", "code": concept("372594008")}],
        "medicationReference": {"reference": "#m"},
    }
    assert row("pop_medication", "MedicationRequest", status="active", **contained, **ABOUT) == {
        "kind": "request",
        **said,
    }
    for type_, content in (
        ("MedicationRequest", WRONG),
        ("MedicationRequest", {"doNotPerform": True}),
        ("MedicationStatement", {"status": "not-taken"}),
    ):
        assert rows("pop_medication", type_, **medicine, **content) == []


def test_an_immunisation() -> None:
    assert row(
        "pop_immunisation",
        "Immunization",
        status="completed",
        vaccineCode=concept("46233009"),
        extension=[extension(UK + "VaccinationProcedure", valueCodeableConcept=concept("822851000000102"))],
        occurrenceDateTime="2024-10-28",
        protocolApplied=[{"doseNumberPositiveInt": 1}],
        **PATIENT,
    ) == {
        "system": SCT,
        "code": "46233009",
        "procedure": "822851000000102",
        "on": "2024-10-28",
        "dose": 1,
        "status": "completed",
    }
    assert rows("pop_immunisation", "Immunization", **PATIENT, **WRONG) == []


def test_a_procedure() -> None:
    both = {"coding": [{"system": SCT, "code": "80146002"}, {"system": OPCS, "code": "H01.1"}]}
    found = row(
        "pop_procedure",
        "Procedure",
        status="completed",
        code=both,
        performedPeriod={"start": "2024-02-12"},
        encounter={"reference": "Encounter/e1"},
        **ABOUT,
    )
    assert found == {"system": OPCS, "code": "H01.1", "on": "2024-02-12", "status": "completed", "encounter": "e1"}


# --- Care -----------------------------------------------------------------------------------------------------------


def test_an_episode_of_a_stay_in_hospital() -> None:
    assert row(
        "pop_encounter",
        "Encounter",
        status="finished",
        **{"class": {"code": "IMP"}},
        type=[concept("episode", f"{J}/CodeSystem/activity", "Consultant episode")],
        serviceType=concept("301", f"{J}/CodeSystem/treatment-function"),
        period={"start": "2025-06-16T00:20:00+01:00", "end": "2025-06-16T12:52:00+01:00"},
        partOf={"reference": "Encounter/spell"},
        serviceProvider=body("RQW"),
        extension=[
            extension("is-last-episode", valueBoolean=True),
            extension("admission-method", valueCode="11"),
            extension("patient-classification", valueCodeableConcept=concept("2", "urn:x")),
            extension("hrg", valueCoding={"code": "FE22Z"}),
            extension("hrg-spell", valueCoding={"code": "FE99Z"}),
            extension("tariff", valueMoney={"value": 277.81, "currency": "GBP"}),
            extension("commissioner", valueIdentifier={"system": ODS, "value": "07H"}),
        ],
        **ABOUT,
    ) == {
        "class_code": "IMP",
        "activity": "episode",
        "kind_text": "Consultant episode",
        "status": "finished",
        "on": "2025-06-16T00:20:00+01:00",
        "ends": "2025-06-16T12:52:00+01:00",
        "starts_at": "2025-06-16T00:20:00+01:00",
        "ends_at": "2025-06-16T12:52:00+01:00",
        "service": "301",
        "provider": "RQW",
        "part_of": "spell",
        "admission_method": "11",
        "classification": "2",
        "is_last_episode": True,
        "hrg": "FE22Z",
        "tariff_pence": 27781,  # exactly
        "commissioner": "07H",
    }


def test_how_a_stay_began_and_ended_wherever_a_feed_says_it() -> None:
    method = extension(UK + "AdmissionMethod", valueCodeableConcept=concept("21", "urn:x"))
    ended = extension(UK + "DischargeMethod", valueCodeableConcept=concept("4", "urn:x"))
    hospital = {"admitSource": concept("19", "urn:x"), "dischargeDisposition": concept("79", "urn:x")}
    for content in (
        {"extension": [method, ended], "hospitalization": hospital},
        {"extension": [ended], "hospitalization": {**hospital, "extension": [method]}},
    ):
        assert row("pop_encounter", "Encounter", **content, **ABOUT) == {
            "admission_method": "21",
            "admission_source": "19",
            "discharge_method": "4",
            "discharge_destination": "79",
        }


def test_contacts() -> None:
    found = row(
        "pop_encounter",
        "Encounter",
        type=[{"text": "Surgery consultation"}],
        reasonCode=[concept("182836005")],
        length={"value": 45.0, "unit": "min", "code": "min"},
        extension=[extension("attended", valueCodeableConcept=concept("5", "urn:x"))],
        serviceProvider={"reference": "Organization/Z10012"},
        **ABOUT,
    )
    assert found == {
        "kind_text": "Surgery consultation",
        "reason": "182836005",
        "minutes": 45,
        "attended": "5",
        "provider": "Z10012",
    }
    assert "minutes" not in row("pop_encounter", "Encounter", length={"value": 7.0, "code": "d"}, **ABOUT)
    assert rows("pop_encounter", "Encounter", **ABOUT, **WRONG) == []


def test_a_wait() -> None:
    team = concept("130", f"{J}/CodeSystem/treatment-function")
    assert row(
        "pop_referral",
        "ServiceRequest",
        status="completed",
        priority="routine",
        authoredOn="2026-04-22",
        code=team,
        performer=[body("RQW")],
        extension=[
            extension("waiting-list-type", valueCode="IRTT"),
            extension("treatment-function", valueCodeableConcept=team),
            extension("rtt-start", valueDate="2026-04-22"),
            extension("rtt-end", valueDate="2026-10-20"),
            extension("decision-to-admit", valueDateTime="2026-08-17"),
            extension("cancer-list", valueCode="1"),
            extension("removed", valueDate="2026-10-20"),
            extension("removal-reason", valueCode="TREATED"),
        ],
        **ABOUT,
    ) == {
        "kind": "wait",
        "system": f"{J}/CodeSystem/treatment-function",
        "code": "130",
        "status": "completed",
        "priority": "routine",
        "on": "2026-04-22",
        "provider": "RQW",
        "service": "130",
        "waiting_list": "IRTT",
        "clock_starts": "2026-04-22",
        "clock_ends": "2026-10-20",
        "removed": "2026-10-20",
        "removal_reason": "TREATED",
        "decided_to_admit": "2026-08-17",
        "is_cancer": True,
    }


@pytest.mark.parametrize(
    ("content", "kind", "service"),
    [
        ({"code": concept("12", f"{J}/CodeSystem/csds-team-type")}, "referral", "12"),
        ({"code": concept("A05", f"{J}/CodeSystem/mhsds-team-type")}, "referral", "A05"),
        ({"category": [concept("3457005")], "code": {"text": "Cardiology"}}, "referral", None),
        ({"code": concept("request", f"{J}/CodeSystem/social-care-event")}, "request", None),
        ({"code": concept("FBC", "urn:lab")}, "order", None),
    ],
)
def test_kinds_of_referral(content: dict[str, Any], kind: str, service: str | None) -> None:
    found = row("pop_referral", "ServiceRequest", **content, **ABOUT)
    assert (found["kind"], found.get("service")) == (kind, service)


def test_an_appointment() -> None:
    actors = [{"actor": {"reference": "Patient/p1"}}, {"actor": body("RQW")}]
    found = row(
        "pop_appointment",
        "Appointment",
        status="fulfilled",
        start="2025-08-28T16:15:00+01:00",
        participant=actors,
        serviceType=[concept("340", "urn:x")],
        extension=[
            extension("attended", valueCodeableConcept=concept("5", "urn:x")),
            extension("first-attendance", valueCodeableConcept=concept("4", "urn:x")),
            extension("hrg", valueCoding={"code": "WF01A"}),
            extension("tariff", valueMoney={"value": 102.5}),
            extension("rtt-start", valueDate="2025-05-26"),
        ],
    )
    assert found == {
        "status": "fulfilled",
        "attended": "5",
        "on": "2025-08-28T16:15:00+01:00",
        "starts_at": "2025-08-28T16:15:00+01:00",
        "service": "340",
        "provider": "RQW",
        "is_first": False,
        "hrg": "WF01A",
        "tariff_pence": 10250,
        "clock_starts": "2025-05-26",
    }
    assert "is_first" not in row("pop_appointment", "Appointment", status="booked", participant=actors)


def test_answers_to_a_questionnaire() -> None:
    items = [
        {"linkId": "phq", "item": [{"linkId": "phq-1", "answer": [{"valueCoding": {"code": "LA6569-3"}}]}]},
        {"linkId": "score", "answer": [{"valueInteger": 7}, {"valueDecimal": 7.5}, {"valueString": "kept out"}]},
    ]
    found = rows(
        "pop_questionnaire_item",
        "QuestionnaireResponse",
        questionnaire="http://x/phq9",
        authored="2026-01-02",
        item=items,
        **ABOUT,
    )
    assert [(one["item"], one.get("value"), one.get("value_code")) for one in found] == [
        ("phq-1", None, "LA6569-3"),
        ("score", 7, None),
        ("score", 7.5, None),
        ("score", None, None),
    ]
    assert found[0]["questionnaire"] == "http://x/phq9"


def test_whoever_is_not_a_patient_has_no_person() -> None:
    assert "person" not in rows("pop_observation", "Observation", subject={"reference": "Group/g1"})[0]
