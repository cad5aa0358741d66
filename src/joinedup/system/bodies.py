"""What the room hands on: bodies, areas, posts and people as they were at one moment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID

from joinedup.system.periods import PartialDate


@dataclass(frozen=True, slots=True)
class Since:
    """The days for which something holds, each end as exact as it is known; an end of None is open."""

    start: PartialDate
    end: PartialDate | None = None

    def is_uncertain_on(self, day: date) -> bool:
        """Answer whether the day lies in a month or year that was given as the whole date of an end (rules: T2)."""
        return self.start.is_uncertain_on(day) or (self.end is not None and self.end.is_uncertain_on(day))


@dataclass(frozen=True, slots=True)
class Body:
    """An organisation or partnership at one moment; `kind` and `legal_form` are None on a day it does not exist.

    `codes` maps a scheme to its codes on that day. `is_uncertain`: it began or ended within the month or year that
    holds the day, and nobody has said on which day. `to_confirm`: the source is not the published one.
    """

    id: UUID
    key: str
    name: str
    kind: str | None
    legal_form: str | None
    sector: str
    since: Since | None
    codes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    is_uncertain: bool = False
    to_confirm: bool = False

    @property
    def exists(self) -> bool:
        return self.kind is not None

    @property
    def code(self) -> str:
        """The code people use for it: the ODS code, else the ONS code, else the key."""
        return (self.codes.get("ods") or self.codes.get("ons") or (self.key,))[0]


@dataclass(frozen=True, slots=True)
class Area:
    """A set of small areas at one moment: how many, how many people live there, and whether they are simulated.

    `population` is that of mid-2020 (sums of small areas by weight); None where no small area is known.
    `deprived_share` is the share of people in small areas of the nationally most deprived fifth (IMD 2019).
    """

    id: UUID
    key: str
    kind: str
    name: str
    codes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    parents: tuple[UUID, ...] = ()
    small_areas: int = 0
    population: int | None = None
    deprived_share: float | None = None
    is_simulated: bool = False

    @property
    def code(self) -> str:
        return (self.codes.get("ods") or self.codes.get("ons") or (self.key,))[0]


@dataclass(frozen=True, slots=True)
class Person:
    """Someone who holds a post."""

    id: UUID
    name: str


@dataclass(frozen=True, slots=True)
class Holding:
    """One person in one post: for whom the person works, as what, for how much of full time, since when."""

    person: Person
    works_for: UUID
    status: str
    fte: str | None
    since: Since
    to_confirm: bool = False


@dataclass(frozen=True, slots=True)
class Post:
    """A position in a body and who holds it; no holder is a vacancy, several share it."""

    id: UUID
    key: str
    title: str
    category: str
    body: UUID
    since: Since
    holders: tuple[Holding, ...] = ()


@dataclass(frozen=True, slots=True)
class Event:
    """What is believed of a change event at one moment; `days_overdue` counts from its date to the moment's day."""

    id: UUID
    key: str
    kind: str
    certainty: str
    effective: PartialDate
    originals: tuple[UUID, ...]
    results: tuple[UUID, ...]
    days_overdue: int
    instrument: str
    note: str
    source: str
    to_confirm: bool
    known_from: datetime
    known_to: datetime | None
