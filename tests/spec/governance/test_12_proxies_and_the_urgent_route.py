"""Votes by proxy, and decisions between two meetings (rules: Q7, Q8)."""

from __future__ import annotations

from datetime import date

import pytest

from joinedup.errors import RuleError
from joinedup.governance import Ratifying, Tally, UrgentRefused, Vote, VoteRefused, ratifying, tally
from joinedup.governance.boards.seats import Attendance
from joinedup.governance.meetings.proxies import Proxy, check_proxy_vote
from joinedup.governance.meetings.urgent import check_urgent
from joinedup.governance.meetings.voting import seats_voted_for

from .boardroom import at, board_of, present

BOARD = board_of(5)
THERE = [*present("p1", "p2"), Attendance("p3", at("10:20"))]  # p3, who gave a proxy to p1, joins at 10:20


def refused(
    clock: str = "10:10",
    *,
    vote: tuple[str, str] = ("p1", "p3"),
    proxies: tuple[tuple[str, str], ...] = (("p3", "p1"),),
    terms_allow: bool = True,
    excluded: frozenset[str] = frozenset(),
) -> str:
    try:
        check_proxy_vote(
            Vote(vote[0], "for", at(clock), proxy_for=vote[1]), [Proxy(*one) for one in proxies], BOARD, THERE,
            terms_allow=terms_allow, excluded=excluded,
        )  # fmt: skip
    except VoteRefused as error:
        return str(error)
    return ""


def test_a_proxy_is_void_from_the_minute_the_giver_joins() -> None:
    assert refused("10:19") == ""
    assert "void" in refused("10:20")
    assert "void" in refused("11:00")


def test_a_proxy_only_if_the_terms_allow_it_and_one_extra_vote_at_most() -> None:
    assert "know no votes by proxy" in refused(terms_allow=False)
    assert "no proxy" in refused(proxies=())
    assert "no proxy" in refused(proxies=(("p3", "p2"),))
    two = (("p4", "p1"), ("p3", "p1"))
    assert "one absent member at most" in refused(proxies=two)
    assert refused(vote=("p1", "p4"), proxies=two) == ""


def test_giver_and_holder_need_a_seat_and_no_conflict() -> None:
    assert "conflict" in refused(excluded=frozenset({"p3"}))
    assert "conflict" in refused(excluded=frozenset({"p1"}))
    assert "not in the meeting" in refused(vote=("p5", "p3"), proxies=(("p3", "p5"),))
    assert "gave this proxy holds no voting seat" in refused(vote=("p1", "guest"), proxies=(("guest", "p1"),))
    assert "himself" in refused(vote=("p1", "p1"), proxies=(("p1", "p1"),))


def test_a_vote_by_proxy_is_one_more_vote_for_the_givers_seat() -> None:
    cast = [Vote("p1", "for", at("10:10")), Vote("p1", "against", at("10:10"), proxy_for="p3")]
    seats = seats_voted_for(cast, BOARD, THERE)
    assert seats == {"p1": {"s1"}, "p3": {"s3"}}
    assert tally(cast, seats) == Tally(1, 1, 0)


# --- Q7 ------------------------------------------------------------------------------------------------------------

DECIDED, NEXT = date(2022, 8, 3), date(2022, 9, 23)
MEETINGS = [date(2022, 7, 22), NEXT, date(2022, 11, 25)]


def test_an_urgent_decision_waits_for_the_next_meeting() -> None:
    assert ratifying(DECIDED, MEETINGS, today=date(2022, 9, 1)) == Ratifying("waiting", NEXT, 51)
    assert ratifying(DECIDED, MEETINGS, today=NEXT).state == "waiting"
    # Decided on the day of a meeting, after it: the next one ratifies.
    assert ratifying(NEXT, MEETINGS, today=NEXT) == Ratifying("waiting", date(2022, 11, 25), 63)
    # Passed over there, it is overdue, and stays so past the meeting after it.
    assert ratifying(DECIDED, MEETINGS, today=date(2022, 9, 24)) == Ratifying("overdue", NEXT, 51)
    assert ratifying(DECIDED, MEETINGS, today=date(2022, 12, 1)).state == "overdue"


def test_ratified_refused_or_without_a_meeting() -> None:
    done = ratifying(DECIDED, MEETINGS, today=date(2022, 10, 1), answered_on=NEXT, is_ratified=True)
    assert done == Ratifying("ratified", NEXT, 51)
    assert ratifying(DECIDED, MEETINGS, today=NEXT, answered_on=NEXT).state == "refused"
    # Not known yet on the day before.
    assert ratifying(DECIDED, MEETINGS, today=date(2022, 9, 22), answered_on=NEXT, is_ratified=True).state == "waiting"
    assert ratifying(DECIDED, MEETINGS[:1], today=NEXT) == Ratifying("no_meeting", None, None)
    with pytest.raises(RuleError, match="before it"):
        ratifying(DECIDED, MEETINGS, today=NEXT, answered_on=date(2022, 8, 2))


@pytest.mark.parametrize(
    ("chair", "chief_executive", "excluded", "reason", "says"),
    [
        ("c", "e", {"c"}, "Beds", "the chair has a conflict"),
        ("c", "e", {"e"}, "Beds", "the chief executive has a conflict"),
        ("c", "c", set(), "Beds", "one person"),
        ("", "e", set(), "Beds", "post of chair has no holder"),
        ("c", "", set(), "Beds", "post of chief executive has no holder"),
        ("c", "e", set(), "  ", "say why"),
    ],
)
def test_the_urgent_route_needs_two_people_without_a_conflict_and_a_reason(
    chair: str, chief_executive: str, excluded: set[str], reason: str, says: str
) -> None:
    with pytest.raises(UrgentRefused, match=says):
        check_urgent(chair=chair, chief_executive=chief_executive, excluded=excluded, reason=reason)
    check_urgent(chair="c", chief_executive="e", excluded={"x"}, reason="Beds close on Friday")
