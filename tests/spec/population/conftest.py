"""What the chapters on snapshots stand on: a small record in a database of its own, made once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

# Whatever needs Django is imported within: a conftest may be read before Django is set up.


@pytest.fixture(scope="session")
def drawn_database(django_db_modify_db_settings: None, django_db_blocker: Any) -> Iterator[str]:
    """A database with the drawn people in it. Snapshots are read by connections of their own: it is really written."""
    from joinedup import database

    from .kept_record import fill

    name = "drawn_for_snapshots"
    with django_db_blocker.unblock():
        with database.connect("postgres") as server:
            server.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
            server.execute(f'CREATE DATABASE "{name}"')
        fill(name)
    yield name
    with database.connect("postgres") as server:
        server.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


@pytest.fixture
def record(drawn_database: str, django_db_blocker: Any) -> Iterator[None]:
    """The drawn people's record, as the database of one test; what a test changes it puts back."""
    from .kept_record import at

    with django_db_blocker.unblock(), at(drawn_database):
        yield


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for snapshots of this test's own; the database stays where it is."""
    from joinedup.population import folders, from_record, services, snapshot

    root = tmp_path / "snapshots"
    monkeypatch.setattr(from_record, "SLICES", 4)  # enough for a few people
    for module in (snapshot, folders, services):
        monkeypatch.setattr(module, "snapshots_folder", lambda: root)
    return root
