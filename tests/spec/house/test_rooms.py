"""The rooms: each imports only what the rooms above it hand on by name."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import joinedup

PACKAGE = Path(joinedup.__file__).parent
ROOMS = ["ui", "access", "system"]
OPEN_TO_ALL = {"errors", "moment", "database"}


def foreign_imports(room: str, source: str) -> Iterator[tuple[str, str]]:
    """Yield (module, name) of everything that a file of a room takes from joinedup outside that room."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "joinedup":
            for alias in node.names:
                parts = [*node.module.split("."), alias.name][1:]
                if parts[0] != room and parts[0] not in OPEN_TO_ALL:
                    yield node.module, alias.name
        elif isinstance(node, ast.Import):
            for alias in node.names:
                parts = alias.name.split(".")
                if parts[0] == "joinedup" and len(parts) > 1 and parts[1] != room and parts[1] not in OPEN_TO_ALL:
                    yield alias.name, ""


def complaints(room: str, source: str) -> list[str]:
    wrong = []
    for module, name in foreign_imports(room, source):
        other = module.split(".")[1] if module.count(".") else name
        if other == "__version__":
            continue
        if other not in ROOMS or ROOMS.index(other) > ROOMS.index(room):
            wrong.append(f"{module}.{name}: not a room above {room}")
        elif module != f"joinedup.{other}":
            wrong.append(f"{module}.{name}: the inside of {other}")
        elif name not in __import__(module, fromlist=["__all__"]).__all__:
            wrong.append(f"{module}.{name}: not a public name of {other}")
    return wrong


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_takes_only_public_names_from_rooms_above_it(room: str) -> None:
    found = {
        str(path.relative_to(PACKAGE)): wrong
        for path in sorted((PACKAGE / room).rglob("*.py"))
        if "migrations" not in path.parts and (wrong := complaints(room, path.read_text()))
    }
    assert found == {}


def test_every_kind_of_trespass_is_noticed() -> None:
    assert complaints("access", "from joinedup.ui import Page") == []
    assert complaints("access", "from joinedup.errors import Refused\nfrom joinedup import database") == []
    assert "not a room above" in complaints("access", "from joinedup.system import Body")[0]
    assert "not a room above" in complaints("access", "def f():\n    from joinedup import system")[0]
    assert "the inside of ui" in complaints("access", "from joinedup.ui.pages import Page")[0]
    assert "not a public name" in complaints("access", "from joinedup.ui import Nothing")[0]
    assert complaints("ui", "import joinedup.access.models") != []


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_says_in_one_sentence_what_it_is_for_and_the_map_says_it_too(room: str) -> None:
    module = __import__(f"joinedup.{room}", fromlist=["__doc__"])
    assert module.__doc__
    assert "\n" not in module.__doc__.strip()
    assert f"\n{room} " in str(joinedup.__doc__)


@pytest.mark.parametrize("room", ROOMS)
def test_importing_a_room_sets_no_django_up(room: str) -> None:
    lines = f"import sys, joinedup.{room}; print('django' in sys.modules)"
    told = subprocess.run([sys.executable, "-c", lines], check=True, capture_output=True, text=True)
    assert told.stdout == "False\n"


def test_nothing_is_called_by_a_name_that_says_nothing() -> None:
    empty = {"utils", "helpers", "common", "core", "manager", "misc", "base"}
    assert [str(path) for path in PACKAGE.rglob("*.py") if path.stem in empty] == []
