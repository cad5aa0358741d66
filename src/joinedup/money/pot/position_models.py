"""The tables behind the system's position: partners' own accounts, whose Better Care Fund a fund is, what bodies say.

They only grow (triggers of migration 0003): the newest row of a key counts.
"""

from __future__ import annotations

from typing import ClassVar

from django.db import models


class StatementAccount(models.Model):
    """What one of a partner's own accounts is: a key of own_accounts.STATEMENT_KINDS, and with whom, by code ("")."""

    id = models.BigAutoField(primary_key=True)
    body = models.TextField()
    partner_account = models.TextField()
    kind = models.TextField()
    counterparty = models.TextField(blank=True)
    by = models.TextField()
    at = models.DateTimeField()

    class Meta:
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["body", "partner_account", "-id"], name="money_statementaccount_newest"),
        ]

    def __str__(self) -> str:
        return f"statement account {self.pk}"


class BoardFund(models.Model):
    """That a fund is the Better Care Fund of a health and wellbeing board in a year, and what is required of it.

    Pence; None where nobody has said it. The ICB's minimum is published, or follows from last year's.
    """

    id = models.BigAutoField(primary_key=True)
    fund = models.ForeignKey("money.Fund", on_delete=models.PROTECT, related_name="boards")
    board = models.TextField()
    year = models.TextField()
    icb_minimum_pence = models.BigIntegerField(null=True)
    last_year_minimum_pence = models.BigIntegerField(null=True)
    discharge_fund_pence = models.BigIntegerField(null=True)
    source = models.TextField()
    by = models.TextField()
    at = models.DateTimeField()

    class Meta:
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["year", "board", "-id"], name="money_boardfund_newest"),
        ]

    def __str__(self) -> str:
        return f"fund of a board {self.pk}"


class SaidBetween(models.Model):
    """What one body says that a payer paid a payee in a month, in pence, as it agreed balances with the others."""

    id = models.BigAutoField(primary_key=True)
    body = models.TextField()  # who says it: the payer or the payee
    month = models.DateField()
    payer = models.TextField()
    payee = models.TextField()
    pence = models.BigIntegerField()
    file = models.TextField()
    digest = models.TextField()  # SHA-256 of the file
    by = models.TextField()
    at = models.DateTimeField()

    class Meta:
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["month", "body", "payer", "payee", "-id"], name="money_saidbetween_newest"),
        ]

    def __str__(self) -> str:
        return f"said between bodies {self.pk}"


class LineForecast(models.Model):
    """What somebody reports that a budget line will have spent by the end of its year, by a method, and why (MB8)."""

    id = models.BigAutoField(primary_key=True)
    budget_line = models.ForeignKey("money.BudgetLine", on_delete=models.PROTECT, related_name="forecasts")
    month = models.SmallIntegerField()  # of the financial year: 1 is April
    method = models.TextField()  # of outturn.METHODS
    budget_pence = models.BigIntegerField()
    outturn_pence = models.BigIntegerField()
    reason = models.TextField(blank=True)
    by = models.TextField()
    at = models.DateTimeField()

    class Meta:
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["budget_line", "-id"], name="money_lineforecast_newest"),
        ]

    def __str__(self) -> str:
        return f"forecast {self.pk}"
