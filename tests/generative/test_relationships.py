"""Relationships and decisions over invented statements: the table answers as the rule does, nothing opens by itself."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import transaction
from hypothesis import given, settings, strategies as st

from joinedup.access import Actor, Relationship, keep_relationships
from joinedup.access.decision import RoleOn
from joinedup.access.kept_relationships import open_relationships
from joinedup.access.relationships import KINDS, NONE, opens, windows
from joinedup.access.resident_decision import OWN, Ties, decide_for_resident
from joinedup.access.roles import TABLE

NOW = datetime(2026, 7, 1, 12, tzinfo=UTC)
WINDOWS = windows()
SUBJECTS = [UUID(int=number) for number in (1, 2)]
CODES = ["RWH", "Z00001"]
BODIES = [UUID(int=number) for number in (11, 12)]
hours = st.integers(-24 * 45, 24 * 45).map(lambda number: NOW + timedelta(hours=number))
statements = st.builds(
    Relationship,
    subject_id=st.sampled_from(SUBJECTS),
    organisation=st.sampled_from(CODES),
    kind=st.sampled_from([*KINDS, NONE]),
    starts_at=st.none() | hours,
    ends_at=st.none() | hours,
    source_ref=st.integers(1, 4).map(lambda number: UUID(int=100 + number)),
    stated_at=st.integers(0, 3).map(lambda day: NOW - timedelta(days=day)),
)


def by_the_rule(calls: list[list[Relationship]], subject: UUID, code: str) -> set[str]:
    """The kinds that are open, by walking over every statement: the newest of each resource, whole."""
    newest: dict[UUID, tuple[Any, int]] = {}
    for number, call in enumerate(calls):
        for row in call:
            if row.subject_id == subject:
                newest[row.source_ref] = max(
                    newest.get(row.source_ref, (row.stated_at, number)), (row.stated_at, number)
                )
    return {
        row.kind
        for number, call in enumerate(calls)
        for row in call
        if row.subject_id == subject
        and row.organisation == code
        and newest[row.source_ref] == (row.stated_at, number)
        and opens(row.kind, row.starts_at, row.ends_at, NOW, WINDOWS)
    }


@pytest.mark.django_db
@settings(max_examples=60, derandomize=True, deadline=None)
@given(calls=st.lists(st.lists(statements, max_size=8), max_size=4))
def test_the_table_answers_as_the_rule_does(calls: list[list[Relationship]]) -> None:
    with transaction.atomic():
        for call in calls:
            keep_relationships(call)
        for code in CODES:
            found = open_relationships(SUBJECTS, [code], NOW, WINDOWS)
            for subject in SUBJECTS:
                assert found.get(subject, set()) == by_the_rule(calls, subject, code)
        transaction.set_rollback(True)


@settings(derandomize=True, deadline=None)
@given(kind=st.sampled_from(list(KINDS)), starts=st.none() | hours, ends=st.none() | hours)
def test_a_tie_that_has_ended_for_a_month_opens_nothing(
    kind: str, starts: datetime | None, ends: datetime | None
) -> None:
    if ends is not None and ends < NOW - timedelta(days=30):
        assert not opens(kind, starts, ends, NOW, WINDOWS)
    if starts is not None and starts > NOW + timedelta(days=8):
        assert not opens(kind, starts, ends, NOW, WINDOWS)


held = st.lists(
    st.builds(
        RoleOn,
        role=st.sampled_from(list(TABLE.roles)),
        body_id=st.none() | st.sampled_from(BODIES),
        valid_from=st.sampled_from([date(2026, 1, 1), date(2026, 7, 2)]),
        valid_to=st.none() | st.just(date(2026, 7, 1)) | st.just(date(2027, 1, 1)),
    ),
    max_size=4,
).map(tuple)
ties = st.builds(
    Ties,
    by_body=st.dictionaries(st.sampled_from(BODIES), st.frozensets(st.sampled_from(list(KINDS)), min_size=1)),
    own=st.sampled_from([None, "self", "proxy"]),
    broken_glass=st.sampled_from([None, UUID(int=9)]),
    choice=st.sampled_from(["none recorded", "objection pending", "upheld", "refused", "item sealed"]),
)
asked = {
    "permission": st.sampled_from([key for key in TABLE.permissions if key.startswith(("record.", "fhir."))]),
    "purpose": st.sampled_from(["", *TABLE.purposes]),
}


@given(roles=held, found=ties, **asked)
@settings(max_examples=400, derandomize=True, deadline=None)
def test_what_is_allowed_is_allowed_by_one_role_that_is_held_permits_and_has_the_tie(
    roles: tuple[RoleOn, ...], found: Ties, permission: str, purpose: str
) -> None:
    actor = Actor("user:1", "Ada", True, True, roles)
    decision = decide_for_resident(actor, permission, NOW.date(), purpose, found)
    if not decision.allowed:
        return
    by = decision.by
    assert by in roles
    assert by.is_held_on(NOW.date())
    role = TABLE.roles[by.role]
    assert permission in role.permissions
    assert decision.purpose in role.purposes
    assert permission in TABLE.purposes[decision.purpose].permissions
    assert purpose in {"", decision.purpose}
    if permission == OWN:
        assert decision.relationship == found.own
    elif str(decision.relationship).startswith("break-glass:"):
        assert "record.break_glass" in role.permissions
        assert found.broken_glass is not None
    else:
        assert by.body_id is not None
        assert decision.relationship in found.by_body[by.body_id]
        assert found.choice in {"none recorded", "refused"}


@given(roles=held, found=ties, **asked)
@settings(max_examples=200, derandomize=True, deadline=None)
def test_nothing_opens_without_a_tie_or_to_nobody(
    roles: tuple[RoleOn, ...], found: Ties, permission: str, purpose: str
) -> None:
    on = NOW.date()
    assert not decide_for_resident(Actor("user:1", "", True, True, roles), permission, on, purpose, Ties()).allowed
    assert not decide_for_resident(Actor("anonymous"), permission, on, purpose, found).allowed
    assert not decide_for_resident(Actor("user:1", "", True, False, roles), permission, on, purpose, found).allowed
