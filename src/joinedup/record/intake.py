"""Taking deliveries in: one transaction for each batch, with everything that belongs to it.

A batch commits its resources, search values, subjects, relationships, quarantine, place in the ledger and audit
together or not at all. Killed anywhere, the next load goes on after the last batch that committed: nothing is lost and
nothing comes twice. Each shard of a delivery is read by one process at a time, so that what a source says of one
patient is kept in its order.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import UUID

import orjson
from django.db import connection, transaction
from psycopg import Cursor

from joinedup.access import Grant, Relationship, keep_relationships, record
from joinedup.errors import Unavailable
from joinedup.feeds import (
    Batch,
    EncounterEvent,
    Resource,
    SetAside,
    Source,
    amended,
    fold,
    ledger,
    message_outcome,
    resource_id,
)
from joinedup.identity import SubjectSeen, keep_subjects, matching_fields
from joinedup.record import handing_over
from joinedup.record.extract import clinical_time, tokens
from joinedup.record.handover import handovers_in
from joinedup.record.merges import author_merge_links, keep_for_later, merge
from joinedup.record.relations import ties_in
from joinedup.record.store import Stored, copy_resources, digest, is_same, sent_patients

PERMISSION = "record.intake"
EARLIEST_YEAR, LATEST_YEAR = 1800, 9000  # of a source's own times; what programs read back ends at the year 9999


@dataclass(slots=True)
class Kept:
    """What became of a batch: resources added (new versions among them), unchanged, set aside, repeated messages."""

    read: int = 0
    added: int = 0
    unchanged: int = 0
    set_aside: int = 0
    repeated: int = 0
    not_mapped: int = 0
    late: int = 0
    merges: int = 0
    reasons: dict[str, int] = field(default_factory=dict)
    warnings: dict[str, int] = field(default_factory=dict)
    refused: list[SetAside] = field(default_factory=list)

    def counts(self) -> dict[str, int]:
        """Answer the plain numbers, for the audit and the progress."""
        names = ("read", "added", "unchanged", "set_aside", "repeated", "not_mapped", "late", "merges")
        return {name: getattr(self, name) for name in names}


def store_batch(grant: Grant, delivery: ledger.Delivery, source: Source, shard: int, batch: Batch) -> Kept:
    """Store one batch in one transaction and move the ledger's position; answers what became of it.

    Raises Unavailable when another process has moved the position meanwhile: then nothing is stored.
    """
    grant.must_be_for(PERMISSION)
    with transaction.atomic():
        kept = keep(grant, delivery, source, batch)
        settle_batch(grant, delivery, source, shard, batch, kept)
    return kept


def settle_batch(grant: Grant, delivery: ledger.Delivery, source: Source, shard: int, batch: Batch, kept: Kept) -> None:
    """Say in the ledger and the audit what became of a batch that was kept in this transaction."""
    ledger.keep_set_aside(delivery.id, kept.refused)
    if not ledger.advance(delivery.id, shard, batch, kept):
        raise Unavailable("Another process is taking in the same delivery. Wait for its end, then load again.")
    details = {"source": source.key, "shard": shard, "to": batch.position, **kept.counts()}
    record(grant, "record.intake", f"delivery:{delivery.id}", details=details)


def keep(
    grant: Grant, delivery: ledger.Delivery, source: Source, batch: Batch, *, accepts_used_ids: bool = False
) -> Kept:
    """Store what is in a batch, in the caller's transaction; what could not be taken is in the answer's `refused`.

    `accepts_used_ids` takes messages whose id was used before: somebody has decided that they count.
    """
    kept = Kept(read=batch.read, not_mapped=batch.not_mapped, warnings=dict(batch.warnings))
    kept.refused = list(batch.set_aside)
    dropped = set() if accepts_used_ids else _refuse_seen(source, batch, kept)
    resources = [one for one in batch.resources if one.position not in dropped] if dropped else batch.resources
    events = [one for one in batch.events if one.position not in dropped]
    resources = [*resources, *_stays(delivery, source, events, kept)]
    _forget_impossible_times(resources, kept)
    _whole_patients(delivery, source, resources, kept)
    fresh = _new_versions(delivery, source, resources, kept)
    copy_resources([stored for stored, _ in fresh])
    patients = [(stored, one) for stored, one in fresh if stored.type == "Patient"]
    keep_subjects(
        [
            SubjectSeen(one.id, source, one.source_id, matching_fields(one.content), stored.event_at)
            for stored, one in patients
        ]
    )
    keep_relationships(_relationships(delivery, source, fresh))
    handing_over.keep(handovers_in((one for _, one in fresh), source), delivery.received_at)
    merges = [one for one in batch.merges if one.position not in dropped]
    author_merge_links({one.id for _, one in patients})
    if delivery.shards > 1:
        # The other patient may be another process's, and not be kept yet.
        keep_for_later(delivery.id, merges)
    else:
        kept.merges = merge(grant, source, merges)
    kept.set_aside = len(kept.refused)
    for one in kept.refused:
        kept.reasons[one.reason] = kept.reasons.get(one.reason, 0) + 1
    return kept


def _refuse_seen(source: Source, batch: Batch, kept: Kept) -> set[int]:
    """Answer the positions of messages that came before; those that reuse an id for something else are set aside."""
    if not batch.messages:
        return set()
    ids, digests = [one[0] for one in batch.messages], [one[1] for one in batch.messages]
    seen: dict[str, set[bytes]] = {}
    for message_id, sha256 in ledger.seen_messages(source.key, ids, digests).items():
        seen[message_id] = {sha256}
    dropped: set[int] = set()
    new = []
    for message_id, sha256, position, raw in batch.messages:
        before = seen.setdefault(message_id, set())
        outcome = message_outcome(sha256 if sha256 in before else next(iter(before), None), sha256, source.id_unique)
        if outcome == "accepted":
            before.add(sha256)
            new.append((message_id, sha256))
            continue
        dropped.add(position)
        if outcome == "duplicate":
            kept.repeated += 1
        else:
            # Kept as well, so that the same bytes again are a repetition and not another one to be decided.
            before.add(sha256)
            new.append((message_id, sha256))
            says = "another message bore this id (MSH-10); expected an id of its own"
            kept.refused.append(SetAside(position, "id-reused", "MSH-10", says, raw))
    ledger.keep_messages(source.key, new)
    return dropped


def _stays(delivery: ledger.Delivery, source: Source, events: Sequence[EncounterEvent], kept: Kept) -> list[Resource]:
    """Keep ADT events and answer the Encounter that each stay's events, old and new, fold into."""
    if not events:
        return []
    by_stay: dict[UUID, dict[str, EncounterEvent]] = {}
    for event in events:
        by_stay.setdefault(resource_id(source.key, "Encounter", event.encounter), {})[_event_key(event)] = event
    subjects = {
        stay: resource_id(source.key, "Patient", next(iter(told.values())).patient) for stay, told in by_stay.items()
    }
    before: dict[UUID, list[EncounterEvent]] = {}
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT e.encounter_id, e.message_id, e.event FROM record_stayevent e
                 JOIN unnest(%s::uuid[], %s::uuid[]) AS asked (subject, stay)
                   ON e.subject_id = asked.subject AND e.encounter_id = asked.stay""",
            [list(subjects.values()), list(subjects)],
        )
        for stay, message_id, told in cursor.fetchall():
            by_stay[stay].pop(message_id, None)  # It came before, and is kept as it came.
            told = orjson.loads(told) if isinstance(told, str) else told
            before.setdefault(stay, []).append(EncounterEvent.from_json(told))
        rows = [
            (subjects[stay], stay, key, delivery.id, orjson.dumps(event.to_json()).decode())
            for stay, told in by_stay.items()
            for key, event in told.items()
        ]
        statement = "COPY record_stayevent (subject_id, encounter_id, message_id, delivery_id, event) FROM STDIN"
        with cursor.copy(statement) as copy:
            for row in rows:
                copy.write_row(row)
    folded = []
    for stay, told in by_stay.items():
        every = [*before.get(stay, ()), *told.values()]
        content, flags = fold(every)
        if content is None or not told:
            continue
        for flag in flags:
            kept.warnings[flag] = kept.warnings.get(flag, 0) + 1
        last = max(every, key=lambda event: (event.event_at, event.sequence))
        folded.append(
            Resource(
                "Encounter",
                last.encounter,
                stay,
                subjects[stay],
                orjson.dumps(content),
                content,
                last.event_at,
                max(event.position for event in told.values()),
            )
        )
    return folded


def _forget_impossible_times(resources: Iterable[Resource], kept: Kept) -> None:
    """Take a time that no source can mean for none: it would order the versions wrongly, and may be unreadable."""
    for one in resources:
        if one.event_at is not None and not EARLIEST_YEAR <= one.event_at.year < LATEST_YEAR:
            one.event_at = None
            kept.warnings["impossible-time"] = kept.warnings.get("impossible-time", 0) + 1


def _event_key(event: EncounterEvent) -> str:
    """Answer what tells an event of a stay from its others: a source whose ids are not unique may use one twice."""
    return f"{event.message_id}@{event.trigger}@{event.event_at.isoformat()}"


def _whole_patients(delivery: ledger.Delivery, source: Source, resources: Sequence[Resource], kept: Kept) -> None:
    """Make whole Patients of what HL7 v2 messages say: an empty field is no change, so what was said before stays.

    A message that comes late only fills what nothing newer has said; that a newer one removed a part is then
    forgotten. We have not seen a sender do both.
    """
    patients = [one for one in resources if one.type == "Patient"]
    if source.format != "hl7v2" or not patients:
        return
    newest = {row.id: (row.event_at, row.content) for row in sent_patients({one.id for one in patients})}
    for one in patients:
        event_at = one.event_at or delivery.received_at
        if one.id in newest:
            known_at, known = newest[one.id]
            if event_at >= known_at:
                one.content = amended(known, one.content, one.removes)
            else:
                kept.late += 1
                one.content = amended(one.content, known)
                event_at = known_at
            one.body = orjson.dumps(one.content)
        one.event_at = event_at
        newest[one.id] = (event_at, one.content)


def _new_versions(
    delivery: ledger.Delivery, source: Source, resources: Sequence[Resource], kept: Kept
) -> list[tuple[Stored, Resource]]:
    """Answer the versions to add: of what is new, and of what differs from what is kept of it (rules: record R4)."""
    known = _known(resources)
    at = datetime.now(UTC)
    fresh = []
    for one in resources:
        event_at = one.event_at or delivery.received_at
        sha = digest(one.body)
        versions = known.setdefault(one.id, [])
        sent = [version for version in versions if version.is_sent]
        if sent:
            current = max(sent, key=lambda version: (version.event_at, version.number))
            repeats = [current, *(v for v in sent if one.event_at and v.event_at == event_at)]
            if any(v.sha == sha or is_same(v.content, one.content) for v in repeats):
                kept.unchanged += 1
                continue
            kept.late += event_at < current.event_at
        number = len(versions) + 1
        versions.append(_Known(event_at, number, sha, True, one.body))
        starts, ends = clinical_time(one.type, one.content)
        fresh.append(
            (
                Stored(
                    one.subject_id,
                    one.id,
                    number,
                    one.type,
                    source.key,
                    delivery.id,
                    one.position,
                    event_at,
                    at,
                    starts,
                    ends,
                    tokens(one.type, one.content),
                    sha,
                    None,
                    one.body,
                ),
                one,
            )
        )
    kept.added = len(fresh)
    return fresh


class _Known(NamedTuple):
    """What is kept of a resource: one version, and whether its source sent it."""

    event_at: datetime
    number: int
    sha: bytes
    is_sent: bool
    body: bytes

    @property
    def content(self) -> dict[str, Any]:
        return orjson.loads(self.body)  # type: ignore[no-any-return]


def _known(resources: Sequence[Resource]) -> dict[UUID, list[_Known]]:
    """Answer the versions of each of these resources that is kept.

    Most resources of a first load belong to subjects of whom nothing is kept, so the subjects are asked for first:
    there are far fewer of them. Arrays go to the server in binary, which costs a tenth of writing them out as text.
    """
    found: dict[UUID, list[_Known]] = {}
    with connection.cursor() as wrapped:
        cursor = Cursor(wrapped.connection)
        cursor.execute(
            """SELECT asked FROM unnest(%b::uuid[]) AS asked
                WHERE EXISTS (SELECT FROM record_resource WHERE subject_id = asked)""",
            [list({one.subject_id for one in resources})],
        )
        subjects = {row[0] for row in cursor.fetchall()}
        asked = [one for one in resources if one.subject_id in subjects]
        if not asked:
            return found
        cursor.execute(
            """SELECT r.id, r.event_at, r.version, r.digest, r.author IS NULL, r.body
                 FROM (SELECT DISTINCT * FROM unnest(%b::uuid[], %b::uuid[])) AS asked (subject_id, id)
                 JOIN record_resource r ON r.subject_id = asked.subject_id AND r.id = asked.id
                ORDER BY r.version""",
            [[one.subject_id for one in asked], [one.id for one in asked]],
            binary=True,
        )
        for id_, *version in cursor.fetchall():
            found.setdefault(id_, []).append(_Known(*version))
    return found


def _relationships(
    delivery: ledger.Delivery, source: Source, fresh: Iterable[tuple[Stored, Resource]]
) -> list[Relationship]:
    return [
        Relationship(
            one.subject_id, tie.organisation, tie.kind, tie.starts, tie.ends, one.id, delivery.id, stored.event_at
        )
        for stored, one in fresh
        for tie in ties_in(one.type, one.content, source.setting, source.organisation)
    ]
