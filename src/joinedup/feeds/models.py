"""The tables of the room: who sends what, the ledger of what came, and the quarantine of what could not be taken in.

`Delivery` and `Position` move on in the transactions of the intake, so that the ledger and the store always say the
same. What was set aside stays whole: its bytes never change and no row is deleted; each decision about it is a row.
"""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.db.models import F, Q, Value

CHANNELS = ("file", "mllp", "mesh")
STATES = ("receiving", "applied", "duplicate", "refused", "held")
QUARANTINE_STATES = ("quarantined", "pending", "applied", "discarded")
DECISIONS = ("retry", "discard", "applied", "still-refused")


def _one_of(name: str, field: str, words: tuple[str, ...]) -> models.CheckConstraint:
    return models.CheckConstraint(condition=Q(**{f"{field}__in": words}), name=name)


class Declared(models.Model):
    """A source as it was declared from an instant on; the newest row of a key holds."""

    key = models.CharField(max_length=80)
    declared_at = models.DateTimeField()
    declaration = models.JSONField()  # the fields of feeds.values.Source

    class Meta:
        db_table = "feeds_source"
        indexes: ClassVar[list[Any]] = [models.Index(fields=["key", "-id"], name="feeds_source_newest")]

    def __str__(self) -> str:
        return f"{self.key} as declared {self.declared_at:%Y-%m-%d %H:%M}"


class Delivery(models.Model):
    """One byte string that arrived, and what became of it (rules: record R1). Totals are set when it is finished."""

    source = models.CharField(max_length=80)
    channel = models.CharField(max_length=10)
    name = models.TextField()  # the file's name, without its folders
    message_id = models.TextField(blank=True)
    sha256 = models.BinaryField(max_length=32)
    bytes = models.BigIntegerField()
    received_at = models.DateTimeField()
    event_at = models.DateTimeField(null=True)  # when it was sent, where the channel says so
    state = models.CharField(max_length=10)
    reason = models.TextField(blank=True)  # why it was refused or held; of which delivery it is a duplicate
    duplicate_of = models.BigIntegerField(null=True)
    shards = models.SmallIntegerField()
    items_read = models.BigIntegerField(default=0, db_default=0)
    items_applied = models.BigIntegerField(default=0, db_default=0)
    items_repeated = models.BigIntegerField(default=0, db_default=0)
    items_set_aside = models.BigIntegerField(default=0, db_default=0)
    items_not_mapped = models.BigIntegerField(default=0, db_default=0)
    resources_added = models.BigIntegerField(default=0, db_default=0)  # new resources and new versions
    resources_unchanged = models.BigIntegerField(default=0, db_default=0)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar[list[Any]] = [
            _one_of("feeds_delivery_channel", "channel", CHANNELS),
            _one_of("feeds_delivery_state", "state", STATES),
            # The same bytes of a source are taken in once, also when two processes begin at the same moment.
            models.UniqueConstraint(
                fields=["source", "sha256"], condition=Q(state__in=("receiving", "applied")), name="feeds_delivery_once"
            ),
        ]
        indexes: ClassVar[list[Any]] = [
            models.Index(fields=["source", "-received_at"], name="feeds_delivery_newest"),
        ]

    def __str__(self) -> str:
        return f"delivery {self.pk} ({self.state})"


class Position(models.Model):
    """How far a shard of a delivery has come, and its counts so far."""

    pk = models.CompositePrimaryKey("delivery_id", "shard")
    delivery_id = models.BigIntegerField()
    shard = models.SmallIntegerField()
    position = models.BigIntegerField(default=0, db_default=0)  # the last item that is committed
    items_read = models.BigIntegerField(default=0, db_default=0)
    items_applied = models.BigIntegerField(default=0, db_default=0)
    items_repeated = models.BigIntegerField(default=0, db_default=0)
    items_set_aside = models.BigIntegerField(default=0, db_default=0)
    items_not_mapped = models.BigIntegerField(default=0, db_default=0)
    resources_added = models.BigIntegerField(default=0, db_default=0)
    resources_unchanged = models.BigIntegerField(default=0, db_default=0)
    resources_late = models.BigIntegerField(default=0, db_default=0)
    merges = models.BigIntegerField(default=0, db_default=0)
    bytes_read = models.BigIntegerField(default=0, db_default=0)
    reasons = models.JSONField(default=dict, db_default=Value({}, output_field=models.JSONField()))
    warnings = models.JSONField(default=dict, db_default=Value({}, output_field=models.JSONField()))

    class Meta:
        constraints: ClassVar[list[Any]] = [
            # The equation of R1, held by the database itself.
            models.CheckConstraint(
                condition=Q(
                    items_read=F("items_applied") + F("items_repeated") + F("items_set_aside") + F("items_not_mapped"),
                    items_applied__gte=0,
                ),
                name="feeds_position_adds_up",
            ),
        ]

    def __str__(self) -> str:
        return f"delivery {self.delivery_id} shard {self.shard} at {self.position}"


class Message(models.Model):
    """A message of a source that was taken in: its id and what it held (rules: record R3)."""

    pk = models.CompositePrimaryKey("source", "message_id", "sha256")
    source = models.CharField(max_length=80)
    message_id = models.TextField()
    sha256 = models.BinaryField(max_length=32)

    def __str__(self) -> str:
        return f"message of {self.source}"


class SetAside(models.Model):
    """What could not be taken in, whole, with why (rules: record R5). `reason`, `place`, `message` are the newest."""

    delivery_id = models.BigIntegerField()
    source = models.CharField(max_length=80)
    position = models.BigIntegerField()
    reason = models.CharField(max_length=20)
    place = models.TextField(blank=True)
    message = models.TextField()
    raw = models.BinaryField()
    state = models.CharField(max_length=12, default="quarantined", db_default="quarantined")
    received_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar[list[Any]] = [_one_of("feeds_setaside_state", "state", QUARANTINE_STATES)]
        indexes: ClassVar[list[Any]] = [
            models.Index(fields=["delivery_id", "position"], name="feeds_setaside_of_delivery"),
            models.Index(fields=["source", "state", "reason"], name="feeds_setaside_of_source"),
            models.Index(fields=["id"], condition=Q(state="pending"), name="feeds_setaside_pending"),
        ]

    def __str__(self) -> str:
        return f"set aside {self.pk} ({self.reason})"


class Decision(models.Model):
    """What somebody decided about something set aside, or what came of trying it again; never changed."""

    set_aside = models.ForeignKey(SetAside, models.PROTECT, related_name="decisions")
    at = models.DateTimeField()
    decision = models.CharField(max_length=14)
    by = models.CharField(max_length=120)  # the actor, as in the audit
    by_name = models.TextField()
    reason = models.TextField(blank=True)

    class Meta:
        constraints: ClassVar[list[Any]] = [_one_of("feeds_decision_kind", "decision", DECISIONS)]

    def __str__(self) -> str:
        return f"{self.decision} of {self.set_aside_id}"
