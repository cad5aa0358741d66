"""Run every benchmark, each in a process of its own, and say which speeds were missed: make bench

A benchmark is a file beside this one that prints a line for each figure, with its limit and the ratio, and ends with 1
when one was missed. What it needs and has not (the published files) it says, and ends with 77: left out, never passed.
"""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
LEFT_OUT = 77


def benchmarks() -> list[Path]:
    """Answer the files that are benchmarks: all beside this one that can be run. What they share can't."""
    return [path for path in sorted(HERE.glob("*.py")) if path.name != "run.py" and '"__main__"' in path.read_text()]


def main() -> int:
    print(f"{platform.python_implementation()} {platform.python_version()}, {os.cpu_count()} processors, "
          f"load {os.getloadavg()[0]:.1f}")  # fmt: skip
    told = {"in time": 0, "missed": 0, "left out": 0}
    for path in benchmarks():
        began = time.monotonic()
        print(f"\n{path.stem}", flush=True)
        code = subprocess.run([sys.executable, path], cwd=HERE.parent, check=False).returncode
        outcome = {0: "in time", LEFT_OUT: "left out"}.get(code, "missed")
        told[outcome] += 1
        print(f"{path.stem}: {outcome}, measured in {time.monotonic() - began:.0f} s")
    print("\nbenchmarks: " + ", ".join(f"{count} {outcome}" for outcome, count in told.items()))
    return 1 if told["missed"] else 0


if __name__ == "__main__":
    raise SystemExit(main())
