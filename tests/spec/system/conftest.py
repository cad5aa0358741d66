"""Databases that hold a drawn or a real system, made once for the run; each test's changes to them are undone."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, connections, transaction

from joinedup import database
from joinedup.access import Grant, service_grant
from joinedup.moment import now, parse_known
from joinedup.system import Picture, as_of

from . import littleshire

See = Callable[..., Picture]


@pytest.fixture(scope="session")
def grant() -> Grant:
    """Leave to do anything, as a command on the server has it."""
    return service_grant("test", "Show how it works", "the reader")


@pytest.fixture(scope="session")
def see() -> See:
    """Answer the picture of a day, by what was known on a day: all that is known now when none is given."""

    def picture(day: str, known: str | datetime = "") -> Picture:
        instant = known if isinstance(known, datetime) else parse_known(known) if known else now().known_at
        return as_of(date.fromisoformat(day), instant)

    return picture


@contextlib.contextmanager
def connected_to(name: str) -> Iterator[None]:
    """Use another database of the same server; what the test's own connection holds open stays as it is."""
    usual = connections["default"]
    other = usual.copy()
    other.settings_dict = usual.settings_dict | {"NAME": name}
    connections["default"] = other
    try:
        yield
    finally:
        connections["default"] = usual
        other.close()


@pytest.fixture(scope="session")
def copy_of(django_db_setup: None, django_db_blocker: Any) -> Iterator[Callable[..., Any]]:
    """Answer a context in which a new copy of a database is filled; the copies go with the run."""
    made: list[str] = []

    @contextlib.contextmanager
    def copy(name: str, of: str = "") -> Iterator[None]:
        with django_db_blocker.unblock():
            source = of or connection.settings_dict["NAME"]
            name = f"{connection.settings_dict['NAME']}_{name}"
            connection.close()  # Nobody may use a database while it is copied.
            with database.connect("postgres") as server:
                server.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
                server.execute(f'CREATE DATABASE "{name}" TEMPLATE "{source}"')
            made.append(name)
            with connected_to(name):
                yield

    yield copy
    with django_db_blocker.unblock(), database.connect("postgres") as server:
        for name in made:
            server.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


@contextlib.contextmanager
def undone(name: str, blocker: Any) -> Iterator[None]:
    with blocker.unblock(), connected_to(f"{connection.settings_dict['NAME']}_{name}"), transaction.atomic():
        yield
        transaction.set_rollback(True)


@pytest.fixture(scope="session")
def _littleshire(copy_of: Any, grant: Grant, tmp_path_factory: pytest.TempPathFactory) -> None:
    from joinedup.system import services

    with copy_of("littleshire"):
        services.load_system(littleshire.write(tmp_path_factory.mktemp("littleshire")), grant)


@pytest.fixture
def little(_littleshire: None, django_db_blocker: Any) -> Iterator[None]:
    """The drawn system is loaded."""
    with undone("littleshire", django_db_blocker):
        yield


@pytest.fixture(scope="session")
def _two_systems(copy_of: Any, grant: Grant) -> None:
    load_into(copy_of("two"), grant, "hwe", "nel")


@pytest.fixture(scope="session")
def _three_systems(_two_systems: None, copy_of: Any, grant: Grant) -> None:
    load_into(copy_of("three", of=f"{connection.settings_dict['NAME']}_two"), grant, "derbyshire")


@pytest.fixture
def three_systems(_three_systems: None, django_db_blocker: Any) -> Iterator[None]:
    """The three real systems are loaded, with simulated small areas only."""
    with undone("three", django_db_blocker):
        yield


@pytest.fixture(scope="session")
def _england(_two_systems: None, copy_of: Any, grant: Grant, reference: Path) -> None:
    """Two systems are loaded before the published files are imported and one after, so both orders are tested."""
    from joinedup.system import services

    with copy_of("england", of=f"{connection.settings_dict['NAME']}_two"):
        services.import_published(reference, grant)
        services.load_system(services.system_file("derbyshire"), grant)


@pytest.fixture
def england(_england: None, django_db_blocker: Any) -> Iterator[None]:
    """The three real systems and the published files of all England are loaded."""
    with undone("england", django_db_blocker):
        yield


def load_into(database_to_fill: Any, grant: Grant, *systems: str) -> None:
    from joinedup.system import services

    with database_to_fill:
        for key in systems:
            services.load_system(services.system_file(key), grant)


@pytest.fixture
def rows() -> Callable[[], dict[str, int]]:
    """Answer how many rows each table has, the audit's among them."""

    def count() -> dict[str, int]:
        with connection.cursor() as cursor:
            tables = [t for t in connection.introspection.table_names(cursor) if t.startswith(("system_", "access_"))]
            counts = {}
            for table in tables:
                cursor.execute(f'SELECT count(*) FROM "{table}"')
                counts[table] = cursor.fetchone()[0]
        return counts

    return count
