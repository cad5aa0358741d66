"""joinedup plan: a template written, filled, taken in, compared and listed; with the system's own codes."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from tests.spec.planning.kept import OURS, THEIRS, handed_in
from tests.spec.planning.plans import activity
from typer.testing import CliRunner

from joinedup import database
from joinedup.access import service_grant
from joinedup.errors import FileError, NotFound
from joinedup.planning import PlanVersion, TemplateError, months_of
from joinedup.planning.commands import plan
from joinedup.planning.system_codes import codes_for
from joinedup.system.services import load_system, system_file

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _quiet(monkeypatch: pytest.MonkeyPatch, settings: Any, tmp_path: Path) -> None:
    settings.AUDIT_HEADS_DIR = tmp_path / "heads"
    monkeypatch.setattr(database, "ready", lambda: None)


def answered(*words: str) -> str:
    result = CliRunner().invoke(plan, list(words))
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0
    return str(result.stdout)


def test_check_says_what_is_to_settle_in_units_and_pounds_and_whose_it_is() -> None:
    handed_in(OURS)
    handed_in(THEIRS)
    (found,) = json.loads(answered("check", "--year", "2026/27", "--json"))
    assert (found["commissioner"], found["provider"], found["counts"]["to_settle"]) == ("QM7", "RWG", 2)
    first = found["gaps"][0]
    assert (first["service"], first["pod"], first["commissioner_says"], first["provider_says"]) == (
        "110",
        "DC",
        "940",
        "1001",
    )
    assert (first["apart"], first["allowed"], first["pence"], first["is_material"]) == ("61", "20.02", 6_710_000, True)
    assert (first["state"], first["owner"]) == ("open", "QM7")
    assert {one["status"] for one in found["checks"]} >= {"cannot be made", "not applicable"}
    said = answered("check", "--provider", "RWG")
    assert "QM7 and RWG, 2026/27: 2 lines agree, 2 to settle" in said
    assert "£67,100.00" in said
    with pytest.raises(NotFound, match="no two submitted plans"):
        answered("check", "--provider", "RWX")
    listed = json.loads(answered("list", "--json"))
    assert [(one["owner"], one["number"], one["state"]) for one in listed] == [
        ("QM7", 1, "reconciling"),
        ("RWG", 1, "reconciling"),
    ]
    assert "RWG      provider" in answered("list")


def test_there_is_no_plan_yet() -> None:
    assert "No plan was handed in yet" in answered("list")


@pytest.fixture
def hwe() -> None:
    load_system(system_file("hwe"), service_grant("test", "load a system", "a test"))


@pytest.mark.usefixtures("hwe")
def test_codes_are_those_of_the_system_in_the_year() -> None:
    codes = codes_for("2022/23")
    assert codes.holds("provider", "RWG", date(2022, 4, 1))
    assert codes.holds("commissioner", "QM7", date(2022, 7, 1))
    assert not codes.holds("commissioner", "QM7", date(2022, 6, 1))  # The board began on 1 July 2022.
    assert codes.holds("commissioner", "06K", date(2022, 6, 1))
    assert "closed on 2022-07-01" in codes.why_not("commissioner", "06K", date(2022, 7, 1))


@pytest.mark.usefixtures("hwe")
def test_a_template_is_written_filled_taken_in_and_written_again(tmp_path: Path) -> None:
    file = tmp_path / "plan.xlsx"
    given = ("--owner", "RWG", "--side", "provider", "--year", "2023/24")
    assert "Fill it, then" in answered("template", *given, "--out", str(file))
    book = openpyxl.load_workbook(file)
    months = months_of("2023/24")
    for column, value in enumerate(["QM7", "RWG", None, "110", "DC", "spells", *[900] * len(months)], start=1):
        book["Activity"].cell(2, column, value)
    book.save(file)
    said = json.loads(answered("import", str(file), "--owner", "RWG", "--submit", "--json"))
    assert (said["number"], said["lines"], said["state"]) == (1, 12, "submitted")
    lines = tuple(activity("110", "DC", month, 900) for month in months)
    assert said["hash"] == PlanVersion("RWG", "provider", "2023/24", 1, lines).content_hash
    again = tmp_path / "again.csv"
    answered("template", *given, "--out", str(again), "--filled")
    assert json.loads(answered("import", str(again), "--owner", "RWG", "--json"))["hash"] == said["hash"]
    book["Activity"]["B2"] = "RWQ"
    book["About"]["B5"] = "2023"
    book.save(file)
    with pytest.raises(TemplateError, match="cell B5"):
        answered("import", str(file), "--owner", "RWG")
    with pytest.raises(FileError, match="no such file"):
        answered("import", str(tmp_path / "none.xlsx"), "--owner", "RWG")
