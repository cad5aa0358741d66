"""Means of single values, and areas cut into tenths and fifths (PD8, PD9)."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from joinedup.measures import StatError, StatWarning, assign_quantile, mean


def test_a_mean_has_limits_by_students_t() -> None:
    found = mean(pd.DataFrame({"days": [12, 15, 11, 19, 14, 13]}), "days", confidence=(0.95, 0.998)).iloc[0]
    assert (found["numerator"], found["denominator"], found["value"]) == (84, 6, 14)
    assert found["sd"] == pytest.approx(2.828427, abs=5e-7)
    assert (found["lower_95"], found["upper_95"]) == pytest.approx((11.031748, 16.968252), abs=5e-7)
    assert (found["lower_998"], found["upper_998"]) == pytest.approx((7.194854, 20.805146), abs=5e-7)


def test_means_of_groups_say_what_they_lack() -> None:
    days = pd.DataFrame({"ward": list("aaabcc") + ["d"] * 8, "days": [1, None, 3, 5, None, None, *range(8)]})
    found = mean(days, "days", by=["ward"]).set_index("ward")
    assert found.loc["a", ["denominator", "value"]].tolist() == [2, 2]
    assert found["status"].tolist() == [
        "not for release: fewer than 8 values; rows without a value left out",
        "one value has no limits; not for release: fewer than 8 values",
        "no values; rows without a value left out",
        "",
    ]
    assert found.loc["b", "value"] == 5
    assert math.isnan(found.loc["b", "lower"])
    assert math.isnan(found.loc["c", "value"])


def test_values_close_together_and_far_from_zero_keep_their_spread() -> None:
    found = mean(pd.DataFrame({"v": [1e9 + 1, 1e9 + 2, 1e9 + 3]}), "v")
    assert found["sd"][0] == 1


AREAS = [31, 8, 15, 22, 40, 12, 27, 19, 5, 36, 12, 24]


@pytest.mark.parametrize(
    ("values", "k", "highest_first", "quantiles"),
    [
        (AREAS, 5, True, [1, 5, 3, 3, 1, 4, 2, 3, 5, 1, 4, 2]),
        (AREAS, 5, False, [4, 1, 2, 3, 5, 1, 4, 3, 1, 5, 1, 3]),
        ([10, None, 30, 20, 50, 40], 5, True, [5, None, 3, 4, 1, 2]),
        ([4, 3, 2, None], 5, True, [None] * 4),
    ],
)
def test_quantiles(values: list[Any], k: int, highest_first: bool, quantiles: list[int | None]) -> None:
    found = assign_quantile(pd.DataFrame({"v": values}), "v", k, highest_first)["quantile"]
    assert [None if one is pd.NA else one for one in found] == quantiles


def test_equal_values_share_a_quantile_and_empty_ones_are_told() -> None:
    with pytest.warns(StatWarning, match="leave 4 of the quantiles empty"):
        found = assign_quantile(pd.DataFrame({"v": [5, 5, 5, 5, 5, 1, 2, 3, 4, 6]}), "v")
    assert found["quantile"].tolist() == [2, 2, 2, 2, 2, 10, 9, 8, 7, 1]


def test_each_group_is_cut_by_itself_and_keeps_its_rows() -> None:
    places = pd.DataFrame({"place": ["w", "e"] * 4, "v": [1, 40, 2, 30, 3, 20, 4, 10], "name": list("abcdefgh")})
    found = assign_quantile(places, "v", 2, by=["place"])
    assert found["quantile"].tolist() == [2, 1, 2, 1, 1, 2, 1, 2]
    pd.testing.assert_frame_equal(found.drop(columns="quantile"), places)


def test_what_cannot_be_cut_is_refused() -> None:
    for k in (1, 2.5, True):
        with pytest.raises(StatError, match="whole number of quantiles"):
            assign_quantile(pd.DataFrame({"v": AREAS}), "v", k)  # type: ignore[arg-type]
    with pytest.raises(StatError) as raised:
        assign_quantile(pd.DataFrame({"v": AREAS, "quantile": 1}), "v")
    assert raised.value.code == "column_exists"


def test_deprivation_of_the_lsoas_of_one_system_nationally_and_locally(reference: Path) -> None:
    """IMD 2019, PC10: few of the areas are among the most deprived of England, so that local fifths are offered too."""
    lsoas = pd.read_csv(reference / "hwe_derived" / "hwe_lsoa11_master.csv")
    core20 = lsoas[lsoas["IMD_decile"] <= 2]
    assert (len(core20), len(lsoas)) == (16, 857)
    assert (core20["pop_total"].sum(), lsoas["pop_total"].sum()) == (28_084, 1_488_061)
    assert core20["pop_total"].sum() / lsoas["pop_total"].sum() == pytest.approx(0.018873, abs=5e-7)
    fifths = assign_quantile(lsoas, "IMD_rank", 5, highest_first=False).groupby("quantile")
    assert fifths.size().tolist() == [172, 171, 172, 171, 171]
    assert fifths["pop_total"].sum().tolist() == [289_045, 307_741, 305_044, 303_485, 282_746]
    assert fifths["IMD_rank"].max()[1] == 13_880
