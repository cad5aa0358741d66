"""A joint committee decides by consensus, and each member adopts: whom it binds, and when money may act."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from joinedup.errors import NotFound, RuleError
from joinedup.governance import models
from joinedup.governance.acts import (
    adopting as services_adopting,
    boards as services_boards,
    delegations as services_delegations,
)
from joinedup.governance.boards.governance_models import NoModel
from joinedup.governance.kept.decisions import model_of_system, outcome_of
from joinedup.governance.meetings.adoption import AdoptionRefused
from joinedup.moment import Moment, now

from .sitting import ASKS, EFFECT, OPENED, SYSTEM, arrive, call, close, grant, item, minute, open_, paper

JOINT, STARTS, SAT = "joint", date(2021, 4, 1), date(2022, 6, 10)
MEMBERS = ["01X", "RZ1", "littleshire-ics"]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("littleshire_with_a_board", "joint_committee")]


@pytest.fixture
def joint_committee(db: None) -> None:
    """A joint committee of three bodies, under option 1 until 1 July 2022."""
    keep = grant("governance.keep")
    services_boards.create_board(
        keep, JOINT, system=SYSTEM, tier="system", name="Littleshire Partnership", since=STARTS, until=OPENED,
        joint_of=MEMBERS, is_partnership_board=True, quorum={"need": {"fixed": 2}},
    )  # fmt: skip
    for key, category, person in (("c", "chair", "ada"), ("m1", "exec", "ivy"), ("m2", "partner_trust", "eve")):
        services_boards.add_seat(keep, JOINT, key, title=key, category=category, since=STARTS)
        services_boards.appoint(keep, JOINT, key, person, since=STARTS, reason="by its member")
    services_boards.put_under_model(keep, SYSTEM, "option1", since=STARTS, reason="the agreement of 2021")
    services_boards.put_under_model(keep, SYSTEM, "option2", since=OPENED, reason="the Act of 2022")
    services_delegations.reserve(keep, "L9", "winter", JOINT, since=STARTS, reason="the agreement of 2021")


def agreed(*, consensus: bool = True, **more: Any) -> models.Decision:
    meeting = call(JOINT, SAT, key="joint-june")
    key = item(meeting, 1, **more)
    paper(key, cost_pence=more.get("amount_pence", 0), submitted_at=minute("09:00", date(2022, 6, 1)))
    arrive(meeting, "ada", "ivy", "eve", on=SAT)
    open_(key, "10:05", SAT)
    return close(key, "10:30", SAT, consensus=consensus)  # type: ignore[no-any-return]


def adopt(
    decision: models.Decision, body: str, status: str = "adopted", on: date = date(2022, 6, 20), **more: Any
) -> Any:
    given = {"duty": "section 14Z of the Act", "decided_by": "its governing body"} | more
    return services_adopting.record_adoption(
        grant("governance.prepare"), decision.reference, body, status=status, on=on, **given
    )  # fmt: skip


def test_it_is_carried_once_all_have_adopted_and_money_acts_then_and_not_before() -> None:
    decision = agreed(function="winter", amount_pence=1_000_000, supplier="Care Ltd", asks=ASKS, expects=EFFECT)
    assert (decision.outcome, decision.method, decision.model) == (None, "consensus", "option1")
    assert adopt(decision, "01X").pending == ("RZ1", "littleshire-ics")
    adopt(decision, "RZ1")
    assert not models.GivenAuthority.objects.exists()
    last = adopt(decision, "littleshire-ics")
    assert (last.outcome, last.unbound) == ("carried", ())
    assert models.GivenAuthority.objects.get().authority == decision.reference


def test_who_declines_is_unbound_and_stops_nobody() -> None:
    decision = agreed()
    adopt(decision, "01X")
    adopt(decision, "littleshire-ics")
    found = adopt(decision, "RZ1", "declined", duty="")
    assert (found.outcome, found.bound, found.unbound) == (
        "carried_for_adopters", ("01X", "littleshire-ics"), ("RZ1",),
    )  # fmt: skip
    assert found.needs_escalation


def test_silence_after_the_days_to_adopt_is_unbound_and_money_acts_on_what_stands() -> None:
    decision = agreed(function="winter", amount_pence=1_000_000, supplier="Care Ltd", asks=ASKS, expects=EFFECT)
    adopt(decision, "01X")
    settle = services_adopting.settle_adoption
    found = settle(grant("governance.prepare"), decision.reference, on=date(2022, 7, 22))  # The 42nd day.
    assert (found.outcome, found.pending) == (None, ("RZ1", "littleshire-ics"))
    found = settle(grant("governance.prepare"), decision.reference, on=date(2022, 7, 23))
    assert (found.outcome, found.bound) == ("carried_for_adopters", ("01X",))
    assert models.GivenAuthority.objects.count() == 1
    with pytest.raises(AdoptionRefused, match="A body that was silent is unbound"):
        adopt(decision, "RZ1", on=date(2022, 7, 23))


def test_a_conditional_adoption_binds_from_the_day_on_which_its_condition_was_met() -> None:
    decision = agreed()
    adopt(decision, "01X")
    adopt(decision, "RZ1")
    with pytest.raises(RuleError, match="says its condition"):
        adopt(decision, "littleshire-ics", "conditional")
    found = adopt(decision, "littleshire-ics", "conditional", condition="that its council agrees")
    assert (found.outcome, found.unbound) == ("carried_for_adopters", ("littleshire-ics",))
    meet = services_adopting.meet_condition
    found = meet(
        grant("governance.prepare"), decision.reference, "littleshire-ics", on=date(2022, 7, 1), evidence="minute 7"
    )
    assert found.outcome == "carried"
    known = now().known_at
    assert outcome_of(decision, Moment(date(2022, 6, 30), known)) == "carried_for_adopters"
    with pytest.raises(NotFound, match="under no condition that is still open"):
        meet(
            grant("governance.prepare"), decision.reference, "littleshire-ics", on=date(2022, 7, 2), evidence="again"
        )  # fmt: skip


def test_without_consensus_nobody_is_asked() -> None:
    decision = agreed(consensus=False)
    assert decision.outcome == "not_carried"
    with pytest.raises(RuleError, match="nobody adopts it"):
        adopt(decision, "01X")


def test_a_word_of_a_body_is_refused_without_a_duty_or_of_no_member() -> None:
    decision = agreed()
    with pytest.raises(AdoptionRefused, match="names no duty"):
        adopt(decision, "01X", duty=" ")
    with pytest.raises(AdoptionRefused, match="is no partner"):
        adopt(decision, "QZ9")


def test_a_decision_is_read_under_the_model_of_its_day_for_ever() -> None:
    decision = agreed()
    assert decision.model == "option1"
    keep = grant("governance.keep")
    services_boards.put_under_model(keep, SYSTEM, "option2", since=STARTS, reason="said of all days by mistake")
    decision.refresh_from_db()
    assert decision.model == "option1"
    assert adopt(decision, "01X").pending == ("RZ1", "littleshire-ics")


def test_a_system_without_a_model_decides_nothing() -> None:
    with pytest.raises(NoModel, match="no governance model holds in nowhere"):
        model_of_system("nowhere", now())
