"""A decision: its states and outcomes, what never changes about it, and what takes its place (rules: B6, B7, Q6, V12).

    draft -> tabled -> open -> decided -> published -> ratified, superseded

What was decided, under which governance model and on which paper never changes once it is published, nor once the
minutes are approved. A change is a new decision that supersedes it; the old one stays readable under its own rule.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from joinedup.errors import RuleError, did_you_mean
from joinedup.governance.meetings.papers import Pin

MEETING_KINDS: Final = {
    "decision": "Decision meeting",
    "development": "Development meeting",
    "seminar": "Seminar",
    "extraordinary": "Extraordinary meeting",
    "urgent": "Urgent decision",
}
WITHOUT_DECISIONS: Final = frozenset({"development", "seminar"})
OUTCOMES: Final = {
    "carried": "Carried",
    "carried_for_adopters": "Carried for those who adopt it",
    "not_carried": "Not carried",
    "referred": "Referred",
    "deferred": "Deferred",
    "not_quorate": "Not quorate",
}
METHODS: Final = ("consensus", "vote", "delegated", "urgent")
AFTER: Final[Mapping[str, tuple[str, ...]]] = {
    "draft": ("tabled",),
    "tabled": ("open", "draft"),
    "open": ("decided",),
    "decided": ("published",),
    "published": ("ratified", "superseded"),
    "ratified": ("superseded",),
    "superseded": (),
}
FIXED: Final = frozenset({"published", "ratified", "superseded"})


class MeetingCannotDecide(RuleError):
    """A meeting of this kind records notes, never decisions."""


class StateRefused(RuleError):
    """A decision does not go from this state to that one."""


class DecisionFixed(RuleError):
    """A decision that is published, or whose minutes are approved, does not change."""


@dataclass(frozen=True, slots=True)
class Dissent:
    """Why a person was against a decision, in the person's own words."""

    person: str
    text: str

    def __post_init__(self) -> None:
        if not self.text.strip():
            raise RuleError("Q6: a dissent is the person's own text; it is empty.")


@dataclass(frozen=True, slots=True)
class Decision:
    """What a board decided on an item, under which governance model (`model`), on which versions of which papers."""

    reference: str
    model: str
    method: str
    papers: tuple[Pin, ...] = ()
    state: str = "draft"
    outcome: str | None = None
    tally: str = ""
    dissents: tuple[Dissent, ...] = ()
    supersedes: str = ""
    decided_at: datetime | None = None
    minutes_approved: bool = False

    def __post_init__(self) -> None:
        for what, value, known in (("method", self.method, METHODS), ("state", self.state, tuple(AFTER))):
            if value not in known:
                raise RuleError(f"B7: the {what} '{value}' is unknown; expected {', '.join(known)}.")
        check_outcome(self.outcome)
        if (self.outcome is not None) != (self.state not in ("draft", "tabled", "open")):
            raise RuleError(
                f"B7: a decision that is {self.state} has the outcome {self.outcome}; one of them is wrong."
            )

    @property
    def is_fixed(self) -> bool:
        """Published, or minuted: nothing that was decided changes any more."""
        return self.state in FIXED or self.minutes_approved


def check_may_decide_in(kind: str) -> None:
    """Raise MeetingCannotDecide for a development meeting or a seminar (B6); RuleError for an unknown kind."""
    if kind not in MEETING_KINDS:
        raise RuleError(
            f"B6: '{kind}' is no kind of meeting; expected {', '.join(MEETING_KINDS)}."
            f"{did_you_mean(kind, MEETING_KINDS)}"
        )
    if kind in WITHOUT_DECISIONS:
        raise MeetingCannotDecide(f"B6: A {kind} meeting cannot decide; put the item to a decision meeting")


def needs_quorum(kind: str) -> bool:
    """Answer whether a meeting of this kind needs a quorum: those that record only notes do not (B6)."""
    return kind not in WITHOUT_DECISIONS


def check_outcome(outcome: str | None) -> None:
    """Raise RuleError, with the nearest, for a word that is no outcome; None is "not yet"."""
    if outcome is not None and outcome not in OUTCOMES:
        raise RuleError(
            f"B7: '{outcome}' is no outcome; expected {', '.join(OUTCOMES)}.{did_you_mean(outcome, OUTCOMES)}"
        )


def move_decision(decision: Decision, to: str) -> Decision:
    """Answer the decision in its next state; StateRefused when it cannot go there. `decide_item` makes it decided."""
    allowed = AFTER[decision.state]
    if to not in allowed or to == "decided":
        raise StateRefused(
            f"B7: {decision.reference} is {decision.state} and cannot become '{to}'; possible: "
            f"{', '.join(allowed) or 'nothing'}."
        )
    return replace(decision, state=to)


def decide_item(
    decision: Decision, outcome: str, *, at: datetime, tally: str = "", dissents: Iterable[Dissent] = ()
) -> Decision:
    """Answer the open decision with its outcome, the tally and the dissents; StateRefused unless it is open."""
    if decision.state != "open":
        raise StateRefused(f"B7: {decision.reference} is {decision.state}; only an open item is decided.")
    check_outcome(outcome)
    return replace(decision, state="decided", outcome=outcome, tally=tally, dissents=tuple(dissents), decided_at=at)


def correct_decision(decision: Decision, *, outcome: str, tally: str = "") -> Decision:
    """Answer a decided item with what the minutes should say; DecisionFixed once it is published or minuted."""
    if decision.is_fixed:
        raise DecisionFixed(
            f"B7: {decision.reference} is {decision.state}{' and minuted' * decision.minutes_approved}; it does not "
            "change. Put a new decision to a meeting that supersedes it."
        )
    if decision.state != "decided":
        raise StateRefused(f"B7: {decision.reference} is {decision.state}; there is no outcome to correct.")
    check_outcome(outcome)
    return replace(decision, outcome=outcome, tally=tally or decision.tally)


def approve_minutes(decision: Decision) -> Decision:
    """Answer the decision as minuted: from now on it is fixed."""
    if decision.outcome is None:
        raise StateRefused(f"B7: {decision.reference} is {decision.state}; minutes hold decisions that were taken.")
    return replace(decision, minutes_approved=True)


def supersede(old: Decision, new: Decision) -> tuple[Decision, Decision]:
    """Answer both: the old as superseded, the new with `supersedes`; what the old one says does not change.

    The new one must have been carried; StateRefused otherwise, or when the old one is not published or has been
    superseded before.
    """
    if new.outcome not in ("carried", "carried_for_adopters"):
        raise StateRefused(f"B7: {new.reference} is not carried and supersedes nothing.")
    if new.supersedes not in ("", old.reference) or new.reference == old.reference:
        raise StateRefused(f"B7: {new.reference} supersedes {new.supersedes or 'itself'}, not {old.reference}.")
    if new.supersedes == "" and new.is_fixed:
        raise DecisionFixed(f"B7: {new.reference} is fixed and was not taken to supersede {old.reference}.")
    return move_decision(old, "superseded"), replace(new, supersedes=old.reference)


def newest_of(reference: str, superseded_by: Mapping[str, str]) -> str:
    """Answer the decision that stands today in the place of one: {old: new} followed to its end.

    RuleError for a circle, which no order of decisions can make.
    """
    seen = [reference]
    while (following := superseded_by.get(seen[-1])) is not None:
        if following in seen:
            raise RuleError(f"B7: {', '.join(seen)} supersede each other in a circle; correct one of them.")
        seen.append(following)
    return seen[-1]


def minute(decision: Decision) -> tuple[str, ...]:
    """Answer the lines of a decision in the minutes: outcome with the tally, then each dissent as it was said (Q6)."""
    if decision.outcome is None:
        return (f"{decision.reference}: no decision was taken.",)
    said = OUTCOMES[decision.outcome] + (f" {decision.tally}" if decision.tally else "")
    return (f"{decision.reference}: {said}.", *(f"Dissent: {one.text.strip()}" for one in decision.dissents))
