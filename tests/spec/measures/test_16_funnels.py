"""Which areas lie outside a funnel, and its curves (PD12)."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from joinedup.measures import StatError, funnel_limits, funnel_significance

PRACTICES = pd.DataFrame({"x": [18, 96, 301, 70, 20], "n": [120, 450, 1_600, 240, 210]})


def test_the_funnel_of_a_proportion() -> None:
    found = funnel_limits(PRACTICES, "proportion", multiplier=100, at=[120, 450, 1_600])
    assert found["average"].tolist() == pytest.approx([19.274809] * 3, abs=5e-7)
    assert found["lower_95"].tolist() == pytest.approx([12.217, 15.630, 17.342], abs=5e-4)
    assert found["upper_95"].tolist() == pytest.approx([26.332, 22.919, 21.208], abs=5e-4)
    assert found["lower_998"].tolist() == pytest.approx([8.147, 13.529, 16.227], abs=5e-4)
    assert found["upper_998"].tolist() == pytest.approx([30.402, 25.021, 22.322], abs=5e-4)
    assert found["lower_95_at"].tolist() == found["upper_998_at"].tolist() == [120, 450, 1_600]


def test_the_limits_of_a_proportion_stay_from_zero_to_one() -> None:
    few = pd.DataFrame({"x": [1, 0, 9], "n": [10, 2, 9]})
    found = funnel_limits(few, "proportion", at=[1, 2])
    assert found["lower_998"].tolist() == [0, 0]
    assert found["upper_998"].tolist() == [1, 1]


def test_practices_inside_and_outside() -> None:
    found = funnel_significance(PRACTICES, "proportion", multiplier=100)
    assert found["significance"].tolist() == ["not_significant"] * 3 + ["high_998", "low_998"]
    assert found["value"].tolist()[3:] == pytest.approx([29.167, 9.524], abs=5e-4)
    assert found["upper_998"][3] == pytest.approx(27.143, abs=5e-4)
    assert found["lower_998"][4] == pytest.approx(10.863, abs=5e-4)


@pytest.mark.parametrize(
    ("events", "limits_95", "limits_998"),
    [
        (5, (42.851, 307.979), (30.386, 676.250)),
        (20, (64.749, 163.713), (52.574, 223.259)),
        (80, (80.348, 126.113), (71.632, 144.980)),
    ],
)
def test_the_funnel_of_a_ratio(events: int, limits_95: tuple[float, float], limits_998: tuple[float, float]) -> None:
    found = funnel_limits(pd.DataFrame({"x": [6], "n": [2.0]}), "ratio", at=[events]).iloc[0]
    assert (found["lower_95"], found["upper_95"]) == pytest.approx(limits_95, abs=5e-4)
    assert (found["lower_998"], found["upper_998"]) == pytest.approx(limits_998, abs=5e-4)
    assert found["average"] == 100
    # The curve of lower limits runs through the expected events of which `events` would be just too few.
    assert events / found["lower_95_at"] * 100 == pytest.approx(found["lower_95"])
    assert events / found["upper_95_at"] * 100 == pytest.approx(found["upper_95"])
    change = funnel_limits(pd.DataFrame({"x": [6], "n": [2.0]}), "ratio", ratio="count", at=[events]).iloc[0]
    assert change["lower_95"] == pytest.approx(found["lower_95"] / 100 - 1)
    assert change["average"] == 0


def test_the_funnel_of_a_rate_is_that_of_a_ratio_times_the_average() -> None:
    areas = pd.DataFrame({"x": [50, 150], "n": [40_000, 60_000]})
    rates = funnel_limits(areas, "rate", at=[20], years=2).iloc[0]
    ratio = funnel_limits(areas, "ratio", at=[20]).iloc[0]
    assert rates["average"] == pytest.approx(200)
    assert rates["lower_95"] == pytest.approx(ratio["lower_95"] / 100 * 200)
    assert rates["lower_95_at"] == pytest.approx(ratio["lower_95_at"] / 0.002 / 2)


def test_the_people_behind_standardised_rates_follow_from_them() -> None:
    areas = pd.DataFrame({"x": [50, 150], "n": [40_000, 60_000], "rate": [125.0, 250.0]})
    from_rates = funnel_significance(areas, "rate", n=None, rate="rate")
    pd.testing.assert_frame_equal(from_rates, funnel_significance(areas, "rate"))
    none = pd.DataFrame({"x": [0, 150], "rate": [0.0, 250.0]})
    with pytest.raises(StatError) as raised:
        funnel_significance(none, "rate", n=None, rate="rate")
    assert (raised.value.code, raised.value.rows) == ("no_denominator", [0])
    known = funnel_significance(none.assign(n=[40_000, None]), "rate", rate="rate")
    assert known["significance"].tolist() == ["low_998", "high_998"]


@pytest.mark.parametrize(
    ("observed", "expected", "limits", "significance"),
    [
        (6, 2.0, (1.1009, 6.5297), "high_95"),
        (30, 20.5, (0.9872, 2.0892), "not_significant"),
        (60, 44, (1.0405, 1.7553), "high_95"),
        (9, 16, (0.2572, 1.0678), "not_significant"),
        (9, 18, (0.2286, 0.9492), "low_95"),
        (9, 40, (0.1029, 0.4271), "low_998"),
    ],
)
def test_a_ratio_is_significant_when_its_limits_leave_one_out(
    observed: int, expected: float, limits: tuple[float, float], significance: str
) -> None:
    found = funnel_significance(pd.DataFrame({"x": [observed], "n": [expected]}), "ratio").iloc[0]
    assert (found["lower_95"], found["upper_95"]) == pytest.approx(limits, abs=5.1e-5)
    assert found["significance"] == significance


def test_the_wider_limits_of_a_few_events() -> None:
    found = funnel_significance(pd.DataFrame({"x": [6], "n": [2.0]}), "ratio").iloc[0]
    assert (found["lower_998"], found["upper_998"]) == pytest.approx((0.5536, 9.0308), abs=5e-5)


def test_a_standardised_rate_of_few_events_and_a_missing_one_are_not_judged() -> None:
    areas = pd.DataFrame({"x": [9, 400, None], "n": [100_000, 100_000, 100_000]})
    standardised = funnel_significance(areas, "rate", standardised=True)
    assert standardised["significance"].tolist() == ["not_applicable", "high_998", "not_applicable"]
    assert standardised["status"].tolist() == ["fewer than 10 events", "", "missing numerator"]
    assert funnel_significance(areas, "rate")["significance"][0] == "low_998"


@pytest.mark.parametrize("kind", ["proportion", "ratio", "rate"])
def test_the_curves_reach_over_all_areas(kind: str) -> None:
    found = funnel_limits(PRACTICES, kind, points=30)
    assert len(found) == 30
    size = {"proportion": 1_600, "ratio": 1_600, "rate": 1_600}[kind]
    for name in ("lower_95", "upper_95", "lower_998", "upper_998"):
        places = found[f"{name}_at"]
        assert places.is_monotonic_increasing
        assert places.iloc[-1] >= size
    assert (found["lower_998"] <= found["average"]).all()
    assert (found["upper_95"] >= found["average"]).all()


@pytest.mark.parametrize(
    ("columns", "options", "code"),
    [
        ({"x": [121, 96, 301, 70, 20]}, {}, "more_than_denominator"),
        ({"n": [0, 450, 1_600, 240, 210]}, {"kind": "ratio"}, "not_positive"),
        ({"x": [0] * 5}, {"kind": "rate"}, "not_positive"),
        ({}, {"kind": "funnel"}, "option"),
        ({}, {"n": None}, "no_denominator"),
    ],
)
def test_what_has_no_funnel_is_refused(columns: dict[str, Any], options: dict[str, Any], code: str) -> None:
    for ask in (funnel_limits, funnel_significance):
        with pytest.raises(StatError) as raised:
            ask(PRACTICES.assign(**columns), **options)
        assert raised.value.code == code
