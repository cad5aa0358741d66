"""Made-up users, one for each role, for a system with simulated data; they have no password."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from django.db import transaction

from joinedup.access.grant import service_grant
from joinedup.access.models import User
from joinedup.access.roles import TABLE
from joinedup.access.services import give_role, make_user
from joinedup.errors import RuleError


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


def is_loaded() -> bool:
    """Answer whether made-up users are here: then every page says that its people are simulated."""
    return User.objects.filter(is_demo=True).exists()
