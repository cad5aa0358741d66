"""What becomes of an item that cannot be decided because too few people are left (rules: governance Q1, Q2, B7).

Lost through conflicts, there are ways on, and somebody chooses one: the item is deferred, no vote is taken. Lost
because too few are there at all, it is not quorate. It is never decided silently.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from joinedup.errors import RuleError
from joinedup.governance.boards.seats import Attendance, Board
from joinedup.governance.meetings.quorum import Quorum, QuorumRule, quorum_of_item

WAYS: Final = {
    "conflicts_panel": "Form a panel of people without a conflict and let it decide.",
    "refer_up": "Refer the item to the board above.",
    "other_members": "Bring in other eligible members, such as named deputies without a conflict.",
}


class NotQuorate(RuleError):
    """The item cannot be decided: too few people who may count are there, or a category is missing."""


@dataclass(frozen=True, slots=True)
class ItemStanding:
    """Whether an item may be voted on now; `options` are the ways on where conflicts took its quorum."""

    quorum: Quorum
    outcome: str | None  # deferred, not_quorate; None while a vote may be taken
    options: tuple[str, ...] = ()

    @property
    def shows_vote_form(self) -> bool:
        """A vote form is shown while the item is quorate, and never otherwise."""
        return self.quorum.is_quorate


def standing_of_item(
    rule: QuorumRule,
    board: Board,
    attendances: Iterable[Attendance],
    *,
    at: datetime,
    excluded: Collection[str] = (),
) -> ItemStanding:
    """Answer whether an item may be voted on at an instant, and if not, what becomes of it (Q1, Q2)."""
    there = tuple(attendances)
    quorum = quorum_of_item(rule, board, there, at=at, excluded=excluded)
    if quorum.is_quorate:
        return ItemStanding(quorum, None)
    without_conflicts = quorum_of_item(rule, board, there, at=at)
    if without_conflicts.is_quorate:
        return ItemStanding(quorum, "deferred", tuple(WAYS))
    return ItemStanding(quorum, "not_quorate")


def must_be_quorate(standing: ItemStanding) -> None:
    """Raise NotQuorate, with the ways on, unless the item may be decided."""
    if standing.quorum.is_quorate:
        return
    ways = " ".join(WAYS[one] for one in standing.options) or "Wait until more members are there, or defer the item."
    raise NotQuorate(f"Q1: {standing.quorum.says} {ways}")
