"""Frailty by counting deficits: the electronic frailty index and its second edition (rules: population PC9)."""

from __future__ import annotations

import math
from typing import Final

from joinedup.errors import RuleError

DEFICITS: Final = 36
"""The deficits of the first index (Clegg and others, Age and Ageing 2016)."""
_FIRST: Final = ((0.36, "severe"), (0.24, "moderate"), (0.12, "mild"))
_SECOND: Final = ((0.2392, "severe"), (0.1624, "moderate"), (0.0857, "mild"))


def frailty_index(deficits: int) -> float:
    """Answer the share of the 36 deficits that somebody has; raises RuleError outside 0 to 36."""
    if not 0 <= deficits <= DEFICITS:
        raise RuleError(f"{deficits} deficits: expected 0 to {DEFICITS}.")
    return deficits / DEFICITS


def frailty_category(index: float, *, edition: int = 1) -> str:
    """Answer fit, mild, moderate or severe: above 0.12, 0.24, 0.36 (eFI), or 0.0857, 0.1624, 0.2392 (eFI2).

    Which side a value on the point itself falls is not published in one form; here it is the milder one.
    """
    for point, name in _FIRST if edition == 1 else _SECOND:
        if index > point:
            return name
    return "fit"


def one_year_risk(index: float) -> float:
    """Answer the one-year risk that goes with an eFI2 value: 0.0151·exp(8.429·eFI2), at most 1.

    From a single public source, to be confirmed; for lists in order of need, never as the reason of a decision.
    """
    if not 0 <= index <= 1:
        raise RuleError(f"An index of {index}: expected 0 to 1.")
    return min(1.0, 0.0151 * math.exp(8.429 * index))
