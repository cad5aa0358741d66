"""Risks entered, scored, assured, closed, and held against the appetite; commitments opened, moved and shown late."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import transaction

from joinedup.errors import NotFound, RuleError
from joinedup.governance import models
from joinedup.governance.acts import assurance as acts
from joinedup.governance.assurance.appetite import appetite_for, check_appetite, is_above
from joinedup.governance.assurance.commitments import CommitmentError
from joinedup.governance.assurance.risks import RiskIsClosed, RiskScores, Score, ScoreError, check_closing
from joinedup.governance.kept.assurance import framework_gaps, overdue_of, status_of
from joinedup.moment import Moment, now

from .sitting import BOARD, OPENED, grant, job
from .test_40_pages_of_a_board import act, page, send, signed_in

pytestmark = pytest.mark.django_db
SCORED = {
    "inherent_likelihood": "5", "inherent_consequence": "4", "current_likelihood": "4", "current_consequence": "4",
    "target_likelihood": "2", "target_consequence": "4",
}  # fmt: skip


def on(day: date, name: str = "on") -> dict[str, int]:
    return {f"{name}_day": day.day, f"{name}_month": day.month, f"{name}_year": day.year}


@pytest.fixture(scope="module")
def boardroom(littleshire_with_a_board: None, django_db_blocker: Any) -> Iterator[dict[str, Any]]:
    from joinedup.access.demo import demo_users

    with django_db_blocker.unblock(), transaction.atomic():
        demo_users()
        acts.set_objective(grant("governance.assure"), BOARD, "waits", "Shorter waits", since=OPENED)
        yield {role: signed_in(role) for role in ("board_secretary", "member", "analyst", "clinician")}
        transaction.set_rollback(True)


@pytest.fixture
def risk(boardroom: dict[str, Any]) -> str:
    """A risk that was entered thirty days ago."""
    since = now().valid_on - timedelta(days=30)
    acts.record_risk(
        job(), BOARD, "staff", objective="waits", cause="too few nurses", event="Beds close", effect="longer waits",
        owner="Director of nursing", scores=RiskScores(Score(5, 4), Score(4, 4), Score(2, 4), since),
    )  # fmt: skip
    return "staff"


def test_a_score_above_the_appetite_is_marked_and_the_bound_itself_is_not() -> None:
    assert not is_above(Score(3, 4), 12)
    assert is_above(Score(4, 4), 12)
    assert not is_above(Score(5, 5), None)
    assert appetite_for({"": 12, "waits": 6}, "waits") == 6
    assert appetite_for({"": 12}, "waits") == 12
    assert appetite_for({}, "waits") is None
    with pytest.raises(ScoreError, match="7 is no score"):
        check_appetite(7)


def test_a_risk_is_closed_after_its_review_and_not_ahead() -> None:
    today = date(2022, 9, 1)
    check_closing(today, today, today)
    with pytest.raises(RuleError, match="before that"):
        check_closing(date(2022, 8, 31), today, today)
    with pytest.raises(RuleError, match="still to come"):
        check_closing(date(2022, 9, 2), today, today)


def test_a_risk_is_entered_by_its_form(boardroom: dict[str, Any]) -> None:
    secretary = boardroom["board_secretary"]
    assert boardroom["analyst"].get("/governance/risks/enter/").status_code == 403
    assert "Choose which objective it endangers" in send(secretary, "/governance/risks/enter/", 422)
    sent = SCORED | {
        "objective": f"{BOARD} waits", "event": "Beds close in winter", "cause": "too few nurses",
        "effect": "longer waits", "owner": "Director of nursing",
    }  # fmt: skip
    worse = send(secretary, "/governance/risks/enter/", 422, **sent | {"target_likelihood": "5"})
    assert "is worse than today" in worse
    act(secretary, "/governance/risks/enter/", **sent)
    kept = models.Risk.objects.get(event="Beds close in winter")
    text = page(secretary, f"/governance/risks/{kept.key}/")
    assert "No control" in text
    assert "16 (Extreme)" in text
    assert kept.key in page(boardroom["member"], "/governance/risks/")


def test_a_risk_is_controlled_assured_scored_and_closed(boardroom: dict[str, Any], risk: str) -> None:
    secretary, today = boardroom["board_secretary"], now().valid_on
    there = f"/governance/risks/{risk}/"
    assert secretary.get(f"{there}assure/").status_code == 404
    assert "Say what is done against it" in send(secretary, f"{there}control/", 422)
    act(secretary, f"{there}control/", text="Recruit abroad")
    lower = SCORED | {"current_likelihood": "3", "reason": "forty posts filled", **on(today)}
    assert "without an assurance of a control" in send(secretary, f"{there}score/", 422, **lower)
    control = models.RiskControl.objects.get(risk=risk)
    found = {"control": str(control.pk), "line": "3", "result": "Forty posts filled", **on(today)}
    ahead = send(secretary, f"{there}assure/", 422, **found | on(today + timedelta(days=1)))
    assert "still to come" in ahead
    act(secretary, f"{there}assure/", **found)
    act(secretary, f"{there}score/", **lower)
    text = page(secretary, there)
    assert "12 (High)" in text
    assert "Forty posts filled" in text
    act(secretary, "/governance/risks/appetite/", board=BOARD, most="8", reason="by the board", **on(today, "since"))
    assert "this risk is above it" in page(secretary, there)
    assert "Choose the highest score" in send(
        secretary, "/governance/risks/appetite/", 422, board=BOARD, most="7", reason="by the board",
        **on(today, "since"),
    )  # fmt: skip
    assert "Say who decided that" in send(secretary, f"{there}close/", 422, **on(today), reason="The wards are full")
    act(secretary, f"{there}close/", by="The board", reason="Every post is filled", **on(today))
    text = page(secretary, "/governance/risks/")
    assert text.index("Closed risks") < text.index("Every post is filled")
    assert "Score it again" not in page(secretary, there)
    assert "was closed on" in send(secretary, f"{there}control/", 422, text="Recruit more")
    with pytest.raises(RiskIsClosed):
        acts.close_risk(grant("governance.assure"), risk, on=today, closed_by="me again", reason="twice")
    # Yesterday it was open, by what is known today; and the framework has its objective without a risk again.
    yesterday = Moment(today - timedelta(days=1), now().known_at)
    assert "Every post is filled" not in page(boardroom["member"], f"/governance/risks/?as_of={yesterday.valid_on}")
    assert any(one.objective == "waits" and not one.risk for one in framework_gaps(BOARD, now()))


def test_a_commitment_is_opened_moved_and_shown_when_overdue(boardroom: dict[str, Any]) -> None:
    secretary, today = boardroom["board_secretary"], now().valid_on
    sent = {
        "text": "Open thirty beds", "board": BOARD, "owner": "RWG", "test": "the bed count", "source": "plan, page 4",
        **on(today - timedelta(days=1), "due"),
    }  # fmt: skip
    assert "Choose the decision, or say from where it is" in send(
        secretary, "/governance/commitments/open/", 422, **sent | {"source": ""}
    )
    act(secretary, "/governance/commitments/open/", **sent)
    kept = models.Commitment.objects.get(text="Open thirty beds")
    text = page(secretary, "/governance/commitments/")
    assert "1 commitment is overdue" in text
    assert [one.key for one in overdue_of(BOARD, now())] == [kept.key]
    there = f"/governance/commitments/{kept.key}/move/"
    assert boardroom["analyst"].get(there).status_code == 403
    same = send(secretary, there, 422, reason="no change", **on(today - timedelta(days=1), "due"))
    assert "already" in same
    later = on(today + timedelta(days=20), "due")
    act(secretary, there, reason="The builders went bust; agreed by the board", **later)
    text = page(secretary, "/governance/commitments/")
    assert "is overdue" not in text
    assert "The builders went bust" in text
    assert overdue_of(BOARD, now()) == []
    assert models.Commitment.objects.get(pk=kept.key).due_on == today - timedelta(days=1)
    done = {"text": "The bed count of today", "status": "met", **on(today, "dated")}
    assert (
        secretary.post(f"/governance/commitments/{kept.key}/evidence/", done | {"confirmed": "yes"}).status_code == 302
    )
    assert status_of(kept.key, now()) == "met"
    with pytest.raises(CommitmentError, match="is met; the day of an open one is moved"):
        acts.move_commitment(grant("governance.assure"), kept.key, due_on=today, reason="too late")
    with pytest.raises(NotFound, match="Did you mean"):
        acts.move_commitment(grant("governance.assure"), kept.key[:-1], due_on=today, reason="a typo")


def test_an_objective_is_set_by_its_form(boardroom: dict[str, Any]) -> None:
    secretary = boardroom["board_secretary"]
    act(secretary, "/governance/risks/objective/", board=BOARD, title="Fewer falls", none="Nobody falls",
        **on(OPENED, "since"))  # fmt: skip
    assert models.Objective.objects.get(key="fewer-falls").no_risk_because == "Nobody falls"
