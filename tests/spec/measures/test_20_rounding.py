"""How one count of people is shown: `*` for 1 to 7, the nearest 5 above (PE1, PE7, T43)."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from joinedup.errors import RuleError
from joinedup.measures.disclosure.rounding import (
    HIDDEN,
    between,
    in_words,
    nearest_five,
    round_count,
    rounded,
    shown_count,
)

COUNTS = [0, 1, 5, 6, 7, 8, 12, 13, 17, 18, 22, 23, 38]


@pytest.mark.parametrize(
    ("mode", "shown"),
    [
        ("nhs", ["0", "*", "*", "*", "*", "10", "10", "15", "15", "20", "20", "25", "40"]),
        ("opensafely", ["*", "*", "*", "*", "*", "10", "10", "15", "15", "20", "20", "25", "40"]),
        ("midpoint6", ["0", "3", "3", "3", "9", "9", "9", "15", "15", "15", "21", "21", "39"]),
        ("suppress", ["0", "*", "*", "*", "*", "8", "12", "13", "17", "18", "22", "23", "38"]),
        ("internal", ["0", "1", "5", "6", "7", "8", "12", "13", "17", "18", "22", "23", "38"]),
    ],
)
def test_the_table_of_the_rule_book(mode: str, shown: list[str]) -> None:
    assert [shown_count(round_count(count, mode)) for count in COUNTS] == shown


def test_the_four_counts_that_every_door_is_tested_with() -> None:
    assert [shown_count(round_count(count)) for count in (7, 8, 12, 13)] == ["*", "10", "10", "15"]
    assert [round_count(count) for count in (118, 122, 117)] == [120, 120, 115]


def test_the_published_cases_of_opensafely(reference: Path) -> None:
    cases = json.loads((reference / "opensafely_sdc" / "cases.json").read_text())
    for count, published in cases["redact_le7_round5"]:
        assert (round_count(count, "opensafely") or 0) == published  # ehrQL writes 0 where we write nothing
    for count, published in cases["midpoint6"]:
        assert round_count(count, "midpoint6") == published
    table = cases["worked_table"]
    for name in ("numerator", "denominator"):
        shown = [round_count(count, "opensafely") for count in table[name]]
        assert ["[REDACTED]" if one is None else one for one in shown] == table[f"published_{name}"]


def test_halves_go_up_and_never_to_the_even_one() -> None:
    # No whole number lies half way between two fives, so the case is one of tens: 25 is half way between 20 and 30.
    assert nearest_five(np.arange(8, 19)).tolist() == [10, 10, 10, 10, 10, 15, 15, 15, 15, 15, 20]


@pytest.mark.parametrize("mode", ["nhs", "opensafely", "midpoint6", "suppress", "internal"])
def test_what_a_shown_count_can_have_been(mode: str) -> None:
    counts = np.arange(300)
    shown = rounded(counts, mode)
    least, most = between(shown, mode)
    assert ((least <= counts) & (counts <= most)).all()
    for value in set(shown.tolist()) - {HIDDEN}:  # and nothing else
        same = counts[shown == value]
        if same.max() < 290:
            at = int(np.argmax(shown == value))
            assert (least[at], most[at]) == (same.min(), same.max())


def test_a_star_is_read_aloud_and_nothing_is_ever_blank() -> None:
    assert shown_count(None) == shown_count(None, "suppressed") == shown_count(float("nan")) == "*"
    assert shown_count(None, "no data for the month") == "no data for the month"
    assert shown_count(12_345) == "12,345"
    assert in_words(None) == "suppressed, between 1 and 7"
    assert in_words(None, mode="suppress") == "suppressed"  # a partner's star must not say that it is small
    assert in_words(10) == "10"


def test_a_mode_that_is_not_one_and_a_count_below_0() -> None:
    with pytest.raises(RuleError, match="Did you mean 'suppress'"):
        round_count(3, "supress")
    with pytest.raises(RuleError, match="below 0"):
        rounded(np.array([4, -1]))
