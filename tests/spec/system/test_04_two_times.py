"""True on a day, known at an instant: what becomes known ends no earlier answer."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from joinedup.errors import RuleError
from joinedup.moment import Moment, parse_known
from joinedup.system.bitemporal import Row, one_value_on, revise
from joinedup.system.periods import Period

D = date.fromisoformat


def at(day: str) -> datetime:
    return datetime.combine(D(day), datetime.min.time(), UTC)


def days(start: str, end: str | None = None) -> Period:
    return Period(D(start), D(end) if end else None)


STP = Row(1, "stp", days("2016-01-01"), at("2016-03-15"))

# learnt                                        ended, said again, added
REVISIONS = [
    # From a day on: the days before it are said again.
    (("ics", days("2021-04-01"), "2021-03-19"), ([1], [("2016-01-01", "2021-04-01")], ("2021-04-01", None))),
    # In between: said again on both sides.
    (
        ("ics", days("2018-01-01", "2019-01-01"), "2021-03-19"),
        ([1], [("2016-01-01", "2018-01-01"), ("2019-01-01", None)], ("2018-01-01", "2019-01-01")),
    ),
    # All of it: nothing is said again.
    (("ics", days("2016-01-01"), "2021-03-19"), ([1], [], ("2016-01-01", None))),
    # Before it began: nothing ends.
    (("dhb", days("2013-04-01", "2016-01-01"), "2021-03-19"), ([], [], ("2013-04-01", "2016-01-01"))),
    # That it never held.
    ((None, days("2016-01-01"), "2021-03-19"), ([1], [], None)),
    # That it ended.
    ((None, days("2020-01-01"), "2021-03-19"), ([1], [("2016-01-01", "2020-01-01")], None)),
    # What is believed already changes nothing, for the whole of its days or some of them.
    (("stp", days("2016-01-01"), "2021-03-19"), ([], [], None)),
    (("stp", days("2018-01-01", "2019-01-01"), "2021-03-19"), ([], [], None)),
    # That nothing held before it began is no news.
    ((None, days("2010-01-01", "2016-01-01"), "2021-03-19"), ([], [], None)),
]


@pytest.mark.parametrize(("learnt", "expected"), REVISIONS)
def test_what_becomes_known(
    learnt: tuple[str | None, Period, str], expected: tuple[list[int], list[tuple[str, str]], tuple[str, str] | None]
) -> None:
    """Rules: T1. A row that says otherwise ends its known time; what it said of other days is said again."""
    value, valid, known = learnt
    found = revise([STP], value, valid, at(known))
    ended, kept, added = expected
    assert [row.id for row in found.ended] == ended
    assert [stretch.valid for stretch in found.kept] == [days(*ends) for ends in kept]
    assert found.added == (days(*added) if added else None)
    assert found.is_empty is (not ended and added is None)


@pytest.mark.parametrize("known", ["2016-03-15", "2016-03-14"])
def test_later_knowledge_is_not_overwritten_by_earlier(known: str) -> None:
    """Rules: V1. Adding at k would change what was answered for k or later."""
    with pytest.raises(RuleError, match="later known time"):
        revise([STP], "ics", days("2021-04-01"), at(known))


def test_an_ended_belief_is_left_alone() -> None:
    rows = [Row(1, "stp", days("2016-01-01"), at("2016-03-15"), at("2020-01-01"))]
    found = revise(rows, "ics", days("2016-01-01"), at("2020-01-01"))
    assert (found.ended, found.kept, found.added) == ((), (), days("2016-01-01"))


# day          known         status, by the letter of 2021-03-19
LETTER = [
    ("2021-04-01", "2021-03-18", "stp"),
    ("2021-04-01", "2021-03-20", "ics"),
    ("2021-03-31", "2021-05-01", "stp"),
    ("2015-12-31", "2021-05-01", None),
    ("2021-04-01", "2016-03-14", None),
]


@pytest.mark.parametrize(("day", "known", "expected"), LETTER)
def test_the_letter_of_19_march_2021(day: str, known: str, expected: str | None) -> None:
    """Rules: T1; its own example, on rows."""
    rows = [
        Row(1, "stp", days("2016-01-01"), at("2016-03-15"), at("2021-03-19")),
        Row(2, "stp", days("2016-01-01", "2021-04-01"), at("2021-03-19")),
        Row(3, "ics", days("2021-04-01"), at("2021-03-19")),
    ]
    assert one_value_on(rows, D(day), at(known)) == expected


def test_two_visible_rows_are_an_error() -> None:
    """Rules: T1, V1."""
    rows = [STP, Row(2, "ics", days("2020-01-01"), at("2020-01-01"))]
    with pytest.raises(RuleError, match="2 rows"):
        one_value_on(rows, D("2021-04-01"), at("2021-04-01"))


def test_what_was_known_on_a_day_includes_what_was_learnt_during_it() -> None:
    assert parse_known("2021-03-19") > parse_known("2021-03-19T23:59")
    assert parse_known("2021-03-19") < parse_known("2021-03-20T00:00")
    assert parse_known("2021-07-01T09:30") == datetime(2021, 7, 1, 8, 30, tzinfo=UTC)


def test_known_at_needs_a_time_zone() -> None:
    with pytest.raises(RuleError, match="time zone"):
        Moment(D("2021-04-01"), datetime(2021, 4, 1))  # noqa: DTZ001
