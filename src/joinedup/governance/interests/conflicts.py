"""Which interests an item of an agenda touches, also through what bodies were and became (rules: I3, V13).

    relations = Relations.of(successions, parents=links, members=memberships)
    proposals(items, interests, relations, on=day)

A hit is a proposal: a person decides what is to be done about it. An interest about a body touches an item that names
the body, what it was made of, what it became, a parent of one of these on that day, or a collaborative of which it is a
member on that day. Two bodies that went into the same one do not touch each other.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from joinedup.governance.interests.register import Interest

# A way through the succession and the links, each word of which can be read aloud.
NAMED, CAME_FROM, BECAME, PARENT, MEMBER = "is named", "went into", "came out of", "is a parent of", "is a member of"


@dataclass(frozen=True, slots=True)
class Tie:
    """That a body belongs to another, as part or as member, for the days [start, end)."""

    body: str
    to: str
    start: date = date.min
    end: date | None = None

    def is_on(self, day: date) -> bool:
        """Answer whether it holds on a day."""
        return self.start <= day and (self.end is None or day < self.end)


@dataclass(frozen=True, slots=True)
class Touched:
    """A body that an item touches: how, and by which of the bodies that the item names."""

    body: str
    how: str
    named: str


@dataclass(frozen=True, slots=True)
class Proposal:
    """An interest that an item touches, with the shortest way from one to the other."""

    item: str
    person: str
    interest: str
    about_org: str
    how: str
    named: str

    @property
    def says(self) -> str:
        """The way in words, such as "08V went into A3A8R, which the item names"."""
        if self.how == NAMED:
            return f"The item names {self.about_org}."
        return f"{self.about_org} {self.how} {self.named}, which the item names."


class Relations:
    """Successions, parents and collaboratives, made ready to be asked for many items.

    Successions count whatever their date: those that the caller believes in are given, with the planned ones where a
    coming merger should count. Rows of a code to itself are no edge (T7). Each body is followed once.
    """

    def __init__(
        self, after: Mapping[str, frozenset[str]], before: Mapping[str, frozenset[str]], parents: Iterable[Tie],
        members: Iterable[Tie],
    ) -> None:  # fmt: skip
        self._after, self._before = after, before
        self._parents: dict[str, list[Tie]] = {}
        self._members: dict[str, list[Tie]] = {}
        for tie in parents:
            self._parents.setdefault(tie.body, []).append(tie)
        for tie in members:
            self._members.setdefault(tie.to, []).append(tie)
        self._known: dict[str, tuple[frozenset[str], frozenset[str]]] = {}

    @classmethod
    def of(
        cls,
        successions: Mapping[str, Mapping[date, Iterable[str]]] | None = None,
        *,
        parents: Iterable[Tie] = (),
        members: Iterable[Tie] = (),
    ) -> Relations:
        """Make relations of succession rows {old: {date: {new}}}, as the room `system` indexes them, and of ties.

        `parents` are (child, parent), `members` (member, collaborative).
        """
        after: dict[str, set[str]] = {}
        before: dict[str, set[str]] = {}
        for old, by_date in (successions or {}).items():
            for new in {one for many in by_date.values() for one in many} - {old}:
                after.setdefault(old, set()).add(new)
                before.setdefault(new, set()).add(old)
        return cls(_frozen(after), _frozen(before), parents, members)

    def became(self, body: str) -> frozenset[str]:
        """Answer all bodies that a body became, by one change or many."""
        return self._both(body)[0]

    def was(self, body: str) -> frozenset[str]:
        """Answer all bodies that a body was made of, by one change or many."""
        return self._both(body)[1]

    def closure(self, named: Iterable[str], on: date) -> dict[str, Touched]:
        """Answer every body that an item touches which names these, each by its nearest way (I3)."""
        found: dict[str, Touched] = {}
        names = sorted(set(named))
        for one in names:
            found.setdefault(one, Touched(one, NAMED, one))
        for one in names:
            for how, bodies in ((CAME_FROM, self.was(one)), (BECAME, self.became(one))):
                for body in bodies:
                    found.setdefault(body, Touched(body, how, one))
        for body in sorted(found):
            way = found[body]
            for tie in self._parents.get(body, ()):
                if tie.is_on(on):
                    found.setdefault(tie.to, Touched(tie.to, PARENT, way.named))
            for tie in self._members.get(body, ()):
                if tie.is_on(on):
                    found.setdefault(tie.body, Touched(tie.body, MEMBER, way.named))
        return found

    def _both(self, body: str) -> tuple[frozenset[str], frozenset[str]]:
        if body not in self._known:
            self._known[body] = _reached(body, self._after), _reached(body, self._before)
        return self._known[body]


def proposals(
    items: Mapping[str, Iterable[str]], interests: Iterable[Interest], relations: Relations, *, on: date
) -> list[Proposal]:
    """Answer which interests each item touches on the day of the meeting, in the order of items, people and interests.

    `items` is {item: bodies it names}; `interests` hold those of employment as well (`interests_of_employment`). Only
    interests that are open on that day are looked at (I5). One interest touches one item once, by the nearest way.
    """
    by_body: dict[str, list[Interest]] = {}
    for interest in interests:
        if interest.is_open_on(on):
            by_body.setdefault(interest.about_org, []).append(interest)
    return [found for item, named in items.items() for found in _of_item(item, relations.closure(named, on), by_body)]


def _of_item(item: str, touched: Mapping[str, Touched], by_body: Mapping[str, list[Interest]]) -> Iterator[Proposal]:
    # Whichever is the shorter: a merged body was made of a few, a board has hundreds of interests.
    bodies = touched.keys() & by_body.keys()
    hits = [(one, touched[body]) for body in bodies for one in by_body[body]]
    for one, way in sorted(hits, key=lambda hit: (hit[0].person, hit[0].key)):
        yield Proposal(item, one.person, one.key, one.about_org, way.how, way.named)


def _reached(body: str, edges: Mapping[str, frozenset[str]]) -> frozenset[str]:
    seen: set[str] = set()
    ahead = [body]
    while ahead:
        for one in edges.get(ahead.pop(), ()):
            if one not in seen:
                seen.add(one)
                ahead.append(one)
    return frozenset(seen - {body})


def _frozen(edges: Mapping[str, set[str]]) -> dict[str, frozenset[str]]:
    return {body: frozenset(others) for body, others in edges.items()}
