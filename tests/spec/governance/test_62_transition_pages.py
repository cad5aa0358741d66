"""The pages of a transition: what changes when, whether it is ready, and one's own transfer, which nobody else sees."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from django.db import transaction
from django.test import Client

from joinedup.access.demo import demo_users
from joinedup.access.models import AuditEntry, User
from joinedup.governance.acts import boards, day_one, transition_staff, transitions
from joinedup.moment import now
from joinedup.system import PartialDate, as_of

from .sitting import grant
from .test_61_day_one import FUNCTIONS
from .three_groups import DAY, EVENT, TRANSITION, as_csv, count_everybody, staff_rows

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("three_groups")]
TRANSIT = "governance.transit"
PAGE = f"/governance/transitions/{TRANSITION}/"
DAY_ONE = f"{PAGE}day-one/{EVENT}/"
OWN = "/governance/my-transfer/"


@pytest.fixture(scope="module", autouse=True)
def people(three_groups: None, django_db_blocker: Any) -> Iterator[None]:
    """A sign-in for each role, and the staff of the three groups on their list, once for the chapter."""
    with django_db_blocker.unblock(), transaction.atomic():
        _fill()
        yield
        transaction.set_rollback(True)


def _fill() -> None:
    demo_users()
    count_everybody()
    transition_staff.import_staff(grant(TRANSIT), TRANSITION, "s.csv", as_csv(staff_rows()), reason="the list of May")
    transitions.add_application(
        grant(TRANSIT), TRANSITION, "merger", kind="merger", title="Application to merge",
        submit_by=PartialDate(date(2020, 9, 30)), effective_from=date(2021, 4, 1), adopting=["10A", "10B"],
    )  # fmt: skip


def signed_in(role: str, person: str = "") -> Client:
    client = Client()
    assert client.post("/access/demo/", {"role": role}).status_code == 302
    if person:
        user = User.objects.get(email=f"{role}@demo.invalid")
        boards.name_account(
            grant("governance.keep"), f"user:{user.pk}", person, since=date(2022, 1, 1), reason="a member of staff"
        )
    return client


def text_of(client: Client, path: str, status: int = 200) -> str:
    response = client.get(path)
    assert response.status_code == status
    return " ".join(response.content.decode().split())


def test_whoever_leads_sees_changes_deadlines_and_staff_in_sums() -> None:
    said = text_of(signed_in("board_secretary"), f"{PAGE}?as_of=2020-10-03&known_at={now().valid_on}")
    for words in (
        "Dissolved, 1 July 2022", "Approved", "Not sent, 3 days late", "291 before, 291 after",
        "Check whether it is ready for day one", "Without a map of functions",
    ):  # fmt: skip
        assert words in said, words
    assert "Pat Sample" not in said
    assert "p000" not in said
    assert "governance.read-staff" in "".join(AuditEntry.objects.values_list("body", flat=True))


def test_others_see_no_staff() -> None:
    said = text_of(signed_in("member"), PAGE)
    assert "sees staff in sums" in said
    assert "291" not in said
    assert "ready for day one" not in said


def test_the_list_of_transitions_leads_to_each() -> None:
    assert PAGE in text_of(signed_in("planner"), "/governance/transitions/")


def test_a_change_is_put_in_force_only_when_it_is_ready() -> None:
    client = signed_in("board_secretary")
    said = text_of(client, DAY_ONE)
    assert "no map of functions" in said
    assert "Put the change in force" not in said
    refused = client.post(DAY_ONE, {"reason": "the order of 2022"})
    assert refused.status_code == 400
    assert "may not take force" in refused.content.decode()
    transitions.map_functions(
        grant(TRANSIT), TRANSITION, FUNCTIONS, [(one, "20A") for one in FUNCTIONS], reason="the order of 2022"
    )
    assert "Put the change in force" in text_of(client, DAY_ONE)
    assert client.post(DAY_ONE, {"reason": "short"}).status_code == 400
    assert as_of(DAY, now().known_at).body("10A").exists
    assert client.post(DAY_ONE, {"reason": "the order of 2022"}).status_code == 302
    assert not as_of(DAY, now().known_at).body("10A").exists
    said = text_of(client, PAGE)
    assert "291 people moved with it" in said
    assert "The change is in force" in said


def test_a_member_of_staff_sees_the_own_transfer_and_nobody_elses() -> None:
    said = text_of(signed_in("nurse", "p010"), OWN)
    for words in ("NHS Body 10A", "NHS Body 20A", "10A-10", "20A-7", "Your terms stay as they are", "1 July 2022"):
        assert words in said, words
    for words in ("10A-11", "e011", "p011"):
        assert words not in said, words
    assert "There is no transfer of yours" in text_of(signed_in("pharmacist"), OWN, 404)
    assert "There is no transfer of yours" in text_of(signed_in("board_secretary"), OWN, 404)


def test_a_senior_leader_and_somebody_unplaced_are_told_so() -> None:
    assert "senior leaders, who are outside the promise" in text_of(signed_in("nurse", "p000"), OWN)
    rows = staff_rows()
    for column in ("to_body", "to_post", "to_fte", "to_continuous_from", "terms_after"):
        rows[20][column] = ""
    transition_staff.import_staff(grant(TRANSIT), TRANSITION, "s.csv", as_csv(rows), reason="a place fell away")
    assert "You have no receiving post yet" in text_of(signed_in("pharmacist", "p020"), OWN)


def test_a_wish_is_said_on_the_page_and_for_oneself_only() -> None:
    client = signed_in("nurse", "p010")
    assert client.post(OWN, {"employment": "e010", "wish": "leave"}).status_code == 302
    assert "Your wish is recorded" in text_of(client, OWN)
    assert client.post(OWN, {"employment": "e011", "wish": "leave"}).status_code == 404
    refused = client.post(OWN, {"employment": "e010", "wish": ""})
    assert refused.status_code == 400
    assert "Choose whether you wish to stay or to leave" in refused.content.decode()


def test_a_transition_that_is_not_there_or_was_not_known_is_not_found() -> None:
    client = signed_in("board_secretary")
    text_of(client, "/governance/transitions/nothing/", 404)
    text_of(client, f"{PAGE}day-one/nothing/", 404)
    text_of(client, f"{PAGE}?as_of=2020-10-03&known_at=2020-10-03", 404)


def test_an_earlier_day_shows_no_transition() -> None:
    said = text_of(signed_in("member"), "/governance/transitions/?as_of=2019-01-01&known_at=2019-01-01")
    assert "No transition was proposed yet" in said


def test_after_the_change_no_wish_is_said_any_more() -> None:
    transitions.map_functions(
        grant(TRANSIT), TRANSITION, FUNCTIONS, [(one, "20A") for one in FUNCTIONS], reason="the order of 2022"
    )
    day_one.put_in_force(grant(TRANSIT), EVENT, reason="the order of 2022")
    client = signed_in("nurse", "p010")
    assert "Save my wish" not in text_of(client, OWN)
    refused = client.post(OWN, {"employment": "e010", "wish": "leave"})
    assert refused.status_code == 400
    assert "C9: the change is in force" in refused.content.decode()
