"""Same seed, same bytes: on any machine, by any number of processes. Another seed, other people.

| system | residents | seed | processes | folder |
|---|---|---|---|---|
| nel | 1,100 | 5 | 1 | a |
| nel | 1,100 | 5 | 2 | as a, byte by byte |
| nel | 1,100 | 6 | 2 | another |
"""

from __future__ import annotations

import csv
import hashlib
import tomllib
from pathlib import Path

import pytest

from joinedup.errors import FileError, NotFound, RuleError
from joinedup.simulation.run import Simulated, simulate


def digests(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.fixture(scope="module")
def one_process(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Simulated]:
    folder = tmp_path_factory.mktemp("simulated") / "a"
    return folder, simulate("nel", 1_100, 5, folder, processes=1)


def test_the_number_of_processes_changes_no_byte(one_process: tuple[Path, Simulated], tmp_path: Path) -> None:
    folder, done = one_process
    told: list[tuple[int, int]] = []
    again = simulate("nel", 1_100, 5, tmp_path / "b", processes=2, on_progress=lambda *step: told.append(step))
    assert digests(folder) == digests(tmp_path / "b")
    assert again == done
    assert told == [(500, 1_100), (1_000, 1_100), (1_100, 1_100)]


def test_another_seed_is_another_area(one_process: tuple[Path, Simulated], tmp_path: Path) -> None:
    simulate("nel", 500, 6, tmp_path / "c", processes=1)
    ours, other = digests(one_process[0]), digests(tmp_path / "c")
    fixed = {"postcodes.csv", "epraccur.csv", "enonnhs.csv"}  # Of the place, not of its people.
    same = {name for name in other if ours.get(name) == other[name]}
    assert same == fixed


def test_the_folder_holds_what_a_load_asks_for(one_process: tuple[Path, Simulated]) -> None:
    folder, done = one_process
    sources = tomllib.loads((folder / "sources.toml").read_text())["source"]
    assert len(sources) == done.sources
    assert all(source["simulated"] is True for source in sources)
    claimed = {path for source in sources for path in folder.glob(source["files"])}
    sent = {
        path for path in folder.rglob("*") if path.is_file() and path.parent != folder and path.parent.name != "truth"
    }
    assert claimed == sent
    assert {source["setting"] for source in sources} == {
        "gp", "acute", "community", "mental_health", "social_care", "voluntary", "registry",
    }  # fmt: skip
    assert not list(folder.rglob("*.growing"))


def test_practices_stand_in_the_published_layout(one_process: tuple[Path, Simulated]) -> None:
    with (one_process[0] / "epraccur.csv").open(newline="") as lines:
        first = next(csv.reader(lines))
    assert len(first) == 27
    assert first[0].startswith("Z2")
    assert first[3] == "QMF"
    assert (first[12], first[13], first[25]) == ("A", "B", "4")  # active, prescribing cost centre, GP practice


def test_a_folder_that_holds_something_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(RuleError, match="not empty"):
        simulate("hwe", 10, 1, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


@pytest.mark.parametrize(
    ("system", "residents", "error", "says"),
    [
        ("hew", 10, NotFound, "Did you mean 'hwe'"),
        ("hwe", 0, RuleError, "expected 1 to 900,000"),
        ("hwe", 900_001, RuleError, "expected 1 to 900,000"),
    ],
)
def test_what_cannot_be_simulated_is_refused_before_anything_is_written(
    system: str, residents: int, error: type[Exception], says: str, tmp_path: Path
) -> None:
    with pytest.raises(error, match=says):
        simulate(system, residents, 1, tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_reference_files_that_are_not_there_are_named(tmp_path: Path) -> None:
    with pytest.raises(FileError, match=r"hwe_lsoa11_pop_single_year_mid2020\.csv"):
        simulate("hwe", 10, 1, tmp_path / "new", reference=tmp_path)


def test_one_resident_is_enough(tmp_path: Path) -> None:
    done = simulate("derbyshire", 1, 3, tmp_path / "new", processes=2)
    assert done.residents == 1
    assert len((tmp_path / "new" / "truth" / "people.csv").read_text().splitlines()) == 2
