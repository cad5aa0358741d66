"""Queues: how long one may be for its target wait, and the capacity that brings it there (rules ME1 and ME2)."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from joinedup.errors import RuleError
from joinedup.planning import (
    Days,
    RemovalBeforeReferral,
    Weeks,
    factor_for_share,
    mean_wait_on,
    pressure,
    queue_by_day,
    queue_load,
    queue_too_big,
    relief_capacity,
    rtt_list_size,
    rtt_performance,
    share_over_target,
    target_capacity,
    target_mean_wait,
    target_queue,
)

# Three people: referred on 2, 5 and 9 February; the second still waits.
REFERRED = [date(2026, 2, 2), date(2026, 2, 5), date(2026, 2, 9)]
REMOVED = [date(2026, 2, 9), None, date(2026, 2, 16)]


def test_a_load_above_one_means_the_queue_grows() -> None:
    assert queue_load(46, 44) == pytest.approx(1.045455, abs=5e-7)


def test_the_target_queue_is_demand_times_target_over_factor() -> None:
    assert target_mean_wait(18) == 4.5
    assert target_queue(46, 18) == 207
    assert queue_too_big(640, 207) is True
    assert queue_too_big(414, 207) is False


@pytest.mark.parametrize(("weeks", "capacity"), [(26, 62.653846), (52, 54.326923)])
def test_relief_capacity_brings_the_queue_to_its_target(weeks: float, capacity: float) -> None:
    relief = relief_capacity(46, 640, 207, weeks)
    assert float(relief) == pytest.approx(capacity, abs=5e-7)
    assert relief.relief_needed is True


def test_a_queue_under_its_target_needs_no_relief() -> None:
    relief = relief_capacity(46, 200, 207)
    assert relief.relief_needed is False
    assert float(relief) < 46


def test_target_capacity_allows_for_the_spread_of_demand_and_capacity() -> None:
    assert target_capacity(46, 18, 4, 0.9, 0.7) == pytest.approx(46.144444, abs=5e-7)
    # The older form of the paper, demand + 2(1 + 4F)/T, would be 47.89.
    assert target_capacity(46, 18) == pytest.approx(46 + 4 / 18)


def test_pressure_is_twice_the_mean_wait_over_the_target() -> None:
    assert pressure(14, 18) == pytest.approx(1.555556, abs=5e-7)


def test_a_wait_in_days_is_not_seven_times_the_pressure() -> None:
    assert pressure(Days(98), Weeks(18)) == pressure(14, 18)
    assert pressure(Days(98), Days(126)) == pressure(14, 18)
    assert Weeks(2).days == Days(14)
    assert Days(11).weeks.value == pytest.approx(1.571, abs=5e-4)


def test_the_share_over_target_follows_from_the_factor_and_back() -> None:
    assert share_over_target(3) == pytest.approx(0.04979, abs=5e-6)
    assert factor_for_share(0.08) == pytest.approx(2.525729, abs=5e-7)


@pytest.mark.parametrize(
    ("performance", "waiting"), [(0.55, 5_410.1), (0.65, 4_115.0), (0.75, 3_116.2), (0.85, 2_277.1)]
)
def test_the_list_at_a_performance_and_the_performance_of_a_list(performance: float, waiting: float) -> None:
    assert rtt_list_size(240, performance) == pytest.approx(waiting, abs=0.05)
    assert rtt_performance(rtt_list_size(240, performance), 240) == pytest.approx(performance)


def test_arrays_of_lists_answer_arrays() -> None:
    demand = np.array([46.0, 20.0])
    assert np.allclose(target_queue(demand, 18), [207, 90])
    relief = relief_capacity(demand, np.array([640.0, 50.0]), target_queue(demand, 18))
    assert list(np.asarray(relief.relief_needed)) == [True, False]


@pytest.mark.parametrize(
    ("asked", "named"),
    [
        (lambda: queue_load(46, 0), "capacity is 0; expected above 0"),
        (lambda: queue_load(-1, 44), "demand is -1"),
        (lambda: target_queue(46, 0), "target wait is 0"),
        (lambda: target_queue(46, 18, 0), "factor is 0"),
        (lambda: target_queue(46, np.array([18.0, np.nan])), "target wait is nan"),
        (lambda: queue_load("many", 44), "demand is not a number"),
        (lambda: relief_capacity(46, 640, 207, 0), "weeks is 0"),
        (lambda: rtt_list_size(240, 1), "performance is 1"),
        (lambda: factor_for_share(0), "share over target is 0"),
        (lambda: queue_by_day(REFERRED, REMOVED, date(2026, 2, 2), date(2026, 2, 1)), "before they start"),
        (lambda: queue_by_day(REFERRED, REMOVED[:2], date(2026, 2, 2), date(2026, 2, 3)), "3 referrals and 2"),
    ],
)
def test_what_cannot_be_is_refused_by_name(asked: object, named: str) -> None:
    with pytest.raises(ValueError, match=named) as refused:
        asked()  # type: ignore[operator]
    assert isinstance(refused.value, RuleError)


def test_the_queue_by_day_and_the_mean_wait_of_those_still_in_it() -> None:
    queue = dict(queue_by_day(REFERRED, REMOVED, date(2026, 2, 1), date(2026, 2, 16)))
    assert len(queue) == 16
    assert [queue[date(2026, 2, day)] for day in (1, 2, 5, 8, 9, 15, 16)] == [0, 1, 2, 2, 2, 2, 1]
    assert mean_wait_on(REFERRED, REMOVED, date(2026, 2, 16)) == Days(11)
    assert mean_wait_on(REFERRED, REMOVED, date(2026, 2, 1)) == Days(0)


def test_nobody_leaves_before_joining() -> None:
    with pytest.raises(RemovalBeforeReferral, match="pair 1 is removed on 2026-02-01"):
        queue_by_day([date(2026, 2, 2)], [date(2026, 2, 1)], date(2026, 2, 1), date(2026, 2, 3))
