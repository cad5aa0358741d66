"""Spending: commit, top up, invoice, accrue, pay, release, and roll what is left into the next year (rule MB6).

An invoice stands on its commitment and the commitment on its authority, so that each pound of spend leads to a
decision. Each act has a `key` of whoever does it: the same key twice is one act.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from django.db import transaction

from joinedup.access import record
from joinedup.errors import RuleError
from joinedup.money import models
from joinedup.money.ledger import entries
from joinedup.money.ledger.double_entry import LedgerRow, Transaction
from joinedup.money.ledger.entries import Books
from joinedup.money.ledger.posting import Posting, lock, must_say_why, post_all, reverse
from joinedup.money.ledger.reading import budget_line_of, commitment_standing, owed_to
from joinedup.money.pot import authority
from joinedup.planning import year_days

if TYPE_CHECKING:
    from joinedup.access import Grant

POST, PAY = "money.post", "money.pay"


class NotOwed(RuleError):
    """More would be paid to a supplier than it is owed."""


def commit(
    grant: Grant,
    pence: int,
    *,
    key: str,
    budget_line: str,
    supplier: str,
    purpose: str,
    authority_id: str,
    on: date,
    contract: str = "",
    description: str = "",
) -> LedgerRow:
    """Promise money of a budget line to a supplier, under an authority; `key` is the commitment's name from then on.

    Raises NoAuthority, OverAuthority, OverBudget.
    """
    grant.must_be_for(POST)
    if not supplier.strip() or not purpose.strip():
        raise RuleError("MB5: a commitment names its supplier and what it is for; limits are held against both.")
    line = budget_line_of(budget_line)
    made = entries.commit(
        key, on, Books(line.body, line.fund, line.code), pence, commitment=key, supplier=supplier, purpose=purpose,
        description=description,
    )  # fmt: skip
    return _committed(grant, made, line.code, authority_id, contract)


def top_up(grant: Grant, commitment: str, pence: int, *, key: str, authority_id: str, on: date) -> LedgerRow:
    """Promise more under an open commitment, under an authority of its own or the same one."""
    grant.must_be_for(POST)
    bound, books = _of(commitment)
    more = entries.commit(key, on, books, pence, commitment=commitment, supplier=bound.supplier, purpose=bound.purpose)
    return post_all(grant, [Posting(more, authority_id)])[0]


def invoice(grant: Grant, commitment: str, pence: int, *, key: str, on: date, description: str = "") -> LedgerRow:
    """Post a supplier's invoice against its commitment; OverCommitted above what is open of it."""
    grant.must_be_for(POST)
    bound, books = _of(commitment)
    came = entries.invoice(
        key, on, books, pence, commitment=commitment, supplier=bound.supplier, description=description
    )
    return post_all(grant, [Posting(came)])[0]


def accrue(grant: Grant, commitment: str, pence: int, *, key: str, on: date) -> LedgerRow:
    """Post spend of a period for which no invoice came; `reverse_accruals` undoes it when the next begins."""
    grant.must_be_for(POST)
    bound, books = _of(commitment)
    owed = entries.accrue(key, on, books, pence, commitment=commitment, supplier=bound.supplier)
    return post_all(grant, [Posting(owed)])[0]


def reverse_accruals(grant: Grant, fund: str, on: date) -> list[LedgerRow]:
    """Undo, on the first day of a period, every accrual of a fund that is of before that day and still stands."""
    grant.must_be_for(POST)
    keys = (
        models.Transaction.objects.filter(kind="accrual", lines__fund=fund, effective_on__lt=on, reversal=None)
        .order_by("pk").distinct().values_list("key", flat=True)
    )  # fmt: skip
    with transaction.atomic():
        lock([fund], [], [])
        return [reverse(grant, key, on, "accrual of the period before") for key in keys]


def pay(grant: Grant, commitment: str, pence: int, *, key: str, on: date) -> LedgerRow:
    """Pay a supplier what it is owed under a commitment's line; NotOwed for more than all it is owed in that fund."""
    grant.must_be_for(PAY)
    bound, books = _of(commitment)
    paid = entries.pay(key, on, books, pence, supplier=bound.supplier, commitment=commitment)
    with transaction.atomic():
        lock([books.fund], [], [])
        owed = owed_to(bound.supplier, fund=books.fund, body=books.body)
        if pence > owed and not models.Transaction.objects.filter(key=key).exists():
            raise NotOwed(
                f"MB6: {bound.supplier} is owed {owed} p in {books.fund} and would be paid {pence} p. Post its invoice "
                "first."
            )
        return post_all(grant, [Posting(paid)])[0]


def release(grant: Grant, commitment: str, *, key: str, on: date, reason: str) -> LedgerRow:
    """Let go of all that is open of a commitment: it goes back to its budget line and its authority."""
    grant.must_be_for(POST)
    said = must_say_why(reason)
    _, books = _of(commitment)
    with transaction.atomic():
        lock([books.fund], [], [])
        if (kept := models.Transaction.objects.filter(key=key).first()) is not None:
            left = sum(line.amount_pence for line in kept.lines.all() if line.amount_pence > 0)
        else:
            left = commitment_standing(commitment).open
        gone = entries.release(key, on, books, left, commitment=commitment, description=said)
        return post_all(grant, [Posting(gone)])[0]


def roll_over(
    grant: Grant, commitment: str, *, to_line: str, authority_id: str, year: str, reason: str
) -> tuple[LedgerRow, LedgerRow]:
    """Roll what is open at the end of a financial year into the next: released on 31 March, committed on 1 April.

    The new commitment is named after the old one and the new year, and needs an authority that holds then. To let it
    lapse instead, `release` it: whoever decides records which of the two, and why.
    """
    grant.must_be_for(POST)
    said = must_say_why(reason)
    bound, books = _of(commitment)
    line = budget_line_of(to_line)
    begins = year_days(year)[0]
    if line.year != year:
        raise RuleError(f"MB6: budget line {line.code} is of {line.year}, not of {year}.")
    with transaction.atomic():
        lock([books.fund, line.fund], [authority_id, bound.authority_id], [(bound.supplier, bound.purpose)])
        left = commitment_standing(commitment).open
        last_day = date(begins.year, 3, 31)
        gone = entries.release(f"{commitment}-rolled", last_day, books, left, commitment=commitment, description=said)
        (released,) = post_all(grant, [Posting(gone)])
        name = f"{commitment} {year}"
        again = entries.commit(
            name, begins, Books(line.body, line.fund, line.code), left, commitment=name, supplier=bound.supplier,
            purpose=bound.purpose, description=said,
        )  # fmt: skip
        return released, _committed(grant, again, line.code, authority_id, bound.contract, rolled_from=commitment)


def _committed(
    grant: Grant, made: Transaction, line: str, authority_id: str, contract: str, *, rolled_from: str = ""
) -> LedgerRow:
    if not authority_id:
        # Said by the rule itself, in its own words.
        asked = authority.Asked("commitment", made.lines[0].amount_pence, made.effective_on, made.funds[0])
        authority.check_authority(asked, None, [], today=made.effective_on)
    given = {"budget_line_id": line, "supplier": made.party, "purpose": made.purpose, "authority_id": authority_id,
             "contract": contract, "rolled_from_id": rolled_from or None}  # fmt: skip
    with transaction.atomic():
        lock(made.funds, [authority_id], [(made.party, made.purpose)])
        kept, is_new = models.Commitment.objects.get_or_create(
            code=made.key, defaults=given | {"by": grant.actor_id, "at": datetime.now(UTC)}
        )
        if not is_new and any(getattr(kept, name) != value for name, value in given.items()):
            raise RuleError(f"MB6: there is a commitment '{made.key}' already, and it says something else.")
        if is_new:
            details = {"budget_line": line, "contract": contract, "rolled_from": rolled_from}
            record(grant, "money.commit", f"commitment:{made.key}", details=details)
        return post_all(grant, [Posting(replace(made, commitment=made.key), authority_id)])[0]


def _of(commitment: str) -> tuple[models.Commitment, Books]:
    commitment_standing(commitment)  # says which is near when there is none
    bound = models.Commitment.objects.select_related("budget_line").get(pk=commitment)
    return bound, Books(bound.budget_line.body, bound.budget_line.fund_id, bound.budget_line_id)
