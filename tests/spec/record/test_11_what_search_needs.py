"""Clinical time and tokens: what is taken out of a resource when it is stored (rules: record R32, R51)."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from joinedup.record.extract import clinical_time, span, tokens


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


@pytest.mark.parametrize(
    ("written", "start", "end"),
    [
        ("2026", "2026-01-01T00:00+00:00", "2027-01-01T00:00+00:00"),
        ("2026-03", "2026-03-01T00:00+00:00", "2026-04-01T00:00+01:00"),  # the clocks go forward within it
        ("2026-07-01", "2026-07-01T00:00+01:00", "2026-07-02T00:00+01:00"),
        ("2026-03-29", "2026-03-29T00:00+00:00", "2026-03-30T00:00+01:00"),  # a day of 23 hours
        ("2026-07-01T00:30:00", "2026-06-30T23:30:00+00:00", "2026-06-30T23:30:01+00:00"),  # no zone: London
        ("2026-07-01T00:30:00+01:00", "2026-06-30T23:30:00+00:00", "2026-06-30T23:30:01+00:00"),
        ("2026-03-14T10:30:00.250Z", "2026-03-14T10:30:00.250+00:00", "2026-03-14T10:30:00.250+00:00"),
    ],
)
def test_what_a_date_covers(written: str, start: str, end: str) -> None:
    assert span(written) == (at(start), at(end))


@pytest.mark.parametrize("written", ["", "2026-02-30", "yesterday", "2026-13", "99999"])
def test_what_is_no_date_covers_nothing(written: str) -> None:
    assert span(written) == (None, None)


def test_a_stay_that_goes_on_has_no_end() -> None:
    stay = {"resourceType": "Encounter", "period": {"start": "2026-03-14T10:30:00Z"}}
    assert clinical_time("Encounter", stay) == (at("2026-03-14T10:30:00+00:00"), None)


def test_when_it_was_recorded_counts_only_where_nobody_says_when_it_began() -> None:
    began = {"onsetDateTime": "2011", "recordedDate": "2020-05-01"}
    assert clinical_time("Condition", began)[0] == at("2011-01-01T00:00+00:00")
    assert clinical_time("Condition", {"recordedDate": "2020-05-01"})[0] == at("2020-05-01T00:00+01:00")
    assert clinical_time("Condition", {"onsetString": "as a child"}) == (None, None)


def test_tokens_bear_parameter_system_and_code_once() -> None:
    condition = {
        "clinicalStatus": {"coding": [{"system": "http://hl7.example/clinical", "code": "active"}]},
        "code": {
            "text": "High blood pressure",
            "coding": [
                {"system": "http://snomed.info/sct", "code": "38341003"},
                {"system": "http://snomed.info/sct", "code": "38341003"},
                {"code": "G20.."},
                {"display": "no code at all"},
            ],
        },
        "encounter": {"reference": "Encounter/7"},
    }
    assert tokens("Condition", condition) == [
        "clinical-status=http://hl7.example/clinical|active",
        "code=http://snomed.info/sct|38341003",
        "code=G20..",
        "encounter=Encounter/7",
    ]


def test_a_text_in_the_place_of_a_code_is_not_a_token() -> None:
    assert tokens("Condition", {"code": {"coding": [{"code": "x" * 500}]}}) == []
