"""What the source documents ask stands in the reference with what shows it: ids, tests and pages that there are."""

from __future__ import annotations

import ast
import csv
import re
import tomllib
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from django.urls import Resolver404, ResolverMatch, resolve

REPOSITORY = Path(__file__).resolve().parents[2]
ROWS: list[dict[str, Any]] = tomllib.loads(
    (REPOSITORY / "docs" / "reference" / "requirements.toml").read_text(encoding="utf-8")
)["requirement"]
SHOWN = sorted({one for row in ROWS for one in row.get("shown_by", [])})
# What may stand for a key in an address: a word, a number, an id.
KEYS = ("a", "1", "00000000-0000-4000-8000-000000000000")


@pytest.fixture(scope="module")
def asked(reference: Path) -> dict[int, dict[str, str]]:
    """The list of requirements beside the folder of the published files, by number."""
    path = reference.parent / "requirements.csv"
    if not path.is_file():
        pytest.skip(f"the list of requirements is not here ({path})")
    with path.open(encoding="utf-8", newline="") as file:
        return {int(row["no"]): row for row in csv.DictReader(file)}


@cache
def functions_of(path: Path) -> frozenset[str]:
    """Answer the names of the functions of a file of tests, by reading it and not by running it."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


def fault_of_test(named: str) -> str | None:
    """Answer what is wrong with the name of a test, or None."""
    path, _, test = named.partition("::")
    if not (REPOSITORY / path).is_file():
        return f"{named}: there is no such file"
    if not test.startswith("test_") or test not in functions_of(REPOSITORY / path):
        return f"{named}: there is no such test"
    return None


def page_of(address: str) -> ResolverMatch | None:
    """Answer the page of an address, with a key of one kind or another in the place of each `…`, or None."""
    for key in KEYS:
        try:
            return resolve(address.replace("…", key))
        except Resolver404:
            continue
    return None


def fault_of_page(address: str) -> str | None:
    """Answer what is wrong with the address of a page, or None; measures, documents and bodies must be there too."""
    from joinedup.measures import definition_of
    from joinedup.planning.plans.documents import document_kinds

    page = page_of(address)
    if page is None:
        return f"{address}: no page has this address"
    if "measure_id" in page.kwargs:
        definition_of(page.kwargs["measure_id"])
    if page.view_name == "planning:document" and page.kwargs["kind"] not in document_kinds():
        return f"{address}: there is no such document"
    if page.view_name in {"system:body", "system:event", "system:area"} and "…" not in address:
        (key,) = page.kwargs.values()
        if f'key = "{key}"' not in written_systems():
            return f"{address}: no file of a system has this key"
    return None


@cache
def written_systems() -> str:
    files = (REPOSITORY / "src" / "joinedup" / "system" / "systems").glob("*.toml")
    return "\n".join(file.read_text(encoding="utf-8") for file in sorted(files))


def test_the_ids_are_those_of_the_list(asked: dict[int, dict[str, str]]) -> None:
    assert [row["id"] for row in ROWS] == sorted(asked)


def test_room_and_priority_are_those_of_the_list(asked: dict[int, dict[str, str]]) -> None:
    listed = {number: (row["room"], int(row["priority"])) for number, row in asked.items()}
    assert {row["id"]: (row["room"], row["priority"]) for row in ROWS} == listed


def test_each_is_said_in_words_of_our_own(asked: dict[int, dict[str, str]]) -> None:
    def runs(text: str) -> set[tuple[str, ...]]:
        words = re.findall(r"\w+", text.lower())
        return {tuple(words[n : n + 6]) for n in range(len(words) - 5)}

    theirs = {run for row in asked.values() for run in runs(row["sentence"]) | runs(row["capability"])}
    said = [(row["id"], text) for row in ROWS for text in (row["what"], row.get("lacks", ""))]
    assert [(number, text) for number, text in said if runs(text) & theirs] == []


def test_no_id_stands_twice_and_they_are_in_order() -> None:
    assert all(one["id"] < other["id"] for one, other in pairwise(ROWS))


def faults_of(row: dict[str, Any]) -> list[str]:
    """Answer what is wrong with a row by itself."""
    lacks, is_done = row.get("lacks", ""), row["state"] == "done"
    found = {
        "another field": set(row) <= {"id", "room", "priority", "what", "state", "shown_by", "lacks"},
        "another state": row["state"] in {"done", "part", "not done"},
        "too long": 0 < len(row["what"].split()) < 14,
        "nothing shows it": bool(row.get("shown_by")) or row["state"] == "not done",
        "not done and shown": not row.get("shown_by") or row["state"] != "not done",
        "what it lacks is not said": is_done or (bool(lacks.strip()) and lacks.endswith(".")),
        "done and lacks something": not is_done or not lacks,
    }
    return [f"{row['id']}: {fault}" for fault, is_right in found.items() if not is_right]


def test_each_says_what_shows_it_and_what_it_lacks() -> None:
    assert [fault for row in ROWS for fault in faults_of(row)] == []


def test_a_row_that_lacks_something_would_be_noticed() -> None:
    row = {"id": 1, "room": "ui", "priority": 1, "what": "A page"}
    assert faults_of(row | {"state": "done"}) == ["1: nothing shows it"]
    assert faults_of(row | {"state": "part", "shown_by": ["/"]}) == ["1: what it lacks is not said"]
    assert faults_of(row | {"state": "not done", "lacks": "All."}) == []
    assert faults_of(row | {"state": "not done", "lacks": "All.", "shown_by": ["/"]}) == ["1: not done and shown"]


def test_each_named_test_is_there() -> None:
    tests = [one for one in SHOWN if not one.startswith("/")]
    assert len(tests) > 100
    assert [fault for one in tests if (fault := fault_of_test(one))] == []


def test_each_named_page_is_there() -> None:
    named = [one for one in SHOWN if one.startswith("/")]
    assert len(named) > 50
    assert [fault for one in named if (fault := fault_of_page(one))] == []


def test_what_is_not_there_would_be_noticed() -> None:
    assert "no such file" in str(fault_of_test("tests/docs/test_nothing.py::test_it"))
    assert "no such test" in str(fault_of_test("tests/docs/test_requirements.py::test_it"))
    assert "no such test" in str(fault_of_test("tests/docs/test_requirements.py::page_of"))
    assert "no page" in str(fault_of_page("/governance/wings/"))
    assert "no such document" in str(fault_of_page("/planning/documents/wings/"))
    assert "no file of a system" in str(fault_of_page("/system/body/wings/"))
    assert fault_of_page("/record/…/timeline/") is None


def test_the_page_counts_what_is_listed() -> None:
    page = (REPOSITORY / "docs" / "reference" / "requirements.md").read_text(encoding="utf-8")
    counts = [sum(row["state"] == state for row in ROWS) for state in ("done", "part", "not done")]
    assert f"| all | {' | '.join(map(str, counts))} | {len(ROWS)} |" in page
    assert all(f"\n| {row['id']} | {row['what']} |" in page for row in ROWS)
