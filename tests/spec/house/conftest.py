"""Data folders and servers of a test's own, so that killing one hurts nobody."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

# An audit of two sealed segments and some entries not sealed yet, written as joinedup writes it.
FILL = """
from joinedup import database
database.ready()
from django.db import transaction
from joinedup.access import Act, record_many, seal, service_grant
for part in range(3):
    with transaction.atomic():
        record_many(service_grant("test", "fill", "the test"), [Act("filled", f"body:{n}") for n in range(500)])
    if part < 2:
        seal()
"""
Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def own_ground() -> Iterator[Path]:
    """A folder of this test's own that a server of another account can pass through."""
    # Not pytest's: each pytest that starts closes the folder above all of them to other accounts.
    folder = Path(tempfile.mkdtemp(prefix="joinedup-tests-"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def data(own_ground: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A data folder of this test's own; whatever runs from it is ended afterwards."""
    from joinedup import serve

    folder = own_ground / "data"
    monkeypatch.setenv("JOINEDUP_DATA", str(folder))
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.delenv("JOINEDUP_AUDIT_HEADS", raising=False)
    yield folder
    monkeypatch.setenv("JOINEDUP_DATA", str(folder))
    serve.stop()


def at_rest(lines: str, *, like: Path | None = None) -> Iterator[Path]:
    """A data folder in which these lines of Python have run and whose server has ended: tests work on copies of it."""
    folder = Path(tempfile.mkdtemp(prefix="joinedup-tests-"))
    if like is not None:
        subprocess.run(["cp", "-a", f"{like}/.", folder], check=True)
    here = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    done = subprocess.run(
        [sys.executable, "-c", lines + "\ndatabase.stop()"],
        capture_output=True, text=True, check=False, env=here | {"JOINEDUP_DATA": str(folder)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def migrated_once() -> Iterator[Path]:
    yield from at_rest("from joinedup import database\ndatabase.ready()")


@pytest.fixture
def migrated(data: Path, migrated_once: Path) -> Path:
    """A data folder of this test's own whose tables are up to date; its server is not running yet."""
    subprocess.run(["cp", "-a", migrated_once, data], check=True)
    return data


@pytest.fixture
def run() -> Run:
    """Run `joinedup …` as a person does, in a process of its own."""

    def joinedup(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "joinedup.cli", *words],
            capture_output=True, text=True, env=os.environ | environment, timeout=120, check=False,
        )  # fmt: skip

    return joinedup


@pytest.fixture
def python() -> Run:
    """Run lines of Python in a process of their own, with the environment of the test."""

    def lines(text: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-c", text],
            capture_output=True, text=True, env=os.environ | environment, timeout=120, check=False,
        )  # fmt: skip

    return lines


@pytest.fixture(scope="session")
def fill() -> str:
    """Lines of Python that write 1,500 audit entries, 1,000 of them sealed, into whatever database is set."""
    return FILL
