"""Invented counts, areas and series: what must hold of every statistic.

limits_hold_the_value, wider_confidence_wider_limits, a_group_is_what_it_is_alone, order_of_rows_changes_nothing,
equal_ages_give_the_crude_rate, sizes_of_quantiles_differ_by_one, a_flat_gradient_has_no_slope,
deaths_shorten_lives, all_series_at_once_as_one_by_one, signals_do_not_hang_on_the_unit.
"""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings, strategies as st

from joinedup.measures import (
    ESP2013,
    assign_quantile,
    count_limits,
    dsr,
    funnel_significance,
    isr,
    life_expectancy,
    mean,
    proportion,
    rate,
    sii,
    xmr,
)

quick = settings(max_examples=40, deadline=None)
seeds = st.integers(0, 2**32 - 1)
BANDS = list(ESP2013)


def invented_areas(seed: int, areas: int = 4) -> pd.DataFrame:
    """Areas by age with their reference, in any order."""
    draw = np.random.default_rng(seed)
    people = draw.integers(1, 5_000, areas * len(BANDS))
    table = pd.DataFrame(
        {
            "area": np.repeat([f"area {number}" for number in range(areas)], len(BANDS)),
            "band": BANDS * areas,
            "n": people,
            "x": draw.binomial(people, draw.uniform(0, 0.3)),
            "ref_x": list(draw.integers(1, 900, len(BANDS))) * areas,
            "ref_n": list(draw.integers(10_000, 90_000, len(BANDS))) * areas,
        }
    )
    return table.sample(frac=1, random_state=seed % 1_000, ignore_index=True)


def a_dsr(df: pd.DataFrame, **options: Any) -> pd.DataFrame:
    return dsr(df, "x", "n", **options)


def an_isr(df: pd.DataFrame, **options: Any) -> pd.DataFrame:
    return isr(df, "x", "n", "ref_x", "ref_n", **options)


def a_mean(df: pd.DataFrame, **options: Any) -> pd.DataFrame:
    return mean(df, "x", **options)


def of_sums(ask: Any) -> Any:
    def asked(df: pd.DataFrame, by: list[str], **options: Any) -> pd.DataFrame:
        return ask(df.groupby(by, as_index=False, sort=False)[["x", "n"]].sum(), "x", "n", by=by, **options)

    return asked


OF_GROUPS = [a_dsr, an_isr, a_mean]


@pytest.mark.parametrize("ask", [*OF_GROUPS, of_sums(proportion), of_sums(rate)])
@quick
@given(seed=seeds)
def test_limits_hold_the_value_and_wider_confidence_has_wider_limits(ask: Any, seed: int) -> None:
    found = ask(invented_areas(seed), by=["area"], confidence=(0.95, 0.998)).dropna(subset=["value", "lower_95"])
    ends = ["lower_998", "lower_95", "value", "upper_95", "upper_998"]
    slack = 1e-9 * found["value"].abs().max() if len(found) else 0
    for first, second in itertools.pairwise(ends):
        assert (found[first] <= found[second] + slack).all()


@quick
@given(st.lists(st.integers(0, 100_000), min_size=1))
def test_limits_of_a_larger_count_are_higher(events: list[int]) -> None:
    counted = np.unique(events)
    for method in ("exact", "byar", "auto"):
        lower, upper = count_limits(counted, method=method)
        assert (np.diff(lower) > 0).all()
        assert (np.diff(upper) > 0).all()
        assert ((lower <= counted) & (counted < upper)).all()


@pytest.mark.parametrize("ask", OF_GROUPS)
@quick
@given(seed=seeds)
def test_a_group_is_what_it_is_alone_and_the_order_of_rows_changes_nothing(ask: Any, seed: int) -> None:
    table = invented_areas(seed)
    together = ask(table, by=["area"]).set_index("area")
    shuffled = ask(table[::-1], by=["area"]).set_index("area").loc[together.index]
    pd.testing.assert_frame_equal(together, shuffled, rtol=1e-12)
    for area, rows in table.groupby("area"):
        alone = ask(rows, by=[]).iloc[0]
        pd.testing.assert_series_equal(together.loc[area], alone, check_names=False, rtol=1e-12, check_dtype=False)


@quick
@given(seed=seeds)
def test_texts_in_runs_in_rounds_and_in_no_order_are_the_same_groups(seed: int) -> None:
    table = invented_areas(seed)
    in_order = table.sort_values("area", kind="stable")
    in_rounds = table.sort_values("band", kind="stable", key=lambda bands: bands.map(BANDS.index))
    plain = a_dsr(table.astype({"area": "category", "band": "category"}), by=["area"]).astype({"area": object})
    for one in (in_order, in_rounds.sort_values("area", kind="stable"), in_rounds):
        found = a_dsr(one, by=["area"]).set_index("area").loc[plain["area"]].reset_index()
        pd.testing.assert_frame_equal(found, plain, rtol=1e-12)


@quick
@given(seed=seeds)
def test_people_of_the_standard_ages_have_their_crude_rate(seed: int) -> None:
    table = invented_areas(seed, 1)
    table["n"] = table["band"].map(ESP2013)
    table["x"] = np.minimum(table["x"], table["n"]) + 1
    crude = rate(table[["x", "n"]].sum().to_frame().T, "x", "n")["value"][0]
    assert a_dsr(table)["value"][0] == pytest.approx(crude)


@quick
@given(seed=seeds, people=st.integers(100, 900), weights=st.lists(st.integers(1, 99), min_size=19, max_size=19))
def test_one_rate_at_every_age_is_the_rate_whatever_the_weights(seed: int, people: int, weights: list[int]) -> None:
    table = pd.DataFrame({"band": BANDS, "x": 7, "n": people, "w": weights})
    assert dsr(table, "x", "n", "w")["value"][0] == pytest.approx(700_000 / people)


@quick
@given(seed=seeds)
def test_the_reference_has_a_ratio_of_one(seed: int) -> None:
    table = invented_areas(seed, 1)
    assert isr(table, "ref_x", "ref_n", "ref_x", "ref_n")["value"][0] == pytest.approx(1)


@quick
@given(st.lists(st.integers(-999, 999), unique=True, min_size=1, max_size=80), st.integers(2, 12), st.booleans())
def test_sizes_of_quantiles_differ_by_at_most_one(values: list[int], k: int, highest_first: bool) -> None:
    found = assign_quantile(pd.DataFrame({"v": values}), "v", k, highest_first)
    if len(values) < k:
        assert found["quantile"].isna().all()
        return
    sizes = found["quantile"].value_counts()
    assert sorted(sizes.index) == list(range(1, k + 1))
    assert sizes.max() - sizes.min() <= 1
    means = found.groupby("quantile")["v"].mean()
    assert means.is_monotonic_decreasing if highest_first else means.is_monotonic_increasing


@quick
@given(
    st.lists(st.tuples(st.integers(1, 9_999), st.floats(1, 99)), min_size=5, max_size=10),
    st.floats(0.1, 50),
    st.sampled_from(["other", "rate"]),
)
def test_gradients(fifths: list[tuple[int, float]], height: float, kind: str) -> None:
    """No gradient has no slope; a gradient the other way round has the slope the other way round."""
    table = pd.DataFrame(fifths, columns=["people", "value"]).assign(fifth=range(len(fifths)))

    def of(df: pd.DataFrame) -> Any:
        return sii(df, "fifth", "people", "value", kind=kind, confidence=None).iloc[0]

    flat = of(table.assign(value=height))
    assert flat["value"] == pytest.approx(0, abs=1e-9 * height)
    assert flat["rii"] == pytest.approx(1)
    turned = of(table.assign(fifth=-table["fifth"]))
    assert turned["value"] == pytest.approx(-of(table)["value"], abs=1e-6)


@quick
@given(seed=seeds, band=st.integers(0, 19))
def test_more_deaths_shorten_lives(seed: int, band: int) -> None:
    draw = np.random.default_rng(seed)
    people = draw.integers(2_000, 9_000, 20)
    deaths = draw.binomial(people, np.linspace(0.001, 0.2, 20)) + 1
    table = pd.DataFrame({"age": [0, 1, *range(5, 95, 5)], "people": people, "deaths": deaths})
    more = table.assign(deaths=deaths + (np.arange(20) == band) * 50)
    before, after = (life_expectancy(one, "age", "people", "deaths", ages=[0]).iloc[0] for one in (table, more))
    assert before["lower"] < before["value"] < before["upper"]
    assert after["value"] < before["value"]


@quick
@given(seed=seeds)
def test_a_funnel_judges_as_the_interval_of_a_point(seed: int) -> None:
    draw = np.random.default_rng(seed)
    expected = draw.uniform(0.5, 200, 30)
    table = pd.DataFrame({"x": draw.poisson(expected * draw.choice([0.5, 1, 2], 30)), "n": expected})
    found = funnel_significance(table, "ratio")
    is_high = found["lower_95"] > 1
    assert (found["significance"].isin(["high_95", "high_998"]) == is_high).all()
    assert ((found["significance"] == "low_998") == (found["upper_998"] < 1)).all()


# --- charts ----------------------------------------------------------------------------------------------------------


def invented_series(seed: int, series: int = 5) -> pd.DataFrame:
    """Whole numbers, so that ties happen; with drifts, jumps and quiet stretches, so that signals do too."""
    draw = np.random.default_rng(seed)
    parts = []
    for number in range(series):
        many = int(draw.integers(1, 45))
        values = draw.integers(0, int(draw.integers(1, 12)), many) + draw.choice([0, 1]) * np.arange(many) // 3
        values[many // 2 :] += draw.choice([0, 4, 30])
        months = pd.date_range("2020-01-01", periods=many, freq="MS")
        parts.append(pd.DataFrame({"series": f"s{number}", "month": months, "value": values}))
    return pd.concat(parts).sample(frac=1, random_state=seed % 1_000, ignore_index=True)


def one_by_one(y: list[int], fix_after: int | None, screen: bool) -> list[str]:
    """Answer the signals of a series by reading the rules aloud, point by point."""
    base = y[:fix_after]
    centre = sum(base) / len(base)
    ranges = [abs(second - first) for first, second in itertools.pairwise(base)]
    if not any(ranges):
        return [""] * len(y)
    average = sum(ranges) / len(ranges)
    if screen:
        kept = [one for one in ranges if one < 3.267 * average]
        average = sum(kept) / len(kept)
    if average == 0:
        return [""] * len(y)
    limit = 2.66 * average
    outside = [abs(value - centre) > limit + 1e-9 for value in y]
    near = [limit * 2 / 3 + 1e-9 < abs(value - centre) and not out for value, out in zip(y, outside, strict=True)]
    side = [0 if abs(value - centre) < 1e-9 else (1 if value > centre else -1) for value in y]
    found = [""] * len(y)

    def label(points: range, name: str, only: list[bool] | None = None) -> None:
        for point in points:
            if not found[point] and (only is None or only[point]):
                found[point] = name

    label(range(len(y)), "outside limits", outside)
    for start in range(len(y) - 6):
        window = y[start : start + 7]
        steps = [second - first for first, second in itertools.pairwise(window)]
        if all(step > 0 for step in steps) or all(step < 0 for step in steps):
            label(range(start, start + 7), "trend")
    for start in range(len(y) - 2):
        three = range(start, start + 3)
        if abs(sum(side[point] for point in three)) == 3 and sum(near[point] for point in three) >= 2:
            label(three, "two of three", near)
    for start in range(len(y) - 6):
        if abs(sum(side[start : start + 7])) == 7:
            label(range(start, start + 7), "run")
    return found


@settings(max_examples=100, deadline=None)
@given(seed=seeds, fix_after=st.sampled_from([None, 12, 20]), screen=st.booleans())
def test_all_series_at_once_as_one_by_one(seed: int, fix_after: int | None, screen: bool) -> None:
    table = invented_series(seed)
    found = xmr(table, "value", "month", by=["series"], fix_after=fix_after, screen=screen).points
    for _, points in found.groupby("series"):
        values = [int(value) for value in points["value"]]
        assert points["signal"].tolist() == one_by_one(values, fix_after, screen)


@quick
@given(seed=seeds, shift=st.integers(-10_000, 10_000), power=st.integers(-6, 6))
def test_signals_do_not_hang_on_the_unit(seed: int, shift: int, power: int) -> None:
    table = invented_series(seed)
    found = xmr(table, "value", "month", by=["series"]).points
    moved = xmr(table.assign(value=(table["value"] + shift) * 2.0**power), "value", "month", by=["series"]).points
    upside_down = xmr(table.assign(value=-table["value"]), "value", "month", by=["series"]).points
    assert found["signal"].tolist() == moved["signal"].tolist() == upside_down["signal"].tolist()
    assert found["direction"].tolist() == moved["direction"].tolist()
    opposite = {"high": "low", "low": "high", "": ""}
    assert found["direction"].map(opposite).tolist() == upside_down["direction"].tolist()


@quick
@given(seed=seeds, at=st.integers(1, 40))
def test_each_side_of_a_rebase_is_a_chart_of_its_own(seed: int, at: int) -> None:
    table = invented_series(seed, 3)
    day = pd.Timestamp("2020-01-01") + pd.DateOffset(months=at)
    whole = xmr(table, "value", "month", by=["series"], rebase=[day.date()]).points
    for side in (table[table["month"] < day], table[table["month"] >= day]):
        if len(side):
            alone = xmr(side, "value", "month", by=["series"]).points
            columns = ["mean", "lower", "upper", "moving_range", "signal"]
            expected = whole.loc[alone.index, columns]
            pd.testing.assert_frame_equal(alone[columns], expected, rtol=1e-12)
