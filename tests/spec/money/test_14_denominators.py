"""MA10: people registered and people resident are never mixed."""

from __future__ import annotations

import csv
from collections import Counter
from datetime import date
from pathlib import Path

import pytest

from joinedup.money import (
    Crosswalk,
    DenominatorError,
    People,
    crosswalk_on,
    pence_per_head,
    registered_per_resident,
    resident_to_registered,
)

PATIENTS = {"PR1": {"L1": 600, "L2": 400}, "PR2": {"L1": 100, "L2": 700, "outside": 200}}
YEAR = Crosswalk(PATIENTS, date(2022, 4, 1), date(2023, 4, 1), "drawn")


def test_more_people_are_registered_than_live_there(reference: Path) -> None:
    folder = reference / "hwe_derived"
    registered: Counter[str] = Counter()
    with (folder / "hwe_practices_weighted_populations_2022_23.csv").open(encoding="utf-8-sig") as file:
        for row in csv.DictReader(file):
            registered[row["LOC22"]] += int(row["Patients"])
    resident: Counter[str] = Counter()
    with (folder / "hwe_lsoa11_master.csv").open(encoding="utf-8-sig") as file:
        for row in csv.DictReader(file):
            resident[row["sicbl22_code_h"]] += int(row["pop_total"])
    assert registered == {"06K": 615_516, "06N": 666_989, "07H": 323_775}
    assert resident == {"06K": 575_013, "06N": 600_834, "07H": 312_214}
    counts = [(registered[place], resident[place]) for place in ("06K", "06N", "07H")]
    counts.append((registered.total(), resident.total()))
    assert counts[3] == (1_606_280, 1_488_061)
    found = [registered_per_resident(People(a, "registered"), People(b, "resident")) for a, b in counts]
    assert [str(round(one, 4)) for one in found if one is not None] == ["1.0704", "1.1101", "1.0370", "1.0794"]


def test_a_councils_budget_reaches_practices_by_where_their_patients_live() -> None:
    given = resident_to_registered({"L1": 700_000, "L2": 1_100_000}, YEAR)
    assert given == {"PR1": 1_000_000, "PR2": 800_000}


def test_without_a_crosswalk_it_reaches_nobody() -> None:
    with pytest.raises(DenominatorError, match="no practice has a patient in L3"):
        resident_to_registered({"L3": 1}, YEAR)
    with pytest.raises(DenominatorError, match="no crosswalk"):
        crosswalk_on([YEAR], date(2023, 4, 1))
    with pytest.raises(DenominatorError, match="2 crosswalk"):
        crosswalk_on([YEAR, YEAR], date(2022, 4, 1))
    assert crosswalk_on([YEAR], date(2023, 3, 31)) is YEAR


def test_money_of_one_kind_is_never_divided_by_people_of_the_other() -> None:
    assert pence_per_head(1_000, "registered", People(16, "registered")) == 63  # 62.5, half-up
    assert pence_per_head(1_000, "resident", People(0, "resident")) is None
    with pytest.raises(DenominatorError, match="cannot be divided by resident"):
        pence_per_head(1_000, "registered", People(16, "resident"))
    with pytest.raises(DenominatorError, match="expected registered, then resident"):
        registered_per_resident(People(1, "resident"), People(1, "registered"))


@pytest.mark.parametrize(
    ("count", "basis"), [(1, "regstered"), (-1, "resident"), (1.5, "resident"), (True, "resident")]
)
def test_people_are_counted_and_of_a_kind(count: int, basis: str) -> None:
    with pytest.raises(DenominatorError):
        People(count, basis)


def test_a_crosswalk_counts_people() -> None:
    with pytest.raises(DenominatorError, match="-1 patients of PR1 in L1"):
        Crosswalk({"PR1": {"L1": -1}}, date(2022, 4, 1), None, "drawn")
