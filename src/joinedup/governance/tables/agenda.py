"""The tables of what changes about meetings and agendas, and of what was published as it was published."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from joinedup.governance.tables.deciding import Decision
from joinedup.governance.tables.kept import Grown
from joinedup.governance.tables.meetings import AgendaItem, Meeting


class MeetingChange(Grown):
    """That a meeting was cancelled, or takes place elsewhere than it was called to; the newest of a kind counts."""

    meeting = models.ForeignKey(Meeting, on_delete=models.PROTECT, related_name="changes")
    kind = models.TextField()  # cancelled, place
    place = models.TextField(blank=True)
    instead = models.TextField(blank=True)  # the key of the meeting that takes its place
    reason = models.TextField()

    def __str__(self) -> str:
        return f"meeting change {self.pk}"


class ItemChange(Grown):
    """That an item has another place on its agenda, was withdrawn, or is held in private from now on."""

    item = models.ForeignKey(AgendaItem, on_delete=models.PROTECT, related_name="changes")
    kind = models.TextField()  # place, withdrawn, private
    number = models.SmallIntegerField(null=True)  # its new place
    reason = models.TextField()

    def __str__(self) -> str:
        return f"item change {self.pk}"


class ReferredItem(Grown):
    """The item by which the board that something was referred to took it on its own agenda."""

    decision = models.OneToOneField(Decision, on_delete=models.PROTECT, related_name="taken_on")
    item = models.OneToOneField(AgendaItem, on_delete=models.PROTECT, related_name="referred_from")

    def __str__(self) -> str:
        return f"referred {self.pk}"


class PublishedCopy(Grown):
    """A page or pack of a meeting with the bytes that were published, so that its address serves them for ever (X7)."""

    meeting = models.ForeignKey(Meeting, on_delete=models.PROTECT, related_name="copies")
    address = models.TextField()
    media_type = models.TextField()
    valid_on = models.DateField()
    known_at = models.DateTimeField()
    content_hash = models.TextField()
    content = models.BinaryField()

    class Meta:
        indexes: ClassVar = (models.Index(fields=["address", "known_at"], name="governance_copy_of"),)

    def __str__(self) -> str:
        return f"copy {self.pk}"
