"""Views over NDJSON: every resource is parsed once, for all views of its type, on every processor.

Files are read in blocks of whole lines; the processes make rows and Arrow columns of them, and answer in the order of
the files. At any time only a few blocks a process are in memory, however large the files are.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import orjson

from joinedup.errors import FileError, Unavailable
from joinedup.feeds import open_stream
from joinedup.population.sql_on_fhir.view_compiler import CompiledView, Row
from joinedup.population.sql_on_fhir.view_errors import ViewError

if TYPE_CHECKING:
    import pyarrow as pa

BLOCK_BYTES = 8_000_000
LINE_BYTES = 10_000_000  # rules: trust T51, a resource
SHOWN = 100
NO_JSON, NO_RESOURCE, MALFORMED, TOO_LONG = (
    "not JSON",
    "not a FHIR resource",
    "not built as FHIR R4 builds it",
    "longer than 10 MB",
)
_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class Block:
    """Some whole lines of a source. `about` is whatever the leaving needs to know of it: the feed, the sender."""

    name: str
    first_line: int
    content: bytes
    about: Any = None
    too_long: tuple[int, ...] = ()


class BadLine(NamedTuple):
    """A line that gave no rows: which and why, never what it says."""

    file: str
    line: int
    reason: str


@dataclass
class Tally:
    """What became of the lines: resources by type, and those that were set aside. `told` is what the leaving tells."""

    resources: Counter[str] = field(default_factory=Counter)
    bad: Counter[str] = field(default_factory=Counter)
    bad_lines: list[BadLine] = field(default_factory=list)
    told: list[Any] = field(default_factory=list)

    def add(self, other: Tally) -> None:
        self.resources.update(other.resources)
        self.bad.update(other.bad)
        self.bad_lines.extend(other.bad_lines[: SHOWN - len(self.bad_lines)])
        self.told.extend(other.told)

    def note(self, file: str, line: int, reason: str) -> None:
        self.bad[reason] += 1
        if len(self.bad_lines) < SHOWN:
            self.bad_lines.append(BadLine(file, line, reason))


class Leaving(Protocol):
    """What becomes of rows before they leave the process that made them. It is sent there once."""

    def batch(self, view: CompiledView, columns: Mapping[str, Sequence[Any]], about: Any) -> pa.RecordBatch:
        """Answer the rows as they leave; `columns` hold what the view gives, before any change of type."""

    def told(self) -> Any:
        """Answer what there is to tell of the block just done, and begin anew; None for nothing."""


class AsTheyAre:
    """Rows leave as the view gives them, with the types that it says."""

    def batch(self, view: CompiledView, columns: Mapping[str, Sequence[Any]], about: Any) -> pa.RecordBatch:
        from joinedup.population.sql_on_fhir.column_types import record_batch

        return record_batch(view.view, columns)

    def told(self) -> None:
        return None


Answer = tuple[list[tuple[str, Any]], Tally]


def blocks(paths: Iterable[Path], about: Any = None) -> Iterator[Block]:
    """Yield the lines of NDJSON files, plain, gzip or zstd, in blocks of some megabytes.

    Of a line over 10 MB nothing is kept but its number.
    """
    for path in paths:
        with open_stream(path) as stream:
            held, first, is_skipping = b"", 1, False
            while chunk := stream.read(BLOCK_BYTES):
                if is_skipping:
                    _, end, chunk = chunk.partition(b"\n")
                    if not end:
                        continue
                    is_skipping, first = False, first + 1
                held += chunk
                if len(held) < BLOCK_BYTES:
                    continue
                cut = held.rfind(b"\n") + 1
                if cut:
                    lines, held = held[: cut - 1], held[cut:]
                    yield Block(path.name, first, lines, about)
                    first += lines.count(b"\n") + 1
                if len(held) > LINE_BYTES:
                    yield Block(path.name, first, b"", about, (first,))
                    held, is_skipping = b"", True
            if held:
                yield Block(path.name, first, held, about)


def run_views(
    views: Sequence[CompiledView],
    sources: Iterable[Block | Path],
    *,
    processes: int | None = None,
    leaving: Leaving | None = None,
    tally: Tally | None = None,
) -> Iterator[tuple[str, pa.RecordBatch]]:
    """Yield (name of a view, rows), block by block in the order of the sources and of the views.

    `sources` are files, or blocks of lines from anywhere. What cannot be read is set aside and counted in `tally`;
    without one the first such line raises FileError. Raises ViewError where a row breaks its view.
    """
    given = _as_blocks(sources)
    many = processes or os.cpu_count() or 1
    start = list(islice(given, 2))
    if many == 1 or len(start) < 2:  # starting processes takes longer than one block
        worker = _Worker(views, leaving or AsTheyAre())
        answers: Iterator[Answer] = (worker.rows(block) for block in chain(start, given))
    else:
        answers = _spread(views, leaving or AsTheyAre(), chain(start, given), many)
    for batches, found in answers:
        if tally is None and found.bad_lines:
            file, line, reason = found.bad_lines[0]
            raise FileError(file, f"expected a FHIR resource as JSON; it is {reason}.", "Correct the line.", line=line)
        if tally is not None:
            tally.add(found)
        yield from batches


def _as_blocks(sources: Iterable[Block | Path]) -> Iterator[Block]:
    for source in sources:
        if isinstance(source, Block):
            yield source
        else:
            yield from blocks([source])


def _spread(views: Sequence[CompiledView], leaving: Leaving, given: Iterator[Block], many: int) -> Iterator[Answer]:
    """Yield answers in the order of the blocks, a few of which are under way at a time."""
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(many, mp_context=context, initializer=_begin, initargs=(tuple(views), leaving))
    waiting: deque[Future[Answer]] = deque()
    try:
        for block in given:
            waiting.append(pool.submit(_work, block))
            if len(waiting) > 2 * many:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    except BrokenProcessPool:
        raise Unavailable(
            "A process that makes rows ended before its time, most likely for want of memory. Free some, or use fewer "
            "processes, and try again."
        ) from None
    finally:
        pool.shutdown(cancel_futures=True)


_worker: _Worker | None = None


def _begin(views: Sequence[CompiledView], leaving: Leaving) -> None:
    global _worker
    # What is made of a block is freed by counting references; the collector would only look through it again and again.
    gc.disable()
    _worker = _Worker(views, leaving)


def _work(block: Block) -> Answer:
    assert _worker is not None
    return _worker.rows(block)


class _Worker:
    """What makes the rows of blocks, in this process or another."""

    def __init__(self, views: Sequence[CompiledView], leaving: Leaving) -> None:
        self.views, self.leaving = views, leaving
        self.by_type: dict[str, list[tuple[CompiledView, int]]] = {}
        for nth, view in enumerate(views):
            self.by_type.setdefault(view.resource, []).append((view, nth))

    def rows(self, block: Block) -> Answer:
        try:
            return self._answer(block, is_careful=False)
        except (TypeError, ValueError, OverflowError) as error:
            if isinstance(error, ViewError):
                raise
            # A value is not of the type of its column: go through it again, looking at each.
            self.leaving.told()
            return self._answer(block, is_careful=True)

    def _answer(self, block: Block, is_careful: bool) -> Answer:
        tally = Tally()
        for line in block.too_long:
            tally.note(block.name, line, TOO_LONG)
        found = self._filled(block, tally, is_careful)
        batches = []
        for view, rows in zip(self.views, found, strict=True):
            if rows:
                columns = dict(zip(view.view.select.names, zip(*rows, strict=True), strict=True))
                batches.append((view.name, self.leaving.batch(view, columns, block.about)))
        told = self.leaving.told()
        if told is not None:
            tally.told.append(told)
        return batches, tally

    def _filled(self, block: Block, tally: Tally, is_careful: bool) -> list[list[Row]]:
        """Answer the rows of each view."""
        found: list[list[Row]] = [[] for _ in self.views]
        by_type, parse, counts = self.by_type, orjson.loads, tally.resources
        content = block.content
        if block.first_line == 1 and content.startswith(_BOM):
            content = content[len(_BOM) :]
        for number, line in enumerate(content.split(b"\n"), block.first_line):
            try:
                resource = parse(line)
            except orjson.JSONDecodeError:
                if line.strip():
                    tally.note(block.name, number, NO_JSON)
                continue
            try:
                type_ = resource["resourceType"]
                views = by_type.get(type_, ())
            except (TypeError, KeyError):
                tally.note(block.name, number, NO_RESOURCE)
                continue
            counts[type_] += 1
            sound = True
            for view, nth in views:
                rows = found[nth]
                before = len(rows)
                try:
                    view.fill(resource, rows)
                    if is_careful:
                        self._look_at(view, rows[before:])
                except ViewError as error:
                    raise ViewError(error.code, error.path, f"{block.name}, line {number}: {error.says}") from None
                except (AttributeError, TypeError, KeyError, ValueError, RecursionError):
                    del rows[before:]
                    sound = False
            if not sound:
                tally.note(block.name, number, MALFORMED)
        return found

    def _look_at(self, view: CompiledView, rows: Sequence[Row]) -> None:
        from joinedup.population.sql_on_fhir.column_types import fits

        for row in rows:
            for value, column in zip(row, view.columns, strict=True):
                if not fits(value, column):
                    raise TypeError("a value is not of the type of its column")
