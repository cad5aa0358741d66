"""What comes of a decision under its model: adoption by each member, or the board's majority (rules: G2, G3, V15).

adoption_outcome(model, partners, positions, decided_on=day, today=day, is_quorate=True).bound
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from joinedup.errors import RuleError, did_you_mean
from joinedup.governance.boards.governance_models import GovernanceModel
from joinedup.governance.meetings.voting import Tally, decide_by_majority

STATUSES: Final = ("adopted", "conditional", "declined", "none")


class AdoptionRefused(RuleError):
    """A body's word on a decision is not taken: it is no partner, too late, or names no duty."""


@dataclass(frozen=True, slots=True)
class Position:
    """What a member body says to a decision, under which of its duties, on a day; its last word counts.

    `condition_met_on` is when the condition of a `conditional` adoption was met.
    """

    body: str
    status: str
    on: date
    duty: str = ""
    condition_met_on: date | None = None

    def __post_init__(self) -> None:
        if self.status not in STATUSES:
            raise RuleError(
                f"G2: '{self.status}' is no position; expected {', '.join(STATUSES)}."
                f"{did_you_mean(self.status, STATUSES)}"
            )


@dataclass(frozen=True, slots=True)
class AdoptionResult:
    """Who is bound by a decision on a day. Bound, pending and unbound share nobody and are all partners (V15).

    `outcome` is None while partners may still speak and not all of them have; `last_day` is the last for that.
    """

    outcome: str | None
    bound: tuple[str, ...]
    pending: tuple[str, ...]
    unbound: tuple[str, ...]
    last_day: date

    @property
    def needs_escalation(self) -> bool:
        """Some partners are bound and some are not: somebody must take that to the partnership board."""
        return self.outcome == "carried_for_adopters"


@dataclass(frozen=True, slots=True)
class BoardResult:
    """What a board that binds its body decided, and whom it binds. Dissent is minuted and stops nothing."""

    outcome: str
    binds: str
    dissents: int


def last_day_to_adopt(model: GovernanceModel, decided_on: date) -> date:
    """Answer the last day on which a partner's word counts; that day is in time (G2)."""
    if not model.adoption_required or model.adoption_days is None:
        raise RuleError(f"G2: under '{model.title}' nobody adopts decisions; the board binds its body.")
    return decided_on + timedelta(days=model.adoption_days)


def check_position(model: GovernanceModel, position: Position, partners: Collection[str], *, decided_on: date) -> None:
    """Raise AdoptionRefused unless this word of a body is taken: a partner's, in time, naming the duty (G2)."""
    if position.body not in partners:
        raise AdoptionRefused(
            f"G2: {position.body} is no partner of this decision.{did_you_mean(position.body, partners)}"
        )
    last = last_day_to_adopt(model, decided_on)
    if not decided_on <= position.on <= last:
        raise AdoptionRefused(
            f"G2: {position.body} speaks on {position.on}; expected {decided_on} to {last}. A body that was silent is "
            "unbound; put a new decision to the board."
        )
    if model.adoption_names_duty and position.status in ("adopted", "conditional") and not position.duty.strip():
        raise AdoptionRefused(f"G2: {position.body} names no duty of its own under which it adopts; add it.")


def adoption_outcome(
    model: GovernanceModel,
    partners: Collection[str],
    positions: Iterable[Position],
    *,
    decided_on: date,
    today: date,
    is_quorate: bool,
) -> AdoptionResult:
    """Answer what a joint committee's decision has come to by the end of a day (G2).

    Not quorate: not_quorate, and nobody is bound. Then: all adopt, carried; some, carried_for_adopters; none,
    not_carried; while partners are pending and still may speak, None. Each body's last word by `today` counts; silence
    after the last day is unbound, and so is a conditional adoption until its condition is met. Nobody has a veto: a
    body that declines leaves only itself unbound. AdoptionRefused for a word that should not have been taken.
    """
    last_day = last_day_to_adopt(model, decided_on)
    everybody = tuple(sorted(set(partners)))
    if not everybody:
        raise RuleError("G2: a decision of a joint committee has partners; none was given.")
    word: dict[str, Position] = {}
    for position in sorted(positions, key=lambda one: one.on):
        check_position(model, position, everybody, decided_on=decided_on)
        if position.on <= today:
            word[position.body] = position
    if not is_quorate:
        return AdoptionResult("not_quorate", (), (), everybody, last_day)
    bound = tuple(one for one in everybody if one in word and _binds(word[one], today))
    silent = {one for one in everybody if one not in word or word[one].status == "none"}
    pending = tuple(one for one in everybody if one in silent and today <= last_day)
    unbound = tuple(one for one in everybody if one not in bound and one not in pending)
    outcome = None
    if not pending:
        outcome = "not_carried" if not bound else ("carried_for_adopters" if unbound else "carried")
    return AdoptionResult(outcome, bound, pending, unbound, last_day)


def _binds(position: Position, today: date) -> bool:
    if position.status == "conditional":
        return position.condition_met_on is not None and position.condition_met_on <= today
    return position.status == "adopted"


def board_outcome(
    model: GovernanceModel, votes: Tally, *, is_quorate: bool, casting: str | None = None, dissents: int = 0
) -> BoardResult:
    """Answer what a board that binds its body decided: not_quorate, carried or not_carried (G3, Q3).

    RuleError under a model that decides by consensus and adoption.
    """
    if model.decides_by != "majority":
        raise RuleError(f"G3: '{model.title}' decides by {model.decides_by} and adoption, not by majority.")
    if not is_quorate:
        return BoardResult("not_quorate", "", dissents)
    outcome = decide_by_majority(votes, casting=casting)
    return BoardResult(outcome, model.binds if outcome == "carried" else "", dissents)
