"""Postcodes and the small area (LSOA 2011) in which each lies; the postcode itself never leaves the record.

Kept from the ONS Postcode Directory, or any CSV with the columns `pcds` (or `pcd`) and `lsoa11`.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from joinedup.errors import FileError

NEXT = "Give the ONS Postcode Directory, or a CSV with the columns pcds and lsoa11."
_NO_FIXED_ABODE = "ZZ99"


def normalised(postcode: str) -> str:
    """Answer a postcode in the one form in which it is looked up: capitals without blanks; "" for the pseudo ones.

    >>> normalised(" zh1 0aa"), normalised("ZZ99 3VZ")
    ('ZH10AA', '')
    """
    found = "".join(postcode.split()).upper()
    return "" if found.startswith(_NO_FIXED_ABODE) or not found.isascii() or len(found) > 8 else found


def read_postcodes(path: Path) -> Iterator[tuple[str, str]]:
    """Yield (postcode, small area) of a file, plain or gzipped; postcodes of no small area are passed over.

    Raises FileError for a file that can't be read, is no CSV in UTF-8 or lacks a column; and for two answers of one
    postcode in a row.
    """
    try:
        stream: Any = gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb")  # noqa: SIM115 (closed below)
    except OSError as error:
        raise FileError(str(path), f"the file can't be read ({error.strerror}).", NEXT) from None
    with stream, io.TextIOWrapper(stream, "utf-8-sig", newline="") as text:
        try:
            reader = csv.DictReader(text, strict=True)
            names = {(name or "").strip().casefold(): name for name in reader.fieldnames or ()}
            postcode = next((names[one] for one in ("pcds", "pcd", "pcd2", "postcode") if one in names), None)
            if postcode is None or "lsoa11" not in names:
                raise FileError(path.name, "expected the columns pcds and lsoa11.", NEXT, line=1)
            for row in reader:
                found, lsoa = normalised(row[postcode] or ""), (row[names["lsoa11"]] or "").strip()
                # Scotland, Wales' pseudo codes and the islands stand in the directory with codes of their own kinds.
                if found and lsoa and not lsoa.endswith("99999999"):
                    yield found, lsoa
        except (UnicodeDecodeError, csv.Error, EOFError, gzip.BadGzipFile):
            raise FileError(path.name, "the file is no CSV in UTF-8, or breaks off.", NEXT) from None


class Lookup:
    """A lookup of postcodes that processes share: two sorted columns in files, opened without reading them."""

    def __init__(self, folder: Path | None) -> None:
        import numpy as np

        self._np = np
        if folder is None or not (folder / "postcodes.npy").exists():
            self._codes, self._places, self._names = np.zeros(0, "S8"), np.zeros(0, "i4"), np.zeros(0, "S1")
            return
        self._codes = np.load(folder / "postcodes.npy", mmap_mode="r")
        self._places = np.load(folder / "places.npy", mmap_mode="r")
        self._names = np.load(folder / "small_areas.npy", mmap_mode="r")

    def __len__(self) -> int:
        return int(self._codes.size)

    def lsoa(self, postcode: str | None) -> str | None:
        """Answer the small area of a postcode, or None for an unknown one, a pseudo one and none."""
        found = normalised(postcode or "").encode()
        if not found or not self._codes.size:
            return None
        place = int(self._np.searchsorted(self._codes, found))
        if place == self._codes.size or self._codes[place] != found:
            return None
        return str(self._names[self._places[place]].decode())

    def small_areas_near(self, postcode: str | None) -> list[set[str]]:
        """Answer the small areas of all postcodes of the same sector (ZH1 6), then those of the same district (ZH1)."""
        found = normalised(postcode or "").encode()
        if len(found) < 5 or not self._codes.size:
            return []
        # AB1 also begins AB12 3CD: the second half always has three characters.
        return [self._beginning(found[:-2], len(found)), self._beginning(found[:-3], len(found))]

    def _beginning(self, start: bytes, length: int) -> set[str]:
        first, last = (int(self._np.searchsorted(self._codes, one)) for one in (start, start + b"["))
        places = {int(self._places[nth]) for nth in range(first, last) if len(self._codes[nth]) == length}
        return {str(self._names[place].decode()) for place in places}


def write_lookup(rows: Iterable[tuple[str, str]], folder: Path) -> str:
    """Write a lookup's files; answers the digest of what it says."""
    import numpy as np

    pairs = sorted(dict(rows).items())
    names = sorted({lsoa for _, lsoa in pairs})
    place = {lsoa: nth for nth, lsoa in enumerate(names)}
    codes = np.array([code.encode() for code, _ in pairs], dtype="S8")
    places = np.array([place[lsoa] for _, lsoa in pairs], dtype="i4")
    whole = np.array([name.encode() for name in names] or [b""], dtype=bytes)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    for name, column in (("postcodes", codes), ("places", places), ("small_areas", whole)):
        np.save(folder / f"{name}.npy", column)
    return hashlib.sha256(codes.tobytes() + places.tobytes() + whole.tobytes()).hexdigest()
