"""Bits for and against, and what they say together (PA6, PA8); every number is the rule book's."""

from __future__ import annotations

import math

import pytest

from joinedup.identity.score import Rarity, against_household, bits, prior_bits, probability, waterfall, weight_of

RARE = Rarity()


@pytest.mark.parametrize(
    ("m", "u", "weight"),
    [
        (0.80, 0.01, 6.3219),
        (0.08, 0.004, 4.3219),
        (0.95, 1 / 25_000, 14.5356),
        (0.30, 0.999, -1.7355),
        (0.99, 0.5, 0.9855),
        (0.65, 0.0002, 11.6662),
        (0.85, 0.004, 7.7313),
        (0.85, 0.0002, 12.0532),  # a rare surname
        (0.85, 0.02, 5.4094),  # a common one
    ],
)
def test_the_weight_of_a_level(m: float, u: float, weight: float) -> None:
    assert bits(m, u) == pytest.approx(weight, abs=5e-5)


def test_the_waterfall_of_the_book() -> None:
    pieces = [("forename", 0.80, 0.01), ("surname", 0.08, 0.004), ("born", 0.95, 1 / 25_000), ("postcode", 0.30, 0.999),
              ("sex", 0.99, 0.5)]  # fmt: skip
    steps = waterfall(prior_bits(1 / 250_000), [(name, "", bits(m, u)) for name, m, u in pieces])
    assert steps[0].total == pytest.approx(-17.9316, abs=5e-5)
    assert steps[-1].total == pytest.approx(6.4979, abs=5e-5)
    assert probability(steps[-1].total) == pytest.approx(0.989057, abs=5e-7)


@pytest.mark.parametrize(("chance", "weight"), [(0.9, 3.1699), (0.95, 4.2479), (0.99, 6.6294), (0.999, 9.9643)])
def test_probability_and_weight_say_the_same(chance: float, weight: float) -> None:
    assert weight_of(chance) == pytest.approx(weight, abs=5e-5)
    assert probability(weight_of(chance)) == pytest.approx(chance)


def test_far_out_it_neither_overflows_nor_divides_by_nothing() -> None:
    assert (probability(5000), probability(-2000)) == (1.0, 0.0)
    assert (weight_of(1), weight_of(0)) == (math.inf, -math.inf)


def household(weight: float, *, given: float, birth: float, same_given: bool, same_birth: bool) -> float:
    return against_household(
        weight, given=given, birth=birth, rest=1.0, same_given=same_given, same_birth=same_birth, rarity=RARE
    )


def test_twins_are_never_certain() -> None:
    """Surname, address, telephone and birth date of one: 35 bits; but forenames that differ are what tells twins."""
    assert household(35, given=-7.2, birth=14.2, same_given=False, same_birth=True) < 0
    assert household(35, given=7.2, birth=14.2, same_given=True, same_birth=True) > 20


def test_father_and_son_of_one_name_are_never_certain() -> None:
    assert household(25, given=7.2, birth=-9.8, same_given=True, same_birth=False) < 0
    assert 9 < household(25, given=7.2, birth=3.6, same_given=True, same_birth=False) < 12  # one digit: for a person


def test_another_hypothesis_only_ever_takes_away() -> None:
    for weight in (-20.0, 0.0, 5.0, 40.0):
        left = household(weight, given=6, birth=14, same_given=True, same_birth=True)
        assert left <= weight
