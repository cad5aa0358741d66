"""Where waiting lists are heading: chance, target queue, relief, clearance (ME1, ME14, MG8)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest

from joinedup.errors import RuleError
from joinedup.planning import ListProjection, ShapeError, WaitingList, project_waiting_lists, wait_counts

AS_OF = date(2026, 4, 1)
# 640 people, spread over 80 weeks, the list of rule ME1.
BANDS = (*[20.0] * 20, *[4.0] * 60)
LIST = WaitingList(("110", "RQW"), BANDS, 46.0, 62.653846)


def project(
    *lists: WaitingList, weeks: int = 30, runs: int = 60, seed: int = 1, workers: int = 1
) -> list[ListProjection]:
    return list(project_waiting_lists(lists, as_of=AS_OF, weeks=weeks, seed=seed, runs=runs, workers=workers))


def figures(projection: ListProjection) -> bytes:
    """Every drawn figure, as bytes."""
    said = (projection.total, *projection.over.values(), projection.performance, projection.treated)
    return b"".join(np.asarray(getattr(one, name)).tobytes() for one in said for name in ("mean", "p10", "p50", "p90"))


def test_relief_capacity_clears_the_list_in_its_26_weeks() -> None:
    sure = replace(LIST, cv_referrals=0, cv_capacity=0)
    (found,) = project(sure)
    assert found.target_queue == 207
    assert found.too_big
    assert float(found.relief) == pytest.approx(62.653846, abs=5e-7)
    assert found.relief.relief_needed is True
    # Relief capacity is defined by reaching the target after 26 weeks; its seventh decimal is cut off here.
    assert float(np.asarray(found.total.mean)[25]) == pytest.approx(207, abs=1e-3)
    # A hundredth of a patient more a week, and it is cleared in the 26th week and no other.
    (found,) = project(replace(sure, capacity=62.66))
    assert found.clearance.p50 == AS_OF + timedelta(weeks=26)
    assert found.clearance.p10 == found.clearance.p50 == found.clearance.p90


def test_without_chance_the_counts_are_those_of_the_bands() -> None:
    (found,) = project(replace(LIST, referrals=0.0, capacity=0.0001, cv_referrals=0, cv_capacity=0), weeks=1)
    aged = wait_counts([0, *BANDS[:-1], BANDS[-1]])
    for limit, expected in {18: aged.over18, 52: aged.over52, 65: aged.over65, 78: aged.over78}.items():
        assert float(np.asarray(found.over[limit].p50)[0]) == pytest.approx(expected, abs=1e-3)
    assert float(np.asarray(found.performance.mean)[0]) == pytest.approx(aged.within18 / aged.total, abs=1e-3)


def test_chance_is_about_the_mean_and_spreads_with_time() -> None:
    (found,) = project(LIST, runs=300, weeks=80)
    (sure,) = project(replace(LIST, cv_referrals=0, cv_capacity=0), weeks=80)
    mean, error = np.asarray(found.total.mean), np.asarray(found.total.standard_error)
    certain = np.asarray(sure.total.mean)
    assert (np.abs(mean - certain)[:20] < 4 * error[:20]).all()
    spread = np.asarray(found.total.p90) - np.asarray(found.total.p10)
    assert spread[19] > 2 * spread[0] > 0
    assert found.clearance.p10 <= found.clearance.p50 <= found.clearance.p90  # type: ignore[operator]
    assert found.clearance.p10 < found.clearance.p90  # type: ignore[operator]


def test_a_gamma_week_has_the_spread_that_is_asked_for() -> None:
    (found,) = project(replace(LIST, cv_referrals=0.5, cv_capacity=0), weeks=1, runs=2_000)
    # 10% and 90% of a gamma of mean 46 and coefficient of variation a half.
    low, high = np.percentile(np.random.default_rng(1).gamma(4, 46 / 4, 200_000), (10, 90))
    total, base = found.total, 640 - 62.653846
    assert np.asarray(total.p10)[0] - base == pytest.approx(low, abs=3)
    assert np.asarray(total.p90)[0] - base == pytest.approx(high, abs=3)


def test_doubt_about_demand_itself_does_not_even_out_over_the_weeks() -> None:
    (weekly,), (whole,) = project(LIST), project(replace(LIST, demand_uncertainty=0.1))
    last = -1
    spread = [float((np.asarray(one.total.p90) - np.asarray(one.total.p10))[last]) for one in (weekly, whole)]
    assert spread[1] > 2 * spread[0]


def test_a_list_that_is_at_its_target_is_clear_today() -> None:
    (found,) = project(replace(LIST, bands=(*[2.0] * 80,)))
    assert found.relief.relief_needed is False
    assert found.clearance.p90 == AS_OF
    assert found.clearance.share_cleared == 1


def test_a_list_that_grows_is_never_clear() -> None:
    (found,) = project(replace(LIST, capacity=44.0))
    assert found.load == pytest.approx(1.045455, abs=5e-7)
    assert found.clearance.share_cleared == 0
    assert found.clearance.p10 is None


def test_weeks_end_seven_days_apart_and_capacity_may_differ_by_week() -> None:
    stopped = (62.0,) * 5 + (0.0,) * 5
    (found,) = project(replace(LIST, capacity=stopped, cv_capacity=0), weeks=10)
    assert found.weeks[0] == AS_OF + timedelta(days=7)
    assert list(np.asarray(found.treated.mean)) == pytest.approx(stopped)


def test_no_company_order_or_worker_changes_a_byte() -> None:
    others = [replace(LIST, key=(code, "RWH"), referrals=50.0) for code in ("120", "130", "301")]
    alone = figures(project(LIST)[0])
    assert figures(project(*others, LIST)[-1]) == alone
    assert figures(project(LIST, *reversed(others))[0]) == alone
    assert figures(project(*others, LIST, workers=2)[-1]) == alone
    assert figures(project(LIST, seed=2)[0]) != alone
    assert figures(project(replace(LIST, key=("111", "RQW")))[0]) != alone


def test_results_say_what_they_are_made_from() -> None:
    first, again, other = project(LIST)[0], project(LIST)[0], project(LIST, seed=2)[0]
    assert first.inputs_hash == again.inputs_hash != other.inputs_hash
    assert (first.seed, first.runs, first.total.runs) == (1, 60, 60)


@pytest.mark.parametrize(
    ("asked", "error", "named"),
    [
        (lambda: WaitingList(("110",), (1.0,) * 78, 1.0, 1.0), ShapeError, "78 weekly bands; expected at least 79"),
        (lambda: project(LIST, LIST), RuleError, "same key"),
        (lambda: project(LIST, weeks=0), RuleError, "0 weeks"),
        (lambda: project(LIST, runs=1), RuleError, "1 runs"),
        (lambda: project(replace(LIST, referrals=(1.0, 2.0))), ShapeError, "referrals of 110/RQW are 2 weeks"),
        (lambda: replace(LIST, cv_capacity=-0.1), RuleError, "coefficient of variation is -0.1"),
    ],
)
def test_what_cannot_be_is_refused_by_name(asked: object, error: type[Exception], named: str) -> None:
    with pytest.raises(error, match=named):
        asked()  # type: ignore[operator]
