"""What joinedup itself says about a source's patient: into whom it was merged (rules: record R22).

The sender's own versions stay as they came. Ours follows them, authored by us; undoing a merge is another version.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import orjson

from joinedup.access import Grant
from joinedup.feeds import Merge, Source, subject_id
from joinedup.identity import apply_merges, merge_links
from joinedup.record.extract import tokens
from joinedup.record.models import PendingMerge
from joinedup.record.store import OWN, copy_resources, current_patients, digest, is_same, sent_patients


def merge(grant: Grant, source: Source, merges: Sequence[Merge]) -> int:
    """Honour a source's merges in the open transaction, and say so in the Patients; answers how many were applied."""
    if not merges:
        return 0
    applied = apply_merges(grant, source.key, merges)
    author_merge_links({subject_id(source.key, one) for pair in merges for one in (pair.survivor, pair.gone)})
    return sum(one.outcome == "applied" for one in applied)


def keep_for_later(delivery_id: int, merges: Iterable[Merge]) -> None:
    """Keep merges until every process that reads the delivery has ended."""
    PendingMerge.objects.bulk_create(
        PendingMerge(
            delivery_id=delivery_id, position=one.position, survivor=one.survivor, gone=one.gone,
            event_at=one.event_at, message_id=one.message_id,
        )
        for one in merges
    )  # fmt: skip


def merge_what_waits(grant: Grant, source: Source, delivery_id: int) -> int:
    """Honour the merges that were kept for the end of a delivery, in the open transaction; answers how many."""
    waiting = list(PendingMerge.objects.filter(delivery_id=delivery_id).order_by("position", "id"))
    merges = [Merge(one.survivor, one.gone, one.event_at, one.message_id, one.position) for one in waiting]
    applied = merge(grant, source, merges)
    # A queue, not a record: what came of each stands in identity, with its message.
    PendingMerge.objects.filter(pk__in=[one.pk for one in waiting]).delete()
    return applied


def author_merge_links(subjects: Iterable[UUID]) -> int:
    """Add a version to each Patient that does not say the merges that identity knows of; answers how many.

    Works in the caller's open transaction. Called whenever a source says something new of a patient, after each merge,
    and (settings: JOINS_CHANGED) after each undoing and each decision of a person.
    """
    links = merge_links(subjects)
    if not links:
        return 0
    at = datetime.now(UTC)
    sent = {row.subject_id: row for row in sent_patients(links)}
    added = []
    for current, newest in current_patients(links):
        row = sent[current.subject_id]
        said = with_links(row.content, links[row.subject_id])
        if not is_same(said, current.content):
            body = orjson.dumps(said)
            added.append(
                row._replace(
                    version=newest + 1,
                    delivery_id=None,
                    stored_at=at,
                    digest=digest(body),
                    author=OWN,
                    body=body,
                    tokens=tokens("Patient", said),
                )
            )
    copy_resources(added)
    return len(added)


def with_links(sent: Mapping[str, Any], links: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """Answer the Patient as its source sent it, saying these merges too: (kind, the source's id of the other) pairs.

    One that is `replaced-by` another is inactive. Without a merge it is what the source sent, and nothing else.
    """
    said = dict(sent)
    own = [{"other": {"reference": f"Patient/{other}"}, "type": kind} for kind, other in links]
    if any(kind == "replaced-by" for kind, _ in links):
        said["active"] = False
    if own:
        before = sent.get("link", [])
        said["link"] = [*before, *(one for one in own if one not in before)]
    return said
