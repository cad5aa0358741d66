"""Between a pound and the plan line that it serves: a key that is written is one that a plan has, and leads back.

Money keeps the key of a plan line (`joinedup.planning.line_key`), which stays while the plan's versions change. What
serves no plan line, such as a reserve, says so by leaving it blank.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from joinedup.errors import NotFound, RuleError
from joinedup.planning import LineError, months_of, must_be_planned, parse_line_key, plan_line

if TYPE_CHECKING:
    from joinedup.planning import KeptLine

NONE: Final = "none"


class NoPlanLine(RuleError):
    """A plan line was named that no submitted plan has."""


def checked_plan_line(key: str) -> str:
    """Answer the key of a plan line that may be written; "" stays "": what it is for serves no line of a plan.

    Raises NoPlanLine, with the nearest key there is, for one that no submitted plan has or that is no key at all.
    """
    if not key:
        return ""
    try:
        must_be_planned(key)
    except (LineError, NotFound) as error:
        raise NoPlanLine(f"{error} Leave it blank where the money serves no line of a plan.") from None
    return key


def said_plan_line(key: str) -> str:
    """Answer the key for the audit, "none" where there is none."""
    return key or NONE


def planned_line(key: str) -> KeptLine | None:
    """Answer the plan line of a kept key; None where there is none, or no standing plan has it any longer."""
    try:
        return plan_line(key) if key else None
    except LineError:  # Kept before keys were checked.
        return None


def keys_within(key: str) -> list[str]:
    """Answer a key, and those of its months where it is of a financial year."""
    try:
        asked = parse_line_key(key)
    except LineError:
        return [key]
    if asked.period != asked.year:
        return [key]
    return [key, *(str(asked._replace(period=month)) for month in months_of(asked.year))]
