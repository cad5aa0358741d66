"""Whether a table holds one period's figures twice, before anything is forecast from it (rule ME11).

In the published emergency attendances February and March 2025 are February and March 2024 again, for all 42 systems; in
the published beds August 2022 is July 2022. A forecast trained on a copy is confident and wrong.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import TYPE_CHECKING

import numpy as np

from joinedup.errors import RuleError

if TYPE_CHECKING:
    import pandas as pd

SHARE = 0.30
Repeat = tuple[date, date, float]


class RepeatedPeriod(RuleError):
    """Two periods hold the same figures for too many units; both stay out of training until somebody explains it."""

    def __init__(self, message: str, found: Iterable[Repeat] = ()) -> None:
        super().__init__(message)
        self.found = tuple(found)


def repeated_periods(frame: pd.DataFrame, *, unit: str, period: str, value: str, share: float = SHARE) -> list[Repeat]:
    """Answer each pair of periods that are equal on more than `share` of units, as (earlier, later, share equal).

    Shape: a row for each unit and period; periods are dates or texts such as "April 2022" and come back as the first
    day of their month. Units that lack one of the two periods, or have 0 in both, say nothing about copying and aren't
    counted. RuleError when a unit has a period twice.
    """
    import pandas as pd

    if not 0 < share < 1:
        raise RuleError(f"ME11: the share is {share:g}; expected between 0 and 1, such as 0.30.")
    rows = pd.DataFrame({"unit": frame[unit], "month": months_of(frame[period]), "value": frame[value]})
    if rows.duplicated(["unit", "month"]).any():
        raise RuleError(f"ME11: some {unit} has a {period} twice; expected one row for each. Remove the second.")
    table = rows.pivot(index="unit", columns="month", values="value")
    values, months = table.to_numpy(dtype=float), [month.date() for month in table.columns]
    found: list[Repeat] = []
    for early in range(len(months) - 1):
        ours, later = values[:, early : early + 1], values[:, early + 1 :]
        counted = ~np.isnan(ours) & ~np.isnan(later) & ((ours != 0) | (later != 0))
        units = counted.sum(axis=0)
        equal = np.divide(((ours == later) & counted).sum(axis=0), units, out=np.zeros(len(units)), where=units > 0)
        found += [
            (months[early], months[early + 1 + int(step)], float(equal[step])) for step in np.flatnonzero(equal > share)
        ]
    return found


def months_of(periods: pd.Series) -> pd.Series:
    """Answer the first day of the month of each period, given as dates or as texts such as "April 2022"."""
    import pandas as pd

    texts = not pd.api.types.is_datetime64_any_dtype(periods) and isinstance(next(iter(periods), None), str)
    try:
        days = pd.to_datetime(periods, format="%B %Y") if texts else pd.to_datetime(periods)
    except ValueError:
        raise RuleError('ME11: a period is no month; expected dates or texts such as "April 2022".') from None
    return days.dt.to_period("M").dt.to_timestamp()
