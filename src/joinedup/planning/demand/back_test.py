"""How well each candidate would have forecast months that are past: rolling origins, errors, intervals (ME10).

Errors are actual minus forecast, in counts: a positive bias forecasts too little. MASE divides the mean absolute error
by the mean change from the same month a year before, on months 13 to 24 (Hyndman and Koehler 2006, with one scale for
all origins, so that candidates are compared by the same yardstick).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from joinedup.errors import NotFound, RuleError, Unavailable, did_you_mean
from joinedup.planning.demand.forecast_models import CANDIDATES, YEAR, Candidate
from joinedup.planning.demand.series import MonthlySeries, days_in
from joinedup.planning.waiting.durations import Floats

LEAST_TRAINING = 24
HORIZONS = (1, 3)


class NoInterval(RuleError):
    """There are too few back-test errors for an interval of that coverage."""


class TooShort(RuleError):
    """The series is too short to train on and to test a forecast against."""


@dataclass(frozen=True)
class ModelScore:
    """One candidate at one horizon: `mape` in percent, `bias` in counts a month, `errors` by origin.

    `coverage` is the share of origins within the interval that the other origins' errors give (leave-one-out), or None
    when they are too few. `mape` is None when every actual is 0.
    """

    model: str
    horizon: int
    origins: int
    mape: float | None
    mase: float
    bias: float
    coverage: float | None
    errors: tuple[float, ...]


@dataclass(frozen=True)
class Backtest:
    """Every candidate's scores at each published horizon, best first, and why candidates were left out."""

    scores: tuple[ModelScore, ...]
    chosen: str
    scale: float
    left_out: tuple[tuple[str, str], ...] = ()

    def of(self, model: str, horizon: int = 1) -> ModelScore:
        """Answer the score of a candidate at a horizon; NotFound when it was not tested there."""
        for score in self.scores:
            if (score.model, score.horizon) == (model, horizon):
                return score
        names = {score.model for score in self.scores}
        raise NotFound(f"ME10: no back-test of '{model}' at horizon {horizon}.{did_you_mean(model, names)}")

    @property
    def losers(self) -> tuple[str, ...]:
        """The candidates that were not chosen, best first."""
        return tuple(dict.fromkeys(score.model for score in self.scores if score.model != self.chosen))

    @property
    def coverage(self) -> float | None:
        """The chosen candidate's coverage at horizon 1."""
        return self.of(self.chosen).coverage


def rolling_errors(series: MonthlySeries, model: str, horizon: int, scale: Floats | None = None) -> list[Floats]:
    """Answer the errors of a candidate for each step 1..horizon, an array by origin; later steps have fewer origins.

    Each origin trains on all months before it, at least 24. `scale` multiplies each month's rate before training and is
    taken out of the forecast again (population: rates a person), none by default.
    """
    candidate = candidate_of(model)
    factor = days_in(series.months) * (1.0 if scale is None else scale)
    actual = np.asarray(series.values, dtype=float)
    rates = actual / factor
    errors: list[list[float]] = [[] for _ in range(horizon)]
    for origin in range(LEAST_TRAINING, len(actual)):
        ahead = min(horizon, len(actual) - origin)
        made = candidate(rates[:origin], ahead)
        for step in range(ahead):
            errors[step].append(float(actual[origin + step] - made[step] * factor[origin + step]))
    return [np.array(one) for one in errors]


def backtest(
    series: MonthlySeries,
    models: Sequence[str],
    *,
    horizon: int = max(HORIZONS),
    alpha: float = 0.2,
    scale: Floats | None = None,
) -> tuple[Backtest, list[Floats]]:
    """Answer the scores of all candidates, and the chosen one's errors for each step 1..horizon.

    The smallest mean MASE over horizons 1 and 3 is chosen; of equals, the first named. TooShort for fewer than 27
    months: 24 to train on, 3 to be forecast.
    """
    if not 0 < alpha < 1:
        raise RuleError(f"ME10: alpha is {alpha:g}; expected between 0 and 1, such as 0.2 for an 80% interval.")
    if len(series) < LEAST_TRAINING + max(HORIZONS):
        raise TooShort(
            f"ME10: the series {series.name} has {len(series)} months; expected at least "
            f"{LEAST_TRAINING + max(HORIZONS)}: {LEAST_TRAINING} to train on and {max(HORIZONS)} to test against."
        )
    if not models:
        raise RuleError(f"ME10: no candidate was named; expected some of {', '.join(CANDIDATES)}.")
    yardstick = mase_scale(series)
    found: dict[str, list[Floats]] = {}
    left_out: list[tuple[str, str]] = []
    for model in dict.fromkeys(models):
        try:
            found[model] = rolling_errors(series, model, max(horizon, *HORIZONS), scale)
        except Unavailable as error:
            left_out.append((model, str(error)))
    if not found:
        raise Unavailable(f"ME10: no candidate could be tried. {left_out[0][1]}")
    scored = {model: [_score(series, model, h, errors[h - 1], yardstick, alpha) for h in HORIZONS]
              for model, errors in found.items()}  # fmt: skip
    ranked = sorted(scored, key=lambda model: sum(score.mase for score in scored[model]))
    scores = tuple(score for model in ranked for score in scored[model])
    return Backtest(scores, ranked[0], yardstick, tuple(left_out)), found[ranked[0]]


def mase_scale(series: MonthlySeries) -> float:
    """Answer the mean absolute change from the same month a year before, on months 13 to 24."""
    first = np.asarray(series.values[: 2 * YEAR], dtype=float)
    return float(np.mean(np.abs(first[YEAR:] - first[:YEAR])))


def conformal_half_width(errors: Floats, alpha: float) -> float:
    """Answer the half-width of an interval of coverage 1 - alpha: the ceil((n+1)(1-alpha))-th smallest absolute error.

    Split conformal prediction (Vovk et al. 2005). NoInterval when that rank is above n.
    """
    count = len(errors)
    # Rounded first: 11 · 0.8 must be 8.8 and 5 · 0.8 exactly 4, not a hair above it.
    rank = math.ceil(round((count + 1) * (1 - alpha), 9))
    if rank > count:
        raise NoInterval(
            f"ME10: {count} back-test errors for a {1 - alpha:.0%} interval, which needs rank {rank}; give a longer "
            "history, a shorter horizon or a larger alpha."
        )
    return float(np.sort(np.abs(errors))[max(rank, 1) - 1])


def pinball(y: float, q: float, t: float) -> float:
    """Answer the pinball loss of a forecast q of the quantile t: the smaller, the better placed."""
    return max(t * (y - q), (t - 1) * (y - q))


def interval_score(lower: float, upper: float, y: float, alpha: float) -> float:
    """Answer the width of an interval plus 2/alpha times how far the truth lies outside (Gneiting and Raftery 2007)."""
    return upper - lower + 2 / alpha * max(lower - y, y - upper, 0.0)


def candidate_of(model: str) -> Candidate:
    """Answer the candidate of a name; NotFound suggests the nearest."""
    if model not in CANDIDATES:
        raise NotFound(f"ME10: there is no candidate '{model}'.{did_you_mean(model, CANDIDATES)}")
    return CANDIDATES[model]


def _score(
    series: MonthlySeries, model: str, horizon: int, errors: Floats, yardstick: float, alpha: float
) -> ModelScore:
    actual = np.asarray(series.values, dtype=float)[LEAST_TRAINING + horizon - 1 :]
    mean_error = float(np.mean(np.abs(errors)))
    mase = mean_error / yardstick if yardstick else (math.inf if mean_error else 0.0)
    there = actual > 0
    mape = float(np.mean(np.abs(errors[there]) / actual[there]) * 100) if there.any() else None
    return ModelScore(
        model,
        horizon,
        len(errors),
        mape,
        mase,
        float(np.mean(errors)),
        _coverage(errors, alpha),
        tuple(errors.tolist()),
    )


def _coverage(errors: Floats, alpha: float) -> float | None:
    """Answer the share of errors within the half-width that the others give, or None when these are too few."""
    try:
        inside = [abs(errors[i]) <= conformal_half_width(np.delete(errors, i), alpha) for i in range(len(errors))]
    except NoInterval:
        return None
    return float(np.mean(inside))
