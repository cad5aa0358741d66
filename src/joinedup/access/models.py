"""The tables of access: users, the roles they hold, how they get in, their sessions, and the audit."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import ArrayField, DateRangeField, RangeOperators
from django.contrib.postgres.indexes import BrinIndex
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
