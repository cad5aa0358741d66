"""Votes: who may cast one, which counts, and what they come to (rules: B1, Q3 to Q6, V25)."""

from __future__ import annotations

import csv
from collections import Counter
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from joinedup.errors import RuleError
from joinedup.governance import (
    NobodyPresides,
    SpecialMajority,
    Tally,
    Vote,
    VoteRefused,
    count_votes,
    decide_by_majority,
    decide_by_special_majority,
    read_special_majority,
    tally,
)
from joinedup.governance.boards.seats import Attendance, Board, Holding, Seat
from joinedup.governance.meetings.voting import (
    check_vote,
    seats_voted_for,
    special_majority_at,
    votes_needed,
    who_presides,
)

from .boardroom import at, board_of, present

CAST = at("10:10")


def votes(**values: str) -> list[Vote]:
    return [Vote(person, value, CAST) for person, value in values.items()]


# --- B1: a seat is not a person ------------------------------------------------------------------------------------

JOINT = {"p1": ["leader"], "p2": ["leader"], "p3": ["chair"]}


def test_joint_holders_have_one_vote_and_cancel_it_when_they_disagree() -> None:
    agreed = tally(votes(p1="for", p2="for", p3="against"), JOINT)
    assert (agreed.votes_for, agreed.votes_against, agreed.no_vote) == (1, 1, 0)
    apart = tally(votes(p1="for", p2="against", p3="against"), JOINT)
    assert (apart.votes_for, apart.votes_against, apart.no_vote) == (0, 1, 1)
    assert tally(votes(p1="for", p2="abstain"), JOINT).no_vote == 1
    # One of two alone casts the seat's vote.
    assert tally(votes(p2="against"), JOINT).votes_against == 1


def test_who_shares_one_seat_and_holds_another_votes_for_the_other() -> None:
    found = tally(votes(p1="for", p2="against", p3="for"), {"p1": ["s1"], "p2": ["s1", "s2"], "p3": ["s3"]})
    assert (found.votes_for, found.votes_against, found.no_vote) == (2, 1, 0)


def test_three_who_share_two_seats_have_two_votes() -> None:
    three = {"p1": ["s1"], "p2": ["s1", "s2"], "p3": ["s2"], "p4": ["s4"]}
    assert tally(votes(p1="for", p2="for", p3="for", p4="against"), three) == Tally(2, 1, 0)
    assert tally(votes(p1="for", p2="for", p3="against", p4="against"), three) == Tally(0, 1, 0, 2)


# --- Q3 and Q4: what a tally comes to ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("counted", "casting", "outcome"),
    [
        (Tally(5, 4, 0), None, "carried"),
        (Tally(4, 4, 0), "for", "carried"),
        (Tally(4, 4, 0), "against", "not_carried"),
        (Tally(3, 2, 5), None, "carried"),
        (Tally(4, 4, 0), None, "not_carried"),
        (Tally(4, 5, 0), "for", "not_carried"),
        (Tally(0, 0, 9), None, "not_carried"),
    ],
    ids=str,
)
def test_more_for_than_against(counted: Tally, casting: str | None, outcome: str) -> None:
    assert decide_by_majority(counted, casting=casting) == outcome


def test_the_deputy_presides_where_the_chair_is_excluded() -> None:
    assert who_presides("chair", ["vice"], {"chair", "vice"}) == "chair"
    assert who_presides("chair", ["vice"], {"vice", "p3"}) == "vice"
    with pytest.raises(NobodyPresides, match="Let the meeting choose"):
        who_presides("chair", ["vice"], {"p3"})
    with pytest.raises(NobodyPresides):
        who_presides(None, [], {"p3"})


@pytest.mark.parametrize(
    ("majority", "excluded", "need"),
    [("2/3 of all_seats", 0, 8), ("4/5 of all_seats", 0, 10), ("2/3 of all_seats", 2, 7), ("2/3 of present", 2, 7)],
)
def test_a_special_majority_of_twelve(majority: str, excluded: int, need: int) -> None:
    asked = read_special_majority(majority)
    for votes_for, outcome in ((need, "carried"), (need - 1, "not_carried")):
        found = decide_by_special_majority(asked, Tally(votes_for, 0, 0), present=12, all_seats=12, excluded=excluded)
        assert found == (outcome, need)


def test_the_base_is_counted_in_seats_and_excluded_people_are_never_in_it() -> None:
    board, there = board_of(12, filled=11), present("p1", "p2", "p3", "p4")
    asked: dict[str, Any] = {"board": board, "attendances": there, "at": CAST}
    seats, here = read_special_majority("2/3 of all_seats"), read_special_majority("2/3 of present")
    # p10 and p11 are excluded and not even there: 10 of the 12 seats remain, one of them vacant.
    assert special_majority_at(seats, Tally(7, 0, 0), excluded={"p10", "p11"}, **asked) == ("carried", 7)
    assert special_majority_at(seats, Tally(7, 0, 0), excluded=(), **asked) == ("not_carried", 8)
    assert special_majority_at(here, Tally(2, 1, 0), excluded={"p1", "p11"}, **asked) == ("carried", 2)
    # Joint holders are one seat, which is in the base while one of them may vote.
    joint = Board(
        (Seat("s1", "Leaders", "leader", max_holders=2), Seat("s2", "Chair", "chair")),
        (Holding("s1", "p1"), Holding("s1", "p2"), Holding("s2", "p3")),
    )
    asked["board"] = joint
    assert special_majority_at(here, Tally(1, 0, 0), excluded=(), **asked) == ("not_carried", 2)
    assert special_majority_at(seats, Tally(1, 0, 0), excluded={"p1"}, **asked) == ("not_carried", 2)
    assert special_majority_at(seats, Tally(1, 0, 0), excluded={"p1", "p2"}, **asked) == ("carried", 1)


def test_of_votes_cast_abstentions_are_no_part() -> None:
    asked = SpecialMajority(Fraction(2, 3), "cast")
    assert decide_by_special_majority(asked, Tally(4, 2, 6), present=12, all_seats=12, excluded=0) == ("carried", 4)
    assert decide_by_special_majority(asked, Tally(0, 0, 12), present=12, all_seats=12, excluded=0)[0] == "not_carried"


def test_shares_are_exact_where_floats_are_not() -> None:
    assert votes_needed(Fraction("0.55"), 100) == 55
    with pytest.raises(RuleError, match=r"the float 0\.55"):
        votes_needed(0.55, 100)  # type: ignore[arg-type]


def test_majorities_and_tallies_that_cannot_be_are_refused() -> None:
    for words in ("2/3", "two thirds of cast", "2/3 of present_seats", "4/3 of cast"):
        with pytest.raises(RuleError, match="Q4"):
            read_special_majority(words)
    with pytest.raises(RuleError, match="Did you mean 'present'"):
        read_special_majority("2/3 of presents")
    with pytest.raises(RuleError, match="below 0"):
        Tally(-1, 0, 0)
    with pytest.raises(RuleError, match="casting vote is 'yes'"):
        decide_by_majority(Tally(1, 1, 0), casting="yes")
    with pytest.raises(RuleError, match="check the counts"):
        decide_by_special_majority(
            SpecialMajority(Fraction(1), "present"), Tally(1, 0, 0), present=1, all_seats=9, excluded=2
        )
    with pytest.raises(RuleError, match="'yes' is no vote"):
        Vote("p1", "yes", CAST)
    with pytest.raises(RuleError, match="time zone"):
        Vote("p1", "for", datetime(2022, 9, 23))  # noqa: DTZ001


# --- Q5: which votes count -----------------------------------------------------------------------------------------


def test_the_last_vote_before_closing_counts_and_all_are_kept() -> None:
    first, second = Vote("p1", "for", at("10:10")), Vote("p1", "against", at("10:12"))
    other = Vote("p2", "for", at("10:11"))
    found = count_votes([second, other, first], closes_at=at("10:13"))
    assert found.counted == (other, second)
    assert found.superseded == (first,)
    with pytest.raises(VoteRefused, match="after voting on its item was closed"):
        count_votes([first, second], closes_at=at("10:12"))
    with pytest.raises(RuleError, match="count the votes first"):
        tally([first, second])


def refused(person: str, clock: str = "10:10", excluded: frozenset[str] = frozenset()) -> str:
    """Answer why a vote is refused, or "" when it is taken. p2 leaves at 10:20; voting is from 10:05 to 10:30."""
    there = [*present("p1", "guest"), Attendance("p2", at("10:00"), at("10:20"))]
    seats = board_of(4).vote_seats_at(there, at(clock))
    try:
        check_vote(
            Vote(person, "for", at(clock)), seats_of=seats, excluded=excluded, opens_at=at("10:05"),
            closes_at=at("10:30"),
        )  # fmt: skip
    except VoteRefused as error:
        return str(error)
    return ""


def test_a_vote_that_is_not_taken_is_refused_with_its_reason() -> None:
    assert refused("p1") == ""
    assert refused("p2", "10:19") == ""
    assert "is not in the meeting" in refused("p2", "10:20")
    assert "is not in the meeting" in refused("p3")
    assert "holds no voting seat" in refused("guest")
    assert "not open" in refused("p1", "10:04")
    assert refused("p1", "10:05") == ""
    assert "closed" in refused("p1", "10:30")
    assert "conflict of interest" in refused("p1", excluded=frozenset({"p1"}))
    # No message says who it is about.
    assert not any("p2" in refused(one, "10:20") for one in ("p2", "p3"))


def test_an_item_that_was_never_opened_takes_no_vote() -> None:
    with pytest.raises(VoteRefused, match="not open"):
        check_vote(Vote("p1", "for", CAST), seats_of={"p1": ["s1"]}, excluded=(), opens_at=None, closes_at=None)


def test_who_voted_and_left_keeps_the_vote() -> None:
    there = [*present("p1"), Attendance("p2", at("10:00"), at("10:20"))]
    cast = [Vote("p1", "for", at("10:25")), Vote("p2", "against", at("10:19"))]
    assert seats_voted_for(cast, board_of(4), there) == {"p1": {"s1"}, "p2": {"s2"}}
    assert tally(cast, seats_voted_for(cast, board_of(4), there)) == Tally(1, 1, 0)
    gone = [Vote("p2", "against", at("10:20"))]
    with pytest.raises(VoteRefused, match="without a voting seat"):
        tally(gone, seats_voted_for(gone, board_of(4), there))


def test_joint_leaders_of_a_board_as_it_sits() -> None:
    seats = (Seat("leader", "Joint leaders", "leader", max_holders=2), Seat("chair", "Chair", "chair"))
    board = Board(seats, (Holding("leader", "p1"), Holding("leader", "p2"), Holding("chair", "p3")))
    cast = votes(p1="for", p2="for", p3="for")
    assert tally(cast, seats_voted_for(cast, board, present("p1", "p2", "p3"))) == Tally(2, 0, 0)


@pytest.mark.parametrize(
    ("folder", "all_votes", "counted", "comment", "last", "every"),
    [
        ("15-per-hour-seattle", 2995, 2872, "11", (77, 22, 29), (78, 23, 39)),
        ("brexit-consensus", 5312, 5303, "45", (34, 3, 4), (36, 3, 4)),
    ],
)
def test_the_last_votes_of_two_published_conversations(
    reference: Path, folder: str, all_votes: int, counted: int, comment: str,
    last: tuple[int, int, int], every: tuple[int, int, int],
) -> None:  # fmt: skip
    files = reference / "compdemocracy+openData" / folder
    if not files.is_dir():
        pytest.skip(f"{folder} of compdemocracy/openData is not here")
    words = {"1": "for", "-1": "against", "0": "abstain"}
    with (files / "votes.csv").open() as file:
        cast = [
            Vote(
                row["voter-id"], words[row["vote"]], datetime.fromtimestamp(int(row["timestamp"]) / 1000, UTC),
                row["comment-id"],
            )
            for row in csv.DictReader(file)
        ]  # fmt: skip
    found = count_votes(cast)
    assert (len(cast), len(found.counted), len(found.superseded)) == (all_votes, counted, all_votes - counted)

    said = tally([vote for vote in found.counted if vote.item == comment])
    assert (said.votes_for, said.votes_against, said.abstentions) == last
    rows = Counter(vote.value for vote in cast if vote.item == comment)
    assert (rows["for"], rows["against"], rows["abstain"]) == every

    with (files / "participants-votes.csv").open() as file:
        published = {
            (row["participant"], column): words[value]
            for row in csv.DictReader(file)
            for column, value in row.items()
            if column.isdigit() and value
        }
    assert {(vote.person, vote.item): vote.value for vote in found.counted} == published
