"""The tables of worklists: a cohort that was sent back to the record side, who asked and who approved, what was done.

They only grow (triggers of migration 0002). Of whom a worklist is stands here by a subject of the record, which leads
to the resident it belongs to when the list is opened; what the cohort said of them is the list's title, no more.
"""

from __future__ import annotations

from typing import ClassVar

from django.db import models


class Worklist(models.Model):
    """What somebody asked to have sent back: which cohort of which snapshot, for which purpose, why."""

    number = models.BigAutoField(primary_key=True)
    title = models.TextField()
    include = models.JSONField()
    exclude = models.JSONField()
    snapshot = models.TextField()
    revision = models.IntegerField()
    people = models.TextField()  # how many, rounded: what those are told who may not see them
    purpose = models.TextField()  # a key of the purposes of access
    reason = models.TextField()
    asked_by = models.TextField()  # as in the audit
    asked_name = models.TextField()
    asked_role = models.TextField(blank=True)
    asked_body = models.UUIDField(null=True)
    asked_at = models.DateTimeField()
    request_id = models.UUIDField(null=True, unique=True)  # the same request twice is one worklist

    def __str__(self) -> str:
        return f"worklist {self.number}"


class WorklistStep(models.Model):
    """What was done with a worklist: by whom, in which role, when and why. The newest decides its state."""

    id = models.BigAutoField(primary_key=True)
    worklist = models.ForeignKey(Worklist, on_delete=models.PROTECT, related_name="steps")
    step = models.TextField()  # one of worklist_rules.STEPS
    who = models.TextField()
    name = models.TextField()
    role = models.TextField(blank=True)
    at = models.DateTimeField()
    reason = models.TextField(blank=True)

    class Meta:
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["worklist", "id"], name="population_worklist_steps"),
        ]

    def __str__(self) -> str:
        return f"step {self.pk}"


class WorklistEntry(models.Model):
    """Somebody on a worklist, by a subject of the record."""

    id = models.UUIDField(primary_key=True)
    worklist = models.ForeignKey(Worklist, on_delete=models.PROTECT, related_name="entries")
    subject_id = models.UUIDField()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["worklist", "subject_id"], name="population_worklist_subject_once"),
        ]

    def __str__(self) -> str:
        return f"entry {self.pk}"


class WorklistMark(models.Model):
    """That an entry was done, is not needed, or is to do again: by whom and when. The newest holds."""

    id = models.BigAutoField(primary_key=True)
    entry = models.ForeignKey(WorklistEntry, on_delete=models.PROTECT, related_name="marks")
    state = models.TextField()  # one of worklist_rules.STATES
    who = models.TextField()
    name = models.TextField()
    role = models.TextField(blank=True)
    at = models.DateTimeField()

    class Meta:
        indexes: ClassVar[list[models.Index]] = [models.Index(fields=["entry", "id"], name="population_worklist_marks")]

    def __str__(self) -> str:
        return f"mark {self.pk}"
