"""Votes by proxy: only where a board's terms allow them (rule: governance Q8)."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from joinedup.governance.boards.seats import Attendance, Board
from joinedup.governance.meetings.voting import Vote, VoteRefused


@dataclass(frozen=True, slots=True)
class Proxy:
    """That `giver` lets `holder` vote in one meeting while the giver is away."""

    giver: str
    holder: str


def check_proxy_vote(
    vote: Vote,
    proxies: Iterable[Proxy],
    board: Board,
    attendances: Iterable[Attendance],
    *,
    terms_allow: bool,
    excluded: Collection[str] = (),
) -> None:
    """Raise VoteRefused, with the reason, unless this vote by proxy counts (Q8).

    One extra vote at most: who holds two proxies votes for the first giver only. The proxy is void from the minute at
    which the giver is there; what was voted before stands. A proxy never counts towards the quorum. Giver and holder
    must both be without a conflict in the item, and the giver must hold a voting seat.
    """
    if not terms_allow:
        raise VoteRefused("Q8: the terms of this board know no votes by proxy.")
    held = [one for one in proxies if one.holder == vote.person]
    given = [one for one in held if one.giver == vote.proxy_for]
    if not given:
        raise VoteRefused("Q8: no proxy from that member to this one is recorded for the meeting; record it first.")
    if held[0] != given[0]:
        raise VoteRefused("Q8: a member votes for one absent member at most; this one holds an earlier proxy.")
    if given[0].giver == given[0].holder:
        raise VoteRefused("Q8: nobody is a proxy for himself or herself.")
    there = tuple(attendances)
    if any(one.person == vote.proxy_for and one.covers(vote.cast_at) for one in there):
        raise VoteRefused("Q8: the member who gave this proxy is in the meeting now, so that it is void.")
    if vote.person not in board.vote_seats_at(there, vote.cast_at):
        raise VoteRefused("Q8: the holder of this proxy holds no voting seat here today, or is not in the meeting.")
    as_if_there = Attendance(vote.proxy_for, vote.cast_at)
    if vote.proxy_for not in board.vote_seats_at([as_if_there], vote.cast_at):
        raise VoteRefused("Q8: the member who gave this proxy holds no voting seat on this day.")
    if {vote.person, vote.proxy_for} & set(excluded):
        raise VoteRefused("Q8: the giver or the holder of this proxy has a conflict of interest in this item.")
