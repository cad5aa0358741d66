"""Seats of a board, who holds them, and who was there when (rules: governance section 1, B1).

A seat is not a person: two people may hold one seat, and one person two. Days run from `start` up to, not including,
`end`, and so do the minutes of an attendance; an end of None is open. People are known by their ids alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from joinedup.errors import RuleError, did_you_mean
from joinedup.moment import LONDON

CATEGORIES: Final = {
    "chair": "Chair",
    "leader": "Leader",
    "non_exec": "Non-executive",
    "exec": "Executive",
    "partner_trust": "NHS trusts",
    "partner_primary_care": "Primary care",
    "partner_la": "Councils",
    "vcse": "Voluntary and community sector",
    "mental_health": "Mental health",
    "community_health": "Community health",
    "clinical": "Clinical",
    "patient": "Patients and residents",
}
STATUSES: Final = ("substantive", "interim", "acting", "deputy")
MODES: Final = ("in_person", "remote")


@dataclass(frozen=True, slots=True)
class Seat:
    """A place on a board, from a day to a day. `also` are further kinds that it counts as, such as "nursing"."""

    key: str
    title: str
    category: str
    is_voting: bool = True
    is_required: bool = False
    max_holders: int = 1
    start: date = date.min
    end: date | None = None
    also: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        if self.max_holders < 1:
            raise RuleError(f"B1: the seat {self.key} has {self.max_holders} holders at most; expected 1 or more.")

    @property
    def kinds(self) -> frozenset[str]:
        """Its category and whatever else it counts as."""
        return self.also | {self.category}

    def is_there_on(self, day: date) -> bool:
        """Answer whether the board has this seat on a day."""
        return _holds(self.start, self.end, day)


@dataclass(frozen=True, slots=True)
class Holding:
    """That a person holds a seat, as substantive, interim, acting or deputy, for a body or for nobody."""

    seat: str
    person: str
    start: date = date.min
    end: date | None = None
    status: str = "substantive"
    on_behalf_of: str = ""

    def __post_init__(self) -> None:
        if self.status not in STATUSES:
            raise RuleError(
                f"B1: '{self.status}' is no way to hold a seat; expected {', '.join(STATUSES)}."
                f"{did_you_mean(self.status, STATUSES)}"
            )
        if self.end is not None and self.end <= self.start:
            raise RuleError(f"B1: a holding from {self.start} to {self.end} has no day; its end must be later.")

    def is_on(self, day: date) -> bool:
        """Answer whether the person holds the seat on a day."""
        return _holds(self.start, self.end, day)

    def is_deputy_on(self, day: date) -> bool:
        """Answer whether the person is a named deputy for the seat on a day."""
        return self.status == "deputy" and self.is_on(day)


@dataclass(frozen=True, slots=True)
class Attendance:
    """That a person was there from an instant up to another; `deputy_for` is who is stood in for."""

    person: str
    start: datetime
    end: datetime | None = None
    mode: str = "in_person"
    deputy_for: str = ""

    def __post_init__(self) -> None:
        if self.start.tzinfo is None or (self.end is not None and self.end.tzinfo is None):
            raise RuleError("Q1: an attendance needs a time zone; give aware datetimes.")
        if self.end is not None and self.end < self.start:
            raise RuleError("Q1: an attendance ends before it begins; check its minutes.")

    def covers(self, instant: datetime) -> bool:
        """Answer whether the person was there at an instant."""
        return self.start <= instant and (self.end is None or instant < self.end)


@dataclass(frozen=True, slots=True)
class Board:
    """A board's seats and who holds them, of all days."""

    seats: tuple[Seat, ...]
    holdings: tuple[Holding, ...]

    def __post_init__(self) -> None:
        known = [seat.key for seat in self.seats]
        if len(set(known)) != len(known):
            twice = sorted(key for key in set(known) if known.count(key) > 1)
            raise RuleError(f"B1: the board has two seats with the key {', '.join(twice)}; give each seat its own.")
        for holding in self.holdings:
            if holding.seat not in known:
                raise RuleError(f"B1: the board has no seat '{holding.seat}'.{did_you_mean(holding.seat, known)}")

    def seats_on(self, day: date) -> tuple[Seat, ...]:
        """Answer the seats that the board has on a day, in their order."""
        return tuple(seat for seat in self.seats if seat.is_there_on(day))

    def voting_seats_on(self, day: date) -> tuple[Seat, ...]:
        """Answer the seats with a vote on a day, in their order."""
        return tuple(seat for seat in self.seats_on(day) if seat.is_voting)

    def holders_on(self, day: date) -> dict[str, frozenset[str]]:
        """Answer who holds each seat on a day: {seat: people}. A deputy fills no seat: it is its holder's still."""
        found: dict[str, set[str]] = {seat.key: set() for seat in self.seats_on(day)}
        for holding in self.holdings:
            if holding.is_on(day) and holding.status != "deputy" and holding.seat in found:
                found[holding.seat].add(holding.person)
        return {key: frozenset(people) for key, people in found.items()}

    def vote_seats_at(self, attendances: Iterable[Attendance], instant: datetime) -> dict[str, frozenset[str]]:
        """Answer the voting seats for which each person who is there at an instant may stand: {person: seats}.

        These are the seats held on that day in London, and, for who is a deputy in this meeting, those seats of the
        person stood in for of which he or she is a named deputy (a holding as "deputy"), while that person is away.
        People without a voting seat are not in the answer.
        """
        day = instant.astimezone(LONDON).date()
        voting = {seat.key for seat in self.voting_seats_on(day)}
        held: dict[str, set[str]] = {}
        for seat, people in self.holders_on(day).items():
            if seat in voting:
                for person in people:
                    held.setdefault(person, set()).add(seat)
        there = [one for one in attendances if one.covers(instant)]
        present = {one.person for one in there}
        found = {person: set(held.get(person, ())) for person in present}
        for one in there:
            if one.deputy_for and one.deputy_for not in present:
                named = {own.seat for own in self.holdings if own.person == one.person and own.is_deputy_on(day)}
                found[one.person] |= held.get(one.deputy_for, set()) & named
        return {person: frozenset(seats) for person, seats in sorted(found.items()) if seats}


def _holds(start: date, end: date | None, day: date) -> bool:
    return start <= day and (end is None or day < end)
