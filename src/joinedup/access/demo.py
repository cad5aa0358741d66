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


@dataclass(frozen=True, slots=True)
class Second:
    """A second user of a role, who holds it in another body: `key` is the part of the address before the @."""

    key: str
    role: str
    name: str
    title: str


# A disagreement between two plans is settled by two people: one of them plans for a provider.
SECONDS = (Second("planner.provider", "planner", "Amir Sample", "Planner of a provider"),)


def demo_users() -> list[DemoUser]:
    """Make the demo users that are not there yet, `<role>@demo.invalid` for each role, and answer all of them.

    Some roles have a second user (SECONDS), whom the demo places in another body. They sign in on the demo sign-in
    page only, which exists as long as they do. Raises RuleError where real users are: whoever reaches the page could
    sign in as an administrator without a password.
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
        for one in SECONDS:
            email = f"{one.key}@demo.invalid"
            if not User.objects.filter(email=email).exists():
                give_role(grant, make_user(grant, email, one.name, None, at, is_demo=True), one.role, at)
            users.append(DemoUser(email, one.name, one.title))
    return users


def place_demo_users(bodies: Mapping[str, Collection[UUID]]) -> None:
    """Let these demo users hold their roles in these bodies (body ids by role) and nowhere else, from today on.

    A role stands for its first user, and the key of a second one (SECONDS) for that one.

    A role in the whole system has to do with no resident: only a role in a practice, trust or council opens records.
    The same places again change nothing. Raises NotFound for a role that has no demo user.
    """
    grant = service_grant("demo", "Place simulated users", "whoever loaded the demo data")
    at = datetime.now(UTC)
    today = at.astimezone(LONDON).date()
    with transaction.atomic():
        for key, wanted in bodies.items():
            user = _demo_user(key)
            role = next((one.role for one in SECONDS if one.key == key), key)
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
    key = role if role in {one.key for one in SECONDS} else TABLE.role(role).key
    user = User.objects.filter(is_demo=True, email=f"{key}@demo.invalid").first()
    if user is None:
        raise NotFound(f"There is no demo user with the role '{role}'. Make them first: demo_users().")
    return user


def is_loaded() -> bool:
    """Answer whether made-up users are here: then every page says that its people are simulated."""
    return User.objects.filter(is_demo=True).exists()
