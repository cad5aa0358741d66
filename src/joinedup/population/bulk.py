"""Another server's FHIR Bulk Data export as the source of a snapshot: a folder of NDJSON, one or more files a type.

Each Patient is a person: by the NHS number when it has a valid one, else by its id. Files may be gzipped; large plain
ones are read in chunks. The export's own manifest (`manifest.json`, `export.json` or `bulk.json`) may lie beside them.
"""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

from joinedup.errors import FileError
from joinedup.feeds.nhs_number import SYSTEM, NhsNumber, check
from joinedup.population.building import Told, Unit
from joinedup.population.opt_outs import DISSENT, DISSENT_WITHDRAWN, LeftOut, OptOuts, dissents, is_denied
from joinedup.population.pseudonym import Keys

FEED = "bulk"
CHUNK_BYTES = 128_000_000
MANIFESTS = ("manifest.json", "export.json", "bulk.json")
AGAIN = "Ask the server for the export again, or take the line out."
_CODES = (DISSENT.encode(), DISSENT_WITHDRAWN.encode())


@dataclass(frozen=True, slots=True)
class Export:
    """An export's files and what its manifest says. `at` is its transaction time, or None."""

    folder: Path
    files: tuple[Path, ...]
    at: datetime | None
    server: str


@dataclass(frozen=True, slots=True)
class Patients:
    """The patients of an export: their ids in order with pseudonyms, and what was left out."""

    ids: tuple[str, ...]
    pseudonyms: tuple[str, ...]
    numbers: frozenset[str]
    left_out: LeftOut
    people: int
    digest: str


def open_export(folder: Path) -> Export:
    """Answer the export in a folder. Raises FileError when there is none, or its manifest is damaged."""
    if not folder.is_dir():
        raise FileError(str(folder), "there is no such folder.", "Give the folder of a bulk export.")
    found = sorted(one for pattern in ("*.ndjson", "*.ndjson.gz") for one in folder.rglob(pattern) if one.is_file())
    if not found:
        raise FileError(
            str(folder), "expected files that end in .ndjson or .ndjson.gz.", "Give the folder of a bulk export."
        )
    at, server = None, ""
    for name in MANIFESTS:
        if (path := folder / name).is_file():
            try:
                told = json.loads(path.read_bytes())
                server = str(told.get("request", "")).split("?")[0].rsplit("/$", 1)[0]
                at = datetime.fromisoformat(str(told["transactionTime"])).astimezone(UTC)
            except (ValueError, KeyError, AttributeError):
                raise FileError(
                    name, "expected the manifest of a bulk export, with transactionTime.", "Take it out, or mend it."
                ) from None
    return Export(folder, tuple(found), at, server)


def lines_of(path: Path, start: int = 0, end: int | None = None) -> Iterator[tuple[int, bytes]]:
    """Yield (place, line) of a file from the first line that begins at or after `start` up to that of `end`."""
    if path.suffix == ".gz":
        try:
            with gzip.open(path, "rb") as stream:
                yield from enumerate(stream, 1)
        except (EOFError, gzip.BadGzipFile, OSError):
            raise FileError(path.name, "the file breaks off.", "Ask the server for the export again.") from None
        return
    with path.open("rb") as stream:
        if start:
            stream.seek(start - 1)
            stream.readline()
        at = stream.tell()
        for line in stream:
            if end is not None and at >= end:
                return
            yield at, line
            at += len(line)


def parsed(path: Path, place: int, line: bytes) -> dict[str, Any]:
    """Answer a line as a resource; raises FileError with the line's place, never with what stands in it."""
    try:
        content = orjson.loads(line)
    except orjson.JSONDecodeError:
        content = None
    if not isinstance(content, dict) or not isinstance(content.get("resourceType"), str):
        number = place if path.suffix == ".gz" else _line_number(path, place)
        raise FileError(path.name, "expected one FHIR resource as JSON on each line.", AGAIN, line=number)
    return content


def _line_number(path: Path, at: int) -> int:
    number = 1
    with path.open("rb") as stream:
        for line in stream:
            if at <= 0:
                break
            at -= len(line)
            number += 1
    return number


def number_of(patient: dict[str, Any]) -> str | None:
    """Answer a Patient's valid NHS number, the lowest of several, or None."""
    found = [
        told.value
        for one in patient.get("identifier") or ()
        if isinstance(one, dict) and one.get("system") == SYSTEM and isinstance(one.get("value"), str)
        for told in (check(one["value"]),)
        if isinstance(told, NhsNumber)
    ]
    return min(found, default=None)


def patients(export: Export) -> list[tuple[str, str | None]]:
    """Answer each Patient's id with its NHS number, if any, ordered by id."""
    found: dict[str, str | None] = {}
    for path in export.files:
        for place, line in lines_of(path):
            if b'"Patient"' not in line:
                continue
            content = parsed(path, place, line)
            if content["resourceType"] == "Patient" and content.get("id"):
                found[str(content["id"])] = number_of(content)
    return sorted(found.items())


def objections(export: Export) -> tuple[set[str], set[str]]:
    """Answer the ids of patients with a dissent (type 1) among their codes, and of those whom a Consent denies."""
    coded: list[tuple[str, dict[str, Any]]] = []
    denied: set[str] = set()
    for path in export.files:
        for place, line in lines_of(path):
            if any(code in line for code in _CODES):
                content = parsed(path, place, line)
                if content["resourceType"] in ("Observation", "Condition"):
                    coded.append((_patient_of(content), content))
            elif b'"Consent"' in line:
                content = parsed(path, place, line)
                if content["resourceType"] == "Consent" and is_denied(content):
                    denied.add(_patient_of(content))
    return dissents(coded), denied


def _patient_of(content: dict[str, Any]) -> str:
    about = content.get("subject") or content.get("patient") or {}
    return str(about.get("reference", "")).rpartition("/")[2]


def persons_of(
    told: Sequence[tuple[str, str | None]], keys: Keys, opt_outs: OptOuts, *, type_1: set[str], denied: set[str],
    is_erased: Any, keep_without_number: bool = False,
) -> Patients:  # fmt: skip
    """Answer who may be in a snapshot of an export. Two Patients with one NHS number are one person."""
    left_out = LeftOut()
    ids, pseudonyms = [], []
    for id_, number in told:
        if id_ in type_1:
            left_out.type_1 += 1
        elif id_ in denied:
            left_out.consent_subjects += 1
        elif number is not None and not opt_outs.allows([number]):
            left_out.national += 1
        elif number is None and not keep_without_number:
            left_out.without_number_left_out += 1
        else:
            left_out.without_number_kept += number is None
            found = keys.of_number(number) if number is not None else keys.of_person(id_)
            if is_erased([f"nhs|{number}" if number is not None else f"person|{id_}"]):
                left_out.erased += 1
                continue
            ids.append(id_)
            pseudonyms.append(found)
    whole = hashlib.sha256("\n".join(f"{one}={other}" for one, other in zip(ids, pseudonyms, strict=True)).encode())
    numbers = frozenset(number for _, number in told if number is not None)
    return Patients(tuple(ids), tuple(pseudonyms), numbers, left_out, len(set(pseudonyms)), whole.hexdigest())


def units(export: Export, chunk_bytes: int = CHUNK_BYTES) -> list[Unit]:
    """Answer the files, large ones in chunks, each with the digest of its bytes and its place in the export."""
    answer: list[Unit] = []
    for path in export.files:
        size = path.stat().st_size
        chunks = 1 if path.suffix == ".gz" else max(1, -(-size // chunk_bytes))
        with path.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
        for nth in range(chunks):
            start, end = size * nth // chunks, size * (nth + 1) // chunks
            what = (path, 0, None) if chunks == 1 else (path, start, end)
            answer.append(Unit(f"{len(answer):05d}", f"{path.name}|{digest}|{nth} of {chunks}", what))
    return answer


@dataclass(slots=True)
class BulkReader:
    """Reads chunks of an export in processes of its own; whose a row is, is looked up in a file that they share."""

    people: Path
    source: str = FEED
    _opened: Any = field(default=None, repr=False)

    def read(self, unit: Unit, types: Sequence[str]) -> Iterator[Told]:
        path, start, end = unit.what
        wanted = tuple(f'"resourceType":"{type_}"'.encode() for type_ in types)
        known = frozenset(types)
        for place, line in lines_of(path, start, end):
            # Most exports write no blanks; a line that surely is of another type need not be parsed.
            if not any(one in line for one in wanted) and b'"resourceType":"' in line:
                continue
            if not line.strip():
                continue
            content = parsed(path, place, line)
            if content["resourceType"] in known:
                yield Told(None, FEED, self.source, content)

    def person_of(self, key: str) -> str | None:
        import numpy as np

        if self._opened is None:
            self._opened = (
                np.load(self.people / "ids.npy", mmap_mode="r"),
                np.load(self.people / "pseudonyms.npy", mmap_mode="r"),
            )
        ids, pseudonyms = self._opened
        wanted = key.encode()
        place = int(np.searchsorted(ids, wanted))
        if place == ids.size or ids[place] != wanted:
            return None
        return bytes(pseudonyms[place]).hex()


def write_people(found: Patients, folder: Path) -> None:
    """Write whose ids are whose pseudonyms, for the processes that read."""
    import numpy as np

    pairs = sorted(
        (id_.encode(), bytes.fromhex(pseudonym)) for id_, pseudonym in zip(found.ids, found.pseudonyms, strict=True)
    )
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    np.save(folder / "ids.npy", np.array([id_ for id_, _ in pairs] or [b""], dtype=bytes))
    np.save(folder / "pseudonyms.npy", np.array([one for _, one in pairs] or [b""], dtype="V16"))
