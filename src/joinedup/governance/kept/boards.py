"""Boards as kept: their terms, seats and holders on a day, by what was known at an instant, as the rules take them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from joinedup.errors import NotFound, RuleError, did_you_mean
from joinedup.governance import models
from joinedup.governance.boards import seats
from joinedup.governance.kept.registers import believed, visible
from joinedup.governance.meetings.quorum import read_quorum_rule
from joinedup.moment import Moment


def board_of(key: str) -> models.Board:
    """Answer a board by its key; NotFound, with the nearest, for none."""
    found = models.Board.objects.filter(pk=key).first()
    if found is None:
        keys = models.Board.objects.values_list("pk", flat=True)
        raise NotFound(f"There is no board '{key}'.{did_you_mean(key, keys)}")
    return found


def terms_on(board: str, moment: Moment) -> models.BoardTerms:
    """Answer the terms of a board on a day; RuleError on a day on which it has none."""
    held = visible(models.BoardTerms, moment, board=board)
    if not held:
        board_of(board)
        raise RuleError(f"B2: {board} has no terms on {moment.valid_on}: it does not sit on that day.")
    return held[0]


def seat_on(board: str, key: str, moment: Moment) -> models.Seat:
    """Answer a seat of a board on a day; NotFound, with the nearest, for none."""
    held = {seat.key: seat for seat in visible(models.Seat, moment, board=board)}
    if key not in held:
        raise NotFound(f"The board {board} has no seat '{key}' on {moment.valid_on}.{did_you_mean(key, held)}")
    return held[key]


def board_at(board: str, moment: Moment) -> seats.Board:
    """Answer the seats that a board has on a day, with their holders of that day, as the rules take them."""
    kept = visible(models.Seat, moment, board=board)
    keys = {seat.key for seat in kept}
    return seats.Board(
        tuple(
            seats.Seat(
                seat.key, seat.title, seat.category, seat.voting, seat.required, seat.max_holders, seat.valid.lower,
                seat.valid.upper, frozenset(seat.also),
            )
            for seat in kept
        ),
        tuple(
            seats.Holding(line.seat, line.person, line.valid.lower, line.valid.upper, line.status, line.on_behalf_of)
            for line in visible(models.SeatHolding, moment, board=board)
            if line.seat in keys
        ),
    )  # fmt: skip


def holdings_of(person: str, moment: Moment) -> list[models.SeatHolding]:
    """Answer the seats that a person holds on a day, of any board."""
    return visible(models.SeatHolding, moment, person=person)


def chairs_on(board: seats.Board, moment: Moment) -> list[str]:
    """Answer who holds a seat of the chair on a day."""
    held = board.holders_on(moment.valid_on)
    return sorted({one for seat in board.seats if seat.category == "chair" for one in held.get(seat.key, ())})


def person_of_account(actor: str, moment: Moment) -> str:
    """Answer which person a user is on a day; NotFound where nobody has said."""
    held = visible(models.MemberAccount, moment, actor=actor)
    if not held:
        raise NotFound("Your account is linked with no person of a board. Ask the board secretary to link it.")
    return held[0].person


def left_board_on(board: str, person: str, moment: Moment) -> str:
    """Answer since which day a person holds no seat, as text; "" for one who never did by that day."""
    ends = [
        line.valid.upper
        for line in believed(models.SeatHolding, moment.known_at, board=board, person=person)
        if line.valid.upper is not None and line.valid.upper <= moment.valid_on
    ]
    return str(max(ends)) if ends else ""


def checked_quorum(said: Mapping[str, Any]) -> dict[str, Any]:
    """Answer the quorum of terms in a form that is kept; QuorumRuleError where it is none."""
    read_quorum_rule(said)
    return dict(said)


def partnership_board_of(system: str, moment: Moment) -> str:
    """Answer the key of a system's partnership board on a day, "" where it has none."""
    found = models.BoardTerms.objects.filter(
        board__system=system, board__is_partnership_board=True, valid__contains=moment.valid_on,
        known__contains=moment.known_at,
    )  # fmt: skip
    return found.values_list("board", flat=True).first() or ""
