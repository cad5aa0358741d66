"""How one count of people may be shown: five modes, in whole numbers, halves upwards (rules: population PE1, PE7).

`nhs` is the default below national level. A count that may not be shown is null beside a status, never 0, -1 or blank.
"""

from __future__ import annotations

import math
from numbers import Real
from typing import Final, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from joinedup.errors import RuleError, did_you_mean

Mode = Literal["nhs", "opensafely", "midpoint6", "suppress", "internal"]
MODES: Final[tuple[str, ...]] = get_args(Mode)

SMALL: Final = 7
"""Counts of 1 to 7 people are small: they are not shown."""

UNBOUNDED: Final = 1 << 40
"""More than any count: what an attacker can say at most of a count of which nothing is known."""

HIDDEN: Final = -1
"""Stands for a hidden count inside arrays of whole numbers. It never leaves this room's rules."""

SUPPRESSED: Final = "suppressed"
STAR: Final = "*"
AT_LEAST_95: Final = "≥ 95%"
AT_MOST_5: Final = "≤ 5%"


def checked_mode(mode: str) -> str:
    """Answer the mode, or say which there are."""
    if mode not in MODES:
        raise RuleError(
            f"There is no mode of protection '{mode}': expected one of {', '.join(MODES)}.{did_you_mean(mode, MODES)}"
        )
    return mode


def nearest_five(counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Answer each count rounded to the nearest 5: 12 is 10, 13 is 15."""
    return np.asarray((counts + 2) // 5 * 5, dtype=np.int64)  # no halves among whole numbers: +2 is +2.5 cut down


def rounded(counts: NDArray[np.int64], mode: str = "nhs") -> NDArray[np.int64]:
    """Answer each count as the mode shows it, HIDDEN where it does not. Counts are 0 or more."""
    checked_mode(mode)
    counts = np.asarray(counts, dtype=np.int64)
    if (counts < 0).any():
        raise RuleError("A count of people is below 0. Counts are whole numbers from 0; correct the table.")
    if mode == "internal":
        return counts.copy()
    if mode == "midpoint6":
        return np.where(counts == 0, 0, -(-counts // 6) * 6 - 3)
    is_small = counts <= SMALL
    if mode != "opensafely":  # which does not tell 0 from 1 to 7
        is_small &= counts > 0
    return np.where(is_small, HIDDEN, counts if mode == "suppress" else nearest_five(counts))


def round_count(count: int, mode: str = "nhs") -> int | None:
    """Answer the count as the mode shows it, None where it does not."""
    shown = int(rounded(np.array([count]), mode)[0])
    return None if shown == HIDDEN else shown


def between(shown: NDArray[np.int64], mode: str = "nhs") -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Answer the least and the most that each count can be, known only as the mode shows it."""
    checked_mode(mode)
    shown = np.asarray(shown, dtype=np.int64)
    least, most = shown.copy(), shown.copy()
    if mode in ("nhs", "opensafely"):
        is_rounded = shown > 0
        least[is_rounded] -= 2
        most[is_rounded] += 2
    elif mode == "midpoint6":
        is_rounded = shown > 0
        least[is_rounded] -= 2
        most[is_rounded] += 3
    is_hidden = shown == HIDDEN
    least[is_hidden] = 0 if mode == "opensafely" else 1
    most[is_hidden] = SMALL
    return least, most


def shown_count(count: int | None, status: str = "") -> str:
    """Answer a protected count as page, chart, table and label write it: `10`, `1,250`, `*`, or the reason it is not.

    Reads nothing but what is already protected; `in_words` is for those who listen.
    """
    # Frames give a missing count as None, NaN or NA; only the first two are numbers or nothing.
    if not isinstance(count, Real) or math.isnan(float(count)):
        return STAR if status in ("", SUPPRESSED) else status
    return f"{int(count):,}"


def in_words(count: int | None, status: str = "", *, mode: str = "nhs") -> str:
    """Answer a protected count as it is read aloud: a star says what it hides."""
    shown = shown_count(count, status)
    if shown != STAR:
        return shown
    # In exact tables partners of small counts bear the same mark: it must not say that they are small.
    return SUPPRESSED if mode == "suppress" else "suppressed, between 1 and 7"
