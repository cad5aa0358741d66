"""What partners of the simulated system return to planners and finance, beside what they send of residents."""

from __future__ import annotations

import csv
import hashlib
import tomllib
from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest

from joinedup.errors import NotFound, RuleError
from joinedup.simulation.returns import Returned, write_returns

RESIDENTS = 10_000


@pytest.fixture(scope="module")
def returned(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Returned]:
    out = tmp_path_factory.mktemp("returns") / "hwe"
    return out, write_returns("hwe", RESIDENTS, 1, out)


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def digests(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*")) if path.is_file()
    }  # fmt: skip


def pence(pounds: str) -> int:
    return int(Decimal(pounds or "0") * 100)


def test_the_same_seed_writes_the_same_bytes(returned: tuple[Path, Returned], tmp_path: Path) -> None:
    out, told = returned
    assert write_returns("hwe", RESIDENTS, 1, tmp_path / "again") == told
    assert digests(out) == digests(tmp_path / "again")
    assert told.files == len(digests(out)) > 90


def test_more_residents_are_planned_for_and_fewer_than_ten_thousand_as_ten_thousand(
    returned: tuple[Path, Returned], tmp_path: Path
) -> None:
    few = write_returns("hwe", 400, 1, tmp_path / "few")
    many = write_returns("hwe", 30_000, 1, tmp_path / "many")
    assert (few.residents, returned[1].residents, many.residents) == (10_000, 10_000, 30_000)
    assert few.hidden == returned[1].hidden == many.hidden == 29
    assert "10,000 residents" in (tmp_path / "few" / "README.txt").read_text()

    def attendances(folder: Path) -> int:
        found = rows_of_plan(folder, "RWG", "AE1")
        return sum(int(one) for one in found[0][10:22])

    assert attendances(tmp_path / "many") == pytest.approx(3 * attendances(returned[0]), rel=0.01)
    assert attendances(tmp_path / "few") == pytest.approx(attendances(returned[0]), rel=0.1)


def rows_of_plan(folder: Path, owner: str, pod: str) -> list[list[str]]:
    with (folder / "plans" / f"{owner}-provider.csv").open(encoding="utf-8", newline="") as file:
        return [row for row in csv.reader(file) if row[0] == "activity" and row[5] == pod]


def test_plans_are_at_the_scale_of_what_happens_to_the_residents(returned: tuple[Path, Returned]) -> None:
    # 60,000 simulated residents had 215 attendances for 1,000 in the last of their years.
    total = sum(int(one) for owner in ("RWG", "RWH") for one in rows_of_plan(returned[0], owner, "AE1")[0][10:22])
    assert 0.95 < total / (215.25 * 7.904 * 1.01) < 1.05


def test_every_trial_balance_balances_to_the_penny(returned: tuple[Path, Returned]) -> None:
    out, told = returned
    files = sorted((out / "finance" / "trial-balances").glob("*.csv"))
    assert len(files) == told.trial_balances == 70
    for path in files:
        *lines, total = rows(path)
        debit, credit = (sum(pence(line[name]) for line in lines) for name in ("Debit", "Credit"))
        assert debit == credit == pence(total["Debit"]) == pence(total["Credit"]), path.name
        assert len({line["Account"] for line in lines}) == len(lines)
        assert all(bool(line["Debit"]) != bool(line["Credit"]) for line in lines)


def test_the_roster_has_fifty_six_thousand_people_each_with_a_row_and_nobody_a_name(
    returned: tuple[Path, Returned],
) -> None:
    roster = rows(returned[0] / "workforce" / "roster-2026-10.csv")
    in_post = [row for row in roster if not row["left"]]
    assert sum(int(row["headcount"]) for row in in_post) == 56_000
    assert {row["headcount"] for row in roster} == {"0", "1"}
    by_partner = Counter[str]()
    for row in in_post:
        by_partner[row["partner"]] += int(row["headcount"])
        assert Decimal(row["in_post_wte"]) <= int(row["headcount"])
        assert Decimal(row["bank_wte"]) + Decimal(row["agency_wte"]) <= Decimal(row["establishment_wte"])
    assert len(by_partner) == 14
    assert by_partner["RWG"] == pytest.approx(6_300, abs=60)
    posts, staff = (sum(Decimal(row[f"{name}_wte"]) for row in in_post) for name in ("establishment", "in_post"))
    assert Decimal("0.07") < (posts - staff) / posts < Decimal("0.10")
    gone = [row for row in roster if row["left"]]
    assert 0.14 < len(gone) / 56_000 < 0.17
    assert all("2025-11" <= row["left"] <= "2026-10" and row["establishment_wte"] == "0" for row in gone)
    earlier = rows(returned[0] / "workforce" / "roster-2026-04.csv")
    assert sum(int(row["headcount"]) for row in earlier if not row["left"]) == 55_216
    assert list(earlier[0]) == list(roster[0])


def test_each_provider_says_what_it_has_of_beds_and_rooms(returned: tuple[Path, Returned]) -> None:
    capacity = rows(returned[0] / "capacity" / "capacity-2026-10.csv")
    has = {(row["provider"], row["resource"]) for row in capacity}
    assert {provider for provider, resource in has if resource == "beds"} == {"RQW", "RWG", "RWH"}
    assert {provider for provider, resource in has if resource == "community"} == {"R1L", "RWR", "RY4", "RYX"}
    assert len(capacity) == len(has) == 16
    for row in capacity:
        if row["resource"] == "beds":
            assert Decimal(row["no_criteria_to_reside"]) < Decimal(row["in_use"]) < Decimal(row["available"])


def test_each_column_of_weighted_populations_adds_up_to_the_people_of_the_table(
    returned: tuple[Path, Returned],
) -> None:
    table = rows(returned[0] / "allocation" / "weighted-populations-2026-27.csv")
    people = sum(int(row["Patients"]) for row in table)
    own = sum(int(row["Patients"]) for row in table if row["ICS22"] == "QM7")
    assert own == RESIDENTS
    assert {row["ICS22"] for row in table} == {"QM7", "QZZ"}
    assert all("simulated" in row["GP_Practice_Name"] for row in table)
    for column in [name for name in table[0] if name.endswith(" WP")] + ["pop 2022/23"]:
        assert sum(Decimal(row[column]) for row in table) == people, column
    need = sum(Decimal(row["Final WP"]) for row in table if row["ICS22"] == "QM7") / own
    assert Decimal("0.85") < need < Decimal("1")


def test_what_the_pot_pays_was_first_bound_under_an_authority_that_is_large_enough(
    returned: tuple[Path, Returned],
) -> None:
    said = tomllib.loads((returned[0] / "pot" / "pot.toml").read_text())
    limits = {one["id"]: one["limit_pence"] for one in said["authority"]}
    lines = {one["code"]: one for one in said["line"]}
    used = Counter[str]()
    bound: Counter[str] = Counter()
    by_line: Counter[str] = Counter()
    days = []
    for event in rows(returned[0] / "pot" / "events.csv"):
        days.append(event["on"])
        if event["kind"] in ("contribute", "commit", "virement"):
            used[event["authority"]] += abs(int(event["pence"]))
        if event["kind"] == "commit":
            bound[event["commitment"]] += int(event["pence"])
            by_line[event["line"]] += int(event["pence"])
        if event["kind"] in ("invoice", "accrue"):
            bound[event["commitment"]] -= int(event["pence"])
            assert bound[event["commitment"]] >= 0, event["key"]
        if event["kind"] in ("reverse", "unaccrue"):
            bound[event["commitment"]] += int(event["pence"])
    assert days == sorted(days)
    assert all(0 < pence <= limits[one] for one, pence in used.items())
    assert all(pence <= lines[code]["pence"] for code, pence in by_line.items())


def test_every_price_of_the_list_is_one_and_every_contract_names_its_notices(
    returned: tuple[Path, Returned],
) -> None:
    prices = rows(returned[0] / "contracts" / "price-list.csv")
    assert len({(one["kind"], one["currency"]) for one in prices}) == len(prices) > 100
    assert all(int(one["pence"]) > 0 for one in prices)
    # As the extracts carry it: colonoscopy and a first appointment in trauma and orthopaedics.
    found = {one["currency"]: int(one["pence"]) for one in prices}
    assert (found["FE32Z"], found["110 first"]) == (61_000, 17_800 + 37 * 110 % 4000)
    contracts = tomllib.loads((returned[0] / "contracts" / "contracts.toml").read_text())["contract"]
    assert [one["provider"] for one in contracts] == ["R1L", "RQW", "RWG", "RWH", "RWR", "RY4", "RYX"]
    for one in contracts:
        assert one["notices"]
        for year, value in one["values"].items():
            assert sum(part["pence"][year] for part in one["part"]) == value


def test_a_folder_that_holds_something_is_refused_and_so_is_a_system_without_returns(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(RuleError, match="is not empty"):
        write_returns("hwe", RESIDENTS, 1, tmp_path)
    with pytest.raises(NotFound, match="hwe only, not for 'nel'"):
        write_returns("nel", RESIDENTS, 1, tmp_path / "new")
