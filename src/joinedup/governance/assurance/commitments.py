"""Commitments: what was promised, by whom, until when, and whether it was kept (rules: P5, C8, C9).

A commitment is met only by evidence that is dated on or before its day. At a change of bodies it passes to the
successor of its owner; where there are several successors somebody has to say which.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from joinedup.errors import RuleError, did_you_mean
from joinedup.governance.transition.offers import Offer, offer_stands
from joinedup.system import resolve

STATUSES: Final = ("open", "met", "broken", "superseded")


class CommitmentError(RuleError):
    """A commitment without source, owner, due date or test: nobody could say whether it was kept."""


class EvidenceTooLate(RuleError):
    """What was shown for a commitment is dated after its day, so that it cannot be met by it."""


class NoOneOwner(RuleError):
    """The owner's body went into several, or ended: somebody has to say who has the commitment now."""


@dataclass(frozen=True, slots=True)
class Commitment:
    """A promise: the line of its source, what it says, whose it is (a body's or post's code), until when, its test."""

    key: str
    source: str
    text: str
    owner: str
    due_on: date
    test: str

    def __post_init__(self) -> None:
        for name in ("source", "text", "owner", "test"):
            if not getattr(self, name).strip():
                raise CommitmentError(f"P5: commitment {self.key} needs its {name}.")


@dataclass(frozen=True, slots=True)
class Evidence:
    """What was shown for a commitment, dated, and what became of it by that; `told_on` is the day it was recorded."""

    text: str
    dated: date
    status: str
    told_on: date

    def __post_init__(self) -> None:
        if self.status not in STATUSES:
            raise CommitmentError(
                f"P5: '{self.status}' is no status of a commitment; expected {', '.join(STATUSES)}."
                f"{did_you_mean(self.status, STATUSES)}"
            )


def check_evidence(commitment: Commitment, evidence: Evidence) -> None:
    """Raise EvidenceTooLate or CommitmentError unless this evidence may make the commitment what it says."""
    if not evidence.text.strip():
        raise CommitmentError(f"P5: commitment {commitment.key} is not {evidence.status} without evidence in words.")
    if evidence.dated > evidence.told_on:
        raise CommitmentError(f"P5: evidence for {commitment.key} is dated {evidence.dated}, which is still to come.")
    if evidence.status == "met" and evidence.dated > commitment.due_on:
        raise EvidenceTooLate(
            f"P5: {commitment.key} was due on {commitment.due_on}; evidence dated {evidence.dated} comes too late to "
            "meet it. Record it as broken, or supersede it by a new commitment."
        )


def status_on(commitment: Commitment, evidence: Iterable[Evidence], on: date) -> str:
    """Answer how a commitment stands on a day: open, met, broken or superseded, by what was recorded last until then.

    Evidence that cannot have its effect (`check_evidence`) has none here either.
    """
    said = [one for one in evidence if one.told_on <= on]
    for one in sorted(said, key=lambda one: one.told_on, reverse=True):
        if one.status == "met" and one.dated > commitment.due_on:
            continue
        return one.status
    return "open"


def overdue(commitments: Iterable[tuple[Commitment, Sequence[Evidence]]], on: date) -> list[Commitment]:
    """Answer the open commitments whose day is over, the longest overdue first: they reach the next agenda."""
    found = [one for one, evidence in commitments if one.due_on < on and status_on(one, evidence, on) == "open"]
    return sorted(found, key=lambda one: (one.due_on, one.key))


def owner_on(owner: str, on: date, successions: Mapping[str, Mapping[date, set[str]]]) -> str:
    """Answer whose a commitment is on a day: its owner's, or the one body that the owner became by then.

    NoOneOwner where there are several; they are named.
    """
    found = resolve(owner, on, successions)
    if len(found) == 1:
        return next(iter(found))
    raise NoOneOwner(
        f"P5: {owner} is {', '.join(sorted(found)) or 'no body'} on {on}; say which of them has the commitment now."
    )


@dataclass(frozen=True, slots=True)
class PromiseReport:
    """Whether the three national promises to staff are kept: the posts that break one, and how many offers do."""

    posts: int
    changed_descriptions: tuple[str, ...]
    changed_terms: tuple[str, ...]
    without_offer: int

    @property
    def status(self) -> str:
        """Answer "met" or "broken"."""
        return "broken" if self.changed_descriptions or self.changed_terms or self.without_offer else "met"


def national_promises(
    descriptions: Mapping[str, tuple[str, str]], terms: Mapping[str, tuple[str, str]], offers: Iterable[Offer]
) -> PromiseReport:
    """Answer whether roles below senior level and terms stayed the same, and offers run long enough (P5, C8, C9).

    `descriptions` is {post: (version of the job description before, after)}, `terms` {post: (hash before, after)}.
    """
    return PromiseReport(
        len(descriptions),
        tuple(sorted(post for post, (before, after) in descriptions.items() if before != after)),
        tuple(sorted(post for post, (before, after) in terms.items() if before != after)),
        sum(not offer_stands(one) for one in offers),
    )
