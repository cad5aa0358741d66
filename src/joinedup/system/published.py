"""Reading the published files on bodies and areas, exactly as they are published.

Each reader answers plain values and refuses what it can't trust with file, line and field. `CATALOGUE` says which file
is which, who publishes it and since when its content was known. docs/how-to/import-published-files.md says where each
can be had.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from joinedup.errors import FileError

AGAIN = "Fetch the file again from where it is published, and repeat the import."
SMALL_AREAS_OF_ENGLAND = 32_844  # LSOA 2011, England: fixed by the census


@dataclass(frozen=True, slots=True)
class PublishedFile:
    """One published file: its name, what it holds, who publishes it, and since when what it says was known."""

    name: str
    title: str
    publisher: str
    published: str
    is_needed: bool = False
    at_least: int = 0  # rows of a table: with fewer it is cut off, even if it ends at the end of a line


CATALOGUE: dict[str, PublishedFile] = {
    file.name: file
    for file in (
        PublishedFile("england_lsoa11_master.csv.gz", "LSOA 2011 with ICB, council, IMD 2019 and mid-2020 population",
                      "ONS; MHCLG (IMD 2019)", "2022-07", is_needed=True),
        PublishedFile("area_lineage_2021_to_2022.csv", "STP and CCG of April 2021 to ICB and sub-ICB of July 2022",
                      "ONS Open Geography", "2022-07", is_needed=True, at_least=109),
        PublishedFile("lsoa_lineage_three_seed_systems.csv", "LSOA 2011 to CCG 2021 and sub-ICB 2022, three systems",
                      "ONS Open Geography", "2022-07", at_least=2522),
        PublishedFile("ods_succession_all.csv", "Succession of organisation codes 1992 to 2022",
                      "NHS England, Organisation Data Service", "2022-04", is_needed=True, at_least=25_480),
        PublishedFile("integrated_care_boards.json", "Integrated care boards", "NHS England, ODS", "2022-07",
                      is_needed=True),
        PublishedFile("integrated_care_boards_local_authorities.json",
                      "Integrated care boards with sub-ICBs, councils and trusts", "NHS England", "2022-07"),
        PublishedFile("nhs_england_regions.json", "NHS England regions", "NHS England, ODS", "2022-07"),
        PublishedFile("trusts.json", "NHS trusts", "NHS England, ODS", "2022-07"),
        PublishedFile("lookup_nhs_trusts22_nhs_region21.csv", "NHS trusts 2022 with region", "NHS England, ODS",
                      "2022-07", at_least=214),
        PublishedFile("lookup_nhs_trusts22_icb22.csv", "Shares of a trust's patients by ICB",
                      "OHID, trust catchment populations", "2022-07", at_least=1321),
        PublishedFile("lookup_ltla_ltla.csv", "Lower-tier councils 2016 to 2024", "ONS Open Geography", "2024-04",
                      at_least=393),
        PublishedFile("wp_2022_2023.csv", "GP practices with PCN, list size and weighted populations 2022/23",
                      "NHS England, allocations", "2023-01", at_least=6554),
        PublishedFile("hwe_practices_2023_24.csv", "GP practices of Hertfordshire and West Essex 2023/24",
                      "NHS England", "2024-04", at_least=129),
        PublishedFile("lsoa11_HWE.geojson", "Outlines of LSOA 2011, Hertfordshire and West Essex",
                      "ONS Open Geography", "2022-07"),
        PublishedFile("icb22_england.geojson", "Outlines of integrated care boards 2022", "ONS Open Geography",
                      "2022-07"),
        PublishedFile("ltla24_england.geojson", "Outlines of councils 2024", "ONS Open Geography", "2024-04"),
    )
}  # fmt: skip


def find_files(folder: Path) -> dict[str, Path]:
    """Answer the published files that lie in a folder or below it, by name.

    Raises FileError when the folder is not there, or holds none of the files, or lacks one that is needed.
    """
    if not folder.is_dir():
        raise FileError(str(folder), "there is no such folder.", "Give the folder that holds the published files.")
    found = {path.name: path for path in sorted(folder.rglob("*")) if path.name in CATALOGUE and path.is_file()}
    missing = [file.name for file in CATALOGUE.values() if file.is_needed and file.name not in found]
    if missing:
        raise FileError(
            str(folder),
            f"{len(missing)} needed file(s) are not in it: {', '.join(missing)}.",
            "docs/how-to/import-published-files.md says where each is published.",
        )
    return found


def digest(path: Path) -> str:
    """Answer the SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def rows(path: Path, *columns: str, may_have_bom: bool = False) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield (line, values by column) of a CSV file, plain or gzipped; names and values without outer spaces.

    Raises FileError for another encoding, a byte-order mark, a missing column, a row with too few or too many fields,
    and a file that breaks off: its last line has no end, its compression no close, or rows are missing.
    """
    text = _text(path, may_have_bom=may_have_bom)
    if not text.endswith("\n"):
        line = text.count("\n") + 1
        raise FileError(path.name, "the file breaks off: its last line has no end.", AGAIN, line=line)
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = [name.strip() for name in next(reader)]
        for column in columns:
            if column not in header:
                raise FileError(path.name, f"expected a column of this name; found {', '.join(header[:8])} …", AGAIN,
                                line=1, field=column)  # fmt: skip
        found = 0
        for values in reader:
            if len(values) != len(header):
                raise FileError(
                    path.name, f"expected {len(header)} fields, found {len(values)}.", AGAIN, line=reader.line_num
                )
            found += 1
            yield reader.line_num, dict(zip(header, (value.strip() for value in values), strict=True))
        least = CATALOGUE[path.name].at_least if path.name in CATALOGUE else 0
        if found < least:
            expected = f"expected at least {least:,} rows, found {found:,}: it is cut off."
            raise FileError(path.name, expected, AGAIN, line=reader.line_num)
    except csv.Error as error:
        raise FileError(path.name, f"not a well-formed CSV row ({error}).", AGAIN, line=reader.line_num) from None
    except StopIteration:
        raise FileError(path.name, "the file is empty.", AGAIN, line=1) from None


def items(path: Path) -> Any:
    """Answer the content of a JSON or GeoJSON file; raises FileError with the line where it is broken or cut off."""
    text = _text(path, may_have_bom=False)
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise FileError(path.name, f"not valid JSON ({error.msg}).", AGAIN, line=error.lineno) from None


def entries(path: Path, *fields: str) -> list[dict[str, Any]]:
    """Answer the objects of a JSON list; raises FileError unless each has these fields, all of them texts."""
    found = items(path)
    if not isinstance(found, list):
        raise FileError(path.name, "expected a list of objects.", AGAIN, line=1)
    for number, entry in enumerate(found, 1):
        for name in fields:
            if not isinstance(entry, dict) or not isinstance(entry.get(name), str):
                raise FileError(path.name, f"entry {number} of {len(found)} lacks it.", AGAIN, field=name)
    return found


def geometries(path: Path, code: str) -> dict[str, Any]:
    """Answer the geometry of each feature of a GeoJSON file by the code in its property `code`."""
    content = items(path)
    features = content.get("features") if isinstance(content, dict) else None
    if not isinstance(features, list) or not features:
        raise FileError(path.name, "expected GeoJSON with a list of features.", AGAIN, line=1, field="features")
    found = {}
    for number, feature in enumerate(features, 1):
        name = (feature.get("properties") or {}).get(code) if isinstance(feature, dict) else None
        if not name or not feature.get("geometry"):
            raise FileError(path.name, f"feature {number} has no code or no geometry.", AGAIN, field=code)
        found[name] = feature["geometry"]
    return found


def day(path: Path, line: int, field: str, text: str) -> date:
    """Read an ISO date; raises FileError when it does not exist."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise FileError(path.name, f"'{text}' is not a date that exists; expected such as 2021-04-01.", AGAIN,
                        line=line, field=field) from None  # fmt: skip


def whole(path: Path, line: int, field: str, text: str) -> int:
    """Read a whole number that is 0 or more; raises FileError otherwise."""
    try:
        number = int(text)
    except ValueError:
        number = -1
    if number < 0:
        raise FileError(path.name, f"'{text}' is no whole number of 0 or more.", AGAIN, line=line, field=field)
    return number


def amount(path: Path, line: int, field: str, text: str, *, least: int | None = None) -> Decimal:
    """Read a number with a decimal point, no less than `least`; raises FileError otherwise."""
    try:
        number = Decimal(text)
    except InvalidOperation:
        number = Decimal("nan")
    if not number.is_finite() or (least is not None and number < least):
        limit = "" if least is None else f" of {least} or more"
        raise FileError(path.name, f"'{text}' is no number{limit}.", AGAIN, line=line, field=field)
    return number


def _text(path: Path, *, may_have_bom: bool) -> str:
    try:
        raw = path.read_bytes()
        if path.suffix == ".gz":
            raw = gzip.decompress(raw)
    except (OSError, EOFError, zlib.error) as error:
        raise FileError(path.name, f"the file is damaged or cut off ({error}).", AGAIN) from None
    if raw.startswith(b"\xef\xbb\xbf"):
        if not may_have_bom:
            raise FileError(path.name, "expected UTF-8 without a byte-order mark.", AGAIN, line=1)
        raw = raw[3:]
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise FileError(path.name, f"expected UTF-8; byte {raw[error.start]:#04x} is none.", AGAIN, line=line) from None
