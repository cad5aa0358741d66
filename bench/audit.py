"""How fast the audit is written, sealed and verified: python bench/audit.py

Writes batches of 20,000 entries in a database of its own, seals them and verifies all of them with the heads outside.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any

from own_database import own_database

BATCH, BATCHES = 20_000, 10
# entries a second: our limit, and the figures of the rule book (trust T38: one entry after the other, in memory)
LIMITS = {"written in batches": (20_000, 12_400), "verified": (100_000, 52_000)}


def main() -> int:
    with own_database():
        return show(measure())


def measure() -> dict[str, float]:
    """Answer entries a second for each thing that is done with them; of the writing, the median batch."""
    from django.db import transaction

    from joinedup.access import Act, record_many, seal, service_grant, verify

    grant = service_grant("bench", "Measure the audit", "whoever runs this")

    def write() -> int:
        # As a batch really is: each entry has its own subject and details.
        acts = [Act("system.correct", f"body:{number}", details={"row": number}) for number in range(BATCH)]
        with transaction.atomic():
            return record_many(grant, acts)

    written = [rate(write) for _ in range(BATCHES)]
    sealed = rate(lambda: seal().entries)
    verified = [rate(lambda: checked(verify())) for _ in range(3)]
    return {
        "written in batches": statistics.median(written),
        "sealed": sealed,
        "verified": statistics.median(verified),
    }


def rate(act: Callable[[], int]) -> float:
    began = time.perf_counter()
    count = act()
    return count / (time.perf_counter() - began)


def checked(report: Any) -> int:
    assert report.holds, report.findings[:3]
    assert report.entries == BATCH * BATCHES
    return int(report.entries)


def show(figures: dict[str, float]) -> int:
    missed = 0
    for what, figure in figures.items():
        limit, reference = LIMITS.get(what, (None, None))
        line = f"audit, {what}: {figure:,.0f} entries/s"
        if limit is not None and reference is not None:
            missed += figure < limit
            line += f"; limit {limit:,}, ratio {figure / limit:.2f}"
            line += f"; reference {reference:,}, ratio {figure / reference:.2f}"
        print(line)
    return 1 if missed else 0


if __name__ == "__main__":
    raise SystemExit(main())
