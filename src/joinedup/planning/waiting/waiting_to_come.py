"""A waiting list as a planner asks for it: how it stands, what its past says of it, and where it is heading.

From the protected lists of `measures`: of the whole system, of a provider, or of one of its services. Nothing is kept.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import lru_cache
from typing import Any

from joinedup.errors import NotFound, RuleError
from joinedup.planning.demand.series import month_after
from joinedup.planning.waiting.list_calibration import (
    HIDDEN_AS,
    UNFITTED,
    YEAR,
    Band,
    Fit,
    Flow,
    fit_oldest_share,
    flow_of,
    hidden_by_balance,
    told_limits,
    weekly_bands,
    weeks_of_months,
)
from joinedup.planning.waiting.list_projection import RUNS, ListProjection, WaitingList, project_waiting_lists
from joinedup.planning.waiting.queues import target_capacity
from joinedup.planning.waiting.wait_bands import (
    LIMITS,
    WaitCounts,
    cohort_at_risk,
    wait_counts,
    wait_percentile,
)

SEED = 20261122
HORIZONS = (13, 26, 52, 78)
FEWEST_MONTHS = 6  # of flows; fewer say too little of what comes and goes [decision]
Flows = Mapping[str, tuple[tuple[date, ...], tuple[float | None, ...]]]


@dataclass(frozen=True)
class ListNow:
    """A list at the end of the last month known: counts, what they rest on, and what comes and goes a week.

    `bands` are as published (empty where only the total is); `weekly` is the estimate by whole weeks. `told` are the
    limits over which people were counted, not estimated. `past` is the total by month, None where hidden.
    """

    provider: str
    service: str
    snapshot: str
    on: date
    total: float
    bands: tuple[Band, ...]
    weekly: tuple[float, ...]
    told: frozenset[int]
    counts: WaitCounts
    mean_weeks: float
    longest_92: float
    starts: Flow
    treated: Flow
    removed: Flow
    fit: Fit
    past: tuple[tuple[date, float | None], ...]
    unexplained: float | None

    @property
    def other_removals(self) -> float:
        """The share of the list that leaves untreated in a week."""
        return min(self.removed.a_week / self.total, 0.2) if self.total else 0.0

    def as_list(self, *, capacity: float | None = None, referrals: float | None = None,
                target_weeks: float = 18.0) -> WaitingList:  # fmt: skip
        """Answer the list to project: with the past's flows, or with others."""
        return WaitingList(
            (self.provider or "all", self.service or "all"), self.weekly,
            self.starts.a_week if referrals is None else referrals,
            self.treated.a_week if capacity is None else capacity, target_weeks=target_weeks,
            demand_uncertainty=self.starts.uncertainty, other_removals=self.other_removals,
            oldest_share=self.fit.oldest_share,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Tried:
    """What a planner tries out: capacity and referrals a week (None: as in the past), and how it is looked at."""

    capacity: float | None = None
    referrals: float | None = None
    target_weeks: float = 18.0
    weeks: int = 52
    seed: int = SEED
    runs: int = RUNS

    @property
    def is_tried(self) -> bool:
        return self.capacity is not None or self.referrals is not None


@dataclass(frozen=True)
class Heading:
    """Where a list is heading: as the past goes on, and as tried (None where nothing was). `at_risk`: (limit, people).

    `keeps` is the weekly capacity that keeps the list at its target once it is there (rule ME1's target capacity).
    """

    now: ListNow
    tried: Tried
    baseline: ListProjection
    scenario: ListProjection | None
    at_risk: tuple[tuple[int, float], ...]
    keeps: float

    @property
    def best(self) -> ListProjection:
        return self.scenario or self.baseline


def list_now(provider: str = "", service: str = "", *, snapshot: str = "latest") -> ListNow:
    """Answer how a list stands; NotFound for one there is not, RuleError where too little is given to reckon with."""
    return _stands(_history(snapshot), provider, service)


@lru_cache(maxsize=256)
def _stands(history: Any, provider: str, service: str) -> ListNow:
    frame = history.waiting(provider or None, service or None).frame
    flows = _flows(frame)
    opened, totals = flows["open"]
    known = [(month, many) for month, many in zip(opened, totals, strict=True) if many is not None]
    if not known:
        raise RuleError("ME4: how many wait is hidden in every month. Choose a provider, or the whole system.")
    month, total = known[-1]
    if len(flows["starts"][0]) < FEWEST_MONTHS:
        raise RuleError(
            f"ME5: {len(flows['starts'][0])} months of clocks that start and stop are known; expected at least "
            f"{FEWEST_MONTHS} to reckon with."
        )
    removed = _removed(history, provider, flows, total)
    starts, treated = _balanced(flows, removed, month)
    each = _bands_of(history, provider, service)
    weekly = _weekly(each, month, total, starts.a_week)
    told = frozenset.intersection(*(told_limits(one[month]) if month in one else frozenset() for one in each)) if each \
        else frozenset()  # fmt: skip
    counts = wait_counts(weekly)
    on = month_after(month) - timedelta(days=1)
    made = ListNow(
        provider, service, history.snapshot_id, on, total, tuple(each[0].get(month, ())) if len(each) == 1 else (),
        weekly, told, counts, sum((week + 0.5) * many for week, many in enumerate(weekly)) / total if total else 0.0,
        wait_percentile(weekly, 0.92) if total else 0.0, starts, treated, removed, Fit(UNFITTED, False),
        tuple(zip(opened, totals, strict=True)), _unexplained(flows, month, starts, treated, removed),
    )  # fmt: skip
    return replace(made, fit=_fit(made, each, flows, month))


@lru_cache(maxsize=128)
def heading(now: ListNow, tried: Tried | None = None) -> Heading:
    """Answer where a list is heading, with 10th to 90th percentiles of so many runs from a seed.

    RuleError for a capacity or referrals below 0, no target, or a number of weeks or runs that cannot be.
    """
    asks = tried or Tried()
    lists = [now.as_list(target_weeks=asks.target_weeks)]
    common = {"as_of": now.on, "weeks": asks.weeks, "seed": asks.seed, "runs": asks.runs}
    (baseline,) = project_waiting_lists(lists, **common)  # type: ignore[arg-type]
    scenario = None
    if asks.is_tried:
        other = now.as_list(capacity=asks.capacity, referrals=asks.referrals, target_weeks=asks.target_weeks)
        (scenario,) = project_waiting_lists([other], **common)  # type: ignore[arg-type]
    by_week = dict(enumerate(now.weekly))
    at_risk = tuple(
        (limit, cohort_at_risk(by_week, limit, asks.weeks)) for limit in LIMITS if asks.weeks < limit
    )  # fmt: skip
    demand = now.starts.a_week if asks.referrals is None else asks.referrals
    return Heading(now, asks, baseline, scenario, at_risk, float(target_capacity(demand, asks.target_weeks)))


def lists(snapshot: str = "latest") -> dict[str, list[str]]:
    """Answer the providers that have a list, each with the services whose list is given by itself."""
    history = _history(snapshot)
    found = {}
    for provider in history.providers():
        if not provider:
            continue
        try:
            history.waiting(provider)
        except NotFound:
            continue
        found[provider] = [one for one in history.waiting_services(provider) if one]
    return found


# --- inside ---------------------------------------------------------------------------------------------------------


def _history(snapshot: str) -> Any:
    from joinedup.measures import activity_history

    history = activity_history(snapshot)
    return _kept(str(history.folder), (history.folder / "manifest.json").stat().st_mtime_ns)


@lru_cache(maxsize=4)
def _kept(folder: str, changed: int) -> Any:
    from pathlib import Path

    from joinedup.measures import activity_history

    return activity_history(Path(folder).parent)


def _flows(frame: Any) -> Flows:
    """Answer months and counts of each `what`, without the months for which there is no data."""
    made = {}
    for what in ("open", "starts", "treated", "removed"):
        rows = frame[(frame["what"] == what) & frame["weeks_from"].isna()]
        rows = rows[~rows["status"].str.startswith("no data")].sort_values("month")
        made[what] = tuple(rows["month"]), tuple(_number(one) for one in rows["pathways"])
    return made


def _bands_of(history: Any, provider: str, service: str) -> list[dict[date, list[Band]]]:
    """Answer the published bands by month of each service that a list is made of."""
    if service:
        pairs = [(provider, service)]
    else:
        codes = [provider] if provider else [one for one in history.providers() if one]
        pairs = []
        for code in codes:
            try:
                pairs += [(code, one) for one in history.waiting_services(code) if one]
            except NotFound:
                continue
    made = []
    for code, one in pairs:
        frame = history.waiting(code, one).frame
        rows = frame[(frame["what"] == "open") & frame["weeks_from"].notna()]
        by_month: dict[date, list[Band]] = {}
        for month, first, last, many in zip(
            rows["month"], rows["weeks_from"], rows["weeks_to"], rows["pathways"], strict=True
        ):
            end = _number(last)
            by_month.setdefault(month, []).append(Band(int(first), None if end is None else int(end), _number(many)))
        made.append(by_month)
    return made


def _weekly(
    each: Sequence[Mapping[date, list[Band]]], month: date, total: float, referrals: float
) -> tuple[float, ...]:
    """Answer the estimate by week: of one list's bands, or of the bands of all services, scaled to the whole."""
    if len(each) == 1:
        return weekly_bands(total, each[0].get(month, []), referrals=referrals)
    parts = [
        weekly_bands(sum(HIDDEN_AS if band.pathways is None else band.pathways for band in one[month]), one[month])
        for one in each
        if month in one
    ]
    sums = [sum(part[week] for part in parts) for week in range(len(parts[0]))] if parts else []
    whole = sum(sums)
    return tuple(one * total / whole for one in sums) if whole else weekly_bands(total, [], referrals=referrals)


def _fit(now: ListNow, each: Sequence[Mapping[date, list[Band]]], flows: Flows, month: date) -> Fit:
    """Answer how the year to now is best explained; unfitted where the list of a year before is not known."""
    before = month_after(month, -YEAR)
    totals = dict(zip(*flows["open"], strict=True))
    if totals.get(before) is None or not any(before in one for one in each):
        return Fit(UNFITTED, False)
    start = _weekly(each, before, float(totals[before] or 0), now.starts.a_week)
    since = month_after(before) - timedelta(days=1)
    weeks = (now.on - since).days // 7
    referrals = weeks_of_months(*flows["starts"], since, weeks, hidden_as=now.starts.hidden_as)
    treated = weeks_of_months(*flows["treated"], since, weeks, hidden_as=now.treated.hidden_as)
    return fit_oldest_share(start, now.weekly, referrals, treated, now.other_removals)


def _removed(history: Any, provider: str, flows: Flows, total: float) -> Flow:
    """Answer who left untreated: where it is mostly hidden, at the share of the list that it is in the whole system."""
    own = flow_of(*flows["removed"])
    if not provider or own.hidden * 2 < own.months:
        return own
    whole = _flows(history.waiting().frame)
    last = next((many for many in reversed(whole["open"][1]) if many), None)
    every = flow_of(*whole["removed"])
    return replace(every, a_week=every.a_week * total / last, months=own.months, hidden=own.hidden) if last else own


def _balanced(flows: Flows, removed: Flow, month: date) -> tuple[Flow, Flow]:
    """Answer who came and who was treated: hidden months of the flow that has more of them are what balances the list.

    A month is hidden for its own smallness or to hide another's; only the balance of the year tells which.
    """
    starts, treated = flow_of(*flows["starts"]), flow_of(*flows["treated"])
    change = _change(flows, month)
    if change is None or not starts.hidden + treated.hidden:
        return starts, treated
    left = removed.a_week * weeks_in_year(starts.months)
    if treated.hidden >= starts.hidden:
        whole = _sum(flows["starts"][1], starts) - left - change
        hidden_as = hidden_by_balance(flows["treated"][1][-YEAR:], whole)
        return starts, flow_of(*flows["treated"], hidden_as=hidden_as)
    whole = _sum(flows["treated"][1], treated) + left + change
    return flow_of(*flows["starts"], hidden_as=hidden_by_balance(flows["starts"][1][-YEAR:], whole)), treated


def _change(flows: Flows, month: date) -> float | None:
    """Answer by how much the list grew in the months of which flows are reckoned; None where it was hidden then."""
    totals = dict(zip(*flows["open"], strict=True))
    before, now = totals.get(month_after(month, -len(flows["starts"][0][-YEAR:]))), totals.get(month)
    return None if before is None or now is None else now - before


def _sum(counts: Sequence[float | None], flow: Flow) -> float:
    return sum(flow.hidden_as if one is None else one for one in counts[-YEAR:])


def weeks_in_year(months: int) -> float:
    """Answer how many weeks so many months are."""
    return months * 365.25 / 12 / 7


def _unexplained(flows: Flows, month: date, starts: Flow, treated: Flow, removed: Flow) -> float | None:
    """Answer how much of the year's change of the list its flows do not explain; None where the list then is hidden."""
    change = _change(flows, month)
    if change is None:
        return None
    left = removed.a_week * weeks_in_year(starts.months)
    return change - (_sum(flows["starts"][1], starts) - _sum(flows["treated"][1], treated) - left)


def _number(value: Any) -> float | None:
    import pandas as pd

    return None if value is None or pd.isna(value) else float(value)
