"""The activity to come at each point of delivery, specialty, place and provider, and what the plan's levers change.

Each series is divided by the days of its months and by its people of the right ages, so that its own past tells how
much care a person gets; the forecast of that is multiplied with the people projected. The past growth of the population
is thus counted once, not once in the trend and again in the projection. Levers are taken off afterwards, each by
itself, so that the page can show what each one brings.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

import numpy as np

from joinedup.errors import RuleError
from joinedup.planning.demand.back_test import Backtest, NoInterval, TooShort
from joinedup.planning.demand.forecasting import ForecastResult, forecast
from joinedup.planning.demand.levers import (
    COMMUNITY,
    ActivityKey,
    Lever,
    LeverError,
    Prevention,
    ShiftToCommunity,
    ShorterStay,
)
from joinedup.planning.demand.people import PopulationProjection
from joinedup.planning.demand.repetition import RepeatedPeriod
from joinedup.planning.demand.series import MonthlySeries
from joinedup.planning.waiting.durations import Floats

# Quick candidates, for hundreds of series at once; ETS takes some tenths of a second for each origin.
MODELS = ("naive", "seasonal_naive", "seasonal_naive_growth", "theta")


@dataclass(frozen=True)
class ActivityForecast:
    """One series to come: `without` any lever, and with all of them `points`, `lower`, `upper` (arrays by month).

    `changes` is what each lever adds or takes, in cases; `stay` what is left of the length of stay, as a share, by
    month. `backtest` is None where the series has no past (contacts that a lever brings to a new provider).
    """

    key: ActivityKey
    months: tuple[date, ...]
    without: Floats
    points: Floats
    lower: Floats
    upper: Floats
    changes: dict[str, Floats]
    stay: Floats
    model: str
    alpha: float
    basis: tuple[str, ...]
    backtest: Backtest | None
    inputs_hash: str
    code_version: str


@dataclass(frozen=True)
class ForecastSet:
    """The series that were forecast, and why the others were not: a reason for each, never silence."""

    forecasts: tuple[ActivityForecast, ...]
    left_out: dict[ActivityKey, str] = field(default_factory=dict)

    def of(self, key: ActivityKey) -> ActivityForecast:
        """Answer one series; RuleError says why it is not there."""
        for one in self.forecasts:
            if one.key == key:
                return one
        raise RuleError(f"ME10: no forecast of {'/'.join(key)}: {self.left_out.get(key, 'no such series was given.')}")


def forecast_activity(
    series: Mapping[ActivityKey, MonthlySeries],
    horizon: int,
    *,
    population: PopulationProjection | None = None,
    age_shares: Mapping[str, Mapping[str, float]] | None = None,
    levers: Sequence[Lever] = (),
    models: Sequence[str] = MODELS,
    alpha: float = 0.2,
) -> ForecastSet:
    """Answer the forecast of every series, with its interval, its back-test and what each lever changes.

    `age_shares` is, by point of delivery, how its care is spread over the age bands of the population; a point of
    delivery without them follows all people alike. Levers apply in the order given. Intervals are scaled with the
    point; contacts that a lever moves bring the limits of the series from which they come. A series that is too short,
    repeats a period, or has too few errors for an interval is left out with its reason. LeverError when a lever finds
    no series, so that no scenario counts what never happens, or two levers share a name.
    """
    names = [lever.name for lever in levers]
    if len(set(names)) != len(names):
        raise LeverError(f"ME10: two levers are named '{max(names, key=names.count)}'; give each its own name.")
    for lever in levers:
        if not any(lever.applies_to(key) for key in series):
            raise LeverError(
                f"ME10: the lever '{lever.name}' applies to no series given; check its points of delivery "
                f"({', '.join(lever.pods)}), specialties, places and providers."
            )
    made: dict[ActivityKey, ActivityForecast] = {}
    left_out: dict[ActivityKey, str] = {}
    for key in sorted(series):
        try:
            found = _forecast_one(key, series[key], horizon, population, age_shares or {}, models, alpha)
        except (TooShort, RepeatedPeriod, NoInterval) as error:
            left_out[key] = str(error)
        else:
            made[key] = _start(key, found)
    for lever in levers:
        _pull(lever, made)
    return ForecastSet(tuple(made[key] for key in sorted(made)), left_out)


def _forecast_one(
    key: ActivityKey, series: MonthlySeries, horizon: int, population: PopulationProjection | None,
    age_shares: Mapping[str, Mapping[str, float]], models: Sequence[str], alpha: float,
) -> ForecastResult:  # fmt: skip
    scale = None
    if population is not None:
        longer = replace(series, values=(*series.values, *[0.0] * horizon), repeated=())
        scale = population.index(key.place, longer.months, base=series.months[-1], age_shares=age_shares.get(key.pod))
    return forecast(series, horizon, models=models, alpha=alpha, stretch=True, scale=scale)


def _start(key: ActivityKey, found: ForecastResult) -> ActivityForecast:
    return ActivityForecast(
        key, found.months, found.points, found.points, found.lower, found.upper, {}, np.ones(len(found.months)),
        found.model, found.alpha, found.basis, found.backtest, found.inputs_hash, found.code_version,
    )  # fmt: skip


def _pull(lever: Lever, made: dict[ActivityKey, ActivityForecast]) -> None:
    for key in [key for key in made if lever.applies_to(key)]:
        one = made[key]
        share = np.array([lever.share_in(month) for month in one.months])
        if isinstance(lever, ShorterStay):
            made[key] = replace(one, stay=one.stay * (1 - share))
            continue
        if not isinstance(lever, Prevention | ShiftToCommunity):
            raise LeverError(f"ME10: '{lever.name}' is a {type(lever).__name__}; expected one of the named levers.")
        made[key] = _changed(one, lever.name, -one.points * share, -one.lower * share, -one.upper * share)
        if isinstance(lever, ShiftToCommunity):
            there = ActivityKey(COMMUNITY, key.specialty, key.place, lever.provider or key.provider)
            moved = share * lever.contacts_per_case
            made[there] = _changed(
                made.get(there) or _from_nothing(there, one), lever.name, one.points * moved, one.lower * moved,
                one.upper * moved,
            )  # fmt: skip


def _changed(one: ActivityForecast, name: str, points: Floats, lower: Floats, upper: Floats) -> ActivityForecast:
    return replace(
        one, points=one.points + points, lower=one.lower + lower, upper=one.upper + upper,
        changes=one.changes | {name: one.changes.get(name, 0.0) + points},
    )  # fmt: skip


def _from_nothing(key: ActivityKey, like: ActivityForecast) -> ActivityForecast:
    nothing = np.zeros(len(like.months))
    return replace(
        like, key=key, without=nothing, points=nothing, lower=nothing, upper=nothing, changes={},
        stay=np.ones(len(like.months)), model="moved by a lever", backtest=None,
    )  # fmt: skip
