"""The acts of the register of interests: declared, ended, confirmed; for one item; what is done about it; gifts.

A person declares for himself by an account that is linked to him; a secretary writes down for others what they say.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING
from uuid import uuid4

from django.db import transaction

from joinedup.access import record
from joinedup.errors import NotFound, Refused, RuleError
from joinedup.governance import models
from joinedup.governance.acts.boards import must_be_known, one_of
from joinedup.governance.interests.gifts import check_gift
from joinedup.governance.interests.register import ACTIONS, NATURES, PUBLISHED, TYPES, NotNil
from joinedup.governance.kept.boards import person_of_account
from joinedup.governance.kept.meetings import item_of, presiding_at, within_day
from joinedup.governance.kept.registers import (
    believed,
    grown,
    known_from,
    lock,
    open_days,
    said,
    state,
    visible,
)
from joinedup.moment import LONDON, Moment
from joinedup.system import checked_name

if TYPE_CHECKING:
    from joinedup.access import Grant

DECLARE, KEEP, PRESIDE = "governance.declare", "governance.keep", "governance.preside"


def must_speak_for(grant: Grant, person: str, own: str, any_: str, at: datetime) -> None:
    """Raise Refused unless the leave is to speak for anybody (`any_`), or for oneself (`own`) and it is this person."""
    if grant.is_service or grant.permission == any_:
        return
    grant.must_be_for(own)
    if person_of_account(grant.actor_id, Moment(at.astimezone(LONDON).date(), at)) != person:
        raise Refused("You speak for yourself here. A board secretary writes down what others say.")


def declare_interest(
    grant: Grant,
    person: str,
    *,
    type: str,
    about_org: str,
    description: str,
    arose_on: date,
    declared_on: date,
    ended_on: date | None = None,
    publish: str = "yes",
    publish_reason: str = "",
    known_at: datetime | None = None,
) -> str:
    """Enter an interest in the register; answers its key. `about_org` is a body's code, or the name of who has none.

    A declaration that comes late is taken and shows as late (I2). RuleError for one before the interest arose.
    """
    one_of(type, TYPES, "type of interest")
    one_of(publish, PUBLISHED, "way to publish an interest")
    if publish != "yes":
        said(publish_reason, "I1: an interest that is not published whole")
    if declared_on < arose_on:
        raise RuleError(f"I2: an interest that arose on {arose_on} cannot be declared on {declared_on}.")
    key = uuid4().hex
    with transaction.atomic():
        lock(f"interests of {person}")
        at = known_from(grant, known_at)
        must_speak_for(grant, person, DECLARE, KEEP, at)
        must_be_known(person, declared_on, at)
        says = {
            "person": person, "type": type, "about_org": checked_name(about_org), "description": description.strip(),
            "declared_on": declared_on, "publish": publish, "publish_reason": publish_reason.strip(),
        }  # fmt: skip
        same = [
            line for line in believed(models.Interest, at, person=person, type=type, about_org=says["about_org"])
            if line.description == says["description"] and line.valid.lower == arose_on
        ]  # fmt: skip
        if same:
            raise RuleError("I2: the register has this interest already.")
        state(models.Interest, {"key": key}, says, open_days(arose_on, ended_on), grant, at, "declared")
        details = {"type": type, "arose_on": str(arose_on), "declared_on": str(declared_on), "publish": publish}
        record(grant, "governance.declare-interest", f"interest:{key}", details=details)
    return key


def end_interest(grant: Grant, key: str, *, on: date, reason: str, known_at: datetime | None = None) -> None:
    """Say that an interest ended on a day. It stays in the register as ended (I5)."""
    why = said(reason, "I5: the end of an interest")
    with transaction.atomic():
        person = _interest(key, known_from(grant, known_at)).person
        lock(f"interests of {person}")
        at = known_from(grant, known_at)
        must_speak_for(grant, person, DECLARE, KEEP, at)
        if not state(models.Interest, {"key": key}, None, open_days(on), grant, at, why):
            raise RuleError(f"I5: this interest had ended before {on} already.")
        record(grant, "governance.end-interest", f"interest:{key}", details={"on": str(on)})


def confirm_register(grant: Grant, person: str, *, on: date, known_at: datetime | None = None) -> bool:
    """Confirm what the register says of a person; answers whether it says nothing (a nil declaration, I6)."""
    with transaction.atomic():
        lock(f"interests of {person}")
        at = known_from(grant, known_at)
        must_speak_for(grant, person, DECLARE, KEEP, at)
        must_be_known(person, on, at)
        is_nil = not visible(models.Interest, Moment(on, at), person=person)
        models.RegisterConfirmed.objects.create(person=person, confirmed_on=on, is_nil=is_nil, **grown(grant, at))
        record(grant, "governance.confirm-register", f"person:{person}", details={"on": str(on), "is_nil": is_nil})
    return is_nil


def declare_nil(grant: Grant, person: str, *, on: date, known_at: datetime | None = None) -> None:
    """Declare that there is nothing to declare (I6); NotNil where the register has an interest that is still open."""
    with transaction.atomic():
        lock(f"interests of {person}")
        at = known_from(grant, known_at)
        must_speak_for(grant, person, DECLARE, KEEP, at)
        must_be_known(person, on, at)
        lines = len(visible(models.Interest, Moment(on, at), person=person))
        if lines:
            raise NotNil(
                f"I6: the register has {lines} open interest{'s' if lines > 1 else ''} of this person. End what is "
                "over first, or confirm the register as it is."
            )
        models.RegisterConfirmed.objects.create(person=person, confirmed_on=on, is_nil=True, **grown(grant, at))
        record(grant, "governance.declare-nil", f"person:{person}", details={"on": str(on)})


def declare_for_item(
    grant: Grant,
    item: str,
    person: str,
    *,
    nature: str,
    declared_at: datetime,
    interest: str = "",
    words: str = "",
    known_at: datetime | None = None,
) -> None:
    """Declare a conflict in one item: by a line of the register, or in words where it is not there yet."""
    one_of(nature, NATURES, "nature of a conflict")
    with transaction.atomic():
        kept = item_of(item, locked=True)
        at = known_from(grant, known_at)
        if grant.permission != PRESIDE:
            must_speak_for(grant, person, DECLARE, KEEP, at)
        must_be_known(person, declared_at.astimezone(LONDON).date(), at)
        if models.Decision.objects.filter(item=kept).exists():
            raise RuleError("I4: this item is decided; a declaration comes before. Write it to the register instead.")
        if interest and _interest(interest, at).person != person:
            raise RuleError("I1: this line of the register is of somebody else.")
        if not interest and not words.strip():
            raise RuleError("I1: a declaration names a line of the register, or says what the interest is.")
        models.ItemDeclaration.objects.create(
            item=kept, person=person, interest=interest, nature=nature, said=words.strip(), declared_at=declared_at,
            **grown(grant, at),
        )  # fmt: skip
        details = {"person": person, "interest": interest, "nature": nature}
        record(grant, "governance.declare-for-item", f"item:{item}", details=details)


def decide_conflict_action(
    grant: Grant,
    item: str,
    person: str,
    *,
    action: str,
    decided_by: str,
    since: datetime,
    reason: str,
    known_at: datetime | None = None,
) -> None:
    """Decide what a conflict of a person means for one item, from an instant on; the last word counts (I4).

    Whoever presides decides, or the deputy about whoever presides; nobody about himself.
    """
    grant.must_be_for(PRESIDE)
    one_of(action, ACTIONS, "action about a conflict")
    why = said(reason, "I4: an action about a conflict")
    if decided_by == person:
        raise RuleError("I4: nobody decides about a conflict of one's own. Let the deputy decide.")
    with transaction.atomic():
        kept = item_of(item, locked=True)
        at = known_from(grant, known_at)
        if models.Decision.objects.filter(item=kept).exists():
            raise RuleError("I4: this item is decided; its conflicts stay as they were.")
        # Papers may be withheld before the day of the meeting.
        if action != "no_papers":
            within_day(kept.meeting, since, "I4: an action about a conflict")
        presiding = presiding_at(kept.meeting, max(since, kept.meeting.starts_at))
        if decided_by not in {presiding.person, presiding.deputy}:
            raise RuleError("I4: whoever presides decides what a conflict means, or the deputy. Name one of them.")
        models.ConflictAction.objects.create(
            item=kept, person=person, action=action, decided_by=decided_by, since=since, reason=why,
            **grown(grant, at),
        )  # fmt: skip
        details = {"person": person, "action": action, "decided_by": decided_by}
        record(grant, "governance.decide-conflict", f"item:{item}", details=details)


def record_gift(
    grant: Grant,
    person: str,
    *,
    offered_by: str,
    description: str,
    value_pence: int,
    offered_on: date,
    declared_on: date,
    outcome: str,
    kind: str = "gift",
    approved_by: str = "",
    reason: str = "",
    known_at: datetime | None = None,
) -> int:
    """Enter a gift or hospitality that was offered, and what became of it; answers its number.

    GiftNotAllowed where it may not be accepted and no reason says why it was; a reason stands in the register.
    """
    check_gift(
        kind, outcome, value_pence, offered_on=offered_on, declared_on=declared_on, approved_by=approved_by,
        reason=reason,
    )  # fmt: skip
    with transaction.atomic():
        at = known_from(grant, known_at)
        must_speak_for(grant, person, DECLARE, KEEP, at)
        must_be_known(person, declared_on, at)
        gift = models.Gift.objects.create(
            person=person, offered_by=checked_name(offered_by), description=said(description, "A gift"),
            value_pence=value_pence, offered_on=offered_on, declared_on=declared_on, outcome=outcome, kind=kind,
            approved_by=approved_by.strip(), reason=reason.strip(), **grown(grant, at),
        )  # fmt: skip
        details = {"pence": value_pence, "outcome": outcome, "kind": kind}
        record(grant, "governance.record-gift", f"gift:{gift.pk}", details=details)
    return int(gift.pk)


def _interest(key: str, known_at: datetime) -> models.Interest:
    """Answer the newest days of an interest that are believed; NotFound for none."""
    lines = believed(models.Interest, known_at, key=key)
    if not lines:
        raise NotFound("There is no such interest in the register.")
    return lines[-1]
