"""Who has to do with whom: ties that partners state, the days on which they open a record, and which of them counts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import DatabaseError, connection, transaction

from joinedup.access import Relationship, keep_relationships
from joinedup.access.kept_relationships import open_relationships
from joinedup.access.relationships import first_in_order, opens, windows
from joinedup.errors import RuleError

WINDOWS = windows()


def on(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


DAYS = [
    # kind, from, until, at -> open?
    # discharged on 1 March: 29 March is the last day (R79)
    ("open_encounter", "2026-02-25T10:00", "2026-03-01T15:00", "2026-03-29T22:30", True),
    ("open_encounter", "2026-02-25T10:00", "2026-03-01T15:00", "2026-03-29T23:30", False),  # in London it is 30 March
    ("open_encounter", "2026-02-25T10:00", "2026-03-01T15:00", "2026-03-30T08:00", False),
    ("open_encounter", "2026-02-25T10:00", None, "2026-12-31T08:00", True),
    ("open_encounter", "2026-02-25T10:00", None, "2026-02-24T23:00", False),
    # an appointment: seven days before, twenty-eight after
    ("appointment", "2026-06-10T09:00", "2026-06-10T09:20", "2026-06-02T12:00", False),
    ("appointment", "2026-06-10T09:00", "2026-06-10T09:20", "2026-06-03T00:00", True),
    ("appointment", "2026-06-10T09:00", "2026-06-10T09:20", "2026-07-08T22:00", True),
    ("appointment", "2026-06-10T09:00", "2026-06-10T09:20", "2026-07-09T12:00", False),
    ("appointment", "2026-06-10T09:00", None, "2026-07-09T12:00", False),  # it ends when it starts
    ("appointment", None, None, "2026-07-09T12:00", False),
    # a referral until it is completed, and twenty-eight days more
    ("referral", "2026-06-10T09:00", None, "2027-06-10T09:00", True),
    ("referral", "2026-06-10T09:00", "2026-08-01T09:00", "2026-08-29T12:00", True),
    ("referral", "2026-06-10T09:00", "2026-08-01T09:00", "2026-08-30T12:00", False),
    # a registration and a caseload end when they end
    ("registered_practice", None, None, "2026-06-10T09:00", True),
    ("registered_practice", "2020-01-01T00:00", "2026-06-10T09:00", "2026-06-10T08:59", True),
    ("registered_practice", "2020-01-01T00:00", "2026-06-10T09:00", "2026-06-10T09:00", False),
    ("caseload", "2026-06-10T09:00", "2026-06-20T09:00", "2026-06-21T09:00", False),
    # what says that there is no tie opens nothing
    ("none", None, None, "2026-06-10T09:00", False),
]


@pytest.mark.parametrize(("kind", "starts", "ends", "at", "is_open"), DAYS)
def test_days_on_which_a_tie_opens_the_record(
    kind: str, starts: str | None, ends: str | None, at: str, is_open: bool
) -> None:
    assert opens(kind, starts and on(starts), ends and on(ends), on(at), WINDOWS) is is_open


def test_the_windows_are_settings() -> None:
    narrow = windows(days_before_appointment=0, days_after_care=1)
    assert not opens("open_encounter", None, on("2026-03-01T15:00"), on("2026-03-03T08:00"), narrow)
    assert opens("open_encounter", None, on("2026-03-01T15:00"), on("2026-03-03T08:00"), WINDOWS)


def test_of_several_ties_the_strongest_is_named() -> None:
    assert first_in_order({"appointment", "registered_practice"}) == "registered_practice"
    assert first_in_order(set()) is None


ADA, BEA, STAY = uuid4(), uuid4(), uuid4()
NOON = on("2026-06-10T12:00")


def tie(
    subject: UUID = ADA, organisation: str = "RWH", kind: str = "registered_practice", ref: UUID = STAY, **more: Any
) -> Relationship:
    return Relationship(
        subject, organisation, kind, more.pop("starts_at", None), more.pop("ends_at", None), ref, **more
    )


def open_now(subject: UUID = ADA, *organisations: str) -> set[str]:
    return open_relationships([subject], organisations or ["RWH"], NOON, WINDOWS).get(subject, set())


@pytest.mark.django_db
def test_a_tie_is_with_one_organisation_and_one_subject() -> None:
    assert keep_relationships([tie(), tie(kind="caseload", ref=uuid4())]) == 2
    assert open_now() == {"registered_practice", "caseload"}
    assert open_now(ADA, "rwh") == {"registered_practice", "caseload"}
    assert open_now(ADA, "RQW") == set()
    assert open_now(BEA) == set()
    assert open_relationships([], ["RWH"], NOON, WINDOWS) == open_relationships([ADA], [], NOON, WINDOWS) == {}


@pytest.mark.django_db
def test_the_newest_statement_of_a_resource_wins_whole() -> None:
    keep_relationships([tie(organisation="Z00001"), tie(organisation="Z00002")])
    assert open_now(ADA, "Z00001") == open_now(ADA, "Z00002") == {"registered_practice"}
    keep_relationships([tie(organisation="Z00003")])  # moved practice
    assert open_now(ADA, "Z00001", "Z00002") == set()
    assert open_now(ADA, "Z00003") == {"registered_practice"}
    keep_relationships([tie(organisation="", kind="none")])  # registered in error
    assert open_now(ADA, "Z00003") == set()


@pytest.mark.django_db
def test_a_message_that_comes_late_ends_nothing_newer() -> None:
    keep_relationships([tie(organisation="Z00002", stated_at=NOON)])
    keep_relationships([tie(organisation="Z00001", stated_at=NOON - timedelta(days=1))])
    assert open_now(ADA, "Z00002") == {"registered_practice"}
    assert open_now(ADA, "Z00001") == set()
    keep_relationships([tie(organisation="Z00003", stated_at=NOON)])  # of two equal times the later arrival
    assert open_now(ADA, "Z00002") == set()
    assert open_now(ADA, "Z00003") == {"registered_practice"}


@pytest.mark.django_db
def test_two_resources_of_one_subject_do_not_end_each_other() -> None:
    keep_relationships([tie(kind="open_encounter", ends_at=NOON), tie(kind="none", ref=uuid4())])
    assert open_now() == {"open_encounter"}


@pytest.mark.django_db
def test_a_kind_that_does_not_exist_is_refused() -> None:
    with pytest.raises(RuleError, match="no kind of relationship 'friend'"), transaction.atomic():
        keep_relationships([tie(kind="friend")])


def test_ties_are_kept_in_the_transaction_of_what_states_them() -> None:
    with pytest.raises(RuleError, match="in the transaction of its act"):
        keep_relationships([tie()])


@pytest.mark.django_db
@pytest.mark.parametrize("change", ["UPDATE access_relationship SET kind = 'self'", "DELETE FROM access_relationship",
                                    "TRUNCATE access_relationship"])  # fmt: skip
def test_ties_only_grow(change: str) -> None:
    keep_relationships([tie()])
    with pytest.raises(DatabaseError, match="only grows"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(change)
