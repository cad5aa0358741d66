"""Whatever stands in a table, its files hold the same, and no spreadsheet runs any of it."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
import zipfile
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import given, settings, strategies as st
from openpyxl.utils.escape import unescape

from joinedup.moment import Moment
from joinedup.ui import Column, Export, Provenance, Table, csv_lines, workbook
from joinedup.ui.exports import csv_text, sheet_names

ABOUT = Provenance("A page", Moment(date(2022, 7, 1), datetime(2022, 7, 2, 9, 30, tzinfo=UTC)), "/bodies")
# What a database's text may hold: no NUL and no half characters.
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=40)
RISKY = TEXTS.flatmap(lambda text: st.sampled_from("=+-@\t\r").map(lambda first: first + text))
NUMBERS = st.one_of(
    st.integers(-(10**15), 10**15),
    st.floats(allow_nan=False, allow_infinity=False, width=32),
    st.decimals(-(10**9), 10**9, places=4),
)
ROWS = st.lists(st.fixed_dictionaries({"text": TEXTS | RISKY, "n": NUMBERS | st.none()}), max_size=20)


def export_of(rows: list[dict[str, Any]]) -> Export:
    table = Table([Column("text", "Text"), Column("n", "Number", "number")], rows, caption="Drawn", name="drawn")
    return Export(table, rows)


def data_of(text: str) -> tuple[list[list[str]], str]:
    """The rows of a CSV and its last line, cut where the last line says the data end."""
    last = text.removesuffix("\r\n").rsplit("\r\n", 1)[-1]
    size = int(re.findall(r"first (\d+) bytes", last)[0])
    data = text.encode()[:size]
    assert hashlib.sha256(data).hexdigest() in last
    return list(csv.reader(io.StringIO(data.decode(), newline=""))), last


@given(ROWS)
def test_a_csv_reads_back_and_proves_itself_whole(rows: list[dict[str, Any]]) -> None:
    read, last = data_of("".join(csv_lines(export_of(rows), ABOUT)))
    assert last.startswith(f"# complete: {len(rows)} rows;")
    assert [row[0] for row in read[1:]] == [csv_text(row["text"]) for row in rows]
    for found, row in zip(read[1:], rows, strict=True):
        assert (found[1] == "") if row["n"] is None else (Decimal(found[1]) == Decimal(str(row["n"])))


@given(ROWS)
def test_no_text_of_a_csv_begins_like_a_formula(rows: list[dict[str, Any]]) -> None:
    read, _ = data_of("".join(csv_lines(export_of(rows), ABOUT)))
    assert not [row[0] for row in read if row[0].startswith(("=", "+", "-", "@", "\t", "\r"))]


def test_a_negative_number_stays_a_number() -> None:
    lines = list(csv_lines(export_of([{"text": "-5", "n": -5}]), ABOUT))
    assert lines[1] == '"\'-5",-5\r\n'


def test_a_csv_that_breaks_off_says_so_and_does_not_end_well() -> None:
    class Breaking(dict[str, Any]):
        def get(self, key: str, default: Any = None) -> Any:
            raise OSError("the disk went away")

    taken: list[str] = []
    with pytest.raises(OSError, match="disk"):
        taken.extend(line for line in csv_lines(export_of([{"text": "a", "n": 1}, Breaking()]), ABOUT))
    assert taken[-1].startswith("# broken off after 1 rows")
    assert "# complete" not in "".join(taken)


@settings(max_examples=30)
@given(ROWS)
def test_a_workbook_reads_back_without_a_formula(rows: list[dict[str, Any]]) -> None:
    values, formulas = read_workbook([export_of(rows)])
    assert formulas == 0
    assert [row[0] or "" for row in values["Drawn"][1:]] == [row["text"] for row in rows]
    for found, row in zip(values["Drawn"][1:], rows, strict=True):
        assert found[1] is None if row["n"] is None else float(found[1]) == pytest.approx(float(row["n"]), rel=1e-14)


@given(st.lists(TEXTS, min_size=1, max_size=30))
def test_sheet_names_are_accepted_and_unique(captions: list[str]) -> None:
    names = sheet_names(captions)
    assert len({name.casefold() for name in names} | {"notes", "history"}) == len(names) + 2
    for name in names:
        assert 1 <= len(name) <= 31
        assert not re.search(r"[\[\]:*?/\\\x00-\x1f]", name)
        assert not name.startswith("'")
        assert not name.endswith("'")


def test_days_money_and_large_numbers_keep_their_type() -> None:
    table = Table(
        [Column("day", "Day", "date"), Column("sum", "Sum", "pence"), Column("n", "N", "number")],
        [
            {"day": date(2022, 7, 1), "sum": 123456, "n": 2**53 + 1},
            {"day": date(1899, 12, 31), "sum": -5, "n": float("nan")},
        ],
        caption="Kinds: of [things]",
        name="kinds",
        notes=["A note"],
    )
    export = Export(table, table.rows)
    values, _ = read_workbook([export, export])
    assert list(values) == ["Kinds of things", "Kinds of things 2", "Notes"]
    assert values["Kinds of things"][1:] == [
        (datetime(2022, 7, 1), 1234.56, str(2**53 + 1)),  # noqa: DTZ001
        ("1899-12-31", -0.05, None),
    ]
    lines = list(csv_lines(export, ABOUT))
    assert lines[:3] == [
        '"Day","Sum (£)","N"\r\n',
        '"2022-07-01",1234.56,9007199254740993\r\n',
        '"1899-12-31",-0.05,""\r\n',
    ]
    # A workbook and a CSV of one table carry the same digest, so they can be compared.
    digest = dict(values["Notes"])["SHA-256 of the table as CSV"]
    assert digest in lines[-1]


def test_the_same_table_is_the_same_file() -> None:
    export = export_of([{"text": "a", "n": 1}])
    with workbook([export], ABOUT) as one, workbook([export], ABOUT) as other:
        assert one.read() == other.read()


def test_a_cell_too_long_for_a_workbook_is_cut_and_the_notes_say_so() -> None:
    values, _ = read_workbook([export_of([{"text": "x" * 40_000, "n": 1}])])
    assert len(values["Drawn"][1][0]) == 32_767
    assert "1 cells were longer" in dict(values["Notes"])["shortened"]


def test_the_naughty_strings_go_out_and_come_back(reference: Path) -> None:
    strings = json.loads((reference / "big-list-of-naughty-strings" / "blns.json").read_text())
    assert len(strings) == 515
    rows = [{"text": text, "n": number} for number, text in enumerate(strings)]
    values, formulas = read_workbook([export_of(rows)])
    assert formulas == 0
    assert [row[0] or "" for row in values["Drawn"][1:]] == strings
    read, last = data_of("".join(csv_lines(export_of(rows), ABOUT)))
    assert last.startswith("# complete: 515 rows;")
    assert [row[0] for row in read[1:]] == [csv_text(text) for text in strings]
    assert sum(csv_text(text) != text for text in strings) == 27


def read_workbook(exports: list[Export]) -> tuple[dict[str, list[tuple[Any, ...]]], int]:
    """The values of each sheet, and how many formula cells its XML holds."""
    with workbook(exports, ABOUT) as file:
        data = file.read()
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        formulas = sum(
            len(re.findall(rb"<f[ >/]", archive.read(name))) for name in archive.namelist() if "worksheets" in name
        )
    book = openpyxl.load_workbook(io.BytesIO(data))

    def plain(value: Any) -> Any:
        return unescape(value) if isinstance(value, str) else value

    return {s.title: [tuple(plain(cell.value) for cell in row) for row in s.rows] for s in book}, formulas
