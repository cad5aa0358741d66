"""Who is one person for analysis: a wider grade of evidence than for care, and read whole (`thresholds.toml`).

For care a wrong join shows one person's record to another's clinician; for figures about thousands a missed join is as
bad as a wrong one. So analysis joins from the threshold of best F1 on. Nothing is written.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID


@dataclass(frozen=True, slots=True)
class AnalysisGroups:
    """Which subjects are one person for analysis, with what identifies them, and by which model and thresholds.

    `group_of` leads from each subject to the smallest subject of its person. `numbers` are the person's NHS numbers,
    `verified` those that a source has verified; people without one are not in them.
    """

    group_of: dict[UUID, UUID]
    numbers: dict[UUID, tuple[str, ...]]
    verified: dict[UUID, tuple[str, ...]]
    source_of: dict[UUID, str]
    linkage: dict[str, Any] = field(default_factory=dict)


def analysis_groups() -> AnalysisGroups:
    """Answer the persons of analysis, of all subjects that are linked by now.

    Subjects that wait to be linked stand alone until they are; `linkage` counts them.
    """
    from django.db import connection

    from joinedup.identity import configuration, grouping, linking

    in_force = configuration.in_force()
    with connection.cursor() as wrapped:
        cursor = wrapped.cursor
        cursor.execute("SELECT subject_id, nhs_number, is_verified, source FROM identity_subject ORDER BY subject_id")
        subjects = cursor.fetchall()
        group_of: dict[UUID, UUID] = {}
        if subjects:
            with linking.everything(cursor) as ground:
                ids = list(ground.ids)
                groups = grouping.groups_for(ground, in_force).tolist()
            group_of = {one: ids[place] for one, place in zip(ids, groups, strict=True)}
        cursor.execute("SELECT count(DISTINCT subject_id) FROM identity_unlinked")
        (waiting,) = cursor.fetchone()
        cursor.execute("SELECT version, digest FROM identity_model ORDER BY id DESC LIMIT 1")
        model = cursor.fetchone()
    numbers: dict[UUID, set[str]] = {}
    verified: dict[UUID, set[str]] = {}
    for subject, number, is_verified, _ in subjects:
        group = group_of.setdefault(subject, subject)
        if number:
            numbers.setdefault(group, set()).add(number)
            if is_verified:
                verified.setdefault(group, set()).add(number)
    return AnalysisGroups(
        group_of,
        {group: tuple(sorted(found)) for group, found in numbers.items()},
        {group: tuple(sorted(found)) for group, found in verified.items()},
        {subject: source for subject, _, _, source in subjects},
        {
            "grade": "analysis",
            "model": model[0] if model else None,
            "model_digest": model[1] if model else None,
            "least_bits": in_force.analysis.least_bits,
            "thresholds": in_force.version,
            "subjects": len(subjects),
            "persons": len(set(group_of.values())),
            "waiting_to_be_linked": waiting,
        },
    )


def subjects_by_number() -> tuple[dict[str, frozenset[UUID]], frozenset[UUID]]:
    """Answer the subjects of each NHS number that a source has verified, and the subjects without a verified number.

    For the custodian, who turns pseudonyms back at the source; nothing is linked or written.
    """
    from django.db import connection

    by_number: dict[str, set[UUID]] = {}
    others = set()
    with connection.cursor() as cursor:
        cursor.execute("SELECT subject_id, CASE WHEN is_verified THEN nhs_number END FROM identity_subject")
        for subject, number in cursor.fetchall():
            if number:
                by_number.setdefault(number, set()).add(subject)
            else:
                others.add(subject)
    return {number: frozenset(subjects) for number, subjects in by_number.items()}, frozenset(others)
