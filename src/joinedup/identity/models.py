"""The tables of the room: subjects with what they are compared by, who belongs together since when, and why.

Joining and parting are dated rows. A membership is written once and closed once; edges likewise; decisions and merge
messages only ever grow (triggers of migration 0001 refuse the rest). A subject without an open membership is a
resident of its own, under its own id; a resident's id is always the id of one of its subjects.
"""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q


class Subject(models.Model):
    """A partner's patient, with its fields in the one form in which they are compared (`standardise.py`)."""

    subject_id = models.UUIDField(primary_key=True)
    source = models.TextField()
    source_id = models.TextField()
    organisation = models.TextField()
    setting = models.TextField()
    is_duplicate_free = models.BooleanField()
    is_withheld = models.BooleanField()
    nhs_number = models.TextField(null=True)
    is_verified = models.BooleanField()
    former_numbers = ArrayField(models.TextField())
    family = models.TextField(null=True)
    given = models.TextField(null=True)
    middle = models.TextField(null=True)
    other_families = ArrayField(models.TextField())
    other_givens = ArrayField(models.TextField())
    birth_date = models.DateField(null=True)
    death_date = models.DateField(null=True)
    sex = models.TextField(null=True)
    postcode = models.TextField(null=True)
    house = models.TextField(null=True)
    phone = models.TextField(null=True)
    email = models.TextField(null=True)
    seen_at = models.DateTimeField()  # the source's time of what is said here
    changed_at = models.DateTimeField()

    class Meta:
        # What new records are looked up by (`blocking.py`), and people search by.
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["nhs_number"], condition=Q(nhs_number__isnull=False), name="identity_by_number"),
            models.Index(fields=["birth_date"], condition=Q(birth_date__isnull=False), name="identity_by_birth"),
            models.Index(fields=["family", "given"], condition=Q(family__isnull=False), name="identity_by_name"),
            models.Index(fields=["postcode"], condition=Q(postcode__isnull=False), name="identity_by_postcode"),
            models.Index(fields=["phone"], condition=Q(phone__isnull=False), name="identity_by_phone"),
            models.Index(fields=["email"], condition=Q(email__isnull=False), name="identity_by_email"),
            models.Index(fields=["organisation", "source_id"], name="identity_by_local_id"),
            models.Index(fields=["subject_id"], condition=~Q(former_numbers=[]), name="identity_with_former_numbers"),
        ]

    def __str__(self) -> str:
        return f"subject {self.subject_id}"


class Unlinked(models.Model):
    """The queue of subjects that are new or changed and not yet linked. Intake only adds; linking takes away."""

    id = models.BigAutoField(primary_key=True)
    subject_id = models.UUIDField()

    def __str__(self) -> str:
        return f"unlinked {self.subject_id}"


class Model(models.Model):
    """A trained model, frozen: its weights, its frequencies of names, and where it comes from."""

    id = models.AutoField(primary_key=True)
    version = models.TextField(unique=True)
    digest = models.TextField()  # SHA-256 of `content` as canonical JSON
    content = models.JSONField()
    trained_at = models.DateTimeField()
    subjects = models.BigIntegerField()

    def __str__(self) -> str:
        return f"model {self.version}"


class Run(models.Model):
    """One run of linking: which model and configuration, when, and its counts."""

    id = models.AutoField(primary_key=True)
    kind = models.TextField()  # batch, incremental
    model = models.ForeignKey(Model, on_delete=models.PROTECT, null=True)
    began_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    actor = models.TextField()
    counts = models.JSONField(default=dict)

    def __str__(self) -> str:
        return f"run {self.pk}"


class Edge(models.Model):
    """Evidence that two subjects are one person; `left_id` < `right_id`. A changed subject's edges are closed."""

    id = models.BigAutoField(primary_key=True)
    left_id = models.UUIDField()
    right_id = models.UUIDField()
    method = models.SmallIntegerField()  # a code of values.METHODS
    weight = models.FloatField()  # bits; +1000 for what the ladder decides
    model_id = models.IntegerField()  # 0: no model
    run_id = models.IntegerField()
    created_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)

    class Meta:
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["left_id"], condition=Q(closed_at=None), name="identity_edge_left"),
            models.Index(fields=["right_id"], condition=Q(closed_at=None), name="identity_edge_right"),
        ]

    def __str__(self) -> str:
        return f"edge {self.pk}"


class Decision(models.Model):
    """What a person, or a partner's merge message, says of a pair; the newest of a pair counts. Only grows."""

    id = models.BigAutoField(primary_key=True)
    left_id = models.UUIDField()
    right_id = models.UUIDField()
    verdict = models.TextField()  # match, never, withdrawn, unsure
    method = models.SmallIntegerField()  # review, merge message, undo
    actor = models.TextField()
    reason = models.TextField()
    at = models.DateTimeField()
    supersedes_id = models.BigIntegerField(null=True)
    request_id = models.UUIDField(null=True, unique=True)  # the same request twice is one decision

    class Meta:
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["left_id", "right_id", "-id"], name="identity_decision_pair"),
            models.Index(fields=["right_id"], name="identity_decision_right"),
        ]

    def __str__(self) -> str:
        return f"decision {self.pk}"


class MergeMessage(models.Model):
    """A merge that a source sent (A40), and what became of it: applied, or waiting for review with the reason."""

    id = models.BigAutoField(primary_key=True)
    source = models.TextField()
    survivor_id = models.UUIDField()
    gone_id = models.UUIDField()
    survivor_source_id = models.TextField()
    gone_source_id = models.TextField()
    message_id = models.TextField()
    event_at = models.DateTimeField()
    at = models.DateTimeField()
    outcome = models.TextField()  # applied, repeated, review
    reason = models.TextField(blank=True)
    decision_id = models.BigIntegerField(null=True)

    class Meta:
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["survivor_id"], name="identity_merge_survivor"),
            models.Index(fields=["gone_id"], name="identity_merge_gone"),
        ]

    def __str__(self) -> str:
        return f"merge {self.pk}"


class Membership(models.Model):
    """A subject belongs to a resident from `since` until `until`. Only groups of two and more have rows."""

    id = models.BigAutoField(primary_key=True)
    subject_id = models.UUIDField()
    resident_id = models.UUIDField()
    since = models.DateTimeField()
    until = models.DateTimeField(null=True)
    method = models.SmallIntegerField()  # of the strongest evidence that ties the subject to the rest
    weight = models.FloatField()
    run_id = models.IntegerField()  # 0: not by a run
    decision_id = models.BigIntegerField(null=True)  # the decision that made the row
    ended_run_id = models.IntegerField(null=True)
    ended_decision_id = models.BigIntegerField(null=True)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["subject_id"], condition=Q(until=None), name="identity_one_resident_at_a_time"
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["resident_id"], name="identity_membership_resident"),
            models.Index(fields=["subject_id"], condition=Q(until__isnull=False), name="identity_membership_past"),
        ]

    def __str__(self) -> str:
        return f"membership {self.pk}"


class Review(models.Model):
    """A pair that waits for a person, or waited: why, with the evidence as the model saw it."""

    id = models.BigAutoField(primary_key=True)
    left_id = models.UUIDField()
    right_id = models.UUIDField()
    reason = models.TextField()  # a key of values.REVIEW_REASONS
    method = models.SmallIntegerField()
    weight = models.FloatField(null=True)
    model_id = models.IntegerField()
    run_id = models.IntegerField()
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)
    outcome = models.TextField(blank=True)  # match, never, or resolved (the reason is gone)
    unsure = models.IntegerField(default=0)  # how often somebody could not tell
    decision_id = models.BigIntegerField(null=True)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["left_id", "right_id"], condition=Q(closed_at=None), name="identity_one_open_review"
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["right_id"], condition=Q(closed_at=None), name="identity_review_right"),
            models.Index(fields=["-weight"], condition=Q(closed_at=None), name="identity_review_queue"),
        ]

    def __str__(self) -> str:
        return f"review {self.pk}"


class Measured(models.Model):
    """What `joinedup link --report` measured: precision, recall and the rest, for which run and thresholds."""

    id = models.AutoField(primary_key=True)
    run = models.ForeignKey(Run, on_delete=models.PROTECT, null=True)
    at = models.DateTimeField()
    report = models.JSONField()

    def __str__(self) -> str:
        return f"measured {self.at:%Y-%m-%d}"
