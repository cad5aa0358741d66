"""The tables of this room: what was asked to be released, what became of it, and what is out.

They only grow (triggers of migration 0001): a release is asked once, its state is read from its steps, and the bytes of
a file are kept once under their digest, so that what was approved is what leaves.
"""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from joinedup.measures.cohorts.models import CohortAnswer

__all__ = ["CohortAnswer", "Release", "ReleaseContent", "ReleaseStep", "ReleasedTable"]


class ReleaseContent(models.Model):
    """The bytes of a file, kept once whoever releases them how often."""

    digest = models.TextField(primary_key=True)  # SHA-256 of the bytes
    content = models.BinaryField()
    rows = models.IntegerField()
    columns = models.IntegerField()

    def __str__(self) -> str:
        return f"content {self.digest[:12]}"


class Release(models.Model):
    """What somebody asked to release: to whom, why, from which snapshot, made how and protected how."""

    number = models.BigAutoField(primary_key=True)
    title = models.TextField()
    purpose = models.TextField()
    recipient_kind = models.TextField()  # a key of releases.RECIPIENTS
    recipient = models.TextField(blank=True)  # the body; stays inside
    kind = models.TextField()  # a key of releases.KINDS
    # Measures, areas, breakdown and months; or the sentences of a cohort and what it is counted by; or how a file was
    # made.
    definition = models.JSONField()
    snapshot = models.TextField()  # "" for a file that its maker could not tell
    revision = models.IntegerField(default=0)
    mode = models.TextField()  # a key of releases.MODES
    explanation = models.TextField(blank=True)  # what whoever asks says to what the checks found
    asked_by = models.TextField()
    asked_at = models.DateTimeField()
    content = models.ForeignKey(ReleaseContent, on_delete=models.PROTECT)
    request_id = models.UUIDField(null=True, unique=True)  # the same request twice is one release

    class Meta:
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["asked_by", "-number"], name="measures_release_asker"),
        ]

    def __str__(self) -> str:
        return f"release {self.number}"


class ReleaseStep(models.Model):
    """What was done with a release: by whom, in which role, when and why. The newest decides its state."""

    id = models.BigAutoField(primary_key=True)
    release = models.ForeignKey(Release, on_delete=models.PROTECT, related_name="steps")
    step = models.TextField()  # one of releases.STEPS
    who = models.TextField()
    name = models.TextField()  # of whoever did it, as it was; shown to those signed in
    role = models.TextField(blank=True)
    at = models.DateTimeField()
    reason = models.TextField(blank=True)
    findings = models.JSONField(default=list)  # of a check: code, severity, words, where; never a value

    class Meta:
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["release", "id"], name="measures_release_steps"),
        ]

    def __str__(self) -> str:
        return f"step {self.pk}"


class ReleasedTable(models.Model):
    """The register by which a new table is compared with those that are out: of whom, by what, when, and the counts.

    The counts are raw: no page, file or answer reads them, only `differences`.
    """

    id = models.BigAutoField(primary_key=True)
    release = models.ForeignKey(Release, on_delete=models.PROTECT, related_name="tables")
    population = models.TextField()  # a digest of the definition: equal ones count the same people
    dimensions = models.JSONField()  # ["area", "sex"], in order
    period = models.TextField()  # "2026-03", or "" where the table has none
    mode = models.TextField()
    counts = models.JSONField()  # the sentences, and the raw count of each cell

    class Meta:
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["population"], name="measures_released_population"),
        ]

    def __str__(self) -> str:
        return f"released table {self.pk}"
