"""XmR charts as Making Data Count draws them: limits, signals, rebases, icons (PD15, PD16)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from joinedup.measures import ICONS, StatError, Xmr, exceptions_first, icon_of, xmr
from joinedup.measures.statistics.signals import (
    seventh_of_a_trend,
    seventh_on_one_side,
    two_of_three,
    with_the_six_before,
)


def monthly(values: list[Any], start: str = "2020-01-01") -> pd.DataFrame:
    return pd.DataFrame({"month": pd.date_range(start, periods=len(values), freq="MS"), "value": values})


def chart(values: list[Any], **options: Any) -> Xmr:
    return xmr(monthly(values), "value", "month", **options)


def flagged(found: Xmr) -> dict[int, str]:
    """Answer the signal of each point that has one, by its number from 1."""
    return {number: signal for number, signal in enumerate(found.points["signal"], start=1) if signal}


def limits(found: Xmr, row: int = 0) -> list[float]:
    return [float(found.points[name].iloc[row]) for name in ("mean", "lower", "upper")]


# --- limits and signals ----------------------------------------------------------------------------------------------

A = [50, 53, 49, 52, 51, 54, 50, 52, 48, 51, 53, 50, 52, 49, 66, 51, 52, 50, 53, 51]
B = [20, 24, 21, 25, 22, 19, 23, 21, 24, 20, 22, 23, 22, 21, 18, 17, 16, 15, 14, 13, 12]
C = [40, 42, 39, 43, 41, 38, 42, 40, 43, 39, 41, 42, 41.5, 45.9, 46.1, 41.5, 41.2, 41.6, 41.3, 41.9, 41.4, 40]


def test_a_moving_range_out_of_the_ordinary_does_not_widen_the_limits() -> None:
    screened, all_of_them = chart(A), chart(A, screen=False)
    assert limits(screened) == pytest.approx([51.85, 44.8088, 58.8912], abs=5e-5)
    assert limits(all_of_them) == pytest.approx([51.85, 41.07, 62.63], abs=5e-5)
    assert screened.summary["moving_range_mean"][0] == pytest.approx(2.6471, abs=5e-5)
    assert all_of_them.summary["moving_range_mean"][0] == pytest.approx(4.0526, abs=5e-5)
    assert flagged(screened) == flagged(all_of_them) == {15: "outside limits"}
    assert screened.points["moving_range"].iloc[[0, 14, 15]].tolist() == pytest.approx([np.nan, 17, 15], nan_ok=True)


def test_limits_from_the_first_points_and_a_trend_that_leaves_them() -> None:
    found = chart(B, fix_after=12)
    assert limits(found) == pytest.approx([22, 14.02, 29.98])
    assert flagged(found) == dict.fromkeys(range(12, 19), "trend") | dict.fromkeys((19, 20, 21), "outside limits")
    assert set(found.points["direction"][11:]) == {"low"}


def test_two_of_three_label_only_the_points_near_the_limit_and_the_run_the_rest() -> None:
    found = chart(C, fix_after=12, improvement="increase")
    assert limits(found) == pytest.approx([40.8333, 33.5788, 48.0879], abs=5e-5)
    row = found.points.iloc[0]
    assert (row["lower_two_sigma"], row["upper_two_sigma"]) == pytest.approx((35.9970, 45.6697), abs=5e-5)
    assert flagged(found) == dict.fromkeys(range(11, 22), "run") | {14: "two of three", 15: "two of three"}
    last = found.summary.iloc[0]
    assert (last["variation"], last["recent_signals"]) == ("common cause", "two of three, run")


def test_a_point_on_the_mean_breaks_a_run_and_equal_neighbours_break_a_trend() -> None:
    assert flagged(chart([2, 2, 2, 2, 2, 2, 1, 0, 0, 0, 0, 0, 0])) == {}
    rising = [1, 9, 2, 3, 4, 5, 6, 7, 8, 0, 10, 4]
    assert set(flagged(chart(rising))) == set(range(3, 10))
    assert flagged(chart([1, 9, 2, 3, 4, 4, 6, 7, 8, 0, 10, 4])) == {}


def test_rounding_is_no_signal() -> None:
    """0.1 + 0.2 is not 0.3 to a computer: points that are on the mean but for that are on the mean."""
    values = [0.3] * 7 + [0.2, 0.4] * 3
    assert sum(values) / len(values) != 0.3
    assert flagged(chart(values)) == {}


def published(reference: Path) -> dict[str, Any]:
    read: dict[str, Any] = json.loads((reference / "NHSRplotthedots" / "rule_vectors.json").read_text())
    return read


def signs(values: list[int]) -> tuple[Any, Any]:
    return np.array(values, dtype=np.int8), np.zeros(len(values), dtype=np.intp)


def test_the_rules_agree_with_the_published_vectors(reference: Path) -> None:
    vectors = published(reference)
    for vector in vectors["seven_points_one_side"]:
        assert np.abs(seventh_on_one_side(*signs(vector["side"]))).tolist() == vector["expected"]
    for vector in vectors["part_of_seven"]:
        assert np.abs(with_the_six_before(signs(vector["flags"])[0])).tolist() == vector["expected"]
    for vector in vectors["seven_point_trend"]:
        steps = [0, *(int(np.sign(step)) for step in np.diff(vector["y"]))]
        assert seventh_of_a_trend(*signs(steps)).tolist() == vector["expected"]
    for vector in vectors["two_in_three"]:
        near = np.array(vector["close"], dtype=bool)
        assert (two_of_three(near, *signs(vector["side"])) != 0).astype(int).tolist() == vector["expected"]
    for vector in vectors["part_of_two_in_three"]:
        near = np.array(vector["close"], dtype=bool)
        of_three = two_of_three(near, *signs(vector["side"])) != 0
        assert (near & of_three).astype(int).tolist() == vector["expected"]
    assert sum(map(len, vectors.values())) == 32


def test_the_limits_agree_with_the_published_vectors(reference: Path) -> None:
    for vector in published(reference)["limits"]:
        found = limits(chart(vector["values"], screen=vector["screen_outliers"]))
        assert found == pytest.approx([vector["mean"], vector["lpl"], vector["upl"]], abs=5.1e-3)


# --- rebases ---------------------------------------------------------------------------------------------------------

BEFORE = [30, 32, 31, 29, 33, 30, 31, 32, 30, 31, 29, 32]
AFTER = [24, 25, 23, 26, 24, 25, 24, 23, 25, 24, 26, 24]


def test_a_rebase_begins_new_limits_and_nothing_reaches_across_it() -> None:
    found = chart(BEFORE + AFTER, rebase=["2021-01-01"])
    assert limits(found, 11) == pytest.approx([30.8333, 25.5133, 36.1533], abs=5e-5)
    assert limits(found, 12) == pytest.approx([24.4167, 20.0639, 28.7694], abs=5e-5)
    assert flagged(found) == {}
    assert np.isnan(found.points["moving_range"].iloc[12])
    assert found.points["segment"].tolist() == [0] * 12 + [1] * 12
    without = chart(BEFORE + AFTER)
    assert limits(without) == pytest.approx([27.6250, 22.7886, 32.4614], abs=5e-5)
    assert len(flagged(without)) == 24


def test_a_rebase_may_be_of_one_series_alone() -> None:
    both = pd.concat([monthly(BEFORE + AFTER).assign(place=place) for place in ("west", "east")])
    rebase = pd.DataFrame({"place": ["east"], "month": ["2021-01-01"]})
    found = xmr(both, "value", "month", by=["place"], rebase=rebase)
    assert found.points.groupby("place")["segment"].max().to_dict() == {"east": 1, "west": 0}
    assert found.summary.set_index("place")["mean"].to_dict() == pytest.approx({"east": 24.41667, "west": 27.625})


@pytest.mark.parametrize(
    ("values", "rebase", "note"),
    [
        (BEFORE + AFTER, "2021-01-01", ""),
        (BEFORE + AFTER[:11], "2021-01-01", "a side of a rebase has fewer than 12 points"),
        (BEFORE + BEFORE, "2021-01-01", "no signal supports a rebase"),
        (BEFORE + AFTER, "2019-01-01", "a rebase outside the points changes nothing"),
        (BEFORE + AFTER, "2029-01-01", "a rebase outside the points changes nothing"),
    ],
)
def test_a_rebase_that_needs_a_thought_is_noted(values: list[int], rebase: str, note: str) -> None:
    notes = chart(values, rebase=[rebase]).summary["notes"][0]
    about_rebase = [part for part in notes.split("; ") if "rebase" in part]
    assert about_rebase == ([note] if note else [])


# --- icons -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("target", "assurance"), [(29, "pass"), (27, "hit or miss"), (20, "fail")])
def test_assurance_comes_from_the_last_limits(target: float, assurance: str) -> None:
    found = chart(BEFORE + AFTER, rebase=["2021-01-01"], improvement="decrease", target=target)
    assert found.summary["assurance"][0] == assurance


def test_assurance_agrees_with_the_published_vectors(reference: Path) -> None:
    names = {"consistent_fail": "fail", "consistent_pass": "pass", "inconsistent": "hit or miss", None: ""}
    for vector in published(reference)["assurance"]:
        middle, half = (vector["lpl"] + vector["upl"]) / 2, (vector["upl"] - vector["lpl"]) / 2
        # Steps of this size up and down make just these limits.
        step = half / 2.66
        values = [middle - step / 2, middle + step / 2] * 7
        for improvement in ("increase", "decrease", "neutral"):
            found = chart(values, improvement=improvement, target=vector["target"])
            assert limits(found)[1:] == pytest.approx([vector["lpl"], vector["upl"]])
            assert found.summary["assurance"][0] == names[vector[improvement]]


def test_a_target_that_equals_a_limit_may_be_missed() -> None:
    found = chart([0, 1] * 8)
    _, lower, upper = limits(found)
    for target in (lower, upper):
        assert chart([0, 1] * 8, improvement="increase", target=target).summary["assurance"][0] == "hit or miss"
    assert chart([0, 1] * 8, improvement="increase").summary["assurance"][0] == ""


def test_a_target_may_change_and_the_last_one_counts() -> None:
    df = monthly(AFTER + AFTER).assign(goal=[10] * 23 + [40])
    found = xmr(df, "value", "month", improvement="increase", target="goal")
    assert found.points["target"].tolist() == [10] * 23 + [40]
    assert (found.summary["target"][0], found.summary["assurance"][0]) == (40, "fail")


@pytest.mark.parametrize(
    ("improvement", "up", "down"),
    [
        ("increase", "improvement", "concern"),
        ("decrease", "concern", "improvement"),
        ("neutral", "neutral", "neutral"),
    ],
)
def test_variation_is_what_the_last_point_means(improvement: str, up: str, down: str) -> None:
    steady = A[:14]
    for last, variation, direction in ((66, up, "high"), (20, down, "low"), (51, "common cause", "")):
        found = chart([*steady, last], improvement=improvement).summary.iloc[0]
        assert (found["variation"], found["direction"]) == (variation, direction)
        icon = icon_of(found["variation"], found["direction"])
        assert icon is not None
        assert icon.sign


def test_every_icon_has_a_colour_a_sign_and_words() -> None:
    looks = {(icon.name, icon.colour, icon.sign) for icon in ICONS.values()}
    assert looks == {
        ("common cause", "#a6a6a6", "wave"), ("improvement", "#00b0f0", "H"), ("improvement", "#00b0f0", "L"),
        ("concern", "#e46c0a", "H"), ("concern", "#e46c0a", "L"), ("neutral", "#490092", "up arrow"),
        ("neutral", "#490092", "down arrow"), ("pass", "#00b0f0", "P"), ("fail", "#e46c0a", "F"),
        ("hit or miss", "#a6a6a6", "?"),
    }  # fmt: skip
    assert len({icon.text for icon in ICONS.values()}) == len(ICONS)
    assert icon_of("") is None


def test_concern_that_fails_its_target_comes_first() -> None:
    summary = pd.DataFrame(
        {
            "place": list("abcde"),
            "variation": ["common cause", "concern", "improvement", "concern", "common cause"],
            "assurance": ["pass", "pass", "fail", "fail", "hit or miss"],
        }
    )
    assert exceptions_first(summary)["place"].tolist() == ["d", "b", "c", "a", "e"]


# --- thin and missing data -------------------------------------------------------------------------------------------


def test_below_thirteen_points_limits_are_provisional() -> None:
    twelve, thirteen = chart(A[:12]).summary.iloc[0], chart(A[:13]).summary.iloc[0]
    assert twelve["is_provisional"]
    assert twelve["notes"] == "limits are provisional: fewer than 13 points"
    assert not thirteen["is_provisional"]
    assert thirteen["notes"] == ""


@pytest.mark.parametrize("value", [5, 0.1, 0])
def test_a_series_without_variation_has_no_signals(value: float) -> None:
    found = chart([value] * 20, improvement="increase", target=value)
    assert limits(found) == pytest.approx([value] * 3)
    assert flagged(found) == {}
    assert found.summary["notes"][0] == "no variation"


def test_a_month_without_data_is_left_out_and_told() -> None:
    moved = pd.concat([monthly(A[:9]), monthly(A[9:], "2020-12-01")], ignore_index=True)
    blank = pd.concat([moved, pd.DataFrame({"month": pd.to_datetime(["2020-10-01"]), "value": [None]})])
    expected = chart(A)
    for df in (moved, blank.astype({"value": float})):
        found = xmr(df, "value", "month")
        assert found.summary["notes"][0] == "2 dates without data"
        assert found.points["signal"][found.points["value"].notna()].tolist() == expected.points["signal"].tolist()
        assert found.summary["upper"][0] == expected.summary["upper"][0]
    row = xmr(blank.astype({"value": float}), "value", "month").points.iloc[9]
    assert (row["signal"], row["type"], np.isnan(row["value"])) == ("", "", True)


def test_series_with_nothing_or_one_point_say_so() -> None:
    df = pd.DataFrame({"place": ["none", "one"], "month": ["2024-01-01", "2024-01-01"], "value": [None, 5.0]})
    found = xmr(df, "value", "month", by=["place"], improvement="increase", target=3).summary.set_index("place")
    assert found["points"].tolist() == [0, 1]
    assert found["notes"].tolist() == ["no values", "one point has no limits"]
    assert found["assurance"].tolist() == ["", ""]
    assert found["variation"].tolist() == ["", "common cause"]
    empty = xmr(monthly([]), "value", "month", by=[])
    assert (len(empty.points), len(empty.summary)) == (0, 0)


def test_small_counts_and_percentages_are_noted() -> None:
    assert chart([1, 4] * 8, kind="count").summary["notes"][0] == "small counts: the chart is unreliable"
    assert chart([10, 14] * 8, kind="count").summary["notes"][0] == ""
    assert "not the percentage of the whole time" in chart([90, 94] * 8, kind="percentage").summary["notes"][0]


@pytest.mark.parametrize(
    ("columns", "options", "code", "rows"),
    [
        ({"month": ["2024-01-01", "2024-01-01", "2024-02-01"]}, {}, "duplicate", [0, 1]),
        ({"month": ["2024-01-01", "soon", "2024-02-01"]}, {}, "dates", [1]),
        ({"month": ["2024-01-01", None, "2024-02-01"]}, {}, "dates", [1]),
        ({"month": [202401, 202402, 202403]}, {}, "dates", [0, 1, 2]),
        ({"value": ["1", "2", "3"]}, {}, "not_numeric", [0, 1, 2]),
        ({}, {"fix_after": 11}, "option", []),
        ({}, {"improvement": "up"}, "option", []),
        ({}, {"kind": "rate"}, "option", []),
        ({}, {"target": "goal"}, "no_such_column", []),
    ],
)
def test_what_has_no_chart_is_refused(
    columns: dict[str, Any], options: dict[str, Any], code: str, rows: list[int]
) -> None:
    with pytest.raises(StatError) as raised:
        xmr(monthly([1, 2, 3]).assign(**columns), "value", "month", **options)
    assert (raised.value.code, raised.value.rows) == (code, rows)


@pytest.mark.parametrize(
    "months",
    [
        pd.period_range("2020-01", periods=20, freq="M"),
        pd.date_range("2020-01-01", periods=20, freq="MS").strftime("%Y-%m-%d"),
        pd.date_range("2020-01-01", periods=20, freq="MS").date,
        pd.date_range("2020-01-31", periods=20, freq="ME"),
        pd.date_range("2020-01-01", periods=20, freq="W"),
    ],
)
def test_dates_come_as_days_months_or_texts_in_any_order(months: Any) -> None:
    df = pd.DataFrame({"month": months, "value": A}).sample(frac=1, random_state=1)
    found = xmr(df, "value", "month")
    assert found.points["value"].tolist() == A
    assert flagged(found) == {15: "outside limits"}
    assert found.summary["notes"][0] == ""


# --- real data -------------------------------------------------------------------------------------------------------


def test_four_hours_in_the_emergency_departments_of_england(reference: Path) -> None:
    """April 2016 to March 2019: every organisation in one go, and England as a whole."""
    attendances = pd.read_csv(reference / "NHSRdatasets" / "derived_csv" / "ae_attendances.csv")
    assert len(attendances) == 12_765
    monthly_sums = attendances.groupby(["org_code", "period"], as_index=False)[["attendances", "breaches"]].sum()
    monthly_sums["performance"] = 1 - monthly_sums["breaches"] / monthly_sums["attendances"]
    options: dict[str, Any] = {"improvement": "increase", "target": 0.95}
    found = xmr(monthly_sums, "performance", "period", by=["org_code"], **options)
    assert (len(found.points), len(found.summary)) == (8_298, 274)
    trusts = found.summary.set_index("org_code")
    west_herts, luton = trusts.loc["RWG"], trusts.loc["RWH"]
    assert (west_herts["assurance"], west_herts["points"]) == ("fail", 36)
    assert (luton["points"], luton["notes"]) == (35, "1 date without data")
    assert trusts.loc["R1H", "variation"] == "concern"
    assert trusts.loc["RQM", "assurance"] == "hit or miss"
    assert trusts["assurance"].value_counts().to_dict() == {"pass": 129, "fail": 81, "hit or miss": 62, "": 2}
    alone = xmr(monthly_sums[monthly_sums["org_code"] == "RWG"], "performance", "period", **options).summary.iloc[0]
    assert west_herts.equals(alone)

    england = monthly_sums.groupby("period", as_index=False)[["attendances", "breaches"]].sum()
    england["performance"] = 1 - england["breaches"] / england["attendances"]
    whole = xmr(england, "performance", "period", **options)
    assert limits(whole) == pytest.approx([0.884706, 0.860447, 0.908964], abs=5e-7)
    below = whole.points[(whole.points["signal"] == "outside limits") & (whole.points["type"] == "concern")]
    winters = ["2017-01", "2017-12", "2018-01", "2018-02", "2018-03", "2019-01", "2019-02"]
    assert below["period"].str[:7].tolist() == winters
    assert whole.summary["assurance"][0] == "fail"
