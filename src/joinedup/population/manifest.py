"""What a snapshot says of itself: counts, digests of files, sources, months covered, quality, opt-outs, linkage."""

from __future__ import annotations

import hashlib
import json
import os
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import joinedup
from joinedup.population.building import Part
from joinedup.population.months import first_day

FEWEST_USUAL = 10
MANIFEST = "manifest.json"
UNITS = "units.json"
# What the rows of a snapshot depend on: a change in any of these makes every part anew.
_MAKERS = (
    "areas", "building", "bulk", "sql_on_fhir/column_types", "deidentify", "sql_on_fhir/fhirpath",
    "sql_on_fhir/fhirpath_types", "from_record", "people", "postcodes", "pseudonym", "tables",
    "sql_on_fhir/view_code", "sql_on_fhir/view_compiler", "sql_on_fhir/view_definition",
    "sql_on_fhir/view_functions", "sql_on_fhir/view_parts",
)  # fmt: skip
KEY_COLUMNS = {
    "person": ("birth_month", "sex", "lsoa11", "practice"),
    "pop_condition": ("code", "on"),
    "pop_observation": ("code", "on"),
    "pop_medication": ("code", "on"),
    "pop_immunisation": ("code", "on"),
    "pop_encounter": ("on", "class_code"),
    "pop_procedure": ("code", "on"),
    "pop_referral": ("on",),
    "pop_appointment": ("on",),
}
"""The columns without which a row counts for little: their empty rates are watched (`gate.py`)."""


@cache
def code_version() -> str:
    """Answer the version of what makes snapshots: joinedup's own, and the digest of this room's source."""
    digest = hashlib.sha256()
    for name in _MAKERS:
        digest.update(name.encode() + (Path(__file__).parent / f"{name}.py").read_bytes())
    return f"{joinedup.__version__}+{digest.hexdigest()[:12]}"


def content_digest(files: Mapping[str, str]) -> str:
    """Answer the digest of a snapshot's content: of its files' names and digests, in order."""
    return hashlib.sha256("\n".join(f"{name} {files[name]}" for name in sorted(files)).encode()).hexdigest()


def coverage(parts: Iterable[Part], last: int, months: int = 36) -> dict[str, Any]:
    """Answer for which months each feed sent events: from, to, and those between for which none came.

    A month counts when it has at least a hundredth of the feed's usual number of events: a single event that was
    entered late, or long ago, covers no month. A feed that usually sends fewer than ten in a month may have none in
    one by chance: nothing is said to be missing of it.
    """
    by_feed: dict[str, dict[int, int]] = defaultdict(lambda: defaultdict(int))
    for part in parts:
        for feed, counted in part.months.items():
            for month, many in counted.items():
                by_feed[feed][int(month)] += many
    answer = {}
    for feed, counted in sorted(by_feed.items()):
        recent = sorted(many for month, many in counted.items() if last - months < month <= last)
        usual = recent[len(recent) // 2] if recent else 1
        held = sorted(month for month, many in counted.items() if month <= last and many * 100 >= usual)
        if not held:
            continue
        missing = [month for month in range(held[0], held[-1] + 1) if month not in set(held)]
        answer[feed] = {
            "from": _said(held[0]),
            "to": _said(held[-1]),
            "missing": [_said(month) for month in missing if month > last - months] if usual >= FEWEST_USUAL else [],
        }
    return answer


def tables_of(parts: Sequence[Part], schemas: Mapping[str, Sequence[str]], more: Mapping[str, Any]) -> dict[str, Any]:
    """Answer the manifest's tables: rows, columns, empty values and files with digests."""
    answer: dict[str, Any] = {}
    for name, columns in schemas.items():
        mine = [part for part in parts if part.table == name]
        nulls: dict[str, int] = defaultdict(int)
        for part in mine:
            for column, many in part.nulls.items():
                nulls[column] += many
        answer[name] = {
            "rows": sum(part.rows for part in mine),
            "files": {part.file: part.sha256 for part in mine if part.file},
            "columns": list(columns),
            "nulls": dict(sorted(nulls.items())),
        }
    return {**answer, **more}


def write_json(folder: Path, name: str, content: Any) -> str:
    """Write a JSON file for its owner only, whole; answers its digest."""
    text = (json.dumps(content, indent=1, sort_keys=False, ensure_ascii=False) + "\n").encode()
    path = folder / name
    path.touch(mode=0o600)
    with path.open("wb") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    return hashlib.sha256(text).hexdigest()


def _said(month: int) -> str:
    return first_day(month).isoformat()[:7]
