"""What a disagreement is worth, in pounds and in people, so that all of them can be laid side by side.

Activity is turned into people by the minutes that one unit takes and the hours that one WTE works; people into money by
what one WTE costs a year. What a system has not said (minutes, costs) is not guessed: the figure is None.
"""

from __future__ import annotations

from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from joinedup.planning.parameters import ParameterMissing, ParameterSet
from joinedup.planning.plans.plan_lines import PENCE, WTE
from joinedup.planning.triangulation.disagreements import Disagreement
from joinedup.planning.workforce.staff import productive_hours, wte_required

MONTHS = 12


def in_people(one: Disagreement, params: ParameterSet, on: date) -> Decimal | None:
    """Answer a gap in WTE: its own unit for staff, by "consistency.minutes:<POD>" for activity; None where not known.

    A month's activity is worked by people employed for that month, so a twelfth of a year's hours is theirs.
    """
    pair = one.pair
    if pair.unit == WTE:
        return Decimal(one.gap)
    if pair.kind != "activity":
        return None
    minutes = _number(params, "consistency.minutes", pair.pod, on)
    absence = _number(params, "workforce.absence", pair.provider, on)
    weeks = _number(params, "workforce.weeks", "", on)
    if minutes is None or absence is None or weeks is None:
        return None
    hours = productive_hours(absence, weeks=weeks)
    return wte_required({pair.pod: Decimal(one.gap)}, {pair.pod: minutes}, hours / _parts(pair.period))


def in_pence(one: Disagreement, params: ParameterSet, on: date) -> int | None:
    """Answer a gap in whole pence: as it was priced, or for staff by "consistency.cost:<profession>" a year."""
    if one.money_p is not None:
        return one.money_p
    pair = one.pair
    if pair.unit == PENCE:
        return int(one.gap)
    if pair.unit != WTE:
        return None
    cost = _number(params, "consistency.cost", pair.pod, on)
    if cost is None:
        return None
    return int((Decimal(one.gap) * cost / _parts(pair.period)).quantize(Decimal(1), rounding=ROUND_HALF_UP))


def _parts(period: str) -> int:
    """Answer into how many of such periods a year falls."""
    return 1 if "/" in period else MONTHS


def _number(params: ParameterSet, key: str, of: str, on: date) -> Decimal | None:
    known = set(params.ids)
    for one in (f"{key}:{of}", key) if of else (key,):
        if one not in known:
            continue
        try:
            return params.number(one, on)
        except ParameterMissing:
            continue
    return None
