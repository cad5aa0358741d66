"""Demand from the forecast (ME10, ME13): the system's forecast of each point of delivery, shared as the plans share it.

By provider most counts are too small to be shown or forecast, so the forecast is the whole system's, and each provider
keeps the share of it that the plans give it. Nothing is guessed: what cannot be forecast stays as planned, and is named
with its reason. A month that was counted already counts as it was.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from joinedup.errors import NotFound, RuleError
from joinedup.planning.demand.activity_to_come import LONGEST, Asked, outlook, points
from joinedup.planning.plans.plan_lines import Code

PLAN, FORECAST = "plan", "forecast"
POINT, LOWER, UPPER = "point", "lower", "upper"
# Attendances are counted whatever the type of the department; plans tell the types apart.
TOGETHER: Mapping[Code, tuple[Code, ...]] = {"AE": ("AE1", "AE2", "AE3", "AE4")}
Cases = Mapping[tuple[Code, Code], float]


@dataclass(frozen=True, slots=True)
class Expected:
    """What a month brings of a point of delivery to the whole system: cases and their limits, counted or forecast."""

    point: float
    lower: float
    upper: float
    is_counted: bool = False


@dataclass(frozen=True, slots=True)
class Beside:
    """Cases of a month that are planned, beside those expected of the same points of delivery; or why none are."""

    pods: tuple[Code, ...]
    planned: float
    expected: Expected | None
    why: str = ""

    def share(self, which: str = POINT) -> float:
        """Answer by what planned cases are multiplied; 1 where nothing is expected or planned."""
        return getattr(self.expected, which) / self.planned if self.expected and self.planned else 1.0


def beside_forecast(cases: Cases, expected: Mapping[Code, Expected | str], scale: float = 1) -> tuple[Beside, ...]:
    """Answer planned cases of all providers beside what is expected, by point of delivery.

    `cases` are scaled already; `expected` are not, and are multiplied by `scale`. A text says why nothing is expected.
    """
    planned: dict[Code, float] = {}
    for (_provider, pod), many in sorted(cases.items()):
        planned[pod] = planned.get(pod, 0.0) + many
    groups = [(key, tuple(pod for pod in pods if pod in planned)) for key, pods in TOGETHER.items()]
    inside = {pod for _key, pods in groups for pod in pods}
    groups += [(pod, (pod,)) for pod in planned if pod not in inside]
    found = []
    for key, pods in groups:
        if not pods:
            continue
        one = expected.get(key, "No activity of it is collected.")
        many = sum(planned[pod] for pod in pods)
        if isinstance(one, str):
            found.append(Beside(pods, many, None, one))
        else:
            times = Expected(one.point * scale, one.lower * scale, one.upper * scale, one.is_counted)
            found.append(Beside(pods, many, times))
    return tuple(sorted(found, key=lambda one: one.pods))


def as_forecast(cases: Cases, beside: Iterable[Beside], which: str = POINT) -> dict[tuple[Code, Code], float]:
    """Answer the cases as they are expected: each provider's planned share of the system's."""
    shares = {pod: one.share(which) for one in beside for pod in one.pods}
    return {key: many * shares.get(key[1], 1.0) for key, many in cases.items()}


def expected_in(month: str, pods: Iterable[Code], *, snapshot: str = "latest") -> dict[Code, Expected | str]:
    """Answer what a month brings of these points of delivery, or why that cannot be said.

    NotFound where no activity was made. The first question after that takes about half a CPU second for each of them.
    """
    found: dict[Code, Expected | str] = {}
    made = _made(snapshot)
    together = {pod: key for key, several in TOGETHER.items() for pod in several}
    asked = {together.get(pod, pod) for pod in pods}
    for pod in sorted(asked & points(snapshot).keys()):
        series = _series(pod, snapshot, made)
        if isinstance(series, str):
            found[pod] = series
        else:
            found[pod] = series.get(month, f"{month} is more than {LONGEST} months after the last that was counted.")
    return found


@lru_cache(maxsize=64)
def _series(pod: Code, snapshot: str, made: str) -> dict[str, Expected] | str:
    try:
        found = outlook(Asked(pod, horizon=LONGEST), snapshot=snapshot)
    except (RuleError, NotFound) as error:
        return str(error)
    counted = {
        f"{one.month:%Y-%m}": Expected(one.units, one.units, one.units, True)
        for one in found.history.months
        if one.units is not None
    }
    ahead = found.baseline
    rows = zip(ahead.months, ahead.points, ahead.lower, ahead.upper, strict=True)
    return counted | {f"{month:%Y-%m}": Expected(float(p), float(low), float(up)) for month, p, low, up in rows}


def _made(snapshot: str) -> str:
    """Answer which results are meant, so that newer ones are read when they come."""
    from joinedup.measures import activity_history

    history = activity_history(snapshot)
    return f"{history.folder} {(history.folder / 'manifest.json').stat().st_mtime_ns}"
