"""Handing money its authority when a decision that asks for it stands, and ending that of the one it supersedes."""

from __future__ import annotations

from datetime import datetime

from joinedup.access import service_grant
from joinedup.governance import models
from joinedup.governance.kept.boards import terms_on
from joinedup.governance.kept.decisions import CARRIED, day_decided, outcome_of
from joinedup.governance.kept.registers import lock
from joinedup.governance.meetings.asking_money import authority_asked
from joinedup.governance.meetings.asking_planning import of_money
from joinedup.moment import Moment, now
from joinedup.money import give_authority, revoke_authority


def hand_to_money(decision: models.Decision, moment: Moment, *, by: str, at: datetime) -> str:
    """Give money the authority that a decision asks for, once it stands; answers its id, "" where there is none.

    Nothing is typed twice: amount, supplier and days are the item's, id and reference the decision's. The authority of
    a decision that this one supersedes ends on the day on which this one's begins, or today. In the caller's
    transaction; the same again changes nothing.
    """
    lock(f"decision {decision.reference}")
    if outcome_of(decision, moment) not in CARRIED or models.GivenAuthority.objects.filter(decision=decision).exists():
        return ""
    before = models.GivenAuthority.objects.filter(decision=decision.supersedes_id).first()
    board = decision.board_id
    leave = service_grant(f"board {board}", "Let money act on a decision", f"decision {decision.reference}")
    asks = of_money(decision.asks or {})
    if not asks or not decision.amount_pence:
        if before is not None:
            revoke_authority(leave, before.authority, now().valid_on, f"Superseded by decision {decision.reference}")
        return ""
    item = decision.item
    place = f", item {item.number}" if item else ""
    name = terms_on(board, Moment(day_decided(decision), moment.known_at)).name
    asked = authority_asked(
        asks, decision.amount_pence, reference=decision.reference, given_by=board,
        reason=f"{name}, {day_decided(decision)}{place}",
    )  # fmt: skip
    given = give_authority(leave, asked, supersedes=before.authority if before is not None else "")
    models.GivenAuthority.objects.create(decision=decision, authority=given.id, by=by, at=at)
    return given.id
