"""Who has to confirm the register and who was reminded, by what was known at an instant (rules: I2, I6)."""

from __future__ import annotations

from datetime import date

from django.db.models import Max

from joinedup.governance import models
from joinedup.governance.interests.reminders import DueConfirmation, confirmations_due
from joinedup.governance.kept.registers import believed, visible
from joinedup.moment import Moment


def confirmations_due_on(moment: Moment, *, board: str = "", person: str = "") -> list[DueConfirmation]:
    """Answer who holds a seat on a day, of one board or of any, and has to confirm by then or within 28 days of it."""
    where = {key: value for key, value in (("board", board), ("person", person)) if value}
    people = {line.person for line in visible(models.SeatHolding, moment, **where)}
    seated: dict[str, date] = {}
    for line in believed(models.SeatHolding, moment.known_at, person__in=sorted(people)):
        seated[line.person] = min(seated.get(line.person, line.valid.lower), line.valid.lower)
    confirmed = models.RegisterConfirmed.objects.filter(
        person__in=people, confirmed_on__lte=moment.valid_on, at__lte=moment.known_at
    )
    reminded = models.RegisterReminder.objects.filter(
        person__in=people, reminded_on__lte=moment.valid_on, at__lte=moment.known_at
    )
    return confirmations_due(
        seated, dict(confirmed.values_list("person").annotate(last=Max("confirmed_on"))), moment.valid_on,
        reminded=dict(reminded.values_list("person").annotate(last=Max("reminded_on"))),
    )  # fmt: skip
