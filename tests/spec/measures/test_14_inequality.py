"""Slope and relative index of inequality (PD10)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from joinedup.measures import StatError, StatWarning, assign_quantile, sii

FIFTHS = pd.DataFrame(
    {
        "fifth": [1, 2, 3, 4, 5],
        "people": [1_800, 2_200, 2_000, 2_400, 1_600],
        "value": [62, 55, 51, 47, 40],
        "se": [1.2, 1.1, 1.0, 1.1, 1.3],
        "rate": [620, 540, 480, 450, 400],
        "share": [0.30, 0.26, 0.22, 0.19, 0.15],
    }
).assign(lower=lambda df: df["rate"] * 0.95, upper=lambda df: df["rate"] * 1.055)


def of(df: pd.DataFrame = FIFTHS, value: str | None = "value", **options: Any) -> pd.Series[Any]:
    return sii(df, "fifth", "people", value, **options).iloc[0]


def test_the_line_through_the_fifths() -> None:
    found = of(confidence=None)
    assert found["value"] == pytest.approx(-24.398496, abs=5e-7)
    assert found["intercept"] == pytest.approx(63.339248, abs=5e-7)
    assert found["rii"] == pytest.approx(0.614797, abs=5e-7)
    assert found["denominator"] == 10_000


def test_limits_of_the_slope_are_exact_and_those_of_the_ratio_drawn() -> None:
    found = of(se="se")
    assert (found["lower"], found["upper"]) == pytest.approx((-27.994022, -20.802971), abs=5e-7)
    assert (found["upper"] - found["lower"]) / 2 / 1.959963985 == pytest.approx(1.834486, abs=5e-7)
    assert (found["rii_lower"], found["rii_upper"]) == pytest.approx((0.570, 0.662), abs=0.0015)


def test_drawn_limits_agree_with_the_exact_ones_and_are_the_same_each_time() -> None:
    exact, drawn = of(se="se"), of(se="se", simulate=True)
    for end in ("lower", "upper"):
        assert drawn[end] == pytest.approx(exact[end], rel=0.01)
        assert drawn[end] != exact[end]
    assert of(se="se", simulate=True)["lower"] == drawn["lower"]
    assert of(se="se", simulate=True, seed=7)["lower"] != drawn["lower"]


def test_limits_of_a_value_are_as_good_as_its_error() -> None:
    with_limits = FIFTHS.assign(low=FIFTHS["value"] - 1.959963985 * FIFTHS["se"])
    with_limits["high"] = FIFTHS["value"] + 1.959963985 * FIFTHS["se"]
    found = of(with_limits, lower="low", upper="high")
    assert (found["lower"], found["upper"]) == pytest.approx((-27.994022, -20.802971), abs=5e-7)


def test_where_high_is_good_both_indices_turn_round() -> None:
    plain, turned = of(se="se"), of(se="se", multiplier=-1)
    assert (turned["value"], turned["rii"]) == pytest.approx((24.398496, 1.626554), abs=5e-7)
    assert (turned["lower"], turned["upper"]) == (-plain["upper"], -plain["lower"])
    assert turned["rii_lower"] == pytest.approx(1 / plain["rii_upper"])
    assert turned["rii_upper"] == pytest.approx(1 / plain["rii_lower"])


def test_a_rate_is_fitted_plainly_or_by_its_logarithm() -> None:
    plain = of(value="rate", kind="rate", confidence=None)
    assert (plain["value"], plain["rii"]) == pytest.approx((-251.428571, 0.597143), abs=5e-7)
    logged = of(value="rate", kind="rate", transform=True, lower="lower", upper="upper")
    assert (logged["value"], logged["rii"]) == pytest.approx((-249.792501, 0.605854), abs=5e-7)
    assert (logged["lower"], logged["upper"]) == pytest.approx((-290.782871, -209.203229), abs=5e-7)
    assert (logged["rii_lower"], logged["rii_upper"]) == pytest.approx((0.559196, 0.656404), abs=5e-7)
    drawn = of(value="rate", kind="rate", transform=True, lower="lower", upper="upper", simulate=True)
    for end in ("lower", "upper", "rii_lower", "rii_upper"):
        assert drawn[end] == pytest.approx(logged[end], rel=0.01)


def test_a_plain_rate_has_drawn_limits_near_those_of_its_logarithm() -> None:
    drawn = of(value="rate", kind="rate", lower="lower", upper="upper")
    assert (drawn["lower"], drawn["upper"]) == pytest.approx((-292, -211), abs=4)
    assert drawn["lower"] < drawn["value"] < drawn["upper"]


def test_a_proportion_is_fitted_plainly_or_by_its_logit() -> None:
    plain = of(value="share", kind="proportion", multiplier=100, confidence=None)
    assert (plain["value"], plain["rii"]) == pytest.approx((-17.593985, 0.437478), abs=5e-7)
    by_logit = of(value="share", kind="proportion", multiplier=100, transform=True, confidence=None)
    assert (by_logit["value"], by_logit["rii"]) == pytest.approx((-17.703342, 0.449753), abs=5e-7)


def test_counts_are_enough_for_a_proportion_or_a_rate() -> None:
    counted = FIFTHS.assign(events=FIFTHS["share"] * FIFTHS["people"])
    found = of(counted, None, x="events", kind="proportion", multiplier=100)
    assert found["value"] == pytest.approx(-17.593985, abs=5e-7)
    assert found["lower"] < found["value"] < found["upper"] < 0
    assert found["numerator"] == pytest.approx(counted["events"].sum())
    assert of(counted, None, x="events", kind="rate", multiplier=100)["value"] == pytest.approx(-17.593985, abs=5e-7)


def test_two_levels_of_confidence() -> None:
    found = of(se="se", confidence=(0.95, 0.998))
    assert found["lower_998"] < found["lower_95"] < found["upper_95"] < found["upper_998"]
    assert found["rii_lower_998"] < found["rii_lower_95"] < found["rii_upper_95"] < found["rii_upper_998"]


def test_a_line_through_zero_has_no_ratio() -> None:
    found = of(FIFTHS.assign(value=[20, 10, 0, -10, -20]), confidence=None)
    assert pd.isna(found["rii"])
    assert found["value"] < 0
    assert found["status"] == "no relative index: the fitted line is not above 0 throughout"


def test_groups_are_fitted_by_themselves_and_one_that_lacks_a_fifth_is_left_out() -> None:
    two = pd.concat([FIFTHS.assign(place="west"), FIFTHS[:4].assign(place="gap"), FIFTHS[::-1].assign(place="east")])
    two.loc[two["place"] == "east", "value"] += 10
    with pytest.warns(StatWarning, match="1 of 3 groups lack a quantile"):
        found = sii(two, "fifth", "people", "value", se="se", by=["place"]).set_index("place")
    assert found.index.tolist() == ["west", "east"]
    pd.testing.assert_series_equal(found.loc["west"], of(se="se"), check_names=False)
    assert found.loc["east", "value"] == pytest.approx(found.loc["west", "value"])


def test_more_than_ten_quantiles_are_unusual() -> None:
    twelve = pd.DataFrame({"fifth": range(1, 13), "people": 100, "value": range(12)})
    with pytest.warns(StatWarning, match="12 quantiles"):
        of(twelve, confidence=None)


@pytest.mark.parametrize(
    ("columns", "options", "code"),
    [
        ({"people": [0, 1, 1, 1, 1]}, {"confidence": None}, "not_positive"),
        ({"people": [None, 1, 1, 1, 1]}, {"confidence": None}, "missing"),
        ({"value": [None, 1, 1, 1, 1]}, {"confidence": None}, "missing"),
        ({"fifth": [1, 2, 3, 4, 4]}, {"confidence": None}, "quantiles"),
        ({}, {}, "no_limits"),
        ({"se": [1, 1, 1, 1, -1]}, {"se": "se"}, "negative"),
        ({"lower": [None, 1, 1, 1, 1]}, {"value": "rate", "lower": "lower", "upper": "upper"}, "missing"),
        ({"lower": [900, 1, 1, 1, 1]}, {"value": "rate", "lower": "lower", "upper": "upper"}, "negative"),
        ({}, {"lower": "lower"}, "option"),
        ({"share": [1.2, 0.1, 0.1, 0.1, 0.1]}, {"value": "share", "kind": "proportion", "confidence": None},
         "out_of_range"),
        ({"share": [1, 0.1, 0.1, 0.1, 0.1]},
         {"value": "share", "kind": "proportion", "transform": True, "confidence": None}, "out_of_range"),
        ({"rate": [0, 1, 1, 1, 1]}, {"value": "rate", "kind": "rate", "transform": True, "confidence": None},
         "out_of_range"),
        ({}, {"transform": True, "confidence": None}, "option"),
        ({}, {"value": "rate", "kind": "rate", "transform": True, "se": "se"}, "option"),
        ({}, {"se": "se", "reps": 999}, "option"),
        ({}, {"se": "se", "multiplier": 0}, "option"),
        ({}, {"value": None, "confidence": None}, "option"),
        ({}, {"kind": "ratio", "confidence": None}, "option"),
    ],
)  # fmt: skip
def test_what_has_no_index_is_refused(columns: dict[str, Any], options: dict[str, Any], code: str) -> None:
    with pytest.raises(StatError) as raised:
        of(FIFTHS.assign(**columns), **options)
    assert raised.value.code == code


def test_a_fifth_twice_is_refused() -> None:
    with pytest.raises(StatError) as raised:
        of(pd.concat([FIFTHS, FIFTHS[:1]], ignore_index=True), confidence=None)
    assert (raised.value.code, raised.value.rows) == ("duplicate", [0, 5])


def test_the_gradient_of_young_children_over_the_deprivation_of_a_real_system(reference: Path) -> None:
    """IMD 2019 in local tenths: 7.4% of people in the most deprived tenth are under five, 5.2% in the least."""
    lsoas = pd.read_csv(reference / "hwe_derived" / "hwe_lsoa11_master.csv")
    tenths = assign_quantile(lsoas, "IMD_rank", 10, highest_first=False).groupby("quantile", as_index=False)
    table = tenths[["pop_0_4", "pop_85plus", "pop_total"]].sum()
    young = sii(table, "quantile", "pop_total", x="pop_0_4", kind="proportion", multiplier=100).iloc[0]
    assert (young["numerator"], young["denominator"]) == (91_364, 1_488_061)
    assert young["value"] == pytest.approx(-2.2339, abs=5e-5)
    assert young["rii"] == pytest.approx(0.6922, abs=5e-5)
    assert young["lower"] < young["value"] < young["upper"] < 0
    old = sii(table, "quantile", "pop_total", x="pop_85plus", kind="proportion", multiplier=100).iloc[0]
    assert old["lower"] > 0
    assert old["rii_lower"] > 1
