"""The list as bands through which people age, are treated, or leave otherwise (rules ME4 to ME8)."""

from __future__ import annotations

import numpy as np
import pytest

from joinedup.errors import RuleError
from joinedup.planning import (
    BalanceError,
    FlowWarning,
    Infeasible,
    ShapeError,
    calibrate_flow,
    capacity_for_target,
    flow_params,
    project_flow,
    steady_state,
    treat_oldest,
    wait_percentile,
)

PARAMS = flow_params([0.05, 0.04, 0.03, 0.02], [0.25, 0.30, 0.40, 0.60])
LIST = [70, 50, 30, 20]


def test_two_periods_of_stock_and_flow() -> None:
    flow = project_flow(PARAMS, LIST, [100, 104], [80, 95])
    assert flow.treated[0] == pytest.approx([20.8333, 17.5, 16.6667, 25.0], abs=5e-5)
    assert flow.waiting[0] == pytest.approx([74.1667, 49.7, 31.8333, 24.0], abs=5e-5)
    assert flow.waiting[1] == pytest.approx([74.4962, 50.4015, 29.6259, 23.4021], abs=5e-5)
    assert flow.total == pytest.approx([179.7, 177.9257], abs=5e-5)
    assert flow.unused == pytest.approx([0, 0])


def test_what_a_band_cannot_use_is_shared_over_the_others() -> None:
    # Shares by kappa alone would treat 200 * .9/1.0 = 180 of the 100 in band 0; 90 are left there, 110 go on.
    flow = project_flow(flow_params([0.1, 0.0], [0.9, 0.1]), [100, 0], [100], [180])
    assert flow.treated[0] == pytest.approx([90, 90])
    assert flow.waiting[0] == pytest.approx([0, 10])
    assert flow.unused == pytest.approx([0])


def test_capacity_for_which_nobody_is_left_is_reported_as_unused() -> None:
    flow = project_flow(PARAMS, LIST, 10, 1_000)
    assert flow.total == pytest.approx([0])
    assert flow.unused[0] == pytest.approx(1_000 - flow.treated[0].sum())
    nobody = project_flow(flow_params([0, 0], [0, 0]), [5, 5], 10, 7)
    assert nobody.unused == pytest.approx([7])
    assert nobody.total == pytest.approx([20])


def test_a_surplus_can_be_refused() -> None:
    with pytest.raises(BalanceError, match="in period 1 the capacity of 1000 is more"):
        project_flow(PARAMS, LIST, 10, 1_000, on_surplus="refuse")
    assert project_flow(PARAMS, LIST, 100, 80, on_surplus="refuse").total == pytest.approx([179.7], abs=5e-5)


def test_parameters_are_the_mean_of_what_history_shows() -> None:
    found = calibrate_flow(
        [[100, 70, 50, 50], [104, 72, 48, 60]],
        [[20, 18, 15, 27], [24, 18, 16, 30]],
        [[75, 50, 33, 22], [76, 52, 30, 29]],
    )
    assert found.rho == pytest.approx([0.044231, 0.028175, 0.040833, 0.018333], abs=5e-7)
    assert found.kappa == pytest.approx([0.215385, 0.253571, 0.316667, 0.52], abs=5e-7)


def test_a_band_without_inflow_counts_as_nothing() -> None:
    found = calibrate_flow([[0, 10]], [[0, 5]], [[0, 4]])
    assert list(found.rho) == pytest.approx([0, 0.1])
    assert list(found.kappa) == pytest.approx([0, 0.5])


def test_a_list_that_grew_without_referrals_warns() -> None:
    with pytest.warns(FlowWarning, match=r"band 0: rho is negative\. They count as 0"):
        assert calibrate_flow([[10]], [[5]], [[7]]).rho == pytest.approx([0])
    with pytest.warns(FlowWarning, match="They are kept"):
        kept = calibrate_flow([[10]], [[5]], [[7]], allow_negative=True)
    assert kept.rho == pytest.approx([-0.2])
    # Whoever keeps them still gets a balance: two people joined the band unseen.
    assert project_flow(kept, [0], [10], [5]).total == pytest.approx([7])


def test_the_steady_state() -> None:
    waiting, served = steady_state(120, [0.05, 0.10, 0.15], [30, 25, 60])
    assert waiting == pytest.approx([84, 50.6, 0])
    assert served == pytest.approx([30, 25, 43.01])


def test_the_oldest_are_treated_first() -> None:
    assert list(treat_oldest([100, 70, 50, 50], 60)) == [100, 70, 40, 0]
    assert list(treat_oldest([100, 70, 50, 50], 1_000)) == [0, 0, 0, 0]
    many = treat_oldest([[100, 1], [70, 2], [50, 3], [50, 4]], [60, 5])
    assert many.T.tolist() == [[100, 70, 40, 0], [1, 2, 2, 0]]


def test_the_capacity_for_a_target_is_the_least_that_meets_it() -> None:
    asked = {"percentile": 0.92, "target_band": 3.0, "by_period": 12}
    capacity = capacity_for_target(PARAMS, LIST, [100] * 12, **asked)
    at = [
        wait_percentile(project_flow(PARAMS, LIST, [100] * 12, given).waiting[-1], 0.92)
        for given in (capacity, capacity * 0.999)
    ]
    assert at[0] <= 3.0 < at[1]
    assert capacity_for_target(PARAMS, LIST, 100, **asked) == capacity


def test_a_target_that_is_met_already_needs_no_capacity() -> None:
    assert capacity_for_target(PARAMS, LIST, 100, percentile=0.5, target_band=4.0, by_period=1) == 0


def test_a_target_that_no_capacity_meets_is_infeasible() -> None:
    never_the_oldest = flow_params([0, 0, 0], [1, 1, 0])
    with pytest.raises(Infeasible, match="the nearest is 2") as refused:
        capacity_for_target(never_the_oldest, [10, 10, 50], 10, percentile=0.9, target_band=1.0, by_period=3)
    assert refused.value.best > 2


@pytest.mark.parametrize(
    ("asked", "error", "named"),
    [
        (lambda: project_flow(PARAMS, LIST[:3], 100, 80), ShapeError, r"the list is \(3,\)"),
        (lambda: project_flow(PARAMS, LIST, 100, 80, on_surplus="lose"), RuleError, "on_surplus is 'lose'"),
        (lambda: project_flow(PARAMS, LIST, 100, -1), RuleError, "capacity is -1"),
        (lambda: calibrate_flow([[1, 2]], [[1]], [[1, 2]]), ShapeError, "expected equal"),
        (lambda: flow_params([0.1], [0.1, 0.2]), ShapeError, "expected one of each a band"),
        (lambda: flow_params([1.1], [0.1]), RuleError, "rho"),
        (lambda: steady_state(10, [0.1], [1, 2]), ShapeError, "service"),
        (
            lambda: capacity_for_target(PARAMS, LIST, [1, 2], percentile=0.9, target_band=1, by_period=3),
            ShapeError,
            "period 3 of 2",
        ),
    ],
)
def test_what_cannot_be_is_refused_by_name(asked: object, error: type[Exception], named: str) -> None:
    with pytest.raises(error, match=named):
        asked()  # type: ignore[operator]


def test_a_longer_list_of_bands_keeps_its_oldest_in_the_top_band() -> None:
    flow = project_flow(flow_params(np.zeros(3), np.ones(3)), [1, 2, 3], [0, 0, 0], [0, 0, 0])
    assert flow.waiting.tolist() == [[0, 1, 5], [0, 0, 6], [0, 0, 6]]
