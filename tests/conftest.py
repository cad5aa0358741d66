"""What every test stands on: a data folder and a database server of this run's own, ended with it."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

import pytest

# Settings read these when they are first imported, so they are set before any test module is.
DATA = Path(tempfile.mkdtemp(prefix="joinedup-tests-"))
os.environ["JOINEDUP_DATA"] = str(DATA)
os.environ["DJANGO_SETTINGS_MODULE"] = "joinedup.settings"
REPOSITORY = Path(__file__).resolve().parent.parent


def pytest_configure(config: pytest.Config) -> None:
    import django

    django.setup()


def pytest_unconfigure(config: pytest.Config) -> None:
    from joinedup import database

    os.environ["JOINEDUP_DATA"] = str(DATA)
    database.stop()
    shutil.rmtree(DATA, ignore_errors=True)


@pytest.fixture(scope="session")
def django_db_modify_db_settings() -> None:
    """Start the server before Django makes its test database in it; a run without database tests starts none."""
    from joinedup import database

    database.start()


@pytest.fixture(scope="session")
def reference() -> Path:
    """The folder of the published files: JOINEDUP_REFERENCE, or shared/data beside the repository."""
    named = os.environ.get("JOINEDUP_REFERENCE")
    folder = Path(named) if named else REPOSITORY.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(f"the published files are not here ({folder}); set JOINEDUP_REFERENCE to their folder")
    return folder
