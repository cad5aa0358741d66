"""Opening a snapshot: its tables as Ibis expressions, on DuckDB or Spark. Nothing here needs Django or a database.

A snapshot is a folder below `snapshots` in the data folder: `manifest.json` and `tables/<name>/part-<unit>.parquet`.
It is a controlled place: only the account that runs joinedup may read it (folders are made 0700). Whoever may not see
rows gets an error without any.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

from joinedup import database
from joinedup.errors import NotFound, Refused, RuleError, Unavailable, did_you_mean
from joinedup.population.months import month_number

ENGINES = ("duckdb", "spark")
MONTHS = 36


def snapshots_folder() -> Path:
    return database.data_dir() / "snapshots"


def snapshot_ids() -> list[str]:
    """Answer the ids of the snapshots that are here, the newest last."""
    folder = snapshots_folder()
    if not folder.is_dir():
        return []
    found = [(_read_manifest(path.parent)["made_at"], path.parent.name) for path in folder.glob("*/manifest.json")]
    return [name for _, name in sorted(found)]


def open_snapshot(name: str | Path = "latest", *, engine: str = "duckdb") -> Snapshot:
    """Open a snapshot by id, "latest" or the path of its folder.

    `engine` is "duckdb", or "spark": a local Spark, or the one that SPARK_REMOTE or spark.master names. Raises NotFound
    for no such snapshot, Refused where this account may not open rows, RuleError for another engine and Unavailable
    where Spark or Java is not there.
    """
    if engine not in ENGINES:
        raise RuleError(
            f"There is no engine called '{engine}': expected duckdb or spark.{did_you_mean(engine, ENGINES)}"
        )
    folder = _folder(name)
    if not os.access(folder / "tables", os.R_OK | os.X_OK):
        raise Refused(
            "This account may not open the rows of snapshots. Protected figures are for everyone: "
            "joinedup.measures.open_results()."
        )
    return Snapshot(folder, _read_manifest(folder), engine)


@dataclass(frozen=True)
class Snapshot:
    """One immutable, dated set of pseudonymised tables; `table("person")` is an Ibis table, read when asked."""

    folder: Path
    manifest: Mapping[str, Any] = field(repr=False)
    engine: str = "duckdb"

    @property
    def id(self) -> str:
        return str(self.manifest["id"])

    @property
    def day(self) -> date:
        """Answer the day that the snapshot stands for: what was recorded by its end."""
        return date.fromisoformat(self.manifest["day"])

    @property
    def tables(self) -> list[str]:
        return sorted(self.manifest["tables"])

    @property
    def months(self) -> range:
        """Answer the months that measures are made for: the last 36 that were over on the snapshot's day."""
        last = month_number(self.day) - 1 + int(_is_last_of_month(self.day))
        return range(last - MONTHS + 1, last + 1)

    def table(self, name: str) -> Any:
        """Answer a table as an Ibis expression; raises NotFound for one that is not in the snapshot."""
        if name not in self.manifest["tables"]:
            raise NotFound(
                f"Snapshot {self.id} has no table '{name}'. It has: {', '.join(self.tables)}."
                f"{did_you_mean(name, self.tables)}"
            )
        files = self.folder / "tables" / name
        # Spark reads a folder; given a pattern, it looks for a file of that name first and complains.
        return self.connection.read_parquet(
            str(files / "*.parquet" if self.engine == "duckdb" else files), table_name=name
        )

    @cached_property
    def connection(self) -> Any:
        """Answer the Ibis backend on which the tables of this snapshot are."""
        from joinedup.population.engines import connect

        return connect(self.engine)

    def __hash__(self) -> int:
        return hash((self.id, self.engine))


def _folder(name: str | Path) -> Path:
    if isinstance(name, Path) or os.sep in str(name):
        folder = Path(name)
        if not (folder / "manifest.json").is_file():
            raise NotFound(f"{folder} is no snapshot: it has no manifest.json.")
        return folder
    ids = snapshot_ids()
    if not ids:
        raise NotFound("There is no snapshot yet. Make one: joinedup snapshot")
    if name == "latest":
        return snapshots_folder() / ids[-1]
    if name not in ids:
        raise NotFound(
            f"There is no snapshot '{name}'.{did_you_mean(str(name), ids)} joinedup snapshot list shows them."
        )
    return snapshots_folder() / str(name)


def _read_manifest(folder: Path) -> dict[str, Any]:
    try:
        manifest: dict[str, Any] = json.loads((folder / "manifest.json").read_bytes())
    except PermissionError:
        raise Refused("This account may not open snapshots.") from None
    except ValueError:
        raise Unavailable(f"The manifest of snapshot {folder.name} is damaged. Make the snapshot anew.") from None
    return manifest


def _is_last_of_month(day: date) -> bool:
    return month_number(date.fromordinal(day.toordinal() + 1)) != month_number(day)
