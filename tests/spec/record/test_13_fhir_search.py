"""Search as FHIR R4 says it (rules: record R48, R49, R51), and the bytes that are answered (R31)."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from joinedup.feeds import resource_id
from joinedup.record.extract import clinical_time, span, tokens
from joinedup.record.fhir.outcome import BadRequest
from joinedup.record.fhir.searching import date_matches, parse, token_matches
from joinedup.record.fhir.serving import references, served
from joinedup.record.store import Stored, digest

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)


def stored(body: str | dict[str, Any], source: str = "gp-7") -> Stored:
    raw = body.encode() if isinstance(body, str) else json.dumps(body).encode()
    content = json.loads(raw)
    type_, starts_ends = content["resourceType"], clinical_time(content["resourceType"], content)
    return Stored(
        uuid4(), resource_id(source, type_, content["id"]), 2, type_, source, 1, 1, NOW, NOW, *starts_ends,
        tokens(type_, content), digest(raw), None, raw,
    )  # fmt: skip


ASKED = ("eq2026-03-14", "eq2026-03", "ge2026-03-14", "gt2026-03-14", "sa2026-03-14", "eb2026-03-21")


@pytest.mark.parametrize(
    ("held", "answers"),  # one letter for each of ASKED
    [
        (("2026-03-14T10:30:00", "2026-03-14T10:30:00"), "yyynny"),
        (("2026-03-10", "2026-03-20"), "nyyyny"),
        (("2026-03-10", None), "nnyynn"),
    ],
    ids=["an instant", "a period", "an open period"],
)
def test_dates_are_ranges(held: tuple[str, str | None], answers: str) -> None:
    low = span(held[0])[0]
    high = span(held[1])[1] if held[1] else datetime.max.replace(tzinfo=UTC)
    assert low
    assert high
    found = ""
    for asked in ASKED:
        start, end = span(asked[2:])
        assert start
        assert end
        found += "y" if date_matches(asked[:2], start, end, low, high) else "n"
    assert found == answers


@pytest.mark.parametrize(
    ("asked", "held", "answer"),
    [
        ("38341003", "http://snomed.info/sct|38341003", True),
        ("http://snomed.info/sct|38341003", "http://snomed.info/sct|38341003", True),
        ("http://loinc.org|38341003", "http://snomed.info/sct|38341003", False),
        ("http://snomed.info/sct|", "http://snomed.info/sct|38341003", True),
        ("|38341003", "http://snomed.info/sct|38341003", False),
        ("|G20..", "G20..", True),
        ("3834100", "http://snomed.info/sct|38341003", False),
    ],
)
def test_tokens(asked: str, held: str, answer: bool) -> None:
    assert token_matches(asked, held) is answer


OBSERVATIONS = [
    {"resourceType": "Observation", "id": "1", "status": "final", "effectiveDateTime": "2026-07-01T00:30:00+01:00",
     "code": {"coding": [{"system": "http://loinc.org", "code": "718-7"}]}},
    {"resourceType": "Observation", "id": "2", "status": "amended", "effectiveDateTime": "2026-03-14",
     "code": {"coding": [{"system": "http://loinc.org", "code": "2160-0"}]}, "encounter": {"reference": "Encounter/9"}},
    {"resourceType": "Observation", "id": "3", "status": "final", "code": {"text": "no code"}},
]  # fmt: skip


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ([("status", "final")], "13"),
        ([("status:not", "final")], "2"),
        ([("code", "718-7,2160-0")], "12"),
        ([("code:not", "718-7")], "23"),  # also what has no code at all
        ([("code:missing", "true")], "3"),
        ([("date", "2026-07-01")], "1"),  # 23:30 of the day before in UTC, but London counts
        ([("date", "2026-06-30")], ""),
        ([("date", "ge2026-01"), ("date", "lt2026-04")], "2"),
        ([("date:missing", "true")], "3"),
        ([("encounter", str(resource_id("gp-7", "Encounter", "9")))], "2"),
        ([("status", "final"), ("code", "2160-0")], ""),
        ([("_sort", "date")], "213"),
        ([("_sort", "-date")], "123"),  # what has no date comes last both ways
    ],
)
def test_what_a_search_finds(asked: list[tuple[str, str]], found: str) -> None:
    rows = [stored(one) for one in OBSERVATIONS]
    answer = "".join(row.content["id"] for row in parse("Observation", asked).matching(rows))
    assert answer == found if asked[0][0] == "_sort" else sorted(answer) == sorted(found)


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        (("colour", "red"), "colour: Observation has no such search parameter"),
        (("statuss", "final"), "Did you mean 'status'"),
        (("code:in", "x"), "code:in: this modifier is not known"),
        (("_id:not", "x"), "_id:not: no modifier is known"),
        (("_sort:first", "date"), "_sort:first: no modifier is known"),
        (("date", "soon"), "A date is expected"),
        (("date", "xx2026"), "A date is expected"),
        (("_sort", "colour"), "_sort=colour"),
        (("status:missing", "maybe"), "expected true or false"),
    ],
)
def test_what_is_not_known_is_refused_by_its_name(asked: tuple[str, str], says: str) -> None:
    with pytest.raises(BadRequest, match=says.replace("=", ".")):
        parse("Observation", [asked])


@pytest.mark.parametrize(
    "body",
    [
        '{"resourceType":"Observation","id":"o1","valueQuantity":{"value":1.50},"subject":{"reference":"Patient/123"}}',
        '{"resourceType":"Observation","id":"o1","meta":{"lastUpdated":"2020-01-01T00:00:00Z","versionId":"9"},'
        '"valueQuantity":{"value":1.50},"subject":{"reference":"Patient/123"}}',
        ' { "subject" : {"reference": "Patient/123/_history/4"} , "valueQuantity":{"value":1.50},\n"id" : "o1",'
        '"resourceType":"Observation" ,"meta":{"tag":[{"code":"{\\"}"}]} }',
    ],
    ids=["no meta", "own meta", "any order"],
)
def test_bytes_are_answered_with_our_ids_and_nothing_else_touched(body: str) -> None:
    answer = served(stored(body), is_simulated=False)
    assert b'"value":1.50' in answer
    said = json.loads(answer)
    assert said["id"] == str(resource_id("gp-7", "Observation", "o1"))
    assert said["subject"]["reference"].startswith(f"Patient/{resource_id('gp-7', 'Patient', '123')}")
    assert said["meta"]["versionId"] == "2"
    assert said["meta"]["lastUpdated"] == "2026-11-01T12:00:00.000Z"
    assert said["meta"]["source"] == "https://joinedup.example/Id/gp-7#Observation/o1"
    given = json.loads(body)
    assert {key for key in said if key not in given} <= {"meta"}
    assert said["meta"].get("tag") == given.get("meta", {}).get("tag")


def test_a_simulated_resident_is_labelled() -> None:
    said = json.loads(served(stored('{"resourceType":"Flag","id":"f"}'), is_simulated=True))
    assert said["meta"]["tag"] == [
        {"system": "http://terminology.hl7.org/CodeSystem/v3-ActReason", "code": "HTEST", "display": "test health data"}
    ]


def test_words_that_look_like_a_reference_are_left_alone() -> None:
    body = {"resourceType": "Flag", "id": "f", "code": {"text": '"reference":"Patient/123"'}, "x": {"reference": "#p"}}
    one = stored(body)
    assert json.loads(served(one, is_simulated=False))["code"] == body["code"]
    assert list(references(one)) == []
