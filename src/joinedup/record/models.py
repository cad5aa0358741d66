"""The tables of the record. Rows of residents' data bear the subject in their key and are partitioned by its hash.

A resource's rows are its versions, and no row ever changes. The current version is the one with the newest `event_at`
(what the source says), the later arrival where two are equal: a message that comes late adds a version and becomes
current only when it is newest (rules: record R8).
"""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models

PARTITIONS = 8


class Resource(models.Model):
    """One version of one resource, as it came, with what search needs beside it."""

    pk = models.CompositePrimaryKey("subject_id", "id", "version")
    subject_id = models.UUIDField()  # whose; the shelf of the source for what is about no patient
    id = models.UUIDField()  # UUIDv5 of source, type and the source's id (rules: record R16)
    version = models.IntegerField()  # in the order of arrival, from 1
    type = models.TextField()
    source = models.TextField()  # a key of feeds; "joinedup" for what is written here
    delivery_id = models.BigIntegerField(null=True)
    position = models.IntegerField()  # line, message, row or entry of the delivery
    event_at = models.DateTimeField()  # the source's time; the delivery's arrival where it gives none
    stored_at = models.DateTimeField()
    # Clinical time, as a half-open range [starts, ends): what is given to the day covers the day. Null: not known.
    starts = models.DateTimeField(null=True)
    ends = models.DateTimeField(null=True)  # null with a start: still going on
    # Search values, "parameter=system|code" and the like (record/extract.py).
    tokens = ArrayField(models.TextField())
    digest = models.BinaryField(max_length=16)  # of the content without meta.versionId and meta.lastUpdated
    author = models.TextField(null=True)  # noqa: DJ001  # who wrote it here; null for what a source sent
    body = models.BinaryField()

    class Meta:
        indexes: ClassVar[list[models.Index]] = [models.Index(fields=["id"], name="record_resource_by_id")]

    def __str__(self) -> str:
        return f"{self.type}/{self.id} version {self.version}"


class StayEvent(models.Model):
    """One ADT event of one stay; all of a stay's events, folded, are its Encounter (rules: record R8, R10)."""

    pk = models.CompositePrimaryKey("subject_id", "encounter_id", "message_id")
    subject_id = models.UUIDField()
    encounter_id = models.UUIDField()
    message_id = models.TextField()
    delivery_id = models.BigIntegerField()
    event = models.JSONField()

    def __str__(self) -> str:
        return f"event of stay {self.encounter_id}"
