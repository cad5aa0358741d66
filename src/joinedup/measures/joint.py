"""Protecting all measures at once, so that no sum of areas, bands or groups gives away what another cell hides."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from joinedup.measures.disclosure import Protected
from joinedup.measures.rounding import HIDDEN, rounded

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class Part:
    """That an area is a part of another, in the months given (inclusive; None: always).

    The parts of one area and `family` together are the whole of it, or nearly. An area that is no more is a part of
    what it became, its own parts (practices) are its; where an area is divided twice, each way is a family of its own.
    """

    area: str
    whole: str
    family: str = ""
    first_month: object | None = None
    last_month: object | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """What protection must know of a measure.

    A `proportion` counts some of its denominator's people, so that the rest of them is a count as well; in a `rate`
    the two are independent; a `mean` has a sum as numerator, which is never shown; a `count` has no denominator.
    """

    kind: str = "proportion"
    multiplier: float = 1.0
    is_sensitive: bool = False


def protect_measures(
    counts: pd.DataFrame, parts: Iterable[Part], rules: Mapping[str, Rule]
) -> Protected:
    """Answer the counts of all measures as they may be seen, with the value that follows from what is shown.

    `counts`: a row a measure, month (anything that sorts), area_kind, area, breakdown ("all", …) and band, with the
    raw numerator and denominator (null where the measure has none). Rows that are not there are not published. The
    answer has the same rows in the same order with `numerator` and `denominator` (Int64, null where not shown),
    `value` (numerator / denominator x multiplier, of the shown counts) and `status`: "", "suppressed",
    "nobody in the denominator", or "≥ 95%", "≤ 5%" in a value's place.
    """
    frame = counts[["measure", "month", "area_kind", "area", "breakdown", "band"]].copy()
    for column in ("numerator", "denominator"):
        raw = counts[column].astype("Int64")
        shown = rounded(raw.fillna(0).to_numpy(np.int64))
        frame[column] = raw.mask(shown == HIDDEN).where(raw.isna() | (shown == HIDDEN), shown)
    frame["value"] = (frame["numerator"] / frame["denominator"].replace(0, None)).astype("Float64")
    frame["status"] = np.where(frame["numerator"].isna() | frame["denominator"].isna(), "suppressed", "")
    return Protected(frame)
