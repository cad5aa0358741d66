"""A board secretary calls a meeting and draws up its agenda; papers are submitted for its items, each by its form."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import transaction

from joinedup.governance import models
from joinedup.governance.kept.meetings import items_of, meeting_of
from joinedup.moment import now

from . import sitting
from .test_40_pages_of_a_board import act, page, send, signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def office(littleshire_with_a_board: None, django_db_blocker: Any) -> Iterator[dict[str, Any]]:
    """Littleshire's board, and demo users who are signed in: none of them needs a seat to prepare a meeting."""
    from joinedup.access.demo import demo_users

    with django_db_blocker.unblock(), transaction.atomic():
        demo_users()
        yield {role: signed_in(role) for role in ("board_secretary", "chair", "member", "analyst")}
        transaction.set_rollback(True)


def in_days(days: int) -> date:
    return now().valid_on + timedelta(days=days)


def boxes(name: str, on: date) -> dict[str, str]:
    return {f"{name}_day": str(on.day), f"{name}_month": str(on.month), f"{name}_year": str(on.year)}


def meeting_on(on: date, **more: Any) -> dict[str, Any]:
    """What the form that calls a meeting is sent."""
    return boxes("day", on) | {
        "kind": "decision", "starts": "10:30", "place": "Room 1", "public": "terms",
    } | more  # fmt: skip


def called(client: Any, on: date, **more: Any) -> str:
    act(client, "/governance/meetings/call/?board=icb", **meeting_on(on, **more))
    return f"icb-{on}"


ITEM = {"title": "Home care", "type": "approve", "private": "no"}


def put(client: Any, meeting: str, **more: Any) -> str:
    act(client, f"/governance/meetings/{meeting}/items/", **ITEM | more)
    return str(models.AgendaItem.objects.filter(meeting=meeting).latest("at").key)


PAPER = {
    "title": "Home care next year", "text": "That it be bought.\n\nAs before.", "purposes": ["outcomes", "value"],
    "aim-health": "more years", "aim-quality": "safer", "aim-sustainability": "within budget", "evidence": "a trial",
    "no_engagement": "a renewal", "equality": "none found", "conflicts": "none", "cost": "0", "tier": "system",
}  # fmt: skip


def test_a_meeting_is_called_within_three_clicks(office: dict[str, Any]) -> None:
    secretary = office["board_secretary"]
    assert 'href="/governance/meetings/call/"' in page(secretary, "/governance/")
    key = called(secretary, in_days(30))
    kept = meeting_of(key)
    assert (kept.place, kept.is_public, str(kept.papers_due)) == ("Room 1", True, str(in_days(23)))
    text = page(secretary, f"/governance/meetings/{key}/")
    assert "The meeting is called" in text
    assert "Put an item on the agenda" in text
    assert "Put an item on the agenda" not in page(office["chair"], f"/governance/meetings/{key}/")


def test_a_second_meeting_of_a_day_has_a_key_of_its_own(office: dict[str, Any]) -> None:
    first = called(office["board_secretary"], in_days(30))
    called(office["board_secretary"], in_days(30), starts="14:00")
    assert models.Meeting.objects.filter(key__in=[first, f"{first}-b"]).count() == 2


@pytest.mark.parametrize(
    ("days", "more", "says"),
    [
        (30, {"starts": "later"}, 'href="#starts"'),
        (30, {"place": ""}, "Say where the meeting is"),
        (-3, {}, "still to come"),
        (2, {}, "Notice was due by"),
        (30, {"public": "no"}, "Write down the resolution that excludes the public"),
        (30, {"kind": "party"}, "Choose what kind of meeting it is"),
    ],
)
def test_what_is_wrong_stands_beside_its_field(
    office: dict[str, Any], days: int, more: dict[str, str], says: str
) -> None:
    sent = meeting_on(in_days(days), **more)
    assert says in send(office["board_secretary"], "/governance/meetings/call/?board=icb", 422, **sent)
    assert not models.Meeting.objects.exists()


def test_short_notice_is_kept_with_its_reason(office: dict[str, Any]) -> None:
    key = called(office["board_secretary"], in_days(2), short="a strike was called")
    assert meeting_of(key).short_notice_reason == "a strike was called"


def test_a_meeting_without_a_chair_says_so_beside_who_presides(office: dict[str, Any]) -> None:
    from joinedup.governance.acts import boards

    boards.end_holding(sitting.grant("governance.keep"), "icb", "chair", "ada", on=in_days(1), reason="left")
    text = send(office["board_secretary"], "/governance/meetings/call/?board=icb", 422, **meeting_on(in_days(30)))
    assert 'href="#presiding"' in text
    assert "no chair" in text


def test_a_meeting_too_long_after_the_last_says_so_before_it_is_called(office: dict[str, Any]) -> None:
    from joinedup.access.models import AuditEntry

    called(office["board_secretary"], in_days(10))
    sent = meeting_on(in_days(100))
    assert "days late" in send(office["board_secretary"], "/governance/meetings/call/?board=icb", 200, **sent)
    called(office["board_secretary"], in_days(100))
    bodies = [str(one.body) for one in AuditEntry.objects.order_by("pk") if "call-meeting" in str(one.body)]
    assert ["later_than" in one for one in bodies[-2:]] == [False, True]


def test_a_cancelled_meeting_stays_with_its_reason_and_takes_nothing_more(office: dict[str, Any]) -> None:
    secretary = office["board_secretary"]
    first, second = called(secretary, in_days(30)), called(secretary, in_days(37))
    act(secretary, f"/governance/meetings/{first}/cancel/", reason="the room is flooded", instead=second)
    text = page(secretary, f"/governance/meetings/{first}/")
    assert "This meeting is cancelled" in text
    assert "the room is flooded" in text
    assert second in text
    assert f"/governance/meetings/{first}/" not in page(secretary, "/governance/")
    public = page(secretary, f"/open/meetings/{first}/")
    assert "Cancelled" in public
    assert "the room is flooded" in public
    assert "Cancelled" not in page(secretary, f"/open/meetings/{second}/")
    assert "cancelled" in send(secretary, f"/governance/meetings/{first}/items/", 422, **ITEM)


def test_a_meeting_moves_to_another_place(office: dict[str, Any]) -> None:
    key = called(office["board_secretary"], in_days(30))
    act(office["board_secretary"], f"/governance/meetings/{key}/move/", place="Town hall", reason="more chairs")
    assert "Town hall" in page(office["chair"], f"/governance/meetings/{key}/")
    assert models.Meeting.objects.get(pk=key).place == "Room 1"


def test_an_item_is_put_on_the_agenda_with_what_it_asks(office: dict[str, Any]) -> None:
    key = called(office["board_secretary"], in_days(30))
    item = put(
        office["board_secretary"], key, function="resources", pence="1234.56", supplier="Care Ltd", minutes="15",
        presenter="The chief nurse", purposes=["outcomes", "value"], orgs="QM7, RWG",
    )  # fmt: skip
    kept = models.AgendaItem.objects.get(pk=item)
    assert (kept.amount_pence, kept.minutes, kept.purposes) == (123456, 15, ["outcomes", "value"])
    assert kept.orgs_named == ["QM7", "RWG"]
    assert "The chief nurse" in page(office["chair"], f"/governance/items/{item}/")


def test_money_without_a_function_is_said_beside_it(office: dict[str, Any]) -> None:
    key = called(office["board_secretary"], in_days(30))
    text = send(office["board_secretary"], f"/governance/meetings/{key}/items/", 422, **ITEM, pence="10")
    assert 'href="#function"' in text


def test_a_board_without_the_power_is_warned_before(office: dict[str, Any]) -> None:
    sitting.set_up_committee()
    sent = boxes("day", in_days(30)) | {"kind": "decision", "starts": "10:30", "place": "Room 1", "public": "terms"}
    act(office["board_secretary"], "/governance/meetings/call/?board=finance", **sent)
    path = f"/governance/meetings/finance-{in_days(30)}/items/"
    text = send(office["board_secretary"], path, 200, **ITEM, function="home-care", pence="42500.01")
    assert "Warning: this board may not decide it" in text
    assert "Littleshire board" in text
    assert "Warning" not in send(office["board_secretary"], path, 200, **ITEM, function="home-care", pence="42500.00")


def test_a_development_meeting_takes_no_item_to_approve(office: dict[str, Any]) -> None:
    key = called(office["board_secretary"], in_days(30), kind="development")
    text = send(office["board_secretary"], f"/governance/meetings/{key}/items/", 422, **ITEM)
    assert 'href="#type"' in text
    assert "cannot decide" in text


def test_items_change_their_order_and_what_stood_before_stays_readable(office: dict[str, Any]) -> None:
    key = called(office["board_secretary"], in_days(30))
    first = put(office["board_secretary"], key, title="First")
    second = put(office["board_secretary"], key, title="Second")
    before = now().known_at
    path = f"/governance/meetings/{key}/order/"
    assert "Two items cannot have place" in send(
        office["board_secretary"], path, 422, **{"place-1": "2", "place-2": "2"}
    )
    act(office["board_secretary"], path, **{"place-1": "2", "place-2": "1"})
    kept = meeting_of(key)
    assert [one.key for one in items_of(kept, now().known_at)] == [second, first]
    assert [one.key for one in items_of(kept, before)] == [first, second]
    third = put(office["board_secretary"], key, title="Third")
    assert [one.number for one in items_of(kept, now().known_at)] == [1, 2, 3]
    assert third


def test_a_withdrawn_item_stays_as_withdrawn(office: dict[str, Any]) -> None:
    key = called(office["board_secretary"], in_days(30))
    item = put(office["board_secretary"], key)
    act(office["board_secretary"], f"/governance/items/{item}/withdraw/", reason="no longer needed")
    assert "Withdrawn: no longer needed" in page(office["chair"], f"/governance/items/{item}/")
    page(office["board_secretary"], f"/governance/items/{item}/withdraw/", 422)
    page(office["member"], f"/governance/items/{item}/paper/", 422)


def test_a_private_item_has_no_title_anywhere(office: dict[str, Any]) -> None:
    key = called(office["board_secretary"], in_days(30))
    item = put(office["board_secretary"], key, title="A grievance")
    assert "A grievance" in page(office["analyst"], f"/open/meetings/{key}/")
    act(office["board_secretary"], f"/governance/items/{item}/private/", reason="it names a person")
    for path in (f"/open/meetings/{key}/", f"/governance/meetings/{key}/pack/", "/governance/papers/submit/"):
        assert "A grievance" not in page(office["member"], path), path
    page(office["member"], f"/governance/items/{item}/", 404)
    page(office["member"], f"/governance/items/{item}/paper/", 404)


def test_a_paper_is_submitted_by_its_form_and_has_versions(office: dict[str, Any]) -> None:
    key = called(office["board_secretary"], in_days(30))
    item = put(office["board_secretary"], key)
    assert 'href="/governance/papers/submit/"' in page(office["member"], "/governance/")
    assert f"/governance/items/{item}/paper/" in page(office["member"], "/governance/papers/submit/")
    path = f"/governance/items/{item}/paper/"
    act(office["member"], path, **PAPER)
    version = models.PaperVersion.objects.get(item=item)
    assert version.parts["purposes"] == ["outcomes", "value"]
    assert version.parts["cost_pence"] == 0
    assert "Home care next year" in page(office["chair"], f"/governance/items/{item}/")
    form = page(office["member"], path)
    assert "Submit a new version" in form
    assert "As before." in form
    act(office["member"], path, **PAPER | {"text": "That less be bought."})
    assert [one.number for one in models.PaperVersion.objects.filter(item=item).order_by("pk")] == [1, 2]


def test_a_paper_that_lacks_a_part_says_so_before_it_is_submitted(office: dict[str, Any]) -> None:
    key = called(office["board_secretary"], in_days(30))
    item = put(office["board_secretary"], key)
    text = send(office["member"], f"/governance/items/{item}/paper/", 200, **PAPER | {"equality": ""})
    assert "it can be discussed, and not decided" in text
    assert "the impact on equality" in text


def test_a_late_paper_is_taken_by_who_runs_the_meeting_alone(office: dict[str, Any]) -> None:
    key = called(office["board_secretary"], in_days(5))
    item = put(office["board_secretary"], key)
    path = f"/governance/items/{item}/paper/"
    assert "ask them" in send(office["member"], path, 422, **PAPER)
    assert 'href="#late"' in send(office["chair"], path, 422, **PAPER)
    act(office["chair"], path, **PAPER, late="the figures came late")
    version = models.PaperVersion.objects.get(item=item)
    assert (version.days_late, version.late_reason) == (2, "the figures came late")


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"cites": "rumour 3"}, 'href="#cites"'),
        ({"cites": "decision nothing-of-it"}, 'href="#cites"'),
        ({"measure": "emergency-admissions", "size": "5% fewer"}, "An expected effect needs"),
        ({"title": ""}, "Say what the paper is called"),
    ],
)
def test_a_paper_with_something_wrong_says_it_beside_its_field(
    office: dict[str, Any], more: dict[str, str], says: str
) -> None:
    key = called(office["board_secretary"], in_days(30))
    item = put(office["board_secretary"], key)
    assert says in send(office["member"], f"/governance/items/{item}/paper/", 422, **PAPER | more)
    assert not models.PaperVersion.objects.filter(item=item).exists()


def test_an_embargo_and_who_reads_before_are_kept(office: dict[str, Any]) -> None:
    key = called(office["board_secretary"], in_days(30))
    item = put(office["board_secretary"], key)
    act(office["member"], f"/governance/items/{item}/paper/", **PAPER, **boxes("embargo", in_days(29)), listed=["ada"])
    version = models.PaperVersion.objects.get(item=item)
    assert version.embargo_until is not None
    assert version.listed == ["ada"]


def test_nobody_but_who_prepares_calls_a_meeting(office: dict[str, Any]) -> None:
    for role in ("chair", "member", "analyst"):
        page(office[role], "/governance/meetings/call/", 403)
