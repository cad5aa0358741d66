"""Following a code through the succession: chains, several successors, and codes that live on beside them."""

from __future__ import annotations

from datetime import date
from functools import cache
from pathlib import Path

import pytest

from joinedup.errors import RuleError
from joinedup.system import published
from joinedup.system.succession import SuccessionReport, index, report, resolve, walk_back

D = date.fromisoformat
Entry = tuple[str, str, date]

# As published: old code, new code, since when.
ROWS: list[Entry] = [
    ("07L", "A3A8R", D("2021-04-01")),
    ("07T", "A3A8R", D("2021-04-01")),
    ("08F", "A3A8R", D("2021-04-01")),
    ("08M", "A3A8R", D("2021-04-01")),
    ("08N", "A3A8R", D("2021-04-01")),
    ("08V", "A3A8R", D("2021-04-01")),
    ("08W", "A3A8R", D("2021-04-01")),
    ("03X", "15M", D("2019-04-01")),
    ("03Y", "15M", D("2019-04-01")),
    ("04J", "15M", D("2019-04-01")),
    ("04R", "15M", D("2019-04-01")),
    ("RW6", "RM3", D("2021-10-01")),
    ("RW6", "R0A", D("2021-10-01")),
    ("4CG71", "4CG71", D("2000-10-01")),
    ("4CG71", "5CJ", D("2000-10-01")),
    ("4CG71", "5CJ", D("2001-04-01")),
    ("5CJ", "5KT", D("2003-01-01")),
    ("4KX17", "4KX17", D("2000-04-01")),
    ("4KX17", "5AD", D("2000-04-01")),
    ("4KX17", "5GY", D("2001-04-01")),
    ("5AD", "5GY", D("2001-04-01")),
]

# code     on            has become
BECOMES = [
    ("08V", "2021-03-31", {"08V"}),
    ("08V", "2021-04-01", {"A3A8R"}),
    ("07L", "2021-04-01", {"A3A8R"}),
    ("03X", "2019-03-31", {"03X"}),
    ("03X", "2019-04-01", {"15M"}),
    ("RW6", "2021-09-30", {"RW6"}),
    ("RW6", "2021-10-01", {"R0A", "RM3"}),
    ("4CG71", "2000-09-30", {"4CG71"}),
    ("4CG71", "2000-10-01", {"4CG71", "5CJ"}),
    ("4CG71", "2001-03-31", {"4CG71", "5CJ"}),
    ("4CG71", "2001-04-01", {"5CJ"}),
    ("4CG71", "2003-01-01", {"5KT"}),
    ("4KX17", "2000-03-31", {"4KX17"}),
    ("4KX17", "2000-04-01", {"4KX17", "5AD"}),
    ("4KX17", "2001-04-01", {"5GY"}),
    ("06K", "2022-07-01", {"06K"}),  # no row of this file: the code went on as a sub-ICB location
]


@pytest.mark.parametrize(("code", "on", "expected"), BECOMES)
def test_what_a_code_has_become(code: str, on: str, expected: set[str]) -> None:
    """Rules: T6, T7; on drawn rows."""
    assert resolve(code, D(on), index(ROWS)) == expected


@cache
def published_rows(folder: Path) -> tuple[Entry, ...]:
    path = published.find_files(folder)["ods_succession_all.csv"]
    rows = published.rows(path, "old_code", "new_code", "date")
    return tuple((row["old_code"], row["new_code"], D(row["date"])) for _, row in rows)


@pytest.mark.parametrize(("code", "on", "expected"), BECOMES)
def test_what_a_code_has_become_by_the_published_file(reference: Path, code: str, on: str, expected: set[str]) -> None:
    """Rules: T6, T7."""
    assert resolve(code, D(on), index(published_rows(reference))) == expected


def test_what_the_published_file_holds(reference: Path) -> None:
    """Rules: T6, T7. Its own figures, and which codes became A3A8R and 15M."""
    rows = published_rows(reference)
    found = report(rows)
    assert (found.rows, found.self_rows, found.old_codes, found.longest_chain) == (25_480, 39, 24_805, 5)
    assert (found.one_to_many, found.many_to_one) == (505, 993)
    assert (len(found.pairs_with_two_dates), found.two_dates_without_self_row) == (35, ())
    assert (min(on for *_, on in rows), max(on for *_, on in rows)) == (D("1992-04-01"), D("2022-04-01"))
    assert {old for old, new, _ in rows if new == "A3A8R"} == {"07L", "07T", "08F", "08M", "08N", "08V", "08W"}
    assert {old for old, new, _ in rows if new == "15M"} == {"03X", "03Y", "04J", "04R"}
    assert not {"06K", "06N", "07H"} & {code for row in rows for code in row[:2]}


def test_a_list_of_trusts_without_dates_is_a_claim(reference: Path) -> None:
    """Rules: T9. Of 242 listed trusts 29 had a successor by 2022-04-01, R1J since 2019-10-01."""
    listed = [item["ods_code"] for item in published.items(published.find_files(reference)["trusts.json"])]
    by_old = index(published_rows(reference))
    gone = [code for code in listed if code not in resolve(code, D("2022-04-01"), by_old)]
    assert (len(listed), len(gone)) == (242, 29)
    assert resolve("R1J", D("2019-09-30"), by_old) == {"R1J"}
    assert resolve("R1J", D("2019-10-01"), by_old) == {"RTQ"}


def test_the_ccgs_of_england_walked_back(reference: Path) -> None:
    """106 CCGs stood on 2021-04-01; before them 135, 191 and 211. Only 36 of the 106 occur in the succession."""
    lineage = published.find_files(reference)["area_lineage_2021_to_2022.csv"]
    most: dict[str, tuple[int, str]] = {}
    for _, row in published.rows(lineage, "ccg21_code", "sicbl22_code_h", "lsoas"):
        here = (int(row["lsoas"]), row["sicbl22_code_h"])
        most[row["ccg21_code"]] = max(most.get(row["ccg21_code"], (0, "")), here)
    codes = {code for _, code in most.values()}
    rows = [row for row in published_rows(reference) if row[2] <= D("2021-04-01")]
    assert len(codes) == 106
    assert len(codes & {code for row in rows for code in row[:2]}) == 36
    days = ["2013-04-01", "2019-04-01", "2020-04-01", "2021-04-01"]
    assert [len(walk_back(codes, D(day), rows)) for day in days] == [211, 191, 135, 106]


def test_a_figure_of_each_kind_in_the_report() -> None:
    found = report(ROWS)
    assert found == SuccessionReport(
        rows=21,
        self_rows=2,
        old_codes=16,
        longest_chain=2,
        one_to_many=2,
        many_to_one=3,
        pairs_with_two_dates=(("4CG71", "5CJ"),),
        two_dates_without_self_row=(),
    )


def test_a_second_date_without_a_self_row_is_reported() -> None:
    """Rules: T7. Without the self row nothing says that the old code lived on after the first date."""
    rows = [("A", "B", D("2001-01-01")), ("A", "B", D("2002-01-01"))]
    assert report(rows).two_dates_without_self_row == (("A", "B"),)


@pytest.mark.parametrize(
    "circle", [[("A", "B"), ("B", "A")], [("A", "B"), ("B", "C"), ("C", "A")], [("X", "A"), ("A", "B"), ("B", "A")]]
)
def test_a_circle_is_refused_with_its_codes(circle: list[tuple[str, str]]) -> None:
    """Rules: V3."""
    rows = [(old, new, D("2001-01-01")) for old, new in circle]
    with pytest.raises(RuleError, match=r"circle: .*A"):
        report(rows)
    with pytest.raises(RuleError, match="circle"):
        resolve(circle[0][0], D("2001-01-01"), index(rows))
    assert resolve(circle[0][0], D("2000-12-31"), index(rows)) == {circle[0][0]}


def test_walking_back_keeps_a_code_that_lived_on() -> None:
    """Rules: T7. On the day before, the old code alone; a code nobody became stays itself."""
    rows = [("A", "A", D("2005-01-01")), ("A", "B", D("2005-01-01"))]
    assert walk_back({"A", "B", "Z"}, D("2004-12-31"), rows) == {"A", "Z"}
    assert walk_back({"A", "B", "Z"}, D("2005-01-01"), rows) == {"A", "B", "Z"}
