"""How a protected figure reads: the same words on a page, in a chart, in a file and over the API."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from joinedup.measures.disclosure.rounding import in_words, round_count, shown_count
from joinedup.measures.figure import MARK_SAID, Figure, Scale, count_shown, figures
from joinedup.measures.standing import compared, difference, how_far

PERCENT, RATE = Scale("proportion", "%", 100.0), Scale("rate", "for 1,000 people", 1000.0)


def figure(**given: Any) -> Figure:
    return Figure(**({"measure": "m", "month": date(2026, 10, 1), "area_kind": "place", "area": "PA"} | given))


# counted    reads
COUNTS = [(0, "0"), (1, "*"), (7, "*"), (8, "10"), (12, "10"), (13, "15"), (1249, "1,250")]


@pytest.mark.parametrize(("counted", "reads"), COUNTS)
def test_a_count_reads_as_disclosure_control_shows_it(counted: int, reads: str) -> None:
    kept = round_count(counted)
    status = "" if kept is not None else "suppressed"
    assert count_shown(kept, status) == reads == shown_count(kept, status)


def test_a_star_is_read_aloud_as_disclosure_control_says_it() -> None:
    assert in_words(None, "suppressed") == MARK_SAID


# status                             in the place of the value        the sentence begins
WHY = [
    ("suppressed", "*", "Suppressed: it rests on 1 to 7 people"),
    ("too few events", "too few events", "Too few events"),
    ("no data for the month", "no data for the month", "No data came"),
    ("the area did not exist then", "the area did not exist then", "The area did not exist then."),
    ("nobody in the denominator", "nobody in the denominator", "Nobody is in the denominator."),
    ("not collected", "not collected", "Not collected"),
]


@pytest.mark.parametrize(("status", "mark", "begins"), WHY)
def test_a_value_that_is_not_given_says_why_and_is_never_nought(status: str, mark: str, begins: str) -> None:
    found = figure(status=status)
    assert found.value_shown(PERCENT) == mark
    assert found.said(PERCENT).startswith(begins)
    assert "0" not in found.value_shown(PERCENT)


def test_a_value_reads_with_its_unit_and_its_interval() -> None:
    assert figure(value=31.42, lower=29.0, upper=33.94).said(PERCENT) == "31.4% (29.0 to 33.9%)"
    assert figure(value=1204.04, lower=1100.0, upper=1310.0).said(RATE) == "1,204.0 (1,100.0 to 1,310.0)"
    assert Scale("count", "people").shown(1235.0) == "1,235"
    assert PERCENT.number(-3.06) == "−3.1"


def test_missing_numbers_of_whatever_kind_become_none() -> None:
    import pandas as pd

    row = {"measure": "m", "month": pd.Timestamp("2026-10-01"), "area_kind": "place", "area": "PA", "numerator": pd.NA}
    found = figures([row | {"denominator": 20.0, "value": float("nan"), "status": None}])[0]
    assert (found.numerator, found.denominator, found.value, found.status) == (None, 20, None, "")
    assert found.month == date(2026, 10, 1)


# interval         against   better is   verdict
VERDICTS = [
    ((10, 12), 9, "increase", "better"),
    ((10, 12), 9, "decrease", "worse"),
    ((10, 12), 9, "neutral", "higher"),
    ((10, 12), 13, "increase", "worse"),
    ((10, 12), 13, "neutral", "lower"),
    ((10, 12), 10, "decrease", "similar"),  # wholly beside it, or similar
    ((10, 12), 11, "decrease", "similar"),
]


@pytest.mark.parametrize(("interval", "against", "polarity", "verdict"), VERDICTS)
def test_against_a_benchmark_an_interval_lies_wholly_beside_it_or_is_similar(
    interval: tuple[float, float], against: float, polarity: str, verdict: str
) -> None:
    assert compared(11, *interval, against, polarity) == verdict


def test_what_has_no_interval_or_no_benchmark_is_not_compared() -> None:
    assert compared(11, None, None, 9, "increase") == ""
    assert compared(11, 10, 12, None, "increase") == ""


def test_the_comparison_is_the_statistic_of_this_room() -> None:
    import pandas as pd

    from joinedup.measures.statistics.comparison import compare_with

    for (lower, upper), against, polarity, verdict in VERDICTS:
        table = pd.DataFrame({"value": [11.0], "lower": [float(lower)], "upper": [float(upper)]})
        assert compare_with(table, float(against), polarity=polarity)["comparison"].tolist() == [verdict]


def test_intervals_that_overlap_may_differ_all_the_same() -> None:
    """The trap of comparing by overlap: these two intervals share 21.2 to 21.9, and the difference is certain."""
    first = figure(value=24.0, lower=21.2, upper=26.8)
    second = figure(value=19.0, lower=16.1, upper=21.9)
    gap = difference(first, second)
    assert first.lower is not None
    assert second.upper is not None
    assert first.lower < second.upper
    assert gap.is_significant
    assert gap.said(PERCENT, "decrease") == "Higher by 5.0 (1.0 to 9.0), which is worse"
    assert difference(second, first).said(PERCENT, "decrease") == "Lower by 5.0 (1.0 to 9.0), which is better"


def test_a_difference_of_proportions_is_newcombe_s() -> None:
    """56 of 70 less 48 of 80: 0.2 (0.0524 to 0.3339), as in Newcombe 1998, table II, example a, method 10."""
    import pandas as pd

    from joinedup.measures.statistics.proportions import proportion

    found = proportion(pd.DataFrame({"x": [56, 48], "n": [70, 80]}), "x", "n").to_dict("records")
    first, second = (figure(value=one["value"], lower=one["lower"], upper=one["upper"]) for one in found)
    gap = difference(first, second)
    assert (gap.lower, gap.upper) == (pytest.approx(0.0524, abs=5e-5), pytest.approx(0.3339, abs=5e-5))


def test_a_difference_that_cannot_be_tested_says_why() -> None:
    assert difference(figure(value=1.0, lower=0.5, upper=1.5), figure(status="suppressed")).why_not.startswith("Supp")
    without = difference(figure(value=1.0, lower=0.5, upper=1.5), figure(value=2.0))
    assert without.said(PERCENT, "neutral") == "No interval, so the difference cannot be tested."


def test_what_is_surer_stands_out_more() -> None:
    assert how_far(12, 11, 13, 10) > how_far(14, 8, 20, 10)
    assert how_far(12, 12, 12, 10) == 0.0
