"""Made-up users, one for each role, for a system with simulated data; they have no password."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from django.db import transaction

from joinedup.access.grant import service_grant
from joinedup.access.models import User
from joinedup.access.roles import TABLE
from joinedup.access.services import end_role, give_role, make_user, own_record
from joinedup.errors import NotFound, RuleError
from joinedup.moment import LONDON


@dataclass(frozen=True, slots=True)
class DemoUser:
    """A made-up user and the title of the one role they hold."""

    email: str
    name: str
    title: str


def demo_users() -> list[DemoUser]:
    """Make the demo users that are not there yet, `<role>@demo.invalid` for each role, and answer all of them.

    They sign in on the demo sign-in page only, which exists as long as they do. Raises RuleError where real users are:
    whoever reaches the page could sign in as an administrator without a password.
    """
    grant = service_grant("demo", "Set up simulated users", "whoever loaded the demo data")
    at = datetime.now(UTC)
    users = []
    with transaction.atomic():
        if User.objects.filter(is_demo=False).exists() and not User.objects.filter(is_demo=True).exists():
            raise RuleError(
                "Real users are here, and demo users sign in without a password. The demo needs a data folder of its "
                "own: set JOINEDUP_DATA, and run joinedup demo again."
            )
        for role in TABLE.roles.values():
            email = f"{role.key}@demo.invalid"
            if not User.objects.filter(email=email).exists():
                user = make_user(grant, email, role.demo, None, at, is_demo=True)
                give_role(grant, user, role.key, at)
            users.append(DemoUser(email, role.demo, role.title))
    return users


def place_demo_users(bodies: Mapping[str, Collection[UUID]]) -> None:
    """Let the demo users of these roles hold them in these bodies (body ids by role) and nowhere else, from today on.

    A role in the whole system has to do with no resident: only a role in a practice, trust or council opens records.
    The same places again change nothing. Raises NotFound for a role that has no demo user.
    """
    grant = service_grant("demo", "Place simulated users", "whoever loaded the demo data")
    at = datetime.now(UTC)
    today = at.astimezone(LONDON).date()
    with transaction.atomic():
        for role, wanted in bodies.items():
            user = _demo_user(role)
            held = list(user.roles_held.filter(role=role, valid__contains=today))
            for one in held:
                if one.body_id not in wanted:
                    end_role(grant, one, at)
            for body_id in wanted:
                if body_id not in {one.body_id for one in held}:
                    give_role(grant, user, role, at, body_id=body_id)


def own_demo_record(subject_id: UUID, role: str = "resident") -> None:
    """Let the demo user of a role, the resident or the proxy, open the record of this subject as their own."""
    grant = service_grant("demo", "Give a simulated resident their record", "whoever loaded the demo data")
    kind = "proxy" if role == "proxy" else "self"
    own_record(grant, _demo_user(role), subject_id, datetime.now(UTC), kind=kind)


def _demo_user(role: str) -> User:
    user = User.objects.filter(is_demo=True, email=f"{TABLE.role(role).key}@demo.invalid").first()
    if user is None:
        raise NotFound(f"There is no demo user with the role '{role}'. Make them first: demo_users().")
    return user


def is_loaded() -> bool:
    """Answer whether made-up users are here: then every page says that its people are simulated."""
    return User.objects.filter(is_demo=True).exists()
