"""What a body inherits from those before it: net positions, and what becomes of an overspend (rule MB13).

Source: HFMA briefing of 12 April 2022 on the change from CCGs to ICBs; its details are to be confirmed. A net overspend
is frozen, and written off after two years in balance; a year missed puts it back. A net underspend stays as a surplus
of the system.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from typing import Final

from joinedup.errors import RuleError
from joinedup.money.allocation.splitting import half_up

STATES: Final = ("surplus", "frozen", "year1_met", "written_off", "reinstated")


@dataclass(frozen=True, slots=True)
class InheritedBalance:
    """The net position of the bodies before, in pence (plus: surplus), and the state it is in."""

    net_pence: int
    state: str

    @property
    def owed(self) -> int:
        """What is to be paid back today: the overspend once it is reinstated, else nothing."""
        return -self.net_pence if self.state == "reinstated" else 0


def inherit(positions: Iterable[int]) -> InheritedBalance:
    """Answer what a successor inherits from bodies with these net positions in pence, already adjusted."""
    net = sum(positions)
    return InheritedBalance(net, "frozen" if net < 0 else "surplus")


def after_year(balance: InheritedBalance, *, broke_even: bool) -> InheritedBalance:
    """Answer the balance after one more financial year; one that is written off or reinstated stays what it is."""
    if balance.state not in STATES:
        raise RuleError(f"MB13: '{balance.state}' is no state of a balance; expected one of {', '.join(STATES)}.")
    if balance.state in ("surplus", "written_off", "reinstated"):
        return balance
    if not broke_even:
        return replace(balance, state="reinstated")
    return replace(balance, state="year1_met" if balance.state == "frozen" else "written_off")


def capital_change(plan_pence: int, fair_share_pence: int, position_pence: int, *, bonus: Decimal, cut: Decimal) -> int:
    """Answer what a system's capital envelope gains or loses for its revenue position, in pence (rule MB15).

    At or above break-even it gains `bonus` of what its plan has over its fair share; a deficit costs `cut` of the fair
    share (the rule says up to: whoever decides it gives the share). Rates are parameters of the year.
    """
    if position_pence >= 0:
        return half_up(max(0, plan_pence - fair_share_pence) * Fraction(bonus))
    return -half_up(fair_share_pence * Fraction(cut))
