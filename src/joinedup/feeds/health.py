"""Whether a feed comes when it should and brings about as much as usual (rules: record R18).

The age of the last good delivery is compared with the interval that the source declares; the volume of a day with the
median of the same weekday in the eight weeks before it, since hospitals and practices have their weekly rhythm.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from statistics import median
from typing import Literal

Colour = Literal["green", "amber", "red"]
Verdict = Literal["usual", "low", "high", "unknown"]
WEEKS = 8
# Below half or above twice the usual is worth a look; of fewer than three same weekdays a median says nothing. [design]
LOW, HIGH, FEWEST_WEEKS = 0.5, 2.0, 3


@dataclass(frozen=True, slots=True)
class Freshness:
    """How old what a source sent is: green up to twice its interval, then amber, red after four times (R18).

    A source that never sent anything is red; its `received_at` is None.
    """

    colour: Colour
    received_at: datetime | None

    @property
    def is_stale(self) -> bool:
        """Whether every record with data of this source must say so."""
        return self.colour != "green"


def freshness(received_at: datetime | None, interval_hours: float, now: datetime) -> Freshness:
    """Answer how fresh a source is, by when its last good delivery came and how often it is expected."""
    if received_at is None:
        return Freshness("red", None)
    age, interval = now - received_at, timedelta(hours=interval_hours)
    colour: Colour = "green" if age <= 2 * interval else "amber" if age <= 4 * interval else "red"
    return Freshness(colour, received_at)


@dataclass(frozen=True, slots=True)
class Volume:
    """How many items came on a day, the median of the same weekday before it, and how the two compare.

    `usual` is None, and the verdict `unknown`, where the feed is too young to know what is usual.
    """

    day: date
    items: int
    usual: float | None
    verdict: Verdict


def volume(items_by_day: Mapping[date, int], day: date) -> Volume:
    """Answer the volume of a day against the median of the last eight same weekdays.

    A weekday without a delivery counts as none, from the feed's first day on: a feed that often stays away is one that
    is usually empty. A usual of nothing makes anything `high` only when something came.
    """
    items = items_by_day.get(day, 0)
    first = min(items_by_day, default=day)
    before = [day - timedelta(weeks=week) for week in range(1, WEEKS + 1)]
    counts = [items_by_day.get(one, 0) for one in before if one >= first]
    if len(counts) < FEWEST_WEEKS:
        return Volume(day, items, None, "unknown")
    usual = median(counts)
    verdict: Verdict = "low" if items < LOW * usual else "high" if items > HIGH * usual else "usual"
    return Volume(day, items, usual, verdict)
