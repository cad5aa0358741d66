"""The tables of instructions from above, of powers in law, and of reports to those who scrutinise (rules: P7, G6)."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models

from joinedup.governance.tables.boards import Board
from joinedup.governance.tables.deciding import Decision
from joinedup.governance.tables.kept import Grown, Registered, one_at_a_time


class Instruction(Grown):
    """A letter or direction from above: who issued it, when, and what it asks by when."""

    key = models.TextField(primary_key=True)
    board = models.ForeignKey(Board, on_delete=models.PROTECT, related_name="instructions")
    issuer = models.TextField()
    document = models.TextField()
    issued_on = models.DateField()
    requirements = models.JSONField(default=list)  # [[text, due on]]

    def __str__(self) -> str:
        return f"instruction {self.key}"


class InstructionClosed(Grown):
    """That an instruction is done with, since when, and how."""

    instruction = models.OneToOneField(Instruction, on_delete=models.PROTECT, related_name="closed")
    closed_on = models.DateField()
    reason = models.TextField()

    def __str__(self) -> str:
        return f"closing {self.pk}"


class ScrutinyReport(Grown):
    """A report to whoever scrutinises: which live instructions it names, and why it leaves others out."""

    board = models.ForeignKey(Board, on_delete=models.PROTECT, related_name="scrutiny_reports")
    to = models.TextField()
    title = models.TextField()
    reported_on = models.DateField()
    names = ArrayField(models.TextField(), default=list)
    leaves_out = models.JSONField(default=dict)  # {key of the instruction: why}

    def __str__(self) -> str:
        return f"report {self.pk}"


class PowerInLaw(Registered):
    """The days on which a law allows a function, or a joint committee by its key: `valid` is [law_from, law_to)."""

    power = models.TextField()
    law = models.TextField()
    about = ("power",)
    says = ("law",)

    class Meta:
        constraints: ClassVar = (one_at_a_time("governance_one_power", "power"),)

    def __str__(self) -> str:
        return f"power {self.pk}"


class AdoptionSettled(Grown):
    """That the days to adopt a decision are over and it was settled, with the outcome by that day (rule G2)."""

    decision = models.OneToOneField(Decision, on_delete=models.PROTECT, related_name="settled")
    outcome = models.TextField()
    settled_on = models.DateField()

    def __str__(self) -> str:
        return f"settled {self.pk}"
