"""Two who post at once: of two that together go over an authority or a line, the second waits and is refused."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from joinedup.money import OverAuthority, OverBudget, availability
from joinedup.money.ledger.reading import left_of
from joinedup.money.pot import spending

from .pot import HOME, MAY, MILLION, give, grant, open_pot

NAME = "two_at_once"


@pytest.fixture(scope="module")
def pot(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """The pot in a database of its own, so that what one connection commits another sees."""
    from django.core.management import call_command
    from django.db import connection

    from joinedup import database

    before = connection.settings_dict["NAME"]
    with django_db_blocker.unblock():
        with database.connect("postgres") as server:
            server.execute(f'DROP DATABASE IF EXISTS "{NAME}" WITH (FORCE)')
            server.execute(f'CREATE DATABASE "{NAME}"')
        connection.close()
        connection.settings_dict["NAME"] = NAME
        try:
            for room in ("access", "planning", "money"):
                call_command("migrate", room, verbosity=0, interactive=False)
            open_pot()
            yield
        finally:
            connection.close()
            connection.settings_dict["NAME"] = before
            with database.connect("postgres") as server:
                server.execute(f'DROP DATABASE IF EXISTS "{NAME}" WITH (FORCE)')


def commit(pence: int, key: str, authority_id: str, **more: Any) -> None:
    given = {"budget_line": "home", "supplier": key, "purpose": "home care", "authority_id": authority_id, "on": MAY}
    spending.commit(grant("money.post"), pence, key=key, **given | more)  # type: ignore[arg-type]


def while_another_is_posting(first: Callable[[], None], second: Callable[[], None]) -> Exception | None:
    """Do the first and hold its transaction open; begin the second, see it wait, let the first commit; its error."""
    from django.db import connection, transaction

    told: list[Exception | None] = []

    def do_second() -> None:
        try:
            second()
            told.append(None)
        except Exception as error:
            told.append(error)
        finally:
            connection.close()

    other = threading.Thread(target=do_second)
    with transaction.atomic():
        first()
        other.start()
        other.join(0.7)
        assert told == [], "it did not wait for the first"
    other.join(30)
    assert len(told) == 1
    return told[0]


def test_the_second_of_two_over_one_authority(pot: None) -> None:
    give("A2", "commitment", limit_pence=100)
    error = while_another_is_posting(lambda: commit(60, "C1", "A2"), lambda: commit(60, "C2", "A2"))
    assert isinstance(error, OverAuthority)
    assert left_of("A2") == 40


def test_the_second_of_two_over_one_budget_line(pot: None) -> None:
    give("A3", "commitment")
    left = availability("home").available
    error = while_another_is_posting(
        lambda: commit(left - 10, "C3", "A1"), lambda: commit(11, "C4", "A3")
    )  # fmt: skip
    assert isinstance(error, OverBudget)
    assert availability("home").available == 10


def test_two_over_the_limit_of_a_year_by_two_authorities(pot: None) -> None:
    for id_ in ("A4", "A5"):
        give(id_, "commitment", limit_pence=5 * MILLION, year_limit_pence=100)
    error = while_another_is_posting(
        lambda: commit(60, "C5", "A4", supplier="Care Ltd", budget_line="beds"),
        lambda: commit(60, "C6", "A5", supplier="Care Ltd", budget_line="beds"),
    )
    assert isinstance(error, OverAuthority)


def test_many_at_once_and_only_what_fits_is_posted(pot: None) -> None:
    from django.db import connection

    give("A6", "commitment", limit_pence=50)
    done: list[str] = []

    def one(key: str) -> None:
        try:
            commit(10, key, "A6", budget_line="beds")
            done.append(key)
        except OverAuthority:
            pass
        finally:
            connection.close()

    threads = [threading.Thread(target=one, args=(f"M{number}",)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert (len(done), left_of("A6")) == (5, 0)
    assert HOME.original_pence == 5 * MILLION
