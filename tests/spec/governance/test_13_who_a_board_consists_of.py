"""Composition, vacancies, the statutory partnership's size, one leader and an independent chair (rules: B2 to B4)."""

from __future__ import annotations

import csv
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from joinedup.errors import RuleError
from joinedup.governance import (
    Board,
    Holding,
    KindRule,
    Seat,
    Vacancy,
    composition_failures,
    leadership_failures,
    vacancies,
)
from joinedup.governance.boards.composition import (
    PartnerPost,
    days_failing,
    least_members,
    least_statutory_partnership,
    read_composition,
)

APRIL, MAY, JUNE, YEAR_END = date(2021, 4, 1), date(2021, 5, 1), date(2021, 6, 1), date(2022, 4, 1)

# (seat, category, what else it counts as): the least members of an integrated care board.
SEATS = (
    ("chair", "chair", ""), ("chief-executive", "leader", "chief_executive"), ("ned-1", "non_exec", ""),
    ("ned-2", "non_exec", ""), ("finance", "exec", "finance"), ("medical", "exec", "medical"),
    ("nursing", "exec", "nursing"), ("trust", "partner_trust", ""), ("primary-care", "partner_primary_care", ""),
    ("council", "partner_la", ""),
)  # fmt: skip
LEAST = (
    ("chair", 1, 1), ("chief_executive", 1, 1), ("non_exec", 2, None), ("finance", 1, None), ("medical", 1, None),
    ("nursing", 1, None), ("partner_trust", 1, None), ("partner_primary_care", 1, None), ("partner_la", 1, None),
)  # fmt: skip
RULES = read_composition([{"category": kind, "minimum": least, "maximum": most} for kind, least, most in LEAST])


def sitting(changed: dict[str, str] | None = None, *more: Holding) -> Board:
    """A board of these ten seats, each held by a person of the seat's name unless `changed` ("" is vacant)."""
    seats = tuple(
        Seat(key, key, category, is_required=True, start=APRIL, also=frozenset({also} - {""}))
        for key, category, also in SEATS
    )
    holders = {seat.key: (changed or {}).get(seat.key, f"p-{seat.key}") for seat in seats}
    held = tuple(Holding(seat, person, APRIL) for seat, person in holders.items() if person)
    return Board(seats, (*held, *more))


def test_an_integrated_care_board_has_ten_members_at_least() -> None:
    assert least_members(RULES) == 10
    assert composition_failures(RULES, sitting(), APRIL) == []


def test_each_kind_that_is_missing_is_named() -> None:
    assert composition_failures(RULES, sitting({"nursing": "", "ned-2": ""}), APRIL) == [
        "non_exec: 1 of 2 needed",
        "nursing: 0 of 1 needed",
    ]
    assert composition_failures(RULES, sitting(), date(2021, 3, 31))[0] == "chair: 0 of 1 needed"


def test_one_person_in_two_seats_stands_for_one_of_them() -> None:
    both = sitting({"medical": "p-nursing"})
    assert composition_failures(RULES, both, APRIL) == ["nursing: 0 of 1 needed"]


def test_more_than_the_most_and_more_holders_than_a_seat_has() -> None:
    rules = (KindRule("non_exec", 1, 1),)
    assert composition_failures(rules, sitting(), APRIL) == ["non_exec: 2 seats are filled, 1 at most"]
    crowded = sitting(None, Holding("chair", "second", APRIL))
    assert composition_failures(RULES, crowded, APRIL) == ["chair: 2 holders, 1 at most"]


@pytest.mark.parametrize(
    ("needed", "missing"),
    [
        # The system's board needs the voluntary sector and clinicians, a place's board five kinds (S2:89-91).
        (("vcse", "clinical"), "clinical"),
        (("partner_primary_care", "mental_health", "vcse", "community_health", "clinical"), "vcse"),
    ],
    ids=["system", "place"],
)
def test_system_and_place_boards_need_their_kinds(needed: tuple[str, ...], missing: str) -> None:
    rules = tuple(KindRule(kind) for kind in needed)
    kinds = [one for one in needed if one != missing]
    board = Board(tuple(Seat(k, k, k) for k in kinds), tuple(Holding(k, f"p-{k}") for k in kinds))
    assert composition_failures(rules, board, APRIL) == [f"{missing}: 0 of 1 needed"]


def test_every_day_is_checked_and_days_alike_are_told_once() -> None:
    board = sitting({"nursing": ""}, Holding("nursing", "a", APRIL, MAY), Holding("nursing", "b", JUNE))
    found = days_failing(lambda day: composition_failures(RULES, board, day), board, APRIL, YEAR_END)
    assert found == [(MAY, JUNE, ["nursing: 0 of 1 needed"])]
    assert days_failing(lambda day: ["always"], board, APRIL, YEAR_END) == [(APRIL, YEAR_END, ["always"])]
    assert days_failing(lambda day: ["always"], board, APRIL, APRIL) == []


def test_a_vacancy_of_a_required_seat_has_an_age() -> None:
    board = sitting(
        {"nursing": "", "trust": ""},
        Holding("nursing", "a", APRIL, MAY),
        Holding("trust", "d", APRIL, MAY, status="deputy"),
    )
    assert vacancies(board, date(2021, 5, 8)) == [
        # Never held: since the seat was made. A deputy does not fill it.
        Vacancy("trust", "trust", APRIL, 37),
        Vacancy("nursing", "nursing", MAY, 7),
    ]
    assert vacancies(board, date(2021, 4, 30)) == [Vacancy("trust", "trust", APRIL, 29)]


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ({"category": "chair", "minimum": "1"}, "expected a number"),
        ({"category": "chair", "minimum": 2, "maximum": 1}, "2 to 1"),
        ({"category": "chair", "minimum": -1}, "-1"),
    ],
    ids=["text", "upside-down", "below-0"],
)
def test_composition_that_cannot_be_is_refused(row: dict[str, Any], says: str) -> None:
    with pytest.raises(RuleError, match=says):
        read_composition([row])


def test_a_kind_has_one_row() -> None:
    with pytest.raises(RuleError, match="chair twice"):
        read_composition([{"category": "chair"}, {"category": "chair"}])


# --- B3 ------------------------------------------------------------------------------------------------------------


def test_a_statutory_partnership_has_one_from_the_board_and_one_a_council() -> None:
    assert least_statutory_partnership(["Hertfordshire", "Essex"]) == 3
    with pytest.raises(RuleError, match="none was given"):
        least_statutory_partnership([])


@pytest.mark.parametrize(("board", "least"), [("QM7", 3), ("QJ2", 3), ("QMF", 9)])
def test_the_partnerships_of_the_three_systems(reference: Path, board: str, least: int) -> None:
    """The responsible councils: each unitary or London borough by its own, districts by their county."""
    file = reference / "humaniverse+geographr" / "lsoa_lineage_three_seed_systems.csv"
    if not file.is_file():
        pytest.skip("the lineage of small areas is not here")
    with file.open() as rows:
        districts = {row["ltla22_code"] for row in csv.DictReader(rows) if row["icb22_code_h"] == board}
    assert districts
    # Districts (E07) answer to their county council: in these systems Essex, Hertfordshire and Derbyshire.
    essex = {"E07000072", "E07000073", "E07000077"}
    county = {"QM7": "Hertfordshire", "QJ2": "Derbyshire", "QMF": "none"}[board]
    councils = {"Essex" if one in essex else county if one.startswith("E07") else one for one in districts}
    assert least_statutory_partnership(councils) == least


# --- B4 ------------------------------------------------------------------------------------------------------------


def test_one_leader_and_an_independent_chair_on_every_day() -> None:
    board = sitting()
    assert leadership_failures(board, APRIL) == []
    posts = [PartnerPost("p-chair", "RWG", MAY), PartnerPost("p-trust", "RWG", APRIL)]
    found = days_failing(
        lambda day: leadership_failures(board, day, partner_posts=posts), board, APRIL, YEAR_END, also=posts
    )
    says = "chair: holds a post in RWG; an independent chair holds none in a partner"
    assert found == [(MAY, YEAR_END, [says])]
    # A chair who need not be independent may.
    assert leadership_failures(board, MAY, partner_posts=posts, is_chair_independent=False) == []


def test_joint_leaders_are_one_leader_and_an_executive_is_no_chair() -> None:
    joint = sitting(None, Holding("chief-executive", "second", APRIL, status="interim"))
    assert leadership_failures(joint, APRIL) == []
    assert leadership_failures(sitting({"chair": ""}), APRIL) == ["chair: 0 filled, 1 needed"]
    assert leadership_failures(sitting({"chief-executive": ""}), APRIL) == ["leader: 0 filled, 1 needed"]
    both = sitting({"chair": "p-finance"})
    assert leadership_failures(both, APRIL) == ["chair: holds an executive seat too; expected a non-executive"]
