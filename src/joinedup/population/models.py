"""The tables of this room: which snapshots were made, who was taken out of them, and where postcodes lie.

What a snapshot holds is in its own folder (`snapshot.py`), never here.
"""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from joinedup.population.worklists.models import Worklist, WorklistEntry, WorklistMark, WorklistStep

__all__ = ["Postcode", "SnapshotMade", "Tombstone", "Worklist", "WorklistEntry", "WorklistMark", "WorklistStep"]


class SnapshotMade(models.Model):
    """One revision of one snapshot, as it was made: by whom, for whom, with which manifest. Rows are only added."""

    snapshot = models.TextField()  # its id: the day, and the beginning of its content's digest
    revision = models.IntegerField()
    day = models.DateField()
    made_at = models.DateTimeField()
    made_by = models.TextField()  # who acted, as in the audit
    recipient = models.TextField()
    key_version = models.IntegerField()
    origin = models.TextField()  # record, or bulk
    people = models.BigIntegerField()
    rows = models.BigIntegerField()
    manifest = models.TextField()  # SHA-256 of manifest.json
    reason = models.TextField(blank=True)  # why it stands although the gate complained, or was revised

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["snapshot", "revision"], name="population_revision_once"),
        ]

    def __str__(self) -> str:
        return f"snapshot {self.snapshot}, revision {self.revision}"


class Tombstone(models.Model):
    """Somebody who must not be in any snapshot again: a keyed digest, which tells nobody who it is."""

    digest = models.TextField(primary_key=True)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return "tombstone"


class Postcode(models.Model):
    """In which small area a postcode lies. Public facts, from the ONS Postcode Directory or the simulation."""

    postcode = models.CharField(max_length=8, primary_key=True)  # capitals, without blanks
    lsoa11 = models.CharField(max_length=30)

    def __str__(self) -> str:
        return self.postcode
