"""Payments that everybody may see: each over £25,000, by month and supplier, as the ledger holds them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from joinedup.money import models
from joinedup.money.ledger.double_entry import CASH

LIMIT_PENCE = 2_500_000
MOST = 5_000


@dataclass(frozen=True, slots=True)
class OpenPayment:
    """A payment: when, to whom, what for, how much, in which fund, and the contract it was made under ("": none)."""

    on: date
    supplier: str
    purpose: str
    pence: int
    fund: str
    contract: str


def open_payments(limit: int = LIMIT_PENCE) -> list[OpenPayment]:
    """Answer the payments above a limit in pence that were not reversed, the newest first."""
    rows = (
        models.Line.objects.filter(
            account=CASH, amount_pence__lt=-limit, transaction__kind="payment", transaction__reversal=None
        )
        .select_related("transaction__commitment", "fund")
        .order_by("-effective_on", "-transaction_id")[:MOST]
    )
    return [
        OpenPayment(
            one.effective_on, one.transaction.party, one.transaction.purpose, -one.amount_pence, one.fund.name,
            one.transaction.commitment.contract if one.transaction.commitment else "",
        )
        for one in rows
    ]  # fmt: skip
