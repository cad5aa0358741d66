"""What lies between boards and those who scrutinise them, and the instructions they have, by what was known (P7)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from joinedup.governance import models
from joinedup.governance.assurance.scrutiny import Standing, standing_on
from joinedup.governance.transition.instructions import Instruction
from joinedup.moment import Moment


@dataclass(frozen=True, slots=True)
class Matter:
    """A matter with what was said about it by a day: what was asked back, the first answer, and how it stands."""

    row: models.Referral
    asked: tuple[models.ReferralReply, ...]
    answer: models.ReferralReply | None
    standing: Standing


def matters_on(moment: Moment, *, board: str = "", public_only: bool = False) -> list[Matter]:
    """Answer the matters of a day by what was known: those that wait first, the longest waiting at the top."""
    rows = models.Referral.objects.filter(referred_on__lte=moment.valid_on, at__lte=moment.known_at)
    if board:
        rows = rows.filter(board=board)
    if public_only:
        rows = rows.filter(is_public=True)
    found = []
    for row in rows.select_related("board").prefetch_related("replies"):
        said = sorted(
            (one for one in row.replies.all() if one.at <= moment.known_at and one.on <= moment.valid_on),
            key=lambda one: (one.on, one.pk),
        )
        answer = next((one for one in said if one.kind == "answered"), None)
        standing = standing_on(row.answer_by, answer.on if answer else None, moment.valid_on)
        found.append(Matter(row, tuple(one for one in said if one.kind == "asked"), answer, standing))
    return sorted(found, key=lambda one: (one.standing.state == "answered", one.row.answer_by, one.row.pk))


def overdue_matters(board: str, moment: Moment) -> list[Matter]:
    """Answer the matters of a board whose answer is overdue on a day, in either direction."""
    return [one for one in matters_on(moment, board=board) if one.standing.state == "overdue"]


def instructions_of(board: str, known_at: datetime) -> list[Instruction]:
    """Answer the instructions of a board, as known at an instant and as the rule takes them, the oldest first."""
    rows = models.Instruction.objects.filter(board=board, at__lte=known_at).select_related("closed")
    return [_as_instruction(row, known_at) for row in rows.order_by("issued_on", "key")]


def _as_instruction(row: models.Instruction, known_at: datetime) -> Instruction:
    closed = getattr(row, "closed", None)
    return Instruction(
        row.key, row.issuer, row.document, row.issued_on,
        tuple((text, date.fromisoformat(due)) for text, due in row.requirements),
        closed.closed_on if closed is not None and closed.at <= known_at else None,
    )  # fmt: skip
