"""Where a run of linking keeps what does not fit into memory, and an area from which no model can be learnt."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path
from uuid import UUID

import pytest
from django.db import transaction

from joinedup import database
from joinedup.access import Grant
from joinedup.feeds import subject_id
from joinedup.identity import MatchingFields, SubjectSeen, keep_subjects, link, linking

from .conftest import SEEN, source

Keep = Callable[..., UUID]
TWICE = "9998000012"


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder and a current folder of our own."""
    monkeypatch.setattr(database, "data_dir", lambda: tmp_path / "data")
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path / "data"


def test_what_spills_lies_in_the_data_folder_for_its_owner_and_is_gone_afterwards(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(linking, "MEMORY", "50MB")
    with linking.duckdb_in_memory() as db:
        (folder,) = (data / "spill").iterdir()
        assert [stat.S_IMODE(one.stat().st_mode) for one in (folder.parent, folder)] == [0o700, 0o700]
        db.execute("CREATE TABLE large AS SELECT range AS n, md5(range::VARCHAR) AS text FROM range(3_000_000)")
        assert any(one.stat().st_size for one in folder.iterdir()), "Nothing spilled: the test shows nothing."
        assert not list(Path.cwd().iterdir())
    assert not list((data / "spill").iterdir())


def test_what_a_killed_run_left_is_removed_and_what_another_uses_stays(data: Path) -> None:
    killed = (
        "import os; from joinedup.identity import linking\n"
        "with linking._spill_folder() as folder: (folder / 'left').write_text('a name'); os.kill(os.getpid(), 9)"
    )
    ended = subprocess.run(
        [sys.executable, "-c", f"import django; django.setup(); {killed}"],
        env=os.environ | {"DJANGO_SETTINGS_MODULE": "joinedup.settings", "JOINEDUP_DATA": str(data)},
        check=False, capture_output=True, text=True,
    )  # fmt: skip
    assert ended.returncode == -9, ended.stderr
    (left,) = (data / "spill").iterdir()
    with linking.duckdb_in_memory():
        (used,) = (data / "spill").iterdir()
        assert used != left
        with linking.duckdb_in_memory():
            assert used in (data / "spill").iterdir()


@pytest.mark.parametrize("has_numbers", [True, False])
def test_an_area_of_look_alikes_is_linked_with_the_shipped_model(has_numbers: bool, keep: Keep, grant: Grant) -> None:
    """6,000 women of one practice with one name and one birthday: nothing of how records of one person differ."""
    practice = source("gp", setting="gp")
    with transaction.atomic():
        keep_subjects(
            SubjectSeen(
                subject_id("gp", f"L{n}"), practice, f"L{n}",
                MatchingFields(
                    family="SAMPLE", given="ANA", birth_date=date(1971, 6, 24), sex="F",
                    nhs_number=f"999{n:07d}" if has_numbers else None, is_verified=has_numbers,
                ), SEEN,
            )
            for n in range(6000)
        )  # fmt: skip
    keep("gp:1", nhs_number=TWICE, given="BO")
    keep("acute:1", nhs_number=TWICE, given="BO")
    report = link(grant)
    assert report.model.startswith("untrained-")
    assert any("the shipped model is used" in note for note in report.notes)
    assert report.joined >= 1
    # Not tried again with each delivery.
    keep("gp:2")
    assert link(grant).kind == "incremental"
