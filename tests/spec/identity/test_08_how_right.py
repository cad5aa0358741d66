"""Precision, recall and F1 by pair, by group, by record and by group of people (PA12, PA13)."""

from __future__ import annotations

import pytest

from joinedup.identity.quality import by_group, evaluate, wilson

# Seven records; who they are, and what was said of them.
TRUTH = {1: "t", 2: "t", 3: "t", 4: "u", 5: "u", 6: "v", 7: "w"}
SAID = {1: "a", 2: "a", 3: "b", 4: "c", 5: "c", 6: "d", 7: "d"}


def test_the_example_of_the_book() -> None:
    quality = evaluate(TRUTH, SAID)
    assert (quality.true_pairs, quality.predicted_pairs, quality.right_pairs) == (4, 3, 2)
    assert quality.precision == pytest.approx(0.6667, abs=5e-5)
    assert quality.recall == 0.5
    assert quality.f1 == pytest.approx(0.5714, abs=5e-5)
    assert (quality.exact_precision, quality.exact_recall) == (0.25, 0.25)
    assert quality.b3_precision == pytest.approx(0.857143, abs=5e-7)
    assert quality.b3_recall == pytest.approx(0.809524, abs=5e-7)
    assert quality.b3_f1 == pytest.approx(0.832653, abs=5e-7)


def test_nothing_said_has_no_precision_and_no_f1() -> None:
    quality = evaluate(TRUTH, {})
    assert (quality.precision, quality.recall, quality.f1) == (None, 0.0, 0.0)


def test_wilson_limits() -> None:
    """81 of 263: 0.3080, 95% limits 0.2553 to 0.3662 (Newcombe 1998)."""
    rate = wilson(81, 263)
    assert (round(rate.low or 0, 4), round(rate.high or 0, 4)) == (0.2553, 0.3662)
    assert wilson(0, 0).value is None
    assert (wilson(5, 5).high, wilson(0, 5).low) == (1.0, 0.0)


def test_a_group_that_is_joined_worse_is_flagged() -> None:
    truth = {(person, copy): person for person in range(200) for copy in (1, 2)}
    said = {record: record[0] for record in truth} | {(person, 2): f"alone {person}" for person in range(100, 120)}
    group_of = {person: "some" if person >= 100 else "most" for person in range(200)}
    most, some = by_group(truth, said, group_of)
    assert (most.whole.value, most.is_flagged) == (1.0, False)
    assert (some.whole.value, some.is_flagged) == (0.8, True)
    assert some.recall.value == 0.8
    assert some.precision.value == 1.0
