"""Two years of the demo's boards, as their acts left them: what a visitor of the simulated system finds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import transaction

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def played(django_db_setup: None, django_db_blocker: Any) -> Iterator[dict[str, Any]]:
    """The simulated system with its demo users, and the boards of two years in it; undone after the chapter."""
    from joinedup.access import demo_users, service_grant
    from joinedup.demo_boards import play
    from joinedup.system import services

    with django_db_blocker.unblock(), transaction.atomic():
        demo_users()
        services.load_system(services.system_file("hwe"), service_grant("demo", "load a system", "the reader"))
        yield play()
        transaction.set_rollback(True)


def test_six_boards_sat_twelve_times(played: dict[str, Any]) -> None:
    assert played == {"boards": 6, "people": 27, "meetings": 12}
