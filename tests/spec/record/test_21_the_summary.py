"""The summary: the headings of the standard, conflicts side by side, four kinds of nothing (R65, R66, R30)."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path

import pytest

from joinedup.record.statement import freshness, said_age, said_date, words
from joinedup.record.summary import ALWAYS_OPEN, REVIEW_DATE, SECTIONS, Section, age_on, identity_of, summarise

from .drawn import ACUTE, GP, MIND, NOON, OURS, SUS, concept, patient, said

ALLERGIES = "allergies-and-adverse-reaction"
ACTIVE = {"coding": [{"code": "active"}]}
PENICILLIN = concept("Penicillin", "764146007")
NO_KNOWN = concept("No known allergies", "716186003")


def section(statements: list, code: str, **more: object) -> Section:
    return summarise(statements, NOON, **more).section(code)  # type: ignore[arg-type]


def test_the_sections_are_headings_of_the_standard_in_order(reference: Path) -> None:
    file = reference / "ukcore-definitions" / "codesystems" / "CodeSystem-UKCore-RecordStandardHeadings.json"
    known = {one["code"] for one in json.loads(file.read_text())["concept"]}
    assert [code for code in SECTIONS if code not in known] == []
    summary = summarise([], NOON)
    assert [one.code for one in summary.sections] == list(SECTIONS)
    assert [one.code for one in summary.sections if one.is_always_open] == list(ALWAYS_OPEN) == list(SECTIONS)[:3]


PLACES = [
    (said(GP, "Condition", code=concept("Gout"), category=[concept(code="problem-list-item")]), "problems-and-issues"),
    (said(ACUTE, "Condition", code=concept("Fracture"), category=[concept(code="encounter-diagnosis")]), "diagnoses"),
    (said(GP, "Observation", code=concept("HbA1c"), category=[concept(code="laboratory")]), "investigation-results"),
    (said(GP, "Observation", code=concept("Weight"), category=[concept(code="vital-signs")]), "observations"),
    (said(GP, "Observation", code=concept("Smoker"), category=[concept(code="social-history")]), "social-context"),
    (said(GP, "Observation", code=concept("Pregnant", "77386006")), "pregnancy-status"),
    (said(GP, "Immunization", vaccineCode=concept("Influenza vaccine")), "vaccinations"),
    (said(ACUTE, "Encounter", **{"class": {"code": "IMP"}}, status="in-progress"), "admission-details"),
    (said(ACUTE, "Encounter", **{"class": {"code": "IMP"}}, status="finished"), "discharge-details"),
    (said(ACUTE, "Encounter", **{"class": {"code": "EMER"}}, status="finished"), "contact-with-professionals"),
    (said(ACUTE, "Appointment", status="booked", start="2026-07-09T09:00:00Z"), "future-appointments"),
    (said(ACUTE, "Appointment", status="cancelled", start="2026-07-09T09:00:00Z"), "contact-with-professionals"),
    (said(ACUTE, "Appointment", status="booked", start="2026-06-09T09:00:00Z"), "contact-with-professionals"),
    (said(GP, "EpisodeOfCare", status="active"), "gp-practice"),
    (said(MIND, "EpisodeOfCare", status="active", type=[concept("Caseload")]), "services-and-care"),
    (said(GP, "ServiceRequest", code=concept("Cardiology"), status="active"), "referral-details"),
    (said(GP, "Flag", code=concept("Falls risk")), "risk-information"),
    (said(GP, "Flag", code=concept("Key safe at the door")), "alerts"),
    (said(GP, "Flag", code=concept("Needs a quiet room"), category=[concept("Reasonable adjustment")]),
     "reasonable-adjustments-for-health-and-care-access"),
    (said(GP, "Flag", code=concept("Child protection plan"), category=[concept("Safeguarding")]), "safeguarding"),
    (said(MIND, "CarePlan", title="Crisis plan", status="active"), "plan-and-requested-actions"),
    (said(OURS, "Communication", category=[concept("Note")], payload=[{"contentString": "x"}]),
     "professional-narrative"),
    (said(ACUTE, "DocumentReference", type=concept("Discharge summary")),
     "documents-including-correspondence-audio-and-images"),
]  # fmt: skip


@pytest.mark.parametrize(("statement", "code"), PLACES, ids=lambda v: v if isinstance(v, str) else v.type)
def test_each_statement_stands_under_one_heading(statement: object, code: str) -> None:
    summary = summarise([statement], NOON)  # type: ignore[list-item]
    assert [one.code for one in summary.sections if one.many] == [code]


# --- conflicts -----------------------------------------------------------------------------------------------------


def test_none_known_beside_penicillin_is_penicillin_and_a_conflict() -> None:
    """Rules: record R66, the test of the rule book."""
    found = section(
        [
            said(GP, "AllergyIntolerance", code=NO_KNOWN, clinicalStatus=ACTIVE, recordedDate="2024-02-02"),
            said(ACUTE, "AllergyIntolerance", code=PENICILLIN, clinicalStatus=ACTIVE),
        ],
        ALLERGIES,
    )
    assert [group.title.text for group in found.groups] == ["Penicillin"]
    assert found.groups[0].conflicts == ("No known allergies, according to Riverside Surgery (2 February 2024)",)
    assert found.absence is None


def test_no_known_food_allergy_does_not_contradict_penicillin() -> None:
    found = section(
        [
            said(GP, "AllergyIntolerance", code=concept("No known food allergy", "429625007")),
            said(ACUTE, "AllergyIntolerance", code=PENICILLIN, category=["medication"]),
        ],
        ALLERGIES,
    )
    assert found.groups[0].conflicts == ()


def test_two_sources_of_one_allergy_stand_side_by_side_under_one_substance() -> None:
    found = section(
        [
            said(GP, "AllergyIntolerance", code=concept("Allergy to penicillin", "91936005"), clinicalStatus=ACTIVE),
            said(ACUTE, "AllergyIntolerance", code=PENICILLIN, clinicalStatus=ACTIVE, criticality="high"),
            said(ACUTE, "AllergyIntolerance", code=concept("Latex"), clinicalStatus=ACTIVE),
        ],
        ALLERGIES,
    )
    assert [(g.title.text, len(g.versions), g.conflicts) for g in found.groups] == [
        ("Latex", 1, ()),
        ("Penicillin", 2, ()),
    ]


def test_an_allergy_that_one_source_ended_stays_on_top_as_a_conflict() -> None:
    ended = {"coding": [{"code": "resolved"}]}
    found = summarise(
        [
            said(GP, "AllergyIntolerance", code=PENICILLIN, clinicalStatus=ended),
            said(ACUTE, "AllergyIntolerance", code=PENICILLIN, clinicalStatus=ACTIVE),
            said(GP, "AllergyIntolerance", code=concept("Latex"), clinicalStatus=ended),
        ],
        NOON,
    )
    (group,) = found.section(ALLERGIES).groups
    assert group.conflicts == ("Ended or refuted, according to Riverside Surgery",)
    assert [g.title.text for g in found.section("ended-allergies").groups] == ["Latex"]


def medicine(sender: object, text: str, dose: str, status: str = "active", **more: object) -> object:
    return said(
        sender, "MedicationRequest", medicationCodeableConcept=concept(text), dosageInstruction=[{"text": dose}],
        status=status, authoredOn="2026-06-01", **more,
    )  # type: ignore[arg-type]  # fmt: skip


def test_medicines_are_grouped_by_substance_and_merged_only_when_equal() -> None:
    found = section(
        [
            medicine(GP, "Ramipril 5mg capsules", "one daily", label="a"),
            medicine(GP, "Ramipril 5mg capsules", "one daily", label="b"),
            medicine(ACUTE, "Ramipril 10 mg", "one daily at night"),
            medicine(GP, "Amoxicillin 500mg capsules", "three times a day", status="completed"),
        ],
        "medications-and-medical-devices",
    )
    ramipril, amoxicillin = found.groups
    assert [len(version.statements) for version in ramipril.versions] == [2, 1]
    assert ramipril.conflicts == ("The dose differs between sources",)
    assert (amoxicillin.title.text, amoxicillin.is_active, amoxicillin.conflicts) == (
        "Amoxicillin 500mg capsules",
        False,
        (),
    )


def test_a_medicine_that_one_source_stopped_is_a_conflict() -> None:
    found = section(
        [
            medicine(GP, "Warfarin 3mg tablets", "one daily"),
            medicine(ACUTE, "Warfarin 3mg tablets", "one daily", "stopped"),
        ],
        "medications-and-medical-devices",
    )
    assert found.groups[0].conflicts == ("Stopped, according to East and North Hospital",)


def test_an_order_that_a_hospital_completed_is_no_stop() -> None:
    found = section(
        [
            medicine(GP, "Warfarin 3mg tablets", "one daily"),
            medicine(ACUTE, "Warfarin 3mg tablets", "one daily", "completed"),
        ],
        "medications-and-medical-devices",
    )
    assert found.groups[0].conflicts == ()
    assert [version.is_active for version in found.groups[0].versions] == [True, False]


def test_sources_that_call_a_person_the_same_share_a_line() -> None:
    upper = patient(SUS, name=[{"family": "OKAFOR", "given": ["GRACE"]}])
    moved = patient(MIND, address=[{"line": ["9 High Street"], "postalCode": "ZH9 9ZZ"}])
    lines = section([patient(GP), upper, moved], "person-demographics").lines
    assert [(line.title.text, [s.organisation_name for s in line.senders]) for line in lines] == [
        ("Grace Okafor", ["Riverside Surgery", "East and North Hospital"]),
        ("Grace Okafor", ["Partnership Trust"]),
    ]


def test_a_consultants_part_of_a_stay_has_no_line_of_its_own() -> None:
    whole = said(ACUTE, "Encounter", **{"class": {"code": "IMP"}}, status="finished")
    part = said(SUS, "Encounter", **{"class": {"code": "IMP"}}, status="finished", partOf={"reference": "Encounter/1"})
    assert len(section([whole, part], "discharge-details").lines) == 1


# --- four kinds of nothing -----------------------------------------------------------------------------------------


def test_four_kinds_of_nothing_never_share_their_words() -> None:
    """Rules: record R30."""
    none = said(GP, "AllergyIntolerance", code=NO_KNOWN, clinicalStatus=ACTIVE)
    silent = said(MIND, "Flag", code=concept("x"))
    said_of = {
        "none-recorded": section([none], ALLERGIES),
        "nothing-recorded": section([said(GP, "Flag", code=concept("x"))], ALLERGIES),
        "withheld": section([none], ALLERGIES, withheld={ALLERGIES}),
        "not-received": section([silent], ALLERGIES),
    }
    kinds = {expected: found.absence for expected, found in said_of.items()}
    assert {expected: absence and absence[0] for expected, absence in kinds.items()} == {kind: kind for kind in kinds}
    texts = [absence[1] for absence in kinds.values() if absence]
    assert len({text.split(".")[0] for text in texts}) == 4
    assert "Partnership Trust has sent nothing for too long" in kinds["not-received"][1]  # type: ignore[index]
    assert said_of["withheld"].groups == () == said_of["withheld"].none_known


@pytest.mark.parametrize(
    ("reason", "kind"),
    [
        ("nilknown", "none-recorded"),
        ("notasked", "nothing-recorded"),
        ("withheld", "withheld"),
        ("unavailable", "not-received"),
    ],
)
def test_an_empty_list_says_why_it_is_empty(reason: str, kind: str) -> None:
    empty = said(GP, "List", code=concept("Allergies"), status="current", emptyReason=concept(code=reason))
    absence = section([empty], ALLERGIES).absence
    assert absence is not None
    assert absence[0] == kind


def test_a_source_that_is_not_connected_is_named() -> None:
    absence = section([], ALLERGIES, not_connected=["Tertiary Centre"]).absence
    assert absence is not None
    assert absence[0] == "not-received"
    assert "Tertiary Centre is not connected" in absence[1]


def test_the_age_of_a_source_is_green_amber_or_red() -> None:
    """Rules: record R18: at an interval of 15 minutes 30 is green, 31 amber, 61 red."""
    from dataclasses import replace

    ages = {minutes: NOON - timedelta(minutes=minutes) for minutes in (30, 31, 60, 61)}
    states = {m: freshness(replace(GP, interval_hours=0.25, last_received=then), NOON) for m, then in ages.items()}
    assert states == {30: "green", 31: "amber", 60: "amber", 61: "red"}
    assert freshness(replace(GP, last_received=None), NOON) == "red"
    stale = summarise([said(MIND, "Flag", code=concept("x")), said(SUS, "Flag", code=concept("y"))], NOON).stale
    assert [(sender.key, state) for sender, state in stale] == [("mind-1", "red")]


# --- lines ---------------------------------------------------------------------------------------------------------


def test_what_was_entered_in_error_is_nowhere() -> None:
    wrong = said(ACUTE, "AllergyIntolerance", code=PENICILLIN, verificationStatus=concept(code="entered-in-error"))
    also = said(ACUTE, "Observation", code=concept("Potassium"), status="entered-in-error")
    summary = summarise([wrong, also], NOON)
    assert [one.code for one in summary.sections if one.many] == []


def test_a_corrected_result_is_marked() -> None:
    lab = [concept(code="laboratory")]
    found = section(
        [
            said(ACUTE, "Observation", code=concept("Sodium"), category=lab, status="final"),
            said(ACUTE, "Observation", code=concept("Potassium"), category=lab, status="corrected",
                 valueQuantity={"value": 4.1, "unit": "mmol/L"}),
        ],
        "investigation-results",
    )  # fmt: skip
    assert {line.title.text: line.is_corrected for line in found.lines} == {"Sodium": False, "Potassium": True}


@pytest.mark.parametrize(
    ("given", "expected", "is_code"),
    [
        (concept("Asthma", "195967001"), "Asthma", False),
        (concept("", "195967001", display="Asthma"), "Asthma", False),
        (concept("", "195967001"), "SNOMED CT 195967001", True),
        (concept("", "X7", "urn:local"), "code X7", True),
        (concept("195967001", "195967001"), "SNOMED CT 195967001", True),
        (concept("", "X7", "urn:local", "X7"), "code X7", True),
        ({}, "", False),
    ],
)
def test_a_code_shows_its_senders_words_else_the_code_marked_as_one(given: dict, expected: str, is_code: bool) -> None:
    assert words(given) == (expected, is_code)


def test_of_each_measurement_the_newest_is_shown_and_the_others_are_counted() -> None:
    weights = [
        said(GP, "Observation", code=concept("Body weight"), effectiveDateTime=f"202{year}-05-01",
             valueQuantity={"value": 70 + year, "unit": "kg"})
        for year in (1, 4, 3)
    ]  # fmt: skip
    (line,) = section(weights, "observations").lines
    assert (line.details, line.when, line.earlier) == (("74 kg",), "1 May 2024", 2)


def test_a_laboratorys_mark_is_said_in_words() -> None:
    marked = said(ACUTE, "Observation", code=concept("Potassium"), valueQuantity={"value": 6.9, "unit": "mmol/L"},
                  interpretation=[concept(code="HH", system="")], effectiveDateTime="2026-05-01")  # fmt: skip
    (line,) = section([marked], "observations").lines
    assert line.details == ("6.9 mmol/L", "critically high")


def test_the_parts_of_a_blood_pressure_stand_in_its_line() -> None:
    pressure = said(
        GP, "Observation", code=concept("Blood pressure"), effectiveDateTime="2026-05-01",
        component=[
            {"code": concept("Systolic"), "valueQuantity": {"value": 142, "unit": "mm[Hg]"}},
            {"code": concept("Diastolic"), "valueQuantity": {"value": 88, "unit": "mm[Hg]"}},
        ],
    )  # fmt: skip
    (line,) = section([pressure], "observations").lines
    assert line.details == ("Systolic: 142 mm[Hg]; Diastolic: 88 mm[Hg]",)


def test_an_alert_past_its_review_is_shown_as_due_and_not_hidden() -> None:
    """Rules: record R70."""

    def alert(day: str) -> object:
        return said(OURS, "Flag", code=concept(day), extension=[{"url": REVIEW_DATE, "valueDate": day}])

    found = section([alert("2026-06-30"), alert("2026-07-01")], "alerts")
    assert {line.title.text: line.review_due for line in found.lines} == {
        "2026-06-30": date(2026, 6, 30),
        "2026-07-01": None,
    }


# --- the identity strip --------------------------------------------------------------------------------------------


def test_the_strip_says_who_it_is_and_on_what_sources_differ() -> None:
    hospital = patient(ACUTE, "9990000026", verified=False, birthDate="1958-03-15")
    strip = identity_of([hospital, patient(GP)], NOON)
    assert (strip.name, strip.born, strip.age_years) == ("Grace Okafor", date(1958, 3, 14), 68)
    assert (strip.nhs_number_said, strip.nhs_number_is_verified) == ("999 000 0018", True)
    assert strip.differs == ("birth date", "NHS number")
    assert identity_of([], NOON).name == "Name not known"


def test_who_has_died_has_no_age() -> None:
    strip = identity_of([patient(GP, deceasedDateTime="2025-11-02")], NOON)
    assert (strip.died, strip.age_years) == ("2 November 2025", None)


@pytest.mark.parametrize(
    ("born", "day", "age"),
    [
        (date(2008, 2, 29), date(2026, 2, 28), 17),
        (date(2008, 2, 29), date(2026, 3, 1), 18),
        (date(2026, 7, 1), date(2026, 7, 1), 0),
    ],
)
def test_age_is_in_whole_years(born: date, day: date, age: int) -> None:
    assert age_on(born, day) == age


def test_dates_are_as_exact_as_they_were_sent() -> None:
    sent = ["2026", "2026-03", "2026-03-14", "2026-03-29T01:01:00Z", "2026-03-14T10:30:00", ""]
    assert [said_date(text) for text in sent] == [
        "2026",
        "March 2026",
        "14 March 2026",
        "29 March 2026 at 2:01am",
        "14 March 2026 at 10:30am",
        "",
    ]


def test_ages_are_said_as_people_say_them() -> None:
    past = [timedelta(0), timedelta(minutes=14), timedelta(hours=3), timedelta(days=1), timedelta(days=5),
            timedelta(days=30), timedelta(days=300), timedelta(days=1000)]  # fmt: skip
    assert [said_age(NOON - one, NOON) for one in past] == [
        "just now",
        "14 minutes ago",
        "3 hours ago",
        "yesterday",
        "5 days ago",
        "4 weeks ago",
        "10 months ago",
        "2 years ago",
    ]
