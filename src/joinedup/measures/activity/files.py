"""The files of activity beside the results of a snapshot: `activity/` with what may be seen and, apart, the counts.

`controlled/` holds raw counts and prices, for the account that runs joinedup alone (0700, as `counts.parquet`);
`protected/` what everybody gets; `manifest.json` which months have data and why there is nothing of the others. The
folder appears whole or not at all. The same snapshot gives the same bytes.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from joinedup.measures.activity.counted import Activity, activity_of
from joinedup.measures.activity.definitions import points_of_delivery
from joinedup.measures.activity.protecting import protect_activity, protect_people, protect_waits
from joinedup.measures.disclosure.protected import Protected
from joinedup.population.months import first_day

if TYPE_CHECKING:
    import pandas as pd

FOLDER: Final = "activity"
RAW: Final = ("counts", "prices", "waits", "people")


@dataclass(frozen=True)
class MadeActivity:
    """What was written: points of delivery with data, months, cells that are shown and that are not."""

    snapshot: str
    points: int
    not_collected: int
    months: int
    shown: int
    suppressed: int

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    def __str__(self) -> str:
        return (
            f"Activity at {self.points} points of delivery in {self.months} months: {self.shown:,} counts shown, "
            f"{self.suppressed:,} suppressed; {self.not_collected} points of delivery are not collected."
        )


@dataclass(frozen=True)
class CountedActivity:
    """Activity that was counted and protected, to be written. `raw` is not for showing."""

    raw: Activity
    protected: Mapping[str, Protected]

    def write(self, folder: Path) -> MadeActivity:
        """Write it into `activity` below a folder of results."""
        raw, place = self.raw, folder / FOLDER
        place.mkdir()
        files = _write_raw(place, raw) | _write_protected(place, self.protected)
        (place / "manifest.json").write_text(
            json.dumps(_manifest(raw, self.protected, files), indent=1, sort_keys=True) + "\n", encoding="utf-8"
        )
        status = self.protected["activity"].frame["status"]
        return MadeActivity(
            raw.snapshot,
            len(raw.known),
            len(raw.not_collected),
            len(raw.months),
            int((status == "").sum()),
            int((status == "suppressed").sum()),
        )


def count_activity(snapshot: Any) -> CountedActivity:
    """Count and protect the activity of an open snapshot."""
    raw = activity_of(snapshot)
    return CountedActivity(
        raw, {"activity": protect_activity(raw), "waits": protect_waits(raw), "people": protect_people(raw)}
    )


def _write_raw(place: Path, raw: Activity) -> dict[str, str]:
    controlled = place / "controlled"
    controlled.mkdir(mode=0o700)
    return {f"controlled/{name}.parquet": _write(getattr(raw, name), controlled / f"{name}.parquet") for name in RAW}


def _write_protected(place: Path, protected: Mapping[str, Protected]) -> dict[str, str]:
    folder = place / "protected"
    folder.mkdir()
    return {
        f"protected/{name}.parquet": _write(one.frame, folder / f"{name}.parquet", is_open=True)
        for name, one in protected.items()
    }


def _write(frame: pd.DataFrame, path: Path, *, is_open: bool = False) -> str:
    import pyarrow as pa
    import pyarrow.parquet as pq

    path.touch(mode=0o644 if is_open else 0o600)
    table = pa.Table.from_pandas(frame, preserve_index=False).replace_schema_metadata(None)
    pq.write_table(table, path, compression="zstd")
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _manifest(raw: Activity, protected: Mapping[str, Protected], files: Mapping[str, str]) -> dict[str, Any]:
    def months(known: Mapping[str, frozenset[int]]) -> dict[str, list[str]]:
        return {name: [first_day(month).isoformat() for month in sorted(has)] for name, has in known.items()}

    return {
        "snapshot": raw.snapshot,
        "system": raw.system,
        "places": dict(raw.places),
        "months": [first_day(month).isoformat() for month in raw.months],
        "known": months(raw.known),
        "known_waits": months(raw.known_waits),
        "units": {code: points_of_delivery()[code].unit for code in raw.known},
        "not_collected": dict(raw.not_collected),
        "notes": {name: one.note for name, one in protected.items()},
        "files": dict(files),
    }
