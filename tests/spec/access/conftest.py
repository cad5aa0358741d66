"""People, grants and a folder for the heads, for the chapters of access."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from joinedup.access import Grant, service_grant

NINE = datetime(2026, 7, 1, 9, tzinfo=UTC)
PASSWORD = "three-odd-words-apart"


@pytest.fixture(autouse=True)
def _fast_passwords_and_own_heads(settings: Any, tmp_path: Path) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.AUDIT_HEADS_DIR = tmp_path / "heads"
    settings.STATIC_ROOT = tmp_path
    settings.NAVIGATION = ["joinedup.access.navigation.entries"]
    settings.LOADED_DEMO_DATA = []
    settings.BODY_NAMES = []
    settings.BODY_BY_CODE = []


@pytest.fixture
def admin() -> Grant:
    """Leave to do anything, as a command on the server has it."""
    return service_grant("test", "Show how it works", "the reader")


@pytest.fixture
def make(admin: Grant) -> Callable[..., Any]:
    """Make a user with a password and, if one is named, a role in the whole system."""
    from joinedup.access import services

    def make_user(name: str, role: str = "", **more: Any) -> Any:
        at = datetime.now(UTC)
        user = services.make_user(admin, f"{name.lower()}@example.org", name, PASSWORD, at)
        if role:
            services.give_role(admin, user, role, at, **more)
        return user

    return make_user
