"""Handing over: the states of a referral, the clocks on it and on a discharge summary, what feeds say (R71, R72)."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from joinedup.errors import RuleError
from joinedup.feeds import Resource, Source, resource_id, subject_id
from joinedup.moment import LONDON
from joinedup.record.handover import (
    REQUEST_STATUS,
    STEPS,
    TASK_STATUS,
    Sent,
    SkippedState,
    handovers_in,
    is_awaited,
    is_sent_in_time,
    next_state,
    open_by,
)
from joinedup.record.working_days import after_working_days, bank_holidays, is_working_day

GP = Source("gp-7", "Riverside Surgery", "Z00007", "gp", "fhir")
AT = datetime(2026, 7, 1, 12, tzinfo=UTC)


def london(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=LONDON)  # type: ignore[arg-type,misc]


def ods(code: str) -> dict[str, Any]:
    return {"identifier": {"system": "https://fhir.nhs.uk/Id/ods-organization-code", "value": code}}


def sent_by(type_: str, source_id: str, source: Source = GP, **content: Any) -> Resource:
    whole = {"resourceType": type_, "id": source_id, **content}
    id_ = resource_id(source.key, type_, source_id)
    return Resource(type_, source_id, id_, subject_id(source.key, "p1"), b"", whole, AT, 1)


# --- states --------------------------------------------------------------------------------------------------------

WAYS = [
    ("requested", "accepted", "receiver"),
    ("requested", "rejected", "receiver"),
    ("requested", "withdrawn", "sender"),
    ("accepted", "in-progress", "receiver"),
    ("accepted", "withdrawn", "sender"),
    ("in-progress", "completed", "receiver"),
    ("in-progress", "withdrawn", "sender"),
    ("sent", "filed", "receiver"),
    ("sent", "withdrawn", "sender"),
]


def test_no_state_is_skipped_and_each_step_belongs_to_one_side() -> None:
    found = []
    for state in STEPS:
        for wanted in STEPS:
            for side in ("sender", "receiver"):
                try:
                    found.append((state, next_state(state, wanted, side, "a reason"), side))
                except SkippedState as error:
                    assert error.status == 409  # noqa: PT017 - most of them must be refused, and all alike
    assert sorted(found) == sorted(WAYS)


def test_completing_what_was_only_requested_is_a_conflict() -> None:
    with pytest.raises(SkippedState, match="after that comes accepted, rejected, withdrawn, not completed"):
        next_state("requested", "completed", "receiver")


def test_a_rejection_needs_a_reason_and_leaves_the_request_active() -> None:
    with pytest.raises(RuleError, match="reason"):
        next_state("requested", "rejected", "receiver", " no ")
    assert (TASK_STATUS["rejected"], REQUEST_STATUS["rejected"]) == ("rejected", "active")


# --- clocks --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("start", "days", "end"),
    [
        (london(2026, 7, 3, 17), 2, london(2026, 7, 7, 17)),  # Friday to Tuesday
        (london(2026, 7, 1, 9), 2, london(2026, 7, 3, 9)),
        (london(2026, 7, 4, 10), 2, london(2026, 7, 8)),  # Saturday counts from Monday
        (london(2026, 4, 2, 17), 2, london(2026, 4, 8, 17)),  # over Easter
        (london(2026, 12, 24, 17), 1, london(2026, 12, 29, 17)),  # 26 December is a Saturday: the 28th is off
        (london(2026, 3, 27, 17), 1, london(2026, 3, 30, 17)),  # the clocks go forward: the same time of day
    ],
)
def test_two_working_days_leave_out_weekends_and_bank_holidays(start: datetime, days: int, end: datetime) -> None:
    assert after_working_days(start, days) == end


@pytest.mark.parametrize(
    ("year", "days"),
    [
        (2020, ["01-01", "04-10", "04-13", "05-08", "05-25", "08-31", "12-25", "12-28"]),
        (2021, ["01-01", "04-02", "04-05", "05-03", "05-31", "08-30", "12-27", "12-28"]),
        (2022, ["01-03", "04-15", "04-18", "05-02", "06-02", "06-03", "08-29", "09-19", "12-26", "12-27"]),
        (2023, ["01-02", "04-07", "04-10", "05-01", "05-08", "05-29", "08-28", "12-25", "12-26"]),
        (2026, ["01-01", "04-03", "04-06", "05-04", "05-25", "08-31", "12-25", "12-28"]),
    ],
)
def test_bank_holidays_are_those_that_were_published(year: int, days: list[str]) -> None:
    assert sorted(bank_holidays(year)) == [date.fromisoformat(f"{year}-{day}") for day in days]
    assert not any(is_working_day(day) for day in bank_holidays(year))


def test_a_summary_sent_within_24_hours_is_in_time() -> None:
    """Rules: record R72: the stay ended on Friday at 17:00."""
    ended = london(2026, 7, 3, 17)
    assert is_sent_in_time("discharge_summary", ended, london(2026, 7, 4, 16, 59))
    assert not is_sent_in_time("discharge_summary", ended, london(2026, 7, 4, 17, 1))
    assert is_sent_in_time("letter", ended, london(2026, 7, 10, 17))
    assert not is_sent_in_time("letter", ended, london(2026, 7, 10, 17, 1))


def test_each_kind_is_to_be_opened_by_its_own_time() -> None:
    friday = london(2026, 7, 3, 17)
    assert open_by("referral", friday) == london(2026, 7, 7, 17)
    assert open_by("discharge_summary", friday) == london(2026, 7, 4, 17)
    assert open_by("letter", friday) == london(2026, 7, 10, 17)


@pytest.mark.parametrize(("days", "awaited"), [(0, True), (14, True), (15, False)])
def test_what_was_history_when_it_came_waits_in_no_inbox(days: int, awaited: bool) -> None:
    sent = Sent(UUID(int=1), UUID(int=2), "ServiceRequest", "referral", "A", "B", "routine",
                AT - timedelta(days=days), AT, "gp-7")  # fmt: skip
    assert is_awaited(sent, AT) is awaited


# --- what feeds say ------------------------------------------------------------------------------------------------


def test_a_referral_to_another_organisation_is_handed_over() -> None:
    request = sent_by("ServiceRequest", "r1", status="active", priority="urgent", authoredOn="2026-06-30T09:00:00Z",
                      requester=ods("Z00007"), performer=[ods("RWH")])  # fmt: skip
    found = handovers_in([request], GP)
    (sent,) = found.sent
    assert (sent.id, sent.kind, sent.sender, sent.receiver, sent.urgency) == (
        request.id, "referral", "Z00007", "RWH", "urgent",
    )  # fmt: skip
    assert [(step.state, step.at) for step in found.steps] == [("requested", datetime(2026, 6, 30, 9, tzinfo=UTC))]


@pytest.mark.parametrize(
    "content",
    [
        {"status": "draft", "performer": [ods("RWH")]},
        {"status": "active", "performer": [ods("Z00007")]},
        {"status": "active"},
        {"status": "active", "intent": "filler-order", "performer": [ods("RWH")]},
    ],
    ids=["a draft", "to oneself", "to nobody", "an order that is being filled"],
)
def test_what_is_no_referral_to_another_is_not_awaited(content: dict[str, Any]) -> None:
    found = handovers_in([sent_by("ServiceRequest", "r1", **content)], GP)
    assert (found.sent, found.steps) == ([], [])


def test_a_task_says_how_far_its_referral_has_come() -> None:
    tasks = [
        sent_by("Task", "t1", status="accepted", focus={"reference": "ServiceRequest/r1"}, owner=ods("RWH"),
                lastModified="2026-07-01T08:00:00Z"),
        sent_by("Task", "t2", status="rejected", basedOn=[{"reference": "ServiceRequest/r2"}],
                statusReason={"text": "not our area"}),
        sent_by("Task", "t3", status="requested", focus={"reference": "Observation/o1"}),
    ]  # fmt: skip
    steps = handovers_in(tasks, GP).steps
    assert [(s.handover_id, s.state, s.organisation, s.reason) for s in steps] == [
        (resource_id("gp-7", "ServiceRequest", "r1"), "accepted", "RWH", ""),
        (resource_id("gp-7", "ServiceRequest", "r2"), "rejected", "Z00007", "not our area"),
    ]


def test_a_request_that_its_sender_ended_is_over() -> None:
    request = sent_by("ServiceRequest", "r1", status="revoked", performer=[ods("RWH")], authoredOn="2026-06-30")
    assert [step.state for step in handovers_in([request], GP).steps] == ["requested", "withdrawn"]


HOSPITAL = Source("acute-1", "Hospital", "RWH", "acute", "fhir")


@pytest.mark.parametrize(
    ("type_", "kind"),
    [
        ({"coding": [{"system": "http://snomed.info/sct", "code": "373942005"}]}, "discharge_summary"),
        ({"coding": [{"system": "http://loinc.org", "code": "18842-5"}]}, "discharge_summary"),
        ({"text": "Inpatient discharge letter"}, "discharge_summary"),
        ({"text": "Outpatient letter"}, "letter"),
        ({"text": "Consent form"}, None),
    ],
)
def test_a_document_is_handed_over_when_it_is_a_summary_or_a_letter(type_: dict[str, Any], kind: str | None) -> None:
    document = sent_by("Composition", "c1", HOSPITAL, status="final", type=type_, date="2026-07-01T10:00:00Z",
                       event=[{"period": {"end": "2026-06-30T16:00:00Z"}}])  # fmt: skip
    found = handovers_in([document], HOSPITAL)
    assert [sent.kind for sent in found.sent] == ([kind] if kind else [])
    for sent in found.sent:
        assert (sent.sender, sent.receiver, sent.began_at) == ("RWH", "", datetime(2026, 6, 30, 16, tzinfo=UTC))


def test_a_document_names_its_receiver() -> None:
    extension = [{"url": "https://joinedup.example/information-recipient", "valueReference": ods("Z00007")}]
    document = sent_by("Composition", "c1", HOSPITAL, status="final", type={"text": "Discharge summary"},
                       extension=extension)  # fmt: skip
    assert handovers_in([document], HOSPITAL).sent[0].receiver == "Z00007"


def test_the_clock_of_a_summary_starts_when_the_stay_that_it_names_ended() -> None:
    stay = sent_by("Encounter", "e1", HOSPITAL, status="finished", period={"end": "2026-06-29T11:00:00Z"})
    document = sent_by("Composition", "c1", HOSPITAL, status="final", type={"text": "Discharge summary"},
                       encounter={"reference": "Encounter/e1"}, date="2026-07-01T10:00:00Z")  # fmt: skip
    for together in ([document, stay], [stay, document]):
        assert handovers_in(together, HOSPITAL).sent[0].began_at == datetime(2026, 6, 29, 11, tzinfo=UTC)
    assert handovers_in([document], HOSPITAL).sent[0].began_at == datetime(2026, 7, 1, 10, tzinfo=UTC)
