"""Taking people out of snapshots that are in use (rules: population PB8): files rewritten, id kept, revision counted.

Whoever is taken out for good leaves a tombstone: a keyed digest, so that no later snapshot takes them in again and
nobody can read from it who it was. Whoever has opted out may opt in again, and leaves none.
"""

from __future__ import annotations

import hmac
import json
import os
import shutil
from collections.abc import Collection
from pathlib import Path
from typing import Any

from joinedup.population.building import new_writer, sha256_of
from joinedup.population.manifest import MANIFEST, UNITS, content_digest, write_json


def tombstone(master: bytes, identity: str) -> str:
    """Answer what is kept of an identity: `nhs|` and a number, or `person|` and an id of the record."""
    return hmac.digest(master, b"tombstone|" + identity.encode(), "sha256").hex()[:32]


def without(
    folder: Path, pseudonyms: Collection[str], tombstones: Collection[str], making: Path
) -> dict[str, Any] | None:
    """Write a snapshot anew without these people, below `making`; answers its new manifest, None if nobody was in it.

    Files in which none of them is are linked, not copied.
    """
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    manifest: dict[str, Any] = json.loads((folder / MANIFEST).read_bytes())
    gone = pa.array(sorted(pseudonyms), type=pa.string())
    affected: dict[str, dict[str, int]] = {}
    for name, table in manifest["tables"].items():
        if "person" not in table["columns"]:
            continue
        for file in table["files"]:
            reader = pq.ParquetFile(folder / "tables" / name / file)
            hits = sum(
                int(pc.sum(pc.is_in(reader.read_row_group(nth, columns=["person"]).column(0), gone)).as_py() or 0)
                for nth in range(reader.num_row_groups)
            )
            if hits:
                affected.setdefault(name, {})[file] = hits
    if not affected:
        return None
    new = making / folder.name
    units = json.loads((folder / UNITS).read_bytes()) if (folder / UNITS).is_file() else {}
    for name, table in manifest["tables"].items():
        target = new / "tables" / name
        target.mkdir(parents=True, mode=0o700)
        lost = affected.get(name, {})
        for file in table["files"]:
            old = folder / "tables" / name / file
            if file not in lost:
                os.link(old, target / file)
                continue
            nulls = _rewrite(old, target / file, gone)
            for column, many in nulls.items():
                table["nulls"][column] = table["nulls"].get(column, 0) - many
            table["files"][file] = sha256_of(target / file)
            for part in units.get(name, {}).values():
                if part["file"] == file:  # Never taken over into another snapshot: it is not what its digest says.
                    part.update(digest="", sha256=table["files"][file])
        table["rows"] -= sum(lost.values())
    for extra in folder.iterdir():
        if extra.is_file() and extra.name not in (MANIFEST, UNITS):
            shutil.copy2(extra, new / extra.name)
    manifest["revision"] += 1
    manifest["people"] = manifest["tables"].get("person", {}).get("rows", manifest["people"] - len(pseudonyms))
    manifest["tombstones"] = sorted({*manifest.get("tombstones", ()), *tombstones})
    files = {
        f"{name}/{file}": sha for name, table in manifest["tables"].items() for file, sha in table["files"].items()
    }
    manifest["content"] = content_digest(files)
    if units:
        manifest["units"] = write_json(new, UNITS, units)
    write_json(new, MANIFEST, manifest)
    return manifest


def _rewrite(old: Path, new: Path, gone: Any) -> dict[str, int]:
    """Write a file without some people, row group by row group; answers the empty values that went, by column."""
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    reader = pq.ParquetFile(old)
    nulls: dict[str, int] = {}
    with new_writer(new, reader.schema_arrow) as writer:
        for nth in range(reader.num_row_groups):
            table = reader.read_row_group(nth)
            goes = pc.is_in(table.column("person"), gone)
            lost = table.filter(goes)
            for column in lost.column_names:
                if many := lost.column(column).null_count:
                    nulls[column] = nulls.get(column, 0) + many
            if (kept := table.filter(pc.invert(goes))).num_rows:
                writer.write_table(kept)
    return nulls
