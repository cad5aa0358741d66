"""Trial balances of the partners by month, as their own finance systems export them, and what they hold otherwise.

Each partner has its own chart of accounts: some of its accounts are the pot's (a list says which), the rest is its own
business. Every trial balance balances to the penny. Where a partner's books differ from the pot's, `differences` says
so; it is the truth, which nobody who reconciles is shown.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from joinedup.simulation.plan_returns import Returns
from joinedup.simulation.plan_rows import months
from joinedup.simulation.pot import Event, Pot, terms

CASH, DEBTOR, CREDITOR, ACCRUALS, GIVEN, SPEND = "1000", "1100", "2000", "2100", "4000", "5000"
# What each event debits and credits.
POSTS = {
    "contribute": (DEBTOR, GIVEN), "receive": (CASH, DEBTOR), "invoice": (SPEND, CREDITOR), "pay": (CREDITOR, CASH),
    "accrue": (SPEND, ACCRUALS), "unaccrue": (ACCRUALS, SPEND), "reverse": (CREDITOR, SPEND),
}  # fmt: skip
NAMES = {CASH: "Bank", DEBTOR: "Owed by partners", CREDITOR: "Trade payables", ACCRUALS: "Accruals",
         GIVEN: "Contributions", SPEND: "Spend"}  # fmt: skip
Key = tuple[str, str, str]  # the pot's account, the fund, the budget line ("" but for spend)


@dataclass(frozen=True, slots=True)
class BookedOtherwise:
    """One account of a partner's month that differs from the pot's, and by how many pence (debit plus)."""

    kind: str
    body: str
    month: str
    account: str
    fund: str
    line: str
    pence: int
    words: str


def bodies(pot: Pot) -> list[str]:
    """Answer the partners in whose books something of the pot stands."""
    return sorted({one.body for one in pot.events if one.kind in POSTS})


def differences(pot: Pot) -> list[BookedOtherwise]:
    """Answer what partners book otherwise, account by account and month by month."""
    found = []
    purchases = {one["key"]: one for one in terms()["purchase"]}
    for one in terms()["difference"]:
        purchase = purchases.get(one.get("purchase", ""))
        fund = one.get("fund") or (purchase["fund"] if purchase else "")
        pence = _pence(one, purchase, pot)
        line = one.get("purchase", "")
        for number in range(one["month"], one["until"] + 1):
            month = months()[number - 1]
            for account, signed, at in ((one["debit"], pence, line), (one["credit"], -pence, one.get("instead", line))):
                said = (account, fund, at if account == SPEND else "")
                found.append(BookedOtherwise(one["kind"], one["body"], month, *said, signed, one["words"]))
    return found


def _pence(one: Mapping[str, Any], purchase: Mapping[str, Any] | None, pot: Pot) -> int:
    if "pence" in one:
        return int(one["pence"])
    if "receipts" in one:
        month = months()[one["month"] - 1]
        received = (event.pence for event in pot.events if event.kind == "receive" and event.fund == one["fund"]
                    and event.on[:7] == month)  # fmt: skip
        return int(one["receipts"]) * next(received)
    assert purchase is not None
    return int(one.get("invoices", one.get("payments", 0))) * int(purchase["month_pence"])


def balances(pot: Pot, body: str, month: str) -> dict[Key, int]:
    """Answer what of the pot stands in a body's books at the end of a month, in pence, debit plus."""
    sums: dict[Key, int] = {}
    for event in pot.events:
        if event.body != body or event.kind not in POSTS or event.on[:7] > month:
            continue
        for account, sign in zip(POSTS[event.kind], (1, -1), strict=True):
            key = _key(account, event)
            sums[key] = sums.get(key, 0) + sign * event.pence
    return {key: pence for key, pence in sorted(sums.items()) if pence}


def _key(account: str, event: Event) -> Key:
    return account, event.fund, event.line if account == SPEND else ""


def account_codes(pot: Pot, body: str) -> dict[Key, str]:
    """Answer the partner's own code of each of the pot's accounts that ever stands in its books."""
    last = months()[terms()["months"] - 1]
    keys = sorted({key for month in months() if month <= last for key in balances(pot, body, month)})
    first = {CASH: 11, DEBTOR: 13, CREDITOR: 21, ACCRUALS: 22, GIVEN: 40, SPEND: 52}
    return {key: f"{body}-{first[key[0]]}{number:03d}" for number, key in enumerate(keys, start=101)}


def account_names_csv(pot: Pot, body: str) -> str:
    """Answer which of a partner's own accounts are the pot's."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["partner_account", "account", "fund", "budget_line"])
    for (account, fund, line), code in account_codes(pot, body).items():
        writer.writerow([code, account, fund, line])
    return out.getvalue()


def trial_balance_csv(pot: Pot, body: str, month: str, returns: Returns) -> str:
    """Answer a partner's trial balance at the end of a month: the pot's accounts, its own, and their sums."""
    sums = balances(pot, body, month)
    for one in differences(pot):
        if (one.body, one.month) == (body, month):
            key = (one.account, one.fund, one.line)
            sums[key] = sums.get(key, 0) + one.pence
    codes = account_codes(pot, body)
    rows = [(codes[key], f"{NAMES[key[0]]} {key[2] or key[1]}", pence) for key, pence in sorted(sums.items()) if pence]
    rows += _own(body, month, returns)
    rest = -sum(pence for _, _, pence in rows)
    rows.append((f"{body}-31001", "General reserve", rest))
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(["Account", "Account name", "Period", "Debit", "Credit"])
    debit = credit = 0
    for code, name, pence in sorted(rows):
        if not pence:
            continue
        debit, credit = debit + max(0, pence), credit + max(0, -pence)
        shown = [_pounds(pence), ""] if pence > 0 else ["", _pounds(-pence)]
        writer.writerow([code, name, month, *shown])
    writer.writerow(["Total", "", month, _pounds(debit), _pounds(credit)])
    return out.getvalue()


def _own(body: str, month: str, returns: Returns) -> list[tuple[str, str, int]]:
    """Answer a partner's other business up to a month, as its plan has it; a council's and a board's is made up."""
    until = months().index(month) + 1
    said: dict[str, int] = {}
    for row in returns.get((body, "provider"), []):
        if row.kind == "finance" and not row.commissioner:
            said[row.measure] = sum(int(row.figures[one]) for one in months()[:until])
    said = said or {"income": 41_350_777 * until, "pay": 9_871_233 * until, "spend": 40_980_311 * until}
    pay, spend = said["pay"], said["spend"]
    return [
        (f"{body}-15001", "Property, plant and equipment", 2_411_900_000 - 4_133_117 * until),
        (f"{body}-18001", "Other bank accounts", said["income"] - spend + 61_004_219),
        (f"{body}-41001", "Income from care and other sources", -said["income"]),
        (f"{body}-51001", "Pay", pay),
        (f"{body}-56001", "Medicines, supplies and other spend", spend - pay),
    ]


def _pounds(pence: int) -> str:
    return f"{pence // 100}.{pence % 100:02d}"
