"""Letting money and planning act on a decision once it stands; taking that back where another takes its place."""

from __future__ import annotations

from datetime import datetime

from joinedup.access import Grant, service_grant
from joinedup.governance import models
from joinedup.governance.acts.money import hand_to_money
from joinedup.governance.kept.boards import terms_on
from joinedup.governance.kept.decisions import CARRIED, day_decided, outcome_of
from joinedup.governance.kept.registers import lock
from joinedup.governance.meetings.asking_planning import plan_authority_asked
from joinedup.moment import Moment, now
from joinedup.planning import end_plan_authority, give_plan_authority, plan_authority


def let_act(decision: models.Decision, moment: Moment, *, by: str, at: datetime) -> str:
    """Give money and planning the authority that a decision asks for, once it stands; answers that of money, or "".

    Nothing is typed twice: all of it is the item's, id and reference the decision's. What the decision supersedes ends.
    In the caller's transaction; the same again changes nothing.
    """
    lock(f"decision {decision.reference}")
    if outcome_of(decision, moment) not in CARRIED:
        return ""
    _hand_to_planning(decision, moment)
    return hand_to_money(decision, moment, by=by, at=at)


def end_for_planning(decision: models.Decision, by: str) -> None:
    """Take planning's authority back where a decision fell, from today on."""
    end_plan_authority(_leave(decision), decision.reference, now().valid_on, f"Not ratified: {by}")


def _hand_to_planning(decision: models.Decision, moment: Moment) -> None:
    if plan_authority(decision.reference) is not None:
        return
    day = day_decided(decision)
    board, item = decision.board_id, decision.item
    name = terms_on(board, Moment(day, moment.known_at)).name
    place = f", item {item.number}" if item else ""
    asked = plan_authority_asked(
        decision.asks or {}, reference=decision.reference, given_by=board, reason=f"{name}, {day}{place}", on=day
    )
    before = decision.supersedes_id or ""
    if asked is not None:
        give_plan_authority(_leave(decision), asked, supersedes=before)
    elif before:
        end_plan_authority(_leave(decision), before, now().valid_on, f"Superseded by decision {decision.reference}")


def _leave(decision: models.Decision) -> Grant:
    return service_grant(
        f"board {decision.board_id}", "Let planning act on a decision", f"decision {decision.reference}"
    )
