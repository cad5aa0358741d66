"""What a contract says, and what is refused: field by field, in its own words."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from joinedup.errors import RuleError
from joinedup.money import BelowSpecification, ContractError, PaidPart, check_specification, spread
from joinedup.money.contracts.contract import (
    check_contract,
    contract_hash,
    contract_text,
    differences,
    months_to_date,
    overlapping,
    read_contract,
    to_date,
    years_between,
)
from joinedup.money.contracts.specification import must_meet_specification

from .contracted import ACUTE, METRICS, YEAR, contract, month


def test_a_contract_is_one_text_and_comes_back_as_it_was() -> None:
    whole = contract(
        metrics=METRICS, quality_share=Decimal("0.0125"), extends_to=date(2028, 4, 1), award_began=date(2025, 1, 2)
    )
    check_contract(whole)
    assert read_contract(contract_text(whole)) == whole
    assert contract_hash(whole) == contract_hash(read_contract(contract_text(whole))) != contract_hash(ACUTE)
    assert differences(ACUTE, whole) == ("extends_to", "quality_share", "metrics", "award_began")


@pytest.mark.parametrize(
    ("changes", "field", "says"),
    [
        ({"code": "a b"}, "code", "letters, digits and hyphens"),
        ({"title": " "}, "title", "expected a title"),
        ({"provider": "QZ9"}, "provider", "another body"),
        ({"provider_kind": "nsh"}, "provider_kind", "Did you mean 'nhs'"),
        ({"ends": date(2025, 4, 1)}, "ends", "not after it begins"),
        ({"extends_to": date(2026, 4, 1)}, "extends_to", "ends after"),
        ({"services": ("",)}, "services", "one service at least"),
        ({"values": ()}, "values", "the value of 2025/26"),
        ({"values": ((YEAR, 5), ("2027/28", 5))}, "values", "no day in 2027/28"),
        ({"values": ((YEAR, 5), (YEAR, 5))}, "values", "twice"),
        ({"values": ((YEAR, 0),)}, "values", "above 0"),
        ({"mff": Decimal(0)}, "mff", "above 0"),
        ({"parts": ()}, "parts", "one part at least"),
        ({"parts": (PaidPart("x", "electiv", ("DC",)),)}, "parts", "Did you mean 'elective'"),
        ({"parts": (PaidPart("x", "elective", ("XX",)),)}, "parts", "no point of delivery 'XX'"),
        ({"parts": (PaidPart("x", "elective"),)}, "parts", "points of delivery that count"),
        ({"parts": (PaidPart("x", "elective", ("DC",)), PaidPart("y", "emergency", ("DC",)))}, "parts", "in two parts"),
        ({"parts": (PaidPart("x", "fixed"),)}, "parts", "no pence for 2025/26"),
        ({"parts": (PaidPart("x", "fixed", (), ((YEAR, -1),)),)}, "parts", "0 or more"),
        ({"provider_kind": "unpriced"}, "parts", "paid fixed, as agreed"),
        ({"quality_share": Decimal(".01")}, "metrics", "or neither"),
        ({"metrics": METRICS}, "metrics", "or neither"),
        ({"metrics": METRICS[:2], "quality_share": Decimal(".01")}, "metrics", "make exactly 1"),
        ({"metrics": (METRICS[0], METRICS[0]), "quality_share": Decimal(".01")}, "metrics", "twice"),
        ({"metrics": METRICS, "quality_share": Decimal(2)}, "quality_share", "at most 1"),
    ],
)  # fmt: skip
def test_each_field_says_what_is_wrong_with_it(changes: dict[str, Any], field: str, says: str) -> None:
    with pytest.raises(ContractError) as caught:
        check_contract(contract(**changes))
    assert any(one.field == field and says in one.says for one in caught.value.faults), caught.value.faults


def test_years_months_and_what_is_due_of_a_year() -> None:
    half = contract(starts=date(2025, 10, 1), ends=date(2026, 10, 1), values=((YEAR, 1), ("2026/27", 1)))
    assert half.years == ("2025/26", "2026/27") == years_between(half.starts, half.ends)
    assert months_to_date(half, month(12)) == [month(10), month(11), month(12)]
    assert to_date(half, 100, month(12)) == 51  # 17 + 17 + 17 of 17, 17, 17, 17, 16, 16
    assert to_date(half, 100, month(3, 2026)) == 100
    assert to_date(half, 100, month(9)) == 0
    assert dict(spread(36_500, half.years, half.starts, half.ends)) == {"2025/26": 18_200, "2026/27": 18_300}
    with pytest.raises(RuleError, match="no value for 2027/28"):
        half.value_of("2027/28")


def test_two_contracts_would_pay_twice_for_the_same() -> None:
    other = contract(code="OTHER")
    assert overlapping(ACUTE, [ACUTE]) == ()
    assert overlapping(ACUTE, [other]) == (("OTHER", "DC"), ("OTHER", "EL"))
    assert overlapping(ACUTE, [replace(other, provider="RZ2")]) == ()
    assert overlapping(ACUTE, [replace(other, starts=date(2026, 4, 1), ends=date(2027, 4, 1))]) == ()
    fixed = replace(other, parts=ACUTE.parts[:1])
    assert overlapping(ACUTE, [fixed]) == ()


def test_nothing_is_agreed_below_the_national_specification() -> None:
    must_meet_specification(ACUTE)
    assert {one.key for one in check_specification(ACUTE)} >= {"needs", "outcomes", "rtt_18_weeks", "emergency_4_hours"}
    # A contract without tests of diagnosis promises nothing about them.
    assert "diagnostics_6_weeks" not in {one.key for one in check_specification(ACUTE)}
    low = contract(standards=tuple((key, "91.9" if key == "rtt_18_weeks" else said) for key, said in ACUTE.standards))
    with pytest.raises(BelowSpecification, match=r"18 weeks.*expected at least 92 .* is 91\.9"):
        must_meet_specification(low)
    for missing in (contract(specification=ACUTE.specification[1:]), contract(standards=()),
                    contract(standards=(("rtt_18_weeks", "most of them"), ("emergency_4_hours", "95")))):  # fmt: skip
        with pytest.raises(BelowSpecification):
            must_meet_specification(missing)
