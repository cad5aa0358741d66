"""The tables of access: users, their roles, how they get in, sessions, the audit, and whose record is open to whom."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import ArrayField, DateRangeField, RangeOperators
from django.contrib.postgres.indexes import BrinIndex, HashIndex
from django.db import models
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast, Coalesce, Lower

NO_BODY = uuid.UUID(int=0)  # stands for "the whole system" in the constraint, which cannot compare nulls


class User(AbstractBaseUser):
    """Someone who can sign in. Whoever has been invited and has not yet accepted has no usable password."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    email = models.EmailField(max_length=254, unique=True)
    name = models.CharField(max_length=200)
    is_active = models.BooleanField(default=True)
    # Demo users come with simulated data, have no password and sign in on the demo sign-in page only.
    is_demo = models.BooleanField(default=False)
    created_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[BaseUserManager[User]] = BaseUserManager()
    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]

    class Meta:
        ordering: ClassVar[list[str]] = ["name", "email"]
        constraints: ClassVar[list[Any]] = [
            # One person, one account, however the letters of the address are written.
            models.CheckConstraint(condition=models.Q(email=Lower("email")), name="access_email_in_lower_case"),
        ]

    def __str__(self) -> str:
        return self.name


class RoleHeld(models.Model):
    """A role that a user holds in a body, or in the whole system, from a day up to, but not on, another."""

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="roles_held")
    role = models.CharField(max_length=60)  # a key of roles.toml
    # A value, not a foreign key: bodies live in a later room.
    body_id = models.UUIDField(null=True, blank=True)
    valid = DateRangeField()
    granted_by = models.CharField(max_length=120)  # the actor, as in the audit
    granted_at = models.DateTimeField()

    class Meta:
        ordering: ClassVar[list[str]] = ["role", "valid"]
        constraints: ClassVar[list[Any]] = [
            ExclusionConstraint(
                name="access_role_held_once_at_a_time",
                expressions=[
                    ("user", RangeOperators.EQUAL),
                    ("role", RangeOperators.EQUAL),
                    (Coalesce("body_id", models.Value(NO_BODY)), RangeOperators.EQUAL),
                    ("valid", RangeOperators.OVERLAPS),
                ],
            ),
        ]

    def __str__(self) -> str:
        return f"{self.role} {self.valid}"


class SingleUseLink(models.Model):
    """A link sent by e-mail. Only the hash of its token is kept, so that a reader of the table cannot use it."""

    user = models.ForeignKey(User, on_delete=models.PROTECT)
    token_hash = models.BinaryField(max_length=32, unique=True)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)  # used, or overtaken by a later one

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{type(self).__name__} of {self.created_at:%Y-%m-%d %H:%M}"


class Invitation(SingleUseLink):
    """An invitation to choose a password and begin."""

    invited_by = models.CharField(max_length=120)


class PasswordReset(SingleUseLink):
    """A link to choose a new password."""


class SignInAttempt(models.Model):
    """One try to sign in; failures within a few minutes lock the account and the address for a while."""

    account = models.CharField(max_length=254)  # a keyed hash of what was typed, folded to lower case
    address = models.CharField(max_length=64)
    at = models.DateTimeField()
    succeeded = models.BooleanField(default=False)

    class Meta:
        indexes: ClassVar[list[Any]] = [
            models.Index(fields=["account", "at"], name="access_attempt_account"),
            models.Index(fields=["address", "at"], name="access_attempt_address"),
        ]

    def __str__(self) -> str:
        return f"attempt {self.at:%Y-%m-%d %H:%M}"


class UserSession(models.Model):
    """A session from sign-in to its end. A request whose session has no open row here is not signed in."""

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="sessions")
    session_key = models.CharField(max_length=40, unique=True)
    began_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_because = models.CharField(max_length=60, blank=True)
    address = models.CharField(max_length=64)
    browser = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering: ClassVar[list[str]] = ["-began_at"]
        indexes: ClassVar[list[Any]] = [
            models.Index(fields=["user"], condition=models.Q(ended_at=None), name="access_open_sessions"),
        ]

    def __str__(self) -> str:
        return f"session from {self.began_at:%Y-%m-%d %H:%M}"


class AuditEntry(models.Model):
    """Who did what to what, when, for which purpose, by which role, and how it ended.

    `body` is the canonical JSON whose bytes are hashed; triggers refuse changes, and the chain proves that there
    were none.
    """

    body = models.TextField()
    # Read out of the body by the database itself, so that it cannot be edited apart from it. One column for all of
    # it: a column a field costs the writer a parse each (measured: 35,000 entries a second against 65,000).
    entry = models.GeneratedField(
        expression=Cast("body", models.JSONField()), output_field=models.JSONField(), db_persist=True
    )

    class Meta:
        indexes: ClassVar[list[Any]] = [
            # Times are UTC and always written with microseconds, so the order of the text is the order in time.
            BrinIndex(KeyTextTransform("at", "entry"), name="access_audit_at"),
            models.Index(KeyTextTransform("actor", "entry"), name="access_audit_actor"),
            models.Index(KeyTextTransform("subject", "entry"), name="access_audit_subject"),
        ]

    def __str__(self) -> str:
        return f"audit entry {self.pk}"


class Unsealed(models.Model):
    """The queue of entries that no segment holds yet, each with the signature it was written with."""

    pk = models.CompositePrimaryKey("log", "entry_id")
    log = models.CharField(max_length=30)
    entry_id = models.BigIntegerField()
    signature = models.BinaryField(max_length=32)

    def __str__(self) -> str:
        return f"{self.log} {self.entry_id}"


class Segment(models.Model):
    """A stretch of a log's hash chain: which entries in which order, and the hash after each."""

    log = models.CharField(max_length=30)
    number = models.BigIntegerField()
    entry_ids = ArrayField(models.BigIntegerField())
    hashes = models.BinaryField()  # 32 bytes an entry, one after the other
    previous_head = models.BinaryField(max_length=32)
    head = models.BinaryField(max_length=32)
    sealed_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=["log", "number"], name="access_one_segment_a_number"),
        ]

    def __str__(self) -> str:
        return f"{self.log} segment {self.number}"


class KeptRelationship(models.Model):
    """A tie between a subject and an organisation, as a resource states it (relationships.py). It only grows.

    Of one `source_ref` the newest statement counts: the latest `stated_at`, and of equal ones the later `statement`
    (a number that all rows of one call share).
    """

    subject_id = models.UUIDField()
    organisation = models.TextField()  # an ODS code
    kind = models.TextField()
    starts_at = models.DateTimeField(null=True)
    ends_at = models.DateTimeField(null=True)
    source_ref = models.UUIDField()  # the resource that states it
    delivery_id = models.BigIntegerField(null=True)
    stated_at = models.DateTimeField()
    statement = models.BigIntegerField()

    class Meta:
        db_table = "access_relationship"
        indexes: ClassVar[list[Any]] = [HashIndex(fields=["subject_id"], name="access_relationship_subject")]

    def __str__(self) -> str:
        return f"{self.kind} with {self.organisation}"


class OwnRecord(models.Model):
    """That a user is the resident of a subject, or acts for them, from a day up to, but not on, another."""

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="own_records")
    subject_id = models.UUIDField()
    kind = models.CharField(max_length=10)  # self, proxy
    valid = DateRangeField()
    granted_by = models.CharField(max_length=120)
    granted_at = models.DateTimeField()

    class Meta:
        db_table = "access_ownrecord"
        constraints: ClassVar[list[Any]] = [
            ExclusionConstraint(
                name="access_own_record_once_at_a_time",
                expressions=[
                    ("user", RangeOperators.EQUAL),
                    ("subject_id", RangeOperators.EQUAL),
                    ("valid", RangeOperators.OVERLAPS),
                ],
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.valid}"


class BreakGlass(models.Model):
    """One opening of one person's record without a relationship: by whom, why, in which session, until when.

    It only grows. The reason's text may name people, so it is here and not in the audit.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    session = models.ForeignKey(UserSession, on_delete=models.PROTECT, related_name="+")
    role = models.CharField(max_length=60)
    body_id = models.UUIDField(null=True)  # where the role is held
    subject_ids = ArrayField(models.UUIDField())  # the subjects that were this person when it was opened
    purpose = models.CharField(max_length=30)
    reason_code = models.CharField(max_length=30)
    reason = models.TextField()
    opened_at = models.DateTimeField()
    ends_at = models.DateTimeField()

    class Meta:
        indexes: ClassVar[list[Any]] = [models.Index(fields=["user", "opened_at"], name="access_breakglass_user")]

    def __str__(self) -> str:
        return f"break-glass {self.pk}"


class Alert(models.Model):
    """What a privacy officer must look at; its id is the reference that the letter bears, and all that it bears."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=20)  # break_glass, rate
    break_glass = models.ForeignKey(BreakGlass, on_delete=models.PROTECT, related_name="alerts")
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")  # whom it is about
    body_id = models.UUIDField(null=True)  # whose privacy officer looks at it
    raised_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)
    receivers = models.IntegerField(default=0)  # how many letters went out

    class Meta:
        indexes: ClassVar[list[Any]] = [
            models.Index(fields=["raised_at"], name="access_alert_raised"),
            models.Index(fields=["raised_at"], condition=models.Q(sent_at=None), name="access_alert_unsent"),
        ]

    def __str__(self) -> str:
        return f"alert {self.pk}"


class AlertReview(models.Model):
    """What a privacy officer found of an alert: justified, not_justified or asked. The latest counts; it only grows."""

    alert = models.ForeignKey(Alert, on_delete=models.PROTECT, related_name="reviews")
    outcome = models.CharField(max_length=20)
    note = models.TextField(blank=True)
    reviewed_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    reviewed_at = models.DateTimeField()

    class Meta:
        ordering: ClassVar[list[str]] = ["pk"]

    def __str__(self) -> str:
        return f"review of {self.alert_id}: {self.outcome}"


class AccessToken(models.Model):
    """A token with which a program reads as its user, for one purpose. Only its hash is kept."""

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="tokens")
    token_hash = models.BinaryField(max_length=32, unique=True)
    name = models.CharField(max_length=100, blank=True)  # what it is for, in the user's words
    purpose = models.CharField(max_length=30)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    last_used_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "access_token"
        ordering: ClassVar[list[str]] = ["-created_at"]

    def __str__(self) -> str:
        return f"token of {self.created_at:%Y-%m-%d %H:%M}"
