"""For which months a measure has data: every feed it needs has sent something for the months that it looks back on."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any, Final

from joinedup.measures.definition import MeasureDefinition
from joinedup.population import counted_event, parse_statement

ANY_SERVER: Final = "bulk"
"""The feed of another server's export, which stands for all feeds of care."""
LONGEST_LOOK: Final = 24
"""Months. A stretch of time longer than this asks what a record has kept, not what a feed sent month by month."""


def months_looked_back(one: MeasureDefinition) -> int:
    """Answer how many months of data a figure of one month rests on, that month included."""
    longest = one.months
    for sentence in one.sentences:
        window = parse_statement(sentence).window
        months = {"months": window.count, "days": window.count // 30 + 1, "season": 12}.get(window.kind, 1)
        if months <= LONGEST_LOOK:
            longest = max(longest, months)
    return longest


def days_looked_ahead(one: MeasureDefinition) -> int:
    """Answer how many days after a month must be over before its figure is whole."""
    return max((counted_event(name).days for name in (one.counts, one.of) if name), default=0)


def has_data(one: MeasureDefinition, coverage: Mapping[str, Any], months: range, until: date) -> list[bool]:
    """Answer for each month (by number) whether there is data; `until` is the last day that the snapshot knows."""
    look_back, look_ahead = months_looked_back(one), days_looked_ahead(one)
    feeds = [feed if feed in coverage or ANY_SERVER not in coverage else ANY_SERVER for feed in one.feeds]
    covered = [_covered(coverage.get(feed)) for feed in feeds]
    answer = []
    for month in months:
        whole = all(
            first <= month - look_back + 1
            and month <= last
            and not missing.intersection(range(month - look_back + 1, month + 1))
            for first, last, missing in covered
        )
        last_day = date((month + 1) // 12, (month + 1) % 12 + 1, 1) - timedelta(days=1)
        answer.append(whole and last_day + timedelta(days=look_ahead) <= until)
    return answer


def _covered(said: Any) -> tuple[int, int, set[int]]:
    if not said or not said.get("from") or not said.get("to"):
        return 1, 0, set()
    return _number(said["from"]), _number(said["to"]), {_number(one) for one in said.get("missing", ())}


def _number(month: str) -> int:
    return int(month[:4]) * 12 + int(month[5:7]) - 1


def covers_before(one: MeasureDefinition, coverage: Mapping[str, Any], month: int) -> bool:
    """Answer whether there is data from before a month (by number), so that a year up to it can be counted."""
    feeds = [feed if feed in coverage or ANY_SERVER not in coverage else ANY_SERVER for feed in one.feeds]
    return all(_covered(coverage.get(feed))[0] < month for feed in feeds)
