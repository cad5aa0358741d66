"""Browsers of signed-in people for the chapters about pages: users are made and signed in once for a chapter."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import copy
from http.cookies import SimpleCookie
from typing import Any

import pytest
from django.db import transaction
from django.test import Client


@pytest.fixture(scope="module")
def signed_in(django_db_setup: None, django_db_blocker: Any) -> Iterator[Callable[[str], Client]]:
    """Answer a browser in which the demo user of a role is signed in."""
    from joinedup.access.demo import demo_users  # Applications are ready only once tests run.

    cookies: dict[str, SimpleCookie] = {}
    with django_db_blocker.unblock(), transaction.atomic():
        demo_users()
        for role in ("finance_lead", "planner"):
            client = Client()
            assert client.post("/access/demo/", {"role": role}).status_code == 302
            cookies[role] = client.cookies

        def browser(role: str) -> Client:
            client = Client()
            client.cookies = copy(cookies[role])
            return client

        yield browser
        transaction.set_rollback(True)


@pytest.fixture(scope="module")
def littleshire_with_a_pot(
    django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[None]:
    """Littleshire is loaded and has a pot, once for a chapter; what each test does is undone after it."""
    from .contracted import load, open_pot

    with django_db_blocker.unblock(), transaction.atomic():
        load(tmp_path_factory.mktemp("littleshire"))
        open_pot()
        yield
        transaction.set_rollback(True)
