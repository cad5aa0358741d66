"""Between meetings: urgent decisions, minutes, commitments, risks, referrals, and what reaches the next agenda."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from joinedup.errors import NotFound, RuleError
from joinedup.governance import models
from joinedup.governance.acts import (
    assurance as services_assurance,
    interests as services_interests,
    minutes as services_minutes,
    scrutiny as services_scrutiny,
    urgent as services_urgent,
)
from joinedup.governance.assurance.commitments import EvidenceTooLate
from joinedup.governance.assurance.risks import RiskScores, Score, ScoresOutOfOrder
from joinedup.governance.kept.assurance import framework_gaps, status_of
from joinedup.governance.meetings.urgent import UrgentRefused
from joinedup.governance.reading import agenda_of
from joinedup.moment import Moment, now

from .sitting import ASKS, BOARD, EFFECT, MEETS, OPENED, arrive, call, close, grant, item, minute, open_, paper, vote

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("littleshire_with_a_board")]
AUGUST = date(2022, 8, 3)


def urgently(**more: Any) -> models.Decision:
    given = {
        "text": "Open ten beds", "reason": "a heatwave", "decided_at": minute("18:00", AUGUST), "function": "resources",
        "amount_pence": 1_000_000, "supplier": "Care Ltd", "asks": ASKS, "expects": EFFECT,
    }  # fmt: skip
    return services_urgent.take_urgent_decision(grant("governance.preside"), BOARD, **given | more)


def ratified(decision: models.Decision, value: str) -> bool:
    key = item(call(), 1, title="Ratify the urgent decision")
    paper(key)
    arrive(f"{BOARD}-{MEETS}", "ada", "ben", "cat", "dan", "eve")
    open_(key, "10:00")
    vote(key, "10:05", ada=value, ben=value)
    close(key, "10:10")
    return services_urgent.ratify(grant("governance.preside"), decision.reference, key)


def test_chair_and_leader_decide_urgently_and_the_next_meeting_ratifies() -> None:
    decision = urgently()
    assert (decision.outcome, decision.method) == ("carried", "urgent")
    assert models.GivenAuthority.objects.get(decision=decision).authority == decision.reference
    call(key="soon")
    ((reference, standing),) = agenda_of("soon", now()).to_ratify
    assert (reference, standing.state, standing.days_open) == (decision.reference, "waiting", 51)


def test_an_urgent_decision_is_ratified_and_keeps_its_authority() -> None:
    assert ratified(urgently(), "for")
    with pytest.raises(RuleError, match="only an urgent decision is ratified"):
        services_urgent.ratify(grant("governance.preside"), f"{BOARD}-{MEETS}-1", f"{BOARD}-{MEETS}-1")


def test_an_urgent_decision_that_is_not_ratified_loses_its_authority() -> None:
    from joinedup.money.ledger.reading import authority_of

    decision = urgently()
    assert not ratified(decision, "against")
    assert authority_of(decision.reference).revoked_on == now().valid_on


def test_the_urgent_route_needs_two_without_a_conflict() -> None:
    with pytest.raises(UrgentRefused, match="the chief executive has a conflict"):
        urgently(conflicted=["ben"])
    services_interests.declare_interest(
        grant("governance.keep"), "ada", type="financial", about_org="Care Ltd", description="shares",
        arose_on=OPENED, declared_on=OPENED,
    )  # fmt: skip
    with pytest.raises(UrgentRefused, match="the chair has a conflict"):
        urgently()
    with pytest.raises(UrgentRefused, match="cannot wait"):
        urgently(supplier="Other Ltd", asks=None, expects=None, reason=" ")


def test_minutes_are_drafted_from_what_was_recorded_edited_and_approved_at_a_later_meeting() -> None:
    key = item(call(), 1, title="Winter beds")
    paper(key)
    arrive(f"{BOARD}-{MEETS}", "ada", "ben", "cat", "dan", "eve")
    services_interests.declare_for_item(
        grant("governance.preside"), key, "eve", nature="perceived", declared_at=minute("10:01"), words="a cousin"
    )
    open_(key, "10:00")
    vote(key, "10:05", ada="for", ben="against", cat="for")
    close(key, "10:10", text="Ten beds are opened", dissents={"ben": "They are too many."})
    prepare, meeting = grant("governance.prepare"), f"{BOARD}-{MEETS}"
    draft = services_minutes.draft_minutes(prepare, meeting)
    assert draft.text.splitlines()[:3] == [
        "Minutes of Littleshire board, 23 September 2022, 10:00", "", "In the chair: Ada Sample",
    ]  # fmt: skip
    assert "Eve Sample declared an interest (perceived)." in draft.text
    assert "Ten beds are opened\nCarried 2-1. Quorate: 5 of 5 needed." in draft.text
    assert "Dissent of Ben Sample: They are too many." in draft.text
    edited = services_minutes.edit_minutes(prepare, meeting, draft.text + "\nThe meeting ended at 11:00.\n")
    later = call(on=date(2022, 11, 25))
    assert agenda_of(later, now()).minutes_of == (meeting,)
    approve = services_minutes.approve_minutes
    with pytest.raises(RuleError, match="has version 2; the newest version is approved, not 1"):
        approve(grant("governance.preside"), meeting, later, number=1)
    approve(grant("governance.preside"), meeting, later, number=edited.number)
    assert agenda_of(later, now()).minutes_of == ()
    with pytest.raises(RuleError, match="are approved and stay as they are"):
        services_minutes.edit_minutes(prepare, meeting, "Otherwise.")


def test_an_overdue_commitment_reaches_the_next_agenda_by_itself_until_it_is_met() -> None:
    leave = grant("governance.assure")
    services_assurance.open_commitment(
        leave, BOARD, "beds", text="Report on the beds", owner="QZ9", due_on=date(2022, 9, 1), test="a report",
        source="the board of July",
    )  # fmt: skip
    meeting = call()
    assert [one.key for one in agenda_of(meeting, now()).overdue] == ["beds"]
    with pytest.raises(EvidenceTooLate, match="comes too late"):
        services_assurance.give_evidence(leave, "beds", "the report", dated=date(2022, 9, 2), status="met")
    services_assurance.give_evidence(leave, "beds", "the report", dated=date(2022, 9, 1), status="met")
    assert status_of("beds", now()) == "met"
    # On the day of the meeting nobody had shown it.
    assert status_of("beds", Moment(MEETS, now().known_at)) == "open"
    assert [one.key for one in agenda_of(call(on=now().valid_on, key="today"), now()).overdue] == []
    with pytest.raises(NotFound, match="Did you mean 'beds'"):
        services_assurance.give_evidence(leave, "bed", "x", dated=MEETS, status="met")


def scores(inherent: int, current: int, target: int, on: date) -> RiskScores:
    """A review with the consequence 4 throughout."""
    return RiskScores(Score(inherent, 4), Score(current, 4), Score(target, 4), on)


def test_a_risk_is_scored_lower_only_by_an_assurance_and_the_framework_names_its_gaps() -> None:
    leave = grant("governance.assure")
    services_assurance.set_objective(leave, BOARD, "waits", "Shorter waits", since=OPENED)
    with pytest.raises(ScoresOutOfOrder, match="is 16 today and was 12"):
        services_assurance.record_risk(
            leave, BOARD, "staff", objective="waits", cause="vacancies", event="lists close", effect="longer waits",
            owner="QZ9", scores=scores(3, 4, 2, OPENED),
        )  # fmt: skip
    services_assurance.record_risk(
        leave, BOARD, "staff", objective="waits", cause="vacancies", event="lists close", effect="longer waits",
        owner="QZ9", scores=scores(5, 4, 2, OPENED),
    )  # fmt: skip
    assert [one.says for one in framework_gaps(BOARD, now())] == ["no control", "no assurance in 12 months"]
    control = services_assurance.add_control(leave, "staff", "Recruit abroad")
    with pytest.raises(ScoresOutOfOrder, match="without an assurance"):
        services_assurance.score_risk(leave, "staff", scores(5, 3, 2, MEETS), reason="the autumn review")
    services_assurance.assure(leave, control, 1, "forty posts filled", on=date(2022, 9, 1))
    due = services_assurance.score_risk(leave, "staff", scores(5, 3, 2, MEETS), reason="the autumn review")
    assert due == date(2022, 12, 23)  # High: three months.
    assert [one.says for one in framework_gaps(BOARD, Moment(MEETS, now().known_at))] == ["no independent assurance"]


def test_what_is_referred_to_scrutiny_is_kept_with_what_was_asked_and_answered() -> None:
    prepare = grant("governance.prepare")
    number = services_scrutiny.refer(
        prepare, BOARD, to_kind="scrutiny_committee", to="Northam scrutiny committee", matter="Ten beds",
        referred_on=MEETS, answer_by=date(2022, 11, 1),
    )  # fmt: skip
    services_scrutiny.record_reply(prepare, number, kind="asked", text="Why ten?", on=date(2022, 10, 1))
    services_scrutiny.record_reply(prepare, number, kind="answered", text="As the plan says.", on=date(2022, 10, 9))
    kept = models.Referral.objects.get(pk=number)
    assert [one.kind for one in kept.replies.order_by("pk")] == ["asked", "answered"]
    with pytest.raises(RuleError, match="nothing was said about it on 2022-09-22"):
        services_scrutiny.record_reply(prepare, number, kind="asked", text="Why?", on=date(2022, 9, 22))
