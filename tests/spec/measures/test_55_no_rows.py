"""Roles without leave to see rows never get one: in no page, answer, download, error or log line, whatever they ask.

Every route below /population/, /measures/, /open/ and their API is asked, as the URL table has it, so that a new route
is covered when it is there. Roles with the same permissions here are asked once. Every pseudonym of the snapshot is a
canary, and so is what stands in the row of one planted person.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from tests.made_population import make

from joinedup.access import demo_users
from joinedup.access.roles import TABLE
from joinedup.population import TABLES

from . import drawn_results
from .walking import Answer, ask, client_of, known_things, permission_of, routes, walk

PLANTED = {
    "person": "ca7a" * 8, "birth_month": "1931-02", "age": 90, "sex": "female", "ethnic_category": "QCANARYQ",
    "ethnic_group": "White", "lsoa11": "LSOACANARY", "practice": "Y00001", "household": "householdcanary",
}  # fmt: skip
WORDS = ("QCANARYQ", "LSOACANARY", "householdcanary", "1931-02")
ROWS_OF = "population.rows"
TECHNICAL = re.compile(r"[0-9a-f]{16,}")


def representatives() -> list[str]:
    """Answer one role for each different set of permissions that these routes ask for, and "" for a stranger.

    Of those alike it is one without leave to see rows, where there is one.
    """
    asked_for = {permission_of(view) for _, view in routes()}
    found: dict[frozenset[str], str] = {}
    for role in sorted(TABLE.roles.values(), key=lambda role: ROWS_OF in role.permissions):
        found.setdefault(role.permissions & asked_for, role.key)
    return [*found.values(), ""]


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with drawn results and a made-up snapshot, into which one person more is planted."""
    folder = tmp_path_factory.mktemp("drawn")
    drawn_results.draw(folder)
    snapshot = make(folder / "snapshots", residents=800)
    schema = TABLES["person"]
    row = {name: [PLANTED.get(name)] for name in schema.names}
    pq.write_table(pa.table(row, schema=schema), snapshot / "tables" / "person" / "part-planted.parquet")
    return folder


@pytest.fixture(scope="module")
def pseudonyms(drawn: Path) -> frozenset[str]:
    """Every person of the snapshot, and every key of one of their rows that is long enough to be told apart."""
    found: set[str] = set()
    for path in drawn.glob("snapshots/*/tables/*/*.parquet"):
        table = pq.read_table(path)
        for name in {"person", "household"}.intersection(table.column_names):
            found.update(one for one in table.column(name).unique().to_pylist() if one)
    assert PLANTED["person"] in found
    return frozenset(found)


@pytest.fixture
def site(drawn: Path, monkeypatch: pytest.MonkeyPatch, settings: Any, tmp_path: Path, db: Any) -> None:
    """The site over the drawn results and the made-up snapshot."""
    settings.STATIC_ROOT = tmp_path
    monkeypatch.setattr("joinedup.measures.results.results_folder", lambda: drawn / "results")
    monkeypatch.setattr("joinedup.population.snapshot.snapshots_folder", lambda: drawn / "snapshots")
    monkeypatch.setattr("joinedup.measures.definition.definitions", lambda: drawn_results.DEFINITIONS)
    with transaction.atomic():
        demo_users()


def leaks(answer: Answer, pseudonyms: frozenset[str]) -> list[str]:
    """Answer what of a row stands in an answer, without saying which."""
    found = [word for word in WORDS if word in answer.text]
    if pseudonyms.intersection(TECHNICAL.findall(answer.text)):
        found.append("a pseudonym")
    return [f"{answer.role or 'anonymous'} {answer.method} {answer.address} {answer.status}: {one}" for one in found]


def asked_as(role: str) -> Iterator[Answer]:
    persons = b"person,lsoa11,people\r\n" + str(PLANTED["person"]).encode() + b",LSOACANARY,3\r\n"
    bodies = (
        {},
        {"title": "Rows of persons", "purpose": "To see what an error says", "recipient_kind": "public", "mode": "nhs",
         "how": "By hand, for a test", "request": "11111111-1111-4111-8111-111111111111", "verdict": "approve",
         "reason": "none given", "file": SimpleUploadedFile("rows.csv", persons, "text/csv")},
    )  # fmt: skip
    # Downloads are the same for whoever may see the page: one role takes them.
    return walk(role, known_things(), bodies=bodies, follow=role == "planner")


def test_there_are_routes_and_roles_to_ask() -> None:
    assert len(list(routes())) > 15
    assert {"planner", "privacy_officer", ""} < set(representatives())
    without = [role for role in TABLE.roles.values() if ROWS_OF not in role.permissions]
    assert len(without) >= 20


def test_the_net_has_no_hole(pseudonyms: frozenset[str]) -> None:
    for text in (f"<td>{PLANTED['person']}</td>", '{"lsoa11": "LSOACANARY"}', "born 1931-02"):
        assert leaks(Answer("nurse", "GET", "/", 200, text), pseudonyms)
    assert not leaks(Answer("nurse", "GET", "/", 200, "snapshot 2026-10-31-3ef3e2f1e878"), pseudonyms)


@pytest.mark.django_db
@pytest.mark.usefixtures("site")
@pytest.mark.parametrize("role", representatives())
def test_no_role_gets_a_row(role: str, pseudonyms: frozenset[str], capfd: Any, caplog: Any) -> None:
    """Also those with leave to open a snapshot: it is opened in the library, never on a page."""
    caplog.set_level(logging.DEBUG)
    answers = list(asked_as(role))
    assert [line for answer in answers for line in leaks(answer, pseudonyms)] == []
    broken = [f"{answer.method} {answer.address}" for answer in answers if answer.status >= 500]
    assert broken == []
    said = capfd.readouterr()
    for text in (said.out, said.err, caplog.text):
        assert leaks(Answer(role, "LOG", "", 0, text), pseudonyms) == []


@pytest.mark.django_db
@pytest.mark.usefixtures("site")
@pytest.mark.parametrize("what", ["joinedup.measures.results.Results._pick"])
def test_an_error_of_ours_says_nothing_of_a_row(
    what: str, pseudonyms: frozenset[str], monkeypatch: pytest.MonkeyPatch, capfd: Any, caplog: Any
) -> None:
    """An engine that fails repeats the row it failed on in its message; neither page nor log may."""

    def fail(*_given: Any, **_more: Any) -> Any:
        raise RuntimeError(f"Could not convert row ({PLANTED['person']}, LSOACANARY, 1931-02)")

    monkeypatch.setattr(what, fail)
    client = client_of("analyst")
    addresses = [
        "/measures/high-blood-pressure/", "/measures/high-blood-pressure/?area=PA", "/measures/areas/QM7/",
        "/measures/compare/?measure=wellbeing&area=PA", "/api/measures/wellbeing/across", "/api/measures/wellbeing",
        "/measures/releases/ask/?measure=high-blood-pressure&area=QM7",
        "/measures/releases/ask/?sentence=is+registered&by=sex", "/measures/cohorts/build/?include=is+registered",
    ]  # fmt: skip
    answers = [ask(client, "analyst", "GET", address) for address in addresses]
    assert any(answer.status == 500 for answer in answers), "the error was met"
    assert [line for answer in answers for line in leaks(answer, pseudonyms)] == []
    # What a run of the site writes: the handler's lines, formatted. (caplog holds the raw records of the process.)
    assert leaks(Answer("analyst", "LOG", "", 0, capfd.readouterr().err), pseudonyms) == []
