"""The months to come, with an interval that past forecasts have earned (rule ME10)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

import numpy as np

import joinedup
from joinedup.errors import RuleError
from joinedup.planning.demand.back_test import (
    Backtest,
    NoInterval,
    backtest,
    candidate_of,
    conformal_half_width,
)
from joinedup.planning.demand.forecast_models import ALL_MODELS
from joinedup.planning.demand.repetition import RepeatedPeriod
from joinedup.planning.demand.series import MonthlySeries, days_in, month_after
from joinedup.planning.plans.fingerprint import inputs_hash
from joinedup.planning.waiting.durations import Floats

TESTED, STRETCHED = "back-tested", "stretched"


@dataclass(frozen=True)
class ForecastResult:
    """Counts of the months to come: point, lower and upper limit each, and the back-test that chose the model.

    `basis` says for each month whether its interval rests on errors at that very horizon ("back-tested"), or on those
    of the furthest horizon that has enough of them, widened ("stretched").
    """

    name: str
    months: tuple[date, ...]
    points: Floats
    lower: Floats
    upper: Floats
    model: str
    alpha: float
    backtest: Backtest
    basis: tuple[str, ...]
    inputs_hash: str
    code_version: str


def forecast(
    series: MonthlySeries,
    horizon: int,
    *,
    models: Sequence[str] = ALL_MODELS,
    alpha: float = 0.2,
    stretch: bool = False,
    scale: Floats | None = None,
) -> ForecastResult:
    """Answer the next months of a series by the candidate that its own past chose, with 1 - alpha intervals.

    Counts are divided by the days of their month first. Intervals are conformal: as wide as the errors that the model
    made that many months ahead. No limit is below 0. Where those errors are too few it raises NoInterval, or, with
    `stretch`, takes the furthest horizon that has enough and widens by the square root of the ratio of horizons.

    `scale` (months of the series, then of the horizon) is what counts are also divided by before and multiplied with
    after, as people of the right ages; its past must be known in the back-test, so only uncertainty about the future
    scale is left out. RepeatedPeriod, TooShort, NoInterval; Unavailable when no candidate can run.
    """
    if horizon < 1:
        raise RuleError(f"ME10: a horizon of {horizon} months; expected 1 or more.")
    if series.repeated:
        pairs = ", ".join(f"{late:%B %Y} as {early:%B %Y} ({share:.0%})" for early, late, share in series.repeated)
        raise RepeatedPeriod(
            f"ME11: the table of {series.name} has the same figures twice: {pairs}. Ask who published it; until then "
            "leave both out (without_repeats), or keep the earlier one if the later is known to be the copy.",
            series.repeated,
        )
    past = len(series)
    scales = np.ones(past + horizon) if scale is None else np.asarray(scale, dtype=float)
    if scales.shape != (past + horizon,) or not (scales > 0).all():
        raise RuleError(f"ME10: scale has shape {scales.shape}; expected {past + horizon} numbers above 0.")
    tested, errors = _tested(series, tuple(models), horizon, alpha, tuple(scales[:past].tolist()))
    months = tuple(month_after(series.start, past + step) for step in range(horizon))
    made = candidate_of(tested.chosen)(series.per_day / scales[:past], horizon)
    points = np.maximum(made * days_in(months) * scales[past:], 0.0)
    halves, basis = _half_widths(errors[:horizon], alpha, stretch)
    return ForecastResult(
        series.name, months, points, np.maximum(points - halves, 0.0), points + halves, tested.chosen, alpha, tested,
        basis, inputs_hash(series, horizon, tuple(models), alpha, stretch, scales.tolist()), joinedup.__version__,
    )  # fmt: skip


@lru_cache(maxsize=256)
def _tested(
    series: MonthlySeries, models: tuple[str, ...], horizon: int, alpha: float, scale: tuple[float, ...]
) -> tuple[Backtest, list[Floats]]:
    """The past is tested once: only the future of a scenario differs from the one beside it."""
    return backtest(series, models, horizon=horizon, alpha=alpha, scale=np.array(scale))


def _half_widths(errors: list[Floats], alpha: float, stretch: bool) -> tuple[Floats, tuple[str, ...]]:
    halves: list[float] = []
    basis: list[str] = []
    proven = 0
    for step, one in enumerate(errors, start=1):
        try:
            halves.append(conformal_half_width(one, alpha))
            basis.append(TESTED)
            proven = step
        except NoInterval:
            if not stretch or not proven:
                raise
            halves.append(max(halves[:proven]) * math.sqrt(step / proven))
            basis.append(STRETCHED)
    return np.array(halves), tuple(basis)
