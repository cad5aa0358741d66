"""Which board answers for a resident, and how councils change from year to year."""

from __future__ import annotations

from pathlib import Path

import pytest

from joinedup.system import published
from joinedup.system.councils import CouncilChange, changes, lifetimes
from joinedup.system.responsibility import Territory, responsible_board

MENTAL = frozenset({"mental_health", "learning_disability"})
TERRITORIES = [
    Territory("E&N Herts place", frozenset({"Stevenage 1", "Welwyn 1"})),
    Territory("West Essex place", frozenset({"Harlow 1"})),
    Territory("Hertfordshire MH/LD ICP", frozenset({"Stevenage 1", "Welwyn 1", "Watford 1"}), MENTAL),
    Territory("MH/LD board inside the West Essex ICP", frozenset({"Harlow 1"}), MENTAL),
]

# small area, need, board
BOARDS = [
    ("Harlow 1", "learning_disability", "MH/LD board inside the West Essex ICP"),
    ("Harlow 1", "mental_health", "MH/LD board inside the West Essex ICP"),
    ("Harlow 1", "", "West Essex place"),
    ("Stevenage 1", "learning_disability", "Hertfordshire MH/LD ICP"),
    ("Stevenage 1", "frailty", "E&N Herts place"),
    ("Watford 1", "frailty", None),  # a care group, but no place
    ("Leeds 1", "mental_health", None),
]


@pytest.mark.parametrize("territories", [TERRITORIES, TERRITORIES[::-1]], ids=["in order", "backwards"])
@pytest.mark.parametrize(("small_area", "need", "expected"), BOARDS)
def test_the_board_that_answers(small_area: str, need: str, expected: str | None, territories: list[Territory]) -> None:
    """Rules: T8. The board of a care group comes before the place; outside there is none."""
    assert responsible_board(small_area, need, territories) == expected


def drawn(*rows: str) -> list[dict[int, tuple[str, str]]]:
    """Answer rows of councils by year, drawn as `code name > code name > ...`; the first year is 2018."""
    table = []
    for row in rows:
        cells = [cell.strip().split(" ", 1) for cell in row.split(">")]
        table.append({year: (code, name) for year, (code, name) in enumerate(cells, 2018)})
    return table


def test_councils_merge_and_take_new_codes() -> None:
    """Rules: T12. Two councils became one in 2019, one took another code in 2020, one never changed."""
    rows = drawn(
        "E1 North > E9 United > E9 United",
        "E2 South > E9 United > E9 United",
        "E3 East > E3 East > E4 East",
        "E5 West > E5 West > E5 West",
    )
    assert changes(rows) == [CouncilChange(2019, ("E1", "E2"), "E9"), CouncilChange(2020, ("E3",), "E4")]
    assert [change.kind for change in changes(rows)] == ["merge", "recode"]
    assert lifetimes(rows) == {
        "E1": ("North", 2018, 2019),
        "E2": ("South", 2018, 2019),
        "E9": ("United", 2019, None),
        "E3": ("East", 2018, 2020),
        "E4": ("East", 2020, None),
        "E5": ("West", 2018, None),
    }


def test_two_councils_that_exchange_land_each_keep_their_name() -> None:
    """As in Scotland in 2018: both took new codes, and some land of each went to the other."""
    rows = drawn("S1 Fife > S7 Fife", "S2 Perth > S8 Perth", "S2 Perth > S7 Fife")
    assert changes(rows) == [CouncilChange(2019, ("S1",), "S7"), CouncilChange(2019, ("S2",), "S8")]


def test_the_number_of_councils_in_each_year(reference: Path) -> None:
    """Rules: T12. Distinct codes of 2016 to 2024."""
    path = published.find_files(reference)["lookup_ltla_ltla.csv"]
    rows = [row for _, row in published.rows(path, "ltla16_code", "ltla24_code")]
    counts = [len({row[f"ltla{year}_code"] for row in rows}) for year in range(16, 25)]
    assert counts == [391, 391, 391, 382, 379, 374, 374, 361, 361]
    years = range(2016, 2025)
    table = [{y: (row[f"ltla{y % 100}_code"], row[f"ltla{y % 100}_name"]) for y in years} for row in rows]
    lives = lifetimes(table).values()
    standing = [sum(1 for _, first, gone in lives if first <= y and (gone is None or y < gone)) for y in years]
    assert standing == counts
