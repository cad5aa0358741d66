"""Who scrutinises, and by when what is asked is answered.

Days for an answer [to confirm: the regulations on health scrutiny of 2013 and on local Healthwatch of 2012]: 28 for a
scrutiny committee, 20 for Healthwatch. A health and wellbeing board has none in law; ours are 28. The day of the
question does not count, and the last day is in time.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from joinedup.errors import RuleError, did_you_mean

SCRUTINISERS: Final = {
    "scrutiny_committee": "Scrutiny committee", "hwb": "Health and wellbeing board", "healthwatch": "Healthwatch",
}  # fmt: skip
ORIGINS: Final = {"referred": "Referred by the board", "asked": "Asked of the board"}
ANSWER_DAYS: Final = {"scrutiny_committee": 28, "hwb": 28, "healthwatch": 20}


class AnswerTooLate(RuleError):
    """An answer is agreed for a day after the one by which the rule wants it."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How a matter stands on a day: open, overdue, answered in time or late, and by how many days."""

    state: str  # open, overdue, answered
    days_late: int = 0


def answer_by(kind: str, asked_on: date) -> date:
    """Answer the last day for an answer to what was asked on a day by this kind of body."""
    if kind not in ANSWER_DAYS:
        raise RuleError(
            f"'{kind}' is no body that scrutinises; expected one of {', '.join(ANSWER_DAYS)}."
            f"{did_you_mean(kind, ANSWER_DAYS)}"
        )
    return asked_on + timedelta(days=ANSWER_DAYS[kind])


def check_answer_by(kind: str, origin: str, asked_on: date, due: date) -> None:
    """Raise unless a day for the answer can be: not before the question, and not after the rule's where we owe it."""
    last = answer_by(kind, asked_on)
    if due < asked_on:
        raise RuleError(f"An answer by {due} to what was referred on {asked_on} is due before it was asked.")
    if origin == "asked" and due > last:
        raise AnswerTooLate(
            f"What was asked on {asked_on} is answered by {last}, within {ANSWER_DAYS[kind]} days; given {due}. Give a "
            "day up to then."
        )


def standing_on(due: date, answered_on: date | None, on: date) -> Standing:
    """Answer how a matter stands on a day; an answer of a later day is not there yet."""
    if answered_on is not None and answered_on <= on:
        return Standing("answered", max(0, (answered_on - due).days))
    return Standing("overdue", (on - due).days) if due < on else Standing("open")
