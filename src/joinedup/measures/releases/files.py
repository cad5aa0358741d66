"""A file that is to leave, as a table of texts: read strictly, so that what is checked is what a recipient opens.

Only CSV in UTF-8 is read. A workbook may hold hidden sheets, comments and cached values that nobody sees in a preview.
"""

from __future__ import annotations

import csv
import hashlib
import io
from dataclasses import dataclass
from typing import Final

from joinedup.errors import FileError

MOST_BYTES: Final = 5_000_000
MOST_ROWS: Final = 100_000
MOST_COLUMNS: Final = 100
LONGEST_CELL: Final = 2_000


@dataclass(frozen=True, slots=True)
class ReleasedFile:
    """A table as texts: titles, rows of as many cells, and the lines that began with # (notes, checked as well)."""

    name: str
    content: bytes
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...] = ()
    lines: tuple[int, ...] = ()  # on which each row begins, as a text editor counts

    @property
    def digest(self) -> str:
        """Answer the SHA-256 of the bytes, under which they are kept once."""
        return hashlib.sha256(self.content).hexdigest()

    def column(self, number: int) -> list[str]:
        """Answer the cells of one column, the first being 0."""
        return [row[number] for row in self.rows]


def read_file(content: bytes, name: str = "file") -> ReleasedFile:
    """Read a CSV strictly. FileError names what is wrong and never a value of the file.

    Lines that begin with # outside quotation marks, as joinedup's own exports have them at the end, are notes.
    """
    if len(content) > MOST_BYTES:
        raise FileError(name, f"expected at most {MOST_BYTES // 1_000_000} MB", "Release fewer rows or columns.")
    if content[:4] in (b"PK\x03\x04", b"\xd0\xcf\x11\xe0"):
        raise FileError(name, "this is a workbook or an archive; expected a CSV", "Save the sheet as CSV UTF-8.")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise FileError(name, "expected UTF-8", "Save it as CSV UTF-8 and upload it again.") from None
    if "\0" in text:
        raise FileError(name, "found a NUL; expected text", "Write the CSV anew and upload it again.")
    records, notes = _records(text, name)
    if len(records) < 2:
        raise FileError(name, "expected a line of titles and at least one row", "Check what was written into it.")
    titles = tuple(title.strip() for title in records[0][1])
    _check_titles(titles, name)
    rows, lines = [], []
    for line, cells in records[1:]:
        if len(cells) != len(titles):
            raise FileError(
                name, f"expected {len(titles)} cells as in the titles, found {len(cells)}",
                "Write the CSV anew, with texts in quotation marks.", line=line,
            )  # fmt: skip
        if max(map(len, cells)) > LONGEST_CELL:
            says = f"a cell is longer than {LONGEST_CELL} characters"
            raise FileError(name, says, "Free text never leaves.", line=line)
        rows.append(tuple(cell.strip() for cell in cells))
        lines.append(line)
    if len(rows) > MOST_ROWS:
        raise FileError(name, f"expected at most {MOST_ROWS:,} rows", "Release an aggregate, not rows.")
    return ReleasedFile(name, content, titles, tuple(rows), tuple(notes), tuple(lines))


def _records(text: str, name: str) -> tuple[list[tuple[int, list[str]]], list[str]]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    records: list[tuple[int, list[str]]] = []
    notes: list[str] = []
    before = 0
    try:
        for cells in reader:
            line, before = before + 1, reader.line_num
            if not any(cell.strip() for cell in cells):
                continue
            if cells[0].startswith("#"):
                notes.append(",".join(cells))
            else:
                records.append((line, cells))
    except csv.Error:
        raise FileError(
            name, "this is no CSV: a quotation mark is out of place", "Write the CSV anew.", line=before + 1
        ) from None
    return records, notes


def _check_titles(titles: tuple[str, ...], name: str) -> None:
    if len(titles) > MOST_COLUMNS:
        raise FileError(name, f"expected at most {MOST_COLUMNS} columns", "Release fewer columns.", line=1)
    if not all(titles):
        raise FileError(name, "a column has no title", "Give every column a title.", line=1)
    if len({title.casefold() for title in titles}) != len(titles):
        raise FileError(name, "two columns have the same title", "Give every column its own title.", line=1)
