"""Gifts and hospitality: what may be accepted, by whose leave, and declared in time (rule I2's 28 days).

The bounds are those of the national guidance on conflicts of interest of 2017 [to confirm]: cash is never accepted; a
gift over £50 is not accepted for oneself; hospitality over £75 needs somebody senior's leave. They are settings.
"""

from __future__ import annotations

from datetime import date
from typing import Final

from joinedup.errors import RuleError, did_you_mean
from joinedup.governance.interests.register import is_declared_in_time

KINDS: Final = {"gift": "Gift", "hospitality": "Hospitality", "cash": "Cash or a voucher"}
OUTCOMES: Final = {"declined": "Declined", "accepted": "Accepted", "given_on": "Accepted for the body, and given on"}
GIFT_PENCE: Final = 5_000  # [to confirm]
HOSPITALITY_PENCE: Final = 7_500  # [to confirm]


class GiftError(RuleError):
    """A declaration of a gift that cannot be: an unknown kind or outcome, no whole pence, declared before its offer."""


class GiftNotAllowed(RuleError):
    """What was offered may not be accepted: cash, a gift above the bound, or hospitality without somebody's leave."""


def check_gift(
    kind: str,
    outcome: str,
    value_pence: int,
    *,
    offered_on: date,
    declared_on: date,
    approved_by: str = "",
    reason: str = "",
) -> None:
    """Raise GiftError or GiftNotAllowed unless this may be entered as it is.

    What was accepted against a rule is not hidden by refusing to write it down: with a `reason` it is entered, and the
    register shows it (`is_over`). Without one the act is refused and says what to do.
    """
    for given, known, what in ((kind, KINDS, "kind of gift"), (outcome, OUTCOMES, "outcome of a gift")):
        if given not in known:
            raise GiftError(f"'{given}' is no {what}; expected one of {', '.join(known)}.{did_you_mean(given, known)}")
    if isinstance(value_pence, bool) or not isinstance(value_pence, int) or value_pence < 0:
        raise GiftError(f"The value of a gift is {value_pence!r}; expected whole pence, 0 or more.")
    if declared_on < offered_on:
        raise GiftError(f"A gift offered on {offered_on} cannot be declared on {declared_on}.")
    says = is_over(kind, outcome, value_pence, approved_by=approved_by)
    if says and not reason.strip():
        raise GiftNotAllowed(f"{says} If it was accepted all the same, say why: the register shows it.")


def is_over(kind: str, outcome: str, value_pence: int, *, approved_by: str = "") -> str:
    """Answer in a sentence what is wrong with having accepted this; "" for nothing. The bound itself is allowed."""
    if outcome != "accepted":
        return "Cash is given back, not given on." if kind == "cash" and outcome == "given_on" else ""
    if kind == "cash":
        return "Cash and vouchers are never accepted."
    if kind == "gift" and value_pence > GIFT_PENCE:
        return f"A gift of more than £{GIFT_PENCE // 100} is declined, or accepted for the body and given on."
    if kind == "hospitality" and value_pence > HOSPITALITY_PENCE and not approved_by.strip():
        return f"Hospitality of more than £{HOSPITALITY_PENCE // 100} needs the leave of somebody senior."
    return ""


def is_gift_late(offered_on: date, declared_on: date) -> bool:
    """Answer whether it was declared after the 28 days in which interests are (I2)."""
    return not is_declared_in_time(offered_on, declared_on)
