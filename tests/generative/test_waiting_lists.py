"""Invented lists, referrals and capacities: what must hold of every demand-and-capacity rule.

nobody_appears_or_vanishes, more_capacity_lengthens_no_band, calibrating_gives_the_parameters_back,
the_capacity_for_a_target_meets_it, a_percentile_inverts_the_list, order_company_and_workers_change_no_list,
servers_serve_one_at_a_time, the_most_urgent_begins_first, rounding_up_is_never_short, more_load_turns_more_away,
a_forecast_does_not_hang_on_the_unit.
"""

from __future__ import annotations

from datetime import date
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from joinedup.planning import (
    MonthlySeries,
    WaitingList,
    beds_required,
    calibrate_flow,
    capacity_for_target,
    erlang_b,
    erlang_c,
    flow_params,
    forecast,
    project_flow,
    project_waiting_lists,
    run_cohorts,
    serve_queue,
    steady_state,
    treat_oldest,
    wait_percentile,
)

quick = settings(max_examples=60, deadline=None)
seeds = st.integers(0, 2**32 - 1)
PERIODS = 12


def invented_flow(seed: int) -> dict[str, Any]:
    """Parameters, a list and what comes: some bands empty, some never treated, some weeks without anybody."""
    draw = np.random.default_rng(seed)
    bands = int(draw.integers(1, 7))
    kappa = draw.random(bands) * (draw.random(bands) > 0.2)
    return {
        "params": flow_params(draw.random(bands) * 0.3, kappa),
        "waiting0": draw.integers(0, 100, bands) * (draw.random(bands) > 0.2),
        "referrals": draw.integers(0, 200, PERIODS) * (draw.random(PERIODS) > 0.1),
        "capacity": draw.random(PERIODS) * draw.choice([20, 200, 2_000]),
    }


@quick
@given(seeds)
def test_nobody_appears_or_vanishes_in_any_period(seed: int) -> None:
    case = invented_flow(seed)
    flow = project_flow(**case)
    before = np.concatenate(([case["waiting0"].sum()], flow.total[:-1]))
    left = flow.treated.sum(axis=1) + flow.other_removals.sum(axis=1)
    assert before + case["referrals"] == pytest.approx(left + flow.total)
    assert flow.treated.sum(axis=1) + flow.unused == pytest.approx(case["capacity"])
    for part in (flow.waiting, flow.treated, flow.other_removals, flow.unused):
        assert (part >= 0).all()


@quick
@given(seeds, st.integers(0, PERIODS - 1), st.floats(0, 500))
def test_more_capacity_in_any_period_lengthens_no_band_then_or_later(seed: int, period: int, more: float) -> None:
    case = invented_flow(seed)
    raised = case["capacity"].copy()
    raised[period] += more
    before, after = project_flow(**case), project_flow(**case | {"capacity": raised})
    assert (after.waiting <= before.waiting + 1e-6).all()


@quick
@given(seeds)
def test_calibrating_a_projection_gives_its_parameters_back(seed: int) -> None:
    draw = np.random.default_rng(seed)
    bands = int(draw.integers(1, 6))
    rho = draw.random(bands) * 0.2
    start, coming = draw.integers(20, 100, bands), draw.integers(50, 100, 5)
    # With equal kappa and the same capacity per head, the treated share is the same in every period.
    flow = project_flow(flow_params(rho, np.ones(bands)), start, coming, 20.0)
    lists = np.vstack([start, flow.waiting[:-1]])
    inflow = np.column_stack([coming, lists[:, :-1]])
    inflow[:, -1] += lists[:, -1]
    found = calibrate_flow(inflow, flow.treated, flow.waiting)
    assert found.rho == pytest.approx(rho)
    assert found.kappa == pytest.approx(np.mean(flow.treated / inflow, axis=0))


@settings(max_examples=12, deadline=None)
@given(seeds, st.floats(0.05, 1.0), st.floats(0.5, 6.0))
def test_the_capacity_for_a_target_meets_it(seed: int, percentile: float, target: float) -> None:
    draw = np.random.default_rng(seed)
    params = flow_params(draw.random(6) * 0.2, draw.random(6) + 0.05)
    start, coming = draw.integers(0, 60, 6), draw.integers(1, 90, 5)
    capacity = capacity_for_target(params, start, coming, percentile=percentile, target_band=target, by_period=5)
    last = project_flow(params, start, coming, capacity).waiting[-1]
    assert last.sum() < 1e-5 or wait_percentile(list(last), percentile) <= target + 1e-6


@quick
@given(st.lists(st.integers(0, 500), min_size=1, max_size=30).filter(any), st.floats(0.01, 1))
def test_a_percentile_inverts_the_list(counts: list[int], p: float) -> None:
    wait = wait_percentile(counts, p)
    assert 0 <= wait <= len(counts)
    band = min(int(wait), len(counts) - 1)
    reached = sum(counts[:band]) + (wait - band) * counts[band]
    assert reached == pytest.approx(p * sum(counts))


@quick
@given(seeds)
def test_cohorts_lose_nobody_and_more_capacity_makes_nobody_wait_longer(seed: int) -> None:
    draw = np.random.default_rng(seed)
    bands, columns, weeks = int(draw.integers(1, 9)), 3, 15
    start = draw.integers(0, 50, (bands, columns))
    coming, able = draw.poisson(20, (weeks, columns)), draw.poisson(22, (weeks, columns)) * (draw.random() > 0.1)
    asked = {"other_removals": draw.random() * 0.1, "oldest_share": draw.random(), "limits": tuple(range(bands))}
    run = run_cohorts(start, coming, able, **asked)
    before = np.vstack([start.sum(axis=0), run.total[:-1]])
    assert before + coming == pytest.approx(run.treated + run.other_removals + run.total)
    assert run.treated + run.unused == pytest.approx(able)
    assert run.bands.sum(axis=0) == pytest.approx(run.total[-1])
    assert (run.bands >= -1e-9).all()
    more = run_cohorts(start, coming, able + draw.integers(0, 9, able.shape), **asked)
    assert (more.total <= run.total + 1e-9).all()
    if asked["oldest_share"] == 1:
        assert all((more.over[limit] <= run.over[limit] + 1e-9).all() for limit in run.over)


@quick
@given(seeds)
def test_treating_the_oldest_first_leaves_nobody_older_than_the_first_untreated(seed: int) -> None:
    draw = np.random.default_rng(seed)
    bands, capacity = draw.integers(0, 40, 8), float(draw.integers(0, 200))
    left = treat_oldest(bands, capacity)
    assert bands.sum() - left.sum() == pytest.approx(min(capacity, bands.sum()))
    touched = np.flatnonzero(left < bands)
    if touched.size:
        assert (left[touched[0] + 1 :] == 0).all()


@quick
@given(seeds)
def test_a_steady_state_serves_or_keeps_everyone_who_stays(seed: int) -> None:
    draw = np.random.default_rng(seed)
    r, service = draw.random(5), draw.random(5) * 40
    waiting, served = steady_state(100, r, service)
    before = np.concatenate(([100], waiting[:-1]))
    assert before * (1 - r) == pytest.approx(waiting + served)
    assert (served <= service + 1e-9).all()


def invented_queue(seed: int) -> tuple[np.ndarray, np.ndarray, int, list[int]]:
    draw = np.random.default_rng(seed)
    people = int(draw.integers(1, 120))
    # Whole times, so that many arrive and leave at the same one.
    return (
        np.cumsum(draw.integers(0, 4, people)), draw.integers(0, 9, people), int(draw.integers(1, 5)),
        draw.integers(1, 4, people).tolist(),
    )  # fmt: skip


@quick
@given(seeds, st.booleans())
def test_servers_serve_one_at_a_time_and_nobody_before_arriving(seed: int, by_priority: bool) -> None:
    came, taking, servers, priority = invented_queue(seed)
    run = serve_queue(came, taking, servers, priority=priority if by_priority else None)
    assert (run.waits >= 0).all()
    for moment in np.unique(run.starts):
        assert ((run.starts <= moment) & (run.ends > moment)).sum() <= servers
    # Nobody waits while a server is idle: whoever waited began at the very end of somebody else's service.
    assert set(run.starts[run.waits > 0]) <= set(run.ends)
    more = serve_queue(came, taking, servers + 1)
    assert not by_priority or sorted(run.ends - run.starts) == sorted(taking)
    assert by_priority or (more.starts <= run.starts).all()


@quick
@given(seeds)
def test_among_those_waiting_the_most_urgent_begins_first(seed: int) -> None:
    came, taking, servers, priority = invented_queue(seed)
    starts = serve_queue(came, taking, servers, priority=priority).starts
    ranked = [(rank, number) for number, rank in enumerate(priority)]
    for one in range(len(came)):
        for other in range(len(came)):
            if came[other] <= starts[one] < starts[other]:
                assert ranked[one] < ranked[other]


@settings(max_examples=8, deadline=None)
@given(seeds, st.permutations(range(4)), st.integers(1, 3))
def test_order_company_and_workers_change_no_list(seed: int, order: list[int], workers: int) -> None:
    draw = np.random.default_rng(seed)
    lists = [
        WaitingList((f"list {n}",), tuple(draw.integers(0, 9, 80).tolist()), float(draw.integers(1, 30)), 15.0)
        for n in range(4)
    ]
    asked: dict[str, Any] = {"as_of": date(2026, 4, 1), "weeks": 5, "seed": seed, "runs": 6}
    alone = {one.key: project_waiting_lists([one], **asked)[0] for one in lists}
    for found in project_waiting_lists([lists[n] for n in order], workers=workers, **asked):
        own = alone[found.key]
        assert found.inputs_hash == own.inputs_hash
        assert np.asarray(found.total.p90).tobytes() == np.asarray(own.total.p90).tobytes()
        assert found.clearance == own.clearance


@quick
@given(st.floats(0, 500), st.floats(0, 30), st.floats(0.3, 1))
def test_rounding_up_is_never_short_and_never_a_whole_bed_too_many(
    admissions: float, stay: float, share: float
) -> None:
    beds = beds_required(admissions, stay, share)
    needed = admissions * stay / share
    assert needed - 1e-6 <= beds < needed + 1


@quick
@given(st.integers(1, 60), st.floats(0.01, 0.99))
def test_more_load_turns_more_away_and_more_servers_fewer(servers: int, busy: float) -> None:
    load = servers * busy
    assert 0 <= erlang_b(load, servers) <= erlang_c(load, servers) <= 1
    assert erlang_b(load, servers + 1) < erlang_b(load, servers) or erlang_b(load, servers) < 1e-12
    assert all(small <= large for small, large in pairwise(erlang_b(load * k, servers) for k in (0.5, 1, 1.5)))


@settings(max_examples=15, deadline=None)
@given(seeds, st.floats(0.1, 50))
def test_a_forecast_does_not_hang_on_the_unit(seed: int, unit: float) -> None:
    values = np.random.default_rng(seed).gamma(20, 50, 30)
    models = ("naive", "seasonal_naive", "seasonal_naive_growth")
    one = forecast(MonthlySeries(date(2023, 4, 1), tuple(values)), 2, models=models)
    other = forecast(MonthlySeries(date(2023, 4, 1), tuple(values * unit)), 2, models=models)
    assert other.model == one.model
    assert other.upper == pytest.approx(one.upper * unit)
    assert other.backtest.of(one.model).mase == pytest.approx(one.backtest.of(one.model).mase)
