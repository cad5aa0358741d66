"""The timeline: one order over all types, one entry for one event, who said it and how we know who it is (R67)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from joinedup.record.folding import fold
from joinedup.record.statement import Statement
from joinedup.record.timeline import JOIN, IdentityTold, Joined, timeline

from .drawn import ACUTE, GP, MIND, NOON, OURS, SUS, concept, patient, said

IMP = {"class": {"code": "IMP"}}
SODIUM = concept("Sodium", "1000661000000107")


def titles(statements: list[Statement], **filters: object) -> list[str]:
    return [entry.title.text for entry in timeline(statements, {}, **filters).entries]  # type: ignore[arg-type]


# --- order and filters ---------------------------------------------------------------------------------------------


def test_the_order_is_clinical_time_then_recorded_time() -> None:
    """Rules: record R67: the clocks go forward between the second and the third."""
    five = [
        said(GP, "Observation", code=concept("second"), effectiveDateTime="2026-03-29T00:59:00Z"),
        said(GP, "Observation", code=concept("third"), effectiveDateTime="2026-03-29T01:01:00Z"),
        said(GP, "Observation", code=concept("first"), effectiveDateTime="2026-03-28"),
        said(ACUTE, "Observation", code=concept("fifth"), effectiveDateTime="2026-03-30", recorded_at=NOON),
        said(GP, "Observation", code=concept("fourth"), effectiveDateTime="2026-03-30"),
    ]
    found = timeline(five, {}, newest_first=False)
    assert [entry.title.text for entry in found.entries] == ["first", "second", "third", "fourth", "fifth"]
    assert [entry.when for entry in found.entries[1:3]] == [
        "29 March 2026 at 12:59am",
        "29 March 2026 at 2:01am",
    ]
    assert titles(five) == ["fifth", "fourth", "third", "second", "first"]


def test_what_bears_no_date_stands_apart_at_the_end() -> None:
    found = timeline([said(GP, "Condition", code=concept("Asthma")), said(GP, "Flag", code=concept("x"))], {})
    assert found.entries == ()
    assert {entry.title.text for entry in found.undated} == {"Asthma", "x"}
    assert {entry.when for entry in found.undated} == {""}


def test_filters_let_through_a_setting_a_type_an_organisation() -> None:
    every = [
        said(GP, "Condition", code=concept("a"), recordedDate="2026-01-01"),
        said(ACUTE, "Condition", code=concept("b"), recordedDate="2026-01-02"),
        said(ACUTE, "Procedure", code=concept("c"), performedDateTime="2026-01-03"),
        said(MIND, "Procedure", code=concept("d"), performedDateTime="2026-01-04"),
    ]
    assert titles(every, settings=["acute"]) == ["c", "b"]
    assert titles(every, types=["Procedure"]) == ["d", "c"]
    assert titles(every, organisations=["RWH"], types=["Procedure"]) == ["c"]
    counts = timeline(every, {}, types=["Procedure"])
    assert counts.types == {"Condition": 2, "Procedure": 2}
    assert counts.settings == {"acute": 2, "gp": 1, "mental_health": 1}
    assert counts.many == 4


def test_what_was_entered_in_error_is_left_out_and_what_was_corrected_is_marked() -> None:
    wrong = said(ACUTE, "Observation", code=SODIUM, status="entered-in-error", effectiveDateTime="2026-05-01")
    mended = said(ACUTE, "Observation", code=concept("Urea"), status="corrected", effectiveDateTime="2026-05-01")
    own = said(OURS, "Communication", version=2, category=[concept("Note")], sent="2026-05-02T09:00:00Z")
    assert [(e.title.text, e.is_corrected) for e in timeline([wrong, mended, own], {}).entries] == [
        ("Note", True),
        ("Urea", True),
    ]


def test_each_entry_says_who_said_it_and_how_we_know_the_person() -> None:
    hospital = said(ACUTE, "Procedure", code=concept("Hip replacement"), performedDateTime="2026-05-01")
    surgery = said(GP, "Condition", code=concept("Arthritis"), recordedDate="2025-05-01")
    note = said(OURS, "Communication", category=[concept("Note")], sent="2026-06-02T09:00:00Z")
    joins = {hospital.subject_id: Joined("same NHS number and birth date", NOON)}
    found = timeline([hospital, surgery, note], joins)
    assert [(e.said[0].sender.organisation_name, e.said[0].same_person) for e in found.entries] == [
        ("This record", "written in this record"),
        ("East and North Hospital", "same NHS number and birth date"),
        ("Riverside Surgery", "this source's own record of the person"),
    ]


def test_what_happened_to_the_identity_is_in_the_story() -> None:
    at = datetime(2026, 5, 3, 10, tzinfo=UTC)
    told = [IdentityTold(at, "Two records of East and North Hospital became one", ("by its message",), "the source")]
    found = timeline([said(GP, "Flag", code=concept("x"), period={"start": "2026-05-02"})], {}, told)
    assert [(e.type, e.type_name, e.when) for e in found.entries] == [
        (JOIN, "Identity", "3 May 2026 at 11am"),
        ("Flag", "Alert", "2 May 2026"),
    ]
    assert timeline([], {}, told, types=["Flag"]).entries == ()


def test_registrations_are_no_events() -> None:
    assert timeline([patient(GP)], {}).many == 0


# --- one event from two feeds --------------------------------------------------------------------------------------


def stay(sender: object, start: str, end: str = "", **more: object) -> Statement:
    period = {"start": start} | ({"end": end} if end else {})
    return said(sender, "Encounter", period=period, status=more.pop("status", "finished"), **(IMP | more))  # type: ignore[arg-type]


def result(sender: object, at: str, value: float, code: dict = SODIUM, **more: object) -> Statement:
    return said(
        sender, "Observation", code=code, effectiveDateTime=at, valueQuantity={"value": value, "unit": "mmol/L"}, **more
    )  # type: ignore[arg-type]


SPELL = {"identifier": [{"system": "urn:spell", "value": "S1"}]}
FOLDED = {
    "a stay in messages and in the monthly extract, which gives days": (
        stay(ACUTE, "2026-05-01T09:10:00+01:00", "2026-05-04T14:00:00+01:00"),
        stay(SUS, "2026-05-01", "2026-05-04"),
    ),
    "a stay of which one has not heard the end": (
        stay(ACUTE, "2026-05-01T09:10:00+01:00", status="in-progress"),
        stay(SUS, "2026-05-01", "2026-05-04"),
    ),
    "a stay that began within an hour": (
        stay(ACUTE, "2026-05-01T09:10:00Z"),
        stay(SUS, "2026-05-01T10:05:00Z"),
    ),
    "a stay that began on either side of midnight": (
        stay(ACUTE, "2026-05-01T22:50:00Z"),
        stay(SUS, "2026-05-01T23:20:00Z"),
    ),
    "a result of equal code, value and time": (
        result(ACUTE, "2026-05-01T09:00:00Z", 139),
        result(SUS, "2026-05-01T09:04:00Z", 139),
    ),
    "a result of the laboratory that the practice has filed": (
        result(ACUTE, "2026-05-01T09:00:20Z", 139),
        result(GP, "2026-05-01T10:00:00+01:00", 139),
    ),
    "an equal identifier and day, of two organisations": (
        said(GP, "Procedure", code=concept("Biopsy", "86273004"), performedDateTime="2026-05-01", **SPELL),
        said(ACUTE, "Procedure", code=concept("Biopsy", "86273004"), performedDateTime="2026-05-01T08:00:00Z", **SPELL),
    ),
    "words where one has no code": (
        said(ACUTE, "Procedure", code=concept("Biopsy of skin"), performedDateTime="2026-05-01"),
        said(SUS, "Procedure", code=concept("biopsy of skin", "86273004"), performedDateTime="2026-05-01"),
    ),
}
APART = {
    "two of one source": (result(ACUTE, "2026-05-01T09:00:00Z", 139), result(ACUTE, "2026-05-01T09:01:00Z", 139)),
    "another value": (result(ACUTE, "2026-05-01T09:00:00Z", 139), result(SUS, "2026-05-01T09:00:00Z", 140)),
    "another code": (
        result(ACUTE, "2026-05-01T09:00:00Z", 139),
        result(SUS, "2026-05-01T09:00:00Z", 139, concept("Potassium", "1000651000000109")),
    ),
    "six minutes": (result(ACUTE, "2026-05-01T09:00:00Z", 139), result(SUS, "2026-05-01T09:06:01Z", 139)),
    "another organisation": (result(ACUTE, "2026-05-01T09:00:00Z", 139), result(GP, "2026-05-01T09:02:00Z", 139)),
    "a part of a stay and the whole": (
        stay(ACUTE, "2026-05-01T09:10:00Z"),
        stay(SUS, "2026-05-01T09:10:00Z", partOf={"reference": "Encounter/1"}),
    ),
    "another organisation, and not measured": (
        said(ACUTE, "Procedure", code=concept("Biopsy"), performedDateTime="2026-05-01T09:00:00Z"),
        said(GP, "Procedure", code=concept("Biopsy"), performedDateTime="2026-05-01T09:00:00Z"),
    ),
    "another day": (stay(ACUTE, "2026-05-01T09:10:00Z"), stay(SUS, "2026-05-02")),
    "another end": (
        stay(ACUTE, "2026-05-01T09:10:00Z", "2026-05-04T14:00:00Z"),
        stay(SUS, "2026-05-01", "2026-05-06"),
    ),
    "another class": (
        stay(ACUTE, "2026-05-01T09:10:00Z"),
        said(SUS, "Encounter", **{"class": {"code": "EMER"}}, status="finished", period={"start": "2026-05-01"}),
    ),
    "one that happened and one that was cancelled": (
        stay(ACUTE, "2026-05-01T09:10:00Z"),
        stay(SUS, "2026-05-01", status="cancelled"),
    ),
    "only a month": (
        said(ACUTE, "Procedure", code=concept("Biopsy"), performedDateTime="2026-05"),
        said(SUS, "Procedure", code=concept("Biopsy"), performedDateTime="2026-05"),
    ),
    "an identifier, but another time": (
        said(GP, "Procedure", code=concept("Biopsy"), performedDateTime="2026-05-01", **SPELL),
        said(ACUTE, "Procedure", code=concept("Biopsy"), performedDateTime="2026-06-01", **SPELL),
    ),
    "allergies, which the summary shows side by side": (
        said(ACUTE, "AllergyIntolerance", code=concept("Latex"), recordedDate="2026-05-01"),
        said(SUS, "AllergyIntolerance", code=concept("Latex"), recordedDate="2026-05-01"),
    ),
}


@pytest.mark.parametrize("pair", FOLDED.values(), ids=FOLDED)
def test_one_event_of_two_feeds_is_one_entry_with_both_sources(pair: tuple[Statement, Statement]) -> None:
    for order in (pair, pair[::-1]):
        (entry,) = timeline(order, {}).entries
        assert {said.sender.key for said in entry.said} == {one.sender.key for one in pair}


@pytest.mark.parametrize("pair", APART.values(), ids=APART)
def test_two_events_stay_two(pair: tuple[Statement, Statement]) -> None:
    for order in (pair, pair[::-1]):
        assert len(fold(order)) == 2


def test_the_most_exact_of_an_event_speaks_for_it() -> None:
    exact, day = FOLDED["a stay in messages and in the monthly extract, which gives days"]
    (entry,) = timeline([day, exact], {}).entries
    assert entry.when == "1 May 2026 at 9:10am"
    assert [said.sender.key for said in entry.said] == ["acute-1", "acute-1-sus"]


def test_a_third_feed_joins_only_when_it_fits_all() -> None:
    """A and B are one event, B and C would be: C contradicts A."""
    a = stay(ACUTE, "2026-05-01T09:10:00Z", "2026-05-04")
    b = stay(SUS, "2026-05-01")
    c = said(MIND, "Encounter", **IMP, status="finished", period={"start": "2026-05-01", "end": "2026-05-09"},
             serviceProvider={"identifier": {"system": "https://fhir.nhs.uk/Id/ods-organization-code",
                                             "value": "RWH"}})  # fmt: skip
    assert sorted(len(event) for event in fold([a, b, c])) == [1, 2]


def test_folding_takes_time_in_proportion() -> None:
    """Ten times the results take about ten times as long, not a hundred times."""
    from time import process_time

    def seconds(many: int) -> float:
        every = [
            result(sender, (NOON + timedelta(hours=n)).isoformat(), n) for n in range(many) for sender in (ACUTE, SUS)
        ]
        before = process_time()
        assert len(fold(every)) == many
        return process_time() - before

    few = seconds(200)
    assert seconds(2000) < 30 * max(few, 0.005)
