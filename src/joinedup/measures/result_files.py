"""The files of the results: which columns a figure has, and how a folder of them is written all at once.

`results/<snapshot id>/` in the data folder holds `counts.parquet`, the raw counts, which only the account that runs
joinedup may read (0700); `protected/`, which is what everybody gets; and `manifest.json`. A folder appears whole or
not at all: it is written beside its place and then put there. The same snapshot and definitions give the same bytes,
the manifest's `made_at` aside.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from joinedup import database

if TYPE_CHECKING:
    import pandas as pd

FIGURE_COLUMNS: Final = {
    "measure": "string",
    "month": "date32",
    "area_kind": "string",
    "area": "string",
    "breakdown": "string",
    "band": "string",
    "numerator": "int64",
    "denominator": "int64",
    "value": "float64",
    "lower": "float64",
    "upper": "float64",
    "standardised": "float64",
    "standardised_lower": "float64",
    "standardised_upper": "float64",
    "standardised_status": "string",
    "status": "string",
}
"""What a protected figure is: one row a measure, month, area and group of a breakdown.

`standardised_status` is "too few events" where the counts are shown and the standardised rate has fewer than ten.
"""

ORDER: Final = ["measure", "area_kind", "area", "breakdown", "band", "month"]
BREAKDOWNS: Final = ("all", "sex", "age_band", "ethnic_group", "deprivation_national", "deprivation_local")
AREA_KINDS: Final = ("system", "place", "neighbourhood", "practice")
STATUSES: Final = (
    "",
    "suppressed",
    "too few events",
    "no data for the month",
    "not collected",
    "the area did not exist then",
    "nobody in the denominator",
    "≥ 95%",
    "≤ 5%",
)
"""Why a figure is not given, or all that is given of it; "" where it is."""


def results_folder() -> Path:
    return database.data_dir() / "results"


@contextmanager
def new_folder(name: str) -> Iterator[Path]:
    """Give a folder to write results into; when all went well it takes the place of the one of that name."""
    root = results_folder()
    root.mkdir(parents=True, exist_ok=True)
    place, made = root / name, root / f".{name}.{os.getpid()}"
    shutil.rmtree(made, ignore_errors=True)
    made.mkdir()
    try:
        yield made
        gone = root / f".{name}.{os.getpid()}.gone"
        if place.exists():
            place.rename(gone)
        made.rename(place)
        shutil.rmtree(gone, ignore_errors=True)
    finally:
        shutil.rmtree(made, ignore_errors=True)


def write_protected(folder: Path, figures: pd.DataFrame) -> dict[str, str]:
    """Write protected figures, a file a measure, and answer the SHA-256 of each file."""
    import pyarrow as pa

    schema = pa.schema([(name, _arrow(kind)) for name, kind in FIGURE_COLUMNS.items()])
    protected = folder / "protected"
    (protected / "measures").mkdir(parents=True)
    digests = {}
    figures = figures.sort_values(ORDER, kind="stable")
    for measure, rows in figures.groupby("measure", sort=True, observed=True):
        digests[f"measures/{measure}.parquet"] = _write(
            pa.Table.from_pandas(rows[list(FIGURE_COLUMNS)], schema=schema, preserve_index=False),
            protected / "measures" / f"{measure}.parquet",
        )
    from joinedup.measures.profiles import profiles

    digests["profiles.parquet"] = _write(
        pa.Table.from_pandas(profiles(figures), preserve_index=False), protected / "profiles.parquet"
    )
    return digests


def write_counts(folder: Path, counts: pd.DataFrame) -> str:
    """Write the raw counts into a controlled place, and answer their SHA-256."""
    import pyarrow as pa

    controlled = folder / "controlled"
    controlled.mkdir(mode=0o700)
    digest = _write(pa.Table.from_pandas(counts, preserve_index=False), controlled / "counts.parquet")
    (controlled / "counts.parquet").chmod(0o600)
    return digest


def write_manifest(folder: Path, manifest: Mapping[str, Any]) -> None:
    (folder / "manifest.json").write_text(json.dumps(manifest, indent=1, sort_keys=True, default=str) + "\n")


def _write(table: Any, path: Path) -> str:
    import pyarrow.parquet as pq

    pq.write_table(table.replace_schema_metadata(None), path, compression="zstd")
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _arrow(kind: str) -> Any:
    import pyarrow as pa

    return getattr(pa, kind)()
