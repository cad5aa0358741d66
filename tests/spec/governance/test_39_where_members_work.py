"""Where a member works is an interest without being declared, and no post for an independent chair (I1, I3, B4)."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from joinedup.governance import models
from joinedup.governance.acts import boards, interests
from joinedup.governance.kept.boards import board_at, board_of, terms_on
from joinedup.governance.kept.standing import proposed_conflicts
from joinedup.governance.views.boards import failures_of
from joinedup.governance.views.registers import interests_table
from joinedup.moment import Moment, now
from joinedup.system import works_of
from joinedup.system.models import Assignment, Body

from .sitting import BOARD, MEETS, OPENED, call, grant, item

GROUP, TRUST, ICS = "01X", "RZ1", "littleshire-ics"
SINCE = date(2021, 5, 1)
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("littleshire_with_a_board", "who_works_at_the_trust")]


@pytest.fixture
def who_works_at_the_trust(db: None) -> None:
    """Since May 2021 the leader works for the trust as well."""
    before = Assignment.objects.filter(person__key="a-leader").first()
    assert before is not None
    Assignment.objects.create(
        person=before.person, works_for=Body.objects.get(key="littleshire-trust"), source=before.source,
        valid=(SINCE, None), known=(datetime(2021, 5, 1, tzinfo=UTC), None),
    )  # fmt: skip


def then() -> Moment:
    return Moment(MEETS, now().known_at)


def seat(key: str, category: str, person: str, for_body: str = "") -> None:
    keep = grant("governance.keep")
    boards.add_seat(keep, BOARD, key, title=key, category=category, since=OPENED)
    boards.appoint(keep, BOARD, key, person, since=OPENED, on_behalf_of=for_body, reason="by election")


def proposed(number: int, *named: str) -> list[tuple[str, str]]:
    meeting = "icb-2022-09-23" if models.Meeting.objects.exists() else call()
    rows = models.AgendaItem.objects.filter(key=item(meeting, number, orgs_named=list(named)))
    return [(one.person, one.about_org) for one in proposed_conflicts(rows, then())]


def test_works_are_those_of_the_day() -> None:
    known = now().known_at
    assert [(one.person, one.body, one.start) for one in works_of(["a-leader", "ada"], then())] == [
        ("a-leader", ICS, date(2020, 5, 1)),
        ("a-leader", TRUST, SINCE),
    ]
    # The group is no more in September 2022, whatever is still written down.
    assert GROUP in {one.body for one in works_of(["a-leader"], Moment(date(2022, 1, 1), known))}
    assert works_of(["a-leader"], Moment(date(2020, 4, 30), known)) == []
    assert works_of([], then()) == []


def test_an_item_that_names_a_body_touches_the_member_who_works_there() -> None:
    assert proposed(1, TRUST) == []
    seat("lead", "exec", "a-leader")
    assert proposed(2, TRUST) == [("a-leader", TRUST)]
    assert proposed(3, "QZ9") == []


def test_what_was_declared_of_the_same_body_is_asked_about_once() -> None:
    seat("lead", "exec", "a-leader")
    interests.declare_interest(
        grant("governance.keep"), "a-leader", type="financial", about_org=TRUST, description="its officer",
        arose_on=OPENED, declared_on=OPENED,
    )  # fmt: skip
    assert proposed(4, TRUST) == [("a-leader", TRUST)]


def test_the_register_shows_it_beside_what_was_declared() -> None:
    seat("lead", "exec", "a-leader")
    rows = [row for row in interests_table(then(), None, caption="Register").rows if row["person"] == "A Leader"]
    assert [(row["about"], row["arose"], row["late"]) for row in rows] == [
        (ICS, date(2020, 5, 1), "Needs no declaration"),
        (TRUST, SINCE, "Needs no declaration"),
    ]


def faults() -> list[str]:
    kept = board_of(BOARD)
    return [one for one in failures_of(kept, terms_on(BOARD, then()), board_at(BOARD, then()), then()) if "post" in one]


def test_an_independent_chair_works_for_no_partner() -> None:
    seat("second", "chair", "a-leader")
    assert faults() == []  # Nobody sits on this board for that body.
    seat("group", "partner_trust", "ivy", TRUST)
    assert len(faults()) == 1
    assert faults()[0].endswith(f"holds a post in {TRUST}; an independent chair holds none in a partner")
