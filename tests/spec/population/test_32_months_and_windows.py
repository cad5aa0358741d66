"""Chapter 32: the ends of months, stretches of time, and how months are held as bits (rules: population PC2)."""

from __future__ import annotations

import calendar
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

import ibis
import pytest
from hypothesis import given, settings, strategies as st

from joinedup.errors import RuleError
from joinedup.population import spells
from joinedup.population.grid import EVER, MonthEnds, OneDay, Window
from joinedup.population.months import first_day, last_day, month_number, months_before

GRID = MonthEnds(range(2024 * 12, 2027 * 12))
DAYS = st.dates(date(2020, 1, 1), date(2027, 12, 31))
WINDOWS = st.one_of(
    st.just(EVER),
    st.builds(lambda n: Window("months", n), st.integers(1, 40)),
    st.builds(lambda n: Window("days", n), st.integers(1, 200)),
    st.builds(lambda m: Window("season", month=m), st.integers(1, 12)),
    st.builds(lambda d: Window("since", since=d), DAYS),
    st.just(Window("month")),
)


def _lies_within(day: date, window: Window, end: date) -> bool:
    """The rule itself, on one day: what the expressions have to agree with."""
    if day > end:
        return False
    if window.kind == "months":
        return day > months_before(end, window.count)
    if window.kind == "days":
        return day > end - timedelta(days=window.count)
    if window.kind == "month":
        return month_number(day) == month_number(end)
    if window.kind == "season":
        return day >= date(end.year - (end.month < window.month), window.month, 1)
    return window.since is None or day >= window.since


@given(st.lists(DAYS, min_size=20, max_size=60), WINDOWS)
@settings(max_examples=25, deadline=None)
def test_a_day_is_within_the_window_at_just_the_month_ends_that_the_rule_says(days: list[date], window: Window) -> None:
    table = ibis.memtable({"on": days}, schema={"on": "date"})
    places = table.select("on", first=GRID.from_day(table.on), last=GRID.within(table.on, window)).execute()
    for day, first, last in zip(days, places["first"], places["last"], strict=True):
        for place, month in enumerate(GRID.months):
            assert (first <= place <= last) == _lies_within(day, window, last_day(month)), (day, window, month)


@given(st.lists(DAYS, min_size=20, max_size=60), WINDOWS, DAYS)
@settings(max_examples=25, deadline=None)
def test_on_one_day_the_window_is_that_of_the_rule(days: list[date], window: Window, end: date) -> None:
    table, grid = ibis.memtable({"on": days}, schema={"on": "date"}), OneDay(end)
    places = table.select("on", first=grid.from_day(table.on), last=grid.within(table.on, window)).execute()
    for day, first, last in zip(days, places["first"], places["last"], strict=True):
        assert (first <= 0 <= last) == _lies_within(day, window, end), (day, window, end)


def test_the_windows_of_the_rule_book() -> None:
    assert OneDay(date(2026, 3, 31)).window_start(Window("months", 12)) == date(2025, 4, 1)
    assert OneDay(date(2024, 2, 29)).window_start(Window("months", 12)) == date(2023, 3, 1)
    assert OneDay(date(2026, 3, 31)).window_start(Window("months", 1)) == date(2026, 3, 1)


def test_months_are_few_enough_for_the_bits_of_a_number() -> None:
    with pytest.raises(RuleError, match="1 to 60 months"):
        MonthEnds(range(61))
    with pytest.raises(RuleError, match="1 to 60 months"):
        MonthEnds(range(0))


# --- bits ----------------------------------------------------------------------------------------------------------

# Many people at once: each table is one query.
SPELLS = st.lists(st.tuples(st.integers(0, 40), st.integers(-5, 40), st.integers(-5, 40)), min_size=50, max_size=400)


def _table(rows: list[tuple[int, int, int]]) -> Any:
    columns: dict[str, list[int]] = {"who": [], "first": [], "last": []}
    for row in rows:
        for name, value in zip(columns, row, strict=True):
            columns[name].append(value)
    return ibis.memtable(columns, schema={"who": "int32", "first": "int32", "last": "int32"})


def _places() -> Any:
    return ibis.memtable(
        {"place": list(range(61)), "power": [2**n for n in range(61)]}, schema={"place": "int32", "power": "int64"}
    )


def _months(table: Any) -> set[tuple[int, int]]:
    return {(row.who, place) for row in table.execute().itertuples() for place in range(row.first, row.last + 1)}


@given(SPELLS, st.integers(1, 4))
@settings(max_examples=8, deadline=None)
def test_spells_make_masks_and_masks_make_maximal_spells(rows: list[tuple[int, int, int]], many: int) -> None:
    length = 36
    held: dict[tuple[int, int], int] = {}
    for who, first, last in rows:
        for place in range(max(first, 0), min(last, length - 1) + 1):
            held[who, place] = held.get((who, place), 0) + 1
    found = spells.spells_of(spells.at_least(_table(rows), many, length), _places(), length)
    assert _months(found) == {key for key, times in held.items() if times >= many}
    told = sorted((row.who, row.first, row.last) for row in found.execute().itertuples())
    for (who, _, last), (other, first, _) in pairwise(told):
        assert who != other or first > last + 1, "spells touch: they are not maximal"


EVENTS = st.lists(st.tuples(st.integers(0, 40), st.integers(-20, 40)), min_size=50, max_size=400)


@given(EVENTS, st.integers(1, 14), st.integers(1, 4))
@settings(max_examples=8, deadline=None)
def test_events_of_one_window_are_counted_in_order(events: list[tuple[int, int]], window: int, many: int) -> None:
    rows = [(who, first, first + window - 1) for who, first in events]
    in_order = spells.spells_of(spells.at_least_in_order(_table(rows), many, 36), _places(), 36)
    at_large = spells.spells_of(spells.at_least(_table(rows), many, 36), _places(), 36)
    assert _months(in_order) == _months(at_large)


def test_the_last_place_of_the_widest_grid_is_held() -> None:
    assert _months(spells.spells_of(spells.masks(_table([(1, 0, 59)]), 60), _places(), 60)) == {
        (1, place) for place in range(60)
    }


def test_first_and_last_days() -> None:
    for month in range(2023 * 12, 2028 * 12):
        assert month_number(first_day(month)) == month == month_number(last_day(month))
        assert last_day(month).day == calendar.monthrange(month // 12, month % 12 + 1)[1]
