"""Rows made and written unit by unit: a slice of the record's subjects, or a chunk of a bulk export, view by view.

A unit's part file depends on nothing but what its digest is made of; so a part of the snapshot before is taken over
when its digest is the same. Memory is bounded by the rows of one row group. Runs in processes without Django.
"""

from __future__ import annotations

import gc
import hashlib
import json
import multiprocessing
import os
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field, fields
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import orjson
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from joinedup.feeds.nhs_number import is_valid
from joinedup.population import deidentify
from joinedup.population.deidentify import Batch, Counts, Plan, Surroundings
from joinedup.population.postcodes import Lookup
from joinedup.population.pseudonym import Keys
from joinedup.population.sql_on_fhir.view_compiler import CompiledView, compile_view
from joinedup.population.sql_on_fhir.view_definition import View

BATCH_ROWS = 8_000  # parsed at a time, of one view
GROUP_ROWS = 122_880  # of a row group in Parquet: what DuckDB reads at a time


class Told(NamedTuple):
    """A resource as a source of a snapshot yields it. `person` is None where the row itself must say whose it is."""

    person: str | None
    feed: str
    source: str
    body: bytes | dict[str, Any]


@dataclass(frozen=True, slots=True)
class Unit:
    """A part of the input: its name, the digest of what is in it, and what its reader needs."""

    name: str
    digest: str
    what: Any


class Reader(Protocol):
    """Reads units in a process of its own."""

    def read(self, unit: Unit, types: Sequence[str]) -> Iterator[Told]:
        """Yield the resources of these types."""

    def person_of(self, key: str) -> str | None:
        """Answer the pseudonym of a patient by the key in a row, where resources do not say it."""


@dataclass(frozen=True, slots=True)
class Around:
    """What the processes are given once. Keys go by the pipe, never by a command line or an environment."""

    keys: Keys
    day: date
    lookups: Path
    texts: frozenset[str]
    views: tuple[View, ...]
    folder: Path
    practices: Mapping[str, str] = field(default_factory=dict)  # small ones, and what they leave as


@dataclass(slots=True)
class Part:
    """What one unit gave for one view (`view` as `keyed` names it). `digest` says what it was made of."""

    view: str
    table: str
    unit: str
    digest: str
    file: str = ""
    sha256: str = ""
    rows: int = 0
    nulls: dict[str, int] = field(default_factory=dict)
    months: dict[str, dict[int, int]] = field(default_factory=dict)  # feed -> month -> rows
    counts: dict[str, Any] = field(default_factory=dict)
    candidates: list[str] = field(default_factory=list)  # digests of ten digits that might be somebody's number
    organisations: dict[str, str] = field(default_factory=dict)  # digest of each code in it -> what it left as
    unknown_persons: int = 0
    taken_over: bool = False
    resources: int = 0  # read for the whole unit; told by its first part

    def as_json(self) -> dict[str, Any]:
        # Not by dataclasses.asdict, which copies every count of every month one by one.
        left_out = ("view", "table", "unit", "taken_over")
        return {one.name: getattr(self, one.name) for one in fields(self) if one.name not in left_out}


def read_plans(views: Iterable[View]) -> list[Plan]:
    """Answer how each view leaves; raises ViewError for what may not, before anything is read."""
    return [deidentify.plan(view) for view in views]


def keyed(plans: Sequence[Plan]) -> dict[str, Plan]:
    """Answer plans by the name of their table, or `table-nth` where views of several resources make one table."""
    many = Counter(one.view.name for one in plans)
    seen: Counter[str] = Counter()
    answer = {}
    for one in plans:
        name = one.view.name
        seen[name] += 1
        answer[name if many[name] == 1 else f"{name}-{seen[name]}"] = one
    return answer


def view_digest(view: View) -> str:
    """Answer the digest of what a view says."""
    return hashlib.sha256(json.dumps(view.source, sort_keys=True).encode()).hexdigest()


def part_digest(one: Plan, unit: Unit, around: Around, stable: Mapping[str, str]) -> str:
    """Answer the digest of everything that one view's part of a unit depends on."""
    told = [
        stable["code"], stable["feeds"], stable["texts"], view_digest(one.view),
        around.keys.fingerprint(), unit.name, unit.digest,
        around.day.isoformat() if one.needs_day else "", stable["postcodes"] if one.needs_postcodes else "",
    ]  # fmt: skip
    return hashlib.sha256("\n".join(told).encode()).hexdigest()


def build(
    reader: Reader,
    work: Sequence[tuple[Unit, Sequence[tuple[str, str]]]],
    around: Around,
    *,
    processes: int | None = None,
    on_part: Callable[[Part], None] = lambda part: None,
) -> list[Part]:
    """Make the parts of these units: for each unit the views' names with the digests of what they are made of.

    Answers the parts in the order of units and views, whichever process was first. `processes` of 0 does everything
    in this one.
    """
    wanted = [(unit, list(views)) for unit, views in work if views]
    if processes is None:
        processes = min(os.cpu_count() or 1, len(wanted))
    parts: list[Part] = []
    if processes == 0 or len(wanted) <= 1:
        _begin(reader, around)
        for unit, views in wanted:
            for part in _fill(unit, views):
                on_part(part)
                parts.append(part)
    else:
        context = multiprocessing.get_context("spawn")  # A fork would share the database's connection and its locks.
        with ProcessPoolExecutor(processes, context, _begin, (reader, around)) as pool:
            try:
                waiting = [pool.submit(_fill, unit, views) for unit, views in wanted]
                for done in as_completed(waiting):
                    for part in done.result():
                        on_part(part)
                        parts.append(part)
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise
    order = {(unit.name, name): nth for nth, (unit, views) in enumerate(wanted) for name, _ in views}
    return sorted(parts, key=lambda part: (order[part.unit, part.view], part.view))


class Numbers:
    """All NHS numbers that are known here, in a file that processes share. `in` asks; others are kept as candidates."""

    def __init__(self, file: Path, keys: Keys) -> None:
        import numpy as np

        self._np = np
        self._known = np.load(file, mmap_mode="r")
        self._keys = keys
        self.candidates: set[str] = set()

    def __contains__(self, number: object) -> bool:
        text = str(number)
        value = int(text)
        place = int(self._np.searchsorted(self._known, value))
        if place < self._known.size and int(self._known[place]) == value:
            return True
        if is_valid(text):
            # Nobody's today. Should somebody get it, what was made meanwhile must not be taken over.
            self.candidates.add(number_digest(self._keys, text))
        return False


def write_numbers(numbers: Iterable[str], file: Path) -> None:
    import numpy as np

    np.save(file, np.array(sorted({int(number) for number in numbers}), dtype=np.int64))


def number_digest(keys: Keys, number: str) -> str:
    return keys.digest("candidate", number)


def organisation_digests(keys: Keys, left_as: Mapping[str, str]) -> dict[str, str]:
    """Answer what organisations left as by the digests of their codes: a small practice is not named in them."""
    return {keys.digest("organisation", code): instead for code, instead in left_as.items()}


# --- in the processes ------------------------------------------------------------------------------------------------


class _Ready:
    reader: Reader
    around: Around
    plans: dict[str, Plan]
    compiled: dict[str, CompiledView]
    postcodes: Lookup


_ready = _Ready()


def _begin(reader: Reader, around: Around) -> None:
    _ready.reader, _ready.around = reader, around
    _ready.plans = keyed(read_plans(around.views))
    _ready.compiled = {name: compile_view(one.view) for name, one in _ready.plans.items()}
    _ready.postcodes = Lookup(around.lookups)


def _fill(unit: Unit, views: Sequence[tuple[str, str]]) -> list[Part]:
    """Make one unit's parts of these views, from one reading of its resources."""
    writers = [
        _Writer(
            _ready.plans[name],
            _ready.compiled[name],
            Part(name, _ready.plans[name].view.name, unit.name, digest),
            _ready,
        )
        for name, digest in views
    ]
    by_type: dict[str, list[_Writer]] = defaultdict(list)
    for writer in writers:
        by_type[writer.plan.view.resource].append(writer)
    # What is parsed holds no circles; looking for them again and again takes a tenth of the time.
    gc.disable()
    resources = 0
    try:
        for told in _ready.reader.read(unit, sorted(by_type)):
            resources += 1
            content = told.body if isinstance(told.body, dict) else orjson.loads(told.body)
            for writer in by_type.get(str(content.get("resourceType")), ()):
                writer.add(told, content)
    finally:
        gc.enable()
    writers[0].part.resources = resources
    return [writer.end() for writer in writers]


class _Writer:
    def __init__(self, plan: Plan, compiled: CompiledView, part: Part, ready: _Ready) -> None:
        self.plan, self.compiled, self.part, self.ready = plan, compiled, part, ready
        self.fill = compiled.fill
        self.rows: list[tuple[Any, ...]] = []
        self.persons: list[str] = []
        self.feeds: list[str] = []
        self.sources: list[str] = []
        self.tables: list[pa.Table] = []
        self.waiting = 0
        self.writer: Any = None
        names = [column.name for column in compiled.columns]
        self.names = names
        self.person_at = next(
            names.index(column.name) for column in compiled.columns if deidentify.is_person(plan.view, column)
        )
        self.numbers = Numbers(ready.around.lookups / "numbers.npy", ready.around.keys)
        self.counts = Counts()
        self.surroundings = Surroundings(
            ready.around.keys, ready.around.day, ready.postcodes, self.numbers, ready.around.texts, self.counts,
            ready.around.practices,
        )  # fmt: skip
        self.path = (
            ready.around.folder
            / "tables"
            / part.table
            / (f"part-{part.unit}{part.view.removeprefix(part.table)}.parquet")
        )

    def add(self, told: Told, content: dict[str, Any]) -> None:
        rows = self.rows
        before = len(rows)
        self.fill(content, rows)
        added = len(rows) - before
        if not added:
            return
        if told.person is not None:
            if added == 1:
                self.persons.append(told.person)
                self.feeds.append(told.feed)
                self.sources.append(told.source)
            else:
                self.persons += [told.person] * added
                self.feeds += [told.feed] * added
                self.sources += [told.source] * added
        else:
            self._find_persons(told, before)
        if len(rows) >= BATCH_ROWS:
            self.flush()

    def _find_persons(self, told: Told, before: int) -> None:
        kept = before
        for row in self.rows[before:]:
            key = row[self.person_at]
            person = self.ready.reader.person_of(key) if key is not None else None
            if person is None:
                self.part.unknown_persons += 1
                continue
            self.rows[kept] = row
            kept += 1
            self.persons.append(person)
            self.feeds.append(told.feed)
            self.sources.append(told.source)
        del self.rows[kept:]

    def flush(self) -> None:
        if not self.rows:
            return
        columns = dict(zip(self.names, zip(*self.rows, strict=True), strict=True))
        table = self.plan.table(Batch(columns, self.persons, self.feeds, self.sources), self.surroundings)
        self.rows.clear()
        self.persons, self.feeds, self.sources = [], [], []
        self.part.rows += table.num_rows
        for name in table.column_names:
            if lost := table.column(name).null_count:
                self.part.nulls[name] = self.part.nulls.get(name, 0) + lost
        self._count_months(table)
        self.tables.append(table)
        self.waiting += table.num_rows
        if self.waiting >= GROUP_ROWS:
            self._write()

    def _count_months(self, table: pa.Table) -> None:
        if "on" not in table.column_names or not pa.types.is_date(table.schema.field("on").type):
            return
        on = table.column("on")
        month = pc.add(pc.multiply(pc.year(on), 12), pc.subtract(pc.month(on), 1))
        counted = (
            pa.table({"feed": table.column("feed"), "month": month})
            .group_by(["feed", "month"])
            .aggregate([([], "count_all")])
        )
        for feed, at, many in zip(
            *(column.to_pylist() for column in counted.select(["feed", "month", "count_all"]).columns), strict=True
        ):
            if at is not None:
                months = self.part.months.setdefault(feed, {})
                months[at] = months.get(at, 0) + many

    def _write(self) -> None:
        if self.writer is None:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            self.writer = new_writer(self.path, self.plan.schema)
        self.writer.write_table(pa.concat_tables(self.tables).combine_chunks(), row_group_size=GROUP_ROWS)
        self.tables, self.waiting = [], 0

    def end(self) -> Part:
        self.flush()
        if self.tables:
            self._write()
        part = self.part
        if self.writer is not None:
            self.writer.close()
            part.file = self.path.name
            part.sha256 = sha256_of(self.path)
        part.counts = {
            "identifiers_in_codes": self.counts.identifiers_in_codes,
            "texts_left_out": self.counts.texts_left_out,
            "unknown_postcodes": self.counts.unknown_postcodes,
            "partial_births": self.counts.partial_births,
            "without_code": self.counts.without_code,
        }
        part.candidates = sorted(self.numbers.candidates)
        met = self.surroundings.organisations
        part.organisations = dict(sorted(organisation_digests(self.surroundings.keys, met).items()))
        return part


def new_writer(path: Path, schema: pa.Schema) -> Any:
    """Answer a writer of Parquet whose bytes depend on the rows alone; the file is for its owner only."""
    path.touch(mode=0o600)
    return pq.ParquetWriter(path, schema, compression="zstd", compression_level=3, version="2.6", store_schema=False)


def write_table(table: pa.Table, path: Path) -> None:
    """Write a whole table as one file, with one order of rows for one content."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with new_writer(path, table.schema) as writer:
        writer.write_table(table, row_group_size=GROUP_ROWS)


def sha256_of(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
