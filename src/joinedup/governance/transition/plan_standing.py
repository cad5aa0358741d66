"""How a plan stands: late or not, complete or not, and how far two bodies' plans agree by value (rules: P1, P2, P6).

Deadlines in London, required sections of each kind of document, and the comparison of two plans line by line are those
of the room `planning`; here is what a board is told of them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from joinedup.errors import RuleError
from joinedup.governance.calendar_months import percent
from joinedup.moment import LONDON
from joinedup.planning import NaiveDatetime
from joinedup.system import PartialDate


class Incomplete(RuleError):
    """A plan lacks required sections, so that nobody may approve it."""


@dataclass(frozen=True, slots=True)
class Completeness:
    """The required sections of a plan that hold something, and those that do not."""

    filled: tuple[str, ...]
    missing: tuple[str, ...]

    @property
    def percent(self) -> Decimal:
        """The share that is filled, in per cent to one place."""
        return percent(len(self.filled), len(self.filled) + len(self.missing))


def days_late(due: PartialDate, submitted: datetime) -> int:
    """Answer how many days after its last day something came: 0 on time (P1). A month ends with its last day.

    NaiveDatetime for an instant without a time zone.
    """
    if submitted.tzinfo is None:
        raise NaiveDatetime(f"P1: {submitted.isoformat()} has no time zone; give an aware datetime.")
    return max(0, (submitted.astimezone(LONDON).date() - due.breach).days + 1)


def light(due: PartialDate, on: date) -> str:
    """Answer how something not yet done stands on a day: green up to its target, red from its breach, amber between.

    "By April 2021" has the target 1 April and the breach 1 May; a day is its own target (P1).
    """
    if on >= due.breach:
        return "red"
    return "green" if on <= due.earliest else "amber"


def completeness(required: Iterable[str], filled: Collection[str]) -> Completeness:
    """Answer which required sections of a plan hold something (P2); RuleError where nothing is required."""
    every = tuple(dict.fromkeys(required))
    if not every:
        raise RuleError("P2: a plan without required sections cannot be complete; name them.")
    return Completeness(tuple(one for one in every if one in filled), tuple(one for one in every if one not in filled))


def must_be_complete(found: Completeness) -> None:
    """Raise Incomplete, which names the sections, unless all required sections hold something."""
    if found.missing:
        raise Incomplete(
            f"P2: the plan is {found.percent}% complete and is approved at 100%; missing: {', '.join(found.missing)}."
        )


def agreed_by_value(lines: Iterable[tuple[int, bool]]) -> Decimal:
    """Answer the money of lines within tolerance over the money of all, in per cent to one place (P6).

    `lines` are (pence, whether planning finds the line within its tolerance).
    """
    every = list(lines)
    return percent(sum(pence for pence, is_within in every if is_within), sum(pence for pence, _ in every))
