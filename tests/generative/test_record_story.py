"""Invented statements of several sources: what folding, grouping and the timeline never do."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

from hypothesis import given, settings, strategies as st

from joinedup.record.conflicts import allergy_groups, is_none_known
from joinedup.record.extract import clinical_time
from joinedup.record.folding import fold
from joinedup.record.statement import Sender, Statement
from joinedup.record.summary import summarise
from joinedup.record.timeline import timeline

NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)
SENDERS = [
    Sender("gp", "Z00007", "Surgery", "gp", 24, NOON),
    Sender("adt", "RWH", "Hospital", "acute", 24, NOON),
    Sender("sus", "RWH", "Hospital", "acute", 24, NOON - timedelta(days=40)),
]
TIMES = st.sampled_from(
    [None, "2026", "2026-05", "2026-05-01", "2026-05-01T09:00:00Z", "2026-05-01T09:03:00Z", "2026-05-01T23:58:00Z"]
)
WORDS = st.sampled_from(["Sodium", "Potassium", "No known allergies", "Penicillin", "Latex"])


@st.composite
def statements(draw: st.DrawFn) -> list[Statement]:
    made = []
    for number in range(draw(st.integers(0, 12))):
        sender = draw(st.sampled_from(SENDERS))
        type_ = draw(st.sampled_from(["Observation", "Procedure", "AllergyIntolerance", "Encounter"]))
        time = draw(TIMES)
        element: dict[str, Any] = {
            "Observation": {"effectiveDateTime": time, "valueQuantity": {"value": draw(st.integers(1, 2))}},
            "Procedure": {"performedDateTime": time},
            "AllergyIntolerance": {"recordedDate": time, "clinicalStatus": {"coding": [{"code": draw(
                st.sampled_from(["active", "resolved"]))}]}},
            "Encounter": {"period": {"start": time} if time else {}, "class": {"code": draw(st.sampled_from(["IMP",
                "EMER"]))}},
        }[type_]  # fmt: skip
        status = draw(st.sampled_from(["final", "completed", "entered-in-error", "cancelled"]))
        content = {"resourceType": type_, "code": {"text": draw(WORDS)}, "status": status}
        content |= {key: value for key, value in element.items() if value is not None}
        starts, ends = clinical_time(type_, content)
        made.append(
            Statement(UUID(int=number), uuid5(UUID(int=1), sender.key), type_, 1, content, sender, starts, ends,
                      NOON + timedelta(minutes=number), NOON)
        )  # fmt: skip
    return made


@settings(max_examples=150, deadline=None)
@given(statements())
def test_each_statement_is_in_one_event_and_no_source_is_in_an_event_twice(said: list[Statement]) -> None:
    events = fold(said)
    assert sorted(one.id for event in events for one in event) == sorted(one.id for one in said)
    for event in events:
        assert len({one.sender.key for one in event}) == len(event)
        assert len({one.type for one in event}) == 1


@settings(max_examples=150, deadline=None)
@given(statements())
def test_no_event_holds_facts_that_contradict_each_other(said: list[Statement]) -> None:
    for event in fold(said):
        values = {one.content["valueQuantity"]["value"] for one in event if "valueQuantity" in one.content}
        assert len(values) <= 1
        assert len({one.content["status"] == "cancelled" for one in event}) == 1
        assert len({(one.content.get("class") or {}).get("code") for one in event}) == 1


@settings(max_examples=150, deadline=None)
@given(statements())
def test_the_timeline_is_in_order_and_leaves_out_only_errors(said: list[Statement]) -> None:
    found = timeline(said, {}, newest_first=False)
    shown = [one.statement.id for entry in (*found.entries, *found.undated) for one in entry.said]
    assert sorted(shown) == sorted(one.id for one in said if not one.is_in_error)
    times = [(entry.starts, entry.recorded_at) for entry in found.entries]
    assert times == sorted(times)
    assert all(entry.starts is None for entry in found.undated)


@settings(max_examples=150, deadline=None)
@given(statements())
def test_no_active_allergy_is_hidden_by_anything_that_anybody_says(said: list[Statement]) -> None:
    active = {
        one.content["code"]["text"]
        for one in said
        if one.type == "AllergyIntolerance"
        and not one.is_in_error
        and not is_none_known(one)
        and one.content["clinicalStatus"]["coding"][0]["code"] == "active"
    }
    groups, _none = allergy_groups(said)
    assert {group.title.text for group in groups if group.is_active} == active
    shown = summarise(said, NOON, most_lines=1).section("allergies-and-adverse-reaction")
    assert {group.title.text for group in shown.groups} == active
    assert shown.absence is None or not active
