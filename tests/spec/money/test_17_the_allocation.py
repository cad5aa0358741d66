"""`joinedup allocate`: a pot shared by the table that was imported, in pence that add up, explained."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from joinedup.access import service_grant
from joinedup.access.models import AuditEntry
from joinedup.errors import FileError, NotFound, RuleError, Unavailable
from joinedup.money import BlankCell, BoundaryGap, BoundaryOverlap, Leaf, Limits, allocate_by_need, kept_table
from joinedup.money.allocation.explained import pot_of_pounds
from joinedup.money.allocation.kept_tables import editions, keep_table, kept_residents
from joinedup.money.commands import allocate
from joinedup.system.services import keep_elsewhere

POT = 100_000_000_001
ASKED = ["--year", "2022/23", "--system", "QM7", "--pot-pounds", "1000000000", "--by", "place", "--json"]


@pytest.fixture
def nothing_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("JOINEDUP_DATA", str(tmp_path))
    return tmp_path


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory, reference: Path) -> Iterator[Path]:
    """A data folder into which the published files were imported."""
    data = tmp_path_factory.mktemp("data")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JOINEDUP_DATA", str(data))
        keep_table(reference)
        yield data


def answer(*words: str) -> Any:
    done = CliRunner().invoke(allocate, list(words))
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    return json.loads(done.output)


def test_hertfordshire_and_west_essex_by_place(installation: Path) -> None:
    told = answer(*ASKED)
    assert round(told["need_index"], 3) == 0.933
    assert [round(one["share_percent"], 2) for one in told["allocations"]] == [37.97, 41.27, 20.75]
    assert [one["code"] for one in told["allocations"]] == ["06K", "06N", "07H"]
    assert [one["pence"] for one in told["allocations"]] == [37_973_385_628, 41_271_964_632, 20_754_649_740]
    assert told["pot_pence"] == told["sum_pence"] == sum(one["pence"] for one in told["allocations"]) == 10**11
    assert all(type(one["pence"]) is int for one in told["allocations"])
    assert told["code_version"]
    assert told["parameter_ids"] == []
    assert len(told["inputs_hash"]) == 64


def test_both_denominators_stand_beside_each_other(installation: Path) -> None:
    told = answer(*ASKED)
    found = [(one["registered"], one["residents"], one["registered_per_resident"]) for one in told["allocations"]]
    assert found == [(615_516, 575_013, 1.070438), (666_989, 600_834, 1.110105), (323_775, 312_214, 1.037029)]
    assert told["area"]["residents"] == 1_488_061
    assert told["allocations"][0]["pence_per_registered"] == 61_694
    assert kept_residents()["people"]["QM7"] == 1_488_061


def test_every_one_of_the_42_systems_adds_up_at_every_level(installation: Path) -> None:
    table, _ = kept_table("2022/23", components=["core"])
    systems = table.systems()
    assert len(systems) == 42
    for system in systems:
        by_level = {}
        for by in ("place", "neighbourhood", "practice"):
            made = allocate_by_need(table, POT, by=by, system=system)
            by_level[by] = made.units
            assert sum(unit.pence for unit in made.units) == POT, (system, by)
        for unit in by_level["place"]:
            below = [one.pence for one in by_level["neighbourhood"] if one.path[0] == unit.code]
            assert sum(below) == unit.pence, (system, unit.code)


def test_the_command_answers_for_all_42_together(installation: Path) -> None:
    told = answer("--pot-pounds", "100000000000.01", "--by", "system", "--json")
    assert len(told["allocations"]) == 42
    assert sum(one["pence"] for one in told["allocations"]) == 10_000_000_000_001
    assert told["need_index"] == 1.0


def test_the_same_inputs_give_the_same_bytes_and_another_pot_another_hash(installation: Path) -> None:
    runs = [CliRunner().invoke(allocate, ASKED).output for _ in range(2)]
    assert runs[0] == runs[1]
    hashes = {json.loads(runs[0])["inputs_hash"]}
    for change in (["--pot-pounds", "2"], ["--by", "practice"], ["--component", "community"]):
        hashes.add(answer(*ASKED, *change)["inputs_hash"])
    assert len(hashes) == 4


def test_a_budget_names_its_component_and_a_blank_in_it_is_refused(installation: Path) -> None:
    shares = [one["share_percent"] for one in answer(*ASKED, "--component", "community")["allocations"]]
    assert shares != [one["share_percent"] for one in answer(*ASKED)["allocations"]]
    with pytest.raises(BlankCell, match="--blank zero"):
        answer(*ASKED, "--component", "maternity")
    assert answer(*ASKED, "--component", "maternity", "--blank", "zero")["blank_cells"] == 17
    blended = answer(*ASKED, "--blend", "general-and-acute=.6,community=.4")
    assert blended["component"] == "blend"
    assert blended["sum_pence"] == 10**11


def test_a_place_gets_the_same_whichever_level_is_asked_for(installation: Path) -> None:
    table, _ = kept_table("2022/23", components=["core"])
    places = allocate_by_need(table, POT, by="place", system="QM7").units
    networks = allocate_by_need(table, POT, by="neighbourhood", system="QM7").units
    assert len(networks) == 37
    for place in places:
        assert sum(one.pence for one in networks if one.path[0] == place.code) == place.pence


def test_a_what_if_moves_from_baselines_within_limits(installation: Path, tmp_path: Path) -> None:
    baseline = tmp_path / "baseline.csv"
    baseline.write_text("code,pence\n06K,38000000000\n06N,40000000000\n07H,19000000000\n")
    limits = ["--what-if", str(baseline), "--kappa", "1", "--floor", ".01", "--cap", ".06"]
    told = answer(*ASKED, *limits)
    assert told["sum_pence"] == 10**11
    for one in told["allocations"]:
        assert 1.01 - 1e-9 <= one["pence"] / one["baseline_pence"] <= 1.06 + 1e-9
    assert told["theta"]
    closing, opening = (
        max(abs(one[f"{when}_distance_percent"]) for one in told["allocations"]) for when in ("closing", "opening")
    )
    assert closing < opening
    with pytest.raises(RuleError, match="needs --cap"):
        answer(*ASKED, "--what-if", str(baseline))
    baseline.write_text("code,pence\n06K,38000000000\n06K,40000000000\n")
    with pytest.raises(FileError, match="line 3, field code"):
        answer(*ASKED, *limits)
    baseline.write_text("code,pence\n06K,38000000000\n")
    with pytest.raises(RuleError, match="in one table only"):
        answer(*ASKED, *limits)


def test_a_practice_that_moves_counts_where_it_is_on_the_day(installation: Path, tmp_path: Path) -> None:
    moves = tmp_path / "moves.csv"
    head = "practice,neighbourhood,place,system,from,to\n"
    moves.write_text(f"{head}D81047,U82047,06K,QM7,2022-04-01,2022-10-01\nD81047,U,07H,QM7,2022-10-01,\n")
    before, after = (
        {one["code"]: one["practices"] for one in answer(
            *ASKED, "--memberships", str(moves), "--as-of", day)["allocations"]}
        for day in ("2022-09-30", "2022-10-01")
    )  # fmt: skip
    assert (before, after) == ({"06K": 52, "06N": 54, "07H": 31}, {"06K": 51, "06N": 54, "07H": 32})
    moves.write_text(f"{head}D81047,U82047,06K,QM7,2022-04-01,2022-10-01\n")
    with pytest.raises(BoundaryGap, match="D81047 belongs to nobody on 2022-10-01"):
        answer(*ASKED, "--memberships", str(moves), "--as-of", "2022-10-01")
    moves.write_text(f"{head}D81047,U82047,06K,QM7,2022-04-01,\nD81047,U,07H,QM7,2022-10-01,\n")
    with pytest.raises(BoundaryOverlap, match="D81047 belongs to"):
        answer(*ASKED, "--memberships", str(moves), "--as-of", "2022-10-01")
    moves.write_text(f"{head}D81047,U82047,06K,QM7,2022-10-01,2022-04-01\n")
    with pytest.raises(FileError, match="field to"):
        answer(*ASKED, "--memberships", str(moves))


def test_a_practice_that_leaves_the_system_is_no_gap_in_it(installation: Path) -> None:
    table, _ = kept_table("2022/23", components=["core"])
    october = date(2022, 10, 1)
    moved = [
        Leaf(("QM7", "06K", "U82047", "D81047"), 0, date(2022, 4, 1), october),
        Leaf(("QUE", "06H", "U82047", "D81047"), 0, october, None),
    ]
    stayed = allocate_by_need(table, POT, by="practice", system="QM7", moved=moved)
    left = allocate_by_need(table, POT, by="practice", system="QM7", moved=moved, as_of=october)
    assert (len(stayed.units), len(left.units)) == (137, 136)
    assert sum(one.pence for one in left.units) == POT
    with pytest.raises(NotFound, match="no practice of the weighted populations"):
        allocate_by_need(table, POT, by="place", moved=[Leaf(("QM7", "06K", "U", "X99999"), 0)])


def test_a_day_outside_the_year_is_a_gap(installation: Path) -> None:
    with pytest.raises(BoundaryGap, match="nothing of 2023-04-01"):
        answer(*ASKED, "--as-of", "2023-04-01")


def test_a_slider_reads_the_table_once(installation: Path) -> None:
    tables = {id(kept_table("2022/23", components=["core"])[0]) for _ in range(3)}
    assert len(tables) == 1


def test_for_people_it_is_a_table(installation: Path) -> None:
    said = CliRunner().invoke(allocate, [word for word in ASKED if word != "--json"]).output
    assert "Need index against England 0.933" in said
    assert "£379,733,856.28" in said
    assert "£1,000,000,000.00" in said


def test_without_an_import_the_next_step_is_named(nothing_kept: Path) -> None:
    with pytest.raises(NotFound, match="joinedup allocate import"):
        answer(*ASKED)
    assert "joinedup allocate import" in CliRunner().invoke(allocate, ["editions"]).output


def test_a_table_can_be_used_without_importing_it(nothing_kept: Path, reference: Path) -> None:
    path = reference / "nhsengland_AIF_Allocation_Tool" / "wp_2022_2023.csv"
    told = answer(*ASKED, "--table", str(path))
    assert told["sum_pence"] == 10**11
    assert told["allocations"][0]["residents"] is None
    assert str(path.parent) not in json.dumps(told)
    with pytest.raises(FileError, match="no such file"):
        answer(*ASKED, "--table", "nowhere.csv")


@pytest.mark.django_db
def test_an_import_keeps_the_table_as_it_is_once_and_is_in_the_audit(
    nothing_kept: Path, reference: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("joinedup.database.ready", lambda: None)
    first = answer("import", str(reference), "--json")
    assert (first["practices"], first["places"], first["systems"], first["blanks"]) == (6554, 106, 42, 17)
    assert first["residents"] is True
    assert answer("import", str(reference), "--json")["is_unchanged"] is True
    (kept,) = editions("2022/23")
    original = reference / "nhsengland_AIF_Allocation_Tool" / "wp_2022_2023.csv"
    assert kept.path.read_bytes() == original.read_bytes()
    (entry,) = [one.body for one in AuditEntry.objects.all() if "money.allocate.import" in one.body]
    assert kept.digest in entry
    assert answer("editions", "--json")[0]["digest"] == kept.digest


def test_a_kept_table_that_was_changed_shares_nothing(nothing_kept: Path, reference: Path) -> None:
    kept = keep_table(reference / "nhsengland_AIF_Allocation_Tool").edition
    kept.path.chmod(0o600)
    kept.path.write_bytes(kept.path.read_bytes().replace(b"D81047", b"D81048"))
    with pytest.raises(Unavailable, match="missing or was changed"):
        answer(*ASKED)


def test_what_cannot_be_imported(nothing_kept: Path, tmp_path: Path) -> None:
    with pytest.raises(FileError, match="no such file or folder"):
        keep_table(tmp_path / "nowhere")
    with pytest.raises(FileError, match=r"none of wp_2022_2023\.csv"):
        keep_table(tmp_path)
    other = tmp_path / "table.csv"
    other.write_text("a\n")
    with pytest.raises(FileError, match="--year 2022/23"):
        keep_table(other)
    assert editions() == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (["--system", "QM8"], "There is no system 'QM8'"),
        (["--by", "plaice"], "Did you mean 'place'"),
        (["--component", "cor"], "Did you mean 'core'"),
        (["--year", "2023/24"], "Kept: 2022/23"),
        (["--edition", "zz"], "No edition 'zz'"),
        (["--pot-pounds", ""], "--pot-pounds 1000000000"),
        (["--blend", "core"], "component=share"),
        (["--blend", "core=.5"], "expected exactly 1"),
    ],
)
def test_what_is_asked_wrongly_is_answered_with_what_is_right(installation: Path, change: list[str], said: str) -> None:
    with pytest.raises((NotFound, RuleError), match=said):
        answer(*ASKED, *change)


def test_a_pot_in_pounds_is_exact_pence() -> None:
    assert pot_of_pounds("£2,500,000,000.01") == 250_000_000_001
    assert pot_of_pounds("-0.5") == -50
    with pytest.raises(RuleError, match="a part of a penny"):
        pot_of_pounds("0.001")


def test_a_councils_budget_by_the_command_line(tmp_path: Path) -> None:
    (tmp_path / "budget.csv").write_text("small_area,pence\nL1,700000\nL2,1100000\n")
    rows = ["PR1,L1,600", "PR1,L2,400", "PR2,L1,100", "PR2,L2,700", "PR2,outside,200"]
    crosswalk = tmp_path / "patients.csv"
    crosswalk.write_text("practice,small_area,patients,from,to\n" + "".join(f"{row},2022-04-01,\n" for row in rows))
    words = ["residents", str(tmp_path / "budget.csv"), "--crosswalk", str(crosswalk), "--on", "2022-04-01"]
    assert answer(*words, "--json") == {"allocations": {"PR1": 1_000_000, "PR2": 800_000}, "sum_pence": 1_800_000}
    assert "£10,000.00" in CliRunner().invoke(allocate, words).output


def test_limits_are_part_of_what_the_answer_is_made_from(installation: Path) -> None:
    table, _ = kept_table("2022/23", components=["core"])
    baseline = {"06K": 38_000_000_000, "06N": 40_000_000_000, "07H": 19_000_000_000}
    hashes = {
        allocate_by_need(table, 10**11, by="place", system="QM7", limits=limits).inputs_hash
        for limits in (None, Limits(baseline, "1", "0", ".1"), Limits(baseline, Decimal("0.5"), "0", ".1"))
    }
    assert len(hashes) == 3


@pytest.mark.django_db
def test_the_import_of_bodies_and_areas_keeps_the_table_too(
    nothing_kept: Path, reference: Path, tmp_path: Path
) -> None:
    grant = service_grant("command-line", "import published files", "whoever may run commands on this server")
    (told,) = keep_elsewhere(reference, grant)
    assert "of 6,554 practices are kept" in told
    assert keep_elsewhere(reference, grant) == [told.replace("of 6,554 practices are kept", "are kept already")]
    published = tmp_path / "published"
    published.mkdir()
    assert keep_elsewhere(published, grant) == []
    (published / "wp_2022_2023.csv").write_text("Practice_Code\nA1\n")
    (refused,) = keep_elsewhere(published, grant)
    assert "were not kept" in refused
    assert "field PCN_Code" in refused
    assert len(editions()) == 1
