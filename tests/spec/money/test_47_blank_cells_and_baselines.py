"""What a blank cell is and what each place had: whoever asks says it, on the page as by the command (M0.6, MA9)."""

from __future__ import annotations

import json
import re
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from typer.testing import CliRunner

from joinedup import database
from joinedup.access.models import AuditEntry
from joinedup.errors import FileError, NotFound, RuleError, Unavailable
from joinedup.money import BlankCell
from joinedup.money.allocation import explained as allocation, places_map as allocation_map
from joinedup.money.allocation.kept_baselines import baselines, baselines_of, keep_baselines
from joinedup.money.commands import allocate
from joinedup.money.pot.position_commands import money

from . import kept_need
from .pot import grant

pytestmark = pytest.mark.django_db
PAGE, API = "/money/allocation/", "/api/money/allocation"
YEAR = kept_need.YEAR
HAD = {"06K": 38_100_000_000, "06N": 42_000_000_000, "07H": 19_900_000_000}
ASKED = ["--year", YEAR, "--system", "QM7", "--json"]


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A table with one blank maternity cell, of a practice on whose list nobody is for it."""
    monkeypatch.setattr("joinedup.money.allocation.kept_tables._root", lambda: tmp_path / "kept")
    monkeypatch.setattr(database, "ready", lambda: None)
    with_blank = [*kept_need.PRACTICES, ("B2", "U2", "06N", "QM7", 0, 0, "")]
    monkeypatch.setattr(kept_need, "PRACTICES", with_blank)
    kept_need.keep(tmp_path)
    return tmp_path


@pytest.fixture
def client(db: None, signed_in: Any) -> Client:
    return signed_in("finance_lead")  # type: ignore[no-any-return]


def text_of(response: Any) -> str:
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", response.content.decode())).split())


def command(*arguments: str) -> dict[str, Any]:
    done = CliRunner().invoke(allocate, [*ASKED, *arguments])
    if done.exception is not None:
        raise done.exception
    return dict(json.loads(done.stdout))


def baseline_file(folder: Path, had: dict[str, int] | None = None) -> Path:
    path = folder / "had.csv"
    path.write_text("code,pence\n" + "".join(f"{code},{pence}\n" for code, pence in (had or HAD).items()))
    return path


# --- blank cells ---------------------------------------------------------------------------------------------------


def test_a_blank_cell_is_refused_by_the_page_as_by_the_command_until_somebody_says_what_it_is(
    client: Client, kept: Path
) -> None:
    refused = client.get(PAGE, {"system": "QM7", "component": "maternity"})
    assert refused.status_code == 422
    assert 'href="#blank"' in refused.content.decode()
    assert "a blank is not 0" in text_of(refused)
    assert "What each place gets" not in text_of(refused)
    with pytest.raises(BlankCell):
        command("--component", "maternity", "--pot-pounds", "1000")
    assert client.get(API, {"system": "QM7", "year": YEAR, "component": "maternity"}).status_code == 422

    said = text_of(client.get(PAGE, {"system": "QM7", "component": "maternity", "blank": "zero"}))
    assert "1 blank cells of the table count as nobody, as was chosen." in said
    told = text_of(client.get(PAGE, {"system": "QM7", "component": "maternity", "blank": "one"}))
    assert "count as one weighted person" in told
    # Where no cell that is needed is blank, nobody is asked.
    assert "No cell that is needed is blank." in text_of(client.get(PAGE, {"system": "QM7"}))
    assert "Choose what a blank cell is" in text_of(client.get(PAGE, {"system": "QM7", "blank": "naught"}))


@pytest.mark.parametrize("blank", ["zero", "one"])
def test_page_interface_and_command_give_the_same_pence_out_of_the_same_tree(
    client: Client, kept: Path, monkeypatch: pytest.MonkeyPatch, blank: str
) -> None:
    """The slider's trap: the page asks the `allocate_tree` that the command asks, and no sum of its own."""
    asked: list[int] = []
    tree = allocation.allocate_tree

    def counted(pot: int, *rest: Any, **more: Any) -> Any:
        asked.append(pot)
        return tree(pot, *rest, **more)

    monkeypatch.setattr(allocation, "allocate_tree", counted)
    made = command("--component", "maternity", "--blank", blank, "--pot-pounds", "1000000000.01")
    pence = {one["code"]: one["pence"] for one in made["allocations"]}
    sent = {"system": "QM7", "component": "maternity", "blank": blank}
    page = client.get(PAGE, sent | {"pot": "1000000000.01", "places-download": "csv"})
    csv = b"".join(page.streaming_content).decode()  # type: ignore[attr-defined]
    api = client.get(API, sent | {"pot_pounds": "1000000000.01", "year": YEAR}).json()
    assert asked == [100_000_000_001] * 3
    assert {one["code"]: one["pence"] for one in api["places"]} == pence
    assert sum(pence.values()) == 100_000_000_001
    for amount in pence.values():
        assert f"{amount // 100}.{amount % 100:02}" in csv


# --- baselines -----------------------------------------------------------------------------------------------------


def test_baselines_are_kept_once_audited_and_offered_for_a_pace_of_change(client: Client, kept: Path) -> None:
    source = baseline_file(kept)
    made, is_new = keep_baselines(grant("money.allocate"), source, YEAR)
    again, is_new_again = keep_baselines(grant("money.allocate"), source, YEAR)
    assert (is_new, is_new_again, again) == (True, False, made)
    (told,) = [one for one in AuditEntry.objects.values_list("body", flat=True) if f"baselines:{YEAR}" in one]
    assert made.digest in told
    said = text_of(client.get(PAGE, {"system": "QM7", "kappa": "50"}))
    assert f"Filled in from the baselines of {YEAR} that are kept (had.csv, {made.digest[:8]})" in said
    assert "£381,000,000.00" in said
    assert "Nobody has said what each place had" not in said
    # The command moves from the same sums.
    moved = command("--pot-pounds", "1000000000", "--what-if", "kept", "--kappa", ".5", "--cap", "10")
    assert {one["code"]: one["baseline_pence"] for one in moved["allocations"]} == HAD
    for one in moved["allocations"]:
        assert f"£{one['pence'] // 100:,}.{one['pence'] % 100:02}" in said
    # Emptied on the page, nobody knows: the pot goes by list size again.
    emptied = {f"before-{code}": "" for code in HAD}
    assert "Nobody has said what each place had" in text_of(
        client.get(PAGE, {"system": "QM7", "kappa": "50"} | emptied)
    )
    api = {"system": "QM7", "year": YEAR}
    assert client.get(API, api).json()["baselines"] == "by list size"
    assert client.get(API, api | {"kept_baselines": "true"}).json()["baselines"] == f"kept: {made.digest}"


def test_later_baselines_count_and_earlier_ones_stay(kept: Path) -> None:
    keep_baselines(grant("money.allocate"), baseline_file(kept), YEAR)
    later = HAD | {"07H": 1}
    keep_baselines(grant("money.allocate"), baseline_file(kept, later), YEAR)
    found = baselines_of(YEAR, HAD)
    assert found is not None
    assert found.pence == later
    assert len(baselines(YEAR)) == 2
    assert baselines_of(YEAR, [*HAD, "QX1"]) is None


@pytest.mark.parametrize(
    ("text", "says"),
    [("code,pence\n", "at least one"), ("code,pence\n06K,0\n", "06K had 0 p"), ("code\n06K\n", "pence")],
)
def test_baselines_that_cannot_be_are_refused(kept: Path, text: str, says: str) -> None:
    path = kept / "had.csv"
    path.write_text(text)
    with pytest.raises(FileError, match=says):
        keep_baselines(grant("money.allocate"), path, YEAR)
    assert baselines(YEAR) == []


def test_what_was_changed_or_is_not_there_is_said(kept: Path) -> None:
    with pytest.raises(NotFound, match="joinedup allocate baselines"):
        command("--pot-pounds", "1", "--what-if", "kept", "--cap", "1")
    made, _ = keep_baselines(grant("money.allocate"), baseline_file(kept), YEAR)
    path = kept / "kept" / "baselines" / YEAR.replace("/", "-") / f"{made.digest}.csv"
    path.chmod(0o600)
    path.write_text("code,pence\n06K,1\n")
    with pytest.raises(Unavailable, match="damaged"):
        baselines(YEAR)


def test_baselines_are_kept_by_a_command(kept: Path) -> None:
    for words in ("Kept what 3 units had before 2023/24: £1,000,000,000.00", "kept already"):
        done = CliRunner().invoke(allocate, ["baselines", str(baseline_file(kept)), "--year", YEAR])
        assert words in done.stdout


@pytest.mark.parametrize(
    ("name", "said"),
    [("NHS X ICB - 07H West Essex", "West Essex"), ("X and Y - East and North", "East and North")],
)
def test_a_place_without_a_code_before_its_name_keeps_its_first_word(name: str, said: str) -> None:
    assert allocation_map.plain_name(name) == said


# --- MB13, MB15 by commands ----------------------------------------------------------------------------------------


def run(*arguments: str) -> str:
    done = CliRunner().invoke(money, list(arguments))
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.stdout


def test_succession_follows_the_states_of_the_rule_book() -> None:
    before = ["succession", *(f"--predecessor={one}" for one in ("06K=4200000", "06N=-11000000", "07H=1300000"))]
    assert "frozen" in run(*before)
    met = json.loads(run(*before, "--year=2022/23=met", "--year=2023/24=met", "--json"))
    assert (met["net_pence"], met["state"], met["owed_pence"]) == (-550_000_000, "written_off", 0)
    missed = json.loads(run(*before, "--year=2022/23=met", "--year=2023/24=missed", "--json"))
    assert (missed["state"], missed["owed_pence"]) == ("reinstated", 550_000_000)
    assert [step["state"] for step in missed["steps"]] == ["frozen", "year1_met", "reinstated"]
    for wrong in ("--predecessor=06K", "--predecessor=06K=1", "--year=2022/23=maybe", "--year=2022=met"):
        with pytest.raises(RuleError, match=r"MB13|M0"):
            run(*before, wrong)


def test_capital_gains_or_loses_by_the_rates_of_the_year() -> None:
    year = ["capital-change", "--year=2024/25", "--plan-pounds=120", "--fair-share-pounds=100"]
    assert json.loads(run(*year, "--position-pounds=0", "--json"))["change_pence"] == 600
    assert "loses £10.00" in run(*year, "--position-pounds=-1")
    assert "loses £5.00" in run(*year, "--position-pounds=-1", "--cut=.05")
    with pytest.raises(RuleError, match="MB15"):
        run(*year, "--position-pounds=-1", "--cut=.2")
    with pytest.raises(RuleError, match=r"capital\.bonus"):
        run("capital-change", "--year=2026/27", "--plan-pounds=1", "--fair-share-pounds=1", "--position-pounds=0")
