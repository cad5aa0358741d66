"""The list of users as an administrator sees it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from joinedup.access.bodies import names_of
from joinedup.access.grant import Grant
from joinedup.access.models import RoleHeld, User
from joinedup.access.roles import TABLE
from joinedup.moment import LONDON
from joinedup.ui import day


@dataclass(frozen=True, slots=True)
class UserRow:
    """One user: state is "active", "invited" or "ended"; roles are those of today, in words."""

    id: UUID
    name: str
    email: str
    state: str
    is_demo: bool
    roles: list[str]

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class RoleRow:
    """A role that somebody held, holds or will hold, in words, with the row behind it."""

    id: int
    title: str
    body: str
    valid_from: date
    valid_to: date | None
    is_over: bool


def list_of_users(grant: Grant, at: datetime) -> list[UserRow]:
    """Answer all users, with the roles that each holds today."""
    grant.must_be_for("access.users")
    users = list(User.objects.prefetch_related("roles_held"))
    today = at.astimezone(LONDON).date()
    bodies = names_of(held.body_id for user in users for held in user.roles_held.all())
    return [
        UserRow(
            user.pk,
            user.name,
            user.email,
            state_of(user),
            user.is_demo,
            [in_words(held, bodies) for held in user.roles_held.all() if today in held.valid],
        )
        for user in users
    ]


def roles_of(user: User, at: datetime) -> list[RoleRow]:
    """Answer every role of a user, present and to come first, then those that are over."""
    today = at.astimezone(LONDON).date()
    held_roles = [held for held in user.roles_held.all() if not held.valid.isempty]
    bodies = names_of(held.body_id for held in held_roles)
    rows = [
        RoleRow(
            held.pk,
            title_of(held.role),
            bodies[held.body_id],
            held.valid.lower,
            held.valid.upper,
            held.valid.upper is not None and held.valid.upper <= today,
        )
        for held in held_roles
    ]
    return sorted(rows, key=lambda row: (row.is_over, row.title, row.valid_from))


def state_of(user: User) -> str:
    """Answer "active", "invited" (no password chosen yet) or "ended"."""
    if not user.is_active:
        return "ended"
    return "active" if user.is_demo or user.has_usable_password() else "invited"


def in_words(held: RoleHeld, bodies: dict[UUID | None, str]) -> str:
    """Answer "Board secretary in Example ICB, until 1 July 2026"."""
    until = f", until {day(held.valid.upper)}" if held.valid.upper else ""
    return f"{title_of(held.role)} in {bodies[held.body_id]}{until}"


def title_of(role: str) -> str:
    """Answer a role's title; a role that roles.toml has no more keeps its key."""
    return TABLE.roles[role].title if role in TABLE.roles else role
