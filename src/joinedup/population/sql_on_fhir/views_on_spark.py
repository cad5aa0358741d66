"""The row function of a view on Spark: the same code, so the same rows, on as many machines as there are."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import orjson
import pyarrow as pa

from joinedup.population.sql_on_fhir.column_types import record_batch, schema
from joinedup.population.sql_on_fhir.view_compiler import CompiledView, Row


def spark_rows(view: CompiledView, resources: Any) -> Any:
    """Answer the rows of a view as a Spark DataFrame, from one whose first column holds resources as JSON text.

    `spark.read.text(folder)` is such a one. Each executor needs this package. A text that is no resource fails the
    job, naming no content: look through a bulk export with `joinedup snapshot` first, which sets such lines aside.
    """
    from pyspark.sql.pandas.types import from_arrow_schema

    return resources.select(resources.columns[0]).mapInArrow(_mapping(view), from_arrow_schema(schema(view.view)))


def _mapping(view: CompiledView) -> Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    def rows_of(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        names = view.view.select.names
        for batch in batches:
            rows: list[Row] = []
            for text in batch.column(0).to_pylist():
                if text and (resource := orjson.loads(text)).get("resourceType") == view.resource:
                    view.fill(resource, rows)
            if rows:
                columns = dict(zip(names, zip(*rows, strict=True), strict=True))
                yield record_batch(view.view, columns)

    return rows_of
