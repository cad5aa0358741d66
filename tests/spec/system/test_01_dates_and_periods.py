"""Dates as exact as they were given, periods that end before their end, and what lies between them."""

from __future__ import annotations

from datetime import date

import pytest

from joinedup.errors import RuleError
from joinedup.system.bodies import Since
from joinedup.system.periods import PartialDate, Period, gaps, handover_gap

D = date.fromisoformat

# as given        first day      late from      precision
DATES = [
    ("2020-05", "2020-05-01", "2020-06-01", "month"),
    ("2020-12", "2020-12-01", "2021-01-01", "month"),
    ("2020-02", "2020-02-01", "2020-03-01", "month"),
    ("2016", "2016-01-01", "2017-01-01", "year"),
    ("2022-07-01", "2022-07-01", "2022-07-02", "day"),
    ("2020-02-29", "2020-02-29", "2020-03-01", "day"),
    ("2021-12-31", "2021-12-31", "2022-01-01", "day"),
]


@pytest.mark.parametrize(("given", "earliest", "breach", "precision"), DATES)
def test_a_date_keeps_its_precision(given: str, earliest: str, breach: str, precision: str) -> None:
    """Rules: T2. `2020-05` is ordered by 1 May, late from 1 June, and shown as it was given."""
    found = PartialDate.parse(given)
    assert (found.earliest, found.breach, found.precision) == (D(earliest), D(breach), precision)
    assert str(found) == given


def test_a_month_is_uncertain_on_each_of_its_days_and_on_no_other() -> None:
    """Rules: T2."""
    may = PartialDate.parse("2020-05")
    days = ["2020-04-30", "2020-05-01", "2020-05-10", "2020-05-31", "2020-06-01"]
    assert [may.is_uncertain_on(D(day)) for day in days] == [False, True, True, True, False]
    assert not PartialDate.parse("2020-05-10").is_uncertain_on(D("2020-05-10"))


def test_what_holds_is_uncertain_near_either_inexact_end() -> None:
    since = Since(PartialDate.parse("2016"), PartialDate.parse("2020-05"))
    days = ["2016-12-31", "2017-01-01", "2020-04-30", "2020-05-31", "2020-06-01"]
    assert [since.is_uncertain_on(D(day)) for day in days] == [True, False, False, True, False]


def test_dates_of_all_precisions_order_by_their_first_day() -> None:
    """Rules: T2."""
    given = ["2020-05-02", "2020-06", "2020", "2019-12-31", "2020-05-01"]
    in_order = sorted((PartialDate.parse(text) for text in given), key=lambda found: found.earliest)
    assert [str(found) for found in in_order] == ["2019-12-31", "2020", "2020-05-01", "2020-05-02", "2020-06"]


@pytest.mark.parametrize(
    "given",
    ["2021-02-29", "2021-13", "2021-00", "2021-04-31", "0000", "", "May 2020", "01/04/2021", "2021-4-1", "20210401",
     "2021-04-01T00:00", "２０２１"],
)  # fmt: skip
def test_a_date_that_does_not_exist_is_refused_with_what_was_expected(given: str) -> None:
    with pytest.raises(RuleError, match="expected") as refused:
        PartialDate.parse(given)
    assert f"'{given}'" in str(refused.value)


def test_a_period_holds_its_first_day_and_not_its_end() -> None:
    period = Period(D("2021-04-01"), D("2022-07-01"))
    days = ["2021-03-31", "2021-04-01", "2022-06-30", "2022-07-01"]
    assert [D(day) in period for day in days] == [False, True, True, False]
    assert D("2999-12-31") in Period(D("2021-04-01"))


@pytest.mark.parametrize("end", ["2021-04-01", "2021-03-31"])
def test_a_period_without_a_day_is_refused(end: str) -> None:
    with pytest.raises(RuleError, match="has no day"):
        Period(D("2021-04-01"), D(end))


# one period                    another                        do they share a day?
OVERLAPS = [
    (("2020-01-01", "2020-02-01"), ("2020-02-01", "2020-03-01"), False),
    (("2020-01-01", "2020-02-02"), ("2020-02-01", "2020-03-01"), True),
    (("2020-01-01", None), ("2030-01-01", None), True),
    (("2020-01-01", None), ("2019-01-01", "2020-01-01"), False),
    (("2020-01-01", "2021-01-01"), ("2020-05-01", "2020-06-01"), True),
]


def period(ends: tuple[str, str | None]) -> Period:
    return Period(D(ends[0]), D(ends[1]) if ends[1] else None)


@pytest.mark.parametrize(("one", "other", "expected"), OVERLAPS)
def test_periods_overlap_when_they_share_a_day(
    one: tuple[str, str | None], other: tuple[str, str | None], expected: bool
) -> None:
    assert period(one).overlaps(period(other)) is period(other).overlaps(period(one)) is expected


YEAR = ("2020-01-01", "2021-01-01")
FEBRUARY = ("2020-02-01", "2020-03-01")
# the periods                                                       the gaps in 2020
GAPS = [
    ([], [YEAR]),
    ([("2019-01-01", None)], []),
    ([("2020-01-01", "2020-06-01"), ("2020-06-01", "2021-01-01")], []),
    ([("2020-01-01", "2020-06-01"), ("2020-06-08", None)], [("2020-06-01", "2020-06-08")]),
    ([("2020-07-01", None), FEBRUARY], [("2020-01-01", "2020-02-01"), ("2020-03-01", "2020-07-01")]),
    ([("2020-01-15", "2020-09-01"), FEBRUARY], [("2020-01-01", "2020-01-15"), ("2020-09-01", "2021-01-01")]),
    ([("2018-01-01", "2019-06-01"), ("2021-05-01", None)], [YEAR]),
    ([("2019-01-01", "2020-12-31")], [("2020-12-31", "2021-01-01")]),
]  # fmt: skip


@pytest.mark.parametrize(("periods", "expected"), GAPS)
def test_the_gaps_of_a_year(periods: list[tuple[str, str | None]], expected: list[tuple[str, str]]) -> None:
    """Rules: C6, C11."""
    found = gaps(map(period, periods), within=period(YEAR))
    assert found == [period(ends) for ends in expected]


def test_gaps_need_an_end_to_look_up_to() -> None:
    with pytest.raises(RuleError, match="ends"):
        gaps([], within=Period(D("2020-01-01")))


# outgoing ends   incoming begins   days
HANDOVERS = [("2020-06-01", "2020-06-08", 7), ("2020-06-01", "2020-06-01", 0), ("2020-06-08", "2020-06-01", -7)]


@pytest.mark.parametrize(("outgoing_to", "incoming_from", "days"), HANDOVERS)
def test_a_post_is_handed_over_without_a_gap_or_the_gap_is_counted(
    outgoing_to: str, incoming_from: str, days: int
) -> None:
    """Rules: C11. 2020-06-01 → 2020-06-08 is a gap of 7 days."""
    assert handover_gap(D(outgoing_to), D(incoming_from)) == days
