"""How fast a pot is shared by need over all of England's practices: python bench/allocation.py

Figures are medians of five, in seconds of this process (time.process_time), after one run that is not counted. The
peer for a single split is the `quota` arithmetic that everybody writes first, floats rounded half-up line by line,
which is quicker and does not add up; the line says by how many pence it misses the pot.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

from own_database import own_database
from timing import median as median_of

from joinedup.money import (
    Leaf,
    Limits,
    allocate_by_need,
    allocate_tree,
    pace_of_change,
    read_weighted_population,
    split_pence,
)
from joinedup.money.allocation.weighted_populations import LEVELS

POT = 10_000_000_000_001  # £100bn and a penny
APRIL = date(2022, 4, 1)
LIMITS = {
    "MG1 split_pence, 6,554 practices": 0.25,
    "MG2 allocate_tree, England, four levels, 8,007 units": 0.5,
    "England's practices, the issue's limit": 0.2,
    "MG3 pace_of_change, 6,554 practices": 0.5,
    "a what-if of one system, by practice": 0.1,
    "a what-if of one system, by place, with limits": 0.1,
    "a what-if in the page: what a slider's move asks the server": 0.1,
}


def main() -> int:
    named = os.environ.get("JOINEDUP_REFERENCE")
    folder = Path(named) if named else Path(__file__).resolve().parents[2] / "shared" / "data"
    path = folder / "nhsengland_AIF_Allocation_Tool" / "wp_2022_2023.csv"
    if not path.is_file():
        print(f"left out: the published table is not here ({folder}); set JOINEDUP_REFERENCE to its folder")
        return 77
    began = time.process_time()
    table = read_weighted_population(path, year="2022/23", components=["core"])
    print(f"reading and checking the table (once): {time.process_time() - began:.3f} s")
    weights = {one.code: one.weighted["core"] for one in table.practices}
    leaves = [Leaf(one.path(), one.weighted["core"]) for one in table.practices]
    baseline = split_pence(POT, {one.code: one.population for one in table.practices})
    places = {"06K": 38_000_000_000, "06N": 40_000_000_000, "07H": 19_000_000_000}
    limits = Limits(places, "0.5", "0.01", "0.06")
    tree = median(lambda: allocate_tree(POT, leaves, LEVELS, as_of=APRIL))
    figures = dict(
        zip(
            LIMITS,
            (
                median(lambda: split_pence(POT, weights)),
                tree,
                tree,
                median(lambda: pace_of_change(baseline, weights, POT * 104 // 100, kappa=".5", floor=".02", cap=".06")),
                median(lambda: allocate_by_need(table, POT, by="practice", system="QM7")),
                median(lambda: allocate_by_need(table, 10**11, by="place", system="QM7", limits=limits)),
                in_the_page(path),
            ),
            strict=True,
        )
    )
    missed = 0
    for what, figure in figures.items():
        print(f"{what}: {figure:.4f} s; limit {LIMITS[what]} s, ratio {LIMITS[what] / figure:.1f}")
        missed += figure > LIMITS[what]
    floats = {code: float(weight) for code, weight in weights.items()}
    naive = median(lambda: line_by_line(POT, floats))
    astray = sum(line_by_line(POT, floats).values()) - POT
    print(f"peer, floats rounded line by line: {naive:.4f} s, ratio {naive / figures[next(iter(LIMITS))]:.2f}; "
          f"it misses the pot by {astray:+,} p, ours by 0")  # fmt: skip
    return 1 if missed else 0


def in_the_page(table: Path) -> float:
    """Answer the median CPU seconds of this process in which the page answers a move of a slider."""
    with own_database():
        from django.test import Client

        from joinedup.access import demo_users
        from joinedup.money.allocation.kept_tables import keep_table

        demo_users()
        keep_table(table, "2022/23")
        client = Client(SERVER_NAME="127.0.0.1")
        client.post("/access/demo/", {"role": "finance_lead"})
        moves = iter(range(100))

        def move() -> None:
            sent = {"system": "QM7", "change": "4", "kappa": str(next(moves)), "floor": "1", "cap": "8"}
            answer = client.get("/money/allocation/", sent, headers={"X-Part": "yes"})
            assert answer.status_code == 200, answer.content[:300]
            assert "the difference is £0.00" in answer.content.decode()

        return median(move)


def median(act: Callable[[], object]) -> float:
    return median_of(act, time.process_time)


def line_by_line(pot: int, weights: dict[str, float]) -> dict[str, int]:
    whole = sum(weights.values())
    return {code: int(pot * weight / whole + 0.5) for code, weight in weights.items()}


if __name__ == "__main__":
    raise SystemExit(main())
