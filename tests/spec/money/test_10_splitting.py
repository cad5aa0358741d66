"""MA5, MB7, M0.1 and M0.2: an amount shared out in whole pence adds up to itself."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

import pytest

from joinedup.errors import RuleError
from joinedup.money import WeightError, profile, split_pence
from joinedup.money.allocation.splitting import half_up


def test_weights_are_parsed_from_text_because_a_float_is_rounded_already() -> None:
    cent = Decimal("0.01")
    assert Decimal("2.675").quantize(cent, ROUND_HALF_UP) == Decimal("2.68")
    assert Decimal(2.675).quantize(cent, ROUND_HALF_UP) == Decimal("2.67")  # noqa: RUF032 - what goes wrong is shown
    with pytest.raises(WeightError, match="a float"):
        split_pence(100, {"a": 0.1})  # type: ignore[dict-item]


def test_a_hundred_pounds_in_three() -> None:
    assert split_pence(10_000, {"a": 1, "b": 1, "c": 1}) == {"a": 3334, "b": 3333, "c": 3333}


def test_money_clawed_back_is_shared_as_its_amount_and_negated() -> None:
    assert split_pence(-10_000, {"a": 1, "b": 1, "c": 1}) == {"a": -3334, "b": -3333, "c": -3333}


def test_a_tie_goes_to_the_first_code_and_a_weight_of_0_gets_0() -> None:
    weights = {"a": Decimal(".5"), "b": ".3", "c": ".2", "d": 0}
    assert split_pence(5, weights) == {"a": 3, "b": 1, "c": 1, "d": 0}
    assert split_pence(1, {"b": 1, "a": 1}) == {"b": 0, "a": 1}


def test_uneven_weights() -> None:
    shared = split_pence(123_456_789, {"x": "61.5", "y": "30.25", "z": "8.25"})
    assert shared == {"x": 75_925_925, "y": 37_345_679, "z": 10_185_185}
    assert sum(shared.values()) == 123_456_789


@pytest.mark.parametrize(
    ("weights", "said"),
    [
        ({"a": 0, "b": "0.0"}, "all 2 weights are 0"),
        ({}, "all 0 weights are 0"),
        ({"a": 1, "b": -1}, "first: 'b'"),
        ({"a": "many"}, "expected a number"),
        ({"a": Decimal("NaN")}, "finite"),
        ({"a": Decimal("1e400")}, "ordinary size"),
        ({"a": "1." + "0" * 200 + "1"}, "places after the point"),
        ({"a": True}, "a bool"),
    ],
)
def test_weights_by_which_nothing_can_be_shared(weights: dict[str, Decimal], said: str) -> None:
    with pytest.raises(WeightError, match=said):
        split_pence(100, weights)


def test_a_pot_is_whole_pence() -> None:
    with pytest.raises(RuleError, match="whole pence"):
        split_pence(100.0, {"a": 1})  # type: ignore[arg-type]


def test_weights_of_any_length_are_kept_exactly() -> None:
    # With 28 figures both weights would be the same, and the tie would go to "a".
    weights = {"a": "1." + "3" * 40, "b": "1." + "3" * 39 + "4"}
    assert split_pence(1, weights) == {"a": 0, "b": 1}


def test_a_million_over_twelve_months_gives_the_odd_pennies_to_the_earliest() -> None:
    months = profile(100_000_000, [Decimal(1)] * 12)
    assert months == [8_333_334] * 4 + [8_333_333] * 8
    with pytest.raises(WeightError, match="11 weights"):
        profile(100, [1] * 11)


def test_halves_are_rounded_up_and_below_0_away_from_it() -> None:
    assert [half_up(Fraction(n, 2)) for n in (-3, -1, 0, 1, 3, 4)] == [-2, -1, 0, 1, 2, 2]
