"""The beds, theatres, clinics, community contacts and emergency spaces that forecast activity needs (ME12, ME13)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from joinedup.errors import NotFound, RuleError, did_you_mean
from joinedup.planning.capacity.beds import OCCUPANCY
from joinedup.planning.capacity.spaces import Working
from joinedup.planning.demand.activity_forecast import ActivityForecast
from joinedup.planning.demand.series import days_in
from joinedup.planning.waiting.durations import DAYS_A_WEEK, Floats

BEDS = "beds"
UNITS = {
    "theatres": "theatres",
    "clinics": "clinics",
    "community": "community clinicians",
    "emergency": "emergency spaces",
}


@dataclass(frozen=True, slots=True)
class CapacityUse:
    """How a point of delivery uses capacity: `resource` of BEDS or UNITS, for `share` of its cases.

    Beds: `los_days` a case (before any lever on it) and `occupancy`. Others: `working`, of which weeks are those of the
    month. One point of delivery may use several: an elective spell a bed and a theatre.
    """

    pod: str
    resource: str
    share: float = 1.0
    los_days: float | None = None
    occupancy: float = OCCUPANCY
    working: Working | None = None

    def __post_init__(self) -> None:
        if self.resource != BEDS and self.resource not in UNITS:
            known = (BEDS, *UNITS)
            raise NotFound(
                f"ME13: there is no capacity '{self.resource}'; expected one of {', '.join(known)}."
                f"{did_you_mean(self.resource, known)}"
            )
        if (self.los_days is None) == (self.resource == BEDS) or (self.working is None) != (self.resource == BEDS):
            raise RuleError(
                f"ME13: {self.resource} for {self.pod}: expected los_days for beds, and working for everything else."
            )
        if not 0 < self.share <= 1:
            raise RuleError(f"ME13: the share of {self.pod} using {self.resource} is {self.share:g}; expected 0 to 1.")


@dataclass(frozen=True)
class CapacityNeed:
    """Whole units needed at one provider in each month: for the point, and for both limits of the forecast."""

    resource: str
    provider: str
    months: tuple[date, ...]
    required: tuple[int, ...]
    at_lower: tuple[int, ...]
    at_upper: tuple[int, ...]
    available: float | None = None

    @property
    def gap(self) -> tuple[float, ...] | None:
        """Required minus available by month: positive is short, negative spare. None where none is known."""
        if self.available is None:
            return None
        return tuple(need - self.available for need in self.required)


def capacity_needed(
    forecasts: Sequence[ActivityForecast],
    uses: Sequence[CapacityUse],
    *,
    available: Mapping[tuple[str, str], float] | None = None,
) -> tuple[CapacityNeed, ...]:
    """Answer what each provider needs of each resource, by month; summed over specialties and places, then rounded up.

    `available` by (resource, provider). Limits are added up as if all series missed together, so those of a provider
    are cautious. RuleError when forecasts are not of the same months.
    """
    if len({one.months for one in forecasts}) > 1:
        raise RuleError("ME13: the forecasts are of different months; give those of one run.")
    needs: list[CapacityNeed] = []
    there = available or {}
    for provider in sorted({one.key.provider for one in forecasts}):
        mine = [one for one in forecasts if one.key.provider == provider]
        for resource in (BEDS, *UNITS):
            using = [use for use in uses if use.resource == resource]
            if any(one.key.pod == use.pod for one in mine for use in using):
                point, lower, upper = (_units(mine, using, name) for name in ("points", "lower", "upper"))
                spare = there.get((resource, provider))
                needs.append(CapacityNeed(resource, provider, mine[0].months, point, lower, upper, spare))
    return tuple(needs)


def _units(forecasts: Sequence[ActivityForecast], uses: Sequence[CapacityUse], name: str) -> tuple[int, ...]:
    months = forecasts[0].months
    days = days_in(months)
    parts: list[Floats] = []
    for use in uses:
        for one in forecasts:
            if one.key.pod == use.pod:
                cases = getattr(one, name) * use.share
                parts.append(_unrounded(cases, use, days, one.stay))
    # Rounded up once, at the level that is reported.
    return tuple(int(np.ceil(round(float(total), 9))) for total in np.sum(parts, axis=0))


def _unrounded(cases: Floats, use: CapacityUse, days: Floats, stay: Floats) -> Floats:
    if use.working is None:
        assert use.los_days is not None
        return np.asarray(cases / days * use.los_days * stay / use.occupancy)
    hours = days / DAYS_A_WEEK * use.working.hours * use.working.utilisation
    return np.asarray(cases * use.working.minutes / 60 / hours)
