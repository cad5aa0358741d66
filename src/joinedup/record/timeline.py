"""One person's story across all settings in one ordered list (rules: record R67).

The order is that of clinical time, then of the time when it was recorded. What bears no date stands at the end under
its own title. Each entry says who said it, when, and how we know that it is the same person.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from joinedup.record.folding import fold
from joinedup.record.lines import TYPE_NAMES, line_of
from joinedup.record.statement import Sender, Statement, Words, dated_by, said_date
from joinedup.ui import instant

# What the timeline does not show: registrations (the page of joins does) and what others refer to.
_NO_ENTRY = frozenset(
    {
        "Patient", "Organization", "Practitioner", "PractitionerRole", "Location", "Medication", "Provenance", "List",
        "Device", "Specimen", "RelatedPerson",
    }
)  # fmt: skip
JOIN = "Join"  # the type of an entry that tells of identity, for the filter


@dataclass(frozen=True, slots=True)
class Joined:
    """How a subject came to be this resident: the method in words for people, and since when."""

    words: str
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class IdentityTold:
    """Something that happened to who is whom: joined, parted, merged by a message of the source, undone."""

    at: datetime
    title: str
    details: tuple[str, ...]
    who: str


@dataclass(frozen=True, slots=True)
class Said:
    """One source's word for an entry: who, when they recorded it, and how we know that it is the same person."""

    sender: Sender
    recorded_at: datetime
    same_person: str
    statement: Statement


@dataclass(frozen=True, slots=True)
class Entry:
    """One event. `starts` is None for what bears no date; `when` says the date as exactly as it was sent."""

    type: str
    title: Words
    details: tuple[str, ...]
    when: str
    starts: datetime | None
    recorded_at: datetime
    said: tuple[Said, ...]
    settings: frozenset[str]
    organisations: frozenset[str]
    is_corrected: bool = False
    who: str = ""

    @property
    def type_name(self) -> str:
        return "Identity" if self.type == JOIN else TYPE_NAMES.get(self.type, self.type)


@dataclass(frozen=True, slots=True)
class Timeline:
    """The entries in order and, apart, those of unknown date; what may be chosen in the filters, with counts."""

    entries: tuple[Entry, ...]
    undated: tuple[Entry, ...]
    settings: Mapping[str, int]
    types: Mapping[str, int]
    organisations: Mapping[str, int]
    many: int


def timeline(
    statements: Iterable[Statement],
    joins: Mapping[UUID, Joined],
    told: Sequence[IdentityTold] = (),
    *,
    settings: Collection[str] = (),
    types: Collection[str] = (),
    organisations: Collection[str] = (),
    newest_first: bool = True,
) -> Timeline:
    """Answer the timeline of a resident from the statements of all their subjects; empty filters let all through.

    Entered in error is left out, corrected is marked, one event from two feeds is one entry with both (folding.py).
    Entries of equal clinical time are in the order in which they were recorded.
    """
    every = [
        _entry(event, joins)
        for event in fold(one for one in statements if not one.is_in_error and one.type not in _NO_ENTRY)
    ]
    every += [
        Entry(JOIN, Words(one.title), one.details, instant(one.at), one.at, one.at, (), frozenset(), frozenset(),
              who=one.who)
        for one in told
    ]  # fmt: skip
    kept = [
        entry
        for entry in every
        if (not types or entry.type in types)
        and (not settings or entry.settings & set(settings))
        and (not organisations or entry.organisations & set(organisations))
    ]
    dated = sorted((e for e in kept if e.starts is not None), key=_order, reverse=newest_first)
    undated = sorted((e for e in kept if e.starts is None), key=lambda e: e.recorded_at, reverse=newest_first)
    return Timeline(
        tuple(dated),
        tuple(undated),
        _counted(setting for entry in every for setting in entry.settings),
        _counted(entry.type for entry in every),
        _counted(organisation for entry in every for organisation in entry.organisations),
        len(every),
    )


def _entry(event: tuple[Statement, ...], joins: Mapping[UUID, Joined]) -> Entry:
    one = event[0]
    title, details = line_of(one.type, one.content)
    return Entry(
        one.type,
        title,
        tuple(details),
        said_date(dated_by(one)),
        one.starts,
        one.recorded_at,
        tuple(Said(s.sender, s.recorded_at, _same_person(s, joins), s) for s in event),
        frozenset(s.sender.setting for s in event),
        frozenset(s.sender.organisation for s in event),
        any(s.is_corrected for s in event),
    )


def _same_person(one: Statement, joins: Mapping[UUID, Joined]) -> str:
    if one.is_own:
        return "written in this record"
    joined = joins.get(one.subject_id)
    return joined.words if joined else "this source's own record of the person"


def _order(entry: Entry) -> tuple[datetime, datetime]:
    assert entry.starts is not None
    return entry.starts, entry.recorded_at


def _counted(values: Iterable[str]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for value in values:
        counts[value] = counts.get(value, 0) + 1
    return dict(sorted(counts.items()))
