"""Proportions, counts and crude rates with their limits (PD2 to PD4)."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from joinedup.measures import StatError, count_limits, proportion, rate


@pytest.mark.parametrize(
    ("x", "n", "value", "limits_95", "limits_998"),
    [
        (0, 20, 0, (0, 0.161125), (0, 0.323170)),
        (7, 40, 0.175, (0.087454, 0.319500), (0.059456, 0.415817)),
        (20, 20, 1, (0.838875, 1), (0.676830, 1)),
        (312, 1_250, 0.2496, (0.226400, 0.274334), (0.213767, 0.289230)),
    ],
)
def test_a_proportion_has_wilsons_limits(
    x: int, n: int, value: float, limits_95: tuple[float, float], limits_998: tuple[float, float]
) -> None:
    found = proportion(pd.DataFrame({"x": [x], "n": [n]}), "x", "n", confidence=(0.95, 0.998)).iloc[0]
    assert found["value"] == value
    assert (found["lower_95"], found["upper_95"]) == pytest.approx(limits_95, abs=5e-7)
    assert (found["lower_998"], found["upper_998"]) == pytest.approx(limits_998, abs=5e-7)
    assert found["method"] == "Wilson"


def test_a_percentage_is_the_proportion_times_a_hundred() -> None:
    found = proportion(pd.DataFrame({"x": [7, 0], "n": [40, 20]}), "x", "n", 100)
    assert found["value"].tolist() == [17.5, 0]
    assert found["lower"].tolist() == pytest.approx([8.7454, 0], abs=5e-5)
    assert found["upper"].tolist() == pytest.approx([31.9500, 16.1125], abs=5e-5)


@pytest.mark.parametrize(
    ("events", "limits_95", "limits_998"),
    [
        (0, (0, 3.688879), (0, 6.907755)),
        (4, (1.089865, 10.241589), (0.428552, 14.794149)),
        (9, (4.115373, 17.084803), (2.452424, 22.657373)),
        (10, (4.787450, 18.391459), (2.916318, 24.193725)),
        (25, (16.174266, 36.906451), (12.304459, 44.674780)),
        (100, (81.362105, 121.627938), (71.903692, 134.943622)),
    ],
)
def test_limits_of_a_count_are_exact_below_ten_and_byars_from_there(
    events: int, limits_95: tuple[float, float], limits_998: tuple[float, float]
) -> None:
    for confidence, limits in ((0.95, limits_95), (0.998, limits_998)):
        lower, upper = count_limits([events], confidence)
        assert (lower[0], upper[0]) == pytest.approx(limits, abs=5e-7)
        named = count_limits([events], confidence, "exact" if events < 10 else "byar")
        assert (named[0][0], named[1][0]) == (lower[0], upper[0])


def test_a_count_that_is_missing_has_no_limits_and_a_negative_one_is_refused() -> None:
    lower, upper = count_limits([25, np.nan])
    assert np.isnan(lower).tolist() == np.isnan(upper).tolist() == [False, True]
    with pytest.raises(StatError) as raised:
        count_limits([3, -1])
    assert (raised.value.code, raised.value.rows) == ("negative", [1])
    with pytest.raises(StatError, match="Did you mean 'byar'"):
        count_limits([3], method="byars")


def test_a_rate_is_events_for_each_hundred_thousand() -> None:
    found = rate(pd.DataFrame({"events": [25, 4, 0], "years": [18_400, 3_200, 3_200]}), "events", "years")
    assert found["value"].tolist() == pytest.approx([135.8696, 125.0, 0], abs=5e-5)
    assert found["lower"].tolist() == pytest.approx([87.9036, 34.0583, 0], abs=5e-5)
    assert found["upper"].tolist() == pytest.approx([200.5785, 320.0496, 115.2775], abs=5e-5)
    assert found["method"].tolist() == ["Byar", "exact", "exact"]


def test_a_rate_may_be_above_one_where_people_have_many_events() -> None:
    found = rate(pd.DataFrame({"x": [300], "n": [100]}), "x", "n", 1)
    assert found["value"][0] == 3


@pytest.mark.parametrize("multiplier", [0, -1, math.inf, "100"])
def test_a_multiplier_is_above_zero(multiplier: float) -> None:
    with pytest.raises(StatError, match="multiplier is a number above 0"):
        rate(pd.DataFrame({"x": [3], "n": [100]}), "x", "n", multiplier)
