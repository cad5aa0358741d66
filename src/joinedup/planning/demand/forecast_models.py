"""The candidates of a forecast: each answers the rates a day of the months to come from those of the past (ME10).

All have one shape, so that the engine behind two of them (statsmodels) may be replaced or absent: a candidate without
its engine is left out of the comparison with the reason, and the others stand.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from importlib.util import find_spec

import numpy as np

from joinedup.errors import Unavailable
from joinedup.planning.waiting.durations import Floats

YEAR = 12
Candidate = Callable[[Floats, int], Floats]
ENGINE = "statsmodels"


def naive(rates: Floats, horizon: int) -> Floats:
    """Answer the last month's rate, again and again."""
    return np.repeat(rates[-1], horizon)


def seasonal_naive(rates: Floats, horizon: int) -> Floats:
    """Answer the rate of the same month a year before."""
    return np.resize(rates[-YEAR:], horizon)


def seasonal_naive_growth(rates: Floats, horizon: int) -> Floats:
    """Answer the rate of the same month a year before, times the growth of the last 12 months over the 12 before."""
    return seasonal_naive(rates, horizon) * growth(rates)


def growth(rates: Floats) -> float:
    """Answer the sum of the last 12 rates over that of the 12 before; 1 when those were 0."""
    before = float(rates[-2 * YEAR : -YEAR].sum())
    return float(rates[-YEAR:].sum()) / before if before else 1.0


def theta(rates: Floats, horizon: int) -> Floats:
    """Answer the Theta method's forecast (Assimakopoulos and Nikolopoulos 2000), seasonally adjusted where it tests so.

    The adjustment is additive when a rate is 0, for which a multiplicative one is not defined.
    """
    _need_engine()
    from statsmodels.tsa.forecasting.theta import ThetaModel

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a short or flat history warns at every origin; its errors tell enough
        method = "auto" if (rates > 0).all() else "additive"
        found = ThetaModel(rates, period=YEAR, method=method).fit().forecast(horizon)
    return np.asarray(found, dtype=float)


def ets(rates: Floats, horizon: int) -> Floats:
    """Answer exponential smoothing with a damped trend and seasons, both additive (Hyndman's AAdA).

    Starting states are the engine's heuristic ones: estimating them too takes ten times as long and gains little.
    """
    _need_engine()
    from statsmodels.tsa.holtwinters import ExponentialSmoothing

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = ExponentialSmoothing(
            rates, trend="add", damped_trend=True, seasonal="add", seasonal_periods=YEAR,
            initialization_method="heuristic",
        )  # fmt: skip
        return np.asarray(model.fit().forecast(horizon), dtype=float)


CANDIDATES: dict[str, Candidate] = {
    "naive": naive,
    "seasonal_naive": seasonal_naive,
    "seasonal_naive_growth": seasonal_naive_growth,
    "theta": theta,
    "ets": ets,
}
ALL_MODELS = tuple(CANDIDATES)
WITHOUT_ENGINE = ("naive", "seasonal_naive", "seasonal_naive_growth")


def _need_engine() -> None:
    if find_spec(ENGINE) is None:
        raise Unavailable(f"ME10: {ENGINE} isn't installed, so this candidate is left out. Install it: make setup")
