"""What an item of an agenda asks money for, and the authority that money is given when it is carried.

The item says once for how much, for which supplier and from when to when; money is handed exactly that, with the
decision's reference (rules: governance B10, money MB5). What it is expected to do is stated apart (`expected_effect`).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from joinedup.errors import RuleError, did_you_mean
from joinedup.governance.meetings.asking_planning import PLANNING, checked_planning, of_money
from joinedup.moment import parse_day
from joinedup.money import Authority

ASKS: Final = ("acts", "valid_from", "valid_to", "year_limit_pence", "fund", "party", "purpose", "plan_line")


def authority_asked(
    asks: Mapping[str, Any], amount_pence: int, *, reference: str, given_by: str, reason: str
) -> Authority:
    """Answer the authority that a carried item gives; its id and its reference are the decision's.

    Raises RuleError, as money says it, for acts, days or amounts that no authority has.
    """
    for name in asks:
        if name not in ASKS:
            raise RuleError(f"MB5: an authority has no '{name}'.{did_you_mean(name, ASKS)}")
    return Authority(
        id=reference, reference=reference, given_by=given_by, reason=reason, acts=frozenset(asks.get("acts", ())),
        limit_pence=amount_pence, valid_from=_day(asks, "valid_from"), valid_to=_day(asks, "valid_to"),
        year_limit_pence=asks.get("year_limit_pence"), fund=str(asks.get("fund", "")),
        party=str(asks.get("party", "")), purpose=str(asks.get("purpose", "")),
        plan_line=str(asks.get("plan_line", "")),
    )  # fmt: skip


def checked_asks(asks: Mapping[str, Any], amount_pence: int | None) -> dict[str, Any]:
    """Answer what an item asks of money and of planning, in a form that is kept.

    RuleError where no authority could be made of it.
    """
    planning = checked_planning(asks)
    if planning and not of_money(asks):
        return {PLANNING: planning}
    if not amount_pence:
        raise RuleError("B10: an item that asks money for something says for how many pence, above 0.")
    made = authority_asked(of_money(asks), amount_pence, reference="asked", given_by="a board", reason="asked")
    kept = {name: getattr(made, name) for name in ASKS}
    kept |= {"acts": sorted(made.acts), "valid_from": str(made.valid_from), "valid_to": str(made.valid_to)}
    told = {name: value for name, value in kept.items() if value not in ("", None)}
    return told | ({PLANNING: planning} if planning else {})


def _day(asks: Mapping[str, Any], name: str) -> date:
    if not asks.get(name):
        raise RuleError(f"MB5: an authority needs its {name.replace('_', ' ')}.")
    return parse_day(str(asks[name]))
