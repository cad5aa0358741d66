"""Which records are one person, given what speaks for each pair and what forbids it: constrained clustering.

Method: rules/population PA9. The strongest evidence joins first; two groups join unless their union would hold a pair
that a person said are two people, two different NHS numbers of which neither replaced the other, two dates of death
more than a day apart, two records of one source that keeps no duplicates, or more than twenty records. What a person
or a merge message says of two records counts before all evidence, and for these two against every limit but the first.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Generic, TypeVar

Id = TypeVar("Id", bound=Hashable)
MOST_RECORDS = 20
# A record without a number that fits two people with different numbers joins the better one only when it fits better
# by this many bits (1 in 1,000). [decision: PA5 D6 "no second candidate fits", applied to scores as well]
MARGIN_BITS = 10.0


@dataclass(frozen=True, slots=True)
class Node:
    """What of a record limits its joins. `source` is None where the source may hold a person twice."""

    number: str | None = None
    former_numbers: tuple[str, ...] = ()
    source: str | None = None
    died: date | None = None


@dataclass(frozen=True, slots=True)
class Link(Generic[Id]):
    """Evidence that two records are one person; `weight` in bits, `is_certain` when no second candidate matters."""

    left: Id
    right: Id
    weight: float
    is_certain: bool = False


@dataclass(frozen=True, slots=True)
class Blocked(Generic[Id]):
    """A pair whose evidence would have joined it, and what forbids that (a key of REVIEW_REASONS)."""

    left: Id
    right: Id
    weight: float
    reason: str


@dataclass(slots=True)
class Groups(Generic[Id]):
    """The groups, each as a sorted list, and the joins that were forbidden, in the order in which they came up."""

    groups: list[list[Id]]
    blocked: list[Blocked[Id]] = field(default_factory=list)


@dataclass(slots=True)
class _Group(Generic[Id]):
    members: list[Id]
    numbers: frozenset[str]
    sources: frozenset[str]
    first_death: date | None
    last_death: date | None


def cluster(
    nodes: Mapping[Id, Node],
    links: Iterable[Link[Id]],
    *,
    matches: Iterable[tuple[Id, Id]] = (),
    nevers: Iterable[tuple[Id, Id]] = (),
    margin_bits: float = MARGIN_BITS,
    most_records: int = MOST_RECORDS,
) -> Groups[Id]:
    """Answer the groups that the evidence makes, the same whatever the order in which it is given.

    Every node is in exactly one group. Equal weights are taken in the order of the smaller, then the larger id. Links
    to nodes that are not there are an error (KeyError).
    """
    current = _replaced(nodes)
    forbidden: dict[Id, set[Id]] = defaultdict(set)
    for left, right in nevers:
        forbidden[left].add(right)
        forbidden[right].add(left)
    group_of: dict[Id, _Group[Id]] = {}
    for key, node in nodes.items():
        numbers = frozenset((current.get(node.number, node.number),)) if node.number else frozenset()
        sources = frozenset((node.source,)) if node.source else frozenset()
        group_of[key] = _Group([key], numbers, sources, node.died, node.died)
    blocked: list[Blocked[Id]] = []
    for left, right in sorted(tuple(sorted(pair)) for pair in matches):  # type: ignore[type-var]
        if group_of[left] is not group_of[right]:
            if _parted(group_of[left], group_of[right], forbidden):
                blocked.append(Blocked(left, right, float("inf"), "never_match"))
            else:
                _join(group_of, left, right)
    ordered = sorted(links, key=lambda one: (-one.weight, *sorted((one.left, one.right))))  # type: ignore[type-var]
    contested, outdone = _contested(group_of, ordered, margin_bits)
    for link in ordered:
        one, other = group_of[link.left], group_of[link.right]
        if one is other or (link.left, link.right) in outdone:
            continue
        if (link.left, link.right) in contested:
            blocked.append(Blocked(link.left, link.right, link.weight, "second_candidate"))
            continue
        reason = _why_not(one, other, forbidden, most_records)
        if reason:
            blocked.append(Blocked(link.left, link.right, link.weight, reason))
        else:
            _join(group_of, link.left, link.right)
    groups = {id(group): group for group in group_of.values()}
    # A pair that was forbidden and came together in another way needs nobody's eyes any more.
    apart = [one for one in blocked if group_of[one.left] is not group_of[one.right]]
    return Groups(sorted(sorted(group.members) for group in groups.values()), apart)  # type: ignore[type-var]


def resident_ids(
    groups: Iterable[Sequence[Id]], current: Mapping[Id, Id], former: Mapping[Id, Collection[Id]]
) -> dict[Id, Id]:
    """Answer the resident of each record of these groups: an id that one of the group's own records has.

    A group keeps, or takes back, the id that most of its records have now (`current`, where they are joined), then the
    one that most of them had before (`former`), then its smallest. So what is undone gets its former ids again, and no
    id ever passes to another person's records.
    """
    answer: dict[Id, Id] = {}
    for group in groups:
        members = set(group)
        shares: dict[Id, list[int]] = {one: [0, 0] for one in members}
        for one in members:
            now = current.get(one)
            if now is not None and now in members:
                shares[now][0] += 1
            for before in set(former.get(one, ())):
                if before in members:
                    shares[before][1] += 1
        best = min(members, key=lambda one: (-shares[one][0], -shares[one][1], one))
        for one in members:
            answer[one] = best
    return answer


def _replaced(nodes: Mapping[Id, Node]) -> dict[str, str]:
    """Answer for each number that a record says was replaced, the number that is its successor in the end."""
    successor: dict[str, str] = {}
    for node in nodes.values():
        if node.number:
            for old in node.former_numbers:
                successor[old] = min(node.number, successor.get(old, node.number))
    resolved: dict[str, str] = {}
    for old in successor:
        seen, last = {old}, old
        while last in successor and successor[last] not in seen:
            last = successor[last]
            seen.add(last)
        resolved[old] = last if last not in successor else min(seen)  # two that replace each other are one
    return resolved


def _contested(
    group_of: Mapping[Id, _Group[Id]], links: Iterable[Link[Id]], margin_bits: float
) -> tuple[set[tuple[Id, Id]], set[tuple[Id, Id]]]:
    """Answer the links of records without a number that fit two people about equally well, and those outdone by others.

    Two people here are two groups with different numbers.
    """
    fits: dict[Id, dict[frozenset[str], list[Link[Id]]]] = defaultdict(lambda: defaultdict(list))
    for link in links:
        for one, other in ((link.left, link.right), (link.right, link.left)):
            if not group_of[one].numbers and group_of[other].numbers:
                fits[one][group_of[other].numbers].append(link)
    contested: set[tuple[Id, Id]] = set()
    outdone: set[tuple[Id, Id]] = set()
    for by_number in fits.values():
        if len(by_number) < 2:
            continue
        best = sorted((max(link.weight for link in found) for found in by_number.values()), reverse=True)
        is_close = best[0] - best[1] < margin_bits
        for found in by_number.values():
            if is_close or max(link.weight for link in found) < best[0]:
                (contested if is_close else outdone).update(
                    (link.left, link.right) for link in found if not link.is_certain
                )
    return contested, outdone - contested


def _why_not(one: _Group[Id], other: _Group[Id], forbidden: Mapping[Id, set[Id]], most_records: int) -> str:
    if _parted(one, other, forbidden):
        return "never_match"
    if one.numbers and other.numbers and not (one.numbers <= other.numbers or other.numbers <= one.numbers):
        return "different_numbers"
    if one.first_death and one.last_death and other.first_death and other.last_death:
        first, last = min(one.first_death, other.first_death), max(one.last_death, other.last_death)
        if (last - first).days > 1 and (one.first_death, one.last_death) != (other.first_death, other.last_death):
            return "death_dates"
    if len(one.members) + len(other.members) > most_records:
        return "too_many"
    if one.sources & other.sources:
        return "same_source"
    return ""


def _parted(one: _Group[Id], other: _Group[Id], forbidden: Mapping[Id, set[Id]]) -> bool:
    small, large = sorted((one, other), key=lambda group: len(group.members))
    inside = set(large.members)
    return any(not inside.isdisjoint(forbidden[member]) for member in small.members if member in forbidden)


def _join(group_of: dict[Id, _Group[Id]], left: Id, right: Id) -> None:
    small, large = sorted((group_of[left], group_of[right]), key=lambda group: len(group.members))
    large.members += small.members
    large.numbers |= small.numbers
    large.sources |= small.sources
    deaths = [day for day in (small.first_death, large.first_death) if day]
    large.first_death = min(deaths) if deaths else None
    deaths = [day for day in (small.last_death, large.last_death) if day]
    large.last_death = max(deaths) if deaths else None
    for member in small.members:
        group_of[member] = large
