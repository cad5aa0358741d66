"""MA11: who belongs to whom on a day, and a year's money where that changed."""

from __future__ import annotations

from datetime import date

import pytest

from joinedup.money import (
    BoundaryGap,
    BoundaryOverlap,
    Membership,
    check_memberships,
    parents_on,
    split_by_days,
)

APRIL, OCTOBER, NEXT = date(2022, 4, 1), date(2022, 10, 1), date(2023, 4, 1)


def test_a_financial_year_has_365_days_or_366() -> None:
    assert (NEXT - APRIL).days == 365
    assert (date(2024, 4, 1) - NEXT).days == 366


def test_a_practice_that_moves_in_october() -> None:
    assert split_by_days(100_000_000, [("A", APRIL, OCTOBER), ("B", OCTOBER, NEXT)]) == {
        "A": 50_136_986, "B": 49_863_014
    }  # fmt: skip
    leap = [("A", NEXT, date(2023, 10, 1)), ("B", date(2023, 10, 1), date(2024, 4, 1))]
    assert split_by_days(100_000_000, leap) == {"A": 50_000_000, "B": 50_000_000}


def test_a_clinical_commissioning_group_becomes_a_board_in_july() -> None:
    july = date(2022, 7, 1)
    assert split_by_days(36_500_000_000, [("CCG", APRIL, july), ("ICB", july, NEXT)]) == {
        "CCG": 9_100_000_000, "ICB": 27_400_000_000
    }  # fmt: skip


def test_a_body_that_comes_back_has_all_its_days() -> None:
    spans = [("A", APRIL, OCTOBER), ("B", OCTOBER, date(2022, 10, 2)), ("A", date(2022, 10, 2), NEXT)]
    assert split_by_days(365, spans) == {"A": 364, "B": 1}


@pytest.mark.parametrize(
    ("spans", "error", "said"),
    [
        ([], BoundaryGap, "no spans"),
        ([("A", APRIL, APRIL)], BoundaryGap, "has no day"),
        ([("A", APRIL, OCTOBER), ("B", date(2022, 10, 2), NEXT)], BoundaryGap, "nobody on 2022-10-01"),
        ([("A", APRIL, OCTOBER), ("B", date(2022, 9, 30), NEXT)], BoundaryOverlap, "A and to B on 2022-09-30"),
    ],
)
def test_spans_follow_on_each_other(spans: list[tuple[str, date, date]], error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=said):
        split_by_days(100, spans)


def test_a_child_has_one_parent_on_each_day() -> None:
    rows = [Membership("p", "A", APRIL, OCTOBER), Membership("p", "B", OCTOBER), Membership("q", "A", APRIL)]
    check_memberships(rows)
    assert parents_on(rows, date(2022, 9, 30)) == {"p": "A", "q": "A"}
    assert parents_on(rows, OCTOBER) == {"p": "B", "q": "A"}
    with pytest.raises(BoundaryGap, match="p belongs to nobody on 2022-03-31"):
        parents_on(rows, date(2022, 3, 31))
    with pytest.raises(BoundaryOverlap, match="q belongs to A and to B"):
        parents_on([*rows, Membership("q", "B", APRIL)], APRIL)


@pytest.mark.parametrize(
    ("second", "error", "said"),
    [
        (Membership("p", "B", date(2022, 9, 1)), BoundaryOverlap, "A and to B on 2022-09-01"),
        (Membership("p", "B", date(2022, 11, 1)), BoundaryGap, "nobody on 2022-10-01"),
        (Membership("p", "B", OCTOBER, OCTOBER), BoundaryGap, "no day at all"),
    ],
)
def test_all_days_are_looked_at(second: Membership, error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=said):
        check_memberships([second, Membership("p", "A", APRIL, OCTOBER)])
