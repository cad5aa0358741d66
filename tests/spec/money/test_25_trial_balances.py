"""A partner's trial balance: read whole or not at all, and compared with the pot to the penny."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from joinedup.errors import FileError, NotFound, RuleError
from joinedup.money.ledger.trial_balances import (
    Difference,
    PartnerAccount,
    TrialBalanceError,
    Unbalanced,
    check_months,
    parse_trial_balance,
    pounds,
    read_trial_balance,
    reconcile,
)

JUNE = date(2026, 6, 1)
HEADING = "account,name,debit,credit"
GOOD = f'{HEADING}\nA100,Bank,"1,234,567.89",\nA200,Pool income,,£1234567.89\n'


def parse(text: str, month: date = JUNE) -> list[tuple[str, int, int]]:
    lines = parse_trial_balance("june.csv", text.encode(), month)
    return [(line.account, line.debit_pence, line.credit_pence) for line in lines]


def test_a_trial_balance_is_pence() -> None:
    assert parse(GOOD) == [("A100", 123_456_789, 0), ("A200", 0, 123_456_789)]


EXPORTS = [
    "\ufeff" + GOOD.replace("\n", "\r\n"),
    "Cr,Dr,Description,Account code,Cost centre\n,1234567.89,Bank,A100,7\n1234567.89,,Income,A200,7\n\n",
    f"{HEADING}\nA100,Bank,1234567.89,0.00\nA200,Pool income,0.00,1234567.89\n,Total,1234567.89,1234567.89\n",
    f"{HEADING}\nA100,Bank,1234567.89,\nA200,Pool income,(1234567.89),\n".replace("debit,credit", "dr,cr"),
    f"{HEADING},period\nA100,Bank,1234567.89,,2026-06\nA200,Pool income,,1234567.89,30/06/2026\n",
]


@pytest.mark.parametrize("text", EXPORTS)
def test_as_finance_systems_export_it(text: str) -> None:
    assert [debit - credit for _, debit, credit in parse(text)] == [123_456_789, -123_456_789]


def with_row(row: str) -> str:
    return f"{HEADING}\nA1,Bank,5.00,\n{row}\nA2,Pool,,5.00\n"


CELLS = [
    ("A3,X,=SUM(C2:C3),", 3, "debit", "found a formula; save its value"),
    ("A3,X,@x,", 3, "debit", "formula"),
    ("=A1,X,1.00,", 3, "account", "formula"),
    ("A3,X,five,", 3, "debit", "found text"),
    ("A3,X,,n/a", 3, "credit", "found text"),
    ("A3,X,1.005,", 3, "debit", "another number of places"),
    ("A3,X,1.5,", 3, "debit", "another number of places"),
    ("A3,X,1.2E+06,", 3, "debit", "lost its pence"),
    ('A3,X,"12,34.00",', 3, "debit", "another number|text"),
    ("A3,X,,", 3, "debit", "found neither"),
    ("A3,X,1.00,2.00", 3, "credit", "found both"),
    (",X,1.00,", 3, "account", "found nothing"),
    ("A3,X,1.00", 3, "all", "expected 4 cells, found 3"),
    ("A1,Bank again,0.00,", 3, "account", "there already, in row 2"),
    (",Total,5.00,5.00", 3, "account", "expected in the last row"),
]


@pytest.mark.parametrize(("row", "line", "column", "says"), CELLS)
def test_a_cell_that_cannot_be_is_named(row: str, line: int, column: str, says: str) -> None:
    with pytest.raises(TrialBalanceError, match=says) as caught:
        parse(with_row(row))
    assert [(fault.row, fault.column) for fault in caught.value.faults] == [(line, column)]
    assert f"june.csv, line {line}, field {column}" in str(caught.value)
    assert "Nothing was loaded" in str(caught.value)


def test_every_fault_is_named_at_once_and_no_value() -> None:
    with pytest.raises(TrialBalanceError) as caught:
        parse(f"{HEADING}\nA1,Bank,secret,\nA2,Pool,,=cmd\n")
    assert [(fault.row, fault.column) for fault in caught.value.faults] == [(2, "debit"), (3, "credit")]
    assert "secret" not in str(caught.value)
    assert "june.csv, line 3, field credit" in str(caught.value)
    with pytest.raises(TrialBalanceError, match="and 10 more"):
        parse(HEADING + "".join(f"\nA{number},X,x," for number in range(30)))


HEADINGS = [
    ("account,name,debits,credit", "debit", "Did you mean 'debits'"),
    ("account,name,debit,dr,credit", "debit", "twice"),
    ("A1,Bank,5.00,", "account", "the column is missing"),
    ("", "account", "the column is missing"),
]


@pytest.mark.parametrize(("heading", "column", "says"), HEADINGS)
def test_columns_that_are_not_there(heading: str, column: str, says: str) -> None:
    with pytest.raises(TrialBalanceError, match=says) as caught:
        parse(f"{heading}\nA1,Bank,5.00,\n")
    assert (caught.value.line, caught.value.field) == (1, column)


def test_debits_and_credits_that_differ_by_a_penny() -> None:
    with pytest.raises(Unbalanced, match=r"debits £1,234,567.89 and credits £1,234,567.88 differ by £0.01"):
        parse(GOOD.replace("£1234567.89", "1234567.88"))
    with pytest.raises(Unbalanced, match="total is not the sum"):
        parse(EXPORTS[2].replace("Total,1234567.89", "Total,1234567.90"))


def test_a_row_of_another_month() -> None:
    with pytest.raises(TrialBalanceError, match="expected 2026-06, found another month") as caught:
        parse(EXPORTS[4].replace("30/06/2026", "30/05/2026"))
    assert caught.value.faults[0].column == "period"
    with pytest.raises(RuleError, match="give its first day"):
        parse(GOOD, date(2026, 6, 2))


def test_a_month_twice() -> None:
    check_months(JUNE, [date(2026, 5, 1)], partner="RQW")
    with pytest.raises(RuleError, match=r"RQW for June 2026 is here already.*say why"):
        check_months(JUNE, [JUNE], partner="RQW")


def test_files_that_are_no_trial_balance(tmp_path: Path) -> None:
    with pytest.raises(TrialBalanceError, match="expected UTF-8") as caught:
        parse_trial_balance("x.csv", GOOD.encode("cp1252"), JUNE)
    assert caught.value.line == 3
    with pytest.raises(FileError, match="expected CSV"):
        parse(f'{HEADING}\nA1,"Bank')
    with pytest.raises(TrialBalanceError, match="at least one account"):
        parse(HEADING)
    with pytest.raises(FileError, match="cannot be read"):
        read_trial_balance(tmp_path / "none.csv", JUNE)
    (tmp_path / "good.csv").write_text(GOOD, encoding="utf-8")
    assert len(read_trial_balance(tmp_path / "good.csv", JUNE)) == 2


def test_reconciled_to_the_penny_and_differences_named_by_line() -> None:
    text = (
        f"{HEADING}\nB1,Bank one,100.00,\nB2,Bank two,50.00,\nS1,Home care,80.00,\nS2,Beds,20.01,\n"
        "P1,Pool income,,200.00\nX1,Car park,,50.01\n"
    )
    lines = parse_trial_balance("june.csv", text.encode(), JUNE)
    accounts = [
        PartnerAccount("B1", "1000", "POT"), PartnerAccount("B2", "1000", "POT"), PartnerAccount("P1", "4000", "POT"),
        PartnerAccount("S1", "5000", "POT", "care"), PartnerAccount("S2", "5000", "POT", "beds"),
    ]  # fmt: skip
    pot = {("1000", "POT", ""): 15_000, ("4000", "POT", ""): -20_000, ("5000", "POT", "care"): 8_000}
    pot |= {("5000", "POT", "beds"): 2_000, ("2000", "POT", ""): -5_000}
    found = reconcile(lines, accounts, pot)
    assert (found.agreed, found.outside, found.agrees) == (3, ("X1",), False)
    assert found.differences == (
        Difference("2000", "POT", "", 0, -5_000, ()),
        Difference("5000", "POT", "beds", 2_001, 2_000, ("S2",)),
    )
    assert [one.difference for one in found.differences] == [5_000, 1]
    with pytest.raises(NotFound, match="no account '9999'"):
        PartnerAccount("B1", "9999", "POT")


def test_pence_in_words() -> None:
    assert [pounds(pence) for pence in (0, 5, -123_456, 100_000_000)] == [
        "£0.00",
        "£0.05",
        "-£1,234.56",
        "£1,000,000.00",
    ]
