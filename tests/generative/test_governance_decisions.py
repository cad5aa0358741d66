"""Invented boards, votes and adoptions: what must hold of every decision (rules: governance V8 to V12, V15, V25)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from fractions import Fraction
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from joinedup.errors import RuleError
from joinedup.governance.boards.governance_models import model_named
from joinedup.governance.boards.matching import match_kinds, match_seats
from joinedup.governance.boards.seats import Attendance, Board, Holding, Seat
from joinedup.governance.interests.register import ACTIONS, rights_in
from joinedup.governance.meetings.adoption import Position, adoption_outcome
from joinedup.governance.meetings.decisions import (
    AFTER,
    Decision,
    approve_minutes,
    correct_decision,
    decide_item,
    move_decision,
    supersede,
)
from joinedup.governance.meetings.papers import Pin
from joinedup.governance.meetings.quorum import FixedNeed, FractionNeed, QuorumRule, quorum_of_item
from joinedup.governance.meetings.voting import (
    VALUES,
    SpecialMajority,
    Tally,
    Vote,
    VoteRefused,
    check_vote,
    count_votes,
    decide_by_majority,
    decide_by_special_majority,
    tally,
    votes_needed,
)
from joinedup.moment import LONDON

START = datetime(2022, 9, 23, 10, tzinfo=LONDON)
AT = START + timedelta(minutes=30)
PEOPLE = [f"p{n}" for n in range(6)]
SEATS = [f"s{n}" for n in range(5)]
KINDS = ["clinical", "council", "chair"]
SETS_OF_PEOPLE = st.frozensets(st.sampled_from(PEOPLE))
HELD = st.dictionaries(st.sampled_from(PEOPLE), st.frozensets(st.sampled_from(SEATS), min_size=1), max_size=6)
SHARES = st.fractions(0, 1, max_denominator=60)


def most_by_trying(seats_of: Mapping[str, Any], seats: list[str]) -> int:
    """The size of a largest matching, found by trying every way: the twin of match_seats."""
    if not seats:
        return 0
    first, rest = seats[0], seats[1:]
    found = most_by_trying(seats_of, rest)
    for person, held in seats_of.items():
        if first in held:
            others = {one: its for one, its in seats_of.items() if one != person}
            found = max(found, 1 + most_by_trying(others, rest))
    return found


def kinds_by_trying(seats_of: Mapping[str, Any], kind_of: Mapping[str, Any], wanted: list[str]) -> bool:
    """Whether each wanted kind has a seat and a person of its own, found by trying every way."""
    if not wanted:
        return True
    return any(
        kinds_by_trying({one: set(its) - {seat} for one, its in seats_of.items() if one != person}, kind_of, wanted[1:])
        for person, held in seats_of.items()
        for seat in held
        if wanted[0] in kind_of[seat]
    )


@st.composite
def boards(draw: Any) -> tuple[Board, list[Attendance]]:
    """Invent seats that are shared and people in several of them, and who was there when."""
    kinds = draw(st.lists(st.sampled_from(KINDS), min_size=5, max_size=5))
    seats = tuple(
        Seat(key, key, kind, is_voting=draw(st.booleans()) or key == "s0", max_holders=6)
        for key, kind in zip(SEATS, kinds, strict=True)
    )
    held = draw(HELD)
    deputies = draw(st.lists(st.tuples(st.sampled_from(PEOPLE), st.sampled_from(SEATS)), max_size=2, unique=True))
    holdings = [Holding(seat, person) for person, its in sorted(held.items()) for seat in sorted(its)]
    holdings += [Holding(seat, person, status="deputy") for person, seat in deputies]
    there = [
        Attendance(
            person, START + timedelta(minutes=draw(st.integers(0, 40))),
            START + timedelta(minutes=40 + draw(st.integers(0, 40))) if draw(st.booleans()) else None,
            deputy_for=draw(st.sampled_from(["", *PEOPLE])),
        )
        for person in sorted(draw(SETS_OF_PEOPLE))
    ]  # fmt: skip
    return Board(seats, tuple(holdings)), there


RULES = st.builds(
    QuorumRule,
    st.one_of(st.builds(FixedNeed, st.integers(1, 6)), st.builds(FractionNeed, SHARES, st.integers(0, 1))),
    st.sampled_from(["all", "filled"]),
    st.sampled_from(["not_counted", "counted"]),
    st.lists(st.sampled_from(KINDS), max_size=3).map(tuple),
)


# --- V8 ------------------------------------------------------------------------------------------------------------


@settings(max_examples=200)
@given(HELD)
def test_a_matching_is_as_large_as_trying_every_way_finds(seats_of: dict[str, frozenset[str]]) -> None:
    person_of = match_seats(seats_of)
    assert len(person_of) == most_by_trying(seats_of, SEATS)
    assert len(set(person_of.values())) == len(person_of)
    assert all(seat in seats_of[person] for seat, person in person_of.items())


@settings(max_examples=200)
@given(
    st.dictionaries(st.sampled_from(PEOPLE[:4]), st.frozensets(st.sampled_from(SEATS), min_size=1), max_size=4),
    st.fixed_dictionaries({seat: st.frozensets(st.sampled_from(KINDS), max_size=2) for seat in SEATS}),
    st.lists(st.sampled_from(KINDS), max_size=3),
)
def test_wanted_kinds_are_met_when_trying_every_way_meets_them(
    seats_of: dict[str, frozenset[str]], kind_of: dict[str, frozenset[str]], wanted: list[str]
) -> None:
    person_of, missing = match_kinds(seats_of, kind_of, wanted)
    assert (not missing) == kinds_by_trying(seats_of, kind_of, wanted)
    # The kinds met are met together, as many as possible, the first ones first; each by a person and seat of its own.
    met: list[str] = []
    for kind in wanted:
        if kinds_by_trying(seats_of, kind_of, [*met, kind]):
            met.append(kind)
    assert sorted(missing) == sorted(_without(wanted, met))
    assert len(person_of) == len(met) == len(set(person_of.values()))
    assert all(seat in seats_of[person] for seat, person in person_of.items())
    assert kinds_by_trying({person: {seat} for seat, person in person_of.items()}, kind_of, met)
    # What was matched for kinds costs no one their place in the count.
    assert len(match_seats(seats_of, person_of)) == most_by_trying(seats_of, SEATS)


def _without(many: list[str], some: list[str]) -> list[str]:
    left = list(many)
    for one in some:
        left.remove(one)
    return left


@settings(max_examples=200)
@given(boards(), RULES, SETS_OF_PEOPLE, st.randoms(use_true_random=False))
def test_the_count_is_within_people_and_seats_and_order_is_irrelevant(
    made: tuple[Board, list[Attendance]], rule: QuorumRule, excluded: frozenset[str], chance: Any
) -> None:
    board, there = made
    found = quorum_of_item(rule, board, there, at=AT, excluded=excluded)
    assert found.count == len(found.counted) <= len(found.present) <= sum(one.covers(AT) for one in there)
    assert found.count <= sum(seat.is_voting for seat in board.seats)
    shuffled, held = list(there), list(board.holdings)
    chance.shuffle(shuffled)
    chance.shuffle(held)
    again = quorum_of_item(rule, Board(board.seats, tuple(held)), shuffled, at=AT, excluded=excluded)
    assert (again.count, again.need, again.is_quorate, again.missing_categories) == (
        found.count, found.need, found.is_quorate, found.missing_categories,
    )  # fmt: skip


@settings(max_examples=200)
@given(boards(), RULES, SETS_OF_PEOPLE, st.sampled_from(PEOPLE))
def test_one_more_exclusion_never_raises_the_count(
    made: tuple[Board, list[Attendance]], rule: QuorumRule, excluded: frozenset[str], one: str
) -> None:
    board, there = made
    before = quorum_of_item(rule, board, there, at=AT, excluded=excluded)
    after = quorum_of_item(rule, board, there, at=AT, excluded=excluded | {one})
    if rule.conflicted == "counted":
        assert (after.count, after.is_quorate) == (before.count, before.is_quorate)
    else:
        assert after.count <= before.count
        assert before.is_quorate or not after.is_quorate
        assert not set(after.counted) & (excluded | {one})


# --- V9 to V11 -----------------------------------------------------------------------------------------------------

VOTES = st.lists(
    st.builds(
        Vote, st.sampled_from(PEOPLE), st.sampled_from(VALUES),
        st.integers(0, 9).map(lambda minutes: START + timedelta(minutes=minutes)),
    ),
    max_size=12,
)  # fmt: skip


@given(VOTES, SETS_OF_PEOPLE, st.permutations(PEOPLE))
def test_votes_add_up_to_the_voters_and_names_change_nothing(
    cast: list[Vote], excluded: frozenset[str], renamed: list[str]
) -> None:
    taken = []
    for vote in cast:
        try:
            check_vote(
                vote, seats_of={one: ["seat"] for one in PEOPLE}, excluded=excluded, opens_at=START, closes_at=None
            )
        except VoteRefused:
            assert vote.person in excluded
        else:
            taken.append(vote)
    found = count_votes(taken)
    assert len(found.counted) + len(found.superseded) == len(taken)
    voters = {vote.person for vote in taken}
    assert {vote.person for vote in found.counted} == voters
    assert not voters & excluded
    sums = tally(found.counted)
    assert sums.votes_for + sums.votes_against + sums.abstentions == len(voters)
    names = dict(zip(PEOPLE, renamed, strict=True))
    others = count_votes(replace(vote, person=names[vote.person]) for vote in taken)
    assert tally(others.counted) == sums
    # Before the last minute is over, each person's last vote is the latest of that person.
    for vote in found.counted:
        assert vote.cast_at == max(one.cast_at for one in taken if one.person == vote.person)


@given(HELD, st.data())
def test_no_seat_has_more_than_one_vote_and_no_person_either(
    seats_of: dict[str, frozenset[str]], data: st.DataObject
) -> None:
    cast = [Vote(person, data.draw(st.sampled_from(VALUES)), AT) for person in seats_of]
    sums = tally(cast, seats_of)
    counted = sums.votes_for + sums.votes_against + sums.abstentions
    # Every seat that a largest matching fills has one vote, or is cancelled by its joint holders.
    assert counted + sums.no_vote == len(match_seats(seats_of)) <= len(seats_of)
    names = dict(zip(PEOPLE, data.draw(st.permutations(PEOPLE)), strict=True))
    renamed = [replace(vote, person=names[vote.person]) for vote in cast]
    assert tally(renamed, {names[one]: held for one, held in seats_of.items()}) == sums
    agreed = [replace(vote, value="for") for vote in cast]
    assert tally(agreed, seats_of).votes_for == len(match_seats(seats_of))


COUNTS = st.integers(0, 40)


@given(COUNTS, COUNTS, COUNTS, st.sampled_from([None, "for", "against"]), SHARES, st.integers(0, 5))
def test_one_more_for_never_undoes_what_is_carried(
    votes_for: int, against: int, abstaining: int, casting: str | None, share: Fraction, excluded: int
) -> None:
    before, after = Tally(votes_for, against, abstaining), Tally(votes_for + 1, against, abstaining)
    if decide_by_majority(before, casting=casting) == "carried":
        assert decide_by_majority(after, casting=casting) == "carried"
    room = {"present": 200, "all_seats": 300, "excluded": excluded}
    for base in ("present", "cast", "all_seats"):
        majority = SpecialMajority(share, base)
        if decide_by_special_majority(majority, before, **room)[0] == "carried":
            assert decide_by_special_majority(majority, after, **room)[0] == "carried"


@given(SHARES, st.integers(0, 100_000))
def test_the_threshold_is_the_least_whole_number_that_reaches_the_share(share: Fraction, base: int) -> None:
    need = votes_needed(share, base)
    assert share * base <= need < share * base + 1
    assert FractionNeed(share, 1).of(base) == math.floor(share * base) + 1 > share * base


# --- V12 -----------------------------------------------------------------------------------------------------------

ACTS = st.lists(
    st.tuples(
        st.sampled_from([*AFTER, "correct", "minute", "decide", "superseded-by-another"]),
        st.sampled_from(["carried", "not_carried", "referred"]),
    ),
    max_size=12,
)


@settings(max_examples=200)
@given(ACTS, ACTS)
def test_outcome_model_and_paper_never_change_after_publication(
    before: list[tuple[str, str]], after: list[tuple[str, str]]
) -> None:
    way = [("tabled", ""), ("open", ""), ("decide", "carried"), *before, ("published", "")]
    found = Decision("D-1", "option1", "consensus", (Pin("P-1", 1, "c0ffee"),))
    for act in way:
        found = _acted(found, act)
    fixed = (found.outcome, found.model, found.papers, found.tally, found.decided_at)
    for act in after:
        found = _acted(found, act)
        assert (found.outcome, found.model, found.papers, found.tally, found.decided_at) == fixed
    assert found.state in ("published", "ratified", "superseded")


def _acted(found: Decision, act: tuple[str, str]) -> Decision:
    """Try an act on a decision; refused, the decision is as it was."""
    what, outcome = act
    try:
        if what == "correct":
            return correct_decision(found, outcome=outcome, tally="9-0")
        if what == "minute":
            return approve_minutes(found)
        if what == "decide":
            return decide_item(found, outcome, at=AT, tally="5-4")
        if what == "superseded-by-another":
            other = Decision("D-2", "option2", "vote", state="decided", outcome=outcome)
            return supersede(found, other)[0]
        return move_decision(found, what)
    except RuleError:
        return found


# --- V15 -----------------------------------------------------------------------------------------------------------

OPTION1 = model_named("option1")
DECIDED = date(2021, 6, 1)
DAYS = st.integers(0, 42).map(lambda days: DECIDED + timedelta(days=days))
POSITIONS = st.lists(
    st.builds(
        Position, st.sampled_from(PEOPLE), st.sampled_from(["adopted", "conditional", "declined", "none"]), DAYS,
        st.just("own duty"), st.one_of(st.none(), DAYS),
    ),
    max_size=10,
)  # fmt: skip


@given(POSITIONS, st.integers(0, 60), st.booleans())
def test_bound_pending_and_unbound_are_all_partners_and_share_none(
    positions: list[Position], days: int, is_quorate: bool
) -> None:
    asked: dict[str, Any] = {"decided_on": DECIDED, "today": DECIDED + timedelta(days=days)}
    found = adoption_outcome(OPTION1, PEOPLE, positions, is_quorate=is_quorate, **asked)
    assert sorted([*found.bound, *found.pending, *found.unbound]) == PEOPLE
    if days > 42:
        assert not found.pending
    if is_quorate:
        assert (found.outcome is None) == bool(found.pending)
    # No veto: a body that declines unbinds itself alone.
    declining = Position(PEOPLE[0], "declined", DECIDED + timedelta(days=min(days, 42)))
    without = adoption_outcome(OPTION1, PEOPLE, [*positions, declining], is_quorate=is_quorate, **asked)
    assert set(found.bound) - {PEOPLE[0]} == set(without.bound)
    assert set(found.pending) - {PEOPLE[0]} == set(without.pending)


@given(st.lists(st.sampled_from(VALUES), min_size=1, max_size=15), st.data())
def test_under_option_2_no_vote_alone_stops_a_majority(said: list[str], data: st.DataObject) -> None:
    one = data.draw(st.integers(0, len(said) - 1))
    others = [*said[:one], *said[one + 1 :]]
    alone = Tally(others.count("for"), others.count("against") + 1, others.count("abstain"))
    # Whoever the one is: where the others have two votes more for than against, it is carried all the same.
    if others.count("for") >= others.count("against") + 2:
        assert decide_by_majority(alone) == "carried"
    # And everybody is the same as everybody else: only the numbers count.
    outcomes = {
        decide_by_majority(tally([Vote(p, v, AT) for p, v in zip(order, said, strict=False)]))
        for order in ([f"a{n}" for n in range(len(said))], [f"z{n}" for n in reversed(range(len(said)))])
    }
    assert len(outcomes) == 1


# --- V25 -----------------------------------------------------------------------------------------------------------

DECLARED = st.dictionaries(
    st.tuples(st.sampled_from(["item1", "item2", "item3"]), st.sampled_from(PEOPLE)), st.sampled_from([*ACTIONS])
)


def may_vote(item: str, person: str, declared: Mapping[tuple[str, str], str]) -> bool:
    excluded = {
        who
        for (about, who), action in declared.items()
        if about == item and not rights_in(action, recorded_at=START, at=AT).may_vote
    }
    try:
        check_vote(
            Vote(person, "for", AT, item), seats_of={one: ["seat"] for one in PEOPLE[:5]}, excluded=excluded,
            opens_at=START, closes_at=None,
        )  # fmt: skip
    except VoteRefused:
        return False
    return True


@given(DECLARED, DECLARED, st.sampled_from(PEOPLE))
def test_rights_depend_on_what_was_declared_for_this_item_only(
    declared: dict[tuple[str, str], str], others: dict[tuple[str, str], str], person: str
) -> None:
    mine = {key: action for key, action in declared.items() if key[0] == "item1"}
    elsewhere = {key: action for key, action in others.items() if key[0] != "item1"}
    # Whatever is said of other items, or by other people of this one, leaves this person's vote as it is.
    assert may_vote("item1", person, declared) == may_vote("item1", person, mine | elsewhere)
    own = {key: action for key, action in mine.items() if key[1] == person}
    assert may_vote("item1", person, own) == may_vote("item1", person, mine)
    expected = person in PEOPLE[:5] and mine.get(("item1", person), "note") == "note"
    assert may_vote("item1", person, mine) == expected


def test_the_twin_finds_what_is_plain() -> None:
    seats_of = {"a": {"s0"}, "b": {"s0"}, "c": {"s1", "s2"}}
    assert most_by_trying(seats_of, SEATS) == 2
    assert {most_by_trying(dict(order), SEATS) for order in permutations(seats_of.items())} == {2}
    with pytest.raises(RuleError):
        Tally(-1, 0, 0)
