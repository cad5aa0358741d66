"""The tables of what is expected of a decision: stated before the vote, kept beside it, and never changed."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from joinedup.governance.tables.deciding import Decision
from joinedup.governance.tables.kept import Grown
from joinedup.governance.tables.meetings import AgendaItem, PaperVersion


class Expectation(Grown):
    """One effect that a paper expects: of which measure where, which way and how much, by when, and for whom.

    It belongs to an item, or to a decision that was taken between meetings. All rows of one `statement` were said
    together; those of the last statement before the decision count.
    """

    item = models.ForeignKey(AgendaItem, on_delete=models.PROTECT, null=True, related_name="expectations")
    decision = models.ForeignKey(Decision, on_delete=models.PROTECT, null=True, related_name="expectations")
    version = models.ForeignKey(PaperVersion, on_delete=models.PROTECT, null=True, related_name="expectations")
    statement = models.SmallIntegerField()
    number = models.SmallIntegerField()
    measure = models.TextField()
    definition = models.TextField(blank=True)  # the digest of the measure's definition when it was stated
    area = models.TextField(blank=True)  # "": the whole system
    size = models.TextField()  # as it was said
    direction = models.TextField()  # increase, decrease
    amount = models.DecimalField(max_digits=12, decimal_places=4)
    unit = models.TextField()  # percent of what it was before, or the measure's own unit
    by_day = models.DateField()
    whom = models.TextField()
    chosen_as_extreme = models.BooleanField()
    why_chosen = models.TextField(blank=True)

    class Meta:
        constraints: ClassVar = (
            models.UniqueConstraint(fields=["item", "statement", "number"], name="governance_expected_of_item"),
            models.UniqueConstraint(fields=["decision", "number"], name="governance_expected_of_decision"),
            models.CheckConstraint(
                condition=models.Q(item__isnull=True) ^ models.Q(decision__isnull=True),
                name="governance_expected_of_one",
            ),
        )  # fmt: skip

    def __str__(self) -> str:
        return f"expectation {self.pk}"
