"""The posts of a system's accountable officer as kept, and what is wrong with them on a day (rule G4)."""

from __future__ import annotations

from joinedup.governance import models
from joinedup.governance.boards.accountable_officer import OfficerPost, officer_faults
from joinedup.governance.boards.governance_models import NoModel
from joinedup.governance.kept.boards import partnership_board_of
from joinedup.governance.kept.decisions import model_of_system
from joinedup.governance.kept.registers import visible
from joinedup.moment import Moment

LEADER = "leader"


def officer_faults_of(system: str, moment: Moment) -> list[str]:
    """Answer in sentences what is wrong with the accountable officer of a system on a day; none where nothing is.

    The officer holds the leader's seat of the partnership board; other posts are the leader's seats of other boards,
    each a post of the body that the seat is held for, or of the board's first body. Nothing is said of a system that
    is under no model, has no partnership board, or a board without such a seat.
    """
    top = partnership_board_of(system, moment)
    try:
        model = model_of_system(system, moment)
    except NoModel:
        return []
    seats = {(one.board_id, one.key): one for one in visible(models.Seat, moment, category=LEADER)}
    if not top or not any(board == top for board, _seat in seats):
        return []
    boards = {one.key: one for one in models.Board.objects.filter(pk__in={board for board, _seat in seats})}
    leaders = {
        line.person
        for line in visible(models.SeatHolding, moment, board=top)
        if (top, line.seat) in seats and line.status != "deputy"
    }
    posts = []
    for line in visible(models.SeatHolding, moment, person__in=sorted(leaders)):
        if (line.board_id, line.seat) not in seats or line.status == "deputy":
            continue
        board = boards[line.board_id]
        body = system if line.board_id == top else line.on_behalf_of or next(iter(board.joint_of), board.key)
        role = "accountable_officer" if line.board_id == top else "chief_executive"
        posts.append(OfficerPost(body, role, line.valid.lower, line.valid.upper))
    members = models.Board.objects.get(pk=top).joint_of
    return officer_faults(model, posts, system=system, members=members, on=moment.valid_on)
