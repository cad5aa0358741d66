"""The tables of boards: what they are, their seats, who holds them, and the governance model of a system."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models

from joinedup.governance.tables.kept import Grown, Registered, one_at_a_time


class Board(Grown):
    """A board or committee; what can change about it stands in its terms. Bodies and areas are known by their codes."""

    key = models.TextField(primary_key=True)
    system = models.TextField()
    tier = models.TextField()  # multi_system, system, place, neighbourhood, collaborative
    joint_of = ArrayField(models.TextField(), default=list)
    is_partnership_board = models.BooleanField(default=False)  # of its system, while its terms hold
    care_group = models.TextField(blank=True)

    def __str__(self) -> str:
        return f"board {self.key}"


class BoardTerms(Registered):
    """The terms of reference of a board on a day: name, composition, quorum (rules: B2, Q1)."""

    board = models.ForeignKey(Board, on_delete=models.PROTECT, related_name="terms")
    version = models.TextField()
    name = models.TextField()
    composition = models.JSONField(default=list)  # [{category, minimum, maximum}]
    quorum = models.JSONField()  # need: fixed, table or fraction; base; categories; conflicted
    proxies = models.BooleanField(default=False)
    has_casting_vote = models.BooleanField(default=True)
    is_public = models.BooleanField(default=True)
    scrutinised_by = models.TextField(blank=True)
    about = ("board",)
    says = (
        "version", "name", "composition", "quorum", "proxies", "has_casting_vote", "is_public", "scrutinised_by",
    )  # fmt: skip

    class Meta:
        constraints: ClassVar = (one_at_a_time("governance_one_terms", "board"),)

    def __str__(self) -> str:
        return f"terms {self.pk}"


class Seat(Registered):
    """A seat of a board: who sits on it stands in its holdings, since a seat is not a person (rule B1)."""

    board = models.ForeignKey(Board, on_delete=models.PROTECT, related_name="seats")
    key = models.TextField()
    title = models.TextField()
    category = models.TextField()
    voting = models.BooleanField(default=True)
    required = models.BooleanField(default=False)
    max_holders = models.SmallIntegerField(default=1)
    also = ArrayField(models.TextField(), default=list)  # further kinds that it counts as, such as nursing
    nominating = ArrayField(models.TextField(), default=list)
    about = ("board", "key")
    says = ("title", "category", "voting", "required", "max_holders", "also", "nominating")

    class Meta:
        constraints: ClassVar = (one_at_a_time("governance_one_seat", "board", "key"),)

    def __str__(self) -> str:
        return f"seat {self.pk}"


class SeatHolding(Registered):
    """That a person holds a seat: as what, and on behalf of which body. The person is one of the room `system`."""

    board = models.ForeignKey(Board, on_delete=models.PROTECT, related_name="holdings")
    seat = models.TextField()
    person = models.TextField()
    status = models.TextField(default="substantive")
    on_behalf_of = models.TextField(blank=True)
    about = ("board", "seat", "person")
    says = ("status", "on_behalf_of")

    class Meta:
        constraints: ClassVar = (one_at_a_time("governance_one_holding", "board", "seat", "person"),)
        indexes: ClassVar = (models.Index(fields=["person"], name="governance_holding_person"),)

    def __str__(self) -> str:
        return f"holding {self.pk}"


class MemberAccount(Registered):
    """That a user of joinedup (its actor id) is this person, so that a member votes and declares for himself alone."""

    actor = models.TextField()
    person = models.TextField()
    about = ("actor",)
    says = ("person",)

    class Meta:
        constraints: ClassVar = (one_at_a_time("governance_one_account", "actor"),)

    def __str__(self) -> str:
        return f"account {self.pk}"


class ModelInForce(Registered):
    """Which governance model (section 8) a system is under: one on each day (rule G1)."""

    system = models.TextField()
    model = models.TextField()
    about = ("system",)
    says = ("model",)

    class Meta:
        constraints: ClassVar = (one_at_a_time("governance_one_model", "system"),)

    def __str__(self) -> str:
        return f"model in force {self.pk}"
