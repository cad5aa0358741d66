"""Gifts and hospitality, nil declarations, and who is reminded to confirm the register, by rules, acts and pages."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import transaction

from joinedup.errors import Refused
from joinedup.governance.interests.gifts import GiftError, GiftNotAllowed, check_gift, is_gift_late, is_over
from joinedup.governance.interests.reminders import confirmations_due, due_on, to_remind
from joinedup.moment import now

from . import sitting
from .test_40_pages_of_a_board import act, page, send, signed_in

pytestmark = pytest.mark.django_db
DAY = date(2022, 9, 1)


@pytest.fixture(scope="module")
def boardroom(littleshire_with_a_board: None, django_db_blocker: Any) -> Iterator[dict[str, Any]]:
    """Littleshire's board, with demo users who hold seats."""
    from joinedup.access import User
    from joinedup.access.demo import demo_users
    from joinedup.governance.acts import boards

    with django_db_blocker.unblock(), transaction.atomic():
        demo_users()
        for role, person in {"board_secretary": "ben", "member": "dan"}.items():
            user = User.objects.get(email=f"{role}@demo.invalid")
            boards.name_account(
                sitting.grant("governance.keep"), f"user:{user.pk}", person, since=date(2022, 7, 1), reason="a test"
            )
        yield {role: signed_in(role) for role in ("board_secretary", "member", "analyst", "clinician")}
        transaction.set_rollback(True)


@pytest.mark.parametrize(
    ("kind", "outcome", "pence", "approved", "says"),
    [
        ("gift", "accepted", 5_000, "", ""),
        ("gift", "accepted", 5_001, "", "A gift of more than £50"),
        ("gift", "given_on", 5_001, "", ""),
        ("gift", "declined", 500_000, "", ""),
        ("hospitality", "accepted", 7_500, "", ""),
        ("hospitality", "accepted", 7_501, "", "Hospitality of more than £75"),
        ("hospitality", "accepted", 7_501, "The chair", ""),
        ("cash", "accepted", 1, "The chair", "Cash and vouchers are never accepted."),
        ("cash", "given_on", 1, "", "Cash is given back"),
        ("cash", "declined", 1, "", ""),
    ],
)
def test_what_may_be_accepted(kind: str, outcome: str, pence: int, approved: str, says: str) -> None:
    found = is_over(kind, outcome, pence, approved_by=approved)
    assert found.startswith(says)
    assert bool(found) == bool(says)


def test_what_was_accepted_against_a_rule_is_entered_with_its_reason_alone() -> None:
    with pytest.raises(GiftNotAllowed, match="say why: the register shows it"):
        check_gift("gift", "accepted", 5_001, offered_on=DAY, declared_on=DAY)
    check_gift("gift", "accepted", 5_001, offered_on=DAY, declared_on=DAY, reason="It was sent without asking")
    with pytest.raises(GiftError, match="Did you mean 'hospitality'"):
        check_gift("hospitalty", "accepted", 1, offered_on=DAY, declared_on=DAY)
    with pytest.raises(GiftError, match="is no outcome of a gift"):
        check_gift("gift", "eaten", 1, offered_on=DAY, declared_on=DAY)
    for pence in (-1, 1.5, True):
        with pytest.raises(GiftError, match="whole pence"):
            check_gift("gift", "declined", pence, offered_on=DAY, declared_on=DAY)  # type: ignore[arg-type]
    with pytest.raises(GiftError, match="cannot be declared"):
        check_gift("gift", "declined", 1, offered_on=DAY, declared_on=DAY - timedelta(days=1))


def test_a_gift_has_the_28_days_of_an_interest() -> None:
    assert not is_gift_late(date(2021, 3, 5), date(2021, 4, 2))
    assert is_gift_late(date(2021, 3, 5), date(2021, 4, 3))


def test_who_takes_a_seat_confirms_in_28_days_and_then_every_year() -> None:
    assert due_on(date(2022, 7, 1), None) == date(2022, 7, 29)
    assert due_on(date(2022, 7, 1), date(2022, 8, 31)) == date(2023, 8, 31)
    seated = {"ada": date(2022, 7, 1), "ben": date(2022, 7, 1), "cat": date(2022, 7, 1)}
    confirmed = {"ben": date(2022, 7, 10), "cat": date(2021, 8, 1)}
    found = confirmations_due(seated, confirmed, date(2022, 7, 30), reminded={"cat": date(2022, 7, 3)})
    assert [(one.person, one.due_on, one.is_overdue(date(2022, 7, 30))) for one in found] == [
        ("ada", date(2022, 7, 29), True), ("cat", date(2022, 8, 1), False),
    ]  # fmt: skip
    # The day itself is in time, and nobody is reminded again within 28 days.
    assert not found[0].is_overdue(date(2022, 7, 29))
    assert [one.person for one in to_remind(found, date(2022, 7, 30))] == ["ada"]
    assert [one.person for one in to_remind(found, date(2022, 7, 31))] == ["ada", "cat"]
    # It is asked for 28 days before, not sooner.
    assert confirmations_due({"cat": DAY}, {"cat": date(2021, 8, 28)}, date(2022, 7, 30)) == []


def given(**more: Any) -> dict[str, Any]:
    today = now().valid_on
    return {
        "kind": "hospitality", "description": "A dinner for two", "by": "Care Ltd", "value": "80.00",
        "offered_day": today.day, "offered_month": today.month, "offered_year": today.year, "outcome": "declined",
    } | more  # fmt: skip


def test_a_member_declares_a_gift_and_the_register_shows_it(boardroom: dict[str, Any]) -> None:
    from joinedup.governance import models

    member = boardroom["member"]
    assert "Declare a gift or hospitality" in page(member, "/governance/gifts/")
    act(member, "/governance/gifts/declare/", **given())
    text = page(member, "/governance/gifts/")
    assert "A dinner for two" in text
    assert "£80.00" in text
    kept = models.Gift.objects.get(description="A dinner for two")
    assert (kept.person, kept.kind, kept.value_pence, kept.outcome) == ("dan", "hospitality", 8_000, "declined")


def test_a_gift_is_refused_beside_its_field(boardroom: dict[str, Any]) -> None:
    from joinedup.governance import models

    member, before = boardroom["member"], models.Gift.objects.count()
    empty = send(member, "/governance/gifts/declare/", 422)
    for words in ("Choose what was offered", "Say who offered it", "What it is worth", "Choose what became of it"):
        assert words in empty
    over = send(member, "/governance/gifts/declare/", 422, **given(outcome="accepted"))
    assert "needs the leave of somebody senior" in over
    assert 'href="#outcome"' in over
    ahead = now().valid_on + timedelta(days=2)
    day = {"offered_day": ahead.day, "offered_month": ahead.month, "offered_year": ahead.year}
    assert "cannot be declared" in send(member, "/governance/gifts/declare/", 422, **given(**day))
    assert models.Gift.objects.count() == before
    act(member, "/governance/gifts/declare/", **given(outcome="accepted", approved="The chair"))
    assert "By leave of The chair." in page(member, "/governance/gifts/")


def test_nobody_speaks_for_another(boardroom: dict[str, Any]) -> None:
    from joinedup.governance.acts import interests

    assert boardroom["analyst"].get("/governance/gifts/declare/").status_code == 403
    assert boardroom["clinician"].get("/governance/gifts/").status_code == 403
    with pytest.raises(Refused, match="You speak for yourself"):
        interests.declare_nil(sitting.grant("governance.declare", _account("member")), "eve", on=now().valid_on)


def _account(role: str) -> str:
    from joinedup.access import User

    return f"user:{User.objects.get(email=f'{role}@demo.invalid').pk}"


def test_a_nil_declaration_is_refused_while_the_register_has_an_interest(boardroom: dict[str, Any]) -> None:
    from joinedup.governance import models
    from joinedup.governance.acts import interests

    secretary = boardroom["board_secretary"]
    assert "Choose who declares it" in send(secretary, "/governance/interests/nil/", 422, sure="yes")
    act(secretary, "/governance/interests/nil/", sure="yes", person="eve")
    assert models.RegisterConfirmed.objects.get(person="eve").is_nil
    interests.declare_interest(
        sitting.grant("governance.keep"), "fay", type="financial", about_org="Care Ltd", description="Shares",
        arose_on=DAY, declared_on=DAY,
    )  # fmt: skip
    refused = send(secretary, "/governance/interests/nil/", 422, sure="yes", person="fay")
    assert "The register has 1 open interest of this person" in refused
    assert not models.RegisterConfirmed.objects.filter(person="fay").exists()


def test_who_has_to_confirm_is_reminded_on_the_own_page_once(boardroom: dict[str, Any]) -> None:
    from joinedup.governance import models

    member, secretary = boardroom["member"], boardroom["board_secretary"]
    assert boardroom["member"].get("/governance/interests/reminders/").status_code == 403
    text = page(secretary, "/governance/interests/reminders/")
    assert "Remind 8 people" in text
    assert "Overdue" in text
    assert "have to confirm the register and were not reminded" in page(secretary, "/governance/")
    send(secretary, "/governance/interests/reminders/")
    assert models.RegisterReminder.objects.count() == 8
    assert "8 people were reminded" in page(secretary, "/governance/interests/reminders/")
    assert "were not reminded" not in page(secretary, "/governance/")
    assert "you were reminded on" in page(member, "/governance/")
    send(secretary, "/governance/interests/reminders/")
    assert models.RegisterReminder.objects.count() == 8
    assert "Have to confirm what the register says of them" in page(member, "/governance/boards/icb/")
    send(member, "/governance/interests/confirm/")
    assert "you were reminded on" not in page(member, "/governance/")


def test_the_verb_lists_who_has_to_confirm_and_reminds(
    boardroom: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    import json

    from typer.testing import CliRunner

    from joinedup.governance.commands import board

    monkeypatch.setattr("joinedup.database.ready", lambda: None)
    listed = CliRunner().invoke(board, ["reminders"])
    assert "Dan Sample: overdue since 2022-07-29" in listed.output
    told = json.loads(CliRunner().invoke(board, ["reminders", "--record", "--json"]).output)
    assert len(told["reminded"]) == 8
    again = CliRunner().invoke(board, ["reminders", "--record"])
    assert "0 reminded now" in again.output
