"""The acts of human resources in a transition: reading open cases, and answering what staff asked (rules: C7 to C9).

Cases stand by the keys of employments and name nobody; each reading and each answer is audited.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Final

from django.db import transaction as one_transaction

from joinedup.access import record
from joinedup.errors import NotFound, RuleError
from joinedup.governance import models
from joinedup.governance.acts.transition_staff import NEED_WORDS
from joinedup.governance.kept.registers import grown, known_from, lock, said
from joinedup.governance.kept.transitions import LEFT, report_of, staff_of, transition_of
from joinedup.governance.transition.cases import Case, open_cases

if TYPE_CHECKING:
    from joinedup.access import Grant

CASES: Final = "governance.staff_cases"


@dataclass(frozen=True, slots=True)
class OpenCase:
    """A case with the employment it is about, and what its holder said, where it waits for an answer."""

    case: Case
    row: models.StaffTransfer
    response: models.StaffResponse | None
    since: date


def read_cases(grant: Grant, transition: str, known_at: datetime) -> list[OpenCase]:
    """Answer the open cases of a transition, those that hold the change back first. Audited."""
    grant.must_be_for(CASES)
    with one_transaction.atomic():
        rows = staff_of(transition_of(transition).pk, known_at)
        there = {row.employment: row for row in rows if row.status != LEFT}
        said_by = (
            models.StaffResponse.objects.filter(transition=transition, at__lte=known_at, employment__in=there)
            .select_related("reply").order_by("pk")
        )  # fmt: skip
        responses = {one.pk: one for one in said_by}
        last_offer = {one.employment: one.answer for one in responses.values() if one.about == "offer"}
        cases = open_cases(
            report_of(transition, rows, known_at),
            declined=sorted(key for key, answer in last_offer.items() if answer == "decline"),
            asked={
                one.pk: one.employment
                for one in responses.values()
                if one.answer in NEED_WORDS and getattr(one, "reply", None) is None
            },
        )
        record(grant, "governance.read-cases", f"transition:{transition}", details={"cases": len(cases)})
    found = []
    for case in cases:
        response = responses.get(case.response)
        found.append(OpenCase(case, there[case.employment], response, (response or there[case.employment]).at.date()))
    return found


def reply(grant: Grant, transition: str, response: int, words: str) -> None:
    """Answer what a member of staff asked, objected or gave as a reason to decline; once, and they read it."""
    grant.must_be_for(CASES)
    with one_transaction.atomic():
        lock(f"response {response}")
        at = known_from(grant, None)
        row = models.StaffResponse.objects.filter(pk=response, transition=transition).first()
        if row is None:
            raise NotFound("There is no such question of a member of staff in this transition.")
        if models.StaffReply.objects.filter(response=row).exists():
            raise RuleError("C7: it was answered already. Whoever asked may ask again.")
        models.StaffReply.objects.create(
            response=row, words=said(words, "C7: an answer to a member of staff"), **grown(grant, at)
        )
        record(grant, "governance.reply-to-staff", f"employment:{row.employment}", details={"response": response})
