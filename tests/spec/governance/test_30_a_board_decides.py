"""A board decides: from its seats to a decision that money acts on."""

from __future__ import annotations

from typing import Any

import pytest

from joinedup.governance import models
from joinedup.governance.meetings.decisions import MeetingCannotDecide
from joinedup.governance.meetings.expected_effect import NoExpectedEffect

from .sitting import ASKS, BOARD, EFFECT, arrive, call, close, item, open_, paper, vote

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("littleshire_with_a_board")]
EVERYBODY = ("ada", "ben", "cat", "dan", "eve", "fay", "gus", "hal")


def a_decision(**more: Any) -> models.Decision:
    """Eight people, five for and three against."""
    meeting = call()
    key = item(meeting, 1, function="resources", **more)
    paper(key, cost_pence=more.get("amount_pence", 0))
    arrive(meeting, *EVERYBODY)
    assert open_(key, "10:05") == ("approve", ())
    vote(key, "10:20", ada="for", ben="for", cat="for", dan="for", eve="for", fay="against", gus="against")
    return close(key, "10:30", dissents={"fay": "It is too early."})  # type: ignore[no-any-return]


def test_a_decision_keeps_its_quorum_its_votes_its_model_and_its_paper() -> None:
    decision = a_decision()
    assert (decision.outcome, decision.model, decision.method) == ("carried", "option2", "vote")
    assert (decision.quorum_snapshot["count"], decision.quorum_snapshot["need"]) == (8, 5)
    kept = decision.votes_snapshot
    assert (kept["votes_for"], kept["votes_against"], kept["abstentions"]) == (5, 2, 0)
    assert decision.papers == [
        {"paper": f"paper-{BOARD}-2022-09-23-1", "number": 1,
         "content_hash": models.PaperVersion.objects.get().content_hash}
    ]  # fmt: skip
    assert [(one.person, one.text) for one in decision.dissents.all()] == [("fay", "It is too early.")]


def test_a_decision_that_asks_for_money_gives_money_its_authority() -> None:
    from joinedup.money.ledger.reading import authority_of

    decision = a_decision(amount_pence=50_000_000, supplier="Care Ltd", asks=ASKS, expects=EFFECT)
    given = authority_of(decision.reference)
    assert given.limit_pence == 50_000_000
    assert (given.reference, given.party, given.acts) == (decision.reference, "Care Ltd", frozenset({"commitment"}))
    assert given.given_by == f"service:board {BOARD}"
    assert decision.given_authority.authority == given.id


def test_money_is_not_asked_for_without_the_expected_effect() -> None:
    with pytest.raises(NoExpectedEffect, match=r"Missing: size, for\.$"):
        item(
            call(), 1, function="resources", amount_pence=1, asks=ASKS,
            expects={"measure": "x", "by": "2023-01-01"},
        )  # fmt: skip


def test_a_development_meeting_has_nothing_to_approve() -> None:
    with pytest.raises(MeetingCannotDecide, match="A development meeting cannot decide"):
        item(call(kind="development"), 1)
