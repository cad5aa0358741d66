"""How long people on the list have waited, in bands of a week (rules ME3, ME7 and ME9).

Band k is "Gt k to k+1 weeks": it holds those who have waited more than k and at most k+1 weeks. Day 126 is the last of
18 weeks; the boundary day follows the names of the bands in the national extract and is to be confirmed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from joinedup.errors import RuleError
from joinedup.planning.waiting.durations import DAYS_A_WEEK, numbers

if TYPE_CHECKING:
    import pandas as pd

WITHIN = 18
LIMITS = (18, 52, 65, 78)
INCOMPLETE = "incomplete"
TOTAL = "total"


class OverCounted(RuleError):
    """People would be counted more than once: a total is added to its parts, or several kinds of pathway are."""


@dataclass(frozen=True, slots=True)
class WaitCounts:
    """How many wait, and how many of them longer than each limit; `performance` is within 18 over all, or None."""

    within18: float
    over18: float
    over52: float
    over65: float
    over78: float
    total: float

    @property
    def performance(self) -> float | None:
        return self.within18 / self.total if self.total else None


def wait_band(days: int) -> int:
    """Answer the band of a wait in days: 126 is band 17 (within 18 weeks), 127 is band 18. Day 0 is in band 0."""
    if days < 0:
        raise RuleError(f"ME3: a wait of {days} days; expected 0 or more. Check the day of the count.")
    return max(0, -(-int(days) // int(DAYS_A_WEEK)) - 1)


def wait_counts(bands: Sequence[float]) -> WaitCounts:
    """Answer the counts over 18, 52, 65 and 78 weeks from a list by band, whose position is the weeks waited."""
    waiting = numbers("ME3", "a band", bands, least=0)
    if waiting.ndim != 1:
        raise RuleError(f"ME3: bands of {waiting.ndim} dimensions; expected one number for each week waited.")
    over = {limit: float(waiting[limit:].sum()) for limit in LIMITS}
    return WaitCounts(float(waiting[:WITHIN].sum()), over[18], over[52], over[65], over[78], float(waiting.sum()))


def wait_percentile(counts: Sequence[float], p: float) -> float:
    """Answer the wait, in bands, that the share p of those waiting has not passed; even within a band (ME7).

    RuleError for an empty list, which has no percentile, and for p outside (0, 1].
    """
    waiting = numbers("ME7", "a band", counts, least=0)
    if not 0 < p <= 1:
        raise RuleError(f"ME7: the percentile is {p:g}; expected a share above 0 and up to 1, such as 0.92.")
    total = float(waiting.sum())
    if not total:
        raise RuleError("ME7: nobody is waiting, so there is no percentile of the wait.")
    reached = np.cumsum(waiting)
    band = min(int(np.searchsorted(reached, p * total)), len(waiting) - 1)
    below = float(reached[band] - waiting[band])
    return band + (p * total - below) / float(waiting[band])


def cohort_at_risk(bands: Mapping[int, float], limit_weeks: int, horizon_weeks: int) -> float:
    """Answer how many must be treated within the horizon so that nobody is over the limit at its end (ME9).

    They are all who now are in band limit - horizon or above; nobody referred from now on can pass the limit, which is
    why the horizon must be shorter than the limit (RuleError).
    """
    if not 0 <= horizon_weeks < limit_weeks:
        raise RuleError(
            f"ME9: a horizon of {horizon_weeks} weeks for a limit of {limit_weeks}; expected a horizon below the "
            "limit, or people who are not referred yet could pass it."
        )
    numbers("ME9", "a band", list(bands.values()), least=0)
    return float(sum(count for band, count in bands.items() if band >= limit_weeks - horizon_weeks))


def banded(days: ArrayLike, top: int) -> np.ndarray:
    """Answer how many of these waits in days are in each band 0 to `top`, which takes all longer ones."""
    waits = numbers("ME3", "a wait", days, least=0)
    found = np.clip(np.ceil(waits / DAYS_A_WEEK).astype(int) - 1, 0, top)
    return np.bincount(np.atleast_1d(found), minlength=top + 1)


def list_size(frame: pd.DataFrame, *, value: str, specialty: str, pathway: str) -> float:
    """Answer how many are waiting in a table of referral-to-treatment counts, without counting anyone twice (ME3).

    Shape: a row for each specialty and pathway type. OverCounted when a `Total` specialty stands among its parts, or
    when any pathway type other than incomplete is there: completed pathways are people who no longer wait.
    """
    kinds = {str(kind).strip().casefold() for kind in frame[pathway].unique()}
    others = sorted(kind for kind in kinds if not kind.startswith(INCOMPLETE))
    if others:
        raise OverCounted(
            f"ME3: column {pathway} has {', '.join(others)}; pathway types are never added up. Keep only the "
            "incomplete pathways, which are the waiting list."
        )
    names = {str(name).strip().casefold() for name in frame[specialty].unique()}
    totals = sorted(name for name in names if name == TOTAL or name.startswith(f"{TOTAL} "))
    if totals and len(names) > len(totals):
        raise OverCounted(
            f"ME3: column {specialty} has {totals[0]} beside its parts; adding them counts everyone twice. Keep either "
            "the total or the parts."
        )
    return float(frame[value].sum())
