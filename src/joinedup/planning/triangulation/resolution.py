"""How a disagreement is settled: by whom, by when, and what both sides said (rule MD6).

open -> assigned -> proposed -> accepted (by both) -> closed, or escalated -> arbitrated -> closed. Every step is kept;
the state is that after the last one. All partners see every gap, owner and resolution.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from joinedup.errors import Refused, RuleError, did_you_mean
from joinedup.planning.plans.deadlines import working_day_after
from joinedup.planning.plans.plan_lines import Code, Number
from joinedup.planning.plans.versions import IllegalTransition, Person, plain
from joinedup.planning.triangulation.disagreements import Disagreement

PROPOSALS = ("adjust_commissioner", "adjust_provider", "both", "explain", "accept_gap")
ADJUSTMENTS = PROPOSALS[:3]  # those that change a figure
NEEDS_TEXT = PROPOSALS[3:]
ACTIONS = ("assign", *PROPOSALS, "accept", "reject", "escalate", "arbitrate", "close")
# state -> the acts that are possible in it
MAY: dict[str, tuple[str, ...]] = {
    "open": ("assign", *PROPOSALS, "escalate"),
    "assigned": ("assign", *PROPOSALS, "escalate"),
    "proposed": ("accept", "reject", *PROPOSALS, "escalate"),
    "accepted": ("close",),
    "escalated": ("arbitrate",),
    "arbitrated": ("close",),
    "closed": (),
}
LEAST_REASON = 10  # characters


class ReasonRequired(RuleError):
    """This act needs a text that says why, or until when it holds."""


@dataclass(frozen=True, slots=True)
class Step:
    """One act on a gap: what, by whom, on which day, with which values, reason and expiry."""

    action: str
    by: Person
    on: date
    values: tuple[tuple[str, Any], ...] = ()
    reason: str = ""
    expires: date | None = None


@dataclass(frozen=True, slots=True)
class Gap:
    """A disagreement on its way to being settled. `due` and `escalate_on` are days that still count as in time."""

    id: str
    disagreement: Disagreement
    owner: Code
    opened: date
    due: date
    escalate_on: date
    state: str = "open"
    accepted_by: frozenset[Code] = frozenset()
    steps: tuple[Step, ...] = ()

    @property
    def sides(self) -> tuple[Code, Code]:
        """Commissioner and provider; both must accept. Without a commissioner (own staff) the provider is both."""
        pair = self.disagreement.pair
        return pair.commissioner or pair.provider, pair.provider

    @property
    def proposal(self) -> Step | None:
        """The proposal that stands, or None."""
        return next((step for step in reversed(self.steps) if step.action in PROPOSALS), None)


def gap_id(disagreement: Disagreement) -> str:
    """Answer a name of the gap that stays the same from one comparison to the next, whatever the figures."""
    reason = "year" if disagreement.reason == "year" else "line"
    text = "\x1f".join((reason, *map(str, disagreement.pair[:7])))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def who_must_resolve(disagreement: Disagreement) -> Code:
    """Answer the body that owns a gap until it is assigned: the side without a figure, else the commissioner."""
    pair = disagreement.pair
    return pair.provider if disagreement.reason == "commissioner only" else pair.commissioner or pair.provider


def open_gap(
    disagreement: Disagreement, *, on: date, holidays: Collection[date], due_days: int = 5, escalate_days: int = 10
) -> Gap:
    """Answer a disagreement as an open gap: due 5 working days after `on`, to be escalated after 10."""
    if not 0 < due_days <= escalate_days:
        raise RuleError(f"MD6: due after {due_days} and escalated after {escalate_days} working days; due comes first.")
    return Gap(
        gap_id(disagreement),
        disagreement,
        who_must_resolve(disagreement),
        on,
        working_day_after(on, due_days, holidays),
        working_day_after(on, escalate_days, holidays),
    )


def resolve(
    gap: Gap,
    action: str,
    *,
    by: Person,
    on: date,
    values: Mapping[str, Any] | None = None,
    reason: str = "",
    expires: date | None = None,
) -> Gap:
    """Answer the gap after an act of a person on a day.

    assign: `values` {"owner": body, "due": date}, either may be left out. A proposal (adjust_commissioner and
    adjust_provider with `values` {"value": number}, both with {"commissioner": number, "provider": number}, explain and
    accept_gap with a reason and an expiry) counts as accepted by the proposer's side. accept: the other side agrees,
    and when both have, the gap is accepted. reject: back to assigned, with a reason. escalate and arbitrate need a
    reason; arbitrate also {"decision_id": …}. close: what was agreed has been done; `values` may name the new versions,
    {"commissioner_version": id, "provider_version": id}. The figures of a rate are in per cent.

    IllegalTransition for an act that the state does not allow, ReasonRequired for a missing text, expiry or decision,
    Refused for somebody who acts for neither side, RuleError for values that the act does not take.
    """
    if action not in ACTIONS:
        raise RuleError(
            f"MD6: '{action}' is no act; expected one of {', '.join(ACTIONS)}.{did_you_mean(action, ACTIONS)}"
        )
    if action not in MAY[gap.state]:
        allowed = ", ".join(MAY[gap.state]) or "nothing"
        raise IllegalTransition(f"MD6: the gap {gap.id} is {gap.state}; '{action}' is not possible, only {allowed}.")
    given = dict(values or {})
    _must_say(action, given, reason, expires, on)
    step = Step(action, by, on, tuple(sorted(given.items())), reason.strip(), expires)
    after = replace(gap, steps=(*gap.steps, step))
    if action == "assign":
        due = given.get("due", gap.due)
        if due < on:
            raise RuleError(f"MD6: due on {due}, before today, {on}; give a later day.")
        return replace(after, state="assigned", owner=given.get("owner", gap.owner), due=due)
    if action in PROPOSALS:
        return _with(after, {_side(gap, by)})
    if action == "accept":
        side = _side(gap, by)
        if side in gap.accepted_by:
            raise IllegalTransition(f"MD6: {side} has accepted the gap {gap.id} already; the other side must.")
        return _with(after, {*gap.accepted_by, side})
    if action == "reject":
        _side(gap, by)
        return replace(after, state="assigned", accepted_by=frozenset())
    state = {"escalate": "escalated", "arbitrate": "arbitrated", "close": "closed"}[action]
    return replace(after, state=state)


def is_settled(gap: Gap, on: date) -> bool:
    """Answer whether a gap stands in nobody's way on a day: closed, and what was explained has not expired."""
    if gap.state != "closed":
        return False
    proposal = gap.proposal
    arbitrated = any(step.action == "arbitrate" for step in gap.steps)
    return arbitrated or proposal is None or proposal.expires is None or on < proposal.expires


def is_late(gap: Gap, on: date) -> bool:
    """Answer whether a gap should have been settled before a day."""
    return gap.state not in ("closed", "accepted", "arbitrated") and on > gap.due


def must_escalate(gap: Gap, on: date) -> bool:
    """Answer whether a gap has waited longer than it may without the system deciding."""
    return gap.state in ("open", "assigned", "proposed") and on > gap.escalate_on


def resolutions_hash(gaps: Iterable[Gap]) -> str:
    """Answer the SHA-256 of what was resolved: gap, state, and each step with its values; in any order of gaps."""
    lines = []
    for gap in gaps:
        steps = [
            [s.action, s.by.id, s.by.body, str(s.on), [[k, _text(v)] for k, v in s.values], s.reason, str(s.expires)]
            for s in gap.steps
        ]
        lines.append(repr([gap.id, gap.state, gap.owner, steps]))
    return hashlib.sha256("\n".join(sorted(lines)).encode()).hexdigest()


def _with(gap: Gap, accepted: set[Code]) -> Gap:
    done = accepted >= set(gap.sides)
    return replace(gap, state="accepted" if done else "proposed", accepted_by=frozenset(accepted))


def _side(gap: Gap, by: Person) -> Code:
    if by.body not in gap.sides:
        raise Refused(f"MD6: only {' and '.join(gap.sides)} can settle this gap; you act for {by.body}.")
    return by.body


def _must_say(action: str, values: Mapping[str, Any], reason: str, expires: date | None, on: date) -> None:
    takes = {
        "assign": {"owner", "due"},
        "adjust_commissioner": {"value"},
        "adjust_provider": {"value"},
        "both": {"commissioner", "provider"},
        "arbitrate": {"decision_id"},
        "close": {"commissioner_version", "provider_version"},
    }.get(action, set())
    if set(values) - takes or (action in PROPOSALS and set(values) != takes):
        said = ", ".join(sorted(takes)) or "no values"
        raise RuleError(f"MD6: '{action}' takes {said}; given: {', '.join(sorted(values)) or 'none'}.")
    if action in (*NEEDS_TEXT, "reject", "escalate", "arbitrate") and len(reason.strip()) < LEAST_REASON:
        raise ReasonRequired(f"MD6: '{action}' needs a reason of at least {LEAST_REASON} characters, for all partners.")
    if action in NEEDS_TEXT and (expires is None or expires <= on):
        raise ReasonRequired(f"MD6: '{action}' needs the day on which it expires, after {on}.")
    if action == "arbitrate" and not str(values.get("decision_id", "")).strip():
        raise ReasonRequired("MD6: 'arbitrate' needs the decision_id of the decision that settles it.")


def _text(value: Number | date | str) -> str:
    return str(value) if isinstance(value, date | str) else plain(value)
