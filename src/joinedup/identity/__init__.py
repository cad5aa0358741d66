"""Which source records are one resident."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from joinedup.identity.analysis import AnalysisGroups, analysis_groups, subjects_by_number
    from joinedup.identity.linking import link
    from joinedup.identity.merges import apply_merges, merge_links
    from joinedup.identity.residents import (
        identity_events,
        pending_reviews_for,
        resident_of,
        residents_of,
        subjects_of,
        subjects_of_many,
    )
    from joinedup.identity.search import find_candidates
    from joinedup.identity.services import decide, undo_merge, unmerge
    from joinedup.identity.standardise import MatchingFields, matching_fields
    from joinedup.identity.subjects import keep_subjects
    from joinedup.identity.values import (
        METHOD_TITLES,
        REVIEW_REASONS,
        Candidate,
        IdentityEvent,
        LinkReport,
        MergeApplied,
        PendingReview,
        SubjectSeen,
    )

__all__ = [
    "METHOD_TITLES",
    "REVIEW_REASONS",
    "AnalysisGroups",
    "Candidate",
    "IdentityEvent",
    "LinkReport",
    "MatchingFields",
    "MergeApplied",
    "PendingReview",
    "SubjectSeen",
    "analysis_groups",
    "apply_merges",
    "decide",
    "find_candidates",
    "identity_events",
    "keep_subjects",
    "link",
    "matching_fields",
    "merge_links",
    "pending_reviews_for",
    "resident_of",
    "residents_of",
    "subjects_by_number",
    "subjects_of",
    "subjects_of_many",
    "undo_merge",
    "unmerge",
]

_HOMES = {
    "analysis": ("AnalysisGroups", "analysis_groups", "subjects_by_number"),
    "linking": ("link",),
    "merges": ("apply_merges", "merge_links"),
    "residents": (
        "identity_events",
        "pending_reviews_for",
        "resident_of",
        "residents_of",
        "subjects_of",
        "subjects_of_many",
    ),
    "search": ("find_candidates",),
    "services": ("decide", "undo_merge", "unmerge"),
    "standardise": ("MatchingFields", "matching_fields"),
    "subjects": ("keep_subjects",),
    "values": (
        "METHOD_TITLES",
        "REVIEW_REASONS",
        "Candidate",
        "IdentityEvent",
        "LinkReport",
        "MergeApplied",
        "PendingReview",
        "SubjectSeen",
    ),
}


def __getattr__(name: str) -> Any:
    for module, names in _HOMES.items():
        if name in names:
            return getattr(import_module(f"joinedup.identity.{module}"), name)
    raise AttributeError(f"module 'joinedup.identity' has no attribute '{name}'")
