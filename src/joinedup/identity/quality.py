"""How right a linkage is against a known truth: by pair, by whole group, by record, and for each group of people.

Method: rules/population PA12 and PA13, with Wilson limits.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass

Z95 = 1.959964


@dataclass(frozen=True, slots=True)
class Rate:
    """A share with its counts and 95% Wilson limits; `value` is None where nothing was counted."""

    count: int
    of: int
    value: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Quality:
    """Precision, recall and F1 by pair after grouping, by exact group, and B³. None where nothing was predicted."""

    true_pairs: int
    predicted_pairs: int
    right_pairs: int
    precision: float | None
    recall: float | None
    f1: float
    exact_precision: float
    exact_recall: float
    exact_f1: float
    b3_precision: float
    b3_recall: float
    b3_f1: float


@dataclass(frozen=True, slots=True)
class Group:
    """People of one group: how many have one resident that is all of them and nobody else; how many pairs were found.

    `is_flagged` when the interval of `whole` lies wholly below the value of everybody (PA13).
    """

    name: str
    people: int
    whole: Rate
    recall: Rate
    precision: Rate
    is_flagged: bool


def wilson(count: int, of: int, z: float = Z95) -> Rate:
    """Answer a share with its Wilson limits."""
    if not of:
        return Rate(count, of, None, None, None)
    share = count / of
    middle = (share + z * z / (2 * of)) / (1 + z * z / of)
    half = z * math.sqrt(share * (1 - share) / of + z * z / (4 * of * of)) / (1 + z * z / of)
    # Rounding must not put the limit of a share of one below one.
    low = 0.0 if count == 0 else max(middle - half, 0.0)
    return Rate(count, of, share, low, 1.0 if count == of else min(middle + half, 1.0))


def evaluate(truth: Mapping[Hashable, Hashable], predicted: Mapping[Hashable, Hashable]) -> Quality:
    """Answer how well `predicted` (record -> group) agrees with `truth` (record -> person), over the truth's records.

    A record that is not predicted is a group of its own. Nothing predicted: precision None and F1 0.
    """
    cells, persons, groups = _cells(truth, predicted)
    right, said, true = (sum(many * (many - 1) // 2 for many in found.values()) for found in (cells, groups, persons))
    precision = right / said if said else None
    recall = right / true if true else None
    exact = sum(many == groups[group] == persons[person] for (group, person), many in cells.items())
    exact_p, exact_r = exact / max(len(groups), 1), exact / max(len(persons), 1)
    records = max(len(truth), 1)
    b3_p = sum(many * many / groups[group] for (group, _), many in cells.items()) / records
    b3_r = sum(many * many / persons[person] for (_, person), many in cells.items()) / records
    return Quality(
        true, said, right, precision, recall, f1(precision, recall), exact_p, exact_r, f1(exact_p, exact_r), b3_p, b3_r,
        f1(b3_p, b3_r),
    )  # fmt: skip


def f1(precision: float | None, recall: float | None) -> float:
    """Answer the harmonic mean; 0 where either is None or both are 0."""
    if not precision or not recall:
        return 0.0
    return 2 * precision * recall / (precision + recall)


def by_group(
    truth: Mapping[Hashable, Hashable], predicted: Mapping[Hashable, Hashable], group_of: Mapping[Hashable, str]
) -> list[Group]:
    """Answer the quality for the people of each group (person -> its name); people of no group are left out.

    Only people with two records and more can be joined rightly or wrongly, so only they are counted.
    """
    cells, persons, groups = _cells(truth, predicted)
    split: dict[Hashable, list[tuple[Hashable, int]]] = defaultdict(list)
    for (group, person), many in cells.items():
        split[person].append((group, many))
    tallies: dict[str, list[int]] = defaultdict(lambda: [0] * 6)
    for person, size in persons.items():
        name = group_of.get(person)
        if name is None or size < 2:
            continue
        parts = split[person]
        tally = tallies[name]
        tally[0] += 1
        tally[1] += len(parts) == 1 and groups[parts[0][0]] == size
        tally[2] += sum(many * (many - 1) // 2 for _, many in parts)
        tally[3] += size * (size - 1) // 2
        # Pairs that a resident of this person's claims: right ones, and with other people's records half each.
        tally[4] += sum(many * (many - 1) for _, many in parts)
        tally[5] += sum(many * (groups[group] - 1) for group, many in parts)
    everyone = [sum(tally[place] for tally in tallies.values()) for place in range(6)]
    overall = everyone[1] / everyone[0] if everyone[0] else 0.0
    answer = []
    for name in sorted(tallies):
        people, whole, found, true, right, claimed = tallies[name]
        rate = wilson(whole, people)
        answer.append(
            Group(
                name, people, rate, wilson(found, true), wilson(right // 2, claimed // 2 + claimed % 2),
                rate.high is not None and rate.high < overall,
            )
        )  # fmt: skip
    return answer


def _cells(
    truth: Mapping[Hashable, Hashable], predicted: Mapping[Hashable, Hashable]
) -> tuple[Counter[tuple[Hashable, Hashable]], Counter[Hashable], Counter[Hashable]]:
    """Answer how many records each (group, person) shares, and the sizes of persons and groups."""
    cells: Counter[tuple[Hashable, Hashable]] = Counter()
    for record, person in truth.items():
        cells[predicted.get(record, ("alone", record)), person] += 1
    persons: Counter[Hashable] = Counter()
    groups: Counter[Hashable] = Counter()
    for (group, person), many in cells.items():
        groups[group] += many
        persons[person] += many
    return cells, persons, groups


def scored_pairs(pairs: Iterable[tuple[Hashable, Hashable]], truth: Mapping[Hashable, Hashable]) -> tuple[int, int]:
    """Answer how many pairs there are of records whose truth is known, and how many of them are right."""
    said = right = 0
    for one, other in pairs:
        if one in truth and other in truth:
            said += 1
            right += truth[one] == truth[other]
    return said, right
