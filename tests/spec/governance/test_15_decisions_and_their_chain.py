"""A decision's states and outcomes, what never changes, dissent, its chain and tier (rules: B6, B7, B10, B11, Q6)."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import pytest

from joinedup.errors import RuleError
from joinedup.governance import (
    Decision,
    DecisionFixed,
    DecisionLinks,
    MeetingCannotDecide,
    Pin,
    ReleaseRefused,
    StateRefused,
    TierReasonMissing,
    tier_shares,
)
from joinedup.governance.meetings.chain import check_release, check_tier
from joinedup.governance.meetings.decisions import (
    Dissent,
    approve_minutes,
    check_may_decide_in,
    correct_decision,
    decide_item,
    minute,
    move_decision,
    needs_quorum,
    newest_of,
    supersede,
)

from .boardroom import at

DRAFT = Decision("D-1", "option2", "vote", (Pin("P-12", 1, "c0ffee"),))


def decided(reference: str = "D-1", outcome: str = "carried") -> Decision:
    opened = move_decision(move_decision(replace(DRAFT, reference=reference), "tabled"), "open")
    return decide_item(opened, outcome, at=at("11:00"), tally="8-1", dissents=[Dissent("p9", "Too fast for us. ")])


def test_a_development_meeting_records_notes_and_never_decisions() -> None:
    for kind in ("development", "seminar"):
        with pytest.raises(
            MeetingCannotDecide, match=f"A {kind} meeting cannot decide; put the item to a decision meeting"
        ):
            check_may_decide_in(kind)
        assert not needs_quorum(kind)
    for kind in ("decision", "extraordinary", "urgent"):
        check_may_decide_in(kind)
        assert needs_quorum(kind)
    with pytest.raises(RuleError, match="Did you mean 'seminar'"):
        check_may_decide_in("seminars")


def test_a_decision_goes_its_way_and_never_back() -> None:
    published = move_decision(decided(), "published")
    assert published.state == "published"
    assert move_decision(published, "ratified").state == "ratified"
    with pytest.raises(
        StateRefused, match="D-1 is published and cannot become 'draft'; possible: ratified, superseded"
    ):
        move_decision(published, "draft")
    with pytest.raises(StateRefused, match="cannot become 'published'"):
        move_decision(DRAFT, "published")
    # It is decided with an outcome, or not at all.
    opened = move_decision(move_decision(DRAFT, "tabled"), "open")
    with pytest.raises(StateRefused):
        move_decision(opened, "decided")
    with pytest.raises(StateRefused, match="only an open item"):
        decide_item(DRAFT, "carried", at=at("11:00"))
    with pytest.raises(RuleError, match="Did you mean 'carried'"):
        decide_item(opened, "caried", at=at("11:00"))
    assert move_decision(move_decision(DRAFT, "tabled"), "draft") == DRAFT


def test_what_is_published_or_minuted_does_not_change() -> None:
    assert correct_decision(decided(), outcome="not_carried", tally="4-5").outcome == "not_carried"
    for fixed in (move_decision(decided(), "published"), approve_minutes(decided())):
        assert fixed.is_fixed
        with pytest.raises(DecisionFixed, match="Put a new decision to a meeting that supersedes it"):
            correct_decision(fixed, outcome="not_carried")
    with pytest.raises(StateRefused, match="no outcome to correct"):
        correct_decision(DRAFT, outcome="carried")
    with pytest.raises(StateRefused, match="minutes hold decisions"):
        approve_minutes(DRAFT)


def test_a_change_is_a_new_decision_that_supersedes() -> None:
    published = move_decision(decided(), "published")
    old, new = supersede(published, decided("D-2"))
    assert (old.state, new.supersedes) == ("superseded", "D-1")
    # What the old one says is what it said.
    assert replace(old, state="published") == published
    with pytest.raises(StateRefused):
        supersede(old, decided("D-3"))
    with pytest.raises(StateRefused, match="is not carried"):
        supersede(published, decided("D-2", "not_carried"))
    with pytest.raises(StateRefused, match="not D-1"):
        supersede(published, new=replace(decided("D-2"), supersedes="D-0"))
    with pytest.raises(StateRefused, match="itself"):
        supersede(published, decided("D-1"))
    with pytest.raises(DecisionFixed, match="not taken to supersede"):
        supersede(published, move_decision(decided("D-2"), "published"))
    assert newest_of("D-1", {"D-1": "D-2", "D-2": "D-5"}) == "D-5"
    assert newest_of("D-5", {"D-1": "D-2"}) == "D-5"
    with pytest.raises(RuleError, match="circle"):
        newest_of("D-1", {"D-1": "D-2", "D-2": "D-1"})


def test_a_decision_holds_together() -> None:
    with pytest.raises(RuleError, match="one of them is wrong"):
        replace(DRAFT, outcome="carried")
    with pytest.raises(RuleError, match="one of them is wrong"):
        replace(DRAFT, state="decided")
    with pytest.raises(RuleError, match="the method 'show of hands'"):
        replace(DRAFT, method="show of hands")


def test_dissent_is_the_persons_own_text_and_minuted_with_the_outcome() -> None:
    assert minute(decided()) == ("D-1: Carried 8-1.", "Dissent: Too fast for us.")
    assert len(decided().dissents) == 1
    assert minute(DRAFT) == ("D-1: no decision was taken.",)
    with pytest.raises(RuleError, match="it is empty"):
        Dissent("p9", " ")


# --- B10 and B11 ---------------------------------------------------------------------------------------------------

LINKED = DecisionLinks("D-1", 425_000, ("P-12",), ("C-4",), ("B-7",), (), ("R-2",))


def test_how_much_of_the_chain_is_there() -> None:
    assert (LINKED.share, LINKED.missing) == (Fraction(4, 5), ("metric",))
    assert DecisionLinks("D-1").share == 0
    assert replace(LINKED, metric=("M-1",)).share == 1


def test_money_moves_only_with_a_decision_and_from_a_budget_line() -> None:
    check_release(LINKED, 425_000)
    with pytest.raises(ReleaseRefused, match="names no budget line"):
        check_release(replace(LINKED, budget_line=()), 1)
    with pytest.raises(ReleaseRefused, match="without a decision"):
        check_release(None, 1)
    with pytest.raises(ReleaseRefused, match="without a decision"):
        check_release(replace(LINKED, decision=" "), 1)
    with pytest.raises(ReleaseRefused, match="425,001 p are more"):
        check_release(LINKED, 425_001)
    check_release(None, 0)


def test_another_tier_than_the_lowest_needs_a_reason() -> None:
    check_tier("place", "place")
    check_tier("system", "place", "One contract for three places")
    with pytest.raises(TierReasonMissing, match="at the tier 'place' and is decided at 'system'"):
        check_tier("system", "place", " ")
    with pytest.raises(RuleError, match="Did you mean 'neighbourhood'"):
        check_tier("neighborhood", "place")


def test_shares_of_decisions_by_tier() -> None:
    taken = ["system"] * 22 + ["place"] * 13 + ["neighbourhood"] * 5
    assert tier_shares(taken) == {
        "system": Decimal("55.0"), "place": Decimal("32.5"), "neighbourhood": Decimal("12.5"),
    }  # fmt: skip
    assert tier_shares([]) == {}
    # Half up: 1 of 16 is 6.25%.
    assert tier_shares(["place"] * 15 + ["system"])["system"] == Decimal("6.3")
    with pytest.raises(RuleError, match="'town' is no tier"):
        tier_shares(["town"])
