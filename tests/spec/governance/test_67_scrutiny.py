"""Scrutiny committees, health and wellbeing boards, Healthwatch: referred, asked, answered by when; instructions."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import transaction
from django.test import Client

from joinedup.errors import RuleError
from joinedup.governance import models
from joinedup.governance.acts import instructions, scrutiny
from joinedup.governance.assurance.scrutiny import (
    AnswerTooLate,
    Standing,
    answer_by,
    check_answer_by,
    standing_on,
)
from joinedup.governance.kept.scrutiny import overdue_matters
from joinedup.governance.transition.instructions import InstructionOmitted
from joinedup.moment import Moment, now

from .sitting import BOARD, grant
from .test_40_pages_of_a_board import act, page, send, signed_in

pytestmark = pytest.mark.django_db
ASKED = date(2022, 9, 1)


@pytest.fixture(scope="module")
def boardroom(littleshire_with_a_board: None, django_db_blocker: Any) -> Iterator[dict[str, Any]]:
    from joinedup.access.demo import demo_users

    with django_db_blocker.unblock(), transaction.atomic():
        demo_users()
        yield {role: signed_in(role) for role in ("board_secretary", "member", "clinician")}
        transaction.set_rollback(True)


@pytest.mark.parametrize(
    ("kind", "due"),
    [
        ("scrutiny_committee", date(2022, 9, 29)),
        ("hwb", date(2022, 9, 29)),
        ("healthwatch", date(2022, 9, 21)),
    ],
)
def test_the_days_for_an_answer(kind: str, due: date) -> None:
    assert answer_by(kind, ASKED) == due
    check_answer_by(kind, "asked", ASKED, due)
    with pytest.raises(AnswerTooLate, match=f"is answered by {due}"):
        check_answer_by(kind, "asked", ASKED, due + timedelta(days=1))
    # Whom a board asks may be given longer.
    check_answer_by(kind, "referred", ASKED, due + timedelta(days=1))
    with pytest.raises(RuleError, match="due before it was asked"):
        check_answer_by(kind, "referred", ASKED, ASKED - timedelta(days=1))


def test_how_a_matter_stands() -> None:
    due = date(2022, 9, 29)
    assert standing_on(due, None, due) == Standing("open")
    assert standing_on(due, None, date(2022, 9, 30)) == Standing("overdue", 1)
    assert standing_on(due, date(2022, 10, 2), date(2022, 10, 1)) == Standing("overdue", 2)
    assert standing_on(due, date(2022, 10, 2), date(2022, 10, 2)) == Standing("answered", 3)
    assert standing_on(due, due, due) == Standing("answered", 0)
    with pytest.raises(RuleError, match="Did you mean 'healthwatch'"):
        answer_by("healthwach", ASKED)


def sent(**more: Any) -> dict[str, Any]:
    return {
        "board": BOARD, "to_kind": "scrutiny_committee", "to": "Littleshire health scrutiny",
        "matter": "Why were ten beds closed? Ring 01632 960123", "on_day": 1, "on_month": 9, "on_year": 2022,
        "public": "yes",
    } | more  # fmt: skip


def test_what_was_asked_is_written_down_is_overdue_and_is_answered(boardroom: dict[str, Any]) -> None:
    secretary, member = boardroom["board_secretary"], boardroom["member"]
    assert member.get("/governance/scrutiny/asked/").status_code == 403
    assert boardroom["clinician"].get("/governance/scrutiny/").status_code == 403
    assert "Choose what kind of body it is" in send(secretary, "/governance/scrutiny/asked/", 422, board=BOARD)
    late = send(secretary, "/governance/scrutiny/asked/", 422, **sent(due_day=30, due_month=9, due_year=2022))
    assert "is answered by 2022-09-29" in late
    assert 'href="#due-day"' in late
    act(secretary, "/governance/scrutiny/asked/", **sent())
    kept = models.Referral.objects.get()
    assert (kept.origin, kept.answer_by) == ("asked", date(2022, 9, 29))
    text = page(signed_in("board_secretary"), "/governance/scrutiny/?as_of=2022-10-09")
    assert "Overdue by 10 days" in text
    assert "An answer to Littleshire health scrutiny was due on 29 September 2022" in page(secretary, "/governance/")
    known = now().known_at
    assert [one.row.pk for one in overdue_matters(BOARD, Moment(date(2022, 9, 30), known))] == [kept.pk]
    there = f"/governance/scrutiny/{kept.pk}/reply/"
    answer = {"kind": "answered", "text": "The ward had no staff.", "on_day": 2, "on_month": 10, "on_year": 2022}
    assert "nothing was said about it" in send(secretary, there, 422, **answer | {"on_month": 8})
    act(secretary, there, **answer | {"kind": "asked", "text": "Which ward?"})
    act(secretary, there, **answer)
    text = page(member, "/governance/scrutiny/")
    assert "Answered 3 days late" in text
    assert "Which ward?" in text
    assert secretary.get("/governance/scrutiny/999999/reply/").status_code == 404


def test_everybody_reads_what_is_public_without_a_telephone_number(boardroom: dict[str, Any]) -> None:
    prepare = grant("governance.prepare")
    more = {"to_kind": "healthwatch", "to": "Healthwatch Littleshire", "referred_on": ASKED}
    scrutiny.refer(prepare, BOARD, matter="Ring 01632 960123 about beds", **more)  # type: ignore[arg-type]
    scrutiny.refer(prepare, BOARD, matter="A secret matter", is_public=False, **more)  # type: ignore[arg-type]
    text = page(Client(), "/open/scrutiny/")
    assert "about beds" in text
    assert "960123" not in text
    assert "A secret matter" not in text
    assert "A secret matter" in page(boardroom["member"], "/governance/scrutiny/")


def test_a_report_names_every_live_instruction_or_says_why_not(boardroom: dict[str, Any]) -> None:
    prepare = grant("governance.prepare")
    instructions.record_instruction(
        prepare, BOARD, "phase-3", issuer="National body", document="Third phase letter", issued_on=date(2020, 7, 31),
        requirements=[("A local plan", date(2020, 9, 1))],
    )  # fmt: skip
    given = {"to": "Joint scrutiny", "title": "Report of August", "on": date(2020, 8, 4)}
    with pytest.raises(InstructionOmitted, match="Third phase letter of 2020-07-31"):
        instructions.publish_report(prepare, BOARD, named=[], **given)  # type: ignore[arg-type]
    # A report of the days before the letter need not name it, nor one of the days after it was closed.
    instructions.publish_report(prepare, BOARD, named=[], **given | {"on": date(2020, 7, 30)})  # type: ignore[arg-type]
    number = instructions.publish_report(prepare, BOARD, named=["phase-3"], **given)  # type: ignore[arg-type]
    assert models.ScrutinyReport.objects.get(pk=number).names == ["phase-3"]
    with pytest.raises(RuleError, match="is closed after that"):
        instructions.close_instruction(prepare, "phase-3", on=date(2020, 7, 30), reason="too soon")
    instructions.close_instruction(prepare, "phase-3", on=date(2020, 10, 1), reason="the plan was sent")
    with pytest.raises(RuleError, match="is closed already"):
        instructions.close_instruction(prepare, "phase-3", on=date(2020, 10, 2), reason="again")
    instructions.publish_report(prepare, BOARD, named=[], **given | {"on": date(2020, 10, 1)})  # type: ignore[arg-type]
    with pytest.raises(RuleError, match="before it was asked"):
        instructions.record_instruction(
            prepare, BOARD, "x", issuer="A body", document="A letter", issued_on=ASKED,
            requirements=[("it", date(2022, 8, 1))],
        )  # fmt: skip


def test_instructions_by_forms(boardroom: dict[str, Any]) -> None:
    secretary, today = boardroom["board_secretary"], now().valid_on
    letter = {"board": BOARD, "issuer": "National body", "document": "Winter letter", "on_day": 1, "on_month": 9,
              "on_year": 2022}  # fmt: skip
    assert "Say by when it asks that" in send(
        secretary, "/governance/instructions/record/", 422, **letter, asks="A plan"
    )
    act(secretary, "/governance/instructions/record/", **letter)
    report = {"board": BOARD, "to": "Health scrutiny", "title": "Winter", "on_day": today.day,
              "on_month": today.month, "on_year": today.year}  # fmt: skip
    left_out = send(secretary, "/governance/instructions/report/", 422, **report, named0="no")
    assert "leaves out 1 live instruction" in left_out
    act(secretary, "/governance/instructions/report/", **report, named0="no", why0="It is about another county")
    assert "It is about another county" in page(boardroom["member"], "/governance/instructions/")
    key = models.Instruction.objects.get(document="Winter letter").key
    act(secretary, f"/governance/instructions/{key}/close/", reason="Done by the plan", on_day=today.day,
        on_month=today.month, on_year=today.year)  # fmt: skip
    assert "Closed" in page(secretary, "/governance/instructions/")
    assert boardroom["member"].get("/governance/instructions/record/").status_code == 403
