"""Clustering a million records at once: whole groups that nothing forbids by arrays, the rest one by one.

Every limit of `cluster.py` holds for a part when it holds for the whole. So a connected group that breaks no limit as a
whole is one group whatever the order of its joins; only the others need the constrained steps. Records are numbered in
the order of their ids.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from joinedup.identity.cluster import MARGIN_BITS, MOST_RECORDS, Blocked, Link, Node, cluster

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Evidence:
    """The pairs that would join: ends, bits, and whether a second candidate does not matter."""

    left: Ints
    right: Ints
    weight: NDArray[np.float64]
    is_certain: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Limits:
    """What of each record limits its joins, as codes; -1 where there is none.

    `number` codes NHS numbers, `source` the sources that keep no duplicates, `died` days. `is_special` marks records
    with former numbers, which `details` tells of.
    """

    number: Ints
    source: Ints
    died: Ints
    is_special: NDArray[np.bool_]
    details: Callable[[Sequence[int]], Sequence[Node]]


def partition(
    count: int,
    evidence: Evidence,
    limits: Limits,
    *,
    matches: Sequence[tuple[int, int]] = (),
    nevers: Sequence[tuple[int, int]] = (),
    margin_bits: float = MARGIN_BITS,
    most_records: int = MOST_RECORDS,
) -> tuple[Ints, list[Blocked[int]]]:
    """Answer the group of each record, as the smallest record of it, and the joins that were forbidden."""
    pairs = np.array(list(matches), dtype=np.int64).reshape(-1, 2)
    left = np.concatenate([evidence.left, pairs[:, 0]])
    right = np.concatenate([evidence.right, pairs[:, 1]])
    group = components(count, left, right)
    odd = _odd_groups(group, limits, most_records)
    for one, other in (*matches, *nevers):
        odd[group[one]] = odd[group[other]] = True
    # Nothing can be forbidden in a group of one.
    odd &= np.bincount(group, minlength=count) > 1
    if not odd.any():
        return group, []
    return _settle(group, odd, evidence, limits, matches, nevers, margin_bits, most_records)


def components(count: int, left: Ints, right: Ints) -> Ints:
    """Answer the smallest record that each record is connected with: hooking and pointer jumping over arrays."""
    parent = np.arange(count, dtype=np.int64)
    left, right = left.astype(np.int64), right.astype(np.int64)
    while left.size:
        a, b = parent[left], parent[right]
        differ = a != b
        left, right, a, b = left[differ], right[differ], a[differ], b[differ]
        if not left.size:
            break
        np.minimum.at(parent, np.maximum(a, b), np.minimum(a, b))
        while True:
            shorter = parent[parent]
            if np.array_equal(shorter, parent):
                break
            parent = shorter
    return parent


def _odd_groups(group: Ints, limits: Limits, most_records: int) -> NDArray[np.bool_]:
    """Answer, by a group's smallest record, whether the group as a whole breaks a limit or may."""
    count = group.size
    odd = np.bincount(group, minlength=count) > most_records
    odd[group[limits.is_special]] = True
    for codes, alike_is_odd in ((limits.number, False), (limits.source, True), (limits.died, False)):
        has = codes >= 0
        key = group[has] * (int(codes.max(initial=0)) + 1) + codes[has]
        if alike_is_odd:
            _, first, counts = np.unique(key, return_index=True, return_counts=True)
            odd[group[has][first[counts > 1]]] = True
        else:
            _, first = np.unique(key, return_index=True)
            kinds = np.bincount(group[has][first], minlength=count)
            odd |= kinds > 1
    return odd


def _settle(
    group: Ints,
    odd: NDArray[np.bool_],
    evidence: Evidence,
    limits: Limits,
    matches: Sequence[tuple[int, int]],
    nevers: Sequence[tuple[int, int]],
    margin_bits: float,
    most_records: int,
) -> tuple[Ints, list[Blocked[int]]]:
    """Take the constrained steps within each group that needs them."""
    members: dict[int, list[int]] = {}
    for record in np.flatnonzero(odd[group]).tolist():
        members.setdefault(int(group[record]), []).append(record)
    links: dict[int, list[Link[int]]] = {}
    for place in np.flatnonzero(odd[group[evidence.left]]).tolist():
        link = Link(
            int(evidence.left[place]), int(evidence.right[place]), float(evidence.weight[place]),
            bool(evidence.is_certain[place]),
        )  # fmt: skip
        links.setdefault(int(group[link.left]), []).append(link)
    said: dict[int, tuple[list[tuple[int, int]], list[tuple[int, int]]]] = {}
    for number, pairs in enumerate((matches, nevers)):
        for one, other in pairs:
            if group[one] == group[other]:
                said.setdefault(int(group[one]), ([], []))[number].append((one, other))
    everyone = sorted(record for found in members.values() for record in found)
    told = dict(zip(everyone, limits.details(everyone), strict=True))
    answer = group.copy()
    blocked: list[Blocked[int]] = []
    for key, records in members.items():
        together, apart = said.get(key, ([], []))
        settled = cluster(
            {record: told[record] for record in records}, links.get(key, ()), matches=together, nevers=apart,
            margin_bits=margin_bits, most_records=most_records,
        )  # fmt: skip
        for together_now in settled.groups:
            answer[together_now] = together_now[0]
        blocked += settled.blocked
    return answer, blocked
