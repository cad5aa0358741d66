"""Making the measures of a snapshot: compute, protect, write. Values in, a folder out; no database is needed.

Where a database is there the run is audited, under a service grant, in one entry with counts.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from time import perf_counter
from typing import TYPE_CHECKING, Any

from joinedup import __version__, database
from joinedup.measures.activity.files import MadeActivity, count_activity
from joinedup.measures.computing import Computed, compute
from joinedup.measures.definition import MeasureDefinition, definitions
from joinedup.measures.disclosure.protecting import protect_computed
from joinedup.measures.origin import counts_shown
from joinedup.measures.result_files import new_folder, results_folder, write_counts, write_manifest, write_protected

if TYPE_CHECKING:
    from joinedup.access import Grant


@dataclass(frozen=True)
class Made:
    """What was made: of which snapshot, how many figures, and how long each part took, in seconds."""

    snapshot: str
    folder: str
    engine: str
    measures: int
    areas: int
    months: int
    figures: int
    shown: int
    suppressed: int
    seconds_counting: float
    seconds_protecting: float
    seconds_writing: float
    activity: MadeActivity | None = None

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    def __str__(self) -> str:
        whole = self.seconds_counting + self.seconds_protecting + self.seconds_writing
        return (
            f"{self.measures} measures of {self.areas} areas and {self.months} months in {whole:.1f} s: "
            f"{self.figures:,} figures, {self.shown:,} shown, {self.suppressed:,} suppressed.\n"
            f"{f'{self.activity}{chr(10)}' if self.activity else ''}"
            f"Snapshot {self.snapshot}; the figures are in {self.folder}"
        )


def make_measures(
    snapshot: Any,
    measures: Iterable[MeasureDefinition] | None = None,
    *,
    grant: Grant | None = None,
    on_step: Callable[[str], None] = lambda step: None,
) -> Made:
    """Compute measures (all that are collected) on an open snapshot, protect them and write them as its results.

    With all of them, what activity there was is counted and written beside them (see `activity`).

    With a grant, and where there is a database, the entry in the audit and the results come about together or not at
    all.
    """
    started = perf_counter()
    on_step("Counting")
    computed = compute(snapshot, measures, on_measure=on_step)
    counted = perf_counter()
    on_step("Protecting")
    figures = protect_computed(computed).frame
    if measures is None:
        on_step("Counting activity")
    counted_activity = count_activity(snapshot) if measures is None else None
    protected = perf_counter()
    on_step("Writing")
    with audited(grant, "measures.made") as enter, new_folder(snapshot.id) as folder:
        raw = write_counts(folder, computed.counts.drop(columns="squares"))
        files = write_protected(folder, figures)
        activity = counted_activity.write(folder) if counted_activity else None
        write_manifest(folder, _manifest(snapshot, computed, raw, files, len(figures)))
        enter(
            snapshot.id,
            {
                "measures": len(computed.measures),
                "areas": len(computed.areas.lives),
                "figures": len(figures),
                "engine": snapshot.engine,
            },
        )
    written = perf_counter()
    return Made(
        snapshot=snapshot.id,
        folder=str(results_folder() / snapshot.id),
        engine=snapshot.engine,
        measures=len(computed.measures),
        areas=len(computed.areas.lives),
        months=len(computed.months),
        figures=len(figures),
        shown=int(figures["value"].notna().sum()),
        suppressed=int((figures["status"] == "suppressed").sum()),
        seconds_counting=round(counted - started, 2),
        seconds_protecting=round(protected - counted, 2),
        seconds_writing=round(written - protected, 2),
        activity=activity,
    )


@contextmanager
def audited(grant: Grant | None, action: str) -> Iterator[Callable[[str, dict[str, Any]], None]]:
    """Give what enters an act on a snapshot into the audit, in a transaction that ends when the act is done."""
    if grant is None or not _has_database():
        yield lambda snapshot, details: None
        return
    database.ready()
    from django.db import transaction

    from joinedup.access import record

    with transaction.atomic():
        yield lambda snapshot, details: record(grant, action, f"snapshot:{snapshot}", details=details)


def _has_database() -> bool:
    # A notebook on another machine has snapshots and no database; starting one for an entry would surprise.
    return bool(os.environ.get("DATABASE_URL")) or (database.data_dir() / "postgres").is_dir()


def _manifest(snapshot: Any, computed: Computed, raw: str, files: dict[str, str], figures: int) -> dict[str, Any]:
    said = snapshot.manifest
    return {
        "snapshot": snapshot.id,
        "snapshot_content": said["content"],
        "snapshot_revision": said["revision"],
        "day": said["day"],
        "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "code_version": __version__,
        "engine": snapshot.engine,
        "mode": "nhs",
        "simulated": said["simulated"],
        "system": said["system"],
        # What orders results is said here as well: an account may see figures and not the snapshot they are of.
        **{name: said[name] for name in ("recipient", "origin", "own_views") if name in said},
        "months": [date(month // 12, month % 12 + 1, 1).isoformat() for month in computed.months],
        "measures": {one.id: one.digest for one in computed.measures},
        "not_collected": {one.id: one.why_not for one in definitions().values() if not one.is_collected},
        "areas": [
            {
                "code": life.code,
                "name": life.name,
                "kind": life.kind,
                "part_of": life.part_of(computed.areas.days[-1]),
                "began": life.began,
                "ended": life.ended,
                "became": life.became,
            }
            for life in computed.areas.lives
        ],
        "figures": figures,
        "counts": {"controlled/counts.parquet": raw},
        "files": files,
        "sources": said["sources"],
        "coverage": said["coverage"],
        # The folder is read by all who may see a figure: what counts people is as protected here as in the figures.
        "quality": counts_shown(said["quality"]),
        "linkage": counts_shown(said["linkage"]),
        "opt_outs": counts_shown(said["opt_outs"]),
    }
