"""What makes a file of bench/ a benchmark, and what the benchmarks share."""

from __future__ import annotations

from bench.peak_memory import PeakMemory
from bench.run import benchmarks


def test_a_file_that_runs_by_itself_is_a_benchmark_and_what_they_share_is_none() -> None:
    names = {path.name for path in benchmarks()}
    assert {"views.py", "intake.py"} <= names
    assert not names & {"run.py", "peak_memory.py"}


def test_the_most_memory_of_any_one_process_is_seen_while_it_is_held() -> None:
    import time

    with PeakMemory() as memory:
        held = bytearray(b"x" * 60_000_000)
        before = time.monotonic()
        while memory.peak < len(held) and time.monotonic() - before < 20:
            time.sleep(0.05)
    assert memory.peak > len(held)
