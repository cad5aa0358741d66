"""The pages of a board's work: what waits, a meeting run by its pages to a lost quorum, decisions and registers."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import transaction
from django.test import Client

from joinedup.moment import now

from . import sitting

pytestmark = pytest.mark.django_db
ACCOUNTS = {"chair": "ada", "board_secretary": "ben", "member": "dan"}


@pytest.fixture(scope="module")
def boardroom(littleshire_with_a_board: None, django_db_blocker: Any) -> Iterator[dict[str, Any]]:
    """Littleshire's board with a meeting yesterday that nobody has run yet, and demo users who hold seats."""
    from joinedup.access import User
    from joinedup.access.demo import demo_users
    from joinedup.governance.acts import boards, interests

    with django_db_blocker.unblock(), transaction.atomic():
        demo_users()
        keep = sitting.grant("governance.keep")
        for role, person in ACCOUNTS.items():
            user = User.objects.get(email=f"{role}@demo.invalid")
            boards.name_account(keep, f"user:{user.pk}", person, since=date(2022, 7, 1), reason="for a test")
        interests.declare_interest(
            keep, "dan", type="indirect", about_org="Care Ltd", description="A sister works there",
            arose_on=date(2026, 3, 5), declared_on=date(2026, 4, 3),
        )  # fmt: skip
        yield {role: signed_in(role) for role in (*ACCOUNTS, "analyst", "clinician")}
        transaction.set_rollback(True)


def signed_in(role: str) -> Client:
    client = Client()
    assert client.post("/access/demo/", {"role": role}).status_code == 302
    return client


@pytest.fixture
def meeting(boardroom: dict[str, Any]) -> str:
    """A meeting of yesterday at 10:00 with two items, both with whole papers; the second names Care Ltd."""
    on = now().valid_on - timedelta(days=1)
    key = sitting.call(on=on)
    early = sitting.minute("09:00", on - timedelta(days=12))
    for number, more in ((1, {}), (2, {"orgs_named": ["Care Ltd"], "title": "Home care"})):
        item = sitting.item(key, number, function="resources", **more)
        sitting.paper(item, submitted_at=early)
    return key


def page(client: Client, path: str, status: int = 200) -> str:
    response = client.get(path)
    assert response.status_code == status, path
    return response.content.decode()


def send(client: Client, path: str, status: int = 302, /, **sent: Any) -> str:
    response = client.post(path, sent)
    text = response.content.decode()
    assert response.status_code == status, text[:2000]
    return text


def act(client: Client, path: str, /, **sent: Any) -> None:
    """Answer an act's form, see the page to check, and confirm."""
    checked = send(client, path, 200, **sent)
    assert "Check what you are about to do" in checked
    send(client, path, 302, confirmed="yes", **sent)


def arrive(chair: Client, meeting: str, *people: str, at: str = "09:55") -> None:
    send(chair, f"/governance/meetings/{meeting}/run/", person=people, at=at, mode="in_person")


def test_the_way_in_says_what_waits_and_leads_to_the_boards(boardroom: dict[str, Any]) -> None:
    on = now().valid_on + timedelta(days=3)
    key = sitting.call(on=on)
    sitting.item(key, 1, orgs_named=["Care Ltd"], title="Care at home", function="resources")
    text = page(boardroom["member"], "/governance/")
    assert "Declare or rule out a conflict in “Care at home”" in text
    assert "Confirm what the register says of your interests" in text
    assert "Littleshire board" in text
    secretary = page(boardroom["board_secretary"], "/governance/")
    assert "The paper of “Care at home” was due on" in secretary
    assert "linked with no seat" in page(boardroom["analyst"], "/governance/")


def test_a_board_says_what_it_lacks_on_a_day(boardroom: dict[str, Any]) -> None:
    from joinedup.governance.acts import boards

    keep = sitting.grant("governance.keep")
    boards.add_seat(keep, "icb", "nurse", title="Director of nursing", category="exec", required=True,
                    since=date(2023, 1, 1))  # fmt: skip
    boards.change_terms(keep, "icb", version="2", since=date(2023, 1, 1), reason="the terms of 2023",
                        composition=[{"category": "exec", "minimum": 1}])  # fmt: skip
    whole = page(boardroom["member"], "/governance/boards/icb/?as_of=2022-09-23")
    assert "This board is not whole" not in whole
    lacking = page(boardroom["member"], "/governance/boards/icb/?as_of=2023-01-11")
    assert "Director of nursing: nobody holds this seat, for 10 days (since 1 January 2023)" in lacking
    assert "Executive: 0 of 1 needed" in lacking


def test_a_chair_runs_a_meeting_in_which_a_conflict_breaks_the_quorum(boardroom: dict[str, Any], meeting: str) -> None:
    chair, member = boardroom["chair"], boardroom["member"]
    first, second = f"{meeting}-1", f"{meeting}-2"
    # Nobody who presides is there yet: the item is not opened, and the reason stands beside the minute.
    refused = send(chair, f"/governance/items/{first}/open/", 422, at="10:05")
    assert "neither who presides nor the deputy is there" in refused.lower()
    arrive(chair, meeting, "ada", "ben", "cat", "dan", "eve")
    send(chair, f"/governance/items/{first}/open/", at="10:05")
    text = page(chair, f"/governance/items/{first}/")
    assert "Quorate: 5 of 5 needed." in text
    send(chair, f"/governance/items/{first}/votes/", voter=["ada", "ben", "cat"], shown="for", at="10:10")
    send(chair, f"/governance/items/{first}/votes/", voter=["dan"], shown="against", at="10:10")
    # Who is not there does not vote, and the page says why.
    away = send(chair, f"/governance/items/{first}/votes/", 422, voter=["gus"], shown="for", at="10:10")
    assert "There is a problem" in away
    act(chair, f"/governance/items/{first}/close/", at="10:10", text="It is agreed", dissenter="dan",
        dissent="It costs too much")  # fmt: skip
    decided = page(chair, f"/governance/decisions/{first}/")
    assert "Carried" in decided
    assert "It costs too much" in decided
    assert "As known when it was decided" in decided

    assert "The item names Care Ltd." in page(chair, f"/governance/items/{second}/")
    act(member, f"/governance/items/{second}/declare/", nature="actual", words="My sister works there")
    act(chair, f"/governance/items/{second}/conflict/", person="dan", action="leave", by="ada", at="10:16",
        reason="His sister works for the supplier")  # fmt: skip
    send(chair, f"/governance/items/{second}/open/", at="10:17")
    lost = page(chair, f"/governance/items/{second}/")
    assert "Not quorate: 4 of 5 needed, 1 with a conflict not counted." in lost
    assert "Form a panel of people without a conflict" in lost
    assert "Refer the item to the board above" in lost
    assert "Bring in other eligible members" in lost
    assert "Cast your vote" not in lost
    assert "Write down these votes" not in lost
    act(chair, f"/governance/items/{second}/close/", at="10:20", text="To a panel", way_on="conflicts_panel")
    decided = page(chair, f"/governance/decisions/{second}/")
    assert "Deferred" in decided
    assert "Leaves for the item" in decided


def test_a_corrected_minute_leaves_the_quorum_as_known_then(boardroom: dict[str, Any], meeting: str) -> None:
    from joinedup.governance import models

    chair, item = boardroom["chair"], f"{meeting}-1"
    arrive(chair, meeting, "ada", "ben", "cat", "dan", "eve")
    send(chair, f"/governance/items/{item}/open/", at="10:05")
    send(chair, f"/governance/items/{item}/votes/", voter=["ada", "ben"], shown="for", at="10:10")
    act(chair, f"/governance/items/{item}/close/", at="10:15", text="It is agreed")
    visit = models.Attendance.objects.get(meeting=meeting, person="eve", known__endswith__isnull=True).visit
    act(chair, f"/governance/meetings/{meeting}/attendance/{visit}/", arrived="09:55", left="10:12",
        reason="She took a train")  # fmt: skip
    text = page(chair, f"/governance/decisions/{item}/")
    assert "As known when it was decided: Quorate: 5 of 5 needed." in text
    assert "Not quorate: 4 of 5 needed." in text
    assert "The decision stands as it was taken." in text
    assert "She took a train" in page(chair, f"/governance/meetings/{meeting}/")


def test_a_member_votes_for_himself_and_is_told_why_he_may_not(boardroom: dict[str, Any]) -> None:
    today = now().valid_on
    meeting = sitting.call(on=today, starts_at=sitting.minute("00:00", today))
    item = sitting.item(meeting, 1, function="resources")
    sitting.paper(item, submitted_at=sitting.minute("09:00", today - timedelta(days=12)))
    chair, member = boardroom["chair"], boardroom["member"]
    arrive(chair, meeting, "ada", "ben", "cat", "eve", "gus", at="00:00")
    send(chair, f"/governance/items/{item}/open/", at="00:00")
    assert "Vote on item 1" in page(member, "/governance/")
    refused = send(member, f"/governance/items/{item}/vote/", 422, value="for")
    assert "is not in the meeting at this minute" in refused
    arrive(chair, meeting, "dan", at="00:00")
    assert "Choose how you vote" in send(member, f"/governance/items/{item}/vote/", 422)
    send(member, f"/governance/items/{item}/vote/", value="for")
    send(member, f"/governance/items/{item}/vote/", value="against")
    text = page(member, f"/governance/items/{item}/")
    assert "You voted: Against." in text
    assert "No, a later vote counts" in text
    assert "Vote on item 1" not in page(member, "/governance/")


def test_a_minute_to_come_or_no_minute_is_refused_beside_its_field(boardroom: dict[str, Any], meeting: str) -> None:
    chair = boardroom["chair"]
    run = f"/governance/meetings/{meeting}/run/"
    assert "When they came must be a time, such as 10:30" in send(chair, run, 422, person=["ada"], at="10h")
    assert "Choose who came" in send(chair, run, 422, at="10:00")
    today = sitting.call(on=now().valid_on, starts_at=sitting.minute("00:00", now().valid_on))
    late = send(chair, f"/governance/meetings/{today}/run/", 422, person=["ada"], at="23:59", mode="in_person")
    assert "23:59 is still to come" in late
    arrive(chair, meeting, "ada")
    twice = send(chair, run, 422, person=["ada"], at="10:00", mode="in_person")
    assert "there already at that time" in twice


def test_a_paper_that_lacks_a_part_is_only_discussed(boardroom: dict[str, Any]) -> None:
    from dataclasses import replace

    on = now().valid_on - timedelta(days=1)
    meeting = sitting.call(on=on, key="icb-lacking")
    item = sitting.item(meeting, 1, function="resources", title="Rooms")
    parts = replace(sitting.WHOLE, cost_pence=0, equality_impact="")
    sitting.paper(item, parts=parts, submitted_at=sitting.minute("09:00", on - timedelta(days=5)), late_reason="Ill")
    text = page(boardroom["chair"], f"/governance/meetings/{meeting}/")
    assert "lacks the impact on equality" in text
    assert "2 days late" not in text.split("Agenda")[0]
    assert "Can be discussed, not approved" in text
    arrive(boardroom["chair"], meeting, "ada", "ben", "cat", "dan", "eve")
    send(boardroom["chair"], f"/governance/items/{item}/open/", at="10:05")
    after = page(boardroom["chair"], f"/governance/items/{item}/")
    assert "taken for discussion" in after
    assert "Cast your vote" not in after


def test_the_title_of_a_private_item_stays_private(boardroom: dict[str, Any]) -> None:
    on = now().valid_on - timedelta(days=1)
    meeting = sitting.call(on=on, key="icb-private")
    item = sitting.item(meeting, 1, title="A closure that nobody knows", function="resources", is_private=True)
    sitting.paper(item, submitted_at=sitting.minute("09:00", on - timedelta(days=12)))
    arrive(boardroom["chair"], meeting, "ada", "ben", "cat", "dan", "eve")
    sitting.open_(item, "10:05", on)
    sitting.close(item, "10:10", on)
    outsider = boardroom["analyst"]
    for path in ("", f"meetings/{meeting}/", "boards/icb/", "commitments/"):
        assert "A closure that nobody knows" not in page(outsider, f"/governance/{path}")
    assert "Private item" in page(outsider, f"/governance/meetings/{meeting}/")
    for path in (f"items/{item}/", f"decisions/{item}/"):
        assert "A closure that nobody knows" not in page(outsider, f"/governance/{path}", 404)
    assert "A closure that nobody knows" in page(boardroom["member"], f"/governance/meetings/{meeting}/")


def test_a_member_declares_confirms_and_ends_own_interests(boardroom: dict[str, Any]) -> None:
    from joinedup.governance import models

    member = boardroom["member"]
    early = now().valid_on - timedelta(days=40)
    act(member, "/governance/interests/declare/", type="financial", about="Sample Ltd", description="Shares",
        arose_day=early.day, arose_month=early.month, arose_year=early.year, publish="yes")  # fmt: skip
    text = page(member, "/governance/interests/")
    assert "Sample Ltd" in text
    assert "after its 28 days" in text
    send(member, "/governance/interests/confirm/")
    assert "You confirmed this last on" in page(member, "/governance/interests/")
    key = models.Interest.objects.get(about_org="Sample Ltd").key
    today = now().valid_on
    act(member, f"/governance/interests/{key}/end/", on_day=today.day, on_month=today.month, on_year=today.year,
        reason="Sold")  # fmt: skip
    assert "Sample Ltd" not in page(member, "/governance/interests/")
    wrong = send(member, "/governance/interests/declare/", 422, type="financial", about="<script>", description="x",
                 arose_day=1, arose_month=1, arose_year=2026, publish="no")  # fmt: skip
    assert "signs that no name has" in wrong
    assert "Say why it is not published whole" in wrong


def test_nobody_ends_the_interest_of_another(boardroom: dict[str, Any]) -> None:
    from joinedup.governance.acts import interests

    key = interests.declare_interest(
        sitting.grant("governance.keep"), "eve", type="financial", about_org="Eve Ltd", description="Shares",
        arose_on=date(2026, 1, 1), declared_on=date(2026, 1, 2),
    )  # fmt: skip
    sent = {"on_day": 1, "on_month": 6, "on_year": 2026, "reason": "Sold"}
    send(boardroom["member"], f"/governance/interests/{key}/end/", 403, **sent)


def test_the_scheme_shows_limits_and_gaps(boardroom: dict[str, Any]) -> None:
    sitting.set_up_committee()
    text = page(boardroom["member"], "/governance/delegations/")
    assert "£42,500.00 in one decision" in text
    assert "Reserved: Distribution of financial resources" in text
    assert "No gap and no overlap" in text


def test_risks_stand_on_the_five_by_five_with_what_is_missing(boardroom: dict[str, Any]) -> None:
    from joinedup.governance import RiskScores, Score
    from joinedup.governance.acts import assurance

    leave, day = sitting.grant("governance.assure"), now().valid_on
    assurance.set_objective(leave, "icb", "waits", "People are seen in time", since=day)
    assurance.record_risk(
        leave, "icb", "winter", objective="waits", cause="Beds are full", event="Ambulances wait", effect="Harm",
        owner="Medical director", scores=RiskScores(Score(5, 5), Score(4, 4), Score(2, 4), day),
    )  # fmt: skip
    text = page(boardroom["member"], "/governance/risks/")
    assert "Extreme" in text
    assert "Ambulances wait, because beds are full: Harm" in text
    assert "No control" in text


def test_an_overdue_commitment_waits_and_is_met_by_evidence(boardroom: dict[str, Any]) -> None:
    from joinedup.governance.acts import assurance

    yesterday = now().valid_on - timedelta(days=1)
    assurance.open_commitment(
        sitting.grant("governance.assure"), "icb", "staff", text="Staff are found", owner="Nursing",
        due_on=yesterday, test="A roster", source="Audit",
    )  # fmt: skip
    chair = boardroom["chair"]
    assert "1 commitment of Littleshire board is overdue" in page(chair, "/governance/")
    assert "Overdue" in page(chair, "/governance/commitments/?board=icb")
    meeting = sitting.call(on=now().valid_on + timedelta(days=5))
    assert "Staff are found" in page(chair, f"/governance/meetings/{meeting}/")


def test_who_has_no_leave_sees_none_of_it(boardroom: dict[str, Any]) -> None:
    for path in ("", "boards/icb/", "interests/", "delegations/", "risks/", "commitments/"):
        page(boardroom["clinician"], f"/governance/{path}", 403)
        assert Client().get(f"/governance/{path}").status_code == 302
    for path in ("boards/none/", "meetings/none/", "items/none/", "decisions/none/"):
        page(boardroom["member"], f"/governance/{path}", 404)
