"""How fast the house opens: the first page of help, and the database that comes along."""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

# seconds: our limit, and the figure of the design (design section 4: embedded PostgreSQL, first start)
LIMITS = {"joinedup --help": (0.3, None), "first start of the database": (15.0, 6.0), "start again": (5.0, None)}


def seconds(act: Callable[[], object]) -> float:
    began = time.perf_counter()
    act()
    return time.perf_counter() - began


def main() -> int:
    folder = tempfile.mkdtemp(prefix="joinedup-bench-")
    os.environ["JOINEDUP_DATA"] = folder
    os.environ.pop("DATABASE_URL", None)
    from joinedup import database

    program = Path(sys.executable).with_name("joinedup")
    helped = [seconds(lambda: subprocess.run([program, "--help"], check=True, capture_output=True)) for _ in range(10)]
    try:
        first = seconds(database.start)
        database.stop()
        again = seconds(database.start)
    finally:
        database.stop()
        shutil.rmtree(folder, ignore_errors=True)
    figures = {
        "joinedup --help": statistics.median(helped),
        "first start of the database": first,
        "start again": again,
    }
    missed = 0
    for what, figure in figures.items():
        limit, reference = LIMITS[what]
        line = f"{what}: {figure:.2f} s; limit {limit:.1f} s, ratio {limit / figure:.1f}"
        if reference:
            line += f"; reference {reference:.1f} s, ratio {reference / figure:.1f}"
        print(line)
        missed += figure > limit
    return 1 if missed else 0


if __name__ == "__main__":
    raise SystemExit(main())
