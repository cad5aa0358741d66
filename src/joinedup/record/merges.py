"""What joinedup itself says about a source's patient: into whom it was merged (rules: record R22).

The sender's own versions stay as they came. Ours follows them, authored by us; undoing a merge is another version.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import orjson

from joinedup.identity import merge_links
from joinedup.record.extract import tokens
from joinedup.record.store import OWN, copy_resources, current_patients, digest


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
