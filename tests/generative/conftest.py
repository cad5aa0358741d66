"""What the tests that compare engines share: one Spark, set up for some thousand rows."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from joinedup.population import open_snapshot
from joinedup.population.snapshot import Snapshot

SETTINGS = {
    # No Java written and compiled for each of some hundred stages, and one part of each.
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
    "spark.sql.shuffle.partitions": "1",
    "spark.sql.adaptive.enabled": "false",
    "spark.sql.autoBroadcastJoinThreshold": "-1",
}


@pytest.fixture(scope="session")
def open_on_spark() -> Callable[[Path], Snapshot]:
    """Answer how to open a snapshot on Spark; every such snapshot of this run is on the same one."""
    pytest.importorskip("pyspark", reason="pyspark is not installed: DuckDB is compared with nothing")
    if not (shutil.which("java") or os.environ.get("JAVA_HOME")):
        pytest.skip("Java is not here, so that Spark does not run: DuckDB is compared with nothing")

    # For minutes, not days: Java that is compiled once, plainly, and shows no progress among the tests' own.
    os.environ.setdefault("JDK_JAVA_OPTIONS", "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC")
    os.environ.setdefault("PYSPARK_SUBMIT_ARGS", "--conf spark.ui.showConsoleProgress=false pyspark-shell")

    def opened(folder: Path) -> Snapshot:
        snapshot = open_snapshot(folder, engine="spark")
        for name, value in SETTINGS.items():
            snapshot.connection._session.conf.set(name, value)
        return snapshot

    return opened
