"""The act of reminding people to confirm the register: a task on their own page, recorded; nothing is sent."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import transaction

from joinedup.access import record
from joinedup.governance import models
from joinedup.governance.interests.reminders import DueConfirmation, to_remind
from joinedup.governance.kept.registers import grown, known_from, lock
from joinedup.governance.kept.reminders import confirmations_due_on
from joinedup.moment import LONDON, Moment

if TYPE_CHECKING:
    from joinedup.access import Grant

KEEP = "governance.keep"


def remind(
    grant: Grant, *, board: str = "", people: Collection[str] | None = None, known_at: datetime | None = None
) -> list[DueConfirmation]:
    """Remind today who has to confirm, of one board or of all; answers who was reminded (not twice within 28 days)."""
    grant.must_be_for(KEEP)
    with transaction.atomic():
        lock("reminders")
        at = known_from(grant, known_at)
        today = at.astimezone(LONDON).date()
        found = [
            one for one in to_remind(confirmations_due_on(Moment(today, at), board=board), today)
            if people is None or one.person in people
        ]  # fmt: skip
        for one in found:
            models.RegisterReminder.objects.create(
                person=one.person, reminded_on=today, due_on=one.due_on, **grown(grant, at)
            )
            details = {"on": str(today), "due_on": str(one.due_on)}
            record(grant, "governance.remind", f"person:{one.person}", details=details)
    return found
