"""How long something takes, for the benchmarks beside this: the median of five after one that is not counted."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable


def median(act: Callable[[], object], clock: Callable[[], float] = time.perf_counter) -> float:
    """Answer the median seconds of five runs by a clock: those a person waits, or `time.process_time`."""
    act()
    taken = []
    for _ in range(5):
        began = clock()
        act()
        taken.append(clock() - began)
    return statistics.median(taken)
