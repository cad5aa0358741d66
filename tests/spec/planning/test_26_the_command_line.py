"""joinedup plan: a template written, filled, taken in, compared and listed; with the system's own codes."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from tests.spec.planning.kept import OURS, THEIRS, handed_in
from tests.spec.planning.plans import activity, commissioner, price, provider
from typer.testing import CliRunner

from joinedup import database
from joinedup.access import service_grant
from joinedup.errors import FileError, NotFound
from joinedup.planning import DatedCode, DatedCodes, PlanLine, PlanVersion, TemplateError, months_of, plan_workbook
from joinedup.planning.commands import plan
from joinedup.planning.models import Line, Plan
from joinedup.planning.plans.system_codes import codes_for
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
    assert found["share_warnings"] == []
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


def test_a_body_is_compared_with_those_it_buys_from_and_never_with_itself() -> None:
    handed_in(OURS)
    handed_in(THEIRS)
    # The board's own running costs, and a council that neither buys from it nor sells to it.
    handed_in(provider(PlanLine("finance", "", "QM7", "", "", "2026/27", "spend", "pence", 5_000_000), owner="QM7"))
    handed_in(provider(PlanLine("finance", "", "606", "", "", "2026/27", "spend", "pence", 7_000_000), owner="606"))
    found = json.loads(answered("check", "--json"))
    assert [(one["commissioner"], one["provider"]) for one in found] == [("QM7", "RWG")]
    with pytest.raises(NotFound, match="no two submitted plans"):
        answered("check", "--provider", "606")
    # One that only the provider names is compared: the commissioner may have left it out.
    handed_in(provider(activity("110", "DC", "2026-10", 12, "RWH"), owner="RWH"))
    assert [one["provider"] for one in json.loads(answered("check", "--json"))] == ["RWG", "RWH"]


def test_money_of_plans_is_said_in_pounds() -> None:
    value = ("finance", "QM7", "RWG", "", "", "2026/27", "contract_value", "pence")
    handed_in(commissioner(PlanLine(*value, 68_602_900)))
    handed_in(provider(PlanLine(*value, 70_317_970)))
    said = " ".join(answered("check").split())
    assert "contract_value 2026/27 £686,029.00 : £703,179.70 £17,150.70 open" in said


def test_check_warns_of_a_share_that_is_not_plausible_and_holds_growth_against_the_year_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = tmp_path / "own.toml"
    own.write_text(
        "\n".join(
            f'[[parameter]]\nid = "{key}"\nvalue = {value}\nunit = "x"\nvalid_from = 2025-04-01\n'
            'status = "adopted"\nsource = "test"\ndecided_by = "test"\n'
            for key, value in (("pairing.share:QM7:RWG", 0.7), ("consistency.inflation", 0.03))
        )
    )
    monkeypatch.setattr("joinedup.planning.system_parameters.FILE", own)

    def spends(year: str, pounds: int) -> PlanLine:
        return PlanLine("finance", "", "RWG", "", "", year, "spend", "pence", pounds * 100)

    units = [activity("110", "DC", "2026-04", 1000), price("110", "DC", 1100), spends("2026/27", 1_030_000)]
    handed_in(OURS)
    before = (units[0]._replace(period="2025-04", value=980), spends("2025/26", 1_000_000))
    handed_in(PlanVersion("RWG", "provider", "2025/26", 1, before))
    handed_in(PlanVersion("RWG", "provider", "2026/27", 1, tuple(units)))
    (found,) = json.loads(answered("check", "--year", "2026/27", "--json"))
    assert found["share_warnings"] == [
        {"unit": "spells", "commissioner_plans": "1120", "provider_plans_for_all": "1000", "implied_share": "1.1200",
         "share_of_patients": "0.7", "would_be": "700"}
    ]  # fmt: skip
    assert "1120 of the 1000 spells that the provider plans for all are 112.0%" in answered("check")
    growth = {one["check"]: one for one in found["checks"]}["productivity: RWG"]
    # 1000/980 more, at 1.03m/1.03/1.00m the same money: 2.04%, of 2%
    assert growth["status"] == "passes", growth
    assert {one["check"]: one["status"] for one in found["checks"]}["agency: RWG"] == "not applicable"


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


def swapped(page: Any) -> None:
    page["D1"], page["E1"] = "Point of delivery", "Service"


def twice(page: Any) -> None:
    for column in range(1, 19):
        page.cell(3, column, page.cell(2, column).value)


def put(cell: str, value: Any) -> Any:
    return lambda page: page.__setitem__(cell, value)


# what is wrong in the sheet         what is said, at which cell
WRONG = [
    (swapped, "cell D1", "'Service' was moved to E1"),
    (put("G2", "nine hundred"), "cell G2", "the text 'nine hundred', expected a number"),
    (put("H2", "=G2"), "cell H2", "the formula =G2"),
    (twice, "cell A3", "the same thing as in A2: each month twice"),
    (put("H1", "Apr 2023"), "cell H1", "a column may not come twice"),
    (put("B2", "RXX"), "cell M2", "a figure for Oct 2023, expected none: the provider RXX (Closed Trust) closed on"),
]


@pytest.mark.usefixtures("hwe")
def test_a_template_that_is_wrong_is_refused_by_sheet_and_cell_and_nothing_of_it_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = DatedCodes(
        [*codes_for("2023/24"), DatedCode("provider", "RXX", "Closed Trust", date(2013, 4, 1), date(2023, 10, 1))]
    )
    monkeypatch.setattr("joinedup.planning.plans.system_codes.codes_for", lambda year: known)
    file = tmp_path / "plan.xlsx"
    lines = [activity("110", "DC", month, 900) for month in months_of("2023/24")]
    for change, where, said in WRONG:
        file.write_bytes(plan_workbook("RWG", "provider", "2023/24", known, lines))
        book = openpyxl.load_workbook(file)
        change(book["Activity"])
        book.save(file)
        with pytest.raises(TemplateError) as refused:
            answered("import", str(file), "--owner", "RWG", "--submit")
        assert "Nothing was loaded" in str(refused.value)
        (found,) = (str(one) for one in refused.value.cells if f"{where}:" in str(one))
        assert "sheet Activity" in found
        assert said in found
    assert not Plan.objects.exists()
    assert not Line.objects.exists()
