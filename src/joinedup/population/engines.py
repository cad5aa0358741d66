"""The engines that answer Ibis expressions. Nobody else knows their names."""

from __future__ import annotations

import os
import shutil
import sys
from typing import Any

from joinedup.errors import Unavailable


def connect(engine: str) -> Any:
    """Answer an Ibis backend: DuckDB in this process, or Spark, local or the cluster that SPARK_REMOTE names.

    Raises Unavailable where pyspark or Java is not there.
    """
    import ibis

    if engine == "duckdb":
        return ibis.duckdb.connect(threads=os.cpu_count() or 1)
    return ibis.pyspark.connect(_spark())


def keep(connection: Any, table: Any) -> Any:
    """Answer an Ibis table worked out and kept by the engine, for as long as the answer is.

    Spark is asked to forget how it came about (a local checkpoint): it would plan all of it again each time it is used.
    """
    if connection.name != "pyspark":
        return table.cache()
    from ibis.util import gen_name

    name = gen_name("joinedup_kept")
    connection.raw_sql(connection.compile(table)).localCheckpoint().createOrReplaceTempView(name)
    return connection.table(name)


def _spark() -> Any:
    try:
        from pyspark.sql import SparkSession
    except ImportError:
        raise Unavailable(
            "Spark is not installed here. Install it (pip install 'joinedup[spark]'), or use engine=\"duckdb\"."
        ) from None
    remote = os.environ.get("SPARK_REMOTE")
    if not remote and not (shutil.which("java") or os.environ.get("JAVA_HOME")):
        raise Unavailable(
            "Spark needs Java 17, which is not here. Install it (apt-get install openjdk-17-jre-headless), name a "
            'cluster in SPARK_REMOTE, or use engine="duckdb".'
        )
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    builder = SparkSession.builder.appName("joinedup")
    if remote:
        return builder.remote(remote).getOrCreate()
    return (
        builder.master(os.environ.get("SPARK_MASTER", "local[*]"))
        .config("spark.sql.session.timeZone", "UTC")
        .config("spark.ui.enabled", "false")
        .config("spark.sql.shuffle.partitions", str(os.cpu_count() or 2))
        .getOrCreate()
    )
