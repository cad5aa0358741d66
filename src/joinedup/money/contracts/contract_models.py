"""The tables of contracts and payment. They only grow (triggers of migration 0002).

A contract that changes is another version; what happens to it (a notice, the signature, a figure of quality) is an
entry; a settled month is a statement, and one that corrects it is another.
"""

from __future__ import annotations

from typing import ClassVar

from django.db import models


class Grown(models.Model):
    """Who made a row, and when; no row is changed."""

    by = models.TextField()
    at = models.DateTimeField()

    class Meta:
        abstract = True


class Contract(Grown):
    """A contract by its code: whose it is. What it says stands in its versions."""

    code = models.TextField(primary_key=True)
    commissioner = models.TextField()
    provider = models.TextField()

    class Meta:
        indexes: ClassVar[list[models.Index]] = [models.Index(fields=["provider"], name="money_contract_provider")]

    def __str__(self) -> str:
        return f"contract {self.code}"


class ContractVersion(Grown):
    """What a contract says from a day on: its canonical text (contracts.contract_text) and the hash of it."""

    id = models.BigAutoField(primary_key=True)
    contract = models.ForeignKey(Contract, on_delete=models.PROTECT, related_name="versions")
    number = models.IntegerField()
    effective_from = models.DateField()
    body = models.TextField()
    content_hash = models.TextField()
    reason = models.TextField()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["contract", "number"], name="money_contractversion_once"),
        ]

    def __str__(self) -> str:
        return f"contract version {self.pk}"


class ContractEntry(Grown):
    """Something that happened to a contract on a day.

    `what` is notice, representation, answer (to it), signed, changed, extended, ended, achieved, excused, deduction
    or deduction-back; `key` the notice, the outcome, the measure, the reason, or the authority under which it was
    changed; `value` a figure, or the number of the version that it made, as text.
    """

    id = models.BigAutoField(primary_key=True)
    contract = models.ForeignKey(Contract, on_delete=models.PROTECT, related_name="entries")
    what = models.TextField()
    key = models.TextField(blank=True)
    on = models.DateField()
    value = models.TextField(blank=True)
    text = models.TextField(blank=True)

    def __str__(self) -> str:
        return f"contract entry {self.pk}"


class Statement(Grown):
    """A month of a contract as it was settled: the statement's text, and its sums beside it for lists.

    `number` counts the statements of a month; the second corrects the first.
    """

    id = models.BigAutoField(primary_key=True)
    version = models.ForeignKey(ContractVersion, on_delete=models.PROTECT, related_name="statements")
    contract = models.ForeignKey(Contract, on_delete=models.PROTECT, related_name="statements")
    month = models.DateField()
    number = models.IntegerField()
    body = models.TextField()
    inputs_hash = models.TextField()
    entitled_pence = models.BigIntegerField()
    paid_before_pence = models.BigIntegerField()
    due_pence = models.BigIntegerField()
    break_glass = models.BooleanField()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["contract", "month", "number"], name="money_statement_once"),
        ]

    def __str__(self) -> str:
        return f"statement {self.pk}"


class StatementPosting(models.Model):
    """A transaction of the ledger by which a statement was settled."""

    id = models.BigAutoField(primary_key=True)
    statement = models.ForeignKey(Statement, on_delete=models.PROTECT, related_name="postings")
    transaction = models.OneToOneField("money.Transaction", on_delete=models.PROTECT, related_name="statement_posting")

    def __str__(self) -> str:
        return f"statement posting {self.pk}"


class PaymentReview(Grown):
    """A review that a break-glass band opened (rule MC2); settlement goes on until it decides."""

    id = models.BigAutoField(primary_key=True)
    statement = models.OneToOneField(Statement, on_delete=models.PROTECT, related_name="review")

    def __str__(self) -> str:
        return f"payment review {self.pk}"


class PaymentReviewEnd(Grown):
    """What a review decided, and why."""

    review = models.OneToOneField(PaymentReview, on_delete=models.PROTECT, primary_key=True, related_name="end")
    decision = models.TextField()
    reason = models.TextField()

    def __str__(self) -> str:
        return f"end of payment review {self.pk}"
