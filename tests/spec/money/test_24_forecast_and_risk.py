"""Where a line will end, and who pays when it is too much (rules MB8 to MB13, MB15)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from joinedup.errors import RuleError
from joinedup.money.allocation.splitting import ShareError
from joinedup.money.pot.inherited_balances import InheritedBalance, after_year, capital_change, inherit
from joinedup.money.pot.outturn import Forecast, LineToDate, ReasonRequired, check_forecasts, forecast_outturn
from joinedup.money.pot.positions import (
    BodyPosition,
    Mismatch,
    eliminated,
    intra_system_mismatches,
    system_position,
)
from joinedup.money.pot.sharing_risk import Layer, UncoveredRisk, overspend_ladder, risk_share

M = 100_000_000  # a million pounds in pence
D = Decimal


def shares(**given: str) -> dict[str, Decimal]:
    return {partner: D(text) for partner, text in given.items()}


# --- MB8 ----------------------------------------------------------------------------------------------------------

TO_DATE = LineToDate(budget=10 * M, actual=540_000_000, open_commitments=200_000_000, uncommitted_plan=300_000_000)


def test_the_forecasts_of_the_rule_book() -> None:
    run_rate = forecast_outturn(TO_DATE, 6, "run_rate")
    profiled = forecast_outturn(TO_DATE, 6, "profile", share=D(".48"))
    assert (run_rate.outturn, run_rate.variance) == (1_080_000_000, -80_000_000)
    assert (profiled.outturn, profiled.variance) == (1_125_000_000, -125_000_000)
    committed = forecast_outturn(TO_DATE, 6, "commitment")
    assert (committed.outturn, committed.variance) == (1_040_000_000, -40_000_000)
    by_hand = forecast_outturn(TO_DATE, 6, "manual", outturn_pence=9 * M, reason="Two wards close in May")
    assert (by_hand.variance, by_hand.reason) == (M, "Two wards close in May")
    # 0.45 m apart is 4.5 per cent of the budget; a penny over 5 per cent needs a word
    check_forecasts([run_rate, profiled])
    check_forecasts([profiled])
    check_forecasts([Forecast(100, 100, "run_rate"), Forecast(100, 105, "profile")])
    wide = [Forecast(100, 100, "run_rate"), Forecast(100, 106, "profile")]
    check_forecasts(wide, reason="the winter profile")
    with pytest.raises(ReasonRequired, match=r"differ by 6 p, more than 5.00 per cent"):
        check_forecasts(wide)


def test_a_forecast_rounds_once_and_halves_go_up() -> None:
    assert forecast_outturn(LineToDate(100, 1), 8, "run_rate").outturn == 2  # 1.5
    assert forecast_outturn(LineToDate(100, -1), 8, "run_rate").outturn == -2


WRONG: list[tuple[dict[str, Any], type[Exception], str]] = [
    ({"month": 0, "method": "run_rate"}, RuleError, "month 0"),
    ({"month": 13, "method": "run_rate"}, RuleError, "month 13"),
    ({"month": 6, "method": "run-rate"}, RuleError, "Did you mean 'run_rate'"),
    ({"month": 6, "method": "profile"}, RuleError, "share to date is None"),
    ({"month": 6, "method": "profile", "share": 0.48}, RuleError, "expected a Decimal"),
    ({"month": 6, "method": "profile", "share": D(0)}, RuleError, "above 0"),
    ({"month": 6, "method": "manual", "outturn_pence": 5}, ReasonRequired, "a reason"),
    ({"month": 6, "method": "manual", "outturn_pence": 5.0, "reason": "because of it"}, RuleError, "whole pence"),
]


@pytest.mark.parametrize(("given", "error", "says"), WRONG)
def test_what_a_forecast_refuses(given: dict[str, Any], error: type[Exception], says: str) -> None:
    with pytest.raises(error, match=says):
        forecast_outturn(TO_DATE, given.pop("month"), given.pop("method"), **given)


# --- MB9, MB10 ----------------------------------------------------------------------------------------------------


def test_the_ladder_of_the_rule_book() -> None:
    found = overspend_ladder(125_000_000, 40_000_000, 50_000_000, 20_000_000, shares(NHS="65", LA="35"))
    assert found.taken == {"underspend": 40_000_000, "risk_pool": 50_000_000, "uncommitted": 20_000_000}
    assert (found.left, found.calls) == (15_000_000, {"NHS": 9_750_000, "LA": 5_250_000})


def test_the_order_of_the_ladder_is_the_agreements() -> None:
    order = ("uncommitted", "risk_pool", "underspend")
    found = overspend_ladder(60, 40, 50, 20, shares(NHS="1"), order=order)
    assert (dict(found.taken), found.left) == ({"uncommitted": 20, "risk_pool": 40, "underspend": 0}, 0)
    with pytest.raises(RuleError, match="each of underspend, risk_pool, uncommitted once"):
        overspend_ladder(60, 40, 50, 20, shares(NHS="1"), order=("risk_pool",))
    with pytest.raises(RuleError, match="risk_pool is -1"):
        overspend_ladder(60, 40, -1, 20, shares(NHS="1"))


LAYERS = [
    Layer(M, shares(NHS="50", LA="50")),
    Layer(150_000_000, shares(NHS="80", LA="20")),
    Layer(None, shares(NHS="100", LA="0")),
]


def test_the_layers_of_the_rule_book() -> None:
    assert risk_share(3 * M, LAYERS) == {"LA": 80_000_000, "NHS": 220_000_000}
    assert risk_share(M, LAYERS) == {"LA": 50_000_000, "NHS": 50_000_000}
    assert risk_share(M + 1, LAYERS)["NHS"] == 50_000_001


def test_layers_that_leave_risk_uncovered() -> None:
    for wrong in (LAYERS[:2], [], [LAYERS[2], LAYERS[2]], [Layer(0, shares(NHS="1")), LAYERS[2]]):
        with pytest.raises(UncoveredRisk):
            risk_share(5, wrong)
    for shared in ({}, shares(NHS="0"), shares(NHS="2", LA="-1")):
        with pytest.raises(ShareError):
            risk_share(5, [Layer(None, shared)])
    with pytest.raises(RuleError, match=r"overspend is 1.5"):
        risk_share(1.5, LAYERS)  # type: ignore[arg-type]


# --- MB11, MB12 ---------------------------------------------------------------------------------------------------

BODIES = [
    BodyPosition("ICB", 0, 240_000_000),
    BodyPosition("Trust A", -3 * M, -610_000_000),
    BodyPosition("Trust B", M, 150_000_000),
    BodyPosition("Trust C", 2 * M, 220_000_000),
    BodyPosition("Council", 0, -900_000_000, in_control_total=False),
]


def test_the_system_position_of_the_rule_book() -> None:
    found = system_position(BODIES, control_total=0)
    assert (found.plan, found.forecast, found.variance, found.met) == (0, 0, 0, True)
    assert [one.variance for one in found.bodies] == [240_000_000, -310_000_000, 50_000_000, 20_000_000]
    assert found.offsets == {"Trust A": {"ICB": 240_000_000, "Trust B": 50_000_000, "Trust C": 20_000_000}}
    assert [one.body for one in found.beside] == ["Council"]
    assert not system_position(BODIES, control_total=1).met
    with pytest.raises(RuleError, match="twice"):
        system_position([*BODIES, BODIES[0]], control_total=0)


def test_offsets_give_no_more_than_there_is() -> None:
    rows = [BodyPosition("A", 0, 7), BodyPosition("B", 0, 5), BodyPosition("C", 0, -9), BodyPosition("D", 0, -8)]
    offsets = system_position(rows, control_total=0).offsets
    assert sum(sum(one.values()) for one in offsets.values()) == 12
    assert {giver: sum(one.get(giver, 0) for one in offsets.values()) for giver in "AB"} == {"A": 7, "B": 5}
    assert system_position(BODIES[:1], control_total=0).offsets == {}


def test_what_a_payer_and_a_payee_say() -> None:
    pairs = [Mismatch("ICB", "Trust A", 300 * M, 29_920_000_000), Mismatch("ICB", "Trust B", 500, 500)]
    asked: dict[str, Any] = {"abs_limit": 10_000_000, "rel_limit": D("0.002")}
    assert [one.difference for one in intra_system_mismatches(pairs, **asked)] == [80_000_000]
    # at the limit no query opens; a penny further one does
    assert intra_system_mismatches(pairs, abs_limit=80_000_000, rel_limit=D(0)) == []
    assert len(intra_system_mismatches(pairs, abs_limit=79_999_999, rel_limit=D(0))) == 1
    assert intra_system_mismatches(pairs, abs_limit=0, rel_limit=D("0.003")) == []
    # the payer's figure counts, so that within the system the pair nets to nothing
    assert eliminated({"ICB": -300 * M, "Trust A": 29_920_000_000}, pairs[:1]) == 0


# --- MB13, MB15 ---------------------------------------------------------------------------------------------------


def test_a_net_overspend_is_frozen_and_written_off_after_two_years_in_balance() -> None:
    frozen = inherit([420_000_000, -1_100_000_000, 130_000_000])
    assert (frozen.net_pence, frozen.state, frozen.owed) == (-550_000_000, "frozen", 0)
    once = after_year(frozen, broke_even=True)
    assert (once.state, after_year(once, broke_even=True).state) == ("year1_met", "written_off")
    for missed in (after_year(once, broke_even=False), after_year(frozen, broke_even=False)):
        assert (missed.state, missed.owed) == ("reinstated", 550_000_000)
        assert after_year(missed, broke_even=True) == missed
    assert after_year(inherit([5, -2]), broke_even=False) == InheritedBalance(3, "surplus")
    with pytest.raises(RuleError, match="no state"):
        after_year(InheritedBalance(-1, "thawed"), broke_even=True)


def test_capital_follows_the_revenue_position() -> None:
    rates: dict[str, Any] = {"bonus": D("0.30"), "cut": D("0.10")}
    assert capital_change(120, 100, 0, **rates) == 6
    assert capital_change(90, 100, 5, **rates) == 0
    assert capital_change(120, 105, -1, **rates) == -11  # 10.5, half up in size
