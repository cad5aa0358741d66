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
from joinedup.population.pseudonym import RECIPIENT

ENGINES = ("duckdb", "spark")
MONTHS = 36
_NEEDED = {"id", "day", "made_at", "tables"}


def snapshots_folder() -> Path:
    return database.data_dir() / "snapshots"


def snapshot_ids() -> list[str]:
    """Answer the ids of the snapshots that are here, the one that "latest" means at the end; damaged ones are not told.

    The latest is the one of the newest day, and of these the one made last, of the product's own views, for the default
    recipient, from the record: else one from a bulk export, else one for another recipient, else one of other views.
    """
    folder = snapshots_folder()
    if not folder.is_dir():
        return []
    found = []
    for path in folder.glob("*/manifest.json"):
        try:
            found.append((standing(read_manifest(path.parent)), path.parent.name))
        except Unavailable:
            continue  # an error for whoever opens this one
    return [name for _, name in sorted(found)]


def standing(manifest: Mapping[str, Any]) -> tuple[bool, bool, bool, str, str]:
    """Answer what orders snapshots by their manifests: the one that "latest" means comes last."""
    return (
        not manifest.get("own_views", False),
        manifest.get("recipient", RECIPIENT) == RECIPIENT,
        manifest.get("origin", "record") == "record",
        str(manifest["day"]),
        str(manifest["made_at"]),
    )


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
    return Snapshot(folder, read_manifest(folder), engine)


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
    if name != "latest" and name not in ids and name in _damaged_too():
        return snapshots_folder() / str(name)
    if not ids:
        raise NotFound("There is no snapshot yet. Make one: joinedup snapshot")
    if name == "latest":
        latest = snapshots_folder() / ids[-1]
        if read_manifest(latest).get("own_views", False):
            raise NotFound("Every snapshot here is of other views than the product's: name one, or joinedup snapshot")
        return latest
    if name not in ids:
        raise NotFound(
            f"There is no snapshot '{name}'.{did_you_mean(str(name), ids)} joinedup snapshot list shows them."
        )
    return snapshots_folder() / str(name)


def _damaged_too() -> list[str]:
    return [path.parent.name for path in snapshots_folder().glob("*/manifest.json")]


def read_manifest(folder: Path) -> dict[str, Any]:
    """Answer what a snapshot says of itself; raises Unavailable where that is damaged, Refused where it is closed."""
    try:
        manifest: dict[str, Any] = json.loads((folder / "manifest.json").read_bytes())
        if not manifest.keys() >= _NEEDED:
            raise ValueError
        date.fromisoformat(manifest["day"])
    except PermissionError:
        raise Refused("This account may not open snapshots.") from None
    except (ValueError, TypeError, AttributeError):
        raise Unavailable(f"The manifest of snapshot {folder.name} is damaged. Make the snapshot anew.") from None
    return manifest


def _is_last_of_month(day: date) -> bool:
    return month_number(date.fromordinal(day.toordinal() + 1)) != month_number(day)
