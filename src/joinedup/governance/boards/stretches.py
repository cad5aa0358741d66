"""In which stretches of days something is wrong, asked only on the days on which anything begins or ends."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date
from typing import Protocol


class Dated(Protocol):
    """Something that holds from `start` up to, not including, `end`."""

    @property
    def start(self) -> date: ...

    @property
    def end(self) -> date | None: ...


Stretch = tuple[date, date, list[str]]  # first day, the day after the last, what is wrong


def failing_stretches(
    check: Callable[[date], list[str]], dated: Iterable[Dated], first: date, last: date
) -> list[Stretch]:
    """Answer the stretches, from the first up to and not including the last day, in which `check` finds something.

    `dated` are all facts that the check looks at: between two of their days nothing can differ, so that it is asked
    once for each stretch and covers every day. Two stretches with the same failures that touch are one.
    """
    if last <= first:
        return []
    changes = {first}
    for one in dated:
        changes |= {day for day in (one.start, one.end) if day is not None and first < day < last}
    days = sorted(changes)
    found: list[Stretch] = []
    for start, end in zip(days, [*days[1:], last], strict=True):
        failures = check(start)
        if found and found[-1][1] == start and found[-1][2] == failures:
            found[-1] = (found[-1][0], end, failures)
        elif failures:
            found.append((start, end, failures))
    return found
