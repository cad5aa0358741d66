"""A system with its demo users, of whom two plan: one for the board that buys, one for a hospital."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import transaction
from django.test import Client

from joinedup.access import demo_users, place_demo_users, service_grant
from joinedup.system import services
from joinedup.system.lookup import id_of

QM7, RWG = "QM7", "RWG"


@contextmanager
def a_system(blocker: Any) -> Iterator[None]:
    """Load the system once for a module of tests; all of it is gone after the module."""
    with blocker.unblock(), transaction.atomic():
        demo_users()
        services.load_system(services.system_file("hwe"), service_grant("test", "look at plans", "the reader"))
        bodies = {code: [found] for code in (QM7, RWG) if (found := id_of(code))}
        place_demo_users({"planner": bodies[QM7], "planner.provider": bodies[RWG]})
        yield
        transaction.set_rollback(True)


def signed_in(key: str) -> Client:
    """Sign in as a demo user: a role, or the key of a second one."""
    client = Client()
    assert client.post("/access/demo/", {"role": key}).status_code == 302
    return client


def text_of(response: Any) -> str:
    """The words of a page's main part, in one line."""
    page = response.content.decode()
    main = page[page.index("<main") : page.index("</main>")]
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", main))).strip()
