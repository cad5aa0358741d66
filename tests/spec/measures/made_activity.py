"""A tiny snapshot written row by row, so that its activity can be counted by hand. Nobody in it is real.

Places PA and PB became PD on 1 January 2026; the practice Y3 went from PC to PD on 1 April 2026.
"""

from __future__ import annotations

import itertools
import json
from collections import defaultdict
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from joinedup.population.tables import TABLES

BEGAN, MERGED, MOVED = date(2010, 4, 1), date(2026, 1, 1), date(2026, 4, 1)
DAY = date(2026, 10, 31)
FEEDS = ("gp", "sus-apc", "sus-op", "ecds", "wlmds", "mhsds", "csds", "asc-cld", "hl7v2", "letters")


def number(year: int, month: int) -> int:
    return year * 12 + month - 1


class Made:
    """Rows of a snapshot to be written. Every row that is about somebody makes them be there."""

    def __init__(self) -> None:
        self.rows: dict[str, list[dict[str, Any]]] = defaultdict(list)
        self.keys = itertools.count(1)
        self.people: dict[str, dict[str, Any]] = {}
        self.coverage: dict[str, Any] = {
            feed: {"from": "2023-11", "to": "2026-10", "missing": list[str]()} for feed in FEEDS
        }
        for practice, place in (("Y1", "PA"), ("Y2", "PB")):
            self.add("practice_area", practice=practice, place=place, system="QM7", starts=BEGAN, ends=MERGED)
            self.add("practice_area", practice=practice, place="PD", system="QM7", starts=MERGED)
        self.add("practice_area", practice="Y3", place="PC", system="QM7", starts=BEGAN, ends=MOVED)
        self.add("practice_area", practice="Y3", place="PD", system="QM7", starts=MOVED)
        self.add("practice_area", practice="Y4", place="PC", system="QM7", starts=BEGAN)
        self.add("area", code="QM7", kind="system", name="The system", starts=BEGAN)
        for code in ("PA", "PB"):
            self.add("area", code=code, kind="place", name=code, part_of="QM7", starts=BEGAN, ends=MERGED, became="PD")
        self.add("area", code="PC", kind="place", name="Place C", part_of="QM7", starts=BEGAN)
        self.add("area", code="PD", kind="place", name="Place D", part_of="QM7", starts=MERGED)

    def add(self, table: str, **row: Any) -> str:
        """Add a row; answers its key."""
        key = str(row.setdefault("key", f"k{next(self.keys):06d}"))
        self.rows[table].append({name: row.get(name) for name in TABLES[table].names})
        return key

    def person(self, person: str, practice: str = "Y4", **told: Any) -> str:
        """Add somebody who has been registered with a practice for ever."""
        if person not in self.people:
            self.people[person] = told
            self.add("person", **{"person": person, "birth_month": "1980-01", "sex": "female", **told})
            self.add("registration", person=person, practice=practice, starts=date(2015, 1, 1))
        return person

    def stay(
        self, person: str, on: date, ends: date, method: str = "21", kind: str = "1", provider: str = "RWG",
        episodes: tuple[tuple[str, int | None], ...] = (("300", 100_000),), hrg: str = "DZ11R", is_whole: bool = True,
    ) -> str:  # fmt: skip
        """Add a stay with its episodes (specialty and price), as the extract of admitted care has it."""
        self.person(person)
        said = {"person": person, "feed": "sus-apc", "class_code": "IMP", "provider": provider, "hrg": hrg,
                "admission_method": method, "classification": kind}  # fmt: skip
        stay = self.add("pop_encounter", activity="spell", on=on, ends=ends, **said)
        for nth, (service, pence) in enumerate(episodes, 1):
            is_last = True if nth == len(episodes) and is_whole else None
            self.add("pop_encounter", activity="episode", part_of=stay, on=on, ends=ends, service=service,
                     tariff_pence=pence, is_last_episode=is_last, **said)  # fmt: skip
        return stay

    def encounter(self, person: str, feed: str, on: date, **row: Any) -> str:
        self.person(person)
        return self.add("pop_encounter", **{"person": person, "feed": feed, "on": on, "ends": on, **row})

    def appointment(self, person: str, on: date, **row: Any) -> str:
        self.person(person)
        said = {"feed": "sus-op", "attended": "5", "is_first": True, "provider": "RWG", "service": "110"}
        return self.add("pop_appointment", **{"person": person, "on": on, **said, **row})

    def wait(self, person: str, starts: date, stops: date | None = None, **row: Any) -> str:
        self.person(person)
        said = {"feed": "wlmds", "kind": "wait", "provider": "RWG", "service": "110", "waiting_list": "ORTT"}
        ended = {"clock_ends": stops, "removed": stops, "removal_reason": "TREATED" if stops else None}
        return self.add(
            "pop_referral", **{"person": person, "on": starts, "clock_starts": starts, **said, **ended, **row}
        )

    def write(self, folder: Path, name: str = "2026-10-31-tiny") -> Path:
        """Write the snapshot below a folder, and answer its own."""
        root = folder / name
        tables = {}
        for table, schema in TABLES.items():
            (root / "tables" / table).mkdir(parents=True, mode=0o700)
            rows = self.rows[table]
            path = root / "tables" / table / "part-all.parquet"
            pq.write_table(pa.Table.from_pylist(rows, schema=schema), path)
            tables[table] = {"rows": len(rows), "files": {}, "columns": schema.names}
        manifest = {
            "id": root.name, "day": DAY.isoformat(), "made_at": f"{DAY.isoformat()}T12:00:00+00:00", "revision": 1,
            "content": "tiny", "simulated": True, "recipient": "made", "system": "QM7", "tables": tables,
            "sources": [], "coverage": self.coverage, "opt_outs": {}, "quality": {}, "linkage": {},
        }  # fmt: skip
        (root / "manifest.json").write_text(json.dumps(manifest))
        return root
