"""Whose money may lie together, and the checks of the Better Care Fund (rules MB1, MB2)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from joinedup.errors import RuleError
from joinedup.money.ledger import entries
from joinedup.money.ledger.double_entry import Transaction, check_transaction
from joinedup.money.ledger.entries import Books
from joinedup.money.pot.better_care_fund import bcf_checks, bcf_parameters, discharge_fund, icb_minimum
from joinedup.money.pot.funds import (
    AlignedMoney,
    Contribution,
    Fund,
    NoAgreement,
    check_contribution,
    check_posting,
)
from joinedup.planning import ParameterMissing

BEGINS, ENDS = date(2023, 4, 1), date(2024, 4, 1)
POOLED = Fund("BCF", "Better Care Fund", "section_75", "ICB", BEGINS, ENDS, "S75/2023/1")
POT = Fund("POT", "The single pot", "single_pot", "ICB", BEGINS, ENDS)
ALIGNED = replace(POT, code="SIDE", kind="aligned")


def due(fund: str, on: date, body: str = "ICB") -> Transaction:
    return entries.contribution_due("T", on, Books(body, fund), "COUNCIL", 100)


def put(partner: str, sector: str, pence: int, ring_fence: str = "", fund: str = "BCF") -> Contribution:
    return Contribution(fund, partner, sector, pence, BEGINS, ENDS, ring_fence)


def test_a_pooled_fund_takes_postings_while_its_agreement_holds() -> None:
    check_posting(POOLED, due("BCF", BEGINS))
    check_posting(POOLED, due("BCF", date(2024, 3, 31)))
    for day in (date(2023, 3, 31), ENDS):
        with pytest.raises(NoAgreement, match="agreement S75/2023/1 of BCF holds from 2023-04-01 up to 2024-04-01"):
            check_posting(POOLED, due("BCF", day))


def test_pooled_money_is_in_its_hosts_books() -> None:
    with pytest.raises(NoAgreement, match=r"kept by its host ICB.*in those of COUNCIL"):
        check_posting(POOLED, due("BCF", BEGINS, "COUNCIL"))


def test_aligned_money_stays_in_each_partners_books() -> None:
    check_posting(ALIGNED, due("SIDE", BEGINS, "COUNCIL"))
    lines = (*Books("COUNCIL", "SIDE").pair("1000", "3000", 5), *Books("ICB", "SIDE").pair("3000", "1000", 5))
    both = Transaction("T", "journal", BEGINS, lines)
    check_transaction(both)  # it balances in each book, and moves money all the same
    with pytest.raises(AlignedMoney, match="books of COUNCIL and ICB"):
        check_posting(ALIGNED, both)


def test_nhs_and_council_money_need_an_agreement_to_lie_together() -> None:
    council = put("COUNCIL", "la", 5, fund="POT")
    check_contribution(POT, council, [put("HOSPICE", "other", 5, fund="POT")])
    check_contribution(POT, council, [put("ICB", "nhs", 5, fund="BCF")])
    check_contribution(POOLED, put("COUNCIL", "la", 5), [put("ICB", "nhs", 5)])
    check_contribution(ALIGNED, replace(council, fund="SIDE"), [put("ICB", "nhs", 5, fund="SIDE")])
    with pytest.raises(NoAgreement, match="section 75 of the NHS Act 2006"):
        check_contribution(POT, council, [put("ICB", "nhs", 5, fund="POT")])
    with pytest.raises(NoAgreement, match="holds from"):
        check_contribution(POOLED, replace(put("ICB", "nhs", 5), valid_to=date(2024, 4, 2)), [])


WRONG_FUNDS: list[tuple[dict[str, Any], type[Exception], str]] = [
    ({"agreement": ""}, NoAgreement, "names no agreement"),
    ({"kind": "section75"}, RuleError, "Did you mean 'section_75'"),
    ({"valid_to": BEGINS}, RuleError, "not after it begins"),
]


@pytest.mark.parametrize(("wrong", "error", "says"), WRONG_FUNDS)
def test_a_fund_that_cannot_be(wrong: dict[str, Any], error: type[Exception], says: str) -> None:
    with pytest.raises(error, match=says):
        replace(POOLED, **wrong)


@pytest.mark.parametrize("wrong", [{"sector": "NHS"}, {"amount_pence": 0}, {"amount_pence": 1.0}, {"valid_to": BEGINS}])
def test_a_contribution_that_cannot_be(wrong: dict[str, Any]) -> None:
    with pytest.raises(RuleError, match=r"MB1|M0.1"):
        replace(put("ICB", "nhs", 5), **wrong)


# --- the Better Care Fund -----------------------------------------------------------------------------------------


def test_the_minimum_rises() -> None:
    params = bcf_parameters()
    first = icb_minimum(10_000_000_000, "2022/23", params)
    assert (first, icb_minimum(first, "2023/24", params)) == (10_566_000_000, 11_164_035_600)
    with pytest.raises(ParameterMissing):
        icb_minimum(first, "2026/27", params)


def test_the_discharge_fund_is_shared_to_the_penny() -> None:
    assert discharge_fund(75_000_001, "2022/23", bcf_parameters()) == {"la": 30_000_000, "icb": 45_000_001}
    assert discharge_fund(50_000_000_000, "2022/23", bcf_parameters()) == {"la": 20_000_000_000, "icb": 30_000_000_000}


def test_the_checks_of_a_board() -> None:
    rows = [
        put("ICB", "nhs", 11_164_035_600), put("COUNCIL", "la", 500), put("COUNCIL", "la", 30_000_000, "discharge"),
        put("ICB", "nhs", 45_000_000, "discharge"), put("ICB", "nhs", 9, fund="POT"),
    ]  # fmt: skip
    asked: dict[str, Any] = {"last_year_minimum_pence": 10_566_000_000, "discharge_fund_pence": 75_000_001}
    found = bcf_checks("Hertfordshire", "2023/24", POOLED, rows, bcf_parameters(), **asked)
    whole = 11_164_035_600 + 500 + 75_000_000
    assert [(one.check, one.required, one.actual, one.passes) for one in found] == [
        ("ICB minimum contribution", 11_164_035_600, 11_164_035_600, True),
        ("Discharge fund, local authority", 30_000_000, 30_000_000, True),
        ("Discharge fund, ICB", 45_000_001, 45_000_000, False),
        ("In a section 75 agreement", whole, whole, True),
    ]
    outside = bcf_checks("Hertfordshire", "2023/24", replace(POOLED, kind="aligned"), rows, bcf_parameters(), **asked)
    assert (outside[3].actual, outside[3].passes) == (0, False)
