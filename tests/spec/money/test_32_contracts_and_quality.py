"""MC4 to MC7: the quality incentive, a whole contract, value-weighted activity, the mechanism; and prices (MC1)."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from joinedup.errors import RuleError
from joinedup.money import (
    ActivityLine,
    Price,
    PriceBook,
    PriceMissing,
    QualityMetric,
    ShareError,
    blended_payment,
    contract_total,
    mechanism,
    money_parameters,
    price_activity,
    quality_earned,
    quality_pool,
    quality_score,
    scheme_for,
    value_above_target,
    value_weighted_activity,
)
from joinedup.planning import ParameterMissing, ParameterOverlap

APRIL = date(2022, 4, 1)
SCHEDULE = [
    QualityMetric("seen in time", ".5", 60, 80, 75),
    QualityMetric("offered", ".3", 90, 95, 96),
    QualityMetric("infections", ".2", 12, 8, 11),
]


def test_what_is_earned_between_floor_and_ceiling() -> None:
    assert [quality_score([QualityMetric("", 1, m.floor, m.ceiling, m.achieved)]) * Decimal(m.weight) for m in SCHEDULE
            ] == [Decimal(".375"), Decimal(".3"), Decimal(".05")]  # fmt: skip
    assert quality_score(SCHEDULE) == Decimal(".725")
    pool = quality_pool(4_000_000_000, "0.0125")
    assert pool == 50_000_000
    assert quality_earned(pool, quality_score(SCHEDULE)) == 36_250_000


def test_the_size_of_the_pool_is_a_parameter_to_confirm() -> None:
    row = money_parameters().one("quality_incentive.share", APRIL, include_proposed=True)
    assert (row.value, row.source) == (Decimal("0.0125"), "to confirm")
    with pytest.raises(ParameterMissing, match="only proposed"):
        money_parameters().one("quality_incentive.share", APRIL)


def test_missing_data_earns_nothing_unless_excused() -> None:
    missing = QualityMetric("infections", ".2", 12, 8, None)
    assert quality_score([*SCHEDULE[:2], missing]) == Decimal(".675")
    excused = QualityMetric("infections", ".2", 12, 8, None, is_excused=True)
    assert quality_score([*SCHEDULE[:2], excused]) == Decimal(".84375")
    with pytest.raises(ShareError, match="expected one that counts"):
        quality_score([QualityMetric("x", 1, 0, 1, None, is_excused=True)])


def test_weights_of_quality_make_a_whole() -> None:
    with pytest.raises(ShareError, match=r"make 0\.8"):
        quality_score(SCHEDULE[:2])
    with pytest.raises(ShareError, match="expected weights of 0 or more"):
        quality_score([QualityMetric("a", "1.5", 0, 1, 1), QualityMetric("b", "-.5", 0, 1, 1)])
    with pytest.raises(ShareError, match="are both 5"):
        quality_score([QualityMetric("a", 1, 5, 5, 5)])
    with pytest.raises(ShareError, match="share from 0 to 1"):
        quality_pool(100, "1.1")
    with pytest.raises(RuleError, match="the score is 2"):
        quality_earned(100, Decimal(2))


def test_a_whole_contract_of_2022_23() -> None:
    elective = blended_payment(3_120_000_000, 3_200_000_000, scheme_for("elective", APRIL))
    pool = quality_pool(5_000_000_000 + 3_120_000_000, "0.0125")
    assert pool == 101_500_000
    whole = contract_total(5_000_000_000, elective, pool, Decimal(".725"))
    assert whole.lines == (
        ("fixed", 5_000_000_000),
        ("variable", 3_180_000_000),
        ("quality pool held back", -101_500_000),
        ("quality earned", 101_500_000 - 27_912_500),
    )
    assert whole.total_p == 8_180_000_000 - 27_912_500 == 8_152_087_500
    less = contract_total(5_000_000_000, elective, pool, Decimal(".725"), {"data sent late": 100})
    assert less.total_p == whole.total_p - 100
    with pytest.raises(RuleError, match="expected 0 or more, which is taken off"):
        contract_total(0, elective, pool, Decimal(1), {"data sent late": -1})


NOW = {"day case": Decimal(1150), "inpatient": Decimal(205)}
BASE = {"day case": Decimal(1000), "inpatient": Decimal(200)}
PRICE = {"day case": 90_000, "inpatient": 380_000}


def test_activity_is_weighted_by_its_value() -> None:
    assert round(value_weighted_activity(NOW, BASE, PRICE), 5) == Decimal("1.09277")
    plain = sum(NOW.values()) / sum(BASE.values())
    assert round(plain, 5) == Decimal("1.12917")
    target = money_parameters().number("value_weighted_activity.target", date(2023, 4, 1))
    assert value_above_target(NOW, BASE, PRICE, target) == 3_780_000
    assert money_parameters().number("value_weighted_activity.target", date(2025, 4, 1)) == Decimal("1.18")


def test_activity_of_one_year_alone_is_not_weighed() -> None:
    with pytest.raises(RuleError, match="'inpatient' is in one of the two years only"):
        value_weighted_activity(NOW, {"day case": Decimal(1)}, PRICE)
    with pytest.raises(PriceMissing, match="no price of 'inpatient'"):
        value_weighted_activity(NOW, BASE, {"day case": 1})
    with pytest.raises(RuleError, match="worth 0 p"):
        value_weighted_activity(NOW, dict.fromkeys(BASE, Decimal(0)), PRICE)
    with pytest.raises(RuleError, match="expected 0 or more"):
        value_weighted_activity(NOW | {"day case": Decimal(-1)}, BASE, PRICE)


BOOK = PriceBook([Price("HA1", 10_050, APRIL, date(2023, 4, 1)), Price("HA1", 20_000, date(2023, 4, 1))], "drawn")


def test_activity_has_the_price_of_its_day_and_is_rounded_once() -> None:
    lines = [ActivityLine("HA1", 3, date(2023, 3, 31)), ActivityLine("HA1", "0.5", date(2023, 4, 1))]
    assert price_activity(lines, BOOK, Decimal("1.0001")) == 40_154  # 40,150 * 1.0001 = 40,154.015
    assert price_activity([], BOOK, Decimal(1)) == 0


def test_activity_without_a_price_is_not_free() -> None:
    one = Decimal(1)
    with pytest.raises(PriceMissing, match="no price of HA1 on 2022-03-31"):
        price_activity([ActivityLine("HA1", 1, date(2022, 3, 31))], BOOK, one)
    with pytest.raises(PriceMissing, match="Did you mean 'HA1'"):
        price_activity([ActivityLine("HA2", 1, APRIL)], BOOK, one)
    two = PriceBook([Price("HA1", 1, APRIL), Price("HA1", 2, APRIL)])
    with pytest.raises(ParameterOverlap, match="2 prices"):
        price_activity([ActivityLine("HA1", 1, APRIL)], two, one)
    with pytest.raises(RuleError, match="market forces factor is 0"):
        price_activity([], BOOK, Decimal(0))
    with pytest.raises(RuleError, match="units of HA1"):
        price_activity([ActivityLine("HA1", -1, APRIL)], BOOK, one)
    with pytest.raises(RuleError, match="expected 0 or more"):
        PriceBook([Price("HA1", -1, APRIL)])


def test_a_small_expected_value_is_paid_on_a_schedule() -> None:
    on = date(2025, 4, 1)
    assert mechanism(150_000_000, "nhs", on) == "lva"
    assert mechanism(150_000_001, "nhs", on) == "api"
    assert mechanism(1, "independent", on) == "activity"
    assert mechanism(1, "unpriced", on) == "local"


def test_the_mechanism_of_a_year_without_a_limit_is_not_guessed() -> None:
    with pytest.raises(ParameterMissing, match=r"low_volume\.limit"):
        mechanism(1, "nhs", date(2024, 4, 1))
    with pytest.raises(RuleError, match="Did you mean 'nhs'"):
        mechanism(1, "nh", date(2025, 4, 1))
    with pytest.raises(RuleError, match="expected 0 or more"):
        mechanism(-1, "nhs", date(2025, 4, 1))
