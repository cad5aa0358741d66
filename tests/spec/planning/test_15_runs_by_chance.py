"""Runs by chance: streams of their own, the queue event by event, many lists week by week (ME14, MG7, MG8, MG13)."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.random import Generator, SeedSequence, default_rng

from joinedup.errors import RuleError
from joinedup.planning import (
    ShapeError,
    mean_wait,
    monte_carlo,
    run_cohorts,
    serve_queue,
    simulate_queue,
    summarise,
    treat_oldest,
)
from joinedup.planning.waiting.simulated_runs import stream


def test_the_summary_of_six_runs() -> None:
    found = summarise([3, 5, 8, 13, 21, 34])
    assert (found.mean, found.p10, found.p50, found.p90, found.runs) == (14, 4.0, 10.5, 27.5, 6)
    assert found.principal == "mean"
    assert found.standard_error == pytest.approx(np.std([3, 5, 8, 13, 21, 34], ddof=1) / np.sqrt(6))


def poisson_week(draw: Generator) -> np.ndarray:
    return draw.poisson(100, 20)


def test_workers_change_no_byte() -> None:
    one = monte_carlo(poisson_week, 50, 7, key=(3,), workers=1)
    two = monte_carlo(poisson_week, 50, 7, key=(3,), workers=2)
    for name in ("mean", "p10", "p50", "p90", "standard_error"):
        assert np.asarray(getattr(one, name)).tobytes() == np.asarray(getattr(two, name)).tobytes()


def test_each_list_run_and_seed_has_a_stream_of_its_own() -> None:
    drawn = {
        (seed, key, run): tuple(stream(seed, key, run).integers(0, 2**40, 4))
        for seed in (1, 2)
        for key in ((), (1,), (2,))
        for run in (0, 1)
    }
    assert len(set(drawn.values())) == len(drawn)
    # A run is its own whatever ran before it.
    assert stream(1, (2,), 9).random() == default_rng(SeedSequence(1, spawn_key=(2, 9))).random()


@pytest.mark.skipif(not np.__version__.startswith("2.4."), reason="pinned draws are those of numpy 2.4")
def test_a_pinned_draw_of_the_pinned_version() -> None:
    drawn = stream(20261122, (), 1).poisson(100, 5)
    assert list(drawn) == [95, 91, 121, 116, 89]


@pytest.mark.parametrize(
    ("asked", "named"),
    [
        (lambda: monte_carlo(poisson_week, 1, 7), "1 runs"),
        (lambda: monte_carlo(poisson_week, 10, 7, workers=0), "0 workers"),
        (lambda: monte_carlo(lambda draw: np.ones(draw.integers(1, 9)), 20, 7), "different shapes"),
        (lambda: summarise([1]), "at least 2 runs"),
        (lambda: serve_queue([0, 1], [1, 1], 0), "0 servers"),
        (lambda: serve_queue([1, 0], [1, 1], 1), "fall back in time"),
        (lambda: serve_queue([0, 1], [1], 1), "differ in length"),
        (lambda: serve_queue([0, 1], [1, -1], 1), "a service is -1"),
        (lambda: serve_queue([0, 1], [1, 1], 1, priority=[1]), "differ in length"),
        (lambda: run_cohorts(np.ones((5, 1)), [[1]], [[1]]), "over 78 weeks of bands up to 4"),
        (lambda: run_cohorts(np.ones((5, 1)), [[1]], [[1]], limits=(), oldest_share=2), "are shares"),
    ],
)
def test_what_cannot_be_is_refused_by_name(asked: object, named: str) -> None:
    with pytest.raises(RuleError, match=named):
        asked()  # type: ignore[operator]


def test_first_come_first_served_by_two_servers() -> None:
    run = serve_queue([0, 1, 2, 3], [5, 1, 4, 1], 2)
    # The second server takes 1, 2 and, at 6, nobody: the first is free at 5.
    assert list(run.starts) == [0, 1, 2, 5]
    assert list(run.ends) == [5, 2, 6, 6]
    assert list(run.waits) == [0, 0, 0, 2]
    assert run.mean_wait() == 0.5
    assert run.mean_wait(warm_up=2) == 1.0


def test_the_urgent_go_first_and_nobody_is_interrupted() -> None:
    run = serve_queue([0, 1, 2, 3, 4], [10, 1, 1, 1, 1], 1, priority=[3, 3, 2, 1, 2])
    assert list(run.starts) == [0, 13, 11, 10, 12]


def test_nobody_is_served_before_arriving_by_a_server_that_was_idle() -> None:
    run = serve_queue([6, 6, 6], [1, 1, 1], 3, priority=[2, 1, 2])
    assert list(run.starts) == [6, 6, 6]


def test_one_priority_for_all_is_first_come_first_served() -> None:
    draw = default_rng(3)
    came, taking = np.cumsum(draw.exponential(1, 500)), draw.exponential(2.5, 500)
    alike = serve_queue(came, taking, 3, priority=[1] * 500)
    assert list(alike.starts) == list(serve_queue(came, taking, 3).starts)


@pytest.mark.parametrize(("arrivals", "rate", "servers"), [(30, 11, 3), (12, 2.5, 6)])
def test_simulated_waits_are_those_of_theory(arrivals: float, rate: float, servers: int) -> None:
    """One seed proves nothing: twelve, each of many people, and the mean within four standard errors."""
    people = 60_000

    def model(draw: Generator) -> float:
        run = simulate_queue(draw, arrival_rate=arrivals, service_rate=rate, servers=servers, people=people)
        return run.mean_wait(warm_up=2_000)

    found = monte_carlo(model, 12, 20261122)
    theory = mean_wait(arrivals, rate, servers)
    assert abs(float(found.mean) - theory) < 4 * float(found.standard_error)
    # Narrow enough to tell a wrong formula: four standard errors are under a fifth of the wait.
    assert 4 * float(found.standard_error) < 0.2 * theory


def test_a_week_of_cohorts_ages_takes_in_and_treats_the_oldest() -> None:
    start = np.array([[100.0], [70], [50], [50]])
    run = run_cohorts(start, [[30]], [[60]], limits=(1, 2))
    # 30 join band 0; the 100 are in band 1, the 70 in 2, 50 + 50 in 3, of whom 60 are treated.
    assert run.bands.T.tolist() == [[30, 100, 70, 40]]
    assert (run.total[0, 0], run.over[1][0, 0], run.over[2][0, 0]) == (240, 210, 110)
    assert (run.treated[0, 0], run.unused[0, 0]) == (60, 0)


def test_cohorts_are_the_plain_rules_week_by_week() -> None:
    draw = default_rng(11)
    bands, columns, weeks = 8, 5, 30
    start = draw.integers(0, 40, (bands, columns)).astype(float)
    coming, able = draw.poisson(30, (weeks, columns)), draw.poisson(34, (weeks, columns))
    run = run_cohorts(start, coming, able, limits=(3, 5))
    now = start
    for week in range(weeks):
        aged = np.vstack([coming[week], now[:-1]])
        aged[-1] += now[-1]
        now = treat_oldest(aged, able[week])
        assert run.total[week] == pytest.approx(now.sum(axis=0))
        assert run.over[5][week] == pytest.approx(now[5:].sum(axis=0))
    assert run.bands == pytest.approx(now)


def test_other_removals_and_capacity_that_is_not_for_the_oldest() -> None:
    run = run_cohorts(np.array([[60.0], [40], [0]]), [[100]], [[90]], other_removals=0.1, oldest_share=0.5, limits=())
    # 200 wait, 20 leave: 90 / 54 / 36 are left. 45 of the 90 treated are a quarter of each band, 45 the oldest.
    assert run.other_removals[0, 0] == pytest.approx(20)
    assert run.bands[:, 0] == pytest.approx([67.5, 22.5, 0])
    assert run.total[0, 0] == pytest.approx(90)


def test_a_list_of_one_band_and_capacity_without_patients() -> None:
    run = run_cohorts([[5.0]], [[2], [3]], [[1], [20]], limits=())
    assert run.total.T.tolist() == [[6, 0]]
    assert run.unused.T.tolist() == [[0, 11]]


def test_shapes_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ShapeError, match="referrals"):
        run_cohorts(np.ones((5, 2)), [[1]], [[1]], limits=())
