"""Overdue commitments reach an agenda as an item by themselves; what is referred is taken on where it was referred."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from joinedup.errors import RuleError
from joinedup.governance import models
from joinedup.governance.acts import agenda as services_agenda, assurance as services_assurance
from joinedup.governance.kept.packs import Reader, pack_of
from joinedup.governance.reading import agenda_of
from joinedup.moment import Moment, now

from . import sitting
from .sitting import BOARD, COMMITTEE, MEETS, arrive, call, close, grant, item, job, open_, paper, set_up_committee

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("littleshire_with_a_board")]
LATER = date(2022, 11, 25)


def promise(due: date, key: str = "C1", **more: Any) -> None:
    services_assurance.open_commitment(
        more.pop("leave", grant("governance.assure")), BOARD, key, source="the plan", text="Open the ward",
        owner="The chief nurse", due_on=due, test="patients are in it", **more,
    )  # fmt: skip


def members_pack(meeting: str) -> Any:
    return pack_of(meeting, now(), Reader(now().known_at, is_member=True, is_secretary=True))


def test_an_overdue_commitment_is_the_last_item_of_the_next_agenda_and_its_pack() -> None:
    meeting = call()
    item(meeting, 1)
    promise(MEETS - timedelta(days=1))
    found = agenda_of(meeting, Moment(MEETS, now().known_at))
    assert [one.key for one in found.overdue] == ["C1"]
    assert found.overdue_number == 2
    last = members_pack(meeting).items[-1]
    assert (last.number, last.title) == (2, "Overdue commitments and actions")
    assert last.asks == (("Due 22 September 2022", "Open the ward (The chief nurse)"),)


def test_what_is_due_on_the_day_of_the_meeting_is_not_overdue() -> None:
    meeting = call()
    promise(MEETS)
    assert agenda_of(meeting, Moment(MEETS, now().known_at)).overdue == ()
    assert members_pack(meeting).items == ()


def test_a_commitment_that_was_met_leaves_the_agenda() -> None:
    meeting = call()
    known = datetime(2022, 9, 20, 9, tzinfo=UTC)
    promise(MEETS - timedelta(days=1), leave=job(), known_at=known)
    services_assurance.give_evidence(
        job(), "C1", "the ward is open", dated=date(2022, 9, 19), status="met", known_at=known
    )
    assert members_pack(meeting).items == ()


def referred() -> str:
    """A committee refers a purchase of a penny too much to the board; answers the decision."""
    set_up_committee()
    meeting = call(COMMITTEE)
    key = item(meeting, 1, function="home-care", amount_pence=4_250_001, supplier="Care Ltd", title="Home care")
    paper(key, cost_pence=4_250_001, lowest_tier="place")
    arrive(meeting, "cat", "ivy", "joe")
    open_(key, "10:05")
    sitting.vote(key, "10:10", cat="for", ivy="for", joe="for")
    decision = close(key, "10:15")
    assert decision.outcome == "referred"
    return str(decision.pk)


def test_what_was_referred_is_taken_on_by_the_board_and_linked_both_ways() -> None:
    decision = referred()
    later = call(on=LATER)
    key = services_agenda.take_on(grant("governance.prepare"), decision, later)
    kept = models.AgendaItem.objects.get(pk=key)
    assert (kept.title, kept.amount_pence, kept.supplier, kept.function) == (
        "Home care", 4_250_001, "Care Ltd", "home-care",
    )  # fmt: skip
    assert kept.referred_from.decision_id == decision
    assert models.Decision.objects.get(pk=decision).taken_on.item_id == key


@pytest.mark.parametrize(
    ("where", "says"), [("same", "of finance"), ("twice", "another agenda already"), ("none", "was not referred")]
)
def test_nothing_is_taken_on_twice_or_elsewhere(where: str, says: str) -> None:
    decision = referred()
    prepare = grant("governance.prepare")
    if where == "same":
        meeting = call(COMMITTEE, on=LATER)
    else:
        meeting = call(on=LATER)
        if where == "twice":
            services_agenda.take_on(prepare, decision, meeting)
        else:
            models_key = item(call(on=MEETS), 1, function="resources")
            paper(models_key)
            arrive(f"{BOARD}-{MEETS}", "ada", "ben", "cat", "dan", "eve", "fay")
            open_(models_key, "10:05")
            sitting.vote(models_key, "10:10", ada="for", ben="for")
            decision = str(close(models_key, "10:15").pk)
    with pytest.raises(RuleError, match=says):
        services_agenda.take_on(prepare, decision, meeting)


def test_a_cancelled_meeting_is_none_of_those_that_decide() -> None:
    meeting = call()
    services_agenda.cancel_meeting(grant("governance.prepare"), meeting, reason="the room is flooded")
    with pytest.raises(RuleError, match="is cancelled: the room is flooded"):
        item(meeting, 1)
    with pytest.raises(RuleError, match="is cancelled"):
        arrive(meeting, "ada")
    with pytest.raises(RuleError, match="is cancelled"):
        services_agenda.cancel_meeting(grant("governance.prepare"), meeting, reason="again")


def test_a_meeting_that_took_place_is_not_cancelled() -> None:
    meeting = call()
    arrive(meeting, "ada")
    with pytest.raises(RuleError, match="took place"):
        services_agenda.cancel_meeting(grant("governance.prepare"), meeting, reason="the room is flooded")


def test_an_agenda_keeps_its_order_once_an_item_was_taken() -> None:
    meeting = call()
    keys = [item(meeting, 1, "discuss"), item(meeting, 2, "discuss")]
    arrive(meeting, "ada")
    open_(keys[0], "10:05")
    with pytest.raises(RuleError, match="keeps its order"):
        services_agenda.order_items(grant("governance.prepare"), meeting, keys[::-1])
    with pytest.raises(RuleError, match="was taken already"):
        services_agenda.withdraw_item(grant("governance.prepare"), keys[0], reason="no longer needed")


def test_a_published_item_is_not_made_private() -> None:
    from joinedup.governance.acts import papers as services_papers

    meeting = call()
    key = item(meeting, 1)
    paper(key)
    services_papers.publish_papers(grant("governance.prepare"), meeting, published_at=now().known_at)
    with pytest.raises(RuleError, match="is published"):
        services_agenda.make_private(grant("governance.prepare"), key, reason="it names a person")


def test_a_withdrawn_item_is_said_so_in_the_pack_of_everybody() -> None:
    meeting = call()
    key = item(meeting, 1)
    services_agenda.withdraw_item(grant("governance.prepare"), key, reason="no longer needed")
    public = pack_of(meeting, now(), Reader(now().known_at))
    assert [one.type for one in public.items] == ["Withdrawn: no longer needed"]
