"""Which rows to end and which to add when something becomes known about a single-valued fact.

A fact holds one value for each pair of a day (valid) and an instant (known). Learning at instant k that the value is v
for a period changes nothing that was visible before k: rows that say otherwise for those days end their `known` at k;
what they said about other days is said again from k on (rules: governance T1, V1).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Generic, TypeVar

from joinedup.errors import RuleError
from joinedup.system.periods import Period

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Row(Generic[Value]):
    """One stored row of a single-valued fact; `known_to` of None: still believed."""

    id: int
    value: Value
    valid: Period
    known_from: datetime
    known_to: datetime | None = None


@dataclass(frozen=True, slots=True)
class Kept(Generic[Value]):
    """A stretch that an ended row said and that is still believed: said again from the same instant on."""

    row: Row[Value]
    valid: Period


@dataclass(frozen=True, slots=True)
class Revision(Generic[Value]):
    """What to do: end these rows' known time, say these stretches again, and add the new value for `added`."""

    ended: tuple[Row[Value], ...] = ()
    kept: tuple[Kept[Value], ...] = ()
    added: Period | None = None

    @property
    def is_empty(self) -> bool:
        return not self.ended and self.added is None


def revise(rows: Iterable[Row[Value]], value: Value | None, valid: Period, known_at: datetime) -> Revision[Value]:
    """Answer the revision that makes the value `value` on the days of `valid`, as known from `known_at` on.

    A value of None says that nothing holds on those days. What is already believed changes nothing: an equal value
    over the whole period answers an empty revision. Raises RuleError when a row about those days became known at or
    after `known_at`: later knowledge is never overwritten by earlier.
    """
    ended: list[Row[Value]] = []
    kept: list[Kept[Value]] = []
    for row in rows:
        if (row.known_to is not None and row.known_to <= known_at) or not row.valid.overlaps(valid):
            continue
        if value is not None and row.value == value and _covers(row.valid, valid) and row.known_to is None:
            return Revision()
        if row.known_from >= known_at or row.known_to is not None:
            raise RuleError(
                f"Something about {row.valid.start} to {row.valid.end or 'open'} became known on "
                f"{row.known_from:%Y-%m-%d %H:%M}, not before {known_at:%Y-%m-%d %H:%M}. "
                "Knowledge is added at the end: give a later known time."
            )
        ended.append(row)
        kept.extend(Kept(row, stretch) for stretch in _outside(row.valid, valid))
    if value is None and not ended:
        return Revision()
    return Revision(tuple(ended), tuple(kept), None if value is None else valid)


def _covers(outer: Period, inner: Period) -> bool:
    return outer.start <= inner.start and (outer.end is None or (inner.end is not None and inner.end <= outer.end))


def _outside(period: Period, hole: Period) -> Iterable[Period]:
    if period.start < hole.start:
        yield Period(period.start, hole.start)
    if hole.end is not None and (period.end is None or hole.end < period.end):
        yield Period(max(hole.end, period.start), period.end)


def one_value_on(rows: Iterable[Row[Value]], day: date, known_at: datetime) -> Value | None:
    """Answer the value visible at a pair of times, or None; raises RuleError if two rows are visible (V1)."""
    visible = [
        row.value
        for row in rows
        if day in row.valid and row.known_from <= known_at and (row.known_to is None or known_at < row.known_to)
    ]
    if len(visible) > 1:
        raise RuleError(f"{len(visible)} rows of one fact are visible on {day} as known at {known_at}; expected one.")
    return visible[0] if visible else None
