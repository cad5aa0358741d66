"""The check before a change takes force: nothing of a body that closes is left without a new owner (rules: C3, C4).

Every room is asked for its open work by a callable that is registered with it. A room that has none, or is not built
yet, is listed as not checked: silence is not the same as nothing.

    check_day_one(closing, on, rooms={"money": open_work, "engagement": None}, new_owner_of=moved.get)
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from joinedup.errors import RuleError
from joinedup.system import resolve


class DayOneBlocked(RuleError):
    """A change cannot take force, because something of a closing body has no new owner."""


@dataclass(frozen=True, slots=True, order=True)
class OpenWork:
    """Something that a body has open on a day: what kind, its key in its room, a title, who has it, and its page.

    `count`: of how many things it tells at once, such as the referrals of a body, of which none is named.
    """

    kind: str
    key: str
    title: str = ""
    body: str = ""
    owner: str = ""
    link: str = ""
    count: int = 1


OpenWorkOf = Callable[[str, date], Iterable[OpenWork]]


@dataclass(frozen=True, slots=True, order=True)
class Orphan:
    """Open work of a closing body that nobody has from the day of the change on."""

    room: str
    body: str
    work: OpenWork


@dataclass(frozen=True, slots=True)
class DayOne:
    """What the rooms have open of the closing bodies: how many of each kind, which are orphans, who was not asked."""

    found: Mapping[str, int]
    orphans: tuple[Orphan, ...]
    not_checked: tuple[str, ...]

    @property
    def is_clear(self) -> bool:
        """Answer whether all that was found has a new owner. Rooms that were not asked are for a person to judge."""
        return not self.orphans


def check_day_one(
    closing: Iterable[str],
    on: date,
    *,
    rooms: Mapping[str, OpenWorkOf | None],
    new_owner_of: Callable[[str, OpenWork], str | None],
) -> DayOne:
    """Ask every room for the open work of the closing bodies on a day; answer what has no new owner (C3).

    `new_owner_of` is asked with the room and the work. A closing body is no new owner.
    """
    bodies = sorted(set(closing))
    counted: Counter[str] = Counter()
    orphans: list[Orphan] = []
    for room, open_work in rooms.items():
        if open_work is None:
            continue
        for body in bodies:
            for work in open_work(body, on):
                counted[work.kind] += work.count
                owner = new_owner_of(room, work)
                if not owner or owner in bodies:
                    orphans.append(Orphan(room, body, work))
    not_checked = tuple(room for room, open_work in rooms.items() if open_work is None)
    return DayOne(dict(counted), tuple(sorted(orphans)), not_checked)


def must_be_clear(found: DayOne) -> None:
    """Raise DayOneBlocked, which lists orphans by kind and names the first, unless there is none."""
    if not found.is_clear:
        kinds: Counter[str] = Counter()
        for one in found.orphans:
            kinds[one.work.kind] += one.work.count
        said = ", ".join(f"{number} {kind}{'s' if number > 1 else ''}" for kind, number in sorted(kinds.items()))
        first = found.orphans[0]
        raise DayOneBlocked(
            f"C3: {said} of closing bodies would have no owner on day one, the first: {first.work.kind} "
            f"{first.work.key} of {first.body}. Give each a new owner."
        )


@dataclass(frozen=True, slots=True)
class ShownUnder:
    """Under which body a child of a closed one is shown: by a move, through succession, or nobody's ("" and orphan)."""

    parent: str
    by: str  # "itself", "move", "succession" or "orphan"


def shown_under(
    parent: str, on: date, successions: Mapping[str, Mapping[date, set[str]]], *, moved_to: str | None = None
) -> ShownUnder:
    """Answer where a child is shown on a day; its stored link is not rewritten (C4) [to confirm].

    An explicit move wins; else the one body that the parent became; where there are several, the child is an orphan.
    """
    if moved_to:
        return ShownUnder(moved_to, "move")
    found = resolve(parent, on, successions)
    if found == {parent}:
        return ShownUnder(parent, "itself")
    if len(found) == 1:
        return ShownUnder(next(iter(found)), "succession")
    return ShownUnder("", "orphan")
