"""Another server's bulk export becomes a snapshot in the same way; ended at any moment, none by half is left."""

from __future__ import annotations

import gzip
import json
import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from joinedup import database
from joinedup.errors import FileError, RuleError
from joinedup.population import bulk, open_snapshot
from joinedup.population.services import WantedSnapshot, make_snapshot

from .kept_record import (
    GRANT,
    PEOPLE,
    every_value,
    files_of,
    manifest_of,
    nhs_number,
    patient,
    resources,
)


def export(folder: Path, people: int = PEOPLE, **changes: Any) -> Path:
    """Write what a server exports: one file a type, observations in two, one of them gzipped."""
    folder.mkdir(parents=True)
    by_type: dict[str, list[str]] = {}
    for nth in range(people):
        for one in [patient(nth, **changes), *resources(nth)[1:]]:
            by_type.setdefault(one["resourceType"], []).append(json.dumps(one, separators=(",", ":")))
    for type_, lines in by_type.items():
        half = len(lines) // 2
        (folder / f"{type_}.000.ndjson").write_text("\n".join(lines[:half]) + "\n")
        with gzip.open(folder / f"{type_}.001.ndjson.gz", "wt") as file:
            file.write("\n".join(lines[half:]) + "\n")
    return folder


def snapshot(folder: Path, **wanted: Any) -> Any:
    return make_snapshot(
        GRANT, WantedSnapshot(**{"export": folder, "accept": "drawn people", "processes": 0, **wanted})
    )


@pytest.mark.usefixtures("record")
class TestMadeOfAnExport:
    def test_it_has_the_same_tables_with_the_feed_bulk(self, data: Path, tmp_path: Path) -> None:
        made = snapshot(export(tmp_path / "export"))
        opened = open_snapshot(data / made.id)
        person = opened.table("person").to_pandas()
        assert made.people == len(person) == PEOPLE - made.opt_outs["national"]
        assert set(opened.table("pop_observation").to_pandas()["feed"]) == {"bulk"}
        assert set(opened.table("registration").to_pandas()["practice"]) == {"Z90001"}
        assert manifest_of(data / made.id)["origin"] == "bulk"

    def test_its_tables_tell_no_more_of_anybody_than_the_record_s(self, data: Path, tmp_path: Path) -> None:
        made = snapshot(export(tmp_path / "export"))
        told = " ".join(every_value(data / made.id))
        assert not [nth for nth in range(PEOPLE) if nhs_number(nth) in told]
        assert "Wrenhilde" not in told

    def test_the_same_files_give_the_same_bytes_in_chunks_and_whole(
        self, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        folder = export(tmp_path / "export")
        (folder / "manifest.json").write_text(
            json.dumps({"transactionTime": "2026-10-01T00:00:00Z", "request": "https://other/$export"})
        )
        made = snapshot(folder)
        files = files_of(data / made.id)
        (data / made.id).rename(data.parent / "aside")
        assert snapshot(folder).id == made.id
        assert files_of(data / made.id) == files
        monkeypatch.setattr(bulk.units, "__defaults__", (700,))
        rows = {name: table["rows"] for name, table in manifest_of(data / made.id)["tables"].items()}
        chunked = snapshot(folder)
        assert chunked.id != made.id  # other files, the same rows
        assert {name: table["rows"] for name, table in manifest_of(data / chunked.id)["tables"].items()} == rows

    def test_the_export_s_own_time_is_the_snapshot_s(self, data: Path, tmp_path: Path) -> None:
        folder = export(tmp_path / "export")
        (folder / "manifest.json").write_text(
            json.dumps({"transactionTime": "2025-06-30T22:30:00Z", "request": "https://other/$export"})
        )
        assert snapshot(folder).id.startswith("2025-06-30")

    def test_people_without_numbers_are_left_out_or_kept_and_counted(self, data: Path, tmp_path: Path) -> None:
        folder = export(tmp_path / "export", identifier=[])
        made = snapshot(folder, keep_without_number=True)
        assert (made.people, made.opt_outs["without_number_kept"]) == (PEOPLE, PEOPLE)
        assert made.opt_outs["answer"] == "nobody has a number"
        one = patient(0)
        (folder / "Patient.002.ndjson").write_text(json.dumps({**one, "id": "with"}, separators=(",", ":")) + "\n")
        only = snapshot(folder, recipient="others")
        # Who of the simulated people opted out hangs on this installation's key, so it may be this one.
        assert (only.people + only.opt_outs["national"], only.opt_outs["without_number_left_out"]) == (1, PEOPLE)

    def test_real_numbers_need_an_answer(self, data: Path, tmp_path: Path) -> None:
        real = [{"system": "https://fhir.nhs.uk/Id/nhs-number", "value": "9434765919"}]
        with pytest.raises(RuleError, match="no answer of the national data opt-out"):
            snapshot(export(tmp_path / "export", people=1, identifier=real))
        assert not list(data.glob("2*"))

    @pytest.mark.parametrize("line", ["{", "[]", '{"id": "no type"}'])
    def test_a_broken_line_is_named_without_its_text(self, data: Path, tmp_path: Path, line: str) -> None:
        folder = export(tmp_path / "export")
        path = folder / "Condition.000.ndjson"
        path.write_text(path.read_text() + line + "\n")
        with pytest.raises(FileError) as refused:
            snapshot(folder)
        assert refused.value.file == path.name
        assert refused.value.line == len(path.read_text().splitlines())
        assert not list(data.glob("2*"))

    def test_a_folder_without_an_export_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(FileError, match=r"expected files that end in \.ndjson"):
            bulk.open_export(tmp_path)


def test_killed_at_any_moment_it_leaves_no_snapshot_by_half(drawn_database: str, tmp_path: Path) -> None:
    folder = export(tmp_path / "export", people=10)
    with (folder / "Observation.002.ndjson").open("w") as file:
        for nth in range(20_000):
            file.write(json.dumps({**resources(nth % 10)[4], "id": f"x{nth}"}, separators=(",", ":")) + "\n")
    root = database.data_dir() / "snapshots"
    settings = database.connection_settings()
    address = f"postgresql://postgres@/{drawn_database}?host={quote(settings['HOST'], safe='')}&port={settings['PORT']}"
    command = [
        sys.executable,
        "-m",
        "joinedup.cli",
        "snapshot",
        "--from",
        str(folder),
        "--accept",
        "drawn",
        "--recipient",
        "killed",
    ]
    begun = 0
    for wait in (0.0, 0.3):
        process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
            env=os.environ | {"DATABASE_URL": address},
        )  # fmt: skip
        until = datetime.now(UTC).timestamp() + 60
        while (
            process.poll() is None
            and not (root / ".making" / "new" / "tables").exists()
            and datetime.now(UTC).timestamp() < until
        ):
            time.sleep(0.02)
        time.sleep(wait)
        begun += (root / ".making" / "new" / "tables").exists()
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        assert [path for path in root.glob("2*") if '"killed"' in (path / "manifest.json").read_text()] == []
    assert begun  # it was amid its work
    done = subprocess.run(
        command, capture_output=True, text=True, env=os.environ | {"DATABASE_URL": address}, check=False
    )
    assert done.returncode == 0, done.stderr
    assert not (root / ".making").exists()
