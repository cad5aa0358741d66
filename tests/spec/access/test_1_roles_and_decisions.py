"""Who may do what: roles are data, one function decides, by default no, and always with the reason."""

from __future__ import annotations

import tomllib
from datetime import date
from importlib.resources import files
from uuid import UUID

import pytest

from joinedup.access import Actor, decide, holds_role_in, may
from joinedup.access.decision import ANONYMOUS, RoleOn
from joinedup.access.roles import TABLE, read_roles
from joinedup.errors import NotFound, RuleError

TRUST, BOARD = UUID(int=1), UUID(int=2)
JULY, AUGUST = date(2026, 7, 1), date(2026, 8, 1)


def somebody(*roles: RoleOn, active: bool = True) -> Actor:
    return Actor("user:1", "Ada", True, active, roles)


def held(role: str, body: UUID | None = None, since: date = JULY, until: date | None = None) -> RoleOn:
    return RoleOn(role, body, since, until)


DECISIONS = [
    # actor, permission, day, body -> allowed, reason
    (ANONYMOUS, "system.read", JULY, None, True, "open to everyone"),
    (ANONYMOUS, "access.own", JULY, None, False, "not open to everyone; not signed in"),
    (ANONYMOUS, "access.users", JULY, None, False, "not open to everyone; not signed in"),
    (somebody(), "access.own", JULY, None, True, "signed in, open to whoever is signed in"),
    (somebody(), "system.people", JULY, None, False, "not open to everyone; needs a role; holds no role"),
    (somebody(held("analyst")), "system.people", JULY, None, True,
     "signed in, analyst on 2026-07-01, analyst may system.people, no body asked about"),
    (somebody(held("analyst")), "system.correct", JULY, None, False,
     "not open to everyone; needs a role; analyst may not system.correct"),
    (somebody(held("resident")), "system.people", JULY, None, False,
     "not open to everyone; needs a role; resident may not system.people"),
    # a period begins on its first day and is over on its last
    (somebody(held("system_admin", None, AUGUST)), "access.users", JULY, None, False,
     "not open to everyone; needs a role; system_admin is not held on 2026-07-01"),
    (somebody(held("system_admin", None, JULY, AUGUST)), "access.users", date(2026, 7, 31), None, True,
     "signed in, system_admin on 2026-07-31, system_admin may access.users, no body asked about"),
    (somebody(held("system_admin", None, JULY, AUGUST)), "access.users", AUGUST, None, False,
     "not open to everyone; needs a role; system_admin is not held on 2026-08-01"),
    # in the body, or in the whole system, but not through a role in another body
    (somebody(held("system_admin", TRUST)), "access.users", JULY, TRUST, True,
     "signed in, system_admin on 2026-07-01, system_admin may access.users, held in the body"),
    (somebody(held("system_admin", None)), "access.users", JULY, TRUST, True,
     "signed in, system_admin on 2026-07-01, system_admin may access.users, held in the whole system"),
    (somebody(held("system_admin", TRUST), held("member", BOARD)), "access.users", JULY, BOARD, False,
     "not open to everyone; needs a role; system_admin is held in another body; member may not access.users"),
    # a leaver's roles are worth nothing, even before they are ended
    (somebody(held("system_admin"), active=False), "access.users", JULY, None, False,
     "not open to everyone; the account has ended"),
    (somebody(held("no_such_role")), "system.people", JULY, None, False,
     "not open to everyone; needs a role; no_such_role may not system.people"),
]  # fmt: skip


@pytest.mark.parametrize(("actor", "permission", "day", "body", "allowed", "reason"), DECISIONS)
def test_decision(actor: Actor, permission: str, day: date, body: UUID | None, allowed: bool, reason: str) -> None:
    decision = decide(actor, permission, day, body)
    assert (decision.allowed, decision.reason) == (allowed, reason)


def test_the_role_that_allowed_it_is_named() -> None:
    roles = held("member", BOARD), held("privacy_officer", TRUST)
    assert decide(somebody(*roles), "access.audit", JULY).by == roles[1]


def test_a_misspelt_permission_is_never_granted() -> None:
    with pytest.raises(NotFound, match=r"Did you mean 'access\.users'\?"):
        decide(somebody(held("system_admin")), "access.user", JULY)


def test_predicates_are_put_together_and_keep_the_reason() -> None:
    rule = (may("access.users") & holds_role_in(TRUST)) | may("access.audit")
    actor = somebody()
    assert rule(actor, held("system_admin", TRUST)) == (True, "system_admin may access.users, held in the body")
    assert rule(actor, held("privacy_officer", BOARD)) == (True, "privacy_officer may access.audit")
    assert rule(actor, held("system_admin", BOARD)) == (
        False,
        "system_admin is held in another body; system_admin may not access.audit",
    )


ROLES = [
    "clinician",
    "nurse",
    "emergency_clinician",
    "social_worker",
    "care_home_worker",
    "pharmacist",
    "reception",
    "data_quality",
    "privacy_officer",
    "caldicott_guardian",
    "analyst",
    "system_admin",
    "feed_client",
    "resident",
    "proxy",
    "board_secretary",
    "chair",
    "member",
    "finance_lead",
    "planner",
    "operations_lead",
    "engagement_lead",
    "social_prescribing_link_worker",
    "data_engineer",
]
WHO_MAY = {
    "system.correct": {"system_admin", "data_engineer", "board_secretary"},
    "system.import": {"system_admin", "data_engineer"},
    "access.users": {"system_admin"},
    "access.audit": {"privacy_officer", "caldicott_guardian"},
    "system.people": set(ROLES) - {"resident", "proxy", "feed_client"},
    "planning.read": {"board_secretary", "chair", "member", "finance_lead", "planner", "analyst"},
    "planning.submit": {"planner"},
    "planning.resolve": {"planner"},
    "planning.sign": {"planner"},
    "money.read": {"board_secretary", "chair", "member", "finance_lead", "planner"},
    "money.authorise": {"finance_lead"},
    "money.allocate": {"finance_lead"},
    "money.post": {"finance_lead"},
    "money.pay": {"finance_lead"},
    "money.contract": {"finance_lead"},
    "governance.read": {
        "board_secretary", "chair", "member", "finance_lead", "planner", "operations_lead", "engagement_lead",
        "analyst",
    },
    "governance.keep": {"board_secretary"},
    "governance.prepare": {"board_secretary"},
    "governance.submit": {
        "board_secretary", "chair", "member", "finance_lead", "planner", "operations_lead", "engagement_lead",
        "analyst",
    },
    "governance.preside": {"board_secretary", "chair"},
    "governance.declare": {
        "board_secretary", "chair", "member", "finance_lead", "planner", "operations_lead", "engagement_lead",
    },
    "governance.vote": {"chair", "member"},
    "governance.assure": {"board_secretary", "chair", "member", "finance_lead", "planner"},
}  # fmt: skip


def test_every_role_of_the_rule_book_is_there() -> None:
    assert list(TABLE.roles) == ROLES


@pytest.mark.parametrize("permission", WHO_MAY)
def test_who_may(permission: str) -> None:
    assert {key for key, role in TABLE.roles.items() if permission in role.permissions} == WHO_MAY[permission]


CONTRADICTIONS = [
    ('permissions = ["system.people", ', 'permissions = ["system.peple", ', "no such permission 'system.peple'"),
    ('key = "pharmacist"', 'key = "clinician"', "there twice"),
    ('open_to = "everyone"', 'open_to = "anybody"', "open_to must be one of"),
]


@pytest.mark.parametrize(("there", "instead", "says"), CONTRADICTIONS)
def test_a_role_table_that_contradicts_itself_is_refused(there: str, instead: str, says: str) -> None:
    text = files("joinedup.access").joinpath("roles.toml").read_text(encoding="utf-8")
    assert there in text
    with pytest.raises(RuleError, match=says):
        read_roles(tomllib.loads(text.replace(there, instead, 1)))
