"""Putting subjects into residents, in the database: from the open edges and decisions to dated memberships and reviews.

`Ground` is what is known of the subjects in question, `regroup` the one act that changes memberships. A decision, a
merge message, an undoing and a run of linking all end here, so that all of them keep the same rules (`cluster.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

import numpy as np

from joinedup.identity.cluster import Blocked, Node, resident_ids
from joinedup.identity.configuration import Configuration, Grade
from joinedup.identity.partition import Evidence, Limits, partition
from joinedup.identity.rows import packed
from joinedup.identity.values import CODES, LADDER_WEIGHT

# One at a time: whoever changes memberships holds this until its transaction ends.
LOCK = 4_711_003
_EDGE_CODES = ("nhs+dob", "nhs+partial", "local_id", "exact_demographic", "scored")
_CERTAIN = np.array([CODES["nhs+dob"], CODES["nhs+partial"], CODES["local_id"]])
_REASONS = {CODES["number_conflict"]: "number_conflict", CODES["different_numbers"]: "different_numbers"}


@dataclass(slots=True)
class Ground:
    """Subjects in the order of their ids, what limits their joins, and all open evidence between them.

    `inside` marks those to be grouped; the others are only neighbours of a pair that may need a review, and stay in
    the resident they are in. `edges` has the columns left, right (places in `ids`), method, weight.
    """

    ids: Sequence[UUID]
    inside: Any
    number: Any
    source: Any
    died: Any
    is_special: Any
    details: Callable[[Sequence[int]], Sequence[Node]]
    left: Any
    right: Any
    method: Any
    weight: Any
    matches: list[tuple[int, int]] = field(default_factory=list)
    nevers: list[tuple[int, int]] = field(default_factory=list)
    settled: set[tuple[int, int]] = field(default_factory=set)  # pairs that a person has decided on
    is_everyone: bool = False  # all subjects there are


@dataclass(slots=True)
class Change:
    """What a regrouping changed: subjects that joined and parted, reviews opened by reason, reviews closed."""

    joined: int = 0
    parted: int = 0
    residents: int = 0
    reviews_opened: dict[str, int] = field(default_factory=dict)
    reviews_closed: int = 0


def lock(cursor: Any) -> None:
    """Wait until nobody else changes memberships; held until the transaction ends."""
    cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])


def regroup(
    cursor: Any, touched: Iterable[UUID], configuration: Configuration, at: datetime, *, run_id: int = 0,
    decision_id: int | None = None,
) -> Change:  # fmt: skip
    """Group anew everything that these subjects are or may be connected with, in the open transaction."""
    return apply(cursor, read_ground(cursor, touched, configuration), configuration, at, run_id=run_id,
                 decision_id=decision_id)  # fmt: skip


def read_ground(cursor: Any, touched: Iterable[UUID], configuration: Configuration) -> Ground:
    """Read the connected groups of joining evidence and decisions that these subjects touch, and their residents."""
    inside = set(touched)
    frontier = set(inside)
    while frontier:
        asked = {
            "ids": list(frontier), "methods": list(configuration.care.methods), "scored": CODES["scored"],
            "least": configuration.care.least_bits,
        }  # fmt: skip
        cursor.execute(
            """SELECT right_id FROM identity_edge WHERE left_id = ANY(%(ids)s) AND closed_at IS NULL
                  AND method = ANY(%(methods)s) AND (method <> %(scored)s OR weight >= %(least)s)
               UNION SELECT left_id FROM identity_edge WHERE right_id = ANY(%(ids)s) AND closed_at IS NULL
                  AND method = ANY(%(methods)s) AND (method <> %(scored)s OR weight >= %(least)s)
               UNION SELECT right_id FROM identity_decision WHERE left_id = ANY(%(ids)s)
               UNION SELECT left_id FROM identity_decision WHERE right_id = ANY(%(ids)s)
               UNION SELECT o.subject_id FROM identity_membership m JOIN identity_membership o
                     ON o.resident_id = m.resident_id AND o.until IS NULL
                  WHERE m.subject_id = ANY(%(ids)s) AND m.until IS NULL""",
            asked,
        )
        frontier = {found for (found,) in cursor.fetchall()} - inside
        inside |= frontier
    cursor.execute(
        """SELECT left_id, right_id, method, weight FROM identity_edge
            WHERE closed_at IS NULL AND (left_id = ANY(%(ids)s) OR right_id = ANY(%(ids)s))""",
        {"ids": list(inside)},
    )
    edges = cursor.fetchall()
    everyone = sorted(inside | {end for edge in edges for end in edge[:2]})
    cursor.execute(
        """SELECT subject_id, nhs_number, former_numbers, source, is_duplicate_free, death_date
             FROM identity_subject WHERE subject_id = ANY(%s)""",
        [everyone],
    )
    told = {row[0]: row[1:] for row in cursor.fetchall()}
    ids = [one for one in everyone if one in told]
    place = {one: number for number, one in enumerate(ids)}
    nodes = [
        Node(number, tuple(former), source if duplicate_free else None, died)
        for number, former, source, duplicate_free, died in (told[one] for one in ids)
    ]
    edges = [edge for edge in edges if edge[0] in place and edge[1] in place]
    matches, nevers, settled = read_decisions(cursor, place, ids)
    return Ground(
        ids=ids,
        inside=np.array([one in inside for one in ids], dtype=bool),
        number=_codes([node.number for node in nodes]),
        source=_codes([node.source for node in nodes]),
        died=np.array([node.died.toordinal() if node.died else -1 for node in nodes], dtype=np.int64),
        is_special=np.array([bool(node.former_numbers) for node in nodes], dtype=bool),
        details=lambda places: [nodes[one] for one in places],
        left=np.array([place[edge[0]] for edge in edges], dtype=np.int64),
        right=np.array([place[edge[1]] for edge in edges], dtype=np.int64),
        method=np.array([edge[2] for edge in edges], dtype=np.int64),
        weight=np.array([edge[3] for edge in edges], dtype=np.float64),
        matches=matches,
        nevers=nevers,
        settled=settled,
    )


def read_decisions(
    cursor: Any, place: Mapping[UUID, int], only: Sequence[UUID] | None
) -> tuple[list[tuple[int, int]], list[tuple[int, int]], set[tuple[int, int]]]:
    """Answer the pairs that are decided to match, never to match, and all that are decided; the newest counts.

    Somebody who could not tell (`unsure`) has taken nothing back.
    """
    where = "WHERE verdict <> 'unsure'"
    if only is not None:
        where += " AND (left_id = ANY(%(ids)s) OR right_id = ANY(%(ids)s))"
    cursor.execute(
        "SELECT DISTINCT ON (left_id, right_id) left_id, right_id, verdict FROM identity_decision "  # noqa: S608  # nosec B608
        f"{where} ORDER BY left_id, right_id, id DESC",
        {"ids": list(only or ())},
    )
    matches, nevers = [], []
    for left, right, verdict in cursor.fetchall():
        if left in place and right in place and verdict in ("match", "never"):
            (matches if verdict == "match" else nevers).append((place[left], place[right]))
    return matches, nevers, {*matches, *nevers}


def apply(
    cursor: Any, ground: Ground, configuration: Configuration, at: datetime, *, run_id: int = 0,
    decision_id: int | None = None, is_first: bool = False,
) -> Change:  # fmt: skip
    """Cluster, give ids, and write what differs from the memberships and reviews that stand."""
    change = Change()
    group, joins, blocked = _clustered(ground, configuration.care, configuration)
    history = _History() if is_first else _read_history(cursor, ground)
    resident = _residents(ground, group, history)
    sizes = np.bincount(group[ground.inside], minlength=len(ground.ids)) if len(ground.ids) else np.zeros(0, int)
    change.residents = int((sizes > 0).sum())
    _write_memberships(cursor, ground, group, sizes, resident, history, joins, at, run_id, decision_id, change)
    _write_reviews(cursor, ground, group, joins, blocked, configuration, at, run_id, is_first, change)
    return change


def groups_for(ground: Ground, configuration: Configuration) -> Any:
    """Answer the groups at the grade for analysis, as the smallest place of each; nothing is written."""
    return groups_at(ground, configuration.analysis, configuration)


def groups_at(ground: Ground, grade: Grade, configuration: Configuration) -> Any:
    """Answer the groups at any grade, as the smallest place of each; nothing is written."""
    return _clustered(ground, grade, configuration)[0]


def joining(ground: Ground, grade: Grade) -> Any:
    """Answer which edges join by themselves at a grade, as an array of yes and no."""
    of_method = np.isin(ground.method, list(grade.methods))
    return of_method & ((ground.method != CODES["scored"]) | (ground.weight >= grade.least_bits))


def _clustered(ground: Ground, grade: Grade, configuration: Configuration) -> tuple[Any, Any, list[Blocked[int]]]:
    both = ground.inside[ground.left] & ground.inside[ground.right] if ground.left.size else np.zeros(0, bool)
    joins = joining(ground, grade) & both
    evidence = Evidence(
        ground.left[joins], ground.right[joins], ground.weight[joins], np.isin(ground.method[joins], _CERTAIN)
    )
    source, details = ground.source, ground.details
    if grade.same_source:
        source = np.full(len(ground.ids), -1, dtype=np.int64)

        def details(places: Sequence[int]) -> Sequence[Node]:
            return [replace(node, source=None) for node in ground.details(places)]

    limits = Limits(ground.number, source, ground.died, ground.is_special, details)
    group, blocked = partition(
        len(ground.ids), evidence, limits, matches=ground.matches, nevers=ground.nevers,
        margin_bits=configuration.margin_bits, most_records=configuration.most_records,
    )  # fmt: skip
    return group, joins, blocked


@dataclass(slots=True)
class _History:
    """Where subjects are now, by open rows, and where they were before."""

    current: dict[int, UUID] = field(default_factory=dict)
    row: dict[int, int] = field(default_factory=dict)
    former: dict[int, list[UUID]] = field(default_factory=dict)


def _read_history(cursor: Any, ground: Ground) -> _History:
    history = _History()
    sql = "SELECT id, subject_id, resident_id, until IS NULL FROM identity_membership"
    if ground.is_everyone:
        cursor.execute(sql)
    else:
        cursor.execute(f"{sql} WHERE subject_id = ANY(%s)", [list(ground.ids)])
    place = {one: number for number, one in enumerate(ground.ids)}
    for row, subject, resident, is_open in cursor.fetchall():
        number = place.get(subject)
        if number is None:  # Intake kept and merged it after this run had read the subjects: the next run's.
            continue
        if is_open:
            history.current[number], history.row[number] = resident, row
        else:
            history.former.setdefault(number, []).append(resident)
    return history


def _residents(ground: Ground, group: Any, history: _History) -> Any:
    """Answer the place of the subject whose id is each one's resident; groups without a past need arrays only."""
    resident = group.copy()
    if not (history.current or history.former):
        return resident
    place = {one: number for number, one in enumerate(ground.ids)}
    with_past = {int(group[number]) for number in (*history.current, *history.former)}
    members: dict[int, list[int]] = {}
    order = np.argsort(group, kind="stable")
    bounds = np.searchsorted(group[order], sorted(with_past))
    ends = np.searchsorted(group[order], sorted(with_past), side="right")
    for key, start, end in zip(sorted(with_past), bounds.tolist(), ends.tolist(), strict=True):
        members[key] = [one for one in order[start:end].tolist() if ground.inside[one]]
    outside = -1  # an id that no subject of the ground has
    current = {number: place.get(one, outside) for number, one in history.current.items()}
    former = {number: [place.get(one, outside) for one in were] for number, were in history.former.items()}
    for number, chosen in resident_ids(filter(None, members.values()), current, former).items():
        resident[number] = chosen
    return resident


def _write_memberships(
    cursor: Any, ground: Ground, group: Any, sizes: Any, resident: Any, history: _History, joins: Any, at: datetime,
    run_id: int, decision_id: int | None, change: Change,
) -> None:  # fmt: skip
    in_group = (sizes[group] > 1) & ground.inside if len(ground.ids) else np.zeros(0, bool)
    stays = np.zeros(len(ground.ids), dtype=bool)
    ended = []
    for number, now in history.current.items():
        if not ground.inside[number]:
            continue
        if in_group[number] and ground.ids[int(resident[number])] == now:
            stays[number] = True
        else:
            ended.append(history.row[number])
    if ended:
        cursor.execute(
            "UPDATE identity_membership SET until = %s, ended_run_id = %s, ended_decision_id = %s WHERE id = ANY(%s)",
            [at, run_id or None, decision_id, ended],
        )
    change.parted = len(ended)
    fresh = np.flatnonzero(in_group & ~stays)
    change.joined = int(fresh.size)
    if not fresh.size:
        return
    method, weight = _strongest(ground, group, joins)
    for one, other in ground.matches:
        if group[one] == group[other]:
            method[[one, other]], weight[[one, other]] = CODES["review"], 0.0
    ids = subject_bytes(ground.ids)
    columns: dict[str, tuple[str, Any]] = {
        "subject_id": ("uuid", ids[fresh]),
        "resident_id": ("uuid", ids[resident[fresh]]),
        "since": ("timestamptz", at),
        "method": ("int2", method[fresh]),
        "weight": ("float8", weight[fresh]),
        "run_id": ("int4", run_id),
    }
    if decision_id is not None:
        columns["decision_id"] = ("int8", decision_id)
    copy_in(cursor, "identity_membership", int(fresh.size), columns)


def _strongest(ground: Ground, group: Any, joins: Any) -> tuple[Any, Any]:
    """Answer the method and bits of the strongest evidence within its group that each subject has."""
    method = np.full(len(ground.ids), CODES["review"], dtype=np.int64)
    weight = np.zeros(len(ground.ids))
    kept = np.flatnonzero(joins)
    kept = kept[group[ground.left[kept]] == group[ground.right[kept]]]
    kept = kept[np.argsort(ground.weight[kept], kind="stable")]
    for ends in (ground.left, ground.right):
        # The last assignment counts, which is the strongest; the second end must not undo a stronger first one.
        stronger = kept[ground.weight[kept] >= weight[ends[kept]]]
        method[ends[stronger]], weight[ends[stronger]] = ground.method[stronger], ground.weight[stronger]
    return method, weight


def _write_reviews(
    cursor: Any, ground: Ground, group: Any, joins: Any, blocked: list[Blocked[int]], configuration: Configuration,
    at: datetime, run_id: int, is_first: bool, change: Change,
) -> None:  # fmt: skip
    """Open a review for each two residents that may be one, of their strongest pair; close those without a reason."""
    wanted = _wanted_reviews(cursor, ground, group, joins, blocked, configuration, is_first)
    standing: dict[tuple[UUID, UUID], int] = {}
    if not is_first:
        sql = "SELECT id, left_id, right_id, reason FROM identity_review WHERE closed_at IS NULL"
        if ground.is_everyone:
            cursor.execute(sql)
        else:
            inside = [one for one, is_in in zip(ground.ids, ground.inside.tolist(), strict=True) if is_in]
            cursor.execute(f"{sql} AND (left_id = ANY(%(ids)s) OR right_id = ANY(%(ids)s))", {"ids": inside})
        rows = cursor.fetchall()
        gone = []
        # A run does not judge what it has not read: a pair that came up meanwhile stays open.
        judged = np.isin(subject_bytes([end for row in rows for end in row[1:3]]), subject_bytes(ground.ids))
        for (review, left, right, reason), is_judged in zip(rows, judged.reshape(-1, 2).all(axis=1), strict=True):
            if (left, right) in wanted or reason.startswith("merge_") or (ground.is_everyone and not is_judged):
                standing[left, right] = review
            else:
                gone.append(review)
        if gone:
            cursor.execute(
                "UPDATE identity_review SET closed_at = %s, outcome = 'resolved' WHERE id = ANY(%s)", [at, gone]
            )
            change.reviews_closed = len(gone)
    fresh = [(pair, said) for pair, said in wanted.items() if pair not in standing]
    statement = (
        "COPY identity_review "
        "(left_id, right_id, reason, method, weight, model_id, run_id, opened_at, outcome, unsure) FROM STDIN"
    )
    if not fresh:
        return
    with cursor.copy(statement) as copy:
        for (left, right), (reason, method, weight) in fresh:
            copy.write_row((left, right, reason, method, weight, 0, run_id, at, "", 0))
            change.reviews_opened[reason] = change.reviews_opened.get(reason, 0) + 1


def _wanted_reviews(
    cursor: Any, ground: Ground, group: Any, joins: Any, blocked: list[Blocked[int]], configuration: Configuration,
    is_first: bool,
) -> dict[tuple[UUID, UUID], tuple[str, int, float | None]]:  # fmt: skip
    key = _group_keys(cursor, ground, group, is_first)
    asked = np.isin(ground.method, list(_REASONS)) | (
        (ground.method == CODES["scored"]) & (ground.weight >= configuration.review_bits)
    )
    rows = np.flatnonzero(asked & ~joins & (key[ground.left] != key[ground.right])) if len(ground.ids) else []
    pairs = [
        (float(ground.weight[row]), int(ground.left[row]), int(ground.right[row]), int(ground.method[row]),
         _REASONS.get(int(ground.method[row]), "likely"))
        for row in rows
    ]  # fmt: skip
    # What would have joined and was forbidden comes before what is merely likely.
    pairs += [(one.weight + 10_000, one.left, one.right, CODES["scored"], one.reason) for one in blocked]
    best: dict[tuple[int, int], tuple[float, int, int, int, str]] = {}
    for found in sorted(pairs, key=lambda one: (-one[0], one[1], one[2])):
        _, left, right, _, _ = found
        if (left, right) in ground.settled or key[left] == key[right]:
            continue
        together = (min(int(key[left]), int(key[right])), max(int(key[left]), int(key[right])))
        best.setdefault(together, found)
    parted = {
        (min(int(key[one]), int(key[other])), max(int(key[one]), int(key[other]))) for one, other in ground.nevers
    }
    wanted: dict[tuple[UUID, UUID], tuple[str, int, float | None]] = {}
    for together, (weight, left, right, method, reason) in best.items():
        if (
            together in parted
        ):  # A person has said that these two residents are two; the rest of their pairs say no more.
            continue
        bits = weight - 10_000 if weight >= 9_000 else weight
        wanted[ground.ids[left], ground.ids[right]] = (reason, method, bits if abs(bits) < LADDER_WEIGHT else None)
    return wanted


def _group_keys(cursor: Any, ground: Ground, group: Any, is_first: bool) -> Any:
    """Answer a number for each subject's resident: that of its group, or, for neighbours, of where they are now."""
    key = group.copy()
    outside = np.flatnonzero(~ground.inside)
    if is_first or not outside.size:
        return key
    from joinedup.identity.residents import residents_of

    leads = residents_of([ground.ids[int(one)] for one in outside])
    numbers: dict[UUID, int] = {}
    for one in outside.tolist():
        resident = leads[ground.ids[one]]
        key[one] = numbers.setdefault(resident, len(ground.ids) + len(numbers))
    return key


def subject_bytes(ids: Sequence[UUID] | Any) -> Any:
    """Answer ids as an array of 16 bytes each."""
    if isinstance(ids, IdBytes):
        return ids.raw
    return np.frombuffer(b"".join(one.bytes for one in ids), dtype="S16") if len(ids) else np.zeros(0, "S16")


class IdBytes(Sequence[UUID]):
    """A million ids as bytes, each made a UUID only when it is asked for."""

    def __init__(self, raw: Any) -> None:
        self.raw = raw

    def __len__(self) -> int:
        return int(self.raw.size)

    def __getitem__(self, place: Any) -> Any:
        # NumPy drops zero bytes at the end of a text of bytes.
        return UUID(bytes=bytes(self.raw[place]).ljust(16, b"\0"))


def copy_in(cursor: Any, table: str, count: int, columns: Mapping[str, tuple[str, Any]]) -> None:
    """Add rows of fixed width by binary COPY, in the open transaction."""
    with cursor.copy(f"COPY {table} ({', '.join(columns)}) FROM STDIN (FORMAT BINARY)") as copy:
        copy.write(packed(count, columns))


def _codes(values: Sequence[str | None]) -> Any:
    known: dict[str, int] = {}
    return np.array([-1 if one is None else known.setdefault(one, len(known)) for one in values], dtype=np.int64)


def _ordinal(day: date | None) -> int:
    return day.toordinal() if day else -1
