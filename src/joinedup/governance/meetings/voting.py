"""Who may vote on an item, which votes count, and what they come to (rules: governance B1, Q3 to Q6, V9 to V11, V25).

counted = count_votes(votes, closes_at=at)
decide_by_majority(tally(counted, seats_of), casting="for")
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import Final

from joinedup.errors import RuleError, did_you_mean
from joinedup.governance.boards.matching import match_seats
from joinedup.governance.boards.seats import Attendance, Board
from joinedup.governance.meetings.quorum import exact
from joinedup.moment import LONDON

VALUES: Final = ("for", "against", "abstain")
SPECIAL_BASES: Final = ("present", "cast", "all_seats")


class VoteRefused(RuleError):
    """This vote is not taken, and the message says why: no seat, not there, a conflict, too early, too late."""


class NobodyPresides(RuleError):
    """Neither the chair nor a deputy of the chair may preside over this item."""


@dataclass(frozen=True, slots=True)
class Vote:
    """What a person said on an item at an instant; `proxy_for` is who the vote is given for, by proxy."""

    person: str
    value: str
    cast_at: datetime
    item: str = ""
    proxy_for: str = ""

    def __post_init__(self) -> None:
        if self.value not in VALUES:
            raise RuleError(
                f"Q3: '{self.value}' is no vote; expected {', '.join(VALUES)}.{did_you_mean(self.value, VALUES)}"
            )
        if self.cast_at.tzinfo is None:
            raise RuleError("Q5: the instant of a vote needs a time zone; give an aware datetime.")

    @property
    def of(self) -> str:
        """Whose vote it is."""
        return self.proxy_for or self.person


@dataclass(frozen=True, slots=True)
class CountedVotes:
    """The votes that count, one of a person and an item, and the earlier ones that they took the place of."""

    counted: tuple[Vote, ...]
    superseded: tuple[Vote, ...]


@dataclass(frozen=True, slots=True)
class Tally:
    """Votes of an item. `no_vote` are seats whose joint holders did not agree."""

    votes_for: int
    votes_against: int
    abstentions: int
    no_vote: int = 0

    def __post_init__(self) -> None:
        if min(self.votes_for, self.votes_against, self.abstentions, self.no_vote) < 0:
            raise RuleError("Q3: a tally has a number below 0; expected counts of votes.")

    @property
    def cast(self) -> int:
        """Votes for and against; an abstention counts for the quorum only."""
        return self.votes_for + self.votes_against

    @property
    def says(self) -> str:
        """The tally for the minutes, such as "8-1, 1 abstaining"."""
        return f"{self.votes_for}-{self.votes_against}" + (f", {self.abstentions} abstaining" * bool(self.abstentions))


@dataclass(frozen=True, slots=True)
class SpecialMajority:
    """votes for >= ceil(fraction x base), in exact fractions; base is present, cast or all_seats."""

    fraction: Fraction
    base: str

    def __post_init__(self) -> None:
        if self.base not in SPECIAL_BASES:
            raise RuleError(
                f"Q4: '{self.base}' is no base of a majority; expected {', '.join(SPECIAL_BASES)}."
                f"{did_you_mean(self.base, SPECIAL_BASES)}"
            )


def read_special_majority(words: str) -> SpecialMajority:
    """Read a special majority as an agenda item says it: "2/3 of all_seats", "0.55 of cast"."""
    share, of, base = words.partition(" of ")
    if not of:
        raise RuleError(f"Q4: '{words}' is no majority; expected words such as \"2/3 of present\".")
    return SpecialMajority(exact(share.strip(), "the share of a majority", "Q4"), base.strip())


def check_vote(
    vote: Vote,
    *,
    seats_of: Mapping[str, Collection[str]],
    excluded: Collection[str],
    opens_at: datetime | None,
    closes_at: datetime | None,
) -> None:
    """Raise VoteRefused, with the reason, unless the person may vote on this item at this instant (Q5).

    `seats_of` is Board.vote_seats_at that instant, `excluded` those who may not vote on this very item. Nothing else
    gives or takes a vote: not what was declared for other items, not who may read names (V25). A vote by proxy is
    checked by `check_proxy_vote`.
    """
    if opens_at is None or vote.cast_at < opens_at:
        raise VoteRefused("Q5: voting on this item is not open; wait until it is opened.")
    if closes_at is not None and vote.cast_at >= closes_at:
        raise VoteRefused("Q5: voting on this item is closed; a change needs a new decision.")
    if not seats_of.get(vote.person):
        raise VoteRefused(
            "Q5: this person holds no voting seat here today, or is not in the meeting at this minute. Correct the "
            "attendance if that is wrong; a vote of somebody who left is not taken."
        )
    if vote.person in excluded:
        raise VoteRefused("Q5: this person has a conflict of interest in this item and has no vote on it.")


def count_votes(votes: Iterable[Vote], *, closes_at: datetime | None = None) -> CountedVotes:
    """Answer which votes count: the last of a person on an item before `closes_at` (Q5). The others are kept beside.

    Votes at or after `closes_at` raise VoteRefused: they should have been refused when they were cast. Of two votes at
    the same instant the later in order is the later.
    """
    last: dict[tuple[str, str], tuple[datetime, int, Vote]] = {}
    superseded: list[tuple[datetime, int, Vote]] = []
    for order, vote in enumerate(votes):
        if closes_at is not None and vote.cast_at >= closes_at:
            raise VoteRefused("Q5: a vote was cast after voting on its item was closed; it cannot be counted.")
        key, one = (vote.item, vote.of), (vote.cast_at, order, vote)
        before = last.get(key)
        if before is None or before[:2] < one[:2]:
            last[key] = one
        if before is not None:
            superseded.append(min(before, one, key=lambda found: found[:2]))
    return CountedVotes(
        tuple(vote for _, _, vote in sorted(last.values(), key=lambda found: found[:2])),
        tuple(vote for _, _, vote in sorted(superseded, key=lambda found: found[:2])),
    )


def tally(votes: Iterable[Vote], seats_of: Mapping[str, Collection[str]] | None = None) -> Tally:
    """Add up the votes that count: one for each person, and one for each seat (B1).

    `seats_of` is {person: voting seats} (`seats_voted_for`). Where people who voted share seats that are fewer than
    they are, these seats have one vote each if all of them agree, and none if they do not: joint holders who disagree
    cancel their seat. Without `seats_of` nobody shares a seat. RuleError for two votes of one person: count them first;
    VoteRefused for one of somebody without a seat, which should have been refused when it was cast.
    """
    value_of: dict[str, str] = {}
    for vote in votes:
        if vote.of in value_of:
            raise RuleError("Q5: a person has two votes in one tally; count the votes first (count_votes).")
        value_of[vote.of] = vote.value
        if seats_of is not None and not seats_of.get(vote.of):
            raise VoteRefused("Q5: a vote was cast by somebody without a voting seat; it cannot be counted.")
    sums, no_vote = dict.fromkeys(VALUES, 0), 0
    groups = _sharing({one: seats_of.get(one, ()) for one in value_of} if seats_of is not None else {})
    sharing = {person for people, _ in groups for person in people}
    for person, value in value_of.items():
        if person not in sharing:
            sums[value] += 1
    for people, seats in groups:
        values = {value_of[one] for one in people}
        if len(values) == 1:
            sums[values.pop()] += len(seats)
        else:
            no_vote += len(seats)
    return Tally(sums["for"], sums["against"], sums["abstain"], no_vote)


def seats_voted_for(
    votes: Iterable[Vote], board: Board, attendances: Iterable[Attendance]
) -> dict[str, frozenset[str]]:
    """Answer for which voting seats each vote was cast, at its own instant: {person: seats}.

    Who voted and left then keeps the vote. A vote by proxy is for the seats of who gave the proxy.
    """
    there = tuple(attendances)
    found: dict[str, frozenset[str]] = {}
    for vote in votes:
        seen = (Attendance(vote.of, vote.cast_at),) if vote.proxy_for else there
        found[vote.of] = board.vote_seats_at(seen, vote.cast_at).get(vote.of, frozenset())
    return found


def _sharing(seats_of: Mapping[str, Collection[str]]) -> list[tuple[frozenset[str], frozenset[str]]]:
    """Answer the groups of people who hold fewer seats than they are, with these seats.

    They are the people whom some largest matching leaves without a seat (the over-subscribed part of the
    Dulmage-Mendelsohn decomposition), so that the answer depends on no order and no name.
    """
    person_of = match_seats(seats_of)
    ahead = sorted(set(seats_of) - set(person_of.values()))
    people, seats = set(ahead), set[str]()
    while ahead:
        for seat in seats_of[ahead.pop()]:
            seats.add(seat)
            if person_of[seat] not in people:  # matched, or the matching would not be a largest one
                people.add(person_of[seat])
                ahead.append(person_of[seat])
    found, left = [], set(people)
    while left:
        group, reach = set[str](), {min(left)}
        held: set[str] = set()
        while reach:
            group |= reach
            held |= {seat for one in reach for seat in seats_of[one]}
            reach = {one for one in left - group if held & set(seats_of[one])}
        left -= group
        found.append((frozenset(group), frozenset(held)))
    return found


def who_presides(chair: str | None, deputies: Iterable[str], able: Collection[str]) -> str:
    """Answer who presides over an item: the chair, else the first deputy, of those who are there without a conflict.

    `able` are the people who may vote on it. NobodyPresides when there is none: the meeting elects one first.
    """
    for person in (chair, *deputies):
        if person and person in able:
            return person
    raise NobodyPresides(
        "Q3: neither the chair nor a deputy is there without a conflict in this item. Let the meeting choose who "
        "presides over it, and record that first."
    )


def decide_by_majority(votes: Tally, *, casting: str | None = None) -> str:
    """Answer carried or not_carried: more votes for than against (Q3).

    On a tie the casting vote of who presides decides ("for" or "against"); None where the terms know no casting vote,
    or where it was not used: then it is not carried.
    """
    if casting not in (None, "for", "against"):
        raise RuleError(f"Q3: the casting vote is '{casting}'; expected for, against, or none.")
    if votes.votes_for == votes.votes_against:
        return "carried" if casting == "for" else "not_carried"
    return "carried" if votes.votes_for > votes.votes_against else "not_carried"


def votes_needed(fraction: Fraction, base: int) -> int:
    """Answer ceil(fraction x base), exactly: 0.55 of 100 is 55, where floats give 56 (Q4, V11)."""
    if isinstance(fraction, float):
        raise RuleError(f'Q4: the share is the float {fraction}; give a Fraction made from text, such as "0.55".')
    return math.ceil(fraction * base)


def decide_by_special_majority(
    majority: SpecialMajority, votes: Tally, *, present: int, all_seats: int, excluded: int
) -> tuple[str, int]:
    """Answer carried or not_carried, and how many votes for it needed (Q4).

    `present` counts who is there with a vote, `all_seats` the voting seats, both with those who are excluded from this
    item; `excluded` of them are never in the base. With no one in the base nothing is carried.
    """
    if excluded > min(present, all_seats):
        raise RuleError(f"Q4: {excluded} are excluded of {present} present and {all_seats} seats; check the counts.")
    base = {"present": present - excluded, "cast": votes.cast, "all_seats": all_seats - excluded}[majority.base]
    need = votes_needed(majority.fraction, base)
    return ("carried" if base and votes.votes_for >= max(need, 1) else "not_carried"), need


def special_majority_at(
    majority: SpecialMajority,
    votes: Tally,
    board: Board,
    attendances: Iterable[Attendance],
    *,
    at: datetime,
    excluded: Collection[str],
) -> tuple[str, int]:
    """Answer what `decide_by_special_majority` does, with the bases counted in seats of the board at an instant (Q4).

    "present" are the votes that people there without a conflict can cast: shared seats once. "all_seats" are the voting
    seats of the day, vacant ones too, but for those all of whose holders are excluded, there or not.
    """
    day = at.astimezone(LONDON).date()
    able = {one: held for one, held in board.vote_seats_at(attendances, at).items() if one not in excluded}
    holders = board.holders_on(day)
    seats = [seat for seat in board.voting_seats_on(day) if not holders[seat.key] or holders[seat.key] - set(excluded)]
    return decide_by_special_majority(majority, votes, present=len(match_seats(able)), all_seats=len(seats), excluded=0)
