"""The acts around a partner's trial balance: say which of its accounts are the pot's, import a month, reconcile it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from hashlib import sha256
from typing import TYPE_CHECKING

from django.db import connection, transaction

from joinedup.access import record
from joinedup.errors import NotFound
from joinedup.money import models
from joinedup.money.ledger.double_entry import SPEND, account
from joinedup.money.ledger.posting import must_be_theirs, must_say_why
from joinedup.money.ledger.reading import budget_line_of, fund_of
from joinedup.money.ledger.trial_balances import (
    PartnerAccount,
    Reconciliation,
    TrialBalanceLine,
    check_months,
    parse_trial_balance,
    reconcile,
)

if TYPE_CHECKING:
    from joinedup.access import Grant

POST = "money.post"


@dataclass(frozen=True, slots=True)
class Imported:
    """An import: its number, how many accounts it had, and how it compares with the pot."""

    number: int
    accounts: int
    reconciliation: Reconciliation


def name_accounts(grant: Grant, body: str, accounts: Iterable[PartnerAccount]) -> int:
    """Say which accounts of a partner's own chart are which of the pot's; answers how many rows are new."""
    grant.must_be_for(POST)
    must_be_theirs(grant, [body])
    with transaction.atomic():
        known = {one.partner_account: one for one in accounts_of(body)}
        new = [one for one in accounts if known.get(one.partner_account) != one]
        for one in new:
            fund_of(one.fund)
            if one.budget_line:
                budget_line_of(one.budget_line)
        models.PartnerAccount.objects.bulk_create(
            models.PartnerAccount(
                body=body, partner_account=one.partner_account, account=one.account, fund_id=one.fund,
                budget_line_id=one.budget_line or None, by=grant.actor_id, at=datetime.now(UTC),
            )
            for one in new
        )  # fmt: skip
        if new:
            record(grant, "money.name-accounts", f"partner:{body}", details={"accounts": len(new)})
    return len(new)


def accounts_of(body: str) -> list[PartnerAccount]:
    """Answer which of a partner's accounts are the pot's, as last said."""
    return accounts_of_each([body])[body]


def accounts_of_each(bodies: Iterable[str]) -> dict[str, list[PartnerAccount]]:
    """Answer what `accounts_of` answers for each of these partners, by its code."""
    found: dict[str, list[PartnerAccount]] = {body: [] for body in bodies}
    rows = models.PartnerAccount.objects.filter(body__in=found).order_by("body", "partner_account", "-pk")
    for one in rows.distinct("body", "partner_account"):
        if one.account:
            found[one.body].append(
                PartnerAccount(one.partner_account, one.account, one.fund_id, one.budget_line_id or "")
            )
    return found


def import_trial_balance(
    grant: Grant, body: str, month: date, file: str, content: bytes, *, replace_because: str = ""
) -> Imported:
    """Take in a partner's trial balance of a month and reconcile it with the pot; all of it or nothing.

    `month` is its first day. TrialBalanceError names every cell that cannot be, RuleError a month that is here already
    (the same bytes again change nothing); with `replace_because`, this one takes the place of the one that is here.
    """
    grant.must_be_for(POST)
    must_be_theirs(grant, [body])
    lines = parse_trial_balance(file, content, month)
    digest = sha256(content).hexdigest()
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"trial balance {body}"])
        held = _newest(body, month)
        if held is not None and held.digest == digest:
            return Imported(held.pk, len(lines), _reconciled(body, month, lines))
        reason = ""
        if held is not None:
            if not replace_because.strip():
                check_months(month, [month], partner=body)
            reason = must_say_why(replace_because)
        kept = models.TrialBalance.objects.create(
            body=body, month=month, file=file, digest=digest, replaces=held, reason=reason, by=grant.actor_id,
            at=datetime.now(UTC),
        )  # fmt: skip
        models.TrialBalanceLine.objects.bulk_create(
            models.TrialBalanceLine(
                trial_balance=kept, row=line.row, account=line.account, name=line.name, debit_pence=line.debit_pence,
                credit_pence=line.credit_pence,
            )
            for line in lines
        )  # fmt: skip
        found = _reconciled(body, month, lines)
        details = {"month": str(month), "digest": digest, "accounts": len(lines), "differences": len(found.differences)}
        record(grant, "money.import-trial-balance", f"partner:{body}", details=details)
    return Imported(kept.pk, len(lines), found)


def reconciliation(body: str, month: date) -> Reconciliation:
    """Compare a partner's newest trial balance of a month with the pot as it stands now; NotFound without one."""
    held = _newest(body, month)
    if held is None:
        raise NotFound(f"There is no trial balance of {body} for {month:%B %Y}. Import it first.")
    lines = [
        TrialBalanceLine(one.account, one.name, one.debit_pence, one.credit_pence, one.row)
        for one in held.lines.order_by("row")
    ]
    return _reconciled(body, month, lines)


def _newest(body: str, month: date) -> models.TrialBalance | None:
    return models.TrialBalance.objects.filter(body=body, month=month).order_by("-pk").first()


def _reconciled(body: str, month: date, lines: list[TrialBalanceLine]) -> Reconciliation:
    return reconcile(lines, accounts_of(body), _in_the_pot(body, month))


def _in_the_pot(body: str, month: date) -> dict[tuple[str, str, str], int]:
    """Answer what stands in one body's books at the end of a month; memorandum accounts are the pot's own.

    The balance sheet and income stand for the fund as a whole, spend for its budget line, as partners' accounts do.
    """
    after = date(month.year + month.month // 12, month.month % 12 + 1, 1)
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT account, fund_id, CASE WHEN account = ANY(%s) THEN coalesce(budget_line_id, '') ELSE '' END AS b,
                      sum(amount_pence)::bigint
                 FROM money_line WHERE body = %s AND effective_on < %s
                GROUP BY account, fund_id, b HAVING sum(amount_pence) <> 0""",
            [[SPEND], body, after],
        )
        rows = cursor.fetchall()
    return {(code, fund, line): pence for code, fund, line, pence in rows if account(code).kind != "memorandum"}
