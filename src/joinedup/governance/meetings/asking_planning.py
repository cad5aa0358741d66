"""What an item of an agenda asks planning for: to settle a disagreement between plans, or that plan lines are funded.

It stands in the item's `asks` under `planning`: {"gap": number} settles that disagreement, {"plan_lines": [keys]} lets
those lines be funded. A plan line that the money is asked for is funded too, without being named twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from joinedup.errors import RuleError, did_you_mean
from joinedup.planning import PlanAuthority

PLANNING: Final = "planning"
ASKS: Final = ("gap", "plan_lines")


def of_money(asks: Mapping[str, Any]) -> dict[str, Any]:
    """Answer what an item asks of money alone; {} where it asks only planning."""
    return {name: value for name, value in asks.items() if name != PLANNING}


def checked_planning(asks: Mapping[str, Any]) -> dict[str, Any]:
    """Answer what an item asks of planning, in a form that is kept; {} for nothing.

    RuleError for an unknown name, a number that is none, or an empty question.
    """
    asked = asks.get(PLANNING)
    if asked is None:
        return {}
    if not isinstance(asked, Mapping) or not asked:
        raise RuleError(f"B10: what is asked of planning names {' or '.join(ASKS)}; given: {asked!r}.")
    for name in asked:
        if name not in ASKS:
            raise RuleError(f"B10: planning is asked for no '{name}'.{did_you_mean(str(name), ASKS)}")
    gap, lines = asked.get("gap"), asked.get("plan_lines", [])
    if gap is not None and (isinstance(gap, bool) or not isinstance(gap, int) or gap < 1):
        raise RuleError(f"B10: the disagreement is {gap!r}; expected its number, as its page says it.")
    if isinstance(lines, str) or not all(isinstance(one, str) and one.strip() for one in lines):
        raise RuleError("B10: plan lines are a list of their keys, as the plan's page says them.")
    kept = {"gap": gap, "plan_lines": [one.strip() for one in lines]}
    return {name: value for name, value in kept.items() if value not in (None, [])}


def plan_authority_asked(
    asks: Mapping[str, Any], *, reference: str, given_by: str, reason: str, on: date
) -> PlanAuthority | None:
    """Answer the authority of planning that a carried item gives from a day on; None where it asks planning nothing."""
    asked = checked_planning(asks)
    line = str(asks.get("plan_line", ""))
    lines = tuple(dict.fromkeys([*asked.get("plan_lines", []), *([line] if line else [])]))
    acts = (*(["arbitrate"] if "gap" in asked else []), *(["fund"] if lines else []))
    if not acts:
        return None
    return PlanAuthority(reference, reference, given_by, reason, acts, on, lines, asked.get("gap"))
