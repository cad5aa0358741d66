"""Forecasts and waiting lists as programs read them: plain values, the same for the command line and the API."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from joinedup.planning.demand.activity_forecast import ActivityForecast
from joinedup.planning.demand.activity_to_come import Outlook
from joinedup.planning.waiting.list_calibration import Flow
from joinedup.planning.waiting.list_projection import ListProjection
from joinedup.planning.waiting.simulated_runs import Summary
from joinedup.planning.waiting.wait_bands import LIMITS
from joinedup.planning.waiting.waiting_to_come import Heading

PLACES = 4


def forecast_said(found: Outlook) -> dict[str, Any]:
    """Answer a forecast with its back-test and, where one was tried, its scenario."""
    base, asked = found.baseline, found.asked
    tested = base.backtest
    assert tested is not None  # a series with a past has one
    answer: dict[str, Any] = {
        "pod": asked.pod, "place": asked.place, "provider": asked.provider, "service": asked.service,
        "unit": found.unit, "snapshot": found.snapshot, "model": base.model, "interval": 1 - base.alpha,
        "population_growth_percent": _short(found.growth),
        "trained_from": found.history.series.months[0].isoformat(),
        "trained_to": found.history.series.months[-1].isoformat(),
        "months": _months(base),
        "history": [
            {"month": one.month.isoformat(), "units": None if one.units is None else _short(one.units), "use": one.use}
            for one in found.history.months
        ],
        "repeated": [
            {"earlier": early.isoformat(), "later": late.isoformat(), "share": _short(share)}
            for early, late, share in found.history.repeats
        ],
        "backtest": {
            "chosen": tested.chosen,
            "coverage": _short(tested.coverage),
            "scores": [
                {
                    "model": score.model, "horizon": score.horizon, "tests": score.origins, "mape": _short(score.mape),
                    "mase": _short(score.mase), "bias": _short(score.bias), "coverage": _short(score.coverage),
                    "chosen": score.model == tested.chosen,
                }
                for score in tested.scores
            ],
            "left_out": [{"model": model, "why": why} for model, why in tested.left_out],
        },
        "inputs_hash": base.inputs_hash,
        "code_version": base.code_version,
        "note": found.note,
    }  # fmt: skip
    if found.tried is not None:
        tries = found.scenario
        answer["scenario"] = {
            "prevention_percent": tries.prevention, "stay_percent": tries.stay, "shift_percent": tries.shift,
            "contacts_per_case": tries.contacts, "growth_percent": tries.growth, "full_after_months": tries.full_after,
            "months": _months(found.tried),
            "changes": {name: _short(float(change.sum())) for name, change in found.tried.changes.items()},
            "community_contacts": None if found.community is None
            else _short(float(sum(change.sum() for change in found.community.changes.values()))),
            "stay_left": _short(float(found.tried.stay[-1])),
            "beds": list(found.beds_tried),
        }  # fmt: skip
    if found.beds:
        answer |= {"los_days": _short(found.los_days), "beds": list(found.beds)}
    return answer


def waiting_said(found: Heading) -> dict[str, Any]:
    """Answer a list as it stands, what it needs, and where it is heading, with its seed."""
    now, tried, counts = found.now, found.tried, found.now.counts
    answer: dict[str, Any] = {
        "provider": now.provider, "service": now.service, "snapshot": now.snapshot, "on": now.on.isoformat(),
        "waiting": now.total,
        **{f"over_{limit}_weeks": _short(many) for limit, many in zip(
            LIMITS, (counts.over18, counts.over52, counts.over65, counts.over78), strict=True)},
        "counted_limits": sorted(now.told),
        "within_18_weeks": _short(counts.performance),
        "mean_wait_weeks": _short(now.mean_weeks), "wait_of_92_percent_weeks": _short(now.longest_92),
        "bands": [{"from": one.first, "to": one.last, "pathways": one.pathways} for one in now.bands],
        "referrals": _flow(now.starts), "treated": _flow(now.treated), "removed": _flow(now.removed),
        "unexplained": _short(now.unexplained),
        "oldest_share": now.fit.oldest_share, "is_fitted": now.fit.is_fitted,
        "target_weeks": tried.target_weeks, "target_queue": _short(found.best.target_queue),
        "load": _short(found.best.load) if found.best.load != float("inf") else None,
        "relief_capacity": _short(float(found.best.relief)), "relief_needed": bool(found.best.relief.relief_needed),
        "target_capacity": _short(found.keeps),
        "cohort_at_risk": [
            {"limit_weeks": limit, "within_weeks": tried.weeks, "people": _short(many),
             "a_week": _short(many / tried.weeks)}
            for limit, many in found.at_risk
        ],
        "seed": found.baseline.seed, "runs": found.baseline.runs,
        "projection": _projection(found.baseline),
    }  # fmt: skip
    if found.scenario is not None:
        answer["scenario"] = {"capacity": tried.capacity, "referrals": tried.referrals} | _projection(found.scenario)
    return answer


def _projection(one: ListProjection) -> dict[str, Any]:
    clear = one.clearance
    return {
        "weeks": [
            {"ending": end.isoformat(), **_summary(one.total, at), "over_18": _short(_of(one.over[18].mean, at)),
             "over_52": _short(_of(one.over[52].mean, at)), "within_18_weeks": _short(_of(one.performance.mean, at))}
            for at, end in enumerate(one.weeks)
        ],
        "clearance": {
            "share": _short(clear.share_cleared),
            **{name: day.isoformat() if day else None
               for name, day in (("p10", clear.p10), ("p50", clear.p50), ("p90", clear.p90))},
        },
        "inputs_hash": one.inputs_hash,
        "code_version": one.code_version,
    }  # fmt: skip


def _summary(one: Summary, at: int) -> dict[str, float | None]:
    return {name: _short(_of(getattr(one, name), at)) for name in ("mean", "p10", "p50", "p90")}


def _of(figures: Any, at: int) -> float:
    return float(figures[at])


def _flow(one: Flow) -> dict[str, Any]:
    return {"a_week": _short(one.a_week), "months": one.months, "hidden": one.hidden,
            "uncertainty": _short(one.uncertainty)}  # fmt: skip


def _months(one: ActivityForecast) -> list[dict[str, Any]]:
    figures: Sequence[tuple[str, Any]] = (("point", one.points), ("lower", one.lower), ("upper", one.upper))
    return [
        {"month": month.isoformat(), **{name: _short(float(of[at])) for name, of in figures}, "basis": one.basis[at]}
        for at, month in enumerate(one.months)
    ]


def _short(value: float | None) -> float | None:
    return None if value is None else round(value, PLACES)
