"""MA1, MA2 and M0.6: the published table of weighted populations, and what is refused of it."""

from __future__ import annotations

from decimal import Decimal
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from joinedup.errors import FileError, NotFound, RuleError
from joinedup.money import (
    BlankCell,
    DuplicateCode,
    NormalisationError,
    ShareError,
    WeightedPopulation,
    WeightError,
    blend,
    read_weighted_population,
)
from joinedup.money.allocation.weighted_populations import COLUMNS, ENGLAND

HEADER = "Practice_Code,PCN_Code,PCN_Name,LOC22,LOC22name,ICS22,ICS22name,Patients,pop 2022/23," + ",".join(
    COLUMNS.values()
)


def drawn(folder: Path, *rows: str, header: str = HEADER, bom: bool = False) -> Path:
    """A table of another year, whose columns must add up to the population of its own rows."""
    path = folder / "drawn.csv"
    path.write_text(("\ufeff" if bom else "") + header + "\n" + "".join(row + "\n" for row in rows))
    return path


A = "A1,U1,One,PL,Place,SY,System,90,100," + ",".join(["110"] * 9)
B = "B1,U,Unallocated,PL,Place,SY,System,80,100," + ",".join(["90"] * 9)


@cache
def published(folder: Path) -> WeightedPopulation:
    path = folder / "nhsengland_AIF_Allocation_Tool" / "wp_2022_2023.csv"
    return read_weighted_population(path, year="2022/23", blank="zero")


def test_the_published_table_is_read_whole(reference: Path) -> None:
    table = published(reference)
    assert len(table.practices) == 6554
    assert len(table.systems()) == 42
    assert len({one.place for one in table.practices}) == 106
    for component in COLUMNS:
        whole = sum(one.weighted[component] for one in table.practices)
        assert abs(whole - ENGLAND["2022/23"]) <= Decimal("0.5")


def test_its_blanks_are_reported_and_zeros_are_not_blanks(reference: Path) -> None:
    table = published(reference)
    assert len(table.blanks) == 17
    assert {one.column for one in table.blanks} == {"Mat WP"}
    assert sum(one.weighted["general-and-acute"] == 0 for one in table.practices) == 3


def test_a_blank_is_refused_until_somebody_says_what_it_means(reference: Path) -> None:
    path = reference / "nhsengland_AIF_Allocation_Tool" / "wp_2022_2023.csv"
    with pytest.raises(BlankCell, match="line 1310, field Mat WP"):
        read_weighted_population(path, year="2022/23")
    assert read_weighted_population(path, year="2022/23", components=["core"]).blanks == ()
    ones = read_weighted_population(path, year="2022/23", components=["maternity"], blank="one")
    assert sum(one.weighted["maternity"] == 1 for one in ones.practices) == 17


def test_primary_medical_care_is_a_blend_on_every_row_and_core_is_not(reference: Path) -> None:
    table = published(reference)
    held = {name: {one.code: one.weighted[name] for one in table.practices} for name in COLUMNS}
    blended = blend(held, {"primary-medical-care-need": "0.85", "health-inequalities": "0.15"})
    assert round(blended["D81047"], 4) == Decimal("7487.9727")
    assert round(held["primary-medical-care"]["D81047"], 4) == Decimal("7487.9768")
    assert max(abs(blended[code] - held["primary-medical-care"][code]) for code in blended) < Decimal("0.0043")
    parts = ("general-and-acute", "community", "mental-health", "maternity", "health-inequalities", "prescribing")
    matrix = np.array([[float(held[name][code]) for name in parts] for code in blended])
    core = np.array([float(held["core"][code]) for code in blended])
    shares, *_ = np.linalg.lstsq(matrix, core, rcond=None)
    assert shares.round(3).tolist() == [0.619, 0.051, 0.106, 0.032, 0.1, 0.091]
    assert abs(matrix @ shares - core).max() == pytest.approx(512.5, abs=0.1)


def test_an_invented_blend() -> None:
    weights = dict(zip("gcmtip", (9800, 10400, 12100, 8700, 13500, 9900), strict=True))
    shares = dict(zip("gcmtip", (".62", ".05", ".11", ".03", ".10", ".09"), strict=True))
    assert blend({name: {"u": Decimal(wp)} for name, wp in weights.items()}, shares) == {"u": Decimal("10429.00")}


def test_shares_that_make_no_whole_are_refused() -> None:
    held = {"core": {"u": Decimal(1)}, "community": {"u": Decimal(1), "v": Decimal(1)}}
    with pytest.raises(ShareError, match=r"make 0\.9; expected exactly 1"):
        blend(held, {"core": "0.4", "community": "0.5"})
    with pytest.raises(ShareError, match="Did you mean 'core'"):
        blend(held, {"cor": 1})
    with pytest.raises(ShareError, match="expected 0 or more"):
        blend(held, {"core": "1.5", "community": "-0.5"})
    with pytest.raises(WeightError, match="'v' has no 'core'"):
        blend(held, {"core": "0.5", "community": "0.5"})


def test_a_table_with_a_byte_order_mark_and_spaces_in_its_header(tmp_path: Path) -> None:
    header = HEADER.replace("Patients,", " Patients ,")
    table = read_weighted_population(drawn(tmp_path, A, B, header=header, bom=True), year="2030/31")
    assert [one.path() for one in table.practices] == [("SY", "PL", "U1", "A1"), ("SY", "PL", "U", "B1")]
    assert table.names[("system", "SY")] == "System"


@pytest.mark.parametrize(
    ("rows", "error", "said"),
    [
        ((A,), NormalisationError, "adds up to 110.00; expected 100.00"),
        ((A, B, A), DuplicateCode, "line 4, field Practice_Code"),
        ((A, B.replace(",90,", ",,", 1)), BlankCell, "line 3"),
        ((A, B.replace("PL,", ",", 1)), BlankCell, "field LOC22"),
        ((A, B.replace(",90,", ",lots,", 1)), FileError, "'lots' is no number"),
        ((A, B.replace(",90,", ",-90,", 1)), FileError, "'-90' is no number of 0 or more"),
        ((A, B.replace(",90,", ",NaN,", 1)), FileError, "'NaN' is no number"),
        ((A, B.replace(",80,", ",8.5,", 1)), FileError, "field Patients"),
    ],
)
def test_what_is_wrong_is_named_by_line_and_field(
    tmp_path: Path, rows: tuple[str, ...], error: type[Exception], said: str
) -> None:
    with pytest.raises(error, match=said):
        read_weighted_population(drawn(tmp_path, *rows), year="2030/31")


def test_the_table_of_2022_23_adds_up_to_england_and_to_nothing_else(tmp_path: Path) -> None:
    with pytest.raises(NormalisationError, match="61,498,822"):
        read_weighted_population(drawn(tmp_path, A, B), year="2022/23")


def test_words_that_mean_nothing_are_refused(tmp_path: Path) -> None:
    path = drawn(tmp_path, A, B)
    with pytest.raises(RuleError, match="no financial year"):
        read_weighted_population(path, year="2022/24")
    with pytest.raises(RuleError, match="expected zero, one or error"):
        read_weighted_population(path, year="2030/31", blank="two")
    with pytest.raises(NotFound, match="Did you mean 'maternity'"):
        read_weighted_population(path, year="2030/31", components=["maternty"])
