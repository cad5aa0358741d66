"""What a resource is refused for, what it only gives a warning for, and that no answer tells a patient's data (R29)."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest

from joinedup.feeds import checks, limits, uk_rules
from joinedup.feeds.nhs_number import VERIFICATION_CODES, VERIFICATION_EXTENSION
from joinedup.feeds.r4 import definitions, retired_urls
from joinedup.feeds.r4.compile_uk_core import compile_retired
from joinedup.feeds.uk_rules import WARNINGS
from joinedup.feeds.values import REASONS, Source

PRACTICE = Source("gp-1", "Demo practice", "E82001", "gp", "fhir", is_simulated=True)
RECEIVED = datetime(2026, 3, 10, 12, tzinfo=UTC)
ODS = "https://fhir.nhs.uk/Id/ods-organization-code"
NHS = "https://fhir.nhs.uk/Id/nhs-number"
UK = "https://fhir.hl7.org.uk/StructureDefinition/"


def known(code: str, day: date) -> bool:
    return code in ("E82001", "RWH") and day <= date(2026, 3, 31)


def patient(**elements: Any) -> dict[str, Any]:
    return {"resourceType": "Patient", "id": "p1", "identifier": [number()], **elements}


def number(value: str = "9990000018", status: str = "01", **elements: Any) -> dict[str, Any]:
    concept = {"coding": [{"system": VERIFICATION_CODES, "code": status}]}
    return {
        "extension": [{"url": VERIFICATION_EXTENSION, "valueCodeableConcept": concept}],
        "system": NHS,
        "value": value,
        **elements,
    }


def observation(**elements: Any) -> dict[str, Any]:
    return {
        "resourceType": "Observation",
        "id": "o1",
        "status": "final",
        "code": {"text": "Pulse"},
        "subject": {"reference": "Patient/p1"},
        **elements,
    }


def encounter(**elements: Any) -> dict[str, Any]:
    kind = {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"}
    return {
        "resourceType": "Encounter",
        "id": "e1",
        "status": "finished",
        "class": kind,
        "subject": {"reference": "Patient/p1"},
        **elements,
    }


def refused(content: Mapping[str, Any] | bytes, source: Source = PRACTICE) -> tuple[str, str] | None:
    body = content if isinstance(content, bytes) else orjson.dumps(content)
    fault, _ = checks.check(body, orjson.loads(body), source, known, received_at=RECEIVED)
    if fault is None:
        return None
    assert fault.reason in REASONS
    return fault.reason, fault.place


def warned(content: Mapping[str, Any]) -> tuple[str, ...]:
    fault, warnings = checks.check(orjson.dumps(content), dict(content), PRACTICE, known, received_at=RECEIVED)
    assert fault is None, fault
    return warnings


def test_sound_resources_pass_without_a_word() -> None:
    for content in (patient(), observation(effectiveDateTime="2026-03-10"), encounter()):
        assert refused(content) is None
        assert warned(content) == ()


@pytest.mark.parametrize(
    ("content", "reason", "place"),
    [
        # structure
        (observation(code=None), "bad-structure", "Observation.code"),
        ({"resourceType": "Observation", "id": "o", "status": "final"}, "missing-required", "Observation.code"),
        (patient(active="true"), "bad-structure", "Patient.active"),
        (patient(name={"family": "Ash"}), "bad-structure", "Patient.name"),
        (patient(name=[{"family": ""}]), "bad-structure", "Patient.name[0].family"),
        (patient(deceasedBoolean=True, deceasedDateTime="2026"), "bad-structure", "Patient.deceased"),
        (patient(contained=[{"resourceType": "Wizard"}]), "unknown-type", "Patient.contained[0]"),
        (b'{"resourceType":"Patient","active":true,"active":false}', "bad-syntax", "Patient.active"),
        (b'{"resourceType":"Patient","\\u0061ctive":true,"active":false}', "bad-syntax", "Patient.active"),
        (observation(subject={"reference": "Medication/1"}), "bad-structure", "Observation.subject.reference"),
        (observation(subject={"reference": "Patient/p 1"}), "bad-structure", "Observation.subject.reference"),
        # required codes
        (observation(status="bogus"), "bad-code", "Observation.status"),
        (patient(gender="Female"), "bad-code", "Patient.gender"),
        (patient(name=[{"use": "usual"}, {"use": "stage"}]), "bad-code", "Patient.name[1].use"),
        (patient(contact=[{"telecom": [{"system": "pigeon"}]}]), "bad-code", "Patient.contact[0].telecom[0].system"),
        (observation(contained=[patient(gender="f")]), "bad-code", "Observation.contained[0].gender"),
        (patient(extension=[{"url": "x", "valueIdentifier": {"use": "x"}}]), "bad-code", "Patient.extension[0].valueIdentifier.use"),  # noqa: E501
        # dates
        (patient(birthDate="1970-02-31"), "bad-date", "Patient.birthDate"),
        (patient(birthDate="1900-02-29"), "bad-date", "Patient.birthDate"),
        (patient(birthDate="0000-01-01"), "bad-date", "Patient.birthDate"),
        (patient(birthDate="31/12/1970"), "bad-date", "Patient.birthDate"),
        (observation(effectiveDateTime="2026-02-30T09:00:00Z"), "bad-date", "Observation.effectiveDateTime"),
        (encounter(period={"start": "2026-03-02", "end": "2026-03-01"}), "bad-date", "Encounter.period.end"),
        (encounter(period={"start": "2026-03-01T12:00:00+02:00", "end": "2026-03-01T09:59:59Z"}), "bad-date", "Encounter.period.end"),  # noqa: E501
        (observation(effectiveDateTime="2026-03-12T00:00:00Z"), "future-date", "Observation.effectiveDateTime"),
        (encounter(period={"start": "2026-04-01"}), "future-date", "Encounter.period.start"),
        (patient(birthDate="2027"), "future-date", "Patient.birthDate"),
        (patient(meta={"lastUpdated": "2126-03-01T09:00:00Z"}), "future-date", "Patient.meta.lastUpdated"),
        # identity
        (patient(identifier=[number("9990000019")]), "bad-identifier", "identifier.value"),
        (patient(identifier=[number("nine nine nine")]), "bad-identifier", "identifier.value"),
        (patient(identifier=[number("6000000006")]), "synthetic", "identifier.value"),
        (observation(subject={"reference": "Patient/p1", "identifier": {"system": NHS, "value": "1"}}), "bad-identifier", "identifier.value"),  # noqa: E501
        # limits and texts
        (patient(name=[{"text": "  "}]), "bad-structure", ""),
        (patient(name=[{"text": "\t\n"}]), "bad-structure", ""),
        (patient(name=[{"text": "a\x00b"}]), "bad-structure", ""),
        (patient(name=[{"text": "bell\x07"}]), "bad-structure", ""),
        (observation(valueString="x" * 1_048_577), "too-large", ""),
        (b'{"resourceType":"Patient","multipleBirthInteger":' + b"1" * 41 + b"}", "too-large", ""),
    ],
)  # fmt: skip
def test_what_refuses(content: dict[str, Any] | bytes, reason: str, place: str) -> None:
    assert refused(content) == (reason, place)


@pytest.mark.parametrize(
    "content",
    [
        patient(birthDate="2024-02-29"),
        patient(birthDate="1970"),
        encounter(period={"start": "2026-03-01T12:00:00+02:00", "end": "2026-03-01T10:00:00Z"}),
        encounter(period={"start": "2026-03", "end": "2026-03-01"}),  # of unequal precision: not certainly after
        encounter(status="planned", period={"start": "2026-04-01"}),
        observation(effectiveDateTime="2026-03-11T11:59:00Z"),  # a clock that is nearly a day ahead
        patient(name=[{"text": "tab\tand\nline\r\nand \x7f and \u0085 and \u200b"}]),
        patient(name=[{"text": "\u3000"}]),  # blank in another script is a text all the same
        patient(name=[{"text": 'quoted "\\" "'}]),
        patient(name=[{"text": "1" * 41}]),
        patient(name=[{"text": "[" * 70}]),
        observation(subject={"reference": "Group/1"}),
        observation(subject={"reference": "https://pas.example/fhir/Patient/1/_history/2"}),
    ],
)
def test_what_looks_odd_and_is_in_order(content: dict[str, Any]) -> None:
    assert refused(content) is None


@pytest.mark.parametrize(
    ("content", "warnings"),
    [
        (patient(identifier=[]) | {"identifier": [{"system": "https://joinedup.example/Id/gp-1", "value": "7"}]}, ["no-nhs-number"]),  # noqa: E501
        (patient(identifier=[number(status="99")]), ["no-verification-status"]),
        (patient(identifier=[{"system": NHS, "value": "999 000 0018"}]), ["no-verification-status"]),
        (patient(identifier=[number(), number("9990000026")]), ["several-nhs-numbers"]),
        (patient(identifier=[number(), number("9990000026", use="old")]), []),
        (patient(birthDate="1970-01-02", deceasedDateTime="1970-01-01"), ["deceased-before-birth"]),
        (patient(managingOrganization={"identifier": {"system": ODS, "value": "RWH"}}), []),
        (patient(managingOrganization={"identifier": {"system": ODS, "value": "XXX"}}), ["unknown-organisation"]),
        (encounter(serviceProvider={"identifier": {"system": ODS.replace("iz", "is"), "value": "RWH"}}), ["ods-system-spelling"]),  # noqa: E501
        (observation(code={"coding": [{"system": "http://snomed.info/sct", "code": "1"}]}), []),
        (observation(code={"coding": [{"system": "urn:our-codes", "code": "1"}]}), ["unknown-code-system"]),
        (patient(meta={"profile": [UK + "UKCore-Patient"]}), []),
        (patient(meta={"profile": [UK + "Extension-UKCore-DeathNotificationStatus"]}), []),
    ],
)  # fmt: skip
def test_what_warns(content: dict[str, Any], warnings: list[str]) -> None:
    assert warned(content) == tuple(warnings)
    assert set(warnings) <= set(WARNINGS)


def test_every_warning_that_is_given_has_its_words() -> None:
    text = Path(uk_rules.__file__).read_text()
    assert set(re.findall(r'warnings\.append\("([a-z-]+)"\)', text)) == set(WARNINGS)


def test_the_spelling_with_s_is_put_right_in_what_search_reads_and_not_in_the_bytes() -> None:
    content = encounter(serviceProvider={"identifier": {"system": ODS.replace("iz", "is"), "value": "RWH"}})
    body = orjson.dumps(content)
    checks.check(body, content, PRACTICE, known, received_at=RECEIVED)
    assert content["serviceProvider"]["identifier"]["system"] == ODS
    assert b"ods-organisation-code" in body


def test_a_sender_whose_own_code_is_unknown_on_the_day_is_refused() -> None:
    content = encounter(serviceProvider={"identifier": {"system": ODS, "value": "E82001"}})
    assert refused(content) is None
    after = datetime(2026, 4, 10, tzinfo=UTC)
    fault, _ = checks.check(orjson.dumps(content), content, PRACTICE, known, received_at=after)
    assert fault is not None
    assert fault.reason == "unknown-source"


@pytest.mark.parametrize(("simulated", "value", "reason"), [
    (True, "9990000018", None), (True, "6000000006", "synthetic"),
    (False, "6000000006", None), (False, "9990000018", "synthetic"),
])  # fmt: skip
def test_numbers_of_the_test_range_and_simulated_sources_go_together(simulated: bool, value: str, reason: str) -> None:
    source = Source("a", "A", "RWH", "acute", "fhir", is_simulated=simulated)
    answer = refused(patient(identifier=[number(value)]), source)
    assert (answer and answer[0]) == reason


def test_every_retired_definition_of_uk_core_warns_when_it_is_used(reference: Path) -> None:
    folder = reference / "ukcore-definitions"
    assert compile_retired(folder)["retired"] == sorted(retired_urls())
    for url in retired_urls():
        kinds = [
            observation(code={"coding": [{"system": url, "code": "1"}]}),
            observation(meta={"profile": [url + "|1.0.0"]}),
            observation(extension=[{"url": url, "valueString": "x"}]),
        ]
        assert all("retired-definition" in warned(one) for one in kinds), url
    current = UK + "UKCore-Observation"
    assert warned(observation(meta={"profile": [current]})) == ()


def test_code_refers_to_no_retired_definition() -> None:
    """In our own code a retired address would come back to life in what we write (R26)."""
    package = Path(checks.__file__).parents[1]
    used = re.compile(r"https://fhir\.hl7\.org\.uk/[A-Za-z]+/[A-Za-z0-9-]+")
    for file in [*package.rglob("*.py"), *package.rglob("*.toml")]:
        assert not set(used.findall(file.read_text())) & retired_urls(), file


def test_no_answer_tells_what_was_found() -> None:
    secret = "Xavier-Yolanda-Zed"
    spoilt = [
        *(patient(**{key: secret}) for key in ("gender", "birthDate", "active", "name", "maritalStatus", secret)),
        patient(id=[secret]),
        patient(multipleBirthInteger=secret),
        patient(identifier=[number(secret)]),
        patient(name=[{secret: secret}]),
        patient(contained=[{"resourceType": secret}]),
        patient(photo=[{"data": secret}]),
        patient(extension=[{"url": secret, "value" + secret: 1}]),
        patient(_birthDate={"extension": [{secret: 1}]}),
        observation(subject={"reference": f"{secret} {secret}"}),
        observation(status=secret),
        {secret: secret},
        {"resourceType": secret},
        {"resourceType": "Bundle", "type": "batch", "entry": [{"resource": patient(**{secret: secret})}]},
        {"resourceType": "Parameters", "parameter": [{"name": "x", "resource": patient(**{secret: 1})}]},
    ]
    for content in spoilt:
        body = orjson.dumps(content)
        fault, _ = checks.check(body, json.loads(body), PRACTICE, known, received_at=RECEIVED)
        assert fault is not None, content
        assert secret not in repr(fault)


def test_nesting_and_nodes_have_limits() -> None:
    def nested(depth: int) -> dict[str, Any]:
        extension: dict[str, Any] = {"url": "x", "valueString": "x"}
        for _ in range(depth):
            extension = {"url": "x", "extension": [extension]}
        return patient(extension=[extension])

    assert refused(nested(20)) is None
    assert refused(nested(limits.DEPTH)) == ("too-large", "")
    assert refused(patient(name=[{"given": ["a"] * 99_000}])) is None
    assert refused(patient(name=[{"given": ["a"] * 101_000}])) == ("too-large", "")


def test_the_compiled_definitions_are_those_of_r4() -> None:
    compiled = definitions()
    assert len(compiled.resources) == 146
    assert compiled.sets["administrative-gender"] == {"male", "female", "other", "unknown"}
    assert compiled.types["Patient"]["gender"].set == "administrative-gender"
    assert compiled.types["Observation"]["code"].min == 1
    assert compiled.types["Observation"]["valueQuantity"].choice == "value"
    assert compiled.types["Condition"]["subject"].targets == ("Group", "Patient")
    assert compiled.types["Task"]["focus"].targets == ()
