"""A board from nothing by forms: set up, seated, its terms changed, somebody leaves, its system under another model."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import transaction

from joinedup.governance import models
from joinedup.governance.kept.boards import board_at, person_of_account, terms_on
from joinedup.governance.kept.decisions import model_of_system
from joinedup.moment import Moment, now

from .sitting import BOARD, SYSTEM
from .test_40_pages_of_a_board import act, page, send, signed_in

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("littleshire_with_a_board")]
SINCE = {"since_day": 1, "since_month": 9, "since_year": 2022}
NEW = {
    "system": SYSTEM, "tier": "place", "key": "north-place", "partnership": "no", "name": "North place board",
    "version": "1", "fixed": "3", "base": "all", "kinds": ["clinical"], "conflicted": "no",
    "composition": "chair 1\nvcse 1 2", "casting": "yes", "proxies": "no", "public": "yes", **SINCE,
}  # fmt: skip
SEAT = {
    "title": "Chair", "seat": "chair", "category": "chair", "voting": "yes", "required": "yes", "holders": "1",
    "reason": "the terms", **SINCE,
}  # fmt: skip
APPOINT = {"seat": "chair", "status": "substantive", "reason": "elected", **SINCE}


@pytest.fixture(scope="module")
def users(littleshire_with_a_board: None, django_db_blocker: Any) -> Iterator[dict[str, Any]]:
    from joinedup.access.demo import demo_users

    with django_db_blocker.unblock(), transaction.atomic():
        demo_users()
        yield {role: signed_in(role) for role in ("board_secretary", "member")}
        transaction.set_rollback(True)


def at(on: date) -> Moment:
    return Moment(on, now().known_at)


def test_a_board_is_set_up_seated_and_changed(users: dict[str, Any]) -> None:
    secretary = users["board_secretary"]
    act(secretary, "/governance/boards/add/", **NEW)
    act(secretary, "/governance/boards/north-place/seats/", **SEAT)
    act(secretary, "/governance/boards/north-place/seats/", **SEAT | {
        "title": "Doctor", "seat": "gp", "category": "partner_primary_care", "also": ["clinical"],
    })  # fmt: skip
    act(secretary, "/governance/boards/north-place/appoint/", **APPOINT | {
        "name": "Nora Sample", "email": "member@demo.invalid",
    })  # fmt: skip
    act(secretary, "/governance/boards/north-place/appoint/", **APPOINT | {"seat": "gp", "person": "fay"})
    moment = at(date(2022, 9, 1))
    terms, board = terms_on("north-place", moment), board_at("north-place", moment)
    assert terms.quorum == {
        "need": {"fixed": 3}, "base": "all", "categories": ["clinical"], "conflicted": "not_counted",
    }  # fmt: skip
    assert terms.composition == [
        {"category": "chair", "minimum": 1}, {"category": "vcse", "minimum": 1, "maximum": 2},
    ]  # fmt: skip
    assert board.holders_on(moment.valid_on) == {"chair": {"nora-sample"}, "gp": {"fay"}}
    from joinedup.access import User

    member = User.objects.get(email="member@demo.invalid")
    assert person_of_account(f"user:{member.pk}", moment) == "nora-sample"
    shown = page(secretary, "/governance/boards/north-place/")
    assert "Nora Sample" in shown
    assert "Change its terms" in shown
    assert "Change its terms" not in page(users["member"], "/governance/boards/north-place/")

    act(secretary, "/governance/boards/north-place/terms/", **NEW | {
        "version": "2", "fixed": "", "reason": "the board of September", "since_day": 5,
    })  # fmt: skip
    assert terms_on("north-place", at(date(2022, 9, 5))).quorum["need"] == {"fraction": "1/2", "plus": 1}
    assert terms_on("north-place", at(date(2022, 9, 4))).quorum["need"] == {"fixed": 3}

    on = {"on_day": 3, "on_month": 10, "on_year": 2022, "reason": "moved away"}
    act(secretary, "/governance/boards/north-place/leave/", who="chair/nora-sample", **on)
    assert not board_at("north-place", at(date(2022, 10, 3))).holders_on(date(2022, 10, 3))["chair"]
    assert board_at("north-place", at(date(2022, 10, 2))).holders_on(date(2022, 10, 2))["chair"]
    act(secretary, "/governance/boards/north-place/end/", **on)
    assert terms_on("north-place", at(date(2022, 10, 2))).name == "North place board"
    assert "North place board" not in page(secretary, "/governance/")


def test_terms_keep_a_quorum_that_the_form_cannot_say(users: dict[str, Any]) -> None:
    secretary = users["board_secretary"]
    act(secretary, "/governance/boards/add/", **NEW)
    line = models.BoardTerms.objects.get(board="north-place")
    with transaction.atomic():
        from joinedup.governance.acts.boards import change_terms

        from .sitting import grant

        table = {"need": {"table": {"2": 2, "9": 5}}}
        change_terms(
            grant("governance.keep"), "north-place", version="2", since=line.valid.lower, reason="a table", quorum=table
        )
    assert "Left out, it stays as it is: 2: 2, 9: 5" in page(secretary, "/governance/boards/north-place/terms/")
    act(secretary, "/governance/boards/north-place/terms/", **NEW | {"version": "3", "fixed": "", "reason": "a name"})
    assert terms_on("north-place", at(line.valid.lower)).quorum["need"] == {"table": {"2": 2, "9": 5}}


def test_a_system_comes_under_another_model_from_a_day_on(users: dict[str, Any]) -> None:
    on = now().valid_on + timedelta(days=1)
    act(users["board_secretary"], "/governance/model/", system=SYSTEM, model="option1", reason="an Act",
        since_day=on.day, since_month=on.month, since_year=on.year)  # fmt: skip
    assert model_of_system(SYSTEM, at(on)).key == "option1"
    assert model_of_system(SYSTEM, at(on - timedelta(days=1))).key == "option2"


@pytest.mark.parametrize(
    ("path", "sent", "says"),
    [
        ("add/", NEW | {"key": BOARD}, "There is a board"),
        ("add/", NEW | {"key": "North Place"}, "no key of a board"),
        ("add/", NEW | {"system": "nowhere"}, "Choose which system"),
        ("add/", NEW | {"composition": "chair one"}, "is no line such as: non_exec 2"),
        ("add/", NEW | {"joint_of": "NOBODY"}, "NOBODY"),
        ("add/", NEW | {"partnership": "yes"}, "partnership board"),
        ("add/", NEW | {"fixed": "2.5"}, "People are a whole number"),
        (f"{BOARD}/seats/", SEAT | {"seat": "The Chair"}, "A key has small letters"),
        (f"{BOARD}/seats/", SEAT | {"category": "friends"}, "category of seats"),
        (f"{BOARD}/appoint/", APPOINT | {"person": "fay"}, "is held on these days by as many as may"),
        (f"{BOARD}/appoint/", APPOINT | {"person": "fay", "name": "Nora Sample"}, "one of the two"),
        (f"{BOARD}/appoint/", APPOINT, "one of the two"),
        (f"{BOARD}/appoint/", APPOINT | {"person": "fay", "email": "x@demo.invalid"}, "Nobody signs in"),
        (f"{BOARD}/leave/", {"who": "chair/fay", "on_day": 1, "on_month": 10, "on_year": 2022, "reason": "left"},
         "Choose who leaves"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_what_cannot_be_is_said_beside_its_question(
    users: dict[str, Any], path: str, sent: dict[str, Any], says: str
) -> None:
    counts = [table.objects.count() for table in (models.Board, models.Seat, models.SeatHolding)]
    assert says in send(users["board_secretary"], f"/governance/boards/{path}", 422, **sent)
    assert counts == [table.objects.count() for table in (models.Board, models.Seat, models.SeatHolding)]
    send(users["member"], f"/governance/boards/{path}", 403, **sent)
