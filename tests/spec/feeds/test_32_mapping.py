"""A mapping says what a column means: its type, its codes, and the FHIR resources that a row gives (rules: R15)."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from joinedup.errors import FileError, NotFound
from joinedup.feeds.cells import Refused, has_snomed_check_digit, instant, reader_for
from joinedup.feeds.mapping import parse_mapping, read_mapping
from joinedup.feeds.rows import Notes, Rows, fhir_id
from joinedup.feeds.sources import mapping_names

MAPPING = """
title = "Results, for these tests"
delimiter = ","
patient = "patient"
event = "taken"
dates_in_order = [["born", "day"]]

[columns]
"id" = { field = "patient", required = true }
"born" = { field = "born", type = "date", format = "%d/%m/%Y" }
"day" = { field = "day", type = "date" }
"clock" = { field = "clock", type = "time", format = "%H:%M" }
"sex" = { field = "sex" }
"test" = { field = "test" }
"value" = { field = "value", type = "decimal" }
"unit" = { field = "unit" }
"weight" = { field = "weight", type = "decimal", unit = "kg" }
"remark" = {}

[times]
taken = ["day", "clock"]

[maps.sex]
[maps.sex.codes]
"M" = "male"
"*" = "unknown"
[maps.test]
system = "https://lab.example/tests"
also = { "HB" = [{ system = "http://loinc.org", code = "718-7" }] }
[maps.test.codes]
"HB" = "Haemoglobin"
[maps.unit]
unmapped = "bad-unit"
[maps.unit.codes]
"g/l" = "g/L"

[[resource]]
type = "Patient"
id = "{patient}"
repeats = true
[resource.content]
identifier = [{ system = "https://joinedup.example/Id/{source_key}", value = "{patient}" }]
gender = "{sex:sex}"
birthDate = "{born}"

[[resource]]
type = "Observation"
id = "{patient}/{day}"
when = ["test", "value"]
[resource.content]
status = "final"
code = "{test:test}"
subject = { reference = "Patient/{patient}" }
effectiveDateTime = "{taken}"
valueQuantity = { value = "{value}", unit = "{unit:unit=1}" }
component = [
  { code = { text = "weight" }, valueQuantity = "{weight}" },
  { _if = "sex=M|F", code = { text = "sex" }, valueString = "{sex}" },
]
"""
HEADINGS = ("id", "born", "day", "clock", "sex", "test", "value", "unit", "weight", "remark")


def coded(system: str, code: str, text: str) -> dict[str, Any]:
    return {"coding": [{"system": system, "code": code}], "text": text}


def built(**cells: str) -> tuple[list[dict[str, Any]], Notes]:
    rows = Rows(parse_mapping(MAPPING, "lab"), HEADINGS, {"source_key": "lab-1", "source_organisation": "RWH"})
    notes = Notes()
    values = rows.values([({"id": "7"} | cells).get(heading, "") for heading in HEADINGS], notes)
    return [one.content for one in rows.build(values, notes)], notes


def test_a_row_gives_its_resources_as_drawn() -> None:
    (patient, result), notes = built(
        born="03/04/1950", day="2026-07-01", clock="09:30", sex="M", test="HB", value="131.5", unit="g/l", weight="80"
    )
    assert patient == {
        "resourceType": "Patient", "id": "7", "gender": "male", "birthDate": "1950-04-03",
        "identifier": [{"system": "https://joinedup.example/Id/lab-1", "value": "7"}],
    }  # fmt: skip
    assert result == {
        "resourceType": "Observation",
        "id": fhir_id("7/2026-07-01"),  # A slash is no part of a FHIR id: a UUID stands for the whole.
        "status": "final",
        "code": {
            "coding": [
                {"system": "https://lab.example/tests", "code": "HB", "display": "Haemoglobin"},
                {"system": "http://loinc.org", "code": "718-7"},
            ],
            "text": "Haemoglobin",
        },
        "subject": {"reference": "Patient/7"},
        "effectiveDateTime": "2026-07-01T09:30:00+01:00",
        "valueQuantity": {"value": 131.5, "unit": "g/L"},
        "component": [
            {
                "code": {"text": "weight"},
                "valueQuantity": {"value": 80.0, "unit": "kg", "system": "http://unitsofmeasure.org", "code": "kg"},
            },
            {"code": {"text": "sex"}, "valueString": "M"},
        ],
    }
    assert (notes.warnings, notes.flags) == ([], [])


def test_what_has_no_value_vanishes_with_all_that_was_drawn_to_hold_it() -> None:
    (patient,), _ = built()  # no test and no value: no Observation
    assert set(patient) == {"resourceType", "id", "identifier"}
    (_, result), _ = built(day="2026-07-01", test="HB", value="1")
    assert "component" not in result
    assert result["valueQuantity"] == {"value": 1.0, "unit": "1"}  # the word after = stands where nothing is said


def test_a_code_that_is_not_known_stays_as_text_with_a_warning() -> None:
    (patient, result), notes = built(day="2026-07-01", sex="7", test="ABC", value="1")
    assert patient["gender"] == "unknown"
    assert result["code"] == {"text": "ABC"}
    assert notes.warnings == ["unmapped-code", "unmapped-code"]


def test_a_unit_that_is_not_known_is_refused() -> None:
    with pytest.raises(Refused) as refused:
        built(day="2026-07-01", test="HB", value="1", unit="stone")
    assert (refused.value.reason, refused.value.place) == ("bad-unit", "unit")


@pytest.mark.parametrize(
    ("cells", "reason", "place"),
    [
        ({"id": " "}, "missing-required", "id"),
        ({"born": "13/13/2026"}, "bad-syntax", "born"),  # R15's own example
        ({"born": "1950-04-03"}, "bad-syntax", "born"),
        ({"day": "2026-02-30"}, "bad-syntax", "day"),
        ({"day": "20260203"}, "bad-syntax", "day"),
        ({"clock": "24:61"}, "bad-syntax", "clock"),
        ({"value": "1,5"}, "bad-syntax", "value"),
        ({"value": "NaN"}, "bad-syntax", "value"),
        ({"born": "03/04/2026", "day": "2026-04-02"}, "bad-date", "day"),
        ({"test": "HB", "value": "1"}, "missing-required", "{patient}/{day}"),
    ],
)
def test_what_a_column_does_not_allow_is_refused_by_column(cells: dict[str, str], reason: str, place: str) -> None:
    with pytest.raises(Refused) as refused:
        built(**cells)
    assert (refused.value.reason, refused.value.place) == (reason, place)
    assert not any(value.strip() and value in refused.value.message for value in cells.values())


@pytest.mark.parametrize(
    ("type_", "text", "value"),
    [
        ("nhs_number", "999 000 0018", "9990000018"),
        ("nhs_number", "9990000019", "bad-identifier"),
        ("nhs_number", "nine nine nine", "bad-identifier"),
        ("datetime", "2026-07-01T14:05:00", "2026-07-01T14:05:00+01:00"),
        ("datetime", "2026-07-01", "bad-syntax"),
        ("postcode", "zh11aa", "ZH1 1AA"),
        ("postcode", "somewhere", "somewhere"),
        ("ods", "rwh", "RWH"),
        ("ods", "R W", "bad-syntax"),
        ("integer", "-3", -3),
        ("integer", "3.0", "bad-syntax"),
        ("integer", "٣", "bad-syntax"),
        ("money", "£2412.50", {"value": 2412.5, "currency": "GBP"}),
        ("money", "2412.505", "bad-syntax"),
        ("yes_no", "Y", True),
        ("yes_no", "maybe", "bad-code"),
        ("icd10", "E119", coded("http://hl7.org/fhir/sid/icd-10", "E11.9", "E119")),
        ("icd10", "I10X", coded("http://hl7.org/fhir/sid/icd-10", "I10", "I10X")),
        ("icd10", "heart", {"text": "heart"}),
        ("opcs4", "W381", coded("https://fhir.hl7.org.uk/Id/opcs-4", "W38.1", "W381")),
        ("snomed", "22298006", coded("http://snomed.info/sct", "22298006", "22298006")),
        ("snomed", "22298007", {"text": "22298007"}),  # a check digit that is wrong: no SNOMED CT code
    ],
)  # fmt: skip
def test_a_cell_is_what_its_type_says(type_: str, text: str, value: Any) -> None:
    try:
        assert reader_for(type_)(text) == value
    except Refused as refused:
        assert refused.reason == value  # noqa: PT017


def test_the_check_digit_of_snomed_ct_is_verhoeffs() -> None:
    # Of one code each other last digit, and each exchange of two neighbours, is found.
    code = "1048031000000100"
    assert has_snomed_check_digit(code)
    assert not any(has_snomed_check_digit(code[:-1] + digit) for digit in "123456789")
    assert not any(
        has_snomed_check_digit(code[:n] + code[n + 1] + code[n] + code[n + 2 :])
        for n in range(len(code) - 1)
        if code[n] != code[n + 1]
    )


@pytest.mark.parametrize(
    ("day", "clock", "value", "flag"),
    [
        ("2026-07-01", None, "2026-07-01", ""),
        ("2026-07-01", "00:30:00", "2026-07-01T00:30:00+01:00", ""),
        ("2026-01-01", "00:30:00", "2026-01-01T00:30:00+00:00", ""),
        ("2026-10-25", "01:30:00", "2026-10-25T01:30:00+01:00", "ambiguous-time"),  # R11: the first of the two
        ("2026-03-29", "01:30:00", "2026-03-29T01:30:00+00:00", "nonexistent-time"),  # R11: read as UTC
        ("2026-10-25", "03:30:00", "2026-10-25T03:30:00+00:00", ""),
    ],
)
def test_a_day_and_a_time_are_an_instant_in_london(day: str, clock: str | None, value: str, flag: str) -> None:
    assert instant(day, clock) == (value, flag)


@pytest.mark.parametrize(
    ("text", "instead", "says"),
    [
        ('type = "decimal" }', 'type = "decimel" }', r"value: there is no type 'decimel'. Did you mean 'decimal'\?"),
        ('"{patient}/{day}"', '"{patient}/{dya}"', r"no column is the field 'dya'. Did you mean 'day'\?"),
        ('"{sex:sex}"', '"{sex:sax}"', r"there is no map 'sax'. Did you mean 'sex'\?"),
        ('gender = "{sex:sex}"', 'gender = "{sex:sex.coding}"', "the map 'sex' has no system"),
        ('gender = "{sex:sex}"', 'gender = "{Sex}"', "expected {field}"),
        ('patient = "patient"', 'patient = "born"', "expected a column that is required"),
        ('unmapped = "bad-unit"', 'unmapped = "drop"', "expected one of text, unmapped-code"),
        ('delimiter = ","', 'delimiter = ", "', "field delimiter: expected one character"),
        ('delimiter = ","', 'delimeter = ","', r"Did you mean 'delimiter'\?"),
        ('delimiter = ","', 'delimiter = ","\nencoding = "utf-16"', "field encoding: expected one of utf-8"),
        ('delimiter = ","', 'delimiter = ","\nuses = ["peple"]', r"no list of codes 'peple'. Did you mean 'people'\?"),
        ('when = ["test", "value"]', 'when = ["text"]', r"no column is the field 'text'. Did you mean 'test'\?"),
        ('field = "born"', 'field = "day"', "two columns are the field 'day'"),
    ],
)  # fmt: skip
def test_a_mapping_that_cannot_be_meant_is_refused(text: str, instead: str, says: str) -> None:
    assert text in MAPPING
    with pytest.raises(FileError, match=says):
        parse_mapping(MAPPING.replace(text, instead), "lab")


@pytest.mark.parametrize("name", mapping_names())
def test_the_shipped_mappings_are_sound(name: str) -> None:
    mapping = read_mapping(name)
    assert mapping.resources[0].type == "Patient"
    assert mapping.event


def test_a_mapping_that_is_not_there_is_named_with_the_nearest() -> None:
    with pytest.raises(NotFound, match=r"no mapping 'sus-acp'. Did you mean 'sus-apc'\?"):
        read_mapping("sus-acp")
    with pytest.raises(NotFound):
        read_mapping("../../etc/passwd")


def test_a_mapping_of_ones_own_takes_the_place_of_the_shipped_one_also_when_it_is_mended(tmp_path: Path) -> None:
    own = tmp_path / "ecds.toml"
    assert read_mapping("ecds", tmp_path) is read_mapping("ecds")
    own.write_text(MAPPING)
    assert read_mapping("ecds", tmp_path).title == "Results, for these tests"
    own.write_text(MAPPING.replace("Results, for", "Mended, for"))
    os.utime(own, ns=(1, 1))
    assert read_mapping("ecds", tmp_path).title == "Mended, for these tests"
    own.unlink()
    assert read_mapping("ecds", tmp_path) is read_mapping("ecds")
