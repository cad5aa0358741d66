"""What a partner's own accounts are: income, spend or neither, and with which body of the system.

A partner's trial balance names its accounts in its own way. Which of them are the pot's stands in
`importing_trial_balances`; of the rest somebody says here what they are, so that the partner's position can be read
from its trial balance (rules MB11, MB12). Nothing is guessed from the names of accounts.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from django.db import transaction

from joinedup.access import record
from joinedup.errors import FileError, RuleError, did_you_mean
from joinedup.money import models
from joinedup.money.ledger.double_entry import account
from joinedup.money.ledger.importing_trial_balances import accounts_of_each
from joinedup.money.ledger.posting import must_be_theirs

if TYPE_CHECKING:
    from joinedup.access import Grant

POST: Final = "money.post"
STATEMENT_KINDS: Final = MappingProxyType(
    {
        "income": "Income",
        "spend": "Spend",
        "adjustment": "Income or spend that does not count for the control total",
        "balance": "Of the balance sheet",
    }
)
COLUMNS: Final = ("partner_account", "kind", "counterparty")


@dataclass(frozen=True, slots=True)
class OwnAccount:
    """One of a partner's own accounts: what it is, and with which body by code, "" for all others together."""

    partner_account: str
    kind: str
    counterparty: str = ""

    def __post_init__(self) -> None:
        if not self.partner_account.strip():
            raise RuleError("MB11: an account needs its code, as the partner's trial balance has it.")
        if self.kind not in STATEMENT_KINDS:
            raise RuleError(
                f"MB11: account {self.partner_account} is '{self.kind}'; expected {', '.join(STATEMENT_KINDS)}."
                f"{did_you_mean(self.kind, STATEMENT_KINDS)}"
            )


def read_own_accounts(path: Path) -> list[OwnAccount]:
    """Read a CSV of partner_account, kind, counterparty; FileError names the first row that cannot be."""
    try:
        rows = list(csv.DictReader(path.read_text(encoding="utf-8-sig").splitlines()))
    except (OSError, UnicodeDecodeError, csv.Error):
        raise FileError(path.name, "the file cannot be read", "Give a CSV file, UTF-8.") from None
    found: dict[str, OwnAccount] = {}
    for number, row in enumerate(rows, start=2):
        missing = [name for name in COLUMNS[:2] if not (row.get(name) or "").strip()]
        if missing:
            raise FileError(path.name, f"expected {', '.join(COLUMNS)}", "Add it.", line=number, field=missing[0])
        try:
            one = OwnAccount(*((row.get(name) or "").strip() for name in COLUMNS))
        except RuleError as error:
            raise FileError(path.name, str(error), "Correct it.", line=number, field="kind") from None
        if one.partner_account in found:
            raise FileError(path.name, "the account is there twice", "Leave one.", line=number, field="partner_account")
        found[one.partner_account] = one
    if not found:
        raise FileError(path.name, "expected at least one account", f"Its columns are {', '.join(COLUMNS)}.")
    return list(found.values())


def name_own_accounts(grant: Grant, body: str, accounts: Iterable[OwnAccount]) -> int:
    """Say what a partner's own accounts are; answers how many rows are new. The same again changes nothing."""
    grant.must_be_for(POST)
    must_be_theirs(grant, [body])
    with transaction.atomic():
        known = own_accounts_of(body)
        new = [one for one in accounts if known.get(one.partner_account) != one]
        at = datetime.now(UTC)
        models.StatementAccount.objects.bulk_create(
            models.StatementAccount(
                body=body, partner_account=one.partner_account, kind=one.kind, counterparty=one.counterparty,
                by=grant.actor_id, at=at,
            )
            for one in new
        )  # fmt: skip
        if new:
            record(grant, "money.name-own-accounts", f"partner:{body}", details={"accounts": len(new)})
    return len(new)


def own_accounts_of(body: str) -> dict[str, OwnAccount]:
    """Answer what is said of a partner's own accounts, by their codes, as last said."""
    return _own_accounts([body])[body]


def kinds_of(bodies: Iterable[str]) -> dict[str, dict[str, OwnAccount]]:
    """Answer by partner what each of its accounts is that somebody has named: its own, and those that are the pot's."""
    own = _own_accounts(bodies)
    found: dict[str, dict[str, OwnAccount]] = {}
    for body, accounts in accounts_of_each(own).items():
        kinds = {one.partner_account: account(one.account).kind for one in accounts}
        found[body] = {
            code: OwnAccount(code, kind if kind in ("income", "spend") else "balance") for code, kind in kinds.items()
        } | own[body]
    return found


def _own_accounts(bodies: Iterable[str]) -> dict[str, dict[str, OwnAccount]]:
    found: dict[str, dict[str, OwnAccount]] = {body: {} for body in bodies}
    rows = models.StatementAccount.objects.filter(body__in=found).order_by("body", "partner_account", "-pk")
    for one in rows.distinct("body", "partner_account"):
        found[one.body][one.partner_account] = OwnAccount(one.partner_account, one.kind, one.counterparty)
    return found
