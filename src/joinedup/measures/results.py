"""Opening results: protected figures of every measure, fast. Needs neither Django nor leave to see rows.

    results = open_results()
    results.series("emergency-admissions", "QM7").frame

Every answer is a `Protected`: counts below the disclosure rule are not in it, and what cannot be given says why in
`status` ("suppressed", "too few events", "no data for the month", …). A figure is never nought for want of data.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from joinedup.errors import NotFound, Refused, Unavailable, did_you_mean
from joinedup.measures.result_files import AREA_KINDS, BREAKDOWNS, results_folder
from joinedup.population.snapshot import read_manifest, snapshots_folder, standing

_NEEDED = {"snapshot", "day", "made_at", "measures", "months", "areas"}


@dataclass(frozen=True)
class AreaName:
    """An area for which there are figures. `ended` where it is no more, and `became` what it went into whole."""

    code: str
    name: str
    kind: str
    part_of: str | None
    began: date | None = None
    ended: date | None = None
    became: str | None = None


def result_ids() -> list[str]:
    """Answer the snapshots for which there are results, the latest at the end; damaged ones are not told."""
    root = results_folder()
    if not root.is_dir():
        return []
    found = []
    for path in root.glob("[!.]*/manifest.json"):
        try:
            found.append((_standing(_manifest(path)), path.parent.name))
        except Unavailable:
            continue  # an error for whoever opens these
    return [name for _, name in sorted(found)]


def _standing(manifest: Mapping[str, Any]) -> tuple[Any, ...]:
    """Answer what orders results: as their snapshots, or by their own day where a snapshot is gone or closed to us."""
    try:
        return standing(read_manifest(snapshots_folder() / str(manifest["snapshot"])))
    except (OSError, Refused, Unavailable):
        return standing(manifest)


def open_results(snapshot: str | Path = "latest") -> Results:
    """Open the results of a snapshot, by its id, "latest", or the path of their folder.

    Raises NotFound where none have been made.
    """
    if isinstance(snapshot, Path):
        folder = snapshot
    else:
        ids = result_ids()
        if snapshot != "latest" and snapshot not in ids and snapshot in _damaged_too():
            ids = [snapshot]
        if not ids:
            raise NotFound("No measure has been made yet. Make them: joinedup snapshot, then joinedup measure --all")
        if snapshot != "latest" and snapshot not in ids:
            raise NotFound(f"There are no results for the snapshot '{snapshot}'.{did_you_mean(snapshot, ids)}")
        folder = results_folder() / (ids[-1] if snapshot == "latest" else snapshot)
    if not (folder / "manifest.json").is_file():
        raise NotFound(f"{folder.name} holds no results: it has no manifest.json.")
    return _open(folder, (folder / "manifest.json").stat().st_mtime_ns)


@lru_cache(maxsize=4)
def _open(folder: Path, _written: int) -> Results:
    # Results made anew have a later manifest, and are opened anew.
    return Results(folder, _manifest(folder / "manifest.json"))


def _damaged_too() -> list[str]:
    return [path.parent.name for path in results_folder().glob("[!.]*/manifest.json")]


def _manifest(path: Path) -> dict[str, Any]:
    try:
        manifest: dict[str, Any] = json.loads(path.read_bytes())
        if not manifest.keys() >= _NEEDED:
            raise ValueError
    except (ValueError, AttributeError):
        raise Unavailable(
            f"The results of {path.parent.name} are damaged. Make them anew: joinedup measure --all"
        ) from None
    return manifest


class Results:
    """The protected figures of one snapshot. Open them by `open_results()`."""

    def __init__(self, folder: Path, manifest: Mapping[str, Any]) -> None:
        self.folder, self.manifest = folder, manifest
        self._read = lru_cache(maxsize=64)(self._read_measure)

    @property
    def snapshot_id(self) -> str:
        return str(self.manifest["snapshot"])

    @property
    def made_at(self) -> str:
        """Answer when the figures were computed, as ISO instant."""
        return str(self.manifest["made_at"])

    @property
    def is_simulated(self) -> bool:
        return bool(self.manifest["simulated"])

    @property
    def system(self) -> str:
        """Answer the code of the system that the figures are of."""
        return str(self.manifest["system"])

    @property
    def measures(self) -> list[str]:
        """Answer the measures that there are figures of, by id."""
        return list(self.manifest["measures"])

    @cached_property
    def months(self) -> list[date]:
        """Answer the months, each as its first day."""
        return [date.fromisoformat(one) for one in self.manifest["months"]]

    @cached_property
    def _areas(self) -> dict[str, AreaName]:
        def day(text: str | None) -> date | None:
            return date.fromisoformat(text) if text else None

        return {
            one["code"]: AreaName(
                one["code"],
                one["name"],
                one["kind"],
                one["part_of"],
                day(one["began"]),
                day(one["ended"]),
                one["became"],
            )
            for one in self.manifest["areas"]
        }

    @property
    def parts(self) -> dict[str, str]:
        """Answer of each area that is there today of which it is a part; "" of none."""
        return {code: one.part_of or "" for code, one in self._areas.items() if one.ended is None}

    def areas(self, kind: str = "") -> list[AreaName]:
        """Answer the areas of a kind, or of all: the system first, then places, neighbourhoods and practices."""
        found = [one for one in self._areas.values() if kind in {"", one.kind}]
        return sorted(found, key=lambda one: (AREA_KINDS.index(one.kind), one.name, one.code))

    def area(self, code: str) -> AreaName:
        """Answer an area by its code; raises NotFound, with the nearest, for one without figures."""
        if code not in self._areas:
            near = did_you_mean(code, self._areas)
            by_name = {one.name.casefold(): one.code for one in self._areas.values()}
            if not near and code.casefold() in by_name:
                near = f" Did you mean '{by_name[code.casefold()]}'?"
            raise NotFound(f"There is no area '{code}' with figures.{near}")
        return self._areas[code]

    def series(self, measure: str, area: str, breakdown: str = "all", band: str = "") -> Any:
        """Answer a measure of an area month by month, of everybody or of one group of a breakdown."""
        self.area(area)
        _known("breakdown", breakdown, BREAKDOWNS)
        return self._pick(measure, area=area, breakdown=breakdown, band=band)

    def across(self, measure: str, area_kind: str, month: date | None = None) -> Any:
        """Answer a measure of all areas of a kind in one month: the latest with data when none is named."""
        _known("kind of area", area_kind, AREA_KINDS)
        return self._pick(measure, area_kind=area_kind, breakdown="all", month=self._month(measure, month))

    def groups(self, measure: str, area: str, breakdown: str, month: date | None = None) -> Any:
        """Answer a measure of each group of a breakdown in one month: the latest with data when none is named.

        The system has breakdowns for every month, a place for the latest; a neighbourhood and a practice have none.
        """
        self.area(area)
        _known("breakdown", breakdown, BREAKDOWNS)
        return self._pick(measure, area=area, breakdown=breakdown, month=self._month(measure, month))

    def profile(self, area: str) -> Any:
        """Answer each measure's latest figure for an area, with the spread over its peers and the system's value."""
        self.area(area)
        return self._protected(_rows(self._profiles, area=area))

    def latest_month(self, measure: str) -> date:
        """Answer the latest month for which a measure has data, or the last of all where it never has."""
        return self._month(measure, None)

    @cached_property
    def _latest(self) -> dict[str, date]:
        table = self._profiles
        return dict(zip(table["measure"].to_pylist(), table["month"].to_pylist(), strict=True))

    def _month(self, measure: str, month: date | None) -> date:
        if month is None:
            return self._latest.get(self._measure(measure), self.months[-1])
        first = month.replace(day=1)
        if first not in self.months:
            raise NotFound(
                f"There are no figures for {month:%B %Y}: "
                f"they go from {self.months[0]:%B %Y} to {self.months[-1]:%B %Y}."
            )
        return first

    def _measure(self, measure: str) -> str:
        if measure in self.manifest["measures"]:
            return measure
        if measure in self.manifest.get("not_collected", {}):
            raise NotFound(f"'{measure}' is not collected. {self.manifest['not_collected'][measure]}")
        raise NotFound(
            f"There are no figures of a measure '{measure}'.{did_you_mean(measure, self.measures)} "
            "All measures: joinedup measure list"
        )

    def _pick(self, measure: str, **where: Any) -> Any:
        return self._protected(_rows(self._read(self._measure(measure)), **where))

    def _read_measure(self, measure: str) -> Any:
        import pyarrow.parquet as pq

        return pq.read_table(self.folder / "protected" / "measures" / f"{measure}.parquet")

    @cached_property
    def _profiles(self) -> Any:
        import pyarrow.parquet as pq

        return pq.read_table(self.folder / "protected" / "profiles.parquet")

    @staticmethod
    def _protected(table: Any) -> Any:
        from joinedup.measures.disclosure.protected import Protected

        frame = table.to_pandas(date_as_object=True, types_mapper=_nullable)
        return Protected(frame, ())


def _nullable(kind: Any) -> Any:
    # A count that is not given stays a gap among whole numbers.
    import pandas as pd
    import pyarrow as pa

    return pd.Int64Dtype() if kind == pa.int64() else None


def _rows(table: Any, **where: Any) -> Any:
    import pyarrow.compute as pc

    for column, value in where.items():
        table = table.filter(pc.equal(table[column], value))
    return table


def _known(what: str, given: str, allowed: tuple[str, ...]) -> None:
    if given not in allowed:
        raise NotFound(f"There is no {what} '{given}': expected {', '.join(allowed)}.{did_you_mean(given, allowed)}")
