"""What is planted to find leaks, and the net that finds it: in texts, names of files, bytes and Parquet values."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from tests.spec.record.drawn_feeds import nhs_number

FAMILY, GIVEN = "Quillfeatherstone", "Zebedeeah"
NUMBER = nhs_number(900)
LOCAL, STREET, MAIL = "LOCALCANARY77", "Wyvernhollow", "zq.canary@example.nhs.uk"
POSTCODE = "ZZ98 7QQ"
CANARIES = (FAMILY, GIVEN, NUMBER, LOCAL, STREET, MAIL, POSTCODE)


def canaries_in(text: str) -> list[str]:
    """Answer which canaries stand in a text, in any case, and the number with or without marks between its digits."""
    low = text.casefold()
    found = [one for one in CANARIES if one.casefold() in low]
    loose = r"[ \-\u00a0]?".join(NUMBER)
    if NUMBER not in found and re.search(loose, low):
        found.append(NUMBER)
    if POSTCODE.replace(" ", "").casefold() in low:
        found.append(POSTCODE)
    return found


def canaries_below(folder: Path) -> list[str]:
    """Answer each file below a folder that holds a canary, in its name, its bytes or, of Parquet, in any value."""
    found = []
    for path in sorted(folder.rglob("*")):
        if not path.is_file():
            continue
        texts = [str(path.relative_to(folder)), path.read_bytes().decode("utf-8", "replace")]
        if path.suffix == ".parquet":
            texts += list(values_of(path))
        for text in texts:
            if one := canaries_in(text):
                found.append(f"{path.relative_to(folder)}: {one}")
                break
    return found


def values_of(path: Path) -> Iterator[str]:
    """Yield the values of each column of a Parquet file, whatever their type, as one text a column."""
    table = pq.read_table(path)
    yield str(table.schema)
    for column in table.itercolumns():
        yield "\n".join(map(str, pa.chunked_array(column).unique().to_pylist()))
