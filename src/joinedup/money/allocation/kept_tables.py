"""The published tables of weighted populations that an installation keeps: `weighted-populations` in the data folder.

Each edition is kept as it came, under its year and digest, and never written again; a note beside it says what file it
was and when it was imported. The newest edition of a year is used unless another is named. A file whose content is no
longer what its name says is refused. Residents by place and system, where the published small areas were with it, are
kept likewise: people who live there are another denominator than people registered (MA10).
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from joinedup import database
from joinedup.errors import FileError, JoinedupError, NotFound, Unavailable, did_you_mean
from joinedup.money.allocation.weighted_populations import WeightedPopulation, read_weighted_population
from joinedup.planning import year_days
from joinedup.system import published

if TYPE_CHECKING:
    from joinedup.access import Grant

IMPORT = "Import it first: joinedup allocate import published-files"
# Which published file is the table of which year.
FILES = {"wp_2022_2023.csv": "2022/23"}
SMALL_AREAS = "england_lsoa11_master.csv.gz"


@dataclass(frozen=True, slots=True)
class Edition:
    """A kept table: its year, the file it came from, its SHA-256, when it was imported, and what it holds."""

    year: str
    file: str
    digest: str
    imported_at: str
    practices: int
    places: int
    systems: int
    blanks: int

    @property
    def path(self) -> Path:
        return _folder(self.year) / f"{self.digest}.csv"


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import kept; `is_unchanged` when this very table was kept before."""

    edition: Edition
    is_unchanged: bool
    has_residents: bool


def keep_table(source: Path, year: str | None = None) -> Imported:
    """Check a published table and keep it, as it is; answers its edition. The same file again changes nothing.

    `source` is the file, or a folder below which it lies under its published name; from a folder residents are kept
    too. `year` must be given for a file of another name. Raises FileError and the errors of
    `read_weighted_population`; nothing is kept then.
    """
    path, small_areas = _find(source)
    year = year or FILES.get(path.name)
    if year is None:
        raise FileError(path.name, "its name does not say of which year it is.", "Say it: --year 2022/23")
    table = read_weighted_population(path, year=year, blank="zero")
    residents = _count_residents(small_areas) if small_areas else None
    edition = Edition(
        year, path.name, table.digest, now_text(), len(table.practices),
        len({one.place for one in table.practices}), len(table.systems()), len(table.blanks),
    )  # fmt: skip
    if residents:
        told = json.dumps(residents | {"imported_at": now_text()}, indent=1, sort_keys=True)
        write_once(_root() / f"residents-{residents['digest']}.json", told.encode())
    kept = [one for one in editions(year) if one.digest == edition.digest]
    if kept:
        return Imported(kept[0], is_unchanged=True, has_residents=residents is not None)
    content = path.read_bytes()
    write_once(edition.path, content)
    # The note comes last: without it the table does not count as kept.
    write_once(edition.path.with_suffix(".json"), json.dumps(asdict(edition), indent=1).encode())
    return Imported(edition, is_unchanged=False, has_residents=residents is not None)


def import_table(source: Path, grant: Grant, year: str | None = None) -> Imported:
    """Keep a table as `keep_table` does, and record it in the audit where it is new."""
    from django.db import transaction

    from joinedup.access import record

    done = keep_table(source, year)
    if not done.is_unchanged:
        one = done.edition
        with transaction.atomic():
            details = {"file": one.file, "digest": one.digest, "practices": one.practices}
            record(grant, "money.allocate.import", f"weighted-populations:{one.year}", details=details)
    return done


def keep_published(folder: Path, grant: Grant) -> list[str]:
    """Keep the table of a folder of published files, if one lies in it; answers a line for people, or none."""
    if not any(path.name in FILES for path in folder.rglob("*.csv")):
        return []
    try:
        done = import_table(folder, grant)
    except JoinedupError as error:
        return [f"The weighted populations were not kept, so no pot can be shared by them: {error}"]
    one = done.edition
    said = "are kept already" if done.is_unchanged else f"of {one.practices:,} practices are kept"
    return [f"The weighted populations of {one.year} {said}; joinedup allocate shares a pot by them."]


def editions(year: str | None = None) -> list[Edition]:
    """Answer the kept editions of a year, or of all, the newest first."""
    found = []
    for note in _root().glob("*/*.json"):
        try:
            found.append(Edition(**json.loads(note.read_bytes())))
        except (ValueError, TypeError):
            raise Unavailable(f"The note {note.name} is damaged. Remove it and import the table again.") from None
    chosen = [one for one in found if year in (None, one.year)]
    return sorted(chosen, key=lambda one: (one.imported_at, one.digest), reverse=True)


def kept_table(
    year: str, *, components: Sequence[str], blank: str = "error", edition: str = ""
) -> tuple[WeightedPopulation, Edition]:
    """Answer the table of a year with some components, and its edition: the newest, or that whose digest begins so.

    Raises NotFound, with the command that imports it, where there is none; Unavailable where the kept file was changed.
    """
    year_days(year)
    kept = editions(year)
    if not kept:
        years = sorted({one.year for one in editions()})
        near = f"{did_you_mean(year, years)} Kept: {', '.join(years)}." if years else ""
        raise NotFound(f"No weighted populations of {year} are kept here.{near} {IMPORT}")
    chosen = [one for one in kept if one.digest.startswith(edition)]
    if not chosen:
        raise NotFound(f"No edition '{edition}' of {year} is kept; kept: {', '.join(one.digest[:12] for one in kept)}.")
    path = chosen[0].path
    if not path.is_file() or published.digest(path) != chosen[0].digest:
        raise Unavailable(
            f"The kept table of {year} ({chosen[0].digest[:12]}) is missing or was changed; nothing is shared by it."
            " Remove it with its note and import it again: joinedup allocate import published-files"
        )
    return _read(path, year, tuple(components), blank), chosen[0]


def kept_residents() -> dict[str, Any]:
    """Answer residents by place and system, {"file", "digest", "people": {code: count}}; {} where none are kept."""
    kept = [json.loads(path.read_bytes()) for path in _root().glob("residents-*.json")]
    return dict(max(kept, key=lambda one: (str(one["imported_at"]), str(one["digest"])))) if kept else {}


@lru_cache(maxsize=8)
def _read(path: Path, year: str, components: tuple[str, ...], blank: str) -> WeightedPopulation:
    # What is kept never changes, so that a page's sliders need to read it only once.
    return read_weighted_population(path, year=year, components=components, blank=blank)


def _find(source: Path) -> tuple[Path, Path | None]:
    if source.is_file():
        return source, None
    if not source.is_dir():
        raise FileError(str(source), "there is no such file or folder.", "Give the table, or the folder it lies in.")
    found = {path.name: path for path in sorted(source.rglob("*")) if path.name in {*FILES, SMALL_AREAS}}
    tables = [found[name] for name in FILES if name in found]
    if not tables:
        raise FileError(
            str(source), f"none of {', '.join(FILES)} lies in it.",
            "docs/how-to/import-published-files.md says where it is published.",
        )  # fmt: skip
    return tables[-1], found.get(SMALL_AREAS)


def _count_residents(path: Path) -> dict[str, Any]:
    people: Counter[str] = Counter()
    for line, row in published.rows(path, "sicbl22_code_h", "icb22_code_h", "pop_total"):
        count = published.whole(path, line, "pop_total", row["pop_total"])
        people[row["sicbl22_code_h"]] += count
        people[row["icb22_code_h"]] += count
    return {"file": path.name, "digest": published.digest(path), "people": dict(people)}


def now_text() -> str:
    """Answer this instant as the notes say it."""
    return datetime.now(UTC).isoformat(timespec="microseconds")


def root() -> Path:
    """Answer the folder in which tables, and what belongs to them, are kept."""
    return _root()


def _root() -> Path:
    return database.data_dir() / "weighted-populations"


def _folder(year: str) -> Path:
    return _root() / year.replace("/", "-")


def write_once(path: Path, content: bytes) -> None:
    """Write a file aside, for its owner alone, and put it in its place whole; what is there already stays."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    aside = path.with_name(f".{path.name}.{uuid4().hex}")
    try:
        with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if not path.exists():
            os.replace(aside, path)
    finally:
        aside.unlink(missing_ok=True)
