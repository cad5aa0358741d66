"""The tables of the single pot. They only grow (triggers of migration 0001), and lines always balance.

What is decided later about a row is another row: an authority ends, is used, a transaction is reversed, a period is
closed. Amounts are pence in BIGINT, debit plus and credit minus. Bodies are known by their codes, as in the partners'
own ledgers; days are [valid_from, valid_to).
"""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from joinedup.money.contracts.contract_models import (
    Contract,
    ContractEntry,
    ContractVersion,
    PaymentReview,
    PaymentReviewEnd,
    Statement,
    StatementPosting,
)
from joinedup.money.pot.position_models import BoardFund, LineForecast, SaidBetween, StatementAccount

__all__ = [
    "Authority",
    "AuthorityEnd",
    "AuthorityUse",
    "BoardFund",
    "BudgetLine",
    "Commitment",
    "Contract",
    "ContractEntry",
    "ContractVersion",
    "Contribution",
    "Fund",
    "Grown",
    "Line",
    "LineForecast",
    "PartnerAccount",
    "PaymentReview",
    "PaymentReviewEnd",
    "PeriodClose",
    "SaidBetween",
    "Statement",
    "StatementAccount",
    "StatementPosting",
    "Transaction",
    "TrialBalance",
    "TrialBalanceLine",
    "Virement",
    "VirementMove",
]


class Grown(models.Model):
    """Who made a row, and when; no row is changed."""

    by = models.TextField()
    at = models.DateTimeField()

    class Meta:
        abstract = True


class Fund(Grown):
    """A single pot, a pooled budget under section 75, or aligned money (rule MB1)."""

    code = models.TextField(primary_key=True)
    name = models.TextField()
    kind = models.TextField()  # a key of funds.FUND_KINDS
    host = models.TextField()
    agreement = models.TextField(blank=True)
    valid_from = models.DateField()
    valid_to = models.DateField()

    def __str__(self) -> str:
        return f"fund {self.code}"


class BudgetLine(Grown):
    """What one body may spend of a fund on one thing in one financial year (rule MB4)."""

    code = models.TextField(primary_key=True)
    fund = models.ForeignKey(Fund, on_delete=models.PROTECT, related_name="lines")
    body = models.TextField()
    year = models.TextField()
    name = models.TextField()
    original_pence = models.BigIntegerField()
    ring_fence = models.TextField(blank=True)
    envelope = models.TextField()
    plan_line = models.TextField(blank=True)
    decision = models.TextField()  # the reference of who set it

    class Meta:
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["fund", "year"], name="money_budgetline_fund"),
            models.Index(fields=["plan_line"], name="money_budgetline_plan"),
        ]

    def __str__(self) -> str:
        return f"budget line {self.code}"


class Authority(Grown):
    """Leave to bind money: by whose decision, for what, how much, from when to when (rule MB5)."""

    id = models.TextField(primary_key=True)
    reference = models.TextField()
    given_by = models.TextField()
    reason = models.TextField()
    acts = models.JSONField()  # of authority.ACTS
    limit_pence = models.BigIntegerField()
    year_limit_pence = models.BigIntegerField(null=True)
    valid_from = models.DateField()
    valid_to = models.DateField()
    fund = models.TextField(blank=True)
    party = models.TextField(blank=True)
    purpose = models.TextField(blank=True)
    plan_line = models.TextField(blank=True)

    def __str__(self) -> str:
        return f"authority {self.id}"


class AuthorityEnd(Grown):
    """From `ends_on` an authority allows nothing more: it was revoked, or superseded by another."""

    id = models.BigAutoField(primary_key=True)
    authority = models.ForeignKey(Authority, on_delete=models.PROTECT, related_name="ends")
    ends_on = models.DateField()
    superseded_by = models.ForeignKey(Authority, on_delete=models.PROTECT, null=True, related_name="supersedes")
    reason = models.TextField()

    def __str__(self) -> str:
        return f"end {self.pk}"


class Commitment(Grown):
    """Money of a budget line promised to a supplier; how much is open is read from the ledger (rule MB6)."""

    code = models.TextField(primary_key=True)
    budget_line = models.ForeignKey(BudgetLine, on_delete=models.PROTECT, related_name="commitments")
    supplier = models.TextField()
    purpose = models.TextField()
    authority = models.ForeignKey(Authority, on_delete=models.PROTECT)
    contract = models.TextField(blank=True)
    rolled_from = models.ForeignKey("self", on_delete=models.PROTECT, null=True)

    class Meta:
        indexes: ClassVar[list[models.Index]] = [models.Index(fields=["contract"], name="money_commitment_contract")]

    def __str__(self) -> str:
        return f"commitment {self.code}"


class Transaction(models.Model):
    """A transaction as it was recorded; `body` is its whole text, sealed into the chain of the ledger (rule MB14)."""

    id = models.BigAutoField(primary_key=True)
    key = models.TextField(unique=True)
    kind = models.TextField()
    effective_on = models.DateField()
    recorded_at = models.DateTimeField()
    by = models.TextField()
    description = models.TextField(blank=True)
    party = models.TextField(blank=True)
    purpose = models.TextField(blank=True)
    commitment = models.ForeignKey(Commitment, on_delete=models.PROTECT, null=True, related_name="transactions")
    authority = models.ForeignKey(Authority, on_delete=models.PROTECT, null=True, related_name="transactions")
    plan_line = models.TextField(blank=True)
    reverses = models.OneToOneField("self", on_delete=models.PROTECT, null=True, related_name="reversal")
    line_count = models.SmallIntegerField()
    body = models.TextField()

    class Meta:
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["effective_on", "id"], name="money_transaction_day"),
            models.Index(fields=["plan_line"], name="money_transaction_plan", condition=~models.Q(plan_line="")),
            models.Index(fields=["party"], name="money_transaction_party", condition=~models.Q(party="")),
        ]

    def __str__(self) -> str:
        return f"transaction {self.key}"


class Line(models.Model):
    """One line of a transaction. The two times stand here as well, so that a balance reads one table."""

    id = models.BigAutoField(primary_key=True)
    transaction = models.ForeignKey(Transaction, on_delete=models.PROTECT, related_name="lines", db_index=False)
    number = models.SmallIntegerField()
    account = models.TextField()
    body = models.TextField()
    fund = models.ForeignKey(Fund, on_delete=models.PROTECT, db_index=False)
    budget_line = models.ForeignKey(BudgetLine, on_delete=models.PROTECT, null=True, db_index=False)
    amount_pence = models.BigIntegerField()
    effective_on = models.DateField()
    recorded_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["transaction", "number"], name="money_line_place"),
            models.CheckConstraint(condition=~models.Q(amount_pence=0), name="money_line_moves"),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["fund", "-transaction"], name="money_line_page"),
            models.Index(
                fields=["fund", "effective_on"],
                include=["recorded_at", "account", "body", "amount_pence"],
                name="money_line_balance",
            ),
            models.Index(
                fields=["budget_line", "account"],
                include=["amount_pence", "effective_on", "recorded_at"],
                condition=models.Q(budget_line__isnull=False),
                name="money_line_budget",
            ),
        ]

    def __str__(self) -> str:
        return f"line {self.pk}"


class Contribution(Grown):
    """What a partner puts into a fund, and the transaction by which it became due (rule MB1)."""

    id = models.BigAutoField(primary_key=True)
    fund = models.ForeignKey(Fund, on_delete=models.PROTECT, related_name="contributions")
    partner = models.TextField()
    sector = models.TextField()
    amount_pence = models.BigIntegerField()
    valid_from = models.DateField()
    valid_to = models.DateField()
    ring_fence = models.TextField(blank=True)
    transaction = models.OneToOneField(Transaction, on_delete=models.PROTECT)

    def __str__(self) -> str:
        return f"contribution {self.pk}"


class Virement(Grown):
    """Money moved between budget lines: nothing is added and nothing lost (rule MB4)."""

    id = models.BigAutoField(primary_key=True)
    key = models.TextField(unique=True)
    authority = models.ForeignKey(Authority, on_delete=models.PROTECT, related_name="virements")
    effective_on = models.DateField()
    reason = models.TextField()

    def __str__(self) -> str:
        return f"virement {self.key}"


class VirementMove(models.Model):
    """What a virement gives a budget line (plus) or takes from it (minus)."""

    id = models.BigAutoField(primary_key=True)
    virement = models.ForeignKey(Virement, on_delete=models.PROTECT, related_name="moves")
    budget_line = models.ForeignKey(BudgetLine, on_delete=models.PROTECT, related_name="moves")
    pence = models.BigIntegerField()

    def __str__(self) -> str:
        return f"move {self.pk}"


class AuthorityUse(models.Model):
    """What was done under an authority, or given back to it (below 0); words as `authority.plain` leaves them."""

    id = models.BigAutoField(primary_key=True)
    authority = models.ForeignKey(Authority, on_delete=models.PROTECT, related_name="uses")
    act = models.TextField()
    pence = models.BigIntegerField()
    party = models.TextField(blank=True)
    purpose = models.TextField(blank=True)
    year = models.TextField()
    transaction = models.ForeignKey(Transaction, on_delete=models.PROTECT, null=True, related_name="uses")
    virement = models.ForeignKey(Virement, on_delete=models.PROTECT, null=True, related_name="uses")

    class Meta:
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["party", "purpose", "year"], name="money_authorityuse_purchase"),
        ]

    def __str__(self) -> str:
        return f"use {self.pk}"


class PeriodClose(Grown):
    """From now on nothing of before `closed_until` is posted to a fund."""

    id = models.BigAutoField(primary_key=True)
    fund = models.ForeignKey(Fund, on_delete=models.PROTECT, related_name="closes")
    closed_until = models.DateField()
    reason = models.TextField()

    def __str__(self) -> str:
        return f"close {self.pk}"


class PartnerAccount(Grown):
    """One of a partner's accounts is this one of the pot ("": is outside it). The newest row counts."""

    id = models.BigAutoField(primary_key=True)
    body = models.TextField()
    partner_account = models.TextField()
    account = models.TextField(blank=True)
    fund = models.ForeignKey(Fund, on_delete=models.PROTECT, null=True)
    budget_line = models.ForeignKey(BudgetLine, on_delete=models.PROTECT, null=True)

    class Meta:
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["body", "partner_account", "-id"], name="money_partneraccount_newest"),
        ]

    def __str__(self) -> str:
        return f"partner account {self.pk}"


class TrialBalance(Grown):
    """A partner's trial balance of a month as its finance system exported it; one replaces another with a reason."""

    id = models.BigAutoField(primary_key=True)
    body = models.TextField()
    month = models.DateField()
    file = models.TextField()
    digest = models.TextField()  # SHA-256 of the file
    replaces = models.OneToOneField("self", on_delete=models.PROTECT, null=True)
    reason = models.TextField(blank=True)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["body", "month"], condition=models.Q(replaces=None), name="money_trialbalance_once"
            ),
        ]

    def __str__(self) -> str:
        return f"trial balance {self.pk}"


class TrialBalanceLine(models.Model):
    """One account of a partner's trial balance."""

    id = models.BigAutoField(primary_key=True)
    trial_balance = models.ForeignKey(TrialBalance, on_delete=models.PROTECT, related_name="lines")
    row = models.IntegerField()
    account = models.TextField()
    name = models.TextField(blank=True)
    debit_pence = models.BigIntegerField()
    credit_pence = models.BigIntegerField()

    def __str__(self) -> str:
        return f"trial balance line {self.pk}"
