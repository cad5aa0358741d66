"""GP practices from the Organisation Data Service's list: added where they are not known, in their own days."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from joinedup.access import Grant
from joinedup.errors import FileError
from joinedup.system import load_practices
from joinedup.system.lookup import ods_codes_of
from joinedup.system.practice_file import read_practices

pytestmark = pytest.mark.django_db

# Columns as published: 1 code, 2 name, 10 postcode, 11 opened, 12 closed, 13 status, 15 commissioner, 16 joined,
# 17 left, 26 prescribing setting. 27 in all, no header.


def row(code: str, name: str = "THE OLD SURGERY", **more: str) -> list[str]:
    values = [""] * 27
    values[0], values[1], values[2], values[3] = code, name, "Y61", "QM7"
    values[9] = more.get("postcode", "ZH1 1AA")
    values[10], values[11] = more.get("opened", "19740401"), more.get("closed", "")
    values[12], values[13] = more.get("status", "A"), "B"
    values[14], values[15], values[16] = more.get("of", "06K"), more.get("joined", "20130401"), more.get("left", "")
    values[17], values[21], values[25] = "00000 000000", "0", more.get("setting", "4")
    return values


def write(folder: Path, *rows: list[str]) -> Path:
    path = folder / "epraccur.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, quoting=csv.QUOTE_ALL).writerows(rows)
    return path


def test_a_practice_becomes_a_body_with_code_name_site_and_commissioner(
    three_systems: None, see: Callable[..., Any], grant: Grant, tmp_path: Path
) -> None:
    path = write(
        tmp_path,
        row("Z00001", "THE OLD SURGERY"),
        row("Z00002", "Mill Lane", closed="20200331", status="C"),
        row("Z00003", setting="2"),  # out of hours: no practice
        row("Z00004", status="P"),  # proposed only
        row("Z00005", of="ZZZ"),  # a commissioner that nobody knows
    )
    done = load_practices(path, grant, is_simulated=True)
    assert (done.listed, done.known, done.left_out) == (3, 0, 2)
    assert dict(done.unknown_commissioners) == {"ZZZ": 1}
    assert dict(done.added) == {
        "Body": 3, "Standing": 3, "Name": 3, "Identifier": 3, "Site": 3, "Serving": 2, "Link": 0}  # fmt: skip
    today = see("2022-08-01")
    surgery = today.body("Z00001")
    assert (surgery.name, surgery.kind, surgery.code) == ("The Old Surgery", "gp_practice", "Z00001")
    served = {body: role for body, _area, role, _share in today.servings([today.area("06K").id])}
    assert served[surgery.id] == "located_in"
    assert not today.body("Z00002").exists
    assert see("2020-03-31").body("Z00002").name == "Mill Lane"  # the published end is its last day
    assert ods_codes_of([surgery.id]) == {surgery.id: frozenset({"Z00001"})}


def test_the_same_list_again_changes_nothing(
    three_systems: None, grant: Grant, tmp_path: Path, rows: Callable[[], dict[str, int]]
) -> None:
    path = write(tmp_path, row("Z00001"), row("Z00002"))
    load_practices(path, grant)
    before = rows()
    assert load_practices(path, grant).is_unchanged
    after = rows()
    assert {table for table in after if after[table] != before[table]} == {"access_auditentry", "access_unsealed"}


def test_a_later_list_adds_only_what_is_not_known(
    three_systems: None, see: Callable[..., Any], grant: Grant, tmp_path: Path
) -> None:
    load_practices(write(tmp_path, row("Z00001", "OLD NAME")), grant)
    done = load_practices(write(tmp_path, row("Z00001", "NEW NAME"), row("Z00002")), grant)
    assert (done.listed, done.known, done.added["Body"]) == (2, 1, 1)
    assert see("2022-08-01").body("Z00001").name == "Old Name"


WRONG = [
    ([row("Z00001")[:26]], 1, None, "expected 27 columns and no header"),
    ([["code", "name"] + ["x"] * 25], 1, "status code", "is no status"),
    ([row("Z00001"), row("z 1")], 2, "organisation code", "expected an ODS code"),
    ([row("Z00001", "")], 1, "name", "is empty"),
    ([row("Z00001", opened="")], 1, "open date", "is empty"),
    ([row("Z00001", opened="20220230")], 1, "open date", "'20220230' is not a date"),
    ([row("Z00001", opened="2022-02-03")], 1, "open date", "expected yyyymmdd"),
    ([row("Z00001", closed="19740331", status="C")], 1, "close date", "closed before it opened"),
    ([row("Z00001"), row("Z00001")], 2, "organisation code", "stands twice"),
    ([], 1, None, "is empty"),
]


@pytest.mark.parametrize(("lines", "line", "field", "says"), WRONG)
def test_a_list_that_cannot_be_trusted_is_refused_with_its_place(
    lines: list[list[str]], line: int, field: str | None, says: str, tmp_path: Path
) -> None:
    with pytest.raises(FileError, match=says) as error:
        list(read_practices(write(tmp_path, *lines)))
    assert (error.value.line, error.value.field) == (line, field)


def test_a_list_that_breaks_off_or_is_another_encoding_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "epraccur.csv"
    path.write_text('"Z00001","A"', encoding="utf-8")
    with pytest.raises(FileError, match="breaks off"):
        list(read_practices(path))
    path.write_bytes('"Z00001","Café"\n'.encode("latin-1"))
    with pytest.raises(FileError, match="expected UTF-8; byte 0xe9"):
        list(read_practices(path))
    with pytest.raises(FileError, match="cannot be read"):
        list(read_practices(tmp_path / "none.csv"))


def test_a_body_answers_for_the_codes_of_those_that_ended_in_it(three_systems: None, see: Callable[..., Any]) -> None:
    group = see("2020-06-01").body("15M")  # four groups merged into it in 2019, and it was dissolved into the board
    board = see("2022-08-01").body("QJ2")
    codes = ods_codes_of([group.id, board.id])
    assert len(codes[group.id]) == 5
    assert codes[board.id] >= codes[group.id] | {"QJ2"}
