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
    digest = models.BinaryField(max_length=16)  # of the body
    author = models.TextField(null=True)  # who wrote it here; null for what a source sent
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


class PendingMerge(models.Model):
    """A merge (A40) of a delivery that several processes read: it is honoured when all of them have ended."""

    delivery_id = models.BigIntegerField(db_index=True)
    position = models.IntegerField()
    survivor = models.TextField()
    gone = models.TextField()
    event_at = models.DateTimeField()
    message_id = models.TextField()

    def __str__(self) -> str:
        return f"merge {self.position} of delivery {self.delivery_id}"


class Handover(models.Model):
    """Something handed over to another team, for its inbox: a referral, a discharge summary, a letter.

    The resource with the same id is the truth; this row is read from it. How far it has come are its steps.
    """

    id = models.UUIDField(primary_key=True, editable=False)
    subject_id = models.UUIDField()
    type = models.TextField()  # of the resource
    kind = models.TextField()  # referral, discharge_summary, letter
    sender = models.TextField()  # ODS code
    receiver = models.TextField()  # ODS code; empty: the practice where the resident is registered
    urgency = models.TextField()
    began_at = models.DateTimeField(null=True)  # the start of the clock; null where nobody says
    sent_at = models.DateTimeField(null=True)  # when its source said so
    arrived_at = models.DateTimeField()
    open_by = models.DateTimeField(null=True)  # null: history when it arrived, nobody has to open it
    source = models.TextField()
    # The newest step and the first opening, kept here so that an inbox reads one index.
    state = models.TextField()
    opened_at = models.DateTimeField(null=True)

    class Meta:
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["receiver", "state"], name="record_handover_inbox"),
            models.Index(fields=["sender", "state"], name="record_handover_outbox"),
            models.Index(fields=["subject_id"], name="record_handover_subject"),
            models.Index(fields=["source", "sent_at"], name="record_handover_newest"),
            models.Index(
                fields=["open_by"],
                condition=models.Q(opened_at=None, open_by__isnull=False),
                name="record_handover_unopened",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.id}"


class HandoverStep(models.Model):
    """One step of a hand-over, never changed: a state it reached, or "opened" when the receiving team first read it."""

    handover_id = models.UUIDField()  # not a foreign key: a feed may bring the step before what it is a step of
    subject_id = models.UUIDField()
    state = models.TextField()
    at = models.DateTimeField()
    organisation = models.TextField()
    actor = models.TextField()  # who took it here, as in the audit; empty for what a source says
    actor_name = models.TextField()
    reason = models.TextField()
    stored_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar[list[models.UniqueConstraint]] = [
            models.UniqueConstraint(fields=["handover_id", "state", "at"], name="record_handover_step_once"),
        ]

    def __str__(self) -> str:
        return f"{self.state} {self.at:%Y-%m-%d %H:%M}"
