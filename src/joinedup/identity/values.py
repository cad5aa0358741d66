"""The words of the room: a subject as it is compared, a candidate, an event, and the codes that tables keep."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from joinedup.feeds import Source
from joinedup.identity.standardise import MatchingFields

# How two subjects are known to be one; the number is what tables keep, so none is ever given anew.
METHODS = {
    1: "nhs+dob",
    2: "nhs+partial",
    3: "local_id",
    4: "exact_demographic",
    5: "scored",
    6: "review",
    7: "merge_message",
    8: "undo",
    9: "number_conflict",
    10: "different_numbers",
}
CODES = {name: code for code, name in METHODS.items()}
METHOD_TITLES = {
    "nhs+dob": "Same verified NHS number and date of birth",
    "nhs+partial": "Same NHS number, and name and date of birth agree in part",
    "local_id": "Same number at the same organisation, and date of birth",
    "exact_demographic": "Same name, date of birth and postcode",
    "scored": "Likely by name, date of birth, place and contacts",
    "review": "Decided by a person",
    "merge_message": "Merged by the source (A40)",
    "undo": "Undone by a person",
    "number_conflict": "Same NHS number, another person's details",
    "different_numbers": "Alike, but with two NHS numbers",
}
# Why a pair waits for a person (rules: population PA5, PA9; record R22, R23).
REVIEW_REASONS = {
    "number_conflict": "One NHS number, but birth date or names say two people",
    "likely": "Probably one person, below the grade that joins by itself",
    "second_candidate": "More than one record fits as well",
    "different_numbers": "Alike in all else, but with two NHS numbers",
    "same_source": "Two records of one source, which keeps no duplicates",
    "death_dates": "Two dates of death",
    "too_many": "Together they would be more than 20 records",
    "never_match": "A person said that these are two people",
    "merge_reversed": "The source merged them the other way round before",
    "merge_unknown": "The source merged a patient that it never sent",
    "merge_against_decision": "The source merged what a person had said are two people",
}
LADDER_WEIGHT = 1000.0  # bits; beyond any score, so that what the ladder decides is joined first


@dataclass(frozen=True, slots=True)
class SubjectSeen:
    """What intake hands over of one Patient: whose it is, what it gives to compare, and the source's time of it."""

    subject_id: UUID
    source: Source
    source_id: str
    fields: MatchingFields
    seen_at: datetime


@dataclass(frozen=True, slots=True)
class Candidate:
    """A resident who may be the one asked for: `score` from 0 to 1. No demographics: they are read with a Grant."""

    resident_id: UUID
    subject_ids: tuple[UUID, ...]
    score: float


@dataclass(frozen=True, slots=True)
class IdentityEvent:
    """A move of one subject: it joined a resident, or was parted from one.

    `kind` is joined, merged (by the source), parted or undone. `weight` is in bits and None where no score decided.
    """

    at: datetime
    kind: str
    subject_id: UUID
    resident_id: UUID
    method: str
    weight: float | None
    actor: str
    reason: str


@dataclass(frozen=True, slots=True)
class PendingReview:
    """A pair that waits for a person, seen from one of its subjects: the other one's source, no demographics."""

    review_id: int
    subject_id: UUID
    other_subject_id: UUID
    other_source: str
    other_organisation: str
    reason: str
    opened_at: datetime


@dataclass(frozen=True, slots=True)
class MergeApplied:
    """What became of one merge message: `outcome` is applied, repeated or review (then `reason` says why)."""

    survivor_id: UUID
    gone_id: UUID
    outcome: str
    reason: str = ""


@dataclass(slots=True)
class LinkReport:
    """What a run of linking did. Counts are of subjects, edges by method, residents, reviews by reason."""

    kind: str
    model: str
    linked: int = 0
    subjects: int = 0
    residents: int = 0
    edges: dict[str, int] = field(default_factory=dict)
    joined: int = 0
    parted: int = 0
    reviews_opened: dict[str, int] = field(default_factory=dict)
    reviews_closed: int = 0
    capped_blocks: int = 0
    seconds: dict[str, float] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        if self.kind == "nothing":
            return "Nothing waits to be linked."
        took = sum(self.seconds.values())
        lines = [
            f"{self.linked:,} of {self.subjects:,} records linked ({self.kind}, model {self.model}) in {took:.1f} s.",
            f"{self.joined:,} records joined, {self.parted:,} parted.",
        ]
        if self.edges:
            lines.append("Evidence: " + ", ".join(f"{name} {many:,}" for name, many in self.edges.items()) + ".")
        if self.reviews_opened:
            opened = ", ".join(f"{reason} {many:,}" for reason, many in sorted(self.reviews_opened.items()))
            lines.append(f"For a person to decide: {opened}.")
        return "\n".join([*lines, *self.notes])

    def as_json(self) -> dict[str, Any]:
        """Answer the report as plain values."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}
