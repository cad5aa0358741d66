"""The ledger with invented transactions: it always balances, reversing leaves nothing, and nothing edits it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import FrozenInstanceError
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from joinedup.money.ledger.double_entry import (
    LedgerImbalance,
    LedgerRow,
    Line,
    Transaction,
    balances,
    check_transaction,
    reversal,
)
from joinedup.money.ledger.trial_balances import parse_trial_balance
from joinedup.money.pot.budget_lines import BudgetLine, RingFence, VirementImbalance, check_virement
from joinedup.money.pot.sharing_risk import LADDER, Layer, overspend_ladder, risk_share

BEGIN = datetime(2026, 4, 1, 9, tzinfo=UTC)
FIRST, LAST = date(2026, 4, 1), date(2027, 3, 31)
ACCOUNTS = ["1000", "1100", "2000", "4000", "5000", "9000", "9100"]
PENCE = st.integers(-(10**13), 10**13).filter(bool)
DAYS = st.dates(FIRST, LAST)


@st.composite
def transactions(draw: Any, key: str = "T") -> Transaction:
    """Invent lines, then the ones that make each fund and body balance: pairs in one fund of one body."""
    lines = []
    for _ in range(draw(st.integers(1, 4))):
        body, fund = draw(st.sampled_from(["ICB", "TRUST"])), draw(st.sampled_from(["POT", "BCF"]))
        pence = draw(PENCE)
        for account, amount in ((draw(st.sampled_from(ACCOUNTS)), pence), (draw(st.sampled_from(ACCOUNTS)), -pence)):
            lines.append(Line(account, body, fund, amount, draw(st.sampled_from(["beds", "care"]))))
    return Transaction(key, "journal", draw(DAYS), tuple(draw(st.permutations(lines))))


def rows_of(made: list[Transaction]) -> list[LedgerRow]:
    return [LedgerRow(at, one, BEGIN + timedelta(days=at)) for at, one in enumerate(made)]


@settings(max_examples=50)
@given(st.lists(transactions(), max_size=8), DAYS, st.integers(-1, 9))
def test_the_ledger_always_balances(made: list[Transaction], on: date, known: int) -> None:
    for one in made:
        check_transaction(one)
    asked: dict[str, Any] = {"effective_to": on, "known_at": BEGIN + timedelta(days=known)}
    for fund in ("POT", "BCF", None):
        by = balances(rows_of(made), **asked, fund=fund, by=("account", "body"))
        bodies: dict[str, int] = defaultdict(int)
        for (_, body), pence in by.items():
            bodies[body] += pence
        assert not any(bodies.values())
        assert sum(balances(rows_of(made), **asked, fund=fund).values()) == 0


@given(transactions(), st.data())
def test_a_penny_more_anywhere_is_refused(made: Transaction, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(made.lines) - 1))
    line = made.lines[at]
    more = line.amount_pence + (1 if line.amount_pence != -1 else 2)
    wrong = Line(line.account, line.body, line.fund, more, line.budget_line)
    with pytest.raises(LedgerImbalance):
        check_transaction(
            Transaction("T", "journal", made.effective_on, (*made.lines[:at], wrong, *made.lines[at + 1 :]))
        )


@settings(max_examples=50)
@given(st.lists(transactions(), max_size=6), DAYS)
def test_posting_then_reversing_leaves_nothing(made: list[Transaction], on: date) -> None:
    undone = [reversal(one, f"{at}-R", max(on, one.effective_on), "undone") for at, one in enumerate(made)]
    for one in undone:
        check_transaction(one)
    asked: dict[str, Any] = {"effective_to": LAST, "known_at": BEGIN + timedelta(days=99)}
    assert balances(rows_of([*made, *undone]), **asked, by=("account", "body", "fund", "budget_line")) == {}


@settings(max_examples=50)
@given(st.lists(transactions(), min_size=1, max_size=6), DAYS)
def test_what_is_added_later_changes_nothing_that_was_known(made: list[Transaction], on: date) -> None:
    rows = rows_of(made)
    for at, row in enumerate(rows):
        known: dict[str, Any] = {"effective_to": on, "known_at": row.recorded_at}
        assert balances(rows, **known) == balances(rows[: at + 1], **known)
    with pytest.raises(FrozenInstanceError):
        rows[0].transaction.effective_on = on  # type: ignore[misc]


LINES = {
    f"{fence}{number}": BudgetLine(f"{fence}{number}", "POT", "ICB", "2026/27", "x", 0, fence)
    for fence in ("", "fenced")
    for number in range(3)
}


@given(st.dictionaries(st.sampled_from(sorted(LINES)), st.integers(-9, 9), min_size=2))
def test_no_virement_adds_money_or_opens_a_fence(moves: dict[str, int]) -> None:
    try:
        check_virement(moves, LINES)
    except (VirementImbalance, RingFence):
        fenced = sum(pence for code, pence in moves.items() if LINES[code].ring_fence)
        assert sum(moves.values()) != 0 or fenced < 0 or 0 in moves.values()
    else:
        assert sum(moves.values()) == 0
        assert sum(pence for code, pence in moves.items() if LINES[code].ring_fence) >= 0


WEIGHTS = st.dictionaries(
    st.sampled_from("ABCD"), st.decimals(0, 9, places=2), min_size=1
).filter(lambda one: any(one.values()))  # fmt: skip


@given(st.integers(0, 10**12), st.lists(st.tuples(st.integers(1, 10**11), WEIGHTS), max_size=4), WEIGHTS)
def test_partners_pay_exactly_the_overspend(
    overspend: int, first: list[tuple[int, dict[str, Decimal]]], last: dict[str, Decimal]
) -> None:
    layers = [Layer(width, shares) for width, shares in first] + [Layer(None, last)]
    assert sum(risk_share(overspend, layers).values()) == overspend


@given(st.tuples(*[st.integers(0, 99)] * 4), WEIGHTS, st.permutations(LADDER))
def test_the_ladder_meets_exactly_the_overspend(
    pence: tuple[int, int, int, int], shares: dict[str, Decimal], order: list[str]
) -> None:
    found = overspend_ladder(*pence, shares, order=order)
    assert sum(found.taken.values()) + sum(found.calls.values()) == pence[0]
    assert all(0 <= found.taken[rung] <= most for rung, most in zip(LADDER, pence[1:], strict=True))


@given(st.lists(st.integers(-(10**14), 10**14), min_size=1, max_size=9))
def test_a_trial_balance_is_read_as_it_was_written(amounts: list[int]) -> None:
    amounts.append(-sum(amounts))
    written = ["account,name,debit,credit"]
    for number, pence in enumerate(amounts):
        said = f'"{abs(pence) // 100:,}.{abs(pence) % 100:02}"'
        written.append(f"A{number},x,{said if pence >= 0 else ''},{said if pence < 0 else ''}")
    lines = parse_trial_balance("x.csv", "\n".join(written).encode(), FIRST)
    assert [line.balance for line in lines] == amounts
