"""MC1 to MC3: blended payment, break-glass, and settlement of the year to date."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from joinedup.errors import RuleError
from joinedup.money import (
    BandError,
    PaymentScheme,
    SchemeNotAdopted,
    bands,
    blended_payment,
    scheme_for,
    settle,
)
from joinedup.planning import ParameterMissing


def million(pounds: str) -> int:
    return int(Decimal(pounds) * 100_000_000)


def scheme(on: str, kind: str = "emergency") -> PaymentScheme:
    return scheme_for(kind, date.fromisoformat(on), include_proposed=True)


BP_1920, API_2223 = scheme("2019-04-01"), scheme("2022-04-01", "elective")


@pytest.mark.parametrize(
    ("held", "plan", "actual", "pay"),
    [
        (BP_1920, "24.0", "25.5", "24.30"),
        (BP_1920, "24.0", "22.8", "23.76"),
        (API_2223, "31.2", "32.0", "31.80"),
        (API_2223, "31.2", "29.6", "30.00"),
        (scheme("2025-04-01", "elective").up_to(million("31.5")), "0", "32.0", "31.50"),
        (scheme("2025-04-01", "elective").up_to(million("31.5")), "0", "31.0", "31.00"),
        (scheme("2023-04-01", "elective"), "0", "32.0", "32.00"),
        (scheme("2026-04-01"), "15.0", "16.5", "15.30"),
        (scheme("2014-06-01"), "20.0", "21.0", "20.3"),
        (scheme("2016-06-01"), "20.0", "21.0", "20.7"),
        (scheme("2014-06-01"), "20.0", "19.0", "19.0"),
        (scheme("2016-06-01"), "20.0", "19.0", "19.0"),
    ],
)
def test_worked_examples(held: PaymentScheme, plan: str, actual: str, pay: str) -> None:
    payment = blended_payment(million(plan), million(actual), held)
    assert payment.pay_p == million(pay)
    assert payment.variable_p == payment.pay_p - million(plan)
    assert payment.scheme_id == held.id
    assert not payment.break_glass
    assert payment.is_capped == (held.cap_p is not None and million(actual) > held.cap_p)


def test_the_plan_of_2022_23_is_104_per_cent_of_2019_20() -> None:
    from joinedup.money import money_parameters

    share = money_parameters().number("elective.plan_share", date(2022, 4, 1))
    assert share * million("30.0") == million("31.2")


def test_a_flat_rate_is_the_same_as_a_fixed_and_a_variable_part() -> None:
    payment = blended_payment(million("15.0"), million("16.5"), scheme("2026-04-01"))
    assert payment.pay_p == Decimal(".8") * million("15.0") + Decimal(".2") * million("16.5")


def test_beyond_a_set_deviation_the_rate_changes_and_a_review_opens() -> None:
    steps = bands([(".1", ".20"), (None, ".50", True)])
    held = replace(BP_1920, over=steps, under=steps)
    found = [blended_payment(million("10.0"), million(actual), held) for actual in ("11.0", "12.0", "8.5")]
    assert [one.pay_p for one in found] == [million("10.20"), million("10.70"), million("9.55")]
    assert [one.break_glass for one in found] == [False, True, True]
    assert [part.amount_p for part in found[1].bands] == [million("0.20"), million("0.50")]
    assert [part.part_p for part in found[2].bands] == [-million("1.0"), -million("0.5")]


def test_a_payment_is_rounded_once_at_its_end_and_a_half_goes_up() -> None:
    thirds = replace(BP_1920, over=bands([(".5", ".25"), (None, ".25")]))
    assert blended_payment(4, 8, thirds).pay_p == 5
    assert blended_payment(2, 4, thirds).pay_p == 3  # 2 + .25 + .25: rounded by band it would be 2
    assert blended_payment(5, 3, replace(BP_1920, under=bands([(None, ".25")]))).pay_p == 5  # 4.5


def test_what_no_payment_can_be_made_of() -> None:
    stepped = replace(BP_1920, over=bands([(".1", ".2"), (None, ".5")]))
    with pytest.raises(BandError, match="the plan is 0 p"):
        blended_payment(0, 100, stepped)
    with pytest.raises(BandError, match="BP-2021 says no rates"):
        blended_payment(100, 100, scheme("2020-05-01"))
    with pytest.raises(ParameterMissing, match="up to a funded level"):
        blended_payment(0, 100, scheme("2025-04-01", "elective"))
    with pytest.raises(RuleError, match="the plan is -1 p"):
        blended_payment(-1, 100, BP_1920)
    with pytest.raises(RuleError, match="whole pence"):
        blended_payment(100, 100.0, BP_1920)  # type: ignore[arg-type]


def test_the_year_to_date_is_settled_and_not_each_month_by_itself() -> None:
    held = replace(BP_1920, over=bands([(None, ".20")]), under=bands([(None, "0")]))
    alone = [blended_payment(million("1.0"), million(actual), held).pay_p for actual in ("1.3", "0.7")]
    assert sum(alone) == million("2.06")
    first = settle("C1", 1, million("1.0"), million("1.3"), 0, held)
    second = settle("C1", 2, million("2.0"), million("2.0"), first.due_p, held)
    assert first.due_p + second.due_p == second.entitled_p == million("2.00")
    assert not second.needs_review
    assert settle("C1", 3, million("2.0"), million("2.0"), million("2.5"), held).due_p == -million("0.5")


def test_a_proposed_scheme_never_settles_real_money() -> None:
    with pytest.raises(SchemeNotAdopted, match="UEC-2627 is proposed"):
        settle("C1", 1, 100, 100, 0, scheme("2026-04-01"))
    for month in (0, 13, True):
        with pytest.raises(RuleError, match=r"expected 1 \(April\)"):
            settle("C1", month, 100, 100, 0, BP_1920)
