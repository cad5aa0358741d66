"""Acts of the chair by their forms: the chair is passed, proxies, urgent decisions, and a post that decides alone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import transaction

from joinedup.errors import RuleError
from joinedup.governance import models
from joinedup.governance.acts import alone, delegations
from joinedup.governance.boards.governance_models import PowerNotInForce
from joinedup.governance.delegation.deciding_alone import ReferredUp
from joinedup.governance.delegation.scheme import Delegation
from joinedup.moment import now

from . import sitting
from .sitting import BOARD, OPENED, SYSTEM, grant, minute
from .test_40_pages_of_a_board import act, page, send, signed_in

pytestmark = pytest.mark.django_db
POST = f"{BOARD}/chief"


@pytest.fixture(scope="module")
def office(littleshire_with_a_board: None, django_db_blocker: Any) -> Iterator[dict[str, Any]]:
    """Littleshire's board, and its chair and secretary, who are signed in."""
    from joinedup.access.demo import demo_users

    with django_db_blocker.unblock(), transaction.atomic():
        demo_users()
        yield {role: signed_in(role) for role in ("board_secretary", "chair", "member")}
        transaction.set_rollback(True)


def yesterday() -> date:
    return now().valid_on - timedelta(days=1)


def line(limit_pence: int = 4_250_000) -> None:
    """The chief of the board may decide about home care up to a limit."""
    delegations.delegate(
        grant("governance.keep"),
        Delegation("L9", "home-care", BOARD, "post", POST, OPENED, limit_pence=limit_pence),
        reason="the scheme of July 2022",
    )


def decide(pence: int, **more: Any) -> models.Decision:
    given = {
        "function": "home-care", "text": "That it be bought", "reason": "a renewal", "amount_pence": pence,
        "supplier": "Care Ltd", "decided_at": minute("11:00", yesterday()), "person": "ben",
    }  # fmt: skip
    return alone.decide_alone(grant("governance.preside"), SYSTEM, more.pop("post", POST), **given | more)


def test_the_chair_is_passed_with_a_reason(office: dict[str, Any]) -> None:
    meeting = sitting.call(on=yesterday())
    path = f"/governance/meetings/{meeting}/chair/"
    assert "Say in a few words why" in send(office["chair"], path, 422, person="cat", at="10:05")
    act(office["chair"], path, person="cat", deputy="dan", at="10:05", reason="the item is about the chair")
    last = models.Presiding.objects.filter(meeting=meeting).latest("pk")
    assert (last.person, last.deputy) == ("cat", "dan")
    page(office["member"], path, 403)


def test_a_proxy_is_refused_where_the_terms_know_none(office: dict[str, Any]) -> None:
    meeting = sitting.call(on=yesterday())
    path = f"/governance/meetings/{meeting}/proxy/"
    assert "a proxy is refused" in page(office["chair"], path)
    assert "know no votes by proxy" in send(office["chair"], path, 422, giver="dan", holder="cat")
    assert not models.ProxyGiven.objects.exists()


def test_a_proxy_is_given_and_used(office: dict[str, Any]) -> None:
    from joinedup.governance.acts import boards

    boards.change_terms(
        grant("governance.keep"), BOARD, version="2", since=OPENED, proxies=True, reason="by resolution"
    )
    meeting = sitting.call(on=yesterday())
    item = sitting.item(meeting, 1, function="resources")
    sitting.paper(item, submitted_at=minute("09:00", yesterday() - timedelta(days=12)))
    act(office["chair"], f"/governance/meetings/{meeting}/proxy/", giver="dan", holder="cat")
    sitting.arrive(meeting, "ada", "ben", "cat", "eve", "fay", on=yesterday())
    sitting.open_(item, "10:05", on=yesterday())
    one = models.ProxyGiven.objects.get(meeting=meeting)
    act(office["chair"], f"/governance/items/{item}/proxy-vote/", proxy=str(one.pk), value="for", at="10:10")
    assert models.Vote.objects.get(item=item).proxy_for == "dan"
    sitting.arrive(meeting, "dan", at="10:20", on=yesterday())
    text = send(office["chair"], f"/governance/items/{item}/proxy-vote/", 422, proxy=str(one.pk), value="for",
                at="10:25")  # fmt: skip
    assert 'href="#proxy"' in text
    assert "it is void" in text


def test_an_urgent_decision_waits_on_the_next_agenda_and_is_ratified(office: dict[str, Any]) -> None:
    path = f"/governance/boards/{BOARD}/urgent/"
    sent = {"text": "That beds be opened", "reason": "the hospital is full", "function": "resources"}
    assert "has a conflict" in send(office["chair"], path, 422, **sent, conflicted=["ada"])
    act(office["chair"], path, **sent)
    decision = models.Decision.objects.get(method="urgent")
    link = f"/governance/decisions/{decision.pk}/ratify/"
    assert link in page(office["chair"], f"/governance/decisions/{decision.pk}/")
    assert link not in page(office["member"], f"/governance/decisions/{decision.pk}/")
    assert "No later item" in page(office["chair"], f"/governance/decisions/{decision.pk}/ratify/")
    on = now().valid_on + timedelta(days=14)
    meeting = sitting.call(on=on)
    text = page(office["chair"], f"/governance/meetings/{meeting}/")
    assert decision.pk in text
    assert f"/governance/decisions/{decision.pk}/ratify/" in text


def test_a_post_decides_alone_within_its_limit_and_stands_among_the_decisions(office: dict[str, Any]) -> None:
    line()
    act(office["chair"], f"/governance/boards/{BOARD}/alone/", line="L9", person="ben", text="That it be bought",
        reason="a renewal", pence="42500.00", supplier="Care Ltd")  # fmt: skip
    found = models.Decision.objects.get(method="delegated")
    assert (found.board_id, found.amount_pence, found.outcome) == (BOARD, 4_250_000, "carried")
    assert found.votes_snapshot == {"by": "ben", "post": POST, "delegation": "L9"}
    assert found.pk in page(office["chair"], f"/governance/boards/{BOARD}/")


@pytest.mark.parametrize("pence", [4_250_001, 5_000_000])
def test_a_penny_beyond_the_delegation_is_referred(pence: int) -> None:
    line()
    with pytest.raises(ReferredUp, match=f"Refer it to {BOARD}"):
        decide(pence)


@pytest.mark.usefixtures("littleshire_with_a_board")
def test_a_purchase_split_in_two_is_referred() -> None:
    line()
    decide(2_250_000)
    decide(2_000_000)
    with pytest.raises(ReferredUp, match="D3"):
        decide(1)


def test_the_page_says_beside_the_amount_to_whom_it_is_referred(office: dict[str, Any]) -> None:
    line()
    text = send(office["chair"], f"/governance/boards/{BOARD}/alone/", 422, line="L9", person="ben",
                text="That it be bought", reason="a renewal", pence="42500.01", supplier="Care Ltd")  # fmt: skip
    assert 'href="#pence"' in text
    assert f"Refer it to {BOARD}" in text


def test_nobody_decides_for_a_post_of_somebody_else() -> None:
    line()
    with pytest.raises(alone.NotThePost, match="does not hold the seat"):
        decide(1, person="cat")


def test_no_post_decides_on_a_day_without_the_law() -> None:
    line()
    delegations.keep_power(
        grant("governance.keep"), "home-care", "an Act to come", law_from=now().valid_on + timedelta(days=9),
        reason="the Act",
    )  # fmt: skip
    with pytest.raises(PowerNotInForce, match="G6"):
        decide(1)


def test_what_is_to_come_is_not_decided_yet() -> None:
    line()
    with pytest.raises(RuleError, match="still to come"):
        decide(1, decided_at=minute("11:00", now().valid_on + timedelta(days=2)))


def test_a_board_that_delegated_to_no_post_says_so(office: dict[str, Any]) -> None:
    assert "No post has a delegation" in page(office["chair"], f"/governance/boards/{BOARD}/alone/", 422)
