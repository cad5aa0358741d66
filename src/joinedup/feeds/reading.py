"""A delivery as batches of what is in it, whatever its format."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from datetime import date
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory

from joinedup.errors import RuleError
from joinedup.feeds.values import Batch, Source

_READERS = {
    "fhir": "joinedup.feeds.fhir_files",
    "hl7v2": "joinedup.feeds.hl7v2_files",
    "csv": "joinedup.feeds.csv_files",
}


def read_delivery(
    path: Path,
    source: Source,
    *,
    shard: int = 0,
    shards: int = 1,
    after: int = 0,
    is_known_organisation: Callable[[str, date], bool],
) -> Iterator[Batch]:
    """Yield what a file holds, checked, in batches of about 1,000 items, in the file's order.

    Several processes may read one file: each takes the items of the patients of its `shard` of `shards`. Items up to
    position `after` are skipped: they are kept already. Raises FileError when the file as a whole cannot be read or is
    refused; what is wrong with one item comes as a SetAside.
    """
    if source.format not in _READERS:
        raise RuleError(f"Source '{source.key}' has the format '{source.format}'; expected fhir, hl7v2 or csv.")
    if not 0 <= shard < shards:
        raise RuleError(f"shard {shard} of {shards}: expected a shard from 0 to {shards - 1}.")
    reader = import_module(_READERS[source.format])
    yield from reader.read(
        path, source, shard=shard, shards=shards, after=after, is_known_organisation=is_known_organisation
    )


def read_again(raw: bytes, source: Source, *, is_known_organisation: Callable[[str, date], bool]) -> Iterator[Batch]:
    """Yield what one item holds that was set aside as raw bytes, read anew by what is declared now.

    A row of a CSV file is kept with its header. Raises FileError as `read_delivery` does.
    """
    if source.format == "csv":
        yield from import_module(_READERS["csv"]).read_again(raw, source, is_known_organisation=is_known_organisation)
        return
    with TemporaryDirectory(prefix="joinedup-") as folder:
        path = Path(folder) / "again"
        path.write_bytes(raw)
        yield from read_delivery(path, source, is_known_organisation=is_known_organisation)


def raw_items(path: Path, source: Source, positions: Collection[int]) -> dict[int, bytes]:
    """Answer what stands at these positions of a file, whole, as `read_again` reads it: to set aside what was read."""
    found: dict[int, bytes] = {}
    for position, raw in import_module(_READERS[source.format]).raw_items(path, source):
        if position in positions:
            found[position] = raw
            if len(found) == len(positions):
                break
    return found
