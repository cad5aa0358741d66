"""What activity is to come, as a planner asks for it: one series of the protected history, its forecast, a scenario.

Activity is published by place, or by provider and specialty, not by both at once; so it is asked for. The forecast is
`forecast_activity`'s: rates a person, whose past growth is counted once. Everything is read; nothing is kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any

import numpy as np

from joinedup.errors import NotFound, RuleError, did_you_mean
from joinedup.planning.capacity.beds import OCCUPANCY
from joinedup.planning.capacity.needs import BEDS, CapacityUse, capacity_needed
from joinedup.planning.demand.activity_forecast import MODELS, ActivityForecast, forecast_activity
from joinedup.planning.demand.forecast_models import ALL_MODELS
from joinedup.planning.demand.levers import COMMUNITY, ActivityKey
from joinedup.planning.demand.people import PopulationProjection
from joinedup.planning.demand.population_growth import growth_of, projected
from joinedup.planning.demand.protected_series import History, copied_months, history_of
from joinedup.planning.demand.repetition import Repeat
from joinedup.planning.demand.scenario import Scenario
from joinedup.planning.waiting.durations import Floats

HORIZONS = (3, 6, 12, 18, 24)
LONGEST = max(HORIZONS)
STAY_MONTHS = 12  # the length of stay is that of the last year
Series = tuple[tuple[date, ...], tuple[float | None, ...]]


@dataclass(frozen=True, slots=True)
class Asked:
    """Which series, and how far: a point of delivery, of all, of a place, or of a provider and one of its services."""

    pod: str
    place: str = ""
    provider: str = ""
    service: str = ""
    horizon: int = 12
    every_model: bool = False

    @property
    def key(self) -> ActivityKey:
        return ActivityKey(self.pod, self.service, self.place, self.provider)

    @property
    def name(self) -> str:
        return " ".join(part for part in (self.pod, self.place or self.provider, self.service) if part)


@dataclass(frozen=True)
class Outlook:
    """A forecast with its past, and what a scenario changes.

    `baseline` has the population growing as it did (`growth`, per cent a year; None where it was not counted);
    `tried` is the scenario, None without one, and `community` the contacts that its shift brings. `los_days` is the
    mean stay of the last year, None where there are no stays or they are hidden; beds are at 92 per cent occupancy.
    """

    asked: Asked
    unit: str
    snapshot: str
    history: History
    checked_series: int
    growth: float | None
    baseline: ActivityForecast
    scenario: Scenario
    tried: ActivityForecast | None
    community: ActivityForecast | None
    los_days: float | None
    beds: tuple[int, ...] = ()
    beds_tried: tuple[int, ...] = ()
    note: str = ""

    @property
    def effect(self) -> Floats | None:
        """What the scenario changes in each month, in cases."""
        return None if self.tried is None else np.asarray(self.tried.points - self.baseline.points)


def outlook(asked: Asked, scenario: Scenario | None = None, *, snapshot: str = "latest") -> Outlook:
    """Answer the forecast of one series of a snapshot's activity, and of the same series under a scenario.

    NotFound for what there is nothing of, with the nearest; RuleError for place and provider at once; TooShort where
    too little of the past is given; LeverError for a lever that cannot be.
    """
    if not 1 <= asked.horizon <= LONGEST:
        raise RuleError(f"ME10: a horizon of {asked.horizon} months; expected 1 to {LONGEST}.")
    tries = scenario or Scenario()
    opened = _opened(snapshot)
    shown = opened.history.series(asked.pod, asked.service or None, asked.place or None, asked.provider or None)
    frame = shown.frame
    months = tuple(frame["month"])
    units = _numbers(frame["units"])
    repeats, checked = opened.repeats(asked.pod)
    past = history_of(months, units, asked.name, known=opened.history.known(asked.pod), repeats=repeats)
    people = opened.people(asked.place)
    growth = growth_of(people)
    models = ALL_MODELS if asked.every_model else MODELS
    baseline = _made(asked, past, _population(people, asked.place, growth), models, ())[asked.key]
    tried, community = None, None
    if tries.is_tried:
        first = baseline.months[0]
        grown = growth if tries.growth is None else tries.growth
        population = _population(people, asked.place, grown)
        if population is None and tries.growth:
            raise RuleError(
                "ME10: how many people there were is not known here, so no growth can be tried out. Leave it empty."
            )
        made = _made(asked, past, population, models, tries.levers(asked.pod, first))
        tried = made[asked.key]
        community = next((one for key, one in made.items() if key.pod == COMMUNITY and key != asked.key), None)
    los = _stay(frame)
    return Outlook(
        asked, opened.history.unit(asked.pod), opened.history.snapshot_id, past, checked, growth, baseline, tries,
        tried, community, los, _beds(baseline, los), _beds(tried, los) if tried else (), shown.note,
    )  # fmt: skip


def points(snapshot: str = "latest") -> dict[str, tuple[str, str]]:
    """Answer the points of delivery that there is activity of: (title, unit) by code."""
    from joinedup.measures import points_of_delivery

    known = points_of_delivery()
    history = _opened(snapshot).history
    return {pod: (known[pod].title if pod in known else pod, history.unit(pod)) for pod in history.pods}


def places(snapshot: str = "latest") -> dict[str, str]:
    """Answer the places by code."""
    return dict(_opened(snapshot).history.places)


def providers(pod: str, snapshot: str = "latest") -> dict[str, list[str]]:
    """Answer the providers of a point of delivery, each with the services that are given by themselves."""
    history = _opened(snapshot).history
    return {one: history.services(pod, one) for one in history.providers(pod) if one}


def forecast_of(found: Outlook) -> ActivityForecast:
    """Answer the forecast that counts: the scenario's where one was tried, else the baseline."""
    return found.tried or found.baseline


# --- inside ---------------------------------------------------------------------------------------------------------


class _Opened:
    """A snapshot's history, and what is worked out once for all that ask."""

    def __init__(self, history: Any) -> None:
        self.history = history
        self._repeats: dict[str, tuple[list[Repeat], int]] = {}
        self._people: dict[str, dict[date, float]] = {}

    def repeats(self, pod: str) -> tuple[list[Repeat], int]:
        """Answer the months that copy each other, and of how many series that was told."""
        if pod not in self._repeats:
            by_place: dict[str, list[float | None]] = {}
            by_service: dict[str, list[float | None]] = {}
            for place in self.history.places:
                self._add(by_place, pod, place, place=place)
            for provider in self.history.providers(pod):
                for service in self.history.services(pod, provider) or [None]:
                    self._add(by_service, pod, f"{provider} {service or ''}", provider=provider, service=service)
            # Two divisions of the same whole: the finer one alone, because chance is reckoned series by series.
            table = by_service if len(by_service) >= len(by_place) else by_place
            self._repeats[pod] = copied_months(table, self.history.months), len(table)
        return self._repeats[pod]

    def _add(self, table: dict[str, list[float | None]], pod: str, name: str, **which: Any) -> None:
        try:
            found = self.history.series(pod, **which)
        except NotFound:  # weeks of packages are not given by place
            return
        table[name] = list(_numbers(found.frame["units"]))

    def people(self, place: str) -> dict[date, float]:
        if place not in self._people:
            frame = self.history.population().frame
            rows = frame[frame["place"] == place] if place else frame
            sums = rows.groupby("month", observed=True)["people"].sum()
            self._people[place] = {month: float(many) for month, many in sums.items()}
        return self._people[place]


def _opened(snapshot: str) -> _Opened:
    from joinedup.measures import activity_history

    history = activity_history(snapshot)
    manifest = history.folder / "manifest.json"
    return _kept(str(history.folder), manifest.stat().st_mtime_ns)


@lru_cache(maxsize=4)
def _kept(folder: str, changed: int) -> _Opened:
    from pathlib import Path

    from joinedup.measures import activity_history

    return _Opened(activity_history(Path(folder).parent))


def _made(
    asked: Asked,
    past: History,
    population: PopulationProjection | None,
    models: tuple[str, ...],
    levers: tuple[Any, ...],
) -> Mapping[ActivityKey, ActivityForecast]:
    made = forecast_activity(
        {asked.key: past.series}, asked.horizon, population=population, levers=levers, models=models
    )
    if asked.key in made.left_out:
        raise RuleError(made.left_out[asked.key])
    return {one.key: one for one in made.forecasts}


def _population(people: Mapping[date, float], place: str, growth: float | None) -> PopulationProjection | None:
    return None if growth is None else projected(people, place, growth)


def _numbers(column: Any) -> tuple[float | None, ...]:
    return tuple(None if one is None or one != one else float(one) for one in column.astype(object).where(
        column.notna(), None))  # fmt: skip


def _stay(frame: Any) -> float | None:
    """Answer nights over spells of the last months in which both are given; None where neither is."""
    both = frame[frame["units"].notna() & frame["bed_days"].notna() & (frame["bed_days_status"] == "")]
    both = both.tail(STAY_MONTHS)
    units = float(both["units"].sum()) if len(both) else 0.0
    nights = float(both["bed_days"].sum()) if len(both) else 0.0
    return nights / units if units and nights else None


def _beds(one: ActivityForecast, los: float | None) -> tuple[int, ...]:
    if los is None:
        return ()
    (need,) = capacity_needed([one], [CapacityUse(one.key.pod, BEDS, los_days=los, occupancy=OCCUPANCY)])
    return need.required


def known_code(code: str, codes: Mapping[str, Any], what: str) -> None:
    """Raise NotFound, with the nearest, for a code that is not among those there are."""
    if code and code not in codes:
        raise NotFound(f"There is no {what} '{code}'.{did_you_mean(code, codes)}")
