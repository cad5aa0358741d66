"""Double entry: what a transaction is, when it balances, what it needs leave for, and what accounts stand at.

The rules are those of the rule book, MB3: two lines or more, debit plus and credit minus, which sum to nothing in each
fund and in each body's books. Nothing is edited; a correction is a reversal and a new transaction. Every question is
asked with two times: `effective_to`, the last day that counts, and `known_at`, what had been recorded by then.

A commitment stands in two memorandum accounts, so that an invoice against it, which turns the commitment into spend,
uses nothing of its budget line that was not used already. What a transaction needs an authority for is read from its
lines and never from what it calls itself.
"""

from __future__ import annotations

import json
import tomllib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any, Final, Literal

from joinedup.errors import NotFound, RuleError, did_you_mean

CASH, DEBTOR, CREDITOR, ACCRUALS, BROUGHT_FORWARD = "1000", "1100", "2000", "2100", "3000"
CONTRIBUTIONS, RISK_SHARE, SPEND, COMMITTED, COMMITTED_CONTRA = "4000", "4100", "5000", "9000", "9100"

KINDS: Final = MappingProxyType(
    {
        "contribution": "Contribution due",
        "receipt": "Contribution received",
        "commitment": "Commitment",
        "release": "Commitment released",
        "invoice": "Invoice",
        "payment": "Payment",
        "accrual": "Accrual",
        "risk_share": "Call under the risk share",
        "journal": "Journal",
        "reversal": "Reversal",
        "correction": "Correction",
    }
)
"""What a transaction calls itself, for people; no rule asks it."""

ACCOUNT_KINDS: Final = ("asset", "liability", "income", "spend", "reserve", "memorandum")
GATES: Final = ("", "use", "contribution", "risk_share")
By = Literal["account", "body", "fund", "budget_line"]


class LedgerImbalance(RuleError):
    """The lines of a transaction do not sum to nothing in each fund and in each body's books."""


class PeriodClosed(RuleError):
    """The day of the posting lies in a period that was closed."""


@dataclass(frozen=True, slots=True)
class Account:
    """An account of the chart; `gate` says what a posting to it needs an authority for, "" for nothing."""

    code: str
    name: str
    kind: str
    gate: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """One line: pence in an account of one body's books in one fund, debit plus and credit minus, never 0."""

    account: str
    body: str
    fund: str
    amount_pence: int
    budget_line: str = ""


@dataclass(frozen=True, slots=True)
class Transaction:
    """What happened on a day, as lines that balance.

    `key` is whoever posts it its own mark: the same key twice is one transaction. `party` is the supplier or the
    partner on the other side and `purpose` what the money is for (together they are what a limit is held against over
    a year); `commitment` names the commitment that is made, topped up, invoiced or released; `plan_line` is the id of
    the plan line that this serves, `reverses` the key of the transaction that this one undoes.
    """

    key: str
    kind: str
    effective_on: date
    lines: tuple[Line, ...]
    description: str = ""
    party: str = ""
    purpose: str = ""
    commitment: str = ""
    plan_line: str = ""
    reverses: str = ""

    @property
    def funds(self) -> tuple[str, ...]:
        """The funds that its lines touch, sorted."""
        return tuple(sorted({line.fund for line in self.lines}))

    @property
    def bodies(self) -> tuple[str, ...]:
        """The bodies in whose books its lines stand, sorted."""
        return tuple(sorted({line.body for line in self.lines}))


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """A transaction as it was recorded: its number, when, and the text that is sealed (rule MB14)."""

    seq: int
    transaction: Transaction
    recorded_at: datetime
    authority: str = ""


def read_accounts(data: Mapping[str, Any]) -> Mapping[str, Account]:
    """Make the chart of accounts from a parsed TOML file, by code; RuleError when it contradicts itself."""
    accounts: dict[str, Account] = {}
    for table in data.get("account", ()):
        account = Account(table["code"], table["name"], table["kind"], table.get("gate", ""))
        if account.code in accounts:
            raise RuleError(f"MB3: account {account.code} is in the chart twice; keep one.")
        if account.kind not in ACCOUNT_KINDS or account.gate not in GATES:
            raise RuleError(
                f"MB3: account {account.code} has kind '{account.kind}' and gate '{account.gate}'; expected one of "
                f"{', '.join(ACCOUNT_KINDS)} and none or one of {', '.join(GATES[1:])}."
            )
        accounts[account.code] = account
    return MappingProxyType(accounts)


@cache
def chart() -> Mapping[str, Account]:
    """Answer the chart of accounts that joinedup brings along, by code."""
    return read_accounts(
        tomllib.loads(files("joinedup.money.ledger").joinpath("accounts.toml").read_text(encoding="utf-8"))
    )


def account(code: str) -> Account:
    """Answer an account of the chart; NotFound, naming those there are."""
    accounts = chart()
    if code not in accounts:
        raise NotFound(f"MB3: there is no account '{code}' in the chart; expected one of {', '.join(accounts)}.")
    return accounts[code]


def check_transaction(transaction: Transaction) -> None:
    """Raise LedgerImbalance unless the lines balance in each fund and body; RuleError for a line that cannot be.

    A float is refused, also one that is whole: it would have been rounded before anybody saw it (rule M0.1).
    """
    named = transaction.key or "without a key"
    if not transaction.key.strip():
        raise RuleError("MB3: a transaction needs a key by which it is known.")
    if transaction.kind not in KINDS:
        raise RuleError(f"MB3: '{transaction.kind}' is no kind of transaction.{did_you_mean(transaction.kind, KINDS)}")
    if isinstance(transaction.effective_on, datetime):
        raise RuleError(f"MB3: transaction {named} needs the day on which it takes effect, not an instant.")
    if len(transaction.lines) < 2:
        raise LedgerImbalance(f"MB3: transaction {named} has {len(transaction.lines)} lines; double entry needs two.")
    for line in transaction.lines:
        account(line.account)
        if isinstance(line.amount_pence, bool) or not isinstance(line.amount_pence, int):
            raise RuleError(f"M0.1: a line of {named} has {line.amount_pence!r}; expected whole pence as an int.")
        if line.amount_pence == 0:
            raise RuleError(f"MB3: a line of {named} on account {line.account} moves nothing; leave it out.")
        if not line.body or not line.fund:
            raise RuleError(f"MB3: a line of {named} on account {line.account} names no body or no fund.")
        if account(line.account).gate == "use" and not line.budget_line:
            raise RuleError(f"MB4: a line of {named} on account {line.account} needs the budget line that it uses.")
    for what, key in (("fund", "fund"), ("body", "body")):
        for name, left in _sums(transaction.lines, key).items():
            if left:
                raise LedgerImbalance(
                    f"MB3: transaction {named} does not balance in {what} {name}: debits less credits are {left} p, "
                    "expected 0. Nothing was posted; correct the lines and post it again."
                )


def check_period(transaction: Transaction, closed_until: Mapping[str, date]) -> None:
    """Raise PeriodClosed when the day lies before the first open day of any of its funds (`closed_until` by fund)."""
    for fund in transaction.funds:
        until = closed_until.get(fund)
        if until is not None and transaction.effective_on < until:
            raise PeriodClosed(
                f"MB3: {fund} is closed up to {until}; transaction {transaction.key} is of {transaction.effective_on}. "
                f"Post it on {until} or later and say in its description which day it is about."
            )


def budget_use(transaction: Transaction) -> dict[str, int]:
    """Answer how many pence of each budget line it uses (spend and commitments, less what it gives back), by line.

    An invoice against a commitment uses 0: the commitment did already.
    """
    used: dict[str, int] = defaultdict(int)
    for line in transaction.lines:
        if account(line.account).gate == "use":
            used[line.budget_line] += line.amount_pence
    return dict(used)


def needs_authority(transaction: Transaction) -> dict[str, int]:
    """Answer the pence for which it needs an authority, by the kind of act: commitment, contribution, risk_share.

    Read from the lines. What it gives back (a release, a reversal) is below 0, what it leaves as it is does not appear.
    """
    # Giving back in one place pays for nothing in another: that would be a virement without an authority.
    places: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for line in transaction.lines:
        gate = account(line.account).gate
        if gate == "use":
            places["commitment"][line.budget_line] += line.amount_pence
        elif gate:
            places[gate][line.fund] -= line.amount_pence
    needed = {act: sum(p for p in found.values() if p > 0) or sum(found.values()) for act, found in places.items()}
    return {act: pence for act, pence in needed.items() if pence}


def reversal(transaction: Transaction, key: str, effective_on: date, description: str) -> Transaction:
    """Answer the transaction that undoes another on a day, which then stands in the ledger beside it."""
    return replace(
        transaction,
        key=key,
        kind="reversal",
        effective_on=effective_on,
        description=description,
        reverses=transaction.key,
        lines=tuple(replace(line, amount_pence=-line.amount_pence) for line in transaction.lines),
    )


def balances(
    rows: Iterable[LedgerRow],
    *,
    effective_to: date,
    known_at: datetime,
    fund: str | None = None,
    by: Sequence[By] = ("account",),
) -> dict[Any, int]:
    """Answer the pence at which accounts stand at the end of a day, by what was recorded up to an instant.

    Keys are codes of accounts, or tuples in the order of `by`; those at 0 are left out. The values sum to 0.
    """
    if known_at.tzinfo is None:
        raise RuleError("M0.3: known_at needs a time zone; give an aware datetime.")
    sums: dict[Any, int] = defaultdict(int)
    for row in rows:
        if row.transaction.effective_on > effective_to or row.recorded_at > known_at:
            continue
        for line in row.transaction.lines:
            if fund is None or line.fund == fund:
                key = tuple(getattr(line, name) for name in by)
                sums[key[0] if len(key) == 1 else key] += line.amount_pence
    return {key: pence for key, pence in sorted(sums.items()) if pence}


def said_for_sealing(transaction: Transaction, *, authority: str, recorded_at: datetime) -> dict[str, Any]:
    """Answer all that a posting says, as it is sealed and as it is compared with the kept lines."""
    said: dict[str, Any] = {
        "authority": authority,
        "effective": transaction.effective_on.isoformat(),
        "kind": transaction.kind,
        "lines": [
            [line.account, line.body, line.fund, line.budget_line, line.amount_pence] for line in transaction.lines
        ],
        "recorded": recorded_at.isoformat(),
        "txn": transaction.key,
    }
    for name in ("description", "party", "purpose", "commitment", "plan_line", "reverses"):
        if value := getattr(transaction, name):
            said[name] = value
    return said


def read_sealed(body: str) -> Transaction:
    """Answer the transaction that a sealed text is of."""
    said = json.loads(body)
    return Transaction(
        said["txn"],
        said["kind"],
        date.fromisoformat(said["effective"]),
        tuple(
            Line(account_code, of_body, fund, pence, budget_line)
            for account_code, of_body, fund, budget_line, pence in said["lines"]
        ),
        **{
            name: said.get(name, "")
            for name in ("description", "party", "purpose", "commitment", "plan_line", "reverses")
        },
    )


def _sums(lines: Iterable[Line], by: str) -> dict[str, int]:
    sums: dict[str, int] = defaultdict(int)
    for line in lines:
        sums[getattr(line, by)] += line.amount_pence
    return sums
