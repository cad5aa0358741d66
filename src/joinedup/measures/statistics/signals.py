"""The four signals of special cause on a run of points, found for all series of a table at once.

The points of a segment (a series between two rebases) stand one after another; `segment` says whose each point is, so
that no signal reaches from one into the next. Nothing here loops over series.

Method: Making Data Count, as in NHSRplotthedots 0.2 (MIT licence).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from joinedup.measures.statistics.frames import Flags, Whole

Signs = npt.NDArray[np.int8]  # 1 above or rising, -1 below or falling, 0 neither

LONG = 7  # points of a run on one side, or of a trend


def seventh_on_one_side(side: Signs, segment: Whole) -> Signs:
    """Answer the side of each point that is at least the seventh in a row on it, else 0."""
    return np.where(_length(side, segment) >= LONG, side, 0).astype(np.int8)


def seventh_of_a_trend(step: Signs, segment: Whole) -> Signs:
    """Answer the direction of each point at which at least the sixth step in a row goes that way, else 0.

    `step` is the sign of the change from the point before; the first of a segment has none and is 0.
    """
    return np.where(_length(step, segment) >= LONG - 1, step, 0).astype(np.int8)


def with_the_six_before(found: Signs) -> Signs:
    """Answer the signs with each also on the six points before it: all points of what ends there."""
    spread = found.copy()
    for back in range(1, LONG):
        earlier = spread[:-back]
        np.copyto(earlier, found[back:], where=(earlier == 0) & (found[back:] != 0))
    return spread


def two_of_three(near_limit: Flags, side: Signs, segment: Whole) -> Signs:
    """Answer the side of each point of three in a row on one side of which two or more are near the limit, else 0."""
    many = len(side)
    found = np.zeros(many, dtype=np.int8)
    if many < 3:
        return found
    near = near_limit.astype(np.int8)
    first, second, third = slice(0, many - 2), slice(1, many - 1), slice(2, many)
    holds = (
        (segment[first] == segment[third])
        & (side[first] == side[second])
        & (side[second] == side[third])
        & (side[third] != 0)
        & (near[first] + near[second] + near[third] >= 2)
    )
    for part in (first, second, third):
        found[part] = np.where(holds, side[part], found[part])
    return found


def _length(signs: Signs, segment: Whole) -> Whole:
    """Answer how many points in a row up to each have the same sign, other than 0, in the same segment."""
    if not len(signs):
        return np.zeros(0, dtype=np.intp)
    is_new = np.ones(len(signs), dtype=np.bool_)
    is_new[1:] = (signs[1:] != signs[:-1]) | (segment[1:] != segment[:-1])
    place = np.arange(len(signs))
    length: Whole = place - np.maximum.accumulate(np.where(is_new, place, 0)) + 1
    return np.where(signs == 0, 0, length)
