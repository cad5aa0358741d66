"""Funds: whose money may lie together, under which agreement, from when to when (rule MB1).

Money of the NHS and of a local authority lies in one fund only under an agreement (section 75 of the NHS Act 2006), and
only while that lasts. Aligned money is reported together and never merged: each partner's stays in its own books.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Final

from joinedup.errors import RuleError, did_you_mean
from joinedup.money.ledger.double_entry import Transaction

FUND_KINDS: Final = MappingProxyType(
    {
        "single_pot": "Single pot",
        "section_75": "Pooled under section 75",
        "aligned": "Aligned: reported together, not merged",
    }
)
SECTORS: Final = MappingProxyType({"nhs": "NHS", "la": "Local authority", "other": "Other"})


class NoAgreement(RuleError):
    """Money would be pooled without an agreement, or outside its dates."""


class AlignedMoney(RuleError):
    """A transaction would move aligned money between the ledgers of partners."""


@dataclass(frozen=True, slots=True)
class Fund:
    """Money that is held or reported together; the days are [valid_from, valid_to).

    `host` is the body in whose books a pooled fund lies; `agreement` the reference of the section 75 agreement.
    """

    code: str
    name: str
    kind: str
    host: str
    valid_from: date
    valid_to: date
    agreement: str = ""

    def __post_init__(self) -> None:
        if self.kind not in FUND_KINDS:
            raise RuleError(
                f"MB1: '{self.kind}' is no kind of fund; expected {', '.join(FUND_KINDS)}."
                f"{did_you_mean(self.kind, FUND_KINDS)}"
            )
        if self.kind == "section_75" and not self.agreement:
            raise NoAgreement(f"MB1: fund {self.code} is pooled under section 75 and names no agreement.")
        if self.valid_to <= self.valid_from:
            raise RuleError(f"MB1: fund {self.code} would end on {self.valid_to}, not after it begins.")


@dataclass(frozen=True, slots=True)
class Contribution:
    """What one partner puts into a fund for the days [valid_from, valid_to); `sector` is nhs, la or other."""

    fund: str
    partner: str
    sector: str
    amount_pence: int
    valid_from: date
    valid_to: date
    ring_fence: str = ""

    def __post_init__(self) -> None:
        if self.sector not in SECTORS:
            raise RuleError(f"MB1: '{self.sector}' is no sector of a partner; expected {', '.join(SECTORS)}.")
        if isinstance(self.amount_pence, bool) or not isinstance(self.amount_pence, int) or self.amount_pence <= 0:
            raise RuleError(f"M0.1: a contribution of {self.amount_pence!r}; expected whole pence above 0.")
        if self.valid_to <= self.valid_from:
            raise RuleError(f"MB1: the contribution of {self.partner} would end before it begins.")


def check_posting(fund: Fund, transaction: Transaction) -> None:
    """Raise NoAgreement or AlignedMoney unless this transaction may be posted into this fund."""
    if not fund.valid_from <= transaction.effective_on < fund.valid_to:
        bound = f"agreement {fund.agreement}" if fund.agreement else "the fund"
        raise NoAgreement(
            f"MB1: {bound} of {fund.code} holds from {fund.valid_from} up to {fund.valid_to}; transaction "
            f"{transaction.key} is of {transaction.effective_on}. Nothing was posted."
        )
    if fund.kind == "aligned" and len(transaction.bodies) > 1:
        raise AlignedMoney(
            f"MB1: {fund.code} is aligned money and transaction {transaction.key} is in the books of "
            f"{' and '.join(transaction.bodies)}; it stays in one partner's. Pool it under an agreement first."
        )
    strangers = sorted({line.body for line in transaction.lines if line.fund == fund.code} - {fund.host})
    if fund.kind != "aligned" and strangers:
        raise NoAgreement(
            f"MB1: the books of {fund.code} are kept by its host {fund.host}; transaction {transaction.key} is in "
            f"those of {', '.join(strangers)}. Post it there, or have the agreement name another host."
        )


def check_contribution(fund: Fund, contribution: Contribution, others: Iterable[Contribution]) -> None:
    """Raise NoAgreement when NHS and local authority money would lie in one fund that has no agreement."""
    sectors = {contribution.sector} | {one.sector for one in others if one.fund == fund.code}
    if fund.kind != "aligned" and not fund.agreement and {"nhs", "la"} <= sectors:
        raise NoAgreement(
            f"MB1: {fund.code} has no agreement, and money of the NHS and of a local authority may be pooled only "
            "under one (section 75 of the NHS Act 2006). Make the agreement, or align the money."
        )
    if contribution.valid_from < fund.valid_from or contribution.valid_to > fund.valid_to:
        raise NoAgreement(
            f"MB1: the contribution of {contribution.partner} is for {contribution.valid_from} up to "
            f"{contribution.valid_to}; {fund.code} holds from {fund.valid_from} up to {fund.valid_to}."
        )
