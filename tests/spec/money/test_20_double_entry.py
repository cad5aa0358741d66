"""Double entry: two lines or more that sum to nothing, read with two clocks (rule MB3)."""

from __future__ import annotations

import json
import tomllib
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from importlib.resources import files
from typing import Any

import pytest

from joinedup.access import canonical, extend
from joinedup.errors import NotFound, RuleError
from joinedup.money.ledger import entries
from joinedup.money.ledger.double_entry import (
    LedgerImbalance,
    LedgerRow,
    Line,
    PeriodClosed,
    Transaction,
    account,
    balances,
    budget_use,
    check_period,
    check_transaction,
    needs_authority,
    read_accounts,
    read_sealed,
    reversal,
    said_for_sealing,
)
from joinedup.money.ledger.entries import Books
from joinedup.money.pot.budget_lines import Availability

APRIL, MAY = date(2026, 4, 1), date(2026, 5, 1)
NINE = datetime(2026, 4, 1, 9, tzinfo=UTC)
MILLION = 100_000_000  # pence
POT = Books("ICB", "POT")
LINE = Books("ICB", "POT", "home-first")
OTHER = Books("ICB", "POT", "beds")

# The rule book's example: due NHS £6.0m and LA £4.0m, received £9.0m, commit £1.2m, invoice £0.7m of it, pay £0.5m.
STORY = [
    entries.contribution_due("T1", APRIL, POT, "ICB", 6 * MILLION),
    entries.contribution_due("T2", APRIL, POT, "COUNCIL", 4 * MILLION),
    entries.contribution_received("T3", APRIL, POT, "ICB", 9 * MILLION),
    entries.commit("T4", APRIL, LINE, 120_000_000, commitment="C1", supplier="Care Ltd", purpose="home care"),
    entries.invoice("T5", MAY, LINE, 70_000_000, commitment="C1", supplier="Care Ltd"),
    entries.pay("T6", MAY, LINE, 50_000_000, supplier="Care Ltd"),
]


def kept(transactions: list[Transaction]) -> list[LedgerRow]:
    """Each recorded an hour after the one before."""
    return [LedgerRow(at, one, NINE + timedelta(hours=at)) for at, one in enumerate(transactions, start=1)]


def balance(transactions: list[Transaction], on: date = date(2027, 3, 31), known: datetime | None = None) -> Any:
    return balances(kept(transactions), effective_to=on, known_at=known or NINE + timedelta(days=365))


def test_the_example_of_the_rule_book() -> None:
    for transaction in STORY:
        check_transaction(transaction)
    assert balance(STORY) == {
        "1000": 850_000_000,
        "1100": 100_000_000,
        "2000": -20_000_000,
        "4000": -1_000_000_000,
        "5000": 70_000_000,
        "9000": 50_000_000,
        "9100": -50_000_000,
    }
    debits = sum(pence for code, pence in balance(STORY).items() if pence > 0 and code < "9000")
    assert debits == 1_020_000_000  # 10.2 = 10.2
    assert Availability(10 * MILLION, 0, committed=50_000_000, actual=70_000_000).available == 880_000_000


def test_two_clocks() -> None:
    assert balance(STORY, APRIL) == balance(STORY[:4])
    assert balance(STORY, MAY, NINE + timedelta(hours=2)) == balance(STORY[:2])
    # Recorded later, effective earlier: on 1 April by what is known today, and not by what was known then.
    late = [*STORY, entries.contribution_due("T7", APRIL, POT, "TRUST", 5)]
    assert balance(late, APRIL)["4000"] == -1_000_000_005
    assert balance(late, APRIL, NINE + timedelta(hours=6))["4000"] == -1_000_000_000
    with pytest.raises(RuleError, match="time zone"):
        balances([], effective_to=MAY, known_at=datetime(2026, 5, 1))  # noqa: DTZ001


def test_by_body_fund_and_line() -> None:
    rows = kept([*STORY, entries.contribution_due("T7", APRIL, Books("ICB", "BCF"), "ICB", 3)])
    asked: dict[str, Any] = {"effective_to": MAY, "known_at": NINE + timedelta(days=9)}
    assert balances(rows, **asked, fund="BCF") == {"1100": 3, "4000": -3}
    by = balances(rows, **asked, by=("account", "budget_line"))
    assert (by["5000", "home-first"], by["4000", ""]) == (70_000_000, -1_000_000_003)


# --- what is refused ---------------------------------------------------------------------------------------------


def made(*lines: Line, **more: Any) -> Transaction:
    return Transaction("X", "journal", APRIL, lines, **more)


IMBALANCES = [
    (made(Line("1000", "ICB", "POT", 100), Line("3000", "ICB", "POT", -99)), "fund POT.* are 1 p"),
    (made(Line("1000", "ICB", "POT", 100), Line("3000", "ICB", "BCF", -100)), "fund POT.* are 100"),
    (made(Line("1000", "ICB", "POT", 100), Line("3000", "TRUST", "POT", -100)), "body ICB.* are 100"),
    (made(Line("1000", "ICB", "POT", 100)), "1 lines"),
    (made(), "0 lines"),
]  # fmt: skip


@pytest.mark.parametrize(("transaction", "says"), IMBALANCES)
def test_what_does_not_balance_is_refused(transaction: Transaction, says: str) -> None:
    with pytest.raises(LedgerImbalance, match=says):
        check_transaction(transaction)


CANNOT_BE = [
    (made(Line("1000", "ICB", "POT", 1.0), Line("3000", "ICB", "POT", -1)), RuleError, "M0.1.*1.0"),  # type: ignore[arg-type]
    (made(Line("1000", "ICB", "POT", True), Line("3000", "ICB", "POT", -1)), RuleError, "M0.1.*True"),
    (made(Line("1000", "ICB", "POT", 0), Line("3000", "ICB", "POT", 0)), RuleError, "moves nothing"),
    (made(Line("1001", "ICB", "POT", 1), Line("3000", "ICB", "POT", -1)), NotFound, "expected one of 1000, 1100"),
    (made(Line("1000", "", "POT", 1), Line("3000", "ICB", "POT", -1)), RuleError, "no body"),
    (made(Line("5000", "ICB", "POT", 1), Line("2000", "ICB", "POT", -1)), RuleError, "MB4.*budget line"),
    (replace(STORY[0], key=" "), RuleError, "needs a key"),
    (replace(STORY[0], kind="jurnal"), RuleError, "Did you mean 'journal'"),
    (replace(STORY[0], effective_on=NINE), RuleError, "not an instant"),
]


@pytest.mark.parametrize(("transaction", "error", "says"), CANNOT_BE)
def test_a_line_that_cannot_be_is_refused(transaction: Transaction, error: type[Exception], says: str) -> None:
    with pytest.raises(error, match=says):
        check_transaction(transaction)


@pytest.mark.parametrize("pence", [0, -1, 2.0, True, "5"])
def test_entries_take_whole_pence_above_0(pence: Any) -> None:
    with pytest.raises(RuleError, match="whole pence above 0"):
        entries.pay("X", APRIL, LINE, pence, supplier="S")


def test_a_closed_period_takes_nothing_more() -> None:
    check_period(STORY[4], {"POT": MAY})
    check_period(STORY[0], {"BCF": MAY})
    with pytest.raises(PeriodClosed, match=r"closed up to 2026-05-01.*Post it on 2026-05-01 or later"):
        check_period(STORY[0], {"POT": MAY})


def test_the_chart_of_accounts() -> None:
    data = tomllib.loads(files("joinedup.money.ledger").joinpath("accounts.toml").read_text(encoding="utf-8"))
    assert [one.code for one in read_accounts(data).values() if one.gate] == ["4000", "4100", "5000", "9000"]
    assert account("9100").kind == "memorandum"
    with pytest.raises(RuleError, match="twice"):
        read_accounts({"account": data["account"][:1] * 2})
    with pytest.raises(RuleError, match="kind 'thing'"):
        read_accounts({"account": [{"code": "1", "name": "x", "kind": "thing"}]})


# --- what needs an authority is read from the lines ---------------------------------------------------------------

NEEDS = [
    (STORY[0], {"contribution": 600_000_000}),
    (STORY[2], {}),
    (STORY[3], {"commitment": 120_000_000}),
    (STORY[4], {}),  # the commitment bound it already
    (STORY[5], {}),
    (entries.accrue("A", APRIL, LINE, 5, commitment="C1", supplier="S"), {}),
    (entries.release("R", APRIL, LINE, 5, commitment="C1"), {"commitment": -5}),
    (entries.risk_share_call("K", APRIL, POT, "COUNCIL", 7), {"risk_share": 7}),
    (reversal(STORY[3], "R", MAY, "wrong supplier"), {"commitment": -120_000_000}),
    # whatever it calls itself: spend without a commitment binds money
    (Transaction("J", "payment", APRIL, LINE.pair("5000", "1000", 9)), {"commitment": 9}),
    # giving back on one line pays for nothing on another
    (Transaction("J", "journal", APRIL, LINE.pair("5000", "1000", 9) + OTHER.pair("1000", "5000", 9)),
     {"commitment": 9}),
    (Transaction("J", "journal", APRIL, POT.pair("1100", "4000", 9) + Books("ICB", "BCF").pair("4000", "1100", 9)),
     {"contribution": 9}),
]  # fmt: skip


@pytest.mark.parametrize(("transaction", "needs"), NEEDS)
def test_what_needs_an_authority(transaction: Transaction, needs: dict[str, int]) -> None:
    check_transaction(transaction)
    assert needs_authority(transaction) == needs


def test_an_invoice_uses_nothing_that_its_commitment_did_not() -> None:
    assert budget_use(STORY[3]) == {"home-first": 120_000_000}
    assert budget_use(STORY[4]) == {"home-first": 0}


def test_a_reversal_undoes_and_names_what_it_undoes() -> None:
    undone = reversal(STORY[4], "T5-R", MAY, "billed twice")
    check_transaction(undone)
    assert (undone.kind, undone.reverses, undone.commitment) == ("reversal", "T5", "C1")
    assert balance([*STORY, undone]) == balance([*STORY[:4], STORY[5]])


# --- the chain ----------------------------------------------------------------------------------------------------


def test_what_is_sealed_says_everything_and_is_read_again() -> None:
    for transaction in [*STORY, reversal(STORY[4], "T5-R", MAY, "“billed” twice, £5")]:
        text = canonical(said_for_sealing(transaction, authority="A1", recorded_at=NINE))
        assert read_sealed(text) == transaction


def test_the_chain_of_the_rule_book_by_the_one_seal() -> None:
    """MB14's entries by access's chain: from 32 zero bytes, over the bytes of each hash (design, section 4)."""
    texts = [
        '{"effective":"2026-04-01","lines":[["1000","ICB",500000],["4000","ICB",-500000]],"seq":1,"txn":"T1"}',
        '{"effective":"2026-04-30","lines":[["5000","ICB",120000],["1000","ICB",-120000]],"seq":2,"txn":"T2"}',
    ]
    assert [canonical(json.loads(text)) for text in texts] == texts
    hashes = [one.hex() for one in extend(bytes(32), [text.encode() for text in texts])]
    assert hashes == [
        "91066bfa73f5b6eb432438cf36cccd28b35934c67d97ddbfd79f67d3ae908218",
        "714c9c5b6eaaf25e4e3cd10f18b46ef7d0d3da086a5629dbdf3c4c2f9968ea31",
    ]
    assert extend(bytes(32), [texts[0].replace("500000", "500001", 1).encode()])[0].hex() != hashes[0]


def test_pence_are_never_floats() -> None:
    assert Decimal("2.675").quantize(Decimal("0.01"), "ROUND_HALF_UP") == Decimal("2.68")
    assert Decimal(2.675).quantize(Decimal("0.01"), "ROUND_HALF_UP") == Decimal("2.67")  # noqa: RUF032
