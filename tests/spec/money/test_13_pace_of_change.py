"""MA8 and MA9: how far from target, and how fast towards it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from joinedup.errors import RuleError
from joinedup.money import Infeasible, NoTarget, distance_from_target, pace_of_change

MILLION = 100_000_000  # pence in a million pounds
BASELINE = {"P1": 380 * MILLION, "P2": 420 * MILLION, "P3": 200 * MILLION}
WEIGHTED = {"P1": Decimal(400_000), "P2": Decimal(390_000), "P3": Decimal(210_000)}
POT = 1040 * MILLION


def percent(fraction: Decimal | None) -> str:
    assert fraction is not None
    return f"{round(100 * fraction, 3):+.3f}"


def test_below_0_is_under_target() -> None:
    target = {"P1": 400 * MILLION, "P2": 390 * MILLION, "P3": 210 * MILLION}
    found = [percent(distance_from_target(BASELINE[unit], target[unit])) for unit in BASELINE]
    assert found == ["-5.000", "+7.692", "-4.762"]


def test_there_is_no_distance_from_nothing() -> None:
    with pytest.raises(NoTarget) as caught:
        distance_from_target(100, 0)
    assert isinstance(caught.value, ZeroDivisionError)
    assert isinstance(caught.value, RuleError)


@pytest.mark.parametrize(
    ("limits", "pence", "dft"),
    [
        (
            {"kappa": 0, "floor": 0, "cap": ".10"},
            [39_520_000_000, 43_680_000_000, 20_800_000_000],
            ["-5.000", "+7.692", "-4.762"],
        ),
        (
            {"kappa": ".5", "floor": ".02", "cap": ".06"},
            [40_088_067_227, 42_840_000_000, 21_071_932_773],
            ["-3.634", "+5.621", "-3.517"],
        ),
        (
            {"kappa": 1, "floor": ".01", "cap": ".07"},
            [40_380_327_869, 42_420_000_000, 21_199_672_131],
            ["-2.932", "+4.586", "-2.932"],
        ),
        (
            {"kappa": ".25", "floor": ".02", "cap": ".06", "max_under": ".037"},
            [40_060_800_000, 42_886_048_780, 21_053_151_220],
            ["-3.700", "+5.735", "-3.603"],
        ),
    ],
)
def test_three_places(limits: dict[str, Any], pence: list[int], dft: list[str]) -> None:
    result = pace_of_change(BASELINE, WEIGHTED, POT, **limits)
    assert list(result.pence.values()) == pence
    assert sum(pence) == POT
    assert [percent(distance) for distance in result.dft.values()] == dft


def test_one_scale_for_all_makes_the_sum() -> None:
    result = pace_of_change(BASELINE, WEIGHTED, POT, kappa=".5", floor=".02", cap=".06")
    assert round(result.theta, 9) == Decimal("0.988364577")


def test_limits_that_leave_no_way_name_both_bounds() -> None:
    with pytest.raises(Infeasible, match=r"lower 105,000,000,000 > pot") as caught:
        pace_of_change(BASELINE, WEIGHTED, POT, kappa=".25", floor=".05", cap=".06")
    assert (caught.value.lower, caught.value.upper) == (105_000_000_000, 106_000_000_000)
    with pytest.raises(Infeasible, match=r"upper 103,000,000,000 < pot"):
        pace_of_change(BASELINE, WEIGHTED, POT, kappa=".25", floor=0, cap=".03")


def test_a_unit_that_nobody_needs_stays_at_its_floor_and_the_bound_knows() -> None:
    baseline, weighted = {"a": 100, "b": 100}, {"a": Decimal(0), "b": Decimal(1)}
    result = pace_of_change(baseline, weighted, 190, kappa=1, floor="-.2", cap=".2")
    assert result.pence == {"a": 80, "b": 110}
    assert result.dft["a"] is None
    with pytest.raises(Infeasible) as caught:
        pace_of_change(baseline, weighted, 220, kappa=1, floor="-.2", cap=".2")
    assert caught.value.upper == 200


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"kappa": "1.1"}, "kappa is 1.1"),
        ({"kappa": 0.5}, "a float"),
        ({"floor": ".07"}, "cap not below the floor"),
        ({"floor": "-1.5"}, "-1 or more"),
        ({"max_under": 2}, "max_under is 2"),
        ({"baseline": {"P1": 1, "P2": 2, "P4": 3}}, "in one table only"),
        ({"baseline": dict.fromkeys(BASELINE, 0)}, "all baselines are 0"),
        ({"baseline": BASELINE | {"P1": -1}}, "expected 0 or more"),
    ],
)
def test_what_cannot_be_asked(change: dict[str, Any], said: str) -> None:
    asked = {"baseline": BASELINE, "wp": WEIGHTED, "pot": POT, "kappa": ".5", "floor": ".02", "cap": ".06"} | change
    with pytest.raises(RuleError, match=said):
        pace_of_change(asked.pop("baseline"), asked.pop("wp"), asked.pop("pot"), **asked)
