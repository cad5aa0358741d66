"""Two sources of one person: side by side, folded, joined and merged, and what says so on the pages (R22, R66, R67)."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.db import connection

from joinedup.access import service_grant
from joinedup.feeds import Batch, Merge, ledger, subject_id
from joinedup.identity.services import undo_merge
from joinedup.record.intake import store_batch

from .kept import ACUTE, GP, GRACE, GRANT, join, keep, patient, people, registration, resource, signed_in_as
from .test_25_the_pages_of_a_resident import text_of

__all__ = ["people"]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("people")]
HOSPITAL = subject_id(ACUTE.key, "h1")


@pytest.fixture(autouse=True)
def _hospital() -> None:
    """What the hospital knows of Grace: it denies her allergy, and has a stay and another address."""
    keep(
        ACUTE,
        patient(ACUTE, "h1", born="1958-03-14", postcode="ZH2 9XY"),
        resource(ACUTE, "AllergyIntolerance", "ha1", "h1", code={"text": "No known allergies"},
                 recordedDate="2026-02-02", clinicalStatus={"coding": [{"code": "active"}]}),
        resource(ACUTE, "MedicationRequest", "hm1", "h1", status="active", intent="order", authoredOn="2026-05-03",
                 medicationCodeableConcept={"text": "Metformin 1g tablets"},
                 dosageInstruction=[{"text": "one at night"}]),
        resource(ACUTE, "Encounter", "he1", "h1", status="finished", **{"class": {"code": "IMP"}},
                 period={"start": "2026-02-01T10:00:00Z", "end": "2026-02-05T12:00:00Z"}),
    )  # fmt: skip


def test_before_they_are_joined_the_practice_sees_nothing_of_the_hospital() -> None:
    text = text_of(signed_in_as("clinician").get(f"/record/{GRACE}/"))
    assert "Metformin 1g" not in text
    assert "No known allergies" not in text


def test_conflicts_are_shown_and_nothing_is_merged() -> None:
    join(HOSPITAL)
    text = text_of(signed_in_as("clinician").get(f"/record/{GRACE}/"))
    assert "Sources disagree" in text
    assert "No known allergies, according to East and North Hertfordshire" in text
    assert text.index("Penicillin") < text.index("No known allergies")
    assert "one twice a day" in text
    assert "one at night" in text
    assert "The dose differs between sources" in text


def test_the_timeline_and_who_is_who_say_how_the_person_is_known() -> None:
    join(HOSPITAL)
    client = signed_in_as("clinician")
    story = text_of(client.get(f"/record/{GRACE}/timeline/"))
    assert "Same verified NHS number and date of birth" in story
    assert "Records of this person were joined" in story
    who = text_of(client.get(f"/record/{GRACE}/who-is-who/"))
    assert "ZH2 9XY" in who
    assert "joinedup (identity.link)" in who
    # The hospital may open it now by the stay only while that is recent; by its own id it leads to the same person.
    assert client.get(f"/record/{HOSPITAL}/")["Location"] == f"/record/{GRACE}/"


def test_a_merge_and_its_undoing_stand_in_the_story() -> None:
    """Rules: record R22, R23: A40 of the practice: p2 is gone, p1 survives; then it is undone."""
    keep(GP, patient(GP, "p2", family="Okafor-Bell"))
    delivery = ledger.begin(GP.key, name="a40.hl7", sha256=b"4" * 32, size=1)
    merge = Merge("p1", "p2", datetime(2026, 6, 2, 9, tzinfo=UTC), "M1", 1)
    store_batch(GRANT, delivery, GP, 0, Batch(position=1, read=1, merges=[merge]))
    client = signed_in_as("clinician")
    story = text_of(client.get(f"/record/{GRACE}/timeline/", follow=True))
    assert "merged two of its records of this person" in story
    gone = subject_id(GP.key, "p2")
    keep(GP, registration(patient="p2"))
    undo_merge(service_grant("identity.review", "undo it", "the reader"), GRACE, gone, "another person after all")
    for subject in (GRACE, gone):
        story = text_of(client.get(f"/record/{subject}/timeline/", follow=True))
        assert "merged two of its records of this person" in story, subject
        assert "A joining of records of" in story
        assert "another person after all" in story


def test_a_review_that_waits_is_said() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO identity_review (left_id, right_id, reason, method, weight, model_id, run_id, "
            "outcome, unsure, opened_at) "
            "VALUES (%s, %s, 'likely', 5, 9.5, 0, 0, '', 0, now())",
            sorted([GRACE, HOSPITAL]),
        )
    text = text_of(signed_in_as("clinician").get(f"/record/{GRACE}/"))
    assert "may also have records at East and North Hertfordshire" in text


def test_a_source_that_is_silent_is_named_on_the_page() -> None:
    """Rules: record R18: a feed that is due each hour and came three days ago."""
    join(HOSPITAL)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE feeds_delivery SET received_at = now() - interval '9 days' WHERE source = %s", [ACUTE.key]
        )
    from joinedup.record import residents

    residents._last_good.cache_clear()
    text = text_of(signed_in_as("clinician").get(f"/record/{GRACE}/"))
    residents._last_good.cache_clear()
    assert "Some of what you see may be out of date" in text
    assert "Old data" in text
