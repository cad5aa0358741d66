"""The folder of results: written at once, the same each time, raw counts apart, opened without leave to see rows."""

from __future__ import annotations

import hashlib
import json
import stat
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyarrow.parquet as pq
import pytest
from tests.spec.measures.made_measures import snapshot

from joinedup.errors import NotFound, Unavailable
from joinedup.measures import open_results, result_files
from joinedup.measures.definition import definition_of
from joinedup.measures.disclosure.protected import Protected
from joinedup.measures.making import make_measures
from joinedup.measures.profiles import profiles
from joinedup.measures.result_files import FIGURE_COLUMNS, new_folder, results_folder

FEW = ("emergency-admissions", "hypertension-prevalence", "emergency-length-of-stay", "readmissions-30-days")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("data")
    with pytest.MonkeyPatch.context() as patched:
        # Only results lie elsewhere; the database server stays where it is.
        patched.setattr(result_files, "database", SimpleNamespace(data_dir=lambda: folder))
        make_measures(snapshot(), [definition_of(one) for one in FEW])
        yield folder


@pytest.fixture
def results(data: Path) -> Any:
    return open_results()


def test_raw_counts_lie_in_a_controlled_place(data: Path) -> None:
    folder = data / "results" / snapshot().id
    assert stat.S_IMODE((folder / "controlled").stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / "controlled" / "counts.parquet").stat().st_mode) == 0o600


def test_no_file_that_is_for_everybody_holds_a_small_count(data: Path) -> None:
    files = sorted((data / "results" / snapshot().id / "protected").rglob("*.parquet"))
    assert len(files) == len(FEW) + 1
    for file in files:
        table = pq.ParquetFile(file).read()
        for column in ("numerator", "denominator"):
            counts = [value for value in table[column].to_pylist() if value is not None]
            assert all(value == 0 or value > 7 for value in counts)
            assert all(value % 5 == 0 for value in counts)


def test_the_manifest_says_what_the_figures_are_made_from(data: Path) -> None:
    folder = data / "results" / snapshot().id
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["snapshot_content"] == snapshot().manifest["content"]
    assert manifest["measures"]["emergency-admissions"] == definition_of("emergency-admissions").digest
    assert "early-cancer-stage" in manifest["not_collected"]
    for name, digest in manifest["files"].items():
        assert hashlib.sha256((folder / "protected" / name).read_bytes()).hexdigest() == digest


def test_the_same_snapshot_and_definitions_give_the_same_bytes(data: Path) -> None:
    folder = data / "results" / snapshot().id
    before = json.loads((folder / "manifest.json").read_text())
    make_measures(snapshot(), [definition_of(one) for one in FEW])
    after = json.loads((folder / "manifest.json").read_text())
    assert before["files"] == after["files"]
    assert before["counts"] == after["counts"]


def test_a_folder_appears_whole_or_not_at_all(data: Path) -> None:
    def half() -> None:
        with new_folder("half") as folder:
            (folder / "manifest.json").write_text("{}")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        half()
    assert [path.name for path in results_folder().iterdir()] == [snapshot().id]


def test_every_answer_is_protected(results: Any) -> None:
    for answer in (
        results.series("emergency-admissions", "QM7"),
        results.across("emergency-admissions", "practice"),
        results.groups("emergency-admissions", "QM7", "sex"),
        results.profile("QM7"),
    ):
        assert isinstance(answer, Protected)
        assert set(FIGURE_COLUMNS) <= set(answer.frame.columns)
        assert len(answer) > 0


def test_a_series_has_every_month(results: Any) -> None:
    frame = results.series("emergency-admissions", "QM7").frame
    assert frame["month"].tolist() == results.months
    assert results.months[0] == date(2023, 11, 1)
    assert results.months[-1] == date(2026, 10, 1)


def test_across_has_every_area_of_a_kind_and_one_month(results: Any) -> None:
    frame = results.across("emergency-admissions", "practice").frame
    assert sorted(frame["area"]) == sorted(area.code for area in results.areas("practice"))
    assert set(frame["month"]) == {date(2026, 10, 1)}
    then = results.across("emergency-admissions", "place", date(2024, 5, 17)).frame
    assert set(then["area"]) == {"PA", "PB", "PC", "PD"}
    assert set(then["month"]) == {date(2024, 5, 1)}


def test_the_latest_month_is_the_latest_with_data(results: Any) -> None:
    # Thirty days after a discharge in October are not over on the snapshot's day.
    assert results.latest_month("readmissions-30-days") == date(2026, 9, 1)
    assert set(results.across("readmissions-30-days", "place").frame["month"]) == {date(2026, 9, 1)}


def test_a_profile_has_each_measure_once_with_the_spread_of_its_peers(results: Any) -> None:
    frame = results.profile("Y00002").frame
    assert sorted(frame["measure"]) == sorted(FEW)
    row = frame[frame["measure"] == "hypertension-prevalence"].iloc[0]
    system = results.series("hypertension-prevalence", "QM7").frame.iloc[-1]
    assert row["system_value"] == system["value"]
    assert row["areas"] <= 12
    assert row["lowest"] <= row["lower_quarter"] <= row["middle"] <= row["upper_quarter"] <= row["highest"]


def test_areas_are_named_with_what_became_of_them(results: Any) -> None:
    gone = results.area("PA")
    assert (gone.ended, gone.became, gone.kind) == (date(2025, 4, 1), "PD", "place")
    assert results.areas()[0].kind == "system"


# what is asked, and what is said
UNKNOWN = [
    (lambda results: results.series("emergency-admission", "QM7"), "Did you mean 'emergency-admissions'"),
    (lambda results: results.series("emergency-admissions", "QM8"), "Did you mean 'QM7'"),
    (lambda results: results.groups("emergency-admissions", "QM7", "gender"), "expected all, sex, age_band"),
    (lambda results: results.across("emergency-admissions", "ward"), "There is no kind of area 'ward'"),
    (lambda results: results.across("emergency-admissions", "place", date(2020, 1, 1)), "they go from November 2023"),
    (lambda results: results.series("early-cancer-stage", "QM7"), "is not collected. No feed brings the stage"),
    (lambda results: open_results("2020-01-01-abc"), "There are no results for the snapshot '2020-01-01-abc'"),
]


@pytest.mark.parametrize(("ask", "said"), UNKNOWN)
def test_what_is_not_there_is_said_with_what_is_near(results: Any, ask: Any, said: str) -> None:
    with pytest.raises(NotFound, match=said):
        ask(results)


def test_results_open_without_django_or_a_snapshot(data: Path) -> None:
    folder = str(data / "results" / snapshot().id)
    code = (
        "import sys; from pathlib import Path; from joinedup.measures import open_results; "
        f"print(len(open_results(Path({folder!r})).series('emergency-admissions', 'QM7'))); "
        "print('django' in sys.modules)"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.split() == ["36", "False"]


def test_a_profile_is_answered_also_where_nothing_at_all_may_be_shown() -> None:
    import pandas as pd

    hidden = pd.DataFrame(
        {
            "measure": ["births", "births"], "month": [date(2026, 10, 1)] * 2, "area_kind": ["system", "place"],
            "area": ["QM7", "PA"], "breakdown": "all", "band": "", "value": [float("nan")] * 2,
            "status": "suppressed",
        }
    )  # fmt: skip
    told = profiles(hidden)
    assert list(told["areas"]) == [0, 0]
    assert told[["lowest", "middle", "highest", "system_value"]].isna().all(axis=None)


def results_of(folder: Path, name: str, day: str, made_at: str, **snapshot_said: Any) -> None:
    """Leave the manifests of results without figures and of their snapshot."""
    said = {"snapshot": name, "day": day, "made_at": made_at, "measures": {}, "months": [], "areas": []}
    (folder / "results" / name).mkdir(parents=True)
    (folder / "results" / name / "manifest.json").write_text(json.dumps(said))
    if snapshot_said:
        (folder / "snapshots" / name).mkdir(parents=True)
        told = {"id": name, "day": day, "made_at": f"{day}T12:00:00+00:00", "tables": {}, **snapshot_said}
        (folder / "snapshots" / name / "manifest.json").write_text(json.dumps(told))


def test_the_latest_results_are_of_the_latest_snapshot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("joinedup.database.data_dir", lambda: tmp_path)
    monkeypatch.setattr("joinedup.measures.results.results_folder", lambda: tmp_path / "results")
    monkeypatch.setattr("joinedup.measures.results.snapshots_folder", lambda: tmp_path / "snapshots")
    results_of(tmp_path, "usual", "2026-03-10", "2026-03-10T13:00:00+00:00", origin="record")
    results_of(tmp_path, "for-another", "2026-03-11", "2026-03-11T13:00:00+00:00", recipient="research-a")
    results_of(tmp_path, "of-an-export", "2026-03-12", "2026-03-12T13:00:00+00:00", origin="bulk")
    results_of(tmp_path, "made-again", "2025-01-31", "2026-04-01T13:00:00+00:00", origin="record")
    results_of(tmp_path, "snapshot-gone", "2025-06-30", "2026-04-02T13:00:00+00:00")
    assert open_results().snapshot_id == "usual"


def test_results_are_ordered_alike_where_their_snapshots_may_not_be_seen(data: Path, results: Any) -> None:
    said, of = results.manifest, snapshot().manifest
    for name in ("recipient", "origin", "own_views"):
        assert name not in of or said[name] == of[name]
    assert said["recipient"] == "made"


@pytest.mark.parametrize("damage", ["{}", "[]", "{"])
def test_damaged_results_are_an_error_only_for_who_opens_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, damage: str
) -> None:
    monkeypatch.setattr("joinedup.database.data_dir", lambda: tmp_path)
    monkeypatch.setattr("joinedup.measures.results.results_folder", lambda: tmp_path / "results")
    monkeypatch.setattr("joinedup.measures.results.snapshots_folder", lambda: tmp_path / "snapshots")
    results_of(tmp_path, "usual", "2026-03-10", "2026-03-10T13:00:00+00:00")
    results_of(tmp_path, "old", "2026-01-10", "2026-01-10T13:00:00+00:00")
    (tmp_path / "results" / "old" / "manifest.json").write_text(damage)
    assert open_results().snapshot_id == "usual"
    with pytest.raises(Unavailable, match="results of old are damaged"):
        open_results("old")
