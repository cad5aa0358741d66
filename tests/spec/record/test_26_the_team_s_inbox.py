"""The inbox: a referral and a discharge summary reach the other team, and what nobody opens shows (R71, R72)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.test import RequestFactory

from joinedup.access import Grant, User, relationship_in_words
from joinedup.errors import NotFound, Refused
from joinedup.feeds import resource_id
from joinedup.record import handing_over
from joinedup.record.views.team import teams_of
from joinedup.system.lookup import id_of

from .kept import ACUTE, COUNCIL, GP, GRACE, ODS, join, keep, patient, people, resource, signed_in_as
from .test_25_the_pages_of_a_resident import audit, text_of

__all__ = ["people"]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("people")]
LEAVE_TO_FIND = Grant("user:1", "Ada", "clinician", None, "direct-care", "record.find", datetime.now(UTC), "")
ASKED = {"receiver": "RWH", "what": "Falls clinic", "reason": "Two falls since May, lives alone", "urgency": "urgent"}


def refer(**changes: str) -> UUID:
    """A referral of Grace by her practice to the hospital, sent on the page; answers its id."""
    response = signed_in_as("clinician").post(f"/record/{GRACE}/refer/", ASKED | changes)
    assert response.status_code == 302, text_of(response, response.status_code)
    (newest, *_) = handing_over.of_subjects([GRACE])
    return newest.id


def act(role: str, handover: UUID, state: str, reason: str = "") -> Any:
    return signed_in_as(role).post(f"/record/inbox/{handover}/", {"state": state, "reason": reason})


def state_of(handover: UUID) -> str:
    return handing_over.handover(handover).state


def arrived(handover: UUID, ago: timedelta) -> None:
    """As if it had come that long ago."""
    row = handing_over.handover(handover)
    at = datetime.now(UTC) - ago
    from joinedup.record.handover import open_by

    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE record_handover SET arrived_at = %s, open_by = %s WHERE id = %s",
            [at, open_by(row.kind, at), row.id],  # type: ignore[arg-type]
        )


# --- a referral ----------------------------------------------------------------------------------------------------


def test_a_referral_goes_its_way_and_opens_the_record_when_it_is_accepted() -> None:
    handover = refer()
    hospital = signed_in_as("emergency_clinician")
    listed = text_of(hospital.get("/record/inbox/"))
    assert "Grace Okafor" in listed
    assert "Falls clinic" in listed
    assert "Referral (urgent)" in listed
    assert hospital.get(f"/record/{GRACE}/").status_code == 404

    read = text_of(hospital.get(f"/record/inbox/{handover}/"))
    assert "Two falls since May" in read
    assert "The record opens to your team when it accepts" in read
    assert "Penicillin" not in read
    assert hospital.get(f"/record/{GRACE}/").status_code == 404

    assert act("emergency_clinician", handover, "accepted").status_code == 302
    assert "Penicillin" in text_of(hospital.get(f"/record/{GRACE}/"))
    assert audit("record.read")[-1]["relationship"] == "referral"
    assert act("emergency_clinician", handover, "in-progress").status_code == 302
    assert act("emergency_clinician", handover, "completed").status_code == 302
    assert state_of(handover) == "completed"
    summary = text_of(signed_in_as("clinician").get(f"/record/{GRACE}/timeline/?type=ServiceRequest"))
    assert "completed" in summary


def test_a_rejected_referral_stays_active_and_opens_nothing() -> None:
    """Rules: record R71: the task is rejected, the request stays active, the sender sees it."""
    handover = refer(what="Memory clinic")
    assert act("emergency_clinician", handover, "rejected").status_code == 400
    assert act("emergency_clinician", handover, "rejected", "Ask the community team").status_code == 302
    assert signed_in_as("emergency_clinician").get(f"/record/{GRACE}/").status_code == 404
    sent = text_of(signed_in_as("clinician").get("/record/inbox/"))
    assert "Memory clinic" in sent
    assert "Rejected" in sent
    from joinedup.access import service_grant
    from joinedup.record import store

    request = store.one(service_grant("test", "look", "the reader"), "ServiceRequest", handover)
    assert request.content["status"] == "active"
    assert "Ask the community team" in text_of(signed_in_as("clinician").get(f"/record/inbox/{handover}/"))


@pytest.mark.parametrize(
    ("role", "state", "status"),
    [
        ("emergency_clinician", "completed", 409),
        ("emergency_clinician", "in-progress", 409),
        ("emergency_clinician", "withdrawn", 409),
        ("clinician", "accepted", 409),
        ("emergency_clinician", "flown", 422),
    ],
)
def test_no_state_is_skipped_and_no_side_acts_for_the_other(role: str, state: str, status: int) -> None:
    handover = refer(what="Podiatry")
    assert act(role, handover, state, "a reason of its own").status_code == status
    assert state_of(handover) == "requested"


def test_a_referral_to_nobody_or_oneself_is_refused() -> None:
    client = signed_in_as("clinician")
    for changes, says in (
        ({"receiver": "QM7"}, "another organisation than your own"),
        ({"receiver": "", "other": "NOWHERE"}, "one that is known here"),
        ({"receiver": ""}, "Choose the organisation"),
        ({"reason": "x"}, "at least 10 characters"),
    ):
        assert says in text_of(client.post(f"/record/{GRACE}/refer/", ASKED | changes), 400)


def test_a_hand_over_between_others_is_as_if_there_were_none() -> None:
    handover = refer(what="Optician")
    stranger = signed_in_as("social_worker")  # held in the whole system only: in no team
    assert stranger.get(f"/record/inbox/{handover}/").status_code == 404
    assert stranger.get(f"/record/inbox/{GRACE}/").status_code == 404
    assert "no inbox is yours" in text_of(stranger.get("/record/inbox/"))


def test_reading_it_stops_the_clock_and_is_in_the_audit() -> None:
    handover = refer(what="Dietitian")
    arrived(handover, timedelta(days=9))
    for role in ("emergency_clinician", "clinician"):
        assert "Dietitian" in text_of(signed_in_as(role).get("/record/unopened/"))
    signed_in_as("clinician").get(f"/record/inbox/{handover}/")  # The sender's look stops nothing.
    assert "Dietitian" in text_of(signed_in_as("clinician").get("/record/unopened/"))
    signed_in_as("emergency_clinician").get(f"/record/inbox/{handover}/")
    assert "Dietitian" not in text_of(signed_in_as("clinician").get("/record/unopened/"))
    entry = audit("record.handover")[-1]
    assert (entry["subject"], entry["details"]["handover"]) == (f"resident:{GRACE}", str(handover))


def test_what_is_not_yet_due_is_not_overdue() -> None:
    refer(what="Audiology")
    assert "Audiology" not in text_of(signed_in_as("clinician").get("/record/unopened/"))


# --- what feeds bring ----------------------------------------------------------------------------------------------


def ods(code: str) -> dict[str, Any]:
    return {"identifier": {"system": ODS, "value": code}}


def test_a_referral_of_a_feed_reaches_the_inbox_and_repeats_change_nothing() -> None:
    now = datetime.now(UTC)
    sent = resource(GP, "ServiceRequest", "r9", status="active", intent="order", code={"text": "Cardiology"},
                    authoredOn=now.isoformat(), requester=ods("QM7"), performer=[ods("RWH")])  # fmt: skip
    keep(GP, sent)
    id_ = resource_id(GP.key, "ServiceRequest", "r9")
    assert "Cardiology" in text_of(signed_in_as("emergency_clinician").get("/record/inbox/"))
    assert act("emergency_clinician", id_, "accepted").status_code == 302
    keep(GP, sent)
    assert state_of(id_) == "accepted"
    assert signed_in_as("emergency_clinician").get(f"/record/{GRACE}/").status_code == 200


def test_an_acceptance_of_a_feed_opens_the_record_also_when_it_comes_first() -> None:
    now = datetime.now(UTC)
    task = resource(GP, "Task", "t8", status="accepted", intent="order", focus={"reference": "ServiceRequest/r8"},
                    owner=ods("RWH"), lastModified=now.isoformat())  # fmt: skip
    keep(GP, task)
    request = resource(GP, "ServiceRequest", "r8", status="active", intent="order", code={"text": "Urology"},
                       authoredOn=(now - timedelta(days=1)).isoformat(), performer=[ods("RWH")])  # fmt: skip
    keep(GP, request)
    assert state_of(resource_id(GP.key, "ServiceRequest", "r8")) == "accepted"
    assert signed_in_as("emergency_clinician").get(f"/record/{GRACE}/").status_code == 200


def test_the_last_day_of_a_simulated_source_counts_as_today() -> None:
    """Its files are made at once: what it sent three days before its last word is three days old, not brand new."""
    last = datetime(2025, 3, 20, 12, tzinfo=UTC)

    def sent(source_id: str, what: str, days: int) -> Any:
        at = last - timedelta(days=days)
        return resource(COUNCIL, "ServiceRequest", source_id, "c1", status="active", intent="order", event_at=at,
                        code={"text": what}, authoredOn=at.isoformat(), performer=[ods("RWH")])  # fmt: skip

    keep(COUNCIL, patient(COUNCIL, "c1"), sent("r1", "Reablement", 0), sent("r2", "Adaptations", 8),
         sent("r3", "Meals", 40))  # fmt: skip
    waiting = text_of(signed_in_as("emergency_clinician").get("/record/inbox/"))
    assert "Reablement" in waiting
    assert "Adaptations" in waiting
    assert "Meals" not in waiting
    overdue = text_of(signed_in_as("emergency_clinician").get("/record/unopened/"))
    assert "Adaptations" in overdue
    assert "Reablement" not in overdue


def test_history_that_a_first_load_brings_waits_in_no_inbox() -> None:
    old = resource(GP, "ServiceRequest", "r7", status="active", intent="order", code={"text": "Orthotics"},
                   authoredOn="2019-05-01", performer=[ods("RWH")])  # fmt: skip
    keep(GP, old)
    assert "Orthotics" not in text_of(signed_in_as("emergency_clinician").get("/record/inbox/"))


def summary_of_a_stay(ended: datetime, **more: Any) -> None:
    keep(
        ACUTE,
        patient(ACUTE, "h1"),
        resource(ACUTE, "Composition", "s1", "h1", status="final", title="Discharge summary",
                 type={"coding": [{"system": "http://snomed.info/sct", "code": "373942005"}]},
                 date=ended.isoformat(), event_at=datetime.now(UTC), event=[{"period": {"end": ended.isoformat()}}],
                 section=[{"title": "Diagnoses", "text": {"div": "<div>Hip <script>x</script>fracture</div>"}}],
                 **more),
    )  # fmt: skip


def test_a_discharge_summary_reaches_the_practice_that_it_names() -> None:
    receiver = [{"url": "https://joinedup.example/information-recipient", "valueReference": ods("QM7")}]
    summary_of_a_stay(datetime.now(UTC) - timedelta(hours=30), extension=receiver)
    id_ = resource_id(ACUTE.key, "Composition", "s1")
    client = signed_in_as("clinician")
    assert "Discharge summary" in text_of(client.get("/record/inbox/"))
    read = text_of(client.get(f"/record/inbox/{id_}/"))
    assert "Sent late" in read
    assert "Hip x fracture" in read
    assert "<script>x" not in read
    assert act("clinician", id_, "filed").status_code == 302
    assert "Discharge summary" not in text_of(client.get("/record/inbox/"))


def test_a_summary_without_a_receiver_reaches_the_registered_practice() -> None:
    """The hospital's patient is one person with the practice's; a test joins them as linking would."""
    summary_of_a_stay(datetime.now(UTC) - timedelta(hours=2))
    id_ = resource_id(ACUTE.key, "Composition", "s1")
    assert "Discharge summary" not in text_of(signed_in_as("clinician").get("/record/inbox/"))
    join(resource_id(ACUTE.key, "Patient", "h1"))
    assert "Discharge summary" in text_of(signed_in_as("clinician").get("/record/inbox/"))
    assert "Sent late" not in text_of(signed_in_as("clinician").get(f"/record/inbox/{id_}/"))
    assert act("clinician", id_, "filed").status_code == 302


def test_a_summary_is_not_lost_among_many_newer_ones_of_others() -> None:
    summary_of_a_stay(datetime.now(UTC) - timedelta(hours=2))
    join(resource_id(ACUTE.key, "Patient", "h1"))
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO record_handover (id, subject_id, type, kind, sender, receiver, urgency, sent_at, arrived_at, "
            "open_by, source, state) SELECT gen_random_uuid(), gen_random_uuid(), 'Composition', 'discharge_summary', "
            "'RWH', '', 'routine', now(), now(), now(), 'elsewhere', 'sent' FROM generate_series(1, 600)"
        )
    assert "Discharge summary" in text_of(signed_in_as("clinician").get("/record/inbox/"))
    assert audit("record.list")[-1]["subject"] == f"resident:{GRACE}"


def asked_of(receiver: str, days_ago: int) -> Any:
    at = datetime.now(UTC) - timedelta(days=days_ago)
    return resource(GP, "ServiceRequest", "r6", status="active", intent="order", code={"text": "Cardiology"},
                    event_at=at, authoredOn=at.isoformat(), requester=ods("QM7"),
                    performer=[ods(receiver)])  # fmt: skip


@pytest.mark.parametrize("together", [True, False])
def test_what_was_said_earlier_and_comes_late_moves_no_referral(together: bool) -> None:
    newer, older = asked_of("RWH", 1), asked_of("E10000012", 3)
    for batch in [(newer, older)] if together else [(newer,), (older,)]:
        keep(GP, *batch)
    id_ = resource_id(GP.key, "ServiceRequest", "r6")
    assert handing_over.handover(id_).receiver == "RWH"
    keep(GP, asked_of("E10000012", 0))
    assert handing_over.handover(id_).receiver == "E10000012"


# --- leave, and what the audit says of it --------------------------------------------------------------------------


def test_a_list_takes_leave_and_the_audit_has_how_many() -> None:
    refer(what="Hearing aid")
    client = signed_in_as("emergency_clinician")
    client.post("/record/purpose/", {"purpose": "safeguarding"})
    text_of(client.get("/record/inbox/"))
    listed = {one["subject"]: one for one in audit("record.list")}
    assert listed["handovers:inbox"]["details"] == {"listed": 1}
    assert listed["handovers:outbox"]["details"] == {"listed": 0}
    text_of(client.get("/record/unopened/"))
    assert audit("record.list")[-2]["subject"] == "handovers:unopened"
    with pytest.raises(Refused, match=r"record\.handover"):
        handing_over.inbox(LEAVE_TO_FIND, ["RWH"])


def test_leave_to_read_a_hand_over_is_no_leave_to_read_what_other_sources_say(rf: RequestFactory) -> None:
    """Before anything is accepted; the audit names neither a referral nor another purpose than the session's."""
    keep(ACUTE, patient(ACUTE, "h2"))
    other = resource_id(ACUTE.key, "Patient", "h2")
    join(other)
    row = handing_over.handover(refer(what="Continence clinic"))
    request = rf.get("/")
    request.user = User.objects.get(email="emergency_clinician@demo.invalid")
    request.session = {"purpose": "safeguarding"}  # type: ignore[assignment]
    body = id_of("RWH")
    assert body is not None
    leave = handing_over.leave_to_read(request, [row], body, "receiver")
    assert (leave.subject_ids, leave.relationship, leave.purpose, leave.body_id) == (
        {row.subject_id}, "handover_addressee", "safeguarding", body,
    )  # fmt: skip
    with pytest.raises(Refused):
        leave.must_cover([other])
    (read,) = handing_over.read_handovers(leave, [row])
    assert {one.type for one in read.patients} == {"Patient"}
    assert relationship_in_words(leave.relationship) == "a hand-over addressed to the team"


@pytest.mark.parametrize(("role", "relationship"), [("emergency_clinician", "handover_addressee"),
                                                    ("clinician", "handover_sender")])  # fmt: skip
def test_the_audit_says_that_a_hand_over_was_addressed_not_that_it_was_accepted(role: str, relationship: str) -> None:
    handover = refer(what="Stoma care")
    signed_in_as(role).get(f"/record/inbox/{handover}/")
    assert audit("record.handover")[-1]["relationship"] == relationship


def test_a_body_without_a_code_is_not_the_addressee_of_what_names_none(
    rf: RequestFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = rf.get("/")
    request.user = User.objects.get(email="emergency_clinician@demo.invalid")
    body = SimpleNamespace(name="A team", code=None)
    monkeypatch.setattr("joinedup.system.Picture.bodies_by_id", lambda _self, ids: dict.fromkeys(ids, body))
    monkeypatch.setattr("joinedup.system.lookup.ods_codes_of", lambda ids: dict.fromkeys(ids, frozenset({""})))
    (found,) = teams_of(request)
    assert (found.code, found.codes) == ("", frozenset())
    summary_of_a_stay(datetime.now(UTC))
    row = handing_over.handover(resource_id(ACUTE.key, "Composition", "s1"))
    with pytest.raises(NotFound):
        handing_over.side_of(row, {""})


def test_the_form_of_a_referral_shows_who_it_is_and_is_audited() -> None:
    before = len(audit("record.read"))
    assert "Grace Okafor" in text_of(signed_in_as("clinician").get(f"/record/{GRACE}/refer/"))
    after = audit("record.read")
    assert len(after) == before + 1
    assert (after[-1]["subject"], after[-1]["details"]) == (f"resident:{GRACE}", {"parts": ["demographics"]})
