"""How fast measures are made of a million residents: python bench/measures.py [residents]

A made-up snapshot of a million residents with 120 practices is written once into the temporary folder (some minutes, 3
GB) and kept there for the next time. Every measure of every area, month and group is then counted, protected and
written, in a process of its own, on DuckDB. Besides, 50 million events are grouped by practice and month.
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(REPOSITORY))
RESIDENTS, PRACTICES = 1_000_000, 120
EVENTS = 50_000_000
LIMITS = {"all measures, seconds": 30.0, "50 million events grouped, seconds": 3.0}
KEPT = Path(tempfile.gettempdir()) / "joinedup-bench-population"


def main() -> int:
    if "--measure" in sys.argv:
        return measure(Path(sys.argv[-1]))
    if "--group" in sys.argv:
        return group()
    residents = int(sys.argv[1]) if len(sys.argv) > 1 else RESIDENTS
    from tests.made_population import make

    began = time.perf_counter()
    folder = make(KEPT, residents=residents, practices=PRACTICES)
    print(f"  a made-up snapshot of {residents:,} residents: {time.perf_counter() - began:.0f} s (not measured)")
    made = apart("--measure", str(folder))
    print(
        f"  {made['measures']} measures, {made['areas']} areas, {made['months']} months: {made['figures']:,} figures; "
        f"counting {made['seconds_counting']:.1f} s, protecting {made['seconds_protecting']:.1f} s, "
        f"writing {made['seconds_writing']:.1f} s, peak memory {made['peak_gb']:.2f} GB"
    )
    whole = made["seconds_counting"] + made["seconds_protecting"] + made["seconds_writing"]
    grouped = apart("--group")
    took = {"all measures, seconds": whole, "50 million events grouped, seconds": grouped["seconds"]}
    for what, limit in LIMITS.items():
        print(f"  {what}: {took[what]:.1f}, limit {limit:.0f}, {took[what] / limit:.2f} of it")
    return int(any(took[what] > limit for what, limit in LIMITS.items()))


def apart(*words: str) -> dict[str, float]:
    """Answer what a process of its own measured."""
    done = subprocess.run([sys.executable, __file__, *words], check=True, capture_output=True, text=True)
    answer: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return answer


def measure(folder: Path) -> int:
    data = Path(tempfile.mkdtemp(prefix="joinedup-bench-"))
    os.environ["JOINEDUP_DATA"] = str(data)
    from joinedup.measures.making import make_measures
    from joinedup.population import open_snapshot

    made = make_measures(open_snapshot(folder)).as_json()
    made["peak_gb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    shutil.rmtree(data, ignore_errors=True)
    print(json.dumps(made))
    return 0


def group() -> int:
    """Group 50 million events of a Parquet file by practice and month."""
    file = KEPT / "events.parquet"
    import ibis

    connection = ibis.duckdb.connect(threads=os.cpu_count() or 1)
    if not file.exists():
        KEPT.mkdir(parents=True, exist_ok=True)
        connection.raw_sql(
            f"COPY (SELECT (i * 7919 % {RESIDENTS})::INTEGER AS who, (i % 36)::INTEGER AS month, "
            f"('Y' || (10000 + i // 36 * 31 % {PRACTICES})) AS practice FROM range({EVENTS}) t(i)) "
            f"TO '{file}.new' (FORMAT parquet)"
        )
        Path(f"{file}.new").rename(file)
    began = time.perf_counter()
    events = connection.read_parquet(str(file))
    found = events.group_by("practice", "month").aggregate(events=events.count()).to_pyarrow()
    took = time.perf_counter() - began
    assert sum(found["events"].to_pylist()) == EVENTS
    print(json.dumps({"seconds": took, "groups": len(found)}))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
