"""The transactions of the pot, each as its rule says which accounts it debits and credits (rule MB3).

Amounts are pence above 0. Each makes a `Transaction`; nothing is posted here.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from joinedup.errors import RuleError
from joinedup.money.ledger.double_entry import (
    ACCRUALS,
    CASH,
    COMMITTED,
    COMMITTED_CONTRA,
    CONTRIBUTIONS,
    CREDITOR,
    DEBTOR,
    RISK_SHARE,
    SPEND,
    Line,
    Transaction,
)


@dataclass(frozen=True, slots=True)
class Books:
    """Whose books a transaction is in: the body that keeps them, the fund, and the budget line ("" for none)."""

    body: str
    fund: str
    budget_line: str = ""

    def pair(self, debit: str, credit: str, pence: int) -> tuple[Line, Line]:
        """Answer a debit and a credit of the same pence, in these books."""
        if isinstance(pence, bool) or not isinstance(pence, int) or pence <= 0:
            raise RuleError(f"MB3: {pence!r} p cannot be posted; expected whole pence above 0.")
        return (
            Line(debit, self.body, self.fund, pence, self.budget_line),
            Line(credit, self.body, self.fund, -pence, self.budget_line),
        )


def contribution_due(key: str, on: date, books: Books, partner: str, pence: int, **more: str) -> Transaction:
    """A partner owes its contribution from this day."""
    lines = books.pair(DEBTOR, CONTRIBUTIONS, pence)
    return Transaction(key, "contribution", on, lines, party=partner, **{"purpose": "contribution"} | more)


def contribution_received(key: str, on: date, books: Books, partner: str, pence: int, **more: str) -> Transaction:
    """Cash of a contribution came in."""
    return Transaction(key, "receipt", on, books.pair(CASH, DEBTOR, pence), party=partner, **more)


def risk_share_call(key: str, on: date, books: Books, partner: str, pence: int, **more: str) -> Transaction:
    """A partner owes its part of an overspend."""
    lines = books.pair(DEBTOR, RISK_SHARE, pence)
    return Transaction(key, "risk_share", on, lines, party=partner, **{"purpose": "risk share"} | more)


def commit(
    key: str, on: date, books: Books, pence: int, *, commitment: str, supplier: str, purpose: str, **more: str
) -> Transaction:
    """Money of a budget line is promised to a supplier; with the name of an open commitment, it is topped up."""
    lines = books.pair(COMMITTED, COMMITTED_CONTRA, pence)
    return Transaction(key, "commitment", on, lines, party=supplier, purpose=purpose, commitment=commitment, **more)


def release(key: str, on: date, books: Books, pence: int, *, commitment: str, **more: str) -> Transaction:
    """What is left of a commitment will not be spent."""
    lines = books.pair(COMMITTED_CONTRA, COMMITTED, pence)
    return Transaction(key, "release", on, lines, commitment=commitment, **more)


def invoice(
    key: str, on: date, books: Books, pence: int, *, commitment: str, supplier: str, **more: str
) -> Transaction:
    """An invoice against a commitment: spend that is owed, and as much less committed."""
    lines = books.pair(SPEND, CREDITOR, pence) + books.pair(COMMITTED_CONTRA, COMMITTED, pence)
    return Transaction(key, "invoice", on, lines, party=supplier, commitment=commitment, **more)


def pay(key: str, on: date, books: Books, pence: int, *, supplier: str, **more: str) -> Transaction:
    """Cash for what is owed to a supplier."""
    return Transaction(key, "payment", on, books.pair(CREDITOR, CASH, pence), party=supplier, **more)


def accrue(key: str, on: date, books: Books, pence: int, *, commitment: str, supplier: str, **more: str) -> Transaction:
    """Spend that belongs to this period though no invoice came; reverse it on the first day of the next."""
    lines = books.pair(SPEND, ACCRUALS, pence) + books.pair(COMMITTED_CONTRA, COMMITTED, pence)
    return Transaction(key, "accrual", on, lines, party=supplier, commitment=commitment, **more)
