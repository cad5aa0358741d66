"""Forecasts: candidates judged by their own past, intervals that past errors have earned (rules ME10 and ME11)."""

from __future__ import annotations

import math
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from joinedup.errors import NotFound, RuleError, Unavailable
from joinedup.planning import (
    MonthlySeries,
    NoInterval,
    RepeatedPeriod,
    TooShort,
    backtest,
    forecast,
    interval_score,
    monthly_series,
    pinball,
    repeated_periods,
)
from joinedup.planning.demand import forecast_models as models_here
from joinedup.planning.demand.back_test import conformal_half_width, mase_scale
from joinedup.planning.demand.forecast_models import WITHOUT_ENGINE, growth

EMERGENCY = ("humaniverse_healthyr", "england_icb_accidents_emergency.csv")
COLUMNS = {"unit": "icb22_code", "period": "date", "value": "total_attendances"}
QM7 = "E54000025"


@pytest.fixture(scope="module")
def attendances(reference: Path) -> pd.DataFrame:
    return pd.read_csv(reference.joinpath(*EMERGENCY))


@pytest.fixture(scope="module")
def qm7(attendances: pd.DataFrame) -> MonthlySeries:
    """April 2022 to January 2025: February and March 2025 were copied from a year before, so they end it."""
    return monthly_series(attendances, QM7, **COLUMNS).without_repeats("earlier")


def made_up(months: int, *, start: date = date(2021, 4, 1), name: str = "drawn") -> MonthlySeries:
    """A series with seasons, growth and noise, always the same."""
    draw = np.random.default_rng(5)
    step = np.arange(months)
    values = 3_000 * 1.003**step * (1 + 0.1 * np.sin(step * math.tau / 12)) + draw.normal(0, 40, months)
    return MonthlySeries(start, tuple(values), name)


def test_the_table_holds_two_months_twice(attendances: pd.DataFrame) -> None:
    assert repeated_periods(attendances, **COLUMNS) == [
        (date(2024, 2, 1), date(2025, 2, 1), 1.0),
        (date(2024, 3, 1), date(2025, 3, 1), 1.0),
    ]


def test_the_beds_of_august_2022_are_those_of_july(reference: Path) -> None:
    beds = pd.read_csv(reference / "humaniverse_healthyr" / "england_critical_general_acute_beds.csv")
    found = repeated_periods(beds, unit="nhs_trust22_code", period="date", value="general_acute_beds_occupied")
    assert found == [(date(2022, 7, 1), date(2022, 8, 1), 1.0)]


def test_a_repeated_month_stops_the_forecast_until_it_is_explained(attendances: pd.DataFrame) -> None:
    series = monthly_series(attendances, QM7, **COLUMNS)
    assert len(series) == 40
    with pytest.raises(RepeatedPeriod, match="February 2025 as February 2024") as refused:
        forecast(series, 1, models=WITHOUT_ENGINE)
    assert len(refused.value.found) == 2
    # Both out, 22 months are the longest run that is left: too few.
    with pytest.raises(TooShort, match="22 months; expected at least 27"):
        forecast(series.without_repeats(), 1, models=WITHOUT_ENGINE)
    kept = series.without_repeats("earlier")
    assert (kept.months[0], kept.months[-1], len(kept)) == (date(2022, 4, 1), date(2025, 1, 1), 34)


@pytest.mark.parametrize(
    ("model", "horizon", "origins", "mape", "mase"),
    [
        ("naive", 1, 10, 4.232, 0.900),
        ("naive", 3, 8, 4.794, 1.008),
        ("seasonal_naive", 1, 10, 5.099, 1.110),
        ("seasonal_naive", 3, 8, 4.251, 0.924),
        ("seasonal_naive_growth", 1, 10, 3.382, 0.719),
        ("seasonal_naive_growth", 3, 8, 2.425, 0.512),
    ],
)
def test_the_back_test_of_emergency_attendances(
    qm7: MonthlySeries, model: str, horizon: int, origins: int, mape: float, mase: float
) -> None:
    tested, _ = backtest(qm7, WITHOUT_ENGINE)
    score = tested.of(model, horizon)
    assert score.origins == origins
    assert score.mape == pytest.approx(mape, abs=5e-4)
    assert score.mase == pytest.approx(mase, abs=5e-4)


def test_the_winner_is_chosen_by_mase_and_the_losers_are_published(qm7: MonthlySeries) -> None:
    found = forecast(qm7, 1, models=WITHOUT_ENGINE)
    assert found.model == found.backtest.chosen == "seasonal_naive_growth"
    assert found.backtest.losers == ("naive", "seasonal_naive")
    assert found.backtest.of("seasonal_naive").bias == pytest.approx(2_115.5, abs=0.05)
    assert found.months == (date(2025, 2, 1),)
    assert found.points[0] == pytest.approx(46_172, abs=0.5)
    assert found.upper[0] - found.points[0] == pytest.approx(2_976, abs=0.5)
    assert found.points[0] - found.lower[0] == pytest.approx(2_976, abs=0.5)
    assert growth(qm7.per_day) == pytest.approx(1.057027, abs=5e-7)


def test_the_back_test_tells_how_often_its_own_interval_was_right(qm7: MonthlySeries) -> None:
    score = forecast(qm7, 1, models=WITHOUT_ENGINE).backtest.of("seasonal_naive_growth")
    by_hand = []
    for left_out in range(score.origins):
        others = sorted(abs(error) for i, error in enumerate(score.errors) if i != left_out)
        by_hand.append(abs(score.errors[left_out]) <= others[math.ceil(10 * 0.8) - 1])
    assert score.coverage == sum(by_hand) / 10


def test_theta_and_ets_stand_in_the_same_comparison(qm7: MonthlySeries) -> None:
    pytest.importorskip("statsmodels", reason="the engine of Theta and ETS isn't installed")
    found = forecast(qm7, 3)
    assert {score.model for score in found.backtest.scores} == set(models_here.ALL_MODELS)
    means = {
        model: sum(found.backtest.of(model, horizon).mase for horizon in (1, 3)) for model in models_here.ALL_MODELS
    }
    assert found.model == min(means, key=means.__getitem__)
    assert max(found.backtest.of(model).mase for model in ("theta", "ets")) < found.backtest.of("naive").mase
    assert found.basis == ("back-tested",) * 3


def test_without_its_engine_a_candidate_is_left_out_with_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(models_here, "ENGINE", "an_engine_that_nobody_has")
    found = forecast(made_up(40), 1)
    assert [model for model, _ in found.backtest.left_out] == ["theta", "ets"]
    assert "isn't installed" in found.backtest.left_out[0][1]
    with pytest.raises(Unavailable, match="no candidate could be tried"):
        forecast(made_up(40), 1, models=("theta",))


def test_rates_a_day_know_that_february_is_short() -> None:
    # 100 every day: the months differ only in their days, and every candidate is right to the person.
    days = [30, 31, 30, 31, 31, 30, 31, 30, 31, 31, 28, 31]
    series = MonthlySeries(date(2021, 4, 1), tuple(100.0 * day for day in days * 2 + days[:4]))
    found = forecast(series, 1, models=("naive",))
    assert found.points[0] == pytest.approx(3_100)
    assert found.backtest.of("naive").errors == pytest.approx([0] * 4)


def test_a_constant_series_has_no_scale_yet_a_winner() -> None:
    series = MonthlySeries(date(2021, 4, 1), (0.0,) * 30)
    found = forecast(series, 1, models=WITHOUT_ENGINE)
    assert mase_scale(series) == 0
    assert found.model == "naive"
    assert found.backtest.of("naive").mape is None


def test_intervals_reach_as_far_as_past_errors_do() -> None:
    series = made_up(36)
    with pytest.raises(NoInterval, match=r"3 back-test errors for a 80% interval, which needs rank 4"):
        forecast(series, 12, models=WITHOUT_ENGINE)
    found = forecast(series, 12, models=WITHOUT_ENGINE, stretch=True)
    assert found.basis == ("back-tested",) * 9 + ("stretched",) * 3
    half = found.upper - found.points
    assert half[11] == pytest.approx(max(half[:9]) * math.sqrt(12 / 9))
    assert (found.lower >= 0).all()


def test_the_rank_of_a_conformal_interval() -> None:
    errors = np.array([-5.0, 1.0, 3.0, 4.0])
    assert conformal_half_width(errors, 0.2) == 5.0
    assert conformal_half_width(errors, 0.5) == 4.0
    with pytest.raises(NoInterval):
        conformal_half_width(errors[:3], 0.2)


def test_people_are_counted_once_not_in_the_trend_and_the_projection() -> None:
    # Care a person never changes; people grow by 1% a month, in the past and in what is projected.
    people = 1.01 ** np.arange(40)
    series = MonthlySeries(date(2021, 4, 1), tuple((2.0 * people[:36]).tolist()))
    per_month = series.per_day / people[:36]
    found = forecast(series, 4, models=("seasonal_naive",), scale=people)
    days = np.array([30, 31, 30, 31])
    assert found.points == pytest.approx(np.resize(per_month[-12:], 4) * days * people[36:])
    assert found.points == pytest.approx(2.0 * people[36:])


def test_the_same_inputs_give_the_same_answer_and_fingerprint() -> None:
    first, second = (forecast(made_up(30), 1, models=WITHOUT_ENGINE) for _ in range(2))
    assert first.inputs_hash == second.inputs_hash
    assert first.points.tobytes() == second.points.tobytes()
    assert forecast(made_up(30), 1, models=WITHOUT_ENGINE, alpha=0.3).inputs_hash != first.inputs_hash


def test_the_losses_of_quantiles_and_intervals() -> None:
    assert interval_score(90, 110, 115, 0.2) == 70
    assert interval_score(90, 110, 100, 0.2) == 20
    assert interval_score(90, 110, 85, 0.2) == 70
    assert pinball(115, 110, 0.9) == pytest.approx(4.5)
    assert pinball(100, 110, 0.9) == pytest.approx(1.0)


def drawn_table(values: dict[str, list[float]]) -> pd.DataFrame:
    months = pd.date_range("2024-01-01", periods=len(next(iter(values.values()))), freq="MS")
    return pd.DataFrame(
        [(unit, month, value) for unit, series in values.items() for month, value in zip(months, series, strict=True)],
        columns=["unit", "month", "value"],
    )


NAMED = {"unit": "unit", "period": "month", "value": "value"}


def test_units_with_nothing_in_either_month_say_nothing_about_copying() -> None:
    table = drawn_table({"A": [0, 0], "B": [0, 0], "C": [5, 6]})
    assert repeated_periods(table, **NAMED) == []
    table = drawn_table({"A": [0, 0], "B": [5, 5], "C": [5, 6], "D": [7, 8]})
    assert repeated_periods(table, **NAMED) == [(date(2024, 1, 1), date(2024, 2, 1), pytest.approx(1 / 3))]


@pytest.mark.parametrize(
    ("asked", "error", "named"),
    [
        (lambda: forecast(made_up(26), 1, models=("naive",)), TooShort, "26 months"),
        (lambda: forecast(made_up(30), 0), RuleError, "horizon of 0"),
        (lambda: forecast(made_up(30), 1, models=()), RuleError, "no candidate was named"),
        (lambda: forecast(made_up(30), 1, models=("naiv",)), NotFound, "Did you mean 'naive'"),
        (lambda: forecast(made_up(30), 1, alpha=20), RuleError, "alpha is 20"),
        (lambda: forecast(made_up(30), 1, scale=np.ones(30)), RuleError, "expected 31 numbers"),
        (lambda: MonthlySeries(date(2024, 1, 2), (1.0,)), RuleError, "first day of a month"),
        (lambda: MonthlySeries(date(2024, 1, 1), (1.0, math.nan)), RuleError, "is nan"),
        (lambda: monthly_series(drawn_table({"A": [1, 2]}), "B", **NAMED), NotFound, "no unit 'B'"),
        (
            lambda: monthly_series(drawn_table({"A": [1, 2, 3]}).drop(index=1), "A", **NAMED),
            RuleError,
            "lacks February 2024",
        ),
        (
            lambda: repeated_periods(pd.concat([drawn_table({"A": [1]})] * 2), **NAMED),
            RuleError,
            "has a month twice",
        ),
        (lambda: repeated_periods(drawn_table({"A": [1]}), **NAMED, share=30), RuleError, "share is 30"),
        (lambda: made_up(30).without_repeats("later"), RuleError, "keep is 'later'"),
    ],
)
def test_what_cannot_be_is_refused_by_name(asked: object, error: type[Exception], named: str) -> None:
    with pytest.raises(error, match=named):
        asked()  # type: ignore[operator]
