"""A population drawn by hand: a snapshot of the few rows that a test is about."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from joinedup.population.snapshot import Snapshot, open_snapshot
from joinedup.population.tables import TABLES

LAST = date(2026, 3, 31)
"""The day of a drawn snapshot: the end of March 2026, which is the D of the rule book's examples."""
MARCH = 2026 * 12 + 2
"""The number of that month."""
BEGAN = date(2010, 4, 1)


def draw(folder: Path, *, day: date = LAST, engine: str = "duckdb", **tables: list[dict[str, Any]]) -> Snapshot:
    """Write a snapshot of these rows and open it. What a row does not say is empty, but for what makes it count:

    people are registered with Y00001 in the place PA since 2010 unless `registration` is given; rows come by the feed
    gp; conditions, observations, requests of medicines are coded in SNOMED CT; immunisations are completed.
    """
    rows = {name: list(tables.pop(name, [])) for name in TABLES if name != "registration"}
    people = [one["person"] for one in rows["person"]]
    rows["registration"] = tables.pop(
        "registration", [{"person": who, "practice": "Y00001", "starts": BEGAN} for who in people]
    )
    assert not tables, f"no such tables: {sorted(tables)}"
    rows["practice_area"] = rows["practice_area"] or [
        {"practice": "Y00001", "neighbourhood": "NA1", "place": "PA", "system": "QM7", "starts": BEGAN}
    ]
    for name, schema in TABLES.items():
        defaults = _DEFAULTS.get(name, {})
        whole = [{**dict.fromkeys(schema.names), **defaults, **row} for row in rows[name]]
        for number, row in enumerate(whole):
            strange = set(row) - set(schema.names)
            assert not strange, f"{name} has no {sorted(strange)}"
            if "feed" in schema.names:
                row["feed"] = row["feed"] or "gp"
                row["key"] = row["key"] or f"{name}{number}"
        (folder / "tables" / name).mkdir(parents=True)
        pq.write_table(pa.Table.from_pylist(whole, schema=schema), folder / "tables" / name / "part-0.parquet")
    manifest = {"id": folder.name, "day": day.isoformat(), "made_at": f"{day}T12:00:00+00:00", "tables": dict(rows)}
    (folder / "manifest.json").write_text(json.dumps({**manifest, "tables": {name: {} for name in TABLES}}))
    return open_snapshot(folder, engine=engine)


_DEFAULTS: dict[str, dict[str, Any]] = {
    "person": {"birth_month": "1970-01", "age": 56, "sex": "female", "ethnic_group": "White"},
    "pop_condition": {"system": "snomed", "on_precision": "day", "status": "active"},
    "pop_observation": {"system": "snomed", "on_precision": "day", "status": "final"},
    "pop_medication": {"kind": "request", "system": "snomed", "on_precision": "day", "status": "active"},
    "pop_immunisation": {"system": "snomed", "on_precision": "day", "status": "completed"},
}


def held(snapshot: Snapshot, table: Any) -> dict[str, list[tuple[int, int]]]:
    """Answer states by person, months counted from the snapshot's last: 0 is the last, -1 the one before."""
    last = snapshot.months[-1]
    found: dict[str, list[tuple[int, int]]] = {}
    for row in snapshot.connection.to_pyarrow(table).to_pylist():
        found.setdefault(row["person"], []).append((row["first_month"] - last, row["last_month"] - last))
    return {who: sorted(spells) for who, spells in sorted(found.items())}


def now(snapshot: Snapshot, table: Any) -> set[str]:
    """Answer who is in a state at the end of the snapshot's last month."""
    return {who for who, spells in held(snapshot, table).items() if spells[-1][1] == 0}
