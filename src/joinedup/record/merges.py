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
from joinedup.record.store import OWN, copy_resources, current_patients, digest


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

    Works in the caller's open transaction; called whenever a source says something new of a patient, and after each
    merge and each undoing.
    """
    wanted = list(subjects)
    if not wanted:
        return 0
    links = merge_links(wanted)
    at = datetime.now(UTC)
    added = []
    for row, newest in current_patients(wanted):
        if row.subject_id not in links and row.author is None:
            continue
        said = with_links(row.content, links.get(row.subject_id, ()))
        sha = digest(said)
        if sha != row.digest:
            added.append(
                row._replace(
                    version=newest + 1,
                    delivery_id=None,
                    stored_at=at,
                    digest=sha,
                    author=OWN,
                    body=orjson.dumps(said),
                    tokens=tokens("Patient", said),
                )
            )
    copy_resources(added)
    return len(added)


def with_links(patient: Mapping[str, Any], links: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """Answer the Patient saying exactly these merges, as (kind, the source's id of the other patient) pairs.

    A Patient that is `replaced-by` another is inactive; one that no longer is, is active again.
    """
    before = patient.get("link", [])
    others = [one for one in before if one.get("type") not in {"replaced-by", "replaces"}]
    own = [{"other": {"reference": f"Patient/{other}"}, "type": kind} for kind, other in links]
    said = {key: value for key, value in patient.items() if key != "link"}
    if any(kind == "replaced-by" for kind, _ in links):
        said["active"] = False
    elif any(one.get("type") == "replaced-by" for one in before):
        said["active"] = True
    if others or own:
        said["link"] = [*others, *own]
    return said
