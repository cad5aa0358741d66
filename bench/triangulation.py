"""How fast plans are compared: python bench/triangulation.py

200,000 pairs in memory (rule MG9), and 200,000 lines, 100,000 of each side, from the database and back: read, held
against their hash, paired, compared and kept. CPU seconds of this process; the database works in processes of its own,
so the seconds on the clock stand beside them.
"""

from __future__ import annotations

import random
import sys
import time

from own_database import own_database

LINES = 200_000
LIMITS = {f"comparing {LINES:,} pairs": 2.0, f"triangulating {LINES:,} lines in the database": 5.0}
PODS = {"EL": "spells", "DC": "spells", "NEL": "spells", "OPFA": "attendances", "OPFU": "attendances"}


def main() -> int:
    from joinedup.planning import ToleranceSet, pair_lines, planning_crosswalks, triangulate

    figures: dict[str, float] = {}
    ours, theirs = plans(LINES)
    pairs = pair_lines(ours, theirs, planning_crosswalks(), as_of=day())
    began = time.process_time()
    report = triangulate(pairs, ToleranceSet())
    figures[f"comparing {LINES:,} pairs"] = time.process_time() - began
    print(f"{len(pairs):,} pairs: {len(report.within):,} within, {len(report.disagreements):,} to settle")
    figures[f"triangulating {LINES:,} lines in the database"] = in_database()
    missed = 0
    for what, seconds in figures.items():
        print(f"{what}: {seconds:.2f} CPU s; limit {LIMITS[what]:.1f} s, ratio {LIMITS[what] / seconds:.1f}")
        missed += seconds > LIMITS[what]
    print("No peer: no published tool compares commissioners' and providers' plans.")
    return 1 if missed else 0


def day():
    from datetime import date

    return date(2026, 4, 1)


def plans(lines: int):
    """Two plans of so many lines each that mostly agree; about one line in a hundred does not."""
    from joinedup.planning import PlanLine, PlanVersion, months_of

    draw = random.Random(5)
    months = months_of("2026/27")
    ours, theirs = [], []
    services = lines // (len(PODS) * len(months)) + 1
    for service in range(services):
        for pod, unit in PODS.items():
            for month in months:
                value = draw.randrange(50, 5_000)
                line = PlanLine("activity", "QM7", "RWG", f"{service:05}", pod, month, "activity", unit, value)
                ours.append(line)
                off = value // 10 if draw.random() < 0.01 else 0
                theirs.append(line._replace(value=value + off))
    return (
        PlanVersion("QM7", "commissioner", "2026/27", 1, tuple(ours[:lines])),
        PlanVersion("RWG", "provider", "2026/27", 1, tuple(theirs[:lines])),
    )


def in_database() -> float:
    """Answer the CPU seconds of the act `triangulate` on two kept plans of half the lines each."""
    with own_database():
        from joinedup.access import service_grant
        from joinedup.planning import services

        leave = service_grant("bench", "measure triangulation", "the bench")
        kept = []
        for plan in plans(LINES // 2):
            version = services.store_plan(leave, plan)
            services.submit(leave, version.pk)
            kept.append(version.pk)
        began, clock = time.process_time(), time.perf_counter()
        comparison, _ = services.triangulate(leave, *kept, as_of=day())
        seconds, on_clock = time.process_time() - began, time.perf_counter() - clock
        print(f"in the database: {comparison.counts['to_settle']:,} gaps kept, {on_clock:.2f} s on the clock")
        return seconds


if __name__ == "__main__":
    sys.exit(main())
