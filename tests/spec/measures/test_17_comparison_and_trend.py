"""Against a benchmark, and over five years (PD14)."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from joinedup.measures import StatError, compare_with, recent_trend

AREAS = pd.DataFrame({"value": [5, 15, 10, None], "lower": [4, 12, 8, None], "upper": [6, 18, 12, None]})


@pytest.mark.parametrize(
    ("polarity", "below", "above"),
    [("neutral", "lower", "higher"), ("increase", "worse", "better"), ("decrease", "better", "worse")],
)
def test_an_interval_lies_beside_the_benchmark_or_holds_it(polarity: str, below: str, above: str) -> None:
    found = compare_with(AREAS, 10, polarity=polarity)
    assert found["comparison"].tolist() == [below, above, "similar", "cannot be compared"]


def test_a_limit_that_touches_the_benchmark_holds_it() -> None:
    assert compare_with(AREAS, 6)["comparison"][0] == "similar"
    assert compare_with(AREAS, 12)["comparison"].tolist()[1:3] == ["similar", "similar"]


def test_each_row_may_have_a_benchmark_of_its_own() -> None:
    found = compare_with(AREAS.assign(of_place=[10, 10, None, 10]), "of_place")
    assert found["comparison"].tolist() == ["lower", "higher", "cannot be compared", "cannot be compared"]


def test_a_lower_limit_above_the_upper_is_refused() -> None:
    with pytest.raises(StatError) as raised:
        compare_with(AREAS.assign(lower=[7, 12, 8, None]), 10)
    assert (raised.value.code, raised.value.rows) == ("out_of_range", [0])


# --- trend -----------------------------------------------------------------------------------------------------------

YEARS = list(range(2020, 2025))


def of_values(values: list[float | None], half: float = 20, years: list[int] = YEARS) -> Any:
    df = pd.DataFrame({"year": years, "value": values}).astype({"value": float})
    df = df.assign(lower=df["value"] - half, upper=df["value"] + half)
    return recent_trend(df, "year", value="value", lower="lower", upper="upper").iloc[0]


def of_counts(x: list[int], n: list[int]) -> Any:
    return recent_trend(pd.DataFrame({"year": YEARS, "x": x, "n": n}), "year", x="x", n="n").iloc[0]


def test_a_fall_over_five_years() -> None:
    df = pd.DataFrame(
        {"year": YEARS, "v": [512, 498, 470, 455, 431], "l": [492, 478, 451, 436, 412], "u": [532, 518, 489, 474, 450]}
    )
    found = recent_trend(df, "year", value="v", lower="l", upper="u").iloc[0]
    assert found["slope"] == pytest.approx(-20.4997, abs=5e-5)
    assert found["chi_squared"] == pytest.approx(42.4586, abs=5e-5)
    assert found["trend"] == "decreasing"


def test_a_rise_of_a_proportion() -> None:
    found = of_counts([240, 262, 281, 297, 330], [1_000, 1_010, 1_005, 1_020, 1_015])
    assert found["chi_squared"] == pytest.approx(20.4611, abs=5e-5)
    assert found["slope"] == pytest.approx(0.020202, abs=5e-7)
    assert found["trend"] == "increasing"


def test_one_year_does_not_make_a_trend() -> None:
    found = of_values([500, 500, 500, 500, 700], half=10)
    assert found["chi_squared"] == pytest.approx(614.6, abs=0.05)
    assert found["trend"] == "no significant change (outlier)"


def test_a_change_that_chance_explains() -> None:
    assert of_values([500, 495, 505, 498, 503])["trend"] == "no significant change"
    assert of_values([500, 500, 500, 500, 500])["trend"] == "no significant change"
    assert of_counts([0] * 5, [100] * 5)["trend"] == "no significant change"
    assert of_counts([100] * 5, [100] * 5)["trend"] == "no significant change"


@pytest.mark.parametrize(
    ("values", "years", "status"),
    [
        ([5, 4, 3, 2], YEARS[:4], "fewer than 5 years"),
        ([9, 8, 7, 6, None], YEARS, "a number is missing"),
        ([9, 8, 7, 6, 5], [2019, 2020, 2022, 2023, 2024], "a year is missing among the last five"),
        ([9, 8, 8, 7, 6, 5], [2020, 2021, 2021, 2022, 2023, 2024], "a year comes twice"),
    ],
)
def test_a_trend_that_cannot_be_calculated_says_why(values: list[Any], years: list[int], status: str) -> None:
    found = of_values(values, 0.1, years)
    assert (found["trend"], found["status"]) == ("cannot be calculated", status)
    assert pd.isna(found["slope"])


def test_only_the_last_five_years_count_in_any_order_and_group_by_group() -> None:
    years = [2018, 2024, 2020, 2021, 2023, 2022, 2016]
    values = [90.0, 5, 9, 8, 6, 7, 1]
    df = pd.DataFrame({"year": years * 2, "v": values + values[::-1], "place": ["w"] * 7 + ["e"] * 7})
    df = df.assign(l=df["v"] - 0.1, u=df["v"] + 0.1)
    found = recent_trend(df, "year", value="v", lower="l", upper="u", by=["place"]).set_index("place")
    assert found.loc["w", "slope"] == pytest.approx(-1)
    assert found.loc["w", "trend"] == "decreasing"
    assert found.loc["e", "slope"] != found.loc["w", "slope"]


def test_a_trend_is_asked_of_a_proportion_or_of_values_with_limits() -> None:
    df = pd.DataFrame({"year": YEARS, "x": 101, "n": 100, "l": 1.0, "u": 1.0})
    with pytest.raises(StatError) as raised:
        recent_trend(df, "year", value="x")
    assert raised.value.code == "option"
    with pytest.raises(StatError) as raised:
        recent_trend(df, "year", x="x", n="n")
    assert raised.value.code == "more_than_denominator"
    with pytest.raises(StatError) as raised:
        recent_trend(df, "year", value="x", lower="l", upper="u")
    assert raised.value.code == "out_of_range"
