"""A decision lets planning act: it settles a disagreement or funds plan lines, by an authority that planning keeps."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from tests.spec.planning.kept import OURS, RESOLVE, SIGN, THEIRS, grant as planner, handed_in

from joinedup.errors import NotFound, RuleError
from joinedup.governance import models
from joinedup.governance.acts.letting_act import let_act
from joinedup.governance.kept.decisions import decision_of
from joinedup.governance.meetings.asking_money import checked_asks
from joinedup.moment import LONDON, Moment, now
from joinedup.planning import NoPlanAuthority, PlanAuthority, gaps_settled_by, plan_authority, services
from joinedup.planning.models import Gap
from joinedup.planning.plans.decided import authorities_for_gap, decisions_of_lines
from joinedup.ui.decided import decision_page, decision_pages

from .sitting import arrive, call, close, item, open_, paper, vote

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("littleshire_with_a_board", "heads")]
KEY = "finance|QM7|RWG|||2026/27|contract_value"


@pytest.fixture
def heads(settings: Any, tmp_path: Path) -> None:
    settings.AUDIT_HEADS_DIR = tmp_path / "heads"


def escalated() -> int:
    """A disagreement between two plans that was handed up to the system."""
    services.triangulate(planner(RESOLVE), handed_in(OURS).pk, handed_in(THEIRS).pk)
    gap = Gap.objects.get(reason="outside").pk
    services.escalate(planner(RESOLVE), gap, acting_for="QM7", reason="No agreement so far")
    return gap


def decided(*, on: date = date(2022, 9, 23), votes: str = "for", **more: Any) -> models.Decision:
    meeting = call(on=on)
    key = item(meeting, 1, function="resources", **more)
    paper(key)
    arrive(meeting, "ada", "ben", "cat", "dan", "eve", on=on)
    assert open_(key, "10:05", on) == ("approve", ())
    vote(key, "10:20", on, **dict.fromkeys(("ada", "ben", "cat"), votes))
    return close(key, "10:30", on)  # type: ignore[no-any-return]


def test_a_decision_settles_a_disagreement_and_nothing_is_typed_twice() -> None:
    gap = escalated()
    decision = decided(asks={"planning": {"gap": gap}})
    given = plan_authority(decision.reference)
    assert given is not None
    assert (given.reference, given.acts, given.gap) == (decision.reference, ("arbitrate",), gap)
    assert given.given_by == "service:board icb"
    [offered] = authorities_for_gap(gap, now().valid_on)
    services.arbitrate(
        planner(SIGN), gap, acting_for="QM7", decision_id=offered.reference, reason="The board decided 960"
    )
    assert gaps_settled_by(decision.reference) == [gap]
    let_act(decision_of(decision.pk), Moment(date(2022, 9, 23), now().known_at), by="user:x", at=now().known_at)
    assert plan_authority(decision.reference) == given  # the same again changes nothing


def test_a_decision_for_something_else_settles_nothing() -> None:
    gap = escalated()
    decision = decided(asks={"planning": {"plan_lines": [KEY]}})
    with pytest.raises(NoPlanAuthority, match=f"is for plan lines, and does not settle disagreement {gap}"):
        services.arbitrate(
            planner(SIGN), gap, acting_for="QM7", decision_id=decision.reference, reason="The board decided 960"
        )
    assert Gap.objects.get(pk=gap).steps.count() == 1
    services.arbitrate(planner(SIGN), gap, acting_for="QM7", decision_id="Minute 7", reason="Another board said 960")


def test_what_is_not_carried_gives_planning_nothing() -> None:
    gap = escalated()
    decision = decided(asks={"planning": {"gap": gap}}, votes="against")
    assert decision.outcome == "not_carried"
    assert plan_authority(decision.reference) is None
    assert authorities_for_gap(gap, now().valid_on) == []


def test_a_decision_that_takes_the_place_of_another_ends_its_authority() -> None:
    gap = escalated()
    first = decided(asks={"planning": {"gap": gap}})
    second = decided(on=date(2022, 11, 25), asks={"planning": {"gap": gap}}, supersedes=first.reference)
    ended = plan_authority(first.reference)
    assert ended is not None
    assert ended.ended_on == second.decided_at.astimezone(LONDON).date()
    assert [one.id for one in authorities_for_gap(gap, now().valid_on)] == [second.reference]
    with pytest.raises(NoPlanAuthority, match="does not hold on"):
        services.arbitrate(
            planner(SIGN), gap, acting_for="QM7", decision_id=first.reference, reason="The board decided 960"
        )


def test_plan_lines_are_funded_by_their_keys_and_lead_back_to_the_decision() -> None:
    decision = decided(asks={"planning": {"plan_lines": [KEY]}})
    assert decisions_of_lines([KEY]) == [decision.reference]
    assert decision_page(decision.reference) == f"/governance/decisions/{decision.reference}/"
    assert decision_pages(["Minute 7", ""]) == {}


def test_a_disagreement_that_there_is_not_leaves_the_item_undecided() -> None:
    with pytest.raises(NotFound, match="no disagreement 999999"):
        decided(asks={"planning": {"gap": 999_999}})


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        ({}, "names gap or plan_lines"),
        ({"gaps": 1}, "Did you mean 'gap'"),
        ({"gap": "twelve"}, "expected its number"),
        ({"gap": True}, "expected its number"),
        ({"plan_lines": "a key"}, "a list of their keys"),
    ],
    ids=["nothing", "another name", "a word", "a truth", "one text"],
)
def test_what_is_asked_of_planning_is_checked_when_the_item_is_made(asked: dict[str, Any], why: str) -> None:
    with pytest.raises(RuleError, match=why):
        checked_asks({"planning": asked}, None)


def test_an_authority_of_planning_says_for_what_it_is() -> None:
    given = {"id": "D", "reference": "D", "given_by": "x", "reason": "y", "valid_from": date(2022, 9, 23)}
    for acts, why in (((), "allows nothing"), (("arbitrate",), "names it by its number"),
                      (("fund",), "names them by their keys"), (("found",), "Did you mean 'fund'")):  # fmt: skip
        with pytest.raises(RuleError, match=why):
            PlanAuthority(acts=acts, **given)  # type: ignore[arg-type]
    with pytest.raises(RuleError, match="needs its given by"):
        PlanAuthority(acts=("fund",), plan_lines=(KEY,), **given | {"given_by": " "})  # type: ignore[arg-type]
