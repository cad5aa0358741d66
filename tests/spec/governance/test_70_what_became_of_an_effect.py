"""What became of an expected effect: moved as expected, moved, not shown; regression to the mean is named."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

import pytest

from joinedup.errors import RuleError
from joinedup.governance.assurance import outcome
from joinedup.governance.assurance.outcome import Expected, MonthValue, Outcome, judge
from joinedup.governance.meetings.expected_effect import (
    OWN,
    PERCENT,
    EffectUnclear,
    NoExpectedEffect,
    effects,
    must_be_stated,
    read_size,
)

# The series of rule O7: mean 51.33, mean moving range 4.545, limits 39.24 and 63.42.
BEFORE = (52, 49, 55, 51, 47, 53, 50, 54, 48, 51, 56, 50)
DECIDED, BY, LATER = date(2022, 1, 20), date(2022, 12, 31), date(2023, 2, 1)
FEWER = Expected("decrease", 5, PERCENT, BY)


def months(values: Sequence[float | None], start: date = date(2021, 1, 1)) -> list[MonthValue]:
    """Answer a value for each month from a first one on."""
    place = range(start.month - 1, start.month - 1 + len(values))
    return [MonthValue(date(start.year + n // 12, n % 12 + 1, 1), one) for n, one in zip(place, values, strict=True)]


def of(*after: float | None, expected: Expected = FEWER, today: date = LATER, **more: object) -> Outcome:
    """Judge the months of 2021, January 2022 (of the decision), and those after it."""
    return judge(months([*BEFORE, 70, *after]), expected, decided_on=DECIDED, today=today, **more)  # type: ignore[arg-type]


def test_limits_are_those_of_the_months_before_whatever_came_after() -> None:
    for after in ([44] * 11, [60] * 7, [90] * 11):
        found = of(*after).measured
        assert (found.mean, found.lower, found.upper) == pytest.approx((51.3333, 39.2424, 63.4242), abs=1e-4)
        assert found.before == 12


@pytest.mark.parametrize(
    ("after", "verdict", "why"),
    [
        pytest.param([44] * 11, "moved as expected", "by as much or more", id="a run below, 14% fewer"),
        pytest.param([50.5] * 11, "moved", "by less than was expected", id="a run below, 1.6% fewer"),
        pytest.param([60] * 11, "moved", "the other way: decrease was expected", id="a run above"),
        pytest.param([38, *[52, 50] * 5], "moved", "by less", id="one below the limit and back again"),
        pytest.param([38, 52, 50, 52, 50, 52, 50, 52, 50, 64, 50], "moved", "on both sides", id="below and above"),
        pytest.param([49, 53, 50, 54, 48, 52, 51, 50, 53, 49, 52], "not shown", "within what it always did", id="none"),
        pytest.param([44] * 6, "not shown", "6 months after the decision have a figure", id="six months"),
        pytest.param([44, None, *[44] * 5, None], "not shown", "6 months after", id="six that may be shown"),
        pytest.param([], "not shown", "no months after", id="no month"),
    ],
)
def test_the_verdict(after: list[float | None], verdict: str, why: str) -> None:
    found = of(*after)
    assert found.verdict == verdict
    assert why in found.why[0]


def test_the_month_of_the_decision_belongs_to_neither_side() -> None:
    assert of(*[44] * 7).measured.after == 7  # January's 70 is beyond every limit and counts for nothing.
    assert of(*[52, 50] * 5).verdict == "not shown"


def test_a_run_that_began_before_the_decision_counts_from_the_decision_on() -> None:
    drifting = [*BEFORE[:8], 49, 49, 49, 49]
    after = [49, 50, 49, 52, 53, 54, 52]
    found = judge(months([*drifting, 70, *after]), FEWER, decided_on=DECIDED, today=LATER)
    assert found.measured.signals == ("run",)  # four months before and three after are seven on one side
    assert (found.verdict, found.measured.side) == ("not shown", "")


def test_the_size_is_that_of_the_last_seven_months_up_to_the_day_named() -> None:
    after = [38, 38, 38, 38, *[50] * 7]
    found = of(*after)
    assert found.measured.mean_after == 50
    assert (found.verdict, found.measured.change) == ("moved", pytest.approx(-1.3333, abs=1e-4))
    later = of(*[44] * 11, *[90] * 12, today=date(2024, 2, 1))  # what came after the day named is another story
    assert later.verdict == "moved as expected"


def test_a_size_in_the_own_unit_and_the_other_way() -> None:
    more = Expected("increase", 8, OWN, BY)
    assert of(*[60] * 11, expected=more).verdict == "moved as expected"
    assert of(*[60] * 11, expected=Expected("increase", 9, OWN, BY)).verdict == "moved"
    assert of(*[60] * 11, expected=more).expected_change == 8


def test_what_moved_elsewhere_as_well_is_taken_off() -> None:
    beside = months([*BEFORE, 70, *[44] * 11])
    found = of(*[44] * 11, comparator=beside)
    assert (found.verdict, found.net_change) == ("moved", pytest.approx(0))
    assert found.why[1] == "The comparator moved as well; its movement is taken off."
    still = of(*[44] * 11, comparator=months([*BEFORE, 50, *[52, 50, 51] * 3]))
    assert (still.verdict, still.net_change) == ("moved as expected", pytest.approx(-7.3333, abs=1e-4))
    assert "did not move" in still.why[1]
    assert "no comparator" in of(*[44] * 11).why[1]
    assert "too few months" in of(*[44] * 11, comparator=months([50] * 6)).why[1]


def test_regression_to_the_mean_is_named_where_the_measure_was_chosen_for_standing_out() -> None:
    chosen = of(*[44] * 11, expected=Expected("decrease", 5, PERCENT, BY, was_extreme=True))
    assert chosen.verdict == "moved as expected"
    assert "regression to the mean" in chosen.regression
    assert of(*[44] * 11).regression == ""


def test_regression_to_the_mean_is_named_where_the_months_just_before_stood_out() -> None:
    stood_out = judge(
        months([*BEFORE, 51, 52, 75, 50, *[51, 52] * 5], date(2020, 10, 1)), FEWER, decided_on=DECIDED, today=LATER
    )
    assert stood_out.measured.signalled_just_before
    assert "just before the decision stood out" in stood_out.regression


def test_too_few_months_before_and_overlapping_points_show_nothing() -> None:
    short = judge(months([50] * 11, date(2021, 2, 1)), FEWER, decided_on=DECIDED, today=LATER)
    assert (short.verdict, short.measured.mean) == ("not shown", None)
    assert "Before the decision 11 months have a figure" in short.why[0]
    assert short.expected_change is None
    overlapping = of(*[44] * 11, overlap=12)
    assert overlapping.verdict == "not shown"
    assert "covers 12 months" in overlapping.why[0]


def test_months_that_are_all_equal_can_signal_nothing() -> None:
    flat = judge(months([50] * 12 + [50] + [40] * 11), FEWER, decided_on=DECIDED, today=LATER)
    assert flat.verdict == "not shown"
    assert "nothing can signal" in flat.why[0]


def test_a_verdict_is_final_once_the_day_named_is_over_and_its_figures_are_there() -> None:
    assert of(*[44] * 11).is_final
    assert not of(*[44] * 10).is_final
    assert not of(*[44] * 11, today=BY).is_final
    soon = Expected("decrease", 5, PERCENT, date(2022, 4, 30))
    assert of(*[44] * 11, expected=soon).why[0].startswith("Up to the day that was named 3 months")


def test_what_cannot_be_judged_is_refused() -> None:
    with pytest.raises(RuleError, match="not after the decision"):
        of(*[44] * 7, expected=Expected("decrease", 5, PERCENT, DECIDED))
    with pytest.raises(RuleError, match="one value for each month"):
        judge([*months(BEFORE), MonthValue(date(2021, 3, 1), 1)], FEWER, decided_on=DECIDED, today=LATER)


def test_no_verdict_says_that_it_worked() -> None:
    words = " ".join(str(value) for name, value in vars(outcome).items() if name.isupper())
    said = [of(*after).why for after in ([44] * 11, [60] * 11, [], [38] * 3)]
    assert "worked" not in f"{words} {said}".casefold()


# --- what is expected, as it is stated


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("5% fewer", ("decrease", Decimal(5), PERCENT)),
        ("2.5 more", ("increase", Decimal("2.5"), OWN)),
        ("10 per cent lower", ("decrease", Decimal(10), PERCENT)),
        ("3 percentage points higher", ("increase", Decimal(3), OWN)),
        ("-3%", ("decrease", Decimal(3), PERCENT)),
        ("−3 points", ("decrease", Decimal(3), OWN)),
        ("1,200 fewer a month", ("decrease", Decimal(1200), OWN)),
    ],
)  # fmt: skip
def test_a_size_as_people_write_it(text: str, read: tuple[str, Decimal, str]) -> None:
    assert read_size(text) == read


@pytest.mark.parametrize("text", ["fewer", "5%", "", "0% fewer", "5 more or fewer", "+5 fewer"])
def test_a_size_that_nobody_could_check_is_refused(text: str) -> None:
    with pytest.raises(EffectUnclear, match="The size"):
        read_size(text)


def test_what_is_stated_says_measure_size_day_and_for_whom() -> None:
    whole = {"measure": "x", "size": "5% fewer", "by": "2023-01-01", "for": "people over 75"}
    [one] = effects(whole)
    assert (one.direction, one.amount, one.by, one.extreme) == ("decrease", Decimal(5), date(2023, 1, 1), False)
    for name in whole:
        with pytest.raises(NoExpectedEffect, match=rf"Missing: {name}\.$"):
            effects({**whole, name: " "})
    with pytest.raises(EffectUnclear, match=r"has no 'sise'.*Did you mean 'size'"):
        effects({**whole, "sise": "1"})
    with pytest.raises(EffectUnclear, match="Say how it was chosen"):
        effects({**whole, "extreme": True})
    with pytest.raises(EffectUnclear, match="stated twice"):
        effects([whole, whole])
    assert effects({**whole, "extreme": True, "why": "the highest of three places"})[0].extreme
    assert effects(None) == ()


def test_money_needs_a_stated_effect_and_nothing_else_does() -> None:
    with pytest.raises(NoExpectedEffect, match="None is stated"):
        must_be_stated(100, True, 0)
    must_be_stated(100, True, 1)
    must_be_stated(100, False, 0)
    must_be_stated(None, True, 0)
