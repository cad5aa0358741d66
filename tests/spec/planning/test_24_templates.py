"""Plan templates: written by joinedup, filled by partners, read back whole or not at all (MD1, M0.6)."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from tests.spec.planning.plans import activity

from joinedup.errors import FileError, RuleError
from joinedup.planning import (
    DatedCode,
    DatedCodes,
    LineError,
    PlanLine,
    PlanVersion,
    TemplateError,
    import_plan,
    months_of,
    own_codes,
    plan_csv,
    plan_workbook,
)

START = date(2019, 4, 1)
CODES = DatedCodes([
    *own_codes(), DatedCode("commissioner", "QM7", "Hertfordshire and West Essex", START),
    DatedCode("provider", "RWG", "West Hertfordshire", START), DatedCode("provider", "RWH", "East and North", START),
    DatedCode("provider", "RXX", "Closed Trust", START, date(2026, 10, 1)),
    DatedCode("provider", "ROLD", "Gone Trust", START, date(2025, 4, 1)), DatedCode("place", "06N", "South", START),
])  # fmt: skip
MONTHS = months_of("2026/27")


def year_of_lines(line: PlanLine) -> list[PlanLine]:
    return [line._replace(period=month) for month in MONTHS]


LINES = [
    *year_of_lines(activity("110", "DC", "2026-04", 940)),
    *year_of_lines(activity("110", "DC", "2026-04", Decimal("10.5"))._replace(place="06N")),
    PlanLine("finance", "QM7", "RWG", "110", "DC", "2026/27", "unit_price", "pence a unit", 110_099),
    *year_of_lines(PlanLine("finance", "QM7", "RWG", "", "", "2026-04", "contract_value", "pence", -123_456_789)),
    *year_of_lines(PlanLine("workforce", "", "RWG", "", "NURSE", "2026-04", "in_post", "WTE", Decimal("452.3"), "06N")),
    *year_of_lines(PlanLine("performance", "QM7", "RWG", "110", "", "2026-04", "rtt-18", "percent", 620, of=1000)),
    PlanLine("performance", "", "RWG", "", "", "2026/27", "beds", "beds", 256),
]  # fmt: skip


def workbook(lines: list[PlanLine] = LINES, side: str = "provider") -> bytes:
    return plan_workbook("RWG", side, "2026/27", CODES, lines)


@cache
def whole_workbook() -> bytes:
    return workbook()


def read(path: Path, **others: Any) -> PlanVersion:
    return import_plan(path, **{"template": "plan", "owner": "RWG", "codes": CODES} | others)


Change = Callable[[Any], None]


@pytest.fixture
def filled(tmp_path: Path) -> Callable[[Change], Path]:
    """Answer a maker of a filled workbook in which somebody changed something."""

    def make(change: Change) -> Path:
        book = openpyxl.load_workbook(io.BytesIO(whole_workbook()))
        change(book)
        path = tmp_path / "plan.xlsx"
        book.save(path)
        return path

    return make


def faults(path: Path, **others: Any) -> dict[str, str]:
    with pytest.raises(TemplateError) as refused:
        read(path, **others)
    assert "Nothing was loaded" in str(refused.value)
    return {f"{one.sheet}!{one.cell}": str(one) for one in refused.value.cells}


@pytest.mark.parametrize("form", ["xlsx", "csv"])
def test_what_was_written_is_read_back(tmp_path: Path, form: str) -> None:
    path = tmp_path / f"plan.{form}"
    if form == "xlsx":
        path.write_bytes(workbook())
    else:
        path.write_text(plan_csv("RWG", "provider", "2026/27", LINES), newline="")
    plan = read(path, year="2026/27")
    assert sorted(plan.lines, key=str) == sorted(LINES, key=str)
    assert plan.content_hash == PlanVersion("RWG", "provider", "2026/27", 1, tuple(LINES)).content_hash
    assert (plan.owner, plan.side, plan.year, plan.state) == ("RWG", "provider", "2026/27", "draft")


@pytest.mark.parametrize("read_only", [True, False])
def test_the_workbook_opens_without_a_warning_and_holds_no_formula(read_only: bool) -> None:
    book = openpyxl.load_workbook(io.BytesIO(whole_workbook()), read_only=read_only)  # Warnings are errors here.
    assert book.sheetnames == ["Read me", "About", "Activity", "Workforce", "Finance", "Performance", "Codes"]
    for page in book:
        for row in page.iter_rows():
            assert all(getattr(cell, "data_type", "n") != "f" for cell in row)
    about = {row[0].value: row[1].value for row in book["About"].iter_rows(max_col=2)}
    assert about == {"Template": "plan", "Template version": "1", "Owner": "RWG", "Side": "provider", "Year": "2026/27"}


def test_names_of_columns_are_locked_figures_are_open_and_lists_are_offered() -> None:
    page = openpyxl.load_workbook(io.BytesIO(whole_workbook()))["Activity"]
    assert page.protection.sheet
    assert page["A1"].protection.locked
    assert not page["G2"].protection.locked
    assert [cell.value for cell in page[1]][:8] == [
        "Commissioner", "Provider", "Place", "Service", "Point of delivery", "Unit", "Apr 2026", "May 2026",
    ]  # fmt: skip
    assert page["S1"].value == "Year 2026/27"
    rules = {str(rule.sqref): rule.formula1 for rule in page.data_validations.dataValidation}
    assert rules["B2:B20001"].startswith("Codes!$C$2:$C$")
    assert page.freeze_panes == "G2"
    offered = openpyxl.load_workbook(io.BytesIO(whole_workbook()))["Codes"]
    assert [cell.value for cell in offered["C"] if cell.value] == [
        "Provider",
        "RWG",
        "RWH",
        "RXX",
    ]  # not the one that is gone


# What LibreOffice says of its own installation where it has no Java; nothing in a workbook needs one.
ABOUT_JAVA = "javaldx"
TEMPLATES: dict[str, tuple[str, list[PlanLine]]] = {
    "filled": ("provider", LINES),
    "bought": ("commissioner", [line for line in LINES if line.commissioner]),
    "empty": ("provider", []),
}


@pytest.fixture(scope="module")
def saved_by_libreoffice(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The templates, opened and saved again by LibreOffice: one start of it for all, with a home of its own."""
    program = shutil.which("soffice")
    if program is None:
        pytest.skip("no LibreOffice here; to run this too: apt-get install libreoffice-calc")
    home = tmp_path_factory.mktemp("libreoffice")
    for name, (side, lines) in TEMPLATES.items():
        (home / f"{name}.xlsx").write_bytes(workbook(lines, side))
    made = subprocess.run(
        [program, f"-env:UserInstallation=file://{home}/profile", "--headless", "--norestore", "--convert-to", "xlsx",
         "--outdir", str(home / "saved"), *(str(home / f"{name}.xlsx") for name in TEMPLATES)],
        capture_output=True, text=True, timeout=300, check=True, env=os.environ | {"HOME": str(home)},
    )  # fmt: skip
    said = [line for line in made.stderr.splitlines() if line.strip() and ABOUT_JAVA not in line]
    assert not said
    return home / "saved"


@pytest.mark.parametrize("name", list(TEMPLATES))
def test_a_template_that_libreoffice_opened_and_saved_is_read_back_as_it_was(
    saved_by_libreoffice: Path, name: str
) -> None:
    side, lines = TEMPLATES[name]
    plan = read(saved_by_libreoffice / f"{name}.xlsx", year="2026/27")
    assert plan.content_hash == PlanVersion("RWG", side, "2026/27", 1, tuple(lines)).content_hash
    assert (plan.side, len(plan.lines)) == (side, len(lines))
    book = openpyxl.load_workbook(saved_by_libreoffice / f"{name}.xlsx")  # Warnings are errors here.
    assert book.sheetnames == ["Read me", "About", "Activity", "Workforce", "Finance", "Performance", "Codes"]


def test_empty_templates_and_rows_without_figures_are_passed_over(tmp_path: Path, filled: Any) -> None:
    path = tmp_path / "empty.xlsx"
    path.write_bytes(workbook([]))
    assert read(path).lines == ()

    def prepare(book: Any) -> None:
        for column, value in enumerate(["QM7", "RWH", None, "100", "EL", "spells"], start=1):
            book["Activity"].cell(9, column, value)

    assert len(read(filled(prepare)).lines) == len(LINES)


def put(sheet: str, cell: str, value: Any) -> Change:
    def change(book: Any) -> None:
        book[sheet][cell] = value

    return change


@pytest.mark.parametrize(
    ("change", "where", "said"),
    [
        (put("Activity", "G2", "nine hundred"), "Activity!G2", "found the text 'nine hundred', expected a number"),
        (put("Activity", "G2", "1,940"), "Activity!G2", "Type 1940 as a number"),
        (put("Activity", "H3", "=G3*2"), "Activity!H3", "the formula =G3*2, expected a number. Replace"),
        (put("Activity", "A2", '=HYPERLINK("x")'), "Activity!A2", "formula"),
        (put("Activity", "G2", None), "Activity!G2", "found nothing, expected a number"),
        (put("Activity", "G2", -1), "Activity!G2", "expected 0 or more"),
        (put("Activity", "G2", True), "Activity!G2", "a yes or no"),
        (put("Activity", "G2", date(2026, 4, 1)), "Activity!G2", "a date"),
        (put("Activity", "G2", 0.12345678), "Activity!G2", "at most 6 decimals"),
        (put("Activity", "B2", "RWQ"), "Activity!B2", "there is no provider 'RWQ'. Did you mean 'RW"),
        (put("Activity", "B2", "ROLD"), "Activity!B2", "the provider ROLD (Gone Trust) closed on 2025-04-01"),
        (put("Activity", "D2", None), "Activity!D2", "expected a service"),
        (put("Activity", "F2", "attendances"), "Activity!F2", "expected 'spells', in which DC is counted"),
        (put("Activity", "S2", 9), "Activity!S2", "the year beside its months: each month twice"),
        (put("Activity", "T2", 9), "Activity!T2", "no more columns"),
        (put("Activity", "C3", None), "Activity!A3", "the same thing as in A2: each month twice"),
        (put("Activity", "H1", "Apr 2026"), "Activity!H1", "a column may not come twice"),
        (put("Activity", "D1", "Sevice"), "Activity!D1", "expected the column 'Service'. Name the column"),
        (put("Activity", "T1", "Total"), "Activity!T1", "the template has no such column"),
        (put("Finance", "G2", "pounds"), "Finance!G2", "'pounds a unit', in which unit_price is counted"),
        (put("Finance", "F2", "unit_prise"), "Finance!F2", "Did you mean 'unit_price'?"),
        (put("Finance", "H3", 0.001), "Finance!H3", "pounds with at most two decimals"),
        (put("Performance", "G2", "part"), "Performance!G2", "numerator or denominator"),
        (put("Performance", "G4", "numerator"), "Performance!G4", "expected nothing"),
        (put("Performance", "J3", 0), "Performance!J3", "a denominator of 0 in Jun 2026"),
        (put("About", "B3", "RWH"), "About!B3", "expected Owner RWG"),
        (put("About", "B1", "budget"), "About!B1", "expected Template plan"),
        (put("About", "B4", "payer"), "About!B4", "commissioner or provider"),
        (put("About", "B5", "2026"), "About!B5", "is no period"),
    ],
)  # fmt: skip
def test_each_fault_is_named_by_sheet_and_cell(filled: Any, change: Change, where: str, said: str) -> None:
    found = faults(filled(change))
    assert where in found, found
    assert said in found[where]


def test_every_fault_is_named_at_once(filled: Any) -> None:
    def change(book: Any) -> None:
        book["Activity"]["G2"] = "x"
        book["Activity"]["B3"] = "RXY"
        book["Activity"]["I3"] = "=1"
        book["Workforce"]["D2"] = "inpost"
        book["Finance"]["H3"] = "12 pounds"

    found = faults(filled(change))
    assert set(found) == {"Activity!G2", "Activity!B3", "Activity!I3", "Workforce!D2", "Finance!H3"}
    with pytest.raises(TemplateError, match=r"(?s)plan.xlsx: 5 cells cannot be read.*Correct these cells"):
        read(filled(change))


def test_a_closed_provider_has_figures_up_to_its_last_month_only(filled: Any) -> None:
    def until_september(book: Any) -> None:
        book["Activity"]["B2"] = "RXX"
        for cell in book["Activity"][2][12:18]:
            cell.value = None

    plan = read(filled(until_september))
    assert max(line.period for line in plan.lines if line.provider == "RXX") == "2026-09"

    def all_year(book: Any) -> None:
        book["Activity"]["B2"] = "RXX"

    found = faults(filled(all_year))
    assert set(found) == {f"Activity!{letter}2" for letter in "MNOPQR"}
    assert (
        "a figure for Oct 2026, expected none: the provider RXX (Closed Trust) closed on 2026-10-01"
        in found["Activity!M2"]
    )


def test_moved_columns_and_missing_sheets_are_named(filled: Any) -> None:
    def swap(book: Any) -> None:
        book["Activity"]["D1"], book["Activity"]["E1"] = "Point of delivery", "Service"

    found = faults(filled(swap))
    assert "'Service' was moved to E1; put the columns back in order" in found["Activity!D1"]
    assert "'Point of delivery' was moved to D1" in found["Activity!E1"]

    def rename(book: Any) -> None:
        book["Workforce"].title = "Staff"
        del book["Finance"]

    found = faults(filled(rename))
    assert set(found) == {"Workforce!A1", "Finance!A1"}

    def without_about(book: Any) -> None:
        del book["About"]

    assert "About!A1" in faults(filled(without_about))


def test_a_percentage_needs_both_its_rows(filled: Any) -> None:
    def drop(book: Any) -> None:
        for cell in book["Performance"][3]:
            cell.value = None

    assert "a row of its denominator, too" in next(iter(faults(filled(drop)).values()))


def test_a_blank_is_zero_only_when_the_caller_says_so(filled: Any) -> None:
    path = filled(put("Activity", "G2", None))
    lines = read(path, blank="zero").lines
    assert next(line for line in lines if line.pod == "DC" and not line.place and line.period == "2026-04").value == 0
    with pytest.raises(RuleError, match="one of error, zero"):
        read(path, blank="one")


def test_what_is_no_template_is_refused(tmp_path: Path, filled: Any) -> None:
    (tmp_path / "not.xlsx").write_bytes(b"nothing")
    with pytest.raises(FileError, match="expected an XLSX workbook or a CSV"):
        read(tmp_path / "not.xlsx")
    import zipfile

    with zipfile.ZipFile(tmp_path / "zip.xlsx", "w") as packed:
        packed.writestr("a.txt", "x")
    with pytest.raises(FileError, match="expected an XLSX workbook"):
        read(tmp_path / "zip.xlsx")
    for missing in ("none.xlsx", "none.csv"):
        with pytest.raises(FileError, match="no such file"):
            read(tmp_path / missing)
    with pytest.raises(RuleError, match="no template 'budget'"):
        read(filled(put("About", "B1", "budget")), template="budget")
    assert "About!B5" in faults(filled(put("About", "B5", "2025/26")), year="2026/27")


def test_a_csv_names_its_cells_too(tmp_path: Path) -> None:
    path = tmp_path / "plan.csv"
    whole = plan_csv("RWG", "provider", "2026/27", LINES)
    for old, new, where, said in (
        (
            "activity,QM7,RWG,,110,DC,,,spells,,940",
            "activity,QM7,RWG,,110,DC,,,spells,,9x",
            "plan.csv!K3",
            "the text '9x'",
        ),
        (
            "activity,QM7,RWG,,110,DC,,,spells,,940",
            "activity,QM7,RWG,,110,DC,,,spells,,=1",
            "plan.csv!K3",
            "formula =1",
        ),
        ("activity,QM7,RWG,,110", "actvity,QM7,RWG,,110", "plan.csv!A3", "Did you mean 'activity'?"),
        ("activity,QM7,RWG,,110", "activity,QM7,RWQ,,110", "plan.csv!C3", "no provider 'RWQ'"),
        ("Service,Point", "Point,Service", "plan.csv!E2", "column 'Service'"),
        ("Owner,RWG", "Owner,RWH", "About!F1", "expected Owner RWG"),
    ):
        assert old in whole
        path.write_text(whole.replace(old, new, 1), newline="")
        found = faults(path)
        assert where in found, found
        assert said in found[where]
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(FileError, match="CSV in UTF-8"):
        read(path)


def test_only_lines_of_the_template_are_written() -> None:
    with pytest.raises(RuleError, match="not of the 'payer'"):
        workbook(side="payer")
    with pytest.raises(RuleError, match="this template is for 2026/27"):
        workbook([activity("110", "DC", "2025-04", 1)])
    with pytest.raises(RuleError, match="no measure 'gold'"):
        workbook([PlanLine("finance", "QM7", "RWG", "", "", "2026-04", "gold", "pence", 1)])
    with pytest.raises(LineError):
        workbook([activity("110", "DC", "2026-04", -1)])


def test_codes_say_why_they_do_not_hold() -> None:
    assert CODES.why_not("provider", "RWG", START) == ""
    assert "begins on 2019-04-01" in CODES.why_not("provider", "RWG", date(2018, 1, 1))
    assert "closed on 2025-04-01" in CODES.why_not("provider", "ROLD", date(2025, 4, 1))
    with pytest.raises(RuleError, match="no kind of code"):
        DatedCodes([DatedCode("ward", "1", "One", START)])
