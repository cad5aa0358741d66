"""Quorum is worked out for each item at the instant of its vote (rules: Q1, Q2, V11)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from fractions import Fraction
from typing import Any

import pytest

from joinedup.errors import RuleError
from joinedup.governance import quorum_of_item, read_quorum_rule, standing_of_item
from joinedup.governance.boards.matching import match_kinds, match_seats
from joinedup.governance.boards.seats import Attendance, Board, Holding, Seat
from joinedup.governance.meetings.lost_quorum import NotQuorate, must_be_quorate
from joinedup.governance.meetings.quorum import QuorumRule, QuorumRuleError, TableNeed

from .boardroom import DAY, at, board_of, first, present

TEN = at("10:00")
BOTH = pytest.mark.parametrize("conflicted", ["not_counted", "counted"])


def rule(need: dict[str, Any], conflicted: str = "not_counted", **more: Any) -> QuorumRule:
    return read_quorum_rule({"need": need, "conflicted": conflicted, **more})


SEVEN = {"fixed": 7}
TABLE = {"table": {"10": 6, "8": 5, "6": 4}}
MORE_THAN_HALF = {"fraction": "1/2", "plus": 1}


@pytest.mark.parametrize(("conflicted", "count", "is_quorate"), [("not_counted", 5, False), ("counted", 6, True)])
def test_need_from_a_table_with_one_of_six_excluded(conflicted: str, count: int, is_quorate: bool) -> None:
    found = quorum_of_item(rule(TABLE, conflicted), board_of(10), present(*first(6)), at=TEN, excluded={"p6"})
    assert (found.count, found.need, found.is_quorate) == (count, 6, is_quorate)
    # The snapshot says who was excluded either way.
    assert found.excluded == ("p6",)
    assert found.present == ("p1", "p2", "p3", "p4", "p5", "p6")


@BOTH
def test_a_share_of_all_seats_or_of_the_filled_ones(conflicted: str) -> None:
    board, there = board_of(19, filled=16), present(*first(9))
    of_all = quorum_of_item(rule(MORE_THAN_HALF, conflicted, base="all"), board, there, at=TEN)
    assert (of_all.count, of_all.need, of_all.base, of_all.is_quorate) == (9, 10, 19, False)
    of_filled = quorum_of_item(rule(MORE_THAN_HALF, conflicted, base="filled"), board, there, at=TEN)
    assert (of_filled.count, of_filled.need, of_filled.base, of_filled.is_quorate) == (9, 9, 16, True)


@BOTH
def test_needed_categories_each_take_a_person_of_their_own(conflicted: str) -> None:
    board = board_of(9, p1="councillor", p2="nhs", p9="director_of_public_health")
    asked = rule(SEVEN, conflicted, categories=["councillor", "nhs", "director_of_public_health"])
    without = quorum_of_item(asked, board, present(*first(8)), at=TEN)
    assert (without.count, without.is_quorate) == (8, False)
    assert without.missing_categories == ("director_of_public_health",)
    assert quorum_of_item(asked, board, present(*first(6), "p9"), at=TEN).is_quorate


@BOTH
def test_one_person_in_two_seats_counts_once_and_so_does_a_shared_seat(conflicted: str) -> None:
    seats = tuple(Seat(f"s{n}", f"Seat {n}", "exec", max_holders=2) for n in (1, 2, 3))
    held = [("s1", "p1"), ("s1", "p2"), ("s2", "p2"), ("s3", "p3")]
    there = present("p1", "p2", "p3")
    both = Board(seats, tuple(Holding(*one) for one in held))
    assert quorum_of_item(rule({"fixed": 3}, conflicted), both, there, at=TEN).count == 3
    shared = Board(seats, tuple(Holding(*one) for one in held if one != ("s2", "p2")))
    assert quorum_of_item(rule({"fixed": 3}, conflicted), shared, there, at=TEN).count == 2


def deputising(person: str) -> tuple[Board, list[Attendance]]:
    """Six members are there; for p7, who is away, a named deputy stands in."""
    board = board_of(10)
    named = replace(board, holdings=(*board.holdings, Holding("s7", person, status="deputy")))
    others = [one for one in first(6) if one != person]
    return named, [*present(*others), Attendance(person, TEN, deputy_for="p7")]


@BOTH
def test_a_named_deputy_counts_unless_already_a_member(conflicted: str) -> None:
    board, there = deputising("d1")
    found = quorum_of_item(rule(SEVEN, conflicted), board, there, at=TEN)
    assert (found.count, found.is_quorate) == (7, True)
    board, there = deputising("p6")
    found = quorum_of_item(rule(SEVEN, conflicted), board, there, at=TEN)
    assert (found.count, found.is_quorate) == (6, False)


def test_who_is_not_a_named_deputy_stands_for_nobody_and_a_deputy_only_for_who_is_away() -> None:
    board, there = deputising("d1")
    assert quorum_of_item(rule(SEVEN), board_of(10), there, at=TEN).count == 6
    back = [*there, Attendance("p7", at("10:20"))]
    assert "d1" in quorum_of_item(rule(SEVEN), board, back, at=at("10:19")).counted
    assert quorum_of_item(rule(SEVEN), board, back, at=at("10:20")).counted == tuple(first(7))


def eight_of_twelve() -> tuple[Board, list[Attendance]]:
    return board_of(12), [*present(*first(7)), Attendance("p8", TEN, at("10:30"))]


def test_items_of_one_meeting_have_their_own_quorum() -> None:
    board, there = eight_of_twelve()
    for clock in ("10:00", "10:29"):
        found = quorum_of_item(rule(SEVEN), board, there, at=at(clock))
        assert (found.count, found.is_quorate) == (8, True)
    assert quorum_of_item(rule(SEVEN), board, there, at=at("10:30")).count == 7
    third = standing_of_item(rule(SEVEN), board, there, at=at("10:45"), excluded={"p1", "p2"})
    assert (third.quorum.count, third.quorum.is_quorate, third.outcome) == (5, False, "deferred")
    counted = standing_of_item(rule(SEVEN, "counted"), board, there, at=at("10:45"), excluded={"p1", "p2"})
    assert (counted.quorum.count, counted.quorum.is_quorate, counted.outcome) == (7, True, None)


def test_lost_to_conflicts_there_are_three_ways_on_and_no_vote_form() -> None:
    board, there = eight_of_twelve()
    lost = standing_of_item(rule(SEVEN), board, there, at=at("10:45"), excluded={"p1", "p2"})
    assert lost.options == ("conflicts_panel", "refer_up", "other_members")
    assert not lost.shows_vote_form
    with pytest.raises(NotQuorate, match=r"5 of 7 needed, 2 with a conflict not counted.*panel"):
        must_be_quorate(lost)
    kept = standing_of_item(rule(SEVEN), board, there, at=at("10:15"))
    assert (kept.outcome, kept.options, kept.shows_vote_form) == (None, (), True)
    must_be_quorate(kept)


def test_too_few_people_are_not_a_conflict() -> None:
    lost = standing_of_item(rule(SEVEN), board_of(12), present(*first(6)), at=TEN, excluded={"p1"})
    assert (lost.outcome, lost.options) == ("not_quorate", ())
    with pytest.raises(NotQuorate, match="Wait until more members"):
        must_be_quorate(lost)


def test_only_who_is_in_post_on_that_day_in_london_counts() -> None:
    before, after = date(2022, 9, 22), date(2022, 9, 24)
    board = Board(
        (Seat("s1", "One", "exec"), Seat("s2", "Two", "exec"), Seat("s3", "Three", "exec", is_voting=False)),
        (Holding("s1", "p1", before, DAY), Holding("s2", "p2", DAY, after), Holding("s3", "p3")),
    )
    found = quorum_of_item(rule({"fixed": 1}), board, present("p1", "p2", "p3", "guest"), at=TEN)
    assert found.counted == ("p2",)
    # 23:30 by the universal clock of the 22nd is the 23rd in London in summer.
    late = datetime.fromisoformat("2022-09-22T23:30:00+00:00")
    assert quorum_of_item(rule({"fixed": 1}), board, [Attendance("p2", late)], at=late).counted == ("p2",)


def test_a_size_between_two_rows_of_a_table_needs_what_the_larger_one_does() -> None:
    need = TableNeed({10: 6, 8: 5, 6: 4})
    assert [need.of(size) for size in (10, 9, 8, 7, 6, 3)] == [6, 6, 5, 5, 4, 4]
    with pytest.raises(QuorumRuleError, match="ends at 10 seats and the board has 11"):
        need.of(11)


def test_a_kind_that_is_needed_twice_needs_two_people_and_one_person_is_one_kind() -> None:
    seats_of = {"a": ["clinical-seat", "council-seat"], "b": ["clinical-seat"]}
    kinds = {"clinical-seat": ["clinical"], "council-seat": ["council"]}
    person_of, missing = match_kinds(seats_of, kinds, ["clinical", "council"])
    assert (person_of, missing) == ({"clinical-seat": "b", "council-seat": "a"}, ())
    # Only a: both seats are a's, and a is one person; what is named first is met first.
    assert match_kinds({"a": seats_of["a"]}, kinds, ["clinical", "council"])[1] == ("council",)
    assert match_kinds({"a": seats_of["a"]}, kinds, ["council", "clinical"])[1] == ("clinical",)
    assert match_kinds(seats_of, kinds, ["clinical", "clinical"])[1] == ("clinical",)


def test_a_matching_takes_no_seat_out_that_was_matched() -> None:
    seats_of = {"a": ["s1"], "b": ["s1", "s2"]}
    assert match_seats(seats_of, {"s1": "b"}) == {"s1": "a", "s2": "b"}


@pytest.mark.parametrize(
    ("said", "names"),
    [
        ({}, "need"),
        ({"need": {"fixed": 0}}, "need.fixed"),
        ({"need": {"fixed": True}}, "need.fixed"),
        ({"need": {"fixed": 7, "fraction": "1/2"}}, "expected one of"),
        ({"need": {"fraction": 0.5}}, "write it as text"),
        ({"need": {"fraction": "3/2"}}, "from 0 to 1"),
        ({"need": {"fraction": "half"}}, "need.fraction"),
        ({"need": {"table": {}}}, "need.table"),
        ({"need": {"table": {"ten": 6}}}, "a size of need.table"),
        ({"need": SEVEN, "base": "full"}, "base is 'full'"),
        ({"need": SEVEN, "conflicted": "not counted"}, "Did you mean 'not_counted'"),
        ({"need": SEVEN, "categories": "clinical"}, "expected a list"),
        ({"need": SEVEN, "categorys": []}, "Did you mean 'categories'"),
    ],
    ids=str,
)
def test_terms_that_cannot_be_worked_out_are_refused_by_name(said: dict[str, Any], names: str) -> None:
    with pytest.raises(QuorumRuleError, match=names):
        read_quorum_rule(said)


def test_a_rule_is_read_as_it_is_written() -> None:
    read = read_quorum_rule({"need": MORE_THAN_HALF, "base": "filled", "categories": ["clinical"]})
    assert (read.base, read.conflicted, read.categories) == ("filled", "not_counted", ("clinical",))
    assert (read.need.of(19), read.need.of(16)) == (10, 9)
    assert getattr(read.need, "fraction") == Fraction(1, 2)  # noqa: B009


def test_seats_holdings_and_minutes_that_cannot_be_are_refused() -> None:
    seat = Seat("s1", "One", "exec")
    with pytest.raises(RuleError, match="Did you mean 's1'"):
        Board((seat,), (Holding("s11", "p1"),))
    with pytest.raises(RuleError, match="two seats with the key s1"):
        Board((seat, seat), ())
    with pytest.raises(RuleError, match="has no day"):
        Holding("s1", "p1", DAY, DAY)
    with pytest.raises(RuleError, match="Did you mean 'interim'"):
        Holding("s1", "p1", status="interim ")
    with pytest.raises(RuleError, match="ends before it begins"):
        Attendance("p1", at("10:30"), at("10:29"))
    with pytest.raises(RuleError, match="time zone"):
        Attendance("p1", datetime(2022, 9, 23, 10))  # noqa: DTZ001
    with pytest.raises(QuorumRuleError, match="time zone"):
        quorum_of_item(rule(SEVEN), board_of(1), [], at=datetime(2022, 9, 23, 10))  # noqa: DTZ001
    with pytest.raises(RuleError, match="0 holders"):
        Seat("s1", "One", "exec", max_holders=0)
