"""The acts between a board and those who scrutinise it: what is referred to them, what they ask, and the answers."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING

from django.db import transaction

from joinedup.access import record
from joinedup.errors import NotFound, RuleError
from joinedup.governance import models
from joinedup.governance.acts.boards import one_of
from joinedup.governance.assurance.scrutiny import ORIGINS, SCRUTINISERS, answer_by as last_day, check_answer_by
from joinedup.governance.kept.boards import board_of
from joinedup.governance.kept.decisions import decision_of
from joinedup.governance.kept.registers import grown, known_from, lock, said
from joinedup.moment import LONDON
from joinedup.system import checked_name

if TYPE_CHECKING:
    from joinedup.access import Grant

PREPARE = "governance.prepare"
REPLIES = ("asked", "answered")


def refer(
    grant: Grant,
    board: str,
    *,
    to_kind: str,
    to: str,
    matter: str,
    referred_on: date,
    answer_by: date | None = None,
    decision: str = "",
    origin: str = "referred",
    is_public: bool = True,
    known_at: datetime | None = None,
) -> int:
    """Write down a matter put to whoever scrutinises, or asked by it (`origin`); answers its number.

    `answer_by` of None is the last day by the rule; AnswerTooLate for a later one where the board owes the answer.
    """
    grant.must_be_for(PREPARE)
    one_of(to_kind, SCRUTINISERS, "body that scrutinises")
    one_of(origin, ORIGINS, "origin of a matter")
    due = answer_by or last_day(to_kind, referred_on)
    check_answer_by(to_kind, origin, referred_on, due)
    with transaction.atomic():
        at = known_from(grant, known_at)
        if referred_on > at.astimezone(LONDON).date():
            raise RuleError(f"{referred_on} is still to come; write a matter down once it was put.")
        referral = models.Referral.objects.create(
            board=board_of(board), decision=decision_of(decision) if decision else None, to_kind=to_kind,
            to=checked_name(to), matter=said(matter, "A referral"), referred_on=referred_on, answer_by=due,
            origin=origin, is_public=is_public, **grown(grant, at),
        )  # fmt: skip
        details = {"to_kind": to_kind, "origin": origin, "answer_by": str(due), "decision": decision}
        record(grant, "governance.refer", f"referral:{referral.pk}", details=details)
    return int(referral.pk)


def record_reply(
    grant: Grant, referral: int, *, kind: str, text: str, on: date, known_at: datetime | None = None
) -> None:
    """Write down what was asked back about a matter, or the answer that was given. The first answer counts."""
    grant.must_be_for(PREPARE)
    one_of(kind, REPLIES, "kind of reply")
    with transaction.atomic():
        lock(f"referral {referral}")
        at = known_from(grant, known_at)
        kept = models.Referral.objects.filter(pk=referral).first()
        if kept is None:
            raise NotFound(f"There is no referral {referral}.")
        if on < kept.referred_on:
            raise RuleError(f"The matter was referred on {kept.referred_on}; nothing was said about it on {on}.")
        if on > at.astimezone(LONDON).date():
            raise RuleError(f"{on} is still to come; write down what was said once it was.")
        models.ReferralReply.objects.create(
            referral=kept, kind=kind, text=said(text, "A reply"), on=on, **grown(grant, at)
        )
        record(grant, "governance.record-reply", f"referral:{referral}", details={"kind": kind, "on": str(on)})
