"""`joinedup link --report` scores the links against a truth, and writes what it measured beside each grade (PA12)."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from typer.testing import CliRunner

from joinedup import database
from joinedup.access import Grant
from joinedup.errors import FileError
from joinedup.identity import configuration, link
from joinedup.identity.report import MEASURED_NAME, measure, told

from .conftest import ANA, BO

Keep = Callable[..., UUID]


@pytest.fixture
def truth(tmp_path: Path) -> Path:
    """Ana has three records, of which one says another number; Bo has two at one source; Cy has one."""
    (tmp_path / "subjects.csv").write_text(
        "source,source_id,person_id,faults\ngp,1,ana,\nacute,1,ana,\ncouncil,1,ana,other_number\ngp,2,bo,\ngp,3,bo,\n"
        "gp,4,cy,\nnever,9,cy,\n"
    )
    (tmp_path / "people.csv").write_text("person_id,ethnicity,deprivation_decile\nana,A,1\nbo,N,10\ncy,Z,\n")
    return tmp_path


@pytest.fixture
def linked(keep: Keep, grant: Grant) -> None:
    keep("gp:1", nhs_number=ANA), keep("acute:1", nhs_number=ANA)
    keep("council:1", nhs_number="9990000034")
    keep("gp:2", nhs_number=BO, family="WOOD"), keep("gp:3", nhs_number=BO, family="WOOD")
    keep("gp:4", nhs_number="9990000042", family="FIELD", given="CY")
    link(grant)


@pytest.mark.usefixtures("linked")
def test_care_and_analysis_are_scored_apart(grant: Grant, truth: Path) -> None:
    """Four true pairs. For care one is joined; for analysis also the two records of one source."""
    answer = measure(grant, truth)
    assert (answer["records"], answer["people"]) == (6, 3)
    assert (answer["care"]["right_pairs"], answer["care"]["recall"], answer["care"]["precision"]) == (1, 0.25, 1.0)
    assert (answer["analysis"]["right_pairs"], answer["analysis"]["precision"]) == (2, 1.0)
    (method,) = [one for one in answer["methods"] if one["method"] == "nhs+dob"]
    assert (method["pairs"], method["right"], method["joins_for_care"]) == (2, 2, True)
    assert {one["reason"]: one["right"] for one in answer["reviews"]} == {"same_source": 1}


@pytest.mark.usefixtures("linked")
def test_by_deprivation_and_ethnicity(grant: Grant, truth: Path) -> None:
    answer = measure(grant, truth)
    told_of = [(one["name"], one["people"], one["whole"]) for one in answer["by_deprivation"]]
    assert told_of == [("1", 1, 0), ("5", 1, 0)]
    assert [one["name"] for one in answer["by_ethnicity"]] == ["Black", "White"]


@pytest.mark.usefixtures("linked")
def test_what_was_measured_stands_beside_the_grade_and_is_kept(grant: Grant, truth: Path) -> None:
    measure(grant, truth)
    path = database.data_dir() / MEASURED_NAME
    said = tomllib.loads(path.read_text())
    assert (said["care"]["measured_precision"], said["care"]["measured_recall"]) == (1.0, 0.25)
    assert configuration.read(path.read_text()).care == configuration.in_force().care
    with connection.cursor() as cursor:
        cursor.execute("SELECT report FROM identity_measured")
        ((kept,),) = cursor.fetchall()
    assert json.loads(kept)["care"]["right_pairs"] == 1


@pytest.mark.usefixtures("linked")
def test_it_is_told_in_words_without_names(grant: Grant, truth: Path) -> None:
    text = told(measure(grant, truth))
    assert "6 records of 3 people" in text
    assert "same_source 1 (1 one person)" in text
    assert "WOOD" not in text


def test_a_truth_that_is_not_there_or_has_other_columns_is_named(grant: Grant, db: Any, tmp_path: Path) -> None:
    with pytest.raises(FileError, match=r"subjects\.csv"):
        measure(grant, tmp_path)
    (tmp_path / "subjects.csv").write_text("source,person_id\n")
    with pytest.raises(FileError, match="source_id"):
        measure(grant, tmp_path)


def test_the_verb(monkeypatch: pytest.MonkeyPatch, keep: Keep, truth: Path) -> None:
    from joinedup.identity.commands import app

    monkeypatch.setattr(database, "ready", lambda: None)
    keep("gp:1", nhs_number=ANA), keep("acute:1", nhs_number=ANA)
    run = CliRunner().invoke(app, ["--json"])
    assert json.loads(run.stdout)["joined"] == 2
    assert "Nothing waits" in CliRunner().invoke(app, []).stdout
    run = CliRunner().invoke(app, ["--report", "--truth", str(truth), "--json"])
    assert json.loads(run.stdout)["care"]["right_pairs"] == 1
