"""A feed's health: how old its last good delivery is, and whether a day brought about as much as usual (rules: R18)."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from joinedup.feeds.health import freshness, volume

NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("minutes", "colour"), [(0, "green"), (30, "green"), (31, "amber"), (60, "amber"), (61, "red"), (10_000, "red")]
)
def test_r18_with_an_interval_of_15_minutes(minutes: int, colour: str) -> None:
    found = freshness(NOON - timedelta(minutes=minutes), 0.25, NOON)
    assert found.colour == colour
    assert found.is_stale == (colour != "green")


def test_a_feed_that_never_sent_anything_is_red() -> None:
    assert freshness(None, 24, NOON).colour == "red"


WEDNESDAY = date(2026, 7, 1)


def weeks(*items: int) -> dict[date, int]:
    """Wednesdays before the day, the last week first."""
    return {WEDNESDAY - timedelta(weeks=week): count for week, count in enumerate(items, 1)}


@pytest.mark.parametrize(
    ("before", "today", "usual", "verdict"),
    [
        ((100, 90, 110, 100, 95, 105, 100, 100), 100, 100, "usual"),
        ((100, 90, 110, 100, 95, 105, 100, 100), 50, 100, "usual"),
        ((100, 90, 110, 100, 95, 105, 100, 100), 49, 100, "low"),
        ((100, 90, 110, 100, 95, 105, 100, 100), 200, 100, "usual"),
        ((100, 90, 110, 100, 95, 105, 100, 100), 201, 100, "high"),
        # One day that failed, or one with a back-log, moves a median little.
        ((0, 100, 100, 5000, 100, 100, 100, 100), 90, 100, "usual"),
        # The ninth week is forgotten.
        ((10, 10, 10, 10, 10, 10, 10, 10, 9_999_999), 10, 10, "usual"),
        ((100, 100), 1, None, "unknown"),
    ],
)
def test_a_day_is_compared_with_the_median_of_its_last_eight_weekdays(
    before: tuple[int, ...], today: int, usual: float | None, verdict: str
) -> None:
    found = volume(weeks(*before) | {WEDNESDAY: today}, WEDNESDAY)
    assert (found.items, found.usual, found.verdict) == (today, usual, verdict)


def test_other_weekdays_do_not_count() -> None:
    sundays = {day - timedelta(days=3): 1 for day in weeks(*range(1, 9))}
    assert volume(weeks(*[100] * 8) | sundays | {WEDNESDAY: 100}, WEDNESDAY).verdict == "usual"


def test_a_weekday_without_a_delivery_counts_as_none_once_the_feed_has_begun() -> None:
    begun = {WEDNESDAY - timedelta(weeks=8): 100, WEDNESDAY: 40}
    found = volume(begun, WEDNESDAY)
    assert (found.usual, found.verdict) == (0, "high")
    young = {WEDNESDAY - timedelta(weeks=2): 100, WEDNESDAY: 40}
    assert volume(young, WEDNESDAY).verdict == "unknown"
