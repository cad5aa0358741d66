"""The tables of interests and gifts: the register, what was declared for an item, and what was done about it."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.indexes import GistIndex
from django.db import models

from joinedup.governance.tables.kept import Grown, Registered, one_at_a_time
from joinedup.governance.tables.meetings import AgendaItem


class Interest(Registered):
    """A line of the register of interests; `valid` runs from the day on which it arose to the day on which it ended."""

    key = models.TextField()
    person = models.TextField()
    type = models.TextField()  # financial, professional, personal, indirect
    about_org = models.TextField()
    description = models.TextField()
    declared_on = models.DateField()
    publish = models.TextField()  # yes, redacted, no
    publish_reason = models.TextField(blank=True)
    about = ("key",)
    says = ("person", "type", "about_org", "description", "declared_on", "publish", "publish_reason")

    class Meta:
        constraints: ClassVar = (one_at_a_time("governance_one_interest", "key"),)
        indexes: ClassVar = (
            models.Index(fields=["person"], name="governance_interest_person"),
            models.Index(fields=["about_org"], name="governance_interest_org"),
            GistIndex(fields=["valid", "known"], name="governance_interest_when"),  # The whole register of a moment.
        )

    def __str__(self) -> str:
        return f"interest {self.key}"


class RegisterConfirmed(Grown):
    """That a person confirmed what the register says of him; `is_nil`: that there is nothing."""

    person = models.TextField()
    confirmed_on = models.DateField()
    is_nil = models.BooleanField()

    class Meta:
        indexes: ClassVar = (models.Index(fields=["person", "confirmed_on"], name="governance_confirmed_when"),)

    def __str__(self) -> str:
        return f"confirmation {self.pk}"


class RegisterReminder(Grown):
    """That a person was reminded to confirm the register; the task stands on the person's own page, nothing is sent."""

    person = models.TextField()
    reminded_on = models.DateField()
    due_on = models.DateField()

    class Meta:
        indexes: ClassVar = (models.Index(fields=["person", "reminded_on"], name="governance_reminded_when"),)

    def __str__(self) -> str:
        return f"reminder {self.pk}"


class ItemDeclaration(Grown):
    """That an interest was declared for an item."""

    item = models.ForeignKey(AgendaItem, on_delete=models.PROTECT, related_name="declarations")
    person = models.TextField()
    interest = models.TextField(blank=True)  # the key of the register's line, "" where it was said in the meeting
    nature = models.TextField()  # actual, potential, perceived
    said = models.TextField(blank=True)
    declared_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"declaration {self.pk}"


class ConflictAction(Grown):
    """What was decided about a person's conflict in an item, by whom, from when; the last one counts."""

    item = models.ForeignKey(AgendaItem, on_delete=models.PROTECT, related_name="conflict_actions")
    person = models.TextField()
    action = models.TextField()  # note, discuss_no_vote, leave, no_papers
    decided_by = models.TextField()
    since = models.DateTimeField()
    reason = models.TextField()

    def __str__(self) -> str:
        return f"conflict action {self.pk}"


class Gift(Grown):
    """A gift or hospitality that was offered; `outcome` says if it was declined, accepted or given on."""

    person = models.TextField()
    offered_by = models.TextField()
    description = models.TextField()
    value_pence = models.BigIntegerField()
    offered_on = models.DateField()
    declared_on = models.DateField()
    outcome = models.TextField()
    kind = models.TextField(default="gift")  # gift, hospitality, cash
    approved_by = models.TextField(blank=True)
    reason = models.TextField(blank=True)

    def __str__(self) -> str:
        return f"gift {self.pk}"
