"""Which person stands for which seat: a largest matching of people and seats, by augmenting paths.

A person with two seats counts once, a shared seat counts once, and which of them it is never changes the count: it is
the size of a largest matching. Boards have tens of seats, so that the plain method (Kuhn 1955) takes microseconds.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import pairwise

Node = tuple[str, str]  # what it is (a wanted kind, a seat's two sides, a person), and which


def match_seats(seats_of: Mapping[str, Collection[str]], already: Mapping[str, str] | None = None) -> dict[str, str]:
    """Answer a largest matching as {seat: person}, each person and each seat at most once.

    `seats_of` is {person: seats}. Seats matched in `already` stay matched, perhaps to somebody else: an augmenting path
    takes no seat out. The order of people and seats does not change how many there are.
    """
    person_of = dict(already or {})
    matched = set(person_of.values())
    for person in sorted(seats_of):
        if person not in matched and _seat(person, seats_of, person_of, set()):
            matched = set(person_of.values())
    return person_of


def _seat(person: str, seats_of: Mapping[str, Collection[str]], person_of: dict[str, str], tried: set[str]) -> bool:
    for seat in sorted(seats_of.get(person, ())):
        if seat in tried:
            continue
        tried.add(seat)
        if seat not in person_of or _seat(person_of[seat], seats_of, person_of, tried):
            person_of[seat] = person
            return True
    return False


def match_kinds(
    seats_of: Mapping[str, Collection[str]], kinds_of: Mapping[str, Collection[str]], wanted: Sequence[str]
) -> tuple[dict[str, str], tuple[str, ...]]:
    """Match each wanted kind to a seat of that kind and a person of its own; answer {seat: person} and who is missing.

    `kinds_of` is {seat: kinds}; a kind that is wanted twice stands twice in `wanted`. As many kinds as possible are
    met; where not all can be, the earlier ones in `wanted` come first. It is a flow kind -> seat -> person, in which
    each kind, seat and person has room for one.
    """
    into: dict[str, int] = {}  # {seat: index of the kind it stands for}
    person_of: dict[str, str] = {}
    missing = []
    for index, kind in enumerate(wanted):
        if not _reach(index, wanted, seats_of, kinds_of, into, person_of):
            missing.append(kind)
    return person_of, tuple(missing)


def _reach(
    slot: int,
    wanted: Sequence[str],
    seats_of: Mapping[str, Collection[str]],
    kinds_of: Mapping[str, Collection[str]],
    into: dict[str, int],
    person_of: dict[str, str],
) -> bool:
    """Find one more path from a kind to a free person, and change the flow along it; False when there is none.

    A seat is entered from a kind ("in") and left to a person ("out"). Where it is in use already, a path that enters
    it can only send its kind elsewhere, and one that comes back from its person only its person.
    """
    holders: dict[str, list[str]] = {}
    for person in sorted(seats_of):
        for seat in seats_of[person]:
            holders.setdefault(seat, []).append(person)
    seats = sorted(holders)
    seat_of = {person: seat for seat, person in person_of.items()}
    came: dict[Node, Node | None] = {("slot", str(slot)): None}
    ahead: deque[Node] = deque(came)
    while ahead:
        node = ahead.popleft()
        role, name = node
        after: Iterable[Node]
        if role == "slot":
            kind = wanted[int(name)]
            after = [("in", seat) for seat in seats if kind in kinds_of.get(seat, ()) and into.get(seat) != int(name)]
        elif role == "in":
            # Used: only backwards, to the kind that uses it. Free: through to its people.
            after = [("slot", str(into[name]))] if name in into else [("out", name)]
        elif role == "out":
            after = [("person", one) for one in holders[name] if person_of.get(name) != one]
            if name in into:  # backwards through the seat
                after = [*after, ("in", name)]
        elif name in seat_of:
            after = [("out", seat_of[name])]
        else:
            _change(came, node, into, person_of)
            return True
        for one in after:
            if one not in came:
                came[one] = node
                ahead.append(one)
    return False


def _change(
    came: Mapping[Node, Node | None],
    end: Node,
    into: dict[str, int],
    person_of: dict[str, str],
) -> None:
    path = [end]
    while (before := came[path[-1]]) is not None:
        path.append(before)
    path.reverse()
    gone = [b for a, b in pairwise(path) if (a[0], b[0]) == ("out", "in")]
    for _, seat in gone:
        into.pop(seat, None)
        person_of.pop(seat, None)
    for (role, name), (next_role, next_name) in pairwise(path):
        if (role, next_role) == ("slot", "in"):
            into[next_name] = int(name)
        elif (role, next_role) == ("out", "person"):
            person_of[name] = next_name
