"""A decision beyond a delegation is referred up: by one penny, and in pieces."""

from __future__ import annotations

from datetime import date

import pytest

from joinedup.errors import NotFound, RuleError
from joinedup.governance import models
from joinedup.governance.acts import delegations as services_delegations
from joinedup.governance.delegation.scheme import Delegation, HandingOnRefused
from joinedup.governance.kept.delegations import NotInScheme

from . import sitting
from .sitting import BOARD, COMMITTEE, MEETS, OPENED, arrive, call, close, grant, item, open_, paper, vote

LIMIT = 4_250_000  # pence
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("littleshire_with_a_board", "committee")]


@pytest.fixture
def committee(db: None) -> None:
    sitting.set_up_committee(LIMIT)


def decided(
    pence: int, *, on: date = MEETS, number: int = 1, meeting: str = "", supplier: str = "Care Ltd", **more: str
) -> models.Decision:
    """The committee votes for home care of so many pence; answers what became of it."""
    meeting = meeting or call(COMMITTEE, on)
    key = item(meeting, number, function="home-care", amount_pence=pence, supplier=supplier, **more)
    paper(key, cost_pence=pence, lowest_tier="place")
    if number == 1:
        arrive(meeting, "cat", "ivy", "joe", on=on)
    open_(key, f"10:{number:02}", on)
    vote(key, f"10:{number + 20:02}", on, cat="for", ivy="for", joe="for")
    return close(key, f"10:{number + 40:02}", on)  # type: ignore[no-any-return]


def test_the_limit_itself_is_decided_and_one_penny_more_is_referred_up() -> None:
    assert decided(LIMIT).outcome == "carried"
    beyond = decided(LIMIT + 1, supplier="Other Ltd", on=date(2022, 10, 21))
    assert (beyond.outcome, beyond.votes_snapshot) == ("referred", {})
    assert beyond.reasons == [
        "£42,500.01 is £0.01 over the limit of £42,500.00 (D3)", f"referred to {BOARD}",
    ]  # fmt: skip


def test_a_purchase_in_two_pieces_is_judged_as_the_one_it_is() -> None:
    assert decided(2_000_000).outcome == "carried"
    meeting = f"{COMMITTEE}-{MEETS}"
    assert decided(2_250_000, number=2, meeting=meeting, supplier="  CARE  ltd ").outcome == "carried"
    penny = decided(1, number=3, meeting=meeting)
    assert penny.outcome == "referred"
    assert penny.reasons[0].startswith("£0.01 with £42,500.00 decided in 2022/23 is £0.01 over the limit")
    # Another supplier has a limit of its own, and on 1 April the sum begins anew.
    assert decided(1, number=4, meeting=meeting, supplier="Other Ltd").outcome == "carried"
    assert decided(LIMIT, on=date(2023, 4, 21)).outcome == "carried"


def test_what_was_not_carried_or_referred_takes_nothing_of_the_limit() -> None:
    assert decided(LIMIT + 1).outcome == "referred"
    assert decided(LIMIT, on=date(2022, 10, 21)).outcome == "carried"


def test_a_decision_in_the_place_of_another_counts_instead_of_it() -> None:
    first = decided(LIMIT)
    second = decided(LIMIT, on=date(2022, 10, 21), supersedes=first.reference)
    assert (second.outcome, second.supersedes_id) == ("carried", first.reference)
    assert decided(1, on=date(2022, 11, 21)).outcome == "referred"


def test_what_is_reserved_to_the_board_is_referred_to_it_with_every_reason() -> None:
    meeting = call(COMMITTEE)
    key = item(meeting, 1, function="resources", amount_pence=1, supplier="Care Ltd")
    paper(key, cost_pence=1, lowest_tier="place")
    arrive(meeting, "cat", "ivy", "joe")
    open_(key, "10:05")
    decision = close(key, "10:10")
    assert decision.outcome == "referred"
    assert any("reserved" in reason for reason in decision.reasons)
    assert decision.reasons[-1] == f"referred to {BOARD}"


def test_the_partnership_board_decides_beyond_the_limit_of_those_below() -> None:
    meeting = call()
    key = item(meeting, 1, function="home-care", amount_pence=LIMIT + 1, supplier="Care Ltd")
    paper(key, cost_pence=LIMIT + 1)
    arrive(meeting, "ada", "ben", "cat", "dan", "eve")
    open_(key, "10:05")
    vote(key, "10:10", ada="for", ben="for")
    assert close(key, "10:15").outcome == "carried"


def test_a_function_that_no_line_of_the_scheme_names_comes_on_no_agenda() -> None:
    with pytest.raises(NotInScheme, match="Did you mean 'home-care'"):
        item(call(COMMITTEE), 1, function="homecare", amount_pence=1)
    with pytest.raises(RuleError, match="says of which function"):
        item(call(COMMITTEE, date(2022, 10, 21)), 1, amount_pence=1)


def test_a_delegation_ends_and_is_handed_on_only_as_the_scheme_allows() -> None:
    keep = grant("governance.keep")
    child = Delegation("L3", "home-care", COMMITTEE, "post", "head-of-care", OPENED, limit_pence=1, parent="L2")
    with pytest.raises(HandingOnRefused, match="may not be handed on"):
        services_delegations.delegate(keep, child, reason="to be quick")
    services_delegations.end_delegation(keep, "L2", on=MEETS, reason="taken back by the board")
    with pytest.raises(NotFound, match="There is no delegation 'L2'"):
        services_delegations.end_delegation(keep, "L2", on=MEETS, reason="again")
    with pytest.raises(NotInScheme):
        decided(1)
