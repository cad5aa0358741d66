"""What each place had before, kept beside the tables of weighted populations: the start of a pace of change (MA9).

A CSV of `code,pence` of one financial year, kept as it came under its digest and never written again; a note beside it
says what file it was and when it was kept. The newest edition of a year whose codes are all the places of a system is
that system's. It is known by its SHA-256, so that what was shared by it can be made again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from joinedup.errors import FileError, NotFound, Unavailable
from joinedup.money.allocation import kept_tables
from joinedup.money.allocation.files import read_amounts
from joinedup.planning import year_days

if TYPE_CHECKING:
    from joinedup.access import Grant

IMPORT: Final = "Keep it first: joinedup allocate baselines FILE --year 2022/23"


@dataclass(frozen=True, slots=True)
class Baselines:
    """Kept baselines: their year, the file, its SHA-256, when they were kept, and the pence by unit."""

    year: str
    file: str
    digest: str
    kept_at: str
    pence: dict[str, int]


def keep_baselines(grant: Grant, source: Path, year: str) -> tuple[Baselines, bool]:
    """Keep what units had before a year begins; answers it, and whether it is new. The same file changes nothing.

    Raises FileError, naming the line, for a file that cannot be or a unit that had nothing.
    """
    from django.db import transaction

    from joinedup.access import record

    year_days(year)
    pence = read_amounts(source, "code")
    if not pence:
        raise FileError(source.name, "expected at least one unit.", "Give a CSV of code,pence.")
    for place, (code, held) in enumerate(pence.items(), start=2):
        if held <= 0:
            raise FileError(source.name, f"{code} had {held} p.", "Expected pence above 0.", line=place, field="pence")
    content = source.read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    for one in baselines(year):
        if one.digest == digest:
            return one, False
    made = Baselines(year, source.name, digest, kept_tables.now_text(), pence)
    folder = _folder(year)
    kept_tables.write_once(folder / f"{digest}.csv", content)
    kept_tables.write_once(folder / f"{digest}.json", json.dumps(asdict(made), indent=1).encode())
    with transaction.atomic():
        details = {"file": made.file, "digest": digest, "units": len(pence), "pence": sum(pence.values())}
        record(grant, "money.allocate.keep-baselines", f"baselines:{year}", details=details)
    return made, True


def baselines(year: str) -> list[Baselines]:
    """Answer what is kept of a year, the newest first; Unavailable where a kept file was changed."""
    found = []
    for note in _folder(year).glob("*.json"):
        try:
            one = Baselines(**json.loads(note.read_bytes()))
            whole = hashlib.sha256(note.with_suffix(".csv").read_bytes()).hexdigest() == one.digest
        except (ValueError, TypeError, OSError):
            whole = False
        if not whole:
            raise Unavailable(f"The baselines {note.stem[:12]} of {year} are damaged. Remove them and keep them again.")
        found.append(one)
    return sorted(found, key=lambda one: (one.kept_at, one.digest), reverse=True)


def baselines_of(year: str, units: Iterable[str]) -> Baselines | None:
    """Answer the newest kept baselines of a year, of these units alone; None where there are none of each of them."""
    wanted = set(units)
    for one in baselines(year):
        if wanted and wanted <= one.pence.keys():
            return Baselines(one.year, one.file, one.digest, one.kept_at, {code: one.pence[code] for code in wanted})
    return None


def must_have_baselines(year: str, units: Iterable[str]) -> Baselines:
    """Answer them as `baselines_of`; NotFound, with the command that keeps them, where there are none."""
    found = baselines_of(year, units)
    if found is None:
        raise NotFound(f"MA9: no baselines of {year} are kept that have each of these units. {IMPORT}")
    return found


def _folder(year: str) -> Path:
    return kept_tables.root() / "baselines" / year.replace("/", "-")
