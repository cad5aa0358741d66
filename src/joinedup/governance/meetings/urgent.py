"""The urgent route: chair and chief executive decide between meetings, the next one ratifies (rule: governance Q7)."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date

from joinedup.errors import RuleError


class UrgentRefused(RuleError):
    """The urgent route is not open for this decision: two people without a conflict, and a reason, are needed."""


@dataclass(frozen=True, slots=True)
class Ratifying:
    """Where an urgent decision stands: ratified, refused, waiting, overdue, or no_meeting when none is called.

    `days_open` counts from the decision to the meeting that ratifies or should; None without one.
    """

    state: str
    due_on: date | None
    days_open: int | None


def check_urgent(*, chair: str, chief_executive: str, excluded: Collection[str], reason: str) -> None:
    """Raise UrgentRefused unless two different people, both without a conflict, decide with a reason (Q7)."""
    if not chair or not chief_executive:
        missing = "chair" if not chair else "chief executive"
        raise UrgentRefused(f"Q7: the post of {missing} has no holder today; call an extraordinary meeting.")
    if chair == chief_executive:
        raise UrgentRefused("Q7: chair and chief executive are one person here; two must decide. Call a meeting.")
    for person, post in ((chair, "chair"), (chief_executive, "chief executive")):
        if person in excluded:
            raise UrgentRefused(f"Q7: the {post} has a conflict of interest in this; call an extraordinary meeting.")
    if not reason.strip():
        raise UrgentRefused("Q7: say why this cannot wait for the next meeting.")


def ratifying(
    decided_on: date,
    decision_meetings: Iterable[date],
    *,
    today: date,
    answered_on: date | None = None,
    is_ratified: bool = False,
) -> Ratifying:
    """Answer where an urgent decision stands on a day.

    It is due at the first decision meeting after the day of the decision. Passed over there, it is overdue from the day
    after. `answered_on` is the day of the meeting that ratified or refused it, if one has by today.
    """
    due_on = min((day for day in decision_meetings if day > decided_on), default=None)
    if answered_on is not None and answered_on <= today:
        if answered_on < decided_on:
            raise RuleError(f"Q7: decided on {decided_on} and ratified on {answered_on}, before it; check the days.")
        return Ratifying("ratified" if is_ratified else "refused", due_on, (answered_on - decided_on).days)
    if due_on is None:
        return Ratifying("no_meeting", None, None)
    return Ratifying("overdue" if today > due_on else "waiting", due_on, (due_on - decided_on).days)
