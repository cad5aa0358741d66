"""The page of the scheme names the owner of each function by day, those of bodies too, with gaps and overlaps (D1)."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from joinedup.governance.acts import boards, delegations
from joinedup.governance.reading import delegations_on
from joinedup.governance.views.scheme import delegations_table, gaps_table, owners_table
from joinedup.moment import Moment, now
from joinedup.system import owned_functions

from .sitting import BOARD, COMMITTEE, OPENED, SYSTEM, grant, set_up_committee

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("littleshire_with_a_board")]
DAY = date(2022, 9, 1)
YEAR_ON = date(2023, 9, 2)


def on(day: date) -> Moment:
    return Moment(day, now().known_at)


def rows(table: Any, *names: str) -> list[tuple[Any, ...]]:
    return [tuple(row[name] for name in names) for row in table.rows]


def test_two_boards_that_reserve_one_function_on_the_same_days_overlap_on_these() -> None:
    set_up_committee()
    keep = grant("governance.keep")
    delegations.reserve(keep, "L7", "resources", COMMITTEE, since=date(2022, 11, 1), reserved_type="distribution",
                        reason="the scheme of November")  # fmt: skip
    found = rows(gaps_table(on(DAY)), "function", "what", "who", "since", "until")
    assert ("Resources", "Several own it", "Finance committee, Littleshire board", date(2022, 11, 1), YEAR_ON) in found
    owners = rows(owners_table(on(DAY)), "function", "owner", "stands", "since", "until")
    assert owners[0][2] != "One owner"
    assert ("Resources", "Littleshire board", "One owner", DAY, date(2022, 11, 1)) in owners


def test_functions_that_only_bodies_own_are_listed_by_area_and_day() -> None:
    day = date(2019, 9, 1)
    found = rows(owners_table(on(day)), "function", "owner", "since", "stands")
    mine = [row for row in found if row[0].startswith("Commission hospital care")]
    assert [(row[1], row[2], row[3]) for row in mine if row[2] == day] == [
        ("NHS Northam CCG", day, "One owner"), ("NHS Southam CCG", day, "One owner"),
    ]  # fmt: skip
    assert len({row[0] for row in mine}) == 2
    assert owned_functions("no-such-system", on(day)) == []
    assert {one.function for one in owned_functions(SYSTEM, on(day))} == {"commission"}


def test_change_and_end_come_first_and_rests_only_where_a_line_rests() -> None:
    set_up_committee()

    def titles() -> list[str]:
        return [one.title for one in delegations_table(delegations_on(on(DAY)), on(DAY), may_change=True).columns]

    assert titles()[:3] == ["Function", "Change", "End"]
    assert "Rests" not in titles()
    keep = grant("governance.keep")
    from joinedup.governance import Delegation

    delegations.delegate(keep, Delegation("L8", "beds", BOARD, "post", "chief", OPENED), reason="the scheme")
    assert "Rests" not in titles()
    boards.end_holding(keep, BOARD, "chief", "ben", on=date(2022, 8, 1), reason="left")
    assert "Rests" in titles()
