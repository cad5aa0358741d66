"""Who may open whose record: role, purpose and relationship together; hidden and unknown answer alike."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connection
from django.test import RequestFactory

from joinedup.access import (
    NO_SUCH_RECORD,
    Actor,
    NotSignedIn,
    Relationship,
    choose_purpose,
    disclose,
    grant_for_resident,
    grants_for_residents,
    keep_relationships,
    may_see_residents,
    own_record,
    purposes_for,
    relationship_in_words,
)
from joinedup.access.decision import ANONYMOUS, RoleOn
from joinedup.access.models import AuditEntry
from joinedup.access.resident_decision import Ties, decide_for_resident
from joinedup.access.residents import registered_subjects
from joinedup.errors import NotFound, Refused

TRUST, PRACTICE = UUID(int=1), UUID(int=2)
GLASS = UUID(int=9)
TODAY = date(2026, 7, 1)
LR = Ties({TRUST: frozenset({"open_encounter"})})


def somebody(*roles: tuple[str, UUID | None]) -> Actor:
    return Actor("user:1", "Ada", True, True, tuple(RoleOn(role, body, TODAY) for role, body in roles))


CLINICIAN = somebody(("clinician", TRUST))
DECISIONS = [
    # The table of R80, and what its words imply: actor, permission, purpose, ties -> allowed, relationship
    (CLINICIAN, "record.full", "direct-care", LR, True, "open_encounter"),
    (CLINICIAN, "record.summary", "direct-care", Ties(), False, None),
    (CLINICIAN, "record.summary", "direct-care", Ties(broken_glass=GLASS), True, f"break-glass:{GLASS}"),
    (CLINICIAN, "record.full", "direct-care", replace(LR, choice="upheld"), False, None),
    (CLINICIAN, "record.full", "direct-care", replace(LR, choice="upheld", broken_glass=GLASS), True,
     f"break-glass:{GLASS}"),
    (CLINICIAN, "record.full", "direct-care", replace(LR, choice="objection pending"), False, None),
    (CLINICIAN, "record.full", "direct-care", replace(LR, choice="refused"), True, "open_encounter"),
    (somebody(("reception", TRUST)), "record.full", "direct-care", replace(LR, broken_glass=GLASS), False, None),
    (somebody(("reception", TRUST)), "record.demographics", "direct-care", LR, True, "open_encounter"),
    # reception has no break-glass: a glass that is open for whatever reason opens nothing
    (somebody(("reception", TRUST)), "record.demographics", "direct-care", Ties(broken_glass=GLASS), False, None),
    (somebody(("system_admin", None)), "record.demographics", "direct-care", LR, False, None),
    (somebody(("analyst", TRUST)), "record.full", "direct-care", LR, False, None),
    (somebody(("resident", None)), "record.own", "residents-own", Ties(own="self", choice="upheld"), True, "self"),
    (somebody(("resident", None)), "record.own", "residents-own", Ties(), False, None),
    # a relationship of the resident's own is no care relationship, and the other way round
    (somebody(("resident", TRUST)), "record.own", "residents-own", LR, False, None),
    (CLINICIAN, "record.full", "direct-care", Ties(own="self"), False, None),
    # the relationship is that of the body in which the role is held, and of no other
    (somebody(("clinician", PRACTICE)), "record.full", "direct-care", LR, False, None),
    (somebody(("clinician", None)), "record.full", "direct-care", LR, False, None),
    (somebody(("clinician", None)), "record.full", "direct-care", Ties(broken_glass=GLASS), True,
     f"break-glass:{GLASS}"),
    (somebody(("clinician", PRACTICE), ("member", TRUST)), "record.full", "direct-care", LR, False, None),
    (somebody(("member", None), ("nurse", TRUST)), "record.full", "direct-care", LR, True, "open_encounter"),
    # a relationship comes before a broken glass
    (CLINICIAN, "record.full", "direct-care", replace(LR, broken_glass=GLASS), True, "open_encounter"),
    # the purpose is one that the role has and that fits; without one it is the role's first
    (CLINICIAN, "record.full", "record-quality", LR, False, None),
    (somebody(("social_prescribing_link_worker", TRUST)), "record.summary", "emergency-care", LR, False, None),
    (somebody(("emergency_clinician", TRUST)), "record.summary", "", LR, True, "open_encounter"),
    (ANONYMOUS, "record.summary", "direct-care", LR, False, None),
    (replace(CLINICIAN, is_active=False), "record.summary", "direct-care", LR, False, None),
]  # fmt: skip


@pytest.mark.parametrize(("actor", "permission", "purpose", "ties", "allowed", "relationship"), DECISIONS)
def test_decision(
    actor: Actor, permission: str, purpose: str, ties: Ties, allowed: bool, relationship: str | None
) -> None:
    decision = decide_for_resident(actor, permission, TODAY, purpose, ties)
    assert (decision.allowed, decision.relationship) == (allowed, relationship), decision.reason


def test_a_role_that_is_over_opens_nothing() -> None:
    over = Actor("user:1", "Ada", True, True, (RoleOn("clinician", TRUST, date(2026, 6, 1), TODAY),))
    assert decide_for_resident(over, "record.full", date(2026, 6, 30), "direct-care", LR).allowed
    assert not decide_for_resident(over, "record.full", TODAY, "direct-care", LR).allowed


def test_a_role_begins_with_its_first_purpose() -> None:
    emergency = somebody(("emergency_clinician", TRUST))
    assert decide_for_resident(emergency, "record.full", TODAY, "", LR).purpose == "emergency-care"
    assert decide_for_resident(CLINICIAN, "record.full", TODAY, "", LR).purpose == "direct-care"


# --- with the tables -----------------------------------------------------------------------------------------------

ADA, BEA = uuid4(), uuid4()


@pytest.fixture(autouse=True)
def codes(settings: Any) -> None:
    settings.BODY_CODES = [f"{__name__}.codes_here"]


def codes_here(ids: set[UUID]) -> dict[UUID, frozenset[str]]:
    known = {TRUST: frozenset({"RWH", "RWH01"}), PRACTICE: frozenset({"Z00001"})}
    return {body: codes for body, codes in known.items() if body in ids}


@pytest.fixture
def asking(make: Callable[..., Any]) -> Callable[..., Any]:
    """A request of somebody signed in with one role in one body."""

    def request(role: str, body: UUID | None = TRUST, **session: str) -> Any:
        asked = RequestFactory().get("/")
        asked.user = make(f"{role}-{uuid4().hex[:6]}", role, body_id=body)
        asked.session = dict(session)
        return asked

    return request


def tie(subject: UUID, organisation: str = "RWH", kind: str = "open_encounter", **more: Any) -> None:
    keep_relationships([Relationship(subject, organisation, kind, None, more.get("ends_at"), uuid4())])


def entries(action: str = "") -> list[dict[str, Any]]:
    found = [entry.entry for entry in AuditEntry.objects.order_by("id")]
    return [entry for entry in found if entry["action"] == action or not action]


@pytest.mark.django_db
def test_a_relationship_of_the_own_organisation_opens_the_record(asking: Callable[..., Any]) -> None:
    tie(ADA)
    request = asking("nurse")
    grant = grant_for_resident(request, "record.full", [ADA, BEA])  # two subjects of one resident
    assert (grant.relationship, grant.purpose, grant.role, grant.body_id) == (
        "open_encounter", "direct-care", "nurse", TRUST)  # fmt: skip
    assert grant.subject_ids == {ADA, BEA}
    assert relationship_in_words(grant.relationship) == "a stay or visit, or one that ended lately"
    grant.must_cover([ADA])
    with pytest.raises(Refused, match="for others"):
        grant.must_cover([ADA, uuid4()])


@pytest.mark.django_db
def test_any_code_that_the_body_answers_for_counts(asking: Callable[..., Any]) -> None:
    tie(ADA, "RWH01")
    assert grant_for_resident(asking("nurse"), "record.full", [ADA]).relationship == "open_encounter"
    with pytest.raises(NotFound):
        grant_for_resident(asking("nurse", PRACTICE), "record.full", [ADA])


@pytest.mark.django_db
def test_hidden_and_unknown_answer_alike_and_are_told_apart_in_the_audit(asking: Callable[..., Any]) -> None:
    tie(ADA, "Z00001")
    request = asking("nurse")
    said = []
    for subjects in ([ADA], []):
        with pytest.raises(NotFound) as refused:
            grant_for_resident(request, "record.full", subjects)
        said.append((type(refused.value), str(refused.value)))
    assert said == [(NotFound, NO_SUCH_RECORD)] * 2
    hidden, unknown = entries("record.full")
    assert (hidden["subject"], hidden["outcome"], hidden["reason"]) == (
        f"resident:{ADA}", "denied", "nurse: no relationship")  # fmt: skip
    assert (unknown["subject"], unknown["outcome"], unknown["reason"]) == (
        "resident:none", "denied", "no such resident")  # fmt: skip
    assert hidden["purpose"] == unknown["purpose"] == "direct-care"


@pytest.mark.django_db
def test_a_role_that_may_never_do_this_is_refused_whoever_it_is(asking: Callable[..., Any]) -> None:
    tie(ADA)
    for subjects in ([ADA], [BEA], []):
        with pytest.raises(Refused):
            grant_for_resident(asking("analyst"), "record.summary", subjects)
    nobody = RequestFactory().get("/")
    with pytest.raises(NotSignedIn):
        grant_for_resident(nobody, "record.summary", [ADA])


@pytest.mark.django_db
def test_a_role_in_the_whole_system_has_to_do_with_nobody(asking: Callable[..., Any]) -> None:
    tie(ADA)
    with pytest.raises(NotFound):
        grant_for_resident(asking("clinician", None), "record.summary", [ADA])


@pytest.mark.django_db
def test_a_relationship_that_is_over_opens_nothing(asking: Callable[..., Any]) -> None:
    tie(ADA, ends_at=datetime(2026, 3, 1, 15, tzinfo=UTC))
    request = asking("nurse")
    # Roles are given from the day of the test on, so the day asked about is in the future of the role.
    request.user.roles_held.update(valid="[2026-01-01,)")
    in_time = datetime(2026, 3, 29, 12, tzinfo=UTC)
    assert grant_for_resident(request, "record.full", [ADA], at=in_time).relationship == "open_encounter"
    with pytest.raises(NotFound):
        grant_for_resident(request, "record.full", [ADA], at=in_time + timedelta(days=1))


@pytest.mark.django_db
def test_many_residents_are_decided_at_once(asking: Callable[..., Any], django_assert_max_num_queries: Any) -> None:
    residents = {uuid4(): [uuid4(), uuid4()] for _ in range(30)}
    seen = list(residents)[:5]
    for resident in seen:
        tie(residents[resident][1], kind="caseload")
    request = asking("nurse")
    with django_assert_max_num_queries(6):
        grants = grants_for_residents(request, "record.find", residents)
    assert grants.keys() == set(seen)
    assert grants[seen[0]].subject_ids == set(residents[seen[0]])
    assert may_see_residents(request, "record.find", residents) == dict.fromkeys(seen, "caseload")
    assert entries("record.find") == []  # a search is no denial


@pytest.mark.django_db
def test_purposes_are_chosen_for_a_session_and_named_in_every_grant(asking: Callable[..., Any]) -> None:
    tie(ADA)
    request = asking("social_worker")
    assert [one.key for one in purposes_for(request, "record.full")] == [
        "direct-care", "safeguarding", "emergency-care"]  # fmt: skip
    assert choose_purpose(request, "safeguarding").title == "Safeguarding"
    assert request.session == {"purpose": "safeguarding"}
    assert grant_for_resident(request, "record.full", [ADA]).purpose == "safeguarding"
    assert grant_for_resident(request, "record.full", [ADA], purpose="emergency-care").purpose == "emergency-care"
    with pytest.raises(Refused, match="not done for the purpose 'record-quality'"):
        grant_for_resident(request, "record.full", [ADA], purpose="record-quality")
    with pytest.raises(Refused):
        choose_purpose(request, "record-quality")
    with pytest.raises(NotFound, match="Did you mean 'safeguarding'"):
        choose_purpose(request, "safegarding")
    # A choice that does not fit, for instance of a role that has ended since, is not used.
    assert grant_for_resident(asking("nurse", purpose="residents-own"), "record.full", [ADA]).purpose == "direct-care"


@pytest.mark.django_db
def test_the_own_record_is_open_to_the_resident_and_to_nobody_else(asking: Callable[..., Any], admin: Any) -> None:
    tie(ADA)
    request, proxy = asking("resident", None), asking("proxy", None)
    own_record(admin, request.user, ADA, datetime.now(UTC))
    own_record(admin, proxy.user, ADA, datetime.now(UTC), kind="proxy")
    assert grant_for_resident(request, "record.own", [BEA, ADA]).relationship == "self"
    assert grant_for_resident(proxy, "record.own", [ADA]).relationship == "proxy"
    for other in (request, asking("resident", TRUST)):
        with pytest.raises(NotFound):
            grant_for_resident(other, "record.own", [BEA])
    with pytest.raises(Refused):
        grant_for_resident(request, "record.full", [ADA])
    with pytest.raises(Refused):
        grant_for_resident(asking("nurse"), "record.own", [ADA])


@pytest.mark.django_db
def test_every_person_of_a_list_has_an_entry_of_their_own(asking: Callable[..., Any]) -> None:
    tie(ADA)
    grant = grant_for_resident(asking("nurse"), "record.find", [ADA])
    assert disclose(grant, [ADA, BEA, ADA], "record.find", parts=["demographics"]) == 2
    found = entries("record.find")
    assert {entry["subject"] for entry in found} == {f"resident:{ADA}", f"resident:{BEA}"}
    assert found[0]["details"] == {"parts": ["demographics"]}
    assert found[0]["relationship"] == "open_encounter"


@pytest.mark.django_db
def test_a_subject_with_many_ties_is_decided_by_its_index() -> None:
    keep_relationships(
        Relationship(uuid4() if i % 50 else ADA, "RWH", "appointment", None, None, uuid4()) for i in range(5000)
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE access_relationship")
        cursor.execute("EXPLAIN SELECT * FROM access_relationship WHERE subject_id = ANY(%s)", [[ADA, BEA]])
        plan = "\n".join(row[0] for row in cursor.fetchall())
    assert "access_relationship_subject" in plan


@pytest.mark.django_db
def test_who_is_registered_is_told_by_the_newest_statement_alone() -> None:
    now = datetime.now(UTC)
    stays, moved, left, treated = (uuid4() for _ in range(4))
    ref, began = uuid4(), now - timedelta(days=400)
    keep_relationships([
        Relationship(stays, "M1", "registered_practice", began, None, uuid4()),
        Relationship(moved, "M1", "registered_practice", began, None, ref, None, now - timedelta(days=9)),
        Relationship(moved, "M2", "registered_practice", began, None, ref, None, now - timedelta(days=1)),
        Relationship(left, "M1", "registered_practice", began, now - timedelta(days=1), uuid4()),
        Relationship(treated, "M1", "open_encounter", began, None, uuid4()),
    ])  # fmt: skip
    every = [stays, moved, left, treated]
    assert registered_subjects(every, ["m1"], now) == {stays}
    assert registered_subjects(every, ["M1", "M2"], now) == {stays, moved}
    assert registered_subjects(every, [], now) == set()


@pytest.mark.django_db
def test_leave_is_asked_before_a_transaction_begins_so_that_a_denial_stays(asking: Callable[..., Any]) -> None:
    request = asking("nurse")
    (block,) = connection.atomic_blocks[-1:]
    block._from_testcase = False  # as in a server, where no test has begun a transaction
    try:
        with pytest.raises(RuntimeError, match="durable"):
            grant_for_resident(request, "record.full", [ADA])
    finally:
        block._from_testcase = True
