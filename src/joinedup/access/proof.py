"""Verifying: everything that was sealed is computed again and compared with the database and with the heads outside.

What the outside says counts, because whoever can write in the database cannot write there. Where it says nothing of a
segment, the database's own hashes are used and the gap is named.

What stays open, and is said in every report: entries written since the last sealing. They carry a signature, so one
that is put in or changed by hand shows; one that is deleted together with its place in the queue does not.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from joinedup.access.audit import signature
from joinedup.access.chain import ZERO, Misfit, misfits, swapped
from joinedup.access.heads import Block, Head, Heads
from joinedup.access.sealing import (
    bodies_of,
    heads_of,
    locked,
    segment_in_database,
    segments_in_database,
    table_of,
)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it was sealed, where it is (entry, segment; None where that is unknown), in words."""

    kind: str
    entry_id: int | None
    segment: int | None
    says: str


@dataclass(frozen=True, slots=True)
class Report:
    """What a verification found. `open_entries` wait for the next sealing and are not proved yet."""

    log: str
    segments: int
    entries: int
    open_entries: int
    interrupted: bool
    findings: tuple[Finding, ...] = field(default=())

    @property
    def holds(self) -> bool:
        return not self.findings

    def as_dict(self) -> dict[str, Any]:
        return {**asdict(self), "holds": self.holds}


def verify(log: str = "audit", *, with_heads: bool = True) -> Report:
    """Answer whether a log is as it was written, and if not, every place where it is not.

    Finds edits, deletions, swaps, insertions, cut ends and rewritten histories. Reads everything: about ten seconds a
    million entries. Sealing waits meanwhile; writing does not. `with_heads=False` believes the database alone and
    therefore misses cut ends and rewritten hashes; it exists to show that the heads are needed.

    Where the log's room keeps the same in tables of its own, these are proved against the texts too
    (settings.LOG_PROOFS).
    """
    from django.db import connection, transaction

    table = table_of(log)
    with transaction.atomic(), connection.cursor() as cursor:
        locked(cursor, log)
        report = _verified(cursor, log, table, heads_of(log) if with_heads else None)
        return replace(report, findings=(*report.findings, *_proof_of_room(log)))


def _proof_of_room(log: str) -> Iterator[Finding]:
    """What the room of a log finds in its own tables."""
    from django.conf import settings
    from django.utils.module_loading import import_string

    prove = getattr(settings, "LOG_PROOFS", {}).get(log)
    if prove:
        for entry_id, says in import_string(prove)():
            yield Finding("table", entry_id, None, says)


def _verified(cursor: Any, log: str, table: str, heads: Heads | None) -> Report:
    findings: list[Finding] = []
    outside: Mapping[int, Head] = {}
    if heads is not None:
        outside, wrong = heads.read()
        findings += [Finding("head", None, None, text) for text in wrong]
    inside = segments_in_database(cursor, log)
    waiting, changed = _waiting(cursor, log, table)
    interrupted = False
    entries = 0
    before = ZERO
    for number in sorted({*inside, *outside}):
        there = segment_in_database(cursor, log, number)
        signed = outside.get(number)
        sealed = heads.block(signed) if heads is not None and signed is not None else None
        if heads is not None and sealed is None:
            what = "the hashes of its entries outside are gone or changed" if signed else "has no head outside"
            findings.append(Finding("head", None, number, f"segment {number}: {what}"))
        if sealed is None:
            if there is None:
                continue
            findings += _own_faults(there, before)
            sealed = there
        bodies = bodies_of(cursor, table, sealed.entry_ids)
        unfit = misfits(sealed.previous_head, sealed.entry_ids, sealed.hashes, bodies)
        if there is None:
            is_next = number == max([0, *inside]) + 1 and number == max(outside)
            if is_next and not unfit and waiting.issuperset(sealed.entry_ids):
                interrupted = True
                continue
            first = sealed.entry_ids[0]
            says = f"segment {number} ({len(sealed.entry_ids)} entries from {first}) is not in the database: cut off"
            findings.append(Finding("segment gone", first, number, says))
        elif there is not sealed:
            findings += _differences(there, sealed)
        findings += _unfit(unfit, number)
        entries += len(sealed.entry_ids)
        before = there.head if there is not None and there.hashes else sealed.head
    findings += _strangers(cursor, log, table, outside, heads)
    findings += changed
    return Report(log, len(inside), entries, len(waiting), interrupted, tuple(findings))


def _own_faults(block: Block, before: bytes) -> Iterator[Finding]:
    """What the database's own segment shows by itself, where nothing outside can be asked."""
    if block.previous_head != before:
        first = block.entry_ids[0] if block.entry_ids else None
        yield Finding("segment", first, block.number, f"segment {block.number} does not continue the one before it")


def _differences(there: Block, sealed: Block) -> Iterator[Finding]:
    """Where the database's segment is not the one that the outside knows: at its first entry that differs."""
    if (there.entry_ids, there.hashes, there.previous_head) == (
        sealed.entry_ids,
        sealed.hashes,
        sealed.previous_head,
    ):
        return
    ours = zip(sealed.entry_ids, sealed.hashes, strict=True)
    theirs = list(zip(there.entry_ids, there.hashes, strict=False))
    first = next(
        (pair[0] for at, pair in enumerate(ours) if at >= len(theirs) or theirs[at] != pair),
        there.entry_ids[len(sealed.entry_ids)] if len(there.entry_ids) > len(sealed.entry_ids) else None,
    )
    place = f" from entry {first} on" if first is not None else ""
    says = f"segment {sealed.number}: the database's hashes were rewritten{place}; the head outside tells"
    yield Finding("segment rewritten", first, sealed.number, says)
    for added in sorted(set(there.entry_ids).difference(sealed.entry_ids)):
        says = f"entry {added} was put into segment {sealed.number} after it was sealed"
        yield Finding("inserted", added, sealed.number, says)


def _unfit(unfit: list[Misfit], number: int) -> Iterator[Finding]:
    exchanged = swapped(unfit) if len(unfit) <= 500 else {}
    for misfit in unfit:
        if misfit.body is None:
            yield Finding("deleted", misfit.entry_id, number, f"entry {misfit.entry_id} was deleted")
        elif misfit.entry_id in exchanged:
            says = f"entry {misfit.entry_id} was swapped: it holds the text of entry {exchanged[misfit.entry_id]}"
            yield Finding("swapped", misfit.entry_id, number, says)
        else:
            yield Finding("edited", misfit.entry_id, number, f"entry {misfit.entry_id} was edited after it was sealed")


def _waiting(cursor: Any, log: str, table: str) -> tuple[set[int], list[Finding]]:
    """The queue: the ids that wait as they were written, and those that somebody touched."""
    cursor.execute(
        f"SELECT entry_id, signature, body FROM access_unsealed LEFT JOIN {table} ON id = entry_id WHERE log = %s",  # noqa: S608  # nosec B608
        [log],
    )
    good, changed = set(), []
    for entry_id, signed_with, body in cursor:
        if body is None:
            says = f"entry {entry_id} was deleted before it was sealed"
            changed.append(Finding("deleted", entry_id, None, says))
        elif bytes(signed_with) != signature(log, entry_id, body.encode()):
            says = f"entry {entry_id} was written or changed by hand before it was sealed"
            changed.append(Finding("inserted", entry_id, None, says))
        else:
            good.add(entry_id)
    return good, changed


def _strangers(
    cursor: Any, log: str, table: str, outside: Mapping[int, Head], heads: Heads | None
) -> Iterator[Finding]:
    """Entries that neither a segment nor the queue knows: put in by hand."""
    # One statement, so that an entry written this moment is seen with its place in the queue or not at all.
    cursor.execute(
        f"SELECT id FROM {table} EXCEPT SELECT entry_id FROM access_unsealed WHERE log = %s"  # noqa: S608  # nosec B608
        " EXCEPT SELECT unnest(entry_ids) FROM access_segment WHERE log = %s ORDER BY id",
        [log, log],
    )
    strangers = {row[0] for row in cursor.fetchall()}
    if strangers and heads is not None:
        # The outside may know them although the database's segment was cut off or rewritten: those are named above.
        for head in outside.values():
            block = heads.block(head)
            strangers.difference_update(block.entry_ids if block else ())
    for entry_id in sorted(strangers):
        yield Finding("inserted", entry_id, None, f"entry {entry_id} was put in by hand: no act wrote it")
